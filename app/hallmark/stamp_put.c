/* The parser's side of timestamps: what is asked, and whether what comes back is worth having. */
#include "stamping.h"
#include "trust_file.h"

#include <base/json.h>

#include <string.h>
#include <time.h>

void hm_stamper_clear(hm_stamper *stamper) { hm_trust_free(&stamper->trust); }

/* Roots that tokens are judged by: those that were named, else the office's own. */
static hm_err trust(hm_stamper *stamper) {
    const hm_stamp_orders *orders = stamper->orders;
    if (stamper->trust) return HM_OK;
    return hm_trust_from_pem(orders->roots.len ? orders->roots : orders->office_roots, &stamper->trust);
}

static hm_err fetch(hm_stamper *stamper, const hm_job *job, size_t which, hm_bytes request, hm_buf *response) {
    HM_FD fd = -1;
    hm_source source;
    if (strcmp(stamper->orders->authority[which], "office") == 0)
        return stamper->office(stamper->context, request, response);
    HM_TRY(hm_parser_stamp(stamper->parser, job, which, request, &fd));
    HM_TRY(hm_source_of_file(fd, &source));
    return hm_source_read_all(&source, HM_TIMESTAMP_RESPONSE_MAX, response);
}

/* The token of one authority for SIGNATURE_HASH, in STRUCTURE. */
static hm_err put_one(hm_stamper *stamper, const hm_job *job, size_t which, const uint8_t *signature_hash,
                      hm_buf *token, hm_stamp *stamp) {
    HM_BUF question = HM_BUF_EMPTY, response = HM_BUF_EMPTY;
    hm_timestamp_request request;
    hm_bytes view;
    HM_TRY(hm_timestamp_ask(signature_hash, NULL, &request, &question));
    HM_TRY(fetch(stamper, job, which, hm_buf_bytes(&question), &response));
    bool named = stamper->orders->roots.len != 0; /* otherwise verify goes by the roots of the files, and so do we */
    const hm_verify_rules rules = {.tsa = stamper->trust, .trust = named ? NULL : stamper->trust, .now = time(NULL)};
    HM_TRY(hm_timestamp_take(hm_buf_bytes(&response), &request, &rules, &view, stamp));
    if (stamp->standing != HM_STAMP_GOOD && named) return hm_refuse("%s", stamp->why);
    return hm_put(token, view);
}

/* To people at once; FAILURES gets it for machines. */
static hm_err tell(hm_stamper *stamper, const hm_job *job, size_t which, const hm_fault *fault, hm_json *failures) {
    const char *authority = stamper->orders->authority[which];
    HM_BUF line = HM_BUF_EMPTY;
    HM_TRY(hm_put_format(&line, "%s: timestamp: %s: %s\n", job->shown, authority, fault->sentence));
    if (!stamper->parser->json) hm_parser_print(stamper->parser, job, HM_STREAM_ERR, hm_buf_bytes(&line));
    line.len = 0;
    HM_TRY(hm_put_format(&line, "%s: %s", authority, fault->sentence));
    hm_json_text(failures, NULL, hm_buf_bytes(&line));
    return HM_OK;
}

/* Each in turn, from the one that answered last. *FAILED says how many did. */
static hm_err get_token(hm_stamper *stamper, const hm_job *job, const uint8_t *signature_hash, hm_json *failures,
                        hm_buf *token, hm_stamp *stamp, size_t *failed) {
    size_t count = stamper->orders->count;
    for (*failed = 0; *failed < count; ++*failed) {
        size_t which = (stamper->first + *failed) % count;
        hm_err err = put_one(stamper, job, which, signature_hash, token, stamp);
        if (!hm_failed(err)) {
            stamper->first = which;
            return HM_OK;
        }
        hm_fault fault = hm_fault_keep(err);
        HM_TRY(tell(stamper, job, which, &fault, failures));
    }
    return hm_could_not("not timestamped, so not signed: no authority gave a good timestamp (%s)",
                        stamper->parser->json ? "timestamp_failures" : "see the lines behind this one");
}

/* MORE members follow. */
static hm_err report_failures(hm_stamper *stamper, const hm_job *job, bool more, hm_buf *text) {
    if (!stamper->parser->json) return HM_OK;
    HM_TRY(hm_json_inside(text));
    if (more) HM_TRY(hm_put_text(text, ","));
    hm_parser_print(stamper->parser, job, HM_STREAM_MEMBERS, hm_buf_bytes(text));
    return HM_OK;
}

static hm_err get_and_report(hm_stamper *stamper, const hm_job *job, const uint8_t *signature_hash, hm_buf *token,
                             hm_stamp *stamp) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    size_t failed;
    hm_json_object(&json, NULL);
    hm_json_array(&json, "timestamp_failures");
    hm_fault fault = hm_fault_keep(get_token(stamper, job, signature_hash, &json, token, stamp, &failed));
    hm_json_close_array(&json);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    if (failed) HM_TRY(report_failures(stamper, job, fault.class == HM_DONE, &text));
    return hm_fault_raise(&fault);
}

hm_err hm_stamper_put(hm_stamper *stamper, const hm_job *job, hm_structure kind, hm_bytes structure, size_t index,
                      hm_buf *stamped, hm_stamp *stamp) {
    HM_SIGNED *parsed = NULL;
    HM_BUF token = HM_BUF_EMPTY;
    HM_TRY(trust(stamper));
    HM_TRY(hm_signed_parse(kind, structure, &parsed));
    const hm_signer_info *info = hm_signed_at(parsed, index);
    if (!info) return hm_misuse("there is no signature %zu", index + 1);
    HM_TRY(get_and_report(stamper, job, info->signature_hash, &token, stamp));
    return hm_timestamp_embed(kind, structure, index, hm_buf_bytes(&token), stamped);
}
