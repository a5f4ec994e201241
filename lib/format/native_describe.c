/* What an envelope says, for people and for machines. */
#include "native.h"

#include <base/cbor.h>
#include <base/readable.h>
#include <crypto/uuid.h>
#include <pki/manifest.h>
#include <pki/notes.h>

#include <string.h>

static hm_err put_uuid(hm_buf *lines, const char *what, hmv_bytes uuid) {
    char text[HM_UUID_TEXT];
    hm_uuid_text(uuid.data, text);
    return hm_put_format(lines, "%s %s\n", what, text);
}

static const char *purpose_name(const hmv_release *release) {
    return release->purpose == HMV_PURPOSE_DEVELOPMENT ? "DEVELOPMENT (not for production devices)" : "production";
}

static const char *kind_name(const hmv_component *component) {
    const char *name = hm_component_kind_name(component->kind);
    return name ? name : "unknown";
}

static const char *digest_name(const hmv_digest *digest) {
    return digest == &hmv_digest_sha256 ? "sha256" : digest == &hmv_digest_sha384 ? "sha384" : "sha512";
}

static hm_err put_component(const hmv_release *release, size_t index, hm_buf *lines) {
    const hmv_component *c = &release->component[index];
    hm_bytes file;
    HM_TRY(hm_native_file_name(release, index, &file));
    HM_TRY(hm_put_format(lines, "component %.*s: %s, version %.*s, security version %llu, %llu bytes", (int)c->id.size,
                         (const char *)c->id.data, kind_name(c), (int)c->version.size, (const char *)c->version.data,
                         (unsigned long long)c->security_version, (unsigned long long)c->size));
    if (c->destination.size)
        HM_TRY(hm_put_format(lines, ", to %.*s", (int)c->destination.size, (const char *)c->destination.data));
    if (file.len) HM_TRY(hm_put_text(lines, ", file "));
    HM_TRY(hm_put_readable(lines, file)); /* a note: free text, where everything else is printable ASCII */
    HM_TRY(hm_put_format(lines, "\n  %s ", digest_name(c->digest_algorithm)));
    HM_TRY(hm_put_hex(lines, hm_native_bytes(c->digest)));
    return hm_put_text(lines, "\n");
}

typedef struct {
    hm_bytes publisher, component;
    uint64_t security_version, sequence;
} dependency;

static hm_err get_dependency(hm_reader *reader, dependency *each) {
    uint64_t four;
    HM_TRY(hm_cbor_get_array(reader, &four));
    HM_TRY(hm_cbor_get_bytes(reader, &each->publisher));
    HM_TRY(hm_cbor_get_text(reader, &each->component));
    HM_TRY(hm_cbor_get_uint(reader, &each->security_version));
    return hm_cbor_get_uint(reader, &each->sequence);
}

static hm_err begin_dependencies(const hmv_release *release, hm_reader *reader, uint64_t *count) {
    *reader = hm_reader_of(hm_native_bytes(release->dependencies));
    *count = 0;
    return reader->rest.len ? hm_cbor_get_array(reader, count) : HM_OK;
}

static hm_err put_dependencies(const hmv_release *release, hm_buf *lines) {
    hm_reader reader;
    uint64_t count;
    dependency each;
    HM_TRY(begin_dependencies(release, &reader, &count));
    for (; count; count--) {
        HM_TRY(get_dependency(&reader, &each));
        HM_TRY(hm_put_format(lines, "needs component %.*s, security version %llu, sequence %llu or above, of",
                             (int)each.component.len, (const char *)each.component.data,
                             (unsigned long long)each.security_version, (unsigned long long)each.sequence));
        HM_TRY(put_uuid(lines, " publisher", (hmv_bytes){each.publisher.data, each.publisher.len}));
    }
    return HM_OK;
}

