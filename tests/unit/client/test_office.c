/* An office as a program sees it: cores that cannot start, die, or are left in the middle of a list. */
#include "office_fixture.h"

#include <base/file.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void expect_no_connection(const char *directory, hm_class class, const char *words) {
    hm_connection none;
    FAILS(class, words, hm_connect(directory, NULL, NULL, &none));
    assert_int_equal(none.fd, -1);
    /* Its core is gone too. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void there_is_no_office_in_a_folder_without_one(void **state) {
    (void)state;
    char path[96];
    snprintf(path, sizeof path, "%.60s/nowhere", office_group_folder());
    expect_no_connection(path, HM_COULD_NOT, "there is no office here");
    expect_no_connection("/", HM_COULD_NOT, "there is no office here");
    expect_no_connection("/etc/passwd", HM_COULD_NOT, "there is no office here");
}

static void an_office_that_was_never_finished_is_not_opened(void **state) {
    (void)state;
    OFFICE o;
    office_copy(&o);
    office_sql(&o, "DELETE FROM office");
    expect_no_connection(o.directory, HM_COULD_NOT, "never finished");
}

static void an_office_that_others_can_write_to_is_not_opened(void **state) {
    (void)state;
    OFFICE o;
    office_copy(&o);
    assert_int_equal(chmod(o.directory, 0770), 0);
    expect_no_connection(o.directory, HM_REFUSED, "others can write");
    assert_int_equal(chmod(o.directory, 0702), 0);
    expect_no_connection(o.directory, HM_REFUSED, "others can write");
    assert_int_equal(chmod(o.directory, 0750), 0);
    office_connect(&o);
}

static void an_office_with_a_part_that_others_can_write_to_is_not_opened(void **state) {
    (void)state;
    static const char *const parts[] = {"office.db", "log", "trust.pem"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        OFFICE o;
        struct stat st;
        office_copy(&o);
        assert_int_equal(stat(office_file(&o, parts[i]), &st), 0);
        assert_int_equal(chmod(office_file(&o, parts[i]), (st.st_mode & 07777) | 0020), 0);
        expect_no_connection(o.directory, HM_REFUSED, parts[i]);
        assert_int_equal(chmod(office_file(&o, parts[i]), st.st_mode & 07777), 0);
        office_connect(&o);
    }
}

static void an_office_with_a_part_of_somebody_else_is_not_opened(void **state) {
    (void)state;
    static const char *const parts[] = {"", "office.db", "log", "trust.pem"};
    if (getuid() != 0) skip(); /* only root gives files away */
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        OFFICE o;
        office_copy(&o);
        assert_int_equal(chown(office_file(&o, parts[i]), 65534, (gid_t)-1), 0);
        expect_no_connection(o.directory, HM_REFUSED, "belongs to somebody else");
    }
}

/* What was copied in with the folder is not run. */
static void a_module_that_lies_in_the_office_is_not_loaded(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF module = HM_BUF_EMPTY, text = HM_BUF_EMPTY;
    const char *statement;
    hm_message question = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ED25519);
    office_copy(&o);
    WORKS(hm_file_read(AT_FDCWD, FAKE_MODULE, 1 << 24, &module));
    WORKS(hm_file_write(AT_FDCWD, office_file(&o, "module.so"), hm_buf_bytes(&module), 0755));
    WORKS(hm_put_format(&text, "UPDATE office SET token='pkcs11:token=hallmark?module-path=%s'",
                        office_file(&o, "module.so")));
    WORKS(hm_buf_string(&text, &statement));
    office_sql(&o, statement);
    office_connect(&o);
    expect_fault(&o, HM_REFUSED, "lies in the office's folder", &question);
    (void)!hm_failed(hm_disconnect(&o.core)); /* no checkpoint without a token */
}

static void an_office_without_its_log_is_not_opened(void **state) {
    (void)state;
    OFFICE o;
    char moved[128];
    office_copy(&o);
    snprintf(moved, sizeof moved, "%s/elsewhere", o.directory);
    assert_int_equal(rename(office_file(&o, "log"), moved), 0);
    expect_no_connection(o.directory, HM_COULD_NOT, "log");
}

