/* The index keeps what it is given, and notices what it was not. */
#include "store_test.h"

#include <store/search_index.h>

#include <sys/stat.h>

#define INDEX __attribute__((cleanup(hm_search_index_close))) hm_search_index
static const uint8_t ours[16] = "0123456789abcde";

static const char *path_of(const fixture *f) {
    static char path[96];
    snprintf(path, sizeof path, "%s/search.db", f->folder);
    return path;
}

static hm_search_index *open_index(const fixture *f) {
    hm_search_index *index = NULL;
    assert_done(hm_search_index_open(path_of(f), ours, &index));
    return index;
}

static void index_sql(const fixture *f, const char *text) {
    fixture other = *f;
    snprintf(other.path, sizeof other.path, "%s/search.db", f->folder);
    sql(&other, text);
}

static const hm_search_span span = {.earliest = 1000, .latest = 2000, .last = "the last entry's hash, 32 octets"};

/* Of entries 0, 10, 20, ...: term 7 and one of their own; of 5: a term in the last bucket. */
static size_t fill_postings(hm_search_posting *postings) {
    size_t count = 0;
    for (uint16_t place = 0; place < HM_SEARCH_SEGMENT; place = (uint16_t)(place + 10)) {
        postings[count++] = (hm_search_posting){0x12340000u + place, place};
        postings[count++] = (hm_search_posting){7, place};
        postings[count++] = (hm_search_posting){7, place}; /* twice is once */
    }
    postings[count++] = (hm_search_posting){0xffffffffu, 5};
    return count;
}

static void add_segment(hm_search_index *index, uint64_t segment) {
    static hm_search_posting postings[HM_SEARCH_SEGMENT];
    uint64_t next;
    assert_done(hm_search_index_begin(index, &next));
    assert_int_equal(next, segment);
    assert_done(hm_search_index_add(index, segment, &span, postings, fill_postings(postings)));
    assert_done(hm_search_index_commit(index));
}

static void refused(hm_err err) { assert_int_equal(err.class, HM_REFUSED); }

static void finds_what_was_added(void **state) {
    static uint16_t place[HM_SEARCH_SEGMENT];
    INDEX *index = open_index(*state);
    size_t count;
    add_segment(index, 0);
    add_segment(index, 1);
    for (uint64_t segment = 0; segment < 2; segment++) {
        assert_done(hm_search_index_find(index, segment, 7, place, &count));
        assert_int_equal(count, (HM_SEARCH_SEGMENT + 9) / 10);
        for (size_t i = 0; i < count; i++) assert_int_equal(place[i], 10 * i);
        assert_done(hm_search_index_find(index, segment, 0x12340000u + 70, place, &count));
        assert_int_equal(count, 1);
        assert_int_equal(place[0], 70);
        assert_done(hm_search_index_find(index, segment, 0xffffffffu, place, &count));
        assert_int_equal(count, 1);
        assert_int_equal(place[0], 5);
    }
}

static void finds_nothing_under_other_terms(void **state) {
    static uint16_t place[HM_SEARCH_SEGMENT];
    static const uint32_t others[] = {0, 6, 8, 0x12340001u, 0x1233ffffu, 0x12341000u, 0x80000000u, 0xfffffffeu};
    INDEX *index = open_index(*state);
    size_t count;
    add_segment(index, 0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_done(hm_search_index_find(index, 0, others[i], place, &count));
        assert_int_equal(count, 0);
    }
}

static void keeps_each_segments_span(void **state) {
    INDEX *index = open_index(*state);
    hm_search_span read;
    add_segment(index, 0);
    assert_done(hm_search_index_span(index, 0, &read));
    assert_int_equal(read.earliest, span.earliest);
    assert_int_equal(read.latest, span.latest);
    assert_memory_equal(read.last, span.last, sizeof read.last);
}

static void goes_on_when_it_is_opened_again(void **state) {
    uint64_t segments;
    hm_search_index *index = open_index(*state);
    add_segment(index, 0);
    hm_search_index_close(&index);
    INDEX *again = open_index(*state);
    assert_done(hm_search_index_segments(again, &segments));
    assert_int_equal(segments, 1);
    add_segment(again, 1);
}

static void what_was_not_committed_is_not_there(void **state) {
    static hm_search_posting postings[HM_SEARCH_SEGMENT];
    uint64_t next, segments;
    INDEX *index = open_index(*state);
    assert_done(hm_search_index_begin(index, &next));
    assert_done(hm_search_index_add(index, 0, &span, postings, fill_postings(postings)));
    hm_search_index_rollback(index);
    assert_done(hm_search_index_segments(index, &segments));
    assert_int_equal(segments, 0);
}

static void a_segment_is_added_once(void **state) {
    static hm_search_posting postings[HM_SEARCH_SEGMENT];
    uint64_t next;
    INDEX *index = open_index(*state);
    add_segment(index, 0);
    assert_done(hm_search_index_begin(index, &next));
    refused(hm_search_index_add(index, 0, &span, postings, fill_postings(postings)));
    hm_search_index_rollback(index);
}

static void a_segment_without_postings_finds_nothing(void **state) {
    static uint16_t place[HM_SEARCH_SEGMENT];
    uint64_t next;
    size_t count;
    INDEX *index = open_index(*state);
    assert_done(hm_search_index_begin(index, &next));
    assert_done(hm_search_index_add(index, 0, &span, NULL, 0));
    assert_done(hm_search_index_commit(index));
    assert_done(hm_search_index_find(index, 0, 7, place, &count));
    assert_int_equal(count, 0);
}

