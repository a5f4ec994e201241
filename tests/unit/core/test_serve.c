/* A core on one end of a socket pair, and on the other somebody who says what a front would not. */
#include "core_test.h"

#include <base/file.h>
#include <core/core.h>
#include <crypto/algorithm.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* SoftHSM loses a few octets with every Ed25519 signature, which is not ours to find. */
const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void) { return "leak:libsofthsm2.so"; }
const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void) { return "fast_unwind_on_malloc=0"; }

static char folder[64], directory[80];
static bool no_softhsm;

typedef struct {
    int fd;
    pid_t core;
    hm_buf storage;
} peer;

static void start(peer *p) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    p->core = fork();
    if (p->core == 0) {
        signal(SIGPIPE, SIG_IGN);
        close(pair[0]);
        _exit(hm_failed(hm_core_serve(pair[1], directory)) ? 1 : 0);
    }
    assert_true(p->core > 0);
    close(pair[1]);
    p->fd = pair[0];
    p->storage = HM_BUF_EMPTY;
}

/* The core's exit status. */
static int stop(peer *p) {
    int status;
    close(p->fd);
    hm_buf_clear(&p->storage);
    assert_int_equal(waitpid(p->core, &status, 0), p->core);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static hm_message listen_to(peer *p) {
    hm_message answer;
    bool closed = true;
    assert_done(hm_wire_receive(p->fd, &p->storage, &answer, &closed));
    assert_false(closed);
    return answer;
}

static hm_message ask(peer *p, const hm_message *question) {
    assert_done(hm_wire_send(p->fd, question));
    return listen_to(p);
}

static void expect_fault(peer *p, const hm_message *question, const char *text) {
    hm_message answer = ask(p, question);
    assert_int_equal(answer.type, HM_MSG_FAULT);
    assert_true(hm_failed(hm_wire_raise(&answer)));
    assert_said(text);
}

static hm_message hello(uint64_t version) {
    hm_message message = {.type = HM_MSG_HELLO};
    message.field[HM_HELLO_VERSION].number = version;
    return message;
}

static void greet(peer *p) {
    hm_message question = hello(HM_WIRE_VERSION);
    assert_int_equal(ask(p, &question).type, HM_MSG_WELCOME);
}

static void narrow(peer *p, uint64_t signatures) {
    hm_message message = {.type = HM_MSG_NARROW};
    message.field[HM_NARROW_PRODUCT].bytes = LITERAL("pump");
    message.field[HM_NARROW_RELEASE].bytes = LITERAL("1.0");
    message.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_CMS;
    message.field[HM_NARROW_SIGNATURES].number = signatures;
    assert_int_equal(ask(p, &message).type, HM_MSG_DONE);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int make_office(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/hallmark-core-XXXXXX");
    if (!mkdtemp(folder)) return 1;
    snprintf(directory, sizeof directory, "%s/office", folder);
    hm_office_plan plan = {.directory = directory, .organization = "Example", .token = "softhsm"};
    hm_err err = hm_office_create(&plan);
    no_softhsm = hm_failed(err) && strstr(hm_err_sentence(), "not installed");
    if (no_softhsm) return 0;
    if (hm_failed(err)) fail_msg("%s", hm_err_sentence());
    peer p;
    start(&p);
    greet(&p);
    hm_message add = {.type = HM_MSG_PRODUCT_ADD};
    add.field[HM_PRODUCT_ADD_NAME].bytes = LITERAL("pump");
    add.field[HM_PRODUCT_ADD_ALGORITHMS].number = 1u << HM_KEY_ES256;
    assert_int_equal(ask(&p, &add).type, HM_MSG_DONE);
    return stop(&p);
}

static int remove_office(void **state) {
    (void)state;
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

static int need_office(void **state) {
    (void)state;
    if (no_softhsm) skip();
    return 0;
}

/* A question of this type with fields as small as they may be: decodable, and about nothing that exists. */
static hm_message smallest(const hm_wire_rule *rule) {
    static const uint8_t bytes[128] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    hm_message message = {.type = rule->type};
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
        if (rule->field[i].kind == HM_WIRE_NUMBER)
            message.field[i].number = rule->field[i].least;
        else
            message.field[i].bytes = HM_BYTES(bytes, (size_t)rule->field[i].least);
    }
    return message;
}

static bool is_question(const hm_wire_rule *rule) { return rule->type % 2 == 1; }

/* What docs/core-language.md says in the last column of a question's row. */
static bool documented(const hm_wire_rule *rule, const char *when) {
    HM_BUF document = HM_BUF_EMPTY, start = HM_BUF_EMPTY;
    assert_done(hm_file_read(AT_FDCWD, HALLMARK_SOURCE "/docs/core-language.md", 1000000, &document));
    assert_done(hm_put_format(&start, "| %d | %s | ", (int)rule->type, rule->name));
    hm_reader reader = hm_reader_of(hm_buf_bytes(&document));
    for (hm_bytes line; reader.rest.len;) {
        assert_done(hm_read_line(&reader, &line));
        if (line.len < start.len || memcmp(line.data, start.data, start.len) != 0) continue;
        char row[1024];
        snprintf(row, sizeof row, "%.*s", (int)line.len - 2, (const char *)line.data);
        const char *column = strrchr(row, '|');
        return column && strstr(column, when);
    }
    fail_msg("docs/core-language.md has no row for %s", rule->name);
    return false;
}

static void answers_hello_with_what_the_office_is(void **state) {
    (void)state;
    peer p;
    start(&p);
    hm_message question = hello(HM_WIRE_VERSION), answer = ask(&p, &question);
    assert_int_equal(answer.type, HM_MSG_WELCOME);
    assert_int_equal(answer.field[HM_WELCOME_VERSION].number, HM_WIRE_VERSION);
    assert_true(hm_bytes_equal(answer.field[HM_WELCOME_ORGANIZATION].bytes, LITERAL("Example")));
    assert_int_equal(answer.field[HM_WELCOME_DEVELOPMENT].number, 1);
    assert_int_equal(stop(&p), 0);
}

static void refuses_another_version_of_the_language(void **state) {
    (void)state;
    peer p;
    start(&p);
    hm_message older = hello(HM_WIRE_VERSION - 1), newer = hello(HM_WIRE_VERSION + 1);
    expect_fault(&p, &older, "version");
    expect_fault(&p, &newer, "version");
    hm_message list = {.type = HM_MSG_PRODUCT_LIST};
    expect_fault(&p, &list, "hello comes first");
    stop(&p);
}

static void answers_nothing_before_hello(void **state) {
    (void)state;
    peer p;
    start(&p);
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        if (!is_question(rule) || rule->type == HM_MSG_HELLO) continue;
        hm_message question = smallest(rule);
        expect_fault(&p, &question, "hello comes first");
    }
    stop(&p);
}

static void a_narrowed_session_answers_only_what_the_document_says(void **state) {
    (void)state;
    size_t allowed = 0, forbidden = 0;
    peer p;
    start(&p);
    greet(&p);
    /* So many that it bears as many refusals. */
    narrow(&p, 64);
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        if (!is_question(rule)) continue;
        hm_message question = smallest(rule), answer = ask(&p, &question);
        bool refused = answer.type == HM_MSG_FAULT && hm_failed(hm_wire_raise(&answer)) &&
                       strstr(hm_err_sentence(), "may only sign");
        if (refused == documented(rule, "after")) fail_msg("%s after narrow: the document says otherwise", rule->name);
        *(refused ? &forbidden : &allowed) += 1;
    }
    assert_int_equal(allowed, 4);
    assert_true(forbidden > 10);
    stop(&p);
}

