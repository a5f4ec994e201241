/* SHA-384 for payloads. */
#include <hallmark/verify.h>

static void init(hmv_hash *hash) { hmv_sha384_init(&hash->sha512); }

static void update(hmv_hash *hash, const uint8_t *data, size_t size) { hmv_sha512_update(&hash->sha512, data, size); }

static void final(hmv_hash *hash, uint8_t digest[HMV_DIGEST_MAX]) {
    hmv_sha512_final(&hash->sha512, digest, HMV_SHA384_SIZE);
}

const hmv_digest hmv_digest_sha384 = {-43, HMV_SHA384_SIZE, init, update, final};
