#include "native_file.h"

#include "trust_device.h"

#include <string.h>

hm_err hm_native_file_open(hm_bytes bytes, hm_native_file *file) {
    memset(file, 0, sizeof *file);
    HM_TRY(hm_cose_envelope_get(bytes, &file->envelope));
    hmv_bytes manifest = {file->envelope.payload.data, file->envelope.payload.len};
    hmv_reason reason = hmv_manifest_read(hm_every_digest, manifest, &file->release);
    return HMV_IS_ACCEPTED(reason) ? HM_OK : hm_refuse("its manifest is not one: %s", hmv_reason_text(reason));
}

hm_err hm_native_check_complete(const hm_native_file *file) {
    size_t signers = hm_native_signers(&file->release), signatures = file->envelope.signatures;
    if (signers != signatures)
        return hm_refuse("its manifest names %zu signers, and it holds %zu signature%s", signers, signatures,
                         signatures == 1 ? "" : "s");
    return hm_native_check_signers(&file->release, &file->envelope);
}

hm_err hm_native_payload_end(hm_native_payload *payload) {
    const hmv_component *component = payload->component;
    return hm_native_payload_is_whole(payload)
               ? HM_OK
               : hm_refuse("component %.*s: this is not the payload that was signed (its digest is another)",
                           (int)component->id.size, (const char *)component->id.data);
}
