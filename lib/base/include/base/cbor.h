/* Deterministic CBOR (RFC 8949 section 4.2.1), the part that log, COSE and manifests need: integers, byte and text
 * strings, arrays and maps of definite length, tags, true, false and null. One value has one encoding: the writer
 * writes it, the readers refuse every other. Bytes are appended to a buffer, read from a bounded reader; strings are
 * views of what is read. What a text string holds is the caller's to judge. After a fault a reader may stand anywhere.
 */
#ifndef HM_BASE_CBOR_H
#define HM_BASE_CBOR_H

#include <base/bytes.h>

/* Arrays, maps and tags may be nested so deeply where any item is taken (hm_cbor_get_item). */
enum { HM_CBOR_DEPTH = 16 };

HM_MUST_USE hm_err hm_cbor_put_uint(hm_buf *cbor, uint64_t value);
HM_MUST_USE hm_err hm_cbor_put_int(hm_buf *cbor, int64_t value);
HM_MUST_USE hm_err hm_cbor_put_bytes(hm_buf *cbor, hm_bytes bytes);
HM_MUST_USE hm_err hm_cbor_put_text(hm_buf *cbor, hm_bytes text);
/* COUNT items follow, PAIRS keys and values (the keys in the order of their encodings, which is the caller's care), or
 * one item. */
HM_MUST_USE hm_err hm_cbor_put_array(hm_buf *cbor, uint64_t count);
HM_MUST_USE hm_err hm_cbor_put_map(hm_buf *cbor, uint64_t pairs);
HM_MUST_USE hm_err hm_cbor_put_tag(hm_buf *cbor, uint64_t tag);
HM_MUST_USE hm_err hm_cbor_put_null(hm_buf *cbor);
HM_MUST_USE hm_err hm_cbor_put_bool(hm_buf *cbor, bool value);
/* The head of a byte string of LEN bytes, which the caller writes elsewhere: a payload. */
HM_MUST_USE hm_err hm_cbor_put_bytes_head(hm_buf *cbor, uint64_t len);

/* The major type of what comes next (RFC 8949 section 3.1). */
typedef enum {
    HM_CBOR_UNSIGNED = 0,
    HM_CBOR_NEGATIVE = 1,
    HM_CBOR_BYTES = 2,
    HM_CBOR_TEXT = 3,
    HM_CBOR_ARRAY = 4,
    HM_CBOR_MAP = 5,
    HM_CBOR_TAG = 6,
    HM_CBOR_SIMPLE = 7,
    HM_CBOR_END = 8 /* nothing */
} hm_cbor_kind;
hm_cbor_kind hm_cbor_next(const hm_reader *reader);

HM_MUST_USE hm_err hm_cbor_get_uint(hm_reader *reader, uint64_t *value);
HM_MUST_USE hm_err hm_cbor_get_int(hm_reader *reader, int64_t *value);
HM_MUST_USE hm_err hm_cbor_get_bytes(hm_reader *reader, hm_bytes *bytes);
HM_MUST_USE hm_err hm_cbor_get_text(hm_reader *reader, hm_bytes *text);
HM_MUST_USE hm_err hm_cbor_get_array(hm_reader *reader, uint64_t *count);
HM_MUST_USE hm_err hm_cbor_get_map(hm_reader *reader, uint64_t *pairs);
HM_MUST_USE hm_err hm_cbor_get_bytes_head(hm_reader *reader, uint64_t *len);
HM_MUST_USE hm_err hm_cbor_get_tag(hm_reader *reader, uint64_t *tag);
HM_MUST_USE hm_err hm_cbor_get_bool(hm_reader *reader, bool *value);
/* Consumes a null if one is next, and says so. */
HM_MUST_USE hm_err hm_cbor_get_null(hm_reader *reader, bool *is_null);
/* A map's key, an integer; a fault unless it comes behind PREVIOUS, which begins as HM_NO_BYTES and is replaced. So no
 * key comes twice. */
HM_MUST_USE hm_err hm_cbor_get_key(hm_reader *reader, hm_bytes *previous, int64_t *key);
/* The encoding of the next item, whatever it is, checked all the way down. */
HM_MUST_USE hm_err hm_cbor_get_item(hm_reader *reader, hm_bytes *item);

#endif
