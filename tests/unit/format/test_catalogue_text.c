/* The text of catalogues: what is written, and that nothing but that is read. */
#include "catalogue_test.h"

static const test_entry small[] = {
    {HM_ENTRY_FOLDER, "bin", 0755, NULL},
    {HM_ENTRY_FILE, "bin/tool", 04755, "abc"},
    {HM_ENTRY_LINK, "link", 0777, "bin/tool"},
    {0},
};
#define SMALL                                                                                                          \
    HEAD "# folder 0755 bin\n"                                                                                         \
         "# mode 4755 bin/tool\n" ABC_SHA256 "  bin/tool\n"                                                            \
         "# link link\n"                                                                                               \
         "# target bin/tool\n"                                                                                         \
         "# end of catalogue, entries: 3\n"

#define FILE_A "# mode 0644 a\n" EMPTY_SHA256 "  a\n"
#define FILE_B "# mode 0644 b\n" EMPTY_SHA256 "  b\n"
#define END(n) "# end of catalogue, entries: " #n "\n"

static void refuses_text(const char *text, const char *because) {
    static const test_entry a_file[] = {{HM_ENTRY_FILE, "a", 0644, ""}, {0}};
    HM_BUF findings = HM_BUF_EMPTY;
    assert_sentence(read_of(hm_text(text), a_file, &findings), HM_REFUSED, because);
    /* A text that is not in order is no basis for findings. */
    assert_int_equal(findings.len, 0);
}

static void writes_the_known_text(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    HM_MUST(write_of(small, &text));
    assert_text(&text, SMALL);
}

static void accepts_the_known_text(void **state) {
    (void)state;
    test_folder folder = {small};
    hm_digests digests = {.count = 3,
                          .digest = {{.algorithm = HM_SHA512}, {.algorithm = HM_SHA256}, {.algorithm = HM_SHA512}}};
    HM_BUF findings = HM_BUF_EMPTY;
    HM_MUST(read_catalogue(hm_text(SMALL), &(hm_tree){&folder, test_folder_next}, &digests, &findings));
    assert_int_equal(findings.len, 0);
    hm_digest expected;
    hm_digest_of(HM_SHA512, hm_text(SMALL), &expected);
    assert_true(hm_digest_equal(&digests.digest[0], &expected));
    assert_true(hm_digest_equal(&digests.digest[2], &expected));
    hm_digest_of(HM_SHA256, hm_text(SMALL), &expected);
    assert_true(hm_digest_equal(&digests.digest[1], &expected));
}

static void escapes_as_sha256sum_does(void **state) {
    (void)state;
    static const test_entry odd[] = {
        {HM_ENTRY_FILE, " #b\\c", 0, ""},
        {HM_ENTRY_FILE, "-", 07777, ""},
        {HM_ENTRY_LINK, "l\n", 0, "x\\\r y"},
        {0},
    };
    HM_BUF text = HM_BUF_EMPTY;
    HM_MUST(write_of(odd, &text));
    assert_text(&text, HEAD "# mode 0000  #b\\\\c\n\\" EMPTY_SHA256 "   #b\\\\c\n"
                            "# mode 7777 -\n" EMPTY_SHA256 "  ./-\n"
                            "# link l\\n\n# target x\\\\\\r y\n" END(3));
    HM_MUST(read_of(hm_buf_bytes(&text), odd, NULL));
}

static void sorts_slash_below_every_byte(void **state) {
    (void)state;
    static const test_entry order[] = {
        {HM_ENTRY_FOLDER, "a", 0755, NULL},
        {HM_ENTRY_FILE, "a/\x01", 0644, ""},
        {HM_ENTRY_FILE, "a/z", 0644, ""},
        {HM_ENTRY_FOLDER, "a\x01", 0755, NULL},
        {HM_ENTRY_FILE, "a\x01/b", 0644, ""},
        {HM_ENTRY_FILE, "a b", 0644, ""},
        {HM_ENTRY_FILE, "a-", 0644, ""},
        {HM_ENTRY_FILE, "b", 0644, ""},
        {HM_ENTRY_FILE, "\xc3\xa4", 0644, ""},
        {HM_ENTRY_FILE, "\xff", 0644, ""},
        {0},
    };
    HM_BUF text = HM_BUF_EMPTY;
    HM_MUST(write_of(order, &text));
    HM_MUST(read_of(hm_buf_bytes(&text), order, NULL));
}

