/* A session over HTTPS is a session of the core, and its number a secret of 256 bits. Its calls are put to the core one
 * after another, each as the questions that its route says. */
#include "front.h"

#include <client/routes.h>
#include <client/wire_json.h>

#include <base/io.h>
#include <base/secret.h>

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ID_HEX = 64, WAITING_MAX = 32, ITEMS_MAX = 1000 };
/* Seconds that a session lasts without a call; one of which nobody has said who speaks in it, in all. */
enum { IDLE_SECONDS = 900, NOBODY_SECONDS = 30 };
/* Sessions in which nobody has said who speaks, from one address; and of one principal. */
enum { NOBODYS_MAX = 64, PRINCIPALS_MAX = 128 };

typedef enum { PRELUDE, MAIN, LAST, STAGES } stage;
typedef struct call {
    struct call *next;
    hm_exchange *x;
    const hm_route *route; /* NULL: the session is opened, or who speaks is proved */
    hm_message_type wanted;
    hm_buf frames[STAGES];
    size_t asked[STAGES], answered;
    stage stage;
    bool compares; /* with a request that is there */
    json_t *items; /* of the answer */
    json_t *wanted_files;
    json_t *answer;
    hm_problem problem;
    bool failed, together;
    stage failed_at;
    char why[HM_SENTENCE_MAX];
} call;

struct hm_web_session {
    hm_front *front;
    char id[ID_HEX + 1];
    struct bufferevent *core;
    call *first; /* is being put to the core */
    size_t waiting;
    bool known, narrowed;
    char principal[65];
    hm_address address; /* that opened it */
    time_t used, made;
};

/* ---- calls ---- */

static void call_free(call *c) {
    for (size_t i = 0; i < STAGES; i++) hm_buf_clear(&c->frames[i]);
    json_decref(c->items);
    json_decref(c->wanted_files);
    json_decref(c->answer);
    free(c);
}

static void fail(call *c, hm_problem problem, const char *why) {
    if (c->failed) return;
    c->failed = true;
    c->failed_at = c->stage;
    c->problem = problem;
    snprintf(c->why, sizeof c->why, "%s", why);
}

static void finish_call(call *c) {
    hm_exchange *x = c->x;
    x->front->under_way--;
    json_t *body = c->answer ? json_incref(c->answer) : json_object();
    if (c->items) json_object_set(body, "items", c->items);
    if (c->wanted_files) json_object_set(body, "wanted", c->wanted_files);
    if (!c->failed) {
        hm_exchange_reply(x, 200, body);
    } else if (c->items && json_array_size(c->items)) {
        /* Which of them, and why. */
        json_t *problem = hm_problem_json(c->problem, c->why);
        json_object_set(problem, "items", c->items);
        json_decref(body);
        hm_exchange_reply(x, hm_problem_status(c->problem), problem);
    } else {
        json_decref(body);
        hm_exchange_problem(x, c->problem, c->why);
    }
    call_free(c);
}

/* ---- sessions ---- */

