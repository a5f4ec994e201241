#include "ahead.h"

#include <base/closest.h>
#include <base/io.h>
#include <base/readable.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* After a fault the next answer could be the one to this question: nothing more is asked, and this process ends. */
static hm_err end_if_failed(hm_parser *parser, hm_err err) {
    if (hm_failed(err)) hm_fd_close(&parser->front);
    return err;
}

static hm_err exchange(hm_parser *parser, hm_post *post) {
    bool closed;
    if (parser->ask) return parser->ask(parser->front_state, post);
    HM_TRY(hm_post_send(parser->front, post));
    HM_TRY(hm_ahead_settle(parser));
    HM_TRY(hm_post_receive(parser->front, post, &closed));
    return closed ? hm_could_not("the front has ended") : HM_OK;
}

static hm_err report(hm_parser *parser, hm_post *post) {
    if (parser->ask) return parser->ask(parser->front_state, post);
    return end_if_failed(parser, hm_post_send(parser->front, post));
}

hm_err hm_parser_raise(const hm_post *fault) {
    char sentence[701];
    snprintf(sentence, sizeof sentence, "%.*s", (int)fault->text_len, (const char *)fault->text);
    return hm_raise_again((hm_class)fault->a, sentence);
}

/* Ask and wait for the answer, which may be a fault. */
static hm_err ask(hm_parser *parser, hm_post *post) {
    post->fd = -1;
    HM_TRY(end_if_failed(parser, exchange(parser, post)));
    return post->kind == HM_POST_FAULT ? hm_parser_raise(post) : HM_OK;
}

static hm_err keep_readable(char kept[static HM_SHOWN_MAX + 1], hm_bytes name) {
    HM_BUF text = HM_BUF_EMPTY;
    const char *readable;
    HM_TRY(hm_put_readable(&text, name));
    HM_TRY(hm_buf_string(&text, &readable));
    snprintf(kept, HM_SHOWN_MAX + 1, "%s", readable);
    return HM_OK;
}

hm_err hm_parser_take_job(const hm_post *post, hm_job *job, bool *more) {
    *more = post->kind == HM_POST_NEXT;
    if (!*more) return HM_OK;
    *job = (hm_job){.number = post->job, .folder = post->a != 0, .fd = post->fd};
    hm_bytes text = HM_BYTES(post->text, post->text_len), shown;
    const uint8_t *zero = memchr(text.data, 0, text.len);
    if (!zero) return hm_could_not("the front sent something malformed");
    size_t name_len = (size_t)(zero - text.data);
    HM_TRY(hm_bytes_part(text, name_len + 1, text.len - name_len - 1, &shown));
    HM_TRY(keep_readable(job->name, HM_BYTES(text.data, name_len)));
    HM_TRY(keep_readable(job->shown, shown));
    return HM_OK;
}

hm_err hm_parser_next(hm_parser *parser, hm_job *job, bool *more) {
    static hm_post post;
    if (parser->ahead) return end_if_failed(parser, hm_ahead_next(parser, job, more));
    hm_post_start(&post, HM_POST_NEXT, 0, 0, 0);
    HM_TRY(ask(parser, &post));
    return hm_parser_take_job(&post, job, more);
}

static hm_err ask_for_file(hm_parser *parser, const hm_job *job, hm_post_kind kind, hm_part part, int *fd) {
    static hm_post post;
    bool asked;
    hm_err err = hm_ahead_take(parser, kind, job->number, part, &asked, fd);
    if (asked || hm_failed(err)) return err;
    hm_post_start(&post, kind, job->number, (uint32_t)part, 0);
    HM_TRY(ask(parser, &post));
    *fd = post.fd;
    return HM_OK;
}

hm_err hm_parser_companion(hm_parser *parser, const hm_job *job, hm_part part, int *fd) {
    return ask_for_file(parser, job, HM_POST_COMPANION, part, fd);
}

