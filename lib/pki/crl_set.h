/* Judging by revocation lists. Private to lib/pki. */
#ifndef HM_PKI_CRL_SET_H
#define HM_PKI_CRL_SET_H

#include "x509.h"

#include <pki/crl.h>

typedef struct {
    const hm_crls *crls;
    int64_t now;   /* at which lists must be in force, whatever is judged by them */
    bool required; /* a CA without a list in the set is a refusal */
    bool stamped;  /* what was signed was certainly signed before the second AT was over: */
    int64_t at;
} hm_revocation_rules;
typedef struct {
    size_t judged;      /* of the path's certificates below the root, by a list in the set */
    bool revoked_since; /* one of them was revoked, and AT lies before that: */
    hm_crl_reason reason;
    int64_t since;
} hm_revocation;

/* Is no certificate of PATH (leaf first, root last) revoked? For each, the newest list in the set by its issuer's name
 * and key counts; it must be signed by the issuer, who may sign lists, and be in force at NOW. */
HM_MUST_USE hm_err hm_crls_judge(const hm_revocation_rules *rules, const STACK_OF(X509) * path, hm_revocation *found);

#endif
