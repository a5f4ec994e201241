#include <client/remote.h>

#include "comparison.h"

#include <client/http.h>
#include <client/routes.h>
#include <client/wire_json.h>

#include <base/io.h>
#include <base/readable.h>
#include <base/secret.h>
#include <crypto/key_file.h>
#include <crypto/process.h>
#include <crypto/uuid.h>
#include <pki/cose.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, TRIES = 4, WAIT_MOST = 30, PAGE = 500, PATH_LEN = 1024, ANSWER_MAX = 64 << 20 };

/* What a session was narrowed to, here: each call takes it along, since the server keeps none of it. */
typedef struct {
    const hm_remote *remote;
    int fd;
    hm_http *http;
    bool is_known; /* the server knows who speaks */
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
} agent;

bool hm_remote_is(const char *office) {
    return strncmp(office, "https://", 8) == 0 || strncmp(office, "http://", 7) == 0;
}

/* ---- HTTPS ---- */

static hm_err raise_problem(const hm_http_answer *answer, const json_t *body) {
    const char *code = json_string_value(json_object_get(body, "code")),
               *detail = json_string_value(json_object_get(body, "detail"));
    HM_BUF said = HM_BUF_EMPTY;
    const char *sentence;
    HM_TRY(hm_put_text(&said, detail ? detail : code ? code : "the server says no more"));
    for (size_t i = 0; i < said.len; i++)
        if (said.data[i] == '\n') said.data[i] = ' ';
    hm_make_harmless(&said);
    HM_TRY(hm_buf_string(&said, &sentence));
    if (code && (strcmp(code, "refused") == 0 || strcmp(code, "unauthenticated") == 0))
        return hm_refuse("%s", sentence);
    if (code && strcmp(code, "malformed") == 0) return hm_misuse("%s", sentence);
    if (code && strcmp(code, "denied") == 0) return hm_raise_again(HM_DENIED, sentence);
    return hm_could_not("the office's server answers %u: %s", answer->status, sentence);
}

/* One request, GET without BODY. A server that has too much to do is asked again after the time that it says. */
static hm_err exchange(agent *a, const char *path, const json_t *body, hm_http_answer *answer) {
    const char *const headers[] = {a->key_header};
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (body && !text) return hm_no_memory();
    hm_err err = HM_OK;
    for (int i = 0; i < TRIES; i++) {
        err = body ? hm_http_post(a->http, path, hm_text(text), headers, a->key_header[0] ? 1 : 0, answer)
                   : hm_http_get(a->http, path, answer);
        /* What is told 503 may have been done all the same: only what may be asked twice is asked again. */
        bool again = !body || a->key_header[0] || answer->status == 429;
        bool busy = !hm_failed(err) && (answer->status == 429 || answer->status == 503) && answer->retry_after && again;
        /* What has a key is done once, even if the answer was lost on the way; what only asks may be asked again. */
        bool lost = hm_failed(err) && err.class == HM_COULD_NOT && (!body || a->key_header[0]);
        if (!busy && !lost) break;
        if (i + 1 == TRIES) break;
        sleep(lost ? 1 : answer->retry_after < WAIT_MOST ? answer->retry_after : WAIT_MOST);
    }
    free(text);
    return err;
}

static hm_err know_again(agent *a);

/* *REPLY is the answer's object, of a success; the caller decrefs it. A refused call whose items say why is one. */
static hm_err take_reply(const hm_http_answer *answer, json_t **reply) {
    json_t *object = json_loadb((const char *)answer->body.data, answer->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object) && (answer->status == 200 || json_is_array(json_object_get(object, "items"))))
        return *reply = object, HM_OK;
    hm_err err =
        object ? raise_problem(answer, object)
               : hm_could_not("the office's server answers %u, and nothing that can be understood", answer->status);
    json_decref(object);
    return err;
}

static hm_err call(agent *a, const char *path, const json_t *body, json_t **reply) {
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    char whole[PATH_LEN + 8];
    *reply = NULL;
    snprintf(whole, sizeof whole, "v1%s", path);
    HM_TRY(exchange(a, whole, body, &answer));
    /* The server was started anew, or the session was idle for long: who has a key says again who he is. */
    if (answer.status == 401 && a->is_known && a->remote->key && !a->publishes) {
        HM_TRY(know_again(a));
        HM_TRY(exchange(a, whole, body, &answer));
    }
    return take_reply(&answer, reply);
}

