/* The front against parsers that a hostile file has taken over: what they ask for out of turn is refused, and what was
 * done is not undone. */
#include "front_fixture.h"

#include <base/io.h>

#include <poll.h>

#define assert_begins(text, words) assert_int_equal(strncmp(text, words, strlen(words)), 0)

/* Outputs. */

static hm_err ask_for_every_output(hm_parser *parser, void *context) {
    hm_job job;
    (void)context;
    HM_TRY(next_job(parser, &job));
    for (unsigned part = 0; part < HM_PARTS; part++) {
        int fd = -1;
        hm_err err = hm_parser_output(parser, &job, (hm_part)part, &fd);
        if (hm_failed(err)) snprintf(seen->sentence, sizeof seen->sentence, "%s", hm_err_sentence());
        seen->faults |= (unsigned)hm_failed(err) << part;
        seen->descriptors |= (unsigned)(fd >= 0) << part;
        if (fd >= 0 && write(fd, "taken over", 10) != 10) return hm_could_not("no room");
    }
    HM_TRY(hm_parser_finish(parser, &job, HM_OK, true));
    HM_TRY(next_job(parser, &job));
    HM_TRY(hm_parser_finish(parser, &job, HM_OK, true));
    seen->ended = 1;
    return HM_OK;
}

static bool is_as_it_was(const char *name) {
    char content[16] = "";
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t len = read(fd, content, sizeof content);
    close(fd);
    return len == 7 && memcmp(content, "content", 7) == 0;
}

/* P8: verify and inspect have no outputs. */
static void a_command_without_outputs_gives_none(void **state) {
    (void)state;
    assert_done(run(ask_for_every_output, false, 0));
    assert_true(seen->ended);
    assert_int_equal(seen->descriptors, 0);
    assert_int_equal(seen->faults, (1u << HM_PARTS) - 1);
    assert_non_null(strstr(seen->sentence, "an output that there is not"));
    assert_true(is_as_it_was("a.bin"));
    assert_false(is_there("a.bin.p7s") || is_there("a.bin.tlog-proof") || is_there("SHA256SUMS"));
}

/* P8: each of them alone; log prove, for one, has the proof and nothing else. */
static void a_command_gives_the_outputs_that_it_has_and_no_other(void **state) {
    (void)state;
    static const char *const names[HM_PARTS] = {
        [HM_PART_SIGNATURE] = "a.bin.p7s", [HM_PART_CATALOGUE] = NULL, [HM_PART_PROOF] = "a.bin.tlog-proof"};
    for (unsigned part = 0; part < HM_PARTS; part++) {
        if (part == HM_PART_CATALOGUE) continue; /* of a folder */
        memset(seen, 0, sizeof *seen);
        assert_int_equal(write_file("a.bin"), 0);
        unlink("a.bin.p7s");
        unlink("a.bin.tlog-proof");
        assert_done(run(ask_for_every_output, false, 1u << part));
        assert_int_equal(seen->descriptors, 1u << part);
        assert_int_equal(seen->faults, ((1u << HM_PARTS) - 1) & ~(1u << part));
        assert_int_equal(is_as_it_was("a.bin"), part != HM_PART_CONTENT);
        assert_int_equal(is_there("a.bin.p7s"), part == HM_PART_SIGNATURE);
        assert_int_equal(is_there("a.bin.tlog-proof"), part == HM_PART_PROOF);
        if (names[part]) assert_true(is_there(names[part]));
    }
}

/* Timestamps. */

static hm_err give_stamp(const void *context, size_t which, hm_bytes request, hm_buf *response) {
    (void)context;
    if (which > 1) return hm_could_not("there is no authority %zu", which);
    HM_TRY(hm_put_u8(response, (uint8_t)('0' + which)));
    return hm_put(response, request);
}

/* Authority 1, then 7, then 0 until there are no more. What comes back is a file of its own. */
static hm_err ask_for_stamps(hm_parser *parser, void *context) {
    hm_job job;
    char content[8] = "";
    static const size_t which[] = {1, 7, 0, 0, 0};
    (void)context;
    HM_TRY(next_job(parser, &job));
    for (unsigned i = 0; i < 5; i++) {
        int fd = -1;
        hm_err err = hm_parser_stamp(parser, &job, which[i], hm_text("ask"), &fd);
        if (hm_failed(err)) snprintf(seen->sentence, sizeof seen->sentence, "%s", hm_err_sentence());
        seen->faults |= (unsigned)hm_failed(err) << i;
        seen->descriptors |= (unsigned)(fd >= 0) << i;
        if (fd >= 0 && which[i] == 1 && (pread(fd, content, sizeof content, 0) != 4 || memcmp(content, "1ask", 4) != 0))
            return hm_could_not("another answer");
        hm_fd_close(&fd);
    }
    HM_TRY(hm_parser_finish(parser, &job, HM_OK, false));
    HM_TRY(next_job(parser, &job));
    HM_TRY(hm_parser_finish(parser, &job, HM_OK, false));
    seen->ended = 1;
    return HM_OK;
}

