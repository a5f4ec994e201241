/* Publishing: what a checkpoint covers, when the next may wait, and what must never be signed. */
#include "office_fixture.h"

#include <base/file.h>
#include <tlog/tiles.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void published(const office *o, hm_checkpoint *checkpoint) {
    HM_BUF note = HM_BUF_EMPTY;
    hm_note_key key;
    log_key(o, &key);
    WORKS(hm_file_read(AT_FDCWD, office_file(o, "log/checkpoint"), 1 << 16, &note));
    WORKS(hm_checkpoint_open(hm_buf_bytes(&note), &key, checkpoint));
}

static uint64_t published_size(const office *o) {
    hm_checkpoint checkpoint;
    published(o, &checkpoint);
    return checkpoint.size;
}

static const hm_message publish = {.type = HM_MSG_LOG_PUBLISH};

static void a_session_that_logs_ends_with_a_checkpoint(void **state) {
    (void)state;
    OFFICE o;
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
    office_copy(&o);
    sign_once(&o, &intent, &outcome, hash);
    assert_false(o.core.unpublished);
    assert_int_equal(published_size(&o), outcome + 1);
}

static void a_session_that_logs_nothing_leaves_the_checkpoint_alone(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF before = HM_BUF_EMPTY, after = HM_BUF_EMPTY;
    office_copy(&o);
    WORKS(hm_file_read(AT_FDCWD, office_file(&o, "log/checkpoint"), 1 << 16, &before));
    office_connect(&o);
    office_disconnect(&o);
    assert_false(o.core.unpublished);
    WORKS(hm_file_read(AT_FDCWD, office_file(&o, "log/checkpoint"), 1 << 16, &after));
    assert_true(hm_bytes_equal(hm_buf_bytes(&before), hm_buf_bytes(&after)));
}

/* Two sessions within a second. The clock of a busy machine may pass it between them: then there is nothing to see. */
static void a_checkpoint_younger_than_a_second_is_not_followed_at_once(void **state) {
    (void)state;
    OFFICE o;
    uint64_t intent, outcome, first;
    uint8_t hash[HM_SHA256_LEN];
    office_copy(&o);
    for (int attempt = 0; attempt < 20; attempt++) {
        office_age_checkpoint(&o);
        sign_once(&o, &intent, &first, hash);
        sign_once(&o, &intent, &outcome, hash);
        if (o.core.unpublished) break;
    }
    assert_true(o.core.unpublished);
    assert_int_equal(published_size(&o), first + 1);
    /* Whoever asks gets it at once. */
    office_connect(&o);
    ask(&o, &publish);
    assert_int_equal(published_size(&o), outcome + 1);
    office_disconnect(&o);
    assert_false(o.core.unpublished);
}

static void a_checkpoint_from_the_future_is_no_reason_to_wait(void **state) {
    (void)state;
    OFFICE o;
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
    struct timespec dates[2] = {{.tv_sec = 4000000000}, {.tv_sec = 4000000000}};
    office_copy(&o);
    assert_int_equal(utimensat(AT_FDCWD, office_file(&o, "log/checkpoint"), dates, 0), 0);
    sign_once(&o, &intent, &outcome, hash);
    assert_false(o.core.unpublished);
    assert_int_equal(published_size(&o), outcome + 1);
}

/* Whoever says what must not be said has nobody to ask for a checkpoint later. */
static void a_session_that_breaks_off_leaves_a_checkpoint(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
    office_open_narrowed(&o, 1);
    uint64_t outcome = ask(&o, &question).field[HM_SIGNED_OUTCOME].number;
    WORKS(hm_fd_write(o.core.fd, LITERAL("\x7f\xff\xff\xff")));
    FAILS(HM_REFUSED, "too long", hm_disconnect(&o.core));
    assert_int_equal(published_size(&o), outcome + 1);
}

static void publishing_what_is_published_gives_the_same_note(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF first = HM_BUF_EMPTY;
    office_open(&o);
    WORKS(hm_put(&first, ask(&o, &publish).field[HM_BYTES_CONTENT].bytes));
    assert_true(hm_bytes_equal(hm_buf_bytes(&first), ask(&o, &publish).field[HM_BYTES_CONTENT].bytes));
}

