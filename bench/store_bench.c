/* How fast does the office write its log down? store_bench [ENTRIES [FOLDER]]
 *
 * Appends ENTRIES (200,000 unless told otherwise) to a new database in FOLDER (/var/tmp), BATCH in a transaction, each
 * durable before the next, as the core does it: salt, hash of the details, leaf, row. Entries are intents and outcomes
 * in turn, as long as real ones. Then the tiles are written, and the bytes on disk counted. One line per figure, "name
 * value unit", for bench/run.py. The folder is removed. */
#include "bench.h"

#include <base/file.h>
#include <base/secret.h>
#include <store/store.h>
#include <tlog/leaf.h>
#include <tlog/tiles.h>

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 1024, ENTRIES = 200000 };

/* What lib/core writes for a program signed with a key in SoftHSM. */
static const char intent_details[] =
    "{\"actor\":\"unix:1000\",\"algorithm\":\"es256\","
    "\"certificate\":\"294f85e30ad9f11feab0cd4fe1f905369c6ef6b6345bb535495b85b326809374\","
    "\"content\":\"a8a853fb3edad9644a94b5a2c1ebdb904bfbc1ff8bab3fa182911a3e4ace9035\","
    "\"key\":\"07c3c91a46d7274ed8f6e3caaaa95224\",\"name\":\"launcher-x86_64.exe\","
    "\"plain\":\"81a618f21cb87db9076134e70388b6e9cb7c2106739011b6a51772d22cae06b7\",\"policy\":1,"
    "\"product\":\"infusion-pump\",\"release\":\"2.14.3\",\"size\":108032,\"time\":1795290150,"
    "\"token\":\"SoftHSM project / SoftHSM v2 / 83770f87bd053478\"}";
static const char outcome_details[] = "{\"time\":1795290150}";

static double processor_seconds(void) {
    struct timespec spent;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
}

static void append_one(hm_store *store, hm_leaf *leaf, uint64_t number) {
    uint8_t salt[HM_SALT_LEN];
    uint64_t index, tag;
    bool outcome = number % 2;
    hm_bytes details = hm_text(outcome ? outcome_details : intent_details);
    HM_BUF cbor = HM_BUF_EMPTY;
    must(hm_random(salt, sizeof salt));
    hm_sha256(HM_ARRAY(salt), leaf->digest); /* as spread out as real digests are, which is what an index feels */
    memcpy(&tag, leaf->digest, sizeof tag);
    if (!outcome) tag = 0; /* nobody looks for intents */
    leaf->type = outcome ? HM_LEAF_OUTCOME : HM_LEAF_INTENT;
    leaf->has_intent = outcome;
    leaf->intent = outcome ? number - 1 : 0;
    hm_leaf_details_hash(salt, details, leaf->details_hash);
    must(hm_leaf_put(leaf, &cbor));
    hm_entry_row row = {.leaf = hm_buf_bytes(&cbor), .salt = HM_ARRAY(salt), .details = details, .tag = tag};
    must(hm_store_append(store, &row, &index));
}

static void append_all(hm_store *store, uint64_t entries) {
    hm_leaf leaf = {.has_product = true, .format = 2, .digest_len = HM_SHA256_LEN};
    double start = seconds(), spent = processor_seconds();
    for (uint64_t done = 0; done < entries;) {
        must(hm_store_begin(store));
        for (int i = 0; i < BATCH && done < entries; i++) append_one(store, &leaf, done++);
        must(hm_store_commit(store));
    }
    printf("store_append_by_%d_rate %.0f entries/s\n", BATCH, (double)entries / (seconds() - start));
    printf("store_append_by_%d_processor %.2f us\n", BATCH, (processor_seconds() - spent) * 1e6 / (double)entries);
}

/* The leaves of the whole log, read before the tree is asked for: the store visits, the tree takes. */
typedef struct {
    hm_buf leaves;
    size_t *start;
    size_t count, next;
} leaf_feed;

static hm_err keep_leaf(void *context, const hm_entry_row *entry) {
    leaf_feed *feed = context;
    feed->start[feed->count++] = feed->leaves.len;
    feed->start[feed->count] = feed->leaves.len + entry->leaf.len;
    return hm_put(&feed->leaves, entry->leaf);
}

static hm_err next_leaf(void *context, hm_bytes *leaf) {
    leaf_feed *feed = context;
    size_t at = feed->start[feed->next];
    feed->next++;
    return hm_bytes_part(hm_buf_bytes(&feed->leaves), at, feed->start[feed->next] - at, leaf);
}

static void publish(hm_store *store, int folder, uint64_t entries) {
    static hm_tree_edge tree;
    leaf_feed feed = {.leaves = HM_BUF_EMPTY, .start = calloc(entries + 1, sizeof *feed.start)};
    if (!feed.start) exit(HM_COULD_NOT);
    must(hm_store_entries(store, 0, entries, keep_leaf, &feed));
    hm_tree_edge_init(&tree);
    must(hm_tiles_extend(folder, &tree, entries, (hm_entry_feed){&feed, next_leaf}));
    free(feed.start);
    hm_buf_clear(&feed.leaves);
}

static uint64_t on_disk;

static int count_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)path, (void)walk;
    if (type == FTW_F) on_disk += (uint64_t)st->st_blocks * 512;
    return 0;
}

static uint64_t bytes_in(const char *path) {
    on_disk = 0;
    if (nftw(path, count_one, 16, FTW_PHYS) != 0) must(hm_could_not("%s cannot be counted", path));
    return on_disk;
}

static void measure(const char *path, uint64_t entries) {
    char database[4200], log[4200];
    HM_FD folder = -1;
    hm_store *store = NULL;
    snprintf(database, sizeof database, "%s/store", path);
    snprintf(log, sizeof log, "%s/log", path);
    must(hm_folder_make(database, 0700));
    must(hm_folder_make(log, 0700));
    must(hm_folder_open(AT_FDCWD, log, &folder));
    snprintf(database, sizeof database, "%s/store/office.db", path);
    must(hm_store_create(database));
    must(hm_store_open(database, &store));
    append_all(store, entries);
    publish(store, folder, entries);
    hm_store_close(&store);
    snprintf(database, sizeof database, "%s/store", path);
    double signatures = (double)entries / 2;
    printf("store_database_per_signature %.0f bytes\n", (double)bytes_in(database) / signatures);
    printf("store_tiles_per_signature %.0f bytes\n", (double)bytes_in(log) / signatures);
}

int main(int argc, char **argv) {
    char path[4096];
    uint64_t entries = ENTRIES;
    if (argc > 1) must(hm_decimal_decode(hm_text(argv[1]), &entries));
    snprintf(path, sizeof path, "%s/store-bench-XXXXXX", argc > 2 ? argv[2] : "/var/tmp");
    if (entries < 2 || !mkdtemp(path)) {
        fprintf(stderr, "store_bench: usage: store_bench [ENTRIES [FOLDER]]\n");
        return HM_MISUSED;
    }
    measure(path, entries);
    return remove_folder(path);
}
