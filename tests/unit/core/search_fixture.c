#include "search_fixture.h"

#include "../software_signer.h"

#include <base/file.h>
#include <base/json.h>
#include <pki/cose.h>
#include <policy/statement.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

char folder[96];
hm_office office;
said_entry said[ENTRIES];
size_t entries;
int64_t now;
static char kept[64];
static hm_session session;
static software_signer *log_signer;

const char *in_folder(const char *name) {
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* ---- an office with a log ---- */

static void put_key(int key, char text[static 33]) {
    snprintf(text, 33, "%08x%024x", 0xabcd0000u + (unsigned)key, key);
}

/* Some ceremonies are what officers stated of a key, which stands in the statement and nowhere else. */
static bool is_stated(size_t i) { return said[i].type == HM_LEAF_CEREMONY && i % 2; }

static void put_statement(const char *key, hm_json *json) {
    HM_BUF cbor = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY, base64 = HM_BUF_EMPTY, id = HM_BUF_EMPTY;
    hm_statement statement = {.number = 1, .act = HM_ACT_KEY, .state = HM_KEY_SUSPENDED};
    assert_done(hm_hex_decode(hm_text(key), &id));
    memcpy(statement.token_id, id.data, sizeof statement.token_id);
    assert_done(hm_statement_put(&statement, &cbor));
    assert_done(hm_cose_draft_put(hm_buf_bytes(&cbor), NULL, 0, &envelope));
    assert_done(hm_put_base64(&base64, hm_buf_bytes(&envelope)));
    hm_json_text(json, "statement", hm_buf_bytes(&base64));
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
    put_key(said[i].key, text);
    if (is_stated(i)) put_statement(text, &json);
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

hm_err take_leaf(void *context, const hm_entry_row *entry) { return hm_put(context, entry->leaf); }

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

int make_log(void **state) {
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

int remove_log(void **state) {
    (void)state;
    software_signer_free(&log_signer);
    char command[120];
    snprintf(command, sizeof command, "rm -r '%s'", kept);
    return system(command);
}

/* Each test has a copy. */
int copy_log(void **state) {
    (void)state;
    static unsigned copies;
    char command[240];
    snprintf(folder, sizeof folder, "%s/%u", kept, ++copies);
    snprintf(command, sizeof command, "cp -r '%s/first' '%s'", kept, folder);
    if (system(command) != 0) return 1;
    open_office();
    return 0;
}

int leave_log(void **state) {
    (void)state;
    close_office();
    char command[140];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

void sql_in(const char *name, const char *text) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(in_folder(name), &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s: %s", text, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* ---- searching ---- */

uint64_t hit[ENTRIES];
size_t hits;

hm_err keep_hit(void *context, const hm_entry_row *entry) {
    (void)context;
    assert_true(hits < ENTRIES);
    hit[hits++] = entry->index;
    return HM_OK;
}

hm_err search_more(const hm_search_query *query, const hm_search_how *how, hm_search_result *result) {
    hm_search *s = NULL;
    bool over = false;
    HM_TRY(hm_search_begin(&office, query, how, &s));
    hm_err err = HM_OK;
    while (!over && !hm_failed(err)) err = hm_search_step(s, keep_hit, NULL, &over);
    *result = *hm_search_result_of(s);
    hm_search_free(&s);
    return err;
}

hm_err search(const hm_search_query *query, bool complete, hm_search_result *result) {
    hits = 0;
    return search_more(query, &(hm_search_how){.complete = complete}, result);
}

const wanted anything = {-1, -1, -1, -1, -1, SIZE_MAX, 0, 0};
const wanted by_key = {-1, 2, -1, -1, -1, SIZE_MAX, 0, 0};

bool is_wanted(const wanted *w, size_t i) {
    bool result = said[i].intent != i, of_key = result || said[i].type == HM_LEAF_INTENT || is_stated(i);
    if (w->product >= 0 && said[i].product != w->product) return false;
    if (w->key >= 0 && (said[i].key != w->key || !of_key)) return false;
    if (w->principal >= 0 && said[i].principal != w->principal) return false;
    if (w->release >= 0 && said[i].release != w->release) return false;
    if (w->type >= 0 && (int)said[i].type != w->type) return false;
    if (w->since && said[i].time < w->since) return false;
    if (w->until && said[i].time >= w->until) return false;
    return w->digest_of == SIZE_MAX || w->digest_of == i || (result && w->digest_of == said[i].intent);
}

hm_search_query query_of(const wanted *w, texts *t) {
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

hm_err search_wanted(const wanted *w, bool complete, hm_search_result *result) {
    texts t;
    hm_search_query query = query_of(w, &t);
    return search(&query, complete, result);
}

void compare_hits(const wanted *w) {
    size_t n = 0;
    for (size_t i = 0; i < entries; i++) {
        if (!is_wanted(w, i)) continue;
        if (n >= hits || hit[n] != i) fail_msg("entry %zu is missing, or another comes before it (%zu hits)", i, hits);
        n++;
    }
    assert_int_equal(n, hits);
}

void expect(const wanted *w, bool complete) {
    hm_search_result result;
    hm_err err = search_wanted(w, complete, &result);
    if (hm_failed(err)) fail_msg("%s", hm_err_sentence());
    compare_hits(w);
    assert_int_equal(result.hits, hits);
    assert_int_equal(result.next, entries);
    assert_int_equal(result.size, entries);
    assert_int_equal(result.complete, complete);
}

void expect_fault(const wanted *w, bool complete, hm_class class, const char *words) {
    hm_search_result result;
    hm_err err = search_wanted(w, complete, &result);
    if (err.class != class) fail_msg("class %d: %s", err.class, hm_err_sentence());
    assert_said(words);
    assert_false(result.complete);
}
