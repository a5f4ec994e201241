/* An approver's comparison, in his own process: a server, which may have been taken over, is not asked whether his
 * files are what the request asks for. The request is the one whose SHA-256 he will sign. */
#ifndef HM_CLIENT_COMPARISON_H
#define HM_CLIENT_COMPARISON_H

#include <core/wire.h>
#include <policy/request.h>

#include <jansson.h>

typedef struct {
    bool begun;
    hm_buf body;
    hm_request request; /* views BODY */
    bool matched[HM_REQUEST_ARTIFACTS];
} hm_comparison;

/* With the request whose body has HASH: one of those that the server listed before. */
HM_MUST_USE hm_err hm_comparison_begin(hm_comparison *c, const json_t *listed, hm_bytes hash);
/* A file, as its parser asks for it: QUESTION is sign, or publish-file. */
HM_MUST_USE hm_err hm_comparison_sign(hm_comparison *c, const hm_message *question);
HM_MUST_USE hm_err hm_comparison_publish(hm_comparison *c, const hm_message *question);
/* What is said of a file that is none of the request's. */
hm_err hm_comparison_differs(void);
/* Nothing is left that was not looked at. */
HM_MUST_USE hm_err hm_comparison_end(const hm_comparison *c);

#endif
