/* layers: verify */
/* Envelopes, all signatures taken for good: what is accepted is deterministic CBOR, its views lie inside it, a refusal
 * leaves nothing, and one question has one answer. */
#include "fuzz_native.h"

static void is_inside(hmv_bytes view, const uint8_t *data, size_t size) {
    must(view.size == 0 || (view.data >= data && view.data + view.size <= data + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const hmv_release zero;
    static hmv_release release, again;
    uint8_t *copy = copy_of(data, size);
    hmv_reason reason =
        hmv_release_verify(&native_config, native_trust(), HMV_INSTALL, (hmv_bytes){copy, size}, &release);
    must(reason != HMV_UNDECIDED && reason != HMV_MORE);
    must(reason == hmv_release_verify(&native_config, native_trust(), HMV_INSTALL, (hmv_bytes){copy, size}, &again));
    must(memcmp(&release, &again, sizeof release) == 0);
    if (HMV_IS_ACCEPTED(reason)) {
        must(is_deterministic(copy, size) && is_deterministic(release.manifest.data, release.manifest.size));
        must(release.components >= 1 && release.components <= HMV_COMPONENTS_MAX && release.signers >= 1);
        is_inside(release.manifest, copy, size);
        for (size_t i = 0; i < release.components; i++) {
            is_inside(release.component[i].id, copy, size);
            is_inside(release.component[i].digest, copy, size);
            must(release.component[i].digest.size == release.component[i].digest_algorithm->size);
        }
    } else
        must(memcmp(&release, &zero, sizeof release) == 0);
    /* The manifest alone, unsigned. */
    reason = hmv_manifest_read(native_digests, (hmv_bytes){copy, size}, &release);
    if (reason == HMV_ACCEPTED) must(is_deterministic(copy, size));
    free(copy);
    return 0;
}
