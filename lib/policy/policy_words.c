#include "policy_words.h"

#include <base/name.h>
#include <base/readable.h>
#include <policy/policy.h>

#include <string.h>

static hm_bytes first_of(hm_bytes bytes, size_t len) { return HM_BYTES(bytes.data, len); }

static hm_bytes behind(hm_bytes bytes, size_t len) {
    return len < bytes.len ? HM_BYTES(bytes.data + len, bytes.len - len) : HM_NO_BYTES;
}

static size_t find(hm_bytes bytes, uint8_t byte) {
    const uint8_t *at = bytes.len ? memchr(bytes.data, byte, bytes.len) : NULL;
    return at ? (size_t)(at - bytes.data) : bytes.len;
}

/* A backslash is fine in a comment, though not in a readable name, which has another meaning for it. */
static hm_err check_comment(hm_bytes comment) {
    while (comment.len) {
        size_t len = find(comment, '\\');
        if (!hm_is_readable(first_of(comment, len)))
            return hm_refuse("the comment holds a control character, one that turns text, or what is not UTF-8");
        comment = behind(comment, len + 1);
    }
    return HM_OK;
}

hm_err hm_policy_line_check(hm_bytes line, hm_bytes *code) {
    size_t len = find(line, '#');
    *code = first_of(line, len);
    for (size_t i = 0; i < len; i++) {
        uint8_t c = line.data[i];
        if (c == '\t') return hm_refuse("a tab: words are set apart by spaces");
        if (c == '\r') return hm_refuse("a carriage return: lines end with a line feed alone");
        if (c >= 0x80) return hm_refuse("a character outside ASCII, which only a comment may hold");
        if (c < 0x20 || c == 0x7f) return hm_refuse("a control character (0x%02x)", c);
    }
    return check_comment(behind(line, len));
}

static bool ends_word(uint8_t c) { return c == ' ' || c == ',' || c == '='; }

hm_bytes hm_policy_word(hm_bytes *rest) {
    while (rest->len && rest->data[0] == ' ') *rest = behind(*rest, 1);
    size_t len = 0;
    while (len < rest->len && !ends_word(rest->data[len])) len++;
    if (!len && rest->len) len = 1;
    hm_bytes word = first_of(*rest, len);
    *rest = behind(*rest, len);
    return word;
}

bool hm_policy_word_is(hm_bytes word, const char *text) { return hm_bytes_equal(word, hm_text(text)); }

hm_err hm_policy_take(hm_bytes *rest, const char *text) {
    hm_bytes word = hm_policy_word(rest);
    if (hm_policy_word_is(word, text)) return HM_OK;
    if (!word.len) return hm_refuse("ends where \"%s\" is expected", text);
    return hm_refuse("\"%.*s\" stands where \"%s\" is expected", HM_POLICY_SHOWN(word), text);
}

hm_err hm_policy_take_number(hm_bytes *rest, uint32_t most, uint32_t *number) {
    uint64_t value;
    hm_bytes word = hm_policy_word(rest);
    if (!word.len) return hm_refuse("ends where a number is expected");
    if (hm_failed(hm_decimal_decode(word, &value)) || value < 1 || value > most)
        return hm_refuse("\"%.*s\" is no number from 1 to %u, without leading zeros", HM_POLICY_SHOWN(word),
                         (unsigned)most);
    *number = (uint32_t)value;
    return HM_OK;
}

hm_err hm_policy_take_named(hm_bytes *rest, const char *const *table, size_t count, const char *what, size_t *index) {
    hm_bytes word = hm_policy_word(rest);
    hm_closest closest = hm_closest_begin(word);
    char hint[HM_HINT_MAX];
    if (!word.len) return hm_refuse("ends where the %s is expected", what);
    for (size_t i = 0; i < count; i++) {
        if (!table[i]) continue;
        *index = i;
        if (hm_policy_word_is(word, table[i])) return HM_OK;
        hm_closest_try(&closest, table[i]);
    }
    return hm_refuse("there is no %s \"%.*s\"%s", what, HM_POLICY_SHOWN(word), hm_closest_hint(&closest, hint));
}

hm_err hm_policy_take_end(hm_bytes rest) {
    hm_bytes word = hm_policy_word(&rest);
    return word.len ? hm_refuse("\"%.*s\" stands where the line should end", HM_POLICY_SHOWN(word)) : HM_OK;
}

hm_err hm_policy_take_name(hm_bytes *rest, const char *what, hm_bytes *name) {
    *name = hm_policy_word(rest);
    if (!name->len) return hm_refuse("ends where %s is expected", what);
    /* The fault is about a text, not about how a program was called. */
    if (hm_failed(hm_name_check(*name, HM_PRINCIPAL_NAME_MAX, what)))
        return hm_refuse("\"%.*s\" is none: %s has 1 to %d letters, digits, '.', '_' and '-', a letter or digit first",
                         HM_POLICY_SHOWN(*name), what, HM_PRINCIPAL_NAME_MAX);
    return HM_OK;
}

/* RFC 3986: what a URI is not made of ends it, as words end; ' ', ',' and '=' do anyway, and '#' begins a comment. */
hm_err hm_policy_take_url(hm_bytes *rest, hm_bytes *url) {
    static const char *const schemes[] = {"http://", "https://"};
    hm_bytes word = hm_policy_word(rest), scheme;
    bool good = false;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i]);
        good |= word.len > len && !hm_failed(hm_bytes_part(word, 0, len, &scheme)) &&
                hm_bytes_equal(scheme, hm_text(schemes[i]));
    }
    for (size_t i = 0; i < word.len; i++) good &= !memchr("\"<>\\^`{|}", word.data[i], 9);
    if (!word.len) return hm_refuse("ends where an address is expected");
    if (!good || word.len > HM_POLICY_URL_MAX)
        return hm_refuse("\"%.*s\" is no address like http://crl.example.com/pump.crl, of %d characters at most",
                         HM_POLICY_SHOWN(word), HM_POLICY_URL_MAX);
    *url = word;
    return HM_OK;
}

hm_err hm_policy_take_comma(hm_bytes *rest, bool *more) {
    hm_bytes word = hm_policy_word(rest);
    *more = word.len != 0;
    if (*more && !hm_policy_word_is(word, ","))
        return hm_refuse("\"%.*s\" follows without a comma", HM_POLICY_SHOWN(word));
    return HM_OK;
}
