/* Work that leaves something behind which must go, however it ends. */
#ifndef HM_APP_INTERRUPTED_H
#define HM_APP_INTERRUPTED_H

#include <base/err.h>

/* Run WORK in a process of its own, and wait for it and for all that it began: an interrupt ends it, and then TIDY is
 * called, and this process ends as by that interrupt. WORK's faults are reported where they arise. */
HM_MUST_USE hm_err hm_run_interruptible(hm_err (*work)(void *context), void (*tidy)(void *context), void *context);

#endif
