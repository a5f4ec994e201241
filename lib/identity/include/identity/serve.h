/* The identity process: it parses what strangers send as tokens, and says who a token is about. It holds no private
 * key and no database; all it can do if it is taken over is to lie about who somebody is, and only about workloads.
 *
 * What it remembers of used tokens ends with it. Whoever starts it anew within a token's lifetime must not let a token
 * id open a second session (the ids stand in the answers for that). */
#ifndef HM_IDENTITY_SERVE_H
#define HM_IDENTITY_SERVE_H

#include <identity/answer.h>
#include <identity/jwt.h>

/* What it takes from outside. CONTEXT is passed to both. */
typedef struct {
    void *context;
    /* Append what the https URL gives to BODY; not more than HM_JWKS_MAX + 1 bytes are looked at. Tokens wait
     * meanwhile, so it must have a time limit. NULL: https is not fetched. */
    hm_err (*fetch)(void *context, const char *url, hm_buf *body);
    /* *TIME: Unix seconds; *UPTIME: seconds of a clock that never runs back. NULL: the system's. */
    void (*clock)(void *context, int64_t *time, int64_t *uptime);
} hm_identity_outside;

typedef struct hm_identity hm_identity;

/* CONFIGURATION (identity/issuers.h) is copied; key sets are fetched when first needed. Files of keys are read each
 * time by their names: a process that is to be sandboxed first needs them within its reach. */
HM_MUST_USE hm_err hm_identity_new(hm_bytes configuration, const hm_identity_outside *outside, hm_identity **identity);
void hm_identity_free(hm_identity **identity);
#define HM_IDENTITY __attribute__((cleanup(hm_identity_free))) hm_identity

/* Whom TOKEN is about, now. A token that its issuer's `tokens once` has used up is refused from then on. JWT owns what
 * WORKLOAD views; both are nothing on a fault. */
HM_MUST_USE hm_err hm_identity_of(hm_identity *identity, hm_bytes token, hm_jwt **jwt, hm_workload *workload);

/* Answer questions (identity/answer.h) on the blocking SOCK_SEQPACKET socket FD until the other side is closed, then
 * HM_OK. A message without a tag is passed over; one without a token, or with too long a one, gets its refusal. */
HM_MUST_USE hm_err hm_identity_serve(int fd, const char *configuration, const hm_identity_outside *outside);

#endif
