#include "sign_state.h"

#include <stdlib.h>
#include <string.h>

static void pending_free(hm_sign_job *pending) {
    if (!pending) return;
    for (size_t i = 0; i < HM_PARTS; i++) hm_fd_close(&pending->output_fd[i]);
    hm_opened_clear(&pending->opened);
    hm_buf_clear(&pending->structure);
    hm_buf_clear(&pending->remark);
    free(pending);
}

/* Without a core, or out of step with it, no file can be signed any more. */
static hm_err core_lost(hm_signing *s) {
    s->core_lost = true;
    return hm_could_not("the office's core has ended (run hallmark log check)");
}

static hm_err flush(hm_signing *s) {
    if (!s->outgoing.len) return HM_OK;
    hm_err err = hm_wire_send_frames(s->parser->core, hm_buf_bytes(&s->outgoing));
    s->outgoing.len = 0;
    return hm_failed(err) ? core_lost(s) : HM_OK;
}

static hm_err receive(hm_signing *s, hm_message *answer) {
    bool closed;
    hm_err err = hm_wire_receive(s->parser->core, &s->storage, answer, &closed);
    if (hm_failed(err)) s->core_lost = true;
    return !hm_failed(err) && closed ? core_lost(s) : err;
}

static hm_err take_answer(hm_signing *s, const hm_message *answer);

/* Which of the product's keys will sign? Asked once for each list of algorithms. */
static hm_err prepare(hm_signing *s, const hm_format *format, const hm_subject *subject) {
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
    HM_TRY(hm_cert_describe(message.field[HM_PREPARED_CERTIFICATE].bytes, &s->announced));
    return HM_OK;
}

/* Behind the others that wait for timestamps. */
static void defer(hm_signing *s, hm_sign_job *pending) {
    *s->behind_last = pending;
    s->behind_last = &pending->next;
}

/* It is signed as it should be; but for a timestamp, perhaps. *FINISHED is false if it waits for one. */
static hm_err leave_unchanged(hm_signing *s, hm_sign_job *pending, bool *finished) {
    bool wanted = s->orders->stamps.count && !pending->is_stamped;
    *finished = !wanted || pending->is_beside;
    if (!wanted) return hm_sign_report_unchanged(s, pending);
    if (pending->is_beside)
        return hm_refuse("is signed already, but not timestamped, and beside other signatures that cannot be done any "
                         "more (--replace signs it anew)");
    defer(s, pending);
    return HM_OK;
}

