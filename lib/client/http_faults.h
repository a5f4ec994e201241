/* Private to lib/client: what went wrong with a request, in words. */
#ifndef HM_CLIENT_HTTP_FAULTS_H
#define HM_CLIENT_HTTP_FAULTS_H

#include "http_library.h"

typedef struct {
    const char *server;           /* the base URL */
    const char *ca_file;          /* NULL: the system's */
    const char *certificate_file; /* NULL: this client has none */
    const char *detail;           /* libcurl's own words, or "" */
    long verify_result;           /* X509_V_...; 0: the chain is good */
    bool connected;               /* the handshake was over */
} hm_http_circumstances;

/* Never HM_OK. */
HM_MUST_USE hm_err hm_http_fault(const hm_curl *curl, CURLcode code, const hm_http_circumstances *c);

#endif
