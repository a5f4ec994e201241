#include "call.h"

#include <client/wire_json.h>
#include <crypto/digest.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OCTETS_PIECE = 512 * 1024 };

void hm_call_free(hm_call *c) {
    for (size_t i = 0; i < HM_STAGES; i++) hm_buf_clear(&c->frames[i]);
    json_decref(c->items);
    json_decref(c->wanted_files);
    json_decref(c->answer);
    free(c);
}

void hm_call_fail(hm_call *c, hm_problem problem, const char *why) {
    if (c->failed) return;
    c->failed = true;
    c->failed_at = c->stage;
    c->problem = problem;
    snprintf(c->why, sizeof c->why, "%s", why);
}

hm_call *hm_call_new(hm_exchange *x, const hm_route *route, hm_message_type wanted) {
    hm_call *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->x = x;
    c->route = route;
    c->wanted = wanted;
    if (route && (route->items || route->list)) c->items = json_array();
    return c;
}

hm_err hm_call_ask(hm_call *c, hm_stage in, const hm_message *question) {
    c->asked[in]++;
    return hm_wire_put(question, &c->frames[in]);
}

/* ---- answers ---- */

/* What one question is answered by is known. */
bool hm_call_expects(const hm_call *c, hm_message_type type) {
    bool one = c->stage == HM_MAIN && !(c->route && (c->route->items || c->route->list));
    return !one || type == c->wanted || type == HM_MSG_PUBLISH_WANTED || type == HM_MSG_FAULT;
}

static void keep_answer(hm_call *c, const hm_message *message) {
    json_t *object = json_object();
    if (hm_failed(hm_wire_to_json(message, object))) hm_call_fail(c, HM_PROBLEM_UNAVAILABLE, hm_err_sentence());
    if (message->type == HM_MSG_PUBLISH_WANTED) {
        if (!c->wanted_files) c->wanted_files = json_array();
        json_array_append_new(c->wanted_files, object);
        return;
    }
    if (message->type == HM_MSG_LOG_SEARCHED)
        json_decref(c->answer), c->answer = object;
    else if (c->route && (c->route->items || c->route->list) && c->stage == HM_MAIN)
        json_array_append_new(c->items, object);
    else if (c->stage == HM_MAIN || (message->type != HM_MSG_DONE && c->stage == HM_LAST))
        json_decref(c->answer), c->answer = object;
    else
        json_decref(object);
}

static void keep_fault(hm_call *c, const hm_message *message) {
    hm_bytes sentence = message->field[HM_FAULT_SENTENCE].bytes;
    char why[HM_SENTENCE_MAX];
    snprintf(why, sizeof why, "%.*s", (int)sentence.len, (const char *)sentence.data);
    hm_class class = (hm_class)message->field[HM_FAULT_CLASS].number;
    hm_problem problem = hm_problem_of(class);
    bool of_key = c->repeatable && c->stage == HM_PRELUDE && c->answered + 1 == c->repeatable;
    if (of_key && class == HM_MISUSED) problem = HM_PROBLEM_KEY_USED;
    if (!c->route && c->wanted == HM_MSG_KNOWN && class == HM_REFUSED) problem = HM_PROBLEM_UNAUTHENTICATED;
    bool of_item = c->route && c->route->items && c->stage == HM_MAIN;
    if (of_item) {
        json_t *item = json_object();
        json_object_set_new(item, "problem", hm_problem_json(problem, why));
        json_array_append_new(c->items, item);
    }
    /* Of several to sign each has its own answer; of a request all or none. */
    if (!of_item || c->asked[HM_LAST] || c->asked[HM_MAIN] == 1) hm_call_fail(c, problem, why);
}

bool hm_call_take(hm_call *c, const hm_message *message) {
    bool fault = message->type == HM_MSG_FAULT, list = c->route && c->route->list && c->stage == HM_MAIN;
    /* What comes before it and the question itself go out together: the core refuses the one if it refused the other.
     */
    bool moot = c->failed && c->failed_at == HM_PRELUDE && c->stage == HM_MAIN;
    if (fault && !moot)
        keep_fault(c, message);
    else if (!moot && (!list || message->type != HM_MSG_DONE))
        keep_answer(c, message);
    bool more = list || message->type == HM_MSG_PUBLISH_WANTED;
    if (more && !fault && message->type != HM_MSG_DONE) return false;
    return ++c->answered >= c->asked[c->stage];
}

bool hm_call_next_stage(hm_call *c, bool *sent) {
    c->answered = 0;
    do c->stage++;
    while (c->stage < HM_STAGES && !c->asked[c->stage]);
    *sent = c->together && c->stage == HM_MAIN;
    return c->stage < HM_STAGES && (!c->failed || *sent);
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

hm_err hm_call_build_proof(hm_call *c, json_t *body, const char *how) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message question;
    uint8_t binding[32];
    if (strcmp(how, "key") == 0) {
        /* The front's word, not the client's. */
        HM_TRY(binding_of(c->x, binding));
        json_object_set_new(body, "binding",
                            json_string("0000000000000000000000000000000000000000000000000000000000000000"));
        HM_TRY(hm_wire_from_json(body, HM_MSG_PROVE_KEY, &question, &storage));
        question.field[HM_PROVE_KEY_BINDING].bytes = HM_ARRAY(binding);
    } else {
        HM_TRY(hm_wire_from_json(body, HM_MSG_PROVE_TOKEN, &question, &storage));
    }
    return hm_call_ask(c, HM_MAIN, &question);
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

static hm_err ask_from(hm_call *c, hm_stage in, json_t *object, hm_message_type type, size_t i) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message question;
    HM_TRY(hm_wire_from_json(object, type, &question, &storage));
    number_it(&question, i);
    return hm_call_ask(c, in, &question);
}

