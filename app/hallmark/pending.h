/* A core that cleans up behind its front. */
#ifndef HM_APP_PENDING_H
#define HM_APP_PENDING_H

#include "options.h"

#include <client/office.h>

/* Connect; if this process is killed between giving a file its temporary name and its final one, the core removes it.
 * *PAGE is where that name stands meanwhile (base/file.h). */
HM_MUST_USE hm_err hm_connect_with_pending(const hm_options *options, hm_connection *office, char **page);

#endif