static void an_office_of_another_schema_is_not_opened(void **state) {
    (void)state;
    OFFICE o;
    office_copy(&o);
    office_sql(&o, "PRAGMA user_version=99");
    expect_no_connection(o.directory, HM_COULD_NOT, "schema 99");
}

static void knows_the_office_after_the_greeting(void **state) {
    (void)state;
    OFFICE o;
    static const uint8_t none[16];
    office_copy(&o);
    office_connect(&o);
    assert_string_equal(o.core.organization, "Example");
    assert_non_null(strstr(o.core.origin, "hallmark.invalid/office/"));
    assert_true(o.core.development);
    assert_memory_not_equal(o.core.uuid, none, sizeof none);
}

static void says_that_the_core_was_killed(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = {.type = HM_MSG_PRODUCT_LIST}, answer;
    office_copy(&o);
    office_connect(&o);
    assert_int_equal(kill(o.core.core, SIGKILL), 0);
    FAILS(HM_COULD_NOT, "", hm_ask(&o.core, &question, &answer));
    FAILS(HM_COULD_NOT, "ended unexpectedly", hm_disconnect(&o.core));
    WORKS(hm_disconnect(&o.core)); /* harmless when closed */
}

/* An interrupt ends the front; what the core was asked is finished. */
static void an_interrupt_from_the_terminal_does_not_end_the_core(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
    signal(SIGINT, SIG_DFL); /* a job in the background begins with it ignored */
    office_copy(&o);
    office_connect(&o);
    narrow(&o, 1);
    assert_int_equal(kill(o.core.core, SIGINT), 0);
    assert_int_equal(ask(&o, &question).type, HM_MSG_SIGNED);
    office_disconnect(&o);
}

/* The front is gone before its answer: the intent has its outcome all the same, and both are published. */
static void what_was_asked_by_a_front_that_is_gone_is_finished(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), audit = {.type = HM_MSG_LOG_AUDIT};
    office_copy(&o);
    office_connect(&o);
    narrow(&o, 1);
    uint64_t before = entries_in(&o);
    WORKS(hm_wire_send(o.core.fd, &question));
    hm_fd_close(&o.core.fd);
    assert_int_equal(waitpid(o.core.core, NULL, 0), o.core.core);
    hm_buf_clear(&o.core.storage);
    assert_int_equal(entries_in(&o), before + 2);
    office_connect(&o);
    assert_int_equal(ask(&o, &audit).field[HM_LOG_AUDITED_OPEN].number, 0);
}

static void a_question_that_cannot_be_written_down_is_not_sent(void **state) {
    (void)state;
    OFFICE o;
    static const uint8_t letters[65] = "a name of sixty-five octets is longer than the language allows it";
    hm_message question = {.type = HM_MSG_PRODUCT_LIST}, answer;
    office_copy(&o);
    office_connect(&o);
    question.field[HM_PRODUCT_LIST_NAME].bytes = HM_ARRAY(letters);
    FAILS(HM_REFUSED, "out of bounds", hm_ask(&o.core, &question, &answer));
    question.type = (hm_message_type)999;
    FAILS(HM_REFUSED, "no message of type 999", hm_ask(&o.core, &question, &answer));
    question = (hm_message){.type = HM_MSG_PRODUCT_LIST};
    assert_int_equal(ask(&o, &question).type, HM_MSG_PRODUCT); /* in step */
}

static void a_fault_is_raised_again_with_its_class_and_sentence(void **state) {
    (void)state;
    OFFICE o;
    hm_message add = {.type = HM_MSG_PRODUCT_ADD}, prepare = {.type = HM_MSG_PREPARE};
    add.field[HM_PRODUCT_ADD_NAME].bytes = LITERAL("-x");
    prepare.field[HM_PREPARE_ALGORITHMS].bytes = LITERAL("\x01");
    office_copy(&o);
    office_connect(&o);
    expect_fault(&o, HM_MISUSED, "begins with a letter", &add);
    expect_fault(&o, HM_REFUSED, "prepare comes after narrow", &prepare);
}

