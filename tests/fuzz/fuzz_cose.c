/* layers: base crypto pki */
/* What stands in envelopes: a whole one, taken apart and verified by the certificates in it; a signature, a receipt and
 * a key by themselves. What was read and is written again is what was read: there is one encoding. */
#include "fuzz_signed.h"

#include <pki/cose.h>

#include <stdlib.h>

static void same(hm_err written, const hm_buf *again, hm_bytes bytes) {
    if (hm_failed(written) || !hm_bytes_equal(hm_buf_bytes(again), bytes)) abort();
}

static void signature(hm_bytes bytes) {
    HM_BUF again = HM_BUF_EMPTY;
    hm_cose_signature signature;
    if (hm_failed(hm_cose_signature_get(bytes, &signature))) return;
    same(hm_cose_signature_put(&signature, &again), &again, bytes);
}

static void envelope(hm_bytes bytes) {
    HM_BUF again = HM_BUF_EMPTY;
    hm_cose_envelope envelope;
    hm_bytes whole[HM_COSE_SIGNATURES_MAX];
    if (hm_failed(hm_cose_envelope_get(bytes, &envelope))) return;
    for (size_t i = 0; i < envelope.signatures; i++) whole[i] = envelope.signature[i].whole;
    same(hm_cose_envelope_put(envelope.payload, whole, envelope.signatures, &again), &again, bytes);
}

static void receipt(hm_bytes bytes) {
    static const uint8_t spki[] = {0};
    static const uint8_t root[HM_SHA256_LEN] = {0};
    hm_cose_receipt receipt;
    if (hm_failed(hm_cose_receipt_get(bytes, &receipt))) return;
    if (!hm_failed(hm_cose_receipt_verify(&receipt, root, HM_ARRAY(spki)))) abort();
}

static void key(hm_bytes bytes) {
    HM_BUF spki = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    hm_reader reader = hm_reader_of(bytes);
    hm_cose_key key;
    if (hm_failed(hm_cose_key_get(&reader, &key)) || hm_failed(hm_read_end(&reader))) return;
    /* RSA keys are written for one of their two algorithms; HSS-LMS has no other form. */
    if (key.algorithm == HM_COSE_PS256 || hm_failed(hm_cose_key_spki(&key, &spki))) return;
    same(hm_cose_key_put(hm_buf_bytes(&spki), &again), &again, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_bytes bytes = HM_BYTES(data, size);
    signature(bytes);
    envelope(bytes);
    receipt(bytes);
    key(bytes);
    fuzz_signed(HM_STRUCTURE_COSE, bytes);
    return 0;
}
