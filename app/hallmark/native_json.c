#include "native_json.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

struct hm_description {
    json_t *root;
};

void hm_description_free(hm_description **description) {
    if (!*description) return;
    json_decref((*description)->root);
    free(*description);
    *description = NULL;
}

/* A member that an object may have, and where its value goes; the table ends with one without a name. */
typedef enum { TEXT, NUMBER, LIST, OBJECT } member_kind;
typedef struct {
    const char *name;
    member_kind kind;
    bool needed;
    void *to; /* hm_bytes, uint64_t, or json_t * */
} member;

static hm_err take(const member *m, json_t *value) {
    static const char *const wanted[] = {"a text", "a number from 0", "a list", "an object"};
    bool fits = m->kind == TEXT     ? json_is_string(value)
                : m->kind == NUMBER ? json_is_integer(value) && json_integer_value(value) >= 0
                : m->kind == LIST   ? json_is_array(value)
                                    : json_is_object(value);
    if (!fits) return hm_refuse("%s must be %s", m->name, wanted[m->kind]);
    if (m->kind == TEXT) *(hm_bytes *)m->to = HM_BYTES(json_string_value(value), json_string_length(value));
    if (m->kind == NUMBER) *(uint64_t *)m->to = (uint64_t)json_integer_value(value);
    if (m->kind == LIST || m->kind == OBJECT) *(json_t **)m->to = value;
    return HM_OK;
}

static hm_err take_members(json_t *object, const member *members) {
    const char *name;
    json_t *value;
    if (!json_is_object(object)) return hm_refuse("is no object");
    json_object_foreach(object, name, value) {
        const member *m = members;
        while (m->name && strcmp(m->name, name) != 0) m++;
        if (!m->name) return hm_refuse("there is no member \"%s\"", name);
        HM_TRY(take(m, value));
    }
    for (const member *m = members; m->name; m++)
        if (m->needed && !json_object_get(object, m->name)) return hm_refuse("%s is missing", m->name);
    return HM_OK;
}

static hm_err read_component(json_t *json, hm_bytes release, hm_manifest_component *component) {
    hm_bytes kind = hm_text("firmware");
    *component = (hm_manifest_component){.version = release};
    const member members[] = {
        {"id", TEXT, true, &component->id},
        {"file", TEXT, true, &component->file},
        {"kind", TEXT, false, &kind},
        {"version", TEXT, false, &component->version},
        {"security-version", NUMBER, false, &component->security_version},
        {"to", TEXT, false, &component->destination},
        {NULL, TEXT, false, NULL},
    };
    HM_TRY(take_members(json, members));
    return hm_component_kind_by_name(kind, &component->kind);
}

static int hex_digit(uint8_t c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* RFC 9562 section 4, small letters. */
static hm_err read_uuid(hm_bytes text, uint8_t uuid[static HM_UUID_LEN]) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t nibbles = 0;
    bool good = text.len == sizeof form - 1;
    for (size_t i = 0; good && i < text.len; i++) {
        int digit = hex_digit(text.data[i]);
        good = form[i] == '-' ? text.data[i] == '-' : digit >= 0;
        if (!good || form[i] == '-') continue;
        uuid[nibbles / 2] = (uint8_t)(nibbles % 2 ? uuid[nibbles / 2] | digit : digit << 4);
        nibbles++;
    }
    return good ? HM_OK : hm_refuse("publisher is no UUID (00000000-0000-0000-0000-000000000000, small letters)");
}

static hm_err read_dependency(json_t *json, hm_manifest_dependency *dependency) {
    hm_bytes publisher = HM_NO_BYTES;
    const member members[] = {
        {"publisher", TEXT, true, &publisher},
        {"component", TEXT, true, &dependency->component},
        {"security-version", NUMBER, false, &dependency->security_version},
        {"sequence", NUMBER, false, &dependency->sequence},
        {NULL, TEXT, false, NULL},
    };
    HM_TRY(take_members(json, members));
    return read_uuid(publisher, dependency->publisher);
}

