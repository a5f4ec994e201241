/* Which part of a file is asked for (RFC 9110, section 14). */
#include "range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_part(const char *header, uint64_t size, uint64_t first, uint64_t len) {
    uint64_t got_first, got_len;
    hm_range range = hm_range_of(header, size, &got_first, &got_len);
    if (range != HM_RANGE_PART || got_first != first || got_len != len)
        fail_msg("%s of %llu: %d, from %llu %llu", header, (unsigned long long)size, (int)range,
                 (unsigned long long)got_first, (unsigned long long)got_len);
}

static void expect(hm_range wanted, const char *header, uint64_t size) {
    uint64_t first = 9, len = 9;
    hm_range range = hm_range_of(header, size, &first, &len);
    if (range != wanted || first || len) fail_msg("%s of %llu: %d", header, (unsigned long long)size, (int)range);
}

static void a_part_is_given_by_its_first_and_last_byte(void **state) {
    (void)state;
    expect_part("bytes=0-0", 10, 0, 1);
    expect_part("bytes=0-9", 10, 0, 10);
    expect_part("bytes=3-5", 10, 3, 3);
    expect_part("bytes=9-9", 10, 9, 1);
    expect_part("bytes=0003-0005", 10, 3, 3);
}

static void what_has_no_last_byte_goes_to_the_end(void **state) {
    (void)state;
    expect_part("bytes=0-", 10, 0, 10);
    expect_part("bytes=9-", 10, 9, 1);
}

static void what_ends_behind_the_end_ends_there(void **state) {
    (void)state;
    expect_part("bytes=5-10", 10, 5, 5);
    expect_part("bytes=5-18446744073709551614", 10, 5, 5);
    expect_part("bytes=5-18446744073709551615", 10, 5, 5);
    expect_part("bytes=18446744073709551614-18446744073709551615", UINT64_MAX, UINT64_MAX - 1, 1);
}

static void the_last_bytes_are_counted_from_the_end(void **state) {
    (void)state;
    expect_part("bytes=-1", 10, 9, 1);
    expect_part("bytes=-10", 10, 0, 10);
    expect_part("bytes=-11", 10, 0, 10);
    expect_part("bytes=-18446744073709551615", 10, 0, 10);
}

static void behind_the_end_is_nothing(void **state) {
    (void)state;
    expect(HM_RANGE_NONE, "bytes=10-", 10);
    expect(HM_RANGE_NONE, "bytes=10-20", 10);
    expect(HM_RANGE_NONE, "bytes=-0", 10);
    expect(HM_RANGE_NONE, "bytes=0-", 0);
    expect(HM_RANGE_NONE, "bytes=0-0", 0);
    expect(HM_RANGE_NONE, "bytes=-1", 0);
}

static void what_is_no_range_is_passed_over(void **state) {
    (void)state;
    static const char *const others[] = {"",
                                         "bytes",
                                         "bytes=",
                                         "bytes=-",
                                         "bytes=5",
                                         "bytes=5-4",
                                         "bytes=a-b",
                                         "bytes=1-b",
                                         "bytes=1 -2",
                                         "bytes= 1-2",
                                         "bytes=1-2 ",
                                         "bytes=--1",
                                         "bytes=1--2",
                                         "bytes=1-2-3",
                                         "bytes=0-1,3-4",
                                         "bytes=,1-2",
                                         "items=1-2",
                                         "bytes 1-2",
                                         "bytes=+1-2",
                                         "bytes=0x1-2",
                                         "bytes=1-18446744073709551616",
                                         "bytes=18446744073709551616-"};
    expect(HM_RANGE_WHOLE, NULL, 10);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) expect(HM_RANGE_WHOLE, others[i], 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_is_given_by_its_first_and_last_byte),
        cmocka_unit_test(what_has_no_last_byte_goes_to_the_end),
        cmocka_unit_test(what_ends_behind_the_end_ends_there),
        cmocka_unit_test(the_last_bytes_are_counted_from_the_end),
        cmocka_unit_test(behind_the_end_is_nothing),
        cmocka_unit_test(what_is_no_range_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
