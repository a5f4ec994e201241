/* --wait: a request's approvals are waited for, for as long as people take. */
#ifndef HM_APP_WAITING_H
#define HM_APP_WAITING_H

#include "options.h"

/* Before anything is requested: can this caller come back? A token that opens one session only is told now. */
HM_MUST_USE hm_err hm_wait_foresee(const hm_options *options);
/* Come back when nothing is missing of the request any more. A server that is away is asked again until it is back,
 * which is said once. HM_DENIED: the request was rejected or cancelled, or has expired. An interrupt says how to go on,
 * and ends the process. */
HM_MUST_USE hm_err hm_wait_for_request(const hm_options *options, unsigned long long number);

#endif
