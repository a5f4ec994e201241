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
    hmv_reason answer = HMB_LIST_LOST;
    boot->record.bank[bank].earlier = 0;
    memset(&boot->found[bank], 0, sizeof boot->found[bank]);
    if (HMV_IS_ACCEPTED(boot->opened))
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
    const uint8_t *pin = boot->found[bank].manifest; /* its own: at the first start any release will do */
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

/* The state follows what runs. */
static void activate(hmb_boot *boot, size_t bank, uint32_t slot) {
    hmb_bank_state *state = state_of(boot, bank);
    const hmb_found *found = &boot->found[bank];
    if (state->active == slot && state->sequence == found->sequence) return;
    state->active = slot;
    memcpy(state->publisher, found->publisher, sizeof state->publisher);
    state->sequence = found->sequence;
    state->security_version = found->security_version;
    boot->changed = 1;
}

hmv_verdict hmb_bank_raise(hmb_boot *boot, size_t bank) {
    const hmb_found *found = &boot->found[bank];
    const hmv_bytes publisher = {found->publisher, sizeof found->publisher};
    return hmb_counter_raise(&boot->state, publisher, boot->board->layout->bank[bank].component, found->sequence,
                             found->security_version);
}

void hmb_bank_promote(hmb_boot *boot, size_t bank) {
    hmb_bank_record *record = &boot->record.bank[bank];
    if (record->slot < HMB_SLOTS) activate(boot, bank, record->slot);
    if (record->trial == 0) return;
    state_of(boot, bank)->trial = HMB_NONE;
    record->trial = 0;
    forget_earlier(boot, bank);
}

static hmv_reason decide_trial(hmb_boot *boot, size_t bank) {
    hmb_bank_state *state = state_of(boot, bank);
    hmv_reason answer = hmb_bank_judge_trial(boot, bank);
    if (answer != HMV_ACCEPTED) {
        drop_trial(boot, bank, answer);
        return answer;
    }
    boot->record.bank[bank].slot = state->trial;
    boot->record.bank[bank].trial = 1;
    memcpy(state->manifest[state->trial], boot->found[bank].manifest, HMV_SHA256_SIZE);
    boot->changed = 1;
    return answer;
}

static hmv_reason use_confirmed(hmb_boot *boot, size_t bank, uint32_t slot) {
    hmv_reason answer = hmb_bank_judge_confirmed(boot, bank, slot);
    if (answer != HMV_ACCEPTED) return answer;
    boot->record.bank[bank].slot = slot;
    if (!boot->record.bank[bank].earlier) forget_earlier(boot, bank);
    if (boot->record.bank[HMB_FIRMWARE].trial == 0)
        activate(boot, bank, slot); /* what goes with a trial may go with it */
    return answer;
}

/* The release before the confirmed one, if that is damaged and this is still what was once accepted. */
static hmv_reason decide_former(hmb_boot *boot, size_t bank, hmv_reason why) {
    hmb_bank_state *state = state_of(boot, bank);
    uint32_t former = 1 - state->active;
    if (state->trial == former || hmb_is_zero(state->manifest[former], HMV_SHA256_SIZE)) return why;
    return use_confirmed(boot, bank, former);
}

static hmv_reason decide_confirmed(hmb_boot *boot, size_t bank) {
    uint32_t active = state_of(boot, bank)->active;
    hmv_reason answer = HMB_EMPTY;
    if (active >= HMB_SLOTS) return answer;
    answer = use_confirmed(boot, bank, active);
    return answer == HMV_ACCEPTED ? answer : decide_former(boot, bank, answer);
}

/* A trial that is over. Firmware is given up for firmware that boots and for nothing else; parameters for none, too. */
static hmv_reason end_trial(hmb_boot *boot, size_t bank) {
    hmv_reason answer = decide_confirmed(boot, bank);
    if (answer == HMV_ACCEPTED || bank != HMB_FIRMWARE) {
        drop_trial(boot, bank, boot->ending);
        return answer;
    }
    return decide_trial(boot, bank);
}

static hmv_reason choose(hmb_boot *boot, size_t bank) {
    hmb_bank_state *state = state_of(boot, bank);
    hmv_reason answer = HMB_EMPTY;
    if (state->trial < HMB_SLOTS && boot->ending) return end_trial(boot, bank);
    if (state->trial < HMB_SLOTS) answer = decide_trial(boot, bank);
    if (answer == HMV_ACCEPTED || state->active >= HMB_SLOTS) return answer;
    return decide_confirmed(boot, bank);
}

/* Nothing that was refused stays where it could be used. */
static void clear_behind(hmb_boot *boot, size_t bank) {
    uint32_t used = boot->found[bank].size;
    if (boot->copied[bank] > used) memset(boot->board->memory[bank].data + used, 0, boot->copied[bank] - used);
    boot->copied[bank] = used;
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
    *record = (hmb_bank_record){.slot = HMB_NONE, .reason = {record->reason[0], record->reason[1]}};
    answer = choose(boot, bank);
    if (answer != HMV_ACCEPTED) memset(&boot->found[bank], 0, sizeof boot->found[bank]);
    clear_behind(boot, bank);
    describe(boot, bank);
    return answer;
}
