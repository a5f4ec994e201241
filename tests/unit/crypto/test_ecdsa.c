#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <crypto/algorithm.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/rand.h>
#include <string.h>

static void decode(const char *hex, hm_buf *out) { assert_false(hm_failed(hm_hex_decode(hm_text(hex), out))); }

static void expect_der(const char *fixed_hex, const char *der_hex) {
    HM_BUF fixed = HM_BUF_EMPTY, der = HM_BUF_EMPTY, expected = HM_BUF_EMPTY, back = HM_BUF_EMPTY;
    decode(fixed_hex, &fixed);
    decode(der_hex, &expected);
    assert_false(hm_failed(hm_ecdsa_to_der(hm_buf_bytes(&fixed), &der)));
    assert_true(hm_bytes_equal(hm_buf_bytes(&der), hm_buf_bytes(&expected)));
    assert_false(hm_failed(hm_ecdsa_from_der(hm_buf_bytes(&der), fixed.len / 2, &back)));
    assert_true(hm_bytes_equal(hm_buf_bytes(&back), hm_buf_bytes(&fixed)));
}

static void small_numbers_lose_their_zeros_and_large_ones_gain_a_sign_octet(void **state) {
    (void)state;
    expect_der("00000001"
               "00000080",
               "3007020101"
               "02020080");
    expect_der("7fffffff"
               "80000000",
               "300d02047fffffff"
               "02050080000000");
}

/* RFC 6979 section A.2.5, P-256 with SHA-256, message "sample". */
static void turns_the_signature_of_rfc_6979_both_ways(void **state) {
    (void)state;
    expect_der("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
               "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
               "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
               "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
}

static void agrees_with_openssl_on_random_numbers(void **state) {
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        size_t len = round % 2 ? 32 : 48;
        uint8_t numbers[96], encoded[120], *end = encoded;
        assert_int_equal(RAND_bytes(numbers, (int)(2 * len)), 1);
        memset(numbers, 0, round % 5); /* leading zeros, and without them every sign */
        memset(&numbers[len], 0, round % 7);
        ECDSA_SIG *sig = ECDSA_SIG_new();
        ECDSA_SIG_set0(sig, BN_bin2bn(numbers, (int)len, NULL), BN_bin2bn(&numbers[len], (int)len, NULL));
        int encoded_len = i2d_ECDSA_SIG(sig, &end);
        ECDSA_SIG_free(sig);
        assert_true(encoded_len > 0);
        HM_BUF der = HM_BUF_EMPTY, fixed = HM_BUF_EMPTY;
        assert_false(hm_failed(hm_ecdsa_to_der(HM_BYTES(numbers, 2 * len), &der)));
        assert_true(hm_bytes_equal(hm_buf_bytes(&der), HM_BYTES(encoded, (size_t)encoded_len)));
        assert_false(hm_failed(hm_ecdsa_from_der(hm_buf_bytes(&der), len, &fixed)));
        assert_true(hm_bytes_equal(hm_buf_bytes(&fixed), HM_BYTES(numbers, 2 * len)));
    }
}

static void appends_to_what_is_there(void **state) {
    (void)state;
    static const uint8_t fixed[] = {1, 2};
    HM_BUF der = HM_BUF_EMPTY;
    assert_false(hm_failed(hm_put_text(&der, "x")));
    assert_false(hm_failed(hm_ecdsa_to_der(HM_ARRAY(fixed), &der)));
    assert_true(hm_bytes_equal(hm_buf_bytes(&der), hm_text("x\x30\x06\x02\x01\x01\x02\x01\x02")));
}