static void refuses_every_changed_byte(void **state) {
    (void)state;
    char text[] = SMALL;
    size_t len = sizeof text - 1;
    for (size_t i = 0; i < len; i++)
        for (unsigned flip = 1; flip < 256; flip++) {
            text[i] = (char)(text[i] ^ (char)flip);
            if (read_of(HM_BYTES(text, len), small, NULL).class != HM_REFUSED)
                fail_msg("byte %zu xor %02x is accepted", i, flip);
            text[i] = (char)(text[i] ^ (char)flip);
        }
}

static void refuses_every_truncation(void **state) {
    (void)state;
    for (size_t len = 0; len < sizeof SMALL - 1; len++) {
        static const test_entry nothing[] = {{0}};
        assert_int_equal(read_of(HM_BYTES(SMALL, len), small, NULL).class, HM_REFUSED);
        assert_int_equal(read_of(HM_BYTES(SMALL, len), nothing, NULL).class, HM_REFUSED);
    }
}

static void refuses_every_doubled_or_missing_byte(void **state) {
    (void)state;
    static const char small_text[] = SMALL;
    char text[sizeof small_text];
    size_t len = sizeof small_text - 1;
    for (size_t i = 0; i < len; i++) {
        memcpy(text, small_text, i + 1);
        memcpy(&text[i + 1], &small_text[i], len - i);
        assert_int_equal(read_of(HM_BYTES(text, len + 1), small, NULL).class, HM_REFUSED);
        memcpy(text, small_text, i);
        memcpy(&text[i], &small_text[i + 1], len - i - 1);
        assert_int_equal(read_of(HM_BYTES(text, len - 1), small, NULL).class, HM_REFUSED);
    }
}

