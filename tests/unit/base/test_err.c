#include "base_test.h"

static hm_err refuse_with(const char *name) { return hm_refuse("%s has no signature (sign it first)", name); }

static hm_err through(const char *name) {
    HM_TRY(refuse_with(name));
    return HM_OK;
}

static void a_fault_keeps_its_class_and_sentence_on_its_way_up(void **state) {
    (void)state;
    hm_err err = through("pump.exe");
    assert_true(hm_failed(err));
    assert_int_equal(err.class, HM_REFUSED);
    assert_string_equal(hm_err_sentence(), "pump.exe has no signature (sign it first)");
    assert_non_null(strstr(hm_err_origin(), "test_err.c:"));
}

static void each_class_is_its_exit_status(void **state) {
    (void)state;
    assert_int_equal(hm_refuse("x").class, 1);
    assert_int_equal(hm_misuse("x").class, 2);
    assert_int_equal(hm_could_not("x").class, 3);
    assert_int_equal(hm_no_memory().class, 3);
    assert_false(hm_failed(HM_OK));
}

static void names_are_put_before_the_sentence(void **state) {
    (void)state;
    hm_err err = hm_in(through("entry 7"), "%s", "setup.exe");
    assert_int_equal(err.class, HM_REFUSED);
    assert_string_equal(hm_err_sentence(), "setup.exe: entry 7 has no signature (sign it first)");
}

static void what_did_not_fail_gets_no_sentence(void **state) {
    (void)state;
    assert_refused(hm_refuse("before"));
    assert_done(hm_in(HM_OK, "setup.exe"));
    assert_string_equal(hm_err_sentence(), "before");
}

/* A file's name must not move the cursor, colour the line or end it. */
static void no_control_character_reaches_a_terminal(void **state) {
    (void)state;
    assert_refused(refuse_with("a\x1b[31m\r\n\x7f-b"));
    for (const char *c = hm_err_sentence(); *c; c++) assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    assert_refused(hm_in(hm_refuse("x"), "%s", "\x1b]0;owned\a"));
    for (const char *c = hm_err_sentence(); *c; c++) assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    assert_refused(hm_raise_again(HM_REFUSED, "\x1b[2J"));
    assert_int_equal(hm_err_sentence()[0], '?');
}

static void a_long_sentence_is_cut_and_ended(void **state) {
    (void)state;
    char name[5000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    hm_err err = refuse_with(name);
    for (int i = 0; i < 10; i++) err = hm_in(err, "%s", name);
    assert_int_equal(err.class, HM_REFUSED);
    assert_in_range(strlen(hm_err_sentence()), 100, 1000);
}

static void a_fault_from_another_process_is_never_success(void **state) {
    (void)state;
    assert_int_equal(hm_raise_again(HM_DENIED, "no").class, HM_DENIED);
    assert_string_equal(hm_err_sentence(), "no");
    assert_true(hm_failed(hm_raise_again(HM_DONE, "done, it says")));
}

static void its_own_sentence_can_be_raised_again(void **state) {
    (void)state;
    assert_refused(refuse_with("a"));
    assert_refused(hm_raise_again(HM_REFUSED, hm_err_sentence()));
    assert_string_equal(hm_err_sentence(), "a has no signature (sign it first)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_keeps_its_class_and_sentence_on_its_way_up),
        cmocka_unit_test(each_class_is_its_exit_status),
        cmocka_unit_test(names_are_put_before_the_sentence),
        cmocka_unit_test(what_did_not_fail_gets_no_sentence),
        cmocka_unit_test(no_control_character_reaches_a_terminal),
        cmocka_unit_test(a_long_sentence_is_cut_and_ended),
        cmocka_unit_test(a_fault_from_another_process_is_never_success),
        cmocka_unit_test(its_own_sentence_can_be_raised_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
