#include "parse_sign.h"

#include "trust_file.h"

#include <core/wire.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So many files are under way at once: their digests wait at the core, which takes them together. */
enum { WINDOW = 64 };

typedef struct {
    hm_opened opened;
    int output_fd[HM_PARTS];
    hm_sink sink; /* where the content that carries the signature went */
    hm_digests digests;
    hm_digest plain;
    hm_key_algorithm algorithm;
    uint8_t certificate_sha256[32]; /* that was announced for it */
    bool is_present;                /* a good one of ours is there; for this release? */
    uint8_t present[HM_SHA256_LEN]; /* the same, by its hash */
} pending_job;

typedef struct {
    hm_parser *parser;
    const hm_sign_orders *orders;
    hm_trust *trust; /* parsed when first needed */
    /* What the core answered to the last "prepare", and to which question. */
    const hm_key_algorithm *prepared_for;
    hm_key_algorithm algorithm;
    uint8_t certificate_sha256[32];
    char certificate_until[12];
    pending_job *window[WINDOW];
    size_t waiting;
    bool core_lost;
    hm_buf outgoing; /* frames for the core that have not been sent */
    hm_buf storage;
} signing;

static void pending_free(pending_job *pending) {
    if (!pending) return;
    for (size_t i = 0; i < HM_PARTS; i++) hm_fd_close(&pending->output_fd[i]);
    hm_opened_clear(&pending->opened);
    free(pending);
}

/* Without a core, or out of step with it, no file can be signed any more. */
static hm_err core_lost(signing *s) {
    s->core_lost = true;
    return hm_could_not("the office's core has ended (run hallmark log check)");
}

static hm_err flush(signing *s) {
    if (!s->outgoing.len) return HM_OK;
    hm_err err = hm_wire_send_frames(s->parser->core, hm_buf_bytes(&s->outgoing));
    s->outgoing.len = 0;
    return hm_failed(err) ? core_lost(s) : HM_OK;
}

static hm_err receive(signing *s, hm_message *answer) {
    bool closed;
    hm_err err = hm_wire_receive(s->parser->core, &s->storage, answer, &closed);
    if (hm_failed(err)) s->core_lost = true;
    return !hm_failed(err) && closed ? core_lost(s) : err;
}

static hm_err take_answer(signing *s, const hm_message *answer);

/* Which of the product's keys will sign? Asked once for each list of algorithms. */
static hm_err prepare(signing *s, const hm_format *format, const hm_subject *subject) {
    const hm_key_algorithm *accepted = format->algorithms(subject);
    if (accepted == s->prepared_for) return HM_OK;
    uint8_t wanted[16];
    size_t count = 0;
    for (; count < sizeof wanted && accepted[count]; count++) wanted[count] = (uint8_t)accepted[count];
    hm_message message = {.type = HM_MSG_PREPARE};
    message.field[HM_PREPARE_STRUCTURE].number = format->structure;
    message.field[HM_PREPARE_ALGORITHMS].bytes = HM_BYTES(wanted, count);
    HM_TRY(hm_wire_put(&message, &s->outgoing));
    HM_TRY(flush(s));
    for (;;) {
        HM_TRY(receive(s, &message));
        if (message.type == HM_MSG_PREPARED) break;
        /* Answers to files before this one may come first; a fault with no such file is the answer to "prepare". */
        if (message.type == HM_MSG_FAULT && !s->waiting) return hm_wire_raise(&message);
        if (message.type == HM_MSG_FAULT && message.field[HM_FAULT_TAG].number == 0) return hm_wire_raise(&message);
        HM_TRY(take_answer(s, &message));
    }
    s->prepared_for = accepted;
    s->algorithm = (hm_key_algorithm)message.field[HM_PREPARED_ALGORITHM].number;
    hm_sha256(message.field[HM_PREPARED_CERTIFICATE].bytes, s->certificate_sha256);
    return HM_OK;
}

static hm_err trust(signing *s) { return s->trust ? HM_OK : hm_trust_from_pem(s->orders->trust, &s->trust); }

