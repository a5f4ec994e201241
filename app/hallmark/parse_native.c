/* sign --format native: payloads are hashed one after another, the manifest is put together, every key signs it, and
 * the envelope is written as a whole. */
#include "parse_native.h"

#include "gather.h"
#include "native_json.h"
#include "native_words.h"
#include "own_files.h"
#include "trust_device.h"
#include "trust_file.h"

#include <hallmark/verify.h>

#include <stdio.h>
#include <string.h>

enum { DESCRIPTION_MAX = 256 * 1024 };

typedef struct {
    hm_parser *parser;
    const hm_native_orders *orders;
    hm_gathered gathered;
    hm_manifest manifest;
    bool has_sequence;           /* somebody chose it */
    hm_description *description; /* what MANIFEST's texts point into; NULL: the command line */
    size_t keys;
    hm_native_key key[HM_MANIFEST_SIGNERS];
    hm_native_signature signature[HM_MANIFEST_SIGNERS];
    hm_buf statement;
    hm_buf present; /* the envelope that is there */
} making;

static void making_clear(making *m) {
    for (size_t i = 0; i < HM_MANIFEST_SIGNERS; i++) {
        hm_native_key_clear(&m->key[i]);
        hm_native_signature_clear(&m->signature[i]);
    }
    hm_buf_clear(&m->statement);
    hm_buf_clear(&m->present);
    hm_description_free(&m->description);
}

/* Payloads. */

hm_err hm_hash_payload(const hm_source *content, hm_digest_algorithm algorithm, hm_digest *digest) {
    static uint8_t block[HM_IO_BLOCK];
    hm_hash hash;
    hm_hash_init(&hash, algorithm);
    for (uint64_t at = 0; at < content->size;) {
        size_t len = content->size - at < sizeof block ? (size_t)(content->size - at) : sizeof block;
        HM_TRY(hm_source_read(content, at, block, len));
        hm_hash_update(&hash, HM_BYTES(block, len));
        at += len;
    }
    hm_hash_final(&hash, digest);
    return content->size ? HM_OK : hm_refuse("is empty: there is nothing to install");
}

static hm_err hash_payload(const hm_source *content, hm_digest_algorithm algorithm, hm_manifest_component *component) {
    component->size = content->size;
    return hm_hash_payload(content, algorithm, &component->digest);
}

/* The payload that a description names lies in the description's folder. */
static hm_err hash_sibling(making *m, hm_manifest_component *component) {
    HM_FD fd = -1;
    hm_source content;
    HM_TRY(hm_parser_sibling(m->parser, &m->gathered.job[0], component->file, &fd));
    if (fd < 0) return hm_could_not("is not there");
    HM_TRY(hm_source_of_file(fd, &content));
    return hash_payload(&content, m->orders->plan.digest, component);
}

/* "firmware.bin.cose" is one slip away from "firmware.bin". */
static hm_err check_payload(const making *m) {
    const char *own = m->orders->plan.plain ? hm_own_file(&m->gathered.job[0].content) : NULL;
    return own ? hm_refuse("is %s itself (--component ID=FILE signs it all the same)", own) : HM_OK;
}

static hm_err hash_payloads(making *m) {
    bool described = m->orders->plan.described;
    HM_TRY(check_payload(m));
    for (size_t i = 0; i < m->manifest.components; i++) {
        hm_manifest_component *component = &m->manifest.component[i];
        const hm_job *job = &m->gathered.job[described ? 0 : i];
        if (!described) component->file = hm_text(job->name);
        HM_TRY(hm_in(described ? hash_sibling(m, component)
                               : hash_payload(&job->content, m->orders->plan.digest, component),
                     "component %.*s: %.*s", (int)component->id.len, (const char *)component->id.data,
                     (int)component->file.len, (const char *)component->file.data));
    }
    return HM_OK;
}

/* Is it a release that was requested? Then it has that sequence number, which approvers have signed; the last one
 * counts if there are several. */
