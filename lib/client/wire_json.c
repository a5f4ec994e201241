#include <client/wire_json.h>

#include <base/bytes.h>
#include <crypto/algorithm.h>

#include <stdio.h>
#include <string.h>

/* ---- words for numbers ---- */

static const char *const format_words[] = {"", "cms", "catalogue", "pe", "native", "trust-list", "statement"};
static const char *const structure_words[] = {"", "cms", "authenticode", "cose"};
static const char *const decision_words[] = {"", "approve", "reject", "cancel"};
static const char *const algorithm_words[] = {"", "es256", "es384", "rsa3072", "rsa4096", "ed25519"};

typedef enum { ONE, BITS, OCTETS } choice;
/* A field's words, by its name; in several messages the same. */
static const struct {
    const char *name;
    const char *const *words;
    size_t count;
    choice choice;
} vocabularies[] = {
    {"format", format_words, 7, ONE},       {"formats", format_words, 7, BITS},
    {"structure", structure_words, 4, ONE}, {"decision", decision_words, 4, ONE},
    {"algorithm", algorithm_words, 6, ONE}, {"algorithms", algorithm_words, 6, BITS},
};
enum { VOCABULARIES = sizeof vocabularies / sizeof vocabularies[0], NAME_MAX_LEN = 64 };

/* "structure" is a word where it is a number, and bytes in "signed". */
static bool words_of(const hm_wire_field_rule *rule, size_t *which) {
    for (*which = 0; *which < VOCABULARIES; ++*which)
        if (strcmp(vocabularies[*which].name, rule->name) == 0)
            return rule->kind == HM_WIRE_NUMBER || strcmp(rule->name, "algorithms") == 0;
    return false;
}

static void member_name(const hm_wire_field_rule *rule, char name[static NAME_MAX_LEN]) {
    size_t i = 0;
    for (; rule->name[i] && i + 1 < NAME_MAX_LEN; i++) name[i] = (char)(rule->name[i] == '-' ? '_' : rule->name[i]);
    name[i] = 0;
}

/* What stands for words is 0, or empty, when nothing was chosen, and that is nothing anybody asks for: the table's
 * least counts for the other fields. */
static uint64_t least_of(const hm_wire_field_rule *rule) {
    size_t which;
    return !rule->least && words_of(rule, &which) ? 1 : rule->least;
}

static bool is_hidden(const hm_wire_field_rule *rule) { return strcmp(rule->name, "tag") == 0; }
static bool is_hex(const hm_wire_field_rule *rule) { return rule->most <= 64; }

static const hm_wire_rule *rule_of(hm_message_type type) {
    const hm_wire_rule *rule = hm_wire_rules;
    while (rule->name && rule->type != type) rule++;
    return rule->name ? rule : NULL;
}

/* ---- from JSON ---- */

static hm_err read_word(const json_t *value, size_t which, uint64_t *number) {
    const char *word = json_string_value(value);
    for (size_t i = 1; word && i < vocabularies[which].count; i++)
        if (strcmp(vocabularies[which].words[i], word) == 0) return *number = i, HM_OK;
    return hm_misuse("\"%s\": is not one of its words", vocabularies[which].name);
}

static hm_err read_words(const json_t *value, size_t which, hm_wire_kind kind, hm_wire_field *field, hm_buf *storage) {
    uint64_t number, bits = 0;
    size_t start = storage->len;
    if (!json_is_array(value)) return hm_misuse("\"%s\": is no array of words", vocabularies[which].name);
    for (size_t i = 0; i < json_array_size(value); i++) {
        HM_TRY(read_word(json_array_get(value, i), which, &number));
        bits |= UINT64_C(1) << number;
        if (kind == HM_WIRE_BYTES) HM_TRY(hm_put(storage, HM_BYTES(&(uint8_t){(uint8_t)number}, 1)));
    }
    if (kind == HM_WIRE_NUMBER)
        field->number = bits;
    else
        field->bytes = HM_BYTES(storage->data + start, storage->len - start);
    return HM_OK;
}

static hm_err read_number(const json_t *value, const char *name, uint64_t *number) {
    if (json_is_boolean(value)) return *number = json_is_true(value), HM_OK;
    if (json_is_string(value) && !hm_failed(hm_decimal_decode(hm_text(json_string_value(value)), number))) return HM_OK;
    if (!json_is_integer(value) || json_integer_value(value) < 0) return hm_misuse("\"%s\": is no whole number", name);
    *number = (uint64_t)json_integer_value(value);
    return HM_OK;
}

