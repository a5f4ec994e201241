/* Signatures that are there already, and what they mean for the one to be made. */
#include "sign_state.h"

#include <string.h>

static hm_err trust(hm_signing *s) { return s->trust ? HM_OK : hm_trust_from_pem(s->orders->trust, &s->trust); }

typedef enum { NOT_OURS, OURS_STALE, OURS_GOOD } standing;

/* The certificate that was announced, or one of those before it: of the same authority of this office, for the same
 * product. */
static bool is_ours(const hm_signing *s, const hm_cert_info *info) {
    const hm_cert_info *announced = &s->announced;
    if (memcmp(info->sha256, s->certificate_sha256, sizeof s->certificate_sha256) == 0) return true;
    return announced->has_office && info->has_office && announced->product[0] && info->code_signing &&
           memcmp(info->office, announced->office, sizeof info->office) == 0 &&
           strcmp(info->issuer, announced->issuer) == 0 && strcmp(info->organization, announced->organization) == 0 &&
           strcmp(info->product, announced->product) == 0;
}

/* Is this signer our key, and does its signature cover what is there now? */
static hm_err judge(hm_signing *s, const hm_signatures *signatures, size_t i, const hm_digests *digests,
                    standing *verdict) {
    const hm_signer_info *info = signatures->signer[i].info;
    *verdict = NOT_OURS;
    if (!info->known || !info->has_certificate || !is_ours(s, &info->certificate)) return HM_OK;
    HM_TRY(trust(s));
    hm_verify_rules rules = {.trust = s->trust, .now = s->orders->now};
    hm_verdict ignored;
    const hm_digest *content = hm_digests_find(digests, info->digest);
    hm_err err =
        content ? hm_signed_verify(signatures->signer[i].parsed, signatures->signer[i].index, content, &rules, &ignored)
                : hm_refuse("no digest");
    bool good;
    HM_TRY(hm_decided(err, &good));
    *verdict = good ? OURS_GOOD : OURS_STALE;
    return HM_OK;
}

/* A good one of ours is there. If timestamps are wanted it is kept, to be given one. */
static hm_err note_present(hm_signing *s, hm_sign_job *pending, const hm_signatures *signatures, size_t i) {
    const hm_opened *opened = &pending->opened;
    const hm_signer_info *info = signatures->signer[i].info;
    pending->is_present = true;
    pending->is_latest |= memcmp(info->certificate.sha256, s->certificate_sha256, sizeof s->certificate_sha256) == 0;
    memcpy(pending->present, info->signature_hash, sizeof pending->present);
    pending->is_stamped |= info->has_timestamp;
    pending->is_beside = signatures->structures > 1;
    pending->index = signatures->signer[i].index;
    if (!s->orders->stamps.count || pending->structure.len) return HM_OK;
    return hm_put(&pending->structure, opened->format->signature(opened->subject, 0));
}

hm_err hm_sign_consider_present(hm_signing *s, hm_sign_job *pending, const hm_signatures *signatures) {
    const hm_format *format = pending->opened.format;
    for (size_t i = 0; i < signatures->signers; i++) {
        standing found;
        HM_TRY(judge(s, signatures, i, &pending->digests, &found));
        if (s->orders->replace) continue;
        if (found == OURS_GOOD) {
            HM_TRY(note_present(s, pending, signatures, i));
            continue;
        }
        if (found == OURS_STALE && !format->several) continue;
        if (found == OURS_STALE)
            return hm_refuse(
                "carries our own signature over other content: it was changed after it was signed (--replace "
                "signs it as it is now)");
        if (!format->several)
            return hm_refuse("is signed by somebody else already: %s (--replace replaces that signature)",
                             signatures->signer[i].info->has_certificate
                                 ? signatures->signer[i].info->certificate.subject
                                 : "an unknown signer");
    }
    return HM_OK;
}
