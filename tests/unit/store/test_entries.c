/* The log's entries and what has been published of them. */
#include "store_test.h"

#include <sys/stat.h>

static void appends_nothing_outside_a_transaction(void **state) {
    fixture *f = *state;
    uint64_t index;
    hm_entry_row entry = entry_of("leaf");
    assert_could_not(hm_store_append(f->store, &entry, &index), "outside a transaction");
    assert_done(append(f->store, "leaf", &index));
    assert_could_not(hm_store_append(f->store, &entry, &index), "outside a transaction");
    assert_int_equal(log_size(f->store), 1);
}

static void an_empty_log_has_no_entries(void **state) {
    fixture *f = *state;
    counter count = {0};
    assert_int_equal(log_size(f->store), 0);
    assert_done(hm_store_entries(f->store, 0, UINT64_MAX, count_entry, &count));
    assert_done(hm_store_entries_tagged(f->store, 7, count_entry, &count));
    assert_int_equal(count.seen, 0);
}

static hm_err check_entry(void *context, const hm_entry_row *entry) {
    size_t *next = context;
    char leaf[32];
    snprintf(leaf, sizeof leaf, "leaf %zu", *next);
    if (entry->index != (*next)++) return hm_refuse("an entry is missing");
    if (!hm_bytes_equal(entry->leaf, hm_text(leaf))) return hm_refuse("another leaf");
    if (!hm_bytes_equal(entry->salt, LITERAL("salt")) || !hm_bytes_equal(entry->details, LITERAL("{}")))
        return hm_refuse("other details");
    return entry->tag == 7 ? HM_OK : hm_refuse("another tag");
}

static void append_many(hm_store *store, size_t count) {
    uint64_t index;
    for (size_t i = 0; i < count; i++) {
        char leaf[32];
        snprintf(leaf, sizeof leaf, "leaf %zu", i);
        assert_done(append(store, leaf, &index));
        assert_int_equal(index, i);
    }
}

static void gives_back_what_was_appended_in_order(void **state) {
    fixture *f = *state;
    size_t next = 0;
    append_many(f->store, 10);
    assert_done(hm_store_entries(f->store, 0, UINT64_MAX, check_entry, &next));
    assert_int_equal(next, 10);
}

static void gives_the_part_that_was_asked_for(void **state) {
    fixture *f = *state;
    size_t next = 3;
    append_many(f->store, 10);
    assert_done(hm_store_entries(f->store, 3, 4, check_entry, &next));
    assert_int_equal(next, 7);
    assert_done(hm_store_entries(f->store, 7, 100, check_entry, &next));
    assert_int_equal(next, 10);
    counter count = {0};
    assert_done(hm_store_entries(f->store, 10, 1, count_entry, &count));
    assert_done(hm_store_entries(f->store, 0, 0, count_entry, &count));
    assert_int_equal(count.seen, 0);
}

/* Numbers that a signed one would take for negative. */
static void there_is_nothing_behind_the_largest_numbers(void **state) {
    fixture *f = *state;
    static const uint64_t far[] = {INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX - 1, UINT64_MAX};
    append_many(f->store, 3);
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        counter count = {0};
        assert_done(hm_store_entries(f->store, far[i], UINT64_MAX, count_entry, &count));
        assert_int_equal(count.seen, 0);
    }
    size_t next = 0;
    assert_done(hm_store_entries(f->store, 0, (uint64_t)INT64_MAX + 1, check_entry, &next));
    assert_int_equal(next, 3);
}

static void entries_of_one_transaction_follow_one_another(void **state) {
    fixture *f = *state;
    hm_entry_row entry = entry_of("leaf");
    append_many(f->store, 2);
    assert_done(hm_store_begin(f->store));
    for (uint64_t i = 2, index; i < 5; i++) {
        assert_done(hm_store_append(f->store, &entry, &index));
        assert_int_equal(index, i);
    }
    assert_done(hm_store_commit(f->store));
    assert_int_equal(log_size(f->store), 5);
}

static void a_number_that_was_rolled_back_is_used_again(void **state) {
    fixture *f = *state;
    uint64_t index;
    hm_entry_row entry = entry_of("lost");
    append_many(f->store, 2);
    assert_done(hm_store_begin(f->store));
    assert_done(hm_store_append(f->store, &entry, &index));
    hm_store_rollback(f->store);
    assert_done(append(f->store, "leaf 2", &index));
    assert_int_equal(index, 2);
    size_t next = 0;
    assert_done(hm_store_entries(f->store, 0, UINT64_MAX, check_entry, &next));
    assert_int_equal(next, 3);
}

