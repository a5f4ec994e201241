/* What a monitor looks for in the leaves of an office's log. */
#ifndef HM_APP_MONITOR_WATCH_H
#define HM_APP_MONITOR_WATCH_H

#include "options.h"

#include <base/bytes.h>
#include <tlog/leaf.h>

enum { HM_WATCHED_MAX = 256 };
typedef struct {
    uint32_t types;   /* bit n: leaves of type n */
    uint32_t formats; /* bit n: of format n */
    uint8_t product[HM_WATCHED_MAX][16];
    size_t products;
    hm_digest digest[HM_WATCHED_MAX];
    size_t digests;
    const char *known_file; /* NULL: none */
    hm_digest *known;       /* in order */
    size_t known_count;
} hm_watch;

/* From --watch-type, --watch-format, --watch-product, --watch-digest and --known. */
HM_MUST_USE hm_err hm_watch_of(const hm_options *options, hm_watch *watch);
/* Read --known again: a line a digest in hexadecimal, what follows behind a space is a remark; # begins a comment. */
HM_MUST_USE hm_err hm_watch_load_known(hm_watch *watch);
void hm_watch_clear(hm_watch *watch);

/* Does anything of WATCH want leaves to be read at all? */
bool hm_watch_reads_leaves(const hm_watch *watch);
bool hm_watch_wants(const hm_watch *watch, const hm_leaf *leaf);
bool hm_watch_knows(const hm_watch *watch, hm_bytes digest);
/* "refusal for product 1234..., format pe, digest 12ab..." */
HM_MUST_USE hm_err hm_put_leaf(hm_buf *text, const hm_leaf *leaf);

#endif
