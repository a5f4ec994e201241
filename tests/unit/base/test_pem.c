#include "base_test.h"

#include <base/pem.h>

#include <stdio.h>

static const char digits_of_64[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v";

static hm_err read(const char *text, hm_bytes *label, hm_buf *der) {
    hm_reader reader = hm_reader_of(hm_text(text));
    HM_TRY(hm_pem_read_label(&reader, label));
    return hm_pem_read_content(&reader, *label, der);
}

static void assert_refused_as(const char *text, const char *why) {
    HM_BUF der = HM_BUF_EMPTY;
    hm_bytes label;
    assert_refused(read(text, &label, &der));
    if (!strstr(hm_err_sentence(), why)) fail_msg("\"%s\" does not say \"%s\"", hm_err_sentence(), why);
    assert_int_equal(der.len, 0);
}

static void what_is_written_can_be_read(void **state) {
    (void)state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)i;
    for (size_t len = 1; len <= sizeof bytes; len++) {
        HM_BUF pem = HM_BUF_EMPTY, der = HM_BUF_EMPTY;
        const char *text;
        hm_bytes label;
        assert_done(hm_pem_put(&pem, "SOME THING", HM_BYTES(bytes, len)));
        assert_done(hm_buf_string(&pem, &text));
        assert_done(read(text, &label, &der));
        assert_bytes(label, "SOME THING");
        assert_true(hm_bytes_equal(hm_buf_bytes(&der), HM_BYTES(bytes, len)));
    }
}

static void writes_lines_of_64_characters(void **state) {
    (void)state;
    uint8_t bytes[49];
    char expected[300];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)i;
    HM_BUF pem = HM_BUF_EMPTY;
    assert_done(hm_pem_put(&pem, "X", HM_BYTES(bytes, 48)));
    assert_done(hm_pem_put(&pem, "Y", HM_ARRAY(bytes)));
    snprintf(expected, sizeof expected,
             "-----BEGIN X-----\n%s\n-----END X-----\n-----BEGIN Y-----\n%s\nMA==\n-----END Y-----\n", digits_of_64,
             digits_of_64);
    assert_true(hm_bytes_equal(hm_buf_bytes(&pem), hm_text(expected)));
}

static void takes_windows_lines_and_a_last_line_without_end(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    hm_bytes label;
    assert_done(read("-----BEGIN X-----\r\nAAEC\r\n-----END X-----\r\n", &label, &der));
    assert_done(read("-----BEGIN X-----\nAwQ=\n-----END X-----", &label, &der));
    assert_bytes(hm_buf_bytes(&der), "\0\1\2\3\4");
    assert_bytes(label, "X");
}

static void refuses_what_is_no_pem_text(void **state) {
    (void)state;
    assert_refused_as("", "empty");
    static const char *const others[] = {"\n",
                                         "hello",
                                         " -----BEGIN X-----\nAAEC\n-----END X-----\n",
                                         "a comment\n-----BEGIN X-----\nAAEC\n-----END X-----\n",
                                         "-----BEGIN X----\nAAEC\n-----END X-----\n",
                                         "-----BEGIN X----- \nAAEC\n-----END X-----\n",
                                         "-----BEGIN -----\nAAEC\n-----END -----\n",
                                         "-----BEGIN",
                                         "-----BEGIN ----",
                                         "0\x82\1\2"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) assert_refused_as(others[i], "does not begin");
}

static void refuses_a_block_that_is_cut_off(void **state) {
    (void)state;
    static const char whole[] = "-----BEGIN X-----\nAAECAwQF\n-----END X-----";
    char text[sizeof whole];
    HM_BUF der = HM_BUF_EMPTY;
    hm_bytes label;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        memcpy(text, whole, len);
        text[len] = 0;
        assert_refused(read(text, &label, &der));
        assert_int_equal(der.len, 0);
    }
    assert_refused_as("-----BEGIN X-----\nAAEC\n", "cut off");
}

static void refuses_what_follows_the_end(void **state) {
    (void)state;
    assert_refused_as("-----BEGIN X-----\nAAEC\n-----END X-----\n\n", "behind the end");
    assert_refused_as("-----BEGIN X-----\nAAEC\n-----END X-----\n ", "behind the end");
    assert_refused_as("-----BEGIN X-----\nAAEC\n-----END X-----\nX", "behind the end");
    assert_refused_as("-----BEGIN X-----\nAAEC\n-----END X-----\n-----BEGIN X-----\nAAEC\n-----END X-----\n",
                      "more than one");
}

static void refuses_another_label_at_the_end(void **state) {
    (void)state;
    assert_refused_as("-----BEGIN X-----\nAAEC\n-----END Y-----\n", "another kind");
    assert_refused_as("-----BEGIN X-----\nAAEC\n-----END XX-----\n", "another kind");
}

static void refuses_an_empty_block(void **state) {
    (void)state;
    assert_refused_as("-----BEGIN X-----\n-----END X-----\n", "nothing");
}

static void refuses_lines_of_other_lengths(void **state) {
    (void)state;
    char text[300];
    assert_refused_as("-----BEGIN X-----\n\nAAEC\n-----END X-----\n", "wrong length");
    assert_refused_as("-----BEGIN X-----\nAAEC\nAAEC\n-----END X-----\n", "wrong length");
    snprintf(text, sizeof text, "-----BEGIN X-----\n%sAAEC\n-----END X-----\n", digits_of_64);
    assert_refused_as(text, "wrong length");
    snprintf(text, sizeof text, "-----BEGIN X-----\n%.62s==\nAAEC\n-----END X-----\n", digits_of_64);
    HM_BUF der = HM_BUF_EMPTY;
    assert_refused(read(text, &(hm_bytes){0}, &der));
    snprintf(text, sizeof text, "-----BEGIN X-----\n%.60sAA==\nAAEC\n-----END X-----\n", digits_of_64);
    assert_refused_as(text, "wrong length");
}

static void refuses_what_is_not_canonical_base64(void **state) {
    (void)state;
    assert_refused_as("-----BEGIN X-----\nAAE\n-----END X-----\n", "base64");
    assert_refused_as("-----BEGIN X-----\nAAE*\n-----END X-----\n", "base64");
    assert_refused_as("-----BEGIN X-----\nAAF=\n-----END X-----\n", "base64");
    assert_refused_as("-----BEGIN X-----\nAAE C\n-----END X-----\n", "base64");
    assert_refused_as("-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAEC\n-----END X-----\n", "base64");
}

static void no_fault_quotes_the_text(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    hm_bytes label;
    assert_refused(read("-----BEGIN hunter2-----\nhunter2\n-----END hunter2-----\n", &label, &der));
    assert_null(strstr(hm_err_sentence(), "hunter2"));
    assert_refused(read("hunter2", &label, &der));
    assert_null(strstr(hm_err_sentence(), "hunter2"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_can_be_read),
        cmocka_unit_test(writes_lines_of_64_characters),
        cmocka_unit_test(takes_windows_lines_and_a_last_line_without_end),
        cmocka_unit_test(refuses_what_is_no_pem_text),
        cmocka_unit_test(refuses_a_block_that_is_cut_off),
        cmocka_unit_test(refuses_what_follows_the_end),
        cmocka_unit_test(refuses_another_label_at_the_end),
        cmocka_unit_test(refuses_an_empty_block),
        cmocka_unit_test(refuses_lines_of_other_lengths),
        cmocka_unit_test(refuses_what_is_not_canonical_base64),
        cmocka_unit_test(no_fault_quotes_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
