/* SHA-256 (FIPS 180-4). */
#include "sha256.h"

#include "memory.h"
#include "words.h"

enum { BLOCK = 64, ROUNDS = 64, LENGTH_AT = BLOCK - 8 };

/* FIPS 180-4 section 4.2.2. */
static const uint32_t round_constants[ROUNDS] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u, 0xab1c5ed5u,
    0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu, 0x9bdc06a7u, 0xc19bf174u,
    0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu, 0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau,
    0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u, 0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u,
    0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu, 0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u,
    0xa2bfe8a1u, 0xa81a664bu, 0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u,
    0x19a4c116u, 0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u, 0xc67178f2u,
};

/* Section 5.3.3. */
static const uint32_t start[8] = {
    0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au, 0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
};

static inline uint32_t rotate(uint32_t x, unsigned by) { return x >> by | x << (32 - by); }

/* The message schedule needs its last 16 words only (section 6.2.2, step 1). */
static inline uint32_t schedule(uint32_t w[16], size_t t) {
    uint32_t old = w[(t + 1) % 16], young = w[(t + 14) % 16];
    return w[t % 16] += (rotate(old, 7) ^ rotate(old, 18) ^ old >> 3) + w[(t + 9) % 16] +
                        (rotate(young, 17) ^ rotate(young, 19) ^ young >> 10);
}

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[16];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (size_t t = 0; t < ROUNDS; t++) {
        uint32_t word = t < 16 ? (w[t] = hmv_load_be32(&block[4 * t])) : schedule(w, t);
        uint32_t t1 =
            h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) + round_constants[t] + word;
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void hmv_sha256_init(hmv_sha256 *hash) {
    memcpy(hash->state, start, sizeof start);
    hash->length = 0;
}

void hmv_sha256_update(hmv_sha256 *hash, const uint8_t *data, size_t size) {
    while (size > 0) {
        unsigned used = (unsigned)hash->length % BLOCK;
        size_t taken = size < BLOCK - used ? size : BLOCK - used;
        if (taken == BLOCK)
            compress(hash->state, data);
        else {
            memcpy(&hash->block[used], data, taken);
            if (used + taken == BLOCK) compress(hash->state, hash->block);
        }
        hash->length += taken;
        data += taken;
        size -= taken;
    }
}

static void store(uint8_t *octets, const uint32_t *words, size_t count) {
    for (size_t i = 0; i < count; i++) hmv_store_be32(&octets[4 * i], words[i]);
}

void hmv_sha256_final(hmv_sha256 *hash, uint8_t digest[HMV_SHA256_SIZE]) {
    const uint32_t bits[] = {(uint32_t)(hash->length >> 29), (uint32_t)(hash->length << 3)};
    unsigned used = (unsigned)hash->length % BLOCK;
    hash->block[used++] = 0x80;
    memset(&hash->block[used], 0, BLOCK - used);
    if (used > LENGTH_AT) {
        compress(hash->state, hash->block);
        memset(hash->block, 0, LENGTH_AT);
    }
    store(&hash->block[LENGTH_AT], bits, 2);
    compress(hash->state, hash->block);
    store(digest, hash->state, 8);
}

void hmv_sha256_of(const hmv_bytes *pieces, size_t count, uint8_t digest[HMV_SHA256_SIZE]) {
    hmv_sha256 hash;
    hmv_sha256_init(&hash);
    for (; count > 0; count--, pieces++) hmv_sha256_update(&hash, pieces->data, pieces->size);
    hmv_sha256_final(&hash, digest);
}
