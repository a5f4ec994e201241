/* Does a rule fit a request at all? */
#ifndef HM_POLICY_MATCH_H
#define HM_POLICY_MATCH_H

#include <policy/policy.h>

/* '*' in PATTERN is any run of characters, none included; the rest is itself. In time of at most their lengths'
 * product. */
bool hm_policy_glob(hm_bytes pattern, hm_bytes text);

typedef enum {
    HM_POLICY_FITS = 0,
    HM_POLICY_OTHER_REQUESTER,
    HM_POLICY_OTHER_RELEASE,
    HM_POLICY_OTHER_FORMAT,
    HM_POLICY_OTHER_ALGORITHM
} hm_policy_fit;
/* The first thing in which RULE does not fit. */
hm_policy_fit hm_policy_match(const hm_policy *policy, const hm_policy_rule *rule, const hm_policy_request *request);
/* Append why, as a clause: "release 2.0.0 is none of *-dev". */
HM_MUST_USE hm_err hm_policy_put_fit(const hm_policy *policy, const hm_policy_rule *rule,
                                     const hm_policy_request *request, hm_policy_fit fit, hm_buf *text);
/* Append "release 2.0.0" or "no release". */
HM_MUST_USE hm_err hm_policy_put_release(hm_bytes release, hm_buf *text);

#endif