static hm_err take_requested(making *m) {
    size_t count = m->orders->requests < HM_REQUESTED_MAX ? m->orders->requests : HM_REQUESTED_MAX;
    for (size_t i = 0; i < count && !m->has_sequence; i++) {
        const hm_requested_manifest *requested =
            &m->orders->requested[(m->orders->requests - 1 - i) % HM_REQUESTED_MAX];
        uint8_t hash[HM_SHA256_LEN];
        hm_manifest again = m->manifest;
        again.sequence = requested->sequence;
        HM_TRY(hm_manifest_put(&again, &m->statement));
        hm_sha256(hm_buf_bytes(&m->statement), hash);
        m->statement.len = 0;
        if (memcmp(hash, requested->hash, sizeof hash) != 0) continue;
        m->manifest.sequence = requested->sequence;
        m->has_sequence = true;
    }
    return HM_OK;
}

/* Keys. */

size_t hm_native_algorithms(uint32_t set, hm_key_algorithm algorithms[static HM_KEY_ALGORITHMS]) {
    const hm_key_algorithm *accepted = hm_format_native.algorithms(NULL);
    size_t count = 0;
    for (; *accepted; accepted++)
        if (set >> *accepted & 1) algorithms[count++] = *accepted;
    return count;
}

hm_err hm_put_algorithms(hm_buf *text, const hm_native_key *keys, size_t count) {
    for (size_t i = 0; i < count; i++)
        HM_TRY(hm_put_format(text, "%s%s", i ? " and " : "", hm_key_algorithm_name(keys[i].algorithm)));
    return HM_OK;
}

/* Each algorithm that was asked for, or the best one; then those who sign later. */
static hm_err take_keys(making *m) {
    const hm_native_plan *plan = &m->orders->plan;
    hm_key_algorithm wanted[HM_KEY_ALGORITHMS];
    bool each = m->orders->algorithms != 0;
    size_t count = hm_native_algorithms(each ? m->orders->algorithms : m->orders->product_algorithms, wanted);
    m->keys = each ? count : 1;
    if (m->keys + plan->cosigners > HM_MANIFEST_SIGNERS)
        return hm_misuse("an envelope has at most %d signers", HM_MANIFEST_SIGNERS);
    for (size_t i = 0; i < m->keys; i++) {
        HM_TRY(hm_native_key_of(m->parser, each ? &wanted[i] : wanted, each ? 1 : count, &m->key[i]));
        memcpy(m->manifest.signer[i], m->key[i].kid, HM_KID_LEN);
    }
    if (plan->cosigners)
        memcpy(m->manifest.signer[m->keys], plan->cosigner, plan->cosigners * sizeof plan->cosigner[0]);
    m->manifest.signers = m->keys + plan->cosigners;
    return HM_OK;
}

/* Rising with every release, however many there are in a second and whatever the clock says. */
static hm_err choose_sequence(making *m) {
    const hm_native_plan *plan = &m->orders->plan;
    uint64_t highest = m->key[0].sequence;
    if (plan->has_follows && plan->follows != highest)
        return hm_refuse(
            "it would not follow sequence number %llu: the product was given %llu since (resign --superseded signs it "
            "all the same)",
            (unsigned long long)plan->follows, (unsigned long long)highest);
    if (!m->has_sequence && m->manifest.sequence <= highest) m->manifest.sequence = highest + 1;
    return HM_OK;
}

/* What is there already. */

static hm_err is_by(const hm_cose_envelope *envelope, size_t index, const hm_native_key *key, bool *is) {
    return hm_decided(
        hm_cose_verify(HM_COSE_MANIFEST, envelope->payload, &envelope->signature[index], hm_buf_bytes(&key->spki)), is);
}

static hm_err is_signed_by(const hm_cose_envelope *envelope, const hm_native_key *key, bool *is) {
    *is = false;
    for (size_t i = 0; i < envelope->signatures && !*is; i++) HM_TRY(is_by(envelope, i, key, is));
    return HM_OK;
}

/* By the keys of this run and nobody else: a new build takes the place of the last one. */
static hm_err is_ours(const making *m, const hm_cose_envelope *envelope, bool *ours) {
    *ours = true;
    for (size_t i = 0; i < envelope->signatures && *ours; i++) {
        *ours = false;
        for (size_t k = 0; k < m->keys && !*ours; k++) HM_TRY(is_by(envelope, i, &m->key[k], ours));
    }
    return HM_OK;
}

