#include "cose.h"
#include "manifest.h"
#include "memory.h"
#include "policy.h"
#include "trust.h"
#include "verdict.h"

enum { MARK_FRAME = 1, MARK_SIGNATURES = 2, MARK_MANIFEST = 3 };

static void open_frame(hmv_pass *pass) {
    hmv_envelope_open(pass, HMV_ENVELOPE_MAX, HMV_SIGNATURES_MAX);
    hmv_mark(pass, MARK_FRAME);
}

/* 'hallmark manifest 1', as a CBOR byte string. */
static const uint8_t manifest_aad[] = {0x53, 'h', 'a', 'l', 'l', 'm', 'a', 'r', 'k', ' ',
                                       'm',  'a', 'n', 'i', 'f', 'e', 's', 't', ' ', '1'};

/* Nothing of the payload is looked at before a key that the trust list knows has signed it. */
static void check_signatures(hmv_pass *pass) {
    const hmv_bytes aad = {manifest_aad, sizeof manifest_aad};
    hmv_reader reader = hmv_elements(pass->signatures, &pass->fault);
    hmv_signature signature;
    uint32_t known = 0;
    while (reader.left > 0) {
        uint32_t found;
        hmv_signature_read(&reader, &signature);
        found = hmv_signed_by(pass, &signature, hmv_keys_with(pass->trust, signature.kid, &pass->fault), aad);
        known += found;
        pass->release->unknown_signers += 1 - found;
    }
    if (known == 0) hmv_fault(&pass->fault, HMV_NO_SIGNATURE);
    hmv_mark(pass, MARK_SIGNATURES);
}

static void parse_manifest(hmv_pass *pass) {
    hmv_manifest_parse(pass->config->digests, pass->payload, pass->release, &pass->fault);
    hmv_mark(pass, MARK_MANIFEST);
}

static const hmv_step steps[] = {
    open_frame,          check_signatures,  parse_manifest,        hmv_policy_signers,
    hmv_policy_receipts, hmv_policy_device, hmv_policy_components, hmv_policy_dependencies};

static HMV_APART void decide(const hmv_config *config, const hmv_trust *trust, hmv_act act, hmv_bytes envelope,
                             hmv_release *release, volatile hmv_reason *answer) {
    hmv_pass pass = {.config = config, .trust = trust, .act = act, .envelope = envelope, .release = release};
    memset(release, 0, sizeof *release);
    hmv_run(&pass, steps, sizeof steps / sizeof steps[0], answer);
}

/* What was accepted twice is read once more, and must be what the caller gets. */
static HMV_APART void read_again(const hmv_config *config, const hmv_release *release, volatile hmv_reason answers[3]) {
    hmv_reason fault = HMV_UNDECIDED;
    hmv_release again;
    answers[2] = answers[0];
    if (answers[0] != HMV_ACCEPTED || answers[1] != HMV_ACCEPTED) return;
    memset(&again, 0, sizeof again);
    again.unknown_signers = release->unknown_signers;
    hmv_manifest_parse(config->digests, release->manifest, &again, &fault);
    answers[2] = fault | hmv_same((const uint8_t *)&again, (const uint8_t *)release, sizeof again);
}

hmv_reason hmv_release_verify(const hmv_config *config, const hmv_trust *trust, hmv_act act, hmv_bytes envelope,
                              hmv_release *release) {
    volatile hmv_reason answers[3] = {HMV_UNDECIDED, HMV_UNDECIDED, HMV_UNDECIDED};
    decide(config, trust, act, envelope, release, &answers[0]);
    decide(config, trust, act, envelope, release, &answers[1]);
    read_again(config, release, answers);
    return hmv_conclude(answers, release, sizeof *release);
}
