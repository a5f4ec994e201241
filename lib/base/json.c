#include <base/json.h>

#include <string.h>

hm_json hm_json_canonical(hm_buf *out) {
    hm_json json = {.out = out, .canonical = true};
    return json;
}
hm_json hm_json_plain(hm_buf *out) {
    hm_json json = {.out = out, .canonical = false};
    return json;
}

static void keep(hm_json *json, hm_err err) {
    if (!hm_failed(json->err)) json->err = err;
}

static hm_err put_escaped(hm_buf *out, uint8_t c) {
    static const char short_forms[] = "\bb\tt\nn\ff\rr\"\"\\\\";
    for (size_t i = 0; i + 1 < sizeof short_forms; i += 2)
        if (c == (uint8_t)short_forms[i]) return hm_put_format(out, "\\%c", short_forms[i + 1]);
    if (c < 0x20) return hm_put_format(out, "\\u%04x", c);
    return hm_put_u8(out, c);
}

/* Length of the well-formed UTF-8 sequence at the start of BYTES (RFC 3629), 0 if there is none. */
static size_t utf8_len(hm_bytes bytes) {
    uint8_t a = bytes.data[0];
    if (a < 0x80) return 1;
    size_t len = a >= 0xc2 && a <= 0xdf ? 2 : a >= 0xe0 && a <= 0xef ? 3 : a >= 0xf0 && a <= 0xf4 ? 4 : 0;
    if (!len || bytes.len < len) return 0;
    for (size_t i = 1; i < len; i++)
        if ((bytes.data[i] & 0xc0) != 0x80) return 0;
    uint8_t b = bytes.data[1];
    bool overlong = (a == 0xe0 && b < 0xa0) || (a == 0xf0 && b < 0x90);
    bool outside = (a == 0xed && b > 0x9f) || (a == 0xf4 && b > 0x8f);
    return overlong || outside ? 0 : len;
}

/* How much of TEXT stands for itself: nearly always all of it. */
static size_t plain_len(hm_bytes text) {
    size_t len = 0;
    while (len < text.len && text.data[len] >= 0x20 && text.data[len] < 0x80 && text.data[len] != '"' &&
           text.data[len] != '\\')
        len++;
    return len;
}

static hm_err put_character(hm_buf *out, hm_bytes text, size_t *len) {
    *len = utf8_len(text);
    if (*len == 1) return put_escaped(out, text.data[0]);
    if (*len) return hm_put(out, HM_BYTES(text.data, *len));
    *len = 1;
    return hm_put_text(out, "\xef\xbf\xbd");
}

static hm_err put_string(hm_buf *out, hm_bytes text) {
    HM_TRY(hm_put_u8(out, '"'));
    while (text.len) {
        size_t len = plain_len(text);
        HM_TRY(len ? hm_put(out, HM_BYTES(text.data, len)) : put_character(out, text, &len));
        HM_TRY(hm_bytes_part(text, len, text.len - len, &text));
    }
    return hm_put_u8(out, '"');
}

/* The comma and the key before a value. */
static hm_err begin_value(hm_json *json, const char *key) {
    HM_TRY(json->err);
    unsigned d = json->depth;
    if (d && !json->empty[d - 1]) HM_TRY(hm_put_u8(json->out, ','));
    if (d) {
        bool first = json->empty[d - 1];
        json->empty[d - 1] = false;
        if (key) {
            hm_bytes before = HM_BYTES(json->out->data + json->key_at[d - 1], json->key_len[d - 1]);
            if (json->canonical && !first && hm_bytes_compare(before, hm_text(key)) >= 0)
                return hm_refuse("a JSON member is out of order: %s", key);
            HM_TRY(hm_put_u8(json->out, '"'));
            json->key_at[d - 1] = json->out->len;
            json->key_len[d - 1] = strlen(key);
            HM_TRY(hm_put_text(json->out, key));
            HM_TRY(hm_put_text(json->out, "\":"));
        }
    }
    return HM_OK;
}

static void open_level(hm_json *json, const char *key, char bracket) {
    keep(json, begin_value(json, key));
    if (hm_failed(json->err)) return;
    if (json->depth == HM_JSON_DEPTH) {
        keep(json, hm_refuse("JSON is nested too deeply"));
        return;
    }
    json->empty[json->depth++] = true;
    keep(json, hm_put_u8(json->out, (uint8_t)bracket));
}

static void close_level(hm_json *json, char bracket) {
    if (hm_failed(json->err)) return;
    json->depth--;
    keep(json, hm_put_u8(json->out, (uint8_t)bracket));
}

