/* How fast is the log? tlog_bench [ENTRIES [FOLDER]]
 *
 * Grows a log of ENTRIES (10 million unless told otherwise) in a new folder in FOLDER (/var/tmp) in one bulk extension
 * and then in batches of 100, each durable before the next; opens it; proves random entries; audits it. One line per
 * figure, "name value unit", for bench/run.py. The folder is removed. */
#include "bench.h"

#include <base/file.h>
#include <tlog/leaf.h>
#include <tlog/tiles.h>

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BATCHES = 200, BATCH = 100, PROOFS = 2000, FRESH_PROOFS = 200 };

/* Entries as the core makes them: leaves of an intent, each with another digest. */
typedef struct {
    uint64_t index;
    hm_leaf leaf;
    hm_buf entry;
} leaf_feed;

static hm_err next_leaf(void *context, hm_bytes *entry) {
    leaf_feed *feed = context;
    memcpy(feed->leaf.digest, &feed->index, sizeof feed->index);
    feed->index++;
    feed->entry.len = 0;
    HM_TRY(hm_leaf_put(&feed->leaf, &feed->entry));
    *entry = hm_buf_bytes(&feed->entry);
    return HM_OK;
}

static double grow(int folder, hm_tree_edge *tree, uint64_t size, leaf_feed *feed) {
    double start = seconds();
    feed->index = tree->size - tree->size % HM_TILE_WIDTH;
    must(hm_tiles_extend(folder, tree, size, (hm_entry_feed){feed, next_leaf}));
    return seconds() - start;
}

static int compare_times(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void print_times(const char *name, double *times, size_t count) {
    qsort(times, count, sizeof *times, compare_times);
    printf("%s_median %.3f ms\n%s_99th %.3f ms\n", name, times[count / 2] * 1e3, name, times[count * 99 / 100] * 1e3);
}

/* Growing by hundreds, as the core does at most once a second. */
static void measure_batches(int folder, hm_tree_edge *tree, leaf_feed *feed) {
    static double times[BATCHES];
    double all = 0;
    for (size_t i = 0; i < BATCHES; i++) {
        times[i] = grow(folder, tree, tree->size + BATCH, feed);
        all += times[i];
    }
    print_times("tlog_extend_by_100", times, BATCHES);
    printf("tlog_extend_by_100_rate %.0f entries/s\n", BATCHES * BATCH / all);
}

/* From the stored edge to a reader whose first proof holds. */
static void measure_open(int folder, const hm_tree_edge *tree) {
    HM_BUF stored = HM_BUF_EMPTY;
    hm_merkle_proof proof;
    HM_TILE_READER *reader = NULL;
    must(hm_tree_edge_put(tree, &stored));
    hm_tree_edge *again = malloc(sizeof *again);
    if (!again) exit(HM_COULD_NOT);
    double start = seconds();
    must(hm_tree_edge_get(hm_buf_bytes(&stored), again));
    hm_checkpoint checkpoint = {.size = again->size, .root = hm_tree_edge_root(again)};
    must(hm_tile_reader_new(folder, &checkpoint, &reader));
    must(hm_tiles_inclusion(reader, again->size / 3, &proof));
    printf("tlog_open %.3f ms\n", (seconds() - start) * 1e3);
    free(again);
}

static void measure_proofs(const char *name, int folder, const hm_tree_edge *tree, size_t count, bool fresh) {
    static double times[PROOFS];
    hm_checkpoint checkpoint = {.size = tree->size, .root = hm_tree_edge_root(tree)};
    HM_TILE_READER *reader = NULL;
    for (size_t i = 0; i < count; i++) {
        hm_merkle_proof proof;
        uint64_t index = ((uint64_t)random() << 31 | (uint64_t)random()) % tree->size;
        double start = seconds();
        if (fresh) hm_tile_reader_free(&reader);
        if (!reader) must(hm_tile_reader_new(folder, &checkpoint, &reader));
        must(hm_tiles_inclusion(reader, index, &proof));
        times[i] = seconds() - start;
    }
    print_times(name, times, count);
}

static void measure_audit(int folder, const hm_tree_edge *tree) {
    hm_checkpoint checkpoint = {.size = tree->size, .root = hm_tree_edge_root(tree)};
    HM_TILE_READER *reader = NULL;
    must(hm_tile_reader_new(folder, &checkpoint, &reader));
    double start = seconds();
    must(hm_tiles_audit(reader, NULL, NULL));
    printf("tlog_audit_rate %.0f entries/s\n", (double)tree->size / (seconds() - start));
}

static void measure(int folder, uint64_t size) {
    static hm_tree_edge tree;
    leaf_feed feed = {.leaf = {.type = HM_LEAF_INTENT, .has_product = true, .format = 1, .digest_len = 32}};
    hm_tree_edge_init(&tree);
    double took = grow(folder, &tree, size, &feed);
    printf("tlog_entries %llu entries\ntlog_bulk_rate %.0f entries/s\n", (unsigned long long)size, (double)size / took);
    measure_batches(folder, &tree, &feed);
    measure_open(folder, &tree);
    measure_proofs("tlog_proof", folder, &tree, PROOFS, false);
    measure_proofs("tlog_proof_fresh_reader", folder, &tree, FRESH_PROOFS, true);
    measure_audit(folder, &tree);
    hm_buf_clear(&feed.entry);
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) printf("tlog_peak_memory %ld KiB\n", usage.ru_maxrss);
}

int main(int argc, char **argv) {
    char path[4096];
    HM_FD folder = -1;
    uint64_t size = 10000000;
    if (argc > 1) must(hm_decimal_decode(hm_text(argv[1]), &size));
    snprintf(path, sizeof path, "%s/tlog-bench-XXXXXX", argc > 2 ? argv[2] : "/var/tmp");
    if (!size || !mkdtemp(path)) {
        fprintf(stderr, "tlog_bench: usage: tlog_bench [ENTRIES [FOLDER]]\n");
        return HM_MISUSED;
    }
    must(hm_folder_open(AT_FDCWD, path, &folder));
    measure(folder, size);
    return remove_folder(path);
}