/* Entries wait for a checkpoint, and a list was not read to its end: the last word is behind it. */
static void hears_the_last_word_behind_answers_that_nobody_read(void **state) {
    (void)state;
    OFFICE o;
    hm_message generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ED25519),
               list = {.type = HM_MSG_LOG_LIST}, publish = {.type = HM_MSG_LOG_PUBLISH};
    list.field[HM_LOG_LIST_COUNT].number = UINT64_MAX;
    office_copy(&o);
    office_connect(&o);
    ask(&o, &generate);
    ask(&o, &publish);
    office_disconnect(&o);
    bool heard = false;
    for (int attempt = 0; attempt < 20 && !heard; attempt++) {
        hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), answer;
        office_connect(&o);
        ask(&o, &publish);
        WORKS(hm_wire_send(o.core.fd, &list));
        WORKS(hm_wire_send(o.core.fd, &question)); /* refused, which is logged */
        WORKS(hm_listen(&o.core, &answer));
        assert_int_equal(answer.type, HM_MSG_LOG_ENTRY);
        office_disconnect(&o);
        heard = o.core.unpublished;
    }
    assert_true(heard);
}

static void a_fault_that_nobody_read_is_not_the_session_s(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = {.type = HM_MSG_PREPARE};
    question.field[HM_PREPARE_ALGORITHMS].bytes = LITERAL("\x01");
    office_copy(&o);
    office_connect(&o);
    WORKS(hm_wire_send(o.core.fd, &question));
    office_disconnect(&o);
}

static void a_session_that_ends_badly_says_so(void **state) {
    (void)state;
    OFFICE o;
    office_copy(&o);
    office_connect(&o);
    WORKS(hm_fd_write(o.core.fd, LITERAL("\x00\x00\x00\x02\xff\xff")));
    FAILS(HM_REFUSED, "no message of type 65535", hm_disconnect(&o.core));
}

static void tell(void *context) { (void)!write(*(int *)context, "x", 1); }

static void the_survivor_runs_in_the_core_however_the_conversation_ended(void **state) {
    (void)state;
    OFFICE o;
    int pair[2];
    char told[8];
    office_copy(&o);
    assert_int_equal(pipe2(pair, O_NONBLOCK), 0);
    WORKS(hm_connect(o.directory, tell, &pair[1], &o.core));
    WORKS(hm_disconnect(&o.core));
    assert_int_equal(read(pair[0], told, sizeof told), 1);
    WORKS(hm_connect(o.directory, tell, &pair[1], &o.core));
    WORKS(hm_fd_write(o.core.fd, LITERAL("\x7f\xff\xff\xff")));
    assert_true(hm_failed(hm_disconnect(&o.core)));
    assert_int_equal(read(pair[0], told, sizeof told), 1);
    expect_no_connection("/", HM_COULD_NOT, "no office");
    hm_connection none;
    assert_true(hm_failed(hm_connect("/", tell, &pair[1], &none)));
    assert_int_equal(read(pair[0], told, sizeof told), 1);
    close(pair[0]);
    close(pair[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(there_is_no_office_in_a_folder_without_one),
        OFFICE_TEST(an_office_that_was_never_finished_is_not_opened),
        OFFICE_TEST(an_office_that_others_can_write_to_is_not_opened),
        OFFICE_TEST(an_office_with_a_part_that_others_can_write_to_is_not_opened),
        OFFICE_TEST(an_office_with_a_part_of_somebody_else_is_not_opened),
        OFFICE_TEST(a_module_that_lies_in_the_office_is_not_loaded),
        OFFICE_TEST(an_office_without_its_log_is_not_opened),
        OFFICE_TEST(an_office_of_another_schema_is_not_opened),
        OFFICE_TEST(knows_the_office_after_the_greeting),
        OFFICE_TEST(says_that_the_core_was_killed),
        OFFICE_TEST(an_interrupt_from_the_terminal_does_not_end_the_core),
        OFFICE_TEST(what_was_asked_by_a_front_that_is_gone_is_finished),
        OFFICE_TEST(a_question_that_cannot_be_written_down_is_not_sent),
        OFFICE_TEST(a_fault_is_raised_again_with_its_class_and_sentence),
        OFFICE_TEST(hears_the_last_word_behind_answers_that_nobody_read),
        OFFICE_TEST(a_fault_that_nobody_read_is_not_the_session_s),
        OFFICE_TEST(a_session_that_ends_badly_says_so),
        OFFICE_TEST(the_survivor_runs_in_the_core_however_the_conversation_ended),
    };
    return RUN_WITH_OFFICE(tests);
}