hm_err hm_parser_sibling(hm_parser *parser, const hm_job *job, hm_bytes path, int *fd) {
    static hm_post post;
    hm_post_start(&post, HM_POST_SIBLING, job->number, 0, 0);
    hm_post_set_text(&post, path);
    HM_TRY(ask(parser, &post));
    *fd = post.fd;
    return HM_OK;
}

hm_err hm_parser_stamp(hm_parser *parser, const hm_job *job, size_t which, hm_bytes request, int *fd) {
    static hm_post post;
    hm_post_start(&post, HM_POST_STAMP, job->number, (uint32_t)which, 0);
    hm_post_set_text(&post, request);
    HM_TRY(ask(parser, &post));
    *fd = post.fd;
    return *fd >= 0 ? HM_OK : hm_could_not("the front sent something malformed");
}

hm_err hm_parser_output(hm_parser *parser, const hm_job *job, hm_part part, int *fd) {
    HM_TRY(ask_for_file(parser, job, HM_POST_OUTPUT, part, fd));
    return *fd < 0 ? hm_could_not("the front gave no output") : HM_OK;
}

hm_err hm_parser_output_soon(hm_parser *parser, const hm_job *job, hm_part part) {
    return end_if_failed(parser, hm_ahead_ask(parser, HM_POST_OUTPUT, job->number, part));
}

hm_err hm_parser_member(hm_parser *parser, const hm_job *job, hm_bytes name, int *fd) {
    static hm_post post;
    hm_post_start(&post, HM_POST_MEMBER, job->number, 0, 0);
    hm_post_set_text(&post, name);
    HM_TRY(ask(parser, &post));
    *fd = post.fd;
    return *fd < 0 ? hm_could_not("the front gave no output") : HM_OK;
}

static hm_err next_entry(void *context, hm_entry *entry, bool *more) {
    hm_walk *walk = context;
    static hm_post post;
    hm_fd_close(&walk->fd);
    hm_post_start(&post, HM_POST_ENTRY, walk->job, 0, 0);
    HM_TRY(ask(walk->parser, &post));
    *more = post.kind == HM_POST_ENTRY;
    if (!*more) return HM_OK;
    walk->fd = post.fd;
    hm_bytes text = HM_BYTES(post.text, post.text_len);
    const uint8_t *zero = memchr(text.data, 0, text.len);
    if (!zero) return hm_could_not("the front sent something malformed");
    size_t path_len = (size_t)(zero - text.data);
    *entry = (hm_entry){.kind = (hm_entry_kind)post.a, .mode = post.b};
    HM_TRY(hm_bytes_part(text, 0, path_len, &entry->path));
    HM_TRY(hm_bytes_part(text, path_len + 1, text.len - path_len - 1, &entry->target));
    return entry->kind == HM_ENTRY_FILE ? hm_source_of_file(walk->fd, &entry->content) : HM_OK;
}

hm_tree hm_parser_tree(hm_parser *parser, const hm_job *job, hm_walk *walk) {
    walk->parser = parser;
    walk->job = job->number;
    walk->fd = -1;
    return (hm_tree){walk, next_entry};
}

void hm_walk_clear(hm_walk *walk) { hm_fd_close(&walk->fd); }

/* Reports go without an answer; if the front is gone, the next question says so. */
void hm_parser_print(hm_parser *parser, const hm_job *job, hm_stream stream, hm_bytes text) {
    static hm_post post;
    while (text.len) {
        hm_post_start(&post, HM_POST_TEXT, job->number, (uint32_t)stream, 0);
        hm_post_set_text(&post, text);
        if (hm_failed(report(parser, &post))) return;
        if (hm_failed(hm_bytes_part(text, post.text_len, text.len - post.text_len, &text))) return;
    }
}

void hm_parser_report(hm_parser *parser, const hm_job *job, const hm_buf *text) {
    hm_parser_print(parser, job, parser->json ? HM_STREAM_MEMBERS : HM_STREAM_OUT, hm_buf_bytes(text));
}