static hm_err read_note(const char *number, json_t *value, hm_manifest_note *note) {
    uint64_t distance;
    if (number[0] != '-' || hm_failed(hm_decimal_decode(hm_text(number + 1), &distance)) || !distance ||
        distance > INT32_MAX)
        return hm_refuse("a note is named by a number below zero, like \"-10\", not \"%s\"", number);
    note->number = -(int64_t)distance;
    note->is_text = json_is_string(value);
    if (note->is_text) note->text = HM_BYTES(json_string_value(value), json_string_length(value));
    if (note->is_text) return HM_OK;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return hm_refuse("note %s must be a text or a number from 0", number);
    note->value = (uint64_t)json_integer_value(value);
    return HM_OK;
}

static hm_err read_components(json_t *list, hm_manifest *manifest) {
    if (json_array_size(list) > HM_MANIFEST_COMPONENTS)
        return hm_refuse("an update has at most %d components", HM_MANIFEST_COMPONENTS);
    for (; manifest->components < json_array_size(list); manifest->components++)
        HM_TRY(hm_in(read_component(json_array_get(list, manifest->components), manifest->version,
                                    &manifest->component[manifest->components]),
                     "component %zu", manifest->components + 1));
    return HM_OK;
}

static hm_err read_dependencies(json_t *list, hm_manifest *manifest) {
    if (json_array_size(list) > HM_MANIFEST_DEPENDENCIES)
        return hm_refuse("an update has at most %d dependencies", HM_MANIFEST_DEPENDENCIES);
    for (; manifest->dependencies < json_array_size(list); manifest->dependencies++)
        HM_TRY(hm_in(read_dependency(json_array_get(list, manifest->dependencies),
                                     &manifest->dependency[manifest->dependencies]),
                     "dependency %zu", manifest->dependencies + 1));
    return HM_OK;
}

static hm_err read_notes(json_t *object, hm_manifest *manifest) {
    const char *number;
    json_t *value;
    json_object_foreach(object, number, value) {
        if (manifest->notes == HM_MANIFEST_NOTES) return hm_refuse("there are more than %d notes", HM_MANIFEST_NOTES);
        HM_TRY(read_note(number, value, &manifest->note[manifest->notes++]));
    }
    return HM_OK;
}

static hm_err read_root(json_t *root, bool *has_sequence, hm_manifest *manifest) {
    json_t *components = NULL, *dependencies = NULL, *notes = NULL;
    uint64_t sequence = manifest->sequence;
    const member members[] = {
        {"components", LIST, true, &components},
        {"dependencies", LIST, false, &dependencies},
        {"notes", OBJECT, false, &notes},
        {"sequence", NUMBER, false, &sequence},
        {"minimum-list", NUMBER, false, &manifest->minimum_list},
        {NULL, TEXT, false, NULL},
    };
    HM_TRY(take_members(root, members));
    bool gives_sequence = json_object_get(root, "sequence") != NULL;
    if (*has_sequence && gives_sequence) return hm_misuse("the sequence number is given twice, here and by --sequence");
    *has_sequence |= gives_sequence;
    manifest->sequence = sequence;
    if (json_object_get(root, "minimum-list")) manifest->has_minimum_list = true;
    HM_TRY(read_components(components, manifest));
    HM_TRY(read_dependencies(dependencies, manifest));
    return read_notes(notes, manifest);
}

hm_err hm_description_read(hm_bytes json, bool *has_sequence, hm_description **description, hm_manifest *manifest) {
    json_error_t fault;
    *description = calloc(1, sizeof **description);
    if (!*description) return hm_no_memory();
    /* Left to itself the library would open /dev/urandom, which this process may not. */
    json_object_seed(1);
    /* Editors put a byte order mark there; RFC 8259 section 8.1 lets a reader pass over it. */
    if (json.len >= 3 && memcmp(json.data, "\xef\xbb\xbf", 3) == 0) HM_TRY(hm_bytes_part(json, 3, json.len - 3, &json));
    (*description)->root = json_loadb((const char *)json.data, json.len, JSON_REJECT_DUPLICATES, &fault);
    if (!(*description)->root) return hm_refuse("is no JSON: line %d: %s", fault.line, fault.text);
    return hm_in(read_root((*description)->root, has_sequence, manifest), "the description");
}
