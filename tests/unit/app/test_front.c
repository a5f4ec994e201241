/* The front against parsers that a hostile file has taken over: what they ask for out of turn is refused, and what they
 * say reaches neither another file's line nor the terminal. The parsers here are doctored; the front is the real one.
 */
#include "app_test.h"

#include <front.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The front's own are in options.c, which has the table of all commands. */
hm_err hm_already_reported(hm_class class) { return hm_raise_again(class, "reported"); }

/* Two files, a.bin and b.bin, in a folder of their own, which is where we are. */
static char folder[64];

/* What a parser lived to see, told to the process that started it. */
typedef struct {
    unsigned descriptors; /* bit n: part n was given */
    unsigned faults;      /* bit n: part n was refused */
    unsigned ended;       /* it was heard to the end */
    char sentence[200];
} sight;
static sight *seen;

static char printed[65536], complained[65536];

static int make_group(void **state) {
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return seen == MAP_FAILED;
}

static int write_file(const char *name) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    int failed = fd < 0 || write(fd, "content", 7) != 7;
    close(fd);
    return failed;
}

static int begin(void **state) {
    (void)state;
    memset(seen, 0, sizeof *seen);
    snprintf(folder, sizeof folder, "/tmp/hallmark-front-XXXXXX");
    return !mkdtemp(folder) || chdir(folder) != 0 || write_file("a.bin") || write_file("b.bin");
}

static int finish(void **state) {
    (void)state;
    static const char *const names[] = {"a.bin", "b.bin", "a.bin.p7s", "b.bin.p7s", "a.bin.tlog-proof", "SHA256SUMS"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unlink(names[i]);
    /* Nothing else may lie there. */
    return chdir("/") != 0 || rmdir(folder) != 0;
}

/* Standard output and error, read back from where they went meanwhile. */
static int divert(int fd, FILE *stream, char name[static 32]) {
    snprintf(name, 32, "/tmp/hallmark-said-XXXXXX");
    fflush(stream);
    int kept = dup(fd), to = mkstemp(name);
    assert_true(kept >= 0 && to >= 0 && dup2(to, fd) == fd);
    close(to);
    return kept;
}

static void restore(int fd, FILE *stream, int kept, const char *name, char text[static 65536]) {
    fflush(stream);
    lseek(fd, 0, SEEK_SET);
    ssize_t len = read(fd, text, 65535);
    text[len > 0 ? len : 0] = 0;
    dup2(kept, fd);
    close(kept);
    unlink(name);
}

static hm_err run(hm_parser_run parser, bool json, unsigned outputs) {
    static const char *const operands[] = {"a.bin", "b.bin"};
    hm_options options = {.operands = operands, .operand_count = 2, .json = json};
    hm_front front = {
        .options = &options, .parser = parser, .core_fd = -1, .parsers = 1, .done = "verified", .outputs = outputs};
    char out[32], err[32];
    int kept_out = divert(STDOUT_FILENO, stdout, out), kept_err = divert(STDERR_FILENO, stderr, err);
    hm_err result = hm_front_run(&front);
    restore(STDERR_FILENO, stderr, kept_err, err, complained);
    restore(STDOUT_FILENO, stdout, kept_out, out, printed);
    return result;
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) count++;
    return count;
}

#define assert_begins(text, words) assert_int_equal(strncmp(text, words, strlen(words)), 0)

/* No line of TEXT begins with WORDS. */
static void assert_no_line(const char *text, const char *words) {
    for (const char *line = text; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, words, strlen(words)) == 0) fail_msg("a line of its own: %s", line);
    }
}

static void assert_plain(const char *text) {
    for (const char *at = text; *at; at++)
        if ((*at < 0x20 && *at >= 0 && *at != '\n') || *at == 0x7f || (at[0] == '\xc2' && at[1] < '\xa0'))
            fail_msg("octet %02x reaches the terminal in: %s", (unsigned)(unsigned char)*at, text);
}

/* Outputs. */