typedef enum { NOT_OURS, OURS_STALE, OURS_GOOD } standing;

/* Is this signer our key, and does its signature cover what is there now? */
static hm_err judge(signing *s, const hm_signatures *signatures, size_t i, const hm_digests *digests,
                    standing *verdict) {
    const hm_signer_info *info = signatures->signer[i].info;
    *verdict = NOT_OURS;
    if (!info->known || !info->has_certificate ||
        memcmp(info->certificate.sha256, s->certificate_sha256, sizeof s->certificate_sha256) != 0)
        return HM_OK;
    HM_TRY(trust(s));
    hm_verify_rules rules = {.trust = s->trust, .now = s->orders->now};
    hm_verdict ignored;
    const hm_digest *content = hm_digests_find(digests, info->digest);
    hm_err err =
        content ? hm_signed_verify(signatures->signer[i].parsed, signatures->signer[i].index, content, &rules, &ignored)
                : hm_refuse("no digest");
    *verdict = hm_failed(err) ? OURS_STALE : OURS_GOOD;
    return HM_OK;
}

/* What do the signatures that are there mean for the one to be made? */
static hm_err consider_present(signing *s, pending_job *pending, const hm_signatures *signatures) {
    const hm_format *format = pending->opened.format;
    for (size_t i = 0; i < signatures->signers; i++) {
        standing found;
        HM_TRY(judge(s, signatures, i, &pending->digests, &found));
        if (s->orders->replace) continue;
        if (found == OURS_GOOD) {
            pending->is_present = true;
            memcpy(pending->present, signatures->signer[i].info->signature_hash, sizeof pending->present);
            continue;
        }
        if (found == OURS_STALE && !format->several) continue;
        if (found == OURS_STALE)
            return hm_refuse(
                "carries our own signature over other content: it was changed after it was signed (--replace "
                "signs it as it is now)");
        if (!format->several)
            return hm_refuse("is signed by somebody else already: %s (--replace replaces that signature)",
                             signatures->signer[i].info->has_certificate
                                 ? signatures->signer[i].info->certificate.subject
                                 : "an unknown signer");
    }
    return HM_OK;
}

/* The file as it is, in place of what was copied of it to be signed. */
static hm_err copy_whole(const pending_job *pending) {
    static uint8_t block[HM_IO_BLOCK];
    const hm_source *content = &pending->opened.job.content;
    int fd = pending->output_fd[HM_PART_CONTENT];
    if (lseek(fd, 0, SEEK_SET) != 0) return hm_could_not("cannot be written: %s", strerror(errno));
    for (uint64_t at = 0; at < content->size;) {
        size_t len = content->size - at < sizeof block ? (size_t)(content->size - at) : sizeof block;
        HM_TRY(hm_source_read(content, at, block, len));
        HM_TRY(hm_fd_write(fd, HM_BYTES(block, len)));
        at += len;
    }
    return HM_OK;
}

/* The job is finished by it. */
static hm_err report_unchanged(signing *s, pending_job *pending) {
    hm_opened *opened = &pending->opened;
    HM_BUF text = HM_BUF_EMPTY;
    bool copied = s->orders->elsewhere && !opened->format->detached;
    if (copied) HM_TRY(copy_whole(pending));
    HM_TRY(
        hm_put_format(&text, "%s: unchanged: already signed by this key over the same content\n", opened->job.shown));
    hm_parser_print(s->parser, &opened->job, HM_STREAM_OUT, hm_buf_bytes(&text));
    hm_parser_print(s->parser, &opened->job, HM_STREAM_STATUS, hm_text("unchanged"));
    return hm_parser_finish(s->parser, &opened->job, HM_OK, copied);
}

