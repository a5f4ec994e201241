#include "policy_test.h"

#include <policy_match.h>

static bool matches(const char *pattern, const char *text) { return hm_policy_glob(hm_text(pattern), hm_text(text)); }

static void a_star_is_any_run_of_characters(void **state) {
    (void)state;
    static const char *const yes[][2] = {
        {"*", ""},           {"*", "2.0"},   {"2.*", "2."},      {"2.*", "2.0.1"},     {"*-dev", "-dev"},
        {"*-dev", "7-dev"},  {"a*b*", "ab"}, {"a*b*", "axxbyy"}, {"a*b", "abab"},      {"*a*", "bab"},
        {"*ab*ab", "abxab"}, {"a*a", "aa"},  {"2.0", "2.0"},     {"*-dev", "-dev-dev"}};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) assert_true(matches(yes[i][0], yes[i][1]));
}

static void all_else_is_itself(void **state) {
    (void)state;
    static const char *const no[][2] = {{"2.*", "2"},       {"2.*", "20.1"},  {"2.*", "12.1"},   {"*-dev", "7-dev2"},
                                        {"*-dev", "7-DEV"}, {"a*b*", "ba"},   {"a*b", "abx"},    {"a*a", "a"},
                                        {"2.0", "2.00"},    {"2.0", "2.0 "},  {"2.0", ""},       {"2.0", "2x0"},
                                        {"", "a"},          {"*ab*ab", "ab"}, {"1*2*3", "1 3 2"}};
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) assert_false(matches(no[i][0], no[i][1]));
    assert_true(matches("", ""));
    assert_true(hm_policy_glob(LITERAL("*"), LITERAL("a\0b")));
    assert_false(hm_policy_glob(LITERAL("a"), LITERAL("a\0")));
}

/* The definition, without a thought for time. */
static bool defined(hm_bytes pattern, hm_bytes text) {
    if (!pattern.len) return !text.len;
    hm_bytes rest = HM_BYTES(pattern.data + 1, pattern.len - 1);
    if (pattern.data[0] != '*')
        return text.len && text.data[0] == pattern.data[0] && defined(rest, HM_BYTES(text.data + 1, text.len - 1));
    for (size_t i = 0; i <= text.len; i++)
        if (defined(rest, HM_BYTES(text.data + i, text.len - i))) return true;
    return false;
}

/* All words of LETTERS of up to MOST characters, by number. */
static hm_bytes word(unsigned number, const char *letters, char *storage) {
    size_t count = strlen(letters), len = 0;
    for (; number; number /= (unsigned)count) storage[len++] = letters[--number % count];
    return HM_BYTES(storage, len);
}

static void every_short_pattern_is_as_defined(void **state) {
    (void)state;
    for (unsigned p = 0; p < 1000; p++) {
        for (unsigned t = 0; t < 255; t++) {
            char pattern[16], text[16];
            hm_bytes a = word(p, "ab*", pattern), b = word(t, "ab", text);
            assert_int_equal(hm_policy_glob(a, b), defined(a, b));
        }
    }
}

/* Thirty-two stars against a text that fails at its very end would take longer than anybody waits, were each star's
 * runs tried against each other's. */
static void many_stars_take_no_exponential_time(void **state) {
    (void)state;
    HM_BUF pattern = HM_BUF_EMPTY, text = HM_BUF_EMPTY;
    for (int i = 0; i < 32; i++) assert_done(hm_put_text(&pattern, "*a"));
    for (int i = 0; i < 4096; i++) assert_done(hm_put_text(&text, "a"));
    assert_true(hm_policy_glob(hm_buf_bytes(&pattern), hm_buf_bytes(&text)));
    assert_done(hm_put_text(&text, "b"));
    assert_false(hm_policy_glob(hm_buf_bytes(&pattern), hm_buf_bytes(&text)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_is_any_run_of_characters),
        cmocka_unit_test(all_else_is_itself),
        cmocka_unit_test(every_short_pattern_is_as_defined),
        cmocka_unit_test(many_stars_take_no_exponential_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
