/* A database, a head or a checkpoint that was put back or changed: the log does not fork. */
#include "audit_fixture.h"

#include <base/file.h>

#include <fcntl.h>
#include <unistd.h>

/* The database of before with the log of after. */
static void an_old_database_signs_nothing_and_publishes_nothing(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    OFFICE old;
    HM_BUF checkpoint = HM_BUF_EMPTY, after = HM_BUF_EMPTY;
    static const char *const files[] = {"office.db", "office.db-wal"};
    office_copy(&old);
    make_signed(&s);
    WORKS(hm_file_read(AT_FDCWD, office_file(&s.o, "log/checkpoint"), 1 << 16, &checkpoint));
    for (size_t i = 0; i < 2; i++) {
        HM_BUF content = HM_BUF_EMPTY;
        if (access(office_file(&old, files[i]), F_OK) == 0)
            WORKS(hm_file_read(AT_FDCWD, office_file(&old, files[i]), 1 << 24, &content));
        WORKS(hm_file_write(AT_FDCWD, office_file(&s.o, files[i]), hm_buf_bytes(&content), 0600));
    }
    unlink(office_file(&s.o, "office.db-shm"));
    FAILS(HM_COULD_NOT, "must not fork", hm_connect(s.o.directory, NULL, NULL, &s.o.core));
    /* Nor when it has as many entries again, of another kind. */
    hm_leaf leaf = leaf_like(&s.o, 0, HM_LEAF_CEREMONY, 0);
    while (entries_in(&s.o) <= s.outcome + 1) entry_forge(&s.o, &leaf);
    FAILS(HM_COULD_NOT, "must not fork", hm_connect(s.o.directory, NULL, NULL, &s.o.core));
    WORKS(hm_file_read(AT_FDCWD, office_file(&s.o, "log/checkpoint"), 1 << 16, &after));
    assert_true(hm_bytes_equal(hm_buf_bytes(&checkpoint), hm_buf_bytes(&after)));
}

static const hm_message publish = {.type = HM_MSG_LOG_PUBLISH};

/* The head that the database remembers was put back to an older one; the entries and the published log were not. */
static void a_head_that_was_put_back_is_caught_up_with(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    hm_message before = audit(&s.o);
    uint8_t root[32];
    memcpy(root, before.field[HM_LOG_AUDITED_ROOT].bytes.data, sizeof root);
    office_disconnect(&s.o);
    office_sql(&s.o, "CREATE TABLE kept AS SELECT * FROM head");
    sign_once(&s.o, &s.intent, &s.outcome, s.hash);
    office_connect(&s.o);
    ask(&s.o, &publish);
    office_disconnect(&s.o);
    office_sql(&s.o, "DELETE FROM head; INSERT INTO head SELECT * FROM kept");
    hm_message after = audit(&s.o);
    assert_memory_equal(after.field[HM_LOG_AUDITED_ROOT].bytes.data, root, sizeof root);
    assert_int_equal(after.field[HM_LOG_AUDITED_ENTRIES].number, s.outcome + 1);
    ask(&s.o, &publish);
    after = audit_again(&s.o);
    assert_int_equal(after.field[HM_LOG_AUDITED_SIZE].number, s.outcome + 1);
}

static void an_office_whose_head_was_removed_goes_on_with_nothing(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    office_sql(&s.o, "DELETE FROM head");
    expect_audit_fault(&s.o, "never finished");
}

/* SQL for an octet that is not this one: hashes hold every value now and then. */
#define OTHER_OCTET(octet) "CASE " octet " WHEN x'ff' THEN x'00' ELSE x'ff' END"

static void finds_that_the_remembered_head_was_changed(void **state) {
    (void)state;
    static const char *const ways[] = {
        /* A hash of the edge, its number of entries, its last octet; the note. */
        "UPDATE head SET edge=substr(edge,1,20)||" OTHER_OCTET("substr(edge,21,1)") "||substr(edge,22)",
        "UPDATE head SET edge=x'00000000ffffffff'||substr(edge,9)",
        "UPDATE head SET edge=substr(edge,1,length(edge)-1)",
        "UPDATE head SET checkpoint=replace(checkpoint,'hallmark.invalid','hallmark.example')",
        "UPDATE head SET checkpoint=x'00'",
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        SIGNED_OFFICE s;
        make_signed(&s);
        office_sql(&s.o, ways[i]);
        /* Something new is to be published on top of it. */
        hm_leaf leaf = leaf_like(&s.o, 0, HM_LEAF_CEREMONY, 0);
        entry_forge(&s.o, &leaf);
        expect_fault_of(&s.o, i < 3 ? &publish : &(hm_message){.type = HM_MSG_LOG_AUDIT}, "");
    }
}

/* A hash that stands for 256 entries, which publishing does not read again. */
static void signs_no_checkpoint_over_a_damaged_edge(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    HM_BUF before = HM_BUF_EMPTY, after = HM_BUF_EMPTY;
    make_signed(&s);
    hm_leaf leaf = leaf_like(&s.o, 0, HM_LEAF_CEREMONY, 0);
    while (entries_in(&s.o) < 300) entry_forge(&s.o, &leaf);
    office_connect(&s.o);
    WORKS(hm_put(&before, ask(&s.o, &publish).field[HM_BYTES_CONTENT].bytes));
    office_disconnect(&s.o);
    office_sql(&s.o, "UPDATE head SET edge=substr(edge,1,length(edge)-1)||" OTHER_OCTET("substr(edge,-1)"));
    entry_forge(&s.o, &leaf);
    expect_fault_of(&s.o, &publish, "");
    WORKS(hm_file_read(AT_FDCWD, office_file(&s.o, "log/checkpoint"), 1 << 16, &after));
    assert_true(hm_bytes_equal(hm_buf_bytes(&before), hm_buf_bytes(&after)));
}

static void finds_that_the_published_checkpoint_was_changed(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    HM_BUF note = HM_BUF_EMPTY;
    make_signed(&s);
    WORKS(hm_file_read(AT_FDCWD, office_file(&s.o, "log/checkpoint"), 1 << 16, &note));
    uint8_t *line = memchr(note.data, '\n', note.len);
    assert_non_null(line);
    line[1] = line[1] == '9' ? '8' : '9'; /* its size */
    WORKS(hm_file_write(AT_FDCWD, office_file(&s.o, "log/checkpoint"), hm_buf_bytes(&note), 0644));
    expect_audit_fault(&s.o, "checkpoint");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(an_old_database_signs_nothing_and_publishes_nothing),
        OFFICE_TEST(a_head_that_was_put_back_is_caught_up_with),
        OFFICE_TEST(an_office_whose_head_was_removed_goes_on_with_nothing),
        OFFICE_TEST(finds_that_the_remembered_head_was_changed),
        OFFICE_TEST(signs_no_checkpoint_over_a_damaged_edge),
        OFFICE_TEST(finds_that_the_published_checkpoint_was_changed),
    };
    return RUN_WITH_OFFICE(tests);
}
