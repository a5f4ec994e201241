/* Times in the lines that people read. */
#ifndef HM_POLICY_STATED_TIME_H
#define HM_POLICY_STATED_TIME_H

#include <base/bytes.h>

/* Append "2027-01-15 08:00 UTC". */
HM_MUST_USE hm_err hm_put_stated_time(int64_t seconds, hm_buf *line);

#endif
