/* Private to lib/tlog: a log's files as they are read. Nothing here is checked against the root; who calls does. */
#ifndef HM_TLOG_READER_H
#define HM_TLOG_READER_H

#include <tlog/tiles.h>

enum { HM_TILES_CACHED = 24, HM_BUNDLE_MAX = HM_TILE_WIDTH * (2 + HM_ENTRY_MAX) };

typedef struct {
    bool used;
    int level;
    uint64_t number;
    hm_merkle_hash hash[HM_TILE_WIDTH];
} hm_cached_tile;

struct hm_tile_reader {
    hm_tile_source source;
    int log_dirfd; /* where the source is a folder */
    hm_checkpoint checkpoint;
    size_t next_slot; /* the cached tile to be replaced next */
    hm_cached_tile tile[HM_TILES_CACHED];
    bool has_bundle;
    uint64_t bundle_number;
    hm_buf bundle;
};

/* How wide the tile NUMBER of LEVEL is in the tree (LEVEL -1: the bundle): 256, or less at the edge, or 0 outside. */
unsigned hm_tile_reader_width(const hm_tile_reader *reader, int level, uint64_t number);
/* The name under which that tile belongs. */
void hm_tile_reader_name(const hm_tile_reader *reader, int level, uint64_t number, char path[static HM_TILE_PATH_MAX]);
/* A refusal: that file WHAT, and the entries it stands for. */
HM_MUST_USE hm_err hm_tile_reader_blame(const hm_tile_reader *reader, int level, uint64_t number, const char *what);
/* The file's content, which replaces what CONTENT held, and how many hashes or entries it must have: 256 if a full file
 * has taken the place of the partial one. */
HM_MUST_USE hm_err hm_tile_reader_file(const hm_tile_reader *reader, int level, uint64_t number, hm_buf *content,
                                       unsigned *width);
/* The hashes of a tile, as many as its width. Valid until the next call. */
HM_MUST_USE hm_err hm_tile_reader_tile(hm_tile_reader *reader, int level, uint64_t number,
                                       const hm_merkle_hash **hashes);
/* The next entry of a bundle. */
HM_MUST_USE hm_err hm_bundle_next(hm_reader *bundle, hm_bytes *entry);

#endif
