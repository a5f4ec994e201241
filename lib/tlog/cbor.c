#include "cbor.h"

enum { UNSIGNED = 0, BYTES = 2, ARRAY = 4, NULL_BYTE = 0xf6 };
/* The low five bits of a head: the value itself, or how many bytes of it follow. */
enum { DIRECT_MAX = 23, ONE_BYTE = 24, TWO_BYTES = 25, FOUR_BYTES = 26, EIGHT_BYTES = 27 };

static hm_err put_head(hm_buf *cbor, unsigned major, uint64_t value) {
    uint8_t type = (uint8_t)(major << 5);
    if (value <= DIRECT_MAX) return hm_put_u8(cbor, (uint8_t)(type | value));
    if (value <= UINT8_MAX) {
        HM_TRY(hm_put_u8(cbor, type | ONE_BYTE));
        return hm_put_u8(cbor, (uint8_t)value);
    }
    if (value <= UINT16_MAX) {
        HM_TRY(hm_put_u8(cbor, type | TWO_BYTES));
        return hm_put_u16be(cbor, (uint16_t)value);
    }
    if (value <= UINT32_MAX) {
        HM_TRY(hm_put_u8(cbor, type | FOUR_BYTES));
        return hm_put_u32be(cbor, (uint32_t)value);
    }
    HM_TRY(hm_put_u8(cbor, type | EIGHT_BYTES));
    return hm_put_u64be(cbor, value);
}

hm_err hm_tlog_put_uint(hm_buf *cbor, uint64_t value) { return put_head(cbor, UNSIGNED, value); }
hm_err hm_tlog_put_array(hm_buf *cbor, uint64_t count) { return put_head(cbor, ARRAY, count); }
hm_err hm_tlog_put_null(hm_buf *cbor) { return hm_put_u8(cbor, NULL_BYTE); }

hm_err hm_tlog_put_bytes(hm_buf *cbor, hm_bytes bytes) {
    HM_TRY(put_head(cbor, BYTES, bytes.len));
    return hm_put(cbor, bytes);
}

/* The value behind a head, and the least one that may be written at that length (section 4.2.1: the shortest form). */
static hm_err get_value(hm_reader *reader, unsigned info, uint64_t *value, uint64_t *least) {
    uint8_t one;
    uint16_t two;
    uint32_t four;
    switch (info) {
    case ONE_BYTE:
        HM_TRY(hm_read_u8(reader, &one));
        *value = one;
        *least = DIRECT_MAX + 1;
        return HM_OK;
    case TWO_BYTES:
        HM_TRY(hm_read_u16be(reader, &two));
        *value = two;
        *least = UINT8_MAX + 1;
        return HM_OK;
    case FOUR_BYTES:
        HM_TRY(hm_read_u32be(reader, &four));
        *value = four;
        *least = UINT16_MAX + 1;
        return HM_OK;
    case EIGHT_BYTES:
        *least = (uint64_t)UINT32_MAX + 1;
        return hm_read_u64be(reader, value);
    default:
        *value = info;
        *least = 0;
        return info <= DIRECT_MAX ? HM_OK : hm_refuse("a CBOR length is indefinite or reserved");
    }
}

static hm_err get_head(hm_reader *reader, unsigned major, const char *wanted, uint64_t *value) {
    uint8_t first;
    uint64_t least;
    HM_TRY(hm_read_u8(reader, &first));
    if (first >> 5 != (int)major) return hm_refuse("the CBOR item is not %s", wanted);
    HM_TRY(get_value(reader, first & 0x1f, value, &least));
    if (*value < least) return hm_refuse("a CBOR head is not in its shortest form");
    return HM_OK;
}

hm_err hm_tlog_get_uint(hm_reader *reader, uint64_t *value) {
    return get_head(reader, UNSIGNED, "an unsigned integer", value);
}

hm_err hm_tlog_get_array(hm_reader *reader, uint64_t *count) { return get_head(reader, ARRAY, "an array", count); }

hm_err hm_tlog_get_bytes(hm_reader *reader, hm_bytes *bytes) {
    uint64_t len;
    HM_TRY(get_head(reader, BYTES, "a byte string", &len));
    if (len > reader->rest.len) return hm_refuse("a CBOR byte string ends early");
    return hm_read_bytes(reader, (size_t)len, bytes);
}

hm_err hm_tlog_get_null(hm_reader *reader, bool *is_null) {
    hm_reader ahead = *reader;
    uint8_t first;
    HM_TRY(hm_read_u8(&ahead, &first));
    *is_null = first == NULL_BYTE;
    if (*is_null) *reader = ahead;
    return HM_OK;
}