static void timestamps_are_asked_of_those_that_were_named_and_no_more_often(void **state) {
    (void)state;
    static const char *const operands[] = {"a.bin", "b.bin"};
    hm_front front = {
        .parser = ask_for_stamps, .core_fd = -1, .parsers = 1, .done = "signed", .stamp = give_stamp, .stamps = 3};
    memset(seen, 0, sizeof *seen);
    assert_done(run_with(front, false, operands, 2));
    assert_true(seen->ended);
    assert_int_equal(seen->descriptors, 1 << 0 | 1 << 2);
    assert_int_equal(seen->faults, 1 << 1 | 1 << 3 | 1 << 4);
    assert_non_null(strstr(seen->sentence, "a timestamp that there is not"));
}

/* P8: a parser that was taken over reaches nobody by way of a command that wants no timestamps. */
static void a_command_without_timestamps_asks_nobody(void **state) {
    (void)state;
    static const char *const operands[] = {"a.bin", "b.bin"};
    hm_front front = {.parser = ask_for_stamps, .core_fd = -1, .parsers = 1, .done = "verified", .stamp = give_stamp};
    memset(seen, 0, sizeof *seen);
    assert_done(run_with(front, false, operands, 2));
    assert_true(seen->ended);
    assert_int_equal(seen->descriptors, 0);
    assert_int_equal(seen->faults, 0x1f);
}

static hm_err ask_twice(hm_parser *parser, void *context) {
    hm_job job;
    int fd;
    (void)context;
    HM_TRY(next_signature(parser, &job, &fd));
    seen->faults = hm_failed(hm_parser_output(parser, &job, HM_PART_SIGNATURE, &fd));
    return hm_parser_finish(parser, &job, HM_OK, false);
}

static void an_output_is_given_once(void **state) {
    (void)state;
    assert_done(run(ask_twice, false, 1u << HM_PART_SIGNATURE));
    assert_int_equal(seen->faults, 1);
    assert_false(is_there("a.bin.p7s"));
}

static hm_err refuse_and_commit(hm_parser *parser, void *context) {
    hm_job job;
    int fd;
    (void)context;
    HM_TRY(next_signature(parser, &job, &fd));
    return hm_parser_finish(parser, &job, hm_refuse("no"), true);
}

static void what_failed_gets_no_name(void **state) {
    (void)state;
    (void)!hm_failed(run(refuse_and_commit, false, 1u << HM_PART_SIGNATURE));
    assert_non_null(strstr(complained, "hallmark: a.bin: no\n"));
    assert_false(is_there("a.bin.p7s"));
}

/* Writes both signatures; the second is not finished when it dies. */
static hm_err finish_one_and_die(hm_parser *parser, void *context) {
    hm_job job;
    int fd;
    (void)context;
    for (int i = 0; i < 2; i++) {
        HM_TRY(next_signature(parser, &job, &fd));
        if (write(fd, "whole", 5) != 5) return hm_could_not("no room");
        if (i == 0) HM_TRY(hm_parser_finish(parser, &job, HM_OK, true));
    }
    kill(getpid(), SIGKILL);
    return HM_OK;
}

/* P9: outputs get their names many at once; a parser's death takes away none that was whole. */
static void what_was_whole_when_the_parser_died_gets_its_name(void **state) {
    (void)state;
    assert_could_not(run(finish_one_and_die, true, 1u << HM_PART_SIGNATURE));
    assert_true(is_there("a.bin.p7s"));
    assert_false(is_there("b.bin.p7s"));
    assert_begins(printed, "{\"file\":\"a.bin\",\"status\":\"verified\"}\n{\"file\":\"b.bin\",\"reason\":");
}

/* Says that it is done a second time, now with a refusal. */
static hm_err take_back(hm_parser *parser, void *context) {
    hm_job job;
    int fd;
    (void)context;
    HM_TRY(next_signature(parser, &job, &fd));
    HM_TRY(hm_parser_finish(parser, &job, HM_OK, true));
    HM_TRY(hm_parser_finish(parser, &job, hm_refuse("no"), false));
    poll(NULL, 0, 60000);
    return HM_OK;
}

static void an_output_that_waits_for_its_name_is_not_taken_back(void **state) {
    (void)state;
    assert_done(run(take_back, true, 1u << HM_PART_SIGNATURE));
    assert_true(is_there("a.bin.p7s"));
    assert_string_equal(printed,
                        "{\"file\":\"a.bin\",\"status\":\"verified\"}\n{\"file\":\"b.bin\",\"status\":\"verified\"}\n");
}

