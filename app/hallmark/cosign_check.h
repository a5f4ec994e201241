/* What a co-signer looks at before the office's name stands beside others': every signature that is there, and the
 * payloads. */
#ifndef HM_APP_COSIGN_CHECK_H
#define HM_APP_COSIGN_CHECK_H

#include "native_core.h"

#include <hallmark/verify.h>

typedef struct {
    const char *trust_name;
    hm_bytes trust; /* a trust list or bundle whose keys are asked first; empty: certificates alone */
    bool payloads;  /* all of them must be there, as signed */
} hm_cosign_terms;

/* JOB's content is ENVELOPE, whose manifest says RELEASE, and OWN is the key that is to sign. A refusal unless each
 * signature is by the key of the list, or of the certificate beside it, that it claims; somebody else than OWN has
 * signed; with a list, somebody whom it knows as the manifest's publisher has; and, if they count, the payloads are
 * those that were signed. WORDS receives a line about each signature. */
HM_MUST_USE hm_err hm_cosign_check(hm_parser *parser, const hm_job *job, const hm_cosign_terms *terms,
                                   const hm_cose_envelope *envelope, const hmv_release *release,
                                   const hm_native_key *own, hm_buf *words);

#endif
