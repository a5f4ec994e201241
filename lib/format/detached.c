#include "detached.h"

#include <string.h>

static bool begins_with(hm_bytes bytes, const char *prefix) {
    size_t len = strlen(prefix);
    return bytes.len >= len && memcmp(bytes.data, prefix, len) == 0;
}

/* A line without its end, which is CR LF when the file has been through a Windows tool. */
static hm_err read_pem_line(hm_reader *reader, hm_bytes *line) {
    HM_TRY(hm_read_line(reader, line));
    if (line->len && line->data[line->len - 1] == '\r') line->len--;
    return HM_OK;
}

/* Strict (RFC 7468 section 3): no text around, no headers, one structure. */
static hm_err read_pem(hm_bytes text, const char *begin, const char *end, hm_buf *der) {
    hm_reader reader = hm_reader_of(text);
    HM_BUF digits = HM_BUF_EMPTY;
    hm_bytes line;
    HM_TRY(read_pem_line(&reader, &line));
    if (!hm_bytes_equal(line, hm_text(begin))) return hm_refuse("the PEM text's first line is not %s", begin);
    HM_TRY(read_pem_line(&reader, &line));
    while (!hm_bytes_equal(line, hm_text(end))) {
        HM_TRY(hm_put(&digits, line));
        HM_TRY(read_pem_line(&reader, &line));
    }
    HM_TRY(hm_read_end(&reader));
    return hm_base64_decode(hm_buf_bytes(&digits), der);
}

static hm_err read_either(hm_bytes text, hm_buf *der) {
    if (begins_with(text, "-----BEGIN CMS-----"))
        return read_pem(text, "-----BEGIN CMS-----", "-----END CMS-----", der);
    if (begins_with(text, "-----BEGIN PKCS7-----"))
        return read_pem(text, "-----BEGIN PKCS7-----", "-----END PKCS7-----", der);
    return hm_put(der, text);
}

hm_err hm_detached_read(const hm_source *file, hm_buf *der) {
    HM_BUF text = HM_BUF_EMPTY;
    if (file->size == 0) return hm_refuse("the signature file is empty");
    HM_TRY(hm_in(hm_source_read_all(file, HM_DETACHED_MAX, &text), "the signature file"));
    size_t before = der->len;
    hm_err err = read_either(hm_buf_bytes(&text), der);
    if (!hm_failed(err) && der->len == before) err = hm_refuse("holds no signature");
    if (hm_failed(err)) der->len = before;
    return hm_in(err, "the signature file");
}

hm_err hm_detached_write(hm_bytes signature, hm_sink *sink) {
    if (!signature.len || signature.len > HM_DETACHED_MAX) return hm_refuse("a signature of %zu bytes", signature.len);
    return hm_sink_write(sink, signature);
}