/* ---- answers in the core's language ---- */

static hm_err say_json(agent *a, json_t *object, hm_message_type type, uint64_t tag) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message message;
    HM_TRY(hm_in(hm_wire_from_json(object, type, &message, &storage), "the server's answer"));
    if (type == HM_MSG_SIGNED || type == HM_MSG_NOTED) message.field[0].number = tag;
    return hm_wire_send(a->fd, &message);
}

static hm_err say(agent *a, hm_message_type type) { return hm_wire_send(a->fd, &(hm_message){.type = type}); }

static hm_err say_fault(agent *a, uint64_t tag, hm_err err) {
    hm_message message = {.type = HM_MSG_FAULT};
    message.field[HM_FAULT_TAG].number = tag;
    message.field[HM_FAULT_CLASS].number = err.class;
    message.field[HM_FAULT_SENTENCE].bytes = hm_text(hm_err_sentence());
    return hm_wire_send(a->fd, &message);
}

/* ---- opening ---- */

static hm_err prove_key(agent *a, hm_bytes office, hm_bytes challenge) {
    HM_KEY_FILE *key = NULL;
    HM_BUF proved = HM_BUF_EMPTY, signature = HM_BUF_EMPTY, base64 = HM_BUF_EMPTY;
    uint8_t binding[HM_HTTP_EXPORTER_LEN], hash[HM_SHA256_LEN];
    json_t *reply;
    HM_TRY(hm_key_file_open(a->remote->key, &key));
    HM_TRY(hm_http_exporter(a->http, binding));
    HM_TRY(hm_put(&proved, office));
    HM_TRY(hm_put(&proved, challenge));
    HM_TRY(hm_put(&proved, HM_ARRAY(binding)));
    hm_signer signer = hm_key_file_signer(key);
    HM_TRY(hm_cose_sign(HM_COSE_SESSION, hm_buf_bytes(&proved), NULL, &signer, &signature, hash));
    HM_TRY(hm_put_base64(&base64, hm_buf_bytes(&signature)));
    json_t *body = json_pack("{s:s%}", "signature", base64.data, base64.len);
    hm_err err = call(a, "/sessions/current/key", body, &reply);
    json_decref(body);
    json_decref(reply);
    return err.class == HM_REFUSED ? hm_in(err, "%s", a->remote->key) : err;
}

static hm_err prove_token(agent *a) {
    json_t *reply, *body = json_pack("{s:s}", "token", a->remote->token);
    if (!body) return hm_misuse("the token is no text");
    hm_err err = call(a, "/sessions/current/token", body, &reply);
    json_decref(body);
    json_decref(reply);
    return err;
}

/* The session's number is the server's word: what becomes part of a header is looked at. */
static hm_err take_session(agent *a, json_t *welcome) {
    const char *session = json_string_value(json_object_get(welcome, "session"));
    if (!session || strlen(session) != 64 || strspn(session, "0123456789abcdef") != 64)
        return hm_could_not("the server's answer has no session");
    HM_TRY(hm_http_authorize(a->http, session));
    json_object_del(welcome, "session");
    return HM_OK;
}

/* What is signed, a proof, a statement or an approval, is for the office that it names: it must not be another one in
 * which the same person is somebody, too. */
static hm_err check_office(const agent *a, hm_bytes uuid) {
    char text[HM_UUID_TEXT];
    if (!a->remote->office) return HM_OK;
    hm_uuid_text(uuid.data, text);
    return strcasecmp(text, a->remote->office) == 0
               ? HM_OK
               : hm_refuse("the server is of office %s, and not of %s (HALLMARK_OFFICE_ID)", text, a->remote->office);
}

static hm_err open_session(agent *a, hm_message *welcome, hm_buf *storage) {
    json_t *reply = NULL;
    json_t *nothing = json_object();
    hm_err called = call(a, "/sessions", nothing, &reply);
    json_decref(nothing);
    HM_TRY(called);
    hm_err err = take_session(a, reply);
    if (!hm_failed(err)) err = hm_in(hm_wire_from_json(reply, HM_MSG_WELCOME, welcome, storage), "the server's answer");
    json_decref(reply);
    HM_TRY(err);
    HM_TRY(check_office(a, welcome->field[HM_WELCOME_UUID].bytes));
    if (a->remote->key)
        return prove_key(a, welcome->field[HM_WELCOME_UUID].bytes, welcome->field[HM_WELCOME_CHALLENGE].bytes);
    return prove_token(a);
}

