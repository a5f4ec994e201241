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

/* What a session asks for, or compares. */
typedef struct {
    char name[HM_REQUEST_NAME_MAX + 1];
    uint8_t plain[HM_SHA256_LEN], content[HM_DIGEST_MAX];
} hm_artifact_storage;
struct hm_noting {
    hm_request request;
    hm_artifact_storage stored[HM_REQUEST_ARTIFACTS];
    uint8_t manifest[HM_REQUEST_MANIFEST_MAX]; /* of a native release */
    char by[HM_PRINCIPAL_NAME_MAX + 1];        /* of what is published */
    hm_buf compared;                           /* the request that files are compared with, which REQUEST views */
    bool matched[HM_REQUEST_ARTIFACTS];
    uint32_t expires; /* seconds */
    char rule[HM_RULE_NAME];
    bool any_needs;
    struct hm_publishing *publishing; /* publish.c; NULL: it is for signing */
};
/* One artifact more in what is noted. */
HM_MUST_USE hm_err hm_request_keep(hm_noting *noted, const hm_artifact *artifact);
/* What is noted, as the session's request of now; the open one that is the same, or a new entry. */
HM_MUST_USE hm_err hm_request_fill(hm_office *office, hm_noting *noting);
HM_MUST_USE hm_err hm_request_make(hm_office *office, hm_noting *noting, uint64_t *index,
                                   uint8_t hash[static HM_SHA256_LEN]);
/* Do both ask for the same, of the same, by the same? */
bool hm_request_same(const hm_request *a, const hm_request *b);

/* publish.c */
void hm_publish_end(hm_noting *noting);

#endif