hm_err hm_parser_finish(hm_parser *parser, hm_job *job, hm_err err, bool commit) {
    static hm_post post;
    hm_post_start(&post, HM_POST_RESULT, job->number, err.class, commit);
    if (hm_failed(err)) hm_post_set_text(&post, hm_text(hm_err_sentence()));
    hm_fd_close(&job->fd);
    hm_ahead_forget(parser, job->number);
    return report(parser, &post);
}

/* Opening a job. */

static hm_err fetch(hm_parser *parser, const hm_job *job, hm_part part, int *fd, hm_source *source,
                    const hm_source **given) {
    /* Asked for once: a front that opened everything ahead has it once. */
    if (*fd < 0) HM_TRY(hm_parser_companion(parser, job, part, fd));
    if (*fd < 0) return HM_OK;
    HM_TRY(hm_source_of_file(*fd, source));
    *given = source;
    return HM_OK;
}

static hm_err unknown_format(const char *name) {
    static const char *const names[] = {"cms", "catalogue", "pe", "native"};
    hm_closest closest = hm_closest_begin(hm_text(name));
    char hint[HM_HINT_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) hm_closest_try(&closest, names[i]);
    return hm_misuse("there is no format %s: there are cms, catalogue, pe and native%s", name,
                     hm_closest_hint(&closest, hint));
}

static hm_err choose_format(const hm_parser *parser, const hm_opened *opened, const char *name,
                            const hm_format **format) {
    const hm_job *job = &opened->job;
    uint8_t head[4096];
    size_t len = 0;
    if (name) {
        *format = hm_format_by_name(name);
        if (!*format) return unknown_format(name);
        if ((*format)->takes_folder != job->folder)
            return hm_misuse("format %s is for %s", name, job->folder ? "files, and this is a folder" : "folders");
        return HM_OK;
    }
    if (parser->detached && !job->folder) {
        *format = &hm_format_cms;
        return HM_OK;
    }
    if (!job->folder) {
        len = job->content.size < sizeof head ? (size_t)job->content.size : sizeof head;
        HM_TRY(hm_source_read(&job->content, 0, head, len));
    }
    *format = hm_format_of(HM_BYTES(head, len), job->content.size, job->folder);
    return HM_OK;
}

static hm_err open_as(hm_parser *parser, hm_purpose purpose, hm_opened *opened) {
    const hm_job *job = &opened->job;
    opened->input = (hm_input){.content = job->content};
    if (job->folder) {
        opened->tree = hm_parser_tree(parser, job, &opened->walk);
        opened->input.tree = &opened->tree;
        if (purpose == HM_OPEN_TO_CHECK)
            HM_TRY(fetch(parser, job, HM_PART_CATALOGUE, &opened->catalogue_fd, &opened->catalogue,
                         &opened->input.catalogue));
    }
    if (parser->payloads && opened->format->id == HM_FORMAT_NATIVE) {
        opened->payloads = hm_payloads_of(&opened->finder, parser, job);
        opened->input.payloads = &opened->payloads;
    }
    if (opened->format->detached)
        HM_TRY(
            fetch(parser, job, HM_PART_SIGNATURE, &opened->signature_fd, &opened->signature, &opened->input.detached));
    return opened->format->open(&opened->input, &opened->subject);
}

hm_err hm_opened_open(hm_parser *parser, hm_job *job, const char *format, hm_purpose purpose, hm_opened *opened) {
    memset(opened, 0, sizeof *opened);
    opened->job = *job;
    opened->signature_fd = opened->catalogue_fd = opened->walk.fd = opened->finder.fd = -1;
    if (!job->folder) HM_TRY(hm_source_of_file(job->fd, &opened->job.content));
    HM_TRY(choose_format(parser, opened, format, &opened->format));
    HM_TRY(open_as(parser, purpose, opened));
    /* An embedded format without a signature may have been signed as any file is. */
    bool fall_back = purpose == HM_OPEN_TO_CHECK && !format && !opened->format->detached && !job->folder &&
                     !opened->format->signatures(opened->subject);
    if (!fall_back) return HM_OK;
    HM_TRY(hm_parser_companion(parser, job, HM_PART_SIGNATURE, &opened->signature_fd));
    if (opened->signature_fd < 0) return HM_OK;
    opened->format->close(opened->subject);
    opened->subject = NULL;
    opened->format = &hm_format_cms;
    return open_as(parser, purpose, opened);
}

