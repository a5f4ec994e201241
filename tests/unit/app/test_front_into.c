/* Files whose names a parser proposes, when a hostile file has taken it over: nothing outside the folder, nothing in
 * the place of anything, nothing before the end. */
#include "front_fixture.h"

enum { NAMES = 24 };
/* What a parser shall ask for, and what came of it, told by the process that asked. */
typedef struct {
    hm_bytes name[NAMES];
    size_t count;
    bool fail; /* the job, in the end */
} orders;
static bool *given;

static int make_names(void **state) {
    (void)state;
    given = begin_group(NAMES);
    return !given;
}

/* A folder with in.pack and the folder out, which holds "there" and a link "link" to it. */
static int begin_with_out(void **state) {
    (void)state;
    memset(given, 0, NAMES);
    return enter_folder() || write_file("in.pack") || mkdir("out", 0755) != 0 || write_file("out/there") ||
           symlink("there", "out/link") != 0;
}

static hm_err ask_for_names(hm_parser *parser, void *context) {
    orders *wanted = context;
    hm_job job;
    HM_TRY(next_job(parser, &job));
    for (size_t i = 0; i < wanted->count; i++) {
        int fd = -1;
        if (hm_failed(hm_parser_member(parser, &job, wanted->name[i], &fd))) continue;
        given[i] = true;
        if (write(fd, "payload", 7) != 7) return hm_could_not("no room");
        close(fd);
    }
    return hm_parser_finish(parser, &job, wanted->fail ? hm_refuse("no") : HM_OK, true);
}

/* Without INTO an output that is not used keeps this process from being the parser itself. */
static hm_err run_into(orders *wanted, const char *into, bool replace) {
    static const char *const operands[] = {"in.pack"};
    hm_options options = {
        .operands = operands, .operand_count = 1, .json = true, .replace = replace, .output = into ? NULL : "unused"};
    hm_front front = {.options = &options,
                      .parser = ask_for_names,
                      .context = wanted,
                      .core_fd = -1,
                      .parsers = 1,
                      .done = "unpacked",
                      .into = into};
    return hm_front_run(&front);
}

static size_t files_in(const char *name) {
    size_t count = 0;
    DIR *listing = opendir(name);
    assert_non_null(listing);
    for (const struct dirent *entry = readdir(listing); entry; entry = readdir(listing))
        count += entry->d_name[0] != '.';
    closedir(listing);
    return count;
}

#define NAME(text) HM_BYTES(text, sizeof text - 1)

static void names_that_lead_anywhere_are_refused(void **state) {
    (void)state;
    char longest[66];
    memset(longest, 'a', sizeof longest);
    orders wanted = {.name = {NAME(""), NAME("."), NAME(".."), NAME("../x"), NAME("/tmp/x"), NAME("a/b"), NAME("a\\b"),
                              NAME(".hidden"), NAME("-o"), NAME("a b"), NAME("a\nb"), NAME("a\0b"), NAME("a\0"),
                              NAME("\xc3\xa4"), NAME("a:b"), NAME("a*"), NAME("~"), NAME("$HOME"),
                              HM_BYTES(longest, 65)},
                     .count = 19};
    assert_done(run_into(&wanted, "out", true));
    for (size_t i = 0; i < wanted.count; i++)
        if (given[i]) fail_msg("name %zu was taken", i);
    assert_int_equal(files_in("out"), 2);
}

static void harmless_names_are_taken(void **state) {
    (void)state;
    char longest[64];
    memset(longest, 'a', sizeof longest);
    orders wanted = {.name = {NAME("a"), NAME("main.bin"), NAME("_x"), NAME("0-1_2.3"), HM_BYTES(longest, 64)},
                     .count = 5};
    assert_done(run_into(&wanted, "out", false));
    for (size_t i = 0; i < wanted.count; i++) assert_true(given[i]);
    assert_true(is_there("out/main.bin"));
    assert_int_equal(files_in("out"), 7);
}

static void a_name_is_given_once_whatever_its_case(void **state) {
    (void)state;
    orders wanted = {.name = {NAME("main"), NAME("main"), NAME("MAIN"), NAME("Main")}, .count = 4};
    assert_done(run_into(&wanted, "out", true));
    assert_true(given[0]);
    assert_false(given[1] || given[2] || given[3]);
}

static void what_is_there_is_not_replaced_unless_that_is_wanted(void **state) {
    (void)state;
    orders wanted = {.name = {NAME("there"), NAME("link")}, .count = 2};
    assert_done(run_into(&wanted, "out", false));
    assert_false(given[0] || given[1]);
    assert_done(run_into(&wanted, "out", true));
    assert_true(given[0]);
    assert_false(given[1]); /* nor is a link followed */
}

static void there_are_as_many_files_as_a_pack_can_have(void **state) {
    (void)state;
    orders wanted = {.count = 11};
    static const char letters[] = "abcdefghijk";
    for (size_t i = 0; i < wanted.count; i++) wanted.name[i] = HM_BYTES(&letters[i], 1);
    assert_done(run_into(&wanted, "out", false));
    assert_true(given[8]);
    assert_false(given[9] || given[10]);
}

static void nothing_has_a_name_if_the_job_fails(void **state) {
    (void)state;
    orders wanted = {.name = {NAME("a"), NAME("b")}, .count = 2, .fail = true};
    assert_int_equal(run_into(&wanted, "out", false).class, HM_REFUSED);
    assert_true(given[0] && given[1]);
    assert_int_equal(files_in("out"), 2);
}

static void a_command_without_such_files_gives_none(void **state) {
    (void)state;
    orders wanted = {.name = {NAME("a")}, .count = 1};
    assert_done(run_into(&wanted, NULL, false));
    assert_false(given[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_that_lead_anywhere_are_refused, begin_with_out, discard_folder),
        cmocka_unit_test_setup_teardown(harmless_names_are_taken, begin_with_out, discard_folder),
        cmocka_unit_test_setup_teardown(a_name_is_given_once_whatever_its_case, begin_with_out, discard_folder),
        cmocka_unit_test_setup_teardown(what_is_there_is_not_replaced_unless_that_is_wanted, begin_with_out,
                                        discard_folder),
        cmocka_unit_test_setup_teardown(there_are_as_many_files_as_a_pack_can_have, begin_with_out, discard_folder),
        cmocka_unit_test_setup_teardown(nothing_has_a_name_if_the_job_fails, begin_with_out, discard_folder),
        cmocka_unit_test_setup_teardown(a_command_without_such_files_gives_none, begin_with_out, discard_folder),
    };
    return cmocka_run_group_tests(tests, make_names, NULL);
}