static void goes_on_where_another_connection_ended(void **state) {
    fixture *f = *state;
    STORE *other = NULL;
    assert_done(hm_store_open(f->path, &other));
    for (uint64_t i = 0, index; i < 6; i++) {
        assert_done(append(i % 2 ? other : f->store, "leaf", &index));
        assert_int_equal(index, i);
    }
}

/* One of several processes: transactions of one to three entries, some of them given up. */
static int append_in_child(const char *path) {
    hm_store *store = NULL;
    hm_entry_row entry = entry_of("leaf");
    if (hm_failed(hm_store_open(path, &store))) return 1;
    for (int i = 0; i < 30; i++) {
        uint64_t first = 0, index = 0;
        if (hm_failed(hm_store_begin(store))) return 2;
        for (int k = 0; k < 1 + i % 3; k++) {
            if (hm_failed(hm_store_append(store, &entry, &index))) return 3;
            if (k == 0) first = index;
            if (index != first + (uint64_t)k) return 4;
        }
        if (i % 5 == 4)
            hm_store_rollback(store);
        else if (hm_failed(hm_store_commit(store)))
            return 5;
    }
    hm_store_close(&store);
    return 0;
}

static hm_err check_number(void *context, const hm_entry_row *entry) {
    uint64_t *next = context;
    return entry->index == (*next)++ ? HM_OK : hm_refuse("an entry is missing");
}

static void processes_at_once_number_without_gaps(void **state) {
    fixture *f = *state;
    enum { PROCESSES = 4, COMMITTED = 48 /* of 60 in 30 transactions; each fifth one is given up */ };
    pid_t child[PROCESSES];
    hm_store_close(&f->store);
    for (size_t i = 0; i < PROCESSES; i++) {
        child[i] = fork();
        if (child[i] == 0) _exit(append_in_child(f->path));
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    uint64_t next = 0;
    assert_done(hm_store_open(f->path, &f->store));
    assert_done(hm_store_entries(f->store, 0, UINT64_MAX, check_number, &next));
    assert_int_equal(next, PROCESSES * COMMITTED);
    assert_int_equal(log_size(f->store), next);
}

static void a_visitor_of_entries_that_fails_leaves_the_store_usable(void **state) {
    fixture *f = *state;
    counter first = {.fail_at = 2}, second = {.fail_at = 1};
    append_many(f->store, 5);
    assert_int_equal(hm_store_entries(f->store, 0, UINT64_MAX, count_entry, &first).class, HM_REFUSED);
    assert_int_equal(first.seen, 2);
    assert_int_equal(hm_store_entries_tagged(f->store, 7, count_entry, &second).class, HM_REFUSED);
    assert_int_equal(second.seen, 1);
    /* Nothing is held: another connection writes, and then this one. */
    sql(f, "DELETE FROM entry WHERE idx=4");
    uint64_t index;
    assert_done(append(f->store, "leaf 4", &index));
    size_t next = 0;
    assert_done(hm_store_entries(f->store, 0, UINT64_MAX, check_entry, &next));
    assert_int_equal(next, 5);
}

typedef struct {
    size_t count;
    uint64_t index[4];
} indices;

static hm_err keep_index(void *context, const hm_entry_row *entry) {
    indices *kept = context;
    kept->index[kept->count++] = entry->index;
    return HM_OK;
}

static void finds_entries_by_their_tag(void **state) {
    fixture *f = *state;
    static const uint64_t tags[] = {1, UINT64_MAX, 1, 0, (uint64_t)INT64_MAX + 1};
    assert_done(hm_store_begin(f->store));
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        uint64_t index;
        hm_entry_row entry = entry_of("leaf");
        entry.tag = tags[i];
        assert_done(hm_store_append(f->store, &entry, &index));
    }
    assert_done(hm_store_commit(f->store));
    indices ones = {0}, largest = {0}, none = {0};
    assert_done(hm_store_entries_tagged(f->store, 1, keep_index, &ones));
    assert_int_equal(ones.count, 2);
    assert_int_equal(ones.index[0], 0);
    assert_int_equal(ones.index[1], 2);
    assert_done(hm_store_entries_tagged(f->store, UINT64_MAX, keep_index, &largest));
    assert_int_equal(largest.count, 1);
    assert_int_equal(largest.index[0], 1);
    assert_done(hm_store_entries_tagged(f->store, 2, keep_index, &none));
    assert_int_equal(none.count, 0);
}

static hm_err need_nothing(void *context, const hm_entry_row *entry) {
    (void)context;
    return entry->salt.len || entry->details.len ? hm_refuse("there are details") : HM_OK;
}

