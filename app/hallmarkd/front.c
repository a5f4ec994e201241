#include "front.h"

#include <base/io.h>
#include <base/sandbox.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    HEADERS_MAX = 16 * 1024,
    BODY_MAX = 8 * 1024 * 1024,
    BODY_READ = 2 * BODY_MAX, /* what is larger than the one is answered by us, than the other by libevent */
    CLIENT_SECONDS = 30,
    UNDER_WAY_MAX = 2000,
    VALUES_MAX = 50000,
    LOG_BLOCK = 32 * 1024,
    ANY_METHOD = 0xffff /* and what libevent does not know */
};

/* Of which names of headers are made (RFC 9110, section 5.6.2). */
static const char token_octets[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* ---- one request ---- */

/* Who asked is gone; the core is asked all the same, and what it says is on record there. */
static void on_close(struct evhttp_connection *connection, void *context) {
    (void)connection;
    ((hm_exchange *)context)->request = NULL;
}

static hm_exchange *exchange_new(hm_front *front, struct evhttp_request *request) {
    hm_exchange *x = calloc(1, sizeof *x);
    if (!x) return NULL;
    x->front = front;
    x->request = request;
    x->began = hm_seconds_now();
    hm_client_asks(request);
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_close, x);
    return x;
}

/* ---- what came in ---- */

static json_t *query_json(const struct evhttp_uri *uri) {
    json_t *object = json_object();
    struct evkeyvalq query;
    const char *text = evhttp_uri_get_query(uri);
    if (!text || evhttp_parse_query_str(text, &query) != 0) return object;
    for (struct evkeyval *pair = query.tqh_first; pair; pair = pair->next.tqe_next)
        json_object_set_new(object, pair->key, json_string(pair->value));
    evhttp_clear_headers(&query);
    return object;
}

/* Each value takes many times the room that its text does. */
static bool has_few_values(const char *text, size_t len) {
    size_t values = 0;
    for (size_t i = 0; i < len; i++) values += text[i] == ',' || text[i] == '{' || text[i] == '[';
    return values <= VALUES_MAX;
}

static json_t *body_json(struct evhttp_request *request) {
    struct evbuffer *in = evhttp_request_get_input_buffer(request);
    size_t len = evbuffer_get_length(in);
    if (!len) return json_object();
    const char *text = (const char *)evbuffer_pullup(in, -1);
    json_t *body = text && has_few_values(text, len) ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!json_is_object(body)) return json_decref(body), NULL;
    return body;
}

static void answer_api(hm_exchange *x, const struct evhttp_uri *uri, const char *path) {
    bool get = evhttp_request_get_command(x->request) == EVHTTP_REQ_GET,
         post = evhttp_request_get_command(x->request) == EVHTTP_REQ_POST;
    if (!get && !post && !hm_session_has(x, path)) return;
    if (!hm_session_takes(x, evbuffer_get_length(evhttp_request_get_input_buffer(x->request)))) return;
    bool octets = !get && hm_session_takes_octets(path);
    json_t *body = get ? query_json(uri) : octets ? json_object() : body_json(x->request);
    if (x->front->under_way >= UNDER_WAY_MAX || x->front->ends)
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, "the server has too much to do, or is ending");
    else if (!body)
        hm_exchange_problem(x, HM_PROBLEM_MALFORMED,
                            "the body is no JSON object (RFC 8259), each member once, of at most 50,000 values");
    else if (post && strcmp(path, "/sessions") == 0)
        hm_session_create(x);
    else
        hm_session_call(x, path, json_incref(body));
    json_decref(body);
}

static const char *behind(const char *path, const char *prefix) {
    size_t len = strlen(prefix);
    return strncmp(path, prefix, len) == 0 ? path + len : NULL;
}

