#include "monitor_watch.h"

#include "log_entry.h"

#include <base/file.h>
#include <crypto/uuid.h>
#include <format/format.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { KNOWN_FILE_MAX = 16 << 20, TRUST_LIST_FORMAT = 5 };

static hm_err watch_type(hm_watch *watch, const char *value) {
    for (unsigned type = HM_LEAF_INTENT; type <= HM_LEAF_PUBLICATION; type++) {
        if (strcmp(value, hm_leaf_type_name((hm_leaf_type)type)) != 0) continue;
        watch->types |= 1u << type;
        return HM_OK;
    }
    return hm_misuse("--watch-type %s: there are intent, outcome, refusal, ceremony, failure and request", value);
}

static hm_err watch_format(hm_watch *watch, const char *value) {
    const hm_format *format = hm_format_by_name(value);
    if (!format && strcmp(value, "trust-list") != 0)
        return hm_misuse("--watch-format %s: there are cms, catalogue, pe, native and trust-list", value);
    watch->formats |= 1u << (format ? (unsigned)format->id : (unsigned)TRUST_LIST_FORMAT);
    return HM_OK;
}

static hm_err read_uuid(const char *text, uint8_t uuid[static 16]) {
    HM_BUF bytes = HM_BUF_EMPTY, digits = HM_BUF_EMPTY;
    char again[HM_UUID_TEXT];
    for (const char *c = text; *c; c++)
        if (*c != '-') HM_TRY(hm_put_u8(&digits, (uint8_t)*c));
    HM_TRY(hm_hex_decode(hm_buf_bytes(&digits), &bytes));
    if (bytes.len != 16) return hm_refuse("it is no UUID");
    memcpy(uuid, bytes.data, 16);
    hm_uuid_text(uuid, again);
    return strcmp(again, text) == 0 ? HM_OK : hm_refuse("it is no UUID");
}

static hm_err full(const char *option) { return hm_misuse("%s: given more than %d times", option, HM_WATCHED_MAX); }

static hm_err watch_product(hm_watch *watch, const char *value) {
    if (watch->products == HM_WATCHED_MAX) return full("--watch-product");
    if (hm_failed(read_uuid(value, watch->product[watch->products])))
        return hm_misuse("--watch-product %s: it is no class UUID in small letters (hallmark product show prints it)",
                         value);
    watch->products++;
    return HM_OK;
}

static hm_err read_digest(hm_bytes hex, hm_digest *digest) {
    HM_BUF bytes = HM_BUF_EMPTY;
    HM_TRY(hm_hex_decode(hex, &bytes));
    if (bytes.len != 32 && bytes.len != 48 && bytes.len != 64) return hm_refuse("it is no digest");
    *digest = (hm_digest){.len = bytes.len};
    memcpy(digest->value, bytes.data, bytes.len);
    return HM_OK;
}

static hm_err watch_digest(hm_watch *watch, const char *value) {
    if (watch->digests == HM_WATCHED_MAX) return full("--watch-digest");
    if (hm_failed(read_digest(hm_text(value), &watch->digest[watch->digests])))
        return hm_misuse("--watch-digest %s: a digest is 64, 96 or 128 hexadecimal digits", value);
    watch->digests++;
    return HM_OK;
}

hm_err hm_watch_of(const hm_options *options, hm_watch *watch) {
    static const struct {
        const char *option;
        hm_err (*add)(hm_watch *watch, const char *value);
    } adders[] = {{"--watch-type", watch_type},
                  {"--watch-format", watch_format},
                  {"--watch-product", watch_product},
                  {"--watch-digest", watch_digest}};
    *watch = (hm_watch){.known_file = options->known};
    for (size_t i = 0; i < options->given_count; i++)
        for (size_t j = 0; j < sizeof adders / sizeof adders[0]; j++)
            if (strcmp(options->given[i].name, adders[j].option) == 0)
                HM_TRY(adders[j].add(watch, options->given[i].value));
    return HM_OK;
}

void hm_watch_clear(hm_watch *watch) {
    free(watch->known);
    watch->known = NULL;
    watch->known_count = 0;
}

/* ---- the list of known digests ---- */

static int in_order(const void *a, const void *b) {
    const hm_digest *one = a, *other = b;
    return hm_bytes_compare(HM_BYTES(one->value, one->len), HM_BYTES(other->value, other->len));
}