static void refuses_every_encoding_that_is_not_der(void **state) {
    (void)state;
    static const struct {
        const char *why, *hex;
    } wrong[] = {
        {"nothing", ""},
        {"only a tag", "30"},
        {"an empty sequence", "3000"},
        {"one number", "3003020101"},
        {"three numbers", "3009020101020101020101"},
        {"a byte behind the sequence", "300602010102010100"},
        {"the sequence's length is one short", "3005020101020101"},
        {"the sequence's length is one long", "3007020101020101"},
        {"a length in the long form", "308106020101020101"},
        {"an indefinite length", "30800201010201010000"},
        {"a number's length in the long form", "30070281010102"
                                               "0101"},
        {"a leading zero that is not needed", "300702020001020101"},
        {"a second number with a leading zero", "300702010102020001"},
        {"a negative number", "3006020181020101"},
        {"r is zero", "3006020100020101"},
        {"s is zero", "3006020101020100"},
        {"an empty number", "30050200020101"},
        {"a set", "3106020101020101"},
        {"an enumerated number", "30060a0101020101"},
        {"a number of five octets for four", "300a02050100000000020101"},
        {"a number that runs out of the sequence", "3006020101020501"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        HM_BUF der = HM_BUF_EMPTY, fixed = HM_BUF_EMPTY;
        decode(wrong[i].hex, &der);
        hm_err err = hm_ecdsa_from_der(hm_buf_bytes(&der), 4, &fixed);
        if (err.class != HM_REFUSED) fail_msg("accepted: %s", wrong[i].why);
        assert_int_equal(fixed.len, 0);
    }
}

static void refuses_every_prefix_of_a_signature(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY, fixed = HM_BUF_EMPTY;
    decode("300d02047fffffff02050080000000", &der);
    for (size_t len = 0; len < der.len; len++)
        assert_int_equal(hm_ecdsa_from_der(HM_BYTES(der.data, len), 4, &fixed).class, HM_REFUSED);
    assert_int_equal(fixed.len, 0);
}

static void refuses_fixed_forms_that_a_token_might_give_by_mistake(void **state) {
    (void)state;
    uint8_t numbers[98];
    memset(numbers, 1, sizeof numbers);
    HM_BUF der = HM_BUF_EMPTY;
    assert_int_equal(hm_ecdsa_to_der(HM_NO_BYTES, &der).class, HM_REFUSED);
    assert_int_equal(hm_ecdsa_to_der(HM_BYTES(numbers, 63), &der).class, HM_REFUSED);
    assert_int_equal(hm_ecdsa_to_der(HM_BYTES(numbers, 98), &der).class, HM_REFUSED);
    memset(numbers, 0, 32);
    assert_int_equal(hm_ecdsa_to_der(HM_BYTES(numbers, 64), &der).class, HM_REFUSED);
    memset(numbers, 1, 32);
    memset(&numbers[32], 0, 32);
    assert_int_equal(hm_ecdsa_to_der(HM_BYTES(numbers, 64), &der).class, HM_REFUSED);
    assert_int_equal(der.len, 0);
}

static void refuses_curves_it_does_not_know(void **state) {
    (void)state;
    static const uint8_t der[] = {0x30, 6, 2, 1, 1, 2, 1, 1};
    HM_BUF fixed = HM_BUF_EMPTY;
    assert_int_equal(hm_ecdsa_from_der(HM_ARRAY(der), 0, &fixed).class, HM_REFUSED);
    assert_int_equal(hm_ecdsa_from_der(HM_ARRAY(der), 66, &fixed).class, HM_REFUSED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_numbers_lose_their_zeros_and_large_ones_gain_a_sign_octet),
        cmocka_unit_test(turns_the_signature_of_rfc_6979_both_ways),
        cmocka_unit_test(agrees_with_openssl_on_random_numbers),
        cmocka_unit_test(appends_to_what_is_there),
        cmocka_unit_test(refuses_every_encoding_that_is_not_der),
        cmocka_unit_test(refuses_every_prefix_of_a_signature),
        cmocka_unit_test(refuses_fixed_forms_that_a_token_might_give_by_mistake),
        cmocka_unit_test(refuses_curves_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
