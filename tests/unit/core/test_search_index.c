/* An index that is not there, is not ours, or lies. */
#include "search_fixture.h"

#include <base/file.h>

#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- an index that is not there, or not ours ---- */

static void an_index_that_was_removed_is_made_anew(void **state) {
    (void)state;
    struct stat st;
    expect(&by_key, false);
    hm_search_index_remove(in_folder("search.db")); /* while it is open */
    expect(&by_key, false);
    assert_int_equal(stat(in_folder("search.db"), &st), 0);
    hm_search_forget(&office);
    assert_int_equal(unlink(in_folder("search.db")), 0);
    expect(&by_key, false);
}

static void another_offices_index_is_made_anew(void **state) {
    (void)state;
    hm_search_index *other = NULL;
    assert_done(hm_search_index_open(in_folder("search.db"), (const uint8_t *)"another office's", &other));
    hm_search_index_close(&other);
    expect(&by_key, false);
    hm_search_forget(&office);
    assert_done(hm_search_index_open(in_folder("search.db"), office.row.uuid, &other));
    hm_search_index_close(&other);
}

static void an_older_or_damaged_index_is_made_anew(void **state) {
    (void)state;
    static const char *const changes[] = {"PRAGMA user_version=0",
                                          "DROP TABLE part",
                                          "DELETE FROM log",
                                          "DELETE FROM part WHERE id>>40 BETWEEN 1 AND 64",
                                          "UPDATE part SET data=zeroblob(length(data))",
                                          "DELETE FROM part WHERE id=0"};
    expect(&by_key, false);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        sql_in("search.db", changes[i]);
        if (i % 2) hm_search_forget(&office);
        expect(&by_key, false);
        expect(&by_key, false);
    }
}

static void a_file_that_is_no_index_gives_way(void **state) {
    (void)state;
    FILE *file = fopen(in_folder("search.db"), "w");
    assert_non_null(file);
    for (int i = 0; i < 10000; i++) fputs("no index ", file);
    fclose(file);
    expect(&by_key, false);
    assert_int_equal(unlink(in_folder("search.db")), 0);
    hm_search_forget(&office);
    char target[120];
    snprintf(target, sizeof target, "%s/target", folder);
    file = fopen(target, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(symlink(target, in_folder("search.db")), 0);
    expect(&by_key, false);
    struct stat st;
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, 0);
}

