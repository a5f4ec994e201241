#include <base/claim.h>

#include <base/readable.h>

#include <string.h>

static const char scheme[] = "https://";

static bool is_alphanumeric(uint8_t c) {
    uint8_t folded = c | 0x20;
    return (folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9');
}

/* RFC 3986 appendix A, without what only the query may hold. */
static bool stands_in_url(uint8_t c, bool query) {
    static const char marks[] = "-._~:/!$&'()*+,;=%";
    return is_alphanumeric(c) || (c && strchr(marks, c)) || (query && (c == '?' || c == '@'));
}

/* At least one label; labels of letters, digits and '-' between dots. */
static bool is_host(hm_bytes host) {
    bool label_begins = true;
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.data[i];
        if (!is_alphanumeric(c) && (label_begins || (c != '-' && c != '.'))) return false;
        label_begins = c == '.';
    }
    return !label_begins;
}

static bool is_port(hm_bytes digits) {
    uint64_t port;
    return !hm_failed(hm_decimal_decode(digits, &port)) && port && port <= UINT16_MAX;
}

/* BYTES up to the first one of STOPS; REST is the remainder with it. */
static hm_bytes up_to(hm_bytes bytes, const char *stops, hm_bytes *rest) {
    size_t len = 0;
    while (len < bytes.len && !(bytes.data[len] && strchr(stops, bytes.data[len]))) len++;
    *rest = HM_BYTES(&bytes.data[len], bytes.len - len);
    return HM_BYTES(bytes.data, len);
}

static bool is_authority(hm_bytes authority) {
    hm_bytes port, host = up_to(authority, ":", &port);
    if (!is_host(host)) return false;
    return !port.len || is_port(HM_BYTES(&port.data[1], port.len - 1));
}

static hm_err check(hm_bytes url, size_t most, bool query, const char *what) {
    hm_reader reader = hm_reader_of(url);
    hm_bytes begin, path;
    if (url.len > most) return hm_refuse("%s has at most %zu bytes", what, most);
    for (size_t i = 0; i < url.len; i++)
        if (!stands_in_url(url.data[i], query))
            return hm_refuse("%s holds the character 0x%02x, which it may not", what, url.data[i]);
    if (hm_failed(hm_read_bytes(&reader, sizeof scheme - 1, &begin)) || !hm_bytes_equal(begin, hm_text(scheme)))
        return hm_refuse("%s begins with https://", what);
    return is_authority(up_to(reader.rest, "/?", &path)) ? HM_OK : hm_refuse("%s names no host", what);
}

hm_err hm_issuer_check(hm_bytes url) { return check(url, HM_ISSUER_MAX, false, "an issuer's URL"); }

hm_err hm_https_url_check(hm_bytes url, size_t most, const char *what) { return check(url, most, true, what); }

static bool stands_in_name(uint8_t c) { return c > 0x20 && c < 0x7f && !strchr(",=\"\\", c); }

hm_err hm_claim_check(const hm_claim *claim) {
    if (!claim->name.len || claim->name.len > HM_CLAIM_NAME_MAX)
        return hm_refuse("a claim's name has 1 to %d characters", HM_CLAIM_NAME_MAX);
    for (size_t i = 0; i < claim->name.len; i++)
        if (!stands_in_name(claim->name.data[i]))
            return hm_refuse("a claim's name holds the character 0x%02x, which it may not", claim->name.data[i]);
    if (claim->value.len > HM_CLAIM_VALUE_MAX)
        return hm_refuse("a claim's value has at most %d bytes", HM_CLAIM_VALUE_MAX);
    if (!hm_is_readable(claim->value))
        return hm_refuse(
            "a claim's value holds a control character, a backslash, one that turns text, or is not UTF-8");
    return HM_OK;
}

hm_err hm_put_claim(hm_buf *text, const hm_claim *claim) {
    HM_TRY(hm_put(text, claim->name));
    HM_TRY(hm_put_text(text, "=\""));
    for (size_t i = 0; i < claim->value.len; i++) {
        if (claim->value.data[i] == '"') HM_TRY(hm_put_u8(text, '\\'));
        HM_TRY(hm_put_u8(text, claim->value.data[i]));
    }
    return hm_put_text(text, "\"");
}
