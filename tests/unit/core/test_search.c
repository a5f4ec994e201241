/* What is searched is found, by the index and completely: against a list that walks everything. And an index that lies,
 * a log that was changed. */
#include "core_test.h"

#include "search.h"

#include "../software_signer.h"

#include <base/file.h>
#include <base/json.h>
#include <store/search_index.h>

#include <fcntl.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two segments and a part of a third. */
enum { SEGMENT = HM_SEARCH_SEGMENT, ENTRIES = 2 * SEGMENT + 700, PRODUCTS = 3 };

static char folder[96], kept[64];
static hm_office office;
static hm_session session;
static software_signer *log_signer;

/* Each entry as the test keeps it; an outcome's or a failure's INTENT is the number of its intent, others' is their
 * own. */
static struct {
    hm_leaf_type type;
    int64_t time;
    int product, key, principal, release;
    size_t intent;
    uint8_t digest[HM_SHA256_LEN];
} said[ENTRIES];
static size_t entries;
static int64_t now;

static const char *in_folder(const char *name) {
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* ---- an office with a log ---- */

static void put_key(int key, char text[static 33]) {
    snprintf(text, 33, "%08x%024x", 0xabcd0000u + (unsigned)key, key);
}

static void describe(size_t i, hm_buf *details) {
    char text[40];
    bool about = said[i].type != HM_LEAF_OUTCOME && said[i].type != HM_LEAF_FAILURE;
    hm_json json = hm_json_canonical(details);
    hm_json_object(&json, NULL);
    snprintf(text, sizeof text, "who-%d (unix:7)", said[i].principal);
    if (about) hm_json_string(&json, "actor", text);
    put_key(said[i].key, text);
    if (said[i].type == HM_LEAF_INTENT) hm_json_string(&json, "key", text);
    if (said[i].type == HM_LEAF_INTENT) hm_json_hex(&json, "plain", HM_BYTES(said[i].digest, 16));
    snprintf(text, sizeof text, "who-%d", said[i].principal);
    /* Some say it in a member of its own, some in the actor alone. */
    if (about && i % 2) hm_json_string(&json, "principal", text);
    snprintf(text, sizeof text, "product-%d", said[i].product);
    if (about) hm_json_string(&json, "product", text);
    snprintf(text, sizeof text, "\"%d\"\n", said[i].release);
    if (about) hm_json_string(&json, "release", text);
    hm_json_number(&json, "time", said[i].time);
    hm_json_close_object(&json);
    assert_done(hm_json_end(&json));
}

static void append(size_t i) {
    HM_BUF details = HM_BUF_EMPTY;
    uint64_t index;
    hm_product product = {.class = {(uint8_t)said[i].product}};
    bool result = said[i].type == HM_LEAF_OUTCOME || said[i].type == HM_LEAF_FAILURE;
    describe(i, &details);
    hm_record record = {.type = said[i].type,
                        .product = said[i].type == HM_LEAF_CEREMONY ? NULL : &product,
                        .format = 1,
                        .digest = said[i].type == HM_LEAF_FAILURE ? HM_NO_BYTES : HM_ARRAY(said[i].digest),
                        .has_intent = result,
                        .intent = said[i].intent,
                        .details = hm_buf_bytes(&details)};
    assert_done(hm_log_append(&office, &record, &index));
    assert_int_equal(index, i);
}

/* The clock goes on, stands, and is put back now and then. */
static void tick(void) { now += rand() % 500 == 0 ? -(rand() % 2000) : rand() % 7; }

static size_t say(hm_leaf_type type, size_t intent) {
    size_t i = entries++;
    tick();
    said[i].type = type;
    said[i].time = now;
    said[i].intent = intent == SIZE_MAX ? i : intent;
    said[i].product = intent == SIZE_MAX ? 1 + rand() % PRODUCTS : said[intent].product;
    said[i].key = intent == SIZE_MAX ? rand() % 4 : said[intent].key;
    said[i].principal = intent == SIZE_MAX ? rand() % 5 : said[intent].principal;
    said[i].release = intent == SIZE_MAX ? rand() % 6 : said[intent].release;
    for (size_t n = 0; n < HM_SHA256_LEN; n++) said[i].digest[n] = (uint8_t)rand();
    append(i);
    return i;
}

/* Intents, then what came of them, sometimes much later; and what else there is. */
static void fill(void) {
    static const hm_leaf_type others[] = {HM_LEAF_REFUSAL, HM_LEAF_CEREMONY, HM_LEAF_REQUEST, HM_LEAF_PUBLICATION};
    size_t open[64], count = 0;
    while (entries < ENTRIES) {
        if (rand() % 20 == 0) {
            say(others[rand() % 4], SIZE_MAX);
        } else if (count < 64 && rand() % 2 && entries + count + 1 < ENTRIES) {
            open[count++] = say(HM_LEAF_INTENT, SIZE_MAX);
        } else if (count) {
            size_t at = (size_t)rand() % count;
            say(rand() % 10 ? HM_LEAF_OUTCOME : HM_LEAF_FAILURE, open[at]);
            open[at] = open[--count];
        }
    }
}

static void add_rows(void) {
    hm_key_row key = {.role = HM_KEY_ROLE_LOG,
                      .algorithm = HM_KEY_ED25519,
                      .token_id = {1},
                      .spki = software_signer_of(log_signer)->spki};
    int64_t id;
    assert_done(hm_store_add_key(office.store, &key, &id));
    for (int i = 1; i <= PRODUCTS; i++) {
        char name[32];
        snprintf(name, sizeof name, "product-%d", i);
        hm_product_row row = {.name = hm_text(name), .class = {(uint8_t)i}};
        assert_done(hm_store_add_product(office.store, &row, &id));
    }
}

static hm_err take_leaf(void *context, const hm_entry_row *entry) { return hm_put(context, entry->leaf); }

typedef struct {
    uint64_t next;
    hm_buf leaf;
} leaf_feed;

static hm_err next_leaf(void *context, hm_bytes *entry) {
    leaf_feed *feed = context;
    feed->leaf.len = 0;
    HM_TRY(hm_store_entry(office.store, feed->next++, take_leaf, &feed->leaf));
    *entry = hm_buf_bytes(&feed->leaf);
    return HM_OK;
}

static void publish(void) {
    static hm_tree_edge tree;
    leaf_feed feed = {.next = 0};
    hm_note_key key;
    uint64_t size;
    HM_BUF text = HM_BUF_EMPTY, note = HM_BUF_EMPTY, edge = HM_BUF_EMPTY;
    hm_tree_edge_init(&tree);
    assert_done(hm_store_log_size(office.store, &size));
    assert_done(hm_tiles_extend(office.log_dirfd, &tree, size, (hm_entry_feed){&feed, next_leaf}));
    hm_checkpoint checkpoint = {.size = size, .root = hm_tree_edge_root(&tree)};
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", office.row.origin);
    assert_done(hm_checkpoint_put(&checkpoint, &text));
    assert_done(hm_note_key_make(office.row.origin, software_signer_of(log_signer)->spki, &key));
    assert_done(hm_note_sign(hm_buf_bytes(&text), &key, software_signer_of(log_signer), &note));
    assert_done(hm_tree_edge_put(&tree, &edge));
    assert_done(hm_tiles_publish(office.log_dirfd, hm_buf_bytes(&note)));
    assert_done(hm_store_put_head(office.store, hm_buf_bytes(&edge), hm_buf_bytes(&note)));
    hm_buf_clear(&feed.leaf);
}

static void open_office(void) {
    memset(&office, 0, sizeof office);
    assert_done(hm_store_open(in_folder("office.db"), &office.store));
    assert_done(hm_folder_open(AT_FDCWD, folder, &office.dirfd));
    assert_done(hm_folder_open(office.dirfd, "log", &office.log_dirfd));
    office.directory = folder;
    office.session = &session;
    office.row.origin = "example.com/log";
    memcpy(office.row.uuid, "an office's uuid", 16);
}

static void close_office(void) {
    hm_search_forget(&office);
    hm_store_close(&office.store);
    hm_fd_close(&office.dirfd);
    hm_fd_close(&office.log_dirfd);
}

static int make_log(void **state) {
    (void)state;
    snprintf(kept, sizeof kept, "/tmp/hallmark-search-XXXXXX");
    if (!mkdtemp(kept)) return 1;
    snprintf(folder, sizeof folder, "%s/first", kept);
    assert_done(hm_folder_make(in_folder("log"), 0700));
    log_signer = software_signer_new(HM_KEY_ED25519);
    assert_done(hm_store_create(in_folder("office.db")));
    open_office();
    srand(11);
    now = 1800000000;
    assert_done(hm_store_begin(office.store));
    add_rows();
    fill();
    assert_done(hm_store_commit(office.store));
    publish();
    close_office();
    return 0;
}

static int remove_log(void **state) {
    (void)state;
    software_signer_free(&log_signer);
    char command[120];
    snprintf(command, sizeof command, "rm -r '%s'", kept);
    return system(command);
}

/* Each test has a copy. */
static int copy_log(void **state) {
    (void)state;
    static unsigned copies;
    char command[240];
    snprintf(folder, sizeof folder, "%s/%u", kept, ++copies);
    snprintf(command, sizeof command, "cp -r '%s/first' '%s'", kept, folder);
    if (system(command) != 0) return 1;
    open_office();
    return 0;
}

static int leave_log(void **state) {
    (void)state;
    close_office();
    char command[140];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void sql_in(const char *name, const char *text) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(in_folder(name), &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s: %s", text, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* ---- searching ---- */

static uint64_t hit[ENTRIES];
static size_t hits;

static hm_err keep_hit(void *context, const hm_entry_row *entry) {
    (void)context;
    assert_true(hits < ENTRIES);
    hit[hits++] = entry->index;
    return HM_OK;
}

static hm_err search_more(const hm_search_query *query, const hm_search_how *how, hm_search_result *result) {
    hm_search *s = NULL;
    bool over = false;
    HM_TRY(hm_search_begin(&office, query, how, &s));
    hm_err err = HM_OK;
    while (!over && !hm_failed(err)) err = hm_search_step(s, keep_hit, NULL, &over);
    *result = *hm_search_result_of(s);
    hm_search_free(&s);
    return err;
}

static hm_err search(const hm_search_query *query, bool complete, hm_search_result *result) {
    hits = 0;
    return search_more(query, &(hm_search_how){.complete = complete}, result);
}

/* Conditions by number; -1: none. */
typedef struct {
    int product, key, principal, release, type;
    size_t digest_of; /* SIZE_MAX: none */
    int64_t since, until;
} wanted;
static const wanted anything = {-1, -1, -1, -1, -1, SIZE_MAX, 0, 0};

static bool is_wanted(const wanted *w, size_t i) {
    bool ceremony = said[i].type == HM_LEAF_CEREMONY, result = said[i].intent != i;
    if (w->product >= 0 && said[i].product != w->product) return false;
    if (w->key >= 0 && (said[i].key != w->key || (!result && said[i].type != HM_LEAF_INTENT))) return false;
    if (w->principal >= 0 && said[i].principal != w->principal) return false;
    if (w->release >= 0 && said[i].release != w->release) return false;
    if (w->type >= 0 && (int)said[i].type != w->type) return false;
    if (w->since && said[i].time < w->since) return false;
    if (w->until && said[i].time >= w->until) return false;
    (void)ceremony;
    return w->digest_of == SIZE_MAX || w->digest_of == i || (result && w->digest_of == said[i].intent);
}

typedef struct {
    char product[16], key[33], principal[16], release[16];
} texts;

static hm_search_query query_of(const wanted *w, texts *t) {
    static const char *const words[] = {"",         "intent",  "outcome", "refusal",
                                        "ceremony", "failure", "request", "publication"};
    hm_search_query q = {.since = w->since, .until = w->until};
    snprintf(t->product, sizeof t->product, "product-%d", w->product);
    put_key(w->key, t->key);
    snprintf(t->principal, sizeof t->principal, "who-%d", w->principal);
    snprintf(t->release, sizeof t->release, "\"%d\"\n", w->release);
    if (w->product >= 0) q.product = hm_text(t->product);
    if (w->key >= 0) q.key = HM_BYTES(t->key, w->key % 2 ? 8 : 32);
    if (w->principal >= 0) q.principal = hm_text(t->principal);
    if (w->release >= 0) q.release = hm_text(t->release);
    if (w->type >= 0) q.type = hm_text(words[w->type]);
    if (w->digest_of != SIZE_MAX) q.digest = HM_ARRAY(said[w->digest_of].digest);
    return q;
}

static void compare_hits(const wanted *w) {
    size_t n = 0;
    for (size_t i = 0; i < entries; i++) {
        if (!is_wanted(w, i)) continue;
        if (n >= hits || hit[n] != i) fail_msg("entry %zu is missing, or another comes before it (%zu hits)", i, hits);
        n++;
    }
    assert_int_equal(n, hits);
}

static void expect(const wanted *w, bool complete) {
    texts t;
    hm_search_result result;
    hm_search_query query = query_of(w, &t);
    hm_err err = search(&query, complete, &result);
    if (hm_failed(err)) fail_msg("%s", hm_err_sentence());
    compare_hits(w);
    assert_int_equal(result.hits, hits);
    assert_int_equal(result.next, entries);
    assert_int_equal(result.size, entries);
    assert_int_equal(result.complete, complete);
}

static void expect_fault(const wanted *w, bool complete, hm_class class, const char *words) {
    texts t;
    hm_search_result result;
    hm_search_query query = query_of(w, &t);
    hm_err err = search(&query, complete, &result);
    if (err.class != class) fail_msg("class %d: %s", err.class, hm_err_sentence());
    assert_said(words);
    assert_false(result.complete);
}

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

/* Each page reads to the root; together they are the list. */
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
    texts t;
    hm_search_result result;
    wanted w = anything;
    int64_t latest = 0;
    for (size_t i = 0; i < 2 * SEGMENT; i++)
        if (said[i].time > latest) latest = said[i].time;
    w.since = latest + 1;
    hm_search_query query = query_of(&w, &t);
    assert_done(search(&query, true, &result));
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

/* ---- an index that is not there, or not ours ---- */

static const wanted by_key = {-1, 2, -1, -1, -1, SIZE_MAX, 0, 0};

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
    texts t;
    hm_search_query query = query_of(&anything, &t);
    assert_done(search(&query, false, &result));
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
    texts t;
    hm_search_query query = query_of(&by_key, &t);
    assert_done(search(&query, false, &result));
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
    texts t;
    hm_search_result result;
    for (int principal = 0; principal < 5; principal++) {
        wanted w = anything;
        w.principal = principal;
        hm_search_query query = query_of(&w, &t);
        assert_done(search(&query, false, &result));
        for (size_t i = 0; i < hits; i++) assert_true(is_wanted(&w, hit[i]));
    }
}

static void an_index_that_hides_does_so_from_all_but_the_complete_search(void **state) {
    (void)state;
    texts t;
    hm_search_result result;
    hm_search_query query = query_of(&by_key, &t);
    forge_index(NULL, 0, all_times);
    assert_done(search(&query, false, &result));
    assert_true(hits && hit[0] >= SEGMENT);
    expect(&by_key, true);
}

/* Of times, too: which is why a complete search without a beginning reads everything. */
static void an_index_that_lies_about_times_is_not_asked_without_since(void **state) {
    (void)state;
    texts t;
    hm_search_result result;
    wanted w = by_key;
    w.since = said[100].time;
    hm_search_query query = query_of(&w, &t);
    forge_index(NULL, 0, (hm_search_span){.earliest = 0, .latest = 1});
    assert_done(search(&query, true, &result));
    assert_int_equal(result.first, SEGMENT);
    assert_true(hits && hit[0] >= SEGMENT);
    w = by_key;
    w.until = said[5000].time;
    expect(&w, true);
}

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

static void an_entry_that_was_made_anew_is_not_under_the_root(void **state) {
    (void)state;
    hm_leaf leaf;
    HM_BUF bytes = HM_BUF_EMPTY, text = HM_BUF_EMPTY;
    const char *string;
    assert_done(hm_store_entry(office.store, 4500, take_leaf, &bytes));
    assert_done(hm_leaf_get(hm_buf_bytes(&bytes), &leaf));
    const char details[] = "{\"time\":1800000001}";
    uint8_t salt[HM_SALT_LEN] = {0};
    hm_leaf_details_hash(salt, hm_text(details), leaf.details_hash);
    bytes.len = 0;
    assert_done(hm_leaf_put(&leaf, &bytes));
    assert_done(
        hm_put_text(&text, "UPDATE entry SET salt=zeroblob(32),details=CAST('{\"time\":1800000001}' AS BLOB),leaf=x'"));
    assert_done(hm_put_hex(&text, hm_buf_bytes(&bytes)));
    assert_done(hm_put_text(&text, "' WHERE idx=4500"));
    assert_done(hm_buf_string(&text, &string));
    sql_in("office.db", string);
    expect_fault(&by_key, true, HM_REFUSED, "not those that the checkpoint");
    wanted w = by_key;
    w.since = said[4400].time;
    expect_fault(&w, true, HM_REFUSED, "not those that the checkpoint");
}

static void an_entry_that_is_gone_is_named(void **state) {
    (void)state;
    sql_in("office.db", "DELETE FROM entry WHERE idx=3000");
    expect_fault(&by_key, true, HM_REFUSED, "entry 3000 is missing");
    texts t;
    hm_search_result result;
    hm_search_query query = query_of(&by_key, &t);
    assert_could_not(search(&query, false, &result));
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
    char text[200];
    /* Details and all, consistently, of an entry that is not walked over. */
    hm_leaf leaf;
    HM_BUF bytes = HM_BUF_EMPTY, statement = HM_BUF_EMPTY;
    const char *string;
    assert_done(hm_store_entry(office.store, said[i].intent, take_leaf, &bytes));
    assert_done(hm_leaf_get(hm_buf_bytes(&bytes), &leaf));
    uint8_t salt[HM_SALT_LEN] = {0};
    hm_leaf_details_hash(salt, LITERAL("{}"), leaf.details_hash);
    bytes.len = 0;
    assert_done(hm_leaf_put(&leaf, &bytes));
    assert_done(hm_put_text(&statement, "UPDATE entry SET salt=zeroblob(32),details=CAST('{}' AS BLOB),leaf=x'"));
    assert_done(hm_put_hex(&statement, hm_buf_bytes(&bytes)));
    snprintf(text, sizeof text, "' WHERE idx=%zu", said[i].intent);
    assert_done(hm_put_text(&statement, text));
    assert_done(hm_buf_string(&statement, &string));
    wanted w = anything;
    w.since = latest + 1;
    w.key = said[i].key;
    expect(&w, true);
    sql_in("office.db", string);
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

/* ---- details that were erased ---- */

static void erased_details_leave_a_list_in_doubt(void **state) {
    (void)state;
    texts t;
    hm_search_result result;
    size_t i = 100;
    while (said[i].type != HM_LEAF_INTENT || said[i].key != by_key.key || said[i].product != 1) i++;
    char text[120], words[120];
    snprintf(text, sizeof text, "UPDATE entry SET salt=x'',details=x'' WHERE idx=%zu", i);
    sql_in("office.db", text);
    hm_search_query query = query_of(&by_key, &t);
    assert_done(search(&query, true, &result));
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
    texts t;
    hm_search_result result;
    wanted w = anything;
    sql_in("office.db", "UPDATE entry SET salt=x'',details=x'' WHERE idx=100");
    w.since = now + 1000000;
    hm_search_query query = query_of(&w, &t);
    assert_done(search(&query, true, &result));
    assert_int_equal(hits, 0);
    assert_false(result.complete);
    assert_int_equal(result.first, 0);
    assert_int_equal(result.erased, 1);
    assert_int_equal(result.erased_first, 100);
    w.since = 0;
    w.until = 1000;
    query = query_of(&w, &t);
    assert_done(search(&query, true, &result));
    assert_false(result.complete);
    assert_int_equal(result.erased_first, 100);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, copy_log, leave_log)
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
        TEST(an_edited_detail_is_named),
        TEST(an_entry_that_was_made_anew_is_not_under_the_root),
        TEST(an_entry_that_is_gone_is_named),
        TEST(a_log_that_was_cut_off_is_not_called_complete),
        TEST(an_outcome_whose_intent_was_changed_before_the_window_is_named),
        TEST(a_damaged_tile_is_named_where_the_tree_begins_behind_it),
        TEST(erased_details_leave_a_list_in_doubt),
        TEST(erased_details_are_in_no_window_and_out_of_none),
    };
    return cmocka_run_group_tests(tests, make_log, remove_log);
}