/* Would this run make the same again, but for a sequence number that nobody chose? */
static hm_err is_same(making *m, const hm_cose_envelope *envelope, bool *same) {
    hmv_release release;
    hmv_bytes payload = {envelope->payload.data, envelope->payload.len};
    hmv_reason reason =
        hmv_manifest_read((const hmv_digest *const[]){&hmv_digest_sha256, &hmv_digest_sha384, &hmv_digest_sha512, NULL},
                          payload, &release);
    *same = false;
    if (!HMV_IS_ACCEPTED(reason)) return HM_OK;
    hm_manifest again = m->manifest;
    if (!m->has_sequence) again.sequence = release.sequence;
    HM_TRY(hm_manifest_put(&again, &m->statement));
    *same = hm_bytes_equal(hm_buf_bytes(&m->statement), envelope->payload);
    for (size_t i = 0; i < m->keys && *same; i++) HM_TRY(is_signed_by(envelope, &m->key[i], same));
    if (*same) m->manifest.sequence = again.sequence;
    m->statement.len = 0;
    return HM_OK;
}

static hm_err consider_present(making *m, bool *unchanged) {
    HM_FD fd = -1;
    hm_source source;
    hm_cose_envelope envelope;
    *unchanged = false;
    if (m->orders->replace) return HM_OK;
    HM_TRY(hm_parser_companion(m->parser, &m->gathered.job[0], HM_PART_SIGNATURE, &fd));
    if (fd < 0) return HM_OK;
    HM_TRY(hm_source_of_file(fd, &source));
    bool is_envelope = !hm_failed(hm_source_read_all(&source, HM_COSE_ENVELOPE_MAX, &m->present)) &&
                       !hm_failed(hm_cose_envelope_get(hm_buf_bytes(&m->present), &envelope));
    if (!is_envelope) return hm_refuse("what is in the envelope's place is none (--replace replaces it)");
    bool ours = false;
    HM_TRY(is_same(m, &envelope, unchanged));
    if (!*unchanged) HM_TRY(is_ours(m, &envelope, &ours));
    return *unchanged || ours
               ? HM_OK
               : hm_refuse("there is an envelope already that somebody else signed, too (--replace replaces it)");
}

/* Making it. */

static hm_err sign_all(making *m) {
    /* The name that the envelope is about to have, without its folder. */
    const char *slash = strrchr(m->orders->output, '/'), *name = slash ? slash + 1 : m->orders->output;
    for (size_t i = 0; i < m->keys; i++)
        HM_TRY(hm_native_sign(m->parser, &m->key[i], name, hm_buf_bytes(&m->statement), &m->orders->extras,
                              &m->signature[i]));
    return HM_OK;
}

/* For a request: the core sees what it would sign. */
static hm_err note_all(making *m) {
    const char *slash = strrchr(m->orders->output, '/'), *name = slash ? slash + 1 : m->orders->output;
    for (size_t i = 0; i < m->keys; i++)
        HM_TRY(hm_native_note(m->parser, m->key[i].algorithm, hm_text(name), hm_buf_bytes(&m->statement)));
    return HM_OK;
}

static hm_err write_envelope(making *m) {
    HM_BUF envelope = HM_BUF_EMPTY;
    HM_FD fd = -1;
    hm_bytes signatures[HM_MANIFEST_SIGNERS];
    for (size_t i = 0; i < m->keys; i++) signatures[i] = hm_buf_bytes(&m->signature[i].bytes);
    HM_TRY(hm_cose_envelope_put(hm_buf_bytes(&m->statement), signatures, m->keys, &envelope));
    HM_TRY(hm_parser_output(m->parser, &m->gathered.job[0], HM_PART_SIGNATURE, &fd));
    return hm_fd_write(fd, hm_buf_bytes(&envelope));
}

static hm_err read_back(const making *m, hmv_release *release) {
    hmv_reason reason = hmv_manifest_read(hm_every_digest, (hmv_bytes){m->statement.data, m->statement.len}, release);
    return HMV_IS_ACCEPTED(reason) ? HM_OK : hm_could_not("%s", hmv_reason_text(reason));
}

