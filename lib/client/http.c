#include "http_faults.h"
#include "http_url.h"

#include <client/http.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECT_MS = 10000, TOTAL_MS = 60000, ANSWER_MAX = 16 << 20 };

struct hm_http {
    const hm_curl *curl;
    CURL *handle;
    hm_http_options options; /* its strings are copies */
    char *base;              /* without a final slash */
    bool tls;
    uint64_t connections;
    char authorization[160]; /* a header line; "": none */
    char detail[CURL_ERROR_SIZE];
    /* The request that is under way. */
    hm_http_answer *answer;
    hm_reader upload;
    hm_fault fault; /* raised in a callback, which can only tell libcurl to stop */
    bool exported;
    uint8_t exporter[HM_HTTP_EXPORTER_LEN];
};

void hm_http_answer_clear(hm_http_answer *answer) {
    hm_buf_clear(&answer->body);
    *answer = HM_HTTP_ANSWER_NONE;
}

/* ---- callbacks: what they return that is not the size ends the transfer ---- */

/* The connection's SSL is there to be asked only while a transfer is under way. */
static void take_exporter(hm_http *http) {
    const struct curl_tlssessioninfo *session = NULL;
    const char *label = http->options.exporter_label;
    if (http->exported || !label || !http->curl->export_keying_material) return;
    if (http->curl->info(http->handle, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session) return;
    if (session->backend != CURLSSLBACKEND_OPENSSL || !session->internals) return;
    http->exported = http->curl->export_keying_material(session->internals, http->exporter, sizeof http->exporter,
                                                        label, strlen(label), NULL, 0, 0) == 1;
}

static size_t on_header(char *data, size_t size, size_t count, void *context) {
    (void)data;
    take_exporter(context);
    return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *context) {
    hm_http *http = context;
    hm_buf *body = &http->answer->body;
    size_t len = size * count, room = http->options.answer_max - body->len;
    hm_err err = len <= room
                     ? hm_put(body, HM_BYTES(data, len))
                     : hm_refuse("%s: the answer is longer than %zu bytes", http->base, http->options.answer_max);
    http->fault = hm_fault_keep(err);
    return hm_failed(err) ? len + 1 : len;
}

/* A body that comes from here is libcurl's to send once. One that it could rewind it would send again, over another
 * connection, when a kept one ends without an answer; but the server may have done by then what it was asked. */
static size_t on_upload(char *to, size_t size, size_t count, void *context) {
    hm_http *http = context;
    size_t room = size * count, len = http->upload.rest.len < room ? http->upload.rest.len : room;
    return hm_failed(hm_read_copy(&http->upload, to, len)) ? CURL_READFUNC_ABORT : len;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    const hm_http *http = context;
    (void)a, (void)b, (void)c, (void)d;
    return http->options.stop && *http->options.stop;
}

/* ---- one request ---- */

#define SET(http, option, value)                                                                                       \
    do {                                                                                                               \
        CURLcode set_code = (http)->curl->set((http)->handle, (option), (value));                                      \
        if (set_code != CURLE_OK)                                                                                      \
            return hm_could_not("libcurl does not take option %d: %s", (int)(option), (http)->curl->text(set_code));   \
    } while (0)

/* libcurl says no more than that a file cannot be used. */
static hm_err check_files(const hm_http_options *o) {
    const char *const files[] = {o->ca_file, o->certificate_file, o->key_file};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (files[i] && access(files[i], R_OK) != 0) return hm_could_not("%s: %s", files[i], strerror(errno));
    return HM_OK;
}

static hm_err set_trust(hm_http *http) {
    const hm_http_options *o = &http->options;
    HM_TRY(check_files(o));
    SET(http, CURLOPT_PROTOCOLS_STR, http->tls ? "https" : "http");
    SET(http, CURLOPT_SSLVERSION, (long)(o->tls13 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2));
    SET(http, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(http, CURLOPT_SSL_VERIFYHOST, 2L);
    if (o->ca_file) {
        SET(http, CURLOPT_CAINFO, o->ca_file);
        SET(http, CURLOPT_CAPATH, NULL); /* the system's folder would be trusted besides */
    }
    if (!o->certificate_file) return HM_OK;
    SET(http, CURLOPT_SSLCERT, o->certificate_file);
    SET(http, CURLOPT_SSLKEY, o->key_file);
    return HM_OK;
}

static hm_err set_transport(hm_http *http) {
    const hm_http_options *o = &http->options;
    SET(http, CURLOPT_PROXY, "");
    SET(http, CURLOPT_FOLLOWLOCATION, 0L);
    SET(http, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(http, CURLOPT_PATH_AS_IS, 1L);
    SET(http, CURLOPT_TCP_NODELAY, 1L);
    SET(http, CURLOPT_MAXCONNECTS, 1L);
    SET(http, CURLOPT_NOSIGNAL, 1L);
    SET(http, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    SET(http, CURLOPT_TIMEOUT_MS, (long)o->total_ms);
    SET(http, CURLOPT_USERAGENT, o->user_agent);
    return HM_OK;
}

static hm_err set_callbacks(hm_http *http) {
    SET(http, CURLOPT_ERRORBUFFER, http->detail);
    SET(http, CURLOPT_HEADERFUNCTION, on_header);
    SET(http, CURLOPT_HEADERDATA, http);
    SET(http, CURLOPT_WRITEFUNCTION, on_body);
    SET(http, CURLOPT_WRITEDATA, http);
    SET(http, CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(http, CURLOPT_XFERINFODATA, http);
    SET(http, CURLOPT_NOPROGRESS, 0L);
    return HM_OK;
}

static hm_err set_url(hm_http *http, const char *path) {
    HM_BUF text = HM_BUF_EMPTY;
    const char *whole;
    HM_TRY(hm_http_check_path(path));
    HM_TRY(hm_put_format(&text, "%s/%s", http->base, path));
    HM_TRY(hm_buf_string(&text, &whole));
    SET(http, CURLOPT_URL, whole); /* libcurl copies it */
    return HM_OK;
}

static long info_number(const hm_http *http, CURLINFO info) {
    long value = 0;
    return http->curl->info(http->handle, info, &value) == CURLE_OK ? value : 0;
}

static hm_err explain(const hm_http *http, CURLcode code) {
    curl_off_t handshake = 0;
    if (http->fault.class != HM_DONE) return hm_fault_raise(&http->fault);
    http->curl->info(http->handle, http->tls ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T, &handshake);
    const hm_http_circumstances c = {
        .server = http->base,
        .ca_file = http->options.ca_file,
        .certificate_file = http->options.certificate_file,
        .detail = http->detail,
        .verify_result = info_number(http, CURLINFO_SSL_VERIFYRESULT),
        .connected = handshake > 0,
    };
    return hm_http_fault(http->curl, code, &c);
}

/* Without a length the end of the answer is where the connection ends, and whoever cuts it cuts the answer. */
static hm_err check_length_was_said(const hm_http *http, long status) {
    struct curl_header *header;
    curl_off_t length = -1;
    http->curl->info(http->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length >= 0 || status == 204) return HM_OK;
    if (http->curl->header(http->handle, "Transfer-Encoding", 0, CURLH_HEADER, -1, &header) == CURLHE_OK) return HM_OK;
    return hm_could_not("%s: the answer does not say how long it is", http->base);
}

static hm_err take_answer(hm_http *http, hm_http_answer *answer) {
    long status = info_number(http, CURLINFO_RESPONSE_CODE);
    curl_off_t retry_after = 0;
    const char *type = NULL;
    if (status >= 300 && status < 400)
        return hm_refuse("%s: the server sends us elsewhere, which is not followed (give the address that is meant)",
                         http->base);
    if (status < 200 || status > 599) return hm_could_not("%s: what answers there is no web server", http->base);
    HM_TRY(check_length_was_said(http, status));
    answer->status = (unsigned)status;
    if (http->curl->info(http->handle, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK && retry_after > 0)
        answer->retry_after = retry_after < UINT32_MAX ? (unsigned)retry_after : UINT32_MAX;
    if (http->curl->info(http->handle, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type &&
        strlen(type) < HM_HTTP_TYPE_MAX)
        memcpy(answer->content_type, type, strlen(type) + 1);
    answer->connection = http->connections;
    return HM_OK;
}

static hm_err perform(hm_http *http, hm_http_answer *answer) {
    http->answer = answer;
    http->fault = (hm_fault){.class = HM_DONE};
    http->exported = false;
    http->detail[0] = 0;
    CURLcode code = http->curl->perform(http->handle);
    http->answer = NULL;
    http->connections += (uint64_t)info_number(http, CURLINFO_NUM_CONNECTS);
    hm_err err = code == CURLE_OK ? take_answer(http, answer) : explain(http, code);
    if (!hm_failed(err)) return HM_OK;
    hm_http_answer_clear(answer);
    http->exported = false;
    return err;
}

/* The handle's options are of one request; its connection stays. */
static hm_err prepare(hm_http *http, const char *path, hm_http_answer *answer) {
    hm_http_answer_clear(answer);
    http->curl->reset(http->handle);
    HM_TRY(set_trust(http));
    HM_TRY(set_transport(http));
    HM_TRY(set_callbacks(http));
    return set_url(http, path);
}

static hm_err add_header(const hm_http *http, struct curl_slist **list, const char *line) {
    struct curl_slist *longer = http->curl->list_append(*list, line);
    if (!longer) return hm_no_memory();
    *list = longer;
    return HM_OK;
}

hm_err hm_http_authorize(hm_http *http, const char *bearer) {
    char *line = http->authorization;
    int len = snprintf(line, sizeof http->authorization, "Authorization: Bearer %s", bearer);
    bool whole = len > 0 && (size_t)len < sizeof http->authorization;
    hm_err err = whole ? hm_http_check_header(line) : hm_misuse("the authorization is too long");
    if (hm_failed(err)) line[0] = 0;
    return err;
}

static hm_err get(hm_http *http, struct curl_slist **list, hm_http_answer *answer) {
    if (http->authorization[0]) HM_TRY(add_header(http, list, http->authorization));
    SET(http, CURLOPT_HTTPHEADER, *list);
    SET(http, CURLOPT_HTTPGET, 1L);
    return perform(http, answer);
}

hm_err hm_http_get(hm_http *http, const char *path, hm_http_answer *answer) {
    struct curl_slist *list = NULL;
    HM_TRY(prepare(http, path, answer));
    hm_err err = get(http, &list, answer);
    http->curl->list_free(list);
    return err;
}

static hm_err post(hm_http *http, hm_bytes body, const char *type, const char *const *headers, size_t count,
                   struct curl_slist **list, hm_http_answer *answer) {
    if (http->authorization[0]) HM_TRY(add_header(http, list, http->authorization));
    HM_TRY(add_header(http, list, type));
    HM_TRY(add_header(http, list, "Expect:")); /* no waiting for leave to send the body */
    for (size_t i = 0; i < count; i++) {
        HM_TRY(hm_http_check_header(headers[i]));
        HM_TRY(add_header(http, list, headers[i]));
    }
    SET(http, CURLOPT_HTTPHEADER, *list);
    SET(http, CURLOPT_POST, 1L);
    SET(http, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    http->upload = hm_reader_of(body);
    SET(http, CURLOPT_READFUNCTION, on_upload);
    SET(http, CURLOPT_READDATA, http);
    return perform(http, answer);
}

static hm_err post_with(hm_http *http, const char *path, hm_bytes body, const char *type, const char *const *headers,
                        size_t count, hm_http_answer *answer) {
    struct curl_slist *list = NULL;
    HM_TRY(prepare(http, path, answer));
    hm_err err = post(http, body, type, headers, count, &list, answer);
    http->curl->list_free(list);
    return err;
}

hm_err hm_http_post(hm_http *http, const char *path, hm_bytes json, const char *const *headers, size_t count,
                    hm_http_answer *answer) {
    return post_with(http, path, json, "Content-Type: application/json", headers, count, answer);
}

hm_err hm_http_post_octets(hm_http *http, const char *path, hm_bytes octets, hm_http_answer *answer) {
    return post_with(http, path, octets, "Content-Type: application/octet-stream", NULL, 0, answer);
}

hm_err hm_http_post_as(hm_http *http, const char *path, hm_bytes octets, const char *type, hm_http_answer *answer) {
    char line[HM_HTTP_TYPE_MAX + 16];
    int len = snprintf(line, sizeof line, "Content-Type: %s", type);
    if (len < 0 || (size_t)len >= sizeof line) return hm_misuse("the content type is too long");
    HM_TRY(hm_http_check_header(line));
    return post_with(http, path, octets, line, NULL, 0, answer);
}

hm_err hm_http_exporter(const hm_http *http, uint8_t out[static HM_HTTP_EXPORTER_LEN]) {
    memset(out, 0, HM_HTTP_EXPORTER_LEN);
    if (!http->exported) return hm_could_not("%s: this connection has no TLS exporter", http->base);
    memcpy(out, http->exporter, HM_HTTP_EXPORTER_LEN);
    return HM_OK;
}

/* ---- opening ---- */

static hm_err copy(const char **text) {
    if (!*text) return HM_OK;
    *text = strdup(*text);
    return *text ? HM_OK : hm_no_memory();
}

static hm_err copy_options(hm_http *http, const hm_http_options *from) {
    hm_http_options *o = &http->options;
    *o = (hm_http_options){
        .tls13 = from->tls13, .plain_loopback = from->plain_loopback, .plain = from->plain, .stop = from->stop};
    o->connect_ms = from->connect_ms ? from->connect_ms : CONNECT_MS;
    o->total_ms = from->total_ms ? from->total_ms : TOTAL_MS;
    o->answer_max = from->answer_max ? from->answer_max : ANSWER_MAX;
    const char *const given[] = {from->ca_file, from->certificate_file, from->key_file,
                                 from->user_agent ? from->user_agent : "hallmark", from->exporter_label};
    const char **const kept[] = {&o->ca_file, &o->certificate_file, &o->key_file, &o->user_agent, &o->exporter_label};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        *kept[i] = given[i];
        HM_TRY(copy(kept[i]));
    }
    return HM_OK;
}

static hm_err copy_base(hm_http *http, const char *base_url) {
    http->base = strdup(base_url);
    if (!http->base) return hm_no_memory();
    for (size_t len = strlen(http->base); len && http->base[len - 1] == '/'; len--) http->base[len - 1] = 0;
    return HM_OK;
}

static hm_err begin(hm_http *http, const char *base_url, const hm_http_options *options) {
    HM_TRY(copy_options(http, options));
    HM_TRY(copy_base(http, base_url));
    HM_TRY(hm_curl_load(&http->curl));
    http->handle = http->curl->init();
    return http->handle ? HM_OK : hm_no_memory();
}

hm_err hm_http_open(const char *base_url, const hm_http_options *options, hm_http **pointer) {
    hm_http_url url;
    *pointer = NULL;
    HM_TRY(hm_http_check_base(base_url, options->plain_loopback, options->plain, &url));
    if (!options->certificate_file != !options->key_file)
        return hm_misuse("a client's certificate and its key are given together");
    HM_HTTP *http = calloc(1, sizeof *http);
    if (!http) return hm_no_memory();
    http->tls = url.tls;
    HM_TRY(begin(http, base_url, options));
    *pointer = http;
    http = NULL;
    return HM_OK;
}

static void forget(const char *const *text) {
    char *owned;
    memcpy(&owned, text, sizeof owned);
    free(owned);
}

void hm_http_close(hm_http **pointer) {
    hm_http *http = *pointer;
    if (!http) return;
    if (http->handle) http->curl->cleanup(http->handle);
    forget(&http->options.ca_file);
    forget(&http->options.certificate_file);
    forget(&http->options.key_file);
    forget(&http->options.user_agent);
    forget(&http->options.exporter_label);
    free(http->base);
    free(http);
    *pointer = NULL;
}
