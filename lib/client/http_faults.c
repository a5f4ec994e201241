#include "http_faults.h"

#include <string.h>

/* OpenSSL's numbers for what is wrong with a certificate (x509_vfy.h), which this layer does not include. */
enum {
    VERIFY_NOT_REPORTED = 1, /* libcurl's: what is wrong is not in the chain */
    VERIFY_NOT_YET_VALID = 9,
    VERIFY_EXPIRED = 10,
    VERIFY_SELF_SIGNED = 18,
    VERIFY_SELF_SIGNED_IN_CHAIN = 19,
    VERIFY_NO_ISSUER_LOCALLY = 20,
    VERIFY_LEAF_ALONE = 21,
    VERIFY_NAME = 62
};

static hm_err untrusted(const hm_http_circumstances *c) {
    if (c->ca_file)
        return hm_refuse("%s: the server's certificate is not trusted: %s did not issue it", c->server, c->ca_file);
    return hm_refuse("%s: the server's certificate is not trusted (give --ca FILE with the one that issued it)",
                     c->server);
}

static hm_err bad_certificate(const hm_http_circumstances *c) {
    switch (c->verify_result) {
    case 0: /* the chain is good, so it was libcurl's comparison of names */
    case VERIFY_NOT_REPORTED:
    case VERIFY_NAME:
        return hm_refuse("%s: the server's certificate is for another host name", c->server);
    case VERIFY_EXPIRED:
        return hm_refuse("%s: the server's certificate has expired (or this machine's clock is wrong)", c->server);
    case VERIFY_NOT_YET_VALID:
        return hm_refuse("%s: the server's certificate is not valid yet (or this machine's clock is wrong)", c->server);
    case VERIFY_SELF_SIGNED:
    case VERIFY_SELF_SIGNED_IN_CHAIN:
    case VERIFY_NO_ISSUER_LOCALLY:
    case VERIFY_LEAF_ALONE:
        return untrusted(c);
    default:
        return hm_refuse("%s: the server's certificate is not accepted: %s", c->server, c->detail);
    }
}

static hm_err timed_out(const hm_http_circumstances *c) {
    return hm_could_not("%s: timed out (%s)", c->server,
                        c->connected ? "the server was too slow to answer" : "no connection");
}

/* A server that wants to know its clients says no by an alert (RFC 8446 §6.2), of which libcurl has the name only; in
 * TLS 1.3 it comes when the handshake seems to be over. */
static bool is_about_our_certificate(const char *words) {
    static const char *const alerts[] = {"certificate required",      "alert bad certificate",
                                         "alert unknown ca",          "alert certificate unknown",
                                         "alert certificate expired", "alert unsupported certificate",
                                         "alert certificate revoked"};
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++)
        if (strstr(words, alerts[i])) return true;
    return false;
}

static hm_err not_let_in(const hm_http_circumstances *c, const char *words) {
    if (c->certificate_file)
        return hm_could_not("%s: the server does not let in who has this certificate, %s: %s", c->server,
                            c->certificate_file, words);
    return hm_could_not("%s: the server lets in nobody without a certificate (HALLMARK_CLIENT_CERT and "
                        "HALLMARK_CLIENT_KEY name the files of yours)",
                        c->server);
}

/* The alert may be lost with the connection. */
static hm_err cut(const hm_http_circumstances *c, const char *words) {
    if (c->certificate_file)
        return hm_could_not("%s: the connection was cut: %s (does the server know this client's certificate, %s?)",
                            c->server, words, c->certificate_file);
    return hm_could_not("%s: the connection was cut: %s (a server that wants a client's certificate does so: "
                        "HALLMARK_CLIENT_CERT)",
                        c->server, words);
}

/* A handshake that ended without a word is a server that went away, and no decision of anybody's. */
static bool was_cut(const char *words) {
    return strstr(words, "SSL_ERROR_SYSCALL") || strstr(words, "Recv failure") || strstr(words, "Send failure");
}

hm_err hm_http_fault(const hm_curl *curl, CURLcode code, const hm_http_circumstances *c) {
    const char *words = c->detail[0] ? c->detail : curl->text(code);
    if (is_about_our_certificate(c->detail)) return not_let_in(c, words);
    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return hm_could_not("%s: the host's name is not known here", c->server);
    case CURLE_COULDNT_CONNECT:
        return hm_could_not("%s: could not connect: %s", c->server, words);
    case CURLE_OPERATION_TIMEDOUT:
        return timed_out(c);
    case CURLE_ABORTED_BY_CALLBACK:
        return hm_could_not("%s: stopped", c->server);
    case CURLE_PEER_FAILED_VERIFICATION:
        return bad_certificate(c);
    case CURLE_SSL_CACERT_BADFILE:
        return hm_could_not("%s: the certificates in %s cannot be used", c->server,
                            c->ca_file ? c->ca_file : "the system's folder");
    case CURLE_SSL_CERTPROBLEM:
        return hm_could_not("%s: this client's certificate or key cannot be used: %s", c->server, words);
    case CURLE_SSL_CONNECT_ERROR:
        if (was_cut(c->detail)) return cut(c, words);
        return hm_refuse("%s: no secure connection: %s", c->server, words);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return cut(c, words);
    case CURLE_PARTIAL_FILE:
        return hm_could_not("%s: the answer was cut off", c->server);
    case CURLE_SEND_FAIL_REWIND: /* what it had sent already it would have to send again */
    case CURLE_GOT_NOTHING:
        return hm_could_not("%s: the server hung up without an answer", c->server);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return hm_could_not("%s: what answers there is no web server", c->server);
    case CURLE_OUT_OF_MEMORY:
        return hm_no_memory();
    default:
        return hm_could_not("%s: %s", c->server, words);
    }
}
