/* Signed structures over a digest: CMS SignedData (RFC 5652), detached, Authenticode (Microsoft's "Windows
 * Authenticode Portable Executable Signature Format", PKCS#7 1.5 SignedData over SpcIndirectDataContent), and the
 * native format's envelope (COSE_Sign, RFC 9052), whose content is the manifest inside.
 *
 * The first two are built (from digests, by a signer) and checked (against digests that the verifier
 * computed itself). This layer never sees a file. */
#ifndef HM_PKI_SIGNED_H
#define HM_PKI_SIGNED_H

#include <pki/crl.h>

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
 * Not covered by a signature, so free to differ: values of unsigned attributes (a timestamp is one, and covers the
 * signature in its turn), certificates that no path needs, CRLs. */
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
    bool has_timestamp;   /* an RFC 3161 token is there; hm_signed_stamp judges it */
    bool has_certificate; /* its certificate is in the structure */
    hm_cert_info certificate;
} hm_signer_info;

enum { HM_SIGNERS_MAX = 16 };
size_t hm_signed_count(const hm_signed *parsed); /* at least 1, at most HM_SIGNERS_MAX */
const hm_signer_info *hm_signed_at(const hm_signed *parsed, size_t index);

/* What a timestamp (RFC 3161) is worth. */
typedef enum {
    HM_STAMP_NONE,      /* there is no token */
    HM_STAMP_WRONG,     /* there is one that proves nothing about this signature: WHY */
    HM_STAMP_UNTRUSTED, /* right in everything, but its authority leads to no root that is trusted for it: WHY */
    HM_STAMP_GOOD
} hm_stamp_standing;

typedef struct {
    hm_stamp_standing standing;
    char why[224];         /* unless there is none, or it is good */
    bool stranger;         /* untrusted, because it leads to none of the roots: with others it may count */
    bool read;             /* the token could be read, and what follows is what it says: */
    int64_t time;          /* genTime, Unix seconds, without its fraction */
    uint32_t microseconds; /* the fraction */
    uint64_t accuracy;     /* microseconds to either side; 0: not stated */
    char policy[64];       /* dotted numbers */
    char serial[48];       /* hexadecimal */
    bool has_authority;    /* its certificate was found: */
    hm_cert_info authority;
} hm_stamp;

typedef struct {
    const hm_trust *trust;
    int64_t now;         /* Unix seconds at which certificates are judged */
    const char *product; /* NULL, or the OU that the signing certificate and its CA must carry */
    const hm_trust *tsa; /* roots of timestamping authorities; NULL: timestamps are told of, not judged. If it is TRUST
                            itself, what a product's CA (one with an OU) certified is no authority: its word would count
                            for all products */
    const hm_crls *crls; /* NULL: nothing is known to be revoked */
    bool crl_required;   /* every certificate below the root must be judged by a list in CRLS */
} hm_verify_rules;

typedef struct {
    hm_cert_info chain[HM_CHAIN_MAX]; /* leaf first, root last */
    size_t chain_len;
    bool development;   /* some certificate of the chain carries a development policy */
    bool stamped;       /* a good timestamp says that the signature was there at AT */
    int64_t at;         /* when its certificates were judged: the timestamp's time, else rules->now */
    size_t crl_judged;  /* so many certificates of the chain, the root apart, were judged by a revocation list */
    bool revoked_since; /* one is revoked, since REVOKED_AT for REVOKED_REASON, and the timestamp, with its accuracy, is
                           from before */
    int64_t revoked_at;
    hm_crl_reason revoked_reason;
    hm_stamp stamp; /* the timestamp that counted; else the first one there is, and why it did not count */
} hm_verdict;

/* Does signer INDEX cover CONTENT, and does it chain to a trusted root with EKU codeSigning, key usage, path length,
 * name constraints and dates in order? HM_OK fills VERDICT; a refusal says which of these failed, and VERDICT means
 * nothing.
 *
 * The root must be self-signed and in rules->trust. A signer's certificate that is not in the structure is looked for
 * there too. CAs between must be allowed code signing if they carry an EKU. RSA keys have 2048 bits or more, digests
 * are SHA-256 or better. A signature without signed attributes is refused under an office's certificate: offices
 * always sign them.
 *
 * Dates are judged at the time of a good timestamp (the earliest, if there are several), and at rules->now where there
 * is none or where the certificate does not hold then. The token is not covered by the signature, so whoever wants it
 * away takes it away: one that is wrong is therefore as none, and no verdict is better for want of a token.
 *
 * A certificate below the root that a list in rules->crls names is refused, unless a good timestamp says that the
 * signature was there before the certificate became bad (the invalidity date, else the date of revocation). Lists
 * are judged at rules->now: one that is stale is refused, whatever stands in it. */
HM_MUST_USE hm_err hm_signed_verify(const hm_signed *parsed, size_t index, const hm_digest *content,
                                    const hm_verify_rules *rules, hm_verdict *verdict);

/* Does signer INDEX cover CONTENT, by the certificate that the structure carries for it? It says nothing about whose
 * certificate that is: for who knows it by its SHA-256. */
HM_MUST_USE hm_err hm_signed_covers(const hm_signed *parsed, size_t index, const hm_digest *content);

/* The timestamp of signer INDEX, judged over its signature value, with the authority's path to a root in rules->tsa at
 * its time (NULL: every path is untrusted) and rules->crls: an authority's certificate that was revoked for a reason
 * that lets its key be another's makes all of its tokens worthless, for other reasons those behind the revocation (RFC
 * 3161 section 4). rules->now is for times in the future. Of RULES nothing else counts. A fault means that it could not
 * be judged; a wrong token is no fault. */
HM_MUST_USE hm_err hm_signed_stamp(const hm_signed *parsed, size_t index, const hm_verify_rules *rules,
                                   hm_stamp *stamp);

#endif
