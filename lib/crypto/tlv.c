#include "tlv.h"

static hm_err read_length(hm_reader *reader, size_t *len) {
    uint8_t first;
    uint16_t wide;
    HM_TRY(hm_read_u8(reader, &first));
    *len = first;
    if (first < 0x80) return HM_OK;
    if (first == 0x82) {
        HM_TRY(hm_read_u16be(reader, &wide));
        *len = wide;
        return HM_OK;
    }
    if (first != 0x81) return hm_refuse("a length is not DER");
    HM_TRY(hm_read_u8(reader, &first));
    *len = first;
    return HM_OK;
}

hm_err hm_key_tlv(hm_reader *reader, uint8_t tag, hm_bytes *content) {
    uint8_t found;
    size_t len;
    HM_TRY(hm_read_u8(reader, &found));
    if (found != tag) return hm_refuse("tag %02x where %02x belongs", found, tag);
    HM_TRY(read_length(reader, &len));
    return hm_read_bytes(reader, len, content);
}
