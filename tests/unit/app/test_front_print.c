/* What parsers that a hostile file has taken over say: it reaches neither another file's line nor the terminal. */
#include "front_fixture.h"

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) count++;
    return count;
}

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

static const char *said;
static hm_stream stream;
static hm_class class;

/* Says SAID of the first file, and lets the second be. */
static hm_err say(hm_parser *parser, void *context) {
    hm_job job;
    (void)context;
    HM_TRY(next_job(parser, &job));
    hm_parser_print(parser, &job, stream, hm_text(said));
    HM_TRY(hm_parser_finish(parser, &job, class ? hm_raise_again(class, said) : HM_OK, false));
    HM_TRY(next_job(parser, &job));
    return hm_parser_finish(parser, &job, hm_refuse("bad"), false);
}

/* The same, but dies before it has finished. */
static hm_err say_and_die(hm_parser *parser, void *context) {
    hm_job job;
    (void)context;
    HM_TRY(next_job(parser, &job));
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_make_no_line_and_no_escape_of_their_own, begin, finish),
        cmocka_unit_test_setup_teardown(members_that_reach_out_of_their_object_are_refused, begin, finish),
        cmocka_unit_test_setup_teardown(members_may_hold_anything_below_them, begin, finish),
        cmocka_unit_test_setup_teardown(a_status_is_a_word_whatever_it_says, begin, finish),
        cmocka_unit_test_setup_teardown(a_reason_is_one_line_whatever_it_says, begin, finish),
        cmocka_unit_test_setup_teardown(a_line_about_another_file_is_not_printed_as_one, begin, finish),
        cmocka_unit_test_setup_teardown(lines_of_its_own_are_printed_as_they_are, begin, finish),
    };
    return cmocka_run_group_tests(tests, make_group, NULL);
}
