#include "base_test.h"

#include <base/name.h>

static hm_class judged(const char *name, size_t len) { return hm_name_check(HM_BYTES(name, len), 8, "a name").class; }
static hm_class judge(const char *name) { return judged(name, strlen(name)); }

static void letters_digits_and_marks_are_a_name(void **state) {
    (void)state;
    assert_int_equal(judge("a"), HM_DONE);
    assert_int_equal(judge("Z9"), HM_DONE);
    assert_int_equal(judge("0"), HM_DONE);
    assert_int_equal(judge("a.b_c-d8"), HM_DONE);
}

static void nothing_and_more_than_its_most_are_none(void **state) {
    (void)state;
    assert_int_equal(judge(""), HM_MISUSED);
    assert_int_equal(judge("123456789"), HM_MISUSED);
    assert_string_equal(hm_err_sentence(), "a name has 1 to 8 characters");
}

static void every_other_octet_is_refused_wherever_it_stands(void **state) {
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool mark = c == '.' || c == '_' || c == '-';
        const char first[2] = {(char)c, 'a'}, second[2] = {'a', (char)c};
        assert_int_equal(judged(first, 2), plain ? HM_DONE : HM_MISUSED);
        assert_int_equal(judged(second, 2), plain || mark ? HM_DONE : HM_MISUSED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_digits_and_marks_are_a_name),
        cmocka_unit_test(nothing_and_more_than_its_most_are_none),
        cmocka_unit_test(every_other_octet_is_refused_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
