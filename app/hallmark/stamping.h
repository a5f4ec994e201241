/* Timestamps for what is signed: the parser asks and judges, the front carries questions and answers over HTTP and
 * reads neither. */
#ifndef HM_APP_STAMPING_H
#define HM_APP_STAMPING_H

#include "options.h"
#include "parser.h"

#include <pki/timestamp.h>

enum { HM_STAMP_AUTHORITIES_MAX = 8 };
typedef struct {
    size_t count;
    const char *authority[HM_STAMP_AUTHORITIES_MAX]; /* a URL, or "office" */
    hm_bytes office_roots;                           /* PEM: tokens under them are trusted */
    hm_bytes roots;                                  /* PEM, --tsa-trust: a token must lead there; empty: need not */
} hm_stamp_orders;

/* --timestamp as often as it was given, else $HALLMARK_TIMESTAMP, which is cut into TEXT; COUNT 0: none is wanted. */
HM_MUST_USE hm_err hm_stamp_wanted(const hm_options *options, hm_buf *text, hm_stamp_orders *orders);

/* The front's side: POST REQUEST to a URL. RESPONSE is at most HM_TIMESTAMP_RESPONSE_MAX long. */
HM_MUST_USE hm_err hm_stamp_fetch(const char *url, hm_bytes request, hm_buf *response);

/* The parser's side. OFFICE asks the office's own authority. */
typedef struct {
    hm_parser *parser;
    const hm_stamp_orders *orders;
    hm_err (*office)(void *context, hm_bytes request, hm_buf *response);
    void *context;
    size_t first;    /* the one that answered last is asked first */
    hm_trust *trust; /* parsed when first needed */
} hm_stamper;
void hm_stamper_clear(hm_stamper *stamper);

/* A token for signer INDEX of STRUCTURE, whose value has SIGNATURE_HASH, put into it: appended to STAMPED. Each
 * authority that fails is told of in JOB's name; if none is left that is a fault, HM_COULD_NOT. */
HM_MUST_USE hm_err hm_stamper_put(hm_stamper *stamper, const hm_job *job, hm_structure kind, hm_bytes structure,
                                  size_t index, hm_buf *stamped, hm_stamp *stamp);

#endif