static void an_entry_may_have_no_details(void **state) {
    fixture *f = *state;
    uint64_t index;
    hm_entry_row entry = {.leaf = LITERAL("leaf")};
    assert_done(hm_store_begin(f->store));
    assert_done(hm_store_append(f->store, &entry, &index));
    assert_done(hm_store_commit(f->store));
    assert_done(hm_store_entries(f->store, 0, 1, need_nothing, NULL));
}

/* Many in one transaction. */
static void append_at_once(hm_store *store, size_t count) {
    uint64_t index;
    hm_entry_row entry = entry_of("one of many");
    assert_done(hm_store_begin(store));
    for (size_t i = 0; i < count; i++) assert_done(hm_store_append(store, &entry, &index));
    assert_done(hm_store_commit(store));
}

static off_t journal_len(const fixture *f) {
    char path[100];
    struct stat st;
    snprintf(path, sizeof path, "%s-wal", f->path);
    return stat(path, &st) == 0 ? st.st_size : 0;
}

/* Whoever opens the database next would read it all. */
static void a_long_session_leaves_no_long_journal(void **state) {
    fixture *f = *state;
    for (int i = 0; i < 30; i++) append_at_once(f->store, 200);
    assert_true(journal_len(f) > 0);
    hm_store_close(&f->store);
    assert_int_equal(journal_len(f), 0);
    assert_done(hm_store_open(f->path, &f->store));
    assert_int_equal(log_size(f->store), 6000);
}

static void a_journal_that_somebody_reads_is_left_to_others(void **state) {
    fixture *f = *state;
    sqlite3 *reader;
    sqlite3_stmt *statement;
    append_at_once(f->store, 200);
    assert_int_equal(sqlite3_open(f->path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(reader, "SELECT idx FROM entry", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    for (int i = 0; i < 30; i++) append_at_once(f->store, 200);
    hm_store_close(&f->store); /* and does not wait for it */
    int seen = 1;
    while (sqlite3_step(statement) == SQLITE_ROW) seen++;
    assert_int_equal(seen, 200);
    sqlite3_finalize(statement);
    sqlite3_close(reader);
    assert_done(hm_store_open(f->path, &f->store));
    assert_int_equal(log_size(f->store), 6200);
}

static void before_the_first_checkpoint_the_head_is_empty(void **state) {
    fixture *f = *state;
    HM_BUF edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    assert_done(hm_store_get_head(f->store, &edge, &note));
    assert_int_equal(edge.len, 0);
    assert_int_equal(note.len, 0);
}

static void there_is_one_head_the_newest(void **state) {
    fixture *f = *state;
    HM_BUF edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    assert_done(hm_store_put_head(f->store, LITERAL("edge 1"), LITERAL("note 1")));
    assert_done(hm_store_put_head(f->store, LITERAL("edge 2"), LITERAL("note 2")));
    assert_done(hm_store_get_head(f->store, &edge, &note));
    assert_true(hm_bytes_equal(hm_buf_bytes(&edge), LITERAL("edge 2")));
    assert_true(hm_bytes_equal(hm_buf_bytes(&note), LITERAL("note 2")));
}

static void a_head_belongs_to_its_transaction(void **state) {
    fixture *f = *state;
    HM_BUF edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    assert_done(hm_store_begin(f->store));
    assert_done(hm_store_put_head(f->store, LITERAL("edge"), LITERAL("note")));
    hm_store_rollback(f->store);
    assert_done(hm_store_get_head(f->store, &edge, &note));
    assert_int_equal(note.len, 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_store)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_STORE(appends_nothing_outside_a_transaction),
        WITH_STORE(an_empty_log_has_no_entries),
        WITH_STORE(gives_back_what_was_appended_in_order),
        WITH_STORE(gives_the_part_that_was_asked_for),
        WITH_STORE(there_is_nothing_behind_the_largest_numbers),
        WITH_STORE(entries_of_one_transaction_follow_one_another),
        WITH_STORE(a_number_that_was_rolled_back_is_used_again),
        WITH_STORE(goes_on_where_another_connection_ended),
        WITH_STORE(processes_at_once_number_without_gaps),
        WITH_STORE(a_visitor_of_entries_that_fails_leaves_the_store_usable),
        WITH_STORE(finds_entries_by_their_tag),
        WITH_STORE(an_entry_may_have_no_details),
        WITH_STORE(a_long_session_leaves_no_long_journal),
        WITH_STORE(a_journal_that_somebody_reads_is_left_to_others),
        WITH_STORE(before_the_first_checkpoint_the_head_is_empty),
        WITH_STORE(there_is_one_head_the_newest),
        WITH_STORE(a_head_belongs_to_its_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
