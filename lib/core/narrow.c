/* Narrowing a session: from then on it belongs to a process that parses untrusted files, and what that process may ask
 * for is what the user asked for. */
#include "office.h"

#include <pki/cose.h>

#include <stdio.h>
#include <string.h>

/* What is signed as what, and nothing as anything else: the log says of a signature what it is. */
static const struct {
    uint64_t structure;
    uint32_t formats;
} signed_as[] = {
    {HM_STRUCTURE_CMS, 1u << HM_LOGGED_CMS | 1u << HM_LOGGED_CATALOGUE},
    {HM_STRUCTURE_AUTHENTICODE_PE, 1u << HM_LOGGED_PE},
    {HM_STRUCTURE_COSE, 1u << HM_LOGGED_MANIFEST},
};
enum { STRUCTURES = sizeof signed_as / sizeof signed_as[0] };

/* Ten years of seconds. A sequence number that nobody chose is about the time (or follows the last one); one at the end
 * of the range would be the product's last. */
static const int64_t sequence_room = INT64_C(10) * 366 * 24 * 3600;

static uint32_t all_formats(void) {
    uint32_t all = 0;
    for (size_t i = 0; i < STRUCTURES; i++) all |= signed_as[i].formats;
    return all;
}

/* Of an envelope the core takes one thing: which manifest it holds. */
static hm_err take_envelope(hm_office *office, hm_bytes bytes) {
    static hm_cose_envelope envelope; /* one core per process; too large for a stack */
    HM_TRY(hm_cose_envelope_get(bytes, &envelope));
    hm_sha256(envelope.payload, office->session->cosign_sha256);
    office->session->cosign = true;
    return HM_OK;
}

/* They go with what is signed, or requested, of a product. */
static hm_err take_documents(hm_office *office, const hm_message *message) {
    hm_documents documents;
    hm_bytes bytes = message->field[HM_NARROW_DOCUMENTS].bytes;
    if (!bytes.len) return HM_OK;
    if (!message->field[HM_NARROW_PRODUCT].bytes.len || message->field[HM_NARROW_COSIGN].bytes.len)
        return hm_refuse("core language: documents go with what is signed of a product");
    HM_TRY(hm_in(hm_documents_get(bytes, &documents), "SBOM and provenance"));
    office->session->documents.len = 0;
    return hm_put(&office->session->documents, bytes);
}

hm_err hm_session_documents(const hm_office *office, hm_documents *documents) {
    return hm_documents_get(hm_buf_bytes(&office->session->documents), documents);
}

static hm_err check(const hm_message *message) {
    uint64_t formats = message->field[HM_NARROW_FORMATS].number,
             signatures = message->field[HM_NARROW_SIGNATURES].number;
    if (!message->field[HM_NARROW_PRODUCT].bytes.len && signatures)
        return hm_refuse("core language: signatures are for a product");
    if (message->field[HM_NARROW_PRODUCT].bytes.len && message->field[HM_NARROW_PROOFS].number)
        return hm_refuse("core language: a session for a product asks for no proofs");
    if (signatures && !formats) return hm_refuse("core language: signatures are of a format");
    if (formats & ~(uint64_t)all_formats()) return hm_refuse("core language: there is no such format to sign");
    if (!message->field[HM_NARROW_COSIGN].bytes.len || formats == 1u << HM_LOGGED_MANIFEST) return HM_OK;
    return hm_refuse("core language: only manifests are co-signed");
}

hm_err hm_narrow(hm_office *office, const hm_message *message) {
    hm_bytes product = message->field[HM_NARROW_PRODUCT].bytes, release = message->field[HM_NARROW_RELEASE].bytes,
             envelope = message->field[HM_NARROW_COSIGN].bytes;
    if (office->session->narrowed) return hm_refuse("this session is for one product and one release already");
    HM_TRY(check(message));
    HM_TRY(take_documents(office, message));
    if (envelope.len) HM_TRY(take_envelope(office, envelope));
    if (product.len) HM_TRY(hm_product_find(office, product, &office->session->product));
    snprintf(office->session->release, sizeof office->session->release, "%.*s", (int)release.len,
             (const char *)release.data);
    office->session->formats = (uint32_t)message->field[HM_NARROW_FORMATS].number;
    office->session->signatures_left = office->session->signatures_granted =
        message->field[HM_NARROW_SIGNATURES].number;
    office->session->receipts_left = office->session->stamps_left = office->session->signatures_granted;
    office->session->proofs_left = message->field[HM_NARROW_PROOFS].number;
    office->session->sequence = message->field[HM_NARROW_SEQUENCE].number;
    office->session->security_version = message->field[HM_NARROW_SECURITY_VERSION].number;
    office->session->narrowed = true;
    bool signs = office->session->signatures_granted && office->session->noting == HM_NOTING_NOTHING;
    return signs ? hm_keys_rotate(office) : HM_OK;
}

hm_err hm_narrow_allows(const hm_office *office, uint64_t structure, uint64_t format) {
    size_t i = 0;
    while (i < STRUCTURES && signed_as[i].structure != structure) i++;
    if (i == STRUCTURES) return hm_refuse("there is no signed structure %llu", (unsigned long long)structure);
    uint32_t bit = format < 32 ? 1u << format : 0;
    if (!(signed_as[i].formats & bit))
        return hm_refuse("core language: structure %llu is not of format %llu", (unsigned long long)structure,
                         (unsigned long long)format);
    return office->session->formats & bit
               ? HM_OK
               : hm_refuse("this session signs nothing of format %llu", (unsigned long long)format);
}

uint32_t hm_narrow_formats(const hm_office *office, uint64_t structure) {
    uint32_t formats = 0;
    for (size_t i = 0; i < STRUCTURES; i++)
        if (signed_as[i].structure == structure) formats |= signed_as[i].formats;
    return formats & office->session->formats;
}

static hm_err allows_sequence(const hm_office *office, uint64_t sequence) {
    if (office->session->sequence)
        return sequence == office->session->sequence ? HM_OK
                                                     : hm_refuse("this session is for sequence number %llu",
                                                                 (unsigned long long)office->session->sequence);
    uint64_t highest;
    if (sequence <= (uint64_t)(hm_now() + sequence_room)) return HM_OK;
    HM_TRY(hm_releases_highest(office, &highest));
    return sequence == highest + 1
               ? HM_OK
               : hm_refuse("a sequence number so far ahead of the time must be given with --sequence (no later release "
                           "may have a lower one)");
}

hm_err hm_narrow_allows_release(const hm_office *office, const hmv_release *release, hm_bytes content) {
    if (office->session->cosign)
        return hm_bytes_equal(content, HM_ARRAY(office->session->cosign_sha256))
                   ? HM_OK
                   : hm_refuse("this session may have the named envelope's manifest signed, and only that (was it "
                               "changed meanwhile?)");
    HM_TRY(allows_sequence(office, release->sequence));
    for (size_t i = 0; i < release->components; i++)
        if (release->component[i].security_version > office->session->security_version)
            return hm_refuse("a security version above %llu must be given in the command, with --security-version or "
                             "--component (no device goes back below it)",
                             (unsigned long long)office->session->security_version);
    return HM_OK;
}
