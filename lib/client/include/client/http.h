/* An HTTPS client, over libcurl.
 *
 * libcurl is loaded (dlopen) by the first hm_http_open in a process and by nothing else: linked, it would cost each
 * start of a program 5 ms. One hm_http is one server and at most one connection, kept alive between requests; it
 * belongs to one thread.
 *
 * What it insists on, whatever the options say: the server's certificate and its name are verified; HTTP/1.1 over TLS,
 * plain HTTP only with plain, or with plain_loopback to an address that is written as a number (127.0.0.0/8, [::1]);
 * no redirect is followed; no proxy, not even one that the environment names (an office is reached directly, and a
 * variable must not decide who sees the traffic); no cookies, no netrc, no compression; an answer says how long it is
 * (Content-Length, or chunks), so that one that was cut off is a fault; and a body has a bound: what is longer is a
 * fault and not cut short. There is no retry but libcurl's own of a GET, over a kept connection that the server had
 * closed before it answered anything: a POST may have been done. */
#ifndef HM_CLIENT_HTTP_H
#define HM_CLIENT_HTTP_H

#include <base/bytes.h>

#include <signal.h>

typedef struct {
    const char *ca_file;               /* PEM; only these are trusted. NULL: the system's */
    const char *certificate_file;      /* PEM, with its chain; NULL: this client has none */
    const char *key_file;              /* PEM, its private key; with certificate_file, and only then */
    const char *user_agent;            /* NULL: hallmark */
    bool tls13;                        /* TLS 1.3 or nothing, as our own server speaks; else TLS 1.2 will do */
    bool plain_loopback;               /* http:// is allowed, to loopback addresses */
    bool plain;                        /* http:// is allowed to everywhere: what comes back proves itself */
    unsigned connect_ms;               /* until there is a connection, handshake included; 0: 10 s */
    unsigned total_ms;                 /* for one request, all in; 0: 60 s */
    size_t answer_max;                 /* bytes of a body; 0: 16 MiB */
    const char *exporter_label;        /* for hm_http_exporter; NULL: it is not asked for */
    const volatile sig_atomic_t *stop; /* a request ends soon when this is not 0; NULL: nothing stops it */
} hm_http_options;

enum { HM_HTTP_TYPE_MAX = 128, HM_HTTP_EXPORTER_LEN = 32 };
typedef struct {
    unsigned status;                     /* 200 to 599, but no redirect: a 3xx is a fault */
    char content_type[HM_HTTP_TYPE_MAX]; /* as the server wrote it; "": none, or one that is longer */
    unsigned retry_after;                /* seconds; 0: the server does not say */
    uint64_t connection; /* counts the connections of this hm_http, from 1: two answers with the same number came over
                            the same one */
    hm_buf body;
} hm_http_answer;
#define HM_HTTP_ANSWER_NONE ((hm_http_answer){.status = 0})
void hm_http_answer_clear(hm_http_answer *answer);
#define HM_HTTP_ANSWER __attribute__((cleanup(hm_http_answer_clear))) hm_http_answer

typedef struct hm_http hm_http;

/* BASE_URL is https://HOST[:PORT][/PATH], in ASCII, without user, query or fragment. Nothing is connected yet. OPTIONS
 * and the strings in it are copied, but for what stop points to. *HTTP is NULL on a fault. Wrong URLs and options are
 * misuse.
 */
HM_MUST_USE hm_err hm_http_open(const char *base_url, const hm_http_options *options, hm_http **http);
void hm_http_close(hm_http **http);
#define HM_HTTP __attribute__((cleanup(hm_http_close))) hm_http

/* PATH is put behind the base URL's path, with a slash between them; it is relative, and has no characters but those
 * that URLs have. ANSWER's former content is replaced; it is empty on a fault. A status of 400 and more is an answer
 * and no fault.
 *
 * Faults: HM_REFUSED where trust says no (certificate not trusted, expired, of another name; TLS too old; a redirect;
 * an answer that is too long), HM_COULD_NOT for the rest (no connection, time, an answer that is cut off or no HTTP).
 */
HM_MUST_USE hm_err hm_http_get(hm_http *http, const char *path, hm_http_answer *answer);
/* HEADERS are COUNT lines "Name: value", besides Content-Type: application/json. */
HM_MUST_USE hm_err hm_http_post(hm_http *http, const char *path, hm_bytes json, const char *const *headers,
                                size_t count, hm_http_answer *answer);

/* The same with Content-Type: application/octet-stream. */
HM_MUST_USE hm_err hm_http_post_octets(hm_http *http, const char *path, hm_bytes octets, hm_http_answer *answer);

/* The same with Content-Type: TYPE. */
HM_MUST_USE hm_err hm_http_post_as(hm_http *http, const char *path, hm_bytes octets, const char *type,
                                   hm_http_answer *answer);

/* From now on every request says "Authorization: Bearer BEARER". */
HM_MUST_USE hm_err hm_http_authorize(hm_http *http, const char *bearer);

/* The exporter value (RFC 8446 section 7.5; no context) for exporter_label of the connection that the last answer came
 * over: what a client signs to bind itself to this connection. It was taken while the answer arrived. Whether the next
 * request went over the same connection says its answer's `connection`. A fault, and OUT is zero, if there was no
 * answer yet, or none over TLS, or no label. */
HM_MUST_USE hm_err hm_http_exporter(const hm_http *http, uint8_t out[static HM_HTTP_EXPORTER_LEN]);

#endif
