/* Certification path validation (RFC 5280 section 6) for code signing and time stamping. Private to lib/pki. */
#ifndef HM_PKI_PATH_H
#define HM_PKI_PATH_H

#include "x509.h"

typedef enum { HM_FOR_CODE_SIGNING, HM_FOR_TIME_STAMPING } hm_path_purpose;

typedef struct {
    hm_path_purpose purpose;
    X509_STORE *anchors;
    const STACK_OF(X509) * untrusted; /* may be NULL */
    int64_t now;
    bool any_anchor; /* an anchor need not be a root: for chains whose root is elsewhere */
} hm_path_rules;

/* Find a path from LEAF to an anchor in which everything is in order for the purpose: signatures, dates at NOW, CA
 * bits, path lengths, name constraints, critical extensions understood, keys and digests strong enough, EKU and key
 * usage. PATH receives the certificates, leaf first, as references that the caller frees with OSSL_STACK_OF_X509_free.
 * On a fault PATH is NULL. */
HM_MUST_USE hm_err hm_path_find(X509 *leaf, const hm_path_rules *rules, STACK_OF(X509) * *path);

/* Does LEAF lead to an anchor at all, whatever else is wrong with the path? */
HM_MUST_USE hm_err hm_path_leads_to_anchor(X509 *leaf, const hm_path_rules *rules, bool *does);

/* Is LEAF itself in order for the purpose? For time stamping: EKU timeStamping, critical and alone (RFC 3161 section
 * 2.3), and a key usage of signatures only. */
HM_MUST_USE hm_err hm_path_check_leaf(X509 *leaf, hm_path_purpose purpose);

static inline void hm_x509_path_clear(STACK_OF(X509) * *path) {
    sk_X509_pop_free(*path, X509_free);
    *path = NULL;
}
#define HM_X509_PATH __attribute__((cleanup(hm_x509_path_clear))) STACK_OF(X509)

#endif