static void what_only_a_narrowed_session_may_ask_is_refused_to_others(void **state) {
    (void)state;
    size_t later = 0;
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        if (!is_question(rule)) continue;
        peer p;
        start(&p);
        greet(&p);
        hm_message question = smallest(rule), answer = ask(&p, &question);
        bool refused = answer.type == HM_MSG_FAULT && hm_failed(hm_wire_raise(&answer)) &&
                       (strstr(hm_err_sentence(), "comes after narrow") ||
                        strstr(hm_err_sentence(), "comes behind publish-"));
        if (refused == documented(rule, "before"))
            fail_msg("%s before narrow: the document says otherwise", rule->name);
        later += refused;
        stop(&p);
    }
    assert_int_equal(later, 8);
}

static void cannot_be_narrowed_to_a_product_that_is_not_there(void **state) {
    (void)state;
    peer p;
    start(&p);
    greet(&p);
    hm_message message = {.type = HM_MSG_NARROW};
    message.field[HM_NARROW_PRODUCT].bytes = LITERAL("pomp");
    message.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_CMS;
    message.field[HM_NARROW_SIGNATURES].number = 1;
    expect_fault(&p, &message, "no product pomp");
    stop(&p);
}

static void refuses_an_answer_as_a_question(void **state) {
    (void)state;
    peer p;
    start(&p);
    greet(&p);
    expect_fault(&p, &(hm_message){.type = HM_MSG_DONE}, "an answer, not a question");
    stop(&p);
}

