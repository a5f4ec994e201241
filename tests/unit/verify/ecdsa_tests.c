/* Single cases: sizes, ranges, points and sums that random signatures do not reach. */
#include "ecdsa_tests.h"

/* Kinds of numbers that odd_scalar makes. */
enum { SCALARS = 24 };

/* A small scalar, or with a negative NUMBER one that is as far below the order. */
static BIGNUM *scalar(const ecdsa_lab *lab, long number) {
    BIGNUM *value = BN_new();
    BN_set_word(value, (BN_ULONG)(number < 0 ? -number : number));
    if (number < 0) BN_sub(value, lab->n, value);
    return value;
}

/* Of u1 G + u2 (d G). Returns whether it is valid; takes the numbers over. */
static bool make_of(ecdsa_lab *lab, ecdsa_case *is, BIGNUM *d, BIGNUM *u1, BIGNUM *u2) {
    EC_POINT *q = lab_multiple_of_g(lab, d);
    bool valid = lab_make(lab, is, q, u1, u2);
    EC_POINT_free(q);
    BN_free(d);
    BN_free(u1);
    BN_free(u2);
    return valid;
}

static void make_random(ecdsa_lab *lab, ecdsa_case *is) {
    assert_true(make_of(lab, is, lab_random_scalar(lab), lab_random_scalar(lab), lab_random_scalar(lab)));
}

void a_signature_is_good_and_no_octet_of_it_may_change(void **state) {
    ecdsa_lab lab;
    lab_open(&lab, *state);
    signature_case is = lab_sign_random(&lab, 200);
    const hmv_algorithm *algorithm = lab.curve->algorithm;
    assert_good(algorithm, &is);
    assert_flips_are_bad(algorithm, &is, &is.a, 0, 1);
    assert_flips_are_bad(algorithm, &is, &is.b, 0, 1);
    assert_flips_are_bad(algorithm, &is, &is.message, 0, 7);
    assert_flips_are_bad(algorithm, &is, &is.signature, 0, 1);
    case_clear(&is);
    lab_close(&lab);
}

void sizes_other_than_the_curves_are_bad(void **state) {
    ecdsa_lab lab;
    lab_open(&lab, *state);
    signature_case is = lab_sign_random(&lab, 100);
    const hmv_algorithm *algorithm = lab.curve->algorithm;
    assert_sizes_are_bad(algorithm, &is, &is.a);
    assert_sizes_are_bad(algorithm, &is, &is.b);
    assert_sizes_are_bad(algorithm, &is, &is.message);
    assert_sizes_are_bad(algorithm, &is, &is.signature);
    assert_good(algorithm, &is);
    case_clear(&is);
    lab_close(&lab);
}

/* 0, 1, n - 1, n, n + 1, and all bits set, for r and for s, each alone and both. */
void numbers_at_the_ends_of_their_ranges_are_bad_or_as_openssl_says(void **state) {
    ecdsa_lab lab;
    lab_open(&lab, *state);
    uint8_t ends[6][COORDINATE_MAX] = {{0}};
    size_t size = lab.curve->size;
    for (int i = 0; i < 5; i++) {
        static const int offsets[] = {0, 1, -1, 0, 1};
        BIGNUM *number = i < 2 ? BN_new() : BN_dup(lab.n);
        if (offsets[i] < 0)
            BN_sub_word(number, 1);
        else
            BN_add_word(number, (BN_ULONG)offsets[i]);
        lab_put(&lab, ends[i], number);
        BN_free(number);
    }
    memset(ends[5], 0xff, size);
    for (int i = 0; i < 48; i++) {
        ecdsa_case is;
        make_random(&lab, &is);
        if (i % 7 < 6) memcpy(is.r_s, ends[i % 7], size);
        if (i / 7 < 6) memcpy(&is.r_s[size], ends[i / 7], size);
        lab_expect(&lab, &is, false, "r or s at the end of its range");
    }
    lab_close(&lab);
}

void a_key_off_the_curve_or_at_infinity_is_bad(void **state) {
    ecdsa_lab lab;
    ecdsa_case whole, is;
    lab_open(&lab, *state);
    make_random(&lab, &whole);
    lab_expect(&lab, &whole, true, "the signature itself");
    is = whole;
    memset(is.x, 0, sizeof is.x);
    memset(is.y, 0, sizeof is.y);
    lab_expect(&lab, &is, false, "zeros for infinity");
    is = whole;
    memset(is.y, 0, sizeof is.y);
    lab_expect(&lab, &is, false, "y is zero");
    is = whole;
    memset(is.x, 0, sizeof is.x);
    lab_expect(&lab, &is, false, "x is zero");
    is = whole;
    memcpy(is.x, whole.y, sizeof is.x);
    memcpy(is.y, whole.x, sizeof is.y);
    lab_expect(&lab, &is, false, "x and y in each other's place");
    for (size_t bit = 0; bit < 8 * lab.curve->size; bit += 3) {
        is = whole;
        (bit % 2 ? is.x : is.y)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        lab_expect(&lab, &is, false, "a bit of the key");
    }
    lab_close(&lab);
}

