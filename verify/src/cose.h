/* COSE (RFC 9052): envelopes, their signatures, keys. */
#ifndef HALLMARK_VERIFY_COSE_H
#define HALLMARK_VERIFY_COSE_H

#include "cbor.h"
#include "flow.h"

enum { HMV_PIECES = 4, HMV_TRUST_SIGNATURES_MAX = 16 };

/* A COSE_Signature. */
typedef struct hmv_signature {
    int32_t algorithm;
    hmv_bytes protected_item; /* with its head */
    hmv_bytes kid;
    hmv_bytes chain;    /* x5chain, for hosts; one CBOR item */
    hmv_bytes receipts; /* CBOR array of byte strings */
    hmv_bytes value;
} hmv_signature;
void hmv_signature_read(hmv_reader *reader, hmv_signature *signature);

/* A COSE_Key of docs/manifest.md. */
typedef struct hmv_cose_key {
    uint32_t type;
    int32_t algorithm;
    hmv_bytes kid;
    hmv_bytes parameter;     /* label -1: curve, n or the HSS public key; one CBOR item */
    hmv_bytes second, third; /* labels -2 and -3 */
} hmv_cose_key;
void hmv_cose_key_read(hmv_reader *reader, hmv_cose_key *key);
/* Also: is it one of the six kinds of keys, and the kid its thumbprint (RFC 9679)? So one key has one kid. */
void hmv_cose_key_check(hmv_reader *reader, hmv_cose_key *key);

/* The key of KID in an array of COSE_Keys; 0: there is none. */
int hmv_key_find(hmv_bytes keys, hmv_bytes kid, hmv_reason *fault, hmv_cose_key *key);

/* Is SIGNATURE by KEY, over the pieces of a Sig_structure (RFC 9052 section 4.4), by an algorithm of CONFIG? A fault
 * and a flow that does not add up if it is not. */
void hmv_cose_verify(hmv_pass *pass, const hmv_cose_key *key, const hmv_bytes pieces[HMV_PIECES], hmv_bytes signature);

/* The frame of an envelope, down to each signature's shape; at most MOST signatures. */
void hmv_envelope_open(hmv_pass *pass, size_t size_most, uint8_t signatures_most);
/* If SIGNATURE's kid is one of KEYS, the signature must verify: 1. If not: 0. AAD is the external_aad with its head. */
uint32_t hmv_signed_by(hmv_pass *pass, const hmv_signature *signature, hmv_bytes keys, hmv_bytes aad);

/* SHA-256 over COUNT pieces. */
void hmv_sha256_of(const hmv_bytes *pieces, size_t count, uint8_t digest[HMV_SHA256_SIZE]);
/* HMV_GOOD if both have the same bytes. */
hmv_verdict hmv_same_bytes(hmv_bytes a, hmv_bytes b);

#endif
