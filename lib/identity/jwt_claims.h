/* The claims of a token whose signature was verified, judged (RFC 7519 section 4.1). Private. */
#ifndef HM_IDENTITY_JWT_CLAIMS_H
#define HM_IDENTITY_JWT_CLAIMS_H

#include "json.h"

#include <identity/jwt.h>

/* COVERED: what the signature covers. As hm_jwt_judge; WORKLOAD perhaps half filled on a fault. */
HM_MUST_USE hm_err hm_jwt_claims_judge(const json_t *claims, hm_bytes covered, const hm_issuer *issuer, int64_t now,
                                       hm_workload *workload);

#endif
