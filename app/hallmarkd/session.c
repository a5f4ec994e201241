/* A session over HTTPS is a session of the core, and its number a secret of 256 bits. Its calls are put to the core one
 * after another, each as the questions that its route says. */
#include "call.h"

#include "core_session.h"

#include <base/io.h>
#include <base/secret.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { ID_HEX = 64, WAITING_MAX = 32 };
/* Seconds that a session lasts without a call; one of which nobody has said who speaks in it, in all. */
enum { IDLE_SECONDS = 900, NOBODY_SECONDS = 30 };
/* That a front goes on at most when another one has taken its place. */
enum { LEFT_SECONDS = 3600 };
/* Sessions in which nobody has said who speaks, from one address; and of one principal. */
enum { NOBODYS_MAX = 64, PRINCIPALS_MAX = 128 };
enum { NOBODYS_BODY_MAX = 64 * 1024 };

struct hm_web_session {
    hm_front *front;
    char id[ID_HEX + 1];
    hm_core_session core;
    hm_call *first; /* is being put to the core */
    size_t waiting;
    bool known, narrowed;
    char principal[65];
    hm_address address; /* that opened it */
    time_t used, made;
};

static void finish_call(hm_call *c) {
    hm_exchange *x = c->x;
    x->front->under_way--;
    json_t *body = c->answer ? json_incref(c->answer) : json_object();
    if (c->items) json_object_set(body, "items", c->items);
    if (c->wanted_files) json_object_set(body, "wanted", c->wanted_files);
    if (!c->failed) {
        hm_exchange_reply(x, 200, body);
    } else if (c->items && json_array_size(c->items)) {
        /* Which of them, and why. */
        json_decref(body);
        hm_exchange_problem_of(x, c->problem, c->why, c->items);
    } else {
        json_decref(body);
        hm_exchange_problem(x, c->problem, c->why);
    }
    hm_call_free(c);
}

/* ---- sessions ---- */

static void session_end(hm_web_session *s, const char *why) {
    hm_front *front = s->front;
    for (hm_call *c = s->first, *next; c; c = next) {
        next = c->next;
        hm_call_fail(c, HM_PROBLEM_UNAVAILABLE, why);
        finish_call(c);
    }
    hm_core_close(&s->core);
    for (size_t i = 0; i < front->sessions; i++)
        if (front->session[i] == s) front->session[i--] = front->session[--front->sessions];
    OPENSSL_cleanse(s->id, sizeof s->id);
    free(s);
}

static hm_web_session *session_find(const hm_front *front, const char *id) {
    for (size_t i = 0; strlen(id) == ID_HEX && i < front->sessions; i++)
        if (CRYPTO_memcmp(front->session[i]->id, id, ID_HEX) == 0) return front->session[i];
    return NULL;
}

void hm_sessions_expire(hm_front *front) {
    time_t now = time(NULL);
    for (size_t i = front->sessions; i-- > 0;) {
        hm_web_session *s = front->session[i];
        bool over = s->known ? now - s->used > IDLE_SECONDS : now - s->made > NOBODY_SECONDS;
        if (over && !s->first) session_end(s, "the session has expired");
    }
}

bool hm_sessions_go_on(const hm_front *front) {
    time_t now = time(NULL), drain = (time_t)front->plan->config->drain_seconds, since = now - front->left;
    if (since > LEFT_SECONDS) return false;
    if (hm_clients_ask(front)) return true;
    for (size_t i = 0; i < front->sessions; i++) {
        const hm_web_session *s = front->session[i];
        if (now - s->used <= drain && (s->narrowed || since <= drain)) return true;
    }
    return false;
}

void hm_sessions_end(hm_front *front) {
    while (front->sessions) session_end(front->session[0], "the server is ending");
}

/* The longest unused one of PRINCIPAL's, but KEEP; "": of those in which nobody has said who speaks. */
static hm_web_session *idlest(const hm_front *front, const char *principal, const hm_web_session *keep, size_t *count) {
    hm_web_session *found = NULL;
    *count = 0;
    for (size_t i = 0; i < front->sessions; i++) {
        hm_web_session *s = front->session[i];
        if (s->known != (principal[0] != 0) || strcmp(s->principal, principal) != 0) continue;
        ++*count;
        if (s != keep && !s->first && (!found || s->used < found->used)) found = s;
    }
    return found;
}

/* No principal takes all the room there is. */
static void make_room_beside(hm_web_session *s) {
    size_t count;
    hm_web_session *oldest = idlest(s->front, s->principal, s, &count);
    if (count > PRINCIPALS_MAX && oldest) session_end(oldest, "the principal has too many sessions");
}