/* Digest the content, copying it to the output where the format embeds. What is hashed is what is written. */
static hm_err digest(signing *s, pending_job *pending, hm_signatures *signatures) {
    hm_opened *opened = &pending->opened;
    const hm_format *format = opened->format;
    pending->algorithm = s->algorithm;
    pending->digests.count = 1;
    pending->digests.digest[0].algorithm = hm_scheme_digest(hm_key_scheme(s->algorithm));
    /* What will be replaced need not be understood. */
    if (!s->orders->replace) {
        HM_TRY(hm_in(hm_signatures_parse(opened, signatures), "the signature that is there (--replace replaces it)"));
        HM_TRY(hm_signatures_digests(signatures, &pending->digests));
    }
    hm_sink *copy = NULL;
    if (!format->detached || opened->job.folder) {
        hm_part part = opened->job.folder ? HM_PART_CATALOGUE : HM_PART_CONTENT;
        int *fd = &pending->output_fd[part];
        if (!s->orders->noted) HM_TRY(hm_parser_output(s->parser, &opened->job, part, fd));
        pending->sink = s->orders->noted ? hm_sink_to_nothing() : hm_sink_to_file(*fd);
        copy = &pending->sink;
    }
    hm_differences differences = {s->parser, &opened->job, HM_BUF_EMPTY, HM_OK};
    hm_err err = format->digest(opened->subject, &pending->digests, &pending->plain, copy, hm_difference, &differences);
    hm_buf_clear(&differences.json);
    return err;
}

static hm_err ask_core(signing *s, pending_job *pending) {
    const hm_opened *opened = &pending->opened;
    hm_message message = {.type = HM_MSG_SIGN};
    memcpy(pending->certificate_sha256, s->certificate_sha256, sizeof pending->certificate_sha256);
    message.field[HM_SIGN_TAG].number = (uint64_t)opened->job.number + 1;
    message.field[HM_SIGN_FORMAT].number = opened->format->id;
    message.field[HM_SIGN_STRUCTURE].number = opened->format->structure;
    message.field[HM_SIGN_ALGORITHM].number = pending->algorithm;
    message.field[HM_SIGN_NAME].bytes = hm_text(opened->job.name);
    message.field[HM_SIGN_SIZE].number = opened->job.folder ? pending->sink.written : opened->job.content.size;
    message.field[HM_SIGN_PLAIN].bytes = hm_digest_bytes(&pending->plain);
    message.field[HM_SIGN_CONTENT].bytes = hm_digest_bytes(&pending->digests.digest[0]);
    if (pending->is_present) message.field[HM_SIGN_PRESENT].bytes = HM_ARRAY(pending->present);
    return hm_wire_put(&message, &s->outgoing);
}

static hm_err enqueue(signing *s, pending_job *pending) {
    for (size_t i = 0; i < WINDOW; i++) {
        if (s->window[i]) continue;
        HM_TRY(ask_core(s, pending));
        if (pending->opened.format->detached && !s->orders->noted)
            HM_TRY(hm_parser_output_soon(s->parser, &pending->opened.job, HM_PART_SIGNATURE));
        s->window[i] = pending;
        s->waiting++;
        return HM_OK;
    }
    return hm_could_not("too many files are under way");
}

static const char catalogue_head[] = "# Hallmark catalogue ";

static bool is_catalogue(const hm_source *source) {
    uint8_t head[sizeof catalogue_head - 1];
    return source->size >= sizeof head && !hm_failed(hm_source_read(source, 0, head, sizeof head)) &&
           memcmp(head, catalogue_head, sizeof head) == 0;
}

/* A SHA256SUMS that somebody else wrote is not ours to overwrite. */
static hm_err check_catalogue(signing *s, const hm_job *job) {
    HM_FD fd = -1;
    hm_source source;
    if (!job->folder || s->orders->replace) return HM_OK;
    HM_TRY(hm_parser_companion(s->parser, job, HM_PART_CATALOGUE, &fd));
    if (fd < 0) return HM_OK;
    HM_TRY(hm_source_of_file(fd, &source));
    return is_catalogue(&source)
               ? HM_OK
               : hm_refuse("there is a SHA256SUMS already that is not Hallmark's (--replace replaces it)");
}

/* Any file can be signed but one that would then speak for a folder: what it lists was never looked at. */
static hm_err check_not_catalogue(const hm_opened *opened) {
    bool lists = opened->format->id == HM_FORMAT_CMS && is_catalogue(&opened->job.content);
    return lists ? hm_refuse("is the catalogue of a folder (sign the folder itself)") : HM_OK;
}

