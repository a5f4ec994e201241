/* What certificates, requests and revocation lists are written with. Private to lib/pki. */
#ifndef HM_PKI_CERT_ISSUE_H
#define HM_PKI_CERT_ISSUE_H

#include <pki/cert.h>

/* One extension (RFC 5280 section 4.1): open, write its value, close. */
typedef struct {
    size_t extension, value;
} hm_extension_marks;
HM_MUST_USE hm_err hm_extension_open(hm_buf *der, hm_bytes oid, bool critical, hm_extension_marks *marks);
HM_MUST_USE hm_err hm_extension_close(hm_buf *der, hm_extension_marks marks);
/* The extension that names the issuer's key (RFC 5280 sections 4.2.1.1 and 5.2.1). */
HM_MUST_USE hm_err hm_put_authority_key_id(hm_buf *der, hm_bytes issuer_spki);
/* 2.25.<OFFICE>.<ARC>, whose arcs are these. */
enum { HM_OFFICE_DEVELOPMENT = 1, HM_OFFICE_PRODUCTION = 2, HM_OFFICE_TIMESTAMPS = 3 };
HM_MUST_USE hm_err hm_put_office_oid(hm_buf *der, const uint8_t office[static HM_UUID_LEN], unsigned arc);
/* What all have in common: SEQUENCE { BODY, algorithm, signature over BODY }. */
HM_MUST_USE hm_err hm_put_signed(hm_buf *der, hm_bytes body, const hm_signer *signer);

#endif
