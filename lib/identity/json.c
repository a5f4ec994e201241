#include "json.h"

#include <base/readable.h>

/* The library quotes what it does not understand. */
static hm_err no_json(const json_error_t *error) {
    HM_BUF shown = HM_BUF_EMPTY;
    if (json_error_code(error) == json_error_out_of_memory) return hm_no_memory();
    HM_TRY(hm_put_readable(&shown, hm_text(error->text)));
    return hm_refuse("is no JSON: %.*s", (int)shown.len, (const char *)shown.data);
}

hm_err hm_json_load(hm_bytes text, json_t **root) {
    json_error_t error;
    *root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!*root) return no_json(&error);
    if (json_is_object(*root)) return HM_OK;
    hm_json_release(root);
    return hm_refuse("is no JSON object");
}

void hm_json_release(json_t **root) {
    json_decref(*root);
    *root = NULL;
}

hm_err hm_json_get_text(const json_t *object, const char *name, hm_bytes *text, bool *there) {
    json_t *value = json_object_get(object, name);
    *there = value;
    *text = HM_NO_BYTES;
    if (!value) return HM_OK;
    if (!json_is_string(value)) return hm_refuse("\"%s\" is no text", name);
    *text = HM_BYTES(json_string_value(value), json_string_length(value));
    return HM_OK;
}

hm_err hm_json_get_time(const json_t *object, const char *name, int64_t *time, bool *there) {
    static const int64_t end = INT64_C(253402300799);
    json_t *value = json_object_get(object, name);
    *there = value;
    *time = 0;
    if (!value) return HM_OK;
    if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > end)
        return hm_refuse("\"%s\" is no time in whole seconds", name);
    *time = json_integer_value(value);
    return HM_OK;
}
