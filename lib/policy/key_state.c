#include <policy/key_state.h>

#include <base/closest.h>

enum { OFFICERS_LEAST = 2 };

static const char *const names[HM_KEY_STATES + 1] = {NULL,          "pre-activation", "active",   "suspended",
                                                     "deactivated", "compromised",    "destroyed"};

const char *hm_key_state_name(unsigned state) { return state <= HM_KEY_STATES ? names[state] : NULL; }

hm_err hm_key_state_by_name(hm_bytes name, hm_key_state *state) {
    hm_closest closest = hm_closest_begin(name);
    char hint[HM_HINT_MAX];
    for (int i = 1; i <= HM_KEY_STATES; i++) {
        *state = (hm_key_state)i;
        if (hm_bytes_equal(name, hm_text(names[i]))) return HM_OK;
        hm_closest_try(&closest, names[i]);
    }
    return hm_misuse("there is no state %.*s%s: pre-activation, active, suspended, deactivated, compromised, destroyed",
                     (int)name.len, (const char *)name.data, hm_closest_hint(&closest, hint));
}

#define TO(state) (1u << (state))
static const unsigned next[HM_KEY_STATES + 1] = {
    [HM_KEY_PRE_ACTIVATION] = TO(HM_KEY_ACTIVE) | TO(HM_KEY_COMPROMISED) | TO(HM_KEY_DESTROYED),
    [HM_KEY_ACTIVE] = TO(HM_KEY_SUSPENDED) | TO(HM_KEY_DEACTIVATED) | TO(HM_KEY_COMPROMISED) | TO(HM_KEY_DESTROYED),
    [HM_KEY_SUSPENDED] = TO(HM_KEY_ACTIVE) | TO(HM_KEY_DEACTIVATED) | TO(HM_KEY_COMPROMISED) | TO(HM_KEY_DESTROYED),
    [HM_KEY_DEACTIVATED] = TO(HM_KEY_COMPROMISED) | TO(HM_KEY_DESTROYED),
    [HM_KEY_COMPROMISED] = TO(HM_KEY_DESTROYED),
    [HM_KEY_DESTROYED] = 0,
};

bool hm_key_state_may_become(hm_key_state from, hm_key_state to) {
    return (unsigned)from <= HM_KEY_STATES && (unsigned)to <= HM_KEY_STATES && (next[from] & TO(to));
}

uint64_t hm_key_state_officers(hm_key_state to, uint64_t quorum) {
    if (to == HM_KEY_PRE_ACTIVATION || to == HM_KEY_SUSPENDED || to == HM_KEY_DEACTIVATED) return 1;
    bool for_good = to == HM_KEY_COMPROMISED || to == HM_KEY_DESTROYED;
    return for_good && quorum < OFFICERS_LEAST ? OFFICERS_LEAST : quorum;
}
