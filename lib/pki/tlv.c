#include "tlv.h"

/* X.690 section 8.1.3 with the limits of section 10.1. */
static hm_err read_length(hm_reader *reader, size_t *len) {
    uint8_t first;
    HM_TRY(hm_read_u8(reader, &first));
    if (first < 0x80) {
        *len = first;
        return HM_OK;
    }
    size_t octets = first & 0x7f;
    if (octets == 0) return hm_refuse("not DER: a length is indefinite");
    if (octets > 4) return hm_refuse("not DER: a length is too large");
    size_t value = 0;
    for (size_t i = 0; i < octets; i++) {
        uint8_t octet;
        HM_TRY(hm_read_u8(reader, &octet));
        value = value << 8 | octet;
    }
    if (value < 0x80 || value >> (8 * (octets - 1)) == 0) return hm_refuse("not DER: a length is not minimal");
    *len = value;
    return HM_OK;
}

hm_err hm_tlv_read(hm_reader *reader, hm_tlv *tlv) {
    hm_reader at = *reader;
    hm_tlv found;
    size_t len;
    HM_TRY(hm_read_u8(&at, &found.tag));
    if ((found.tag & 0x1f) == 0x1f) return hm_refuse("not understood: a tag of several octets");
    HM_TRY(read_length(&at, &len));
    HM_TRY(hm_read_bytes(&at, len, &found.content));
    HM_TRY(hm_bytes_part(reader->rest, 0, reader->rest.len - at.rest.len, &found.whole));
    *tlv = found;
    *reader = at;
    return HM_OK;
}

bool hm_tlv_follows(const hm_reader *reader, uint8_t tag) { return reader->rest.len && reader->rest.data[0] == tag; }

hm_err hm_tlv_expect(hm_reader *reader, uint8_t tag, const char *what, hm_tlv *tlv) {
    if (!hm_tlv_follows(reader, tag)) return hm_refuse("%s is missing or of the wrong type", what);
    return hm_in(hm_tlv_read(reader, tlv), "%s", what);
}

hm_err hm_tlv_enter(hm_reader *reader, uint8_t tag, const char *what, hm_reader *inside) {
    hm_tlv tlv;
    HM_TRY(hm_tlv_expect(reader, tag, what, &tlv));
    *inside = hm_reader_of(tlv.content);
    return HM_OK;
}

hm_err hm_tlv_read_small(hm_reader *reader, const char *what, uint32_t *value) {
    hm_tlv tlv;
    HM_TRY(hm_tlv_expect(reader, HM_DER_INTEGER, what, &tlv));
    HM_TRY(hm_in(hm_tlv_check(tlv.whole), "%s", what));
    if (tlv.content.len > 4 || tlv.content.data[0] & 0x80) return hm_refuse("%s is out of range", what);
    uint32_t v = 0;
    for (size_t i = 0; i < tlv.content.len; i++) v = v << 8 | tlv.content.data[i];
    *value = v;
    return HM_OK;
}

hm_err hm_tlv_only(hm_bytes der, uint8_t tag, const char *what, hm_tlv *tlv) {
    hm_reader reader = hm_reader_of(der);
    HM_TRY(hm_tlv_expect(&reader, tag, what, tlv));
    return hm_in(hm_read_end(&reader), "%s", what);
}

/* X.690 sections 8.2 to 8.8 and 11.1 to 11.2, for the types where BER leaves a choice. */
static hm_err check_primitive(const hm_tlv *tlv) {
    hm_bytes content = tlv->content;
    if (tlv->tag == HM_DER_BOOLEAN && (content.len != 1 || (content.data[0] != 0 && content.data[0] != 0xff)))
        return hm_refuse("not DER: a boolean is neither 0 nor 255");
    if (tlv->tag == HM_DER_NULL && content.len) return hm_refuse("not DER: a null has content");
    if (tlv->tag != HM_DER_INTEGER) return HM_OK;
    if (!content.len) return hm_refuse("not DER: an integer is empty");
    bool padded = content.len > 1 && ((content.data[0] == 0 && !(content.data[1] & 0x80)) ||
                                      (content.data[0] == 0xff && content.data[1] & 0x80));
    return padded ? hm_refuse("not DER: an integer is not minimal") : HM_OK;
}

static hm_err check(hm_bytes der, unsigned depth) {
    if (depth > HM_TLV_DEPTH) return hm_refuse("nested deeper than %d", HM_TLV_DEPTH);
    hm_reader reader = hm_reader_of(der);
    while (reader.rest.len) {
        hm_tlv tlv;
        HM_TRY(hm_tlv_read(&reader, &tlv));
        bool constructed = tlv.tag & 0x20, universal = !(tlv.tag & 0xc0);
        if (!constructed) HM_TRY(check_primitive(&tlv));
        /* Of the universal types only SEQUENCE and SET are constructed in DER (X.690 section 10.2). */
        else if (universal && tlv.tag != HM_DER_SEQUENCE && tlv.tag != HM_DER_SET)
            return hm_refuse("not DER: a string is in parts");
        else
            HM_TRY(check(tlv.content, depth + 1));
    }
    return HM_OK;
}

hm_err hm_tlv_check(hm_bytes der) { return check(der, 0); }