/* Digest the content, copying it to the output where the format embeds. What is hashed is what is written. */
static hm_err digest(hm_signing *s, hm_sign_job *pending, hm_signatures *signatures) {
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

static hm_err ask_core(hm_signing *s, hm_sign_job *pending) {
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
    message.field[HM_SIGN_CERTIFICATE].bytes = HM_ARRAY(pending->certificate_sha256);
    if (pending->is_present) message.field[HM_SIGN_PRESENT].bytes = HM_ARRAY(pending->present);
    return hm_wire_put(&message, &s->outgoing);
}

static hm_err enqueue(hm_signing *s, hm_sign_job *pending) {
    for (size_t i = 0; i < HM_SIGN_WINDOW; i++) {
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
static hm_err check_catalogue(hm_signing *s, const hm_job *job) {
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

/* Take a job as far as the core's answer. PENDING is freed unless it waits for that. */
static hm_err begin(hm_signing *s, hm_sign_job *pending, hm_job *job, bool *finished) {
    hm_signatures signatures = {0};
    *finished = false;
    HM_TRY(check_catalogue(s, job));
    HM_TRY(hm_opened_open(s->parser, job, s->orders->format, HM_OPEN_TO_SIGN, &pending->opened));
    HM_TRY(check_not_catalogue(&pending->opened));
    HM_TRY(prepare(s, pending->opened.format, pending->opened.subject));
    hm_err err = digest(s, pending, &signatures);
    if (!hm_failed(err)) err = hm_sign_consider_present(s, pending, &signatures);
    hm_signatures_clear(&signatures);
    HM_TRY(err);
    /* For which release it was signed only the log knows. */
    bool unchanged = pending->is_present && pending->is_latest && !s->orders->release[0] && !s->orders->noted;
    return unchanged ? leave_unchanged(s, pending, finished) : enqueue(s, pending);
}

static hm_err start(hm_signing *s, hm_job *job) {
    if (is_signature(job, s->orders->format)) return hm_sign_report_skipped(s, job);
    hm_sign_job *pending = calloc(1, sizeof *pending);
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
static hm_err check_answer(const hm_sign_job *pending, hm_bytes structure) {
    HM_SIGNED *parsed = NULL;
    HM_TRY(hm_signed_parse(pending->opened.format->structure, structure, &parsed));
    const uint8_t *announced = pending->certificate_sha256;
    if (memcmp(hm_signed_at(parsed, 0)->certificate.sha256, announced, sizeof pending->certificate_sha256) != 0)
        return hm_refuse("it is by another key than was announced");
    return hm_signed_covers(parsed, 0, &pending->digests.digest[0]);
}

/* Between the announcement and the answer another key may have taken over: the office is asked once more which signs.
 */
static hm_err check_or_ask(hm_signing *s, hm_sign_job *pending, hm_bytes structure) {
    hm_err err = check_answer(pending, structure);
    if (err.class != HM_REFUSED) return err;
    s->prepared_for = NULL;
    HM_TRY(prepare(s, pending->opened.format, pending->opened.subject));
    memcpy(pending->certificate_sha256, s->certificate_sha256, sizeof pending->certificate_sha256);
    return check_answer(pending, structure);
}

static hm_err embed(hm_signing *s, hm_sign_job *pending, hm_bytes structure, bool replace) {
    const hm_opened *opened = &pending->opened;
    hm_sink detached, *sink = &pending->sink;
    if (opened->format->detached) {
        HM_TRY(hm_parser_output(s->parser, &opened->job, HM_PART_SIGNATURE, &pending->output_fd[HM_PART_SIGNATURE]));
        detached = hm_sink_to_file(pending->output_fd[HM_PART_SIGNATURE]);
        sink = &detached;
    }
    return opened->format->embed(opened->subject, structure, replace, sink);
}

static hm_sign_job *take_pending(hm_signing *s, uint64_t tag) {
    for (size_t i = 0; i < HM_SIGN_WINDOW; i++) {
        hm_sign_job *pending = s->window[i];
        if (!pending || (uint64_t)pending->opened.job.number + 1 != tag) continue;
        s->window[i] = NULL;
        s->waiting--;
        return pending;
    }
    return NULL;
}

/* The answer's views last until the next one is read. */
static hm_err keep_answer(hm_sign_job *pending, const hm_message *answer) {
    pending->structure.len = 0;
    pending->index = 0;
    HM_TRY(hm_put(&pending->structure, answer->field[HM_SIGNED_STRUCTURE].bytes));
    HM_TRY(hm_put(&pending->remark, answer->field[HM_SIGNED_REMARK].bytes));
    pending->answer = *answer;
    pending->answer.field[HM_SIGNED_REMARK].bytes = hm_buf_bytes(&pending->remark);
    pending->is_present = pending->is_latest = false;
    return HM_OK;
}

static hm_err put_stamp(hm_signing *s, hm_sign_job *pending) {
    HM_BUF stamped = HM_BUF_EMPTY;
    const hm_opened *opened = &pending->opened;
    if (!s->orders->stamps.count) return HM_OK;
    HM_TRY(hm_stamper_put(&s->stamper, &opened->job, opened->format->structure, hm_buf_bytes(&pending->structure),
                          pending->index, &stamped, &pending->stamp));
    hm_buf_clear(&pending->structure);
    pending->structure = stamped;
    stamped = HM_BUF_EMPTY;
    return HM_OK;
}

static hm_err take_signed(hm_signing *s, hm_sign_job *pending) {
    hm_bytes structure = hm_buf_bytes(&pending->structure);
    if (s->orders->distrust) HM_TRY(hm_in(check_or_ask(s, pending, structure), "the office's answer"));
    HM_TRY(put_stamp(s, pending));
    HM_TRY(embed(s, pending, hm_buf_bytes(&pending->structure), s->orders->replace));
    return hm_sign_report_signed(s, pending, &pending->answer);
}

static hm_err take_present(hm_signing *s, hm_sign_job *pending) {
    HM_TRY(put_stamp(s, pending));
    HM_TRY(embed(s, pending, hm_buf_bytes(&pending->structure), true));
    return hm_sign_report_stamped(s, pending);
}

static hm_err finish_signed(hm_signing *s, hm_sign_job *pending) {
    hm_err err = pending->is_present ? take_present(s, pending) : take_signed(s, pending);
    return hm_parser_finish(s->parser, &pending->opened.job, err, !hm_failed(err));
}

/* What was signed, and waited for whatever else was under way with the core. */
static hm_err stamp_deferred(hm_signing *s) {
    while (s->to_stamp) {
        hm_sign_job *pending = s->to_stamp;
        s->to_stamp = pending->next;
        if (!s->to_stamp) s->behind_last = &s->to_stamp;
        hm_err err = finish_signed(s, pending);
        pending_free(pending);
        HM_TRY(err);
    }
    return HM_OK;
}

/* The office's own authority, whose answer may stand behind answers to files. */
static hm_err ask_office(void *context, hm_bytes request, hm_buf *response) {
    hm_signing *s = context;
    hm_message message = {.type = HM_MSG_TIMESTAMP};
    message.field[HM_TIMESTAMP_REQUEST].bytes = request;
    HM_TRY(hm_wire_put(&message, &s->outgoing));
    HM_TRY(flush(s));
    for (;;) {
        HM_TRY(receive(s, &message));
        if (message.type == HM_MSG_BYTES) return hm_put(response, message.field[HM_BYTES_CONTENT].bytes);
        if (message.type == HM_MSG_FAULT && message.field[HM_FAULT_TAG].number == 0) return hm_wire_raise(&message);
        HM_TRY(take_answer(s, &message));
    }
}

/* *PENDING is NULL if it is not finished yet. */
static hm_err finish_pending(hm_signing *s, hm_sign_job **place, const hm_message *answer) {
    hm_sign_job *pending = *place;
    hm_job *job = &pending->opened.job;
    hm_bytes structure = answer->field[HM_SIGNED_STRUCTURE].bytes;
    bool finished;
    if (answer->type == HM_MSG_FAULT) return hm_parser_finish(s->parser, job, hm_wire_raise(answer), false);
    if (answer->type == HM_MSG_NOTED) return hm_parser_finish(s->parser, job, hm_sign_report_noted(s, pending), false);
    if (!structure.len && pending->is_present) {
        hm_err err = leave_unchanged(s, pending, &finished);
        if (!finished) *place = NULL;
        return hm_failed(err) ? hm_parser_finish(s->parser, job, err, false) : HM_OK;
    }
    if (s->orders->noted || !structure.len)
        return hm_parser_finish(s->parser, job, hm_could_not("core language: an answer to nothing"), false);
    hm_err err = keep_answer(pending, answer);
    if (hm_failed(err)) return hm_parser_finish(s->parser, job, err, false);
    if (!s->orders->stamps.count) return finish_signed(s, pending);
    defer(s, pending);
    *place = NULL;
    return HM_OK;
}

static hm_err take_answer(hm_signing *s, const hm_message *answer) {
    bool fault = answer->type == HM_MSG_FAULT;
    bool noted = answer->type == HM_MSG_NOTED && s->orders->noted;
    if (!fault && !noted && answer->type != HM_MSG_SIGNED) return hm_could_not("core language: an answer to nothing");
    int tag = fault ? (int)HM_FAULT_TAG : noted ? (int)HM_NOTED_TAG : (int)HM_SIGNED_TAG;
    hm_sign_job *pending = take_pending(s, answer->field[tag].number);
    if (!pending) return fault ? hm_wire_raise(answer) : hm_could_not("core language: an answer to nothing");
    hm_err err = finish_pending(s, &pending, answer);
    pending_free(pending);
    return err;
}

static hm_err take_waiting(hm_signing *s, size_t at_most) {
    HM_TRY(flush(s));
    while (s->waiting > at_most) {
        hm_message answer;
        HM_TRY(receive(s, &answer));
        HM_TRY(take_answer(s, &answer));
        HM_TRY(stamp_deferred(s));
    }
    return stamp_deferred(s);
}

static hm_err sign_all(hm_signing *s) {
    for (;;) {
        hm_job job;
        bool more;
        HM_TRY(hm_parser_next(s->parser, &job, &more));
        if (!more) return take_waiting(s, 0);
        HM_TRY(start(s, &job));
        HM_TRY(stamp_deferred(s));
        /* Half the window is sent at once and answered while the other half is read. */
        if (s->waiting % (HM_SIGN_WINDOW / 2) == 0) HM_TRY(flush(s));
        if (s->waiting == HM_SIGN_WINDOW) HM_TRY(take_waiting(s, HM_SIGN_WINDOW / 2));
    }
}

hm_err hm_parse_sign(hm_parser *parser, void *orders) {
    static hm_signing s;
    s.parser = parser;
    s.orders = orders;
    s.behind_last = &s.to_stamp;
    s.stamper = (hm_stamper){.parser = parser, .orders = &s.orders->stamps, .office = ask_office, .context = &s};
    hm_err err = sign_all(&s);
    for (size_t i = 0; i < HM_SIGN_WINDOW; i++) {
        if (s.window[i] && hm_failed(err))
            (void)!hm_failed(hm_parser_finish(parser, &s.window[i]->opened.job, err, false));
        pending_free(s.window[i]);
    }
    for (hm_sign_job *next = s.to_stamp; next; next = s.to_stamp) {
        s.to_stamp = next->next;
        if (hm_failed(err)) (void)!hm_failed(hm_parser_finish(parser, &next->opened.job, err, false));
        pending_free(next);
    }
    hm_stamper_clear(&s.stamper);
    hm_trust_free(&s.trust);
    hm_buf_clear(&s.outgoing);
    hm_buf_clear(&s.storage);
    return err;
}
