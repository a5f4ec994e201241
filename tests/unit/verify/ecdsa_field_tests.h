/* The arithmetic inside of a curve's file, which is included before, against OpenSSL's at the places where carries and
 * corrections turn: random signatures reach some of them once in 2^32 times. */
#include "signature_test.h"

#include <openssl/bn.h>

enum { EDGES = 40 };

static uint64_t random_state;

/* xorshift64 */
static uint64_t random_word(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static BIGNUM *to_bignum(const number from) {
    uint8_t field[BYTES];
    for (unsigned i = 0; i < WORDS; i++) hmv_store_be32(&field[BYTES - 4 - 4 * i], from[i]);
    return BN_bin2bn(field, BYTES, NULL);
}

static void from_bignum(number out, const BIGNUM *from) {
    uint8_t field[BYTES];
    assert_int_equal(BN_bn2binpad(from, field, BYTES), BYTES);
    load(out, field);
}

/* Below MODULUS: at either end of the range, words of zeros and of ones, around one word's weight, or random. */
static void edge(number out, const number modulus, unsigned which) {
    BIGNUM *value = BN_new(), *m = to_bignum(modulus);
    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t word = random_word(), kind = random_word() % 3;
        out[i] = which < 24 ? (kind == 0 ? 0 : kind == 1 ? 0xffffffffu : (uint32_t)(word & 1)) : (uint32_t)word;
    }
    if (which < 4) {
        BN_set_word(value, which);
    } else if (which < 8) {
        BN_copy(value, m);
        BN_sub_word(value, which - 3);
    } else if (which < 12) {
        BN_set_bit(value, (int)(random_word() % (BITS - 1)));
        BN_sub_word(value, which % 2);
    } else {
        BN_free(value);
        value = to_bignum(out);
        while (BN_cmp(value, m) >= 0) BN_sub(value, value, m);
    }
    from_bignum(out, value);
    BN_free(value);
    BN_free(m);
}

typedef enum { ADD, SUBTRACT, MULTIPLY, DIVIDE, HALVE } operation;

/* What OpenSSL makes of it; the caller's to free. */
static BIGNUM *expected_of(operation what, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx) {
    BIGNUM *result = BN_new(), *two = BN_new();
    BN_set_word(two, 2);
    switch (what) {
    case ADD:
        BN_mod_add(result, a, b, m, ctx);
        break;
    case SUBTRACT:
        BN_mod_sub(result, a, b, m, ctx);
        break;
    case MULTIPLY:
        BN_set_bit(result, BITS);
        BN_mod_inverse(result, result, m, ctx);
        BN_mod_mul(result, result, a, m, ctx);
        BN_mod_mul(result, result, b, m, ctx);
        break;
    case DIVIDE:
        BN_mod_inverse(result, b, m, ctx);
        BN_mod_mul(result, result, a, m, ctx);
        break;
    case HALVE:
        BN_mod_inverse(result, two, m, ctx);
        BN_mod_mul(result, result, a, m, ctx);
        break;
    }
    BN_free(two);
    return result;
}

/* The result lies in the first operand's place, as it mostly does where it is used. */
static void calculate_in_place(operation what, number a, const number b, const number modulus) {
    switch (what) {
    case ADD:
        add(a, a, b, modulus);
        break;
    case SUBTRACT:
        subtract(a, a, b, modulus);
        break;
    case MULTIPLY:
        multiply(a, a, b);
        break;
    case DIVIDE:
        divide(a, a, b, modulus);
        break;
    case HALVE:
        halve(a, modulus);
        break;
    }
}

static void check(operation what, const number modulus, unsigned i, unsigned k, BN_CTX *ctx) {
    number a, b;
    edge(a, modulus, i);
    edge(b, modulus, k);
    if (what == DIVIDE && !any_bit(b)) return;
    BIGNUM *first = to_bignum(a), *second = to_bignum(b), *m = to_bignum(modulus);
    BIGNUM *expected = expected_of(what, first, second, m, ctx);
    calculate_in_place(what, a, b, modulus);
    BIGNUM *result = to_bignum(a);
    if (BN_cmp(result, expected) != 0) fail_msg("operation %d of edges %u and %u", what, i, k);
    BN_free(first);
    BN_free(second);
    BN_free(m);
    BN_free(expected);
    BN_free(result);
}

static void check_all(operation what, const number modulus) {
    BN_CTX *ctx = BN_CTX_new();
    random_state = test_seed() | 1;
    for (unsigned i = 0; i < EDGES; i++)
        for (unsigned k = 0; k < EDGES; k++) check(what, modulus, i, k, ctx);
    BN_CTX_free(ctx);
}

