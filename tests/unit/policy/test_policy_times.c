#include "policy_test.h"

#include <policy_times.h>

static void weekdays_of_known_dates(void **state) {
    (void)state;
    static const struct {
        int64_t time;
        const char *day;
    } known[] = {
        {0, "thu"},            /* 1970-01-01 */
        {86399, "thu"},        /* its last second */
        {86400, "fri"},        /* 1970-01-02 */
        {951782400, "tue"},    /* 2000-02-29, a leap day of a century that has one */
        {951868800, "wed"},    /* 2000-03-01 */
        {1709164800, "thu"},   /* 2024-02-29 */
        {1709251199, "thu"},   /* its last second */
        {1709251200, "fri"},   /* 2024-03-01 */
        {NEW_YEAR, "thu"},     /* 2026-01-01 */
        {2147483647, "tue"},   /* 2038-01-19, the last second of 31 bits */
        {4107456000, "sun"},   /* 2100-02-28, a century without a leap day */
        {4107542400, "mon"},   /* 2100-03-01 */
        {253402300799, "fri"}, /* 9999-12-31 */
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        assert_string_equal(hm_policy_weekday_name(hm_policy_weekday(known[i].time)), known[i].day);
}

static void minutes_of_the_day(void **state) {
    (void)state;
    assert_int_equal(hm_policy_minute(0), 0);
    assert_int_equal(hm_policy_minute(59), 0);
    assert_int_equal(hm_policy_minute(60), 1);
    assert_int_equal(hm_policy_minute(86399), 1439);
    assert_int_equal(hm_policy_minute(AT(700, 13, 7)), 13 * 60 + 7);
}

static hm_policy_window window_of(const char *line) {
    hm_policy_rule rule = {.windows = 0};
    assert_done(hm_policy_read_window(hm_text(line), &rule));
    assert_int_equal(rule.windows, 1);
    return rule.window[0];
}

/* NEW_YEAR is a Thursday: day 1 Friday, 2 Saturday, 3 Sunday, 4 Monday. */
static void a_window_has_its_start_and_not_its_end(void **state) {
    (void)state;
    hm_policy_window window = window_of("thu-fri 08:00-16:00");
    assert_true(hm_policy_window_open(&window, AT(0, 8, 0)));
    assert_false(hm_policy_window_open(&window, AT(0, 8, 0) - 1));
    assert_true(hm_policy_window_open(&window, AT(0, 16, 0) - 1));
    assert_false(hm_policy_window_open(&window, AT(0, 16, 0)));
    assert_true(hm_policy_window_open(&window, AT(1, 12, 0)));
    assert_false(hm_policy_window_open(&window, AT(2, 12, 0)));
    assert_false(hm_policy_window_open(&window, AT(-1, 12, 0)));
}

static void a_window_past_midnight_belongs_to_the_day_on_which_it_begins(void **state) {
    (void)state;
    hm_policy_window window = window_of("fri 22:00-04:00");
    assert_false(hm_policy_window_open(&window, AT(1, 3, 59)));
    assert_false(hm_policy_window_open(&window, AT(1, 22, 0) - 1));
    assert_true(hm_policy_window_open(&window, AT(1, 22, 0)));
    assert_true(hm_policy_window_open(&window, AT(2, 0, 0)));
    assert_true(hm_policy_window_open(&window, AT(2, 4, 0) - 1));
    assert_false(hm_policy_window_open(&window, AT(2, 4, 0)));
    assert_false(hm_policy_window_open(&window, AT(2, 22, 0)));
}

static void a_window_past_midnight_goes_over_the_weeks_end(void **state) {
    (void)state;
    hm_policy_window window = window_of("sun 23:00-01:00");
    assert_true(hm_policy_window_open(&window, AT(3, 23, 30)));
    assert_true(hm_policy_window_open(&window, AT(4, 0, 59)));
    assert_false(hm_policy_window_open(&window, AT(4, 1, 0)));
    assert_false(hm_policy_window_open(&window, AT(3, 0, 30)));
}

static void a_window_may_end_at_midnight_in_two_ways(void **state) {
    (void)state;
    static const char *const lines[] = {"fri 22:00-24:00", "fri 22:00-00:00"};
    for (size_t i = 0; i < 2; i++) {
        hm_policy_window window = window_of(lines[i]);
        assert_true(hm_policy_window_open(&window, AT(2, 0, 0) - 1));
        assert_false(hm_policy_window_open(&window, AT(2, 0, 0)));
        assert_false(hm_policy_window_open(&window, AT(1, 0, 0)));
    }
}

static void a_whole_day_is_open_all_day(void **state) {
    (void)state;
    hm_policy_window window = window_of("fri 00:00-24:00");
    assert_false(hm_policy_window_open(&window, AT(1, 0, 0) - 1));
    assert_true(hm_policy_window_open(&window, AT(1, 0, 0)));
    assert_true(hm_policy_window_open(&window, AT(2, 0, 0) - 1));
    assert_false(hm_policy_window_open(&window, AT(2, 0, 0)));
}

static void days_go_round_the_weeks_end(void **state) {
    (void)state;
    hm_policy_window window = window_of("sat-mon 08:00-09:00");
    static const bool open[] = {false, false, true, true, true, false, false};
    for (int day = 0; day < 7; day++) assert_int_equal(hm_policy_window_open(&window, AT(day, 8, 30)), open[day]);
}

/* Against the definition: open is each second from a beginning until the end that follows it. */
static void every_minute_of_a_week_is_as_defined(void **state) {
    (void)state;
    static const char *const lines[] = {"mon-fri 08:00-16:00", "sat 22:00-04:00", "fri-mon 17:30-17:29",
                                        "mon-sun 00:00-24:00", "sun 00:01-00:00"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        hm_policy_window window = window_of(lines[i]);
        int64_t length = (window.to - window.from + (window.to > window.from ? 0 : 1440)) * 60;
        for (int64_t time = AT(4, 0, 0); time < AT(11, 0, 0); time += 60) {
            bool open = false;
            for (int day = -1; day < 7; day++) { /* of the week that begins on AT(4): a Monday */
                int64_t begin = AT(4 + day, 0, 0) + window.from * 60;
                if (window.days >> (day + 7) % 7 & 1) open = open || (time >= begin && time < begin + length);
            }
            assert_int_equal(hm_policy_window_open(&window, time), open);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weekdays_of_known_dates),
        cmocka_unit_test(minutes_of_the_day),
        cmocka_unit_test(a_window_has_its_start_and_not_its_end),
        cmocka_unit_test(a_window_past_midnight_belongs_to_the_day_on_which_it_begins),
        cmocka_unit_test(a_window_past_midnight_goes_over_the_weeks_end),
        cmocka_unit_test(a_window_may_end_at_midnight_in_two_ways),
        cmocka_unit_test(a_whole_day_is_open_all_day),
        cmocka_unit_test(days_go_round_the_weeks_end),
        cmocka_unit_test(every_minute_of_a_week_is_as_defined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
