/* Who a verified token is about. */
#ifndef HM_IDENTITY_WORKLOAD_H
#define HM_IDENTITY_WORKLOAD_H

#include <base/claim.h>
#include <crypto/digest.h>

enum { HM_TOKEN_CLAIMS_MAX = 64, HM_TOKEN_SUBJECT_MAX = HM_CLAIM_VALUE_MAX };

/* Views of whatever it was read from. */
typedef struct {
    hm_bytes issuer, subject;
    int64_t expiry; /* Unix seconds: no session that it opened lasts longer */
    /* One token has one, however it is spelled: SHA-256 of the issuer, a zero byte and `jti`; of a token without one,
     * of what its signature covers (and not of the signature: ECDSA has two for each). */
    uint8_t id[HM_SHA256_LEN];
    /* All that are JSON strings at the top level, `iss` and `sub` among them, by name in ascending order
     * (hm_bytes_compare), each name once. Left out, so that they match nothing: those that hm_claim_check refuses.
     * Numbers, booleans, lists and objects are never compared: their spelling is not the issuer's alone. */
    size_t claims;
    hm_claim claim[HM_TOKEN_CLAIMS_MAX];
} hm_workload;

#endif
