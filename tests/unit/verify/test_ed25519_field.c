/* The arithmetic inside of Ed25519, against OpenSSL's numbers: what random signatures would meet once in 2^100, and the
 * largest limbs that the bounds allow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ed25519.c>

#include <openssl/bn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static BIGNUM *prime, *group_order;
static BN_CTX *context;

static int begin(void **state) {
    (void)state;
    assert_true(BN_hex2bn(&prime, "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed") > 0);
    assert_true(BN_hex2bn(&group_order, "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed") > 0);
    context = BN_CTX_new();
    srand(20320803);
    return 0;
}

static int end(void **state) {
    (void)state;
    BN_free(prime), BN_free(group_order), BN_CTX_free(context);
    return 0;
}

static BIGNUM *value_of(const element x) {
    BIGNUM *sum = BN_new();
    BN_zero(sum);
    for (int i = LIMBS - 1; i >= 0; i--) {
        assert_true(BN_lshift(sum, sum, LIMB_BITS));
        assert_true(BN_add_word(sum, x[i]));
    }
    assert_true(BN_mod(sum, sum, prime, context));
    return sum;
}

/* Consumes EXPECTED. */
static void assert_value(const element x, BIGNUM *expected, const char *what) {
    BIGNUM *value = value_of(x);
    if (BN_cmp(value, expected) != 0) fail_msg("%s", what);
    BN_free(value), BN_free(expected);
}

static void assert_reduced(const element x) {
    for (unsigned i = 0; i < LIMBS - 1; i++) assert_in_range(x[i], 0, LIMB_MASK + (1u << 17));
    assert_in_range(x[8], 0, TOP_MASK);
}

/* UNITS times the largest reduced limbs; or random ones below. */
static void make(element x, uint32_t units, bool largest) {
    for (unsigned i = 0; i < LIMBS; i++) {
        uint32_t most = units * (i < LIMBS - 1 ? LIMB_MASK + (1u << 17) : (uint32_t)TOP_MASK);
        x[i] = largest ? most : (uint32_t)(((uint64_t)rand() << 16 ^ (uint64_t)rand()) % (most + 1ull));
    }
}

static void products_of_the_largest_factors_are_right(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        element a, b, r;
        make(a, 3, i % 4 == 0), make(b, 2, i % 3 == 0);
        BIGNUM *x = value_of(a), *y = value_of(b);
        assert_true(BN_mod_mul(x, x, y, prime, context));
        multiply(r, a, b);
        assert_reduced(r);
        assert_value(r, x, "multiply");
        multiply(a, b, a);
        assert_memory_equal(a, r, sizeof r);
        assert_true(BN_mod_sqr(y, y, prime, context));
        square(b, b);
        assert_reduced(b);
        assert_value(b, y, "square");
    }
}

static void differences_of_the_largest_terms_are_right(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        element a, b;
        make(a, 2, i % 4 == 0), make(b, 1, i % 3 == 0);
        BIGNUM *x = value_of(a), *y = value_of(b);
        assert_true(BN_mod_sub(x, x, y, prime, context));
        BN_free(y);
        subtract(a, a, b);
        assert_reduced(a);
        assert_value(a, x, "subtract");
    }
}

static void assert_encoding(const element x) {
    uint8_t octets[KEY_SIZE], expected[KEY_SIZE];
    BIGNUM *value = value_of(x);
    assert_int_equal(BN_bn2lebinpad(value, expected, KEY_SIZE), KEY_SIZE);
    encode(octets, x);
    assert_memory_equal(octets, expected, KEY_SIZE);
    BN_free(value);
}

static void encodings_around_p_and_2p_are_canonical(void **state) {
    (void)state;
    element x;
    for (uint32_t low = 0; low < 64; low++) {
        memset(x, 0, sizeof x), x[0] = low; /* around 0 */
        assert_encoding(x);
        for (unsigned i = 0; i < LIMBS; i++) x[i] = i < LIMBS - 1 ? LIMB_MASK : TOP_MASK; /* around p */
        x[0] = LIMB_MASK - 40 + low;
        assert_encoding(x);
    }
    make(x, 1, true);
    assert_encoding(x);
    for (unsigned i = 0; i < 1000; i++) {
        make(x, 1, false);
        assert_encoding(x);
    }
}

static void decoding_is_the_inverse_of_encoding(void **state) {
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t octets[KEY_SIZE], again[KEY_SIZE];
        element x;
        for (unsigned k = 0; k < KEY_SIZE; k++) octets[k] = (uint8_t)rand();
        octets[KEY_SIZE - 1] &= 0x3F;
        decode(x, octets);
        encode(again, x);
        assert_memory_equal(again, octets, KEY_SIZE);
    }
}

static void inverses_and_the_inverse_of_0_are_right(void **state) {
    (void)state;
    static const element zero = {0};
    for (unsigned i = 0; i < 50; i++) {
        element x, inverse;
        make(x, 1, i == 0);
        BIGNUM *expected = value_of(x);
        assert_non_null(BN_mod_inverse(expected, expected, prime, context));
        invert(inverse, x);
        assert_value(inverse, expected, "invert");
    }
    element x;
    invert(x, zero);
    assert_encoding(x);
    assert_true(same_element(x, zero));
}

