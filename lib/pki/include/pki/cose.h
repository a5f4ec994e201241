/* COSE (RFC 9052, RFC 9053) as the native format uses it: keys and their thumbprints, signatures over a payload,
 * envelopes put together and taken apart. docs/manifest.md has the CDDL. Everything written is deterministic CBOR, and
 * nothing else is read.
 *
 * Whether an update is good is the verdict of libhallmark-verify, which the host tools link; what stands here is for
 * making envelopes, and for the verdict by certificates (x5chain), which devices do not look at.
 *
 * Every writer appends; on a fault the buffer is as it was. */
#ifndef HM_PKI_COSE_H
#define HM_PKI_COSE_H

#include <pki/cert.h>

/* COSE algorithm numbers (IANA; the fully specified ones of RFC 9864). */
typedef enum {
    HM_COSE_ES256 = -7, /* of receipts only, where RFC 9942 wants it */
    HM_COSE_ESP256 = -9,
    HM_COSE_ED25519 = -19,
    HM_COSE_PS256 = -37,
    HM_COSE_HSS_LMS = -46,
    HM_COSE_ESP384 = -51,
    HM_COSE_RS256 = -257
} hm_cose_algorithm;

/* "ESP256" ...; NULL for a number that is not in the table. */
const char *hm_cose_algorithm_name(int64_t algorithm);
/* What a key of ours signs with; 0 if it is none. */
int64_t hm_cose_algorithm_of(hm_key_algorithm algorithm);

/* ---- keys ---- */

/* COSE Key Thumbprint with SHA-256 (RFC 9679): how devices know a key. */
enum { HM_KID_LEN = 32 };
/* The kid of a key in SubjectPublicKeyInfo. */
HM_MUST_USE hm_err hm_cose_kid(hm_bytes spki, uint8_t kid[static HM_KID_LEN]);

/* A COSE_Key of a trust list, read: views into what was read. A point or number that is not of its type's length or
 * form is refused, and so is a kid that is not the key's thumbprint. */
typedef struct {
    int64_t algorithm;
    uint8_t kid[HM_KID_LEN];
    hm_bytes a, b; /* EC2: x, y; OKP: x; RSA: n, e; HSS-LMS: the public key (RFC 8554 section 6.1) */
} hm_cose_key;
/* The COSE_Key {kty, kid, alg, ...} of a key in SubjectPublicKeyInfo; RSA keys get RS256. */
HM_MUST_USE hm_err hm_cose_key_put(hm_bytes spki, hm_buf *cbor);
/* For HSS-LMS (RFC 8778), which has no SubjectPublicKeyInfo here: PUBLIC_KEY is u32 L and the LMS public key. */
HM_MUST_USE hm_err hm_cose_key_put_lms(hm_bytes public_key, hm_buf *cbor);
HM_MUST_USE hm_err hm_cose_key_get(hm_reader *reader, hm_cose_key *key);
/* The SubjectPublicKeyInfo of KEY; a refusal for HSS-LMS. */
HM_MUST_USE hm_err hm_cose_key_spki(const hm_cose_key *key, hm_buf *spki);

/* ---- signatures ---- */

/* What is signed: named by external_aad, so that a signature over one kind of object is none over another. */
typedef enum {
    HM_COSE_MANIFEST = 1,
    HM_COSE_TRUST_LIST = 2,
    HM_COSE_STATEMENT = 3,
    HM_COSE_APPROVAL = 4,
    HM_COSE_REJECTION = 5,
    HM_COSE_SESSION = 6 /* who speaks over a connection */
} hm_cose_object;

/* The bytes that a signature covers (Sig_structure, RFC 9052 section 4.4): a COSE_Signature of a COSE_Sign with an
 * empty body header, alg alone protected. */
HM_MUST_USE hm_err hm_cose_to_be_signed(hm_cose_object object, int64_t algorithm, hm_bytes payload, hm_buf *message);
/* Could content that begins so be a Sig_structure? Then a signature over the bare content could be one of COSE. */
enum { HM_COSE_STRUCTURE_HEAD = 11 };
bool hm_cose_could_be_signed(hm_bytes head);
/* A signature in the form of X.509 (hm_signer) in the form of COSE: ECDSA as r and s of fixed length. */
HM_MUST_USE hm_err hm_cose_value_of(int64_t algorithm, hm_bytes x509_form, hm_buf *value);

/* One COSE_Signature: PAYLOAD signed as an OBJECT, with kid and, unless CHAIN is NULL, x5chain (leaf first, root left
 * out; RFC 9360). SIGNATURE_HASH receives SHA-256 of the signature value: its name in the log. */
