/* How a request stands, shared by requests.c (what the log says of it) and request_session.c (what is said to it). */
#ifndef HM_CORE_REQUEST_STANDING_H
#define HM_CORE_REQUEST_STANDING_H

#include "office.h"

#include <pki/cose.h>

/* BODY is a request, and of this office. An approver may be one in several: what he signs here must not be another's.
 */
HM_MUST_USE hm_err hm_request_own(const hm_office *office, hm_bytes body, hm_request *request);
/* The request that ENTRY's details hold, appended to BODY. */
HM_MUST_USE hm_err hm_request_body(const hm_entry_row *entry, hm_buf *body);
/* Is this the signature of somebody (*WHO) who may decide about the request now? */
HM_MUST_USE hm_err hm_request_verify_decision(hm_office *office, const hm_request *request, hm_bytes body,
                                              hm_cose_object decision, hm_bytes signature, hm_principal *who);
/* What became of the request BODY, which STANDING->request is. */
HM_MUST_USE hm_err hm_request_judge(hm_office *office, hm_bytes body, hm_standing *standing);

#endif