/* A signature is not signed when somebody says "sign *". */
static bool is_signature(const hm_job *job, const char *format) {
    static const char *const endings[] = {".p7s", ".tlog-proof", ".cose"};
    size_t len = strlen(job->name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && !format && !job->folder; i++) {
        size_t ending = strlen(endings[i]);
        if (len > ending && strcmp(job->name + len - ending, endings[i]) == 0) return true;
    }
    return false;
}

static hm_err report_skipped(signing *s, hm_job *job) {
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(hm_put_format(&text, "%s: skipped: it is a signature itself (--format cms signs it all the same)\n",
                         job->shown));
    hm_parser_print(s->parser, job, HM_STREAM_OUT, hm_buf_bytes(&text));
    hm_parser_print(s->parser, job, HM_STREAM_STATUS, hm_text("skipped"));
    return hm_parser_finish(s->parser, job, HM_OK, false);
}

/* Take a job as far as the core's answer. PENDING is freed unless it waits for that. */
static hm_err begin(signing *s, pending_job *pending, hm_job *job, bool *finished) {
    hm_signatures signatures = {0};
    *finished = false;
    HM_TRY(check_catalogue(s, job));
    HM_TRY(hm_opened_open(s->parser, job, s->orders->format, HM_OPEN_TO_SIGN, &pending->opened));
    HM_TRY(check_not_catalogue(&pending->opened));
    HM_TRY(prepare(s, pending->opened.format, pending->opened.subject));
    hm_err err = digest(s, pending, &signatures);
    if (!hm_failed(err)) err = consider_present(s, pending, &signatures);
    hm_signatures_clear(&signatures);
    HM_TRY(err);
    /* For which release it was signed only the log knows. */
    *finished = pending->is_present && !s->orders->release[0] && !s->orders->noted;
    return *finished ? report_unchanged(s, pending) : enqueue(s, pending);
}

static hm_err start(signing *s, hm_job *job) {
    if (is_signature(job, s->orders->format)) return report_skipped(s, job);
    pending_job *pending = calloc(1, sizeof *pending);
    if (!pending) {
        hm_err err = hm_no_memory();
        return hm_parser_finish(s->parser, job, err, false);
    }
    for (size_t i = 0; i < HM_PARTS; i++) pending->output_fd[i] = -1;
    pending->opened.job = *job;
    pending->opened.signature_fd = pending->opened.catalogue_fd = pending->opened.walk.fd = -1;
    bool finished;
    hm_err err = begin(s, pending, job, &finished);
    if (!hm_failed(err) && !finished) return HM_OK;
    if (hm_failed(err)) err = hm_parser_finish(s->parser, &pending->opened.job, err, false);
    pending_free(pending);
    return !hm_failed(err) && s->core_lost ? core_lost(s) : err;
}

/* A signature over this content, by the key that was announced; who else could have answered must not have a file of
 * ours replaced. */
static hm_err check_answer(const pending_job *pending, hm_bytes structure) {
    HM_SIGNED *parsed = NULL;
    HM_TRY(hm_signed_parse(pending->opened.format->structure, structure, &parsed));
    const uint8_t *announced = pending->certificate_sha256;
    if (memcmp(hm_signed_at(parsed, 0)->certificate.sha256, announced, sizeof pending->certificate_sha256) != 0)
        return hm_refuse("it is by another key than was announced");
    return hm_signed_covers(parsed, 0, &pending->digests.digest[0]);
}

/* Between the announcement and the answer another key may have taken over: the office is asked once more which signs.
 */
static hm_err check_or_ask(signing *s, pending_job *pending, hm_bytes structure) {
    hm_err err = check_answer(pending, structure);
    if (err.class != HM_REFUSED) return err;
    s->prepared_for = NULL;
    HM_TRY(prepare(s, pending->opened.format, pending->opened.subject));
    memcpy(pending->certificate_sha256, s->certificate_sha256, sizeof pending->certificate_sha256);
    return check_answer(pending, structure);
}

