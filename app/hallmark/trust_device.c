#include "trust_device.h"

#include <crypto/digest.h>

#include <string.h>

const hmv_algorithm *const hm_every_algorithm[] = {&hmv_esp256, &hmv_esp384,  &hmv_ed25519, &hmv_ps256,
                                                   &hmv_rs256,  &hmv_hss_lms, NULL};
const hmv_digest *const hm_every_digest[] = {&hmv_digest_sha256, &hmv_digest_sha384, &hmv_digest_sha512, NULL};

/* The computation does not fit where the library keeps its own. */
static hm_hash running;

static void take(hmv_hash *hash, const uint8_t *data, size_t size) {
    (void)hash;
    hm_hash_update(&running, HM_BYTES(data, size));
}

static void end(hmv_hash *hash, uint8_t digest[HMV_DIGEST_MAX]) {
    (void)hash;
    hm_digest made;
    hm_hash_final(&running, &made);
    memcpy(digest, made.value, made.len);
}

static void begin_sha256(hmv_hash *hash) {
    (void)hash;
    hm_hash_init(&running, HM_SHA256);
}

static void begin_sha384(hmv_hash *hash) {
    (void)hash;
    hm_hash_init(&running, HM_SHA384);
}

static void begin_sha512(hmv_hash *hash) {
    (void)hash;
    hm_hash_init(&running, HM_SHA512);
}

static const hmv_digest fast_sha256 = {-16, 32, begin_sha256, take, end};
static const hmv_digest fast_sha384 = {-43, 48, begin_sha384, take, end};
static const hmv_digest fast_sha512 = {-44, 64, begin_sha512, take, end};
const hmv_digest *const hm_fast_digest[] = {&fast_sha256, &fast_sha384, &fast_sha512, NULL};

static const hmv_config config = {.algorithms = hm_every_algorithm, .digests = hm_every_digest};

static hmv_bytes view(hm_bytes bytes) { return (hmv_bytes){bytes.data, bytes.len}; }

hm_err hm_device_hold(hm_device_list *device, hm_bytes envelope, const uint8_t root_set[static 32]) {
    /* Whoever asks names the list that is to be held: there is no older one to fear. */
    hmv_reason reason = hmv_trust_open(&config, view(envelope), root_set, 0, &device->trust);
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