static hm_err read_bytes(const json_t *value, const hm_wire_field_rule *rule, const char *name, hm_bytes *bytes,
                         hm_buf *storage) {
    if (!json_is_string(value)) return hm_misuse("\"%s\": is no string", name);
    hm_bytes text = HM_BYTES((const uint8_t *)json_string_value(value), json_string_length(value));
    size_t start = storage->len;
    if (rule->kind == HM_WIRE_TEXT) HM_TRY(hm_put(storage, text));
    if (rule->kind == HM_WIRE_BYTES && is_hex(rule) && hm_failed(hm_hex_decode(text, storage)))
        return hm_misuse("\"%s\": is not hexadecimal", name);
    if (rule->kind == HM_WIRE_BYTES && !is_hex(rule) && hm_failed(hm_base64_decode(text, storage)))
        return hm_misuse("\"%s\": is not base64", name);
    *bytes = HM_BYTES(storage->data + start, storage->len - start);
    return HM_OK;
}

static hm_err check_bounds(const hm_wire_field_rule *rule, const char *name, const hm_wire_field *field) {
    uint64_t size = rule->kind == HM_WIRE_NUMBER ? field->number : field->bytes.len;
    if (size < least_of(rule)) return hm_misuse("\"%s\": is missing or too short", name);
    return size <= rule->most ? HM_OK : hm_misuse("\"%s\": is too large", name);
}

static hm_err read_field(json_t *object, const hm_wire_field_rule *rule, hm_wire_field *field, hm_buf *storage) {
    char name[NAME_MAX_LEN];
    size_t which;
    member_name(rule, name);
    const json_t *value = json_object_get(object, name);
    hm_err err = HM_OK;
    if (!value) {
        if (rule->kind != HM_WIRE_NUMBER) field->bytes = HM_NO_BYTES;
    } else if (words_of(rule, &which)) {
        err = vocabularies[which].choice == ONE ? read_word(value, which, &field->number)
                                                : read_words(value, which, rule->kind, field, storage);
    } else if (rule->kind == HM_WIRE_NUMBER) {
        err = read_number(value, name, &field->number);
    } else {
        err = read_bytes(value, rule, name, &field->bytes, storage);
    }
    HM_TRY(err);
    json_object_del(object, name);
    return check_bounds(rule, name, field);
}

/* What STORAGE will hold: views into it must not move. */
static size_t room_for(const json_t *object) {
    size_t room = 64;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        room += json_is_string(value) ? json_string_length(value) : 16 * (json_array_size(value) + 1);
    }
    return room;
}

hm_err hm_wire_from_json(json_t *object, hm_message_type type, hm_message *message, hm_buf *storage) {
    const hm_wire_rule *rule = rule_of(type);
    memset(message, 0, sizeof *message);
    message->type = type;
    if (!rule || !json_is_object(object)) return hm_misuse("is no object");
    HM_TRY(hm_buf_reserve(storage, room_for(object)));
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++)
        if (!is_hidden(&rule->field[i])) HM_TRY(read_field(object, &rule->field[i], &message->field[i], storage));
    return HM_OK;
}

/* ---- to JSON ---- */

static json_t *word_json(size_t which, uint64_t number) {
    bool known = number < vocabularies[which].count && number;
    return known ? json_string(vocabularies[which].words[number]) : json_integer((json_int_t)number);
}

/* Above 2^53 many readers of JSON lose digits. */
static json_t *number_json(const hm_wire_field_rule *rule, uint64_t number) {
    char digits[24];
    if (rule->most == 1) return json_boolean(number);
    if (number < UINT64_C(1) << 53) return json_integer((json_int_t)number);
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    return json_string(digits);
}

static json_t *words_json(size_t which, hm_wire_kind kind, const hm_wire_field *field) {
    json_t *array = json_array();
    for (size_t i = 1; kind == HM_WIRE_NUMBER && i < vocabularies[which].count; i++)
        if (field->number >> i & 1) json_array_append_new(array, word_json(which, i));
    for (size_t i = 0; kind == HM_WIRE_BYTES && i < field->bytes.len; i++)
        json_array_append_new(array, word_json(which, field->bytes.data[i]));
    return array;
}

static hm_err bytes_json(const hm_wire_field_rule *rule, hm_bytes bytes, json_t **value) {
    HM_BUF text = HM_BUF_EMPTY;
    if (rule->kind == HM_WIRE_TEXT) HM_TRY(hm_put(&text, bytes));
    if (rule->kind == HM_WIRE_BYTES) HM_TRY((is_hex(rule) ? hm_put_hex : hm_put_base64)(&text, bytes));
    /* Digits need no second look. */
    *value = (rule->kind == HM_WIRE_BYTES ? json_stringn_nocheck : json_stringn)((const char *)text.data, text.len);
    /* Names of files need not be UTF-8: their other bytes are shown as such. */
    if (!*value && text.len) {
        for (size_t i = 0; i < text.len; i++)
            if (text.data[i] >= 0x80) text.data[i] = '?';
        *value = json_stringn((const char *)text.data, text.len);
    }
    if (!*value && !text.len) *value = json_string("");
    return *value ? HM_OK : hm_no_memory();
}

