#include "fixture.h"

#include <sys/stat.h>

static hm_buf storage;
static hm_token_selector selector;
static const char *pin_path;

static int setup(void **state) {
    (void)state;
    storage = HM_BUF_EMPTY;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    hm_buf_clear(&storage);
    return 0;
}

static hm_err parse(const char *uri) { return hm_token_selector_from_uri(uri, &storage, &selector, &pin_path); }

static void reads_every_attribute(void **state) {
    (void)state;
    WORKS(parse("pkcs11:token=Hall%20mark;manufacturer=ACME%3b;model=X-1;serial=00%2F17;slot-id=42"
                "?module-path=/usr/lib/acme.so&pin-source=file:/etc/hallmark/pin"));
    assert_string_equal(selector.token_label, "Hall mark");
    assert_string_equal(selector.manufacturer, "ACME;");
    assert_string_equal(selector.model, "X-1");
    assert_string_equal(selector.serial, "00/17");
    assert_true(selector.has_slot_id);
    assert_int_equal(selector.slot_id, 42);
    assert_string_equal(selector.module_path, "/usr/lib/acme.so");
    assert_string_equal(pin_path, "/etc/hallmark/pin");
    assert_null(selector.lock_path);
}

static void attributes_not_given_match_anything(void **state) {
    (void)state;
    WORKS(parse("pkcs11:?module-path=/m.so"));
    assert_null(selector.token_label);
    assert_null(selector.manufacturer);
    assert_null(selector.model);
    assert_null(selector.serial);
    assert_false(selector.has_slot_id);
    assert_null(pin_path);
}

static void strings_stay_where_they_are_when_storage_holds_others(void **state) {
    (void)state;
    WORKS(hm_put_text(&storage, "before"));
    WORKS(parse("pkcs11:token=A?module-path=/m.so"));
    assert_string_equal(selector.token_label, "A");
    assert_memory_equal(storage.data, "before", 6);
}

static void reads_both_forms_of_a_file_uri(void **state) {
    (void)state;
    WORKS(parse("pkcs11:?module-path=/m.so&pin-source=file:///run/pin"));
    assert_string_equal(pin_path, "/run/pin");
}

static void takes_utf_8_labels(void **state) {
    (void)state;
    WORKS(parse("pkcs11:token=B%C3%BCro?module-path=/m.so"));
    assert_string_equal(selector.token_label, "B\xc3\xbcro");
}

static void finds_a_module_by_its_name(void **state) {
    (void)state;
    WORKS(parse("pkcs11:?module-name=softhsm2"));
    assert_non_null(strstr(selector.module_path, "/libsofthsm2.so"));
    struct stat st;
    assert_int_equal(stat(selector.module_path, &st), 0);
}

static void says_when_no_module_has_the_name(void **state) {
    (void)state;
    FAILS(HM_COULD_NOT, "no PKCS#11 module \"no-such\" is installed", parse("pkcs11:?module-name=no-such"));
}

static void refuses_a_pin_in_the_uri(void **state) {
    (void)state;
    FAILS(HM_REFUSED, "pin-value is not accepted", parse("pkcs11:token=A?module-path=/m.so&pin-value=1234"));
    FAILS(HM_REFUSED, "pin-value is not accepted", parse("pkcs11:pin-value=1234?module-path=/m.so"));
    assert_null(strstr(hm_err_sentence(), "1234"));
}

