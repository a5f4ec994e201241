/* What stands inside SignedData: attributes, and Authenticode's content. Writers and, beside them, readers. Private to
 * lib/pki. */
#ifndef HM_PKI_SIGNED_CONTENT_H
#define HM_PKI_SIGNED_CONTENT_H

#include "algorithm_id.h"
#include "cert_parts.h"

/* An Attribute (RFC 5652 section 5.3) with its only value, which the caller writes: open, value, close. */
typedef struct {
    size_t attribute, values;
} hm_attribute_marks;
HM_MUST_USE hm_err hm_attribute_open(hm_buf *der, hm_bytes type, hm_attribute_marks *marks);
HM_MUST_USE hm_err hm_attribute_close(hm_buf *der, hm_attribute_marks marks);

HM_MUST_USE hm_err hm_attribute_put_content_type(hm_buf *der, hm_bytes type);
HM_MUST_USE hm_err hm_attribute_put_message_digest(hm_buf *der, const hm_digest *digest);
HM_MUST_USE hm_err hm_attribute_put_signing_time(hm_buf *der, int64_t unix_seconds);
/* SigningCertificateV2 with SHA-256 (RFC 5035 section 3), so that no other certificate can take this one's place. */
HM_MUST_USE hm_err hm_attribute_put_signing_certificate(hm_buf *der, hm_bytes certificate, const hm_cert_parts *parts);
/* Is CERTIFICATE the one that the value of this attribute names? A hash that we do not know is refused. */
HM_MUST_USE hm_err hm_attribute_check_signing_certificate(hm_bytes value, hm_bytes certificate);
/* The same for SigningCertificate (RFC 2634 section 5.4), whose hash is SHA-1. Nobody can make a second certificate
 * with the hash of a given one, which is what it would take. */
HM_MUST_USE hm_err hm_attribute_check_signing_certificate_v1(hm_bytes value, hm_bytes certificate);
/* YYYYMMDDhhmmss, or YYMMDDhhmmss, as Unix seconds; a date that is none is refused. */
HM_MUST_USE hm_err hm_read_date_and_time(hm_reader *reader, bool short_year, int64_t *unix_seconds);
/* UTCTime or GeneralizedTime as RFC 5652 section 11.3 wants it. */
HM_MUST_USE hm_err hm_attribute_read_signing_time(hm_bytes value, int64_t *unix_seconds);

/* [0] EXPLICIT SpcIndirectDataContent of a PE image. MESSAGE_DIGEST: the digest of its content octets, without tag and
 * length (PKCS#7 1.5 section 9.3), by the same algorithm. */
HM_MUST_USE hm_err hm_spc_put_content(hm_buf *der, const hm_digest *image, hm_digest *message_digest);
/* SpcSpOpusInfo, empty, and SpcStatementType: individual. */
HM_MUST_USE hm_err hm_spc_put_attributes(hm_buf *der);
/* SPC_INDIRECT_DATA (whole element) of a PE image: which algorithm and digest it names. */
HM_MUST_USE hm_err hm_spc_read_content(hm_bytes indirect_data, hm_algorithm_id *algorithm, hm_bytes *image_digest);

#endif
