/* SHA-512 and SHA-384 (FIPS 180-4). */
#include <hallmark/verify_algorithm.h>

#include "memory.h"
#include "words.h"

enum { BLOCK = 128, ROUNDS = 80, LENGTH_AT = BLOCK - 8 };

/* FIPS 180-4 section 4.2.3. */
static const uint64_t round_constants[ROUNDS] = {
    0x428a2f98d728ae22u, 0x7137449123ef65cdu, 0xb5c0fbcfec4d3b2fu, 0xe9b5dba58189dbbcu, 0x3956c25bf348b538u,
    0x59f111f1b605d019u, 0x923f82a4af194f9bu, 0xab1c5ed5da6d8118u, 0xd807aa98a3030242u, 0x12835b0145706fbeu,
    0x243185be4ee4b28cu, 0x550c7dc3d5ffb4e2u, 0x72be5d74f27b896fu, 0x80deb1fe3b1696b1u, 0x9bdc06a725c71235u,
    0xc19bf174cf692694u, 0xe49b69c19ef14ad2u, 0xefbe4786384f25e3u, 0x0fc19dc68b8cd5b5u, 0x240ca1cc77ac9c65u,
    0x2de92c6f592b0275u, 0x4a7484aa6ea6e483u, 0x5cb0a9dcbd41fbd4u, 0x76f988da831153b5u, 0x983e5152ee66dfabu,
    0xa831c66d2db43210u, 0xb00327c898fb213fu, 0xbf597fc7beef0ee4u, 0xc6e00bf33da88fc2u, 0xd5a79147930aa725u,
    0x06ca6351e003826fu, 0x142929670a0e6e70u, 0x27b70a8546d22ffcu, 0x2e1b21385c26c926u, 0x4d2c6dfc5ac42aedu,
    0x53380d139d95b3dfu, 0x650a73548baf63deu, 0x766a0abb3c77b2a8u, 0x81c2c92e47edaee6u, 0x92722c851482353bu,
    0xa2bfe8a14cf10364u, 0xa81a664bbc423001u, 0xc24b8b70d0f89791u, 0xc76c51a30654be30u, 0xd192e819d6ef5218u,
    0xd69906245565a910u, 0xf40e35855771202au, 0x106aa07032bbd1b8u, 0x19a4c116b8d2d0c8u, 0x1e376c085141ab53u,
    0x2748774cdf8eeb99u, 0x34b0bcb5e19b48a8u, 0x391c0cb3c5c95a63u, 0x4ed8aa4ae3418acbu, 0x5b9cca4f7763e373u,
    0x682e6ff3d6b2b8a3u, 0x748f82ee5defb2fcu, 0x78a5636f43172f60u, 0x84c87814a1f0ab72u, 0x8cc702081a6439ecu,
    0x90befffa23631e28u, 0xa4506cebde82bde9u, 0xbef9a3f7b2c67915u, 0xc67178f2e372532bu, 0xca273eceea26619cu,
    0xd186b8c721c0c207u, 0xeada7dd6cde0eb1eu, 0xf57d4f7fee6ed178u, 0x06f067aa72176fbau, 0x0a637dc5a2c898a6u,
    0x113f9804bef90daeu, 0x1b710b35131c471bu, 0x28db77f523047d84u, 0x32caab7b40c72493u, 0x3c9ebe0a15c9bebcu,
    0x431d67c49c100d4cu, 0x4cc5d4becb3e42b6u, 0x597f299cfc657e2au, 0x5fcb6fab3ad6faecu, 0x6c44198c4a475817u,
};

/* Sections 5.3.5 and 5.3.4. */
static const uint64_t start_512[8] = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};
static const uint64_t start_384[8] = {
    0xcbbb9d5dc1059ed8u, 0x629a292a367cd507u, 0x9159015a3070dd17u, 0x152fecd8f70e5939u,
    0x67332667ffc00b31u, 0x8eb44a8768581511u, 0xdb0c2e0d64f98fa7u, 0x47b5481dbefa4fa4u,
};

static inline uint64_t rotate(uint64_t x, unsigned by) { return x >> by | x << (64 - by); }

static inline uint64_t load(const uint8_t *octets) {
    return (uint64_t)hmv_load_be32(octets) << 32 | hmv_load_be32(&octets[4]);
}

/* The message schedule needs its last 16 words only (section 6.4.2, step 1). */
static uint64_t schedule(uint64_t w[16], size_t t) {
    uint64_t old = w[(t + 1) % 16], young = w[(t + 14) % 16];
    return w[t % 16] += (rotate(old, 1) ^ rotate(old, 8) ^ old >> 7) + w[(t + 9) % 16] +
                        (rotate(young, 19) ^ rotate(young, 61) ^ young >> 6);
}

/* v[0..7] are a..h of section 6.4.2, step 3. In memory, because 64-bit words do not fit the registers of small
 * processors. */
static void turn(uint64_t v[8], uint64_t constant_and_word) {
    uint64_t a = v[0], b = v[1], c = v[2], e = v[4];
    uint64_t t1 =
        v[7] + (rotate(e, 14) ^ rotate(e, 18) ^ rotate(e, 41)) + (v[6] ^ (e & (v[5] ^ v[6]))) + constant_and_word;
    uint64_t t2 = (rotate(a, 28) ^ rotate(a, 34) ^ rotate(a, 39)) + ((a & b) | (c & (a | b)));
    for (unsigned i = 7; i > 0; i--) v[i] = v[i - 1];
    v[4] += t1;
    v[0] = t1 + t2;
}

static void compress(uint64_t state[8], const uint8_t *block) {
    uint64_t w[16], v[8];
    memcpy(v, state, sizeof v);
    for (size_t t = 0; t < ROUNDS; t++)
        turn(v, round_constants[t] + (t < 16 ? (w[t] = load(&block[8 * t])) : schedule(w, t)));
    for (unsigned i = 0; i < 8; i++) state[i] += v[i];
}

static void begin(hmv_sha512 *hash, const uint64_t start[8]) {
    memcpy(hash->state, start, sizeof hash->state);
    hash->length = 0;
}

void hmv_sha512_init(hmv_sha512 *hash) { begin(hash, start_512); }

void hmv_sha384_init(hmv_sha512 *hash) { begin(hash, start_384); }

void hmv_sha512_update(hmv_sha512 *hash, const uint8_t *data, size_t size) {
    while (size > 0) {
        unsigned used = (unsigned)hash->length % BLOCK;
        size_t taken = size < BLOCK - used ? size : BLOCK - used;
        memcpy(&hash->block[used], data, taken);
        if (used + taken == BLOCK) compress(hash->state, hash->block);
        hash->length += taken;
        data += taken;
        size -= taken;
    }
}

void hmv_sha512_final(hmv_sha512 *hash, uint8_t *digest, size_t size) {
    unsigned used = (unsigned)hash->length % BLOCK;
    hash->block[used++] = 0x80;
    memset(&hash->block[used], 0, BLOCK - used);
    /* The length field has 16 octets; the upper eight stay zero. */
    if (used > LENGTH_AT - 8) {
        compress(hash->state, hash->block);
        memset(hash->block, 0, LENGTH_AT);
    }
    hmv_store_be32(&hash->block[LENGTH_AT], (uint32_t)(hash->length >> 29));
    hmv_store_be32(&hash->block[LENGTH_AT + 4], (uint32_t)(hash->length << 3));
    compress(hash->state, hash->block);
    for (size_t i = 0; i < size; i++) digest[i] = (uint8_t)(hash->state[i / 8] >> (56 - i % 8 * 8));
}
