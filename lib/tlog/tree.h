/* Private to lib/tlog: the growing tree, tile by tile. Writing and auditing share it, so that what is written and what
 * is expected cannot drift apart. */
#ifndef HM_TLOG_TREE_H
#define HM_TLOG_TREE_H

#include <tlog/merkle.h>

/* Where tiles go as they come to be: TILE sees each one once, with its 1 to 256 hashes. */
typedef struct {
    void *context;
    hm_err (*tile)(void *context, int level, uint64_t number, const hm_merkle_hash *hashes, unsigned width);
} hm_tile_sink;

/* How many hashes the tile at the right edge of LEVEL holds in a tree of SIZE: 0 to 255. */
unsigned hm_tree_edge_width(uint64_t size, int level);
/* The number of that tile; all before it are full. */
uint64_t hm_tree_edge_number(uint64_t size, int level);

/* The root of a complete subtree over COUNT hashes, a power of two. Overwrites HASHES. */
hm_merkle_hash hm_tree_fold(hm_merkle_hash *hashes, size_t count);

/* One more leaf. Every tile that becomes full goes to SINK. After a fault TREE is not to be used any more. */
HM_MUST_USE hm_err hm_tree_append(hm_tree_edge *tree, const hm_merkle_hash *leaf, hm_tile_sink sink);
/* The tiles that are not full, lowest level first, go to SINK. */
HM_MUST_USE hm_err hm_tree_partials(const hm_tree_edge *tree, hm_tile_sink sink);

#endif