HM_MUST_USE hm_err hm_cose_sign(hm_cose_object object, hm_bytes payload, const hm_chain *chain, const hm_signer *signer,
                                hm_buf *signature, uint8_t signature_hash[static HM_SHA256_LEN]);

/* A COSE_Signature, read: views. */
enum { HM_COSE_CHAIN_MAX = 4, HM_COSE_RECEIPTS_MAX = 2 };
typedef struct {
    int64_t algorithm; /* of the protected header; may be one that nobody here knows */
    hm_bytes kid;      /* HM_KID_LEN bytes */
    hm_bytes value;
    hm_chain chain; /* x5chain; count 0: none */
    size_t receipts;
    hm_bytes receipt[HM_COSE_RECEIPTS_MAX];
    hm_bytes whole;
} hm_cose_signature;
/* BYTES is exactly one COSE_Signature. */
HM_MUST_USE hm_err hm_cose_signature_get(hm_bytes bytes, hm_cose_signature *signature);
/* The same COSE_Signature with what the parts say now: another chain, other receipts. None of them is signed. */
HM_MUST_USE hm_err hm_cose_signature_put(const hm_cose_signature *signature, hm_buf *cbor);
/* Does SIGNATURE by the key in SPKI cover PAYLOAD as an OBJECT? The key must be the one that kid names. */
HM_MUST_USE hm_err hm_cose_verify(hm_cose_object object, hm_bytes payload, const hm_cose_signature *signature,
                                  hm_bytes spki);

/* ---- envelopes ---- */

enum { HM_COSE_ENVELOPE_MAX = 16384, HM_COSE_SIGNATURES_MAX = 16 };
typedef struct {
    hm_bytes payload;
    size_t signatures;
    hm_cose_signature signature[HM_COSE_SIGNATURES_MAX];
} hm_cose_envelope;
/* Does a file that begins so claim to be an envelope (tag 98, empty headers)? */
bool hm_cose_is_envelope(hm_bytes head);
/* The envelope of PAYLOAD and COUNT encoded COSE_Signatures; a refusal if it is larger than devices take. */
HM_MUST_USE hm_err hm_cose_envelope_put(hm_bytes payload, const hm_bytes *signatures, size_t count, hm_buf *cbor);
/* BYTES is exactly one envelope. Structure and encoding are checked, no signature is. */
HM_MUST_USE hm_err hm_cose_envelope_get(hm_bytes bytes, hm_cose_envelope *envelope);
/* The same of what waits for its first signature: none is no fault. Trust lists are signed one root after another. */
HM_MUST_USE hm_err hm_cose_draft_put(hm_bytes payload, const hm_bytes *signatures, size_t count, hm_buf *cbor);
HM_MUST_USE hm_err hm_cose_draft_get(hm_bytes bytes, hm_cose_envelope *envelope);
/* Does every signature of a manifest's ENVELOPE that comes with a certificate fit it? Whatever is trusted: one that
 * does not is a forgery or a damaged file. Says nothing of signatures without certificates. */
HM_MUST_USE hm_err hm_cose_envelope_check(const hm_cose_envelope *envelope);

/* ---- receipts (RFC 9942) ---- */

/* One entry of the log: its leaf, and its path to the root of a tree of SIZE entries. */
typedef struct {
    uint64_t index;
    hm_bytes leaf;
    hm_bytes path; /* hashes one after another, from the leaf's sibling up */
} hm_cose_inclusion;
/* The receipt that outcome and intent stand in the tree of SIZE entries with ROOT, signed by SIGNER (ES256). */
HM_MUST_USE hm_err hm_cose_receipt_sign(uint64_t size, const uint8_t root[static HM_SHA256_LEN],
                                        const hm_cose_inclusion *outcome, const hm_cose_inclusion *intent,
                                        const hm_signer *signer, hm_buf *cbor);
/* A receipt, read: views. */
enum { HM_COSE_PATH_MAX = 64 };
typedef struct {
    uint64_t size, index;
    hm_bytes leaf;
    size_t hashes;
    uint8_t path[HM_COSE_PATH_MAX][HM_SHA256_LEN];
} hm_cose_included;
typedef struct {
    hm_bytes kid;
    hm_cose_included outcome, intent;
    hm_bytes value;
} hm_cose_receipt;
HM_MUST_USE hm_err hm_cose_receipt_get(hm_bytes bytes, hm_cose_receipt *receipt);
/* Is RECEIPT signed over ROOT by the key in SPKI? That the paths lead to ROOT is the log's to compute. */
HM_MUST_USE hm_err hm_cose_receipt_verify(const hm_cose_receipt *receipt, const uint8_t root[static HM_SHA256_LEN],
                                          hm_bytes spki);

#endif