static hm_err put_notes(const hm_subject *subject, hm_buf *lines) {
    hm_notes notes;
    HM_TRY(hm_notes_of_map(subject->envelope.payload, &notes));
    for (bool more = true;;) {
        hm_note note;
        HM_TRY(hm_notes_next(&notes, &note, &more));
        if (!more) return HM_OK;
        HM_TRY(hm_put_format(lines, "note %lld: ", (long long)note.key));
        HM_TRY(hm_note_put(&note, lines));
        HM_TRY(hm_put_text(lines, "\n"));
    }
}

static hm_err put_receipt(hm_bytes bytes, hm_buf *lines) {
    hm_cose_receipt receipt;
    if (hm_failed(hm_cose_receipt_get(bytes, &receipt))) return hm_put_text(lines, "  receipt: malformed\n");
    HM_TRY(hm_put_format(lines, "  receipt: intent %llu and outcome %llu in a log of %llu entries, by key ",
                         (unsigned long long)receipt.intent.index, (unsigned long long)receipt.outcome.index,
                         (unsigned long long)receipt.outcome.size));
    HM_TRY(hm_put_hex(lines, receipt.kid));
    return hm_put_text(lines, " (not judged here)\n");
}

static const hm_cose_signature *signature_of(const hm_subject *subject, hm_bytes kid) {
    for (size_t i = 0; i < subject->envelope.signatures; i++)
        if (hm_bytes_equal(subject->envelope.signature[i].kid, kid)) return &subject->envelope.signature[i];
    return NULL;
}

static const char *plural(size_t count) { return count == 1 ? "" : "s"; }

static hm_err put_signer(const hm_subject *subject, size_t index, hm_buf *lines) {
    hm_bytes kid;
    HM_TRY(hm_native_signer(&subject->release, index, &kid));
    const hm_cose_signature *signature = signature_of(subject, kid);
    HM_TRY(hm_put_format(lines, "signer %zu: key ", index + 1));
    HM_TRY(hm_put_hex(lines, kid));
    if (!signature) return hm_put_text(lines, ": its signature is still to come\n");
    const char *name = hm_cose_algorithm_name(signature->algorithm);
    HM_TRY(hm_put_format(lines, ", %s, %zu certificate%s, %zu receipt%s beside it\n", name ? name : "unknown algorithm",
                         signature->chain.count, plural(signature->chain.count), signature->receipts,
                         plural(signature->receipts)));
    for (size_t i = 0; i < signature->receipts; i++) HM_TRY(put_receipt(signature->receipt[i], lines));
    return HM_OK;
}

hm_err hm_native_describe(const hm_subject *subject, hm_buf *lines) {
    const hmv_release *r = &subject->release;
    HM_TRY(hm_put_format(lines, "release %.*s, sequence number %llu, for %s\n", (int)r->version.size,
                         (const char *)r->version.data, (unsigned long long)r->sequence, purpose_name(r)));
    HM_TRY(put_uuid(lines, "publisher", r->publisher));
    HM_TRY(put_uuid(lines, "vendor", r->vendor));
    HM_TRY(put_uuid(lines, "class", r->class_id));
    if (r->minimum_list)
        HM_TRY(hm_put_format(lines, "needs trust list %llu or above\n", (unsigned long long)r->minimum_list));
    if (r->exception.size) {
        HM_TRY(hm_put_text(lines, "may take one device back: "));
        HM_TRY(hm_put_hex(lines, hm_native_bytes(r->exception)));
        HM_TRY(hm_put_text(lines, "\n"));
    }
    for (size_t i = 0; i < r->components; i++) HM_TRY(put_component(r, i, lines));
    HM_TRY(put_dependencies(r, lines));
    HM_TRY(put_notes(subject, lines));
    for (size_t i = 0; i < hm_native_signers(r); i++) HM_TRY(put_signer(subject, i, lines));
    return HM_OK;
}

static void json_uuid(hm_json *json, const char *name, hmv_bytes uuid) {
    char text[HM_UUID_TEXT];
    hm_uuid_text(uuid.data, text);
    hm_json_string(json, name, text);
}

