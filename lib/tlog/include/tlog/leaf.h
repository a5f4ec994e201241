/* The fixed leaf: what the log commits to, without telling more than needed. Deterministic CBOR (RFC 8949 section 4.2),
 * an array of eight:
 *
 *   [ version=1, type, office (bstr 16), product class (bstr 16 | null), format (uint, 0: none),
 *     digest (bstr 32 | 48 | 64 | null), details hash (bstr 32), intent (uint | null) ]
 *
 * docs/log.md gives every byte. */
#ifndef HM_TLOG_LEAF_H
#define HM_TLOG_LEAF_H

#include <crypto/digest.h>

/* Numbers are on record for ever. */
typedef enum {
    HM_LEAF_INTENT = 1,   /* digest: the format digest that will be signed */
    HM_LEAF_OUTCOME = 2,  /* digest: SHA-256 of the signature value; intent: its index */
    HM_LEAF_REFUSAL = 3,  /* a request that was refused; digest: the format digest if there was one */
    HM_LEAF_CEREMONY = 4, /* an office, product, key or certificate came to be or changed; digest: of it, or null */
    HM_LEAF_FAILURE = 5,  /* an intent that gave no signature; intent: its index */
    HM_LEAF_REQUEST = 6,  /* signatures were asked for, or that was decided; digest: SHA-256 of the request */
    HM_LEAF_PUBLICATION =
        7 /* a product's files were let out, digest: SHA-256 of what says which; or taken back: null */
} hm_leaf_type;

enum { HM_LEAF_MAX = 192, HM_SALT_LEN = 32 };
typedef struct {
    hm_leaf_type type;
    uint8_t office[16];
    bool has_product;
    uint8_t product_class[16];
    uint32_t format;
    size_t digest_len; /* 0: null */
    uint8_t digest[HM_DIGEST_MAX];
    uint8_t details_hash[HM_SHA256_LEN]; /* SHA-256(salt || details) */
    bool has_intent;
    uint64_t intent;
} hm_leaf;

/* Both refuse a leaf that does not fit its type: OUTCOME and FAILURE, and only they, have an intent; an INTENT has a
 * digest, an OUTCOME one of 32 bytes. A refused leaf appends nothing; one that cannot be read is all zero. */
HM_MUST_USE hm_err hm_leaf_put(const hm_leaf *leaf, hm_buf *cbor);
HM_MUST_USE hm_err hm_leaf_get(hm_bytes cbor, hm_leaf *leaf); /* strict: canonical, no trailing bytes */
void hm_leaf_details_hash(const uint8_t salt[static HM_SALT_LEN], hm_bytes details, uint8_t hash[static HM_SHA256_LEN]);

#endif
