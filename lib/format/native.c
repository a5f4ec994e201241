/* The native format (docs/manifest.md): a COSE_Sign over a manifest, payloads beside it.
 *
 * The manifest is read by the devices' own reader. What is verified is that the envelope holds every signature that the
 * manifest names, that each which comes with a certificate is that certificate's, and that the payloads are those that
 * the manifest names; whether a certificate is to be trusted is the caller's question, as with any signed structure. */
#include "native.h"
#include "pass.h"

#include <base/cbor.h>
#include <base/readable.h>
#include <pki/manifest.h>

#include <stdlib.h>
#include <string.h>

static bool probe(hm_bytes head, uint64_t size) { return size <= HM_COSE_ENVELOPE_MAX && hm_cose_is_envelope(head); }

static void close_envelope(hm_subject *subject) {
    if (!subject) return;
    hm_buf_clear(&subject->bytes);
    free(subject);
}

static hm_err read_manifest(hm_subject *subject) {
    static const hmv_digest *const digests[] = {&hmv_digest_sha256, &hmv_digest_sha384, &hmv_digest_sha512, NULL};
    hmv_bytes manifest = {subject->envelope.payload.data, subject->envelope.payload.len};
    hmv_trust list;
    hmv_reason reason = hmv_manifest_read(digests, manifest, &subject->release);
    if (HMV_IS_ACCEPTED(reason)) return HM_OK;
    hmv_reason as_list = hmv_trust_read(manifest, &list);
    if (HMV_IS_ACCEPTED(as_list)) return hm_refuse("is a trust list (hallmark trust show tells what it says)");
    return hm_refuse("the manifest is not one: %s", hmv_reason_text(reason));
}

static hm_err open_bytes(hm_subject *subject, const hm_source *content) {
    if (content->size > HM_COSE_ENVELOPE_MAX)
        return hm_refuse("is no envelope: it is larger than %d bytes", HM_COSE_ENVELOPE_MAX);
    HM_TRY(hm_source_read_all(content, HM_COSE_ENVELOPE_MAX, &subject->bytes));
    HM_TRY(hm_cose_envelope_get(hm_buf_bytes(&subject->bytes), &subject->envelope));
    HM_TRY(read_manifest(subject));
    return hm_native_check_signers(&subject->release, &subject->envelope);
}

static hm_err open_envelope(const hm_input *input, hm_subject **opened) {
    *opened = NULL;
    hm_subject *subject = calloc(1, sizeof *subject);
    if (!subject) return hm_no_memory();
    subject->format = &hm_format_native;
    subject->payloads = input->payloads;
    hm_err err = open_bytes(subject, &input->content);
    if (hm_failed(err))
        close_envelope(subject);
    else
        *opened = subject;
    return err;
}

static size_t signatures(const hm_subject *subject) {
    (void)subject;
    return 1; /* one structure, with all of them */
}

static hm_bytes signature(const hm_subject *subject, size_t index) {
    return index == 0 ? hm_buf_bytes(&subject->bytes) : HM_NO_BYTES;
}

static hm_err take_block(void *payload, hm_bytes bytes) {
    hm_native_payload_take(payload, bytes);
    return HM_OK;
}

static hm_err is_payload(const hmv_component *component, const hm_source *content, bool *same) {
    HM_BUF block = HM_BUF_EMPTY;
    hm_native_payload payload;
    *same = content->size == component->size;
    if (!*same) return HM_OK;
    hm_native_payload_begin(&payload, component);
    HM_TRY(hm_each_block(content, &block, take_block, &payload));
    *same = hm_native_payload_is_whole(&payload);
    return HM_OK;
}

typedef struct {
    hm_finding finding;
    void *context;
    size_t missing, different;
    const char *named; /* the last one that differs, as hm_payloads has it */
} payload_check;

static hm_err put_files(hm_buf *line, hm_bytes file, const char *named) {
    if (!file.len && !named) return HM_OK;
    HM_TRY(hm_put_text(line, " ("));
    HM_TRY(hm_put_readable(line, file)); /* free text */
    if (named) HM_TRY(hm_put_format(line, "%s%s was taken for it", file.len ? "; " : "", named));
    return hm_put_text(line, ")");
}

static hm_err report(payload_check *check, const hmv_component *component, hm_bytes file, const char *named,
                     const char *what) {
    HM_BUF line = HM_BUF_EMPTY;
    const char *text;
    HM_TRY(hm_put_format(&line, "component %.*s: %s", (int)component->id.size, (const char *)component->id.data, what));
    HM_TRY(put_files(&line, file, named));
    HM_TRY(hm_buf_string(&line, &text));
    if (check->finding) check->finding(check->context, text);
    return HM_OK;
}

