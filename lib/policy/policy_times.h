/* The lines that count time: window, quota, expires of a rule; cryptoperiod and rotate of keys. */
#ifndef HM_POLICY_TIMES_H
#define HM_POLICY_TIMES_H

#include <policy/policy.h>

enum { HM_POLICY_DAY = 86400, HM_POLICY_DAY_MINUTES = 1440 };

/* Add what REST, the line behind its first word, says to RULE. */
HM_MUST_USE hm_err hm_policy_read_window(hm_bytes rest, hm_policy_rule *rule);
HM_MUST_USE hm_err hm_policy_read_quota(hm_bytes rest, hm_policy_rule *rule);
HM_MUST_USE hm_err hm_policy_read_expires(hm_bytes rest, hm_policy_rule *rule);

/* The same for "cryptoperiod" and "rotate". */
HM_MUST_USE hm_err hm_policy_read_period(hm_bytes rest, hm_key_terms *terms);
HM_MUST_USE hm_err hm_policy_read_rotate(hm_bytes rest, hm_key_terms *terms);
HM_MUST_USE hm_err hm_policy_read_certificates(hm_bytes rest, hm_key_terms *terms);

/* Days since Monday of the weekday of TIME, which is not negative. */
unsigned hm_policy_weekday(int64_t time);
const char *hm_policy_weekday_name(unsigned weekday); /* "mon" ... */
/* Minutes since midnight. */
unsigned hm_policy_minute(int64_t time);
/* Does TIME lie in WINDOW? */
bool hm_policy_window_open(const hm_policy_window *window, int64_t time);

#endif
