/* sign --format native --cosign: one more signature in an envelope whose manifest names the key,
 * behind those that are there and are good. */
#include "parse_native.h"

#include "gather.h"
#include "native_file.h"
#include "native_words.h"
#include "trust_device.h"
#include "trust_file.h"

#include <base/cbor.h>
#include <crypto/uuid.h>
#include <hallmark/verify.h>

#include <string.h>

typedef struct {
    hm_parser *parser;
    const hm_native_orders *orders;
    const hm_job *job;
    hm_buf bytes;
    hm_cose_envelope envelope;
    hmv_release release;
    hm_buf words; /* about the signatures that were there */
    size_t signers;
    hm_bytes signer[HM_MANIFEST_SIGNERS]; /* kids, in the manifest's order */
    hm_native_key key;
    size_t place; /* of the key among the signers */
} cosigning;

static hm_err read_signers(cosigning *c, hm_bytes list) {
    hm_reader reader = hm_reader_of(list);
    uint64_t count;
    HM_TRY(hm_cbor_get_array(&reader, &count));
    for (; c->signers < count && c->signers < HM_MANIFEST_SIGNERS; c->signers++)
        HM_TRY(hm_cbor_get_bytes(&reader, &c->signer[c->signers]));
    return HM_OK;
}

static hm_err open_envelope(cosigning *c) {
    HM_TRY(hm_job_read(c->job, HM_COSE_ENVELOPE_MAX, &c->bytes));
    HM_TRY(hm_cose_envelope_get(hm_buf_bytes(&c->bytes), &c->envelope));
    hmv_bytes payload = {c->envelope.payload.data, c->envelope.payload.len};
    hmv_reason reason = hmv_manifest_read(hm_every_digest, payload, &c->release);
    if (!HMV_IS_ACCEPTED(reason)) return hm_refuse("holds no manifest: %s", hmv_reason_text(reason));
    return read_signers(c, HM_BYTES(c->release.signer_ids.data, c->release.signer_ids.size));
}

/* Which of the product's keys does the manifest name? */
static hm_err find_key(cosigning *c) {
    hm_key_algorithm algorithms[HM_KEY_ALGORITHMS];
    uint32_t set = c->orders->algorithms ? c->orders->algorithms : c->orders->product_algorithms;
    size_t count = hm_native_algorithms(set, algorithms);
    for (size_t i = 0; i < count; i++) {
        hm_native_key_clear(&c->key);
        HM_TRY(hm_native_key_of(c->parser, &algorithms[i], 1, &c->key));
        for (c->place = 0; c->place < c->signers; c->place++)
            if (hm_bytes_equal(c->signer[c->place], HM_ARRAY(c->key.kid))) return HM_OK;
    }
    return hm_refuse(
        "its manifest does not name a key of this product as a signer (its publisher does so with --signer "
        "KID)");
}

static const hm_cose_signature *signature_by(const cosigning *c, hm_bytes kid) {
    for (size_t i = 0; i < c->envelope.signatures; i++)
        if (hm_bytes_equal(c->envelope.signature[i].kid, kid)) return &c->envelope.signature[i];
    return NULL;
}

/* In the manifest's order, whichever of the signers come first. */
static hm_err put_together(const cosigning *c, hm_bytes own, hm_buf *envelope) {
    hm_bytes signatures[HM_MANIFEST_SIGNERS];
    size_t count = 0;
    for (size_t i = 0; i < c->signers; i++) {
        const hm_cose_signature *present = signature_by(c, c->signer[i]);
        if (i == c->place)
            signatures[count++] = own;
        else if (present)
            signatures[count++] = present->whole;
    }
    return hm_cose_envelope_put(c->envelope.payload, signatures, count, envelope);
}

/* What was signed, as the manifest says it: the signer's own words, for who reads along. */
static hm_err put_components(const hmv_release *release, hm_buf *text) {
    for (size_t i = 0; i < release->components; i++) {
        const hmv_component *component = &release->component[i];
        HM_TRY(hm_put_format(text, "  component %.*s: version %.*s, %s ", (int)component->id.size,
                             (const char *)component->id.data, (int)component->version.size,
                             (const char *)component->version.data, hm_digest_name(hm_native_digest(component))));
        HM_TRY(hm_put_hex(text, hm_native_bytes(component->digest)));
        HM_TRY(hm_put_text(text, "\n"));
    }
    return HM_OK;
}

