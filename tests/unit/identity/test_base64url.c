#include "base64url.h"
#include "base_test.h"

static void decodes_what_rfc_7515_gives(void **state) {
    (void)state;
    HM_BUF out = HM_BUF_EMPTY;
    assert_done(hm_base64url_decode(hm_text("A-z_4ME"), &out)); /* appendix C */
    assert_bytes(hm_buf_bytes(&out), "\x03\xec\xff\xe0\xc1");
}

static void decodes_nothing_to_nothing(void **state) {
    (void)state;
    HM_BUF out = HM_BUF_EMPTY;
    assert_done(hm_base64url_decode(HM_NO_BYTES, &out));
    assert_int_equal(out.len, 0);
}

static void decodes_every_length(void **state) {
    (void)state;
    static const struct {
        const char *text, *bytes;
    } cases[] = {{"Zg", "f"}, {"Zm8", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg", "foob"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        HM_BUF out = HM_BUF_EMPTY;
        assert_done(hm_base64url_decode(hm_text(cases[i].text), &out));
        assert_true(hm_bytes_equal(hm_buf_bytes(&out), hm_text(cases[i].bytes)));
    }
}

static void refuses_every_second_spelling(void **state) {
    (void)state;
    static const char *const bad[] = {"Zg==",    "Zg=",   "Zm8=",   "Zh",    "Zm9",      "Zm-9vYh", "A+z_4ME",
                                      "A-z/4ME", "Zm 9v", "Zm9v\n", " Zm9v", "Zm9v ",    "Z",       "Zm9vY",
                                      "=",       "====",  "Zm.9v",  "Zm%3d", "Z\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        HM_BUF out = HM_BUF_EMPTY;
        if (!hm_failed(hm_base64url_decode(hm_text(bad[i]), &out))) fail_msg("\"%s\" was taken", bad[i]);
    }
}

static void refuses_a_zero_byte(void **state) {
    (void)state;
    HM_BUF out = HM_BUF_EMPTY;
    assert_refused(hm_base64url_decode(LITERAL("Zm9\0"), &out));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_what_rfc_7515_gives), cmocka_unit_test(decodes_nothing_to_nothing),
        cmocka_unit_test(decodes_every_length),        cmocka_unit_test(refuses_every_second_spelling),
        cmocka_unit_test(refuses_a_zero_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
