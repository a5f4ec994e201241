/* A request: somebody asks for signatures over these artifacts, which approvers then look at. A map in deterministic
 * CBOR (RFC 8949 section 4.2); an approval is a signature by the approver's own key over exactly these bytes (P3), so
 * it is for this office, product, release, and these digests, until the request expires, and for nothing else.
 * docs/statements.md has the CDDL. */
#ifndef HM_POLICY_REQUEST_H
#define HM_POLICY_REQUEST_H

#include <base/bytes.h>
#include <crypto/algorithm.h>

enum {
    HM_REQUEST_MAX = 40000,
    HM_REQUEST_ARTIFACTS = 256,
    HM_REQUEST_NAME_MAX = 255,
    HM_REQUEST_RELEASE_MAX = 64,
    HM_REQUEST_MANIFEST_MAX = 8192,
    HM_REQUEST_DOCUMENTS = 16,
    HM_DOCUMENTS_MAX = 4800 /* bytes of their CBOR */
};

/* One file to be signed, with one key. Digests and size are its parser's word; an approver's client computes them from
 * the file anew. */
typedef struct {
    unsigned format; /* HM_LOGGED_... */
    hm_key_algorithm algorithm;
    hm_bytes name; /* for people: what counts are the digests */
    uint64_t size;
    hm_bytes plain;   /* SHA-256 of the file */
    hm_bytes content; /* what will be signed: 32, 48 or 64 octets */
} hm_artifact;

/* What goes with a release and is not signed itself: what it is made of, and how it was made. The office keeps name and
 * digest; the file is whose it is. Stored: never reuse a number. */
typedef enum { HM_DOCUMENT_SBOM = 1, HM_DOCUMENT_PROVENANCE = 2 } hm_document_kind;
enum { HM_DOCUMENT_KINDS = 2 };
/* "sbom", "provenance"; NULL for what is none. */
const char *hm_document_kind_name(unsigned kind);
typedef struct {
    hm_document_kind kind;
    hm_bytes name;   /* readable, 1 to HM_REQUEST_NAME_MAX bytes; for people: what counts is the digest */
    hm_bytes sha256; /* of the file */
} hm_document;
/* By kind and digest in ascending order, each once. */
typedef struct {
    size_t count;
    hm_document document[HM_REQUEST_DOCUMENTS];
} hm_documents;
/* Put DOCUMENT where it belongs. A refusal if it is there already, or one too many. */
HM_MUST_USE hm_err hm_documents_add(hm_documents *documents, const hm_document *document);
/* Append their CBOR, an array; nothing for none. */
HM_MUST_USE hm_err hm_documents_put(const hm_documents *documents, hm_buf *cbor);
/* CBOR is exactly such an array, or empty: views into it. */
HM_MUST_USE hm_err hm_documents_get(hm_bytes cbor, hm_documents *documents);
/* Are these the same, whatever they are called? */
bool hm_documents_same(const hm_documents *a, const hm_documents *b);
bool hm_documents_have(const hm_documents *documents, hm_document_kind kind);

typedef struct {
    uint8_t office[16];
    hm_bytes requester, product, release; /* release: empty if none was named */
    hm_bytes rule;                        /* of the policy, under which it was asked */
    int64_t time, expires;                /* Unix seconds, UTC */
    uint64_t statements;                  /* in force when it was asked: the policy's version */
    size_t artifacts;
    hm_artifact artifact[HM_REQUEST_ARTIFACTS]; /* views */
    /* Of a native release, what is signed itself: versions and sequence number are fixed, and approvers see them. Every
     * artifact is this manifest then, for another key. Empty: the request is for no native release. */
    hm_bytes manifest;
    /* Not to sign, but to let out what was signed. Of an artifact then NAME counts, too, PLAIN and SIZE are of the file
     * as it is let out, and CONTENT is the digest that was signed, under BY's request, with a key of ALGORITHM. */
    bool publish;
    hm_bytes by;
    hm_documents documents; /* that go with what is to be signed */
} hm_request;

/* Append the CBOR of REQUEST. A refusal, with nothing appended, if it could not be read again. About 25 KiB: not for a
 * stack. */
HM_MUST_USE hm_err hm_request_put(const hm_request *request, hm_buf *cbor);
/* CBOR is exactly one request: views into it. Strict; two artifacts are never the same. On a fault all zero. */
HM_MUST_USE hm_err hm_request_get(hm_bytes cbor, hm_request *request);
/* Are these the same to sign, whatever they are called? */
bool hm_artifact_same(const hm_artifact *a, const hm_artifact *b);
/* An approver's own look at one artifact: it is one of REQUEST's, and none that was MATCHED before. A file that is let
 * out is so under its name. */
HM_MUST_USE hm_err hm_request_match(const hm_request *request, const hm_artifact *artifact,
                                    bool matched[static HM_REQUEST_ARTIFACTS]);
/* All were; a refusal names the first that was not. */
HM_MUST_USE hm_err hm_request_matched(const hm_request *request, const bool matched[static HM_REQUEST_ARTIFACTS]);

#endif