/* Forged questions. */

static hm_post forged;

static hm_err send_forged(hm_parser *parser, void *context) {
    hm_job job;
    (void)context;
    HM_TRY(next_job(parser, &job));
    /* The second file has a parser of its own, for which the same question may be an honest one. */
    if (job.number == 1) return hm_parser_finish(parser, &job, hm_refuse("no"), false);
    HM_TRY(hm_post_send(parser->front, &forged));
    poll(NULL, 0, 60000); /* until the front ends us */
    return HM_OK;
}

static void a_question_that_there_is_not_ends_the_parser(void **state) {
    (void)state;
    static const uint32_t ways[][3] = {
        {HM_POST_OUTPUT, 1, 0},          /* another file's, which has not begun */
        {HM_POST_OUTPUT, 2, 0},          /* of none */
        {HM_POST_OUTPUT, UINT32_MAX, 0}, /**/
        {HM_POST_OUTPUT, 0, HM_PARTS},
        {HM_POST_OUTPUT, 0, UINT32_MAX},
        {HM_POST_COMPANION, 0, HM_PARTS},
        {HM_POST_COMPANION, 1, 1},
        {HM_POST_ENTRY, 1, 0},
        {HM_POST_TEXT, 0, HM_STREAMS},
        {HM_POST_TEXT, 1, 0},
        {HM_POST_RESULT, 1, 0},
        {HM_POST_RESULT, 0, HM_DENIED + 1},
        {HM_POST_FAULT, 0, 0},
        {HM_POST_END, 0, 0},
        {0, 0, 0},
        {HM_POST_RESULT + 1, 0, 0},
        {UINT32_MAX, 0, 0},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        hm_post_start(&forged, (hm_post_kind)ways[i][0], ways[i][1], ways[i][2], 1);
        (void)!hm_failed(run(send_forged, false, (1u << HM_PARTS) - 1));
        if (!strstr(complained, "hallmark: a.bin: the parsing process sent something malformed\n"))
            fail_msg("way %zu: %s%s", i, printed, complained);
        assert_string_equal(printed, "");
    }
}

static hm_err finish_twice(hm_parser *parser, void *context) {
    hm_job job;
    (void)context;
    HM_TRY(next_job(parser, &job));
    HM_TRY(hm_parser_finish(parser, &job, hm_refuse("no"), false));
    HM_TRY(hm_parser_finish(parser, &job, HM_OK, true));
    poll(NULL, 0, 60000);
    return HM_OK;
}

static void a_verdict_is_not_taken_back(void **state) {
    (void)state;
    assert_int_equal(run(finish_twice, false, 0).class, HM_REFUSED);
    assert_non_null(strstr(complained, "hallmark: a.bin: no\n"));
}

/* Descriptors. */

static hm_err send_descriptors(hm_parser *parser, void *context) {
    hm_job job;
    hm_post post;
    (void)context;
    HM_TRY(next_job(parser, &job));
    for (int i = 0; i < 500; i++) {
        hm_post_start(&post, HM_POST_TEXT, 0, HM_STREAM_MEMBERS, 0);
        post.fd = parser->front;
        HM_TRY(hm_post_send(parser->front, &post));
    }
    HM_TRY(hm_parser_finish(parser, &job, HM_OK, false));
    HM_TRY(next_job(parser, &job));
    seen->ended = 1;
    return hm_parser_finish(parser, &job, HM_OK, false);
}

/* P8: nor can it be made to run out of descriptors. */
static void descriptors_from_a_parser_are_thrown_away(void **state) {
    (void)state;
    size_t before = open_descriptors();
    assert_done(run(send_descriptors, false, 0));
    assert_true(seen->ended);
    assert_int_equal(open_descriptors(), before);
}

static hm_err write_beside(hm_parser *parser, void *context) {
    hm_job job;
    bool more = true;
    (void)context;
    for (;;) {
        int fd = -1;
        HM_TRY(hm_parser_next(parser, &job, &more));
        if (!more) return HM_OK;
        hm_err err = hm_parser_output(parser, &job, HM_PART_SIGNATURE, &fd);
        if (fd >= 0 && dprintf(fd, "%s as %s", job.shown, job.name) < 1) return hm_could_not("no room");
        HM_TRY(hm_parser_finish(parser, &job, err, !hm_failed(err)));
    }
}

static void assert_written(const char *name, const char *content) {
    char there[32] = "";
    HM_FD fd = open(name, O_RDONLY | O_CLOEXEC);
    if (read(fd, there, sizeof there - 1) < 1) fail_msg("%s is not there, or empty", name);
    assert_string_equal(there, content);
}

