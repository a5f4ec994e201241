#include <base/pem.h>

#include <string.h>

enum { LINE_LEN = 64, LINE_OCTETS = 48 };

static const char begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";

hm_err hm_pem_put(hm_buf *pem, const char *label, hm_bytes der) {
    size_t lines = der.len / LINE_OCTETS + 1;
    HM_TRY(
        hm_buf_reserve(pem, lines * (LINE_LEN + 1) + sizeof begin + sizeof end + 2 * (strlen(label) + sizeof dashes)));
    HM_TRY(hm_put_format(pem, "%s%s%s\n", begin, label, dashes));
    hm_reader reader = hm_reader_of(der);
    while (reader.rest.len) {
        hm_bytes line;
        HM_TRY(hm_read_bytes(&reader, reader.rest.len < LINE_OCTETS ? reader.rest.len : LINE_OCTETS, &line));
        HM_TRY(hm_put_base64(pem, line));
        HM_TRY(hm_put_u8(pem, '\n'));
    }
    return hm_put_format(pem, "%s%s%s\n", end, label, dashes);
}

/* The next line without its end, which the last one may lack. */
static hm_err read_line(hm_reader *text, hm_bytes *line) {
    if (!text->rest.len) return hm_refuse("the PEM text has no end (it is cut off)");
    if (hm_failed(hm_read_line(text, line))) HM_TRY(hm_read_bytes(text, text->rest.len, line));
    if (line->len && line->data[line->len - 1] == '\r') line->len--;
    return HM_OK;
}

static bool take(hm_bytes *line, const char *start) {
    hm_reader reader = hm_reader_of(*line);
    hm_bytes found;
    if (hm_failed(hm_read_bytes(&reader, strlen(start), &found)) || !hm_bytes_equal(found, hm_text(start)))
        return false;
    *line = reader.rest;
    return true;
}

/* "-----BEGIN LABEL-----" */
static bool read_boundary(hm_bytes line, const char *start, hm_bytes *label) {
    size_t around = sizeof dashes - 1;
    if (!take(&line, start) || line.len <= around) return false;
    hm_reader reader = hm_reader_of(line);
    return !hm_failed(hm_read_bytes(&reader, line.len - around, label)) && hm_bytes_equal(reader.rest, hm_text(dashes));
}

hm_err hm_pem_read_label(hm_reader *text, hm_bytes *label) {
    hm_bytes line;
    if (!text->rest.len) return hm_refuse("is empty");
    HM_TRY(read_line(text, &line));
    return read_boundary(line, begin, label) ? HM_OK : hm_refuse("does not begin as PEM text does");
}

/* One line of base64; *LAST when no other can follow. */
static hm_err read_digits(hm_bytes line, bool *last, hm_buf *der) {
    size_t before = der->len;
    if (*last || !line.len || line.len > LINE_LEN) return hm_refuse("a line of the PEM text has the wrong length");
    HM_TRY(hm_base64_decode(line, der));
    *last = der->len - before < LINE_OCTETS;
    return HM_OK;
}

static hm_err read_lines(hm_reader *text, hm_bytes label, hm_buf *der) {
    HM_TRY(hm_buf_reserve(der, text->rest.len));
    hm_bytes line, found;
    for (bool last = false;;) {
        HM_TRY(read_line(text, &line));
        if (read_boundary(line, end, &found)) break;
        HM_TRY(read_digits(line, &last, der));
    }
    if (!hm_bytes_equal(found, label)) return hm_refuse("the PEM text ends as another kind than it begins");
    if (!text->rest.len) return HM_OK;
    line = text->rest;
    return take(&line, begin) ? hm_refuse("there is more than one PEM block in it")
                              : hm_refuse("something stands behind the end of the PEM text");
}

hm_err hm_pem_read_content(hm_reader *text, hm_bytes label, hm_buf *der) {
    size_t before = der->len;
    hm_err err = read_lines(text, label, der);
    if (hm_failed(err))
        der->len = before;
    else if (der->len == before)
        return hm_refuse("there is nothing in the PEM text");
    return err;
}
