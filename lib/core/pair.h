/* Intent and outcome of a signature that is there already, found by it. */
#ifndef HM_CORE_PAIR_H
#define HM_CORE_PAIR_H

#include "office.h"

enum { HM_PAIRS_MAX = 16 };
typedef struct {
    uint64_t intent, outcome;
    char structure[2 * HM_SHA256_LEN + 1]; /* SHA-256 of what the office made, hex; "": the outcome does not say */
    hm_leaf leaf;                          /* of the intent */
    hm_buf *details;                       /* the same; the caller's */
} hm_pair;

/* SIGNATURE: SHA-256 of its octets; CONTENT: the digest that was signed. Where the same signature was made several
 * times, as deterministic ones are, the pair is the one of the session's release, if there is one. DETAILS is set. */
HM_MUST_USE hm_err hm_pair_find(hm_office *office, hm_bytes signature, hm_bytes content, hm_pair *pair);
/* It was made for the session's product and, if it names one, release. */
HM_MUST_USE hm_err hm_pair_check_release(const hm_office *office, const hm_pair *pair);

#endif
