/* The processes of a server: core, fronts, and the one that judges tokens. */
#ifndef HM_HALLMARKD_SUPERVISE_H
#define HM_HALLMARKD_SUPERVISE_H

#include "config.h"

/* Serve until a signal says to end (SIGTERM, SIGINT). SIGHUP: the front begins anew, with what its files hold then, and
 * the one before finishes what it has under way. A process that ends unasked is started again; with the core, all. */
HM_MUST_USE hm_err hm_supervise(hm_config *config);
/* Could it begin? Certificate and key, issuers and the office's folder are looked at; nothing is opened for use. */
HM_MUST_USE hm_err hm_supervise_check(const hm_config *config);

#endif
