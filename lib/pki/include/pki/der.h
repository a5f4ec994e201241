/* A writer of DER (X.690 section 10) into a growable buffer. Building what a token signs is ours, because OpenSSL's
 * builders want the private key in the process. After a fault the buffer may end in an element half written. */
#ifndef HM_PKI_DER_H
#define HM_PKI_DER_H

#include <base/bytes.h>

enum {
    HM_DER_BOOLEAN = 0x01,
    HM_DER_INTEGER = 0x02,
    HM_DER_BIT_STRING = 0x03,
    HM_DER_OCTET_STRING = 0x04,
    HM_DER_NULL = 0x05,
    HM_DER_OID = 0x06,
    HM_DER_UTF8_STRING = 0x0c,
    HM_DER_PRINTABLE_STRING = 0x13,
    HM_DER_UTC_TIME = 0x17,
    HM_DER_GENERALIZED_TIME = 0x18,
    HM_DER_BMP_STRING = 0x1e,
    HM_DER_SEQUENCE = 0x30,
    HM_DER_SET = 0x31,
    HM_DER_CONTEXT = 0x80,
    HM_DER_CONTEXT_CONSTRUCTED = 0xa0 /* + tag number 0..30 */
};

/* Open a TLV whose length is not known yet; close it with what _open gave. They nest. */
HM_MUST_USE hm_err hm_der_open(hm_buf *der, uint8_t tag, size_t *mark);
HM_MUST_USE hm_err hm_der_close(hm_buf *der, size_t mark);
HM_MUST_USE hm_err hm_der_put(hm_buf *der, uint8_t tag, hm_bytes content);
/* "1.2.840.113549.1.7.2"; numbers of any length, so that 2.25.<UUID> can be written. */
HM_MUST_USE hm_err hm_der_put_oid(hm_buf *der, const char *dotted);
HM_MUST_USE hm_err hm_der_put_uint(hm_buf *der, uint64_t value);
/* A big-endian positive integer; leading zeros are removed, a sign octet added where needed. */
HM_MUST_USE hm_err hm_der_put_unsigned(hm_buf *der, hm_bytes big_endian);
/* UTCTime to 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5). */
HM_MUST_USE hm_err hm_der_put_time(hm_buf *der, int64_t unix_seconds);
/* Sort the TLVs between START and the end of DER, at most HM_DER_SORT_MAX, into SET OF order (X.690 section 11.6). */
enum { HM_DER_SORT_MAX = 64 };
HM_MUST_USE hm_err hm_der_sort(hm_buf *der, size_t start);

#endif
