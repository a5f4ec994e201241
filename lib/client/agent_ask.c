/* An agent's questions that are one call. */
#include "agent.h"

#include <client/routes.h>
#include <client/wire_json.h>

#include <stdio.h>
#include <string.h>

enum { PAGE = 500 };

static json_t *members_of(const hm_agent *a, const hm_route *route) {
    json_t *body = json_object();
    bool takes_narrow = route->narrow || (route->before == HM_MSG_NARROW_LIST);
    if (takes_narrow) json_object_update(body, a->narrow);
    if (route->if_named && a->compares) hm_agent_put_request(a, body);
    return body;
}

static hm_err say_items(hm_agent *a, json_t *reply, hm_message_type type, size_t *count) {
    json_t *items = json_object_get(reply, "items");
    *count = json_array_size(items);
    for (size_t i = 0; i < *count; i++) HM_TRY(hm_agent_say_json(a, json_array_get(items, i), type, 0));
    return HM_OK;
}

/* Behind the path, every byte of a value as %XX. */
static void add_query(const json_t *body, char path[static HM_AGENT_PATH_LEN]) {
    const char *key;
    json_t *value;
    size_t len = strlen(path);
    char separator = '?';
    json_object_foreach((json_t *)(uintptr_t)body, key, value) {
        char text[256] = "";
        if (json_is_boolean(value)) snprintf(text, sizeof text, "%d", json_is_true(value));
        if (json_is_integer(value)) snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        if (json_is_string(value)) snprintf(text, sizeof text, "%s", json_string_value(value));
        if (len + strlen(key) + 3 * strlen(text) + 3 > HM_AGENT_PATH_LEN) return;
        len += (size_t)snprintf(path + len, HM_AGENT_PATH_LEN - len, "%c%s=", separator, key);
        for (const unsigned char *at = (const unsigned char *)text; *at; at++)
            len += (size_t)snprintf(path + len, HM_AGENT_PATH_LEN - len, "%%%02x", *at);
        separator = '&';
    }
}

static hm_err ask_once(hm_agent *a, const hm_route *route, json_t *body, json_t **reply) {
    char path[HM_AGENT_PATH_LEN];
    snprintf(path, sizeof path, "%s", route->path);
    if (strcmp(route->method, "POST") == 0) return hm_agent_call(a, path, body, reply);
    add_query(body, path);
    return hm_agent_call(a, path, NULL, reply);
}

/* Entries come in pages. */
static hm_err list_entries(hm_agent *a, const hm_route *route, json_t *body) {
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
    return hm_agent_say(a, HM_MSG_DONE);
}

hm_err hm_agent_ask(hm_agent *a, const hm_message *question) {
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
        if (!hm_failed(err) && question->type == HM_MSG_LOG_SEARCH)
            err = hm_agent_say_json(a, reply, HM_MSG_LOG_SEARCHED, 0);
        if (!hm_failed(err)) err = hm_agent_say(a, HM_MSG_DONE);
    } else if (!hm_failed(err)) {
        err = hm_agent_say_json(a, reply, route->answer, 0);
    }
    json_decref(body);
    json_decref(reply);
    return err;
}
