/* What is shown to people. */
#include "base_test.h"

#include <base/readable.h>

static void assert_readable(const char *name, size_t len, const char *expected) {
    HM_BUF text = HM_BUF_EMPTY;
    assert_false(hm_failed(hm_put_readable(&text, HM_BYTES(name, len))));
    assert_true(hm_bytes_equal(hm_buf_bytes(&text), hm_text(expected)));
}

static void shows_ordinary_names_as_they_are(void **state) {
    (void)state;
    assert_readable("pump v2.bin", 11, "pump v2.bin");
    assert_readable("Gr\xc3\xb6\xc3\x9f"
                    "e",
                    7,
                    "Gr\xc3\xb6\xc3\x9f"
                    "e");
    assert_readable("", 0, "");
}

static void spells_out_what_moves_a_cursor(void **state) {
    (void)state;
    assert_readable("a\x1b[2J", 5, "a\\x1b[2J");
    assert_readable("a\nb\tc\r", 6, "a\\x0ab\\x09c\\x0d");
    assert_readable("\x7f", 1, "\\x7f");
    assert_readable("\xc2\x9b"
                    "2J",
                    4, "\\xc2\\x9b2J");
    assert_readable("a\0b", 3, "a\\x00b");
}

static void spells_out_what_passes_for_another_name(void **state) {
    (void)state;
    assert_readable("x\\x41", 5, "x\\x5cx41");
    assert_readable("exe\xe2\x80\xaetxt", 9, "exe\\xe2\\x80\\xaetxt");
    assert_readable("a\xe2\x80\x8b"
                    "b",
                    5, "a\\xe2\\x80\\x8bb");
}

static void spells_out_what_is_not_utf8(void **state) {
    (void)state;
    assert_readable("\xff\xfe", 2, "\\xff\\xfe");
    assert_readable("\xc0\x80", 2, "\\xc0\\x80");
    assert_readable("\xe2\x82", 2, "\\xe2\\x82");
    assert_readable("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
}

static void assert_harmless(const char *before, const char *after) {
    HM_BUF text = HM_BUF_EMPTY;
    assert_false(hm_failed(hm_put_text(&text, before)));
    hm_make_harmless(&text);
    assert_true(hm_bytes_equal(hm_buf_bytes(&text), hm_text(after)));
}

static void takes_the_power_out_of_lines(void **state) {
    (void)state;
    assert_harmless("one\ntwo\n", "one\ntwo\n");
    assert_harmless("\x1b]0;x\x07\r", "?]0;x??");
    assert_harmless("\xc2\x9b"
                    "2J\x7f",
                    "\xc2?2J?");
    assert_harmless("\xc3\xa9 \xe2\x80\xa6", "\xc3\xa9 \xe2\x80\xa6");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_ordinary_names_as_they_are),
        cmocka_unit_test(spells_out_what_moves_a_cursor),
        cmocka_unit_test(spells_out_what_passes_for_another_name),
        cmocka_unit_test(spells_out_what_is_not_utf8),
        cmocka_unit_test(takes_the_power_out_of_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
