/* The whole log computed again from its entries, and every file compared. One pass, constant memory. */
#include "reader.h"
#include "tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    hm_tile_reader *reader;
    hm_tree_edge tree;
    hm_buf content;
} audit;

static void audit_free(audit **pointer) {
    if (!*pointer) return;
    hm_buf_clear(&(*pointer)->content);
    free(*pointer);
    *pointer = NULL;
}
#define AUDIT __attribute__((cleanup(audit_free))) audit

/* Tile and bundle disagree. The root tells which of them to believe. */
static hm_err blame_tile_or_bundle(const audit *a, uint64_t number, const hm_merkle_hash *hashes, unsigned width) {
    const hm_merkle_hash *stored;
    hm_merkle_proof proof;
    HM_TRY(hm_tile_reader_tile(a->reader, 0, number, &stored));
    unsigned at = 0;
    while (at + 1 < width && !memcmp(&stored[at], &hashes[at], sizeof *hashes)) at++;
    if (hm_failed(hm_tiles_inclusion(a->reader, number * HM_TILE_WIDTH + at, &proof)))
        return hm_tile_reader_blame(a->reader, 0, number, "differs from the entries it stands for");
    char path[HM_TILE_PATH_MAX];
    hm_tile_reader_name(a->reader, -1, number, path);
    return hm_refuse("%s differs from the log's tree (entry %" PRIu64 ")", path, number * HM_TILE_WIDTH + at);
}

static hm_err compare_tile(void *context, int level, uint64_t number, const hm_merkle_hash *hashes, unsigned width) {
    audit *a = context;
    unsigned stored_width;
    hm_bytes stored;
    HM_TRY(hm_tile_reader_file(a->reader, level, number, &a->content, &stored_width));
    if (a->content.len != stored_width * sizeof *hashes)
        return hm_tile_reader_blame(a->reader, level, number, "has a wrong size");
    HM_TRY(hm_bytes_part(hm_buf_bytes(&a->content), 0, width * sizeof *hashes, &stored));
    if (hm_bytes_equal(stored, HM_BYTES(hashes, width * sizeof *hashes))) return HM_OK;
    if (!level) return blame_tile_or_bundle(a, number, hashes, width);
    return hm_tile_reader_blame(a->reader, level, number, "differs from the entries it stands for");
}

typedef hm_err (*visitor)(void *context, uint64_t index, hm_bytes entry);

static hm_err audit_entry(audit *a, hm_bytes entry, visitor visit, void *context) {
    uint64_t index = a->tree.size;
    hm_merkle_hash leaf = hm_merkle_leaf(entry);
    HM_TRY(hm_tree_append(&a->tree, &leaf, (hm_tile_sink){a, compare_tile}));
    return visit ? visit(context, index, entry) : HM_OK;
}

/* An entry of the known tree, in a bundle that goes on behind it. */
static hm_err check_known_entry(const audit *a, uint64_t number, unsigned at, hm_bytes entry) {
    hm_merkle_hash leaf = hm_merkle_leaf(entry);
    if (!memcmp(&leaf, &a->tree.edge[0][at], sizeof leaf)) return HM_OK;
    return hm_tile_reader_blame(a->reader, -1, number, "differs from what it was");
}

/* A full bundle that stands in for a partial one goes on behind the tree's last entry. */
static hm_err audit_bundle(audit *a, uint64_t number, visitor visit, void *context) {
    HM_BUF content = HM_BUF_EMPTY;
    unsigned width, known = hm_tree_edge_width(a->tree.size, 0);
    HM_TRY(hm_tile_reader_file(a->reader, -1, number, &content, &width));
    hm_reader bundle = hm_reader_of(hm_buf_bytes(&content));
    for (unsigned i = 0; i < width; i++) {
        hm_bytes entry;
        if (hm_failed(hm_bundle_next(&bundle, &entry)))
            return hm_tile_reader_blame(a->reader, -1, number, "is cut off or malformed");
        if (i < known)
            HM_TRY(check_known_entry(a, number, i, entry));
        else if (a->tree.size < a->reader->checkpoint.size)
            HM_TRY(audit_entry(a, entry, visit, context));
    }
    if (bundle.rest.len) return hm_tile_reader_blame(a->reader, -1, number, "has bytes behind its last entry");
    return HM_OK;
}

static hm_err audit_rest(audit *a, visitor visit, void *context) {
    const hm_checkpoint *checkpoint = &a->reader->checkpoint;
    for (uint64_t number = a->tree.size / HM_TILE_WIDTH; a->tree.size < checkpoint->size; number++)
        HM_TRY(audit_bundle(a, number, visit, context));
    HM_TRY(hm_tree_partials(&a->tree, (hm_tile_sink){a, compare_tile}));
    hm_merkle_hash root = hm_tree_edge_root(&a->tree);
    if (memcmp(&root, &checkpoint->root, sizeof root) != 0)
        return hm_refuse("the log's %" PRIu64 " entries do not give the checkpoint's root", checkpoint->size);
    return HM_OK;
}

static hm_err read_edge(hm_tile_reader *reader, uint64_t size, hm_tree_edge *tree) {
    if (size > reader->checkpoint.size) return hm_refuse("the log is smaller than %" PRIu64 " entries", size);
    for (int level = 0; level < HM_TILE_LEVELS; level++) {
        unsigned width = hm_tree_edge_width(size, level);
        const hm_merkle_hash *hashes;
        if (!width) continue;
        HM_TRY(hm_tile_reader_tile(reader, level, hm_tree_edge_number(size, level), &hashes));
        memcpy(tree->edge[level], hashes, width * sizeof *hashes);
    }
    tree->size = size;
    return HM_OK;
}

hm_err hm_tiles_edge(hm_tile_reader *reader, uint64_t size, hm_tree_edge *tree) {
    hm_tree_edge_init(tree);
    hm_err err = read_edge(reader, size, tree);
    if (hm_failed(err)) hm_tree_edge_init(tree);
    return err;
}

/* The right edge of the known tree, out of tiles that have grown since. */
static hm_err load_edge(audit *a, const hm_checkpoint *known) {
    HM_TRY(hm_tiles_edge(a->reader, known->size, &a->tree));
    hm_merkle_hash root = hm_tree_edge_root(&a->tree);
    if (!memcmp(&root, &known->root, sizeof root)) return HM_OK;
    return hm_refuse("the log's tiles do not give the root that it had at %" PRIu64 " entries", known->size);
}

hm_err hm_tiles_audit_since(hm_tile_reader *reader, const hm_checkpoint *known,
                            hm_err (*visit)(void *context, uint64_t index, hm_bytes entry), void *context) {
    AUDIT *a = calloc(1, sizeof *a);
    if (!a) return hm_no_memory();
    a->reader = reader;
    HM_TRY(load_edge(a, known));
    return audit_rest(a, visit, context);
}

hm_err hm_tiles_audit(hm_tile_reader *reader, hm_err (*visit)(void *context, uint64_t index, hm_bytes entry),
                      void *context) {
    const hm_checkpoint nothing = {.root = hm_merkle_empty()};
    return hm_tiles_audit_since(reader, &nothing, visit, context);
}