void hm_json_object(hm_json *json, const char *key) { open_level(json, key, '{'); }
void hm_json_array(hm_json *json, const char *key) { open_level(json, key, '['); }
void hm_json_close_object(hm_json *json) { close_level(json, '}'); }
void hm_json_close_array(hm_json *json) { close_level(json, ']'); }

void hm_json_text(hm_json *json, const char *key, hm_bytes text) {
    keep(json, begin_value(json, key));
    if (!hm_failed(json->err)) keep(json, put_string(json->out, text));
}

void hm_json_string(hm_json *json, const char *key, const char *text) { hm_json_text(json, key, hm_text(text)); }

void hm_json_number(hm_json *json, const char *key, int64_t number) {
    keep(json, begin_value(json, key));
    if (!hm_failed(json->err)) keep(json, hm_put_format(json->out, "%lld", (long long)number));
}

void hm_json_bool(hm_json *json, const char *key, bool value) {
    keep(json, begin_value(json, key));
    if (!hm_failed(json->err)) keep(json, hm_put_text(json->out, value ? "true" : "false"));
}

void hm_json_hex(hm_json *json, const char *key, hm_bytes bytes) {
    keep(json, begin_value(json, key));
    if (!hm_failed(json->err)) keep(json, hm_put_u8(json->out, '"'));
    if (!hm_failed(json->err)) keep(json, hm_put_hex(json->out, bytes));
    if (!hm_failed(json->err)) keep(json, hm_put_u8(json->out, '"'));
}

hm_err hm_json_end(hm_json *json) {
    HM_TRY(json->err);
    if (json->depth) return hm_refuse("JSON is not closed");
    return HM_OK;
}

/* Past a string whose opening quote has been read. */
static bool take_string(hm_reader *reader, hm_bytes *content) {
    hm_bytes start = reader->rest;
    for (size_t i = 0; i < start.len; i++) {
        if (start.data[i] == '\\') {
            i++;
            continue;
        }
        if (start.data[i] != '"') continue;
        return !hm_failed(hm_bytes_part(start, 0, i, content)) && !hm_failed(hm_read_skip(reader, i + 1));
    }
    return false;
}

/* Past a value: a string, or anything up to the comma or brace that ends it at this depth. */
static bool take_value(hm_reader *reader, hm_bytes *value) {
    hm_bytes start = reader->rest, ignored;
    hm_reader at = *reader;
    unsigned depth = 0;
    uint8_t c;
    if (start.len && start.data[0] == '"') return !hm_failed(hm_read_skip(reader, 1)) && take_string(reader, value);
    while (!hm_failed(hm_read_u8(&at, &c))) {
        if (depth == 0 && (c == ',' || c == '}')) {
            size_t len = start.len - at.rest.len - 1;
            return !hm_failed(hm_bytes_part(start, 0, len, value)) && !hm_failed(hm_read_skip(reader, len));
        }
        if (c == '"' && !take_string(&at, &ignored)) return false;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
    }
    return false;
}

/* The next member of an object, of which READER stands behind the brace or a comma. */
static bool take_member(hm_reader *reader, hm_bytes *name, hm_bytes *value) {
    uint8_t c;
    if (hm_failed(hm_read_u8(reader, &c)) || c != '"' || !take_string(reader, name)) return false;
    return !hm_failed(hm_read_u8(reader, &c)) && c == ':' && take_value(reader, value);
}

static bool take_char(hm_reader *reader, char wanted) {
    uint8_t c;
    return !hm_failed(hm_read_u8(reader, &c)) && c == wanted;
}

void hm_json_member(hm_bytes text, const char *key, hm_bytes *value, bool *found) {
    hm_reader reader = hm_reader_of(text);
    hm_bytes name;
    *found = false;
    if (!take_char(&reader, '{')) return;
    do {
        if (!take_member(&reader, &name, value)) return;
        *found = hm_bytes_equal(name, hm_text(key));
    } while (!*found && take_char(&reader, ','));
}

void hm_json_members(hm_bytes text, void (*visit)(void *context, hm_bytes name, hm_bytes value), void *context) {
    hm_reader reader = hm_reader_of(text);
    hm_bytes name, value;
    if (!take_char(&reader, '{')) return;
    do {
        if (!take_member(&reader, &name, &value)) return;
        visit(context, name, value);
    } while (take_char(&reader, ','));
}

hm_bytes hm_json_text_of(hm_bytes text, const char *key) {
    hm_bytes value;
    bool found;
    hm_json_member(text, key, &value, &found);
    return found ? value : HM_NO_BYTES;
}
