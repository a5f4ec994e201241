/* Distinguished names (RFC 5280 section 4.1.2.4), written. Private to lib/pki. */
#ifndef HM_PKI_NAME_H
#define HM_PKI_NAME_H

#include <pki/cert.h>

/* O, OU, CN in this order, each where NAME has it: an issuer's name constraint {O, OU} is then a prefix of its
 * subjects' names. A fault if a string is empty, too long, or not printable UTF-8. */
HM_MUST_USE hm_err hm_put_name(hm_buf *der, const hm_cert_name *name);

#endif