static void session_end(hm_web_session *s, const char *why) {
    hm_front *front = s->front;
    for (call *c = s->first, *next; c; c = next) {
        next = c->next;
        fail(c, HM_PROBLEM_UNAVAILABLE, why);
        finish_call(c);
    }
    bufferevent_free(s->core);
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

static void keep_answer(hm_web_session *s, call *c, const hm_message *message) {
    json_t *object = json_object();
    if (hm_failed(hm_wire_to_json(message, object))) fail(c, HM_PROBLEM_UNAVAILABLE, hm_err_sentence());
    if (message->type == HM_MSG_KNOWN) {
        hm_bytes name = message->field[HM_KNOWN_PRINCIPAL].bytes;
        snprintf(s->principal, sizeof s->principal, "%.*s", (int)name.len, (const char *)name.data);
        s->known = true;
        make_room_beside(s);
    }
    if (message->type == HM_MSG_WELCOME) json_object_set_new(object, "session", json_string(s->id));
    if (message->type == HM_MSG_SIGNED) s->front->signatures++;
    if (message->type == HM_MSG_PUBLISH_WANTED) {
        if (!c->wanted_files) c->wanted_files = json_array();
        json_array_append_new(c->wanted_files, object);
        return;
    }
    if (c->route && (c->route->items || c->route->list) && c->stage == MAIN)
        json_array_append_new(c->items, object);
    else if (c->stage == MAIN || (message->type != HM_MSG_DONE && c->stage == LAST))
        json_decref(c->answer), c->answer = object;
    else
        json_decref(object);
}

static void keep_fault(call *c, const hm_message *message) {
    hm_bytes sentence = message->field[HM_FAULT_SENTENCE].bytes;
    char why[HM_SENTENCE_MAX];
    snprintf(why, sizeof why, "%.*s", (int)sentence.len, (const char *)sentence.data);
    hm_class class = (hm_class)message->field[HM_FAULT_CLASS].number;
    hm_problem problem = hm_problem_of(class);
    if (!c->route && c->wanted == HM_MSG_KNOWN && class == HM_REFUSED) problem = HM_PROBLEM_UNAUTHENTICATED;
    bool of_item = c->route && c->route->items && c->stage == MAIN;
    if (of_item) {
        json_t *item = json_object();
        json_object_set_new(item, "problem", hm_problem_json(problem, why));
        json_array_append_new(c->items, item);
    }
    /* Of several to sign each has its own answer; of a request all or none. */
    if (!of_item || c->asked[LAST] || c->asked[MAIN] == 1) fail(c, problem, why);
}

/* What comes before it and the question itself go out together; the core refuses the one if it refused the other. */
static bool was_sent(const call *c) { return c->together && c->stage == MAIN; }

/* Go on to the next stage that asks anything; true if there is one. */
static bool next_stage(call *c) {
    c->answered = 0;
    do c->stage++;
    while (c->stage < STAGES && !c->asked[c->stage]);
    return c->stage < STAGES && (!c->failed || was_sent(c));
}

static void take_answer(hm_web_session *s, const hm_message *message) {
    call *c = s->first;
    if (!c) return;
    bool fault = message->type == HM_MSG_FAULT, list = c->route && c->route->list && c->stage == MAIN;
    bool moot = c->failed && c->failed_at == PRELUDE && c->stage == MAIN; /* refused with what came before it */
    if (fault && !moot)
        keep_fault(c, message);
    else if (!moot && (!list || message->type != HM_MSG_DONE))
        keep_answer(s, c, message);
    bool more = list || message->type == HM_MSG_PUBLISH_WANTED;
    if (more && !fault && message->type != HM_MSG_DONE) return;
    if (++c->answered < c->asked[c->stage]) return;
    if (next_stage(c)) {
        if (!was_sent(c)) put_to_core(s);
        return;
    }
    s->first = c->next;
    s->waiting--;
    snprintf(c->x->principal, sizeof c->x->principal, "%s", s->principal);
    finish_call(c);
    if (s->first) put_to_core(s);
}

static void on_answer(struct bufferevent *core, void *context) {
    hm_web_session *s = context;
    struct evbuffer *in = bufferevent_get_input(core);
    for (;;) {
        uint8_t head[4];
        hm_message message;
        uint32_t len;
        if (evbuffer_copyout(in, head, sizeof head) != sizeof head) return;
        hm_reader reader = hm_reader_of(HM_ARRAY(head));
        if (hm_failed(hm_read_u32be(&reader, &len)) || len > HM_WIRE_FRAME_MAX) break;
        if (evbuffer_get_length(in) < sizeof head + len) return;
        const uint8_t *frame = evbuffer_pullup(in, (ev_ssize_t)(sizeof head + len));
        if (!frame || hm_failed(hm_wire_get(HM_BYTES(frame + sizeof head, len), &message))) break;
        take_answer(s, &message);
        evbuffer_drain(in, sizeof head + len);
    }
    session_end(s, "the office's core says what cannot be understood");
}

static void on_end(struct bufferevent *core, short what, void *context) {
    (void)core, (void)what;
    session_end(context, "the office's core has ended the session");
}

/* At once, if the socket takes it: to wait for the event would be two system calls more. */
static void write_frames(hm_web_session *s, const hm_buf *frames) {
    size_t sent = 0;
    if (!evbuffer_get_length(bufferevent_get_output(s->core))) {
        ssize_t n = send(bufferevent_getfd(s->core), frames->data, frames->len, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent = n > 0 ? (size_t)n : 0;
    }
    if (sent < frames->len) bufferevent_write(s->core, frames->data + sent, frames->len - sent);
}

static void put_to_core(hm_web_session *s) {
    const call *c = s->first;
    write_frames(s, &c->frames[c->stage]);
}

static void enqueue(hm_web_session *s, call *c) {
    call **end = &s->first;
    while (*end) end = &(*end)->next;
    *end = c;
    s->waiting++;
    s->front->under_way++;
    s->used = time(NULL);
    while (!c->asked[c->stage]) c->stage++;
    c->together = c->stage == PRELUDE && c->asked[MAIN] && !c->asked[LAST] &&
                  !hm_failed(hm_put(&c->frames[PRELUDE], hm_buf_bytes(&c->frames[MAIN])));
    if (s->first == c) put_to_core(s);
}

/* ---- opening ---- */

static call *call_new(hm_exchange *x, const hm_route *route, hm_message_type wanted) {
    call *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->x = x;
    c->route = route;
    c->wanted = wanted;
    if (route && (route->items || route->list)) c->items = json_array();
    return c;
}

static hm_err ask(call *c, stage in, const hm_message *question) {
    c->asked[in]++;
    return hm_wire_put(question, &c->frames[in]);
}

static hm_err send_socket(int core, int fd) {
    char byte = 0;
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {&byte, 1};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    return sendmsg(core, &packet, MSG_DONTWAIT | MSG_NOSIGNAL) == 1
               ? HM_OK
               : hm_could_not("the core does not take sessions: %s", strerror(errno));
}

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

static hm_err open_session(hm_front *front, hm_web_session **session) {
    int pair[2];
    *session = NULL;
    if (!has_room(front)) return hm_could_not("there are too many sessions at this moment");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return hm_could_not("no socket for the core: %s", strerror(errno));
    hm_err err = send_socket(front->plan->core, pair[1]);
    close(pair[1]);
    hm_web_session *s = hm_failed(err) ? NULL : calloc(1, sizeof *s);
    if (s) s->core = bufferevent_socket_new(front->base, pair[0], BEV_OPT_CLOSE_ON_FREE);
    if (!s || !s->core) return close(pair[0]), free(s), hm_failed(err) ? err : hm_no_memory();
    s->front = front;
    s->made = s->used = time(NULL);
    bufferevent_setcb(s->core, on_answer, NULL, on_end, s);
    bufferevent_enable(s->core, EV_READ | EV_WRITE);
    front->session[front->sessions++] = s;
    *session = s;
    return make_id(s->id);
}

void hm_session_create(hm_exchange *x) {
    hm_web_session *s;
    hm_message hello = {.type = HM_MSG_HELLO};
    hello.field[HM_HELLO_VERSION].number = HM_WIRE_VERSION;
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
    call *c = call_new(x, NULL, HM_MSG_WELCOME);
    if (!c || hm_failed(ask(c, MAIN, &hello))) {
        if (c) call_free(c);
        session_end(s, "");
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, "out of memory");
        return;
    }
    enqueue(s, c);
}

/* ---- who speaks ---- */

/* What both ends of the connection know, and nobody between them (RFC 9266). */
static hm_err binding_of(hm_exchange *x, uint8_t binding[static 32]) {
    static const char label[] = "EXPORTER-Channel-Binding";
    struct bufferevent *bev = evhttp_connection_get_bufferevent(evhttp_request_get_connection(x->request));
    SSL *tls = bev ? bufferevent_openssl_get_ssl(bev) : NULL;
    if (!tls || SSL_export_keying_material(tls, binding, 32, label, sizeof label - 1, NULL, 0, 1) != 1)
        return hm_could_not("this connection has nothing to bind to");
    return HM_OK;
}

static hm_err build_proof(hm_exchange *x, const char *how, json_t *body, call *c) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message question;
    uint8_t binding[32];
    if (strcmp(how, "key") == 0) {
        /* The front's word, not the client's. */
        HM_TRY(binding_of(x, binding));
        json_object_set_new(body, "binding",
                            json_string("0000000000000000000000000000000000000000000000000000000000000000"));
        HM_TRY(hm_wire_from_json(body, HM_MSG_PROVE_KEY, &question, &storage));
        question.field[HM_PROVE_KEY_BINDING].bytes = HM_ARRAY(binding);
    } else {
        HM_TRY(hm_wire_from_json(body, HM_MSG_PROVE_TOKEN, &question, &storage));
    }
    return ask(c, MAIN, &question);
}