static void report_signatures(const making *m, hm_json *json) {
    hm_json_array(json, "signatures");
    for (size_t i = 0; i < m->keys; i++) {
        hm_json_object(json, NULL);
        hm_json_string(json, "algorithm", hm_key_algorithm_name(m->key[i].algorithm));
        hm_json_number(json, "intent", (int64_t)m->signature[i].intent);
        hm_json_number(json, "outcome", (int64_t)m->signature[i].outcome);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
}

static hm_err report_json(const making *m, hm_buf *text) {
    hm_bytes remark = hm_buf_bytes(&m->signature[0].remark);
    hm_json json = hm_json_plain(text);
    hmv_release release;
    hm_digest digest;
    hm_digest_of(HM_SHA256, hm_buf_bytes(&m->statement), &digest);
    HM_TRY(read_back(m, &release));
    hm_json_object(&json, NULL);
    hm_json_string(&json, "format", "native");
    hm_json_string(&json, "output", m->orders->output);
    hm_release_json(&json, &release);
    report_signatures(m, &json);
    hm_json_number(&json, "signatures_missing", (int64_t)m->orders->plan.cosigners);
    hm_json_hex(&json, "digest", hm_digest_bytes(&digest));
    if (remark.len) hm_json_text(&json, "warning", remark);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    return hm_json_inside(text);
}

static hm_err report_noted(const making *m) {
    HM_BUF text = HM_BUF_EMPTY;
    hmv_release release;
    const hm_job *job = &m->gathered.job[0];
    if (m->parser->json) return HM_OK;
    HM_TRY(read_back(m, &release));
    HM_TRY(hm_put_format(&text, "%s: native, ", job->shown));
    HM_TRY(hm_put_algorithms(&text, m->key, m->keys));
    HM_TRY(hm_put_text(&text, ", "));
    HM_TRY(hm_put_release(&text, &release));
    HM_TRY(hm_put_components(&text, &release));
    HM_TRY(hm_put_text(&text, "\n"));
    hm_parser_print(m->parser, job, HM_STREAM_OUT, hm_buf_bytes(&text));
    return HM_OK;
}

static hm_err report_text(const making *m, hm_buf *text) {
    size_t others = m->orders->plan.cosigners;
    hmv_release release;
    HM_TRY(read_back(m, &release));
    HM_TRY(hm_put_format(text, "%s: signed: native, ", m->gathered.job[0].shown));
    HM_TRY(hm_put_algorithms(text, m->key, m->keys));
    HM_TRY(hm_put_text(text, ", "));
    HM_TRY(hm_put_release(text, &release));
    HM_TRY(hm_put_components(text, &release));
    HM_TRY(hm_put_format(text, ", in %s, log entries", m->orders->output));
    for (size_t i = 0; i < m->keys; i++)
        HM_TRY(hm_put_format(text, "%s %llu and %llu", i ? "," : "", (unsigned long long)m->signature[i].intent,
                             (unsigned long long)m->signature[i].outcome));
    if (others)
        HM_TRY(hm_put_format(text, "; %zu signature%s of others %s still to come", others, others == 1 ? "" : "s",
                             others == 1 ? "is" : "are"));
    return hm_put_text(text, "\n");
}

/* To people at once, to machines as a member. */
static hm_err warn(const making *m) {
    HM_BUF line = HM_BUF_EMPTY;
    hm_bytes remark = hm_buf_bytes(&m->signature[0].remark);
    if (m->parser->json || !remark.len) return HM_OK;
    HM_TRY(hm_put_format(&line, "%s: warning: %.*s\n", m->gathered.job[0].shown, (int)remark.len,
                         (const char *)remark.data));
    hm_parser_print(m->parser, &m->gathered.job[0], HM_STREAM_ERR, hm_buf_bytes(&line));
    return HM_OK;
}

static hm_err report_signed(const making *m) {
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(warn(m));
    HM_TRY(m->parser->json ? report_json(m, &text) : report_text(m, &text));
    hm_parser_report(m->parser, &m->gathered.job[0], &text);
    return HM_OK;
}

static hm_err report_unchanged(const making *m) {
    HM_BUF text = HM_BUF_EMPTY;
    const hm_job *job = &m->gathered.job[0];
    HM_TRY(hm_put_format(&text, "%s: unchanged: already signed by this key over the same content, sequence %llu\n",
                         job->shown, (unsigned long long)m->manifest.sequence));
    hm_parser_print(m->parser, job, HM_STREAM_OUT, hm_buf_bytes(&text));
    hm_parser_print(m->parser, job, HM_STREAM_STATUS, hm_text("unchanged"));
    return HM_OK;
}

static hm_err report_completed(const making *m, size_t added) {
    HM_BUF text = HM_BUF_EMPTY;
    const hm_job *job = &m->gathered.job[0];
    HM_TRY(hm_put_format(
        &text,
        "%s: unchanged: already signed by this key over the same content, sequence %llu; put %zu receipt%s "
        "of the log into %s\n",
        job->shown, (unsigned long long)m->manifest.sequence, added, added == 1 ? "" : "s", m->orders->output));
    hm_parser_print(m->parser, job, HM_STREAM_OUT, hm_buf_bytes(&text));
    hm_parser_print(m->parser, job, HM_STREAM_STATUS, hm_text("completed"));
    return HM_OK;
}

/* The same release again: what it lacks, if it was signed with --no-receipt, is put into it. */
static hm_err complete(making *m, bool *written) {
    HM_BUF completed = HM_BUF_EMPTY;
    HM_FD fd = -1;
    size_t added = 0;
    if (m->orders->extras.receipt)
        HM_TRY(hm_native_complete(m->parser, m->key, m->keys, hm_buf_bytes(&m->present), &completed, &added));
    if (!added) return report_unchanged(m);
    HM_TRY(hm_parser_output(m->parser, &m->gathered.job[0], HM_PART_SIGNATURE, &fd));
    HM_TRY(hm_fd_write(fd, hm_buf_bytes(&completed)));
    *written = true;
    return report_completed(m, added);
}

static hm_err describe(making *m) {
    HM_BUF text = HM_BUF_EMPTY;
    m->manifest = m->orders->plan.manifest;
    m->has_sequence = m->orders->plan.has_sequence;
    if (!m->orders->plan.described) return HM_OK;
    HM_TRY(hm_job_read(&m->gathered.job[0], DESCRIPTION_MAX, &text));
    return hm_description_read(hm_buf_bytes(&text), &m->has_sequence, &m->description, &m->manifest);
}

static hm_err look(making *m) {
    bool unchanged;
    HM_TRY(consider_present(m, &unchanged));
    return unchanged ? report_unchanged(m) : HM_OK;
}

static hm_err note(making *m) {
    HM_TRY(hm_manifest_put(&m->manifest, &m->statement));
    HM_TRY(note_all(m));
    return report_noted(m);
}

static hm_err make(making *m, bool *written) {
    bool unchanged;
    *written = false;
    HM_TRY(describe(m));
    HM_TRY(take_keys(m));
    HM_TRY(choose_sequence(m));
    HM_TRY(hash_payloads(m));
    HM_TRY(take_requested(m));
    if (m->orders->look) return look(m);
    if (m->orders->noted) return note(m);
    HM_TRY(consider_present(m, &unchanged));
    if (unchanged) return complete(m, written);
    HM_TRY(hm_manifest_put(&m->manifest, &m->statement));
    HM_TRY(sign_all(m));
    HM_TRY(write_envelope(m));
    *written = true;
    return report_signed(m);
}

hm_err hm_parse_native(hm_parser *parser, void *orders) {
    static making m;
    hm_err err;
    bool written = false;
    m = (making){.parser = parser, .orders = orders};
    HM_TRY(hm_gather(parser, m.orders->plan.operands, &m.gathered, &err));
    if (!hm_failed(err)) err = make(&m, &written);
    err = hm_gather_finish(parser, &m.gathered, err, written && !hm_failed(err));
    making_clear(&m);
    return err;
}