/* What a proxy before us may have read otherwise (RFC 9112, section 11.2): two requests for one, or one for two. */
static bool is_ambiguous(const struct evkeyvalq *headers) {
    size_t lengths = 0;
    for (const struct evkeyval *header = headers->tqh_first; header; header = header->next.tqe_next) {
        bool length = evutil_ascii_strcasecmp(header->key, "Content-Length") == 0;
        lengths += length;
        if (!header->key[0] || header->key[strspn(header->key, token_octets)]) return true;
        if (length && (!header->value[0] || header->value[strspn(header->value, "0123456789")])) return true;
        if (evutil_ascii_strcasecmp(header->key, "Transfer-Encoding") == 0) return true; /* lengths are known here */
    }
    return lengths > 1;
}

/* What is only read, whoever asks. */
static void answer_file(hm_exchange *x, int folder, const char *name) {
    enum evhttp_cmd_type method = evhttp_request_get_command(x->request);
    if (method == EVHTTP_REQ_GET || method == EVHTTP_REQ_HEAD)
        hm_files_send(x, folder, name);
    else
        hm_exchange_method(x, "GET, HEAD");
}

static void answer(hm_exchange *x, const struct evhttp_uri *uri) {
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL, *rest;
    if (evbuffer_get_length(evhttp_request_get_input_buffer(x->request)) > BODY_MAX)
        hm_exchange_problem(x, HM_PROBLEM_TOO_LARGE, "a body has at most 8 MiB");
    else if (path && (rest = behind(path, "/log/")))
        answer_file(x, x->front->plan->log, rest);
    else if (path && (rest = behind(path, "/v1/download/")))
        answer_file(x, x->front->plan->published, rest);
    else if (path && (rest = behind(path, "/crl/")))
        answer_file(x, x->front->plan->lists, rest);
    else if (path && (rest = behind(path, "/v1")) && rest[0] == '/')
        answer_api(x, uri, rest);
    else if (path && strcmp(path, "/tsa") == 0)
        hm_tsa_answer(x);
    else
        hm_exchange_problem(x, HM_PROBLEM_NOT_FOUND, "everything is under /v1, /log and /crl");
}

/* In plain HTTP there are timestamps, which are signed themselves, and nothing else. */
static void answer_plain(hm_exchange *x, const struct evhttp_uri *uri) {
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    if (path && strcmp(path, "/tsa") == 0)
        hm_tsa_answer(x);
    else
        hm_exchange_problem(x, HM_PROBLEM_NOT_FOUND, "everything else is under https");
}

/* A body is read of POST alone (and of PUT and PATCH, which nothing here has): where another method has one, it would
 * be taken for the next request. */
static bool may_leave_a_body(struct evhttp_request *request) {
    const char *length = evhttp_find_header(evhttp_request_get_input_headers(request), "Content-Length");
    return evhttp_request_get_command(request) != EVHTTP_REQ_POST && length && strcmp(length, "0") != 0;
}

static void take(struct evhttp_request *request, hm_front *front,
                 void (*answer_it)(hm_exchange *x, const struct evhttp_uri *uri)) {
    hm_exchange *x = exchange_new(front, request);
    if (!x) {
        evhttp_send_error(request, 503, NULL);
        return;
    }
    bool ambiguous = is_ambiguous(evhttp_request_get_input_headers(request));
    if (ambiguous || may_leave_a_body(request))
        evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
    if (ambiguous)
        hm_exchange_problem(x, HM_PROBLEM_MALFORMED,
                            "a request has one Content-Length and no Transfer-Encoding, and plain names of headers");
    else
        answer_it(x, evhttp_request_get_evhttp_uri(request));
}

static void on_request(struct evhttp_request *request, void *front) { take(request, front, answer); }
static void on_plain_request(struct evhttp_request *request, void *front) { take(request, front, answer_plain); }

/* ---- metrics and health, on a listener of their own ---- */

