/* What an agent's session publishes: the files are named together, and then their octets sent. */
#include "agent.h"

#include <client/http.h>
#include <client/routes.h>
#include <client/wire_json.h>

#include <stdio.h>

hm_err hm_agent_publish_begin(hm_agent *a, const hm_message *question) {
    hm_bytes request = question->field[HM_PUBLISH_BEGIN_REQUEST].bytes;
    if (a->narrowed || a->begun || a->publishes) return hm_refuse("core language: a session is for one thing");
    if (request.len) HM_TRY(hm_comparison_begin(&a->comparison, a->listed, request));
    a->narrow = json_object();
    a->noted = json_array();
    a->publishes = true;
    HM_TRY(hm_wire_to_json(question, a->narrow));
    if (!request.len) json_object_del(a->narrow, "request");
    return hm_agent_say(a, HM_MSG_DONE);
}

/* The first is told when the office has it on record. */
static void note_difference(hm_agent *a, hm_err err) {
    if (a->difference.class == HM_DONE) a->difference = hm_fault_keep(err);
}

hm_err hm_agent_publish_file(hm_agent *a, const hm_message *question) {
    if (!a->publishes || a->was_named) return hm_refuse("core language: files are named after publish-begin");
    if (a->comparison.begun)
        note_difference(a, hm_in(hm_comparison_publish(&a->comparison, question), "%.*s",
                                 (int)question->field[HM_PUBLISH_FILE_NAME].bytes.len,
                                 (const char *)question->field[HM_PUBLISH_FILE_NAME].bytes.data));
    json_t *item = json_object();
    json_array_append_new(a->noted, item);
    HM_TRY(hm_wire_to_json(question, item));
    return hm_agent_say(a, HM_MSG_DONE);
}

static bool same_member(const json_t *a, const json_t *b, const char *name) {
    return json_object_get(a, name) && json_equal(json_object_get(a, name), json_object_get(b, name));
}

/* What is not to be published is not handed out, whatever the server wants. */
static hm_err check_wanted(const hm_agent *a, const json_t *file) {
    for (size_t i = 0; i < json_array_size(a->noted); i++) {
        const json_t *named = json_array_get(a->noted, i);
        if (same_member(named, file, "operand") && same_member(named, file, "name")) return HM_OK;
    }
    return hm_refuse("the server wants a file that is not to be published");
}

static hm_err say_wanted(hm_agent *a, const json_t *reply) {
    json_t *wanted_files = json_object_get(reply, "wanted");
    for (size_t i = 0; i < json_array_size(wanted_files); i++) HM_TRY(check_wanted(a, json_array_get(wanted_files, i)));
    for (size_t i = 0; i < json_array_size(wanted_files); i++)
        HM_TRY(hm_agent_say_json(a, json_array_get(wanted_files, i), HM_MSG_PUBLISH_WANTED, 0));
    return hm_agent_say(a, HM_MSG_DONE);
}

hm_err hm_agent_publish_close(hm_agent *a) {
    if (a->comparison.begun) note_difference(a, hm_comparison_end(&a->comparison));
    json_t *body = a->narrow ? json_copy(a->narrow) : json_object(), *reply = NULL;
    json_object_set(body, "items", a->noted);
    a->was_named = true;
    hm_err err = hm_agent_call(a, "/publications", body, &reply);
    json_decref(body);
    HM_TRY(err);
    err = hm_agent_first_problem(a, reply);
    json_object_del(reply, "items");
    if (!hm_failed(err)) err = hm_fault_raise(&a->difference);
    if (!hm_failed(err) && a->comparison.begun)
        err = hm_agent_say(a, HM_MSG_DONE);
    else if (!hm_failed(err))
        err = json_object_get(reply, "request") ? hm_agent_say_json(a, reply, HM_MSG_REQUEST_MADE, 0)
                                                : say_wanted(a, reply);
    json_decref(reply);
    return err;
}

/* Octets are no JSON, and never sent twice: the server takes them one behind the other. */
static hm_err send_octets(hm_agent *a) {
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    char path[HM_AGENT_PATH_LEN];
    json_t *reply = NULL;
    if (!a->octets.len) return HM_OK;
    snprintf(path, sizeof path, "v1%s", hm_route_of(HM_MSG_PUBLISH_PUT)->path);
    hm_err err = hm_http_post_octets(a->http, path, hm_buf_bytes(&a->octets), &answer);
    a->octets.len = 0;
    if (!hm_failed(err)) err = hm_agent_take_reply(&answer, &reply);
    json_decref(reply);
    return err;
}

/* They are sent together; what is wrong with them is said later. */
hm_err hm_agent_publish_put(hm_agent *a, const hm_message *question) {
    hm_bytes octets = question->field[HM_PUBLISH_PUT_BYTES].bytes;
    if (a->octets.len + octets.len > HM_ROUTE_OCTETS_MAX) HM_TRY(send_octets(a));
    HM_TRY(hm_put(&a->octets, octets));
    return hm_agent_say(a, HM_MSG_DONE);
}

hm_err hm_agent_publish_commit(hm_agent *a, const hm_message *question) {
    HM_TRY(send_octets(a));
    return hm_agent_ask(a, question);
}