/* A new session comes before one in which nobody has said who speaks. */
static bool has_room(hm_front *front) {
    size_t count;
    hm_web_session *oldest = front->sessions == HM_WEB_SESSIONS_MAX ? idlest(front, "", NULL, &count) : NULL;
    if (oldest) session_end(oldest, "others come before a session of nobody's");
    return front->sessions < HM_WEB_SESSIONS_MAX;
}

static bool has_too_many(const hm_front *front, const hm_address *address) {
    size_t count = 0;
    for (size_t i = 0; i < front->sessions; i++)
        count += !front->session[i]->known && memcmp(&front->session[i]->address, address, sizeof *address) == 0;
    return count >= NOBODYS_MAX;
}

/* ---- the core's answers ---- */

static void put_to_core(hm_web_session *s);

/* What the session itself learns from an answer. */
static void note(hm_web_session *s, hm_call *c, const hm_message *message) {
    if (message->type == HM_MSG_SIGNED) s->front->signatures++;
    if (message->type == HM_MSG_WELCOME && c->answer) json_object_set_new(c->answer, "session", json_string(s->id));
    if (message->type == HM_MSG_KNOWN) {
        hm_bytes name = message->field[HM_KNOWN_PRINCIPAL].bytes;
        snprintf(s->principal, sizeof s->principal, "%.*s", (int)name.len, (const char *)name.data);
        s->known = true;
        make_room_beside(s);
    }
}

static bool take_answer(void *session, const hm_message *message) {
    hm_web_session *s = session;
    hm_call *c = s->first;
    bool sent;
    /* A last word is no answer: what was asked has not been done. */
    if (message->type == HM_MSG_CLOSING || (c && !hm_call_expects(c, message->type))) return false;
    if (!c) return true;
    bool stage_is_over = hm_call_take(c, message);
    note(s, c, message);
    if (!stage_is_over) return true;
    if (hm_call_next_stage(c, &sent)) {
        if (!sent) put_to_core(s);
        return true;
    }
    s->first = c->next;
    s->waiting--;
    snprintf(c->x->principal, sizeof c->x->principal, "%s", s->principal);
    finish_call(c);
    if (s->first) put_to_core(s);
    return true;
}

/* At once, if the socket takes it: to wait for the event would be two system calls more. */
static void write_frames(hm_web_session *s, const hm_buf *frames) {
    size_t sent = 0;
    if (!evbuffer_get_length(bufferevent_get_output(s->core.io))) {
        ssize_t n = send(bufferevent_getfd(s->core.io), frames->data, frames->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent = n > 0 ? (size_t)n : 0;
    }
    if (sent < frames->len) bufferevent_write(s->core.io, frames->data + sent, frames->len - sent);
}

static void put_to_core(hm_web_session *s) {
    const hm_call *c = s->first;
    write_frames(s, &c->frames[c->stage]);
}

static void enqueue(hm_web_session *s, hm_call *c) {
    hm_call **end = &s->first;
    while (*end) end = &(*end)->next;
    *end = c;
    s->waiting++;
    s->front->under_way++;
    s->used = time(NULL);
    while (!c->asked[c->stage]) c->stage++;
    c->together = c->stage == HM_PRELUDE && c->asked[HM_MAIN] && !c->asked[HM_LAST] &&
                  !hm_failed(hm_put(&c->frames[HM_PRELUDE], hm_buf_bytes(&c->frames[HM_MAIN])));
    if (s->first == c) put_to_core(s);
}

/* ---- opening ---- */

static hm_err make_id(char id[static ID_HEX + 1]) {
    uint8_t secret[ID_HEX / 2];
    HM_BUF hex = HM_BUF_EMPTY;
    HM_TRY(hm_random(secret, sizeof secret));
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(secret)));
    memcpy(id, hex.data, ID_HEX);
    id[ID_HEX] = 0;
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(hex.data, hex.len);
    return HM_OK;
}

static void on_core_end(void *session, const char *why) { session_end(session, why); }

static hm_err open_session(hm_front *front, hm_web_session **session) {
    *session = NULL;
    if (!has_room(front)) return hm_could_not("there are too many sessions at this moment");
    hm_web_session *s = calloc(1, sizeof *s);
    if (!s) return hm_no_memory();
    s->core = (hm_core_session){.take = take_answer, .end = on_core_end, .context = s};
    hm_err err = hm_core_open(&s->core, front->base, front->plan->core);
    if (hm_failed(err)) return free(s), err;
    s->front = front;
    s->made = s->used = time(NULL);
    front->session[front->sessions++] = s;
    *session = s;
    return make_id(s->id);
}

