/* layers: verify */
/* Trust lists, signed (all signatures taken for good) and bare: what is accepted is deterministic CBOR, newer than the
 * list in force, and opens under the roots that the update gives; a refusal leaves nothing. */
#include "fuzz_native.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const hmv_trust zero;
    static const uint8_t no_roots[HMV_SHA256_SIZE];
    uint8_t roots[HMV_SHA256_SIZE], *copy = copy_of(data, size);
    hmv_trust trust, opened;
    hmv_bytes bytes = {copy, size};
    hmv_reason reason = hmv_trust_update(&native_config, native_trust(), bytes, &trust, roots);
    must(reason != HMV_UNDECIDED && reason != HMV_MORE);
    if (HMV_IS_ACCEPTED(reason)) {
        must(trust.version > native_trust()->version);
        must(is_deterministic(copy, size) && is_deterministic(trust.list.data, trust.list.size));
        must(hmv_trust_open(&native_config, bytes, roots, trust.version, &opened) == HMV_ACCEPTED);
        must(memcmp(&opened, &trust, sizeof trust) == 0);
        must(trust.version == UINT64_MAX ||
             hmv_trust_open(&native_config, bytes, roots, trust.version + 1, &opened) == HMV_OLD_LIST);
    } else
        must(memcmp(&trust, &zero, sizeof zero) == 0 && memcmp(roots, no_roots, sizeof roots) == 0);
    if (hmv_trust_read(bytes, &trust) == HMV_ACCEPTED)
        must(is_deterministic(copy, size) && trust.threshold >= 1);
    else
        must(memcmp(&trust, &zero, sizeof zero) == 0);
    free(copy);
    return 0;
}
