/* Questions that are asked ahead: their answers are those that waiting would have brought, whatever else is asked
 * meanwhile, and what nobody wanted is closed. The front is the real one, about to sign; the parser is the tests'. */
#include "front_fixture.h"

#include <ahead.h>
#include <base/io.h>

#include <sys/resource.h>

#define assert_begins(text, words) assert_int_equal(strncmp(text, words, strlen(words)), 0)

enum { MANY = 40 };
static char names[MANY][16];
static const char *operands[MANY];

static void put_signature_name(char name[static 32], size_t i) { snprintf(name, 32, "f%02zu.bin.p7s", i % MANY); }

static int begin_many(void **state) {
    (void)state;
    memset(seen, 0, sizeof *seen);
    if (enter_folder() != 0) return 1;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "f%02zu.bin", i);
        operands[i] = names[i];
        if (write_file(names[i]) != 0) return 1;
    }
    return 0;
}

static hm_err run_signing(hm_parser_run parser, unsigned outputs, size_t count) {
    HM_FD core = open("/dev/null", O_RDONLY | O_CLOEXEC);
    hm_front front = {
        .parser = parser, .core_fd = core, .parsers = 1, .done = "signed", .outputs = outputs, .signing = true};
    return run_with(front, false, operands, count);
}

/* For the parsers: what must hold there ends them if it does not. */
#define must(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) return hm_could_not("line %d: %s", __LINE__, #condition);                                    \
    } while (0)

static hm_err told(hm_err err) {
    seen->ended = 1;
    if (hm_failed(err)) snprintf(seen->sentence, sizeof seen->sentence, "%s", hm_err_sentence());
    return err;
}

static void assert_nothing_told(void) {
    assert_true(seen->ended);
    assert_string_equal(seen->sentence, "");
}

static bool holds(int fd, const char *text) {
    char content[8];
    return read(fd, content, sizeof content) == 7 && memcmp(content, text, 7) == 0;
}

/* Every file is asked for, then all outputs, then what lies beside is taken from the last to the first. */
static hm_err take_backwards(hm_parser *parser) {
    static hm_job job[MANY];
    bool more;
    must(parser->ahead);
    for (size_t i = 0; i < MANY; i++) {
        HM_TRY(hm_parser_next(parser, &job[i], &more));
        must(more && job[i].number == i && strcmp(job[i].name, names[i]) == 0);
        HM_TRY(hm_parser_output_soon(parser, &job[i], HM_PART_SIGNATURE));
    }
    for (size_t i = MANY; i-- > 0;) {
        int there = -1, output = -1;
        HM_TRY(hm_parser_companion(parser, &job[i], HM_PART_SIGNATURE, &there));
        must((there >= 0) == (i % 3 == 0));
        must(there < 0 || holds(there, names[MANY - 1 - i]));
        HM_TRY(hm_parser_output(parser, &job[i], HM_PART_SIGNATURE, &output));
        must(write(output, names[i], 7) == 7);
        close(output);
        if (there >= 0) close(there);
        HM_TRY(hm_parser_finish(parser, &job[i], HM_OK, true));
    }
    HM_TRY(hm_parser_next(parser, &job[0], &more));
    must(!more);
    HM_TRY(hm_parser_next(parser, &job[0], &more));
    must(!more);
    return HM_OK;
}

static hm_err backwards(hm_parser *parser, void *context) {
    (void)context;
    return told(take_backwards(parser));
}

static void each_answer_is_to_its_own_question(void **state) {
    (void)state;
    char name[32];
    for (size_t i = 0; i < MANY; i += 3) {
        put_signature_name(name, i);
        HM_FD fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_int_equal(write(fd, names[MANY - 1 - i], 7), 7);
    }
    assert_done(run_signing(backwards, 1u << HM_PART_SIGNATURE, MANY));
    assert_nothing_told();
    for (size_t i = 0; i < MANY; i++) {
        put_signature_name(name, i);
        HM_FD fd = open(name, O_RDONLY | O_CLOEXEC);
        assert_true(holds(fd, names[i]));
    }
}

/* Of files. Without opening anything, which the sandbox forbids. */
static size_t count_files(void) {
    size_t count = 0;
    for (int fd = 0; fd < 1024; fd++) count += lseek(fd, 0, SEEK_CUR) == 0;
    return count;
}

static hm_err leave_unwanted(hm_parser *parser) {
    hm_job job;
    bool more = true;
    size_t before = 0;
    for (size_t i = 0; more; i++) {
        HM_TRY(hm_parser_next(parser, &job, &more));
        /* A handful are open at once, and what lies beside them; never more. */
        size_t now = count_files();
        if (i == 0) before = now;
        must(now <= before + HM_AHEAD_FILES);
        if (!more) break;
        HM_TRY(hm_parser_output_soon(parser, &job, HM_PART_SIGNATURE));
        if (i % 2) HM_TRY(hm_ahead_settle(parser)); /* the answers are there already, or not yet */
        HM_TRY(hm_parser_finish(parser, &job, hm_refuse("is nothing to sign"), false));
    }
    must(parser->ahead->count <= HM_AHEAD_ASKED);
    HM_TRY(hm_ahead_settle(parser));
    must(parser->ahead->count == 0);
    must(count_files() < before);
    return HM_OK;
}

static hm_err unwanted(hm_parser *parser, void *context) {
    (void)context;
    return told(leave_unwanted(parser));
}

