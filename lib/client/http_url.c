#include "http_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { URL_MAX = 1024 };

static bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 3986: what stands for itself in a path, and percent signs. */
static bool all_are(const char *text, size_t len, const char *others) {
    for (size_t i = 0; i < len; i++)
        if (!is_letter_or_digit(text[i]) && !(text[i] && strchr(others, text[i]))) return false;
    return true;
}

static const char path_characters[] = "-._~!$&'()*+,;=:@%/";

static bool is_loopback(hm_bytes host) {
    char text[64];
    struct in_addr four;
    if (host.len >= sizeof text) return false;
    memcpy(text, host.data, host.len);
    text[host.len] = 0;
    return strcmp(text, "[::1]") == 0 || (inet_pton(AF_INET, text, &four) == 1 && ntohl(four.s_addr) >> 24 == 127);
}

static hm_err check_port(const char *text, size_t len) {
    uint64_t port;
    if (hm_failed(hm_decimal_decode(HM_BYTES(text, len), &port)) || !port || port > 65535)
        return hm_misuse("the port in the URL is not one");
    return HM_OK;
}

/* HOST[:PORT], or [ADDRESS][:PORT]. */
static hm_err split_authority(const char *text, size_t len, hm_http_url *url) {
    const char *bracket = text[0] == '[' ? memchr(text, ']', len) : NULL;
    size_t host = bracket ? (size_t)(bracket - text) + 1 : strcspn(text, ":");
    if (host > len) host = len;
    bool good = bracket ? host > 2 && all_are(text + 1, host - 2, ":.") : all_are(text, host, "-.");
    if (!host || !good) return hm_misuse("the URL names no host (https://HOST[:PORT]/PATH, without a user)");
    url->host = HM_BYTES(text, host);
    if (host == len) return HM_OK;
    if (text[host] != ':') return hm_misuse("the URL's host is malformed");
    return check_port(text + host + 1, len - host - 1);
}

static hm_err split_base(const char *text, hm_http_url *url) {
    static const char secure[] = "https://", plain[] = "http://";
    if (strlen(text) > URL_MAX) return hm_misuse("the URL is longer than %d characters", URL_MAX);
    url->tls = strncmp(text, secure, sizeof secure - 1) == 0;
    if (!url->tls && strncmp(text, plain, sizeof plain - 1) != 0)
        return hm_misuse("the URL does not begin with https://");
    const char *authority = text + (url->tls ? sizeof secure : sizeof plain) - 1;
    size_t len = strcspn(authority, "/?#");
    const char *path = authority + len;
    if (!all_are(path, strlen(path), path_characters))
        return hm_misuse("the URL has a query, or characters that URLs have not");
    return split_authority(authority, len, url);
}

hm_err hm_http_check_base(const char *text, bool plain_loopback, bool plain, hm_http_url *url) {
    *url = (hm_http_url){.tls = true};
    HM_TRY(hm_in(split_base(text, url), "%s", text));
    if (url->tls || plain || (plain_loopback && is_loopback(url->host))) return HM_OK;
    return hm_misuse("%s: http is for %s (use https)", text,
                     plain_loopback ? "loopback addresses only, written as numbers" : "nobody here");
}

hm_err hm_http_check_path(const char *path) {
    size_t len = strcspn(path, "?");
    const char *query = path + len;
    if (len + strlen(query) > URL_MAX) return hm_misuse("a request's path is longer than %d characters", URL_MAX);
    if (path[0] == '/' || !all_are(path, len, path_characters) ||
        (query[0] && !all_are(query + 1, strlen(query + 1), "-._~!$&'()*+,;=:@%/?")))
        return hm_misuse("a request's path is not relative, or has characters that URLs have not");
    return HM_OK;
}

hm_err hm_http_check_header(const char *line) {
    const char *colon = strchr(line, ':');
    bool good = colon && colon > line && all_are(line, (size_t)(colon - line), "-_") && colon[1] == ' ' && colon[2];
    for (const char *c = line; good && *c; c++) good = (unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f;
    return good ? HM_OK : hm_misuse("a request's header is not of the form \"Name: value\"");
}