static void refuses_another_version(void **state) {
    (void)state;
    char text[] = HEAD FILE_A END(1);
    HM_MUST(read_of(hm_text(text), (const test_entry[]){{HM_ENTRY_FILE, "a", 0644, ""}, {0}}, NULL));
    *strchr(text, '1') = '2';
    refuses_text(text, "not a Hallmark catalogue of version 1");
}
static void refuses_plain_sha256sum_output(void **state) {
    (void)state;
    refuses_text(EMPTY_SHA256 "  a\n", "not a Hallmark catalogue");
}
static void refuses_an_empty_text(void **state) {
    (void)state;
    refuses_text("", "not a Hallmark catalogue");
}
static void refuses_a_catalogue_of_nothing(void **state) {
    (void)state;
    refuses_text(HEAD END(0), "nothing to sign");
}
static void refuses_entries_out_of_order(void **state) {
    (void)state;
    refuses_text(HEAD FILE_B FILE_A END(2), "a: out of order");
}
static void refuses_an_entry_listed_twice(void **state) {
    (void)state;
    refuses_text(HEAD FILE_A FILE_A END(2), "a: listed twice");
    refuses_text(HEAD FILE_A "# folder 0755 a\n" END(2), "a: listed twice");
}
static void refuses_absolute_paths(void **state) {
    (void)state;
    refuses_text(HEAD "# folder 0755 /a\n" END(1), "absolute");
}
static void refuses_dot_dot_wherever_it_stands(void **state) {
    (void)state;
    refuses_text(HEAD "# folder 0755 ..\n" END(1), "\"..\"");
    refuses_text(HEAD "# folder 0755 a\n# mode 0644 a/../b\n" EMPTY_SHA256 "  a/../b\n" END(2), "\"..\"");
    refuses_text(HEAD "# folder 0755 a\n# folder 0755 a/..\n" END(2), "\"..\"");
}
static void refuses_empty_and_dot_components(void **state) {
    (void)state;
    refuses_text(HEAD "# folder 0755 \n" END(1), "empty path");
    refuses_text(HEAD "# folder 0755 a//b\n" END(1), "empty");
    refuses_text(HEAD "# folder 0755 a/\n" END(1), "ends in '/'");
    refuses_text(HEAD "# folder 0755 .\n" END(1), "\".\"");
    refuses_text(HEAD "# mode 0644 ./a\n" EMPTY_SHA256 "  ./a\n" END(1), "\".\"");
}
static void refuses_zero_bytes_in_paths(void **state) {
    (void)state;
    static const char text[] = HEAD "# folder 0755 a\0b\n" END(1);
    assert_int_equal(read_of(HM_BYTES(text, sizeof text - 1), small, NULL).class, HM_REFUSED);
}
static void refuses_entries_whose_folder_is_not_listed(void **state) {
    (void)state;
    refuses_text(HEAD "# folder 0755 a/b\n" END(1), "its folder is not listed");
    refuses_text(HEAD "# folder 0755 a\n# folder 0755 b/c\n" END(2), "its folder is not listed");
    refuses_text(HEAD "# folder 0755 a\n# folder 0755 ab/c\n" END(2), "its folder is not listed");
    refuses_text(HEAD "# folder 0755 ab\n# folder 0755 ab/c\n# folder 0755 ab/d/e\n" END(3),
                 "its folder is not listed");
}
static void refuses_entries_below_files_and_links(void **state) {
    (void)state;
    refuses_text(HEAD FILE_A "# folder 0755 a/b\n" END(2), "its folder is not listed");
    refuses_text(HEAD "# link a\n# target /etc\n# mode 0644 a/b\n" EMPTY_SHA256 "  a/b\n" END(2),
                 "its folder is not listed");
}
static void refuses_unknown_and_unfinished_escapes(void **state) {
    (void)state;
    refuses_text(HEAD "# folder 0755 a\\t\n" END(1), "escape");
    refuses_text(HEAD "# folder 0755 a\\\n" END(1), "early");
}
static void refuses_bytes_that_should_be_escaped(void **state) {
    (void)state;
    refuses_text(HEAD "# folder 0755 a\r\n" END(1), "canonical");
}
static void refuses_a_sum_escaped_without_need_or_not_escaped(void **state) {
    (void)state;
    refuses_text(HEAD "# mode 0644 a\n\\" EMPTY_SHA256 "  a\n" END(1), "canonical");
    refuses_text(HEAD "# mode 0644 a\\n\n" EMPTY_SHA256 "  a\\n\n" END(1), "canonical");
}
static void refuses_modes_that_are_not_four_octal_digits(void **state) {
    (void)state;
    refuses_text(HEAD "# folder 755 a\n" END(1), "four octal digits");
    refuses_text(HEAD "# folder 00755 a\n" END(1), "four octal digits");
    refuses_text(HEAD "# folder 0789 a\n" END(1), "four octal digits");
    refuses_text(HEAD "# folder +755 a\n" END(1), "four octal digits");
    refuses_text(HEAD "# folder 0755\n" END(1), "four octal digits");
}
static void refuses_a_sum_for_another_path(void **state) {
    (void)state;
    refuses_text(HEAD "# mode 0644 a\n" EMPTY_SHA256 "  b\n" END(1), "canonical");
}
static void refuses_binary_mode_and_upper_case_sums(void **state) {
    (void)state;
    refuses_text(HEAD "# mode 0644 a\n" EMPTY_SHA256 " *a\n" END(1), "canonical");
    refuses_text(HEAD "# mode 0644 a\nE3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855  a\n" END(1),
                 "hexadecimal");
    refuses_text(HEAD "# mode 0644 a\ne3b0  a\n" END(1), "early");
}
static void refuses_a_file_without_sum_and_a_sum_without_mode(void **state) {
    (void)state;
    refuses_text(HEAD "# mode 0644 a\n" END(1), "early");
    refuses_text(HEAD EMPTY_SHA256 "  a\n" END(1), "no entry");
}
static void refuses_links_without_target(void **state) {
    (void)state;
    refuses_text(HEAD "# link a\n" END(1), "without a target");
    refuses_text(HEAD "# link a\n# target \n" END(1), "target is empty");
}
static void refuses_lines_that_are_no_entry(void **state) {
    (void)state;
    refuses_text(HEAD "# a remark\n" FILE_A END(1), "no entry");
    refuses_text(HEAD "\n" FILE_A END(1), "no entry");
    refuses_text(HEAD FILE_A " " END(1), "no entry");
}
static void refuses_a_wrong_count(void **state) {
    (void)state;
    refuses_text(HEAD FILE_A END(2), "canonical");
    refuses_text(HEAD FILE_A END(01), "canonical");
}
static void refuses_a_missing_end(void **state) {
    (void)state;
    refuses_text(HEAD FILE_A, "does not end");
    refuses_text(HEAD FILE_A "# end of catalogue, entries: 1", "does not end");
}
static void refuses_bytes_behind_the_end(void **state) {
    (void)state;
    refuses_text(HEAD FILE_A END(1) "\n", "too many");
    refuses_text(HEAD FILE_A END(1) FILE_B, "too many");
    refuses_text(HEAD FILE_A END(1) END(1), "too many");
}
static void refuses_windows_line_ends(void **state) {
    (void)state;
    refuses_text(HEAD "# mode 0644 a\r\n" EMPTY_SHA256 "  a\r\n" END(1), "canonical");
}
static void refuses_to_list_the_catalogue_itself(void **state) {
    (void)state;
    refuses_text(HEAD "# mode 0644 SHA256SUMS\n" EMPTY_SHA256 "  SHA256SUMS\n" END(1), "catalogue's own");
    refuses_text(HEAD "# folder 0755 SHA256SUMS.p7s\n" END(1), "catalogue's own");
    refuses_text(HEAD "# link SHA256SUMS.tlog-proof\n# target x\n" END(1), "catalogue's own");
}

