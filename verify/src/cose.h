/* COSE (RFC 9052): envelopes, their signatures, keys. */
#ifndef HALLMARK_VERIFY_COSE_H
#define HALLMARK_VERIFY_COSE_H

#include "flow.h"
#include "sha256.h"

enum { HMV_PIECES = 4 };

/* A COSE_Signature. */
typedef struct hmv_signature {
    hmv_bytes kid;
    hmv_bytes protected_item; /* with its head */
    hmv_bytes chain;          /* x5chain, for hosts; one CBOR item */
    hmv_bytes receipts;       /* CBOR array of byte strings */
    hmv_bytes value;
    int32_t algorithm;
} hmv_signature;
void hmv_signature_read(hmv_reader *reader, hmv_signature *signature);

/* A COSE_Key of docs/manifest.md. */
typedef struct hmv_cose_key {
    hmv_bytes kid;
    hmv_bytes parameter;     /* label -1: curve, n or the HSS public key; one CBOR item */
    hmv_bytes second, third; /* labels -2 and -3 */
    uint32_t type;
    int32_t algorithm;
} hmv_cose_key;
extern const hmv_field hmv_cose_key_map[];
/* The next item is one of the six kinds of keys, and its kid is its thumbprint (RFC 9679): one key has one kid. */
void hmv_key_check(hmv_reader *reader, hmv_cose_key *key);
/* Each of KEYS is one, and is there once. How many there are. */
uint32_t hmv_keys_check(hmv_parse *parse, const hmv_bytes *keys);

/* Is VALUE a signature by KEY, over the pieces of a Sig_structure (RFC 9052 section 4.4), by an algorithm of the pass's
 * configuration? A fault, REASON, and a flow that does not add up, if it is not. */
void hmv_cose_verify(hmv_pass *pass, const hmv_cose_key *key, const hmv_bytes pieces[HMV_PIECES], hmv_bytes value,
                     hmv_reason reason);

/* The frame of an envelope, down to each signature's shape; at most MOST signatures. */
void hmv_envelope_open(hmv_pass *pass, uint8_t most);

#endif
