/* The two encodings of an ECDSA signature: r||s of fixed length (PKCS#11, COSE) and DER ECDSA-Sig-Value (RFC 3279
 * section 2.2.3). Strict both ways: one signature has one encoding, so nobody can make a second valid one from it. */
#include <crypto/algorithm.h>

enum {
    INTEGER = 0x02,
    SEQUENCE = 0x30,
    /* P-384. Every length is then below 128 and takes one octet. */
    COORDINATE_MAX = 48
};

static hm_bytes without_leading_zeros(hm_bytes number) {
    while (number.len && number.data[0] == 0) number = HM_BYTES(&number.data[1], number.len - 1);
    return number;
}

static hm_err put_integer(hm_bytes number, hm_buf *der) {
    number = without_leading_zeros(number);
    if (!number.len) return hm_refuse("an ECDSA signature holds a zero");
    bool sign_octet = number.data[0] & 0x80;
    HM_TRY(hm_put_u8(der, INTEGER));
    HM_TRY(hm_put_u8(der, (uint8_t)(number.len + sign_octet)));
    if (sign_octet) HM_TRY(hm_put_u8(der, 0));
    return hm_put(der, number);
}

hm_err hm_ecdsa_to_der(hm_bytes fixed, hm_buf *der) {
    if (fixed.len % 2 || fixed.len == 0 || fixed.len / 2 > COORDINATE_MAX)
        return hm_refuse("an ECDSA signature has a length of %zu octets", fixed.len);
    hm_reader reader = hm_reader_of(fixed);
    hm_bytes r, s;
    HM_TRY(hm_read_bytes(&reader, fixed.len / 2, &r));
    HM_TRY(hm_read_bytes(&reader, fixed.len / 2, &s));
    HM_BUF body = HM_BUF_EMPTY;
    HM_TRY(put_integer(r, &body));
    HM_TRY(put_integer(s, &body));
    HM_TRY(hm_buf_reserve(der, 2 + body.len));
    HM_TRY(hm_put_u8(der, SEQUENCE));
    HM_TRY(hm_put_u8(der, (uint8_t)body.len));
    return hm_put(der, hm_buf_bytes(&body));
}

/* The content of the TLV at the front, whose length takes one octet (X.690 section 8.1.3.4). */
static hm_err read_short(hm_reader *reader, uint8_t tag, hm_bytes *content) {
    uint8_t found, len;
    HM_TRY(hm_read_u8(reader, &found));
    HM_TRY(hm_read_u8(reader, &len));
    if (found != tag || len >= 0x80) return hm_refuse("an ECDSA signature is not DER");
    return hm_read_bytes(reader, len, content);
}

/* A positive INTEGER in its shortest form (X.690 section 8.3.2), as COORDINATE_LEN octets. */
static hm_err read_coordinate(hm_reader *reader, size_t coordinate_len, hm_buf *fixed) {
    hm_bytes content;
    HM_TRY(read_short(reader, INTEGER, &content));
    if (!content.len || content.data[0] & 0x80)
        return hm_refuse("an ECDSA signature holds a number that is not positive");
    hm_bytes number = without_leading_zeros(content);
    if (!number.len) return hm_refuse("an ECDSA signature holds a zero");
    if (content.len - number.len != (number.data[0] >> 7)) return hm_refuse("an ECDSA signature is not DER");
    if (number.len > coordinate_len) return hm_refuse("an ECDSA signature is too long for its curve");
    HM_TRY(hm_put_zeros(fixed, coordinate_len - number.len));
    return hm_put(fixed, number);
}

hm_err hm_ecdsa_from_der(hm_bytes der, size_t coordinate_len, hm_buf *fixed) {
    if (coordinate_len == 0 || coordinate_len > COORDINATE_MAX)
        return hm_refuse("no curve with coordinates of %zu octets is known", coordinate_len);
    hm_reader reader = hm_reader_of(der);
    hm_bytes body;
    HM_TRY(hm_in(read_short(&reader, SEQUENCE, &body), "ECDSA signature"));
    HM_TRY(hm_in(hm_read_end(&reader), "ECDSA signature"));
    reader = hm_reader_of(body);
    HM_BUF both = HM_BUF_EMPTY;
    HM_TRY(hm_in(read_coordinate(&reader, coordinate_len, &both), "ECDSA signature"));
    HM_TRY(hm_in(read_coordinate(&reader, coordinate_len, &both), "ECDSA signature"));
    HM_TRY(hm_in(hm_read_end(&reader), "ECDSA signature"));
    return hm_put(fixed, hm_buf_bytes(&both));
}
