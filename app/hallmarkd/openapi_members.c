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
    {HM_MSG_REQUEST, "state", "open, rejected, cancelled, expired or done"},
    {HM_MSG_PROVE_KEY, "signature", "COSE_Signature (RFC 9052, section 4.1)"},
    {HM_MSG_LOG_ENTRY, "leaf", "CBOR (docs/log.md)"},
    {HM_MSG_LOG_ENTRY, "details", "JSON (docs/log.md); empty: erased"},
    {HM_MSG_KEY, "spki", "SubjectPublicKeyInfo, DER"},
    {HM_MSG_KEY, "certificate", "DER"},
    {HM_MSG_KEY, "chain", "certificates in DER, one behind the other"},
    {HM_MSG_CERT_IMPORT, "chain", "certificates in DER, one behind the other"},
    {HM_MSG_TRUST_SIGN, "list", "a trust list in its envelope (docs/trust-list.md)"},
    {HM_MSG_TRUST_SIGN, "old", "the list that it replaces, or nothing"},
    {HM_MSG_PUBLISH_FILE, "plain", "SHA-256 of the file"},
    {HM_MSG_PUBLISH_FILE, "signature", "SHA-256 of a signature that the log has for it"},
    {HM_MSG_PUBLISH_FILE, "content", "what that was made over"},
    {HM_MSG_PUBLISH_FILE, "carries", "the file holds that signature; otherwise it is what was signed"},
    {HM_MSG_PUBLISH_FILE, "operand", "the client's own number for the file, which is given back"},
    {0, "request", "SHA-256 of a request"},
};

void hm_openapi_describe(hm_message_type type, json_t *properties) {
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *member = json_object_get(properties, members[i].member);
        if (member && (!members[i].type || members[i].type == type) && !json_object_get(member, "description"))
            json_object_set_new(member, "description", json_string(members[i].what));
    }
}
