/* What needs a person, because time passes: for `hallmark status`. */
#ifndef HM_APP_EXPIRING_H
#define HM_APP_EXPIRING_H

#include "options.h"

#include <client/office.h>

/* Tell of certificates and revocation lists that have ended or soon will (--within), and of signing keys whose
 * certificate is past half of its time and that were never followed by another; of keys that have served as long or as
 * often as they may; of those that are suspended, and products of which no key signs. *ANY: there was something. */
HM_MUST_USE hm_err hm_expiring_tell(const hm_options *options, hm_connection *office, bool *any);

#endif
