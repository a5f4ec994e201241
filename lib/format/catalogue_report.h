/* What is found to differ between a catalogue and its folder: counted without bound, kept and told within bounds. */
#ifndef HM_FORMAT_CATALOGUE_REPORT_H
#define HM_FORMAT_CATALOGUE_REPORT_H

#include "catalogue_text.h"

/* So many are kept for pairing what was removed with what was added, so many are told one by one. */
enum { HM_DIFFERENCES_KEPT = 1024, HM_DIFFERENCES_TOLD = 100, HM_DIFFERENCES_TEXT = 1024 * 1024 };

typedef struct {
    uint64_t count; /* all, also those that are not kept; a file that was renamed counts once */
    hm_buf kept;    /* of one kind of record, see catalogue_report.c */
    hm_buf text;
} hm_differences;

void hm_differences_clear(hm_differences *differences);
#define HM_DIFFERENCES __attribute__((cleanup(hm_differences_clear))) hm_differences

/* Will one more be kept? If not, an added file need not be hashed. */
bool hm_differences_room(const hm_differences *differences);
/* Listed but not there; there but not listed. SHA256 is the content, and only files have one. */
HM_MUST_USE hm_err hm_differences_removed(hm_differences *differences, const hm_listed *listed);
HM_MUST_USE hm_err hm_differences_added(hm_differences *differences, const hm_listed *found);
/* Both, but not the same: "WHAT: PATH DETAIL". DETAIL is made readable too; empty: none. */
HM_MUST_USE hm_err hm_differences_note(hm_differences *differences, const char *what, hm_bytes path, hm_bytes detail);

/* HM_OK if there are none. Otherwise a refusal that gives the number, after FINDING (may be NULL) has been told each.
 */
HM_MUST_USE hm_err hm_differences_report(hm_differences *differences, hm_finding finding, void *context);

#endif
