/* A catalogue and a folder, side by side: both come in the same order, so one pass over both finds every difference in
 * constant memory. */
#ifndef HM_FORMAT_CATALOGUE_COMPARE_H
#define HM_FORMAT_CATALOGUE_COMPARE_H

#include "catalogue_report.h"

/* SHA-256 of a file, read in blocks; BLOCK is working memory that many calls can share. */
HM_MUST_USE hm_err hm_catalogue_sum(const hm_source *content, hm_buf *block, uint8_t sha256[static HM_SHA256_LEN]);
/* The next entry of TREE that a catalogue lists: well-formed and in order (checked with WALK), the catalogue's own
 * files left out. */
HM_MUST_USE hm_err hm_catalogue_next_found(const hm_tree *tree, hm_catalogue_walk *walk, hm_entry *found, bool *more);

/* Read the catalogue once, all of it through PASS, and compare: what differs is put into DIFFERENCES and is no fault.
 */
HM_MUST_USE hm_err hm_catalogue_compare(const hm_source *catalogue, const hm_tree *tree, hm_pass *pass,
                                        hm_differences *differences);

#endif
