#include <base/bytes.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hm_bytes hm_text(const char *text) { return HM_BYTES(text, strlen(text)); }

bool hm_bytes_equal(hm_bytes a, hm_bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int hm_bytes_compare(hm_bytes a, hm_bytes b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order) return order;
    return (a.len > b.len) - (a.len < b.len);
}

hm_err hm_bytes_part(hm_bytes bytes, size_t from, size_t len, hm_bytes *part) {
    if (from > bytes.len || len > bytes.len - from) return hm_refuse("a part lies outside its container");
    *part = HM_BYTES(bytes.data + from, len);
    return HM_OK;
}

hm_reader hm_reader_of(hm_bytes bytes) { return (hm_reader){bytes}; }

hm_err hm_read_bytes(hm_reader *reader, size_t len, hm_bytes *bytes) {
    if (len > reader->rest.len) return hm_refuse("ends %zu bytes early", len - reader->rest.len);
    *bytes = HM_BYTES(reader->rest.data, len);
    /* An empty view may have no address, and NULL + 0 is undefined in C. */
    if (len) reader->rest = HM_BYTES(reader->rest.data + len, reader->rest.len - len);
    return HM_OK;
}

hm_err hm_read_copy(hm_reader *reader, void *to, size_t len) {
    hm_bytes bytes;
    HM_TRY(hm_read_bytes(reader, len, &bytes));
    if (len) memcpy(to, bytes.data, len);
    return HM_OK;
}

hm_err hm_read_skip(hm_reader *reader, size_t len) {
    hm_bytes ignored;
    return hm_read_bytes(reader, len, &ignored);
}

static hm_err read_uint(hm_reader *reader, size_t len, bool little, uint64_t *value) {
    hm_bytes bytes;
    HM_TRY(hm_read_bytes(reader, len, &bytes));
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++) v = v << 8 | bytes.data[little ? len - 1 - i : i];
    *value = v;
    return HM_OK;
}

#define DEFINE_READ(name, type, little)                                                                                \
    hm_err name(hm_reader *reader, type *value) {                                                                      \
        uint64_t wide;                                                                                                 \
        HM_TRY(read_uint(reader, sizeof(type), little, &wide));                                                        \
        *value = (type)wide;                                                                                           \
        return HM_OK;                                                                                                  \
    }
DEFINE_READ(hm_read_u8, uint8_t, false)
DEFINE_READ(hm_read_u16be, uint16_t, false)
DEFINE_READ(hm_read_u32be, uint32_t, false)
DEFINE_READ(hm_read_u64be, uint64_t, false)
DEFINE_READ(hm_read_u16le, uint16_t, true)
DEFINE_READ(hm_read_u32le, uint32_t, true)
DEFINE_READ(hm_read_u64le, uint64_t, true)

hm_err hm_read_line(hm_reader *reader, hm_bytes *line) {
    const uint8_t *end = reader->rest.len ? memchr(reader->rest.data, '\n', reader->rest.len) : NULL;
    if (!end) return hm_refuse("a line does not end");
    HM_TRY(hm_read_bytes(reader, (size_t)(end - reader->rest.data), line));
    return hm_read_skip(reader, 1);
}

hm_err hm_read_end(const hm_reader *reader) {
    if (reader->rest.len) return hm_refuse("%zu bytes too many at the end", reader->rest.len);
    return HM_OK;
}

void hm_buf_clear(hm_buf *buf) {
    free(buf->data);
    *buf = HM_BUF_EMPTY;
}

void hm_string_free(char **string) {
    free(*string);
    *string = NULL;
}

hm_err hm_buf_reserve(hm_buf *buf, size_t more) {
    if (more <= buf->capacity - buf->len) return HM_OK;
    if (more > SIZE_MAX / 2 - buf->len) return hm_no_memory();
    size_t capacity = buf->capacity ? buf->capacity : 128;
    while (capacity < buf->len + more) capacity *= 2;
    uint8_t *data = realloc(buf->data, capacity);
    if (!data) return hm_no_memory();
    buf->data = data;
    buf->capacity = capacity;
    return HM_OK;
}

hm_err hm_put(hm_buf *buf, hm_bytes bytes) {
    HM_TRY(hm_buf_reserve(buf, bytes.len));
    if (bytes.len) memcpy(buf->data + buf->len, bytes.data, bytes.len);
    buf->len += bytes.len;
    return HM_OK;
}

static hm_err put_uint(hm_buf *buf, uint64_t value, size_t len, bool little) {
    uint8_t bytes[8];
    for (size_t i = 0; i < len; i++) bytes[little ? i : len - 1 - i] = (uint8_t)(value >> (8 * i));
    return hm_put(buf, HM_BYTES(bytes, len));
}

hm_err hm_put_u8(hm_buf *buf, uint8_t value) { return hm_put(buf, HM_BYTES(&value, 1)); }
hm_err hm_put_u16be(hm_buf *buf, uint16_t value) { return put_uint(buf, value, 2, false); }
hm_err hm_put_u32be(hm_buf *buf, uint32_t value) { return put_uint(buf, value, 4, false); }
hm_err hm_put_u64be(hm_buf *buf, uint64_t value) { return put_uint(buf, value, 8, false); }
hm_err hm_put_u16le(hm_buf *buf, uint16_t value) { return put_uint(buf, value, 2, true); }
hm_err hm_put_u32le(hm_buf *buf, uint32_t value) { return put_uint(buf, value, 4, true); }

hm_err hm_put_zeros(hm_buf *buf, size_t count) { return hm_buf_insert(buf, buf->len, count); }
hm_err hm_put_text(hm_buf *buf, const char *text) { return hm_put(buf, hm_text(text)); }

hm_err hm_put_format(hm_buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) return hm_no_memory();
    hm_err err = hm_put(buf, HM_BYTES(text, (size_t)len));
    free(text);
    return err;
}

hm_err hm_buf_insert(hm_buf *buf, size_t at, size_t len) {
    if (at > buf->len) return hm_refuse("a part lies outside its container");
    HM_TRY(hm_buf_reserve(buf, len));
    if (!len) return HM_OK;
    memmove(buf->data + at + len, buf->data + at, buf->len - at);
    memset(buf->data + at, 0, len);
    buf->len += len;
    return HM_OK;
}

hm_err hm_buf_string(hm_buf *buf, const char **string) {
    if (buf->len && memchr(buf->data, 0, buf->len)) return hm_refuse("text holds a zero byte");
    HM_TRY(hm_buf_reserve(buf, 1));
    buf->data[buf->len] = 0;
    *string = (const char *)buf->data;
    return HM_OK;
}
