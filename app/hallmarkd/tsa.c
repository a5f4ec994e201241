/* Timestamps for programs that cannot say who they are: POST /tsa (RFC 3161 section 3.4). They are asked of the core in
 * one session of the front's own, in which nobody speaks; the core counts them, and answers in order. */
#include "front.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

enum {
    REQUEST_MAX = 4096,
    WAITING_MAX = 64,
    ADDRESSES = 256,
    SHARE = 4,
    HEADERS_MAX = 4096,
    CLIENT_SECONDS = 10,
    MINUTE = 60
};

typedef struct hm_stamps {
    hm_core_session core;
    size_t waiting;
    bool greeted;
    hm_exchange *exchange[WAITING_MAX]; /* as they were asked */
    struct {
        hm_address address;
        time_t since;
        unsigned count;
    } of[ADDRESSES];
} hm_stamps;

/* ---- who asks how often ---- */

/* Of those who asked in the last minute; the one who began longest ago makes room. */
static bool asks_too_often(hm_front *front, const hm_address *address) {
    hm_stamps *s = front->stamps;
    time_t now = (time_t)hm_seconds_now();
    unsigned most = front->plan->config->strangers_stamps / SHARE;
    size_t at = 0;
    for (size_t i = 0; i < ADDRESSES; i++) {
        if (s->of[i].count && memcmp(&s->of[i].address, address, sizeof *address) == 0) {
            at = i;
            break;
        }
        if (s->of[i].since < s->of[at].since) at = i;
    }
    bool same = s->of[at].count && memcmp(&s->of[at].address, address, sizeof *address) == 0;
    if (!same || now - s->of[at].since >= MINUTE) {
        s->of[at].address = *address;
        s->of[at].since = now;
        s->of[at].count = 0;
    }
    return s->of[at].count++ >= (most ? most : 1);
}

/* ---- the core ---- */

static void forget(void *context, const char *why) {
    hm_front *front = context;
    hm_stamps *s = front->stamps;
    hm_core_close(&s->core);
    s->greeted = false;
    for (size_t i = 0; i < s->waiting; i++) {
        front->under_way--;
        hm_exchange_problem(s->exchange[i], HM_PROBLEM_UNAVAILABLE, why);
    }
    s->waiting = 0;
}

static void send_reply(hm_exchange *x, hm_bytes reply) {
    struct evbuffer *body = evbuffer_new();
    if (!body || evbuffer_add(body, reply.data, reply.len) != 0) {
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, "out of memory");
    } else {
        if (x->request) {
            struct evkeyvalq *headers = evhttp_request_get_output_headers(x->request);
            evhttp_add_header(headers, "Content-Type", "application/timestamp-reply");
            evhttp_add_header(headers, "Cache-Control", "no-store");
        }
        hm_exchange_send(x, 200, body);
    }
    if (body) evbuffer_free(body);
}

static void send_fault(hm_exchange *x, const hm_message *fault) {
    hm_err err = hm_wire_raise(fault);
    hm_exchange_problem(x, hm_problem_of(err.class), hm_err_sentence());
}

static bool take(void *context, const hm_message *message) {
    hm_front *front = context;
    hm_stamps *s = front->stamps;
    if (message->type == HM_MSG_WELCOME && !s->greeted) return s->greeted = true;
    if (!s->waiting || (message->type != HM_MSG_BYTES && message->type != HM_MSG_FAULT)) return false;
    hm_exchange *x = s->exchange[0];
    memmove(&s->exchange[0], &s->exchange[1], --s->waiting * sizeof s->exchange[0]);
    front->under_way--;
    if (message->type == HM_MSG_BYTES)
        send_reply(x, message->field[HM_BYTES_CONTENT].bytes);
    else
        send_fault(x, message);
    return true;
}

static hm_err begin(hm_front *front) {
    hm_stamps *s = front->stamps;
    s->core = (hm_core_session){.take = take, .end = forget, .context = front};
    HM_TRY(hm_core_open(&s->core, front->base, front->plan->core));
    return hm_core_ask(&s->core, &hm_core_hello);
}

/* ---- requests ---- */

static hm_err ask(hm_front *front, hm_bytes request) {
    hm_message question = {.type = HM_MSG_TIMESTAMP};
    question.field[HM_TIMESTAMP_REQUEST].bytes = request;
    if (!front->stamps->core.io) HM_TRY(begin(front));
    return hm_core_ask(&front->stamps->core, &question);
}

static bool is_query(struct evhttp_request *request) {
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(request), "Content-Type");
    return type && evutil_ascii_strcasecmp(type, "application/timestamp-query") == 0;
}

/* True: it can be asked. */
static bool is_welcome(hm_exchange *x, size_t len) {
    hm_front *front = x->front;
    hm_address address = hm_client_address(x->request);
    if (!front->plan->config->strangers_stamps)
        hm_exchange_problem(x, HM_PROBLEM_NOT_FOUND, "timestamps are for who is known here (POST /v1/timestamps)");
    else if (evhttp_request_get_command(x->request) != EVHTTP_REQ_POST)
        hm_exchange_method(x, "POST");
    else if (!is_query(x->request) || !len)
        hm_exchange_problem(x, HM_PROBLEM_MALFORMED,
                            "a timestamp request is sent (Content-Type: application/timestamp-query)");
    else if (len > REQUEST_MAX)
        hm_exchange_problem(x, HM_PROBLEM_TOO_LARGE, "a timestamp request has at most 4 KiB");
    else if (!front->stamps && !(front->stamps = calloc(1, sizeof *front->stamps)))
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, "out of memory");
    else if (front->ends || front->stamps->waiting == WAITING_MAX)
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, "the server has too much to do, or is ending");
    else if (asks_too_often(front, &address))
        hm_exchange_problem(x, HM_PROBLEM_TOO_MANY, "from this address there were too many in this minute");
    else
        return true;
    return false;
}

void hm_tsa_answer(hm_exchange *x) {
    struct evbuffer *in = evhttp_request_get_input_buffer(x->request);
    size_t len = evbuffer_get_length(in);
    if (!is_welcome(x, len)) return;
    const uint8_t *request = evbuffer_pullup(in, -1);
    hm_err err = request ? ask(x->front, HM_BYTES(request, len)) : hm_no_memory();
    if (hm_failed(err)) {
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, hm_err_sentence());
        forget(x->front, "the office's core does not answer");
        return;
    }
    x->front->stamps->exchange[x->front->stamps->waiting++] = x;
    x->front->under_way++;
}

/* ---- plain HTTP ---- */

hm_err hm_tsa_begin(hm_front *front, void (*take_request)(struct evhttp_request *request, void *front)) {
    if (front->plan->tsa < 0) return HM_OK;
    struct evhttp *http = front->tsa = evhttp_new(front->base);
    if (!http) return hm_no_memory();
    evhttp_set_gencb(http, take_request, front);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
    evhttp_set_max_headers_size(http, HEADERS_MAX);
    evhttp_set_max_body_size(http, REQUEST_MAX);
    evhttp_set_timeout(http, CLIENT_SECONDS);
    return evhttp_accept_socket(http, front->plan->tsa) == 0 ? HM_OK : hm_could_not("timestamps cannot be served");
}

void hm_tsa_leave(hm_front *front) {
    if (front->tsa) evhttp_free(front->tsa);
    front->tsa = NULL;
}

void hm_tsa_end(hm_front *front) {
    if (!front->stamps) return;
    forget(front, "the server is ending");
    free(front->stamps);
    front->stamps = NULL;
}