static void json_component(hm_json *json, const hmv_release *release, size_t index) {
    const hmv_component *c = &release->component[index];
    hm_bytes file;
    hm_json_object(json, NULL);
    hm_json_text(json, "id", hm_native_bytes(c->id));
    hm_json_string(json, "kind", kind_name(c));
    hm_json_number(json, "size", (int64_t)c->size);
    hm_json_string(json, "digest_algorithm", digest_name(c->digest_algorithm));
    hm_json_hex(json, "digest", hm_native_bytes(c->digest));
    hm_json_text(json, "version", hm_native_bytes(c->version));
    hm_json_number(json, "security_version", (int64_t)c->security_version);
    if (c->destination.size) hm_json_text(json, "destination", hm_native_bytes(c->destination));
    if (!hm_failed(hm_native_file_name(release, index, &file)) && file.len) hm_json_text(json, "file", file);
    hm_json_close_object(json);
}

static void json_signer(hm_json *json, const hm_subject *subject, size_t index) {
    hm_bytes kid;
    if (hm_failed(hm_native_signer(&subject->release, index, &kid))) return;
    const hm_cose_signature *signature = signature_of(subject, kid);
    hm_json_object(json, NULL);
    hm_json_hex(json, "kid", kid);
    hm_json_bool(json, "signed", signature != NULL);
    if (signature) {
        hm_json_number(json, "algorithm", signature->algorithm);
        hm_json_number(json, "certificates", (int64_t)signature->chain.count);
        hm_json_number(json, "receipts", (int64_t)signature->receipts);
    }
    hm_json_close_object(json);
}

static void json_dependencies(hm_json *json, const hmv_release *release) {
    hm_reader reader;
    uint64_t count;
    dependency each;
    if (hm_failed(begin_dependencies(release, &reader, &count)) || !count) return;
    hm_json_array(json, "dependencies");
    for (; count && !hm_failed(get_dependency(&reader, &each)); count--) {
        hm_json_object(json, NULL);
        json_uuid(json, "publisher", (hmv_bytes){each.publisher.data, each.publisher.len});
        hm_json_text(json, "component", each.component);
        hm_json_number(json, "security_version", (int64_t)each.security_version);
        hm_json_number(json, "sequence", (int64_t)each.sequence);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
}

static void json_notes(hm_json *json, const hm_subject *subject) {
    hm_notes notes;
    if (hm_failed(hm_notes_of_map(subject->envelope.payload, &notes))) return;
    /* What the devices' own reader has read has notes that can be read. */
    if (hm_failed(hm_notes_json(notes, json))) return;
}

void hm_native_describe_json(const hm_subject *subject, hm_json *json) {
    const hmv_release *r = &subject->release;
    hm_json_object(json, "manifest");
    json_uuid(json, "publisher", r->publisher);
    json_uuid(json, "vendor", r->vendor);
    json_uuid(json, "class", r->class_id);
    hm_json_text(json, "version", hm_native_bytes(r->version));
    hm_json_number(json, "sequence", (int64_t)r->sequence);
    hm_json_string(json, "purpose", r->purpose == HMV_PURPOSE_DEVELOPMENT ? "development" : "production");
    if (r->minimum_list) hm_json_number(json, "minimum_list", (int64_t)r->minimum_list);
    if (r->exception.size) hm_json_hex(json, "device", hm_native_bytes(r->exception));
    hm_json_array(json, "components");
    for (size_t i = 0; i < r->components; i++) json_component(json, r, i);
    hm_json_close_array(json);
    json_dependencies(json, r);
    json_notes(json, subject);
    hm_json_array(json, "signers");
    for (size_t i = 0; i < hm_native_signers(r); i++) json_signer(json, subject, i);
    hm_json_close_array(json);
    hm_json_close_object(json);
}
