#include <base/cbor.h>

/* Major types, and the simple values that are used. */
enum { UNSIGNED = 0, NEGATIVE = 1, BYTES = 2, TEXT = 3, ARRAY = 4, MAP = 5, TAG = 6 };
enum { FALSE_BYTE = 0xf4, TRUE_BYTE = 0xf5, NULL_BYTE = 0xf6 };
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

hm_err hm_cbor_put_uint(hm_buf *cbor, uint64_t value) { return put_head(cbor, UNSIGNED, value); }
hm_err hm_cbor_put_array(hm_buf *cbor, uint64_t count) { return put_head(cbor, ARRAY, count); }
hm_err hm_cbor_put_map(hm_buf *cbor, uint64_t pairs) { return put_head(cbor, MAP, pairs); }
hm_err hm_cbor_put_bytes_head(hm_buf *cbor, uint64_t len) { return put_head(cbor, BYTES, len); }
hm_err hm_cbor_put_tag(hm_buf *cbor, uint64_t tag) { return put_head(cbor, TAG, tag); }
hm_err hm_cbor_put_bool(hm_buf *cbor, bool value) { return hm_put_u8(cbor, value ? TRUE_BYTE : FALSE_BYTE); }
hm_err hm_cbor_put_null(hm_buf *cbor) { return hm_put_u8(cbor, NULL_BYTE); }

/* -1 - n is ~n in two's complement: a negative number's argument never overflows. */
hm_err hm_cbor_put_int(hm_buf *cbor, int64_t value) {
    return value < 0 ? put_head(cbor, NEGATIVE, ~(uint64_t)value) : put_head(cbor, UNSIGNED, (uint64_t)value);
}

hm_err hm_cbor_put_bytes(hm_buf *cbor, hm_bytes bytes) {
    HM_TRY(put_head(cbor, BYTES, bytes.len));
    return hm_put(cbor, bytes);
}

