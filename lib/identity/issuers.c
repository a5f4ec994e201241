#include <identity/issuers.h>

#include <base/readable.h>

#include <string.h>

/* How much of a word a fault shows. */
#define SHOWN(word) ((word).len < 60 ? (int)(word).len : 60), (const char *)(word).data

typedef struct {
    hm_issuers *issuers;
    hm_issuer *issuer; /* NULL above the first */
    uint32_t line;     /* that a fault is about */
    uint32_t seen;     /* bit n: the issuer has a line of table entry n */
} reading;

/* Take the next word off REST; empty: there is none. */
static hm_bytes take_word(hm_bytes *rest) {
    hm_reader reader = hm_reader_of(*rest);
    size_t len = 0;
    while (reader.rest.len && reader.rest.data[0] == ' ')
        if (hm_failed(hm_read_skip(&reader, 1))) return HM_NO_BYTES;
    while (len < reader.rest.len && reader.rest.data[len] != ' ') len++;
    hm_bytes word = HM_NO_BYTES;
    if (hm_failed(hm_read_bytes(&reader, len, &word))) return HM_NO_BYTES;
    *rest = reader.rest;
    return word;
}

static hm_err check_end(const reading *r) {
    if (!r->issuer) return HM_OK;
    if (!r->issuer->audience.len) return hm_refuse("the issuer has no line \"audience\"");
    return r->issuer->keys.len ? HM_OK : hm_refuse("the issuer has no line \"keys\"");
}

/* What only the end of an issuer shows is a fault of the line where it begins. */
static hm_err end_issuer(reading *r) {
    hm_err err = check_end(r);
    if (hm_failed(err)) r->line = r->issuer->line;
    return err;
}

static hm_err read_issuer(reading *r, hm_bytes url) {
    hm_issuers *all = r->issuers;
    HM_TRY(end_issuer(r));
    HM_TRY(hm_issuer_check(url));
    if (hm_issuers_find(all, url, NULL)) return hm_refuse("%.*s stands above already", SHOWN(url));
    if (all->count == HM_ISSUERS_MAX) return hm_refuse("there are at most %d issuers", HM_ISSUERS_MAX);
    r->issuer = &all->issuer[all->count++];
    *r->issuer = (hm_issuer){.url = url, .once = true, .max_lifetime = HM_LIFETIME_MAX, .line = r->line};
    r->seen = 0;
    return HM_OK;
}

static hm_err read_audience(reading *r, hm_bytes word) {
    if (word.len > HM_AUDIENCE_MAX) return hm_refuse("an audience has at most %d bytes", HM_AUDIENCE_MAX);
    r->issuer->audience = word;
    return HM_OK;
}

/* A path from the root on, without the steps by which another folder could be meant than is read. */
static hm_err check_path(hm_bytes path) {
    const char *text = (const char *)path.data;
    if (path.len > HM_KEYS_URL_MAX) return hm_refuse("a file's name has at most %d bytes", HM_KEYS_URL_MAX);
    if (path.len < 2 || path.data[0] != '/' || memmem(text, path.len, "/../", 4) || memchr(text, '%', path.len))
        return hm_refuse("a file of keys is named like file:///etc/hallmark/jwks.json");
    return HM_OK;
}

static hm_err read_keys(reading *r, hm_bytes word) {
    static const char file[] = "file://";
    hm_reader reader = hm_reader_of(word);
    hm_bytes begin;
    r->issuer->keys_in_file =
        !hm_failed(hm_read_bytes(&reader, sizeof file - 1, &begin)) && hm_bytes_equal(begin, hm_text(file));
    r->issuer->keys = r->issuer->keys_in_file ? reader.rest : word;
    return r->issuer->keys_in_file
               ? check_path(reader.rest)
               : hm_https_url_check(word, HM_KEYS_URL_MAX, "the URL of keys (https:// or file:///)");
}

