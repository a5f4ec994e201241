/* One request and what is answered to it: the answer itself, and its line in the log of requests. */
#include "front.h"

#include <base/json.h>
#include <base/readable.h>
#include <client/wire_json.h>

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECORD_MAX = 16 * 1024 /* RFC 8446, section 5.1 */, SECRET_LEN = 32 };

double hm_seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the log of requests ---- */

static const char *method_of(const hm_exchange *x) {
    static const struct {
        enum evhttp_cmd_type type;
        const char *name;
    } methods[] = {{EVHTTP_REQ_GET, "GET"},         {EVHTTP_REQ_POST, "POST"},     {EVHTTP_REQ_HEAD, "HEAD"},
                   {EVHTTP_REQ_PUT, "PUT"},         {EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_PATCH, "PATCH"},
                   {EVHTTP_REQ_OPTIONS, "OPTIONS"}, {EVHTTP_REQ_TRACE, "TRACE"},   {EVHTTP_REQ_CONNECT, "CONNECT"}};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (methods[i].type == evhttp_request_get_command(x->request)) return methods[i].name;
    return "other";
}

/* One line in JSON for each request; no bodies, no headers, no queries: sessions and tokens are in none of it. */
static void log_request(const hm_exchange *x, int status) {
    const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(x->request));
    json_t *line =
        json_pack("{s:I, s:s, s:s, s:i, s:f, s:s*, s:s*, s:s*}", "time", (json_int_t)time(NULL), "method", method_of(x),
                  "path", path ? path : "", "status", status, "ms", (hm_seconds_now() - x->began) * 1000, "principal",
                  x->principal[0] ? x->principal : NULL, "code", x->code, "reason", x->why[0] ? x->why : NULL);
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(4)) : NULL;
    /* Written once a second, or when there is much. */
    if (text) (void)!fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(line);
}

/* What is as long as a secret might be one, or a part of a token: it is not kept. */
static void hide_secrets(hm_buf *text) {
    static const char of_secrets[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=_-.";
    for (size_t i = 0, run = 0; i <= text->len; i++) {
        bool is = i < text->len && text->data[i] && strchr(of_secrets, text->data[i]);
        if (!is && run >= SECRET_LEN) memset(text->data + i - run, '*', run);
        run = is ? run + 1 : 0;
    }
}

/* Of refusals the reason is kept, so that who runs the server can tell who was refused. It is what a client was told,
 * and may name what the client said. */
static void keep_reason(hm_exchange *x, hm_problem problem, const char *detail) {
    HM_BUF text = HM_BUF_EMPTY;
    x->code = hm_problem_code(problem);
    if (!detail ||
        (problem != HM_PROBLEM_NO_SESSION && problem != HM_PROBLEM_UNAUTHENTICATED && problem != HM_PROBLEM_REFUSED))
        return;
    if (hm_failed(hm_put_readable(&text, hm_text(detail)))) return;
    hide_secrets(&text);
    size_t len = text.len < HM_WHY_MAX ? text.len : HM_WHY_MAX;
    /* No character is cut in two. */
    while (len < text.len && len && (text.data[len] & 0xc0) == 0x80) len--;
    memcpy(x->why, text.data, len);
}

static void count(hm_front *front, int status) {
    front->requests++;
    if (status >= 100 && status < 600) front->by_status[status / 100]++;
}

/* ---- the answer ---- */

/* Head and body in one record and one packet: what is short, and lies there to be written. */
static void send_as_one(struct evhttp_connection *connection) {
    struct evbuffer *out = bufferevent_get_output(evhttp_connection_get_bufferevent(connection));
    size_t len = evbuffer_get_length(out);
    if (len <= RECORD_MAX) (void)evbuffer_pullup(out, -1);
}

/* HEAD is answered as GET, without the body (RFC 9110, section 9.3.2). */
static void leave_body_out(const hm_exchange *x, struct evbuffer *body) {
    char length[24];
    if (evhttp_request_get_command(x->request) != EVHTTP_REQ_HEAD || !body) return;
    snprintf(length, sizeof length, "%zu", evbuffer_get_length(body));
    evhttp_add_header(evhttp_request_get_output_headers(x->request), "Content-Length", length);
    evbuffer_drain(body, evbuffer_get_length(body));
}

void hm_exchange_send(hm_exchange *x, int status, struct evbuffer *body) {
    count(x->front, status);
    if (x->request) {
        struct evhttp_connection *connection = evhttp_request_get_connection(x->request);
        log_request(x, status);
        leave_body_out(x, body);
        /* From here on the exchange is nobody's. */
        evhttp_connection_set_closecb(connection, NULL, NULL);
        evhttp_send_reply(x->request, status, status < 400 ? "OK" : "Problem", body);
        send_as_one(connection);
    }
    free(x);
}

static void free_text(const void *text, size_t len, void *context) {
    (void)len, (void)context;
    free((void *)(uintptr_t)text);
}

/* OUT holds the text from then on. */
static bool put_json(const json_t *body, struct evbuffer *out) {
    hm_buf text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_wire_json_put(body, NULL, &json);
    bool good =
        !hm_failed(hm_json_end(&json)) && evbuffer_add_reference(out, text.data, text.len, free_text, NULL) == 0;
    if (!good) hm_buf_clear(&text);
    return good;
}

void hm_exchange_reply(hm_exchange *x, int status, json_t *body) {
    struct evbuffer *out = evbuffer_new();
    struct evkeyvalq *headers = x->request ? evhttp_request_get_output_headers(x->request) : NULL;
    if (headers) {
        evhttp_add_header(headers, "Content-Type", status < 400 ? "application/json" : "application/problem+json");
        evhttp_add_header(headers, "Cache-Control", "no-store");
    }
    if (headers && (status == 429 || status == 503)) evhttp_add_header(headers, "Retry-After", "1");
    if (headers && status == 401) evhttp_add_header(headers, "WWW-Authenticate", "Bearer");
    bool whole = out && body && put_json(body, out);
    hm_exchange_send(x, whole ? status : 503, out);
    if (out) evbuffer_free(out);
    json_decref(body);
}

void hm_exchange_problem_of(hm_exchange *x, hm_problem problem, const char *detail, json_t *items) {
    json_t *body = hm_problem_json(problem, detail);
    x->front->problems++;
    keep_reason(x, problem, detail);
    if (items) json_object_set(body, "items", items);
    hm_exchange_reply(x, hm_problem_status(problem), body);
}

void hm_exchange_problem(hm_exchange *x, hm_problem problem, const char *detail) {
    hm_exchange_problem_of(x, problem, detail, NULL);
}

void hm_exchange_method(hm_exchange *x, const char *allowed) {
    char detail[64];
    evhttp_add_header(evhttp_request_get_output_headers(x->request), "Allow", allowed);
    snprintf(detail, sizeof detail, "what is asked here is asked by %s", allowed);
    hm_exchange_problem(x, HM_PROBLEM_METHOD, detail);
}
