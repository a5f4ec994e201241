/* Signed structures over a digest: CMS SignedData (RFC 5652), detached, Authenticode (Microsoft's "Windows
 * Authenticode Portable Executable Signature Format", PKCS#7 1.5 SignedData over SpcIndirectDataContent), and the
 * native format's envelope (COSE_Sign, RFC 9052), whose content is the manifest inside.
 *
 * The first two are built (from digests, by a signer) and checked (against digests that the verifier
 * computed itself). This layer never sees a file. */
#ifndef HM_PKI_SIGNED_H
#define HM_PKI_SIGNED_H

#include <pki/cert.h>

/* The numbers are sent and stored. */
typedef enum {
    HM_STRUCTURE_CMS = 1,             /* detached, eContentType id-data */
    HM_STRUCTURE_AUTHENTICODE_PE = 2, /* SPC_PE_IMAGE_DATA */
    HM_STRUCTURE_COSE = 3             /* COSE_Sign over a manifest (pki/cose.h); never built by hm_signed_build */
} hm_structure;

/* Build. On a fault DER is as it was. CONTENT's algorithm must be hm_scheme_digest of the signer's scheme. Signed
 * attributes: contentType, messageDigest, signingTime (UTC, claimed), and for CMS signingCertificateV2 (RFC 5035);
 * for Authenticode SpcSpOpusInfo and SpcStatementType. Appends DER. CHAIN: leaf first; the root is left out of what
 * is embedded unless it is all there is. SIGNATURE_HASH receives SHA-256 of the signature value octets: the name of
 * this signature in the log. */
HM_MUST_USE hm_err hm_signed_build(hm_structure structure, const hm_digest *content, const hm_chain *chain,
                                   int64_t signing_time, const hm_signer *signer, hm_buf *der,
                                   uint8_t signature_hash[static HM_SHA256_LEN]);

/* Put NESTED (a whole Authenticode structure) into the unsigned attribute 1.3.6.1.4.1.311.2.4.1 of OUTER, behind
 * those that are there. Every signature in OUTER stays byte for byte. Appends DER. */
HM_MUST_USE hm_err hm_authenticode_nest(hm_bytes outer, hm_bytes nested, hm_buf *der);

/* A parsed structure; it keeps its own copy of DER. Parsing is strict: DER, one version, no trailing bytes, no
 * attribute twice, no content inside CMS; exactly one signer in each Authenticode structure, and nested ones one
 * level deep. Known algorithms are named and unknown ones make that signer unverifiable, not the parse. On a fault
 * PARSED is NULL.
 *
 * Not covered by a signature, so free to differ: values of unsigned attributes, certificates that no path needs,
 * CRLs. */
typedef struct hm_signed hm_signed;
HM_MUST_USE hm_err hm_signed_parse(hm_structure structure, hm_bytes der, hm_signed **parsed);
void hm_signed_free(hm_signed **parsed);
#define HM_SIGNED __attribute__((cleanup(hm_signed_free))) hm_signed

/* One signer of a structure. Nested Authenticode signatures count as further signers, outermost first. */
typedef struct {
    bool known; /* algorithms known and not weak; otherwise WHY says what is not */
    char why[96];
    hm_digest_algorithm digest; /* which digest of the content to compute */
    hm_scheme scheme;
    uint8_t signature_hash[HM_SHA256_LEN];
    bool has_signed_attributes; /* false: the signature is over the content itself; whoever checks must see that the
                                 * content cannot be the signed attributes of another signature, or a certificate */
    bool has_signing_time;      /* the signer's claim */
    int64_t signing_time;
    bool has_timestamp;   /* an RFC 3161 token is there; not judged yet */
    bool has_certificate; /* its certificate is in the structure */
    hm_cert_info certificate;
} hm_signer_info;

enum { HM_SIGNERS_MAX = 16 };
size_t hm_signed_count(const hm_signed *parsed); /* at least 1, at most HM_SIGNERS_MAX */
const hm_signer_info *hm_signed_at(const hm_signed *parsed, size_t index);

typedef struct {
    const hm_trust *trust;
    int64_t now;         /* Unix seconds at which certificates are judged */
    const char *product; /* NULL, or the OU that the signing certificate and its CA must carry */
} hm_verify_rules;

typedef struct {
    hm_cert_info chain[HM_CHAIN_MAX]; /* leaf first, root last */
    size_t chain_len;
    bool development; /* some certificate of the chain carries a development policy */
} hm_verdict;

/* Does signer INDEX cover CONTENT, and does it chain to a trusted root with EKU codeSigning, key usage, path length,
 * name constraints and dates in order? HM_OK fills VERDICT; a refusal says which of these failed, and VERDICT means
 * nothing.
 *
 * The root must be self-signed and in rules->trust. A signer's certificate that is not in the structure is looked for
 * there too. CAs between must be allowed code signing if they carry an EKU. RSA keys have 2048 bits or more, digests
 * are SHA-256 or better. A signature without signed attributes is refused under an office's certificate: offices
 * always sign them. */
HM_MUST_USE hm_err hm_signed_verify(const hm_signed *parsed, size_t index, const hm_digest *content,
                                    const hm_verify_rules *rules, hm_verdict *verdict);

/* Does signer INDEX cover CONTENT, by the certificate that the structure carries for it? It says nothing about whose
 * certificate that is: for who knows it by its SHA-256. */
HM_MUST_USE hm_err hm_signed_covers(const hm_signed *parsed, size_t index, const hm_digest *content);

#endif
