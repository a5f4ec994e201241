#include "tree.h"

#include <string.h>

enum { LEVEL_BITS = 8 };

unsigned hm_tree_edge_width(uint64_t size, int level) {
    return (unsigned)(size >> (LEVEL_BITS * level)) % HM_TILE_WIDTH;
}

uint64_t hm_tree_edge_number(uint64_t size, int level) { return size >> (LEVEL_BITS * level) >> LEVEL_BITS; }

hm_merkle_hash hm_tree_fold(hm_merkle_hash *hashes, size_t count) {
    for (; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++) hashes[i] = hm_merkle_node(&hashes[2 * i], &hashes[2 * i + 1]);
    return hashes[0];
}

void hm_tree_edge_init(hm_tree_edge *tree) { memset(tree, 0, sizeof *tree); }

/* The complete subtrees at the right end of one tile, smallest first, joined to what stands right of them. */
static void join_level(const hm_merkle_hash *hashes, unsigned width, bool *have, hm_merkle_hash *right) {
    hm_merkle_hash part[HM_TILE_WIDTH];
    for (unsigned count = 1; count < HM_TILE_WIDTH; count *= 2) {
        if (!(width & count)) continue;
        width -= count;
        memcpy(part, &hashes[width], count * sizeof *hashes);
        hm_merkle_hash left = hm_tree_fold(part, count);
        *right = *have ? hm_merkle_node(&left, right) : left;
        *have = true;
    }
}

hm_merkle_hash hm_tree_edge_root(const hm_tree_edge *tree) {
    hm_merkle_hash root = hm_merkle_empty();
    bool have = false;
    for (int level = 0; level < HM_TILE_LEVELS; level++)
        join_level(tree->edge[level], hm_tree_edge_width(tree->size, level), &have, &root);
    return root;
}

static size_t edge_bytes(uint64_t size, int level) { return hm_tree_edge_width(size, level) * sizeof(hm_merkle_hash); }

hm_err hm_tree_edge_put(const hm_tree_edge *tree, hm_buf *buf) {
    HM_TRY(hm_put_u64be(buf, tree->size));
    for (int level = 0; level < HM_TILE_LEVELS; level++)
        HM_TRY(hm_put(buf, HM_BYTES(tree->edge[level], edge_bytes(tree->size, level))));
    return HM_OK;
}

static hm_err read_edge(hm_reader *reader, hm_tree_edge *tree) {
    HM_TRY(hm_read_u64be(reader, &tree->size));
    for (int level = 0; level < HM_TILE_LEVELS; level++)
        HM_TRY(hm_read_copy(reader, tree->edge[level], edge_bytes(tree->size, level)));
    return hm_read_end(reader);
}

hm_err hm_tree_edge_get(hm_bytes stored, hm_tree_edge *tree) {
    hm_reader reader = hm_reader_of(stored);
    hm_tree_edge_init(tree);
    hm_err err = hm_in(read_edge(&reader, tree), "the stored edge of the log's tree");
    if (hm_failed(err)) hm_tree_edge_init(tree);
    return err;
}

hm_err hm_tree_append(hm_tree_edge *tree, const hm_merkle_hash *leaf, hm_tile_sink sink) {
    if (tree->size == UINT64_MAX) return hm_could_not("the log is full");
    hm_merkle_hash hash = *leaf;
    for (int level = 0; level < HM_TILE_LEVELS; level++) {
        hm_merkle_hash *hashes = tree->edge[level];
        unsigned width = hm_tree_edge_width(tree->size, level);
        hashes[width] = hash;
        if (width + 1 < HM_TILE_WIDTH) break;
        HM_TRY(sink.tile(sink.context, level, hm_tree_edge_number(tree->size, level), hashes, HM_TILE_WIDTH));
        hash = hm_tree_fold(hashes, HM_TILE_WIDTH);
    }
    tree->size++;
    return HM_OK;
}

static hm_err no_tile(void *context, int level, uint64_t number, const hm_merkle_hash *hashes, unsigned width) {
    (void)context, (void)level, (void)number, (void)hashes, (void)width;
    return HM_OK;
}

hm_err hm_tree_edge_append(hm_tree_edge *tree, hm_bytes entry) {
    hm_merkle_hash leaf = hm_merkle_leaf(entry);
    return hm_tree_append(tree, &leaf, (hm_tile_sink){NULL, no_tile});
}

hm_err hm_tree_partials(const hm_tree_edge *tree, hm_tile_sink sink) {
    for (int level = 0; level < HM_TILE_LEVELS; level++) {
        unsigned width = hm_tree_edge_width(tree->size, level);
        if (!width) continue;
        HM_TRY(sink.tile(sink.context, level, hm_tree_edge_number(tree->size, level), tree->edge[level], width));
    }
    return HM_OK;
}
