/* Certificates met before. Files of one product carry the same few certificates, and OpenSSL takes 0.1 ms to decode
 * one: more than to check a signature. The last ones are kept, found again only by all of their bytes. Private to
 * lib/pki. */
#ifndef HM_PKI_CERT_MEMORY_H
#define HM_PKI_CERT_MEMORY_H

#include "x509.h"

/* The certificate in DER as a reference of the caller's, and its description. Safe between threads. */
HM_MUST_USE hm_err hm_cert_recall(hm_bytes der, X509 **certificate, hm_cert_info *info);

#endif
