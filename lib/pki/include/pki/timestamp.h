/* Timestamps (RFC 3161, with RFC 5816): a timestamping authority (TSA) states that a signature was there at a time.
 *
 * What is stamped is the signature value of one signer. The token that comes back is a SignedData of the authority's
 * over a TSTInfo, and is put into the unsigned attributes of the signer that it is about: id-aa-timeStampToken in CMS
 * (RFC 3161 appendix A), 1.3.6.1.4.1.311.3.3.1 in Authenticode. Every signature stays byte for byte what it was.
 *
 * What is asked of a token, whoever made it: strict DER; exactly one signer, whose signature verifies; signed
 * attributes contentType, messageDigest and signingCertificate or signingCertificateV2, which must name the certificate
 * that is used (RFC 3161 section 2.4.2, RFC 5816); that certificate has the extended key usage timeStamping, critical
 * and alone (RFC 3161 section 2.3), and no other key usage than signing; TSTInfo version 1; an imprint by SHA-256 or
 * better that is the signature's; a time no later than five minutes from now, with an accuracy of an hour or better;
 * the name in it, if any, is the certificate's; no critical extension. Its time and what that may be off by, rounded up
 * to seconds, must lie before a revocation, of the signer or of the authority, that it is to outweigh. */
#ifndef HM_PKI_TIMESTAMP_H
#define HM_PKI_TIMESTAMP_H

#include <pki/signed.h>

enum {
    HM_TIMESTAMP_NONCE = 16,
    HM_TIMESTAMP_REQUEST_MAX = 1024,
    HM_TIMESTAMP_RESPONSE_MAX = 64 * 1024 /* octets; a longer one is refused */
};

/* What was asked for: the answer is held against it. */
typedef struct {
    uint8_t signature_hash[HM_SHA256_LEN]; /* the imprint: SHA-256 of the signature value */
    uint8_t nonce[HM_TIMESTAMP_NONCE];
    const char *policy; /* dotted; NULL: the authority's own choice */
} hm_timestamp_request;

/* A TimeStampReq (RFC 3161 section 2.4.1) about a signature value of which SIGNATURE_HASH is the SHA-256, with a fresh
 * nonce and certReq. POLICY must outlive REQUEST. Appends DER. */
HM_MUST_USE hm_err hm_timestamp_ask(const uint8_t signature_hash[static HM_SHA256_LEN], const char *policy,
                                    hm_timestamp_request *request, hm_buf *der);

/* A TimeStampResp (RFC 3161 section 2.4.2) as the answer to REQUEST: granted, the nonce that was sent, the policy that
 * was asked for, a time within five minutes of RULES' now, and everything above. RULES: as in hm_signed_stamp, and with
 * trust if the files are to be verified by that. On HM_OK TOKEN is a view into RESPONSE and STAMP is good, or a
 * stranger's; a refusal says what is wrong, in the authority's own words if it refused. Refused is also what leads to
 * one of the roots and will not be trusted by those who trust them. */
HM_MUST_USE hm_err hm_timestamp_take(hm_bytes response, const hm_timestamp_request *request,
                                     const hm_verify_rules *rules, hm_bytes *token, hm_stamp *stamp);

/* Is TOKEN a timestamp of SIGNATURE (the value's octets)? TSA and NOW as in hm_signed_stamp. HM_OK: STAMP is good or
 * untrusted; a refusal: it is wrong, and STAMP says what it says if it could be read. */
HM_MUST_USE hm_err hm_timestamp_check(hm_bytes token, hm_bytes signature, const hm_trust *tsa, int64_t now,
                                      hm_stamp *stamp);

/* Put TOKEN into the unsigned attributes of signer INDEX (as hm_signed_at counts) of a CMS or Authenticode structure,
 * behind those that are there. Nothing is judged but the form. Appends DER. */
HM_MUST_USE hm_err hm_timestamp_embed(hm_structure structure, hm_bytes outer, size_t index, hm_bytes token,
                                      hm_buf *der);

/* "2026-11-22 17:34:27 UTC" */
enum { HM_STAMP_TIME = 32 };
void hm_stamp_time(int64_t unix_seconds, char text[static HM_STAMP_TIME]);

#endif