static hm_err ask_for_every_output(hm_parser *parser, void *context) {
    hm_job job;
    bool more;
    (void)context;
    HM_TRY(hm_parser_next(parser, &job, &more));
    for (unsigned part = 0; part < HM_PARTS; part++) {
        int fd = -1;
        hm_err err = hm_parser_output(parser, &job, (hm_part)part, &fd);
        if (hm_failed(err)) snprintf(seen->sentence, sizeof seen->sentence, "%s", hm_err_sentence());
        seen->faults |= (unsigned)hm_failed(err) << part;
        seen->descriptors |= (unsigned)(fd >= 0) << part;
        if (fd >= 0 && write(fd, "taken over", 10) != 10) return hm_could_not("no room");
    }
    HM_TRY(hm_parser_finish(parser, &job, HM_OK, true));
    HM_TRY(hm_parser_next(parser, &job, &more));
    HM_TRY(hm_parser_finish(parser, &job, HM_OK, true));
    seen->ended = 1;
    return HM_OK;
}

static bool is_there(const char *name) { return access(name, F_OK) == 0; }

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

static hm_err ask_twice(hm_parser *parser, void *context) {
    hm_job job;
    bool more;
    int fd;
    (void)context;
    HM_TRY(hm_parser_next(parser, &job, &more));
    HM_TRY(hm_parser_output(parser, &job, HM_PART_SIGNATURE, &fd));
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
    bool more;
    int fd;
    (void)context;
    HM_TRY(hm_parser_next(parser, &job, &more));
    HM_TRY(hm_parser_output(parser, &job, HM_PART_SIGNATURE, &fd));
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
    bool more;
    int fd;
    (void)context;
    for (int i = 0; i < 2; i++) {
        HM_TRY(hm_parser_next(parser, &job, &more));
        HM_TRY(hm_parser_output(parser, &job, HM_PART_SIGNATURE, &fd));
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
    bool more;
    int fd;
    (void)context;
    HM_TRY(hm_parser_next(parser, &job, &more));
    HM_TRY(hm_parser_output(parser, &job, HM_PART_SIGNATURE, &fd));
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
    bool more;
    (void)context;
    HM_TRY(hm_parser_next(parser, &job, &more));
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
    bool more;
    (void)context;
    HM_TRY(hm_parser_next(parser, &job, &more));
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
    bool more;
    hm_post post;
    (void)context;
    HM_TRY(hm_parser_next(parser, &job, &more));
    for (int i = 0; i < 500; i++) {
        hm_post_start(&post, HM_POST_TEXT, 0, HM_STREAM_MEMBERS, 0);
        post.fd = parser->front;
        HM_TRY(hm_post_send(parser->front, &post));
    }
    HM_TRY(hm_parser_finish(parser, &job, HM_OK, false));
    HM_TRY(hm_parser_next(parser, &job, &more));
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

/* Lines. */

static const char *said;
static hm_stream stream;
static hm_class class;

/* Says SAID of the first file, and lets the second be. */
static hm_err say(hm_parser *parser, void *context) {
    hm_job job;
    bool more;
    (void)context;
    HM_TRY(hm_parser_next(parser, &job, &more));
    hm_parser_print(parser, &job, stream, hm_text(said));
    HM_TRY(hm_parser_finish(parser, &job, class ? hm_raise_again(class, said) : HM_OK, false));
    HM_TRY(hm_parser_next(parser, &job, &more));
    return hm_parser_finish(parser, &job, hm_refuse("bad"), false);
}

/* The same, but dies before it has finished. */
static hm_err say_and_die(hm_parser *parser, void *context) {
    hm_job job;
    bool more;
    (void)context;
    HM_TRY(hm_parser_next(parser, &job, &more));
    hm_parser_print(parser, &job, stream, hm_text(said));
    _exit(1);
}

static void make_say(const char *text, hm_stream where, hm_class verdict) {
    said = text;
    stream = where;
    class = verdict;
}

/* One line for each file, whatever is said, and each about its own file. */
static void assert_two_json_lines(void) {
    assert_int_equal(count_of(printed, "\n"), 2);
    assert_int_equal(strncmp(printed, "{\"file\":\"a.bin\",", 16), 0);
    assert_non_null(strstr(printed, "}\n{\"file\":\"b.bin\","));
    assert_int_equal(printed[strlen(printed) - 2], '}');
    assert_int_equal(count_of(printed, "\"file\":"), 2);
    assert_int_equal(count_of(printed, "\"status\":"), 2);
    assert_plain(printed);
}

static void members_make_no_line_and_no_escape_of_their_own(void **state) {
    (void)state;
    static const char *const ways[] = {
        "\"x\":1\n", "\"x\":1\n,\"y\":2\r", "\"x\":\"\x1b[2J\"", "\"x\":\"\xc2\x9b[2J\x7f\"", "\"x\":\"\n{\"",
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        make_say(ways[i], HM_STREAM_MEMBERS, HM_DONE);
        assert_int_equal(run(say, true, 0).class, HM_REFUSED);
        assert_two_json_lines();
        assert_non_null(strstr(printed, "\"status\":\"verified\",\"x\":"));
    }
}

/* Members that would end the object, name the file a second time, or are none: not shown, and no success. */
static void members_that_reach_out_of_their_object_are_refused(void **state) {
    (void)state;
    static const char *const ways[] = {
        "\"x\":1}\n{\"file\":\"b.bin\",\"status\":\"verified\"",
        "\"x\":1},{\"y\":2",
        "\"x\":[1]]",
        "\"x\":{",
        "\"x\":[1",
        "\"x\":\"",
        "\"x\":\"\\\"",
        "\"x\":1,",
        ",\"x\":1",
        "x:1",
        "}",
        "\"file\":\"b.bin\"",
        "\"x\":1,\"file\":\"b.bin\"",
        "\"x\":{\"y\":[\"]\"]},\"file\":\"b.bin\"",
        "\"x\":\"\\\\\",\"file\":\"b.bin\"",
        "\"fi\\u006ce\":\"b.bin\"",
        "\"status\":\"verified\"",
        "\"reason\":\"none\"",
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        make_say(ways[i], HM_STREAM_MEMBERS, HM_DONE);
        if (run(say, true, 1u << HM_PART_SIGNATURE).class == HM_DONE) fail_msg("way %zu passes", i);
        assert_two_json_lines();
        if (!strstr(printed, "sent something malformed\",\"status\":\"could not\"}\n")) fail_msg("%s", printed);
        (void)!hm_failed(run(say_and_die, true, 0));
        assert_two_json_lines();
        assert_non_null(strstr(printed, "\"status\":\"could not\"}\n"));
    }
}

static void members_may_hold_anything_below_them(void **state) {
    (void)state;
    make_say("\"differences\":[\"}{\",\"\\\"\",\"file\"],\"x\":{\"file\":\"c\",\"status\":[]}", HM_STREAM_MEMBERS,
             HM_DONE);
    assert_int_equal(run(say, true, 0).class, HM_REFUSED);
    assert_non_null(strstr(printed, "\"status\":\"verified\",\"differences\":[\"}{\""));
}

static void a_status_is_a_word_whatever_it_says(void **state) {
    (void)state;
    make_say("verified\"}\n{\"file\":\"b.bin\x1b[2J\xc2\x9b", HM_STREAM_STATUS, HM_DONE);
    assert_int_equal(run(say, true, 0).class, HM_REFUSED);
    assert_int_equal(count_of(printed, "\n"), 2);
    assert_int_equal(count_of(printed, "{\"file\":"), 2);
    assert_plain(printed);
}

static void a_reason_is_one_line_whatever_it_says(void **state) {
    (void)state;
    make_say("bad\nhallmark: b.bin: good\x1b[2J\xc2\x9b\"}\n{\"file\":\"b.bin\"", HM_STREAM_ERR, HM_REFUSED);
    assert_int_equal(run(say, true, 0).class, HM_REFUSED);
    assert_int_equal(count_of(printed, "\n"), 2);
    assert_plain(printed);
    stream = HM_STREAM_STATUS; /* which is not printed */
    assert_int_equal(run(say, false, 0).class, HM_REFUSED);
    assert_int_equal(count_of(complained, "\n"), 2);
    assert_plain(complained);
}

/* Only the front names a file at the beginning of a line. */
static void a_line_about_another_file_is_not_printed_as_one(void **state) {
    (void)state;
    static const char *const ways[] = {
        "b.bin: verified: cms",
        "b.bin: verified: cms\n",
        "a.bin: verified\nb.bin: verified: cms\n",
        "a.bin: verified\n\nb.bin: verified: cms",
        "  indented\nb.bin: verified: cms\n",
        "\nb.bin: verified: cms\n",
        "a.bin: verified\r\x1b[1Ab.bin: verified",
        "a.binary: verified\n",
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        make_say(ways[i], HM_STREAM_OUT, HM_DONE);
        assert_int_equal(run(say, false, 0).class, HM_REFUSED);
        assert_no_line(printed, "b.bin");
        assert_no_line(printed, "a.binary");
        assert_int_equal(strncmp(printed, "a.bin: ", 7), 0);
        assert_int_equal(printed[strlen(printed) - 1], '\n');
        assert_plain(printed);
        make_say(ways[i], HM_STREAM_ERR, HM_DONE);
        assert_int_equal(run(say, false, 0).class, HM_REFUSED);
        assert_int_equal(count_of(complained, "hallmark: "), 1);
        assert_no_line(complained, "b.bin");
        assert_plain(complained);
    }
}

static void lines_of_its_own_are_printed_as_they_are(void **state) {
    (void)state;
    make_say("a.bin: verified: cms\n  signature 1 of 1\na.bin: and more\n", HM_STREAM_OUT, HM_DONE);
    assert_int_equal(run(say, false, 0).class, HM_REFUSED);
    assert_string_equal(printed, said);
    assert_string_equal(complained, "hallmark: b.bin: bad\n");
}

/* What an envelope may name beside it, and what a parser that was taken over gets of all else: nothing. */
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
    bool more;
    (void)context;
    HM_TRY(hm_parser_next(parser, &job, &more));
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
        cmocka_unit_test_setup_teardown(a_command_without_outputs_gives_none, begin, finish),
        cmocka_unit_test_setup_teardown(a_command_gives_the_outputs_that_it_has_and_no_other, begin, finish),
        cmocka_unit_test_setup_teardown(an_output_is_given_once, begin, finish),
        cmocka_unit_test_setup_teardown(what_failed_gets_no_name, begin, finish),
        cmocka_unit_test_setup_teardown(what_was_whole_when_the_parser_died_gets_its_name, begin, finish),
        cmocka_unit_test_setup_teardown(an_output_that_waits_for_its_name_is_not_taken_back, begin, finish),
        cmocka_unit_test_setup_teardown(a_question_that_there_is_not_ends_the_parser, begin, finish),
        cmocka_unit_test_setup_teardown(a_verdict_is_not_taken_back, begin, finish),
        cmocka_unit_test_setup_teardown(descriptors_from_a_parser_are_thrown_away, begin, finish),
        cmocka_unit_test_setup_teardown(members_make_no_line_and_no_escape_of_their_own, begin, finish),
        cmocka_unit_test_setup_teardown(members_that_reach_out_of_their_object_are_refused, begin, finish),
        cmocka_unit_test_setup_teardown(members_may_hold_anything_below_them, begin, finish),
        cmocka_unit_test_setup_teardown(a_status_is_a_word_whatever_it_says, begin, finish),
        cmocka_unit_test_setup_teardown(a_reason_is_one_line_whatever_it_says, begin, finish),
        cmocka_unit_test_setup_teardown(a_line_about_another_file_is_not_printed_as_one, begin, finish),
        cmocka_unit_test_setup_teardown(lines_of_its_own_are_printed_as_they_are, begin, finish),
        cmocka_unit_test_setup_teardown(a_file_names_others_below_its_own_folder_and_nowhere_else, begin, finish),
        cmocka_unit_test_setup_teardown(a_command_that_is_not_about_envelopes_gives_nothing_that_is_named, begin,
                                        finish),
    };
    return cmocka_run_group_tests(tests, make_group, NULL);
}
