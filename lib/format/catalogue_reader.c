#include "catalogue_text.h"

#include <string.h>

enum {
    CHUNK = 64 * 1024,
    /* An entry is at most two lines of a path or a target in which every byte is escaped, and what stands before it. */
    ENTRY_TEXT_MAX = 2 * (2 * HM_CATALOGUE_PATH_MAX + 128)
};

void hm_catalogue_reader_clear(hm_catalogue_reader *reader) {
    hm_buf_clear(&reader->window);
    hm_buf_clear(&reader->walk.path);
    hm_buf_clear(&reader->path);
    hm_buf_clear(&reader->target);
    hm_buf_clear(&reader->canonical);
}

/* Have a whole entry in the window, or all that is left of the source. */
static hm_err fill(hm_catalogue_reader *reader) {
    uint64_t left = reader->source->size - reader->offset;
    if (reader->rest.rest.len >= ENTRY_TEXT_MAX || !left) return HM_OK;
    size_t kept = reader->rest.rest.len, more = left < CHUNK ? (size_t)left : CHUNK;
    if (kept) memmove(reader->window.data, reader->rest.rest.data, kept);
    reader->window.len = kept;
    HM_TRY(hm_buf_reserve(&reader->window, CHUNK));
    HM_TRY(hm_source_read(reader->source, reader->offset, reader->window.data + kept, more));
    reader->window.len += more;
    reader->offset += more;
    reader->rest = hm_reader_of(hm_buf_bytes(&reader->window));
    hm_bytes fresh;
    HM_TRY(hm_bytes_part(hm_buf_bytes(&reader->window), kept, more, &fresh));
    return reader->pass ? hm_pass_write(reader->pass, fresh) : HM_OK;
}

hm_err hm_catalogue_reader_open(const hm_source *source, hm_pass *pass, hm_catalogue_reader *reader) {
    *reader = (hm_catalogue_reader){.source = source, .pass = pass};
    hm_bytes found;
    HM_TRY(fill(reader));
    HM_TRY(hm_catalogue_put_head(&reader->canonical));
    if (hm_failed(hm_read_bytes(&reader->rest, reader->canonical.len, &found)) ||
        !hm_bytes_equal(found, hm_buf_bytes(&reader->canonical)))
        return hm_refuse("SHA256SUMS is not a Hallmark catalogue of version 1");
    return HM_OK;
}

static bool take_word(hm_reader *line, const char *word) {
    hm_reader after = *line;
    hm_bytes found;
    if (hm_failed(hm_read_bytes(&after, strlen(word), &found)) || !hm_bytes_equal(found, hm_text(word))) return false;
    *line = after;
    return true;
}

static hm_err unescape(hm_reader *text, hm_buf *path) {
    path->len = 0;
    while (text->rest.len) {
        uint8_t byte;
        HM_TRY(hm_read_u8(text, &byte));
        if (byte == '\\') {
            HM_TRY(hm_read_u8(text, &byte));
            if (byte != 'n' && byte != 'r' && byte != '\\') return hm_refuse("an unknown escape in a path");
            byte = byte == 'n' ? '\n' : byte == 'r' ? '\r' : '\\';
        }
        HM_TRY(hm_put_u8(path, byte));
    }
    return HM_OK;
}

/* Four octal digits and a space. */
static hm_err read_mode(hm_reader *line, uint32_t *mode) {
    hm_bytes digits;
    HM_TRY(hm_read_bytes(line, 4, &digits));
    *mode = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '7') return hm_refuse("a mode that is not four octal digits");
        *mode = *mode * 8 + (digits.data[i] - '0');
    }
    return take_word(line, " ") ? HM_OK : hm_refuse("a mode that is not four octal digits");
}

static hm_err read_path(hm_catalogue_reader *reader, hm_reader *line, hm_listed *listed) {
    HM_TRY(unescape(line, &reader->path));
    listed->path = hm_buf_bytes(&reader->path);
    return HM_OK;
}

