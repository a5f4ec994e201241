/* What is believed of an OpenSSL that lacked memory. Its first failure is for good, so it comes last. */
#include "base_test.h"

#include <crypto/process.h>
#include <crypto/spki.h>

#include <openssl/crypto.h>
#include <stdint.h>
#include <string.h>

/* AddressSanitizer ends a program that asks for far too much, unless it is told. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }

static void with_enough_memory_nothing_changes(void **state) {
    (void)state;
    assert_done(hm_crypto_begin());
    assert_done(hm_crypto_settle(HM_OK));
    assert_refused(hm_crypto_settle(hm_refuse("bad")));
}

static void memory_that_is_there_is_given_and_resized(void **state) {
    (void)state;
    char *text = OPENSSL_strdup("four");
    assert_non_null(text);
    text = OPENSSL_realloc(text, 4096);
    assert_non_null(text);
    assert_string_equal(text, "four");
    assert_null(OPENSSL_realloc(text, 0));
    assert_done(hm_crypto_settle(HM_OK));
}

static void expect_out_of_memory(hm_err err) {
    assert_could_not(err);
    assert_string_equal(hm_err_sentence(), "out of memory");
}

static void what_lacked_memory_is_neither_good_nor_refused(void **state) {
    (void)state;
    static const uint8_t nothing[4] = {0};
    assert_null(OPENSSL_malloc(PTRDIFF_MAX));
    expect_out_of_memory(hm_crypto_settle(HM_OK));
    /* What comes later had enough. But OpenSSL may have set itself up badly, and refuse what is good. */
    assert_done(hm_crypto_settle(HM_OK));
    expect_out_of_memory(hm_crypto_settle(hm_refuse("bad")));
    expect_out_of_memory(hm_crypto_settle(hm_refuse("bad")));
    assert_int_equal(hm_crypto_settle(hm_misuse("wrong")).class, HM_MISUSED);
    expect_out_of_memory(hm_verify(HM_ARRAY(nothing), HM_SCHEME_ED25519, HM_ARRAY(nothing), HM_ARRAY(nothing)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_enough_memory_nothing_changes),
        cmocka_unit_test(memory_that_is_there_is_given_and_resized),
        cmocka_unit_test(what_lacked_memory_is_neither_good_nor_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