static void on_metrics(struct evhttp_request *request, void *context) {
    const hm_front *front = context;
    struct evbuffer *out = evbuffer_new();
    if (!out) return;
    evbuffer_add_printf(out,
                        "# TYPE hallmark_requests_total counter\nhallmark_requests_total %llu\n"
                        "# TYPE hallmark_problems_total counter\nhallmark_problems_total %llu\n"
                        "# TYPE hallmark_signatures_total counter\nhallmark_signatures_total %llu\n"
                        "# TYPE hallmark_connections gauge\nhallmark_connections %zu\n"
                        "# TYPE hallmark_sessions gauge\nhallmark_sessions %zu\n"
                        "# TYPE hallmark_requests_under_way gauge\nhallmark_requests_under_way %zu\n"
                        "# TYPE hallmark_responses_total counter\n",
                        (unsigned long long)front->requests, (unsigned long long)front->problems,
                        (unsigned long long)front->signatures, front->clients, front->sessions, front->under_way);
    for (int i = 2; i < 6; i++)
        evbuffer_add_printf(out, "hallmark_responses_total{status=\"%dxx\"} %llu\n", i,
                            (unsigned long long)front->by_status[i]);
    if (front->alarms_known)
        evbuffer_add_printf(out, "# TYPE hallmark_break_glass gauge\nhallmark_break_glass %llu\n",
                            (unsigned long long)front->break_glass);
    hm_expiries_put(front->expiries, out);
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "text/plain; version=0.0.4");
    evhttp_send_reply(request, 200, "OK", out);
    evbuffer_free(out);
}

/* A front whose core is gone is ended by its supervisor, so that an answer is a good one. */
static void on_health(struct evhttp_request *request, void *context) {
    const hm_front *front = context;
    struct evbuffer *out = evbuffer_new();
    if (out) evbuffer_add_printf(out, "%s\n", front->ends ? "ending" : "ok");
    evhttp_send_reply(request, front->ends ? 503 : 200, "OK", out);
    if (out) evbuffer_free(out);
}

/* ---- TLS ---- */

static hm_err tls_fault(const char *file, const char *what) {
    unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (access(file, R_OK) != 0) return hm_could_not("%s: %s", file, strerror(errno));
    const char *reason = ERR_reason_error_string(code);
    return hm_could_not("%s: %s (%s)", file, what, reason ? reason : "OpenSSL does not say why");
}

static hm_err make_tls(const hm_config *config, SSL_CTX **tls) {
    SSL_CTX *fresh = SSL_CTX_new(TLS_server_method());
    *tls = fresh;
    if (!fresh || SSL_CTX_set_min_proto_version(fresh, TLS1_3_VERSION) != 1) return hm_no_memory();
    SSL_CTX_set_num_tickets(fresh, 0);
    SSL_CTX_set_mode(fresh, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(fresh, config->certificate) != 1)
        return tls_fault(config->certificate, "is no certificate in PEM");
    if (SSL_CTX_use_PrivateKey_file(fresh, config->key, SSL_FILETYPE_PEM) != 1)
        return tls_fault(config->key, "is no private key in PEM, or not the certificate's");
    if (!config->clients[0]) return HM_OK;
    if (SSL_CTX_load_verify_locations(fresh, config->clients, NULL) != 1)
        return tls_fault(config->clients, "holds no certificates in PEM");
    SSL_CTX_set_client_CA_list(fresh, SSL_load_client_CA_file(config->clients));
    SSL_CTX_set_verify(fresh, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return HM_OK;
}

/* ---- the process ---- */

/* What is under way is finished; a connection that is kept open has nothing under way. Who has another front after him
 * has time for what was begun in his sessions. */
static void end_if_idle(hm_front *front) {
    bool over = front->ends || (front->left && !hm_sessions_go_on(front));
    if (over && !front->under_way) event_base_loopbreak(front->base);
}

/* Another front answers there, too. */
static void leave_metrics(hm_front *front) {
    if (front->metrics) evhttp_free(front->metrics);
    front->metrics = NULL;
    hm_tsa_leave(front);
}

static void on_stop(evutil_socket_t fd, short what, void *context) {
    (void)what;
    hm_front *front = context;
    char byte = HM_FRONT_END;
    (void)!read(fd, &byte, 1);
    front->ends |= byte == HM_FRONT_END;
    if (byte == HM_FRONT_LEAVE) {
        front->left = time(NULL);
        leave_metrics(front);
    }
    /* The socket stays the supervisor's: another front takes what comes from now on. */
    if (front->bound) evhttp_del_accept_socket(front->http, front->bound);
    front->bound = NULL;
    end_if_idle(front);
}

/* What a crowd of connections took goes back to the system when they have gone. */
static void give_memory_back(hm_front *front) {
    if (front->clients < front->clients_before) malloc_trim(0);
    front->clients_before = front->clients;
}

/* Every second: sessions that nobody uses end; and so does a front that is to end and has nothing under way. */
static void on_second(evutil_socket_t fd, short what, void *context) {
    (void)fd, (void)what;
    hm_front *front = context;
    (void)fflush(stderr);
    hm_sessions_expire(front);
    hm_clients_expire(front);
    hm_alarms_ask(front);
    give_memory_back(front);
    end_if_idle(front);
}

static hm_err add_events(hm_front *front) {
    struct timeval second = {1, 0};
    struct event *stop = event_new(front->base, front->plan->stop, EV_READ | EV_PERSIST, on_stop, front),
                 *tick = event_new(front->base, -1, EV_PERSIST, on_second, front);
    return stop && tick && event_add(stop, NULL) == 0 && event_add(tick, &second) == 0 ? HM_OK : hm_no_memory();
}

static hm_err add_metrics(hm_front *front) {
    struct evhttp *http = front->metrics = front->plan->metrics >= 0 ? evhttp_new(front->base) : NULL;
    if (front->plan->metrics < 0) return HM_OK;
    if (!http) return hm_no_memory();
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET);
    evhttp_set_max_body_size(http, 0);
    evhttp_set_max_headers_size(http, HEADERS_MAX);
    evhttp_set_timeout(http, CLIENT_SECONDS);
    evhttp_set_cb(http, "/metrics", on_metrics, front);
    evhttp_set_cb(http, "/healthz", on_health, front);
    return evhttp_accept_socket(http, front->plan->metrics) == 0 ? HM_OK : hm_could_not("metrics cannot be served");
}

