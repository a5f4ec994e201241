#include <hallmark/verify.h>

#include "memory.h"
#include "verdict.h"

hmv_verdict hmv_is_accepted(const volatile hmv_reason *answer) {
    /* Each half of the verdict is one reading's. */
    return (*answer & 0xFFFF0000u) | (*answer & 0x0000FFFFu);
}

void hmv_payload_init(hmv_payload *payload, const hmv_component *component) {
    memset(payload, 0, sizeof *payload);
    payload->component = component;
    component->digest_algorithm->init(&payload->hash);
}

void hmv_payload_update(hmv_payload *payload, const uint8_t *data, size_t size) {
    const hmv_component *component = payload->component;
    if (size > component->size - payload->seen) payload->fault = HMV_LONG_PAYLOAD;
    if (payload->fault != HMV_UNDECIDED) return;
    payload->seen += size;
    component->digest_algorithm->update(&payload->hash, data, size);
}

hmv_reason hmv_payload_final(hmv_payload *payload) {
    const hmv_component *component = payload->component;
    volatile hmv_reason answer = HMV_UNDECIDED;
    uint8_t digest[HMV_DIGEST_MAX];
    memset(digest, 0, sizeof digest);
    if (payload->fault == HMV_UNDECIDED && payload->seen < component->size) payload->fault = HMV_SHORT_PAYLOAD;
    if (payload->fault != HMV_UNDECIDED) return payload->fault;
    payload->fault = HMV_OTHER_PAYLOAD; /* there is no second answer */
    component->digest_algorithm->final(&payload->hash, digest);
    answer = hmv_same(digest, component->digest.data, component->digest_algorithm->size);
    return answer == HMV_ACCEPTED ? answer : HMV_OTHER_PAYLOAD;
}

/* The whole of component number INDEX, piece by piece, into PAYLOAD. */
static void read_all(const hmv_platform *platform, size_t index, hmv_payload *payload, uint8_t *buffer, size_t size) {
    uint64_t left = payload->component->size, offset = 0;
    while (left > 0 && payload->fault == HMV_UNDECIDED) {
        size_t piece = left < size ? (size_t)left : size;
        volatile hmv_verdict verdict = HMV_BAD;
        verdict = platform->read(platform->context, index, offset, buffer, piece);
        if (verdict != HMV_GOOD) payload->fault = HMV_READ_FAULT;
        hmv_payload_update(payload, buffer, piece);
        offset += piece;
        left -= piece;
    }
}

hmv_reason hmv_payload_read(const hmv_config *config, const hmv_release *release, size_t index, hmv_payload *payload,
                            uint8_t *buffer, size_t size) {
    if (index >= release->components || size == 0) return HMV_READ_FAULT;
    hmv_payload_init(payload, &release->component[index]);
    read_all(config->platform, index, payload, buffer, size);
    return hmv_payload_final(payload);
}