/* The line of sha256sum: only the digest is taken from it, the rest is known already and is compared with it. */
static hm_err read_sum(hm_catalogue_reader *reader, hm_listed *listed) {
    hm_bytes text, digits;
    HM_BUF value = HM_BUF_EMPTY;
    HM_TRY(hm_read_line(&reader->rest, &text));
    hm_reader line = hm_reader_of(text);
    (void)take_word(&line, "\\");
    HM_TRY(hm_read_bytes(&line, sizeof listed->sha256 * 2, &digits));
    HM_TRY(hm_hex_decode(digits, &value));
    memcpy(listed->sha256, value.data, HM_SHA256_LEN);
    return HM_OK;
}

static hm_err read_target(hm_catalogue_reader *reader, hm_listed *listed) {
    hm_bytes text;
    HM_TRY(hm_read_line(&reader->rest, &text));
    hm_reader line = hm_reader_of(text);
    if (!take_word(&line, "# target ")) return hm_refuse("a link without a target");
    HM_TRY(unescape(&line, &reader->target));
    listed->target = hm_buf_bytes(&reader->target);
    return HM_OK;
}

/* MORE is false at the end line, of which only the first words have been looked at. */
static hm_err read_lines(hm_catalogue_reader *reader, hm_listed *listed, bool *more) {
    hm_bytes text;
    HM_TRY(hm_read_line(&reader->rest, &text));
    hm_reader line = hm_reader_of(text);
    *more = true;
    if (take_word(&line, "# mode ")) {
        listed->kind = HM_ENTRY_FILE;
        HM_TRY(read_mode(&line, &listed->mode));
        HM_TRY(read_path(reader, &line, listed));
        return read_sum(reader, listed);
    }
    if (take_word(&line, "# folder ")) {
        listed->kind = HM_ENTRY_FOLDER;
        HM_TRY(read_mode(&line, &listed->mode));
        return read_path(reader, &line, listed);
    }
    if (take_word(&line, "# link ")) {
        listed->kind = HM_ENTRY_LINK;
        HM_TRY(read_path(reader, &line, listed));
        return read_target(reader, listed);
    }
    *more = false;
    return take_word(&line, "# end ") ? HM_OK : hm_refuse("a line that is no entry");
}

/* What was read must be what we would have written: one folder, one text. */
static hm_err check_canonical(hm_catalogue_reader *reader, hm_bytes before, const hm_listed *listed, bool more) {
    hm_bytes text;
    HM_TRY(hm_bytes_part(before, 0, before.len - reader->rest.rest.len, &text));
    reader->canonical.len = 0;
    HM_TRY(more ? hm_catalogue_put_entry(listed, &reader->canonical)
                : hm_catalogue_put_end(reader->walk.count, &reader->canonical));
    if (!hm_bytes_equal(text, hm_buf_bytes(&reader->canonical))) return hm_refuse("not in the canonical form");
    return HM_OK;
}

static hm_err next_entry(hm_catalogue_reader *reader, hm_listed *listed, bool *more) {
    HM_TRY(fill(reader));
    hm_bytes before = reader->rest.rest;
    HM_TRY(read_lines(reader, listed, more));
    if (*more) HM_TRY(hm_catalogue_follow(&reader->walk, listed->kind, listed->path));
    HM_TRY(check_canonical(reader, before, listed, *more));
    if (*more) return HM_OK;
    HM_TRY(hm_read_end(&reader->rest));
    return reader->offset == reader->source->size ? HM_OK : hm_refuse("bytes behind the end");
}

hm_err hm_catalogue_reader_next(hm_catalogue_reader *reader, hm_listed *listed, bool *more) {
    unsigned long long number = reader->walk.count + 1;
    *listed = (hm_listed){0};
    *more = false;
    return hm_in(next_entry(reader, listed, more), "SHA256SUMS, entry %llu", number);
}
