#include "gather.h"
#include "native_words.h"
#include "own_files.h"
#include "parse_checked.h"
#include "parse_crls.h"
#include "parse_device.h"
#include "stamp_words.h"
#include "trust_device.h"

#include <pki/cose.h>
#include <pki/der.h>

#include <string.h>

enum { PROOF_MAX = 64 * 1024 };

void hm_checked_clear(hm_checked *c) {
    hm_signatures_clear(&c->signatures);
    hm_opened_clear(&c->opened);
}

static hm_err not_signed(const hm_check_orders *orders, const hm_opened *opened) {
    const char *name = opened->job.name, *own = opened->job.folder ? NULL : hm_own_file(&opened->job.content);
    if (own && strcmp(own, "a pack") == 0) return hm_refuse("is a packed stream: hallmark unpack verifies it");
    if (orders->envelope_beside && orders->envelope_beside[opened->job.number])
        return hm_refuse("is signed as an update, in the envelope beside it (hallmark verify %s.cose)", name);
    if (opened->job.folder && !opened->input.catalogue)
        return hm_refuse("is not signed (there is no SHA256SUMS in it)");
    if (opened->job.folder) return hm_refuse("is not signed (there is no SHA256SUMS.p7s in it)");
    if (opened->format->detached) return hm_refuse("is not signed (there is no %s.p7s beside it)", name);
    return hm_refuse("is not signed (it carries no signature, and there is no %s.p7s beside it)", name);
}

/* Open, parse the signatures, compute every digest they need in one pass. */
static hm_err read_subject(hm_parser *parser, const hm_check_orders *orders, hm_job *job, hm_checked *c) {
    memset(c, 0, sizeof *c);
    HM_TRY(hm_opened_open(parser, job, orders->format, HM_OPEN_TO_CHECK, &c->opened));
    if (!c->opened.format->signatures(c->opened.subject)) return not_signed(orders, &c->opened);
    return hm_signatures_parse(&c->opened, &c->signatures);
}

static hm_err report_differences(hm_parser *parser, const hm_job *job, hm_differences *differences) {
    HM_TRY(differences->err);
    if (!differences->json.len) return HM_OK;
    HM_BUF members = HM_BUF_EMPTY;
    HM_TRY(hm_put_text(&members, "\"differences\":["));
    HM_TRY(hm_put(&members, hm_buf_bytes(&differences->json)));
    HM_TRY(hm_put_text(&members, "]"));
    hm_parser_print(parser, job, HM_STREAM_MEMBERS, hm_buf_bytes(&members));
    return HM_OK;
}

hm_err hm_checked_digest(hm_parser *parser, hm_checked *c) {
    HM_TRY(hm_signatures_digests(&c->signatures, &c->digests));
    /* Signers that are all unknown leave nothing to compute, and nothing to accept. */
    if (!c->digests.count)
        return hm_refuse("no signature by an algorithm that is known and strong: %s",
                         c->signatures.signer[0].info->why);
    hm_differences differences = {parser, &c->opened.job, HM_BUF_EMPTY, HM_OK};
    hm_err err = c->opened.format->digest(c->opened.subject, &c->digests, NULL, NULL, hm_difference, &differences);
    hm_err reported = report_differences(parser, &c->opened.job, &differences);
    hm_buf_clear(&differences.json);
    HM_TRY(err);
    return reported;
}

/* A signature without signed attributes, taken from one with them, is over the attributes' own encoding (RFC 5652
 * section 5.4), one taken from a certificate or request is over theirs, and one taken from an envelope over its
 * Sig_structure: content that could be such is not accepted so. */
static hm_err check_bare_content(const hm_checked *c, const hm_signer_info *info) {
    uint8_t head[HM_COSE_STRUCTURE_HEAD];
    const hm_source *content = &c->opened.job.content;
    size_t len = content->size < sizeof head ? (size_t)content->size : sizeof head;
    if (info->has_signed_attributes || c->opened.job.folder || !len) return HM_OK;
    HM_TRY(hm_source_read(content, 0, head, len));
    return head[0] == HM_DER_SEQUENCE || head[0] == HM_DER_SET || hm_cose_could_be_signed(HM_BYTES(head, len))
               ? hm_refuse(
                     "signed without attributes, and it could be a part of another signature (sign it with attributes)")
               : HM_OK;
}

