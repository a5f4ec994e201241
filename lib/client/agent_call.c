/* What an agent asks of a server over HTTPS, and how it says the answers in the core's language. */
#include "agent.h"

#include <client/http.h>
#include <client/wire_json.h>

#include <base/io.h>
#include <base/readable.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 4, WAIT_MOST = 30 };

hm_err hm_agent_raise_problem(const hm_http_answer *answer, const json_t *body) {
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
    /* It is no verdict on who asks. */
    if (code && strcmp(code, "no-session") == 0)
        return hm_could_not("the office's server has ended the session (it was started anew, or had waited for long)");
    if (code && strcmp(code, "malformed") == 0) return hm_misuse("%s", sentence);
    if (code && strcmp(code, "denied") == 0) return hm_raise_again(HM_DENIED, sentence);
    return hm_could_not("the office's server answers %u: %s", answer->status, sentence);
}

/* What only asks may be asked again, and what has a key is done once, even if the answer was lost on the way. */
static bool may_be_lost(const hm_agent *a, const char *path, const json_t *body) {
    static const char log[] = "v1/log/";
    return !body || a->key_header[0] || strcmp(path, "v1/preparations") == 0 || strncmp(path, log, sizeof log - 1) == 0;
}

/* One request, GET without BODY. A server that has too much to do is asked again after the time that it says. */
static hm_err exchange(hm_agent *a, const char *path, const json_t *body, hm_http_answer *answer) {
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
        bool lost = hm_failed(err) && err.class == HM_COULD_NOT && may_be_lost(a, path, body);
        if (!busy && !lost) break;
        if (i + 1 == TRIES) break;
        sleep(lost ? 1 : answer->retry_after < WAIT_MOST ? answer->retry_after : WAIT_MOST);
    }
    free(text);
    return err;
}

hm_err hm_agent_take_reply(const hm_http_answer *answer, json_t **reply) {
    json_t *object = json_loadb((const char *)answer->body.data, answer->body.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object) && (answer->status == 200 || json_is_array(json_object_get(object, "items"))))
        return *reply = object, HM_OK;
    hm_err err =
        object ? hm_agent_raise_problem(answer, object)
               : hm_could_not("the office's server answers %u, and nothing that can be understood", answer->status);
    json_decref(object);
    return err;
}

hm_err hm_agent_call(hm_agent *a, const char *path, const json_t *body, json_t **reply) {
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    char whole[HM_AGENT_PATH_LEN + 8];
    *reply = NULL;
    snprintf(whole, sizeof whole, "v1%s", path);
    uint64_t before = a->connection;
    HM_TRY(exchange(a, whole, body, &answer));
    a->connection = answer.connection;
    /* A session that is just being opened ends with its connection, which the proof of a key is bound to. */
    if (answer.status == 401 && !a->is_known && before && answer.connection != before)
        return hm_could_not("the office's server was started anew while a session was opened");
    /* The server was started anew, or the session was idle for long: who has a key says again who he is. */
    if (answer.status == 401 && a->is_known && a->remote->key && !a->publishes) {
        HM_TRY(hm_agent_know_again(a));
        HM_TRY(exchange(a, whole, body, &answer));
    }
    return hm_agent_take_reply(&answer, reply);
}

hm_err hm_agent_first_problem(const hm_agent *a, const json_t *reply) {
    const json_t *answers = json_object_get(reply, "items");
    for (size_t i = 0; i < json_array_size(answers); i++) {
        const json_t *problem = json_object_get(json_array_get(answers, i), "problem");
        const char *name = json_string_value(json_object_get(json_array_get(a->noted, i), "name"));
        if (problem)
            return hm_in(hm_agent_raise_problem(&(hm_http_answer){.status = 0}, problem), "%s", name ? name : "?");
    }
    return HM_OK;
}

void hm_agent_put_request(const hm_agent *a, json_t *body) {
    json_object_set_new(body, "request", json_stringn((const char *)a->request.data, a->request.len));
}

/* ---- answers in the core's language ---- */

hm_err hm_agent_read_reply(json_t *object, hm_message_type type, hm_message *message, hm_buf *storage) {
    hm_err err = hm_wire_from_json(object, type, message, storage);
    if (!hm_failed(err)) return HM_OK;
    hm_fault fault = hm_fault_keep(err);
    /* Whoever asked has made no mistake. */
    return err.class == HM_MISUSED ? hm_could_not("the server's answer: %s", fault.sentence)
                                   : hm_in(hm_fault_raise(&fault), "the server's answer");
}

hm_err hm_agent_say_json(hm_agent *a, json_t *object, hm_message_type type, uint64_t tag) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message message;
    HM_TRY(hm_agent_read_reply(object, type, &message, &storage));
    if (type == HM_MSG_SIGNED || type == HM_MSG_NOTED) message.field[0].number = tag;
    return hm_wire_send(a->fd, &message);
}

hm_err hm_agent_say(hm_agent *a, hm_message_type type) { return hm_wire_send(a->fd, &(hm_message){.type = type}); }

hm_err hm_agent_say_fault(hm_agent *a, uint64_t tag, hm_err err) {
    hm_message message = {.type = HM_MSG_FAULT};
    message.field[HM_FAULT_TAG].number = tag;
    message.field[HM_FAULT_CLASS].number = err.class;
    message.field[HM_FAULT_SENTENCE].bytes = hm_text(hm_err_sentence());
    return hm_wire_send(a->fd, &message);
}
