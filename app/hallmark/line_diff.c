#include "line_diff.h"

#include <stdlib.h>
#include <string.h>

/* Cells of the table, two bytes each. */
enum { TABLE_MAX = 1 << 23 };

typedef struct {
    hm_bytes *line;
    size_t count;
} lines;

typedef struct {
    lines from, to;
    size_t head, tail; /* lines that both begin and end with */
    uint16_t
        *common; /* [i][j]: how many lines the rests from line i and line j have in common at most; NULL: not told */
    const char *heading;
    hm_buf *diff;
} comparison;

static void clear(comparison *c) {
    free(c->from.line);
    free(c->to.line);
    free(c->common);
}
#define COMPARISON __attribute__((cleanup(clear))) comparison

static hm_err split(hm_bytes text, lines *out) {
    size_t ends = 0;
    for (size_t i = 0; i < text.len; i++) ends += text.data[i] == '\n';
    out->line = calloc(ends + 1, sizeof *out->line);
    if (!out->line) return hm_no_memory();
    for (size_t at = 0; at < text.len;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end ? (size_t)(end - text.data) - at : text.len - at;
        out->line[out->count++] = HM_BYTES(text.data + at, len);
        at += len + 1;
    }
    return HM_OK;
}

static bool same(const comparison *c, size_t i, size_t j) { return hm_bytes_equal(c->from.line[i], c->to.line[j]); }

static void find_edges(comparison *c) {
    size_t least = c->from.count < c->to.count ? c->from.count : c->to.count;
    while (c->head < least && same(c, c->head, c->head)) c->head++;
    while (c->tail < least - c->head && same(c, c->from.count - 1 - c->tail, c->to.count - 1 - c->tail)) c->tail++;
}

static size_t from_end(const comparison *c) { return c->from.count - c->tail; }
static size_t to_end(const comparison *c) { return c->to.count - c->tail; }

static uint16_t *cell(const comparison *c, size_t i, size_t j) {
    return &c->common[(i - c->head) * (to_end(c) - c->head + 1) + j - c->head];
}

/* The longest common subsequence, from the end. */
static hm_err fill_table(comparison *c) {
    size_t rows = from_end(c) - c->head + 1, columns = to_end(c) - c->head + 1;
    if (rows > TABLE_MAX / columns || rows > UINT16_MAX) return HM_OK;
    c->common = calloc(rows * columns, sizeof *c->common);
    if (!c->common) return hm_no_memory();
    for (size_t i = from_end(c); i-- > c->head;)
        for (size_t j = to_end(c); j-- > c->head;) {
            uint16_t down = *cell(c, i + 1, j), right = *cell(c, i, j + 1);
            *cell(c, i, j) = same(c, i, j) ? (uint16_t)(*cell(c, i + 1, j + 1) + 1) : down >= right ? down : right;
        }
    return HM_OK;
}

/* What patch reads: the first line, or the one before if there are none, and how many if not one. */
static hm_err put_range(hm_buf *diff, char sign, size_t first, size_t count) {
    HM_TRY(hm_put_format(diff, " %c%zu", sign, first + (count != 0)));
    return count == 1 ? HM_OK : hm_put_format(diff, ",%zu", count);
}

static bool begins_with(hm_bytes line, const char *word) {
    size_t at = 0, len = strlen(word);
    while (at < line.len && line.data[at] == ' ') at++;
    return line.len - at > len && memcmp(line.data + at, word, len) == 0 && line.data[at + len] == ' ';
}

static hm_err put_heading(const comparison *c, size_t before) {
    while (before && !begins_with(c->from.line[before - 1], c->heading)) before--;
    if (!before) return HM_OK;
    HM_TRY(hm_put_u8(c->diff, ' '));
    return hm_put(c->diff, c->from.line[before - 1]);
}

static hm_err put_lines(const comparison *c, char sign, const lines *of, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        HM_TRY(hm_put_u8(c->diff, (uint8_t)sign));
        HM_TRY(hm_put(c->diff, of->line[i]));
        HM_TRY(hm_put_u8(c->diff, '\n'));
    }
    return HM_OK;
}

/* Lines I to I_END of one text stand where the other has J to J_END. */
static hm_err put_place(const comparison *c, size_t i, size_t i_end, size_t j, size_t j_end) {
    if (i == i_end && j == j_end) return HM_OK;
    HM_TRY(hm_put_text(c->diff, "@@"));
    HM_TRY(put_range(c->diff, '-', i, i_end - i));
    HM_TRY(put_range(c->diff, '+', j, j_end - j));
    HM_TRY(hm_put_text(c->diff, " @@"));
    HM_TRY(put_heading(c, i));
    HM_TRY(hm_put_u8(c->diff, '\n'));
    HM_TRY(put_lines(c, '-', &c->from, i, i_end));
    return put_lines(c, '+', &c->to, j, j_end);
}

static hm_err walk(const comparison *c) {
    size_t i = c->head, j = c->head, i_end = from_end(c), j_end = to_end(c);
    if (!c->common) return put_place(c, i, i_end, j, j_end);
    for (size_t p = i, q = j; i < i_end || j < j_end; i = p, j = q) {
        while (p < i_end || q < j_end) {
            if (p < i_end && q < j_end && same(c, p, q)) break;
            if (p < i_end && (q == j_end || *cell(c, p + 1, q) >= *cell(c, p, q + 1)))
                p++;
            else
                q++;
        }
        HM_TRY(put_place(c, i, p, j, q));
        while (p < i_end && q < j_end && same(c, p, q)) p++, q++;
    }
    return HM_OK;
}

hm_err hm_line_diff(hm_bytes from, hm_bytes to, const char *heading, hm_buf *diff) {
    COMPARISON c = {.heading = heading, .diff = diff};
    HM_TRY(split(from, &c.from));
    HM_TRY(split(to, &c.to));
    find_edges(&c);
    HM_TRY(fill_table(&c));
    return walk(&c);
}
