#include "range.h"

#include <base/bytes.h>

#include <string.h>

static bool number(const char *text, size_t len, uint64_t *value) {
    hm_bytes digits = HM_BYTES((const uint8_t *)text, len);
    for (; digits.len > 1 && digits.data[0] == '0'; digits.len--) digits.data++;
    return !hm_failed(hm_decimal_decode(digits, value));
}

/* "-N": the last N bytes. */
static hm_range suffix(uint64_t last, uint64_t size, uint64_t *first, uint64_t *len) {
    if (!last || !size) return HM_RANGE_NONE;
    *len = last < size ? last : size;
    *first = size - *len;
    return HM_RANGE_PART;
}

hm_range hm_range_of(const char *header, uint64_t size, uint64_t *first, uint64_t *len) {
    static const char unit[] = "bytes=";
    uint64_t from, to = UINT64_MAX;
    *first = *len = 0;
    if (!header || strncmp(header, unit, sizeof unit - 1) != 0) return HM_RANGE_WHOLE;
    const char *text = header + sizeof unit - 1, *dash = strchr(text, '-');
    if (!dash) return HM_RANGE_WHOLE;
    const char *end = dash + 1;
    bool has_end = end[0] != 0;
    if (has_end && !number(end, strlen(end), &to)) return HM_RANGE_WHOLE;
    if (dash == text) return has_end ? suffix(to, size, first, len) : HM_RANGE_WHOLE;
    if (!number(text, (size_t)(dash - text), &from) || to < from) return HM_RANGE_WHOLE;
    if (from >= size) return HM_RANGE_NONE;
    *first = from;
    *len = (to < size ? to + 1 : size) - from;
    return HM_RANGE_PART;
}
