/* What an outside issuer says of a workload (a CI job): claims, and the issuer's URL. Both are compared byte for byte,
 * never interpreted, so there is nothing that two readers could understand differently. */
#ifndef HM_BASE_CLAIM_H
#define HM_BASE_CLAIM_H

#include <base/bytes.h>

enum { HM_ISSUER_MAX = 256, HM_CLAIM_NAME_MAX = 64, HM_CLAIM_VALUE_MAX = 512 };

/* Views. A claim whose value is a JSON string; what is none of a token has no claim here. */
typedef struct {
    hm_bytes name, value;
} hm_claim;

/* Is URL one that an issuer may have: https, a host of ASCII letters, digits, '.' and '-', perhaps a port and a path,
 * at most HM_ISSUER_MAX bytes; no user, query or fragment (OpenID Connect Discovery 1.0 section 3), and no character
 * outside printable ASCII? */
HM_MUST_USE hm_err hm_issuer_check(hm_bytes url);
/* The same for an https URL of at most MOST bytes that may have a query. WHAT stands in the fault. */
HM_MUST_USE hm_err hm_https_url_check(hm_bytes url, size_t most, const char *what);
/* A name of 1 to HM_CLAIM_NAME_MAX printable ASCII characters, but no space, ',', '=', quote or backslash, and a value
 * of at most HM_CLAIM_VALUE_MAX bytes that is readable (base/readable.h): what officers sign is what they see. */
HM_MUST_USE hm_err hm_claim_check(const hm_claim *claim);
/* Append NAME="VALUE", a quote in the value as \": for people, and unlike any other claim's. */
HM_MUST_USE hm_err hm_put_claim(hm_buf *text, const hm_claim *claim);

#endif
