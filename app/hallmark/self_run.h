/* This program again, as another process: for a command that is several others, one after the other. */
#ifndef HM_APP_SELF_RUN_H
#define HM_APP_SELF_RUN_H

#include <base/bytes.h>

/* WORDS: the command and what follows, ended by NULL. OUTPUT gets what it says on standard output; NULL: that goes where
 * this one's goes. *STATUS is its exit status. A fault if it could not be run, or did not come to an end by itself. */
HM_MUST_USE hm_err hm_self_run(const char *const *words, hm_buf *output, int *status);

#endif