/* Every checkpoint is a beginning of the next, and its files are there. */
static void the_log_only_grows(void **state) {
    (void)state;
    OFFICE o;
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
    hm_checkpoint before, after;
    office_copy(&o);
    published(&o, &before);
    for (int i = 0; i < 3; i++, before = after) {
        hm_merkle_proof proof;
        HM_TILE_READER *reader = NULL;
        office_age_checkpoint(&o);
        sign_once(&o, &intent, &outcome, hash);
        published(&o, &after);
        HM_FD log = open(office_file(&o, "log"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        WORKS(hm_tile_reader_new(log, &after, &reader));
        WORKS(hm_tiles_audit(reader, NULL, NULL));
        WORKS(hm_tiles_consistency(reader, before.size, &proof));
        WORKS(hm_merkle_check_consistency(before.size, after.size, &before.root, &after.root, &proof));
    }
}

static void nothing_is_published_over_a_missing_entry(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), answer;
    office_copy(&o);
    uint64_t before = published_size(&o);
    office_connect(&o);
    narrow(&o, 1);
    uint64_t intent = ask(&o, &question).field[HM_SIGNED_INTENT].number;
    HM_BUF text = HM_BUF_EMPTY;
    const char *statement;
    WORKS(hm_put_format(&text, "DELETE FROM entry WHERE idx=%llu", (unsigned long long)intent));
    WORKS(hm_buf_string(&text, &statement));
    office_sql(&o, statement);
    FAILS(HM_COULD_NOT, "is missing from the database", hm_disconnect(&o.core));
    assert_int_equal(published_size(&o), before);
    office_connect(&o);
    FAILS(HM_COULD_NOT, "is missing from the database", hm_ask(&o.core, &publish, &answer));
}

static void nothing_is_published_by_a_token_that_cannot_sign(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
    office_copy(&o);
    uint64_t before = published_size(&o);
    office_connect(&o);
    narrow(&o, 1);
    uint64_t outcome = ask(&o, &question).field[HM_SIGNED_OUTCOME].number;
    token_faults("C_Sign length 0 0\n");
    FAILS(HM_COULD_NOT, "signature of 0 octets", hm_disconnect(&o.core));
    assert_int_equal(published_size(&o), before);
    token_faults("");
    office_connect(&o);
    ask(&o, &publish);
    assert_int_equal(published_size(&o), outcome + 1);
}

/* A log key's signature that is none must not replace a checkpoint that is one. */
static void no_checkpoint_with_a_wrong_signature_is_published(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
    office_copy(&o);
    uint64_t before = published_size(&o);
    office_connect(&o);
    narrow(&o, 1);
    ask(&o, &question);
    token_faults("C_Sign garbage 0 0\n");
    assert_true(hm_failed(hm_disconnect(&o.core)));
    token_faults("");
    assert_int_equal(published_size(&o), before);
}

/* A published checkpoint that somebody removed is written again, from what the database remembers. */
static void a_checkpoint_that_was_removed_is_written_again(void **state) {
    (void)state;
    OFFICE o;
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
    office_copy(&o);
    assert_int_equal(unlink(office_file(&o, "log/checkpoint")), 0);
    sign_once(&o, &intent, &outcome, hash);
    assert_int_equal(published_size(&o), outcome + 1);
}

static void lists_the_part_of_the_log_that_was_asked_for(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = {.type = HM_MSG_LOG_LIST}, answer;
    office_open(&o);
    uint64_t size = entries_in(&o), next = 2;
    question.field[HM_LOG_LIST_FROM].number = 2;
    question.field[HM_LOG_LIST_COUNT].number = 3;
    for (answer = ask(&o, &question); answer.type == HM_MSG_LOG_ENTRY; answer = hear(&o))
        assert_int_equal(answer.field[HM_LOG_ENTRY_INDEX].number, next++);
    assert_int_equal(next, 5);
    static const uint64_t beyond[] = {UINT64_MAX - 1, (uint64_t)INT64_MAX + 1, INT64_MAX};
    question.field[HM_LOG_LIST_COUNT].number = UINT64_MAX;
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        question.field[HM_LOG_LIST_FROM].number = beyond[i];
        assert_int_equal(ask(&o, &question).type, HM_MSG_DONE);
    }
    question.field[HM_LOG_LIST_FROM].number = size;
    assert_int_equal(ask(&o, &question).type, HM_MSG_DONE);
    /* The last two. */
    question.field[HM_LOG_LIST_FROM].number = UINT64_MAX;
    question.field[HM_LOG_LIST_COUNT].number = 2;
    next = size - 2;
    for (answer = ask(&o, &question); answer.type == HM_MSG_LOG_ENTRY; answer = hear(&o))
        assert_int_equal(answer.field[HM_LOG_ENTRY_INDEX].number, next++);
    assert_int_equal(next, size);
}

static hm_message search_message(const char *product) {
    hm_message question = {.type = HM_MSG_LOG_SEARCH};
    question.field[HM_LOG_SEARCH_PRODUCT].bytes = hm_text(product);
    return question;
}