/* HEAD, one folder or link whose path or target is LEN times BYTE, END. */
static void put_long(hm_buf *text, const char *before, uint8_t byte, size_t len, const char *behind) {
    text->len = 0;
    HM_MUST(hm_put_format(text, "%s%s", HEAD, before));
    for (size_t i = 0; i < len; i++) HM_MUST(hm_put_u8(text, byte));
    HM_MUST(hm_put_format(text, "\n%s%s", behind, END(1)));
}

static void refuses_paths_over_4096_bytes(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    put_long(&text, "# folder 0755 ", 'a', 4096, "");
    assert_sentence(read_of(hm_buf_bytes(&text), small, NULL), HM_REFUSED, "difference");
    put_long(&text, "# folder 0755 ", 'a', 4097, "");
    assert_sentence(read_of(hm_buf_bytes(&text), small, NULL), HM_REFUSED, "longer than 4096");
    put_long(&text, "# folder 0755 ", 'a', 3000000, "");
    assert_int_equal(read_of(hm_buf_bytes(&text), small, NULL).class, HM_REFUSED);
}

static void refuses_targets_over_4096_bytes(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    put_long(&text, "# link a\n# target ", 'a', 4096, "");
    assert_sentence(read_of(hm_buf_bytes(&text), small, NULL), HM_REFUSED, "difference");
    put_long(&text, "# link a\n# target ", 'a', 4097, "");
    assert_sentence(read_of(hm_buf_bytes(&text), small, NULL), HM_REFUSED, "target");
}

static void accepts_the_longest_entries_and_refuses_longer_ones(void **state) {
    (void)state;
    static char path[4097], target[4098], deep[200];
    memset(path, '\n', 4096);
    memset(target, '\\', 4096);
    test_entry entries[] = {{HM_ENTRY_LINK, path, 0, target}, {0}};
    HM_BUF text = HM_BUF_EMPTY;
    HM_MUST(write_of(entries, &text));
    HM_MUST(read_of(hm_buf_bytes(&text), entries, NULL));
    target[4096] = 'x';
    assert_int_equal(write_of(entries, &text).class, HM_REFUSED);
    for (size_t i = 0; i < 65; i++) strcat(deep, i ? "/a" : "a");
    assert_sentence(write_of((const test_entry[]){{HM_ENTRY_FOLDER, deep, 0755, NULL}, {0}}, &text), HM_REFUSED,
                    "64 deep");
}

static void refuses_to_write_what_cannot_be_signed(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    assert_sentence(write_of((const test_entry[]){{HM_ENTRY_OTHER, "null", 0666, NULL}, {0}}, &text), HM_REFUSED,
                    "null: is a device");
    assert_sentence(write_of((const test_entry[]){{0}}, &text), HM_REFUSED, "empty");
    assert_sentence(write_of((const test_entry[]){{HM_ENTRY_FOLDER, "SHA256SUMS", 0755, NULL}, {0}}, &text), HM_REFUSED,
                    "catalogue's own");
}

