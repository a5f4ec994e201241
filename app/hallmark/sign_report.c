/* What is said of a file that was signed, or need not be. */
#include "sign_state.h"
#include "stamp_words.h"
#include "trust_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The file as it is, in place of what was copied of it to be signed. */
static hm_err copy_whole(const hm_sign_job *pending) {
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

hm_err hm_sign_report_unchanged(hm_signing *s, hm_sign_job *pending) {
    hm_opened *opened = &pending->opened;
    HM_BUF text = HM_BUF_EMPTY;
    bool copied = s->orders->elsewhere && !opened->format->detached;
    if (copied) HM_TRY(copy_whole(pending));
    HM_TRY(
        hm_put_format(&text, "%s: unchanged: already signed over the same content\n", opened->job.shown));
    hm_parser_print(s->parser, &opened->job, HM_STREAM_OUT, hm_buf_bytes(&text));
    hm_parser_print(s->parser, &opened->job, HM_STREAM_STATUS, hm_text("unchanged"));
    return hm_parser_finish(s->parser, &opened->job, HM_OK, copied);
}

hm_err hm_sign_report_skipped(hm_signing *s, hm_job *job) {
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(hm_put_format(&text, "%s: skipped: it is a signature itself (--format cms signs it all the same)\n",
                         job->shown));
    hm_parser_print(s->parser, job, HM_STREAM_OUT, hm_buf_bytes(&text));
    hm_parser_print(s->parser, job, HM_STREAM_STATUS, hm_text("skipped"));
    return hm_parser_finish(s->parser, job, HM_OK, false);
}

static const char *where_it_went(const hm_signing *s, const hm_opened *opened) {
    if (s->orders->elsewhere || !opened->format->detached) return "";
    return opened->job.folder ? ", in SHA256SUMS and SHA256SUMS.p7s" : ", in its .p7s";
}

/* To people at once, to machines as a member: what the core remarks of it. */
static hm_err report_remark(hm_signing *s, const hm_job *job, hm_bytes remark) {
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

static hm_err put_stamp_member(const hm_stamp *stamp, const char *before, hm_buf *text) {
    HM_BUF object = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&object);
    if (stamp->standing == HM_STAMP_NONE) return HM_OK;
    hm_json_object(&json, NULL);
    hm_stamp_json(&json, stamp);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    HM_TRY(hm_json_inside(&object));
    HM_TRY(hm_put_text(text, before));
    return hm_put(text, hm_buf_bytes(&object));
}

hm_err hm_sign_report_signed(hm_signing *s, const hm_sign_job *pending, const hm_message *answer) {
    const hm_job *job = &pending->opened.job;
    unsigned long long intent = answer->field[HM_SIGNED_INTENT].number,
                       outcome = answer->field[HM_SIGNED_OUTCOME].number;
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(report_remark(s, job, answer->field[HM_SIGNED_REMARK].bytes));
    if (!s->parser->json) {
        HM_TRY(hm_put_format(&text, "%s: signed: %s, %s, log entries %llu and %llu%s", job->shown,
                             pending->opened.format->name, hm_key_algorithm_name(pending->algorithm), intent, outcome,
                             where_it_went(s, &pending->opened)));
        HM_TRY(hm_stamp_got(&pending->stamp, &text));
        HM_TRY(hm_put_u8(&text, '\n'));
        hm_parser_print(s->parser, job, HM_STREAM_OUT, hm_buf_bytes(&text));
        return HM_OK;
    }
    HM_TRY(hm_put_format(&text, "\"format\":\"%s\",\"algorithm\":\"%s\",\"intent\":%llu,\"outcome\":%llu,\"digest\":\"",
                         pending->opened.format->name, hm_key_algorithm_name(pending->algorithm), intent, outcome));
    HM_TRY(hm_put_hex(&text, hm_digest_bytes(&pending->digests.digest[0])));
    HM_TRY(hm_put_text(&text, "\""));
    HM_TRY(put_stamp_member(&pending->stamp, ",", &text));
    hm_parser_print(s->parser, job, HM_STREAM_MEMBERS, hm_buf_bytes(&text));
    return HM_OK;
}

hm_err hm_sign_report_stamped(hm_signing *s, const hm_sign_job *pending) {
    const hm_job *job = &pending->opened.job;
    HM_BUF text = HM_BUF_EMPTY;
    hm_parser_print(s->parser, job, HM_STREAM_STATUS, hm_text("timestamped"));
    if (s->parser->json) {
        HM_TRY(put_stamp_member(&pending->stamp, "", &text));
        hm_parser_print(s->parser, job, HM_STREAM_MEMBERS, hm_buf_bytes(&text));
        return HM_OK;
    }
    HM_TRY(hm_put_format(&text, "%s: already signed over the same content", job->shown));
    HM_TRY(hm_stamp_got(&pending->stamp, &text));
    HM_TRY(hm_put_u8(&text, '\n'));
    hm_parser_print(s->parser, job, HM_STREAM_OUT, hm_buf_bytes(&text));
    return HM_OK;
}

hm_err hm_sign_report_noted(hm_signing *s, const hm_sign_job *pending) {
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
