/* layers: verify */
/* Receipts for the one signature of a good release, the log's signature taken for good: what is taken for a receipt is
 * deterministic CBOR, down to the proofs and entries. */
#include "fuzz_native.h"

#include "../../verify/src/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static hmv_release release;
    static hmv_signature signature;
    hmv_pass pass = {
        .config = &native_config, .trust = native_trust(), .envelope = {native_envelope, sizeof native_envelope}};
    hmv_reader reader;
    uint8_t *list = malloc(size + 6);
    size_t head = size < 24 ? 1 : size < 256 ? 2 : size < 65536 ? 3 : 5;
    must(list != NULL);
    must(hmv_release_verify(&native_config, native_trust(), HMV_INSTALL, pass.envelope, &release) == HMV_ACCEPTED);
    hmv_envelope_open(&pass, 4);
    hmv_enter(&reader, &pass.signatures, &pass.parse);
    hmv_signature_read(&reader, &signature);
    must(pass.parse.fault == HMV_UNDECIDED);
    /* [ bstr ] */
    list[0] = 0x81;
    list[1] = (uint8_t)(head == 1 ? 0x40 + size : head == 2 ? 0x58 : head == 3 ? 0x59 : 0x5a);
    for (size_t i = 1; i < head; i++) list[1 + i] = (uint8_t)(size >> 8 * (head - 1 - i));
    if (size > 0) memcpy(&list[1 + head], data, size);
    signature.receipts = (hmv_bytes){list, 1 + head + size};
    uint32_t wanted = hmv_receipts_check(&pass, &signature, &release);
    must(wanted <= 1 && (pass.parse.fault == HMV_UNDECIDED || pass.parse.fault == HMV_BAD_RECEIPT));
    if (wanted == 1 && pass.parse.fault == HMV_UNDECIDED) must(is_deterministic(data, size));
    free(list);
    return 0;
}