hm_err hm_checked_signer(hm_checked *c, const hm_verify_rules *rules, size_t i) {
    const hm_signer_info *info = c->signatures.signer[i].info;
    if (!info->known) return hm_refuse("%s", info->why);
    HM_TRY(check_bare_content(c, info));
    const hm_digest *content = hm_digests_find(&c->digests, info->digest);
    if (!content) return hm_refuse("its digest was not computed");
    return hm_signed_verify(c->signatures.signer[i].parsed, c->signatures.signer[i].index, content, rules, &c->verdict);
}

/* One signature by somebody who is trusted, over what is there now, is what makes a file verified. Others that do not
 * verify are reported and change nothing: a foreign signature could be removed as well. */
static hm_err verify_signers(hm_checked *c, const hm_verify_rules *rules) {
    hm_fault first = {0};
    for (size_t i = 0; i < c->signatures.signers; i++) {
        hm_err err = hm_checked_signer(c, rules, i);
        if (!hm_failed(err)) {
            c->signer = i;
            return HM_OK;
        }
        if (err.class != HM_REFUSED) return err;
        if (first.class == HM_DONE) first = hm_fault_keep(err);
    }
    if (c->signatures.signers == 1) return hm_fault_raise(&first);
    return hm_refuse("none of its %zu signatures can be trusted; the first: %s", c->signatures.signers, first.sentence);
}

static hm_err read_proof(hm_parser *parser, const hm_checked *c, hm_buf *text) {
    HM_FD fd = -1;
    HM_TRY(hm_parser_companion(parser, &c->opened.job, HM_PART_PROOF, &fd));
    if (fd < 0)
        return hm_refuse("has no proof that its signature is logged (hallmark log prove FILE writes FILE.tlog-proof)");
    hm_source source;
    HM_TRY(hm_source_of_file(fd, &source));
    return hm_source_read_all(&source, PROOF_MAX, text);
}

/* The entry must be of this format, and of the office that the signer's certificate names. */
static hm_err check_origin(const hm_checked *c, const hm_log_proof *proof) {
    const hm_signer_info *info = c->signatures.signer[c->signer].info;
    hm_leaf intent;
    HM_TRY(hm_leaf_get(proof->intent_entry, &intent));
    if (intent.format != c->opened.format->id)
        return hm_refuse("it was logged as another format than %s", c->opened.format->name);
    bool other = info->has_certificate && info->certificate.has_office &&
                 memcmp(info->certificate.office, intent.office, sizeof intent.office) != 0;
    return other ? hm_refuse("it was logged by another office than the one that certified its signer") : HM_OK;
}

hm_err hm_checked_proof(const hm_check_orders *orders, const hm_checked *c, hm_bytes text, hm_log_proof *proof,
                        hm_buf *storage, hm_checkpoint *checkpoint) {
    const hm_signer_info *info = c->signatures.signer[c->signer].info;
    const hm_digest *content = hm_digests_find(&c->digests, info->digest);
    if (!orders->has_log_key) return hm_misuse("the trust file names no log key (hallmark trust export writes one)");
    HM_TRY(hm_in(hm_log_proof_get(text, storage, proof), "the log proof"));
    HM_TRY(
        hm_in(hm_log_proof_check(proof, &orders->log_key, hm_digest_bytes(content), info->signature_hash, checkpoint),
              "its log proof does not fit (hallmark log prove makes a new one)"));
    return check_origin(c, proof);
}

static hm_err require_log(hm_parser *parser, const hm_check_orders *orders, const hm_checked *c, uint64_t *size) {
    HM_BUF text = HM_BUF_EMPTY, storage = HM_BUF_EMPTY;
    hm_log_proof proof;
    hm_checkpoint checkpoint;
    HM_TRY(read_proof(parser, c, &text));
    HM_TRY(hm_checked_proof(orders, c, hm_buf_bytes(&text), &proof, &storage, &checkpoint));
    *size = checkpoint.size;
    return HM_OK;
}

/* Of an update: which release it is. */
static hm_err read_release(const hm_checked *c, hmv_release *release) {
    hm_cose_envelope envelope;
    HM_TRY(hm_cose_envelope_get(c->opened.format->signature(c->opened.subject, 0), &envelope));
    hmv_reason reason =
        hmv_manifest_read(hm_every_digest, (hmv_bytes){envelope.payload.data, envelope.payload.len}, release);
    return HMV_IS_ACCEPTED(reason) ? HM_OK : hm_refuse("%s", hmv_reason_text(reason));
}