static hm_err build_items(hm_call *c, const json_t *items) {
    size_t count = json_array_size(items);
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_array_get(items, i);
        HM_TRY(hm_in(ask_from(c, HM_MAIN, item, c->route->question, i), "items[%zu]", i));
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

/* Of all members, in whatever order they stand. */
static hm_err digest_call(const json_t *body, const json_t *items, uint8_t digest[static HM_SHA256_LEN]) {
    HM_BUF text = HM_BUF_EMPTY;
    const json_t *const parts[] = {body, items};
    for (size_t i = 0; i < 2; i++) {
        char *part = json_dumps(parts[i], JSON_COMPACT | JSON_SORT_KEYS);
        hm_err err = part ? hm_put_text(&text, part) : hm_no_memory();
        free(part);
        HM_TRY(err);
    }
    hm_sha256(hm_buf_bytes(&text), digest);
    return HM_OK;
}

/* Idempotency-Key: what is signed under it is signed once, however often it is asked for. */
static hm_err ask_repeatable(hm_call *c, const json_t *body, const json_t *items) {
    const char *key = evhttp_find_header(evhttp_request_get_input_headers(c->x->request), "Idempotency-Key");
    hm_message question = {.type = HM_MSG_REPEATABLE};
    uint8_t digest[HM_SHA256_LEN];
    if (!key) return HM_OK;
    if (!key[0] || strlen(key) > 64) return hm_misuse("Idempotency-Key: has 1 to 64 characters");
    HM_TRY(digest_call(body, items, digest));
    question.field[HM_REPEATABLE_KEY].bytes = hm_text(key);
    question.field[HM_REPEATABLE_CALL].bytes = HM_ARRAY(digest);
    c->repeatable = c->asked[HM_PRELUDE] + 1;
    return hm_call_ask(c, HM_PRELUDE, &question);
}

/* The core takes a session without a product, to ask for proofs in: nothing that is asked of it this way. */
static hm_err check_narrow(const json_t *body) {
    for (const char *const *name = hm_route_narrow_needs; *name; name++)
        if (!json_object_get(body, *name)) return hm_misuse("\"%s\": is missing", *name);
    const json_t *product = json_object_get(body, "product");
    return json_is_string(product) && !json_string_length(product) ? hm_misuse("\"product\": names none") : HM_OK;
}

hm_err hm_call_build_octets(hm_call *c, hm_bytes octets) {
    const char *type = evhttp_find_header(evhttp_request_get_input_headers(c->x->request), "Content-Type");
    hm_message question = {.type = c->route->question};
    if (!type || strcmp(type, "application/octet-stream") != 0)
        return hm_misuse("the body is octets (Content-Type: application/octet-stream)");
    if (!octets.len) return hm_misuse("the body is empty");
    while (octets.len) {
        size_t len = octets.len < OCTETS_PIECE ? octets.len : OCTETS_PIECE;
        question.field[0].bytes = HM_BYTES(octets.data, len);
        HM_TRY(hm_call_ask(c, HM_MAIN, &question));
        HM_TRY(hm_bytes_part(octets, len, octets.len - len, &octets));
    }
    return HM_OK;
}

hm_err hm_call_build(hm_call *c, json_t *body, bool narrowed) {
    const hm_route *route = c->route;
    json_t *items = route->items ? json_incref(json_object_get(body, "items")) : NULL;
    size_t count = json_array_size(items);
    if (route->items) json_object_del(body, "items");
    if (route->items && (!count || count > route->items))
        return json_decref(items), hm_misuse("\"items\": is an array of 1 to %zu", route->items);
    /* Their number is what is there; nobody is granted more. */
    if (route->narrow) json_object_set_new(body, "signatures", json_integer((json_int_t)count));
    add_defaults(route, body);
    hm_err err = route->narrow ? check_narrow(body) : HM_OK;
    if (!hm_failed(err) && narrowed && !route->goes_on)
        err = hm_call_ask(c, HM_PRELUDE, &(hm_message){.type = HM_MSG_WIDEN});
    const json_t *request = json_object_get(body, "request");
    if (request && json_is_string(request) && !json_string_length(request))
        return json_decref(items), hm_misuse("\"request\": names none");
    c->compares = route->before == HM_MSG_REQUEST_BEGIN && request;
    bool begins = route->before && (!route->if_named || request);
    if (!hm_failed(err) && begins) err = ask_from(c, HM_PRELUDE, body, route->before, 0);
    if (!hm_failed(err) && route->question == HM_MSG_SIGN && !begins) err = ask_repeatable(c, body, items);
    if (!hm_failed(err) && route->narrow) err = ask_from(c, HM_PRELUDE, body, HM_MSG_NARROW, 0);
    if (!hm_failed(err) && route->items) err = build_items(c, items);
    if (!hm_failed(err) && !route->items) err = ask_from(c, HM_MAIN, body, route->question, 0);
    if (!hm_failed(err) && route->last && !c->compares)
        err = hm_call_ask(c, HM_LAST, &(hm_message){.type = route->last});
    json_decref(items);
    return hm_failed(err) ? err : check_rest(body);
}