static hm_err hello(agent *a) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message welcome;
    HM_TRY(open_session(a, &welcome, &storage));
    a->is_known = true;
    return hm_wire_send(a->fd, &welcome);
}

static hm_err know_again(agent *a) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message welcome;
    a->is_known = false;
    HM_TRY(open_session(a, &welcome, &storage));
    a->is_known = true;
    return HM_OK;
}

/* ---- narrowing, which binds whoever has the other end ---- */

static hm_err narrow(agent *a, const hm_message *question) {
    if (a->narrowed) return hm_refuse("this session is for one product and one release already");
    a->narrow = json_object();
    HM_TRY(hm_wire_to_json(question, a->narrow));
    a->narrowed = true;
    a->for_list = question->type == HM_MSG_NARROW_LIST;
    if (a->for_list) return say(a, HM_MSG_DONE);
    a->signatures_left = a->receipts_left = a->stamps_left = question->field[HM_NARROW_SIGNATURES].number;
    a->proofs_left = question->field[HM_NARROW_PROOFS].number;
    json_object_del(a->narrow, "signatures");
    json_object_del(a->narrow, "proofs");
    return say(a, HM_MSG_DONE);
}

static hm_err begin(agent *a, const hm_message *question) {
    if (a->narrowed || a->begun) return hm_refuse("core language: a session is for one request");
    a->compares = question->field[HM_REQUEST_BEGIN_REQUEST].bytes.len != 0;
    if (a->compares)
        HM_TRY(hm_comparison_begin(&a->comparison, a->listed, question->field[HM_REQUEST_BEGIN_REQUEST].bytes));
    a->begun = true;
    if (a->compares) HM_TRY(hm_put_hex(&a->request, question->field[HM_REQUEST_BEGIN_REQUEST].bytes));
    a->noted = json_array();
    return say(a, HM_MSG_DONE);
}

static bool allowed_when_publishing(hm_message_type type) {
    return type == HM_MSG_PUBLISH_FILE || type == HM_MSG_PUBLISH_CLOSE || type == HM_MSG_PUBLISH_PUT ||
           type == HM_MSG_PUBLISH_COMMIT;
}

static hm_err check_allowed(agent *a, hm_message_type type) {
    if (a->publishes && !allowed_when_publishing(type))
        return hm_refuse("core language: this session may only publish");
    bool allowed = !a->narrowed;
    if (a->narrowed && a->for_list) allowed = type == HM_MSG_TRUST_SIGN;
    if (a->narrowed && !a->for_list)
        allowed = type == HM_MSG_PREPARE || type == HM_MSG_SIGN || (type == HM_MSG_REQUEST_CLOSE && a->begun) ||
                  (type == HM_MSG_LOG_RECEIPT && a->receipts_left && a->receipts_left--) ||
                  (type == HM_MSG_TIMESTAMP && a->stamps_left && a->stamps_left--) ||
                  (type == HM_MSG_LOG_PROVE && a->proofs_left && a->proofs_left--);
    return allowed ? HM_OK : hm_refuse("core language: this session may only sign");
}

/* ---- questions that are one call ---- */

static void put_request(const agent *a, json_t *body) {
    json_object_set_new(body, "request", json_stringn((const char *)a->request.data, a->request.len));
}

static json_t *members_of(const agent *a, const hm_route *route) {
    json_t *body = json_object();
    bool takes_narrow = route->narrow || (route->before == HM_MSG_NARROW_LIST);
    if (takes_narrow) json_object_update(body, a->narrow);
    if (route->if_named && a->compares) put_request(a, body);
    return body;
}

static hm_err say_items(agent *a, json_t *reply, hm_message_type type, size_t *count) {
    json_t *items = json_object_get(reply, "items");
    *count = json_array_size(items);
    for (size_t i = 0; i < *count; i++) HM_TRY(say_json(a, json_array_get(items, i), type, 0));
    return HM_OK;
}