static hm_err read_lifetime(reading *r, hm_bytes word) {
    uint64_t seconds;
    HM_TRY(hm_decimal_decode(word, &seconds));
    if (seconds < HM_LIFETIME_MIN || seconds > HM_LIFETIME_MAX)
        return hm_refuse("a lifetime has %d to %d seconds", HM_LIFETIME_MIN, HM_LIFETIME_MAX);
    r->issuer->max_lifetime = (uint32_t)seconds;
    return HM_OK;
}

static hm_err read_tokens(reading *r, hm_bytes word) {
    r->issuer->once = hm_bytes_equal(word, hm_text("once"));
    return r->issuer->once || hm_bytes_equal(word, hm_text("until-expiry"))
               ? HM_OK
               : hm_refuse("tokens are taken \"once\" or \"until-expiry\", not \"%.*s\"", SHOWN(word));
}

static const struct {
    const char *word;
    hm_err (*read)(reading *r, hm_bytes word);
} lines[] = {{"issuer", read_issuer},
             {"audience", read_audience},
             {"keys", read_keys},
             {"max-lifetime", read_lifetime},
             {"tokens", read_tokens}};
enum { LINES = sizeof lines / sizeof lines[0] };

static hm_err read_words(reading *r, size_t line, hm_bytes rest) {
    hm_bytes word = take_word(&rest);
    if (!word.len) return hm_refuse("\"%s\" lacks its word", lines[line].word);
    if (take_word(&rest).len) return hm_refuse("\"%s\" has more than one word", lines[line].word);
    if (line && !r->issuer) return hm_refuse("\"%s\" stands above the first issuer", lines[line].word);
    if (line && r->seen >> line & 1) return hm_refuse("the issuer has a second line \"%s\"", lines[line].word);
    r->seen |= 1u << line;
    return lines[line].read(r, word);
}

static hm_err read_code(reading *r, hm_bytes code) {
    hm_bytes word = take_word(&code);
    if (!word.len) return HM_OK;
    for (size_t i = 0; i < LINES; i++)
        if (hm_bytes_equal(word, hm_text(lines[i].word))) return read_words(r, i, code);
    return hm_refuse("there is no line \"%.*s\" (issuer, audience, keys, max-lifetime, tokens)", SHOWN(word));
}

/* *CODE is what stands before a comment. */
static hm_err check_line(hm_bytes line, hm_bytes *code) {
    size_t len = 0;
    for (; len < line.len && line.data[len] != '#'; len++)
        if (line.data[len] < 0x20 || line.data[len] >= 0x7f)
            return hm_refuse("the character 0x%02x, which only a comment may hold", line.data[len]);
    for (size_t i = len; i < line.len; i++)
        if (line.data[i] < 0x20 || line.data[i] == 0x7f) return hm_refuse("the comment holds a control character");
    *code = HM_BYTES(line.data, len);
    return HM_OK;
}

static hm_err read_text(reading *r, hm_bytes bytes) {
    hm_reader text = hm_reader_of(bytes);
    while (text.rest.len) {
        hm_bytes line, code;
        r->line++;
        if (hm_failed(hm_read_line(&text, &line))) return hm_refuse("the last line has no end: is the text cut short?");
        HM_TRY(check_line(line, &code));
        HM_TRY(read_code(r, code));
    }
    if (!r->issuer) return hm_refuse("the text names no issuer");
    return end_issuer(r);
}

hm_err hm_issuers_read(hm_bytes text, hm_issuers *issuers) {
    reading r = {.issuers = issuers};
    issuers->count = 0;
    if (text.len > HM_ISSUERS_TEXT_MAX)
        return hm_refuse("the text of issuers has %zu bytes, and may have %d", text.len, HM_ISSUERS_TEXT_MAX);
    hm_err err = read_text(&r, text);
    if (hm_failed(err)) issuers->count = 0;
    return hm_in(err, "line %u", (unsigned)r.line);
}

const hm_issuer *hm_issuers_find(const hm_issuers *issuers, hm_bytes url, size_t *index) {
    for (size_t i = 0; i < issuers->count; i++) {
        if (!hm_bytes_equal(issuers->issuer[i].url, url)) continue;
        if (index) *index = i;
        return &issuers->issuer[i];
    }
    return NULL;
}
