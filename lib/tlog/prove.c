/* Proofs and entries out of tiles. What is handed on has been checked against the checkpoint's root, so it does not
 * matter who served the tiles. */
#include "reader.h"
#include "tree.h"

#include <string.h>

/* The root of the complete subtree over the entries [NUMBER << HEIGHT, (NUMBER + 1) << HEIGHT). */
static hm_err subtree(hm_tile_reader *reader, unsigned height, uint64_t number, hm_merkle_hash *root) {
    int level = (int)(height / 8);
    unsigned count = 1u << height % 8;
    uint64_t first = number << height % 8;
    const hm_merkle_hash *hashes;
    hm_merkle_hash part[HM_TILE_WIDTH];
    HM_TRY(hm_tile_reader_tile(reader, level, first / HM_TILE_WIDTH, &hashes));
    memcpy(part, &hashes[first % HM_TILE_WIDTH], count * sizeof *part);
    *root = hm_tree_fold(part, count);
    return HM_OK;
}

/* The hash over the entries [FROM, TO); FROM is a multiple of a power of two that is not less than their number. */
static hm_err range(hm_tile_reader *reader, uint64_t from, uint64_t to, hm_merkle_hash *root) {
    bool have = false;
    for (unsigned height = 0; height < 64 && to > from; height++) {
        if (!((to - from) >> height & 1)) continue;
        hm_merkle_hash left;
        to -= (uint64_t)1 << height;
        HM_TRY(subtree(reader, height, to >> height, &left));
        *root = have ? hm_merkle_node(&left, root) : left;
        have = true;
    }
    return HM_OK;
}

/* The largest power of two smaller than N, which is at least 2 (RFC 9162 section 2.1.1). */
static uint64_t split_of(uint64_t n) { return (uint64_t)1 << (63 - __builtin_clzll(n - 1)); }

static hm_err push_range(hm_tile_reader *reader, uint64_t from, uint64_t to, hm_merkle_proof *proof) {
    if (proof->count == HM_PROOF_MAX) return hm_refuse("the log is too large for a proof");
    HM_TRY(range(reader, from, to, &proof->hash[proof->count]));
    proof->count++;
    return HM_OK;
}

/* Proofs are made from the root down and written from the leaf up. */
static void reverse(hm_merkle_proof *proof) {
    for (size_t i = 0; i < proof->count / 2; i++) {
        hm_merkle_hash first = proof->hash[i];
        proof->hash[i] = proof->hash[proof->count - 1 - i];
        proof->hash[proof->count - 1 - i] = first;
    }
}

/* RFC 9162 section 2.1.3.1. */
static hm_err make_inclusion(hm_tile_reader *reader, uint64_t index, hm_merkle_proof *proof) {
    uint64_t from = 0, to = reader->checkpoint.size;
    while (to - from > 1) {
        uint64_t middle = from + split_of(to - from);
        if (index < middle) {
            HM_TRY(push_range(reader, middle, to, proof));
            to = middle;
        } else {
            HM_TRY(push_range(reader, from, middle, proof));
            from = middle;
        }
    }
    reverse(proof);
    return HM_OK;
}

static hm_err check_index(const hm_tile_reader *reader, uint64_t index) {
    if (index < reader->checkpoint.size) return HM_OK;
    return hm_refuse("the log has no entry %llu (it has %llu entries)", (unsigned long long)index,
                     (unsigned long long)reader->checkpoint.size);
}

/* The proof for INDEX and the hash of that leaf, both under the root. */
static hm_err prove_leaf(hm_tile_reader *reader, uint64_t index, hm_merkle_proof *proof, hm_merkle_hash *leaf) {
    HM_TRY(check_index(reader, index));
    HM_TRY(make_inclusion(reader, index, proof));
    HM_TRY(subtree(reader, 0, index, leaf));
    return hm_in(hm_merkle_check_inclusion(leaf, index, reader->checkpoint.size, proof, &reader->checkpoint.root),
                 "the log's tiles at entry %llu", (unsigned long long)index);
}

hm_err hm_tiles_inclusion(hm_tile_reader *reader, uint64_t index, hm_merkle_proof *proof) {
    hm_merkle_hash leaf;
    proof->count = 0;
    hm_err err = prove_leaf(reader, index, proof, &leaf);
    if (hm_failed(err)) proof->count = 0;
    return err;
}

/* RFC 9162 section 2.1.4.1. WHOLE: the old tree is the subtree that we stand in, which the verifier knows already. */
static hm_err make_consistency(hm_tile_reader *reader, uint64_t old_size, hm_merkle_proof *proof) {
    uint64_t from = 0, to = reader->checkpoint.size;
    bool whole = true;
    while (old_size != to) {
        uint64_t middle = from + split_of(to - from);
        if (old_size <= middle) {
            HM_TRY(push_range(reader, middle, to, proof));
            to = middle;
        } else {
            HM_TRY(push_range(reader, from, middle, proof));
            from = middle;
            whole = false;
        }
    }
    if (!whole) HM_TRY(push_range(reader, from, to, proof));
    reverse(proof);
    return HM_OK;
}

static hm_err prove_consistency(hm_tile_reader *reader, uint64_t old_size, hm_merkle_proof *proof) {
    uint64_t size = reader->checkpoint.size;
    hm_merkle_hash old_root;
    if (old_size > size) return hm_refuse("the log is smaller than %llu entries", (unsigned long long)old_size);
    if (!old_size || old_size == size) return HM_OK;
    HM_TRY(make_consistency(reader, old_size, proof));
    HM_TRY(range(reader, 0, old_size, &old_root));
    return hm_in(hm_merkle_check_consistency(old_size, size, &old_root, &reader->checkpoint.root, proof),
                 "the log's tiles");
}

hm_err hm_tiles_consistency(hm_tile_reader *reader, uint64_t old_size, hm_merkle_proof *proof) {
    proof->count = 0;
    hm_err err = prove_consistency(reader, old_size, proof);
    if (hm_failed(err)) proof->count = 0;
    return err;
}

static hm_err load_bundle(hm_tile_reader *reader, uint64_t number) {
    if (reader->has_bundle && reader->bundle_number == number) return HM_OK;
    unsigned width;
    reader->has_bundle = false;
    HM_TRY(hm_tile_reader_file(reader, -1, number, &reader->bundle, &width));
    reader->bundle_number = number;
    reader->has_bundle = true;
    return HM_OK;
}

static hm_err find_entry(hm_tile_reader *reader, uint64_t index, hm_bytes *entry) {
    char path[HM_TILE_PATH_MAX];
    uint64_t number = index / HM_TILE_WIDTH;
    HM_TRY(load_bundle(reader, number));
    hm_tile_reader_name(reader, -1, number, path);
    hm_reader bundle = hm_reader_of(hm_buf_bytes(&reader->bundle));
    for (uint64_t i = 0; i <= index % HM_TILE_WIDTH; i++) HM_TRY(hm_in(hm_bundle_next(&bundle, entry), "%s", path));
    return HM_OK;
}

hm_err hm_tiles_entry(hm_tile_reader *reader, uint64_t index, hm_buf *entry) {
    hm_merkle_proof proof = {.count = 0};
    hm_merkle_hash leaf;
    hm_bytes found;
    HM_TRY(prove_leaf(reader, index, &proof, &leaf));
    HM_TRY(find_entry(reader, index, &found));
    hm_merkle_hash hash = hm_merkle_leaf(found);
    if (memcmp(&hash, &leaf, sizeof leaf) != 0)
        return hm_refuse("log entry %llu in its bundle differs from the one in the tree", (unsigned long long)index);
    return hm_put(entry, found);
}
