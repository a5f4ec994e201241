/* Searches of a log that was changed, or whose details were erased. */
#include "search_fixture.h"

#include <stdio.h>

/* ---- a log that was changed ---- */

static void an_edited_detail_is_named(void **state) {
    (void)state;
    expect(&by_key, false);
    size_t i = 100;
    while (said[i].type != HM_LEAF_INTENT || said[i].key != by_key.key) i++;
    char text[200], words[80];
    snprintf(text, sizeof text, "UPDATE entry SET details=replace(details,'who-','WHO-') WHERE idx=%zu", i);
    snprintf(words, sizeof words, "entry %zu: its details were changed", i);
    sql_in("office.db", text);
    expect_fault(&by_key, false, HM_REFUSED, words);
    expect_fault(&by_key, true, HM_REFUSED, words);
    wanted w = by_key; /* whoever asks for something else: all that is read is looked at */
    w.key = 1;
    expect_fault(&w, true, HM_REFUSED, words);
}

/* Entry I has the details TEXT, its leaf fits them, and nothing else does. */
static void rewrite_entry(uint64_t i, const char *text) {
    hm_leaf leaf;
    HM_BUF bytes = HM_BUF_EMPTY, sql = HM_BUF_EMPTY;
    const char *string;
    char where[40];
    uint8_t salt[HM_SALT_LEN] = {0};
    assert_done(hm_store_entry(office.store, i, take_leaf, &bytes));
    assert_done(hm_leaf_get(hm_buf_bytes(&bytes), &leaf));
    hm_leaf_details_hash(salt, hm_text(text), leaf.details_hash);
    bytes.len = 0;
    assert_done(hm_leaf_put(&leaf, &bytes));
    snprintf(where, sizeof where, "' WHERE idx=%llu", (unsigned long long)i);
    assert_done(hm_put_text(&sql, "UPDATE entry SET salt=zeroblob(32),details=CAST('"));
    assert_done(hm_put_text(&sql, text));
    assert_done(hm_put_text(&sql, "' AS BLOB),leaf=x'"));
    assert_done(hm_put_hex(&sql, hm_buf_bytes(&bytes)));
    assert_done(hm_put_text(&sql, where));
    assert_done(hm_buf_string(&sql, &string));
    sql_in("office.db", string);
}

static void an_entry_that_was_made_anew_is_not_under_the_root(void **state) {
    (void)state;
    rewrite_entry(4500, "{\"time\":1800000001}");
    expect_fault(&by_key, true, HM_REFUSED, "not those that the checkpoint");
    wanted w = by_key;
    w.since = said[4400].time;
    expect_fault(&w, true, HM_REFUSED, "not those that the checkpoint");
}

static void an_entry_that_is_gone_is_named(void **state) {
    (void)state;
    sql_in("office.db", "DELETE FROM entry WHERE idx=3000");
    expect_fault(&by_key, true, HM_REFUSED, "entry 3000 is missing");
    hm_search_result result;
    assert_could_not(search_wanted(&by_key, false, &result));
    assert_said("entry 3000 is missing");
}

static void a_log_that_was_cut_off_is_not_called_complete(void **state) {
    (void)state;
    sql_in("office.db", "DELETE FROM entry WHERE idx>=8000");
    expect_fault(&by_key, true, HM_COULD_NOT, "the log must not fork");
}

static void an_outcome_whose_intent_was_changed_before_the_window_is_named(void **state) {
    (void)state;
    size_t i = 2 * SEGMENT;
    while (i < entries && (said[i].intent == i || said[i].intent >= 2 * SEGMENT)) i++;
    assert_true(i < entries);
    int64_t latest = 0;
    for (size_t n = 0; n < 2 * SEGMENT; n++)
        if (said[n].time > latest) latest = said[n].time;
    wanted w = anything;
    w.since = latest + 1;
    w.key = said[i].key;
    expect(&w, true);
    /* Details and all, consistently, of an entry that is not walked over. */
    rewrite_entry(said[i].intent, "{}");
    expect_fault(&w, true, HM_REFUSED, "it was changed");
}

static void a_damaged_tile_is_named_where_the_tree_begins_behind_it(void **state) {
    (void)state;
    wanted w = anything;
    for (size_t n = 0; n < 2 * SEGMENT; n++)
        if (said[n].time >= w.since) w.since = said[n].time + 1;
    expect(&w, true);
    FILE *file = fopen(in_folder("log/tile/1/000.p/34"), "r+");
    assert_non_null(file);
    fputc(fgetc(file) ^ 1, (rewind(file), file));
    fclose(file);
    expect_fault(&w, true, HM_REFUSED, "root");
    w.since = 0;
    expect(&w, true); /* which needs no tile */
}

/* ---- in pages ---- */

/* All that is there, so many at a time: how many pages are complete, up to the one that is refused or the last. */
static size_t complete_pages(uint64_t limit, hm_class *ended) {
    hm_search_query query = {.since = 0};
    hm_search_result result = {.next = 0, .size = 1};
    size_t pages = 0;
    hits = 0;
    for (*ended = HM_DONE; *ended == HM_DONE && result.next < result.size;) {
        hm_search_how how = {.from = result.next, .limit = limit, .complete = true};
        *ended = search_more(&query, &how, &result).class;
        if (*ended == HM_DONE) assert_true(result.complete && result.rooted);
        pages += *ended == HM_DONE;
    }
    return pages;
}

