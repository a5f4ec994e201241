/* ECDSA over P-384 with SHA-384 (SP 800-186 section 3.2.1.4). Small before fast: loops where p256.c has none. */
#include "p384.h"

#include "memory.h"
#include "verdict.h"
#include "words.h"
#include <muladd.h>

enum { WORDS = 12, G_WIDTH = 2, Q_WIDTH = 2 };
typedef uint32_t number[WORDS];
typedef struct {
    number x, y;
} affine;

static const number prime = {0xffffffff, 0x00000000, 0x00000000, 0xffffffff, 0xfffffffe, 0xffffffff,
                             0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
static const number order = {0xccc52973, 0xecec196a, 0x48b0a77a, 0x581a0db2, 0xf4372ddf, 0xc7634d81,
                             0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
/* 1, b and 2^(32 WORDS), each times 2^(32 WORDS). */
static const number constants[] = {
    {0x00000001, 0xffffffff, 0xffffffff, 0x00000000, 0x00000001, 0x00000000, 0x00000000, 0x00000000, 0x00000000,
     0x00000000, 0x00000000, 0x00000000},
    {0x9d412dcc, 0x08118871, 0x7a4c32ec, 0xf729add8, 0x1920022e, 0x77f2209b, 0x94938ae2, 0xe3374bee, 0x1f022094,
     0xb62b21f4, 0x604fbff9, 0xcd08114b},
    {0x00000001, 0xfffffffe, 0x00000000, 0x00000002, 0x00000000, 0xfffffffe, 0x00000000, 0x00000002, 0x00000001,
     0x00000000, 0x00000000, 0x00000000},
};
static const affine g_table[1 << (G_WIDTH - 2)] = {
    {{0x49c0b528, 0x3dd07566, 0xa0d6ce38, 0x20e378e2, 0x541b4d6e, 0x879c3afc, 0x59a30eff, 0x64548684, 0x614ede2b,
      0x812ff723, 0x299e1513, 0x4d3aadc2},
     {0x4b03a4fe, 0x23043dad, 0x7bb4a9ac, 0xa1bfa8bf, 0x2e83b050, 0x8bade756, 0x68f4ffd9, 0xc6c35219, 0x3969a840,
      0xdd800226, 0x5a15c5e9, 0x2b78abc2}},
};

#include "ecdsa.h"

/* Row by row. The prime is -1 mod 2^32, so the lowest word of a row is itself the multiple of the prime that makes it
 * vanish. A row's sum stays below b + p. */
static void multiply(number r, const number a, const number b) {
    uint32_t t[WORDS + 1] = {0};
    for (unsigned i = 0; i < WORDS; i++) {
        uint32_t carry = 0;
        for (unsigned j = 0; j < WORDS; j++) t[j] = hmv_mul_add_add(a[i], b[j], t[j], &carry);
        uint64_t top = (uint64_t)t[WORDS] + carry;
        uint32_t m = t[0];
        carry = m; /* from m p[0] + t[0] = 2^32 m */
        for (unsigned j = 1; j < WORDS; j++) t[j - 1] = hmv_mul_add_add(m, prime[j], t[j], &carry);
        top += carry;
        t[WORDS - 1] = (uint32_t)top;
        t[WORDS] = (uint32_t)(top >> 32);
    }
    memcpy(r, t, BYTES);
    reduce(r, t[WORDS], prime);
}

hmv_verdict hmv_p384_verify_digest(const uint8_t x[48], const uint8_t y[48], const uint8_t digest[48],
                                   const uint8_t r_s[96]) {
    return verify_digest(x, y, digest, r_s);
}

static hmv_verdict verify(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes signature) {
    hmv_sha512 hash;
    uint8_t digest[HMV_SHA384_SIZE];
    if (key->a.size != BYTES || key->b.size != BYTES || signature.size != (size_t)2 * BYTES) return HMV_BAD;
    hmv_sha384_init(&hash);
    for (size_t i = 0; i < count; i++) hmv_sha512_update(&hash, message[i].data, message[i].size);
    hmv_sha512_final(&hash, digest, sizeof digest);
    return verify_digest(key->a.data, key->b.data, digest, signature.data);
}

const hmv_algorithm hmv_esp384 = {-51, -35, 2, 2, verify};
