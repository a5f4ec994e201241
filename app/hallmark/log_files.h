/* The published log of an office, held against what its database says. */
#ifndef HM_APP_LOG_FILES_H
#define HM_APP_LOG_FILES_H

#include "options.h"

/* Is the log in the office's folder the one of SIZE entries with ROOT, or one that continues it? The files may have
 * been written by anybody: this process gives up all but reading them before it looks, for good. */
HM_MUST_USE hm_err hm_check_log_files(const hm_options *options, uint64_t size, const uint8_t root[static 32]);

#endif