/* A folder is followed to its place once for the files in it that come one after another; a link among them leads to
 * its own. */
static void what_is_written_lies_beside_the_file_that_was_meant(void **state) {
    (void)state;
    static const char *const operands[] = {"way/a.bin",    "way/c.bin",  "way/link", "way/b.bin",
                                           "way/../a.bin", "way/absent", "b.bin",    "two/",
                                           "way/f.bin",    "way/d",      "way/./e"};
    assert_int_equal(mkdir("one", 0700) | mkdir("two", 0700) | symlink("one", "way"), 0);
    assert_int_equal(symlink("../two/f.bin", "one/link") | symlink("../two/f.bin", "one/f.bin"), 0);
    assert_int_equal(write_file("one/a.bin") | write_file("one/b.bin") | write_file("one/c.bin"), 0);
    assert_int_equal(write_file("one/d") | write_file("one/e") | write_file("two/f.bin") | write_file("two/d"), 0);
    hm_front front = {
        .parser = write_beside, .core_fd = -1, .parsers = 1, .done = "signed", .outputs = 1u << HM_PART_SIGNATURE};
    assert_could_not(run_with(front, false, operands, sizeof operands / sizeof operands[0]));
    assert_string_equal(complained, "hallmark: way/absent: No such file or directory\n");
    assert_written("one/a.bin.p7s", "way/a.bin as a.bin");
    assert_written("one/b.bin.p7s", "way/b.bin as b.bin");
    assert_written("one/c.bin.p7s", "way/c.bin as c.bin");
    assert_written("two/f.bin.p7s", "way/f.bin as f.bin");
    assert_written("a.bin.p7s", "way/../a.bin as a.bin");
    assert_written("b.bin.p7s", "b.bin as b.bin");
    assert_written("one/d.p7s", "way/d as d");
    assert_written("one/e.p7s", "way/./e as e");
    assert_written("two/SHA256SUMS.p7s", "two/ as two");
    assert_false(is_there("one/link.p7s") || is_there("one/f.bin.p7s") || is_there("two/d.p7s"));
}

/* ".." is not what lies in the last folder: it is followed to its place, like any other. */
static void a_folder_that_holds_the_office_is_found_behind_dots(void **state) {
    (void)state;
    static const char *const operands[] = {"one/a.bin", "one/..", "one/../two"};
    assert_int_equal(mkdir("one", 0700) | mkdir("two", 0700) | mkdir("two/office", 0700) | write_file("one/a.bin"), 0);
    hm_front front = {.parser = write_beside,
                      .core_fd = -1,
                      .parsers = 1,
                      .done = "signed",
                      .outputs = 1u << HM_PART_SIGNATURE,
                      .office = "two/office"};
    assert_int_equal(run_with(front, false, operands, 3).class, HM_REFUSED);
    assert_non_null(strstr(complained, "hallmark: one/..: the office lies in this folder"));
    assert_non_null(strstr(complained, "hallmark: one/../two: the office lies in this folder"));
    assert_written("one/a.bin.p7s", "one/a.bin as a.bin");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_command_without_outputs_gives_none, begin, finish),
        cmocka_unit_test_setup_teardown(a_command_gives_the_outputs_that_it_has_and_no_other, begin, finish),
        cmocka_unit_test_setup_teardown(timestamps_are_asked_of_those_that_were_named_and_no_more_often, begin, finish),
        cmocka_unit_test_setup_teardown(a_command_without_timestamps_asks_nobody, begin, finish),
        cmocka_unit_test_setup_teardown(an_output_is_given_once, begin, finish),
        cmocka_unit_test_setup_teardown(what_failed_gets_no_name, begin, finish),
        cmocka_unit_test_setup_teardown(what_was_whole_when_the_parser_died_gets_its_name, begin, finish),
        cmocka_unit_test_setup_teardown(an_output_that_waits_for_its_name_is_not_taken_back, begin, finish),
        cmocka_unit_test_setup_teardown(a_question_that_there_is_not_ends_the_parser, begin, finish),
        cmocka_unit_test_setup_teardown(a_verdict_is_not_taken_back, begin, finish),
        cmocka_unit_test_setup_teardown(descriptors_from_a_parser_are_thrown_away, begin, finish),
        cmocka_unit_test_setup_teardown(what_is_written_lies_beside_the_file_that_was_meant, begin, discard_folder),
        cmocka_unit_test_setup_teardown(a_folder_that_holds_the_office_is_found_behind_dots, begin, discard_folder),
    };
    return cmocka_run_group_tests(tests, make_group, NULL);
}
