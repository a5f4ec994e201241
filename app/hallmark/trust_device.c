#include "trust_device.h"

const hmv_algorithm *const hm_every_algorithm[] = {&hmv_esp256, &hmv_esp384,  &hmv_ed25519, &hmv_ps256,
                                                   &hmv_rs256,  &hmv_hss_lms, NULL};
const hmv_digest *const hm_every_digest[] = {&hmv_digest_sha256, &hmv_digest_sha384, &hmv_digest_sha512, NULL};

static const hmv_config config = {.algorithms = hm_every_algorithm, .digests = hm_every_digest};

static hmv_bytes view(hm_bytes bytes) { return (hmv_bytes){bytes.data, bytes.len}; }

hm_err hm_device_hold(hm_device_list *device, hm_bytes envelope, const uint8_t root_set[static 32]) {
    hmv_reason reason = hmv_trust_open(&config, view(envelope), root_set, &device->trust);
    return HMV_IS_ACCEPTED(reason) ? HM_OK : hm_refuse("%s", hmv_reason_text(reason));
}

hm_err hm_device_offer(hm_device_list *device, hm_bytes envelope, hm_reason_text *said) {
    hmv_trust next;
    uint8_t roots[HMV_SHA256_SIZE];
    hmv_reason reason = hmv_trust_update(&config, &device->trust, view(envelope), &next, roots);
    *said = (hm_reason_text){HMV_IS_ACCEPTED(reason), reason == HMV_SAME_LIST, hmv_reason_text(reason)};
    if (said->accepted) device->trust = next;
    return HM_OK;
}
