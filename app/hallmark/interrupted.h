/* Work that leaves something behind which must go, however it ends. */
#ifndef HM_APP_INTERRUPTED_H
#define HM_APP_INTERRUPTED_H

#include <base/err.h>

typedef struct {
    hm_err (*begin)(void *context); /* no interrupt comes between; if it fails there is nothing to be tidied */
    hm_err (*work)(void *context);  /* in a process of its own; its faults are reported there */
    void (*tidy)(void *context);
} hm_interruptible;
/* Do all of it with CONTEXT. An interrupt ends the work and all that it began; then this process tidies, and ends as by
 * that interrupt. */
HM_MUST_USE hm_err hm_run_interruptible(const hm_interruptible *what, void *context);

#endif
