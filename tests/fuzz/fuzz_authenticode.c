/* layers: base crypto pki */
/* An Authenticode structure, parsed and verified; and nested into itself, which must add exactly one signer. */
#include "fuzz_signed.h"

static void nest(hm_bytes der) {
    HM_SIGNED *before = NULL;
    HM_SIGNED *after = NULL;
    HM_BUF nested = HM_BUF_EMPTY;
    if (hm_failed(hm_authenticode_nest(der, der, &nested))) {
        if (nested.len) abort();
        return;
    }
    if (hm_failed(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, der, &before))) abort();
    /* What could be nested can be read. */
    if (hm_failed(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&nested), &after))) abort();
    if (hm_signed_count(after) != hm_signed_count(before) + 1) abort();
    for (size_t i = 0; i < hm_signed_count(before); i++)
        if (memcmp(hm_signed_at(before, i)->signature_hash, hm_signed_at(after, i)->signature_hash, HM_SHA256_LEN) != 0)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_signed(HM_STRUCTURE_AUTHENTICODE_PE, HM_BYTES(data, size));
    nest(HM_BYTES(data, size));
    return 0;
}
