/* base64url without padding (RFC 4648 section 5, RFC 7515 section 2). Private. */
#ifndef HM_IDENTITY_BASE64URL_H
#define HM_IDENTITY_BASE64URL_H

#include <base/bytes.h>

/* Strict: no padding, no white space, spare bits zero; so bytes have one spelling. Appended to OUT. */
HM_MUST_USE hm_err hm_base64url_decode(hm_bytes text, hm_buf *out);

#endif