static void only_its_owner_reads_it(void **state) {
    struct stat st;
    hm_search_index *index = open_index(*state);
    hm_search_index_close(&index);
    assert_int_equal(stat(path_of(*state), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void refuses_the_index_of_another_office(void **state) {
    hm_search_index *index = open_index(*state);
    hm_search_index_close(&index);
    refused(hm_search_index_open(path_of(*state), (const uint8_t *)"another office's", &index));
    assert_null(index);
}

static void refuses_one_by_another_version(void **state) {
    hm_search_index *index = open_index(*state);
    hm_search_index_close(&index);
    index_sql(*state, "PRAGMA user_version=99");
    refused(hm_search_index_open(path_of(*state), ours, &index));
}

static void refuses_what_is_no_index(void **state) {
    static const char *const contents[] = {"", "x", "SQLite format 3",
                                           "SQLite format 3 is what such a file begins with, and this is none"};
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        hm_search_index *index = NULL;
        FILE *file = fopen(path_of(*state), "w");
        assert_non_null(file);
        fputs(contents[i], file);
        fclose(file);
        refused(hm_search_index_open(path_of(*state), ours, &index));
        hm_search_index_remove(path_of(*state));
    }
}

static void refuses_a_link_and_what_others_can_write(void **state) {
    hm_search_index *index = NULL;
    assert_int_equal(symlink("elsewhere", path_of(*state)), 0);
    refused(hm_search_index_open(path_of(*state), ours, &index));
    hm_search_index_remove(path_of(*state));
    index = open_index(*state);
    hm_search_index_close(&index);
    assert_int_equal(chmod(path_of(*state), 0666), 0);
    refused(hm_search_index_open(path_of(*state), ours, &index));
}

static void can_be_removed_and_made_again(void **state) {
    uint64_t segments;
    hm_search_index *index = open_index(*state);
    add_segment(index, 0);
    hm_search_index_close(&index);
    hm_search_index_remove(path_of(*state));
    INDEX *again = open_index(*state);
    assert_done(hm_search_index_segments(again, &segments));
    assert_int_equal(segments, 0);
}

/* The journal of one that somebody removed is nothing of the next one's. */
static void a_journal_that_was_left_is_not_taken(void **state) {
    uint64_t segments;
    hm_search_index *left = open_index(*state);
    add_segment(left, 0);
    assert_int_equal(unlink(path_of(*state)), 0);
    INDEX *again = open_index(*state);
    assert_done(hm_search_index_segments(again, &segments));
    assert_int_equal(segments, 0);
    add_segment(again, 0);
    hm_search_index_close(&left);
    assert_done(hm_search_index_segments(again, &segments));
    assert_int_equal(segments, 1);
}

static void notices_a_row_that_was_removed_changed_or_put_elsewhere(void **state) {
    static const char *const changes[] = {
        "DELETE FROM part WHERE id=(1<<40)|0",
        "UPDATE part SET data=zeroblob(length(data)) WHERE id=(1<<40)|0",
        "UPDATE part SET data=x'' WHERE id=(1<<40)|0",
        "UPDATE part SET data=substr(data,1,8) WHERE id=(1<<40)|0",
        "UPDATE part SET data=substr(data,1,length(data)-1) WHERE id=(1<<40)|0",
        "UPDATE part SET data=(SELECT data FROM part WHERE id=(2<<40)|0) WHERE id=(1<<40)|0",
        "UPDATE part SET data=CAST(data AS BLOB)||x'0001' WHERE id=(1<<40)|0",
    };
    static uint16_t place[HM_SEARCH_SEGMENT];
    size_t count;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        hm_search_index *index = open_index(*state);
        add_segment(index, 0);
        index_sql(*state, changes[i]);
        refused(hm_search_index_find(index, 0, 7, place, &count));
        assert_int_equal(count, 0);
        hm_search_index_close(&index);
        hm_search_index_remove(path_of(*state));
    }
}

static void notices_a_table_that_is_gone(void **state) {
    uint64_t segments;
    INDEX *index = open_index(*state);
    add_segment(index, 0);
    index_sql(*state, "DROP TABLE part");
    refused(hm_search_index_segments(index, &segments));
}

static void a_segment_that_is_not_there_is_no_answer(void **state) {
    static uint16_t place[HM_SEARCH_SEGMENT];
    size_t count;
    hm_search_span read;
    INDEX *index = open_index(*state);
    add_segment(index, 0);
    refused(hm_search_index_find(index, 1, 7, place, &count));
    refused(hm_search_index_span(index, 1, &read));
    assert_could_not(hm_search_index_span(index, UINT64_MAX, &read), "full");
    assert_could_not(hm_search_index_find(index, UINT64_C(1) << 40, 7, place, &count), "full");
}

static void where_nothing_can_be_written_there_is_none(void **state) {
    (void)state;
    hm_search_index *index = NULL;
    assert_could_not(hm_search_index_open("/nowhere/search.db", ours, &index), "No such file");
    assert_null(index);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_store, remove_store)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(finds_what_was_added),
        TEST(finds_nothing_under_other_terms),
        TEST(keeps_each_segments_span),
        TEST(goes_on_when_it_is_opened_again),
        TEST(what_was_not_committed_is_not_there),
        TEST(a_segment_is_added_once),
        TEST(a_segment_without_postings_finds_nothing),
        TEST(only_its_owner_reads_it),
        TEST(refuses_the_index_of_another_office),
        TEST(refuses_one_by_another_version),
        TEST(refuses_what_is_no_index),
        TEST(refuses_a_link_and_what_others_can_write),
        TEST(can_be_removed_and_made_again),
        TEST(a_journal_that_was_left_is_not_taken),
        TEST(notices_a_row_that_was_removed_changed_or_put_elsewhere),
        TEST(notices_a_table_that_is_gone),
        TEST(a_segment_that_is_not_there_is_no_answer),
        TEST(where_nothing_can_be_written_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
