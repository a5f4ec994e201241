/* How often something was used, for quotas: intents in the log, inside the transaction that records the next. */
#ifndef HM_CORE_USAGE_H
#define HM_CORE_USAGE_H

#include "office.h"

/* In the SECONDS before TIME: of the session's product, RULE by the session's principal; or a key of PRODUCT, whatever
 * the rule. A refusal if the log cannot say it, because entries or their details are missing. */
HM_MUST_USE hm_err hm_usage_of_rule(hm_office *office, hm_bytes rule, int64_t time, uint32_t seconds, uint64_t *uses);
HM_MUST_USE hm_err hm_usage_of_key(hm_office *office, const hm_product *product,
                                   const uint8_t token_id[static HM_KEY_ID_LEN], int64_t time, uint32_t seconds,
                                   uint64_t *uses);

#endif
