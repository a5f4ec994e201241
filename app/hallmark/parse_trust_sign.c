#include "gather.h"
#include "parse_trust.h"
#include "trust_file.h"

#include <core/wire.h>

#include <stdio.h>
#include <string.h>

static hm_err ask_core(const hm_parser *parser, const hm_trust_orders *orders, hm_bytes list, hm_buf *storage,
                       hm_bytes *signature) {
    hm_message message = {.type = HM_MSG_TRUST_SIGN};
    bool closed;
    message.field[HM_TRUST_SIGN_LIST].bytes = list;
    message.field[HM_TRUST_SIGN_OLD].bytes = hm_buf_bytes(&orders->old);
    HM_TRY(hm_wire_send(parser->core, &message));
    HM_TRY(hm_wire_receive(parser->core, storage, &message, &closed));
    if (closed) return hm_could_not("the office's core has ended (run hallmark log check)");
    if (message.type == HM_MSG_FAULT) return hm_wire_raise(&message);
    if (message.type != HM_MSG_BYTES) return hm_could_not("core language: an answer to something else");
    *signature = message.field[HM_BYTES_CONTENT].bytes;
    return HM_OK;
}

/* The envelope with SIGNATURE in it; one by the same key is replaced. */
static hm_err put_in(const hm_list_file *file, const hm_cose_signature *signature, hm_buf *envelope) {
    hm_bytes all[HM_COSE_SIGNATURES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < file->envelope.signatures; i++)
        if (!hm_bytes_equal(file->envelope.signature[i].kid, signature->kid))
            all[count++] = file->envelope.signature[i].whole;
    if (count == HM_COSE_SIGNATURES_MAX) return hm_refuse("it holds %zu signatures already", count);
    all[count++] = signature->whole;
    return hm_cose_draft_put(file->envelope.payload, all, count, envelope);
}

/* Has this root signed it, whatever the core would say? */
static bool is_good(const hm_trust_list *roots, const hm_tally *tally, hm_bytes kid) {
    for (size_t i = 0; i < roots->roots; i++)
        if (hm_bytes_equal(HM_ARRAY(roots->root[i].kid), kid)) return tally->root[i] == HM_ROOT_SIGNED;
    return false;
}

typedef struct {
    hm_tally own, old;
    hm_list_file previous; /* --old */
} standing;

/* "1 of 2 root signatures", "3 root signatures, 2 needed" */
static hm_err put_tally(const hm_tally *tally, const char *what, hm_buf *text) {
    unsigned long long threshold = tally->threshold;
    return tally->good > threshold ? hm_put_format(text, "%zu %s, %llu needed", tally->good, what, threshold)
                                   : hm_put_format(text, "%zu of %llu %s", tally->good, threshold, what);
}

/* A list that follows another needs the old roots' signatures too, and without --old nobody counted those. */
static hm_err put_end(const hm_trust_orders *orders, uint64_t version, hm_buf *text) {
    return hm_put_text(text, orders->has_old || version <= 1
                                 ? ": complete"
                                 : ": complete as a first list; give --old LIST if it follows another");
}

/* "2 of 2 new roots, 1 of 2 old roots" */
static hm_err put_standing(const hm_trust_orders *orders, const standing *s, uint64_t version, hm_buf *text) {
    HM_TRY(put_tally(&s->own, orders->has_old ? "new roots" : "root signatures", text));
    if (orders->has_old) {
        HM_TRY(hm_put_text(text, s->own.good > s->own.threshold ? "; " : ", "));
        HM_TRY(put_tally(&s->old, "old roots", text));
    }
    bool enough = hm_tally_is_enough(&s->own) && (!orders->has_old || hm_tally_is_enough(&s->old));
    return enough ? put_end(orders, version, text) : HM_OK;
}

static hm_err put_members(const hm_trust_orders *orders, const standing *s, const hm_trust_list *list, hm_buf *text) {
    hm_json json = hm_json_plain(text);
    hm_json_object(&json, NULL);
    hm_json_number(&json, "version", (int64_t)list->version);
    hm_json_number(&json, "signatures", (int64_t)s->own.good);
    hm_json_number(&json, "threshold", (int64_t)s->own.threshold);
    if (orders->has_old) {
        hm_json_number(&json, "old_signatures", (int64_t)s->old.good);
        hm_json_number(&json, "old_threshold", (int64_t)s->old.threshold);
    }
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    return hm_json_inside(text);
}

static hm_err report(hm_parser *parser, const hm_job *job, const hm_trust_orders *orders, const hm_list_file *file,
                     const standing *s) {
    HM_BUF text = HM_BUF_EMPTY;
    if (parser->json) {
        HM_TRY(put_members(orders, s, file->list, &text));
    } else {
        HM_TRY(hm_put_format(&text, "%s: trust list %llu: ", job->shown, (unsigned long long)file->list->version));
        HM_TRY(put_standing(orders, s, file->list->version, &text));
        HM_TRY(hm_put_text(&text, "\n"));
    }
    hm_parser_report(parser, job, &text);
    return HM_OK;
}

static hm_err tally(const hm_trust_orders *orders, const hm_list_file *file, standing *s) {
    HM_TRY(hm_list_tally(file, file->list, &s->own));
    return orders->has_old ? hm_list_tally(file, s->previous.list, &s->old) : HM_OK;
}

/* What the core answered must verify: a file that devices refuse is not written. */
static hm_err check_signature(const hm_trust_orders *orders, const hm_list_file *file, const standing *s,
                              hm_bytes kid) {
    bool good = is_good(file->list, &s->own, kid) || (orders->has_old && is_good(s->previous.list, &s->old, kid));
    return good ? HM_OK : hm_could_not("the token signed wrongly");
}

static hm_err sign(hm_parser *parser, const hm_trust_orders *orders, const hm_job *job, standing *s) {
    HM_BUF content = HM_BUF_EMPTY, storage = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY;
    HM_LIST_FILE before = {.list = NULL}, after = {.list = NULL};
    hm_bytes bytes;
    hm_cose_signature signature;
    HM_TRY(hm_job_read(job, HM_LIST_MAX, &content));
    HM_TRY(hm_list_file_open(hm_buf_bytes(&content), &before));
    if (orders->has_old) HM_TRY(hm_in(hm_list_file_open(hm_buf_bytes(&orders->old), &s->previous), "the old list"));
    HM_TRY(ask_core(parser, orders, hm_buf_bytes(&content), &storage, &bytes));
    HM_TRY(hm_cose_signature_get(bytes, &signature));
    HM_TRY(put_in(&before, &signature, &envelope));
    HM_TRY(hm_list_file_open(hm_buf_bytes(&envelope), &after));
    HM_TRY(tally(orders, &after, s));
    HM_TRY(check_signature(orders, &after, s, signature.kid));
    HM_TRY(hm_job_write(parser, job, hm_buf_bytes(&envelope)));
    return report(parser, job, orders, &after, s);
}

static hm_err sign_first(hm_parser *parser, const void *orders, const hm_gathered *gathered) {
    standing s = {.previous = {.list = NULL}};
    hm_err err = sign(parser, orders, &gathered->job[0], &s);
    hm_list_file_clear(&s.previous);
    return err;
}

hm_err hm_parse_trust_sign(hm_parser *parser, void *context) {
    const hm_trust_orders *orders = context;
    return hm_gather_do(parser, orders->operands, sign_first, orders);
}