static void ends_the_session_at_a_malformed_frame(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } malformed[] = {
        {"\x00\x00\x00\x02\xff\xff", 6},     /* an unknown type */
        {"\x00\x00\x00\x03\x00\x39\x00", 7}, /* log-audit with a byte left over */
        {"\x00\x00\x00\x02\x00\x01", 6},     /* hello without its version */
        {"\x7f\xff\xff\xff", 4},             /* too long */
        {"\x00\x00\x00\x00", 4},             /* nothing */
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        peer p;
        start(&p);
        greet(&p);
        assert_int_equal(write(p.fd, malformed[i].bytes, malformed[i].len), malformed[i].len);
        hm_message answer;
        bool closed = false;
        assert_done(hm_wire_receive(p.fd, &p.storage, &answer, &closed));
        assert_true(closed);
        assert_int_equal(stop(&p), 1);
    }
}

static hm_message sign_message(uint64_t tag, hm_bytes content) {
    hm_message message = {.type = HM_MSG_SIGN};
    message.field[HM_SIGN_TAG].number = tag;
    message.field[HM_SIGN_FORMAT].number = 1;
    message.field[HM_SIGN_STRUCTURE].number = 1;
    message.field[HM_SIGN_ALGORITHM].number = HM_KEY_ES256;
    message.field[HM_SIGN_NAME].bytes = LITERAL("firmware.bin");
    message.field[HM_SIGN_PLAIN].bytes = LITERAL("0123456789abcdef0123456789abcdef");
    message.field[HM_SIGN_CONTENT].bytes = content;
    return message;
}

#define DIGEST LITERAL("fedcba9876543210fedcba9876543210")

static void signs_as_many_digests_as_were_announced_and_no_more(void **state) {
    (void)state;
    peer p;
    start(&p);
    greet(&p);
    narrow(&p, 2);
    for (uint64_t tag = 7; tag < 9; tag++) {
        hm_message question = sign_message(tag, DIGEST), answer = ask(&p, &question);
        assert_int_equal(answer.type, HM_MSG_SIGNED);
        assert_int_equal(answer.field[HM_SIGNED_TAG].number, tag);
        assert_true(answer.field[HM_SIGNED_INTENT].number < answer.field[HM_SIGNED_OUTCOME].number);
    }
    hm_message third = sign_message(9, DIGEST), answer = ask(&p, &third);
    assert_int_equal(answer.type, HM_MSG_FAULT);
    assert_int_equal(answer.field[HM_FAULT_TAG].number, 9);
    assert_refused(hm_wire_raise(&answer));
    assert_said("used up");
    assert_int_equal(stop(&p), 0);
}

static void refuses_to_sign_what_the_product_does_not_allow(void **state) {
    (void)state;
    peer p;
    start(&p);
    greet(&p);
    narrow(&p, 9);
    hm_message question = sign_message(1, DIGEST);
    question.field[HM_SIGN_ALGORITHM].number = HM_KEY_RSA3072;
    expect_fault(&p, &question, "does not sign with that algorithm");
    question.field[HM_SIGN_ALGORITHM].number = 200;
    expect_fault(&p, &question, "does not sign with that algorithm");
    question = sign_message(2, DIGEST);
    question.field[HM_SIGN_STRUCTURE].number = 4;
    expect_fault(&p, &question, "no signed structure 4");
    question = sign_message(3, LITERAL("0123456789abcdef0123456789abcdef0123456789abcdef"));
    expect_fault(&p, &question, "wrong length");
    stop(&p);
}

