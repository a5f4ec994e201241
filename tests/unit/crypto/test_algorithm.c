#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <crypto/algorithm.h>

#include <string.h>

static void every_name_leads_back_to_its_algorithm(void **state) {
    (void)state;
    for (hm_key_algorithm at = HM_KEY_ES256; at <= (hm_key_algorithm)HM_KEY_ALGORITHMS; at++) {
        hm_key_algorithm found = 0;
        assert_non_null(hm_key_algorithm_name(at));
        assert_false(hm_failed(hm_key_algorithm_by_name(hm_key_algorithm_name(at), &found)));
        assert_int_equal(found, at);
    }
}

/* They are stored in databases and sent between processes. */
static void the_stored_numbers_do_not_change(void **state) {
    (void)state;
    assert_string_equal(hm_key_algorithm_name(1), "es256");
    assert_string_equal(hm_key_algorithm_name(2), "es384");
    assert_string_equal(hm_key_algorithm_name(3), "rsa3072");
    assert_string_equal(hm_key_algorithm_name(4), "rsa4096");
    assert_string_equal(hm_key_algorithm_name(5), "ed25519");
}

static void each_key_has_its_scheme_and_each_scheme_its_digest(void **state) {
    (void)state;
    assert_int_equal(hm_key_scheme(HM_KEY_ES256), HM_SCHEME_ECDSA_SHA256);
    assert_int_equal(hm_key_scheme(HM_KEY_ES384), HM_SCHEME_ECDSA_SHA384);
    assert_int_equal(hm_key_scheme(HM_KEY_RSA3072), HM_SCHEME_RSA_SHA256);
    assert_int_equal(hm_key_scheme(HM_KEY_RSA4096), HM_SCHEME_RSA_SHA256);
    assert_int_equal(hm_key_scheme(HM_KEY_ED25519), HM_SCHEME_ED25519);
    assert_int_equal(hm_scheme_digest(HM_SCHEME_ECDSA_SHA256), HM_SHA256);
    assert_int_equal(hm_scheme_digest(HM_SCHEME_ECDSA_SHA384), HM_SHA384);
    assert_int_equal(hm_scheme_digest(HM_SCHEME_ECDSA_SHA512), HM_SHA512);
    assert_int_equal(hm_scheme_digest(HM_SCHEME_RSA_SHA384), HM_SHA384);
    assert_int_equal(hm_scheme_digest(HM_SCHEME_RSA_PSS_SHA256), HM_SHA256);
    assert_int_equal(hm_scheme_digest(HM_SCHEME_ED25519), HM_SHA512);
}

static void refuses_names_that_are_not_quite_right(void **state) {
    (void)state;
    static const char *const wrong[] = {"", "ES256", "es256 ", "es25", "rsa2048", "rsa", "ed448", "p256", "(null)"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        hm_key_algorithm found = HM_KEY_ED25519;
        hm_err err = hm_key_algorithm_by_name(wrong[i], &found);
        assert_int_equal(err.class, HM_MISUSED);
        assert_int_equal(found, HM_KEY_ED25519);
    }
}

static void an_unknown_number_is_nothing(void **state) {
    (void)state;
    assert_null(hm_key_algorithm_name(0));
    assert_null(hm_key_algorithm_name(HM_KEY_ALGORITHMS + 1));
    assert_null(hm_key_algorithm_name((hm_key_algorithm)-1));
    assert_int_equal(hm_key_scheme(0), 0);
    assert_int_equal(hm_key_scheme(HM_KEY_ALGORITHMS + 1), 0);
    assert_int_equal(hm_scheme_digest(0), 0);
    assert_int_equal(hm_scheme_digest(99), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_leads_back_to_its_algorithm),
        cmocka_unit_test(the_stored_numbers_do_not_change),
        cmocka_unit_test(each_key_has_its_scheme_and_each_scheme_its_digest),
        cmocka_unit_test(refuses_names_that_are_not_quite_right),
        cmocka_unit_test(an_unknown_number_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