/* ---- routes ---- */

static void number_it(hm_message *question, size_t i) {
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++)
        if (rule->type == question->type && rule->field[0].name && strcmp(rule->field[0].name, "tag") == 0)
            question->field[0].number = i;
}

static hm_err check_rest(const json_t *object) {
    const char *name = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)object));
    return name ? hm_misuse("\"%.60s\": there is no such member", name) : HM_OK;
}

static hm_err ask_from(call *c, stage in, json_t *object, hm_message_type type, size_t i) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message question;
    HM_TRY(hm_wire_from_json(object, type, &question, &storage));
    number_it(&question, i);
    return ask(c, in, &question);
}

static hm_err build_items(call *c, const json_t *items) {
    size_t count = json_array_size(items);
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_array_get(items, i);
        HM_TRY(hm_in(ask_from(c, MAIN, item, c->route->question, i), "items[%zu]", i));
        HM_TRY(hm_in(check_rest(item), "items[%zu]", i));
    }
    return HM_OK;
}

/* An entry number that is left out is "from the end". */
static void add_defaults(const hm_route *route, json_t *body) {
    if (route->question == HM_MSG_LOG_LIST && !json_object_get(body, "from"))
        json_object_set_new(body, "from", json_string("18446744073709551615"));
    if (route->question == HM_MSG_LOG_LIST && !json_object_get(body, "count"))
        json_object_set_new(body, "count", json_integer(100));
}

