/* What a client is told when something is not done: a problem in JSON (RFC 9457) with a code that does not change. */
#ifndef HM_HALLMARKD_PROBLEM_H
#define HM_HALLMARKD_PROBLEM_H

#include <base/err.h>

#include <jansson.h>

typedef enum {
    HM_PROBLEM_MALFORMED,       /* 400: no JSON, or not what the resource asks for */
    HM_PROBLEM_NO_SESSION,      /* 401: there is no such session, or none any more */
    HM_PROBLEM_UNAUTHENTICATED, /* 401: nobody has said who speaks in it */
    HM_PROBLEM_REFUSED,         /* 403: role, policy, approval or the request itself says no */
    HM_PROBLEM_NOT_FOUND,       /* 404 */
    HM_PROBLEM_METHOD,          /* 405 */
    HM_PROBLEM_DENIED,          /* 409: an approver said no */
    HM_PROBLEM_TOO_LARGE,       /* 413 */
    HM_PROBLEM_RANGE,           /* 416: the part of a file that is asked for lies behind its end */
    HM_PROBLEM_KEY_USED,        /* 422: an Idempotency-Key that was used for another call */
    HM_PROBLEM_TOO_MANY,        /* 429, Retry-After */
    HM_PROBLEM_UNAVAILABLE      /* 503, Retry-After: token, disk or core cannot now */
} hm_problem;

int hm_problem_status(hm_problem problem);
const char *hm_problem_code(hm_problem problem);
hm_problem hm_problem_of(hm_class class);
/* The object; NULL without memory. */
json_t *hm_problem_json(hm_problem problem, const char *detail);

#endif
