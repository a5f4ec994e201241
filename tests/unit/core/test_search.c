/* What is searched is found, by the index and completely: against a list that walks everything. */
#include "search_fixture.h"

#include <stdlib.h>

static wanted some_wanted(void) {
    wanted w = anything;
    if (rand() % 3 == 0) w.product = 1 + rand() % PRODUCTS;
    if (rand() % 3 == 0) w.key = rand() % 4;
    if (rand() % 3 == 0) w.principal = rand() % 5;
    if (rand() % 4 == 0) w.release = rand() % 6;
    if (rand() % 4 == 0) w.type = 1 + rand() % 7;
    if (rand() % 5 == 0) w.digest_of = (size_t)rand() % entries;
    if (w.digest_of != SIZE_MAX && said[w.digest_of].type == HM_LEAF_FAILURE) w.digest_of = SIZE_MAX;
    if (rand() % 2) w.since = said[(size_t)rand() % entries].time + rand() % 3 - 1;
    if (rand() % 2) w.until = (w.since ? w.since : said[(size_t)rand() % entries].time) + 1 + rand() % 20000;
    return w;
}

static void finds_what_a_walk_finds(void **state) {
    (void)state;
    expect(&anything, false);
    expect(&anything, true);
    for (int round = 0; round < 400; round++) {
        wanted w = some_wanted();
        expect(&w, rand() % 4 == 0);
        if (rand() % 50 == 0) hm_search_forget(&office);
    }
}

static void each_condition_alone_finds_its_entries(void **state) {
    (void)state;
    for (int complete = 0; complete < 2; complete++) {
        for (int i = 0; i < 7; i++) {
            wanted of[7] = {anything, anything, anything, anything, anything, anything, anything};
            of[0].product = 2;
            of[1].key = 1;
            of[2].principal = 3;
            of[3].release = 0;
            of[4].type = HM_LEAF_REFUSAL;
            of[5].since = said[5000].time;
            of[6].digest_of = said[4000].intent;
            expect(&of[i], complete);
            assert_true(hits > 0);
        }
    }
}

static void pages_follow_one_another(void **state) {
    (void)state;
    texts t;
    wanted w = anything;
    hm_search_result result = {.next = 0, .size = 1};
    w.principal = 2;
    hm_search_query query = query_of(&w, &t);
    hits = 0;
    while (result.next < result.size) {
        size_t before = hits;
        assert_done(search_more(&query, &(hm_search_how){.from = result.next, .limit = 37}, &result));
        assert_true(hits - before <= 37);
        assert_int_equal(result.hits, hits - before);
        if (result.next < result.size) assert_int_equal(hits - before, 37);
    }
    compare_hits(&w);
}

/* Each page leads to the root; together they are the list. */
static void a_complete_list_comes_in_pages(void **state) {
    (void)state;
    hm_search_result result, whole;
    hm_search_query query = {.since = 0};
    size_t all, pages = 0;
    hits = 0;
    assert_done(search_more(&query, &(hm_search_how){.complete = true}, &whole));
    all = hits;
    hits = 0;
    for (uint64_t from = 0; from < whole.size; from = result.next, pages++) {
        size_t before = hits;
        assert_done(search_more(&query, &(hm_search_how){.from = from, .limit = 100, .complete = true}, &result));
        assert_true(result.complete && result.rooted);
        assert_memory_equal(result.root, whole.root, sizeof result.root);
        assert_int_equal(result.first, from);
        assert_true(hits - before == 100 || result.next == whole.size);
    }
    assert_int_equal(hits, all);
    assert_int_equal(pages, (all + 99) / 100);
}

static void a_window_is_read_from_its_first_segment_on(void **state) {
    (void)state;
    hm_search_result result;
    wanted w = anything;
    int64_t latest = 0;
    for (size_t i = 0; i < 2 * SEGMENT; i++)
        if (said[i].time > latest) latest = said[i].time;
    w.since = latest + 1;
    assert_done(search_wanted(&w, true, &result));
    compare_hits(&w);
    assert_true(result.complete);
    assert_int_equal(result.first, 2 * SEGMENT);
    assert_true(result.rooted);
}

static void says_the_root_and_gives_the_checkpoint(void **state) {
    (void)state;
    HM_BUF note = HM_BUF_EMPTY;
    hm_note_key key;
    hm_checkpoint checkpoint;
    hm_search_result result;
    hits = 0;
    assert_done(
        hm_search_all(&office, &(hm_search_query){.principal = LITERAL("who-1")}, keep_hit, NULL, &result, &note));
    assert_done(hm_log_key(&office, &key));
    assert_done(hm_checkpoint_open(hm_buf_bytes(&note), &key, &checkpoint));
    assert_true(result.complete);
    assert_int_equal(result.first, 0);
    assert_int_equal(result.size, checkpoint.size);
    assert_memory_equal(result.root, checkpoint.root.byte, sizeof result.root);
}

/* ---- what is no question ---- */

static void misused(hm_search_query query, const char *words) {
    hm_search_result result;
    hm_err err = search(&query, false, &result);
    assert_int_equal(err.class, HM_MISUSED);
    assert_said(words);
    assert_int_equal(hits, 0);
}

static void refuses_conditions_that_mean_nothing(void **state) {
    (void)state;
    hm_search_result result;
    misused((hm_search_query){.key = LITERAL("abcdef0")}, "8 digits");
    misused((hm_search_query){.key = LITERAL("ABCDEF01")}, "digits that its id begins with");
    misused((hm_search_query){.key = LITERAL("not a key")}, "digits that its id begins with");
    misused((hm_search_query){.key = LITERAL("0123456789abcdef0123456789abcdef0")}, "8 digits");
    misused((hm_search_query){.digest = LITERAL("31 octets are no digest at all.")}, "32, 48 or 64 bytes");
    misused((hm_search_query){.digest = LITERAL("3")}, "32, 48 or 64 bytes");
    misused((hm_search_query){.type = LITERAL("intents")}, "no entries of the type intents");
    misused((hm_search_query){.type = LITERAL("Intent")}, "no entries of the type Intent");
    misused((hm_search_query){.since = 5, .until = 5}, "nothing lies between");
    misused((hm_search_query){.since = 6, .until = 5}, "nothing lies between");
    assert_refused(search(&(hm_search_query){.product = LITERAL("product-4")}, false, &result));
    assert_said("there is no product product-4");
}

static void what_is_nowhere_is_not_found(void **state) {
    (void)state;
    hm_search_result result;
    static const uint8_t digest[48] = {1};
    const hm_search_query queries[] = {
        {.key = LITERAL("abcd000500000000")},
        {.principal = LITERAL("who-")},
        {.principal = LITERAL("who-1 (unix:7)")},
        {.release = LITERAL("1")},
        {.release = LITERAL("\\\"1\\\"")},
        {.digest = HM_ARRAY(digest)},
        {.until = 1000},
        {.since = INT64_MAX - 1},
    };
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        for (int complete = 0; complete < 2; complete++) {
            assert_done(search(&queries[i], complete, &result));
            assert_int_equal(hits, 0);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(finds_what_a_walk_finds),
        TEST(each_condition_alone_finds_its_entries),
        TEST(pages_follow_one_another),
        TEST(a_complete_list_comes_in_pages),
        TEST(a_window_is_read_from_its_first_segment_on),
        TEST(says_the_root_and_gives_the_checkpoint),
        TEST(refuses_conditions_that_mean_nothing),
        TEST(what_is_nowhere_is_not_found),
    };
    return RUN_WITH_LOG(tests);
}
