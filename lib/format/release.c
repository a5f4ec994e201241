#include <format/release.h>

#include <base/cbor.h>
#include <pki/manifest.h>

static hm_err get_bytes_at(hm_bytes array, size_t index, hm_bytes *bytes) {
    hm_reader reader = hm_reader_of(array);
    uint64_t count;
    HM_TRY(hm_cbor_get_array(&reader, &count));
    if (index >= count) return hm_refuse("the manifest names no signer %zu", index + 1);
    for (size_t i = 0; i <= index; i++) HM_TRY(hm_cbor_get_bytes(&reader, bytes));
    return HM_OK;
}

hm_err hm_native_signer(const hmv_release *release, size_t index, hm_bytes *kid) {
    return get_bytes_at(hm_native_bytes(release->signer_ids), index, kid);
}

size_t hm_native_signers(const hmv_release *release) {
    hm_reader reader = hm_reader_of(hm_native_bytes(release->signer_ids));
    uint64_t count;
    return hm_failed(hm_cbor_get_array(&reader, &count)) ? 0 : (size_t)count;
}

hm_err hm_native_check_signers(const hmv_release *release, const hm_cose_envelope *envelope) {
    size_t at = 0, signers = hm_native_signers(release);
    hm_bytes kid;
    for (size_t i = 0; i < envelope->signatures; i++, at++) {
        do {
            if (at == signers)
                return hm_refuse("signature %zu is by a key that the manifest does not name there", i + 1);
            HM_TRY(hm_native_signer(release, at, &kid));
        } while (!hm_bytes_equal(kid, envelope->signature[i].kid) && ++at <= signers);
    }
    return HM_OK;
}

static hm_err find_note(hm_bytes component, hm_bytes *name) {
    hm_reader reader = hm_reader_of(component);
    hm_bytes previous = HM_NO_BYTES, value;
    uint64_t pairs;
    int64_t key;
    HM_TRY(hm_cbor_get_map(&reader, &pairs));
    for (; pairs; pairs--) {
        HM_TRY(hm_cbor_get_key(&reader, &previous, &key));
        if (key == HM_NOTE_FILE && hm_cbor_next(&reader) == HM_CBOR_TEXT) return hm_cbor_get_text(&reader, name);
        HM_TRY(hm_cbor_get_item(&reader, &value));
    }
    return HM_OK;
}

hm_err hm_native_file_name(const hmv_release *release, size_t index, hm_bytes *name) {
    hm_reader reader = hm_reader_of(hm_native_bytes(release->component_list));
    hm_bytes component;
    uint64_t count;
    *name = HM_NO_BYTES;
    HM_TRY(hm_cbor_get_array(&reader, &count));
    for (size_t i = 0; i <= index; i++) HM_TRY(hm_cbor_get_item(&reader, &component));
    return find_note(component, name);
}

hm_digest_algorithm hm_native_digest(const hmv_component *component) {
    static const struct {
        int32_t id;
        hm_digest_algorithm algorithm;
    } known[] = {{-16, HM_SHA256}, {-43, HM_SHA384}, {-44, HM_SHA512}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].id == component->digest_algorithm->id) return known[i].algorithm;
    return HM_SHA256; /* libhallmark-verify has no others */
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

bool hm_native_payload_is_whole(hm_native_payload *payload) {
    hm_digest digest;
    hm_hash_final(&payload->hash, &digest);
    return payload->seen == payload->component->size &&
           hm_bytes_equal(hm_digest_bytes(&digest), hm_native_bytes(payload->component->digest));
}