void hm_opened_clear(hm_opened *opened) {
    if (opened->subject) opened->format->close(opened->subject);
    opened->subject = NULL;
    hm_walk_clear(&opened->walk);
    hm_payload_finder_clear(&opened->finder);
    hm_fd_close(&opened->signature_fd);
    hm_fd_close(&opened->catalogue_fd);
    hm_fd_close(&opened->job.fd);
}

/* Signatures. */

hm_err hm_signatures_parse(const hm_opened *opened, hm_signatures *signatures) {
    memset(signatures, 0, sizeof *signatures);
    size_t count = opened->format->signatures(opened->subject);
    for (size_t i = 0; i < count; i++) {
        if (i == HM_SIGNERS_MAX) return hm_refuse("carries more than %d signatures", HM_SIGNERS_MAX);
        hm_signed *parsed = NULL;
        HM_TRY(hm_in(hm_signed_parse(opened->format->structure, opened->format->signature(opened->subject, i), &parsed),
                     "signature %zu", i + 1));
        signatures->parsed[signatures->structures++] = parsed;
        for (size_t k = 0; k < hm_signed_count(parsed); k++) {
            if (signatures->signers == HM_SIGNERS_MAX)
                return hm_refuse("carries more than %d signatures", HM_SIGNERS_MAX);
            signatures->signer[signatures->signers].parsed = parsed;
            signatures->signer[signatures->signers].index = k;
            signatures->signer[signatures->signers++].info = hm_signed_at(parsed, k);
        }
    }
    return HM_OK;
}

void hm_signatures_clear(hm_signatures *signatures) {
    for (size_t i = 0; i < signatures->structures; i++) hm_signed_free(&signatures->parsed[i]);
    signatures->structures = signatures->signers = 0;
}

static hm_err want_digest(hm_digests *digests, hm_digest_algorithm algorithm) {
    if (hm_digests_find(digests, algorithm)) return HM_OK;
    if (digests->count == HM_DIGESTS_MAX) return hm_refuse("needs more than %d digests", HM_DIGESTS_MAX);
    digests->digest[digests->count++] = (hm_digest){.algorithm = algorithm};
    return HM_OK;
}

hm_err hm_signatures_digests(const hm_signatures *signatures, hm_digests *digests) {
    for (size_t i = 0; i < signatures->signers; i++)
        if (signatures->signer[i].info->known) HM_TRY(want_digest(digests, signatures->signer[i].info->digest));
    return HM_OK;
}

const hm_digest *hm_digests_find(const hm_digests *digests, hm_digest_algorithm algorithm) {
    for (size_t i = 0; i < digests->count; i++)
        if (digests->digest[i].algorithm == algorithm) return &digests->digest[i];
    return NULL;
}

void hm_difference(void *context, const char *text) {
    hm_differences *differences = context;
    HM_BUF line = HM_BUF_EMPTY;
    if (differences->parser->json) {
        hm_json json = hm_json_plain(&line);
        hm_json_string(&json, NULL, text);
        if (!hm_failed(differences->err) && differences->json.len)
            differences->err = hm_put_u8(&differences->json, ',');
        if (!hm_failed(differences->err)) differences->err = hm_put(&differences->json, hm_buf_bytes(&line));
        return;
    }
    if (hm_failed(hm_put_format(&line, "  %s\n", text))) return;
    hm_parser_print(differences->parser, differences->job, HM_STREAM_ERR, hm_buf_bytes(&line));
}

void hm_date(int64_t unix_seconds, char date[static 12]) {
    time_t time = unix_seconds;
    struct tm utc;
    /* "9999-12-31" is as far as X.509 goes. */
    if (!gmtime_r(&time, &utc) || !strftime(date, 12, "%Y-%m-%d", &utc)) snprintf(date, 12, "?");
}
