#include <pki/der.h>

#include "tlv.h"

#include <stdlib.h>
#include <time.h>

hm_err hm_der_open(hm_buf *der, uint8_t tag, size_t *mark) {
    HM_TRY(hm_put_u8(der, tag));
    *mark = der->len;
    return hm_put_u8(der, 0);
}

static size_t octets_of(size_t value) {
    size_t octets = 1;
    while (value >>= 8) octets++;
    return octets;
}

/* The length octets behind the first: none under 128. */
static hm_err put_long_length(hm_buf *der, size_t at, size_t len) {
    size_t octets = octets_of(len);
    HM_TRY(hm_buf_insert(der, at, octets));
    for (size_t i = 0; i < octets; i++) der->data[at + i] = (uint8_t)(len >> (8 * (octets - 1 - i)));
    der->data[at - 1] = (uint8_t)(0x80 | octets);
    return HM_OK;
}

hm_err hm_der_close(hm_buf *der, size_t mark) {
    if (mark >= der->len) return hm_misuse("a DER element is closed that is not open");
    size_t len = der->len - mark - 1;
    if (len >= 0x80) return put_long_length(der, mark + 1, len);
    der->data[mark] = (uint8_t)len;
    return HM_OK;
}

hm_err hm_der_put(hm_buf *der, uint8_t tag, hm_bytes content) {
    size_t mark;
    HM_TRY(hm_der_open(der, tag, &mark));
    HM_TRY(hm_put(der, content));
    return hm_der_close(der, mark);
}

/* The decimal digits of one arc up to the next dot, as numbers 0 to 9; canonical: not empty, no leading zero. */
static hm_err read_arc(hm_reader *dotted, hm_buf *digits) {
    digits->len = 0;
    while (dotted->rest.len && dotted->rest.data[0] != '.') {
        uint8_t digit;
        HM_TRY(hm_read_u8(dotted, &digit));
        if (digit < '0' || digit > '9') return hm_misuse("an object identifier holds something else than numbers");
        HM_TRY(hm_put_u8(digits, (uint8_t)(digit - '0')));
    }
    if (!digits->len || (digits->data[0] == 0 && digits->len > 1))
        return hm_misuse("an object identifier has a malformed number");
    if (dotted->rest.len) HM_TRY(hm_read_skip(dotted, 1));
    return HM_OK;
}

static bool all_zero(const hm_buf *digits) {
    for (size_t i = 0; i < digits->len; i++)
        if (digits->data[i]) return false;
    return true;
}

/* Divide the decimal number by 128 in place; the remainder. */
static uint8_t divide_by_128(hm_buf *digits) {
    unsigned remainder = 0;
    for (size_t i = 0; i < digits->len; i++) {
        unsigned value = remainder * 10 + digits->data[i];
        digits->data[i] = (uint8_t)(value / 128);
        remainder = value % 128;
    }
    return (uint8_t)remainder;
}

/* One subidentifier (X.690 section 8.19.2): base 128, high bit on all octets but the last. DIGITS is used up. */
static hm_err put_subidentifier(hm_buf *der, hm_buf *digits) {
    HM_BUF backwards = HM_BUF_EMPTY;
    do {
        uint8_t septet = divide_by_128(digits);
        HM_TRY(hm_put_u8(&backwards, backwards.len ? (uint8_t)(septet | 0x80) : septet));
    } while (!all_zero(digits));
    for (size_t i = backwards.len; i > 0; i--) HM_TRY(hm_put_u8(der, backwards.data[i - 1]));
    return HM_OK;
}

/* The first two numbers share a subidentifier: first * 40 + second (X.690 section 8.19.4). */
static hm_err add_to_decimal(hm_buf *digits, unsigned addend) {
    for (size_t i = digits->len; i > 0; i--) {
        unsigned sum = digits->data[i - 1] + addend;
        digits->data[i - 1] = (uint8_t)(sum % 10);
        addend = sum / 10;
    }
    for (; addend; addend /= 10) {
        HM_TRY(hm_buf_insert(digits, 0, 1));
        digits->data[0] = (uint8_t)(addend % 10);
    }
    return HM_OK;
}

