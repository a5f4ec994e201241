/* log check FILE, log prove FILE: every signature in a file against the log.
 *
 * This is about the log, not about trust: a signature that was logged stays logged when its certificate has expired or
 * was issued by somebody else. Trust is asked only of a signature that is not logged: if it leads to the office's own
 * root, or was made by a key that the office has, the log was bypassed. */
#include "core_ask.h"
#include "parse_checked.h"

#include <pki/cose.h>

#include <string.h>

/* *LOGGED false: the core knows no such signature. */
static hm_err ask_for_proof(hm_parser *parser, const hm_checked *c, hm_buf *text, bool *logged) {
    const hm_signer_info *info = c->signatures.signer[c->signer].info;
    hm_message message = {.type = HM_MSG_LOG_PROVE};
    message.field[HM_LOG_PROVE_SIGNATURE].bytes = HM_ARRAY(info->signature_hash);
    message.field[HM_LOG_PROVE_CONTENT].bytes = hm_digest_bytes(hm_digests_find(&c->digests, info->digest));
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message answer;
    HM_TRY(hm_core_ask(parser, &message, HM_MSG_BYTES, &storage, &answer));
    *logged = answer.field[HM_BYTES_CONTENT].bytes.len > 0;
    return hm_put(text, answer.field[HM_BYTES_CONTENT].bytes);
}

/* Would this signature, at a time when its certificate was valid, have led to the office's own root? */
static hm_err is_ours(hm_checked *c, const hm_verify_rules *rules, bool *is) {
    const hm_signer_info *info = c->signatures.signer[c->signer].info;
    *is = false;
    if (!info->known || !info->has_certificate) return HM_OK;
    hm_verify_rules then = {.trust = rules->trust, .now = info->certificate.not_before};
    return hm_decided(hm_checked_signer(c, &then, c->signer), is);
}

/* An envelope need not bring certificates. A kid is anybody's to write; the signature itself says whose key it was. */
static hm_err is_by_our_key(const hm_checked *c, hm_bytes keys, bool *is) {
    static hm_cose_envelope envelope;
    hm_reader reader = hm_reader_of(keys);
    hm_bytes whole = c->opened.format->signature(c->opened.subject, 0), spki;
    uint16_t len;
    *is = false;
    if (c->opened.format->id != HM_FORMAT_NATIVE || hm_failed(hm_cose_envelope_get(whole, &envelope))) return HM_OK;
    if (c->signer >= envelope.signatures) return HM_OK;
    while (reader.rest.len && !*is) {
        HM_TRY(hm_read_u16be(&reader, &len));
        HM_TRY(hm_read_bytes(&reader, len, &spki));
        HM_TRY(
            hm_decided(hm_cose_verify(HM_COSE_MANIFEST, envelope.payload, &envelope.signature[c->signer], spki), is));
    }
    return HM_OK;
}

static hm_err report(hm_parser *parser, const hm_checked *c, const char *state, const hm_log_proof *proof,
                     uint64_t size) {
    const hm_signer_info *info = c->signatures.signer[c->signer].info;
    const char *name = info->has_certificate ? info->certificate.common_name : "an unknown signer";
    HM_BUF text = HM_BUF_EMPTY;
    if (parser->json || !proof) return HM_OK;
    HM_TRY(hm_put_format(&text, "%s: %s: ", c->opened.job.shown, state));
    if (c->signatures.signers > 1)
        HM_TRY(hm_put_format(&text, "signature %zu of %zu, ", c->signer + 1, c->signatures.signers));
    HM_TRY(hm_put_format(&text, "intent %llu, outcome %llu, proved in the log of %llu entries, by %s\n",
                         (unsigned long long)proof->intent_index, (unsigned long long)proof->outcome_index,
                         (unsigned long long)size, name));
    hm_parser_print(parser, &c->opened.job, HM_STREAM_OUT, hm_buf_bytes(&text));
    return HM_OK;
}

static hm_err report_foreign(hm_parser *parser, const hm_checked *c) {
    const hm_signer_info *info = c->signatures.signer[c->signer].info;
    HM_BUF text = HM_BUF_EMPTY;
    if (parser->json) return HM_OK;
    HM_TRY(hm_put_format(&text, "%s: not in this log: signature %zu of %zu, by %s (not under this office's root)\n",
                         c->opened.job.shown, c->signer + 1, c->signatures.signers,
                         info->has_certificate ? info->certificate.subject : "an unknown signer"));
    hm_parser_print(parser, &c->opened.job, HM_STREAM_OUT, hm_buf_bytes(&text));
    return HM_OK;
}