static void refuses_to_write_a_tree_that_is_out_of_order(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    assert_sentence(
        write_of((const test_entry[]){{HM_ENTRY_FILE, "b", 0, ""}, {HM_ENTRY_FILE, "a", 0, ""}, {0}}, &text),
        HM_REFUSED, "out of order");
    assert_sentence(write_of((const test_entry[]){{HM_ENTRY_FILE, "../a", 0, ""}, {0}}, &text), HM_REFUSED, "\"..\"");
}

static void leaves_out_the_catalogue_and_its_signature(void **state) {
    (void)state;
    static const test_entry entries[] = {
        {HM_ENTRY_FILE, "SHA256SUMS", 0644, "old"},
        {HM_ENTRY_FILE, "SHA256SUMS.p7s", 0644, "old"},
        {HM_ENTRY_FILE, "SHA256SUMS.tlog-proof", 0644, "old"},
        {HM_ENTRY_FOLDER, "d", 0755, NULL},
        {HM_ENTRY_FILE, "d/SHA256SUMS", 0644, ""},
        {0},
    };
    HM_BUF text = HM_BUF_EMPTY;
    HM_MUST(write_of(entries, &text));
    assert_text(&text, HEAD "# folder 0755 d\n# mode 0644 d/SHA256SUMS\n" EMPTY_SHA256 "  d/SHA256SUMS\n" END(2));
    HM_MUST(read_of(hm_buf_bytes(&text), entries, NULL));
}

static void leaves_the_digests_alone_when_the_text_is_refused(void **state) {
    (void)state;
    test_folder folder = {small};
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    assert_int_equal(read_catalogue(hm_text(SMALL "x"), &(hm_tree){&folder, test_folder_next}, &digests, NULL).class,
                     HM_REFUSED);
    assert_int_equal(digests.digest[0].len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_known_text),
        cmocka_unit_test(accepts_the_known_text),
        cmocka_unit_test(escapes_as_sha256sum_does),
        cmocka_unit_test(sorts_slash_below_every_byte),
        cmocka_unit_test(refuses_every_changed_byte),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_every_doubled_or_missing_byte),
        cmocka_unit_test(refuses_another_version),
        cmocka_unit_test(refuses_plain_sha256sum_output),
        cmocka_unit_test(refuses_an_empty_text),
        cmocka_unit_test(refuses_a_catalogue_of_nothing),
        cmocka_unit_test(refuses_entries_out_of_order),
        cmocka_unit_test(refuses_an_entry_listed_twice),
        cmocka_unit_test(refuses_absolute_paths),
        cmocka_unit_test(refuses_dot_dot_wherever_it_stands),
        cmocka_unit_test(refuses_empty_and_dot_components),
        cmocka_unit_test(refuses_zero_bytes_in_paths),
        cmocka_unit_test(refuses_entries_whose_folder_is_not_listed),
        cmocka_unit_test(refuses_entries_below_files_and_links),
        cmocka_unit_test(refuses_unknown_and_unfinished_escapes),
        cmocka_unit_test(refuses_bytes_that_should_be_escaped),
        cmocka_unit_test(refuses_a_sum_escaped_without_need_or_not_escaped),
        cmocka_unit_test(refuses_modes_that_are_not_four_octal_digits),
        cmocka_unit_test(refuses_a_sum_for_another_path),
        cmocka_unit_test(refuses_binary_mode_and_upper_case_sums),
        cmocka_unit_test(refuses_a_file_without_sum_and_a_sum_without_mode),
        cmocka_unit_test(refuses_links_without_target),
        cmocka_unit_test(refuses_lines_that_are_no_entry),
        cmocka_unit_test(refuses_a_wrong_count),
        cmocka_unit_test(refuses_a_missing_end),
        cmocka_unit_test(refuses_bytes_behind_the_end),
        cmocka_unit_test(refuses_windows_line_ends),
        cmocka_unit_test(refuses_to_list_the_catalogue_itself),
        cmocka_unit_test(refuses_paths_over_4096_bytes),
        cmocka_unit_test(refuses_targets_over_4096_bytes),
        cmocka_unit_test(accepts_the_longest_entries_and_refuses_longer_ones),
        cmocka_unit_test(refuses_to_write_what_cannot_be_signed),
        cmocka_unit_test(refuses_to_write_a_tree_that_is_out_of_order),
        cmocka_unit_test(leaves_out_the_catalogue_and_its_signature),
        cmocka_unit_test(leaves_the_digests_alone_when_the_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