static void what_nobody_takes_is_closed(void **state) {
    (void)state;
    char name[32];
    for (size_t i = 0; i < MANY; i++) {
        put_signature_name(name, i);
        assert_int_equal(write_file(name), 0);
    }
    assert_int_equal(run_signing(unwanted, 1u << HM_PART_SIGNATURE, MANY).class, HM_REFUSED);
    assert_nothing_told();
}

static hm_err take_refusals(hm_parser *parser) {
    hm_job job;
    bool more;
    int fd;
    for (size_t i = 0; i < 2; i++) {
        HM_TRY(hm_parser_next(parser, &job, &more));
        must(more);
        HM_TRY(hm_parser_output_soon(parser, &job, HM_PART_CONTENT)); /* there is no such output here */
        HM_TRY(hm_parser_output_soon(parser, &job, HM_PART_SIGNATURE));
        HM_TRY(
            hm_parser_companion(parser, &job, HM_PART_PROOF, &fd)); /* this one waits for its answer, amid the others */
        must(holds(fd, "a proof"));
        close(fd);
        must(hm_failed(hm_parser_output(parser, &job, HM_PART_CONTENT, &fd)) && fd < 0);
        must(strstr(hm_err_sentence(), "an output that there is not"));
        HM_TRY(hm_parser_output(parser, &job, HM_PART_SIGNATURE, &fd));
        close(fd);
        HM_TRY(hm_parser_finish(parser, &job, HM_OK, true));
    }
    return HM_OK;
}

static hm_err refusals(hm_parser *parser, void *context) {
    (void)context;
    return told(take_refusals(parser));
}

static void a_refusal_is_heard_when_it_is_asked_for(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        HM_FD fd = open(i ? "f01.bin.tlog-proof" : "f00.bin.tlog-proof", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_int_equal(write(fd, "a proof", 7), 7);
    }
    assert_done(run_signing(refusals, 1u << HM_PART_SIGNATURE, 2));
    assert_nothing_told();
}

static hm_err die_amid(hm_parser *parser, void *context) {
    hm_job job;
    bool more;
    (void)context;
    for (size_t i = 0; i < 3; i++) {
        HM_TRY(hm_parser_next(parser, &job, &more));
        HM_TRY(hm_parser_output_soon(parser, &job, HM_PART_SIGNATURE));
        if (i < 2) HM_TRY(hm_parser_finish(parser, &job, HM_OK, false));
    }
    return hm_could_not("taken over, and ends");
}

/* Those that it had been handed fail with it, once each, and nothing is left of their outputs. */
static void the_files_of_a_parser_that_died_fail(void **state) {
    (void)state;
    size_t lines = 0;
    assert_could_not(run_signing(die_amid, 1u << HM_PART_SIGNATURE, MANY));
    for (const char *at = complained; (at = strchr(at, '\n')) != NULL; at++) lines++;
    assert_int_equal(lines, MANY - 2);
    assert_begins(complained, "hallmark: f02.bin: the parsing process ended early");
    assert_false(is_there("f02.bin.p7s"));
}

static hm_err nothing_ahead(hm_parser *parser, void *context) {
    hm_job job;
    bool more = true;
    (void)context;
    seen->descriptors = parser->ahead != NULL;
    while (more) {
        HM_TRY(hm_parser_next(parser, &job, &more));
        if (more) HM_TRY(hm_parser_finish(parser, &job, HM_OK, false));
    }
    return told(HM_OK);
}

/* Where another parser takes over when one dies, nothing is handed out before its turn; nor for one file. */
static void only_who_signs_many_files_asks_ahead(void **state) {
    (void)state;
    assert_done(run_with((hm_front){.parser = nothing_ahead, .core_fd = -1, .parsers = 1, .done = "verified"}, false,
                         operands, MANY));
    assert_nothing_told();
    assert_int_equal(seen->descriptors, 0);
    memset(seen, 0, sizeof *seen);
    assert_done(run_signing(nothing_ahead, 1u << HM_PART_SIGNATURE, 1));
    assert_nothing_told();
    assert_int_equal(seen->descriptors, 0);
}

static void nothing_is_asked_ahead_where_descriptors_are_few(void **state) {
    (void)state;
    struct rlimit before, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = HM_AHEAD_DESCRIPTORS - 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_done(run_signing(nothing_ahead, 1u << HM_PART_SIGNATURE, MANY));
    assert_nothing_told();
    assert_int_equal(seen->descriptors, 0);
    few.rlim_cur = HM_AHEAD_DESCRIPTORS;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    memset(seen, 0, sizeof *seen);
    assert_done(run_signing(nothing_ahead, 1u << HM_PART_SIGNATURE, MANY));
    assert_int_equal(seen->descriptors, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_answer_is_to_its_own_question, begin_many, discard_folder),
        cmocka_unit_test_setup_teardown(what_nobody_takes_is_closed, begin_many, discard_folder),
        cmocka_unit_test_setup_teardown(a_refusal_is_heard_when_it_is_asked_for, begin_many, discard_folder),
        cmocka_unit_test_setup_teardown(the_files_of_a_parser_that_died_fail, begin_many, discard_folder),
        cmocka_unit_test_setup_teardown(only_who_signs_many_files_asks_ahead, begin_many, discard_folder),
        cmocka_unit_test_setup_teardown(nothing_is_asked_ahead_where_descriptors_are_few, begin_many, discard_folder),
    };
    return cmocka_run_group_tests(tests, make_group, NULL);
}
