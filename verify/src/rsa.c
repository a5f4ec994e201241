/* RSASSA-PSS and RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017), verification only. The encoded message that a signature
 * must open to is made anew and compared whole: nothing is parsed that an attacker may have written.
 *
 * Keys: a modulus of 2048 to 4096 bits that fills its octets (first bit set), odd; an odd exponent, 2^16 < e < 2^32 as
 * FIPS 186-5 section 5.1 asks (so 3 and 17 are refused). Signatures: as long as the modulus, and less than it.
 *
 * Four numbers are held at once, 512 octets each for 4096 bits. */
#include <hallmark/verify_algorithm.h>

#include <stdbool.h>

#include "memory.h"
#include "muladd.h"
#include "verdict.h"
#include "words.h"

enum { MODULUS_MIN = 256, MODULUS_MAX = 512, WORDS_MAX = MODULUS_MAX / 4, SMALLEST_EXPONENT = 65537 };
enum { HASH_SIZE = HMV_SHA256_SIZE, SALT_SIZE = HASH_SIZE };

/* Numbers are words from the least significant one; R = 2^(32 words). */
typedef struct work {
    unsigned words;
    uint32_t inverse; /* -1 / n modulo 2^32 */
    uint32_t n[WORDS_MAX], base[WORDS_MAX], product[WORDS_MAX + 1];
    union {
        uint32_t x[WORDS_MAX];
        hmv_sha256 hash; /* when x has been stored */
    };
} work;

/* The encoded message of DIGEST, as long as the modulus, into EXPECTED, which holds nothing of RECEIVED before. PSS
 * takes the salt from RECEIVED, and needs HASH. */
typedef void encoding(uint8_t *expected, const uint8_t *received, size_t size, const uint8_t digest[HASH_SIZE],
                      hmv_sha256 *hash);

static void load(uint32_t *number, const uint8_t *octets, size_t size) {
    memset(number, 0, WORDS_MAX * sizeof *number);
    for (size_t i = 0; i < size; i++) number[i / 4] |= (uint32_t)octets[size - 1 - i] << i % 4 * 8;
}

static void store(uint8_t *octets, size_t size, const uint32_t *number) {
    for (size_t i = 0; i < size; i++) octets[size - 1 - i] = (uint8_t)(number[i / 4] >> i % 4 * 8);
}

static bool is_less(const uint32_t *a, const uint32_t *b, unsigned words) {
    unsigned i = words - 1;
    while (i > 0 && a[i] == b[i]) i--;
    return a[i] < b[i];
}

/* NUMBER with CARRY above it, which is less than 2n, modulo n. */
static void reduce(const work *at, uint32_t *number, uint32_t carry) {
    if (carry == 0 && is_less(number, at->n, at->words)) return;
    uint32_t borrow = 0;
    for (unsigned i = 0; i < at->words; i++) {
        uint64_t difference = (uint64_t)number[i] - at->n[i] - borrow;
        number[i] = (uint32_t)difference;
        borrow = (uint32_t)(difference >> 63);
    }
}

/* x = x * 2^times modulo n. */
static void double_x(work *at, unsigned times) {
    for (; times > 0; times--) {
        uint32_t carry = 0;
        for (unsigned i = 0; i < at->words; i++) {
            uint32_t word = at->x[i];
            at->x[i] = word << 1 | carry;
            carry = word >> 31;
        }
        reduce(at, at->x, carry);
    }
}

/* x = x * FACTOR / R modulo n (Montgomery). */
static void multiply_x(work *at, const uint32_t *factor) {
    uint32_t *sum = at->product;
    memset(sum, 0, sizeof at->product);
    for (unsigned i = 0; i < at->words; i++) {
        uint32_t high = 0, high_n = 0, low = hmv_mul_add_add(at->x[i], factor[0], sum[0], &high);
        uint32_t quotient = low * at->inverse;
        (void)hmv_mul_add_add(quotient, at->n[0], low, &high_n);
        for (unsigned j = 1; j < at->words; j++) {
            low = hmv_mul_add_add(at->x[i], factor[j], sum[j], &high);
            sum[j - 1] = hmv_mul_add_add(quotient, at->n[j], low, &high_n);
        }
        uint64_t top = (uint64_t)sum[at->words] + high + high_n;
        sum[at->words - 1] = (uint32_t)top;
        sum[at->words] = (uint32_t)(top >> 32);
    }
    reduce(at, sum, sum[at->words]);
    memcpy(at->x, sum, sizeof at->x);
}

/* x = R^2 modulo n, of a modulus of BITS. 2^(BITS - 1) is less than n; doubled up to 2^32 R it stands for 2^32 in
 * Montgomery's form, and R is that raised to the number of words. */
static void find_square_of_r(work *at, unsigned bits) {
    memset(at->x, 0, sizeof at->x);
    at->x[at->words - 1] = 1u << (bits - 1) % 32;
    double_x(at, 32 * at->words - bits + 33);
    unsigned bit = WORDS_MAX;
    while (bit > at->words) bit /= 2;
    for (bit /= 2; bit > 0; bit /= 2) {
        multiply_x(at, at->x);
        if (at->words & bit) double_x(at, 32);
    }
}

