#include "base_test.h"

static const uint8_t octets[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void reads_numbers_in_both_orders(void **state) {
    (void)state;
    hm_reader big = hm_reader_of(HM_ARRAY(octets)), little = big;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    assert_done(hm_read_u8(&big, &u8));
    assert_int_equal(u8, 1);
    assert_done(hm_read_u16be(&big, &u16));
    assert_int_equal(u16, 0x0203);
    assert_done(hm_read_u32be(&big, &u32));
    assert_int_equal(u32, 0x04050607);
    assert_done(hm_read_u16le(&little, &u16));
    assert_int_equal(u16, 0x0201);
    assert_done(hm_read_u32le(&little, &u32));
    assert_int_equal(u32, 0x06050403);
    little = big = hm_reader_of(HM_ARRAY(octets));
    assert_done(hm_read_u64be(&big, &u64));
    assert_int_equal(u64, 0x0102030405060708);
    assert_done(hm_read_u64le(&little, &u64));
    assert_int_equal(u64, 0x0807060504030201);
}

static void refuses_a_short_read_and_stays_where_it_was(void **state) {
    (void)state;
    hm_reader reader = hm_reader_of(HM_BYTES(octets, 3));
    uint32_t u32 = 77;
    uint64_t u64 = 78;
    assert_refused(hm_read_u32be(&reader, &u32));
    assert_refused(hm_read_u64le(&reader, &u64));
    assert_int_equal(u32, 77);
    assert_int_equal(u64, 78);
    hm_bytes part = HM_NO_BYTES;
    assert_refused(hm_read_bytes(&reader, 4, &part));
    assert_refused(hm_read_bytes(&reader, SIZE_MAX, &part));
    assert_null(part.data);
    assert_refused(hm_read_skip(&reader, 4));
    uint8_t copy[4] = {0};
    assert_refused(hm_read_copy(&reader, copy, sizeof copy));
    assert_int_equal(reader.rest.len, 3);
    assert_ptr_equal(reader.rest.data, octets);
}

static void says_how_many_bytes_are_missing(void **state) {
    (void)state;
    hm_reader reader = hm_reader_of(HM_BYTES(octets, 3));
    assert_refused(hm_read_skip(&reader, 10));
    assert_non_null(strstr(hm_err_sentence(), "7 bytes"));
}

static void reads_lines_without_their_ends(void **state) {
    (void)state;
    hm_reader reader = hm_reader_of(LITERAL("one\n\nthree\nrest"));
    hm_bytes line;
    assert_done(hm_read_line(&reader, &line));
    assert_bytes(line, "one");
    assert_done(hm_read_line(&reader, &line));
    assert_int_equal(line.len, 0);
    assert_done(hm_read_line(&reader, &line));
    assert_bytes(line, "three");
    assert_refused(hm_read_line(&reader, &line));
    assert_bytes(reader.rest, "rest");
}

static void refuses_a_line_in_nothing(void **state) {
    (void)state;
    hm_reader reader = hm_reader_of(HM_NO_BYTES);
    hm_bytes line;
    assert_refused(hm_read_line(&reader, &line));
}

static void nothing_can_be_read_to_its_end(void **state) {
    (void)state;
    hm_reader reader = hm_reader_of(HM_NO_BYTES);
    hm_bytes part;
    uint8_t u8;
    assert_done(hm_read_bytes(&reader, 0, &part));
    assert_done(hm_read_copy(&reader, &u8, 0));
    assert_done(hm_read_end(&reader));
    assert_refused(hm_read_u8(&reader, &u8));
}

static void refuses_bytes_behind_the_end(void **state) {
    (void)state;
    hm_reader reader = hm_reader_of(HM_ARRAY(octets));
    assert_done(hm_read_skip(&reader, 8));
    assert_refused(hm_read_end(&reader));
    assert_done(hm_read_skip(&reader, 1));
    assert_done(hm_read_end(&reader));
}

static void a_part_lies_inside(void **state) {
    (void)state;
    hm_bytes part;
    assert_done(hm_bytes_part(HM_ARRAY(octets), 2, 3, &part));
    assert_ptr_equal(part.data, octets + 2);
    assert_int_equal(part.len, 3);
    assert_done(hm_bytes_part(HM_ARRAY(octets), 9, 0, &part));
    assert_done(hm_bytes_part(HM_NO_BYTES, 0, 0, &part));
    assert_int_equal(part.len, 0);
}

static void refuses_a_part_outside_even_if_the_sum_wraps(void **state) {
    (void)state;
    hm_bytes part = HM_NO_BYTES;
    assert_refused(hm_bytes_part(HM_ARRAY(octets), 10, 0, &part));
    assert_refused(hm_bytes_part(HM_ARRAY(octets), 0, 10, &part));
    assert_refused(hm_bytes_part(HM_ARRAY(octets), 5, SIZE_MAX - 3, &part));
    assert_refused(hm_bytes_part(HM_ARRAY(octets), SIZE_MAX, 1, &part));
    assert_null(part.data);
}

static void compares_as_memcmp_does_and_shorter_first(void **state) {
    (void)state;
    assert_int_equal(hm_bytes_compare(LITERAL("abc"), LITERAL("abc")), 0);
    assert_true(hm_bytes_compare(LITERAL("ab"), LITERAL("abc")) < 0);
    assert_true(hm_bytes_compare(LITERAL("abd"), LITERAL("abcd")) > 0);
    assert_true(hm_bytes_compare(LITERAL("\xff"), LITERAL("a")) > 0);
    assert_true(hm_bytes_compare(HM_NO_BYTES, LITERAL("a")) < 0);
    assert_int_equal(hm_bytes_compare(HM_NO_BYTES, HM_NO_BYTES), 0);
}

static void equal_means_length_and_every_byte(void **state) {
    (void)state;
    assert_true(hm_bytes_equal(LITERAL("a\0b"), LITERAL("a\0b")));
    assert_false(hm_bytes_equal(LITERAL("a\0b"), LITERAL("a\0c")));
    assert_false(hm_bytes_equal(LITERAL("a"), LITERAL("a\0")));
    assert_true(hm_bytes_equal(HM_NO_BYTES, LITERAL("")));
}

static void puts_numbers_in_both_orders(void **state) {
    (void)state;
    HM_BUF buf = HM_BUF_EMPTY;
    assert_done(hm_put_u8(&buf, 0x01));
    assert_done(hm_put_u16be(&buf, 0x0203));
    assert_done(hm_put_u32be(&buf, 0x04050607));
    assert_done(hm_put_u64be(&buf, 0x08090a0b0c0d0e0f));
    assert_done(hm_put_u16le(&buf, 0x0203));
    assert_done(hm_put_u32le(&buf, 0x04050607));
    assert_bytes(hm_buf_bytes(&buf), "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf\3\2\7\6\5\4");
}

static void grows_and_keeps_what_it_holds(void **state) {
    (void)state;
    HM_BUF buf = HM_BUF_EMPTY;
    for (unsigned i = 0; i < 100000; i++) assert_done(hm_put_u8(&buf, (uint8_t)(i * 7)));
    assert_int_equal(buf.len, 100000);
    for (unsigned i = 0; i < 100000; i++) assert_int_equal(buf.data[i], (uint8_t)(i * 7));
}

static void cannot_reserve_more_than_there_is(void **state) {
    (void)state;
    HM_BUF buf = HM_BUF_EMPTY;
    assert_done(hm_put_text(&buf, "kept"));
    assert_could_not(hm_buf_reserve(&buf, SIZE_MAX));
    assert_could_not(hm_buf_reserve(&buf, SIZE_MAX - 4));
    assert_could_not(hm_buf_reserve(&buf, SIZE_MAX / 2 + 1));
    assert_bytes(hm_buf_bytes(&buf), "kept");
}

static void inserts_zeros_inside_and_at_both_ends(void **state) {
    (void)state;
    HM_BUF buf = HM_BUF_EMPTY;
    assert_done(hm_put_text(&buf, "ab"));
    assert_done(hm_buf_insert(&buf, 1, 2));
    assert_bytes(hm_buf_bytes(&buf), "a\0\0b");
    assert_done(hm_buf_insert(&buf, 0, 1));
    assert_done(hm_put_zeros(&buf, 1));
    assert_done(hm_buf_insert(&buf, 3, 0));
    assert_bytes(hm_buf_bytes(&buf), "\0a\0\0b\0");
    assert_refused(hm_buf_insert(&buf, 7, 1));
    assert_int_equal(buf.len, 6);
}

static void a_string_ends_in_a_zero_that_is_not_counted(void **state) {
    (void)state;
    HM_BUF buf = HM_BUF_EMPTY;
    const char *string;
    assert_done(hm_buf_string(&buf, &string));
    assert_string_equal(string, "");
    assert_done(hm_put_format(&buf, "%s-%d", "text", 7));
    assert_done(hm_buf_string(&buf, &string));
    assert_string_equal(string, "text-7");
    assert_int_equal(buf.len, 6);
}

static void refuses_a_string_with_a_zero_inside(void **state) {
    (void)state;
    HM_BUF buf = HM_BUF_EMPTY;
    const char *string = "unchanged";
    assert_done(hm_put(&buf, LITERAL("name\0.exe")));
    assert_refused(hm_buf_string(&buf, &string));
    assert_string_equal(string, "unchanged");
}

static void a_cleared_buffer_can_be_used_again(void **state) {
    (void)state;
    HM_BUF buf = HM_BUF_EMPTY;
    assert_done(hm_put_text(&buf, "before"));
    hm_buf_clear(&buf);
    hm_buf_clear(&buf);
    assert_int_equal(buf.len, 0);
    assert_done(hm_put(&buf, HM_NO_BYTES));
    assert_done(hm_put_text(&buf, "after"));
    assert_bytes(hm_buf_bytes(&buf), "after");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers_in_both_orders),
        cmocka_unit_test(refuses_a_short_read_and_stays_where_it_was),
        cmocka_unit_test(says_how_many_bytes_are_missing),
        cmocka_unit_test(reads_lines_without_their_ends),
        cmocka_unit_test(refuses_a_line_in_nothing),
        cmocka_unit_test(nothing_can_be_read_to_its_end),
        cmocka_unit_test(refuses_bytes_behind_the_end),
        cmocka_unit_test(a_part_lies_inside),
        cmocka_unit_test(refuses_a_part_outside_even_if_the_sum_wraps),
        cmocka_unit_test(compares_as_memcmp_does_and_shorter_first),
        cmocka_unit_test(equal_means_length_and_every_byte),
        cmocka_unit_test(puts_numbers_in_both_orders),
        cmocka_unit_test(grows_and_keeps_what_it_holds),
        cmocka_unit_test(cannot_reserve_more_than_there_is),
        cmocka_unit_test(inserts_zeros_inside_and_at_both_ends),
        cmocka_unit_test(a_string_ends_in_a_zero_that_is_not_counted),
        cmocka_unit_test(refuses_a_string_with_a_zero_inside),
        cmocka_unit_test(a_cleared_buffer_can_be_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
