/* The process that judges workloads' tokens. It reads what strangers send, and fetches issuers' keys; it holds no key,
 * no database, and reads no file of the office. */
#ifndef HM_HALLMARKD_TOKENS_H
#define HM_HALLMARKD_TOKENS_H

#include "config.h"

/* Can the issuers' file be read, if there is to be one? */
HM_MUST_USE hm_err hm_tokens_check(const hm_config *config);
/* The process's whole life: answer on the SOCK_SEQPACKET socket FD until the other side closes. */
HM_MUST_USE hm_err hm_tokens_run(const hm_config *config, int fd);

#endif
