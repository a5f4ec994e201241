/* Which of a bank's two slots is used. */
#include "parts.h"

#include <string.h>

static hmb_bank_state *state_of(hmb_boot *boot, size_t bank) { return &boot->state.bank[bank]; }

static hmv_reason note(hmb_boot *boot, size_t bank, uint32_t slot, hmv_reason reason) {
    boot->record.bank[bank].reason[slot] = reason;
    return reason;
}

static void forget_earlier(hmb_boot *boot, size_t bank) {
    hmb_list *earlier = &state_of(boot, bank)->earlier;
    if (earlier->area == HMB_NONE) return;
    memset(earlier, 0, sizeof *earlier);
    earlier->area = HMB_NONE;
    boot->changed = 1;
}

static hmv_reason judge_under_earlier(hmb_boot *boot, size_t bank, uint32_t slot) {
    hmb_bank_state *state = state_of(boot, bank);
    hmv_reason answer = hmb_list_open_earlier(boot, &state->earlier);
    if (answer != HMV_ACCEPTED) return answer;
    return hmb_slot_judge(boot, bank, slot, HMV_BOOT, &boot->list[1 - boot->in_force].trust, state->manifest[slot],
                          &boot->found[bank]);
}

hmv_reason hmb_bank_judge_confirmed(hmb_boot *boot, size_t bank, uint32_t slot) {
    hmb_bank_state *state = state_of(boot, bank);
    hmv_reason answer;
    boot->record.bank[bank].earlier = 0;
    answer = hmb_slot_judge(boot, bank, slot, HMV_BOOT, &boot->list[boot->in_force].trust, state->manifest[slot],
                            &boot->found[bank]);
    (void)note(boot, bank, slot, answer);
    if (answer == HMV_ACCEPTED || state->earlier.area == HMB_NONE) return answer;
    boot->record.bank[bank].earlier = 1;
    return judge_under_earlier(boot, bank, slot);
}

/* What was started once must be the same when it is started again. */
hmv_reason hmb_bank_judge_trial(hmb_boot *boot, size_t bank) {
    hmb_bank_state *state = state_of(boot, bank);
    const uint8_t *pin = NULL;
    if (state->trial >= HMB_SLOTS) return HMB_EMPTY;
    if (!HMV_IS_ACCEPTED(boot->opened)) return note(boot, bank, state->trial, HMB_LIST_LOST);
    if (!hmb_is_zero(state->manifest[state->trial], HMV_SHA256_SIZE)) pin = state->manifest[state->trial];
    boot->record.bank[bank].earlier = 0;
    return note(boot, bank, state->trial,
                hmb_slot_judge(boot, bank, state->trial, HMV_INSTALL, &boot->list[boot->in_force].trust, pin,
                               &boot->found[bank]));
}

static void drop_trial(hmb_boot *boot, size_t bank, hmv_reason why) {
    hmb_bank_state *state = state_of(boot, bank);
    (void)note(boot, bank, state->trial, why);
    memset(state->manifest[state->trial], 0, HMV_SHA256_SIZE);
    state->trial = HMB_NONE;
    boot->changed = 1;
}

/* A bank without a confirmed release goes on trying: there is nothing to fall back to. */
static int is_used_up(hmb_boot *boot, size_t bank) {
    int none_left = boot->no_trials || (boot->state.attempts == 0 && !boot->confirming);
    return none_left && state_of(boot, bank)->active < HMB_SLOTS;
}

/* The counters follow the release that has confirmed itself, in the snapshot that makes it the active one (P7). */
static hmv_reason promote(hmb_boot *boot, size_t bank) {
    hmb_bank_state *state = state_of(boot, bank);
    const hmb_found *found = &boot->found[bank];
    const hmv_bytes publisher = {found->publisher, sizeof found->publisher};
    if (hmb_counter_raise(&boot->state, publisher, boot->board->layout->bank[bank].component, found->sequence,
                          found->security_version) != HMV_GOOD)
        return HMV_STATE_FAULT;
    state->active = state->trial;
    state->trial = HMB_NONE;
    forget_earlier(boot, bank);
    return HMV_ACCEPTED;
}

static hmv_reason decide_trial(hmb_boot *boot, size_t bank) {
    hmb_bank_state *state = state_of(boot, bank);
    hmv_reason answer = is_used_up(boot, bank) ? HMB_GIVEN_UP : hmb_bank_judge_trial(boot, bank);
    if (answer != HMV_ACCEPTED) {
        drop_trial(boot, bank, answer);
        return answer;
    }
    boot->record.bank[bank].slot = state->trial;
    memcpy(state->manifest[state->trial], boot->found[bank].manifest, HMV_SHA256_SIZE);
    boot->changed = 1;
    if (boot->confirming) return promote(boot, bank);
    boot->record.bank[bank].trial = 1;
    return answer;
}

static hmv_reason decide_confirmed(hmb_boot *boot, size_t bank, uint32_t slot) {
    hmb_bank_state *state = state_of(boot, bank);
    hmv_reason answer = hmb_bank_judge_confirmed(boot, bank, slot);
    if (answer != HMV_ACCEPTED) return answer;
    boot->record.bank[bank].slot = slot;
    if (!boot->record.bank[bank].earlier) forget_earlier(boot, bank);
    if (state->active != slot) boot->changed = 1;
    state->active = slot; /* the state follows what runs */
    return answer;
}

/* The release before the confirmed one, if that is damaged and this is still what was once accepted. */
static hmv_reason decide_former(hmb_boot *boot, size_t bank, hmv_reason why) {
    hmb_bank_state *state = state_of(boot, bank);
    uint32_t former = 1 - state->active;
    if (state->trial == former || hmb_is_zero(state->manifest[former], HMV_SHA256_SIZE)) return why;
    return decide_confirmed(boot, bank, former);
}

static hmv_reason choose(hmb_boot *boot, size_t bank) {
    hmb_bank_state *state = state_of(boot, bank);
    hmv_reason answer = HMB_EMPTY;
    if (state->trial < HMB_SLOTS) answer = decide_trial(boot, bank);
    if (answer == HMV_ACCEPTED || state->active >= HMB_SLOTS) return answer;
    answer = decide_confirmed(boot, bank, state->active);
    return answer == HMV_ACCEPTED ? answer : decide_former(boot, bank, answer);
}

static void describe(hmb_boot *boot, size_t bank) {
    hmb_bank_record *record = &boot->record.bank[bank];
    const hmb_found *found = &boot->found[bank];
    record->sequence = found->sequence;
    record->security_version = found->security_version;
    memcpy(record->version, found->version, sizeof record->version);
    memcpy(record->signer, found->signer, sizeof record->signer);
}

hmv_reason hmb_bank_decide(hmb_boot *boot, size_t bank) {
    hmb_bank_record *record = &boot->record.bank[bank];
    hmv_reason answer;
    memset(record, 0, sizeof *record);
    record->slot = HMB_NONE;
    for (size_t slot = 0; slot < HMB_SLOTS; slot++) record->reason[slot] = HMB_NOT_ASKED;
    answer = choose(boot, bank);
    if (answer == HMV_ACCEPTED)
        describe(boot, bank);
    else
        memset(&boot->found[bank], 0, sizeof boot->found[bank]);
    return answer;
}