static void what_is_searched_is_answered_with_entries_and_an_end(void **state) {
    (void)state;
    OFFICE o;
    uint64_t intent, outcome, found[8];
    uint8_t hash[HM_SHA256_LEN];
    size_t count = 0;
    hm_message question = search_message("pump"), answer;
    office_copy(&o);
    sign_once(&o, &intent, &outcome, hash);
    office_connect(&o);
    question.field[HM_LOG_SEARCH_RELEASE].bytes = LITERAL("1.0");
    for (uint64_t complete = 0; complete < 2; complete++) {
        question.field[HM_LOG_SEARCH_COMPLETE].number = complete;
        count = 0;
        for (answer = ask(&o, &question); answer.type == HM_MSG_LOG_ENTRY; answer = hear(&o)) {
            assert_true(count < 8);
            found[count++] = answer.field[HM_LOG_ENTRY_INDEX].number;
        }
        assert_int_equal(count, 2);
        assert_int_equal(found[0], intent);
        assert_int_equal(found[1], outcome);
        assert_int_equal(answer.type, HM_MSG_LOG_SEARCHED);
        assert_int_equal(answer.field[HM_LOG_SEARCHED_COMPLETE].number, complete);
        assert_int_equal(answer.field[HM_LOG_SEARCHED_ROOT].bytes.len, complete ? 32 : 0);
        assert_int_equal(answer.field[HM_LOG_SEARCHED_SIZE].number, entries_in(&o));
        assert_int_equal(hear(&o).type, HM_MSG_DONE);
    }
}

static void a_search_that_is_refused_ends_no_session_and_is_no_entry(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    uint64_t size = entries_in(&o);
    hm_message question = search_message("hump");
    expect_fault(&o, HM_REFUSED, "there is no product hump", &question);
    question = search_message("pump");
    question.field[HM_LOG_SEARCH_TYPE].bytes = LITERAL("entry");
    expect_fault(&o, HM_MISUSED, "no entries of the type entry", &question);
    question.field[HM_LOG_SEARCH_TYPE].bytes = LITERAL("failure");
    assert_int_equal(ask(&o, &question).type, HM_MSG_LOG_SEARCHED);
    assert_int_equal(hear(&o).type, HM_MSG_DONE);
    assert_int_equal(entries_in(&o), size);
}

static void a_session_that_signs_searches_nothing(void **state) {
    (void)state;
    OFFICE o;
    office_open_narrowed(&o, 1);
    hm_message question = search_message("pump");
    expect_fault(&o, HM_REFUSED, "this session may only sign", &question);
    question = (hm_message){.type = HM_MSG_LOG_INCLUDE};
    expect_fault(&o, HM_REFUSED, "this session may only sign", &question);
}

static void any_entry_is_proven_and_none_that_is_not_there(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = {.type = HM_MSG_LOG_INCLUDE};
    office_open(&o);
    uint64_t size = entries_in(&o);
    for (uint64_t i = 0; i < size; i++) {
        question.field[HM_LOG_INCLUDE_INDEX].number = i;
        hm_message answer = ask(&o, &question);
        hm_bytes start, text = answer.field[HM_BYTES_CONTENT].bytes;
        WORKS(hm_bytes_part(text, 0, 22, &start));
        assert_true(hm_bytes_equal(start, LITERAL("c2sp.org/tlog-proof@v1")));
    }
    question.field[HM_LOG_INCLUDE_INDEX].number = size;
    expect_fault(&o, HM_REFUSED, "the log has no entry", &question);
    question.field[HM_LOG_INCLUDE_INDEX].number = UINT64_MAX;
    expect_fault(&o, HM_REFUSED, "the log has no entry", &question);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(a_session_that_logs_ends_with_a_checkpoint),
        OFFICE_TEST(a_session_that_logs_nothing_leaves_the_checkpoint_alone),
        OFFICE_TEST(a_checkpoint_younger_than_a_second_is_not_followed_at_once),
        OFFICE_TEST(a_checkpoint_from_the_future_is_no_reason_to_wait),
        OFFICE_TEST(a_session_that_breaks_off_leaves_a_checkpoint),
        OFFICE_TEST(publishing_what_is_published_gives_the_same_note),
        OFFICE_TEST(the_log_only_grows),
        OFFICE_TEST(nothing_is_published_over_a_missing_entry),
        OFFICE_TEST(nothing_is_published_by_a_token_that_cannot_sign),
        OFFICE_TEST(no_checkpoint_with_a_wrong_signature_is_published),
        OFFICE_TEST(a_checkpoint_that_was_removed_is_written_again),
        OFFICE_TEST(lists_the_part_of_the_log_that_was_asked_for),
        OFFICE_TEST(what_is_searched_is_answered_with_entries_and_an_end),
        OFFICE_TEST(a_search_that_is_refused_ends_no_session_and_is_no_entry),
        OFFICE_TEST(a_session_that_signs_searches_nothing),
        OFFICE_TEST(any_entry_is_proven_and_none_that_is_not_there),
    };
    return RUN_WITH_OFFICE(tests);
}