static void sums_at_the_edges_are_those_of_openssl(void **state) {
    (void)state;
    check_all(ADD, prime);
    check_all(ADD, order);
}

static void differences_at_the_edges_are_those_of_openssl(void **state) {
    (void)state;
    check_all(SUBTRACT, prime);
    check_all(SUBTRACT, order);
}

static void products_at_the_edges_are_those_of_openssl(void **state) {
    (void)state;
    check_all(MULTIPLY, prime);
}

static void quotients_at_the_edges_are_those_of_openssl(void **state) {
    (void)state;
    check_all(DIVIDE, prime);
    check_all(DIVIDE, order);
}

static void halves_at_the_edges_are_those_of_openssl(void **state) {
    (void)state;
    check_all(HALVE, prime);
    check_all(HALVE, order);
}

/* a + b = p exactly, and p + 1, with and without a carry out of the highest word. */
static void sums_that_hit_the_prime_are_reduced(void **state) {
    (void)state;
    random_state = test_seed() | 1;
    for (unsigned i = 0; i < 1000; i++) {
        number a, b;
        edge(a, prime, 1 + i % (EDGES - 1));
        if (!any_bit(a)) continue;
        subtract_words(b, prime, a);
        add(b, a, b, prime);
        assert_int_equal(any_bit(b), 0);
    }
}

/* The end of a multiplication from p - 2 to p + 2, with nothing carried: no signature known leads there. */
static void a_product_that_hits_the_prime_is_reduced(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        number a, two = {2}, offset = {i}, expected = {0};
        subtract_words(a, prime, two);
        add_words(a, a, offset);
        reduce(a, 0, prime);
        if (i < 2)
            subtract_words(expected, prime, i == 0 ? two : (number){1});
        else
            expected[0] = i - 2;
        assert_memory_equal(a, expected, BYTES);
    }
}

/* No scalar has other digits than its own: their sum is the scalar, all are odd and within the table. */
static void the_digits_of_a_scalar_add_up_to_it(void **state) {
    (void)state;
    random_state = test_seed() | 1;
    for (unsigned i = 0; i < 4 * EDGES; i++) {
        static const int widths[] = {2, 3, 4, 5};
        number scalar;
        edge(scalar, order, i % EDGES);
        int width = widths[i / EDGES];
        addend digits = {scalar, NULL, width, BITS, BITS + 1, 0};
        BIGNUM *sum = BN_new(), *expected = to_bignum(scalar);
        for (int at = BITS; at >= 0; at--) {
            BN_lshift1(sum, sum);
            if (digits.next == at) next_digit(&digits);
            if (digits.place != at) continue;
            int size = digits.digit < 0 ? -digits.digit : digits.digit;
            assert_true(size % 2 == 1 && size < 1 << (width - 1));
            if (digits.digit < 0)
                BN_sub_word(sum, (BN_ULONG)size);
            else
                BN_add_word(sum, (BN_ULONG)size);
        }
        assert_int_equal(BN_cmp(sum, expected), 0);
        BN_free(sum);
        BN_free(expected);
    }
}

/* The tables in flash are what they are said to be. */
static void the_table_holds_odd_multiples_of_the_generator(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof g_table / sizeof *g_table; i++) {
        workspace sum = {{{0}}};
        memcpy(sum.at[ONE], constants, sizeof constants);
        memcpy(sum.at[X2], &g_table[i], sizeof g_table[i]);
        assert_int_equal(off_the_curve(&sum), 0);
        for (unsigned k = 0; k < 2 * i + 1; k++) add_point(&sum, &g_table[0], 0);
        add_point(&sum, &g_table[i], 1);
        assert_int_equal(any_bit(sum.at[Z]), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_at_the_edges_are_those_of_openssl),
        cmocka_unit_test(differences_at_the_edges_are_those_of_openssl),
        cmocka_unit_test(products_at_the_edges_are_those_of_openssl),
        cmocka_unit_test(quotients_at_the_edges_are_those_of_openssl),
        cmocka_unit_test(halves_at_the_edges_are_those_of_openssl),
        cmocka_unit_test(sums_that_hit_the_prime_are_reduced),
        cmocka_unit_test(a_product_that_hits_the_prime_is_reduced),
        cmocka_unit_test(the_digits_of_a_scalar_add_up_to_it),
        cmocka_unit_test(the_table_holds_odd_multiples_of_the_generator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