static hm_err add_known(hm_watch *watch, size_t *room, hm_bytes hex) {
    if (watch->known_count == *room) {
        *room = *room ? 2 * *room : 64;
        hm_digest *more = realloc(watch->known, *room * sizeof *more);
        if (!more) return hm_no_memory();
        watch->known = more;
    }
    HM_TRY(read_digest(hex, &watch->known[watch->known_count]));
    watch->known_count++;
    return HM_OK;
}

/* The first word of a line, as sha256sum writes it. */
static hm_bytes first_word(hm_bytes line) {
    size_t len = 0;
    while (len < line.len && line.data[len] != ' ' && line.data[len] != '\t' && line.data[len] != '\r') len++;
    return HM_BYTES(line.data, len);
}

hm_err hm_watch_load_known(hm_watch *watch) {
    HM_BUF text = HM_BUF_EMPTY;
    size_t room = 0;
    hm_watch_clear(watch);
    if (!watch->known_file) return HM_OK;
    HM_TRY(hm_file_read(AT_FDCWD, watch->known_file, KNOWN_FILE_MAX, &text));
    hm_reader reader = hm_reader_of(hm_buf_bytes(&text));
    for (unsigned number = 1; reader.rest.len; number++) {
        hm_bytes line, word;
        /* A line without its end is still being written, and its digest may be cut off. */
        if (hm_failed(hm_read_line(&reader, &line))) break;
        word = first_word(line);
        if (!word.len || word.data[0] == '#') continue;
        if (hm_failed(add_known(watch, &room, word)))
            return hm_could_not("%s: line %u is no digest (64, 96 or 128 hexadecimal digits)", watch->known_file,
                                number);
    }
    if (watch->known_count) qsort(watch->known, watch->known_count, sizeof *watch->known, in_order);
    return HM_OK;
}

bool hm_watch_knows(const hm_watch *watch, hm_bytes digest) {
    hm_digest wanted = {.len = digest.len};
    if (!watch->known_count || !digest.len || digest.len > sizeof wanted.value) return false;
    memcpy(wanted.value, digest.data, digest.len);
    return bsearch(&wanted, watch->known, watch->known_count, sizeof wanted, in_order) != NULL;
}

/* ---- leaves ---- */

bool hm_watch_reads_leaves(const hm_watch *watch) {
    return watch->types || watch->formats || watch->products || watch->digests || watch->known_file;
}

bool hm_watch_wants(const hm_watch *watch, const hm_leaf *leaf) {
    if (watch->types >> leaf->type & 1) return true;
    if (leaf->format < 32 && watch->formats >> leaf->format & 1) return true;
    for (size_t i = 0; leaf->has_product && i < watch->products; i++)
        if (!memcmp(watch->product[i], leaf->product_class, 16)) return true;
    for (size_t i = 0; i < watch->digests; i++)
        if (hm_bytes_equal(HM_BYTES(leaf->digest, leaf->digest_len),
                           HM_BYTES(watch->digest[i].value, watch->digest[i].len)))
            return true;
    return false;
}

static const char *format_name(uint32_t number) {
    static const char *const names[] = {[HM_FORMAT_CMS] = "cms",
                                        [HM_FORMAT_CATALOGUE] = "catalogue",
                                        [HM_FORMAT_PE] = "pe",
                                        [HM_FORMAT_NATIVE] = "native",
                                        [TRUST_LIST_FORMAT] = "trust-list"};
    return number < sizeof names / sizeof names[0] ? names[number] : NULL;
}

hm_err hm_put_leaf(hm_buf *text, const hm_leaf *leaf) {
    char uuid[HM_UUID_TEXT];
    HM_TRY(hm_put_text(text, hm_leaf_type_name(leaf->type)));
    if (leaf->has_product) {
        hm_uuid_text(leaf->product_class, uuid);
        HM_TRY(hm_put_format(text, " for product class %s", uuid));
    }
    if (leaf->has_intent) HM_TRY(hm_put_format(text, " of intent %llu", (unsigned long long)leaf->intent));
    const char *format = format_name(leaf->format);
    if (format) HM_TRY(hm_put_format(text, ", format %s", format));
    if (!leaf->digest_len) return HM_OK;
    HM_TRY(hm_put_text(text, ", digest "));
    return hm_put_hex(text, HM_BYTES(leaf->digest, leaf->digest_len));
}
