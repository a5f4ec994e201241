/* What a job has to say, printed in the order of the operands. The texts are the parser's, which a hostile file may
 * have taken over: it must not be able to speak about another file, nor to a terminal. */
#include "front_state.h"

#include <base/json.h>
#include <base/readable.h>

#include <stdio.h>
#include <string.h>

/* JSON. */

static bool take_string(hm_reader *reader, hm_bytes *string) {
    hm_reader begin = *reader;
    uint8_t c = 0;
    size_t len = 0;
    for (; c != '"'; len++) {
        if (hm_failed(hm_read_u8(reader, &c))) return false;
        if (c != '\\') continue;
        if (hm_failed(hm_read_u8(reader, &c))) return false;
        c = 0;
        len++;
    }
    return !hm_failed(hm_bytes_part(begin.rest, 0, len - 1, string));
}

/* The front says these itself. An escape in a name could spell one of them. */
static bool is_reserved(hm_bytes name) {
    static const char *const reserved[] = {"file", "reason", "status"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (hm_bytes_equal(name, hm_text(reserved[i]))) return true;
    return name.len && memchr(name.data, '\\', name.len);
}

bool hm_front_members_are_own(hm_bytes members) {
    hm_reader reader = hm_reader_of(members);
    size_t depth = 0;
    bool name_due = members.len > 0;
    while (reader.rest.len) {
        uint8_t c;
        hm_bytes string;
        if (hm_failed(hm_read_u8(&reader, &c))) return false;
        if (c == '"' && !take_string(&reader, &string)) return false;
        if (name_due && (c != '"' || is_reserved(string))) return false;
        name_due = c == ',' && !depth;
        if (c == '{' || c == '[') depth++;
        if ((c == '}' || c == ']') && !depth--) return false;
    }
    return !depth && !name_due;
}

static void make_one_line(hm_buf *text) {
    hm_make_harmless(text);
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] == '\n') text->data[i] = ' ';
}

static void print_json(const hm_front_state *state, hm_front_job *job, const char *path) {
    static const char *const refused[] = {"", "refused", "misused", "could not", "denied"};
    HM_BUF line = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&line);
    make_one_line(&job->text[HM_STREAM_MEMBERS]);
    make_one_line(&job->text[HM_STREAM_STATUS]);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "file", path);
    if (job->class != HM_DONE) hm_json_string(&json, "reason", job->sentence);
    hm_bytes members = hm_buf_bytes(&job->text[HM_STREAM_MEMBERS]), status = hm_buf_bytes(&job->text[HM_STREAM_STATUS]);
    /* Those of a parser that died have not been looked at yet. */
    if (!hm_front_members_are_own(members)) members = HM_NO_BYTES;
    if (job->class != HM_DONE)
        status = hm_text(refused[job->class]);
    else if (!status.len)
        status = hm_text(state->front->done);
    hm_json_text(&json, "status", status);
    if (hm_failed(json.err)) return;
    printf("%.*s%s%.*s}\n", (int)line.len, (const char *)line.data, members.len ? "," : "", (int)members.len,
           (const char *)members.data);
}

/* Text. */

/* NAME and the colon behind it. */
static bool is_about(hm_bytes line, hm_bytes name) {
    return line.len > name.len && memcmp(line.data, name.data, name.len) == 0 && line.data[name.len] == ':';
}

static hm_bytes next_line(hm_reader *text) {
    hm_bytes line;
    if (!hm_failed(hm_read_line(text, &line))) return line;
    line = text->rest; /* the last one, which does not end */
    text->rest = HM_NO_BYTES;
    return line;
}

/* Every line begins with the file's own name, or is indented behind one that does. */
static void print_lines(hm_buf *text, hm_bytes name, bool named, FILE *to) {
    hm_make_harmless(text);
    hm_reader rest = hm_reader_of(hm_buf_bytes(text));
    for (; rest.rest.len; named = true) {
        hm_bytes line = next_line(&rest);
        if (!is_about(line, name) && !named) fprintf(to, "%.*s: ", (int)name.len, (const char *)name.data);
        if (!is_about(line, name) && named && (!line.len || line.data[0] != ' ')) fputs("  ", to);
        fprintf(to, "%.*s\n", (int)line.len, (const char *)line.data);
    }
}

static void print_text(hm_front_job *job, const char *path) {
    HM_BUF readable = HM_BUF_EMPTY;
    /* As the parser writes it: both cut a very long name. */
    hm_bytes name = HM_BYTES("?", 1);
    if (!hm_failed(hm_put_readable(&readable, hm_text(path)))) name = hm_buf_bytes(&readable);
    if (name.len > HM_SHOWN_MAX) name.len = HM_SHOWN_MAX;
    print_lines(&job->text[HM_STREAM_OUT], name, false, stdout);
    fflush(stdout);
    if (job->class != HM_DONE)
        fprintf(stderr, "hallmark: %.*s: %s\n", (int)name.len, (const char *)name.data, job->sentence);
    print_lines(&job->text[HM_STREAM_ERR], name, job->class != HM_DONE, stderr);
}

static bool is_unchanged(const hm_front_job *job) {
    return job->class == HM_DONE && hm_bytes_equal(hm_buf_bytes(&job->text[HM_STREAM_STATUS]), hm_text("unchanged"));
}

void hm_front_print_job(hm_front_state *state, hm_front_job *job, const char *path) {
    if (state->front->same) {
        state->front->same[state->printed] = is_unchanged(job);
        return;
    }
    if (state->front->gather && state->printed && job->class == HM_DONE) return;
    hm_progress_hide(&state->progress);
    if (state->front->options->json)
        print_json(state, job, path);
    else
        print_text(job, path);
}
