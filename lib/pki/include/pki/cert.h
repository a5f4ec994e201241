/* X.509 certificates (RFC 5280): issued by a token's key, and described for people. */
#ifndef HM_PKI_CERT_H
#define HM_PKI_CERT_H

#include <base/pem.h>
#include <crypto/algorithm.h>

typedef enum {
    HM_CERT_ROOT = 1,       /* CA, no path length limit of its own but 1 below; keyCertSign, cRLSign */
    HM_CERT_PRODUCT_CA = 2, /* CA, pathLen 0, critical directoryName constraint O + OU = the product */
    HM_CERT_SIGNING = 3,    /* leaf: digitalSignature, critical EKU codeSigning */
    HM_CERT_TSA = 4         /* leaf of the root: digitalSignature, critical EKU timeStamping and no other */
} hm_cert_profile;

enum { HM_UUID_LEN = 16 };

/* Every string is printable UTF-8, 1 to 64 characters (RFC 5280 upper bounds); product is NULL in a root and in a TSA's
 * certificate. In a certificate request organization and product may be NULL. */
typedef struct {
    const char *organization;
    const char *product; /* OU */
    const char *common_name;
} hm_cert_name;

typedef struct {
    hm_cert_profile profile;
    hm_cert_name subject;
    hm_bytes spki;
    int64_t not_before, not_after; /* Unix seconds */
    uint8_t office[HM_UUID_LEN];   /* certificatePolicies: 2.25.<office>.1 development, .2 production */
    bool development;
    hm_bytes crl; /* cRLDistributionPoints: where the issuer's list is, a URI in ASCII; empty: none */
} hm_cert_request;

/* Issue: ISSUER_CERT is DER, or HM_NO_BYTES for a self-signed root. 128 random bits of serial number. Subject and
 * authority key identifiers are SHA-256 truncated to 160 bits (RFC 7093 method 1). Appends DER; on a fault DER is as
 * it was. A key that is not ISSUER_CERT's is refused. */
HM_MUST_USE hm_err hm_cert_issue(const hm_cert_request *request, hm_bytes issuer_cert, const hm_signer *issuer,
                                 hm_buf *der);
/* A PKCS#10 request (RFC 2986) signed by the key itself, asking for the signing profile. Appends DER. */
HM_MUST_USE hm_err hm_csr_make(const hm_cert_name *subject, const hm_signer *key, hm_buf *der);

/* A certificate in words. Strings are printable (control characters replaced), truncated if need be. */
typedef struct {
    char subject[256], issuer[256];                      /* RFC 2253-like one line, UTF-8 */
    char common_name[65], organization[65], product[65]; /* "" if absent */
    char serial[48];                                     /* hexadecimal */
    int64_t not_before, not_after;
    bool ca, code_signing, self_issued;
    bool has_office; /* the policy names an office: */
    uint8_t office[HM_UUID_LEN];
    bool development, production; /* policy 2.25.<any UUID>.1 or .2 */
    char key[24];                 /* "ECDSA P-256", "RSA 3072", "Ed25519", ... */
    uint8_t sha256[32];           /* of the DER */
} hm_cert_info;
/* Its SubjectPublicKeyInfo: a view into DER. */
HM_MUST_USE hm_err hm_cert_spki(hm_bytes der, hm_bytes *spki);
HM_MUST_USE hm_err hm_cert_describe(hm_bytes der, hm_cert_info *info);

/* Certificates leaf first, as DER. At most HM_CHAIN_MAX. */
enum { HM_CHAIN_MAX = 8 };
typedef struct {
    size_t count;
    hm_bytes cert[HM_CHAIN_MAX];
} hm_chain;

/* PEM text with one or more certificates (other text around is skipped) to DER certificates one after another: each
 * is appended to DER and its view put in CHAIN when all are in (views point into DER). */
HM_MUST_USE hm_err hm_chain_from_pem(hm_bytes pem, hm_buf *der, hm_chain *chain);
/* DER certificates one after another: CHAIN's views point into DER. No certificate is no fault. */
HM_MUST_USE hm_err hm_chain_from_der(hm_bytes der, hm_chain *chain);
/* May this chain (leaf first, order checked) certify code signing by the key in SPKI? For chains brought in from a
 * public CA: the last certificate is taken for good, whether it is a root or not, its dates and CA bits apart. */
HM_MUST_USE hm_err hm_chain_check(const hm_chain *chain, hm_bytes spki, int64_t now);

/* What is trusted: root certificates. It remembers paths that were found good under it, and may be shared by threads.
 */
typedef struct hm_trust hm_trust;
HM_MUST_USE hm_err hm_trust_from_pem(hm_bytes pem, hm_trust **trust); /* a fault if it holds no certificate */
void hm_trust_free(hm_trust **trust);
#define HM_TRUST __attribute__((cleanup(hm_trust_free))) hm_trust

#endif