static hm_err embed(signing *s, pending_job *pending, hm_bytes structure) {
    const hm_opened *opened = &pending->opened;
    hm_sink detached, *sink = &pending->sink;
    if (opened->format->detached) {
        HM_TRY(hm_parser_output(s->parser, &opened->job, HM_PART_SIGNATURE, &pending->output_fd[HM_PART_SIGNATURE]));
        detached = hm_sink_to_file(pending->output_fd[HM_PART_SIGNATURE]);
        sink = &detached;
    }
    return opened->format->embed(opened->subject, structure, s->orders->replace, sink);
}

static const char *where_it_went(const signing *s, const hm_opened *opened) {
    if (s->orders->elsewhere || !opened->format->detached) return "";
    return opened->job.folder ? ", in SHA256SUMS and SHA256SUMS.p7s" : ", in its .p7s";
}

/* To people at once, to machines as a member: what the core remarks of it. */
static hm_err report_remark(signing *s, const hm_job *job, hm_bytes remark) {
    HM_BUF text = HM_BUF_EMPTY;
    if (!remark.len) return HM_OK;
    if (!s->parser->json) {
        HM_TRY(hm_put_format(&text, "%s: warning: %.*s\n", job->shown, (int)remark.len, (const char *)remark.data));
        hm_parser_print(s->parser, job, HM_STREAM_ERR, hm_buf_bytes(&text));
        return HM_OK;
    }
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_text(&json, "warning", remark);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    HM_TRY(hm_json_inside(&text));
    HM_TRY(hm_put_text(&text, ","));
    hm_parser_print(s->parser, job, HM_STREAM_MEMBERS, hm_buf_bytes(&text));
    return HM_OK;
}

static hm_err report_signed(signing *s, const pending_job *pending, const hm_message *answer) {
    const hm_job *job = &pending->opened.job;
    unsigned long long intent = answer->field[HM_SIGNED_INTENT].number,
                       outcome = answer->field[HM_SIGNED_OUTCOME].number;
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(report_remark(s, job, answer->field[HM_SIGNED_REMARK].bytes));
    if (!s->parser->json) {
        HM_TRY(hm_put_format(&text, "%s: signed: %s, %s, log entries %llu and %llu%s\n", job->shown,
                             pending->opened.format->name, hm_key_algorithm_name(pending->algorithm), intent, outcome,
                             where_it_went(s, &pending->opened)));
        hm_parser_print(s->parser, job, HM_STREAM_OUT, hm_buf_bytes(&text));
        return HM_OK;
    }
    HM_TRY(hm_put_format(&text, "\"format\":\"%s\",\"algorithm\":\"%s\",\"intent\":%llu,\"outcome\":%llu,\"digest\":\"",
                         pending->opened.format->name, hm_key_algorithm_name(pending->algorithm), intent, outcome));
    HM_TRY(hm_put_hex(&text, hm_digest_bytes(&pending->digests.digest[0])));
    HM_TRY(hm_put_text(&text, "\""));
    hm_parser_print(s->parser, job, HM_STREAM_MEMBERS, hm_buf_bytes(&text));
    return HM_OK;
}

static hm_err report_noted(signing *s, const pending_job *pending) {
    const hm_job *job = &pending->opened.job;
    HM_BUF text = HM_BUF_EMPTY;
    if (s->parser->json) return HM_OK;
    HM_TRY(hm_put_format(&text, "%s: %s: %s, %s, SHA-256 ", job->shown, s->orders->product,
                         pending->opened.format->name, hm_key_algorithm_name(pending->algorithm)));
    HM_TRY(hm_put_hex(&text, hm_digest_bytes(&pending->plain)));
    HM_TRY(hm_put_u8(&text, '\n'));
    hm_parser_print(s->parser, job, HM_STREAM_OUT, hm_buf_bytes(&text));
    return HM_OK;
}