/* Behind the path, every byte of a value as %XX. */
static void add_query(const json_t *body, char path[static PATH_LEN]) {
    const char *key;
    json_t *value;
    size_t len = strlen(path);
    char separator = '?';
    json_object_foreach((json_t *)(uintptr_t)body, key, value) {
        char text[256] = "";
        if (json_is_boolean(value)) snprintf(text, sizeof text, "%d", json_is_true(value));
        if (json_is_integer(value)) snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        if (json_is_string(value)) snprintf(text, sizeof text, "%s", json_string_value(value));
        if (len + strlen(key) + 3 * strlen(text) + 3 > PATH_LEN) return;
        len += (size_t)snprintf(path + len, PATH_LEN - len, "%c%s=", separator, key);
        for (const unsigned char *at = (const unsigned char *)text; *at; at++)
            len += (size_t)snprintf(path + len, PATH_LEN - len, "%%%02x", *at);
        separator = '&';
    }
}

static hm_err ask_once(agent *a, const hm_route *route, json_t *body, json_t **reply) {
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s", route->path);
    if (strcmp(route->method, "POST") == 0) return call(a, path, body, reply);
    add_query(body, path);
    return call(a, path, NULL, reply);
}

/* Entries come in pages. */
static hm_err list_entries(agent *a, const hm_route *route, json_t *body) {
    uint64_t from = 0, left = UINT64_MAX;
    json_t *reply = NULL;
    size_t count = 0;
    const json_t *start = json_object_get(body, "from"), *most = json_object_get(body, "count");
    bool last_ones = json_is_string(start) && strcmp(json_string_value(start), "18446744073709551615") == 0;
    if (json_is_integer(start)) from = (uint64_t)json_integer_value(start);
    if (json_is_integer(most)) left = (uint64_t)json_integer_value(most);
    for (bool more = true; more;) {
        uint64_t page = left < PAGE ? left : PAGE;
        if (!last_ones) json_object_set_new(body, "from", json_integer((json_int_t)from));
        json_object_set_new(body, "count", json_integer((json_int_t)page));
        HM_TRY(ask_once(a, route, body, &reply));
        hm_err err = say_items(a, reply, route->answer, &count);
        json_decref(reply);
        HM_TRY(err);
        from += count;
        left -= count < left ? count : left;
        more = !last_ones && count == page && left;
    }
    return say(a, HM_MSG_DONE);
}

static hm_err ask(agent *a, const hm_message *question) {
    const hm_route *route = question->type == HM_MSG_TRUST_SIGN ? NULL : hm_route_of(question->type);
    for (const hm_route *r = hm_routes; !route && r->path; r++)
        if (r->question == question->type) route = r;
    if (!route && question->type == HM_MSG_LOG_AUDIT)
        return hm_refuse("the whole log is checked where the office's folder is; from elsewhere it is followed "
                         "(hallmark log monitor %s/log/ --state FILE --trust FILE)",
                         a->remote->url);
    if (!route) return hm_refuse("an office elsewhere is not asked for this: it is for who has the office's folder");
    json_t *body = members_of(a, route), *reply = NULL;
    size_t count;
    hm_err err = hm_wire_to_json(question, body);
    if (!hm_failed(err) && question->type == HM_MSG_LOG_LIST) {
        err = list_entries(a, route, body);
        json_decref(body);
        return err;
    }
    if (!hm_failed(err)) err = ask_once(a, route, body, &reply);
    if (question->type == HM_MSG_REQUEST_LIST) {
        json_decref(a->listed);
        a->listed = json_deep_copy(reply); /* what is said is taken out of it */
    }
    if (!hm_failed(err) && route->list) {
        err = say_items(a, reply, route->answer, &count);
        if (!hm_failed(err) && question->type == HM_MSG_LOG_SEARCH) err = say_json(a, reply, HM_MSG_LOG_SEARCHED, 0);
        if (!hm_failed(err)) err = say(a, HM_MSG_DONE);
    } else if (!hm_failed(err)) {
        err = say_json(a, reply, route->answer, 0);
    }
    json_decref(body);
    json_decref(reply);
    return err;
}

/* ---- signing ---- */

static hm_err say_item(agent *a, json_t *item, uint64_t tag) {
    const json_t *problem = json_object_get(item, "problem");
    if (problem) return say_fault(a, tag, raise_problem(&(hm_http_answer){.status = 0}, problem));
    return say_json(a, item, a->begun ? HM_MSG_NOTED : HM_MSG_SIGNED, tag);
}