/* p is taken from above, or added. */
static void add_prime(const ecdsa_lab *lab, uint8_t *coordinate) {
    BIGNUM *number = BN_bin2bn(coordinate, (int)lab->curve->size, NULL);
    BN_add(number, number, lab->p);
    lab_put(lab, coordinate, number);
    BN_free(number);
}

/* The lowest x from LOWEST on that a point has. */
static EC_POINT *lift(const ecdsa_lab *lab, BIGNUM *x) {
    EC_POINT *q = EC_POINT_new(lab->group);
    while (EC_POINT_set_compressed_coordinates(lab->group, q, x, 0, lab->numbers) != 1) BN_add_word(x, 1);
    return q;
}

void coordinates_not_below_the_prime_are_bad_even_if_they_name_a_point(void **state) {
    ecdsa_lab lab;
    ecdsa_case is;
    lab_open(&lab, *state);
    BIGNUM *x = BN_new(), *y = NULL, *u1 = lab_random_scalar(&lab), *u2 = lab_random_scalar(&lab);
    EC_POINT *q = lift(&lab, x);
    assert_true(lab_make(&lab, &is, q, u1, u2));
    lab_expect(&lab, &is, true, "a key with a small x");
    add_prime(&lab, is.x);
    lab_expect(&lab, &is, false, "the prime added to x");
    BN_hex2bn(&x, lab.curve->small_y[0]);
    BN_hex2bn(&y, lab.curve->small_y[1]);
    assert_int_equal(EC_POINT_set_affine_coordinates(lab.group, q, x, y, lab.numbers), 1);
    assert_true(lab_make(&lab, &is, q, u1, u2));
    lab_expect(&lab, &is, true, "a key with a small y");
    add_prime(&lab, is.y);
    lab_expect(&lab, &is, false, "the prime added to y");
    EC_POINT_free(q);
    BN_free(x);
    BN_free(y);
    BN_free(u1);
    BN_free(u2);
    lab_close(&lab);
}

/* Numbers at which digits, carries and tables turn; number COUNT is random. */
static BIGNUM *odd_scalar(ecdsa_lab *lab, unsigned which) {
    static const long small[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, -1, -2, -3, -5, -7, -8, -9};
    enum { SMALL = sizeof small / sizeof *small };
    if (which < SMALL) return scalar(lab, small[which]);
    BIGNUM *number = BN_new();
    int bit = (int)(lab_random(lab) % (8 * lab->curve->size - 1));
    switch (which - SMALL) {
    case 0: /* a power of two, give or take one */
        BN_set_bit(number, bit);
        BN_add_word(number, lab_random(lab) % 2);
        break;
    case 1: /* a run of ones */
        BN_set_bit(number, bit + 1);
        BN_sub_word(number, 1);
        break;
    case 2: /* half the order */
        BN_rshift1(number, lab->n);
        BN_add_word(number, lab_random(lab) % 2);
        break;
    case 3: /* a power of two below the order */
        BN_set_bit(number, bit);
        BN_sub(number, lab->n, number);
        break;
    default:
        BN_free(number);
        return lab_random_scalar(lab);
    }
    return number;
}

void small_and_extreme_scalars_of_small_multiples_of_g_get_openssls_verdict(void **state) {
    ecdsa_lab lab;
    lab_open(&lab, *state);
    unsigned step = whole_sweeps() ? 1 : 41, bad = 0, all = 0;
    for (unsigned i = (unsigned)lab_random(&lab) % step; i < SCALARS * SCALARS * SCALARS; i += step, all++) {
        ecdsa_case is;
        bool valid = make_of(&lab, &is, odd_scalar(&lab, i % SCALARS), odd_scalar(&lab, i / SCALARS % SCALARS),
                             odd_scalar(&lab, i / SCALARS / SCALARS));
        lab_expect(&lab, &is, valid, "scalars of note");
        bad += !valid;
    }
    assert_in_range(bad, 0, all / 2);
    lab_close(&lab);
}

/* u1 G = u2 Q, for small and for random numbers: then both scalars' sums meet, in the last addition or long before. */
void sums_that_double_inside_the_addition_are_good(void **state) {
    ecdsa_lab lab;
    ecdsa_case is;
    lab_open(&lab, *state);
    for (long d = 1; d <= 9; d++)
        for (long u2 = 1; u2 <= 5; u2++) {
            assert_true(make_of(&lab, &is, scalar(&lab, d), scalar(&lab, d * u2), scalar(&lab, u2)));
            lab_expect(&lab, &is, true, "u1 G = u2 Q");
            assert_true(make_of(&lab, &is, scalar(&lab, -d), scalar(&lab, -d * u2), scalar(&lab, u2)));
            lab_expect(&lab, &is, true, "u1 G = u2 Q, Q below zero");
        }
    for (int i = 0; i < 40; i++) {
        BIGNUM *d = lab_random_scalar(&lab), *u2 = lab_random_scalar(&lab), *u1 = BN_new();
        BN_mod_mul(u1, d, u2, lab.n, lab.numbers);
        assert_true(make_of(&lab, &is, d, u1, u2));
        lab_expect(&lab, &is, true, "u1 G = u2 Q at random");
    }
    lab_close(&lab);
}

