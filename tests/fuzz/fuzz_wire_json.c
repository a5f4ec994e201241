/* layers: base core client_json */
/* Any JSON as the messages of every route, and any message as JSON: what is taken from JSON is written as JSON that
 * says the same, and no more is taken than the core's language allows. */
#include <client/routes.h>
#include <client/wire_json.h>

#include <stdlib.h>
#include <string.h>

static void must(bool holds) {
    if (!holds) abort();
}

static void expect_the_same(const hm_message *message, const hm_buf *frame) {
    HM_BUF storage = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    hm_message other;
    json_t *object = json_object();
    must(!hm_failed(hm_wire_to_json(message, object)));
    must(!hm_failed(hm_wire_from_json(object, message->type, &other, &storage)));
    must(json_object_size(object) == 0);
    must(!hm_failed(hm_wire_put(&other, &again)));
    must(hm_bytes_equal(hm_buf_bytes(frame), hm_buf_bytes(&again)));
    json_decref(object);
}

static void read_as(const json_t *json, hm_message_type type) {
    HM_BUF storage = HM_BUF_EMPTY, frame = HM_BUF_EMPTY;
    hm_message message;
    json_t *object = json_deep_copy(json);
    size_t members = json_object_size(object);
    if (!hm_failed(hm_wire_from_json(object, type, &message, &storage))) {
        must(json_object_size(object) <= members);
        /* Text may hold what the language does not let through. */
        if (!hm_failed(hm_wire_put(&message, &frame))) expect_the_same(&message, &frame);
    }
    json_decref(object);
}

static void read_json(const uint8_t *data, size_t size) {
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    for (const hm_wire_rule *rule = hm_wire_rules; json && rule->name; rule++) read_as(json, rule->type);
    for (const hm_route *route = hm_routes; json && route->path; route++) {
        const json_t *items = route->items ? json_object_get(json, "items") : NULL;
        for (size_t i = 0; i < json_array_size(items); i++) read_as(json_array_get(items, i), route->question);
    }
    json_decref(json);
}

/* What a core says, whatever it is, is JSON that can be read. */
static void write_json(const uint8_t *data, size_t size) {
    hm_message message;
    json_t *object = json_object();
    if (size <= HM_WIRE_FRAME_MAX && !hm_failed(hm_wire_get(HM_BYTES(data, size), &message))) {
        must(!hm_failed(hm_wire_to_json(&message, object)));
        HM_BUF text = HM_BUF_EMPTY;
        hm_json json = hm_json_plain(&text);
        hm_wire_json_put(object, NULL, &json);
        must(!hm_failed(hm_json_end(&json)));
        json_t *again = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
        must(json_equal(object, again));
        json_decref(again);
    }
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_json(data, size);
    write_json(data, size);
    return 0;
}
