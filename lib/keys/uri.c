/* PKCS#11 URIs (RFC 7512) that name a token. A small strict parser: p11-kit's would cost every start of the program. */
#include "private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef enum {
    TOKEN,
    MANUFACTURER,
    MODEL,
    SERIAL,
    SLOT_ID,
    MODULE_PATH,
    MODULE_NAME,
    PIN_SOURCE,
    PIN_VALUE,
    ATTRIBUTES
} attribute;

/* Values that are longer than the token's field would fit no token. */
static const struct {
    const char *name;
    bool in_query; /* RFC 7512 section 2.3: after the "?" */
    size_t max;
} attributes[ATTRIBUTES] = {
    [TOKEN] = {"token", false, 32},
    [MANUFACTURER] = {"manufacturer", false, 32},
    [MODEL] = {"model", false, 16},
    [SERIAL] = {"serial", false, 16},
    [SLOT_ID] = {"slot-id", false, 20},
    [MODULE_PATH] = {"module-path", true, 4000},
    [MODULE_NAME] = {"module-name", true, 64},
    [PIN_SOURCE] = {"pin-source", true, 4000},
    [PIN_VALUE] = {"pin-value", true, 0},
};

/* Where a module may lie that is only named: p11-kit's folder first. */
static const char *const module_folders[] = {
    HM_MODULE_FOLDER,  "/usr/lib64/pkcs11", "/usr/lib/pkcs11", "/usr/lib/softhsm",
    HM_LIBRARY_FOLDER, "/usr/lib64",        "/usr/lib",
};

/* Values as they are read: each zero-terminated in TEXT. Offsets, because TEXT moves while it grows. */
typedef struct {
    hm_buf *text;
    bool given[ATTRIBUTES];
    size_t at[ATTRIBUTES];
} values;

static const char *value_of(const values *all, attribute which) {
    return all->given[which] ? (const char *)&all->text->data[all->at[which]] : NULL;
}

/* Characters that may stand for themselves (section 2.3: pk11-pchar and pk11-qchar). */
static bool may_stand(uint8_t c, bool in_query) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return c && (strchr("-._~:[]@!$'()*+,=", c) || strchr(in_query ? "/?|" : "&", c));
}

static hm_err hex_value(hm_reader *reader, uint8_t *value) {
    uint8_t digit;
    HM_TRY(hm_read_u8(reader, &digit));
    if (digit >= '0' && digit <= '9')
        *value = (uint8_t)(digit - '0');
    else if (digit >= 'a' && digit <= 'f')
        *value = (uint8_t)(digit - 'a' + 10);
    else if (digit >= 'A' && digit <= 'F')
        *value = (uint8_t)(digit - 'A' + 10);
    else
        return hm_refuse("a %% without two hexadecimal digits");
    return HM_OK;
}

static hm_err decode(hm_bytes encoded, bool in_query, hm_buf *text) {
    for (hm_reader reader = hm_reader_of(encoded); reader.rest.len;) {
        uint8_t c, high, low;
        HM_TRY(hm_read_u8(&reader, &c));
        if (c == '%') {
            HM_TRY(hex_value(&reader, &high));
            HM_TRY(hex_value(&reader, &low));
            c = (uint8_t)(high << 4 | low);
            if (c < 0x20 || c == 0x7f) return hm_refuse("a control character");
        } else if (!may_stand(c, in_query))
            return hm_refuse("a character that must be written as %%%02X", c);
        HM_TRY(hm_put_u8(text, c));
    }
    return HM_OK;
}

static hm_err attribute_by_name(hm_bytes name, bool in_query, attribute *which) {
    for (*which = 0; *which < ATTRIBUTES; ++*which)
        if (hm_bytes_equal(name, hm_text(attributes[*which].name))) break;
    if (*which == PIN_VALUE)
        return hm_refuse("pin-value is not accepted, others could read it (use pin-source=file:/...)");
    if (*which == ATTRIBUTES || attributes[*which].in_query != in_query)
        return hm_refuse("the attribute \"%.*s\" does not belong in a token's URI",
                         (int)(name.len > 40 ? 40 : name.len), (const char *)name.data);
    return HM_OK;
}

static hm_err read_attribute(hm_bytes pair, bool in_query, values *all) {
    attribute which;
    hm_bytes name, encoded;
    const uint8_t *equals = pair.len ? memchr(pair.data, '=', pair.len) : NULL;
    size_t name_len = equals ? (size_t)(equals - pair.data) : pair.len;
    HM_TRY(hm_bytes_part(pair, 0, name_len, &name));
    HM_TRY(attribute_by_name(name, in_query, &which));
    if (!equals) return hm_refuse("the attribute \"%s\" has no value", attributes[which].name);
    HM_TRY(hm_bytes_part(pair, name_len + 1, pair.len - name_len - 1, &encoded));
    if (all->given[which]) return hm_refuse("the attribute \"%s\" is given twice", attributes[which].name);
    all->given[which] = true;
    all->at[which] = all->text->len;
    HM_TRY(hm_in(decode(encoded, in_query, all->text), "%s", attributes[which].name));
    size_t len = all->text->len - all->at[which];
    if (len == 0) return hm_refuse("the attribute \"%s\" is empty", attributes[which].name);
    if (len > attributes[which].max) return hm_refuse("the attribute \"%s\" is too long", attributes[which].name);
    return hm_put_u8(all->text, 0);
}