/* Q = -dG, u1 = d 2^i + LOW, u2 = 2^i: the sum is infinity when bit i has been added, and LOW G in the end. */
void sums_that_pass_through_infinity_are_good_and_those_that_end_there_bad(void **state) {
    ecdsa_lab lab;
    ecdsa_case is;
    lab_open(&lab, *state);
    for (long d = 1; d <= 7; d++)
        for (int i = 0; i < 120; i += 7) {
            BIGNUM *u1 = scalar(&lab, d), *u2 = scalar(&lab, 1);
            BN_lshift(u1, u1, i);
            BN_lshift(u2, u2, i);
            long low = i < 10 ? 0 : (long)(lab_random(&lab) % 3);
            BN_add_word(u1, (BN_ULONG)low);
            assert_int_equal(make_of(&lab, &is, scalar(&lab, -d), u1, u2), low != 0);
            lab_expect(&lab, &is, low != 0, "through infinity");
        }
    for (int i = 0; i < 40; i++) {
        BIGNUM *d = lab_random_scalar(&lab), *u2 = lab_random_scalar(&lab), *u1 = BN_new();
        BN_mod_mul(u1, d, u2, lab.n, lab.numbers);
        BN_sub(u1, lab.n, u1);
        assert_false(make_of(&lab, &is, d, u1, u2));
        lab_expect(&lab, &is, false, "u1 G = -u2 Q");
        /* What a verifier that takes infinity for zero would compare with. */
        memset(is.r_s, 0, lab.curve->size);
        lab_expect(&lab, &is, false, "u1 G = -u2 Q, r = 0");
    }
    lab_close(&lab);
}

void digests_of_zero_and_not_below_the_order_are_reduced(void **state) {
    ecdsa_lab lab;
    lab_open(&lab, *state);
    for (unsigned i = 0; i < 12; i++) {
        ecdsa_case is;
        BIGNUM *u1 = lab_random_scalar(&lab), *digest = BN_new();
        BN_set_word(u1, 0);
        assert_true(make_of(&lab, &is, lab_random_scalar(&lab), u1, lab_random_scalar(&lab)));
        lab_expect(&lab, &is, true, "a digest of zero");
        lab_put(&lab, is.digest, lab.n);
        lab_expect(&lab, &is, true, "a digest that is the order");
        BN_add(digest, lab.n, BN_value_one());
        lab_put(&lab, is.digest, digest);
        lab_expect(&lab, &is, false, "a digest that is one above the order");
        memset(is.digest, 0xff, lab.curve->size);
        lab_expect(&lab, &is, false, "a digest of ones");
        BN_free(digest);
    }
    lab_close(&lab);
}

/* Points with x in [n, p), and with x in [1, p - n): r is the same number for both. No random signature gets there. The
 * key is made to fit the point: Q = (R - u1 G) / u2. */
static void check_rare_point(ecdsa_lab *lab, BIGNUM *x) {
    ecdsa_case is;
    EC_POINT *sum = lift(lab, x), *q = EC_POINT_new(lab->group);
    BIGNUM *u1 = lab_random_scalar(lab), *u2 = lab_random_scalar(lab), *inverse = BN_new(), *other = BN_new();
    BN_mod_inverse(inverse, u2, lab->n, lab->numbers);
    BN_mod_mul(other, u1, inverse, lab->n, lab->numbers);
    BN_sub(other, lab->n, other);
    EC_POINT_mul(lab->group, q, other, sum, inverse, lab->numbers);
    assert_true(lab_make(lab, &is, q, u1, u2));
    BN_nnmod(other, x, lab->n, lab->numbers);
    assert_true(BN_num_bits(other) < 24); /* or the point is no rare one */
    lab_expect(lab, &is, true, "a rare r");
    BN_add_word(other, 1);
    lab_put(lab, is.r_s, other);
    lab_expect(lab, &is, false, "the number above a rare r");
    BN_sub_word(other, 1);
    BN_add(other, other, lab->n);
    lab_put(lab, is.r_s, other);
    lab_expect(lab, &is, false, "a rare r that is not reduced");
    EC_POINT_free(sum);
    EC_POINT_free(q);
    BN_free(u1);
    BN_free(u2);
    BN_free(inverse);
    BN_free(other);
}

void an_r_that_stands_for_a_coordinate_above_the_order_is_good(void **state) {
    ecdsa_lab lab;
    lab_open(&lab, *state);
    BIGNUM *above = BN_dup(lab.n), *below = BN_new();
    for (int i = 0; i < 12; i++) {
        BN_add_word(above, 1);
        BN_add_word(below, 1);
        check_rare_point(&lab, above);
        check_rare_point(&lab, below);
    }
    BN_free(above);
    BN_free(below);
    lab_close(&lab);
}