/* x = base^EXPONENT modulo n; base becomes 1. */
static void raise(work *at, unsigned bits, uint32_t exponent) {
    find_square_of_r(at, bits);
    multiply_x(at, at->base);
    memcpy(at->base, at->x, sizeof at->base);
    uint32_t bit = 1u << 31;
    while (bit > exponent) bit /= 2;
    for (bit /= 2; bit > 0; bit /= 2) {
        multiply_x(at, at->x);
        if (exponent & bit) multiply_x(at, at->base);
    }
    memset(at->base, 0, sizeof at->base);
    at->base[0] = 1;
    multiply_x(at, at->base);
}

/* Into at->n, ->words and ->inverse, which Newton's iteration makes good in 3, 6, 12, 24, 48 bits. */
static bool load_modulus(work *at, hmv_bytes n) {
    if (n.size < MODULUS_MIN || n.size > MODULUS_MAX || n.data[0] < 0x80 || n.data[n.size - 1] % 2 == 0) return false;
    load(at->n, n.data, n.size);
    at->words = (unsigned)(n.size + 3) / 4;
    uint32_t inverse = at->n[0];
    for (unsigned i = 0; i < 4; i++) inverse *= 2 - at->n[0] * inverse;
    at->inverse = 0 - inverse;
    return true;
}

/* 0: not an exponent for us. */
static uint32_t load_exponent(hmv_bytes e) {
    uint32_t exponent = 0;
    if (e.size == 0 || e.size > 4 || e.data[0] == 0) return 0;
    for (size_t i = 0; i < e.size; i++) exponent = exponent << 8 | e.data[i];
    return exponent < SMALLEST_EXPONENT || exponent % 2 == 0 ? 0 : exponent;
}

static hmv_verdict verify(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes signature,
                          encoding *encode) {
    work at;
    size_t size = key->a.size;
    uint32_t exponent = load_exponent(key->b);
    if (exponent == 0 || !load_modulus(&at, key->a) || signature.size != size) return HMV_BAD;
    load(at.base, signature.data, size);
    if (!is_less(at.base, at.n, at.words)) return HMV_BAD;
    raise(&at, (unsigned)size * 8, exponent);
    uint8_t *received = (uint8_t *)at.product, digest[HASH_SIZE];
    store(received, size, at.x);
    hmv_sha256_init(&at.hash);
    for (size_t i = 0; i < count; i++) hmv_sha256_update(&at.hash, message[i].data, message[i].size);
    hmv_sha256_final(&at.hash, digest);
    encode((uint8_t *)at.base, received, size, digest, &at.hash);
    return hmv_same((uint8_t *)at.base, received, size);
}

/* RFC 8017 section 9.2: 00 01 FF ... FF 00, DigestInfo with NULL, digest. */
static void encode_pkcs1(uint8_t *expected, const uint8_t *received, size_t size, const uint8_t digest[HASH_SIZE],
                         hmv_sha256 *hash) {
    static const uint8_t before_digest[] = {0x00, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
                                            0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    (void)received, (void)hash;
    memset(expected, 0xFF, size);
    expected[0] = 0;
    expected[1] = 1;
    memcpy(&expected[size - HASH_SIZE - sizeof before_digest], before_digest, sizeof before_digest);
    memcpy(&expected[size - HASH_SIZE], digest, HASH_SIZE);
}

/* Masks the SIZE octets at DATA with MGF1 of SEED (appendix B.2.1). */
static void mask(uint8_t *data, size_t size, const uint8_t seed[HASH_SIZE], hmv_sha256 *hash) {
    for (size_t i = 0; i < size; i += HASH_SIZE) {
        uint8_t counter[4], octets[HASH_SIZE];
        hmv_store_be32(counter, (uint32_t)(i / HASH_SIZE));
        hmv_sha256_init(hash);
        hmv_sha256_update(hash, seed, HASH_SIZE);
        hmv_sha256_update(hash, counter, sizeof counter);
        hmv_sha256_final(hash, octets);
        for (size_t j = 0; j < HASH_SIZE && i + j < size; j++) data[i + j] ^= octets[j];
    }
}

/* Section 9.1.1 with a salt as long as the digest: masked 00 ... 00 01 salt, H, BC; the first bit is 0, as the encoded
 * message has one bit less than the modulus. The salt is what a signature says; all else follows from it. H is never
 * copied: were its computation skipped, nothing would match. */
static void encode_pss(uint8_t *expected, const uint8_t *received, size_t size, const uint8_t digest[HASH_SIZE],
                       hmv_sha256 *hash) {
    static const uint8_t zeros[8] = {0};
    size_t masked = size - HASH_SIZE - 1;
    uint8_t *made = &expected[masked], *salt = &expected[masked - SALT_SIZE];
    memcpy(expected, received, masked);
    mask(expected, masked, &received[masked], hash);
    hmv_sha256_init(hash);
    hmv_sha256_update(hash, zeros, sizeof zeros);
    hmv_sha256_update(hash, digest, HASH_SIZE);
    hmv_sha256_update(hash, salt, SALT_SIZE);
    hmv_sha256_final(hash, made);
    memset(expected, 0, masked - SALT_SIZE - 1);
    expected[masked - SALT_SIZE - 1] = 1;
    mask(expected, masked, made, hash);
    expected[0] &= 0x7F;
    expected[size - 1] = 0xBC;
}

static hmv_verdict verify_pss(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes signature) {
    return verify(key, message, count, signature, encode_pss);
}

static hmv_verdict verify_pkcs1(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes signature) {
    return verify(key, message, count, signature, encode_pkcs1);
}

const hmv_algorithm hmv_ps256 = {-37, -37, 3, 0, verify_pss};
const hmv_algorithm hmv_rs256 = {-257, -257, 3, 0, verify_pkcs1};
