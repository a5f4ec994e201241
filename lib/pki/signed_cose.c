/* The signers of an envelope (COSE_Sign), seen as those of any signed structure: the content is the manifest that the
 * envelope carries, a signer's certificate is the first of its x5chain. */
#include "cose_headers.h"
#include "signed_parsed.h"

#include <stdio.h>

static hm_err take_chain(hm_signed *parsed, hm_parsed_signer *signer) {
    for (size_t i = 0; i < signer->cose.chain.count; i++) {
        size_t at;
        HM_TRY(hm_in(hm_signed_take_certificate(parsed, signer->cose.chain.cert[i], &at), "x5chain"));
        if (i == 0) signer->certificate = &parsed->certificate[at];
    }
    signer->info.has_certificate = signer->certificate != NULL;
    if (signer->certificate) signer->info.certificate = signer->certificate->info;
    return HM_OK;
}

static void describe(hm_parsed_signer *signer) {
    hm_signer_info *info = &signer->info;
    const char *name = hm_cose_algorithm_name(signer->cose.algorithm);
    info->scheme = hm_cose_scheme(signer->cose.algorithm);
    info->known = info->scheme && signer->cose.algorithm != HM_COSE_ES256;
    if (!info->known && name)
        snprintf(info->why, sizeof info->why, "a signature by %s is checked with a trust list (--trust LIST)", name);
    else if (!info->known)
        snprintf(info->why, sizeof info->why, "COSE algorithm %lld is not known", (long long)signer->cose.algorithm);
    /* Of the manifest, and the name of what is signed in the log, whatever the signature's own algorithm. */
    info->digest = HM_SHA256;
    hm_sha256(signer->cose.value, info->signature_hash);
    /* The Sig_structure says what the signature is for. */
    signer->has_attributes = info->has_signed_attributes = true;
}

hm_err hm_signed_take_envelope(hm_signed *parsed, hm_bytes cbor) {
    hm_cose_envelope envelope;
    HM_TRY(hm_cose_envelope_get(cbor, &envelope));
    parsed->payload = envelope.payload;
    for (; parsed->signer_count < envelope.signatures; parsed->signer_count++) {
        hm_parsed_signer *signer = &parsed->signer[parsed->signer_count];
        signer->cose = envelope.signature[parsed->signer_count];
        describe(signer);
        HM_TRY(take_chain(parsed, signer));
    }
    return HM_OK;
}

hm_err hm_signed_check_envelope(const hm_signed *parsed, const hm_parsed_signer *signer, hm_bytes spki,
                                const hm_digest *content) {
    hm_digest manifest;
    hm_digest_of(HM_SHA256, parsed->payload, &manifest);
    if (!hm_digest_equal(&manifest, content))
        return hm_refuse("the manifest is not the one whose payloads were looked at");
    return hm_cose_verify(HM_COSE_MANIFEST, parsed->payload, &signer->cose, spki);
}
