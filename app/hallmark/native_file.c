#include "native_file.h"

#include "trust_device.h"

#include <base/cbor.h>

#include <string.h>

enum { NOTE_FILE = -1 };

hm_err hm_native_file_open(hm_bytes bytes, hm_native_file *file) {
    memset(file, 0, sizeof *file);
    HM_TRY(hm_cose_envelope_get(bytes, &file->envelope));
    hmv_bytes manifest = {file->envelope.payload.data, file->envelope.payload.len};
    hmv_reason reason = hmv_manifest_read(hm_every_digest, manifest, &file->release);
    return HMV_IS_ACCEPTED(reason) ? HM_OK : hm_refuse("its manifest is not one: %s", hmv_reason_text(reason));
}

hm_err hm_native_check_signers(const hm_native_file *file) {
    hm_reader reader = hm_reader_of(hm_native_bytes(file->release.signer_ids));
    uint64_t count;
    hm_bytes kid;
    HM_TRY(hm_cbor_get_array(&reader, &count));
    if (count != file->envelope.signatures)
        return hm_refuse("its manifest names %llu signers, and it holds %zu signature%s", (unsigned long long)count,
                         file->envelope.signatures, file->envelope.signatures == 1 ? "" : "s");
    for (size_t i = 0; i < count; i++) {
        HM_TRY(hm_cbor_get_bytes(&reader, &kid));
        if (!hm_bytes_equal(kid, file->envelope.signature[i].kid))
            return hm_refuse("signature %zu is by a key that the manifest does not name there", i + 1);
    }
    return HM_OK;
}

static hm_err find_name(hm_reader *component, hm_bytes *name) {
    hm_bytes previous = HM_NO_BYTES, value;
    uint64_t pairs;
    int64_t key;
    HM_TRY(hm_cbor_get_map(component, &pairs));
    for (; pairs; pairs--) {
        HM_TRY(hm_cbor_get_key(component, &previous, &key));
        if (key == NOTE_FILE && hm_cbor_next(component) == HM_CBOR_TEXT) return hm_cbor_get_text(component, name);
        HM_TRY(hm_cbor_get_item(component, &value));
    }
    return HM_OK;
}

hm_err hm_native_file_name(const hm_native_file *file, size_t index, hm_bytes *name) {
    hm_reader reader = hm_reader_of(hm_native_bytes(file->release.component_list));
    hm_bytes skipped;
    uint64_t count;
    *name = HM_NO_BYTES;
    HM_TRY(hm_cbor_get_array(&reader, &count));
    for (size_t i = 0; i < index; i++) HM_TRY(hm_cbor_get_item(&reader, &skipped));
    return find_name(&reader, name);
}

hm_digest_algorithm hm_native_digest(const hmv_component *component) {
    static const struct {
        int32_t id;
        hm_digest_algorithm algorithm;
    } known[] = {{-16, HM_SHA256}, {-43, HM_SHA384}, {-44, HM_SHA512}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].id == component->digest_algorithm->id) return known[i].algorithm;
    return HM_SHA256; /* hm_every_digest has no others */
}

void hm_native_payload_begin(hm_native_payload *payload, const hmv_component *component) {
    payload->component = component;
    payload->seen = 0;
    hm_hash_init(&payload->hash, hm_native_digest(component));
}

void hm_native_payload_take(hm_native_payload *payload, hm_bytes bytes) {
    payload->seen += bytes.len;
    hm_hash_update(&payload->hash, bytes);
}

hm_err hm_native_payload_end(hm_native_payload *payload) {
    const hmv_component *component = payload->component;
    hm_digest digest;
    hm_hash_final(&payload->hash, &digest);
    bool good = payload->seen == component->size &&
                hm_bytes_equal(hm_digest_bytes(&digest), hm_native_bytes(component->digest));
    return good ? HM_OK
                : hm_refuse("component %.*s: this is not the payload that was signed (its digest is another)",
                            (int)component->id.size, (const char *)component->id.data);
}
