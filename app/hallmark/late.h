/* The checkpoint that follows within a second.
 *
 * Many runs in a row would each sign a checkpoint and write the right edge's tiles again. A run that comes within a
 * second of the last checkpoint leaves that to one process that stays behind, sleeps, and publishes for all; runs that
 * find it there leave nothing. */
#ifndef HM_APP_LATE_H
#define HM_APP_LATE_H

#include "options.h"

/* Best effort: if nobody publishes, the next command that reads or writes the log does. */
void hm_publish_later(const hm_options *options);

#endif