static pending_job *take_pending(signing *s, uint64_t tag) {
    for (size_t i = 0; i < WINDOW; i++) {
        pending_job *pending = s->window[i];
        if (!pending || (uint64_t)pending->opened.job.number + 1 != tag) continue;
        s->window[i] = NULL;
        s->waiting--;
        return pending;
    }
    return NULL;
}

/* The answer's views last until the next one is read. */
static hm_err take_signed(signing *s, pending_job *pending, const hm_message *answer) {
    HM_BUF structure = HM_BUF_EMPTY, remark = HM_BUF_EMPTY;
    hm_message kept = *answer;
    HM_TRY(hm_put(&structure, answer->field[HM_SIGNED_STRUCTURE].bytes));
    HM_TRY(hm_put(&remark, answer->field[HM_SIGNED_REMARK].bytes));
    kept.field[HM_SIGNED_REMARK].bytes = hm_buf_bytes(&remark);
    if (s->orders->distrust) HM_TRY(hm_in(check_or_ask(s, pending, hm_buf_bytes(&structure)), "the office's answer"));
    HM_TRY(embed(s, pending, hm_buf_bytes(&structure)));
    return report_signed(s, pending, &kept);
}

static hm_err finish_pending(signing *s, pending_job *pending, const hm_message *answer) {
    hm_job *job = &pending->opened.job;
    hm_bytes structure = answer->field[HM_SIGNED_STRUCTURE].bytes;
    if (answer->type == HM_MSG_FAULT) return hm_parser_finish(s->parser, job, hm_wire_raise(answer), false);
    if (answer->type == HM_MSG_NOTED) return hm_parser_finish(s->parser, job, report_noted(s, pending), false);
    if (!structure.len && pending->is_present) return report_unchanged(s, pending);
    if (s->orders->noted || !structure.len)
        return hm_parser_finish(s->parser, job, hm_could_not("core language: an answer to nothing"), false);
    hm_err err = take_signed(s, pending, answer);
    return hm_parser_finish(s->parser, job, err, !hm_failed(err));
}

static hm_err take_answer(signing *s, const hm_message *answer) {
    bool fault = answer->type == HM_MSG_FAULT;
    bool noted = answer->type == HM_MSG_NOTED && s->orders->noted;
    if (!fault && !noted && answer->type != HM_MSG_SIGNED) return hm_could_not("core language: an answer to nothing");
    int tag = fault ? (int)HM_FAULT_TAG : noted ? (int)HM_NOTED_TAG : (int)HM_SIGNED_TAG;
    pending_job *pending = take_pending(s, answer->field[tag].number);
    if (!pending) return fault ? hm_wire_raise(answer) : hm_could_not("core language: an answer to nothing");
    hm_err err = finish_pending(s, pending, answer);
    pending_free(pending);
    return err;
}

static hm_err take_waiting(signing *s, size_t at_most) {
    HM_TRY(flush(s));
    while (s->waiting > at_most) {
        hm_message answer;
        HM_TRY(receive(s, &answer));
        HM_TRY(take_answer(s, &answer));
    }
    return HM_OK;
}

static hm_err sign_all(signing *s) {
    for (;;) {
        hm_job job;
        bool more;
        HM_TRY(hm_parser_next(s->parser, &job, &more));
        if (!more) return take_waiting(s, 0);
        HM_TRY(start(s, &job));
        /* Half the window is sent at once and answered while the other half is read. */
        if (s->waiting % (WINDOW / 2) == 0) HM_TRY(flush(s));
        if (s->waiting == WINDOW) HM_TRY(take_waiting(s, WINDOW / 2));
    }
}

hm_err hm_parse_sign(hm_parser *parser, void *orders) {
    static signing s;
    s.parser = parser;
    s.orders = orders;
    hm_err err = sign_all(&s);
    for (size_t i = 0; i < WINDOW; i++) {
        if (s.window[i] && hm_failed(err))
            (void)!hm_failed(hm_parser_finish(parser, &s.window[i]->opened.job, err, false));
        pending_free(s.window[i]);
    }
    hm_trust_free(&s.trust);
    hm_buf_clear(&s.outgoing);
    hm_buf_clear(&s.storage);
    return err;
}
