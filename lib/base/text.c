/* Text forms of bytes and numbers: hex, base64 (RFC 4648 section 4), decimal. */
#include <base/bytes.h>

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

hm_err hm_put_hex(hm_buf *buf, hm_bytes bytes) {
    if (bytes.len > SIZE_MAX / 4) return hm_no_memory();
    HM_TRY(hm_buf_reserve(buf, bytes.len * 2));
    for (size_t i = 0; i < bytes.len; i++) {
        buf->data[buf->len++] = (uint8_t)hex_digits[bytes.data[i] >> 4];
        buf->data[buf->len++] = (uint8_t)hex_digits[bytes.data[i] & 15];
    }
    return HM_OK;
}

/* The value of DIGIT in ALPHABET, or -1. */
static int digit_value(const char *alphabet, uint8_t digit) {
    const char *at = digit ? strchr(alphabet, digit) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

hm_err hm_hex_decode(hm_bytes text, hm_buf *out) {
    if (text.len % 2) return hm_refuse("hexadecimal text has an odd length");
    for (size_t i = 0; i < text.len; i += 2) {
        int high = digit_value(hex_digits, text.data[i]), low = digit_value(hex_digits, text.data[i + 1]);
        if (high < 0 || low < 0) return hm_refuse("not lower-case hexadecimal text");
        HM_TRY(hm_put_u8(out, (uint8_t)(high << 4 | low)));
    }
    return HM_OK;
}

/* Three octets, of which LEN are there, as four digits. */
static void put_group(const uint8_t *octets, size_t len, uint8_t *digits) {
    uint32_t v = (uint32_t)octets[0] << 16 | (len > 1 ? (uint32_t)octets[1] << 8 : 0) | (len > 2 ? octets[2] : 0);
    for (size_t k = 0; k < 4; k++) digits[k] = k <= len ? (uint8_t)base64_digits[v >> (18 - 6 * k) & 63] : '=';
}

hm_err hm_put_base64(hm_buf *buf, hm_bytes bytes) {
    size_t groups = bytes.len / 3 + (bytes.len % 3 != 0);
    if (!groups) return HM_OK;
    HM_TRY(hm_buf_reserve(buf, 4 * groups));
    for (size_t i = 0; i < groups; i++) put_group(bytes.data + 3 * i, bytes.len - 3 * i, buf->data + buf->len + 4 * i);
    buf->len += 4 * groups;
    return HM_OK;
}

static int base64_value(uint8_t digit) {
    if (digit >= 'A' && digit <= 'Z') return digit - 'A';
    if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9') return digit - '0' + 52;
    return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

hm_err hm_base64_decode(hm_bytes text, hm_buf *out) {
    if (text.len % 4) return hm_refuse("base64 text is not in groups of four");
    HM_TRY(hm_buf_reserve(out, text.len / 4 * 3));
    for (size_t i = 0; i < text.len; i += 4) {
        bool last = i + 4 == text.len;
        size_t digits = last && text.data[i + 3] == '=' ? (text.data[i + 2] == '=' ? 2 : 3) : 4;
        uint32_t v = 0;
        for (size_t k = 0; k < 4; k++) {
            int digit = k < digits ? base64_value(text.data[i + k]) : 0;
            if (digit < 0) return hm_refuse("not base64 text");
            v = v << 6 | (uint32_t)digit;
        }
        if (v & (digits == 2 ? 0xffffu : digits == 3 ? 0xffu : 0)) return hm_refuse("base64 text is not canonical");
        for (size_t k = 0; k + 1 < digits; k++) HM_TRY(hm_put_u8(out, (uint8_t)(v >> (16 - 8 * k))));
    }
    return HM_OK;
}

hm_err hm_decimal_decode(hm_bytes text, uint64_t *value) {
    if (!text.len || text.len > 20 || (text.data[0] == '0' && text.len > 1)) return hm_refuse("not a decimal number");
    uint64_t v = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t digit = text.data[i];
        if (digit < '0' || digit > '9') return hm_refuse("not a decimal number");
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit - '0', &v))
            return hm_refuse("a number is too large");
    }
    *value = v;
    return HM_OK;
}
