/* Digests (FIPS 180-4). */
#ifndef HM_CRYPTO_DIGEST_H
#define HM_CRYPTO_DIGEST_H

#include <base/bytes.h>

typedef enum { HM_SHA256 = 1, HM_SHA384 = 2, HM_SHA512 = 3 } hm_digest_algorithm;

enum { HM_SHA256_LEN = 32, HM_DIGEST_MAX = 64 };

/* A digest with its algorithm, so that one cannot be taken for another. */
typedef struct {
    hm_digest_algorithm algorithm;
    size_t len;
    uint8_t value[HM_DIGEST_MAX];
} hm_digest;

static inline hm_bytes hm_digest_bytes(const hm_digest *digest) { return HM_BYTES(digest->value, digest->len); }
bool hm_digest_equal(const hm_digest *a, const hm_digest *b);
/* "sha256" ...; NULL for an unknown algorithm. */
const char *hm_digest_name(hm_digest_algorithm algorithm);
size_t hm_digest_len(hm_digest_algorithm algorithm);

/* A digest under way. Lives where the caller puts it; nothing to free. */
typedef struct {
    hm_digest_algorithm algorithm;
    union {
        uint64_t align;
        uint8_t bytes[256];
    } state;
} hm_hash;

void hm_hash_init(hm_hash *hash, hm_digest_algorithm algorithm);
void hm_hash_update(hm_hash *hash, hm_bytes bytes);
void hm_hash_final(hm_hash *hash, hm_digest *digest);

void hm_digest_of(hm_digest_algorithm algorithm, hm_bytes bytes, hm_digest *digest);
void hm_sha256(hm_bytes bytes, uint8_t out[static HM_SHA256_LEN]);

/* SHA-1, by which old formats still name a certificate that is found by other means. It is no digest of anything that
 * is trusted because of it. */
enum { HM_SHA1_LEN = 20 };
void hm_sha1_name(hm_bytes bytes, uint8_t out[static HM_SHA1_LEN]);

#endif