/* A refusal is an entry too. */
static void logs_what_it_refused_to_sign(void **state) {
    (void)state;
    peer p;
    start(&p);
    greet(&p);
    narrow(&p, 0);
    hm_message question = sign_message(1, LITERAL("refused-refused-refused-refused-"));
    expect_fault(&p, &question, "used up");
    assert_int_equal(stop(&p), 0);
    start(&p);
    greet(&p);
    hm_message list = {.type = HM_MSG_LOG_LIST}, entry;
    list.field[HM_LOG_LIST_COUNT].number = UINT64_MAX;
    size_t found = 0;
    for (entry = ask(&p, &list); entry.type == HM_MSG_LOG_ENTRY; entry = listen_to(&p)) {
        hm_bytes leaf = entry.field[HM_LOG_ENTRY_LEAF].bytes;
        found += memmem(leaf.data, leaf.len, "refused-refused-refused-refused-", 32) != NULL;
    }
    assert_int_equal(entry.type, HM_MSG_DONE);
    assert_int_equal(found, 1);
    stop(&p);
}

/* Eighty questions at once: more than a batch. Each is answered, in order, and the log pairs them all. */
static void answers_every_question_of_a_burst(void **state) {
    (void)state;
    enum { BURST = 80 };
    peer p;
    start(&p);
    greet(&p);
    narrow(&p, BURST);
    HM_BUF frames = HM_BUF_EMPTY;
    for (uint64_t tag = 0; tag < BURST; tag++) {
        hm_message question = sign_message(tag, DIGEST);
        assert_done(hm_wire_put(&question, &frames));
    }
    assert_int_equal(write(p.fd, frames.data, frames.len), frames.len);
    for (uint64_t tag = 0; tag < BURST; tag++) {
        hm_message answer = listen_to(&p);
        assert_int_equal(answer.type, HM_MSG_SIGNED);
        assert_int_equal(answer.field[HM_SIGNED_TAG].number, tag);
    }
    assert_int_equal(stop(&p), 0);
    start(&p);
    greet(&p);
    hm_message audit = {.type = HM_MSG_LOG_AUDIT}, audited = ask(&p, &audit);
    assert_int_equal(audited.type, HM_MSG_LOG_AUDITED);
    assert_true(audited.field[HM_LOG_AUDITED_SIGNATURES].number >= BURST);
    assert_int_equal(audited.field[HM_LOG_AUDITED_OPEN].number, 0);
    stop(&p);
}

static void says_last_whether_entries_wait_for_a_checkpoint(void **state) {
    (void)state;
    peer p;
    start(&p);
    greet(&p);
    assert_int_equal(shutdown(p.fd, SHUT_WR), 0);
    hm_message last = listen_to(&p);
    assert_int_equal(last.type, HM_MSG_CLOSING);
    assert_int_equal(last.field[HM_CLOSING_UNPUBLISHED].number, 0); /* nothing was logged */
    assert_int_equal(stop(&p), 0);
}

static void says_why_there_is_no_office(void **state) {
    (void)state;
    char here[sizeof directory];
    memcpy(here, directory, sizeof here);
    snprintf(directory, sizeof directory, "%.60s/nowhere", folder);
    peer p;
    start(&p);
    hm_message answer = listen_to(&p);
    assert_int_equal(answer.type, HM_MSG_FAULT);
    assert_could_not(hm_wire_raise(&answer));
    assert_said("there is no office here");
    assert_int_equal(stop(&p), 1);
    memcpy(directory, here, sizeof directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_hello_with_what_the_office_is, need_office),
        cmocka_unit_test_setup(refuses_another_version_of_the_language, need_office),
        cmocka_unit_test_setup(answers_nothing_before_hello, need_office),
        cmocka_unit_test_setup(a_narrowed_session_answers_only_what_the_document_says, need_office),
        cmocka_unit_test_setup(what_only_a_narrowed_session_may_ask_is_refused_to_others, need_office),
        cmocka_unit_test_setup(cannot_be_narrowed_to_a_product_that_is_not_there, need_office),
        cmocka_unit_test_setup(refuses_an_answer_as_a_question, need_office),
        cmocka_unit_test_setup(ends_the_session_at_a_malformed_frame, need_office),
        cmocka_unit_test_setup(signs_as_many_digests_as_were_announced_and_no_more, need_office),
        cmocka_unit_test_setup(refuses_to_sign_what_the_product_does_not_allow, need_office),
        cmocka_unit_test_setup(logs_what_it_refused_to_sign, need_office),
        cmocka_unit_test_setup(answers_every_question_of_a_burst, need_office),
        cmocka_unit_test_setup(says_last_whether_entries_wait_for_a_checkpoint, need_office),
        cmocka_unit_test(says_why_there_is_no_office),
    };
    return cmocka_run_group_tests(tests, make_office, remove_office);
}
