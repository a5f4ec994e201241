#include "state.h"

#include <string.h>

hmv_verdict hmb_state_load(hmb_pair *journal, const hmb_flash *flash, uint32_t at, hmb_state *state) {
    hmb_state again;
    volatile hmv_verdict first = HMV_BAD, second = HMV_BAD;
    first = hmb_pair_open(journal, flash, at, HMB_STATE_MAGIC, (uint8_t *)state, sizeof *state);
    second = hmb_pair_open(journal, flash, at, HMB_STATE_MAGIC, (uint8_t *)&again, sizeof again);
    return first & second & hmb_same((const uint8_t *)state, (const uint8_t *)&again, sizeof again);
}

hmv_verdict hmb_state_store(hmb_pair *journal, hmb_state *state) { return hmb_pair_append(journal, (uint8_t *)state); }

int hmb_trial_under_way(const hmb_state *state) {
    int found = 0;
    for (size_t bank = 0; bank < HMB_BANKS; bank++) found = found || state->bank[bank].trial < HMB_SLOTS;
    return found;
}

static void fill_id(uint8_t id[HMV_ID_MAX], hmv_bytes component) {
    size_t size = component.size < HMV_ID_MAX ? component.size : HMV_ID_MAX;
    memset(id, 0, HMV_ID_MAX);
    memcpy(id, component.data, size);
}

static hmb_counter *entry_of(hmb_state *state, const uint8_t *publisher, const uint8_t id[HMV_ID_MAX]) {
    for (size_t i = 0; i < HMB_COUNTERS; i++) {
        hmb_counter *counter = &state->counter[i];
        if (memcmp(counter->publisher, publisher, HMV_UUID_SIZE) == 0 &&
            memcmp(counter->component, id, HMV_ID_MAX) == 0)
            return counter;
    }
    return NULL;
}

static hmb_counter *find(hmb_state *state, hmv_bytes publisher, hmv_bytes component) {
    uint8_t id[HMV_ID_MAX];
    fill_id(id, component);
    return entry_of(state, publisher.data, id);
}

const hmb_counter *hmb_counter_find(const hmb_state *state, hmv_bytes publisher, hmv_bytes component) {
    return find((hmb_state *)(uintptr_t)state, publisher, component);
}

static hmb_counter *find_free(hmb_state *state) {
    static const uint8_t zero[HMV_ID_MAX];
    return entry_of(state, zero, zero);
}

hmv_verdict hmb_counter_raise(hmb_state *state, hmv_bytes publisher, hmv_bytes component, uint64_t sequence,
                              uint64_t security_version) {
    hmb_counter *counter = find(state, publisher, component);
    if (!counter) {
        counter = find_free(state);
        if (!counter) return HMV_BAD;
        memcpy(counter->publisher, publisher.data, HMV_UUID_SIZE);
        fill_id(counter->component, component);
    }
    if (counter->sequence < sequence) counter->sequence = sequence;
    if (counter->security_version < security_version) counter->security_version = security_version;
    return HMV_GOOD;
}

/* What is not there counts as 0, as long as there is room for it to be there. */
static const hmb_counter *known(hmb_state *state, hmv_bytes publisher, hmv_bytes component) {
    const hmb_counter *counter = find(state, publisher, component);
    return counter ? counter : find_free(state);
}

hmv_verdict hmb_platform_state(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *sequence) {
    const hmb_counter *counter = known(context, publisher, component);
    if (!counter) return HMV_BAD;
    *sequence = counter->sequence;
    return HMV_GOOD;
}

hmv_verdict hmb_platform_counter(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *security_version) {
    const hmb_counter *counter = known(context, publisher, component);
    if (!counter) return HMV_BAD;
    *security_version = counter->security_version;
    return HMV_GOOD;
}
