/* Is a release published already, with just these files? Then whoever publishes it again, a pipeline that was started
 * once more, is told so, and nothing is asked for or logged anew. */
#ifndef HM_APP_PUBLISH_ALREADY_H
#define HM_APP_PUBLISH_ALREADY_H

#include "options.h"

#include <client/office.h>

/* The operands are parsed as they are to be published, and held against what the office lists of --product and
 * --release. *ALREADY: every file that would be published is there, with this content; *ENTRY, the log's, by which the
 * last of them came. What cannot be published is not there, and no fault. */
HM_MUST_USE hm_err hm_is_published(const hm_options *files, hm_connection *office, bool *already, uint64_t *entry);

#endif
