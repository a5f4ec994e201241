/* What an agent's session is to have signed, or requests: many files to a call. */
#include "agent.h"

#include <client/wire_json.h>

#include <base/secret.h>

#include <poll.h>
#include <stdio.h>

enum { BATCH = 64 };

static hm_err say_item(hm_agent *a, json_t *item, uint64_t tag) {
    const json_t *problem = json_object_get(item, "problem");
    if (problem) return hm_agent_say_fault(a, tag, hm_agent_raise_problem(&(hm_http_answer){.status = 0}, problem));
    return hm_agent_say_json(a, item, a->begun ? HM_MSG_NOTED : HM_MSG_SIGNED, tag);
}

static hm_err say_to_all(hm_agent *a, const uint64_t *tags, size_t count, hm_err err) {
    hm_fault fault = hm_fault_keep(err);
    for (size_t i = 0; i < count; i++) HM_TRY(hm_agent_say_fault(a, tags[i], hm_fault_raise(&fault)));
    return HM_OK;
}

/* For this call and its repetitions. */
static hm_err make_key(hm_agent *a) {
    uint8_t random[16];
    HM_BUF hex = HM_BUF_EMPTY;
    HM_TRY(hm_random(random, sizeof random));
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(random)));
    snprintf(a->key_header, sizeof a->key_header, "Idempotency-Key: %.*s", (int)hex.len, (const char *)hex.data);
    return HM_OK;
}

/* What DIFFERS from the request is on record with the office; whatever that answers, it does. */
static hm_err sign_batch(hm_agent *a, json_t *items, const uint64_t *tags, const bool *differs, size_t count) {
    json_t *body = json_copy(a->narrow), *reply = NULL;
    json_object_set(body, "items", items);
    if (a->compares) hm_agent_put_request(a, body);
    if (!a->begun) HM_TRY(make_key(a));
    hm_err err = hm_agent_call(a, a->begun ? "/requests" : "/signatures", body, &reply);
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
        err = differs[i] ? hm_agent_say_fault(a, tags[i], hm_comparison_differs())
                         : say_item(a, json_array_get(answers, i), tags[i]);
    json_decref(reply);
    return err;
}

static bool more_waits(int fd) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    return poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN);
}

static hm_err take_item(hm_agent *a, const hm_message *question, json_t *items, uint64_t *tag) {
    json_t *item = json_object();
    *tag = question->field[HM_SIGN_TAG].number;
    HM_TRY(hm_wire_to_json(question, item));
    json_array_append_new(items, item);
    if (!a->signatures_left) return hm_refuse("this session has used up the signatures it was opened for");
    a->signatures_left--;
    return HM_OK;
}

hm_err hm_agent_sign(hm_agent *a, hm_message *question, hm_buf *storage, bool *other, bool *closed) {
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
            err = hm_agent_say_fault(a, tags[count], err);
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

hm_err hm_agent_close_request(hm_agent *a) {
    if (a->compares || !a->begun) return hm_refuse("core language: there is nothing to request");
    json_t *body = json_copy(a->narrow), *reply = NULL;
    json_object_set(body, "items", a->noted);
    hm_err err = hm_agent_call(a, "/requests", body, &reply);
    json_decref(body);
    HM_TRY(err);
    err = hm_agent_first_problem(a, reply);
    json_object_del(reply, "items");
    if (!hm_failed(err))
        err = json_object_get(reply, "request") ? hm_agent_say_json(a, reply, HM_MSG_REQUEST_MADE, 0)
                                                : hm_agent_say(a, HM_MSG_DONE);
    json_decref(reply);
    return err;
}
