/* What is shown to people. */
#include "base_test.h"

#include <base/readable.h>

#include <stdio.h>

static void assert_readable(const char *name, size_t len, const char *expected) {
    HM_BUF text = HM_BUF_EMPTY;
    assert_false(hm_failed(hm_put_readable(&text, HM_BYTES(name, len))));
    assert_true(hm_bytes_equal(hm_buf_bytes(&text), hm_text(expected)));
    assert_int_equal(hm_is_readable(HM_BYTES(name, len)), hm_bytes_equal(HM_BYTES(name, len), hm_text(expected)));
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

static void spells_out_every_character_that_turns_text(void **state) {
    (void)state;
    assert_readable("\xd8\x9c", 2, "\\xd8\\x9c");
    assert_readable("\xe2\x80\x8e\xe2\x80\x8f", 6, "\\xe2\\x80\\x8e\\xe2\\x80\\x8f");
    for (unsigned last = 0xaa; last <= 0xae; last++) {
        char name[] = {'\xe2', '\x80', (char)last, 0}, expected[16];
        snprintf(expected, sizeof expected, "\\xe2\\x80\\x%02x", last);
        assert_readable(name, 3, expected);
    }
    for (unsigned last = 0xa6; last <= 0xa9; last++) {
        char name[] = {'\xe2', '\x81', (char)last, 0}, expected[16];
        snprintf(expected, sizeof expected, "\\xe2\\x81\\x%02x", last);
        assert_readable(name, 3, expected);
    }
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

static void takes_the_turn_out_of_lines(void **state) {
    (void)state;
    assert_harmless("a\xd8\x9c"
                    "b",
                    "a??b");
    assert_harmless("\xe2\x80\x8e\xe2\x80\x8f.", "??????.");
    for (unsigned last = 0x80; last <= 0xbf; last++) {
        char left[] = {'\xe2', '\x80', (char)last, 'x', 0}, isolate[] = {'\xe2', '\x81', (char)last, 'x', 0};
        bool mark = last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae);
        assert_harmless(left, mark ? "???x" : left);
        assert_harmless(isolate, last >= 0xa6 && last <= 0xa9 ? "???x" : isolate);
    }
    assert_harmless("\xd8\x9b\xe2\x82\xac", "\xd8\x9b\xe2\x82\xac");
    assert_harmless("\xe2\x80", "\xe2\x80");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_ordinary_names_as_they_are),
        cmocka_unit_test(spells_out_what_moves_a_cursor),
        cmocka_unit_test(spells_out_what_passes_for_another_name),
        cmocka_unit_test(spells_out_every_character_that_turns_text),
        cmocka_unit_test(spells_out_what_is_not_utf8),
        cmocka_unit_test(takes_the_power_out_of_lines),
        cmocka_unit_test(takes_the_turn_out_of_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
