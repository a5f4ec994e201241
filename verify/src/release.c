#include "cose.h"
#include "manifest.h"
#include "memory.h"
#include "policy.h"
#include "trust.h"
#include "verdict.h"

enum { MARK_SIGNATURES = 1, MARK_MANIFEST = 2, MARKS = 3 + HMV_POLICY_MARKS + HMV_RECEIPT_MARK };

/* 'hallmark manifest 1', as a CBOR byte string. */
static const uint8_t manifest_aad[] = {0x53, 'h', 'a', 'l', 'l', 'm', 'a', 'r', 'k', ' ',
                                       'm',  'a', 'n', 'i', 'f', 'e', 's', 't', ' ', '1'};

/* Nothing of the payload is looked at before a key that the trust list knows has signed it. */
static HMV_APART void check_signatures(hmv_pass *pass, hmv_release *release) {
    const hmv_bytes aad = {manifest_aad, sizeof manifest_aad};
    hmv_reader reader = hmv_inside(pass->signatures, &pass->parse);
    hmv_signature signature;
    uint32_t known = 0, found;
    while (reader.left > 0) {
        hmv_signature_read(&reader, &signature);
        found = hmv_signed_by(pass, &signature, hmv_keys_with(pass->trust, signature.kid, &pass->parse), aad);
        known += found;
        release->unknown_signers += 1 - found;
    }
    if (known == 0) hmv_fault(&pass->parse, HMV_NO_SIGNATURE);
    hmv_mark(pass, MARK_SIGNATURES);
}

static HMV_APART void decide(const hmv_config *config, const hmv_trust *trust, hmv_act act, hmv_bytes envelope,
                             hmv_release *release, volatile hmv_reason *answer) {
    hmv_pass pass = {.config = config, .trust = trust, .envelope = envelope};
    memset(release, 0, sizeof *release);
    hmv_envelope_open(&pass, HMV_SIGNATURES_MAX);
    check_signatures(&pass, release);
    if (pass.parse.fault == HMV_UNDECIDED) {
        hmv_manifest_parse(config->digests, pass.payload, release, &pass.parse);
        hmv_mark(&pass, MARK_MANIFEST);
        hmv_policy_check(&pass, act, release);
        hmv_policy_receipts(&pass, release);
    }
    *answer = hmv_answer(&pass, MARKS);
}

/* What was accepted twice is read once more, and must be what the caller gets. */
static HMV_APART void read_again(const hmv_config *config, const hmv_release *release, volatile hmv_reason answers[3]) {
    hmv_parse parse = {.fault = HMV_UNDECIDED};
    hmv_release again;
    answers[2] = answers[0];
    if (answers[0] != HMV_ACCEPTED || answers[1] != HMV_ACCEPTED) return;
    memset(&again, 0, sizeof again);
    again.unknown_signers = release->unknown_signers;
    hmv_manifest_parse(config->digests, release->manifest, &again, &parse);
    answers[2] = parse.fault | hmv_same((const uint8_t *)&again, (const uint8_t *)release, sizeof again);
}

hmv_reason hmv_release_verify(const hmv_config *config, const hmv_trust *trust, hmv_act act, hmv_bytes envelope,
                              hmv_release *release) {
    volatile hmv_reason answers[3] = {HMV_UNDECIDED, HMV_UNDECIDED, HMV_UNDECIDED};
    decide(config, trust, act, envelope, release, &answers[0]);
    decide(config, trust, act, envelope, release, &answers[1]);
    read_again(config, release, answers);
    return hmv_conclude(answers, release, sizeof *release);
}
