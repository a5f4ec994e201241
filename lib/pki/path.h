/* Certification path validation (RFC 5280 section 6) for code signing. Private to lib/pki. */
#ifndef HM_PKI_PATH_H
#define HM_PKI_PATH_H

#include "x509.h"

typedef struct {
    X509_STORE *anchors;
    const STACK_OF(X509) * untrusted; /* may be NULL */
    int64_t now;
    bool any_anchor; /* an anchor need not be a root: for chains whose root is elsewhere */
} hm_path_rules;

/* Find a path from LEAF to an anchor in which everything is in order for signing code: signatures, dates at NOW, CA
 * bits, path lengths, name constraints, critical extensions understood, keys and digests strong enough, EKU and key
 * usage. PATH receives the certificates, leaf first, as references that the caller frees with OSSL_STACK_OF_X509_free.
 * On a fault PATH is NULL. */
HM_MUST_USE hm_err hm_path_find(X509 *leaf, const hm_path_rules *rules, STACK_OF(X509) * *path);

static inline void hm_x509_path_clear(STACK_OF(X509) * *path) {
    sk_X509_pop_free(*path, X509_free);
    *path = NULL;
}
#define HM_X509_PATH __attribute__((cleanup(hm_x509_path_clear))) STACK_OF(X509)

#endif