static hm_err read_attributes(hm_bytes part, char separator, bool in_query, values *all) {
    hm_reader reader = hm_reader_of(part);
    for (;;) {
        const uint8_t *end = reader.rest.len ? memchr(reader.rest.data, separator, reader.rest.len) : NULL;
        size_t len = end ? (size_t)(end - reader.rest.data) : reader.rest.len;
        hm_bytes pair;
        HM_TRY(hm_read_bytes(&reader, len, &pair));
        HM_TRY(read_attribute(pair, in_query, all));
        if (!end) return HM_OK;
        HM_TRY(hm_read_skip(&reader, 1));
    }
}

static hm_err read_uri(hm_bytes uri, values *all) {
    const hm_bytes scheme = hm_text("pkcs11:");
    hm_bytes found, path, query;
    hm_reader reader = hm_reader_of(uri);
    if (hm_failed(hm_read_bytes(&reader, scheme.len, &found)) || !hm_bytes_equal(found, scheme))
        return hm_refuse("does not begin with \"pkcs11:\"");
    const uint8_t *mark = reader.rest.len ? memchr(reader.rest.data, '?', reader.rest.len) : NULL;
    size_t path_len = mark ? (size_t)(mark - reader.rest.data) : reader.rest.len;
    HM_TRY(hm_read_bytes(&reader, path_len, &path));
    if (path.len) HM_TRY(read_attributes(path, ';', false, all));
    if (!mark) return HM_OK;
    HM_TRY(hm_read_skip(&reader, 1));
    query = reader.rest;
    return read_attributes(query, '&', true, all);
}

/* Section 2.4: the module's file name without what the platform puts around it. */
static hm_err resolve_module_name(values *all) {
    char path[256], name[65];
    snprintf(name, sizeof name, "%s", value_of(all, MODULE_NAME));
    if (name[0] == '.' || strchr(name, '/')) return hm_refuse("module-name is a name, not a path (use module-path)");
    for (size_t i = 0; i < sizeof module_folders / sizeof module_folders[0]; i++)
        for (size_t form = 0; form < 2; form++) {
            snprintf(path, sizeof path, form ? "%s/lib%s.so" : "%s/%s.so", module_folders[i], name);
            if (access(path, R_OK) != 0) continue;
            all->given[MODULE_PATH] = true;
            all->at[MODULE_PATH] = all->text->len;
            return hm_put(all->text, HM_BYTES(path, strlen(path) + 1));
        }
    return hm_could_not("no PKCS#11 module \"%s\" is installed (name it by module-path)", name);
}

static hm_err find_module(values *all) {
    if (all->given[MODULE_PATH] && all->given[MODULE_NAME])
        return hm_refuse("both module-path and module-name are given");
    if (all->given[MODULE_NAME]) return resolve_module_name(all);
    if (!all->given[MODULE_PATH]) return hm_refuse("no module is named (add ?module-path=/...)");
    if (value_of(all, MODULE_PATH)[0] != '/') return hm_refuse("module-path must be a whole path");
    return HM_OK;
}

/* "file:/path" and "file:///path" (RFC 8089); programs ("|...") and other schemes are not followed. */
static hm_err find_pin_path(values *all) {
    if (!all->given[PIN_SOURCE]) return HM_OK;
    const char *source = value_of(all, PIN_SOURCE);
    size_t skip = strncmp(source, "file:///", 8) == 0 ? 7 : strncmp(source, "file:/", 6) == 0 ? 5 : 0;
    if (!skip || source[skip + 1] == '/' || source[skip + 1] == 0)
        return hm_refuse("pin-source must be file:/ and the path of a file");
    all->at[PIN_SOURCE] += skip;
    return HM_OK;
}

hm_err hm_token_selector_from_uri(const char *uri, hm_buf *storage, hm_token_selector *selector,
                                  const char **pin_path) {
    values all = {.text = storage};
    *selector = (hm_token_selector){0};
    *pin_path = NULL;
    HM_TRY(hm_in(read_uri(hm_text(uri), &all), "the token's URI"));
    HM_TRY(hm_in(find_module(&all), "the token's URI"));
    HM_TRY(hm_in(find_pin_path(&all), "the token's URI"));
    uint64_t slot_id = 0;
    if (all.given[SLOT_ID]) HM_TRY(hm_in(hm_decimal_decode(hm_text(value_of(&all, SLOT_ID)), &slot_id), "slot-id"));
    *selector = (hm_token_selector){
        .module_path = value_of(&all, MODULE_PATH),
        .token_label = value_of(&all, TOKEN),
        .manufacturer = value_of(&all, MANUFACTURER),
        .model = value_of(&all, MODEL),
        .serial = value_of(&all, SERIAL),
        .has_slot_id = all.given[SLOT_ID],
        .slot_id = slot_id,
    };
    *pin_path = value_of(&all, PIN_SOURCE);
    return HM_OK;
}
