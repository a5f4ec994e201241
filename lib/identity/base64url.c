#include "base64url.h"

static hm_err put_digit(uint8_t digit, hm_buf *base64) {
    if (digit == '+' || digit == '/' || digit == '=') return hm_refuse("not base64url text");
    return hm_put_u8(base64, digit == '-' ? '+' : digit == '_' ? '/' : digit);
}

hm_err hm_base64url_decode(hm_bytes text, hm_buf *out) {
    HM_BUF base64 = HM_BUF_EMPTY;
    HM_TRY(hm_buf_reserve(&base64, text.len + 3));
    for (size_t i = 0; i < text.len; i++) HM_TRY(put_digit(text.data[i], &base64));
    /* One digit too many is completed to a group that the decoder refuses: three signs of padding are none. */
    while (base64.len % 4) HM_TRY(hm_put_u8(&base64, '='));
    return hm_base64_decode(hm_buf_bytes(&base64), out);
}
