/* docs/core-language.md is the table of lib/core/wire_table.c for readers: neither says what the other does not. */
#include "core_test.h"

#include <base/file.h>

#include <fcntl.h>

static hm_buf document;

static int read_document(void **state) {
    (void)state;
    return hm_failed(hm_file_read(AT_FDCWD, HALLMARK_SOURCE "/docs/core-language.md", 1000000, &document));
}

static int forget_document(void **state) {
    (void)state;
    hm_buf_clear(&document);
    return 0;
}

static void put_field(const hm_wire_field_rule *field, hm_buf *row) {
    unsigned long long least = field->least, most = field->most;
    const char *kind = field->kind == HM_WIRE_NUMBER ? "number" : field->kind == HM_WIRE_TEXT ? "text" : "bytes";
    if (field->kind == HM_WIRE_NUMBER && least == 0 && most == UINT64_MAX)
        assert_done(hm_put_format(row, "`%s` any number", field->name));
    else if (least == most)
        assert_done(hm_put_format(row, "`%s` %llu %s", field->name, least, kind));
    else
        assert_done(hm_put_format(row, "`%s` %s %llu–%llu", field->name, kind, least, most));
}

/* "| 11 | narrow | `product` text 1–64 · ... |" */
static void put_row(const hm_wire_rule *rule, hm_buf *row) {
    assert_done(hm_put_format(row, "| %d | %s | ", (int)rule->type, rule->name));
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
        if (i) assert_done(hm_put_text(row, " · "));
        put_field(&rule->field[i], row);
    }
    if (!rule->field[0].name) assert_done(hm_put_text(row, "none"));
    assert_done(hm_put_text(row, " |"));
}

static void the_document_has_every_row_of_the_table(void **state) {
    (void)state;
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        HM_BUF row = HM_BUF_EMPTY;
        put_row(rule, &row);
        if (!memmem(document.data, document.len, row.data, row.len))
            fail_msg("docs/core-language.md lacks this row:\n%.*s", (int)row.len, (const char *)row.data);
    }
}

/* Rows of the two tables, and only they, begin with a number. */
static void the_document_has_no_other_rows(void **state) {
    (void)state;
    size_t rules = 0, rows = 0;
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) rules++;
    hm_reader reader = hm_reader_of(hm_buf_bytes(&document));
    for (hm_bytes line; reader.rest.len;) {
        assert_done(hm_read_line(&reader, &line));
        rows += line.len > 2 && line.data[0] == '|' && line.data[2] >= '0' && line.data[2] <= '9';
    }
    assert_int_equal(rows, rules);
}

static void the_document_names_the_version_and_the_longest_frame(void **state) {
    (void)state;
    HM_BUF version = HM_BUF_EMPTY, longest = HM_BUF_EMPTY;
    assert_done(hm_put_format(&version, "This is version %d.", HM_WIRE_VERSION));
    assert_done(hm_put_format(&longest, "at most %d\n", HM_WIRE_FRAME_MAX));
    assert_non_null(memmem(document.data, document.len, version.data, version.len));
    assert_non_null(memmem(document.data, document.len, longest.data, longest.len));
}

static void questions_are_odd_and_answers_even(void **state) {
    (void)state;
    const uint8_t *answers = memmem(document.data, document.len, "## Answers", 10);
    assert_non_null(answers);
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        HM_BUF start = HM_BUF_EMPTY;
        assert_done(hm_put_format(&start, "\n| %d | ", (int)rule->type));
        const uint8_t *at = memmem(document.data, document.len, start.data, start.len);
        assert_non_null(at);
        assert_int_equal(rule->type % 2, at < answers);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_has_every_row_of_the_table),
        cmocka_unit_test(the_document_has_no_other_rows),
        cmocka_unit_test(the_document_names_the_version_and_the_longest_frame),
        cmocka_unit_test(questions_are_odd_and_answers_even),
    };
    return cmocka_run_group_tests(tests, read_document, forget_document);
}