static hm_err put_first_two(hm_buf *der, hm_reader *dotted, hm_buf *digits) {
    HM_TRY(read_arc(dotted, digits));
    if (digits->len != 1 || digits->data[0] > 2) return hm_misuse("an object identifier begins with 0, 1 or 2");
    unsigned first = digits->data[0];
    HM_TRY(read_arc(dotted, digits));
    bool under_40 = digits->len == 1 || (digits->len == 2 && digits->data[0] < 4);
    if (first < 2 && !under_40) return hm_misuse("an object identifier's second number is out of range");
    HM_TRY(add_to_decimal(digits, first * 40));
    return put_subidentifier(der, digits);
}

hm_err hm_der_put_oid(hm_buf *der, const char *dotted) {
    HM_BUF content = HM_BUF_EMPTY;
    HM_BUF digits = HM_BUF_EMPTY;
    hm_bytes text = hm_text(dotted);
    if (text.len && text.data[text.len - 1] == '.') return hm_misuse("an object identifier ends with a dot");
    hm_reader reader = hm_reader_of(text);
    HM_TRY(put_first_two(&content, &reader, &digits));
    while (reader.rest.len) {
        HM_TRY(read_arc(&reader, &digits));
        HM_TRY(put_subidentifier(&content, &digits));
    }
    return hm_der_put(der, HM_DER_OID, hm_buf_bytes(&content));
}

hm_err hm_der_put_unsigned(hm_buf *der, hm_bytes big_endian) {
    size_t zeros = 0, mark;
    while (zeros < big_endian.len && big_endian.data[zeros] == 0) zeros++;
    hm_bytes value;
    HM_TRY(hm_bytes_part(big_endian, zeros, big_endian.len - zeros, &value));
    HM_TRY(hm_der_open(der, HM_DER_INTEGER, &mark));
    if (!value.len || value.data[0] & 0x80) HM_TRY(hm_put_u8(der, 0));
    HM_TRY(hm_put(der, value));
    return hm_der_close(der, mark);
}

hm_err hm_der_put_uint(hm_buf *der, uint64_t value) {
    uint8_t octets[8];
    for (size_t i = 0; i < sizeof octets; i++) octets[i] = (uint8_t)(value >> (56 - 8 * i));
    return hm_der_put_unsigned(der, HM_ARRAY(octets));
}

hm_err hm_der_put_time(hm_buf *der, int64_t unix_seconds) {
    time_t seconds = unix_seconds;
    struct tm tm;
    size_t mark;
    if (!gmtime_r(&seconds, &tm) || tm.tm_year < 50 || tm.tm_year >= 9999 - 1900 + 1)
        return hm_refuse("a time lies outside the years 1950 to 9999");
    bool utc_time = tm.tm_year < 150;
    HM_TRY(hm_der_open(der, utc_time ? HM_DER_UTC_TIME : HM_DER_GENERALIZED_TIME, &mark));
    if (utc_time)
        HM_TRY(hm_put_format(der, "%02d", tm.tm_year % 100));
    else
        HM_TRY(hm_put_format(der, "%04d", tm.tm_year + 1900));
    HM_TRY(hm_put_format(der, "%02d%02d%02d%02d%02dZ", tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec));
    return hm_der_close(der, mark);
}

static int compare_views(const void *a, const void *b) {
    return hm_bytes_compare(*(const hm_bytes *)a, *(const hm_bytes *)b);
}

hm_err hm_der_sort(hm_buf *der, size_t start) {
    HM_BUF copy = HM_BUF_EMPTY;
    hm_bytes unsorted, element[HM_DER_SORT_MAX];
    HM_TRY(hm_bytes_part(hm_buf_bytes(der), start, der->len - start, &unsorted));
    HM_TRY(hm_put(&copy, unsorted));
    hm_reader reader = hm_reader_of(hm_buf_bytes(&copy));
    size_t count = 0;
    for (; reader.rest.len; count++) {
        hm_tlv tlv;
        if (count == HM_DER_SORT_MAX) return hm_misuse("more than %d elements to sort", HM_DER_SORT_MAX);
        HM_TRY(hm_tlv_read(&reader, &tlv));
        element[count] = tlv.whole;
    }
    qsort(element, count, sizeof element[0], compare_views);
    der->len = start;
    for (size_t i = 0; i < count; i++) HM_TRY(hm_put(der, element[i]));
    return HM_OK;
}
