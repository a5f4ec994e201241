#include "catalogue_text.h"

#include <string.h>

static const char head[] =
    "# Hallmark catalogue 1\n"
    "# files: sha256sum -c SHA256SUMS\n"
    "# signature: openssl cms -verify -binary -purpose any -inform DER -in SHA256SUMS.p7s -content SHA256SUMS"
    " -CAfile ROOTS -out /dev/null\n";

bool hm_catalogue_is_own(hm_bytes path) {
    return hm_bytes_equal(path, hm_text("SHA256SUMS")) || hm_bytes_equal(path, hm_text("SHA256SUMS.p7s")) ||
           hm_bytes_equal(path, hm_text("SHA256SUMS.tlog-proof"));
}

int hm_catalogue_order(hm_bytes a, hm_bytes b) {
    size_t i = 0;
    while (i < a.len && i < b.len && a.data[i] == b.data[i]) i++;
    /* What is behind the common part: nothing is before a '/', a '/' before everything else. */
    int next_a = i == a.len ? -1 : a.data[i] == '/' ? 0 : a.data[i] + 1;
    int next_b = i == b.len ? -1 : b.data[i] == '/' ? 0 : b.data[i] + 1;
    return next_a - next_b;
}

static bool is_name(hm_bytes name) {
    return name.len && !hm_bytes_equal(name, hm_text(".")) && !hm_bytes_equal(name, hm_text("..")) &&
           !memchr(name.data, 0, name.len);
}

/* The part of PATH up to the next '/', which is taken away too. */
static hm_err take_name(hm_reader *path, hm_bytes *name) {
    const uint8_t *slash = memchr(path->rest.data, '/', path->rest.len);
    HM_TRY(hm_read_bytes(path, slash ? (size_t)(slash - path->rest.data) : path->rest.len, name));
    if (!slash) return HM_OK;
    HM_TRY(hm_read_skip(path, 1));
    return path->rest.len ? HM_OK : hm_refuse("a path that ends in '/'");
}

static hm_err check_path(hm_bytes path) {
    if (!path.len) return hm_refuse("an empty path");
    if (path.len > HM_CATALOGUE_PATH_MAX) return hm_refuse("a path longer than %d bytes", HM_CATALOGUE_PATH_MAX);
    hm_reader rest = hm_reader_of(path);
    for (unsigned depth = 0; rest.rest.len; depth++) {
        hm_bytes name;
        if (depth == HM_CATALOGUE_DEPTH) return hm_refuse("folders more than %d deep", HM_CATALOGUE_DEPTH);
        HM_TRY(take_name(&rest, &name));
        if (!is_name(name)) return hm_refuse("a path that is absolute, or has an empty, \".\" or \"..\" part");
    }
    return HM_OK;
}

/* Is PATH inside the folder that the last path is, or inside one of the folders that the last path is in? Those were
 * checked in the same way when they were listed. */
static bool folder_is_listed(const hm_catalogue_walk *walk, hm_bytes path) {
    const uint8_t *slash = memrchr(path.data, '/', path.len);
    if (!slash) return true;
    hm_bytes parent = HM_BYTES(path.data, (size_t)(slash - path.data)), last = hm_buf_bytes(&walk->path);
    if (hm_bytes_equal(parent, last)) return walk->folder;
    return last.len > parent.len && last.data[parent.len] == '/' && !memcmp(last.data, parent.data, parent.len);
}

hm_err hm_catalogue_follow(hm_catalogue_walk *walk, hm_entry_kind kind, hm_bytes path) {
    HM_TRY(check_path(path));
    if (walk->count == HM_CATALOGUE_ENTRIES) return hm_refuse("more than %d entries", HM_CATALOGUE_ENTRIES);
    int order = walk->count ? hm_catalogue_order(hm_buf_bytes(&walk->path), path) : -1;
    if (order == 0) return hm_refuse("%.*s: listed twice", HM_PATH_TEXT(path));
    if (order > 0) return hm_refuse("%.*s: out of order", HM_PATH_TEXT(path));
    if (!folder_is_listed(walk, path)) return hm_refuse("%.*s: its folder is not listed", HM_PATH_TEXT(path));
    walk->path.len = 0;
    walk->folder = kind == HM_ENTRY_FOLDER;
    walk->count++;
    return hm_put(&walk->path, path);
}

/* The letter of a byte that is written as a backslash and a letter; 0 for others. */
static uint8_t escape_letter(uint8_t byte) { return byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte == '\\' ? '\\' : 0; }

static hm_err put_escaped(hm_buf *text, hm_bytes path) {
    HM_TRY(hm_buf_reserve(text, path.len + 1));
    for (size_t i = 0; i < path.len; i++) {
        uint8_t letter = escape_letter(path.data[i]);
        if (letter) HM_TRY(hm_put_u8(text, '\\'));
        HM_TRY(hm_put_u8(text, letter ? letter : path.data[i]));
    }
    return hm_put_u8(text, '\n');
}

static hm_err put_mode(hm_buf *text, const char *keyword, const hm_listed *listed) {
    HM_TRY(hm_put_text(text, keyword));
    for (unsigned shift = 12; shift > 0; shift -= 3) HM_TRY(hm_put_u8(text, '0' + (listed->mode >> (shift - 3) & 7)));
    HM_TRY(hm_put_u8(text, ' '));
    return put_escaped(text, listed->path);
}

static hm_err put_file(const hm_listed *listed, hm_buf *text) {
    HM_TRY(put_mode(text, "# mode ", listed));
    bool escaped = false;
    for (size_t i = 0; i < listed->path.len; i++) escaped = escaped || escape_letter(listed->path.data[i]);
    if (escaped) HM_TRY(hm_put_u8(text, '\\'));
    HM_TRY(hm_put_hex(text, HM_ARRAY(listed->sha256)));
    /* sha256sum takes the name "-" for standard input. */
    HM_TRY(hm_put_text(text, hm_bytes_equal(listed->path, hm_text("-")) ? "  ./" : "  "));
    return put_escaped(text, listed->path);
}

static hm_err put_link(const hm_listed *listed, hm_buf *text) {
    hm_bytes target = listed->target;
    if (!target.len || target.len > HM_CATALOGUE_PATH_MAX || memchr(target.data, 0, target.len))
        return hm_refuse("%.*s: the link's target is empty, too long or no path", HM_PATH_TEXT(listed->path));
    HM_TRY(hm_put_text(text, "# link "));
    HM_TRY(put_escaped(text, listed->path));
    HM_TRY(hm_put_text(text, "# target "));
    return put_escaped(text, target);
}

hm_err hm_catalogue_put_head(hm_buf *text) { return hm_put_text(text, head); }

hm_err hm_catalogue_put_entry(const hm_listed *listed, hm_buf *text) {
    if (hm_catalogue_is_own(listed->path))
        return hm_refuse("%.*s: the name is the catalogue's own", HM_PATH_TEXT(listed->path));
    switch (listed->kind) {
    case HM_ENTRY_FILE:
        return put_file(listed, text);
    case HM_ENTRY_FOLDER:
        return put_mode(text, "# folder ", listed);
    case HM_ENTRY_LINK:
        return put_link(listed, text);
    case HM_ENTRY_OTHER:
        break;
    }
    return hm_refuse("%.*s: is a device, pipe or socket, which cannot be signed", HM_PATH_TEXT(listed->path));
}

hm_err hm_catalogue_put_end(uint64_t count, hm_buf *text) {
    if (!count) return hm_refuse("the folder is empty: there is nothing to sign");
    return hm_put_format(text, "# end of catalogue, entries: %llu\n", (unsigned long long)count);
}