static void refuses_what_is_no_uri_of_a_token(void **state) {
    (void)state;
    static const struct {
        const char *uri, *said;
    } wrong[] = {
        {"", "does not begin"},
        {"pkcs11", "does not begin"},
        {"PKCS11:?module-path=/m", "does not begin"},
        {"pkcs12:?module-path=/m", "does not begin"},
        {" pkcs11:?module-path=/m", "does not begin"},
        {"/usr/lib/m.so", "does not begin"},
        {"pkcs11:", "no module is named"},
        {"pkcs11:token=A", "no module is named"},
        {"pkcs11:?", "does not belong"},
        {"pkcs11:;token=A?module-path=/m", "does not belong"},
        {"pkcs11:token=A;?module-path=/m", "does not belong"},
        {"pkcs11:?module-path=/m&", "does not belong"},
        {"pkcs11:object=key?module-path=/m", "does not belong"},
        {"pkcs11:id=%01?module-path=/m", "does not belong"},
        {"pkcs11:Token=A?module-path=/m", "does not belong"},
        {"pkcs11:token?module-path=/m", "has no value"},
        {"pkcs11:token=?module-path=/m", "is empty"},
        {"pkcs11:token=A;token=A?module-path=/m", "given twice"},
        {"pkcs11:token=A;token=B?module-path=/m", "given twice"},
        {"pkcs11:?module-path=/m&module-path=/n", "given twice"},
        {"pkcs11:module-path=/m", "does not belong"},
        {"pkcs11:?module-path=/m&token=A", "does not belong"},
        {"pkcs11:?module-path=m.so", "must be a whole path"},
        {"pkcs11:?module-path=../m.so", "must be a whole path"},
        {"pkcs11:?module-path=/m&module-name=n", "both"},
        {"pkcs11:?module-name=../m", "a name, not a path"},
        {"pkcs11:?module-name=a%2Fm", "a name, not a path"},
        {"pkcs11:?module-name=.hidden", "a name, not a path"},
        {"pkcs11:token=A B?module-path=/m", "must be written as %20"},
        {"pkcs11:token=A\"?module-path=/m", "must be written as %22"},
        {"pkcs11:token=\xc3\xbc?module-path=/m", "must be written as %C3"},
        {"pkcs11:token=a/b?module-path=/m", "must be written as %2F"},
        {"pkcs11:token=%00?module-path=/m", "control character"},
        {"pkcs11:token=A%0a?module-path=/m", "control character"},
        {"pkcs11:token=%7f?module-path=/m", "control character"},
        {"pkcs11:token=%?module-path=/m", "early"},
        {"pkcs11:token=%4?module-path=/m", "early"},
        {"pkcs11:token=%4g?module-path=/m", "hexadecimal"},
        {"pkcs11:token=%-1?module-path=/m", "hexadecimal"},
        {"pkcs11:token=123456789012345678901234567890123?module-path=/m", "too long"},
        {"pkcs11:model=12345678901234567?module-path=/m", "too long"},
        {"pkcs11:serial=12345678901234567?module-path=/m", "too long"},
        {"pkcs11:slot-id=-1?module-path=/m", "not a decimal number"},
        {"pkcs11:slot-id=0x1?module-path=/m", "not a decimal number"},
        {"pkcs11:slot-id=01?module-path=/m", "not a decimal number"},
        {"pkcs11:slot-id=99999999999999999999?module-path=/m", "too large"},
        {"pkcs11:?module-path=/m&pin-source=/etc/pin", "must be file:/"},
        {"pkcs11:?module-path=/m&pin-source=file:pin", "must be file:/"},
        {"pkcs11:?module-path=/m&pin-source=file://host/pin", "must be file:/"},
        {"pkcs11:?module-path=/m&pin-source=file:/", "must be file:/"},
        {"pkcs11:?module-path=/m&pin-source=%7Ccat%20/etc/pin", "must be file:/"},
        {"pkcs11:?module-path=/m&pin-source=https://host/pin", "must be file:/"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        pin_path = "left over";
        hm_err err = parse(wrong[i].uri);
        if (err.class != HM_REFUSED) fail_msg("%s: class %d", wrong[i].uri, err.class);
        if (!strstr(hm_err_sentence(), wrong[i].said)) fail_msg("%s: %s", wrong[i].uri, hm_err_sentence());
        assert_null(selector.module_path);
        assert_null(pin_path);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_every_attribute, setup, teardown),
        cmocka_unit_test_setup_teardown(attributes_not_given_match_anything, setup, teardown),
        cmocka_unit_test_setup_teardown(strings_stay_where_they_are_when_storage_holds_others, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_both_forms_of_a_file_uri, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_utf_8_labels, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_a_module_by_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(says_when_no_module_has_the_name, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_a_pin_in_the_uri, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_uri_of_a_token, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