static hm_err report_text(const cosigning *c, const hm_native_signature *signature, size_t missing, hm_buf *text) {
    char publisher[HM_UUID_TEXT];
    hm_uuid_text(c->release.publisher.data, publisher);
    HM_TRY(hm_put_format(text, "%s: co-signed: ", c->job->shown));
    HM_TRY(hm_put_release(text, &c->release));
    HM_TRY(hm_put_format(text, ", of publisher %s, %s, signature %zu of %zu, log entries %llu and %llu", publisher,
                         hm_key_algorithm_name(c->key.algorithm), c->place + 1, c->signers,
                         (unsigned long long)signature->intent, (unsigned long long)signature->outcome));
    if (missing) HM_TRY(hm_put_format(text, "; %zu %s still to come", missing, missing == 1 ? "is" : "are"));
    HM_TRY(hm_put_text(text, c->orders->terms.payloads ? "\n" : "; ENVELOPE ONLY: its payloads were not looked at\n"));
    HM_TRY(put_components(&c->release, text));
    return hm_put(text, hm_buf_bytes(&c->words));
}

static hm_err report_json(const cosigning *c, const hm_native_signature *signature, size_t missing, hm_buf *text) {
    hm_json json = hm_json_plain(text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "format", "native");
    hm_release_json(&json, &c->release);
    hm_json_bool(&json, "payloads", c->orders->terms.payloads);
    hm_json_string(&json, "algorithm", hm_key_algorithm_name(c->key.algorithm));
    hm_json_number(&json, "intent", (int64_t)signature->intent);
    hm_json_number(&json, "outcome", (int64_t)signature->outcome);
    hm_json_number(&json, "signatures_missing", (int64_t)missing);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    return hm_json_inside(text);
}

static hm_err report(const cosigning *c, const hm_native_signature *signature, size_t missing) {
    HM_BUF text = HM_BUF_EMPTY;
    bool json = c->parser->json;
    HM_TRY(json ? report_json(c, signature, missing, &text) : report_text(c, signature, missing, &text));
    hm_parser_print(c->parser, c->job, json ? HM_STREAM_MEMBERS : HM_STREAM_OUT, hm_buf_bytes(&text));
    return HM_OK;
}

static hm_err report_unchanged(const cosigning *c) {
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(hm_put_format(&text, "%s: unchanged: already signed by this key over the same content\n", c->job->shown));
    hm_parser_print(c->parser, c->job, HM_STREAM_OUT, hm_buf_bytes(&text));
    hm_parser_print(c->parser, c->job, HM_STREAM_STATUS, hm_text("unchanged"));
    return HM_OK;
}

static hm_err add_signature(cosigning *c, hm_native_signature *signature, bool *written) {
    HM_BUF envelope = HM_BUF_EMPTY;
    const hm_cose_signature *present = signature_by(c, c->signer[c->place]);
    bool good = false;
    if (present)
        HM_TRY(hm_decided(hm_cose_verify(HM_COSE_MANIFEST, c->envelope.payload, present, hm_buf_bytes(&c->key.spki)),
                          &good));
    if (good && !c->orders->replace) return report_unchanged(c);
    HM_TRY(hm_native_sign(c->parser, &c->key, c->job->name, c->envelope.payload, &c->orders->extras, signature));
    HM_TRY(put_together(c, hm_buf_bytes(&signature->bytes), &envelope));
    HM_TRY(hm_job_write(c->parser, c->job, hm_buf_bytes(&envelope)));
    *written = true;
    return report(c, signature, c->signers - c->envelope.signatures - (present == NULL));
}

/* What is checked is what was read and will be signed, whatever has become of the file meanwhile. */
static hm_err check(cosigning *c) {
    hm_job as_read = *c->job;
    as_read.content = hm_source_of_memory(hm_buf_bytes(&c->bytes));
    return hm_cosign_check(c->parser, &as_read, &c->orders->terms, &c->envelope, &c->release, &c->key, &c->words);
}

static hm_err cosign(cosigning *c, bool *written) {
    hm_native_signature signature = {0};
    HM_TRY(open_envelope(c));
    if (hm_bytes_equal(hm_native_bytes(c->release.publisher), HM_ARRAY(c->orders->plan.manifest.publisher)))
        return hm_refuse("the manifest is this office's own: there is nothing to co-sign");
    HM_TRY(find_key(c));
    HM_TRY(check(c));
    hm_err err = add_signature(c, &signature, written);
    hm_native_signature_clear(&signature);
    return err;
}

hm_err hm_parse_cosign(hm_parser *parser, void *orders) {
    static hm_gathered gathered;
    static cosigning c;
    hm_err err;
    bool written = false;
    c = (cosigning){.parser = parser, .orders = orders, .job = &gathered.job[0]};
    HM_TRY(hm_gather(parser, c.orders->operands, &gathered, &err));
    parser->named = &gathered.job[1];
    parser->named_count = gathered.count ? gathered.count - 1 : 0;
    if (!hm_failed(err)) err = cosign(&c, &written);
    err = hm_gather_finish(parser, &gathered, err, written && !hm_failed(err));
    hm_native_key_clear(&c.key);
    hm_buf_clear(&c.bytes);
    hm_buf_clear(&c.words);
    return err;
}
