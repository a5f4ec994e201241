#include "cose.h"
#include "manifest.h"
#include "memory.h"
#include "policy.h"
#include "trust.h"

enum { MARK_SIGNATURES = 1, MARK_MANIFEST = 2, MARKS = 3 + HMV_POLICY_MARKS + HMV_RECEIPT_MARK };

/* 'hallmark manifest 1', as a CBOR byte string. */
static const uint8_t manifest_aad[] = {0x53, 'h', 'a', 'l', 'l', 'm', 'a', 'r', 'k', ' ',
                                       'm',  'a', 'n', 'i', 'f', 'e', 's', 't', ' ', '1'};

/* Nothing of the payload is looked at before a key that the trust list knows has signed it. */
static uint32_t check_signatures(hmv_pass *pass) {
    const hmv_bytes aad = {manifest_aad, sizeof manifest_aad};
    uint32_t known = hmv_signatures_verify(pass, NULL, aad);
    if (known == 0) hmv_fault(&pass->parse, HMV_NO_SIGNATURE);
    hmv_mark(pass, MARK_SIGNATURES);
    return known;
}

static HMV_APART void decide(const hmv_config *config, const hmv_trust *trust, hmv_act act, hmv_bytes envelope,
                             hmv_release *release, hmv_outcome *outcome) {
    hmv_pass pass = {.config = config, .trust = trust, .envelope = envelope};
    uint32_t known;
    memset(release, 0, sizeof *release);
    hmv_envelope_open(&pass, HMV_SIGNATURES_MAX);
    known = check_signatures(&pass);
    if (pass.parse.fault == HMV_UNDECIDED) {
        hmv_manifest_parse(config->digests, &pass.payload, release, &pass.parse);
        hmv_mark(&pass, MARK_MANIFEST);
        hmv_policy_check(&pass, act, release);
        hmv_policy_receipts(&pass, release);
        release->unknown_signers = release->signers - known;
    }
    hmv_finish(&pass, MARKS, release, sizeof *release, outcome);
}

hmv_reason hmv_release_verify(const hmv_config *config, const hmv_trust *trust, hmv_act act, hmv_bytes envelope,
                              hmv_release *release) {
    hmv_outcome outcomes[2] = {{HMV_UNDECIDED, 0}, {HMV_UNDECIDED, 0}};
    decide(config, trust, act, envelope, release, &outcomes[0]);
    decide(config, trust, act, envelope, release, &outcomes[1]);
    return hmv_conclude(outcomes, release, sizeof *release);
}