static void the_page_with_the_change_is_refused(void **state) {
    (void)state;
    hm_class ended;
    rewrite_entry(4500, "{\"time\":1800000001}");
    assert_int_equal(complete_pages(1000, &ended), 4);
    assert_int_equal(ended, HM_REFUSED);
    assert_said("not those that the checkpoint");
}

static void entries_that_changed_places_at_the_end_of_a_page_are_found(void **state) {
    (void)state;
    hm_class ended;
    sql_in("office.db", "UPDATE entry SET idx=-1 WHERE idx=999; UPDATE entry SET idx=999 WHERE idx=1000;"
                        "UPDATE entry SET idx=1000 WHERE idx=-1");
    assert_int_equal(complete_pages(1000, &ended), 0);
    assert_int_equal(ended, HM_REFUSED);
}

/* Whoever has changed an entry and its tile to fit has another root. */
static void a_page_is_not_proven_by_tiles_that_fit_it(void **state) {
    (void)state;
    hm_class ended;
    HM_BUF leaf = HM_BUF_EMPTY;
    rewrite_entry(300, "{\"time\":1800000001}");
    assert_done(hm_store_entry(office.store, 300, take_leaf, &leaf));
    hm_merkle_hash hash = hm_merkle_leaf(hm_buf_bytes(&leaf));
    FILE *file = fopen(in_folder("log/tile/0/001"), "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, (300 - 256) * 32, SEEK_SET), 0);
    assert_int_equal(fwrite(&hash, sizeof hash, 1, file), 1);
    fclose(file);
    assert_int_equal(complete_pages(400, &ended), 0);
    assert_int_equal(ended, HM_REFUSED);
}

static void wrong_tiles_prove_no_page(void **state) {
    (void)state;
    hm_class ended;
    FILE *file = fopen(in_folder("log/tile/1/000.p/34"), "r+");
    assert_non_null(file);
    for (int i = 0; i < 34; i++) {
        fseek(file, i * 32L, SEEK_SET);
        int byte = fgetc(file);
        fseek(file, i * 32L, SEEK_SET);
        fputc(byte ^ 1, file);
    }
    fclose(file);
    assert_int_equal(complete_pages(1000, &ended), 0);
    assert_int_equal(ended, HM_REFUSED);
}

static void a_tile_that_is_missing_is_named(void **state) {
    (void)state;
    hm_class ended;
    assert_int_equal(remove(in_folder("log/tile/1/000.p/34")), 0);
    assert_int_equal(complete_pages(1000, &ended), 0);
    assert_said("tile/1/000.p/34");
}

/* ---- details that were erased ---- */

static void erased_details_leave_a_list_in_doubt(void **state) {
    (void)state;
    hm_search_result result;
    size_t i = 100;
    while (said[i].type != HM_LEAF_INTENT || said[i].key != by_key.key || said[i].product != 1) i++;
    char text[120], words[120];
    snprintf(text, sizeof text, "UPDATE entry SET salt=x'',details=x'' WHERE idx=%zu", i);
    sql_in("office.db", text);
    assert_done(search_wanted(&by_key, true, &result));
    assert_false(result.complete);
    assert_true(result.rooted);
    assert_true(result.erased >= 1);
    assert_int_equal(result.erased_first, i);
    snprintf(words, sizeof words, "the first of them entry %zu", i);
    assert_non_null(strstr(result.why, words));
    for (size_t n = 0; n < hits; n++) assert_true(hit[n] != i && is_wanted(&by_key, hit[n]));
    /* What the leaf says is not in doubt. */
    wanted w = anything;
    w.product = 2;
    expect(&w, true);
    w.product = 1;
    expect(&w, true);
    w.type = HM_LEAF_REFUSAL;
    w.key = by_key.key;
    expect(&w, true);
}

/* The time is a detail: nobody knows that such an entry is not of the window. */
static void erased_details_are_in_no_window_and_out_of_none(void **state) {
    (void)state;
    hm_search_result result;
    wanted w = anything;
    sql_in("office.db", "UPDATE entry SET salt=x'',details=x'' WHERE idx=100");
    w.since = now + 1000000;
    assert_done(search_wanted(&w, true, &result));
    assert_int_equal(hits, 0);
    assert_false(result.complete);
    assert_int_equal(result.first, 0);
    assert_int_equal(result.erased, 1);
    assert_int_equal(result.erased_first, 100);
    w.since = 0;
    w.until = 1000;
    assert_done(search_wanted(&w, true, &result));
    assert_false(result.complete);
    assert_int_equal(result.erased_first, 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_edited_detail_is_named),
        TEST(an_entry_that_was_made_anew_is_not_under_the_root),
        TEST(an_entry_that_is_gone_is_named),
        TEST(a_log_that_was_cut_off_is_not_called_complete),
        TEST(an_outcome_whose_intent_was_changed_before_the_window_is_named),
        TEST(a_damaged_tile_is_named_where_the_tree_begins_behind_it),
        TEST(the_page_with_the_change_is_refused),
        TEST(entries_that_changed_places_at_the_end_of_a_page_are_found),
        TEST(a_page_is_not_proven_by_tiles_that_fit_it),
        TEST(wrong_tiles_prove_no_page),
        TEST(a_tile_that_is_missing_is_named),
        TEST(erased_details_leave_a_list_in_doubt),
        TEST(erased_details_are_in_no_window_and_out_of_none),
    };
    return RUN_WITH_LOG(tests);
}