static hm_err put_field(const hm_wire_field_rule *rule, const hm_wire_field *field, json_t *object) {
    char name[NAME_MAX_LEN];
    size_t which;
    json_t *value = NULL;
    member_name(rule, name);
    if (words_of(rule, &which))
        value =
            vocabularies[which].choice == ONE ? word_json(which, field->number) : words_json(which, rule->kind, field);
    else if (rule->kind == HM_WIRE_NUMBER)
        value = number_json(rule, field->number);
    else
        HM_TRY(bytes_json(rule, field->bytes, &value));
    return json_object_set_new(object, name, value) == 0 ? HM_OK : hm_no_memory();
}

hm_err hm_wire_to_json(const hm_message *message, json_t *object) {
    const hm_wire_rule *rule = rule_of(message->type);
    if (!rule) return hm_misuse("core language: no message of type %d", (int)message->type);
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++)
        if (!is_hidden(&rule->field[i])) HM_TRY(put_field(&rule->field[i], &message->field[i], object));
    return HM_OK;
}

/* ---- to text ---- */

static void put_members(const json_t *object, hm_json *out) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) { hm_wire_json_put(value, key, out); }
}

void hm_wire_json_put(const json_t *value, const char *key, hm_json *out) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        hm_json_object(out, key);
        put_members(value, out);
        hm_json_close_object(out);
        return;
    case JSON_ARRAY:
        hm_json_array(out, key);
        for (size_t i = 0; i < json_array_size(value); i++) hm_wire_json_put(json_array_get(value, i), NULL, out);
        hm_json_close_array(out);
        return;
    case JSON_STRING:
        hm_json_text(out, key, HM_BYTES((const uint8_t *)json_string_value(value), json_string_length(value)));
        return;
    case JSON_INTEGER:
        hm_json_number(out, key, json_integer_value(value));
        return;
    default:
        hm_json_bool(out, key, json_is_true(value));
    }
}

/* ---- the schema ---- */

static json_t *word_schema(size_t which) {
    json_t *words = json_array();
    for (size_t i = 1; i < vocabularies[which].count; i++)
        json_array_append_new(words, json_string(vocabularies[which].words[i]));
    json_t *one = json_pack("{s:s, s:o}", "type", "string", "enum", words);
    if (vocabularies[which].choice == ONE) return one;
    return json_pack("{s:s, s:i, s:o}", "type", "array", "minItems", 1, "items", one);
}

static json_t *bytes_schema(const hm_wire_field_rule *rule) {
    if (rule->kind == HM_WIRE_TEXT)
        return json_pack("{s:s, s:I, s:I}", "type", "string", "minLength", (json_int_t)rule->least, "maxLength",
                         (json_int_t)rule->most);
    if (is_hex(rule))
        return json_pack("{s:s, s:s, s:I, s:I}", "type", "string", "pattern", "^[0-9a-f]*$", "minLength",
                         (json_int_t)(2 * rule->least), "maxLength", (json_int_t)(2 * rule->most));
    return json_pack("{s:s, s:s, s:I}", "type", "string", "contentEncoding", "base64", "maxLength",
                     (json_int_t)((rule->most + 2) / 3 * 4));
}

static json_t *number_schema(const hm_wire_field_rule *rule) {
    if (rule->most == 1) return json_pack("{s:s}", "type", "boolean");
    if (rule->most > UINT64_C(1) << 53)
        return json_pack("{s:[s,s], s:s}", "type", "integer", "string", "description",
                         "from 2^53 on a string of digits");
    return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum", (json_int_t)rule->least, "maximum",
                     (json_int_t)rule->most);
}

void hm_wire_schema(hm_message_type type, json_t *properties, json_t *required) {
    const hm_wire_rule *rule = rule_of(type);
    for (size_t i = 0; rule && i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
        const hm_wire_field_rule *field = &rule->field[i];
        char name[NAME_MAX_LEN];
        size_t which;
        if (is_hidden(field)) continue;
        member_name(field, name);
        json_object_set_new(properties, name,
                            words_of(field, &which)         ? word_schema(which)
                            : field->kind == HM_WIRE_NUMBER ? number_schema(field)
                                                            : bytes_schema(field));
        if (least_of(field)) json_array_append_new(required, json_string(name));
    }
}
