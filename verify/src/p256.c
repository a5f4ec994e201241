/* ECDSA over P-256 with SHA-256 (SP 800-186 section 3.2.1.3). */
#include "p256.h"

#include "memory.h"
#include "sha256.h"
#include "verdict.h"
#include "words.h"
#include <muladd.h>

enum { WORDS = 8, G_WIDTH = 4, Q_WIDTH = 2 };
typedef uint32_t number[WORDS];
typedef struct {
    number x, y;
} affine;

static const number prime = {0xffffffff, 0xffffffff, 0xffffffff, 0x00000000,
                             0x00000000, 0x00000000, 0x00000001, 0xffffffff};
static const number order = {0xfc632551, 0xf3b9cac2, 0xa7179e84, 0xbce6faad,
                             0xffffffff, 0xffffffff, 0x00000000, 0xffffffff};
/* 1, b and 2^(32 WORDS), each times 2^(32 WORDS). */
static const number constants[] = {
    {0x00000001, 0x00000000, 0x00000000, 0xffffffff, 0xffffffff, 0xffffffff, 0xfffffffe, 0x00000000},
    {0x29c4bddf, 0xd89cdf62, 0x78843090, 0xacf005cd, 0xf7212ed6, 0xe5a220ab, 0x04874834, 0xdc30061d},
    {0x00000003, 0x00000000, 0xffffffff, 0xfffffffb, 0xfffffffe, 0xffffffff, 0xfffffffd, 0x00000004},
};
static const affine g_table[1 << (G_WIDTH - 2)] = {
    {{0x18a9143c, 0x79e730d4, 0x5fedb601, 0x75ba95fc, 0x77622510, 0x79fb732b, 0xa53755c6, 0x18905f76},
     {0xce95560a, 0xddf25357, 0xba19e45c, 0x8b4ab8e4, 0xdd21f325, 0xd2e88688, 0x25885d85, 0x8571ff18}},
    {{0x4eebc127, 0xffac3f90, 0x087d81fb, 0xb027f84a, 0x87cbbc98, 0x66ad77dd, 0xb6ff747e, 0x26936a3f},
     {0xc983a7eb, 0xb04c5c1f, 0x0861fe1a, 0x583e47ad, 0x1a2ee98e, 0x78820831, 0xe587cc07, 0xd5f06a29}},
    {{0xc45c61f5, 0xbe1b8aae, 0x94b9537d, 0x90ec649a, 0xd076c20c, 0x941cb5aa, 0x890523c8, 0xc9079605},
     {0xe7ba4f10, 0xeb309b4a, 0xe5eb882b, 0x73c568ef, 0x7e7a1f68, 0x3540a987, 0x2dd1e916, 0x73a076bb}},
    {{0xa0173b4f, 0x0746354e, 0xd23c00f7, 0x2bd20213, 0x0c23bb08, 0xf43eaab5, 0xc3123e03, 0x13ba5119},
     {0x3f5b9d4d, 0x2847d030, 0x5da67bdd, 0x6742f2f2, 0x77c94195, 0xef933bdc, 0x6e240867, 0xeaedd915}},
};

#include "ecdsa.h"

/* Row by row. The prime is -1 mod 2^32, so the lowest word of a row is itself the multiple m of the prime that makes it
 * vanish, and p m = m 2^224 (2^32 - 1) + m 2^192 + m 2^96 - m takes one multiplication. A row's sum stays below b + p.
 */
static void multiply(number r, const number a, const number b) {
    uint32_t t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0, t8 = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        uint32_t carry = 0, ai = a[i];
        t0 = hmv_mul_add_add(ai, b[0], t0, &carry);
        t1 = hmv_mul_add_add(ai, b[1], t1, &carry);
        t2 = hmv_mul_add_add(ai, b[2], t2, &carry);
        t3 = hmv_mul_add_add(ai, b[3], t3, &carry);
        t4 = hmv_mul_add_add(ai, b[4], t4, &carry);
        t5 = hmv_mul_add_add(ai, b[5], t5, &carry);
        t6 = hmv_mul_add_add(ai, b[6], t6, &carry);
        t7 = hmv_mul_add_add(ai, b[7], t7, &carry);
        uint64_t top = (uint64_t)t8 + carry;
        uint32_t m = t0;
        uint64_t sum = (uint64_t)t3 + m;
        t0 = t1, t1 = t2, t2 = (uint32_t)sum;
        sum = (sum >> 32) + t4;
        t3 = (uint32_t)sum;
        sum = (sum >> 32) + t5;
        t4 = (uint32_t)sum;
        sum = (sum >> 32) + t6 + m;
        t5 = (uint32_t)sum;
        carry = (uint32_t)(sum >> 32);
        t6 = hmv_mul_add_add(m, 0xffffffffu, t7, &carry);
        top += carry;
        t7 = (uint32_t)top;
        t8 = (uint32_t)(top >> 32);
    }
    r[0] = t0, r[1] = t1, r[2] = t2, r[3] = t3, r[4] = t4, r[5] = t5, r[6] = t6, r[7] = t7;
    reduce(r, t8, prime);
}

hmv_verdict hmv_p256_verify_digest(const uint8_t x[32], const uint8_t y[32], const uint8_t digest[32],
                                   const uint8_t r_s[64]) {
    return verify_digest(x, y, digest, r_s);
}

static hmv_verdict verify(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes signature) {
    uint8_t digest[HMV_SHA256_SIZE];
    if (key->a.size != BYTES || key->b.size != BYTES || signature.size != (size_t)2 * BYTES) return HMV_BAD;
    hmv_sha256_of(message, count, digest);
    return verify_digest(key->a.data, key->b.data, digest, signature.data);
}

const hmv_algorithm hmv_esp256 = {-9, -7, 2, 1, verify};
