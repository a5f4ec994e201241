#include <pki/manifest.h>

#include <base/cbor.h>
#include <base/closest.h>

#include <stdlib.h>
#include <string.h>

enum {
    VERSION = 1,
    PUBLISHER = 1,
    VENDOR,
    CLASS,
    RELEASE,
    SEQUENCE,
    PURPOSE,
    SIGNERS,
    COMPONENTS,
    DEPENDENCIES,
    MINIMUM_LIST,
    DEVICE
};
enum { ID = 0, KIND, SIZE, DIGEST, COMPONENT_VERSION, SECURITY_VERSION, DESTINATION };

static const char *const kind_names[] = {NULL,     "firmware",   "bootloader", "application", "configuration",
                                         "script", "parameters", "trust-list"};
enum { KINDS = sizeof kind_names / sizeof kind_names[0] };

const char *hm_component_kind_name(uint64_t kind) { return kind < KINDS ? kind_names[kind] : NULL; }

hm_err hm_component_kind_by_name(hm_bytes name, hm_component_kind *kind) {
    hm_closest closest = hm_closest_begin(name);
    char hint[HM_HINT_MAX];
    for (unsigned i = 1; i < KINDS; i++) {
        hm_closest_try(&closest, kind_names[i]);
        if (!hm_bytes_equal(name, hm_text(kind_names[i]))) continue;
        *kind = (hm_component_kind)i;
        return HM_OK;
    }
    return hm_misuse(
        "there is no kind %.*s: there are firmware, bootloader, application, configuration, script, parameters and trust-list%s",
        (int)name.len, (const char *)name.data, hm_closest_hint(&closest, hint));
}

static hm_err check_text(const char *what, hm_bytes text, size_t most) {
    if (!text.len || text.len > most) return hm_refuse("%s must have 1 to %zu characters", what, most);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return hm_refuse("%s may hold printable ASCII characters only", what);
    return HM_OK;
}

static hm_err check_component(const hm_manifest *manifest, const hm_manifest_component *component) {
    HM_TRY(check_text("a component's id", component->id, HM_MANIFEST_ID));
    HM_TRY(check_text("a component's version", component->version, HM_MANIFEST_TEXT));
    if (component->destination.len)
        HM_TRY(check_text("a component's destination", component->destination, HM_MANIFEST_TEXT));
    if (!hm_component_kind_name(component->kind)) return hm_refuse("its kind is unknown");
    if (!component->size) return hm_refuse("its payload is empty");
    for (const hm_manifest_component *other = manifest->component; other != component; other++)
        if (hm_bytes_equal(other->id, component->id)) return hm_refuse("the id is there twice");
    return HM_OK;
}

static hm_err check_signers(const hm_manifest *manifest) {
    if (!manifest->signers || manifest->signers > HM_MANIFEST_SIGNERS)
        return hm_refuse("a manifest names 1 to %d signers", HM_MANIFEST_SIGNERS);
    for (size_t i = 0; i < manifest->signers; i++)
        for (size_t k = 0; k < i; k++)
            if (!memcmp(manifest->signer[i], manifest->signer[k], HM_KID_LEN))
                return hm_refuse("the same signer is there twice");
    return HM_OK;
}

static hm_err check(const hm_manifest *manifest) {
    HM_TRY(check_text("the release's version", manifest->version, HM_MANIFEST_TEXT));
    if (manifest->purpose != HM_PURPOSE_PRODUCTION && manifest->purpose != HM_PURPOSE_DEVELOPMENT)
        return hm_refuse("the purpose is neither production nor development");
    if (!manifest->sequence) return hm_refuse("the sequence number must be at least 1");
    HM_TRY(check_signers(manifest));
    if (!manifest->components || manifest->components > HM_MANIFEST_COMPONENTS)
        return hm_refuse("a manifest has 1 to %d components", HM_MANIFEST_COMPONENTS);
    for (size_t i = 0; i < manifest->components; i++)
        HM_TRY(hm_in(check_component(manifest, &manifest->component[i]), "component %.*s",
                     (int)manifest->component[i].id.len, (const char *)manifest->component[i].id.data));
    if (manifest->dependencies > HM_MANIFEST_DEPENDENCIES)
        return hm_refuse("a manifest has at most %d dependencies", HM_MANIFEST_DEPENDENCIES);
    for (size_t i = 0; i < manifest->dependencies; i++)
        HM_TRY(check_text("a dependency's component", manifest->dependency[i].component, HM_MANIFEST_ID));
    if (manifest->device.len > HM_MANIFEST_DEVICE)
        return hm_refuse("a device's id has at most %d bytes", HM_MANIFEST_DEVICE);
    return manifest->notes <= HM_MANIFEST_NOTES ? HM_OK
                                                : hm_refuse("a manifest has at most %d notes", HM_MANIFEST_NOTES);
}

static hm_err put_number(hm_buf *cbor, int64_t label, uint64_t value) {
    HM_TRY(hm_cbor_put_int(cbor, label));
    return hm_cbor_put_uint(cbor, value);
}

static hm_err put_bytes(hm_buf *cbor, int64_t label, hm_bytes value) {
    HM_TRY(hm_cbor_put_int(cbor, label));
    return hm_cbor_put_bytes(cbor, value);
}

static hm_err put_text(hm_buf *cbor, int64_t label, hm_bytes value) {
    HM_TRY(hm_cbor_put_int(cbor, label));
    return hm_cbor_put_text(cbor, value);
}

