/* A token judged, with what only its requester can ask. Private to lib/pki. */
#ifndef HM_PKI_TIMESTAMP_TOKEN_H
#define HM_PKI_TIMESTAMP_TOKEN_H

#include "tst_info.h"

#include <pki/timestamp.h>

enum { HM_STAMP_SKEW = 300 /* seconds that clocks may differ */ };

/* What must have been stamped: a signature value, or its SHA-256 by that algorithm. */
typedef struct {
    hm_bytes signature;
    const uint8_t *sha256; /* NULL: SIGNATURE */
} hm_stamped;

typedef hm_err (*hm_token_check)(const hm_tst_info *info, const void *context);
/* As hm_timestamp_check, with what hm_signed_stamp takes from RULES; and MORE (NULL: nothing) must have no objection to
 * what it says. */
HM_MUST_USE hm_err hm_token_judge(hm_bytes token, const hm_stamped *stamped, const hm_verify_rules *rules,
                                  hm_token_check more, const void *context, hm_stamp *stamp);

#endif
