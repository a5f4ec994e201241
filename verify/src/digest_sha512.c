/* SHA-512 for payloads. */
#include <hallmark/verify.h>

static void init(hmv_hash *hash) { hmv_sha512_init(&hash->sha512); }

static void update(hmv_hash *hash, const uint8_t *data, size_t size) { hmv_sha512_update(&hash->sha512, data, size); }

static void final(hmv_hash *hash, uint8_t digest[HMV_DIGEST_MAX]) {
    hmv_sha512_final(&hash->sha512, digest, HMV_SHA512_SIZE);
}

const hmv_digest hmv_digest_sha512 = {-44, HMV_SHA512_SIZE, init, update, final};