static hm_err put_what(const hm_checked *c, hm_buf *text) {
    hmv_release release;
    if (c->opened.format->id != HM_FORMAT_NATIVE) return HM_OK;
    HM_TRY(read_release(c, &release));
    HM_TRY(hm_put_text(text, ", "));
    HM_TRY(hm_put_release(text, &release));
    return hm_put_components(text, &release);
}

/* It was signed before that. */
static hm_err put_revoked_since(const hm_verdict *verdict, hm_buf *text) {
    const char *word = hm_crl_reason_word((uint64_t)verdict->revoked_reason);
    char date[12];
    hm_date(verdict->revoked_at, date);
    return hm_put_format(text, ", and REVOKED since %s (%s), after the timestamp", date,
                         word ? word : "unknown reason");
}

/* Of the certificates below the root: was a list of each one's authority there? */
static void revocation_json(const hm_verdict *verdict, hm_json *json) {
    bool all = verdict->crl_judged + 1 >= verdict->chain_len;
    hm_json_string(json, "revocation", !verdict->crl_judged ? "not judged" : all ? "judged" : "partly judged");
    if (!verdict->revoked_since) return;
    const char *word = hm_crl_reason_word((uint64_t)verdict->revoked_reason);
    hm_json_number(json, "revoked_since", verdict->revoked_at);
    hm_json_string(json, "revoked_reason", word ? word : "unknown reason");
}

static hm_err verified_text(const hm_checked *c, uint64_t log_size, hm_buf *text) {
    const hm_cert_info *leaf = &c->verdict.chain[0];
    char until[12];
    hm_date(leaf->not_after, until);
    HM_TRY(hm_put_format(text, "%s: verified: %s", c->opened.job.shown, c->opened.format->name));
    HM_TRY(put_what(c, text));
    HM_TRY(hm_put_format(text, ", signed by %s (%s)%s, certificate until %s", leaf->common_name, leaf->organization,
                         c->verdict.development ? ", DEVELOPMENT" : "", until));
    HM_TRY(hm_stamp_clause(&c->verdict.stamp, c->verdict.stamped, text));
    if (c->verdict.revoked_since) HM_TRY(put_revoked_since(&c->verdict, text));
    if (log_size) HM_TRY(hm_put_format(text, ", logged (log of %llu entries)", (unsigned long long)log_size));
    if (c->signatures.signers > 1)
        HM_TRY(hm_put_format(text, ", signature %zu of %zu", c->signer + 1, c->signatures.signers));
    if (c->opened.format->id == HM_FORMAT_NATIVE && !c->opened.input.payloads)
        HM_TRY(hm_put_text(text, "; ENVELOPE ONLY: its payloads were not looked at"));
    return hm_put_text(text, "\n");
}

/* Members of an object whose braces the front writes. */
static hm_err trim_object(hm_buf *json) {
    hm_bytes inside;
    HM_TRY(hm_bytes_part(hm_buf_bytes(json), 1, json->len - 2, &inside));
    memmove(json->data, inside.data, inside.len);
    json->len = inside.len;
    return HM_OK;
}

static hm_err verified_json(const hm_checked *c, uint64_t log_size, hm_buf *text) {
    const hm_cert_info *leaf = &c->verdict.chain[0];
    const hm_signer_info *info = c->signatures.signer[c->signer].info;
    hm_json json = hm_json_plain(text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "format", c->opened.format->name);
    hm_json_string(&json, "signer", leaf->common_name);
    hm_json_string(&json, "organization", leaf->organization);
    hm_json_string(&json, "product", leaf->product);
    hm_json_bool(&json, "development", c->verdict.development);
    hm_json_number(&json, "certificate_not_after", leaf->not_after);
    hm_json_hex(&json, "certificate_sha256", HM_ARRAY(leaf->sha256));
    hm_json_hex(&json, "signature_sha256", HM_ARRAY(info->signature_hash));
    hm_json_hex(&json, "digest", hm_digest_bytes(hm_digests_find(&c->digests, info->digest)));
    hm_json_bool(&json, "logged", log_size != 0);
    hm_json_bool(&json, "timestamped", c->verdict.stamped);
    hm_json_number(&json, "judged_at", c->verdict.at);
    hm_stamp_json(&json, &c->verdict.stamp);
    revocation_json(&c->verdict, &json);
    if (c->opened.format->id == HM_FORMAT_NATIVE) {
        hmv_release release;
        HM_TRY(read_release(c, &release));
        hm_release_json(&json, &release);
        hm_json_bool(&json, "payloads", c->opened.input.payloads != NULL);
    }
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    return trim_object(text);
}

