/* The mailbox's requests. None is believed: each only makes the first stage look for itself. */
#include "parts.h"

static uint32_t other_slot(const hmb_bank_state *bank) { return bank->active < HMB_SLOTS ? 1 - bank->active : 0; }

/* Nothing is judged yet: that is done where it is decided what boots, and done there once. */
static hmv_reason begin_trial(hmb_boot *boot, uint32_t banks) {
    if (banks == 0 || banks >= 1u << HMB_BANKS) return HMB_UNKNOWN_REQUEST;
    if (hmb_trial_under_way(&boot->state)) return HMB_TRIAL_UNDER_WAY;
    if (!HMV_IS_ACCEPTED(boot->opened)) return HMB_LIST_LOST;
    for (size_t i = 0; i < HMB_BANKS; i++) {
        hmb_bank_state *bank = &boot->state.bank[i];
        if ((banks >> i & 1) == 0) continue;
        bank->trial = other_slot(bank);
        for (size_t j = 0; j < HMV_SHA256_SIZE; j++) bank->manifest[bank->trial][j] = 0;
    }
    boot->state.attempts = HMB_ATTEMPTS;
    boot->state.started = 0;
    return HMV_ACCEPTED;
}

static hmv_reason confirm(hmb_boot *boot) {
    if (!hmb_trial_under_way(&boot->state) || boot->state.started != 1) return HMB_NOT_ON_TRIAL;
    boot->confirming = 1;
    return HMV_ACCEPTED;
}

/* A list binds installs at once, and what is on trial is still one: a device whose only release is on trial would lose
 * it. What has confirmed itself in this very boot is not promoted before it is judged, so its list waits for the next.
 */
static hmv_reason take_list(hmb_boot *boot) {
    if (!HMV_IS_ACCEPTED(boot->opened)) return HMB_LIST_LOST;
    return hmb_trial_under_way(&boot->state) ? HMB_TRIAL_UNDER_WAY : hmb_list_take(boot);
}

/* What is used of BANK now; if it has nothing confirmed yet, what is on trial. */
static hmv_reason judge_used(hmb_boot *boot, size_t bank) {
    const hmb_bank_state *state = &boot->state.bank[bank];
    if (state->active < HMB_SLOTS) return hmb_bank_judge_confirmed(boot, bank, state->active);
    return state->trial < HMB_SLOTS ? hmb_bank_judge_trial(boot, bank) : HMV_ACCEPTED;
}

/* What would boot next must still boot in production: else it would be the end of the device. */
static hmv_reason leave_development(hmb_boot *boot) {
    hmv_reason answer = HMV_ACCEPTED;
    if (boot->state.life != HMB_DEVELOPMENT) return HMB_SAME_LIFE;
    hmb_set_life(boot, HMB_PRODUCTION);
    for (size_t bank = 0; bank < HMB_BANKS && answer == HMV_ACCEPTED; bank++) answer = judge_used(boot, bank);
    if (answer != HMV_ACCEPTED) hmb_set_life(boot, HMB_DEVELOPMENT);
    return answer;
}

static hmv_reason answer_to(hmb_boot *boot, uint32_t kind, uint32_t argument) {
    switch (kind) {
    case HMB_TRY:
        return begin_trial(boot, argument);
    case HMB_CONFIRM:
        return confirm(boot);
    case HMB_TAKE_LIST:
        return take_list(boot);
    case HMB_LEAVE_DEVELOPMENT:
        return leave_development(boot);
    default:
        return HMB_UNKNOWN_REQUEST;
    }
}

/* The unit at AT is request number COUNT of this boot. */
static void take_one(hmb_boot *boot, uint32_t at, size_t count) {
    uint32_t words[2];
    hmv_verdict whole = hmb_words_read(boot->board->flash, at, words);
    hmb_request_record *note = &boot->record.request[count < HMB_REQUESTS_MAX ? count : HMB_REQUESTS_MAX - 1];
    note->kind = words[0];
    note->argument = words[1];
    note->reason = HMB_TOO_MANY_REQUESTS;
    if (count >= HMB_REQUESTS_MAX) return;
    note->reason = whole == HMV_GOOD ? answer_to(boot, words[0], words[1]) : HMB_UNKNOWN_REQUEST;
}

void hmb_requests_take(hmb_boot *boot) {
    uint32_t mailbox = boot->board->layout->mailbox, extent = hmb_mailbox_extent(boot->board->flash, mailbox);
    size_t count = 0;
    for (uint32_t unit = boot->state.taken; unit < extent; unit++)
        take_one(boot, mailbox + unit * HMB_WORDS_SIZE, count++);
    if (extent == boot->state.taken) return;
    boot->emptied =
        extent < boot->state.taken; /* power failed, or the application did it: what is there is not heard */
    boot->state.taken = extent;
    boot->changed = 1;
}

/* Emptied when more than half full, and if it is emptier than it was. Until the state says so too, whatever a failed
 * erase leaves lies below `taken`. */
void hmb_requests_clean(hmb_boot *boot) {
    const hmb_flash *flash = boot->board->flash;
    uint32_t mailbox = boot->board->layout->mailbox;
    if (boot->state.taken <= HMB_MAILBOX_UNITS / 2 && !boot->emptied) return;
    if (hmb_flash_erase(flash, mailbox, HMB_MAILBOX_SIZE) != HMV_GOOD) return;
    boot->state.taken = 0;
    boot->changed = 1;
}
