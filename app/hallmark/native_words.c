#include "native_words.h"

#include "native_file.h"

#include <crypto/uuid.h>
#include <pki/manifest.h>

static bool is_text(hm_bytes bytes) {
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.data[i] <= ' ' || bytes.data[i] > '~') return false;
    return bytes.len > 0;
}

hm_err hm_put_device(hm_buf *text, hm_bytes device) {
    if (is_text(device)) return hm_put(text, device);
    HM_TRY(hm_put_text(text, "hex:"));
    return hm_put_hex(text, device);
}

hm_err hm_put_release(hm_buf *text, const hmv_release *release) {
    HM_TRY(hm_put_format(text, "release %.*s, sequence %llu", (int)release->version.size,
                         (const char *)release->version.data, (unsigned long long)release->sequence));
    if (!release->exception.size) return HM_OK;
    HM_TRY(hm_put_text(text, ", only for device "));
    HM_TRY(hm_put_device(text, hm_native_bytes(release->exception)));
    return hm_put_text(text, ", a way back");
}

hm_err hm_put_components(hm_buf *text, const hmv_release *release) {
    HM_TRY(hm_put_format(text, ", component%s", release->components == 1 ? "" : "s"));
    for (size_t i = 0; i < release->components; i++) {
        const hmv_bytes *id = &release->component[i].id;
        const char *before = !i ? " " : i + 1 == release->components ? " and " : ", ";
        HM_TRY(hm_put_format(text, "%s%.*s", before, (int)id->size, (const char *)id->data));
    }
    return HM_OK;
}

static void put_uuid(hm_json *json, const char *name, hmv_bytes uuid) {
    char text[HM_UUID_TEXT];
    hm_uuid_text(uuid.data, text);
    hm_json_string(json, name, text);
}

static void put_component(hm_json *json, const hmv_component *component) {
    const char *kind = hm_component_kind_name(component->kind);
    hm_json_object(json, NULL);
    hm_json_text(json, "id", hm_native_bytes(component->id));
    hm_json_string(json, "kind", kind ? kind : "unknown");
    hm_json_text(json, "version", hm_native_bytes(component->version));
    hm_json_number(json, "security_version", (int64_t)component->security_version);
    hm_json_number(json, "size", (int64_t)component->size);
    hm_json_hex(json, "digest", hm_native_bytes(component->digest));
    hm_json_close_object(json);
}

void hm_release_json(hm_json *json, const hmv_release *release) {
    hm_json_text(json, "release", hm_native_bytes(release->version));
    hm_json_number(json, "sequence", (int64_t)release->sequence);
    put_uuid(json, "publisher", release->publisher);
    put_uuid(json, "vendor", release->vendor);
    put_uuid(json, "class", release->class_id);
    if (release->exception.size) hm_json_hex(json, "device", hm_native_bytes(release->exception));
    hm_json_array(json, "components");
    for (size_t i = 0; i < release->components; i++) put_component(json, &release->component[i]);
    hm_json_close_array(json);
}