/* Idempotency-Key: what is signed under it is signed once, however often it is asked for. */
static hm_err ask_repeatable(call *c) {
    const char *key = evhttp_find_header(evhttp_request_get_input_headers(c->x->request), "Idempotency-Key");
    hm_message question = {.type = HM_MSG_REPEATABLE};
    if (!key) return HM_OK;
    if (!key[0] || strlen(key) > 64) return hm_misuse("Idempotency-Key: has 1 to 64 characters");
    question.field[HM_REPEATABLE_KEY].bytes = hm_text(key);
    return ask(c, PRELUDE, &question);
}

static hm_err build_call(hm_web_session *s, json_t *body, call *c) {
    const hm_route *route = c->route;
    json_t *items = route->items ? json_incref(json_object_get(body, "items")) : NULL;
    size_t count = json_array_size(items);
    if (route->items) json_object_del(body, "items");
    if (route->items && (!count || count > ITEMS_MAX))
        return json_decref(items), hm_misuse("\"items\": is an array of 1 to %d", ITEMS_MAX);
    if (route->narrow && route->items) json_object_set_new(body, "signatures", json_integer((json_int_t)count));
    add_defaults(route, body);
    hm_err err = HM_OK;
    if (s->narrowed && !route->goes_on) err = ask(c, PRELUDE, &(hm_message){.type = HM_MSG_WIDEN});
    c->compares = route->before == HM_MSG_REQUEST_BEGIN && json_object_get(body, "request");
    bool begins = route->before && (!route->if_named || json_object_get(body, "request"));
    if (!hm_failed(err) && begins) err = ask_from(c, PRELUDE, body, route->before, 0);
    if (!hm_failed(err) && route->question == HM_MSG_SIGN && !begins) err = ask_repeatable(c);
    if (!hm_failed(err) && route->narrow) err = ask_from(c, PRELUDE, body, HM_MSG_NARROW, 0);
    if (!hm_failed(err) && route->items) err = build_items(c, items);
    if (!hm_failed(err) && !route->items) err = ask_from(c, MAIN, body, route->question, 0);
    if (!hm_failed(err) && route->last && !c->compares) err = ask(c, LAST, &(hm_message){.type = route->last});
    json_decref(items);
    /* Calls are put to the core in this order, whatever becomes of them. */
    s->narrowed |= route->narrow || route->before;
    return hm_failed(err) ? err : check_rest(body);
}

/* "Bearer ID" */
static hm_web_session *session_of(hm_exchange *x) {
    const char *header = evhttp_find_header(evhttp_request_get_input_headers(x->request), "Authorization");
    return header && strncmp(header, "Bearer ", 7) == 0 ? session_find(x->front, header + 7) : NULL;
}

static void refuse(hm_exchange *x, hm_web_session *s) {
    if (!s)
        hm_exchange_problem(
            x, HM_PROBLEM_UNAUTHENTICATED,
            "there is no such session (POST /v1/sessions opens one; it ends after 15 minutes without a request)");
    else
        hm_exchange_problem(x, HM_PROBLEM_UNAUTHENTICATED,
                            "nobody has said who speaks in this session (POST /v1/sessions/current/key or .../token)");
}

void hm_session_call(hm_exchange *x, const char *path, json_t *body) {
    const char *method = evhttp_request_get_command(x->request) == EVHTTP_REQ_GET ? "GET" : "POST";
    static const char proofs[] = "/sessions/current/";
    bool other_method, proof = strncmp(path, proofs, sizeof proofs - 1) == 0 && strcmp(method, "POST") == 0;
    const char *how = path + sizeof proofs - 1;
    proof = proof && (strcmp(how, "key") == 0 || strcmp(how, "token") == 0);
    const hm_route *route = proof ? NULL : hm_route_find(method, path, &other_method);
    hm_web_session *s = session_of(x);
    json_t *object = body ? body : json_object();
    call *c = NULL;
    if (!proof && !route) {
        hm_exchange_problem(x, other_method ? HM_PROBLEM_METHOD : HM_PROBLEM_NOT_FOUND, NULL);
    } else if (!s || (!proof && !s->known)) {
        refuse(x, s);
    } else if (s->waiting >= WAITING_MAX) {
        hm_exchange_problem(x, HM_PROBLEM_TOO_MANY, "this session has too many requests waiting");
    } else if (!(c = call_new(x, route, proof ? HM_MSG_KNOWN : route->answer))) {
        hm_exchange_problem(x, HM_PROBLEM_UNAVAILABLE, "out of memory");
    } else if (hm_failed(proof ? build_proof(x, how, object, c) : build_call(s, object, c))) {
        hm_exchange_problem(x, hm_problem_of(HM_MISUSED), hm_err_sentence());
        call_free(c);
    } else {
        if (s->known) hm_client_is_known(x->request);
        enqueue(s, c);
    }
    json_decref(object);
}
