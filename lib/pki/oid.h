/* Object identifiers as the content octets of their DER, for writing and for comparing. Private to lib/pki. */
#ifndef HM_PKI_OID_H
#define HM_PKI_OID_H

#include <base/bytes.h>

/* RFC 5652 */
extern const hm_bytes hm_oid_data, hm_oid_signed_data, hm_oid_content_type, hm_oid_message_digest, hm_oid_signing_time;
/* RFC 2634, RFC 5035, RFC 3161 */
extern const hm_bytes hm_oid_signing_certificate, hm_oid_signing_certificate_v2, hm_oid_timestamp_token, hm_oid_tst_info;
/* Windows Authenticode Portable Executable Signature Format */
extern const hm_bytes hm_oid_spc_indirect_data, hm_oid_spc_pe_image_data, hm_oid_spc_opus_info,
    hm_oid_spc_statement_type, hm_oid_spc_individual, hm_oid_spc_nested, hm_oid_spc_timestamp;
/* Digests: RFC 5754; and the two that are named only to be refused */
extern const hm_bytes hm_oid_sha256, hm_oid_sha384, hm_oid_sha512, hm_oid_sha1, hm_oid_md5;
/* Signatures: RFC 8017, RFC 5758, RFC 8410 */
extern const hm_bytes hm_oid_rsa, hm_oid_rsa_sha256, hm_oid_rsa_sha384, hm_oid_rsa_sha512, hm_oid_rsa_pss,
    hm_oid_ecdsa_sha256, hm_oid_ecdsa_sha384, hm_oid_ecdsa_sha512, hm_oid_ed25519;
/* Certificates: RFC 5280, RFC 2985 */
extern const hm_bytes hm_oid_common_name, hm_oid_organization, hm_oid_organizational_unit, hm_oid_subject_key_id,
    hm_oid_authority_key_id, hm_oid_key_usage, hm_oid_extended_key_usage, hm_oid_basic_constraints,
    hm_oid_name_constraints, hm_oid_certificate_policies, hm_oid_crl_distribution_points, hm_oid_code_signing, hm_oid_time_stamping,
    hm_oid_extension_request;

/* OID in dotted numbers, cut off if it does not fit; "?" for what is not an object identifier. */
void hm_oid_text(hm_bytes oid, char *text, size_t size);

#endif