static hm_err verify_one(hm_parser *parser, const hm_check_orders *orders, const hm_verify_rules *rules,
                         hm_checked *c) {
    HM_TRY(hm_checked_digest(parser, c));
    HM_TRY(verify_signers(c, rules));
    uint64_t log_size = 0;
    if (orders->require_log) HM_TRY(require_log(parser, orders, c, &log_size));
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(parser->json ? verified_json(c, log_size, &text) : verified_text(c, log_size, &text));
    hm_parser_report(parser, &c->opened.job, &text);
    return HM_OK;
}

static hm_err each_job(hm_parser *parser, const hm_check_orders *orders, const hm_verify_rules *rules,
                       hm_checked_work work, bool commit) {
    for (;;) {
        hm_job job;
        bool more;
        HM_TRY(hm_parser_next(parser, &job, &more));
        if (!more) return HM_OK;
        HM_CHECKED c;
        hm_err err = read_subject(parser, orders, &job, &c);
        if (!hm_failed(err)) err = work(parser, orders, rules, &c);
        HM_TRY(hm_parser_finish(parser, &c.opened.job, err, commit));
    }
}

/* The first operand is an envelope, the others are payloads of it. */
static hm_err gathered_job(hm_parser *parser, const hm_check_orders *orders, const hm_verify_rules *rules,
                           hm_checked_work work) {
    static hm_gathered gathered;
    HM_CHECKED c = {0};
    c.opened.signature_fd = c.opened.catalogue_fd = c.opened.walk.fd = c.opened.finder.fd = c.opened.job.fd = -1;
    hm_err err;
    HM_TRY(hm_gather(parser, orders->gather, &gathered, &err));
    if (!hm_failed(err)) {
        parser->named = &gathered.job[1];
        parser->named_count = gathered.count - 1;
        err = read_subject(parser, orders, &gathered.job[0], &c);
        if (!hm_failed(err) && c.opened.format->id != HM_FORMAT_NATIVE)
            err = hm_refuse("is no envelope, so what is behind it cannot be its payloads (verify each file by itself)");
        if (!hm_failed(err)) err = work(parser, orders, rules, &c);
        gathered.job[0].fd = -1; /* it is C's */
    }
    return hm_gather_finish(parser, &gathered, err, false);
}

/* Without trust there is no verdict on any file, and every one of them is told so. */
static hm_err refuse_every_job(hm_parser *parser, hm_err err) {
    hm_fault fault = hm_fault_keep(err);
    for (;;) {
        hm_job job;
        bool more;
        HM_TRY(hm_parser_next(parser, &job, &more));
        if (!more) return HM_OK;
        HM_TRY(hm_parser_finish(parser, &job, hm_fault_raise(&fault), false));
    }
}

/* What is trusted: root certificates, or for envelopes a trust list. */
static hm_err read_trust(const hm_check_orders *orders, hm_trust **trust, hm_trust **tsa) {
    if (orders->list) return hm_parse_hold(orders);
    HM_TRY(hm_in(hm_trust_from_pem(orders->trust, trust), "the trust file"));
    if (!orders->tsa_trust.len) return HM_OK;
    return hm_in(hm_trust_from_pem(orders->tsa_trust, tsa), "the file of timestamping authorities");
}

hm_err hm_checked_run(hm_parser *parser, const hm_check_orders *orders, hm_checked_work work, bool commit) {
    HM_TRUST *trust = NULL;
    HM_TRUST *tsa = NULL;
    HM_CRLS *crls = NULL;
    hm_err err = read_trust(orders, &trust, &tsa);
    if (!hm_failed(err)) err = hm_parse_crls(orders->crls, &crls);
    parser->payloads = orders->payloads;
    if (hm_failed(err)) return refuse_every_job(parser, err);
    const hm_verify_rules rules = {.trust = trust,
                                   .now = orders->now,
                                   .product = orders->product,
                                   .tsa = tsa ? tsa : trust,
                                   .crls = crls,
                                   .crl_required = orders->crl_required};
    return orders->gather ? gathered_job(parser, orders, &rules, work) : each_job(parser, orders, &rules, work, commit);
}

hm_err hm_parse_verify(hm_parser *parser, void *context) {
    const hm_check_orders *orders = context;
    return hm_checked_run(parser, orders, orders->list ? hm_parse_judge : verify_one, false);
}
