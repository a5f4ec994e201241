/* Private to lib/tlog: tile files and bundles that become durable together.
 *
 * A file is written under a hidden name beside its own. A commit makes all contents durable, then renames them all,
 * then makes the names durable: so a file that can be seen under its name is whole. A few files are fsynced one by one;
 * for many, one syncfs costs less than thousands of fsyncs. */
#ifndef HM_TLOG_TILE_BATCH_H
#define HM_TLOG_TILE_BATCH_H

#include <tlog/tiles.h>

typedef struct {
    int level; /* -1: an entry bundle */
    uint64_t number;
    unsigned width; /* 0: full */
} hm_tile_id;

enum { HM_TILE_BATCH_MAX = 4096 };
typedef struct {
    int log_dirfd;
    size_t count;
    hm_tile_id tile[HM_TILE_BATCH_MAX];
} hm_tile_batch;

/* Commits by itself when the batch is full. */
HM_MUST_USE hm_err hm_tile_batch_add(hm_tile_batch *batch, hm_tile_id tile, hm_bytes content);
/* Also removes the partial files that a full one stands for. The batch is empty afterwards, whatever happens. */
HM_MUST_USE hm_err hm_tile_batch_commit(hm_tile_batch *batch);
/* Removes the hidden files that were not committed. */
void hm_tile_batch_discard(hm_tile_batch *batch);

#endif
