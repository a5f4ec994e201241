/* How far the parsers have come, on a terminal, for work that takes over a second. */
#ifndef HM_APP_PROGRESS_H
#define HM_APP_PROGRESS_H

#include <base/err.h>

#include <stdatomic.h>
#include <stdint.h>

typedef struct {
    _Atomic uint64_t *read; /* shared with the parsers; NULL: nothing is shown */
    uint64_t total;         /* bytes of the files that have been opened so far */
    int64_t began;          /* milliseconds */
    bool shown;
} hm_progress;

/* Nothing is shown unless standard error is a terminal and WANTED. */
void hm_progress_begin(hm_progress *progress, bool wanted);
/* For poll: milliseconds until the next look, -1 if there is none. */
int hm_progress_timeout(const hm_progress *progress);
/* Draw, if it is time. */
void hm_progress_show(hm_progress *progress);
/* Take the line away before something else is printed. */
void hm_progress_hide(hm_progress *progress);

#endif