static void without_an_index_the_entries_are_read(void **state) {
    (void)state;
    struct stat st;
    assert_done(hm_folder_make(in_folder("search.db"), 0700)); /* nothing can be put there */
    expect(&by_key, false);
    wanted w = by_key;
    w.since = said[6000].time;
    expect(&w, true);
    assert_int_equal(stat(in_folder("search.db"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
}

static void into_a_backup_nothing_is_put(void **state) {
    (void)state;
    struct stat st;
    FILE *file = fopen(in_folder("MANIFEST"), "w");
    assert_non_null(file);
    fclose(file);
    expect(&by_key, false);
    assert_int_equal(stat(in_folder("search.db"), &st), -1);
    assert_int_equal(stat(in_folder("search.lock"), &st), -1);
}

/* The log was put back, and went on differently: what was indexed of the other end is not believed. */
static void the_index_of_a_log_that_went_on_otherwise_is_made_anew(void **state) {
    (void)state;
    expect(&by_key, false);
    hm_search_forget(&office);
    sql_in("office.db", "UPDATE entry SET leaf=(SELECT leaf FROM entry WHERE idx=8180),"
                        " salt=(SELECT salt FROM entry WHERE idx=8180),"
                        " details=(SELECT details FROM entry WHERE idx=8180) WHERE idx=8191");
    /* Row 8191 now is what 8180 is. */
    hm_search_result result;
    assert_done(search_wanted(&anything, false, &result));
    hm_search_index *index = NULL;
    hm_search_span span;
    uint8_t leaf[HM_SHA256_LEN];
    HM_BUF bytes = HM_BUF_EMPTY;
    assert_done(hm_store_entry(office.store, 8180, take_leaf, &bytes));
    hm_sha256(hm_buf_bytes(&bytes), leaf);
    hm_search_forget(&office);
    assert_done(hm_search_index_open(in_folder("search.db"), office.row.uuid, &index));
    assert_done(hm_search_index_span(index, 1, &span));
    assert_memory_equal(span.last, leaf, sizeof leaf);
    hm_search_index_close(&index);
}

static void an_index_that_is_ahead_of_the_log_is_made_anew(void **state) {
    (void)state;
    expect(&by_key, false);
    hm_search_forget(&office);
    sql_in("office.db", "DELETE FROM entry WHERE idx>=5000");
    hm_search_result result;
    assert_done(search_wanted(&by_key, false, &result));
    assert_int_equal(result.size, 5000);
    for (size_t i = 0; i < hits; i++) assert_true(hit[i] < 5000 && is_wanted(&by_key, hit[i]));
}

/* ---- an index that lies ---- */

/* A well-made one of this log, of which POSTINGS are all that is in segment 0. */
static void forge_index(hm_search_posting *postings, size_t count, hm_search_span span) {
    hm_search_index *index = NULL;
    uint64_t next;
    HM_BUF last = HM_BUF_EMPTY;
    hm_search_forget(&office);
    hm_search_index_remove(in_folder("search.db"));
    assert_done(hm_store_entry(office.store, SEGMENT - 1, take_leaf, &last));
    hm_sha256(hm_buf_bytes(&last), span.last);
    assert_done(hm_search_index_open(in_folder("search.db"), office.row.uuid, &index));
    assert_done(hm_search_index_begin(index, &next));
    assert_done(hm_search_index_add(index, 0, &span, postings, count));
    assert_done(hm_search_index_commit(index));
    hm_search_index_close(&index);
}

static const hm_search_span all_times = {.earliest = 0, .latest = INT64_MAX};

/* Every term it has is said of every entry. */
static void an_index_that_names_too_much_invents_nothing(void **state) {
    (void)state;
    static hm_search_posting postings[(size_t)SEGMENT * 4];
    sqlite3 *db;
    sqlite3_stmt *rows;
    uint32_t term[4] = {0};
    size_t terms = 0, count = 0;
    expect(&by_key, false);
    hm_search_forget(&office);
    /* The terms that most entries have: of the longest rows, the first runs. */
    assert_int_equal(sqlite3_open(in_folder("search.db"), &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT data FROM part WHERE id>0 AND id&1=0 ORDER BY length(data) DESC LIMIT 4", -1,
                           &rows, NULL),
        SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW && terms < 4) {
        hm_reader row = hm_reader_of(HM_BYTES(sqlite3_column_blob(rows, 0), (size_t)sqlite3_column_bytes(rows, 0)));
        assert_done(hm_read_skip(&row, 10));
        assert_done(hm_read_u32be(&row, &term[terms++]));
    }
    sqlite3_finalize(rows);
    sqlite3_close(db);
    assert_int_equal(terms, 4);
    for (size_t i = 0; i < SEGMENT; i++)
        for (size_t n = 0; n < 4; n++) postings[count++] = (hm_search_posting){term[n], (uint16_t)i};
    forge_index(postings, count, all_times);
    hm_search_result result;
    for (int principal = 0; principal < 5; principal++) {
        wanted w = anything;
        w.principal = principal;
        assert_done(search_wanted(&w, false, &result));
        for (size_t i = 0; i < hits; i++) assert_true(is_wanted(&w, hit[i]));
    }
}

static void an_index_that_hides_does_so_from_all_but_the_complete_search(void **state) {
    (void)state;
    hm_search_result result;
    forge_index(NULL, 0, all_times);
    assert_done(search_wanted(&by_key, false, &result));
    assert_true(hits && hit[0] >= SEGMENT);
    expect(&by_key, true);
}

/* Of times, too: which is why a complete search without a beginning reads everything. */
static void an_index_that_lies_about_times_is_not_asked_without_since(void **state) {
    (void)state;
    hm_search_result result;
    wanted w = by_key;
    w.since = said[100].time;
    forge_index(NULL, 0, (hm_search_span){.earliest = 0, .latest = 1});
    assert_done(search_wanted(&w, true, &result));
    assert_int_equal(result.first, SEGMENT);
    assert_true(hits && hit[0] >= SEGMENT);
    w = by_key;
    w.until = said[5000].time;
    expect(&w, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_index_that_was_removed_is_made_anew),
        TEST(another_offices_index_is_made_anew),
        TEST(an_older_or_damaged_index_is_made_anew),
        TEST(a_file_that_is_no_index_gives_way),
        TEST(without_an_index_the_entries_are_read),
        TEST(into_a_backup_nothing_is_put),
        TEST(the_index_of_a_log_that_went_on_otherwise_is_made_anew),
        TEST(an_index_that_is_ahead_of_the_log_is_made_anew),
        TEST(an_index_that_names_too_much_invents_nothing),
        TEST(an_index_that_hides_does_so_from_all_but_the_complete_search),
        TEST(an_index_that_lies_about_times_is_not_asked_without_since),
    };
    return RUN_WITH_LOG(tests);
}