static hm_err write_proof(hm_parser *parser, const hm_checked *c, hm_bytes text) {
    HM_FD fd = -1;
    HM_TRY(hm_parser_output(parser, &c->opened.job, HM_PART_PROOF, &fd));
    return hm_fd_write(fd, text);
}

static bool is_for(const hm_checked *c, const char *product) {
    const hm_signer_info *info = c->signatures.signer[c->signer].info;
    return !product || (info->has_certificate && strcmp(info->certificate.product, product) == 0);
}

/* What is found in the log of a file's signatures, for machines. */
typedef struct {
    size_t count;
    bool proved;     /* the first for the wanted product, whose proof is kept: */
    hm_buf members;  /* what is told of it */
    hm_buf outcomes; /* of all: numbers with a comma behind each */
} found;

static void found_clear(found *f) {
    hm_buf_clear(&f->members);
    hm_buf_clear(&f->outcomes);
}
#define FOUND __attribute__((cleanup(found_clear))) found

static hm_err put_members(found *f, const hm_log_proof *proof, uint64_t size) {
    return hm_put_format(&f->members, "\"intent\":%llu,\"outcome\":%llu,\"log_size\":%llu",
                         (unsigned long long)proof->intent_index, (unsigned long long)proof->outcome_index,
                         (unsigned long long)size);
}

static hm_err print_members(hm_parser *parser, const hm_checked *c, found *f) {
    if (!parser->json) return HM_OK;
    HM_TRY(hm_put_format(&f->members, ",\"signatures\":%zu,\"outcomes\":[%.*s]", c->signatures.signers,
                         (int)f->outcomes.len - 1, (const char *)f->outcomes.data));
    hm_parser_print(parser, &c->opened.job, HM_STREAM_MEMBERS, hm_buf_bytes(&f->members));
    return HM_OK;
}

/* One signer. */
static hm_err logged_signer(hm_parser *parser, const hm_check_orders *orders, const hm_verify_rules *rules,
                            hm_checked *c, found *f) {
    HM_BUF text = HM_BUF_EMPTY, storage = HM_BUF_EMPTY;
    hm_log_proof proof;
    hm_checkpoint checkpoint;
    bool logged, ours = false;
    if (!c->signatures.signer[c->signer].info->known) return report_foreign(parser, c);
    HM_TRY(ask_for_proof(parser, c, &text, &logged));
    if (!logged) HM_TRY(is_ours(c, rules, &ours));
    if (!logged && !ours) HM_TRY(is_by_our_key(c, orders->keys, &ours));
    if (ours)
        return hm_refuse("signature %zu of %zu is by this office's keys and not in the log: the log was bypassed",
                         c->signer + 1, c->signatures.signers);
    if (!logged) return report_foreign(parser, c);
    HM_TRY(hm_checked_proof(orders, c, hm_buf_bytes(&text), &proof, &storage, &checkpoint));
    f->count++;
    HM_TRY(hm_put_format(&f->outcomes, "%llu,", (unsigned long long)proof.outcome_index));
    HM_TRY(report(parser, c, "logged", &proof, checkpoint.size));
    if (f->proved || !is_for(c, orders->product)) return HM_OK;
    f->proved = true;
    HM_TRY(put_members(f, &proof, checkpoint.size));
    return orders->write_proof ? write_proof(parser, c, hm_buf_bytes(&text)) : HM_OK;
}

static hm_err logged_one(hm_parser *parser, const hm_check_orders *orders, const hm_verify_rules *rules,
                         hm_checked *c) {
    FOUND f = {.count = 0};
    HM_TRY(hm_checked_digest(parser, c));
    for (c->signer = 0; c->signer < c->signatures.signers; c->signer++)
        HM_TRY(logged_signer(parser, orders, rules, c, &f));
    if (!f.count) return hm_refuse("none of its signatures is in the log: it was not signed by this office");
    if (f.proved) return print_members(parser, c, &f);
    return hm_refuse("no signature for product %s in it is in the log", orders->product);
}

hm_err hm_parse_logged(hm_parser *parser, void *context) {
    const hm_check_orders *orders = context;
    return hm_checked_run(parser, orders, logged_one, orders->write_proof);
}
