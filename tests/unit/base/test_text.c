#include "base_test.h"

/* RFC 4648 section 10. */
static const struct {
    const char *text, *base64, *hex;
} known[] = {
    {"", "", ""},
    {"f", "Zg==", "66"},
    {"fo", "Zm8=", "666f"},
    {"foo", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "666f6f62"},
    {"fooba", "Zm9vYmE=", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "666f6f626172"},
};

static void gives_the_text_forms_that_the_rfc_publishes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        HM_BUF base64 = HM_BUF_EMPTY, hex = HM_BUF_EMPTY;
        assert_done(hm_put_base64(&base64, hm_text(known[i].text)));
        assert_done(hm_put_hex(&hex, hm_text(known[i].text)));
        assert_true(hm_bytes_equal(hm_buf_bytes(&base64), hm_text(known[i].base64)));
        assert_true(hm_bytes_equal(hm_buf_bytes(&hex), hm_text(known[i].hex)));
    }
}

static void takes_them_back(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        HM_BUF from_base64 = HM_BUF_EMPTY, from_hex = HM_BUF_EMPTY;
        assert_done(hm_base64_decode(hm_text(known[i].base64), &from_base64));
        assert_done(hm_hex_decode(hm_text(known[i].hex), &from_hex));
        assert_true(hm_bytes_equal(hm_buf_bytes(&from_base64), hm_text(known[i].text)));
        assert_true(hm_bytes_equal(hm_buf_bytes(&from_hex), hm_text(known[i].text)));
    }
}

static void every_byte_value_survives(void **state) {
    (void)state;
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++) all[i] = (uint8_t)i;
    for (size_t len = 253; len <= 256; len++) {
        HM_BUF text = HM_BUF_EMPTY, back = HM_BUF_EMPTY;
        assert_done(hm_put_base64(&text, HM_BYTES(all, len)));
        assert_done(hm_base64_decode(hm_buf_bytes(&text), &back));
        assert_true(hm_bytes_equal(hm_buf_bytes(&back), HM_BYTES(all, len)));
    }
}

static void refuses_base64_that_is_not_strict(void **state) {
    (void)state;
    static const char *const bad[] = {
        "Z",        "Zg",     "Zg=",   "Zg===", "=",    "====", "Z===",     "=Zg=", "Zg==Zg==",
        "Zm8=Zg==", "Zm9v\n", "Zm 9v", "\nZm9", "Zm9-", "Zm9_", "Zm9v====", "Z=9v", "Zm=v",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        HM_BUF out = HM_BUF_EMPTY;
        if (!hm_failed(hm_base64_decode(hm_text(bad[i]), &out))) fail_msg("accepted: %s", bad[i]);
    }
}

/* Two texts for the same bytes would be two names for one signature. */
static void refuses_base64_with_bits_left_over(void **state) {
    (void)state;
    HM_BUF out = HM_BUF_EMPTY;
    assert_refused(hm_base64_decode(LITERAL("Zh=="), &out));
    assert_refused(hm_base64_decode(LITERAL("Zm9="), &out));
    assert_refused(hm_base64_decode(LITERAL("Zm+="), &out));
}

static void refuses_a_zero_byte_as_a_digit(void **state) {
    (void)state;
    HM_BUF out = HM_BUF_EMPTY;
    assert_refused(hm_base64_decode(LITERAL("Zm9\0"), &out));
    assert_refused(hm_hex_decode(LITERAL("a\0"), &out));
}

static void refuses_hex_that_is_odd_upper_case_or_not_hex(void **state) {
    (void)state;
    static const char *const bad[] = {"a", "abc", "AB", "aB", "0x", "g0", "0g", " 0", "0 ", "-1", "+1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        HM_BUF out = HM_BUF_EMPTY;
        if (!hm_failed(hm_hex_decode(hm_text(bad[i]), &out))) fail_msg("accepted: %s", bad[i]);
    }
}

static void reads_decimal_numbers_up_to_the_largest(void **state) {
    (void)state;
    uint64_t value;
    assert_done(hm_decimal_decode(LITERAL("0"), &value));
    assert_int_equal(value, 0);
    assert_done(hm_decimal_decode(LITERAL("1234067"), &value));
    assert_int_equal(value, 1234067);
    assert_done(hm_decimal_decode(LITERAL("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
}

static void refuses_decimal_numbers_in_any_other_form(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "00",
        "01",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1\n",
        "1.0",
        "1e3",
        "0x1",
        "a",
        "18446744073709551616",
        "99999999999999999999",
        "184467440737095516150",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t value = 77;
        if (!hm_failed(hm_decimal_decode(hm_text(bad[i]), &value))) fail_msg("accepted: %s", bad[i]);
        assert_int_equal(value, 77);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_text_forms_that_the_rfc_publishes),
        cmocka_unit_test(takes_them_back),
        cmocka_unit_test(every_byte_value_survives),
        cmocka_unit_test(refuses_base64_that_is_not_strict),
        cmocka_unit_test(refuses_base64_with_bits_left_over),
        cmocka_unit_test(refuses_a_zero_byte_as_a_digit),
        cmocka_unit_test(refuses_hex_that_is_odd_upper_case_or_not_hex),
        cmocka_unit_test(reads_decimal_numbers_up_to_the_largest),
        cmocka_unit_test(refuses_decimal_numbers_in_any_other_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
