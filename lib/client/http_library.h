/* Private to lib/client: libcurl as it is loaded. */
#ifndef HM_CLIENT_HTTP_LIBRARY_H
#define HM_CLIENT_HTTP_LIBRARY_H

#include <base/err.h>

#include <stddef.h>
#include <stdint.h>

/* The functions are called through pointers; curl's checking macros are for calls by name. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

typedef struct {
    CURL *(*init)(void);
    CURLcode (*set)(CURL *handle, CURLoption option, ...);
    CURLcode (*perform)(CURL *handle);
    CURLcode (*info)(CURL *handle, CURLINFO info, ...);
    void (*reset)(CURL *handle);
    void (*cleanup)(CURL *handle);
    CURLHcode (*header)(CURL *handle, const char *name, size_t index, unsigned origin, int request,
                        struct curl_header **header);
    const char *(*text)(CURLcode code);
    struct curl_slist *(*list_append)(struct curl_slist *list, const char *text);
    void (*list_free)(struct curl_slist *list);
    /* Of the OpenSSL that this libcurl uses; NULL: it uses another library. The first argument is its SSL. */
    int (*export_keying_material)(void *ssl, unsigned char *out, size_t out_len, const char *label, size_t label_len,
                                  const unsigned char *context, size_t context_len, int use_context);
} hm_curl;

/* Loaded once, and never unloaded: libraries that it brings register what they do at the process's end. */
HM_MUST_USE hm_err hm_curl_load(const hm_curl **curl);

#endif
