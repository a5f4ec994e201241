/* Byte views, the bounded reader and the growable buffer.
 *
 * hm_bytes is a view of somebody else's bytes. hm_reader is a view that is consumed from the front: every read is
 * checked, a short one is a fault and leaves the reader where it was. hm_buf owns heap memory and grows; it starts as
 * HM_BUF_EMPTY, is released by hm_buf_clear, and every put is checked. Parsers use these and no pointer arithmetic. */
#ifndef HM_BASE_BYTES_H
#define HM_BASE_BYTES_H

#include <base/err.h>

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *data;
    size_t len;
} hm_bytes;

#define HM_BYTES(pointer, length) ((hm_bytes){(const uint8_t *)(pointer), (length)})
#define HM_NO_BYTES ((hm_bytes){NULL, 0})
/* A view of an array's whole content. */
#define HM_ARRAY(array) HM_BYTES((array), sizeof(array))

hm_bytes hm_text(const char *text);
bool hm_bytes_equal(hm_bytes a, hm_bytes b);
/* memcmp order, a shorter prefix first. */
int hm_bytes_compare(hm_bytes a, hm_bytes b);
/* The part [from, from+len) of BYTES; a fault if it does not lie inside. */
HM_MUST_USE hm_err hm_bytes_part(hm_bytes bytes, size_t from, size_t len, hm_bytes *part);

typedef struct {
    hm_bytes rest;
} hm_reader;

hm_reader hm_reader_of(hm_bytes bytes);
HM_MUST_USE hm_err hm_read_u8(hm_reader *reader, uint8_t *value);
HM_MUST_USE hm_err hm_read_u16be(hm_reader *reader, uint16_t *value);
HM_MUST_USE hm_err hm_read_u32be(hm_reader *reader, uint32_t *value);
HM_MUST_USE hm_err hm_read_u64be(hm_reader *reader, uint64_t *value);
HM_MUST_USE hm_err hm_read_u16le(hm_reader *reader, uint16_t *value);
HM_MUST_USE hm_err hm_read_u32le(hm_reader *reader, uint32_t *value);
HM_MUST_USE hm_err hm_read_u64le(hm_reader *reader, uint64_t *value);
/* A view of the next LEN bytes, inside the reader's own memory. */
HM_MUST_USE hm_err hm_read_bytes(hm_reader *reader, size_t len, hm_bytes *bytes);
HM_MUST_USE hm_err hm_read_copy(hm_reader *reader, void *to, size_t len);
HM_MUST_USE hm_err hm_read_skip(hm_reader *reader, size_t len);
/* The text up to the next '\n', without it; a fault if there is none. */
HM_MUST_USE hm_err hm_read_line(hm_reader *reader, hm_bytes *line);
/* A fault unless everything has been read. */
HM_MUST_USE hm_err hm_read_end(const hm_reader *reader);

typedef struct {
    uint8_t *data;
    size_t len;
    size_t capacity;
} hm_buf;

#define HM_BUF_EMPTY ((hm_buf){NULL, 0, 0})

static inline hm_bytes hm_buf_bytes(const hm_buf *buf) { return HM_BYTES(buf->data, buf->len); }
void hm_buf_clear(hm_buf *buf);
/* A buffer that is released when its scope ends. */
#define HM_BUF __attribute__((cleanup(hm_buf_clear))) hm_buf

/* Make room for MORE bytes behind the content. */
HM_MUST_USE hm_err hm_buf_reserve(hm_buf *buf, size_t more);
HM_MUST_USE hm_err hm_put(hm_buf *buf, hm_bytes bytes);
HM_MUST_USE hm_err hm_put_u8(hm_buf *buf, uint8_t value);
HM_MUST_USE hm_err hm_put_u16be(hm_buf *buf, uint16_t value);
HM_MUST_USE hm_err hm_put_u32be(hm_buf *buf, uint32_t value);
HM_MUST_USE hm_err hm_put_u64be(hm_buf *buf, uint64_t value);
HM_MUST_USE hm_err hm_put_u16le(hm_buf *buf, uint16_t value);
HM_MUST_USE hm_err hm_put_u32le(hm_buf *buf, uint32_t value);
HM_MUST_USE hm_err hm_put_zeros(hm_buf *buf, size_t count);
/* Text without its terminator; the buffer is text, not a string: see hm_buf_string. */
HM_MUST_USE hm_err hm_put_text(hm_buf *buf, const char *text);
HM_MUST_USE hm_err hm_put_format(hm_buf *buf, const char *format, ...) HM_PRINTF(2, 3);
/* Insert LEN zero bytes at AT (<= len). */
HM_MUST_USE hm_err hm_buf_insert(hm_buf *buf, size_t at, size_t len);
/* The content with a zero behind it, which is not counted in len. A fault if the content holds a zero byte. */
HM_MUST_USE hm_err hm_buf_string(hm_buf *buf, const char **string);

/* A heap string that is released when its scope ends. */
void hm_string_free(char **string);
#define HM_STRING __attribute__((cleanup(hm_string_free))) char

/* Text forms. Decoders are strict: no white space, canonical padding, whole groups; LEN limits are the caller's. */
HM_MUST_USE hm_err hm_put_hex(hm_buf *buf, hm_bytes bytes);
HM_MUST_USE hm_err hm_put_base64(hm_buf *buf, hm_bytes bytes);
HM_MUST_USE hm_err hm_hex_decode(hm_bytes text, hm_buf *out);
HM_MUST_USE hm_err hm_base64_decode(hm_bytes text, hm_buf *out);
/* Decimal without sign or leading zero. */
HM_MUST_USE hm_err hm_decimal_decode(hm_bytes text, uint64_t *value);

#endif
