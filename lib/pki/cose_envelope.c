/* COSE_Sign (RFC 9052 section 4.1), put together and taken apart. */
#include "cose_headers.h"

#include <pki/cose.h>

#include <base/cbor.h>

#include <string.h>

enum { TAG = 98, PARTS = 4 };

/* Tag, array, empty protected header, empty unprotected header. */
static const uint8_t start[] = {0xd8, TAG, 0x80 | PARTS, 0x40, 0xa0};

bool hm_cose_is_envelope(hm_bytes head) {
    hm_bytes begins;
    return !hm_failed(hm_bytes_part(head, 0, sizeof start, &begins)) && hm_bytes_equal(begins, HM_ARRAY(start));
}

hm_err hm_cose_draft_put(hm_bytes payload, const hm_bytes *signatures, size_t count, hm_buf *cbor) {
    HM_BUF whole = HM_BUF_EMPTY;
    if (count > HM_COSE_SIGNATURES_MAX)
        return hm_misuse("an envelope holds at most %d signatures", HM_COSE_SIGNATURES_MAX);
    HM_TRY(hm_put(&whole, HM_ARRAY(start)));
    HM_TRY(hm_cbor_put_bytes(&whole, payload));
    HM_TRY(hm_cbor_put_array(&whole, count));
    for (size_t i = 0; i < count; i++) HM_TRY(hm_put(&whole, signatures[i]));
    if (whole.len > HM_COSE_ENVELOPE_MAX)
        return hm_refuse(
            "the envelope would have %zu bytes, devices take %d (fewer signatures, or leave out the certificates with --no-chain)",
            whole.len, HM_COSE_ENVELOPE_MAX);
    return hm_put(cbor, hm_buf_bytes(&whole));
}

hm_err hm_cose_envelope_put(hm_bytes payload, const hm_bytes *signatures, size_t count, hm_buf *cbor) {
    if (!count) return hm_misuse("an envelope holds 1 to %d signatures", HM_COSE_SIGNATURES_MAX);
    return hm_cose_draft_put(payload, signatures, count, cbor);
}

static hm_err get_draft(hm_bytes bytes, hm_cose_envelope *envelope) {
    uint64_t count;
    hm_reader reader = hm_reader_of(bytes);
    if (bytes.len > HM_COSE_ENVELOPE_MAX) return hm_refuse("it is larger than %d bytes", HM_COSE_ENVELOPE_MAX);
    if (!hm_cose_is_envelope(bytes)) return hm_refuse("it is not a COSE_Sign with empty headers");
    HM_TRY(hm_read_skip(&reader, sizeof start));
    HM_TRY(hm_cbor_get_bytes(&reader, &envelope->payload));
    HM_TRY(hm_cbor_get_array(&reader, &count));
    if (count > HM_COSE_SIGNATURES_MAX) return hm_refuse("it holds %llu signatures", (unsigned long long)count);
    for (; envelope->signatures < count; envelope->signatures++)
        HM_TRY(hm_in(hm_cose_read_signature(&reader, &envelope->signature[envelope->signatures]), "signature %zu",
                     envelope->signatures + 1));
    return hm_read_end(&reader);
}

hm_err hm_cose_draft_get(hm_bytes bytes, hm_cose_envelope *envelope) {
    memset(envelope, 0, sizeof *envelope);
    return hm_in(get_draft(bytes, envelope), "envelope");
}

hm_err hm_cose_envelope_get(hm_bytes bytes, hm_cose_envelope *envelope) {
    HM_TRY(hm_cose_draft_get(bytes, envelope));
    return envelope->signatures ? HM_OK : hm_refuse("envelope: it holds 0 signatures");
}