void hm_session_create(hm_exchange *x) {
    hm_web_session *s;
    hm_address address = hm_client_address(x->request);
    if (has_too_many(x->front, &address)) {
        hm_exchange_problem(x, HM_PROBLEM_TOO_MANY,
                            "from this address too many sessions wait to hear who speaks in them");
        return;
    }
    if (hm_failed(open_session(x->front, &s))) {
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, hm_err_sentence());
        return;
    }
    s->address = address;
    hm_call *c = hm_call_new(x, NULL, HM_MSG_WELCOME);
    if (!c || hm_failed(hm_call_ask(c, HM_MAIN, &hm_core_hello))) {
        if (c) hm_call_free(c);
        session_end(s, "");
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, "out of memory");
        return;
    }
    enqueue(s, c);
}

/* "Bearer ID" */
static hm_web_session *session_of(hm_exchange *x) {
    const char *header = evhttp_find_header(evhttp_request_get_input_headers(x->request), "Authorization");
    return header && strncmp(header, "Bearer ", 7) == 0 ? session_find(x->front, header + 7) : NULL;
}

static void refuse(hm_exchange *x, const hm_web_session *s) {
    if (!s)
        hm_exchange_problem(
            x, HM_PROBLEM_NO_SESSION,
            "there is no such session (POST /v1/sessions opens one; it ends after 15 minutes without a request)");
    else
        hm_exchange_problem(x, HM_PROBLEM_UNAUTHENTICATED,
                            "nobody has said who speaks in this session (POST /v1/sessions/current/key or .../token)");
}

/* Sessions themselves are in no table. */
static bool is_of_sessions(const char *path) {
    return strcmp(path, "/sessions") == 0 || strcmp(path, "/sessions/current/key") == 0 ||
           strcmp(path, "/sessions/current/token") == 0;
}

bool hm_session_has(hm_exchange *x, const char *path) {
    enum evhttp_cmd_type method = evhttp_request_get_command(x->request);
    bool other, get = hm_route_find("GET", path, &other), post = hm_route_find("POST", path, &other);
    post = post || is_of_sessions(path);
    bool has = (get && method == EVHTTP_REQ_GET) || (post && method == EVHTTP_REQ_POST);
    if (!get && !post)
        hm_exchange_problem(x, HM_PROBLEM_NOT_FOUND, NULL);
    else if (!has)
        hm_exchange_method(x, get && post ? "GET, POST" : get ? "GET" : "POST");
    return has;
}

bool hm_session_takes(hm_exchange *x, size_t len) {
    const hm_web_session *s = session_of(x);
    if (len <= NOBODYS_BODY_MAX || (s && s->known)) return true;
    refuse(x, s);
    return false;
}

bool hm_session_takes_octets(const char *path) {
    bool other;
    const hm_route *route = hm_route_find("POST", path, &other);
    return route && route->octets;
}

static hm_err build(hm_call *c, json_t *body, const hm_web_session *s) {
    struct evbuffer *in = evhttp_request_get_input_buffer(c->x->request);
    if (!c->route->octets) return hm_call_build(c, body, s->narrowed);
    size_t len = evbuffer_get_length(in);
    const uint8_t *octets = evbuffer_pullup(in, -1);
    return len && !octets ? hm_no_memory() : hm_call_build_octets(c, HM_BYTES(octets, len));
}

void hm_session_call(hm_exchange *x, const char *path, json_t *body) {
    const char *method = evhttp_request_get_command(x->request) == EVHTTP_REQ_GET ? "GET" : "POST";
    bool other_method, proof = is_of_sessions(path);
    const char *how = proof ? strrchr(path, '/') + 1 : "";
    if (!hm_session_has(x, path)) {
        json_decref(body);
        return;
    }
    const hm_route *route = proof ? NULL : hm_route_find(method, path, &other_method);
    hm_web_session *s = session_of(x);
    json_t *object = body ? body : json_object();
    hm_call *c = NULL;
    if (!s || (!proof && !s->known)) {
        refuse(x, s);
    } else if (s->waiting >= WAITING_MAX) {
        hm_exchange_problem(x, HM_PROBLEM_TOO_MANY, "this session has too many requests waiting");
    } else if (!(c = hm_call_new(x, route, proof ? HM_MSG_KNOWN : route->answer))) {
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, "out of memory");
    } else if (hm_failed(proof ? hm_call_build_proof(c, object, how) : build(c, object, s))) {
        hm_exchange_problem(x, hm_problem_of(HM_MISUSED), hm_err_sentence());
        hm_call_free(c);
    } else {
        if (s->known) hm_client_is_known(x->request);
        /* Calls are put to the core in this order, whatever becomes of them. */
        s->narrowed |= route && (route->narrow || route->before);
        enqueue(s, c);
    }
    json_decref(object);
}