static hm_err say_to_all(agent *a, const uint64_t *tags, size_t count, hm_err err) {
    hm_fault fault = hm_fault_keep(err);
    for (size_t i = 0; i < count; i++) HM_TRY(say_fault(a, tags[i], hm_fault_raise(&fault)));
    return HM_OK;
}

/* For this call and its repetitions. */
static hm_err make_key(agent *a) {
    uint8_t random[16];
    HM_BUF hex = HM_BUF_EMPTY;
    HM_TRY(hm_random(random, sizeof random));
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(random)));
    snprintf(a->key_header, sizeof a->key_header, "Idempotency-Key: %.*s", (int)hex.len, (const char *)hex.data);
    return HM_OK;
}

/* What DIFFERS from the request is on record with the office; whatever that answers, it does. */
static hm_err sign_batch(agent *a, json_t *items, const uint64_t *tags, const bool *differs, size_t count) {
    json_t *body = json_copy(a->narrow), *reply = NULL;
    json_object_set(body, "items", items);
    if (a->compares) put_request(a, body);
    if (!a->begun) HM_TRY(make_key(a));
    hm_err err = call(a, a->begun ? "/requests" : "/signatures", body, &reply);
    a->key_header[0] = 0;
    json_decref(body);
    if (hm_failed(err)) return say_to_all(a, tags, count, err);
    json_t *answers = json_object_get(reply, "items");
    if (json_array_size(answers) != count) {
        json_decref(reply);
        return say_to_all(
            a, tags, count,
            hm_could_not("the server's answer is about %zu items and not %zu", json_array_size(answers), count));
    }
    for (size_t i = 0; !hm_failed(err) && i < count; i++)
        err = differs[i] ? say_fault(a, tags[i], hm_comparison_differs())
                         : say_item(a, json_array_get(answers, i), tags[i]);
    json_decref(reply);
    return err;
}

static bool more_waits(int fd) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    return poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN);
}

static hm_err take_item(agent *a, const hm_message *question, json_t *items, uint64_t *tag) {
    json_t *item = json_object();
    *tag = question->field[HM_SIGN_TAG].number;
    HM_TRY(hm_wire_to_json(question, item));
    json_array_append_new(items, item);
    if (!a->signatures_left) return hm_refuse("this session has used up the signatures it was opened for");
    a->signatures_left--;
    return HM_OK;
}

/* The one that was received, and those that wait already. What is to be requested waits for the others. */
static hm_err sign(agent *a, hm_message *question, hm_buf *storage, bool *other, bool *closed) {
    uint64_t tags[BATCH];
    bool differs[BATCH];
    size_t count = 0;
    bool notes = a->begun && !a->compares;
    json_t *items = notes ? json_incref(a->noted) : json_array();
    hm_err err = HM_OK;
    *other = false;
    for (bool more = true; more && !hm_failed(err);) {
        err = take_item(a, question, items, &tags[count]);
        if (hm_failed(err)) {
            err = say_fault(a, tags[count], err);
            json_array_remove(items, json_array_size(items) - 1);
        } else if (notes) {
            hm_message message = {.type = HM_MSG_NOTED};
            message.field[HM_NOTED_TAG].number = tags[count];
            err = hm_wire_send(a->fd, &message);
        } else {
            differs[count] = a->compares && hm_failed(hm_comparison_sign(&a->comparison, question));
            count++;
        }
        more = !hm_failed(err) && count < BATCH && more_waits(a->fd);
        if (!more) break;
        err = hm_wire_receive(a->fd, storage, question, closed);
        *other = !hm_failed(err) && !*closed && question->type != HM_MSG_SIGN;
        more = !*other && !*closed;
    }
    if (!hm_failed(err) && count) err = sign_batch(a, items, tags, differs, count);
    json_decref(items);
    return err;
}

/* What the office does not take up is said with its name. */
static hm_err first_problem(const agent *a, const json_t *reply) {
    const json_t *answers = json_object_get(reply, "items");
    for (size_t i = 0; i < json_array_size(answers); i++) {
        const json_t *problem = json_object_get(json_array_get(answers, i), "problem");
        const char *name = json_string_value(json_object_get(json_array_get(a->noted, i), "name"));
        if (problem) return hm_in(raise_problem(&(hm_http_answer){.status = 0}, problem), "%s", name ? name : "?");
    }
    return HM_OK;
}