/* RFC 9054. */
static int64_t digest_number(hm_digest_algorithm algorithm) {
    return algorithm == HM_SHA256 ? -16 : algorithm == HM_SHA384 ? -43 : -44;
}

static hm_err put_component(const hm_manifest_component *component, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_map(cbor, 6u + (component->destination.len != 0) + (component->file.len != 0)));
    HM_TRY(put_text(cbor, ID, component->id));
    HM_TRY(put_number(cbor, KIND, component->kind));
    HM_TRY(put_number(cbor, SIZE, component->size));
    HM_TRY(hm_cbor_put_int(cbor, DIGEST));
    HM_TRY(hm_cbor_put_array(cbor, 2));
    HM_TRY(hm_cbor_put_int(cbor, digest_number(component->digest.algorithm)));
    HM_TRY(hm_cbor_put_bytes(cbor, hm_digest_bytes(&component->digest)));
    HM_TRY(put_text(cbor, COMPONENT_VERSION, component->version));
    HM_TRY(put_number(cbor, SECURITY_VERSION, component->security_version));
    if (component->destination.len) HM_TRY(put_text(cbor, DESTINATION, component->destination));
    return component->file.len ? put_text(cbor, HM_NOTE_FILE, component->file) : HM_OK;
}

static hm_err put_dependency(const hm_manifest_dependency *dependency, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, 4));
    HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(dependency->publisher)));
    HM_TRY(hm_cbor_put_text(cbor, dependency->component));
    HM_TRY(hm_cbor_put_uint(cbor, dependency->security_version));
    return hm_cbor_put_uint(cbor, dependency->sequence);
}

static hm_err put_signers(const hm_manifest *manifest, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_int(cbor, SIGNERS));
    HM_TRY(hm_cbor_put_array(cbor, manifest->signers));
    for (size_t i = 0; i < manifest->signers; i++) HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(manifest->signer[i])));
    return HM_OK;
}

static hm_err put_components(const hm_manifest *manifest, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_int(cbor, COMPONENTS));
    HM_TRY(hm_cbor_put_array(cbor, manifest->components));
    for (size_t i = 0; i < manifest->components; i++) HM_TRY(put_component(&manifest->component[i], cbor));
    if (!manifest->dependencies) return HM_OK;
    HM_TRY(hm_cbor_put_int(cbor, DEPENDENCIES));
    HM_TRY(hm_cbor_put_array(cbor, manifest->dependencies));
    for (size_t i = 0; i < manifest->dependencies; i++) HM_TRY(put_dependency(&manifest->dependency[i], cbor));
    return HM_OK;
}

/* Encoded keys sort as their distance from zero. */
static int order_notes(const void *a, const void *b) {
    const hm_manifest_note *left = a, *right = b;
    return (left->number < right->number) - (left->number > right->number);
}

static hm_err put_notes(const hm_manifest *manifest, hm_buf *cbor) {
    hm_manifest_note notes[HM_MANIFEST_NOTES];
    if (manifest->notes) memcpy(notes, manifest->note, manifest->notes * sizeof notes[0]);
    qsort(notes, manifest->notes, sizeof notes[0], order_notes);
    for (size_t i = 0; i < manifest->notes; i++) {
        if (notes[i].number >= 0) return hm_refuse("a note's number must be below zero");
        if (i && notes[i].number == notes[i - 1].number)
            return hm_refuse("note %lld is there twice", (long long)notes[i].number);
        HM_TRY(notes[i].is_text ? put_text(cbor, notes[i].number, notes[i].text)
                                : put_number(cbor, notes[i].number, notes[i].value));
    }
    return HM_OK;
}

static hm_err put(const hm_manifest *manifest, hm_buf *cbor) {
    uint64_t optional = (manifest->dependencies != 0) + manifest->has_minimum_list + (manifest->device.len != 0);
    HM_TRY(hm_cbor_put_map(cbor, 9 + optional + manifest->notes));
    HM_TRY(put_number(cbor, 0, VERSION));
    HM_TRY(put_bytes(cbor, PUBLISHER, HM_ARRAY(manifest->publisher)));
    HM_TRY(put_bytes(cbor, VENDOR, HM_ARRAY(manifest->vendor)));
    HM_TRY(put_bytes(cbor, CLASS, HM_ARRAY(manifest->class_id)));
    HM_TRY(put_text(cbor, RELEASE, manifest->version));
    HM_TRY(put_number(cbor, SEQUENCE, manifest->sequence));
    HM_TRY(put_number(cbor, PURPOSE, manifest->purpose));
    HM_TRY(put_signers(manifest, cbor));
    HM_TRY(put_components(manifest, cbor));
    if (manifest->has_minimum_list) HM_TRY(put_number(cbor, MINIMUM_LIST, manifest->minimum_list));
    if (manifest->device.len) HM_TRY(put_bytes(cbor, DEVICE, manifest->device));
    return put_notes(manifest, cbor);
}

hm_err hm_manifest_put(const hm_manifest *manifest, hm_buf *cbor) {
    HM_BUF whole = HM_BUF_EMPTY;
    HM_TRY(check(manifest));
    HM_TRY(put(manifest, &whole));
    if (whole.len > HM_MANIFEST_MAX)
        return hm_refuse("the manifest would have %zu bytes, at most %d are signed (shorter notes and names)",
                         whole.len, HM_MANIFEST_MAX);
    return hm_put(cbor, hm_buf_bytes(&whole));
}
