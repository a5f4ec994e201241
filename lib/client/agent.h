/* A client's agent: a process that speaks the core's language on one side, and HTTPS to an office's server on the other
 * (client/remote.h). */
#ifndef HM_CLIENT_AGENT_H
#define HM_CLIENT_AGENT_H

#include "comparison.h"

#include <client/http.h>
#include <client/remote.h>
#include <core/wire.h>

#include <jansson.h>

enum { HM_AGENT_PATH_LEN = 1024 };

/* What a session was narrowed to, here: each call takes it along, since the server keeps none of it. */
typedef struct {
    const hm_remote *remote;
    int fd;
    hm_http *http;
    uint64_t connection; /* over which the last answer came */
    bool is_known;       /* the server knows who speaks */
    bool narrowed, begun, compares, for_list;
    bool publishes, was_named; /* a session that publishes; its files were named */
    hm_buf octets;             /* of them that wait to be sent */
    json_t *narrow;            /* members of narrow, or of narrow-list */
    uint64_t signatures_left, receipts_left, stamps_left, proofs_left;
    json_t *noted;       /* items of a request */
    char key_header[96]; /* of the call that is under way; "": none */
    hm_buf request;      /* that is compared with, hex */
    json_t *listed;      /* the requests, as the server listed them last */
    hm_comparison comparison;
    hm_fault difference; /* of what is published from the request */
} hm_agent;

/* agent_call.c. One call of PATH behind /v1, GET without BODY; *REPLY, of a success, is for the caller to decref. */
HM_MUST_USE hm_err hm_agent_call(hm_agent *a, const char *path, const json_t *body, json_t **reply);
/* *REPLY is the answer's object, of a success; the caller decrefs it. A refused call whose items say why is one. */
HM_MUST_USE hm_err hm_agent_take_reply(const hm_http_answer *answer, json_t **reply);
/* What BODY, a problem of ANSWER, says: never HM_OK. */
hm_err hm_agent_raise_problem(const hm_http_answer *answer, const json_t *body);
/* What the office does not take up, of those items that REPLY answers, is said with its name. */
HM_MUST_USE hm_err hm_agent_first_problem(const hm_agent *a, const json_t *reply);
/* BODY names the request that is compared with. */
void hm_agent_put_request(const hm_agent *a, json_t *body);
/* Said to who has the other end. TAG is that of what was to be signed, else 0. */
HM_MUST_USE hm_err hm_agent_say(hm_agent *a, hm_message_type type);
/* What a reply says as TYPE; it views STORAGE. */
HM_MUST_USE hm_err hm_agent_read_reply(json_t *object, hm_message_type type, hm_message *message, hm_buf *storage);
HM_MUST_USE hm_err hm_agent_say_json(hm_agent *a, json_t *object, hm_message_type type, uint64_t tag);
HM_MUST_USE hm_err hm_agent_say_fault(hm_agent *a, uint64_t tag, hm_err err);

/* agent_session.c. A session is opened; again, of a server that knows the first one no more. */
HM_MUST_USE hm_err hm_agent_hello(hm_agent *a);
HM_MUST_USE hm_err hm_agent_know_again(hm_agent *a);

/* agent_ask.c */
HM_MUST_USE hm_err hm_agent_ask(hm_agent *a, const hm_message *question);

/* agent_sign.c. The question that was received, and those that wait already. What is to be requested waits for the
 * others. *OTHER: QUESTION is then another one, not answered yet. */
HM_MUST_USE hm_err hm_agent_sign(hm_agent *a, hm_message *question, hm_buf *storage, bool *other, bool *closed);
HM_MUST_USE hm_err hm_agent_close_request(hm_agent *a);

/* agent_publish.c */
HM_MUST_USE hm_err hm_agent_publish_begin(hm_agent *a, const hm_message *question);
HM_MUST_USE hm_err hm_agent_publish_file(hm_agent *a, const hm_message *question);
HM_MUST_USE hm_err hm_agent_publish_close(hm_agent *a);
HM_MUST_USE hm_err hm_agent_publish_put(hm_agent *a, const hm_message *question);
HM_MUST_USE hm_err hm_agent_publish_commit(hm_agent *a, const hm_message *question);

#endif
