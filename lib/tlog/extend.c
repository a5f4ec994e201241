/* Writing a log: entries in, bundles and tiles out (C2SP tlog-tiles). */
#include <tlog/tiles.h>

#include "tile_batch.h"
#include "tree.h"

#include <base/io.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUNDLE = -1, CHECKPOINT_MODE = 0644 };

/* An extension under way, on the heap because of its size. TREE is a copy that replaces the caller's at the end. */
typedef struct {
    hm_tree_edge tree;
    uint64_t old_size;
    hm_entry_feed feed;
    hm_buf bundle; /* the entries of the bundle that is not full yet */
    hm_tile_batch batch;
} extension;

static void extension_free(extension **pointer) {
    extension *x = *pointer;
    if (!x) return;
    hm_tile_batch_discard(&x->batch);
    hm_buf_clear(&x->bundle);
    free(x);
    *pointer = NULL;
}
#define EXTENSION __attribute__((cleanup(extension_free))) extension

static hm_err extension_new(int log_dirfd, const hm_tree_edge *tree, hm_entry_feed feed, extension **pointer) {
    extension *x = calloc(1, sizeof *x);
    if (!x) return hm_no_memory();
    x->tree = *tree;
    x->old_size = tree->size;
    x->feed = feed;
    x->batch.log_dirfd = log_dirfd;
    *pointer = x;
    return HM_OK;
}

/* A partial tile that has not grown since the last extension stands on the disk already. */
static bool is_written(const extension *x, int level, uint64_t number, unsigned width) {
    return width == hm_tree_edge_width(x->old_size, level) && number == hm_tree_edge_number(x->old_size, level);
}

static hm_err write_tile(void *context, int level, uint64_t number, const hm_merkle_hash *hashes, unsigned width) {
    extension *x = context;
    if (is_written(x, level, number, width)) return HM_OK;
    hm_tile_id tile = {level, number, width == HM_TILE_WIDTH ? 0 : width};
    return hm_tile_batch_add(&x->batch, tile, HM_BYTES(hashes, width * sizeof *hashes));
}

static hm_err next_entry(extension *x, hm_bytes *entry) {
    HM_TRY(x->feed.next(x->feed.context, entry));
    if (entry->len > HM_ENTRY_MAX)
        return hm_refuse("a log entry of %zu bytes is too long (at most %d)", entry->len, HM_ENTRY_MAX);
    HM_TRY(hm_put_u16be(&x->bundle, (uint16_t)entry->len));
    return hm_put(&x->bundle, *entry);
}

/* The entries of the bundle at the edge, once more. The tree knows their hashes: a store that now gives others must not
 * get them published. */
static hm_err feed_bundle_again(extension *x) {
    uint64_t first = x->old_size - x->old_size % HM_TILE_WIDTH;
    for (uint64_t index = first; index < x->old_size; index++) {
        hm_bytes entry;
        HM_TRY(next_entry(x, &entry));
        hm_merkle_hash leaf = hm_merkle_leaf(entry);
        if (memcmp(&leaf, &x->tree.edge[0][index - first], sizeof leaf) != 0)
            return hm_refuse("log entry %llu is not what it was when it was published", (unsigned long long)index);
    }
    return HM_OK;
}

static hm_err write_bundle(extension *x, uint64_t number, unsigned width) {
    HM_TRY(hm_tile_batch_add(&x->batch, (hm_tile_id){BUNDLE, number, width}, hm_buf_bytes(&x->bundle)));
    x->bundle.len = 0;
    return HM_OK;
}

static hm_err append_entry(extension *x) {
    hm_bytes entry;
    HM_TRY(next_entry(x, &entry));
    hm_merkle_hash leaf = hm_merkle_leaf(entry);
    HM_TRY(hm_tree_append(&x->tree, &leaf, (hm_tile_sink){x, write_tile}));
    if (x->tree.size % HM_TILE_WIDTH) return HM_OK;
    return write_bundle(x, x->tree.size / HM_TILE_WIDTH - 1, 0);
}

static hm_err write_edge(extension *x) {
    unsigned width = hm_tree_edge_width(x->tree.size, 0);
    if (width) HM_TRY(write_bundle(x, hm_tree_edge_number(x->tree.size, 0), width));
    return hm_tree_partials(&x->tree, (hm_tile_sink){x, write_tile});
}

hm_err hm_tiles_extend(int log_dirfd, hm_tree_edge *tree, uint64_t new_size, hm_entry_feed feed) {
    EXTENSION *x = NULL;
    if (new_size < tree->size) return hm_misuse("a log cannot shrink");
    if (new_size == tree->size) return HM_OK;
    HM_TRY(extension_new(log_dirfd, tree, feed, &x));
    HM_TRY(feed_bundle_again(x));
    while (x->tree.size < new_size) HM_TRY(append_entry(x));
    HM_TRY(write_edge(x));
    HM_TRY(hm_tile_batch_commit(&x->batch));
    *tree = x->tree;
    return HM_OK;
}

static hm_err write_hidden(int log_dirfd, const char *hidden, hm_bytes content) {
    HM_FD fd = openat(log_dirfd, hidden, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, CHECKPOINT_MODE);
    if (fd < 0 || fchmod(fd, CHECKPOINT_MODE) != 0) return hm_could_not("cannot be created: %s", strerror(errno));
    HM_TRY(hm_fd_write(fd, content));
    return fsync(fd) == 0 ? HM_OK : hm_could_not("cannot be made durable: %s", strerror(errno));
}

/* The hidden name is always the same, so that what a crash leaves is used up by the next checkpoint. */
hm_err hm_tiles_publish(int log_dirfd, hm_bytes checkpoint_note) {
    static const char name[] = "checkpoint", hidden[] = ".checkpoint.new";
    hm_err err = write_hidden(log_dirfd, hidden, checkpoint_note);
    if (!hm_failed(err) && renameat(log_dirfd, hidden, log_dirfd, name) != 0)
        err = hm_could_not("cannot be replaced: %s", strerror(errno));
    if (hm_failed(err))
        unlinkat(log_dirfd, hidden, 0);
    else if (fsync(log_dirfd) != 0)
        err = hm_could_not("its folder cannot be synced: %s", strerror(errno));
    return hm_in(err, "log/%s", name);
}
