/* Merkle tree hashes and proofs (RFC 9162 section 2.1; the same as C2SP's). Proofs are hashes one after another. */
#ifndef HM_TLOG_MERKLE_H
#define HM_TLOG_MERKLE_H

#include <crypto/digest.h>

enum { HM_HASH_LEN = 32, HM_PROOF_MAX = 64 };
typedef struct {
    uint8_t byte[HM_HASH_LEN];
} hm_merkle_hash;

typedef struct {
    size_t count;
    hm_merkle_hash hash[HM_PROOF_MAX]; /* from the leaf's sibling up */
} hm_merkle_proof;

hm_merkle_hash hm_merkle_leaf(hm_bytes entry);
hm_merkle_hash hm_merkle_node(const hm_merkle_hash *left, const hm_merkle_hash *right);
hm_merkle_hash hm_merkle_empty(void);
/* Proofs are refused with a sentence that says where they fail. A consistency proof from the empty tree does not exist:
 * OLD_SIZE 0 is refused unless NEW_SIZE is 0 too. */
HM_MUST_USE hm_err hm_merkle_check_inclusion(const hm_merkle_hash *leaf, uint64_t index, uint64_t size,
                                             const hm_merkle_proof *proof, const hm_merkle_hash *root);
HM_MUST_USE hm_err hm_merkle_check_consistency(uint64_t old_size, uint64_t new_size, const hm_merkle_hash *old_root,
                                               const hm_merkle_hash *new_root, const hm_merkle_proof *proof);

/* The right edge of a growing tree: for each tile level the hashes of the tile that is not full yet. Together they give
 * the root; 64 KiB, no pointers. */
enum { HM_TILE_WIDTH = 256, HM_TILE_LEVELS = 8 };
typedef struct {
    uint64_t size;
    hm_merkle_hash edge[HM_TILE_LEVELS][HM_TILE_WIDTH]; /* level l holds floor(size / 256^l) mod 256 hashes */
} hm_tree_edge;

void hm_tree_edge_init(hm_tree_edge *tree);
/* One more entry, when only the root is wanted and no tiles. */
HM_MUST_USE hm_err hm_tree_edge_append(hm_tree_edge *tree, hm_bytes entry);
hm_merkle_hash hm_tree_edge_root(const hm_tree_edge *tree);
/* Stored form: u64 size, then each level's hashes; the counts follow from the size. Appends. On a fault of
 * _get TREE is the empty tree. */
HM_MUST_USE hm_err hm_tree_edge_put(const hm_tree_edge *tree, hm_buf *buf);
HM_MUST_USE hm_err hm_tree_edge_get(hm_bytes stored, hm_tree_edge *tree);

#endif