static hm_err close_request(agent *a) {
    if (a->compares || !a->begun) return hm_refuse("core language: there is nothing to request");
    json_t *body = json_copy(a->narrow), *reply = NULL;
    json_object_set(body, "items", a->noted);
    hm_err err = call(a, "/requests", body, &reply);
    json_decref(body);
    HM_TRY(err);
    err = first_problem(a, reply);
    json_object_del(reply, "items");
    if (!hm_failed(err))
        err = json_object_get(reply, "request") ? say_json(a, reply, HM_MSG_REQUEST_MADE, 0) : say(a, HM_MSG_DONE);
    json_decref(reply);
    return err;
}

/* ---- publishing: the files are named together ---- */

static hm_err publish_begin(agent *a, const hm_message *question) {
    hm_bytes request = question->field[HM_PUBLISH_BEGIN_REQUEST].bytes;
    if (a->narrowed || a->begun || a->publishes) return hm_refuse("core language: a session is for one thing");
    if (request.len) HM_TRY(hm_comparison_begin(&a->comparison, a->listed, request));
    a->narrow = json_object();
    a->noted = json_array();
    a->publishes = true;
    HM_TRY(hm_wire_to_json(question, a->narrow));
    if (!request.len) json_object_del(a->narrow, "request");
    return say(a, HM_MSG_DONE);
}

/* The first is told when the office has it on record. */
static void note_difference(agent *a, hm_err err) {
    if (a->difference.class == HM_DONE) a->difference = hm_fault_keep(err);
}

static hm_err publish_file(agent *a, const hm_message *question) {
    if (!a->publishes || a->was_named) return hm_refuse("core language: files are named after publish-begin");
    if (a->comparison.begun)
        note_difference(a, hm_in(hm_comparison_publish(&a->comparison, question), "%.*s",
                                 (int)question->field[HM_PUBLISH_FILE_NAME].bytes.len,
                                 (const char *)question->field[HM_PUBLISH_FILE_NAME].bytes.data));
    json_t *item = json_object();
    json_array_append_new(a->noted, item);
    HM_TRY(hm_wire_to_json(question, item));
    return say(a, HM_MSG_DONE);
}

static bool same_member(const json_t *a, const json_t *b, const char *name) {
    return json_object_get(a, name) && json_equal(json_object_get(a, name), json_object_get(b, name));
}

/* What is not to be published is not handed out, whatever the server wants. */
static hm_err check_wanted(const agent *a, const json_t *file) {
    for (size_t i = 0; i < json_array_size(a->noted); i++) {
        const json_t *named = json_array_get(a->noted, i);
        if (same_member(named, file, "operand") && same_member(named, file, "name")) return HM_OK;
    }
    return hm_refuse("the server wants a file that is not to be published");
}

static hm_err say_wanted(agent *a, const json_t *reply) {
    json_t *wanted_files = json_object_get(reply, "wanted");
    for (size_t i = 0; i < json_array_size(wanted_files); i++) HM_TRY(check_wanted(a, json_array_get(wanted_files, i)));
    for (size_t i = 0; i < json_array_size(wanted_files); i++)
        HM_TRY(say_json(a, json_array_get(wanted_files, i), HM_MSG_PUBLISH_WANTED, 0));
    return say(a, HM_MSG_DONE);
}

static hm_err publish_close(agent *a) {
    if (a->comparison.begun) note_difference(a, hm_comparison_end(&a->comparison));
    json_t *body = a->narrow ? json_copy(a->narrow) : json_object(), *reply = NULL;
    json_object_set(body, "items", a->noted);
    a->was_named = true;
    hm_err err = call(a, "/publications", body, &reply);
    json_decref(body);
    HM_TRY(err);
    err = first_problem(a, reply);
    json_object_del(reply, "items");
    if (!hm_failed(err)) err = hm_fault_raise(&a->difference);
    if (!hm_failed(err) && a->comparison.begun)
        err = say(a, HM_MSG_DONE);
    else if (!hm_failed(err))
        err = json_object_get(reply, "request") ? say_json(a, reply, HM_MSG_REQUEST_MADE, 0) : say_wanted(a, reply);
    json_decref(reply);
    return err;
}