static hm_err open_http(hm_front *front) {
    struct event_config *how = event_config_new();
    if (how) event_config_set_flag(how, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST); /* fewer system calls */
    front->base = how ? event_base_new_with_config(how) : NULL;
    if (how) event_config_free(how);
    front->http = front->base ? evhttp_new(front->base) : NULL;
    if (!front->http) return hm_no_memory();
    HM_TRY(hm_clients_begin(front));
    evhttp_set_bevcb(front->http, hm_clients_new, front);
    evhttp_set_gencb(front->http, on_request, front);
    evhttp_set_allowed_methods(front->http, ANY_METHOD);
    evhttp_set_max_headers_size(front->http, HEADERS_MAX);
    evhttp_set_max_body_size(front->http, BODY_READ);
    evhttp_set_flags(front->http, EVHTTP_SERVER_LINGERING_CLOSE);
    evhttp_set_timeout(front->http, CLIENT_SECONDS);
    front->bound = evhttp_accept_socket_with_handle(front->http, front->plan->listener);
    if (!front->bound) return hm_could_not("HTTPS cannot be served: %s", strerror(errno));
    HM_TRY(add_metrics(front));
    HM_TRY(hm_tsa_begin(front, on_plain_request));
    return add_events(front);
}

hm_err hm_front_check(const hm_config *config) {
    SSL_CTX *tls = NULL;
    hm_err err = config->listen[0] ? make_tls(config, &tls) : HM_OK;
    SSL_CTX_free(tls);
    return err;
}

hm_err hm_front_run(const hm_front_plan *plan) {
    static hm_front front;
    const int folders[] = {plan->log, plan->published, plan->lists};
    front.plan = plan;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    prctl(PR_SET_NAME, "hallmark-front");
    json_object_seed(0); /* while there is randomness to be had from a file */
    (void)setvbuf(stderr, NULL, _IOFBF, LOG_BLOCK);
    HM_TRY(make_tls(plan->config, &front.tls));
    HM_TRY(open_http(&front));
    HM_TRY(hm_sandbox_enter_server(folders, sizeof folders / sizeof folders[0]));
    event_base_dispatch(front.base);
    (void)fflush(stderr);
    hm_sessions_end(&front);
    hm_alarms_end(&front);
    hm_tsa_end(&front);
    return HM_OK;
}
