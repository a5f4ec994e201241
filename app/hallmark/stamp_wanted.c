/* Which authorities, as the user says it; and what the front does for the parser. */
#include "stamping.h"

#include <client/http.h>

#include <stdlib.h>
#include <string.h>

enum { URL_MAX = 1024, CONNECT_MS = 5000, TOTAL_MS = 15000 };

static const char office[] = "office";

/* The URL up to its path, and the path. */
static hm_err split(const char *url, char base[static URL_MAX], const char **path) {
    const char *host = strstr(url, "://"), *slash = host ? strchr(host + 3, '/') : NULL;
    size_t len = slash ? (size_t)(slash - url) : strlen(url);
    if (!host || len >= URL_MAX) return hm_misuse("--timestamp %s: is neither a URL nor \"office\"", url);
    memcpy(base, url, len);
    base[len] = 0;
    *path = slash ? slash + 1 : "";
    return HM_OK;
}

/* A token is signed, and bound to the question by a nonce: it may come over any connection. */
static hm_err open_server(const char *url, hm_http **http, const char **path) {
    const hm_http_options options = {
        .plain = true, .connect_ms = CONNECT_MS, .total_ms = TOTAL_MS, .answer_max = HM_TIMESTAMP_RESPONSE_MAX};
    char base[URL_MAX];
    HM_TRY(split(url, base, path));
    return hm_http_open(base, &options, http);
}

hm_err hm_stamp_fetch(const char *url, hm_bytes request, hm_buf *response) {
    /* A connection to one server is kept. */
    static const char *kept, *path;
    static hm_http *http;
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    if (kept != url) {
        hm_http_close(&http);
        kept = NULL;
        HM_TRY(open_server(url, &http, &path));
        kept = url;
    }
    HM_TRY(hm_http_post_as(http, path, request, "application/timestamp-query", &answer));
    if (answer.status != 200) return hm_could_not("HTTP status %u", answer.status);
    return hm_put(response, hm_buf_bytes(&answer.body));
}

/* What is wrong with a URL is told before anything is signed. */
static hm_err add(hm_stamp_orders *orders, const char *authority) {
    HM_HTTP *http = NULL;
    const char *path;
    if (orders->count == HM_STAMP_AUTHORITIES_MAX)
        return hm_misuse("more than %d timestamping authorities", HM_STAMP_AUTHORITIES_MAX);
    if (strlen(authority) >= URL_MAX) return hm_misuse("--timestamp: a URL is longer than %d characters", URL_MAX - 1);
    if (strcmp(authority, office) != 0) HM_TRY(hm_in(open_server(authority, &http, &path), "--timestamp"));
    orders->authority[orders->count++] = authority;
    return HM_OK;
}

static hm_err add_words(hm_stamp_orders *orders, const char *words, hm_buf *text) {
    char *rest = NULL;
    HM_TRY(hm_put_text(text, words));
    HM_TRY(hm_put_u8(text, 0));
    for (char *word = strtok_r((char *)text->data, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
        HM_TRY(hm_in(add(orders, word), "HALLMARK_TIMESTAMP"));
    return HM_OK;
}

hm_err hm_stamp_wanted(const hm_options *options, hm_buf *text, hm_stamp_orders *orders) {
    const char *words = getenv("HALLMARK_TIMESTAMP");
    orders->count = 0;
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, "--timestamp") == 0) HM_TRY(add(orders, options->given[i].value));
    return orders->count || !words ? HM_OK : add_words(orders, words, text);
}
