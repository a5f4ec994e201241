/* What differs between two texts is told as diff -U0 tells it. */
#include "app_test.h"

#include "line_diff.h"

static void assert_diff(const char *from, const char *to, const char *wanted) {
    HM_BUF diff = HM_BUF_EMPTY;
    assert_false(hm_failed(hm_line_diff(hm_text(from), hm_text(to), "rule", &diff)));
    assert_int_equal(diff.len, strlen(wanted));
    if (diff.len) assert_memory_equal(diff.data, wanted, diff.len);
}

static void equal_texts_differ_nowhere(void **state) {
    (void)state;
    assert_diff("", "", "");
    assert_diff("a\nb\n", "a\nb\n", "");
    assert_diff("a\nb", "a\nb\n", "");
}

static void what_comes_and_goes_is_told_with_its_place(void **state) {
    (void)state;
    assert_diff("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n");
    assert_diff("a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n");
    assert_diff("a\nc\n", "a\nb\nc\n", "@@ -1,0 +2 @@\n+b\n");
    assert_diff("a\nb\nc\n", "a\nc\n", "@@ -2 +1,0 @@\n-b\n");
    assert_diff("a\nb\nc\n", "a\nx\nc\n", "@@ -2 +2 @@\n-b\n+x\n");
    assert_diff("a\nb\nc\nd\ne\n", "x\nb\nc\nd\ny\nz\n", "@@ -1 +1 @@\n-a\n+x\n@@ -5 +5,2 @@\n-e\n+y\n+z\n");
}

static void a_line_that_stays_is_not_told(void **state) {
    (void)state;
    assert_diff("a\nb\nc\nd\n", "b\nd\ne\n", "@@ -1 +0,0 @@\n-a\n@@ -3 +1,0 @@\n-c\n@@ -4,0 +3 @@\n+e\n");
}

static void the_rule_is_named(void **state) {
    (void)state;
    assert_diff("rule one\n  x\n rule two\n  y\nruler\n  z\n", "rule one\n  x\n rule two\n  y\nruler\n  q\n",
                "@@ -6 +6 @@  rule two\n-  z\n+  q\n");
    assert_diff("rule\nx\n", "rule\ny\n", "@@ -2 +2 @@\n-x\n+y\n");
}

/* Whatever is not compared line by line is still told whole. */
static void large_texts_are_one_place(void **state) {
    (void)state;
    static char from[2 * 4000 + 1], to[2 * 4000 + 1];
    HM_BUF diff = HM_BUF_EMPTY;
    for (size_t i = 0; i < 4000; i++) {
        memcpy(from + 2 * i, "a\n", 2);
        memcpy(to + 2 * i, "b\n", 2);
    }
    assert_false(hm_failed(hm_line_diff(hm_text(from), hm_text(to), "rule", &diff)));
    assert_int_equal(diff.len, strlen("@@ -1,4000 +1,4000 @@\n") + 2 * 3 * 4000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_differ_nowhere),    cmocka_unit_test(what_comes_and_goes_is_told_with_its_place),
        cmocka_unit_test(a_line_that_stays_is_not_told), cmocka_unit_test(the_rule_is_named),
        cmocka_unit_test(large_texts_are_one_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
