#include "catalogue_report.h"
#include <base/readable.h>

#include <string.h>

typedef enum { NOTED, REMOVED, ADDED, PAIRED } difference_kind;

typedef struct {
    difference_kind kind;
    bool file;
    uint32_t mode;
    size_t text_at, text_len; /* NOTED: the sentence; else the path, readable */
    uint8_t sha256[HM_SHA256_LEN];
} difference;

void hm_differences_clear(hm_differences *differences) {
    hm_buf_clear(&differences->kept);
    hm_buf_clear(&differences->text);
}

static size_t kept_count(const hm_differences *differences) { return differences->kept.len / sizeof(difference); }

bool hm_differences_room(const hm_differences *differences) {
    return kept_count(differences) < HM_DIFFERENCES_KEPT && differences->text.len < HM_DIFFERENCES_TEXT;
}

static hm_err keep(hm_differences *differences, difference *made) {
    made->text_len = differences->text.len - made->text_at;
    return hm_put(&differences->kept, HM_BYTES(made, sizeof *made));
}

static hm_err keep_entry(hm_differences *differences, difference_kind kind, const hm_listed *entry) {
    differences->count++;
    if (!hm_differences_room(differences)) return HM_OK;
    difference made = {
        .kind = kind, .file = entry->kind == HM_ENTRY_FILE, .mode = entry->mode, .text_at = differences->text.len};
    memcpy(made.sha256, entry->sha256, sizeof made.sha256);
    HM_TRY(hm_put_readable(&differences->text, entry->path));
    return keep(differences, &made);
}

hm_err hm_differences_removed(hm_differences *differences, const hm_listed *listed) {
    return keep_entry(differences, REMOVED, listed);
}

hm_err hm_differences_added(hm_differences *differences, const hm_listed *found) {
    return keep_entry(differences, ADDED, found);
}

hm_err hm_differences_note(hm_differences *differences, const char *what, hm_bytes path, hm_bytes detail) {
    differences->count++;
    if (!hm_differences_room(differences)) return HM_OK;
    difference made = {.kind = NOTED, .text_at = differences->text.len};
    HM_TRY(hm_put_format(&differences->text, "%s: ", what));
    HM_TRY(hm_put_readable(&differences->text, path));
    if (detail.len) HM_TRY(hm_put_u8(&differences->text, ' '));
    HM_TRY(hm_put_readable(&differences->text, detail));
    return keep(differences, &made);
}

/* Records are copied in and out, so that a buffer of bytes needs no alignment. */
static difference get(const hm_differences *differences, size_t index) {
    difference made;
    memcpy(&made, &differences->kept.data[index * sizeof made], sizeof made);
    return made;
}

static hm_bytes text_of(const hm_differences *differences, const difference *made) {
    return HM_BYTES(&differences->text.data[made->text_at], made->text_len);
}

/* The other half of a renamed file: the first difference behind INDEX that is the opposite with the same content. */
static bool find_pair(hm_differences *differences, size_t index, const difference *half, difference *pair) {
    if (!half->file || (half->kind != REMOVED && half->kind != ADDED)) return false;
    difference_kind opposite = half->kind == REMOVED ? ADDED : REMOVED;
    for (size_t i = index + 1; i < kept_count(differences); i++) {
        *pair = get(differences, i);
        if (pair->kind != opposite || !pair->file || memcmp(pair->sha256, half->sha256, sizeof half->sha256)) continue;
        difference spent = *pair;
        spent.kind = PAIRED;
        memcpy(&differences->kept.data[i * sizeof spent], &spent, sizeof spent);
        return true;
    }
    return false;
}

static hm_err put_renamed(const hm_differences *differences, const difference *from, const difference *to,
                          hm_buf *line) {
    HM_TRY(hm_put_text(line, "renamed: "));
    HM_TRY(hm_put(line, text_of(differences, from)));
    HM_TRY(hm_put_text(line, " -> "));
    HM_TRY(hm_put(line, text_of(differences, to)));
    if (from->mode != to->mode) HM_TRY(hm_put_format(line, " (mode %04o -> %04o)", from->mode, to->mode));
    return HM_OK;
}

/* The sentence for difference INDEX; empty for one that has been told with its other half. */
static hm_err put_line(hm_differences *differences, size_t index, hm_buf *line) {
    difference made = get(differences, index), pair;
    if (made.kind == PAIRED) return HM_OK;
    if (find_pair(differences, index, &made, &pair)) {
        differences->count--;
        bool forward = made.kind == REMOVED;
        return put_renamed(differences, forward ? &made : &pair, forward ? &pair : &made, line);
    }
    if (made.kind != NOTED) HM_TRY(hm_put_text(line, made.kind == REMOVED ? "removed: " : "added: "));
    return hm_put(line, text_of(differences, &made));
}

static hm_err tell(hm_buf *line, hm_finding finding, void *context) {
    const char *text;
    HM_TRY(hm_buf_string(line, &text));
    if (finding) finding(context, text);
    return HM_OK;
}

hm_err hm_differences_report(hm_differences *differences, hm_finding finding, void *context) {
    if (!differences->count) return HM_OK;
    HM_BUF line = HM_BUF_EMPTY;
    uint64_t told = 0;
    for (size_t i = 0; i < kept_count(differences); i++) {
        line.len = 0;
        HM_TRY(put_line(differences, i, &line));
        if (line.len && ++told <= HM_DIFFERENCES_TOLD) HM_TRY(tell(&line, finding, context));
    }
    unsigned long long count = differences->count;
    line.len = 0;
    if (count > HM_DIFFERENCES_TOLD) {
        HM_TRY(hm_put_format(&line, "and %llu more", count - HM_DIFFERENCES_TOLD));
        HM_TRY(tell(&line, finding, context));
    }
    return hm_refuse("%llu difference%s between the folder and its catalogue", count, count == 1 ? "" : "s");
}
