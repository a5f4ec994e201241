/* How fast is the log searched? search_bench [ENTRIES [FOLDER]]
 *
 * Grows an office's log in a new folder in FOLDER (/var/tmp) to 10,000 entries, then tenfold, up to ENTRIES (10 million
 * unless told otherwise). At each size the search index is made from nothing, searches are timed, and windows of the
 * last 1,000 entries, 10,000, ... are walked completely, up to the signed root. Entries are intents and outcomes, as
 * long as real ones, of fifty principals, twenty products with two keys each, and a year. One line per figure, "name
 * value unit", for bench/search_rows.py. The folder is removed. */
#include "bench.h"
#include "busy_log.h"
#include "search.h"

#include "../tests/unit/software_signer.h"

#include <base/file.h>
#include <base/secret.h>
#include <store/search_index.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEAST = 10000, MOST = 10000000, YEAR = 365 * 86400, TIMES = 200, DAY = 86400, BEGAN = 1780000000 };

static char folder[4096];
static hm_office office;
static hm_session session;
static uint64_t most = MOST;
static busy_log log_of = {.began = BEGAN, .seconds = YEAR / ((double)MOST / 2)};

/* ---- an office whose log is this long ---- */

static software_signer *log_signer;

static const char *in_folder(const char *name) {
    static char path[8300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void add_log_key(void) {
    hm_key_row key = {.role = HM_KEY_ROLE_LOG,
                      .algorithm = HM_KEY_ED25519,
                      .token_id = {1},
                      .spki = software_signer_of(log_signer)->spki};
    int64_t id;
    must(hm_store_begin(office.store));
    must(hm_store_add_key(office.store, &key, &id));
    for (unsigned i = 0; i < BUSY_PRODUCTS; i++) {
        busy_product *product = &log_of.product[i];
        hm_product_row row = {.class = {(uint8_t)i}};
        memcpy(product->class, row.class, sizeof product->class);
        snprintf(product->name, sizeof product->name, "product-%u", i);
        row.name = hm_text(product->name);
        for (unsigned k = 0, n = BUSY_KEYS * i; k < BUSY_KEYS; k++, n++)
            snprintf(product->key[k], sizeof product->key[k], "%08x%024x", n * 2654435761u, n);
        must(hm_store_add_product(office.store, &row, &id));
    }
    must(hm_store_commit(office.store));
}

static void make_office(void) {
    log_signer = software_signer_new(HM_KEY_ED25519);
    must(hm_store_create(in_folder("office.db")));
    must(hm_store_open(in_folder("office.db"), &office.store));
    must(hm_folder_make(in_folder("log"), 0700));
    must(hm_folder_open(AT_FDCWD, folder, &office.dirfd));
    must(hm_folder_open(office.dirfd, "log", &office.log_dirfd));
    office.directory = folder;
    office.session = &session;
    office.row.origin = "example.com/log";
    add_log_key();
}

typedef struct {
    uint64_t next;
    hm_buf leaf;
} leaf_feed;

static hm_err take_leaf(void *context, const hm_entry_row *entry) {
    leaf_feed *feed = context;
    feed->leaf.len = 0;
    return hm_put(&feed->leaf, entry->leaf);
}

static hm_err next_leaf(void *context, hm_bytes *entry) {
    leaf_feed *feed = context;
    HM_TRY(hm_store_entry(office.store, feed->next++, take_leaf, feed));
    *entry = hm_buf_bytes(&feed->leaf);
    return HM_OK;
}

static void publish(uint64_t size) {
    static hm_tree_edge tree;
    leaf_feed feed = {.next = tree.size - tree.size % HM_TILE_WIDTH};
    hm_note_key key;
    HM_BUF text = HM_BUF_EMPTY, note = HM_BUF_EMPTY, edge = HM_BUF_EMPTY;
    must(hm_tiles_extend(office.log_dirfd, &tree, size, (hm_entry_feed){&feed, next_leaf}));
    hm_checkpoint checkpoint = {.size = size, .root = hm_tree_edge_root(&tree)};
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", office.row.origin);
    must(hm_checkpoint_put(&checkpoint, &text));
    must(hm_note_key_make(office.row.origin, software_signer_of(log_signer)->spki, &key));
    must(hm_note_sign(hm_buf_bytes(&text), &key, software_signer_of(log_signer), &note));
    must(hm_tree_edge_put(&tree, &edge));
    must(hm_tiles_publish(office.log_dirfd, hm_buf_bytes(&note)));
    must(hm_store_put_head(office.store, hm_buf_bytes(&edge), hm_buf_bytes(&note)));
    hm_buf_clear(&feed.leaf);
}

/* ---- what is measured ---- */

static hm_err count_one(void *context, const hm_entry_row *entry) {
    (void)entry;
    ++*(uint64_t *)context;
    return HM_OK;
}

static double search(const hm_search_query *query, uint64_t limit, bool complete, uint64_t *found) {
    hm_search *s = NULL;
    bool over = false;
    *found = 0;
    double start = seconds();
    must(hm_search_begin(&office, query, &(hm_search_how){.limit = limit, .complete = complete}, &s));
    while (!over) must(hm_search_step(s, count_one, found, &over));
    double took = seconds() - start;
    if (complete && !hm_search_result_of(s)->complete) must(hm_could_not("a list is not complete"));
    hm_search_free(&s);
    return took;
}

static uint64_t bytes_of(const char *name) {
    struct stat st;
    return stat(in_folder(name), &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

static void catch_up(uint64_t size) {
    bool behind = true;
    hm_search_forget(&office);
    hm_search_index_remove(in_folder("search.db"));
    double start = seconds();
    while (behind) must(hm_search_catch_up(&office, &behind));
    double took = seconds() - start;
    hm_search_forget(&office);
    printf("search_%llu_catch_up %.3f s\n", (unsigned long long)size, took);
    printf("search_%llu_catch_up_rate %.0f entries/s\n", (unsigned long long)size, (double)size / took);
    printf("search_%llu_index %.2f bytes\n", (unsigned long long)size, (double)bytes_of("search.db") / (double)size);
    printf("search_%llu_database %.2f bytes\n", (unsigned long long)size, (double)bytes_of("office.db") / (double)size);
}

static int compare_times(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* What a random intent is about. */
typedef struct {
    busy_matter m;
    char principal[16];
} example;

static void take_example(uint64_t size, example *e) {
    busy_log_matter(&log_of, (((uint64_t)random() << 31) | (uint64_t)random()) % (size / 2), &e->m);
    snprintf(e->principal, sizeof e->principal, "runner-%02u", e->m.principal);
}

typedef enum { BY_DIGEST, BY_SIGNATURE, BY_KEY, BY_PRINCIPAL_PRODUCT, BY_DAY, KINDS } kind;
static const char *const kind_name[KINDS] = {"digest", "signature", "key", "principal_product", "principal_day"};

static hm_search_query query_of(kind k, const example *e) {
    switch (k) {
    case BY_DIGEST:
        return (hm_search_query){.digest = HM_ARRAY(e->m.plain)};
    case BY_SIGNATURE:
        return (hm_search_query){.digest = HM_ARRAY(e->m.signature)};
    case BY_KEY:
        return (hm_search_query){.key = hm_text(e->m.key)};
    case BY_PRINCIPAL_PRODUCT:
        return (hm_search_query){.principal = hm_text(e->principal), .product = hm_text(e->m.product->name)};
    default:
        return (hm_search_query){
            .principal = hm_text(e->principal), .since = e->m.time / DAY * DAY, .until = e->m.time / DAY * DAY + DAY};
    }
}

/* Each a hundred hits at most, but the day, of which all are wanted. */
static void measure_kind(uint64_t size, kind k) {
    static double times[TIMES];
    uint64_t found, all = 0;
    for (size_t i = 0; i < TIMES; i++) {
        example e;
        take_example(size, &e);
        hm_search_query query = query_of(k, &e);
        times[i] = search(&query, k == BY_DAY ? 0 : 100, false, &found);
        if (!found) must(hm_could_not("what is there is not found"));
        all += found;
    }
    qsort(times, TIMES, sizeof *times, compare_times);
    printf("search_%llu_%s_median %.3f ms\n", (unsigned long long)size, kind_name[k], times[TIMES / 2] * 1e3);
    printf("search_%llu_%s_95th %.3f ms\n", (unsigned long long)size, kind_name[k], times[TIMES * 95 / 100] * 1e3);
    printf("search_%llu_%s_found %.1f entries\n", (unsigned long long)size, kind_name[k], (double)all / TIMES);
}

/* The index opened for one search, as a command does it. */
static void measure_cold(uint64_t size) {
    static double times[TIMES];
    uint64_t found;
    for (size_t i = 0; i < TIMES; i++) {
        example e;
        take_example(size, &e);
        hm_search_query query = query_of(BY_DIGEST, &e);
        hm_search_forget(&office);
        times[i] = search(&query, 100, false, &found);
    }
    qsort(times, TIMES, sizeof *times, compare_times);
    printf("search_%llu_cold_median %.3f ms\n", (unsigned long long)size, times[TIMES / 2] * 1e3);
}

/* All that one key signed in the last so many entries. */
static void measure_windows(uint64_t size) {
    for (uint64_t window = 1000; window <= size; window *= 10) {
        example e;
        uint64_t found;
        busy_matter first;
        take_example(size, &e);
        busy_log_matter(&log_of, (size - window) / 2, &first);
        hm_search_query query = {.key = hm_text(e.m.key), .since = window == size ? 0 : first.time};
        double took = search(&query, 0, true, &found);
        printf("search_%llu_window_%llu %.3f s\n", (unsigned long long)size, (unsigned long long)window, took);
    }
}

static void measure(void) {
    make_office();
    for (uint64_t size = LEAST, before = 0; size <= most; before = size, size *= 10) {
        double start = seconds();
        must(busy_log_grow(&office, &log_of, before, size));
        publish(size);
        fprintf(stderr, "search_bench: %llu entries after %.0f s\n", (unsigned long long)size, seconds() - start);
        catch_up(size);
        for (kind k = 0; k < KINDS; k++) measure_kind(size, k);
        measure_cold(size);
        measure_windows(size);
        fflush(stdout);
    }
}

int main(int argc, char **argv) {
    if (argc > 1) must(hm_decimal_decode(hm_text(argv[1]), &most));
    snprintf(folder, sizeof folder, "%s/search-bench-XXXXXX", argc > 2 ? argv[2] : "/var/tmp");
    if (most < LEAST || !mkdtemp(folder)) {
        fprintf(stderr, "search_bench: usage: search_bench [ENTRIES [FOLDER]]\n");
        return HM_MISUSED;
    }
    measure();
    hm_search_forget(&office);
    hm_store_close(&office.store);
    software_signer_free(&log_signer);
    return remove_folder(folder);
}
