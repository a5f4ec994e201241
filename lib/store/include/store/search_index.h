/* The search index: a file beside the office's database that says which entries of the log might be those that somebody
 * looks for. It is derived from the entries and no authority: what it names is read from the log and judged there, so
 * one that lies can hide and cannot invent. It may be removed at any time.
 *
 * Entries are indexed by segments of HM_SEARCH_SEGMENT, each once, when all of its entries are there. A posting says
 * that an entry, by its place in the segment, has something that hashes to TERM; two things may hash to one term. What
 * terms stand for is lib/core's affair. Segments are numbered from 0 without gaps.
 *
 * Several processes may use one file. What a commit has acknowledged may be lost when power fails, never torn. A
 * refusal (HM_REFUSED) says that the file is damaged, or not what it should be: hm_search_index_remove, and open it
 * again. */
#ifndef HM_STORE_SEARCH_INDEX_H
#define HM_STORE_SEARCH_INDEX_H

#include <base/bytes.h>

enum { HM_SEARCH_SEGMENT = 4096, HM_SEARCH_TERMS_MAX = 12 };

typedef struct hm_search_index hm_search_index;

/* Of the office OFFICE; made if there is none. A refusal if it is of another office, by another version, or none. */
HM_MUST_USE hm_err hm_search_index_open(const char *path, const uint8_t office[static 16], hm_search_index **index);
void hm_search_index_close(hm_search_index **index);
/* Whatever lies there under this name, and what SQLite puts beside it. */
void hm_search_index_remove(const char *path);

/* How many segments there are. */
HM_MUST_USE hm_err hm_search_index_segments(hm_search_index *index, uint64_t *segments);

/* Of one segment: the times that its entries say, seconds, EARLIEST > LATEST if they say none; and SHA-256 of its last
 * entry, by which it is known whether it is of this log. */
typedef struct {
    int64_t earliest, latest;
    uint8_t last[32];
} hm_search_span;
HM_MUST_USE hm_err hm_search_index_span(hm_search_index *index, uint64_t segment, hm_search_span *span);

typedef struct {
    uint32_t term;
    uint16_t place;
} hm_search_posting;
/* From here on nobody else adds; *SEGMENTS is the number of the next one. */
HM_MUST_USE hm_err hm_search_index_begin(hm_search_index *index, uint64_t *segments);
/* At most HM_SEARCH_TERMS_MAX postings for each entry, in any order; they are sorted in place. */
HM_MUST_USE hm_err hm_search_index_add(hm_search_index *index, uint64_t segment, const hm_search_span *span,
                                       hm_search_posting *postings, size_t count);
HM_MUST_USE hm_err hm_search_index_commit(hm_search_index *index);
void hm_search_index_rollback(hm_search_index *index);

/* Until its end all that is asked is of one moment, and costs less. No fault: without one it is asked as ever. */
void hm_search_index_snapshot(hm_search_index *index);
void hm_search_index_snapshot_end(hm_search_index *index);

/* The places in SEGMENT that have TERM, ascending: *COUNT of them in PLACE. */
HM_MUST_USE hm_err hm_search_index_find(hm_search_index *index, uint64_t segment, uint32_t term,
                                        uint16_t place[static HM_SEARCH_SEGMENT], size_t *count);

#endif
