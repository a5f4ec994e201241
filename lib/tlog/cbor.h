/* Private to lib/tlog: the part of deterministic CBOR (RFC 8949 section 4.2.1) that leaves and proofs need: unsigned
 * integers, byte strings, arrays of definite length and null. Readers refuse every other encoding of the same value. */
#ifndef HM_TLOG_CBOR_H
#define HM_TLOG_CBOR_H

#include <base/bytes.h>

HM_MUST_USE hm_err hm_tlog_put_uint(hm_buf *cbor, uint64_t value);
HM_MUST_USE hm_err hm_tlog_put_bytes(hm_buf *cbor, hm_bytes bytes);
HM_MUST_USE hm_err hm_tlog_put_array(hm_buf *cbor, uint64_t count);
HM_MUST_USE hm_err hm_tlog_put_null(hm_buf *cbor);

HM_MUST_USE hm_err hm_tlog_get_uint(hm_reader *reader, uint64_t *value);
HM_MUST_USE hm_err hm_tlog_get_bytes(hm_reader *reader, hm_bytes *bytes);
HM_MUST_USE hm_err hm_tlog_get_array(hm_reader *reader, uint64_t *count);
/* Consumes a null if one is next, and says so. */
HM_MUST_USE hm_err hm_tlog_get_null(hm_reader *reader, bool *is_null);

#endif
