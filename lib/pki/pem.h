/* PEM for the rest of lib/pki. Private. */
#ifndef HM_PKI_PEM_H
#define HM_PKI_PEM_H

#include <pki/cert.h>

/* Append every certificate of PEM to DER, one after another; a fault if there is none or more than LIMIT. */
HM_MUST_USE hm_err hm_pem_certificates(hm_bytes pem, size_t limit, hm_buf *der, size_t *count);

#endif