hm_err hm_cbor_put_text(hm_buf *cbor, hm_bytes text) {
    HM_TRY(put_head(cbor, TEXT, text.len));
    return hm_put(cbor, text);
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

static hm_err get_any_head(hm_reader *reader, unsigned *major, uint64_t *value) {
    uint8_t first;
    uint64_t least;
    HM_TRY(hm_read_u8(reader, &first));
    *major = first >> 5;
    HM_TRY(get_value(reader, first & 0x1f, value, &least));
    if (*value < least) return hm_refuse("a CBOR head is not in its shortest form");
    return HM_OK;
}

static hm_err get_head(hm_reader *reader, unsigned wanted, const char *name, uint64_t *value) {
    hm_reader ahead = *reader;
    uint8_t first;
    unsigned major;
    HM_TRY(hm_read_u8(&ahead, &first));
    if (first >> 5 != (int)wanted) return hm_refuse("the CBOR item is not %s", name);
    return get_any_head(reader, &major, value);
}

hm_err hm_cbor_get_uint(hm_reader *reader, uint64_t *value) {
    return get_head(reader, UNSIGNED, "an unsigned integer", value);
}

hm_err hm_cbor_get_int(hm_reader *reader, int64_t *value) {
    bool negative = hm_cbor_next(reader) == HM_CBOR_NEGATIVE;
    uint64_t argument;
    HM_TRY(get_head(reader, negative ? NEGATIVE : UNSIGNED, "an integer", &argument));
    if (argument > INT64_MAX) return hm_refuse("a CBOR integer is too large");
    *value = negative ? -1 - (int64_t)argument : (int64_t)argument;
    return HM_OK;
}

hm_err hm_cbor_get_array(hm_reader *reader, uint64_t *count) { return get_head(reader, ARRAY, "an array", count); }
hm_err hm_cbor_get_map(hm_reader *reader, uint64_t *pairs) { return get_head(reader, MAP, "a map", pairs); }
hm_err hm_cbor_get_bytes_head(hm_reader *reader, uint64_t *len) {
    return get_head(reader, BYTES, "a byte string", len);
}
hm_err hm_cbor_get_tag(hm_reader *reader, uint64_t *tag) { return get_head(reader, TAG, "a tag", tag); }

static hm_err get_string(hm_reader *reader, unsigned major, const char *name, hm_bytes *string) {
    uint64_t len;
    HM_TRY(get_head(reader, major, name, &len));
    if (len > reader->rest.len) return hm_refuse("%s ends early", name);
    return hm_read_bytes(reader, (size_t)len, string);
}

hm_err hm_cbor_get_bytes(hm_reader *reader, hm_bytes *bytes) {
    return get_string(reader, BYTES, "a CBOR byte string", bytes);
}

hm_err hm_cbor_get_text(hm_reader *reader, hm_bytes *text) {
    return get_string(reader, TEXT, "a CBOR text string", text);
}

static bool take_byte(hm_reader *reader, uint8_t wanted) {
    hm_reader ahead = *reader;
    uint8_t first;
    if (hm_failed(hm_read_u8(&ahead, &first)) || first != wanted) return false;
    *reader = ahead;
    return true;
}

hm_err hm_cbor_get_null(hm_reader *reader, bool *is_null) {
    *is_null = take_byte(reader, NULL_BYTE);
    return *is_null || reader->rest.len ? HM_OK : hm_refuse("the CBOR ends early");
}

hm_err hm_cbor_get_bool(hm_reader *reader, bool *value) {
    *value = take_byte(reader, TRUE_BYTE);
    return *value || take_byte(reader, FALSE_BYTE) ? HM_OK : hm_refuse("the CBOR item is neither true nor false");
}

hm_cbor_kind hm_cbor_next(const hm_reader *reader) {
    hm_reader ahead = *reader;
    uint8_t first;
    if (hm_failed(hm_read_u8(&ahead, &first))) return HM_CBOR_END;
    return (hm_cbor_kind)(first >> 5);
}

static hm_err skip(hm_reader *reader, unsigned depth);

static hm_err skip_items(hm_reader *reader, uint64_t count, unsigned depth) {
    for (; count; count--) HM_TRY(skip(reader, depth + 1));
    return HM_OK;
}

/* Keys of any type, in the order of their encodings (RFC 8949 section 4.2.1). */
static hm_err skip_pairs(hm_reader *reader, uint64_t pairs, unsigned depth) {
    hm_bytes previous = HM_NO_BYTES;
    for (; pairs; pairs--) {
        hm_bytes before = reader->rest, key;
        HM_TRY(skip(reader, depth + 1));
        HM_TRY(hm_bytes_part(before, 0, before.len - reader->rest.len, &key));
        if (hm_bytes_compare(key, previous) <= 0) return hm_refuse("CBOR map keys are not in order");
        previous = key;
        HM_TRY(skip(reader, depth + 1));
    }
    return HM_OK;
}

static hm_err skip(hm_reader *reader, unsigned depth) {
    unsigned major;
    uint64_t value;
    bool boolean;
    if (depth > HM_CBOR_DEPTH) return hm_refuse("the CBOR is nested too deeply");
    if (hm_cbor_next(reader) == HM_CBOR_SIMPLE)
        return take_byte(reader, NULL_BYTE) ? HM_OK : hm_cbor_get_bool(reader, &boolean);
    HM_TRY(get_any_head(reader, &major, &value));
    switch (major) {
    case UNSIGNED:
    case NEGATIVE:
        return HM_OK;
    case ARRAY:
        return skip_items(reader, value, depth);
    case MAP:
        return skip_pairs(reader, value, depth);
    case TAG:
        return skip(reader, depth + 1);
    default:
        if (value > reader->rest.len) return hm_refuse("a CBOR string ends early");
        return hm_read_skip(reader, (size_t)value);
    }
}

hm_err hm_cbor_get_item(hm_reader *reader, hm_bytes *item) {
    hm_bytes before = reader->rest;
    HM_TRY(skip(reader, 0));
    return hm_bytes_part(before, 0, before.len - reader->rest.len, item);
}

hm_err hm_cbor_get_key(hm_reader *reader, hm_bytes *previous, int64_t *key) {
    hm_bytes before = reader->rest, encoded;
    HM_TRY(hm_cbor_get_int(reader, key));
    HM_TRY(hm_bytes_part(before, 0, before.len - reader->rest.len, &encoded));
    if (hm_bytes_compare(encoded, *previous) <= 0) return hm_refuse("CBOR map keys are not in order");
    *previous = encoded;
    return HM_OK;
}
