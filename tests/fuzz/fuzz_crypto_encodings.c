/* layers: base crypto */
/* Public keys and ECDSA signatures come out of files. Whatever is accepted must come back the same when it is written
 * again: one key, one signature, one encoding. */
#include <crypto/algorithm.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_signature(hm_bytes der, size_t coordinate_len) {
    HM_BUF fixed = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    if (hm_failed(hm_ecdsa_from_der(der, coordinate_len, &fixed))) {
        if (fixed.len) abort();
        return;
    }
    if (fixed.len != 2 * coordinate_len || hm_failed(hm_ecdsa_to_der(hm_buf_bytes(&fixed), &again)) ||
        !hm_bytes_equal(der, hm_buf_bytes(&again)))
        abort();
}

/* The first octet chooses the scheme, the next two say how much of the rest is the key; the rest is the signature. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_signature(HM_BYTES(data, size), 32);
    check_signature(HM_BYTES(data, size), 48);
    uint8_t scheme;
    uint16_t key_len;
    hm_bytes key;
    hm_reader reader = hm_reader_of(HM_BYTES(data, size));
    if (hm_failed(hm_read_u8(&reader, &scheme)) || hm_failed(hm_read_u16be(&reader, &key_len)) ||
        hm_failed(hm_read_bytes(&reader, key_len, &key)))
        return 0;
    (void)hm_failed(hm_verify(key, scheme, hm_text("sample"), reader.rest));
    return 0;
}
