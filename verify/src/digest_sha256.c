/* SHA-256 for payloads. */
#include <hallmark/verify.h>

static void init(hmv_hash *hash) { hmv_sha256_init(&hash->sha256); }

static void update(hmv_hash *hash, const uint8_t *data, size_t size) { hmv_sha256_update(&hash->sha256, data, size); }

static void final(hmv_hash *hash, uint8_t digest[HMV_DIGEST_MAX]) { hmv_sha256_final(&hash->sha256, digest); }

const hmv_digest hmv_digest_sha256 = {-16, HMV_SHA256_SIZE, init, update, final};
