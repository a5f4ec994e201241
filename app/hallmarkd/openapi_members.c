/* What members hold that their type does not say. docs/core-language.md has the meaning of all of them. */
#include "openapi.h"

#include <stddef.h>

static const struct {
    hm_message_type type; /* 0: of any */
    const char *member, *what;
} members[] = {
    {HM_MSG_REQUEST, "body",
     "the request, which approvers sign: deterministic CBOR in base64; docs/statements.md has its CDDL"},
    {HM_MSG_PUBLISHED, "body",
     "which files: a request as GET /requests has it (docs/statements.md, CDDL); empty: the release was taken back"},
    {HM_MSG_STATEMENT, "envelope", "COSE_Sign of a statement, which is deterministic CBOR (docs/statements.md, CDDL)"},
    {HM_MSG_STATEMENT_ADD, "envelope",
     "COSE_Sign of a statement, which is deterministic CBOR (docs/statements.md, CDDL)"},
    {HM_MSG_NARROW, "documents", "SBOM and provenance files: member 14 of a request (docs/statements.md, CDDL)"},
    {HM_MSG_NARROW, "cosign", "the envelope of another publisher's manifest, COSE_Sign (docs/manifest.md)"},
    {HM_MSG_NARROW, "sequence", "of a manifest, if it was chosen"},
    {HM_MSG_SIGN, "plain", "SHA-256 of the file"},
    {HM_MSG_SIGN, "content", "the format's own digest of the file, which is signed; for cms the same as plain"},
    {HM_MSG_SIGN, "statement", "the manifest (docs/manifest.md), for cose alone"},
    {HM_MSG_SIGN, "present",
     "SHA-256 of a signature that the file has already: if it is one of this product and release, nothing is signed"},
    {HM_MSG_SIGNED, "structure",
     "CMS SignedData or the Authenticode structure in DER, or one COSE_Signature; empty: what is present will do"},
    {HM_MSG_SIGNED, "intent", "entry of the log"},
    {HM_MSG_SIGNED, "outcome", "entry of the log"},
    {HM_MSG_REQUEST_DECIDE, "signature",
     "COSE_Signature over the decision, by a key of the approver's (docs/statements.md); none to cancel"},
    {HM_MSG_REQUEST, "approvers", "names, separated by spaces"},
    {HM_MSG_REQUEST, "revoked", "who approved what is closed or was used, and is no principal any more"},
    {HM_MSG_REQUEST, "ended", "the same who is one, with another key or without the role"},
    {HM_MSG_REQUEST, "state", "open, rejected, cancelled, expired or done"},
    {HM_MSG_PROVE_KEY, "signature", "COSE_Signature (RFC 9052, section 4.1)"},
    {HM_MSG_LOG_ENTRY, "leaf", "CBOR (docs/log.md)"},
    {HM_MSG_LOG_SEARCH, "key", "digits that the key's id begins with, 8 or more"},
    {HM_MSG_LOG_SEARCH, "principal", "who asked; in an office without founders the actor, as unix:1000"},
    {HM_MSG_LOG_SEARCH, "digest", "of the file, of what was signed, of the signature or of the certificate"},
    {HM_MSG_LOG_SEARCH, "type", "intent, outcome, refusal, ceremony, failure, request or publication"},
    {HM_MSG_LOG_SEARCH, "since", "seconds since 1970: not before then, as the entry's own time says"},
    {HM_MSG_LOG_SEARCH, "until", "seconds since 1970: before then"},
    {HM_MSG_LOG_SEARCH, "from", "entries with lower numbers are passed over"},
    {HM_MSG_LOG_SEARCH, "limit", "of hits; 0: 1000"},
    {HM_MSG_LOG_SEARCH, "complete",
     "1: every entry is read from the first of that time on, and not only those that the index names"},
    {HM_MSG_LOG_SEARCHED, "next", "more may follow from this entry on; size: none do"},
    {HM_MSG_LOG_SEARCHED, "size", "of the log, when it was asked about"},
    {HM_MSG_LOG_SEARCHED, "complete", "it was asked for and is so, for the entries from first on and before next"},
    {HM_MSG_LOG_SEARCHED, "root", "of the checkpoint over size entries, to which those that were read lead"},
    {HM_MSG_LOG_SEARCHED, "erased", "entries of which cannot be told, because their details were erased"},
    {HM_MSG_LOG_SEARCHED, "why", "it is not complete"},
    {HM_MSG_LOG_ENTRY, "details", "JSON (docs/log.md); empty: erased"},
    {HM_MSG_KEY, "spki", "SubjectPublicKeyInfo, DER"},
    {HM_MSG_KEY, "certificate", "DER"},
    {HM_MSG_KEY, "signs", "1: the next signature of its product and algorithm (and release) is made with it"},
    {HM_MSG_KEY, "chain", "certificates in DER, one behind the other"},
    {HM_MSG_CERT_IMPORT, "chain", "certificates in DER, one behind the other"},
    {HM_MSG_CERT_REVOKE, "certificate", "SHA-256 of its DER"},
    {HM_MSG_CERT_REVOKE, "reason",
     "0 unspecified, 3 affiliation changed, 4 superseded, 5 cessation of operation, 9 privilege withdrawn"},
    {HM_MSG_CERT_REVOKE, "invalidity", "since when it may have been bad, seconds since 1970; 0: not said"},
    {HM_MSG_CERT, "certificate", "SHA-256 of its DER"},
    {HM_MSG_CERT, "reason", "of its revocation (RFC 5280, section 5.3.1)"},
    {HM_MSG_CERT, "revoked", "seconds since 1970; 0: it is not"},
    {HM_MSG_CERT, "invalidity", "since when it may have been bad, seconds since 1970; 0: not said"},
    {HM_MSG_CERT, "marks", "bit 0: its key signs with it; bit 1: it was brought in"},
    {HM_MSG_CRL, "product", "empty: the root's list"},
    {HM_MSG_CRL, "days", "how long a new list counts; 0: 90, or as long as the one before"},
    {HM_MSG_CRL, "renew", "1: a new one, whatever there is"},
    {HM_MSG_EXPIRY, "kind",
     "1: a certificate; 2: a revocation list, whose number is `serial`; the others docs/core-language.md has"},
    {HM_MSG_TRUST_SIGN, "list", "a trust list in its envelope (docs/trust-list.md)"},
    {HM_MSG_TRUST_SIGN, "old", "the list that it replaces, or nothing"},
    {HM_MSG_PUBLISH_FILE, "plain", "SHA-256 of the file"},
    {HM_MSG_PUBLISH_FILE, "signature", "SHA-256 of a signature that the log has for it"},
    {HM_MSG_PUBLISH_FILE, "content", "what that was made over"},
    {HM_MSG_PUBLISH_FILE, "carries", "the file holds that signature; otherwise it is what was signed"},
    {HM_MSG_PUBLISH_FILE, "operand", "the client's own number for the file, which is given back"},
    {HM_MSG_TIMESTAMP, "request", "TimeStampReq, DER (RFC 3161); the answer's content is a TimeStampResp"},
    {HM_MSG_TSA, "certificate", "DER"},
    {HM_MSG_TSA, "clock", "why no token would be given at this moment; empty: one would"},
    {HM_MSG_TSA_SET, "source", "kernel, sntp:ADDRESS:PORT or none; empty: the office stamps no more"},
    {HM_MSG_TSA_SET, "max_offset", "milliseconds that the office's clock may be off"},
    {0, "request", "SHA-256 of a request"},
};

void hm_openapi_describe(hm_message_type type, json_t *properties) {
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *member = json_object_get(properties, members[i].member);
        if (member && (!members[i].type || members[i].type == type) && !json_object_get(member, "description"))
            json_object_set_new(member, "description", json_string(members[i].what));
    }
}
