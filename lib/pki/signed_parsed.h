/* The inside of hm_signed. Private to lib/pki. */
#ifndef HM_PKI_SIGNED_PARSED_H
#define HM_PKI_SIGNED_PARSED_H

#include "cert_parts.h"
#include "path.h"

#include <pki/cose.h>
#include <pki/signed.h>

enum { HM_CERTIFICATES_MAX = 64, HM_STAMPS_MAX = 4 };

typedef struct {
    hm_cert_parts parts;
    hm_bytes der;
    X509 *x509;
    hm_cert_info info;
} hm_parsed_certificate;

/* Views into hm_signed.der; empty where absent. */
typedef struct {
    hm_signer_info info;
    hm_bytes issuer, serial, key_id; /* either the first two (whole elements) or the last names the certificate */
    bool has_attributes;             /* otherwise the signature is over the content itself */
    hm_bytes attributes;             /* content octets of signedAttrs */
    hm_bytes message_digest;         /* from the attributes */
    hm_bytes signing_certificate;    /* value of the attribute (RFC 5035), whole element */
    hm_bytes signing_certificate_v1; /* the same of RFC 2634, by SHA-1 */
    size_t stamps;                   /* attributes with timestamps; those beyond the first few are not looked at */
    hm_bytes stamp[HM_STAMPS_MAX];   /* the values of each: content octets of the SET, which may hold anything */
    hm_bytes signature;
    hm_bytes structure;                       /* Authenticode, nested: the structure that it is in */
    hm_bytes indirect_data;                   /* Authenticode: content octets of SpcIndirectDataContent */
    hm_bytes image_digest;                    /* Authenticode: the digest inside */
    hm_cose_signature cose;                   /* COSE: all of it */
    const hm_parsed_certificate *certificate; /* NULL: not in the structure */
} hm_parsed_signer;

struct hm_signed {
    hm_structure structure;
    hm_buf der;       /* our copy, which for COSE is CBOR */
    hm_bytes payload; /* COSE: the manifest inside; a timestamp: TSTInfo */
    size_t signer_count, certificate_count;
    hm_parsed_signer signer[HM_SIGNERS_MAX];
    hm_parsed_certificate certificate[HM_CERTIFICATES_MAX];
    STACK_OF(X509) * views; /* of the certificates */
};

/* The signer's certificate by its name in the SignerInfo. */
bool hm_signer_is(const hm_parsed_signer *signer, hm_bytes issuer, hm_bytes serial, X509 *x509);

/* Take in a certificate, unless it is there already; *AT says which one it is. */
HM_MUST_USE hm_err hm_signed_take_certificate(hm_signed *parsed, hm_bytes der, size_t *at);

/* A timestamp's token: CMS SignedData with a TSTInfo inside and exactly one signer. */
HM_MUST_USE hm_err hm_signed_parse_token(hm_bytes der, hm_signed **parsed);

/* Does the signature of a token's only signer hold, over the TSTInfo inside, by a certificate that its signed
 * attributes name? CERTIFICATE is in PARSED, or in MORE (NULL: none). */
HM_MUST_USE hm_err hm_signed_check_token(const hm_signed *parsed, const hm_trust *more, X509 **certificate);
/* The path from CERTIFICATE, good at NOW, to a root in TRUST, and its description. The caller frees PATH as
 * hm_path_find's. */
HM_MUST_USE hm_err hm_signed_find_path(const hm_signed *parsed, hm_path_purpose purpose, const hm_trust *trust,
                                       int64_t now, X509 *certificate, STACK_OF(X509) * *path, hm_verdict *verdict);

/* Is PATH, of the authority behind STAMP, revoked in a way that makes its word worthless? */
HM_MUST_USE hm_err hm_signed_check_authority(const STACK_OF(X509) * path, const hm_verify_rules *rules,
                                             const hm_stamp *stamp);

/* signed_cose.c: the signers of an envelope, and the verdict on one of them. */
HM_MUST_USE hm_err hm_signed_take_envelope(hm_signed *parsed, hm_bytes cbor);
HM_MUST_USE hm_err hm_signed_check_envelope(const hm_signed *parsed, const hm_parsed_signer *signer, hm_bytes spki,
                                            const hm_digest *content);

#endif
