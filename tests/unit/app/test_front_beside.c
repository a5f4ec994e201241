/* What an envelope may name beside it, and what a parser that was taken over gets of all else: nothing. */
#include "front_fixture.h"

static const struct {
    const char *path;
    enum { GIVEN, ABSENT, REFUSED } answer;
} siblings[] = {
    {"b.bin", GIVEN},          {"sub/c.bin", GIVEN},     {"gone.bin", ABSENT}, {"sub/gone.bin", ABSENT},
    {"b.bin/x", ABSENT},       {"link.bin", ABSENT},     {"up/a.bin", ABSENT}, {"../a.bin", REFUSED},
    {"sub/../b.bin", REFUSED}, {"/etc/passwd", REFUSED}, {"", REFUSED},        {"./b.bin", REFUSED},
    {"sub//c.bin", REFUSED},   {"sub/", REFUSED},        {"sub", REFUSED},     {"office/office.db", REFUSED},
};
enum { SIBLINGS = sizeof siblings / sizeof siblings[0] };

static hm_err ask_for_siblings(hm_parser *parser, void *context) {
    hm_job job;
    (void)context;
    HM_TRY(next_job(parser, &job));
    for (unsigned i = 0; i < SIBLINGS; i++) {
        int fd = -1;
        hm_err err = hm_parser_sibling(parser, &job, hm_text(siblings[i].path), &fd);
        seen->faults |= (unsigned)hm_failed(err) << i;
        seen->descriptors |= (unsigned)(fd >= 0) << i;
        if (fd >= 0) close(fd);
    }
    seen->ended = 1;
    return hm_parser_finish(parser, &job, HM_OK, false);
}

static void run_among_siblings(bool allowed) {
    static const char *const operands[] = {"a.bin"};
    hm_options options = {.operands = operands, .operand_count = 1};
    hm_front front = {.options = &options,
                      .parser = ask_for_siblings,
                      .core_fd = -1,
                      .parsers = 1,
                      .done = "verified",
                      .siblings = allowed,
                      .outputs = 1, /* so that the parser is a process of its own */
                      .into = allowed ? NULL : ".",
                      .office = "office"};
    assert_true(mkdir("sub", 0755) == 0 && mkdir("office", 0755) == 0);
    assert_true(!write_file("sub/c.bin") && !write_file("office/office.db"));
    assert_true(symlink("b.bin", "link.bin") == 0 && symlink("..", "up") == 0);
    (void)!hm_failed(hm_front_run(&front));
    static const char *const made[] = {"sub/c.bin", "office/office.db", "link.bin", "up"};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) assert_int_equal(unlink(made[i]), 0);
    assert_true(rmdir("sub") == 0 && rmdir("office") == 0);
    assert_int_equal(seen->ended, 1);
}

static void a_file_names_others_below_its_own_folder_and_nowhere_else(void **state) {
    (void)state;
    run_among_siblings(true);
    for (unsigned i = 0; i < SIBLINGS; i++) {
        bool given = seen->descriptors >> i & 1, refused = seen->faults >> i & 1;
        if (given != (siblings[i].answer == GIVEN) || refused != (siblings[i].answer == REFUSED))
            fail_msg("\"%s\": given %d, refused %d", siblings[i].path, given, refused);
    }
}

static void a_command_that_is_not_about_envelopes_gives_nothing_that_is_named(void **state) {
    (void)state;
    run_among_siblings(false);
    assert_int_equal(seen->descriptors, 0);
    assert_int_equal(seen->faults, (1u << SIBLINGS) - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_names_others_below_its_own_folder_and_nowhere_else, begin, finish),
        cmocka_unit_test_setup_teardown(a_command_that_is_not_about_envelopes_gives_nothing_that_is_named, begin,
                                        finish),
    };
    return cmocka_run_group_tests(tests, make_group, NULL);
}