static hm_err check_payload(const hm_subject *subject, const hm_bytes *files, size_t index, payload_check *check) {
    const hmv_component *component = &subject->release.component[index];
    hm_source content;
    const char *named = NULL;
    bool found, same = false;
    HM_TRY(subject->payloads->find(subject->payloads->context, files, subject->release.components, index, &content,
                                   &named, &found));
    if (found) HM_TRY(is_payload(component, &content, &same));
    if (same) return HM_OK;
    check->missing += !found;
    check->different += found;
    check->named = named;
    return report(check, component, files[index], named,
                  found ? "its payload is not what was signed" : "its payload is not here");
}

static const char *verb(size_t count) { return count == 1 ? "is" : "are"; }

static hm_err refuse_payloads(const payload_check *check, size_t count) {
    size_t different = check->different, missing = check->missing;
    if (count == 1 && check->named)
        return hm_refuse("its payload is not what was signed: %s was taken for it, as what is named behind an envelope "
                         "(is it signed by itself? then verify it by itself)",
                         check->named);
    if (count == 1) return hm_refuse("its payload is not what was signed");
    if (!missing) return hm_refuse("of its %zu payloads %zu %s not what was signed", count, different, verb(different));
    if (!different) return hm_refuse("of its %zu payloads %zu %s not here", count, missing, verb(missing));
    return hm_refuse("of its %zu payloads %zu %s not what was signed, and %zu %s not here", count, different,
                     verb(different), missing, verb(missing));
}

static hm_err check_payloads(const hm_subject *subject, hm_finding finding, void *context) {
    payload_check check = {.finding = finding, .context = context};
    hm_bytes files[HMV_COMPONENTS_MAX];
    for (size_t i = 0; i < subject->release.components; i++)
        HM_TRY(hm_native_file_name(&subject->release, i, &files[i]));
    if (subject->payloads->check)
        HM_TRY(subject->payloads->check(subject->payloads->context, files, subject->release.components));
    for (size_t i = 0; i < subject->release.components; i++) HM_TRY(check_payload(subject, files, i, &check));
    if (check.missing == subject->release.components)
        return hm_refuse("only the envelope is here, none of its payloads (name them behind it, or --envelope-only)");
    return check.missing + check.different ? refuse_payloads(&check, subject->release.components) : HM_OK;
}

static hm_err check_complete(const hm_subject *subject) {
    size_t missing = hm_native_signers(&subject->release) - subject->envelope.signatures;
    return missing
               ? hm_refuse("%zu of the signatures that its manifest names %s still to come (hallmark sign --cosign)",
                           missing, verb(missing))
               : HM_OK;
}

/* The digest is the manifest's, and stands for the payloads because they were found to be those that it names. */
static hm_err digest_envelope(hm_subject *subject, hm_digests *digests, hm_digest *plain, hm_sink *copy,
                              hm_finding finding, void *context) {
    if (copy) return hm_misuse("an envelope is not signed again (hallmark sign --cosign adds a signature)");
    for (size_t i = 0; i < digests->count; i++)
        if (digests->digest[i].algorithm != HM_SHA256) return hm_misuse("a manifest's digest is SHA-256");
    HM_TRY(hm_cose_envelope_check(&subject->envelope));
    if (subject->payloads) {
        if (!subject->payloads->partial) HM_TRY(check_complete(subject));
        HM_TRY(check_payloads(subject, finding, context));
    }
    for (size_t i = 0; i < digests->count; i++) hm_digest_of(HM_SHA256, subject->envelope.payload, &digests->digest[i]);
    if (plain) hm_digest_of(HM_SHA256, hm_buf_bytes(&subject->bytes), plain);
    return HM_OK;
}

static hm_err embed(hm_subject *subject, hm_bytes new_signature, bool replace, hm_sink *sink) {
    (void)subject;
    (void)new_signature;
    (void)replace;
    (void)sink;
    return hm_misuse("an envelope is written whole");
}

static const hm_key_algorithm *algorithms(const hm_subject *subject) {
    static const hm_key_algorithm accepted[] = {HM_KEY_ES256,   HM_KEY_ED25519, HM_KEY_ES384,
                                                HM_KEY_RSA3072, HM_KEY_RSA4096, 0};
    (void)subject;
    return accepted;
}

static const char *const uncovered[] = {
    "the certificates (x5chain) and receipts that stand beside a signature in the envelope: each is checked by itself",
    "the names, places and permissions of envelope and payloads",
    NULL,
};

const hm_format hm_format_native = {
    .id = HM_FORMAT_NATIVE,
    .name = "native",
    .description = "an update for devices: a signed manifest (COSE), payloads beside it",
    .structure = HM_STRUCTURE_COSE,
    .several = true,
    .algorithms = algorithms,
    .uncovered = uncovered,
    .probe = probe,
    .open = open_envelope,
    .close = close_envelope,
    .signatures = signatures,
    .signature = signature,
    .digest = digest_envelope,
    .embed = embed,
    .describe = hm_native_describe,
    .describe_json = hm_native_describe_json,
};
