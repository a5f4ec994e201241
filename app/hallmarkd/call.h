/* A call: one request over HTTPS as the questions to the core that its route says, and what is answered. */
#ifndef HM_HALLMARKD_CALL_H
#define HM_HALLMARKD_CALL_H

#include "front.h"

#include <client/routes.h>

/* What is asked before the question itself, that, and what is asked last. */
typedef enum { HM_PRELUDE, HM_MAIN, HM_LAST, HM_STAGES } hm_stage;
typedef struct hm_call {
    struct hm_call *next;
    hm_exchange *x;
    const hm_route *route; /* NULL: the session is opened, or who speaks is proved */
    hm_message_type wanted;
    hm_buf frames[HM_STAGES];
    size_t asked[HM_STAGES], answered;
    hm_stage stage;
    bool compares;     /* with a request that is there */
    size_t repeatable; /* as which of the first stage's questions the key is told; 0: there is none */
    json_t *items;     /* of the answer */
    json_t *wanted_files;
    json_t *answer;
    hm_problem problem;
    bool failed, together;
    hm_stage failed_at;
    char why[HM_SENTENCE_MAX];
} hm_call;

/* NULL without memory. ROUTE NULL: a session is opened, or who speaks in it is proved; WANTED is then the answer. */
hm_call *hm_call_new(hm_exchange *x, const hm_route *route, hm_message_type wanted);
void hm_call_free(hm_call *c);
HM_MUST_USE hm_err hm_call_ask(hm_call *c, hm_stage in, const hm_message *question);
/* Ask what the route says, from the members of BODY, all of which must be its. NARROWED: the session must be widened.
 */
HM_MUST_USE hm_err hm_call_build(hm_call *c, json_t *body, bool narrowed);
/* Of a route of octets: OCTETS, whole. */
HM_MUST_USE hm_err hm_call_build_octets(hm_call *c, hm_bytes octets);
/* Prove who speaks: HOW is "key" or "token". */
HM_MUST_USE hm_err hm_call_build_proof(hm_call *c, json_t *body, const char *how);

/* The first fault counts. */
void hm_call_fail(hm_call *c, hm_problem problem, const char *why);
/* May it answer what was asked in the stage that is under way? */
bool hm_call_expects(const hm_call *c, hm_message_type type);
/* Take an answer of the stage that is under way. True: it was the stage's last one. */
bool hm_call_take(hm_call *c, const hm_message *message);
/* Go on to the next stage that asks anything; false if there is none. *SENT: its questions went out before. */
bool hm_call_next_stage(hm_call *c, bool *sent);

#endif