/* Octets are no JSON, and never sent twice: the server takes them one behind the other. */
static hm_err send_octets(agent *a) {
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    char path[PATH_LEN];
    json_t *reply = NULL;
    if (!a->octets.len) return HM_OK;
    snprintf(path, sizeof path, "v1%s", hm_route_of(HM_MSG_PUBLISH_PUT)->path);
    hm_err err = hm_http_post_octets(a->http, path, hm_buf_bytes(&a->octets), &answer);
    a->octets.len = 0;
    if (!hm_failed(err)) err = take_reply(&answer, &reply);
    json_decref(reply);
    return err;
}

/* They are sent together; what is wrong with them is said later. */
static hm_err publish_put(agent *a, const hm_message *question) {
    hm_bytes octets = question->field[HM_PUBLISH_PUT_BYTES].bytes;
    if (a->octets.len + octets.len > HM_ROUTE_OCTETS_MAX) HM_TRY(send_octets(a));
    HM_TRY(hm_put(&a->octets, octets));
    return say(a, HM_MSG_DONE);
}

static hm_err publish_commit(agent *a, const hm_message *question) {
    HM_TRY(send_octets(a));
    return ask(a, question);
}

/* ---- the conversation ---- */

static hm_err answer(agent *a, const hm_message *question) {
    switch (question->type) {
    case HM_MSG_HELLO:
        return hello(a);
    case HM_MSG_NARROW:
    case HM_MSG_NARROW_LIST:
        return narrow(a, question);
    case HM_MSG_REQUEST_BEGIN:
        return begin(a, question);
    case HM_MSG_REQUEST_CLOSE:
        return close_request(a);
    case HM_MSG_PUBLISH_BEGIN:
        return publish_begin(a, question);
    case HM_MSG_PUBLISH_FILE:
        return publish_file(a, question);
    case HM_MSG_PUBLISH_CLOSE:
        return publish_close(a);
    case HM_MSG_PUBLISH_PUT:
        return publish_put(a, question);
    case HM_MSG_PUBLISH_COMMIT:
        return publish_commit(a, question);
    default:
        return ask(a, question);
    }
}

static hm_err converse(agent *a) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message question;
    for (bool closed = false, other = false;;) {
        if (!other) HM_TRY(hm_wire_receive(a->fd, &storage, &question, &closed));
        if (closed) return HM_OK;
        other = false;
        hm_err err = question.type == HM_MSG_HELLO ? HM_OK : check_allowed(a, question.type);
        if (!hm_failed(err) && question.type == HM_MSG_SIGN && a->narrowed && !a->for_list) {
            HM_TRY(sign(a, &question, &storage, &other, &closed));
            if (closed) return HM_OK;
            continue;
        }
        if (!hm_failed(err)) err = answer(a, &question);
        if (hm_failed(err)) HM_TRY(say_fault(a, 0, err));
    }
}

static hm_err run(agent *a) {
    hm_http_options options = {.ca_file = a->remote->ca_file,
                               .certificate_file = a->remote->certificate_file,
                               .key_file = a->remote->certificate_key_file,
                               .tls13 = true,
                               .answer_max = ANSWER_MAX,
                               .exporter_label = "EXPORTER-Channel-Binding"};
    HM_TRY(hm_crypto_begin());
    HM_TRY(hm_http_open(a->remote->url, &options, &a->http));
    return converse(a);
}

static _Noreturn void run_agent(int fd, const hm_remote *remote) {
    static agent a; /* too large for a stack */
    a.remote = remote;
    a.fd = fd;
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NAME, "hallmark-remote");
    hm_err err = run(&a);
    if (hm_failed(err))
        (void)!hm_failed(say_fault(&a, 0, err));
    else
        (void)!hm_failed(say(&a, HM_MSG_CLOSING));
    hm_http_close(&a.http);
    _exit(hm_failed(err) ? 1 : 0);
}

hm_err hm_connect_remote(const hm_remote *remote, hm_connection *connection) {
    int pair[2];
    *connection = HM_CONNECTION_NONE;
    if (!remote->key == !remote->token)
        return hm_misuse(
            "who asks? (give --as FILE, a principal's own key; a pipeline has its token in HALLMARK_ID_TOKEN)");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return hm_could_not("no socket for the office: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        run_agent(pair[1], remote);
    }
    close(pair[1]);
    if (pid < 0) return close(pair[0]), hm_could_not("no process for the office: %s", strerror(errno));
    connection->fd = pair[0];
    connection->core = pid;
    return hm_connection_begin(connection);
}
