/* A certificate cut into the byte ranges that others quote, without OpenSSL: the signing path needs issuer and serial
 * number only, and OpenSSL's first certificate costs a program half a millisecond. Private to lib/pki. */
#ifndef HM_PKI_CERT_PARTS_H
#define HM_PKI_CERT_PARTS_H

#include "tlv.h"

/* Views into the certificate; each a whole element. */
typedef struct {
    hm_bytes serial, issuer, subject, spki;
} hm_cert_parts;

/* DER must be one certificate, in DER at every depth (RFC 5280 section 4.1). */
HM_MUST_USE hm_err hm_cert_cut(hm_bytes der, hm_cert_parts *parts);

/* Is CERT its own issuer, as roots are? */
bool hm_cert_is_self_issued(const hm_cert_parts *parts);

#endif