/* HASH, a number of up to 512 bits, modulo L. */
static void assert_reduction(const BIGNUM *hash) {
    uint8_t octets[HMV_SHA512_SIZE], expected[32], got[32];
    uint32_t scalar[SCALAR_WORDS];
    BIGNUM *rest = BN_new();
    assert_true(BN_mod(rest, hash, group_order, context));
    assert_int_equal(BN_bn2lebinpad(rest, expected, 32), 32);
    assert_int_equal(BN_bn2lebinpad(hash, octets, HMV_SHA512_SIZE), HMV_SHA512_SIZE);
    reduce_hash(scalar, octets);
    for (unsigned i = 0; i < 32; i++) got[i] = (uint8_t)(scalar[i / 4] >> i % 4 * 8);
    assert_memory_equal(got, expected, 32);
    BN_free(rest);
}

/* k L 2^SHIFT + OFFSET, where the quotient's estimate is one too large: random hashes come there once in 2^100. */
static void hashes_near_multiples_of_l_are_reduced(void **state) {
    (void)state;
    for (int shift = 0; shift <= 256; shift++)
        for (int offset = -3; offset <= 3; offset++) {
            BIGNUM *hash = BN_new();
            assert_true(BN_lshift(hash, group_order, shift));
            if (shift % 2 == 1) assert_true(BN_mul_word(hash, (BN_ULONG)(rand() % 7 + 1)));
            assert_true(offset < 0 ? BN_sub_word(hash, (BN_ULONG)-offset) : BN_add_word(hash, (BN_ULONG)offset));
            assert_reduction(hash);
            BN_free(hash);
        }
    BIGNUM *hash = BN_new();
    for (int bit = 0; bit <= 512; bit++) { /* 2^bit - 1 */
        BN_one(hash);
        assert_true(BN_lshift(hash, hash, bit) && BN_sub_word(hash, 1));
        assert_reduction(hash);
    }
    BN_free(hash);
}

static void random_hashes_are_reduced(void **state) {
    (void)state;
    BIGNUM *hash = BN_new();
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(BN_rand(hash, 512, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY));
        assert_reduction(hash);
    }
    BN_free(hash);
}

/* The digits, put together again, are the scalar; each odd and small enough for its table. */
static void assert_digits(const uint32_t scalar[SCALAR_WORDS], int width) {
    digits of = {.width = 0};
    BIGNUM *sum = BN_new(), *expected = BN_new();
    uint8_t octets[32];
    BN_zero(sum);
    memcpy(of.scalar, scalar, sizeof of.scalar);
    begin_digits(&of, width);
    for (int i = HIGHEST_BIT; i >= 0; i--) {
        int digit = digit_at(&of, i);
        assert_true(digit == 0 || digit % 2 != 0);
        assert_in_range(digit + (1 << (width - 1)), 1, (1 << width) - 1);
        assert_true(BN_lshift1(sum, sum));
        assert_true(digit < 0 ? BN_sub_word(sum, (BN_ULONG)-digit) : BN_add_word(sum, (BN_ULONG)digit));
    }
    for (unsigned i = 0; i < 32; i++) octets[i] = (uint8_t)(scalar[i / 4] >> i % 4 * 8);
    BN_lebin2bn(octets, 32, expected);
    assert_int_equal(BN_cmp(sum, expected), 0);
    BN_free(sum), BN_free(expected);
}

static void digits_make_their_scalar(void **state) {
    (void)state;
    for (int width = 2; width <= 6; width++)
        for (unsigned i = 0; i < 600; i++) {
            uint32_t scalar[SCALAR_WORDS] = {0};
            if (i < 253)
                scalar[i / 32] = 1u << i % 32;
            else
                for (unsigned k = 0; k < SCALAR_WORDS; k++)
                    scalar[k] = i % 3 == 0 ? 0xFFFFFFFFu : (uint32_t)rand() << 16 ^ (uint32_t)rand();
            scalar[7] &= 0x1FFFFFFF;
            assert_digits(scalar, width);
        }
    assert_digits((const uint32_t[SCALAR_WORDS]){0}, KEY_WIDTH);
}

/* (2i + 1) B for each entry: y + x, y - x, 2 d x y of B added so many times. */
static void the_points_of_the_table_are_odd_multiples_of_b(void **state) {
    (void)state;
    uint8_t octets[KEY_SIZE], encoded[KEY_SIZE];
    memset(encoded, 0x66, sizeof encoded), encoded[0] = 0x58; /* B: y = 4/5, x even */
    point p, q;
    assert_true(decode_negative(&p, encoded));
    encoded[KEY_SIZE - 1] ^= 0x80; /* -B: what is decoded is its negative, B */
    assert_true(decode_negative(&p, encoded));
    key_point odd[KEY_POINTS];
    prepare_odd(odd, &p);
    for (unsigned i = 0; i < KEY_POINTS && i < BASE_POINTS; i++) {
        memset(&p, 0, sizeof p), memset(&q, 0, sizeof q);
        p.y[0] = p.z[0] = q.y[0] = q.z[0] = 1;
        add_point(&p, odd[i], false, false);
        add_point(&q, base_points[i], false, true);
        encode_point(octets, &p);
        encode_point(encoded, &q);
        assert_memory_equal(octets, encoded, KEY_SIZE);
        add_point(&q, base_points[i], true, true);
        encode_point(encoded, &q);
        assert_int_equal(encoded[0], 1); /* the neutral element */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_of_the_largest_factors_are_right),
        cmocka_unit_test(differences_of_the_largest_terms_are_right),
        cmocka_unit_test(encodings_around_p_and_2p_are_canonical),
        cmocka_unit_test(decoding_is_the_inverse_of_encoding),
        cmocka_unit_test(inverses_and_the_inverse_of_0_are_right),
        cmocka_unit_test(hashes_near_multiples_of_l_are_reduced),
        cmocka_unit_test(random_hashes_are_reduced),
        cmocka_unit_test(digits_make_their_scalar),
        cmocka_unit_test(the_points_of_the_table_are_odd_multiples_of_b),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
