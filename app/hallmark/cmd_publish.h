/* publish, as approve needs it. */
#ifndef HM_APP_CMD_PUBLISH_H
#define HM_APP_CMD_PUBLISH_H

#include "options.h"

#include <client/office.h>

/* Are the operands all of the files that the request with this hash would publish, of --product and --release? */
HM_MUST_USE hm_err hm_compare_publication(const hm_options *options, hm_connection *office, hm_bytes request);

#endif
