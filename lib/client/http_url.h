/* Private to lib/client: what a URL may be. */
#ifndef HM_CLIENT_HTTP_URL_H
#define HM_CLIENT_HTTP_URL_H

#include <base/bytes.h>

typedef struct {
    bool tls;
    hm_bytes host; /* a view of the URL; with brackets if it is an IPv6 address */
} hm_http_url;

/* A base URL as http.h has it, or misuse. */
HM_MUST_USE hm_err hm_http_check_base(const char *text, bool plain_loopback, bool plain, hm_http_url *url);
/* A relative path, with a query if it likes. */
HM_MUST_USE hm_err hm_http_check_path(const char *path);
/* "Name: value" without control characters. */
HM_MUST_USE hm_err hm_http_check_header(const char *line);

#endif
