/* Requests, as the office tells of them, and as people and machines are told. */
#ifndef HM_APP_REQUEST_LIST_H
#define HM_APP_REQUEST_LIST_H

#include <client/office.h>
#include <hallmark/verify.h>
#include <policy/registry.h>
#include <policy/request.h>

/* One request. About 25 KiB, and views; one process looks at one at a time. */
typedef struct {
    unsigned long long index;
    hm_buf body;
    hm_request request;
    hmv_release release; /* of a native one: what its manifest says; otherwise no components */
    char state[24], closer[HM_PRINCIPAL_NAME_MAX + 1], awaits[HM_SENTENCE_MAX];
    char approvers[4097];            /* whose approvals count, separated by spaces */
    char revoked[4097], ended[4097]; /* whose did: principals no more; with another key, or without the role */
    uint64_t signatures;
} hm_shown_request;
extern hm_shown_request hm_shown;
bool hm_shown_is_open(void);

/* Each becomes HM_SHOWN in turn. */
HM_MUST_USE hm_err hm_each_request(hm_connection *office, hm_err (*visit)(void *context), void *context);
/* HM_SHOWN becomes request NUMBER. */
HM_MUST_USE hm_err hm_fetch_request(hm_connection *office, unsigned long long number);
HM_MUST_USE hm_err hm_no_request(unsigned long long number);

/* To standard output: how it stands; what it asks for; both as JSON. */
HM_MUST_USE hm_err hm_print_request(void);
HM_MUST_USE hm_err hm_print_requested(void);
HM_MUST_USE hm_err hm_print_request_json(void);

/* TEXT, cut if it does not fit. */
void hm_text_copy(char *to, size_t size, hm_bytes text);

#endif
