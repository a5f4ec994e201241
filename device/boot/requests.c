/* The mailbox's requests. None is believed: each only makes the first stage look for itself. */
#include "parts.h"

static uint32_t other_slot(const hmb_bank_state *bank) { return bank->active < HMB_SLOTS ? 1 - bank->active : 0; }

/* Nothing is judged yet: that is done where it is decided what boots, and done there once. */
static hmv_reason begin_trial(hmb_boot *boot, uint32_t banks) {
    if (banks == 0 || banks >= 1u << HMB_BANKS) return HMB_UNKNOWN_REQUEST;
    for (size_t i = 0; i < HMB_BANKS; i++)
        if (boot->state.bank[i].trial < HMB_SLOTS) return HMB_TRIAL_UNDER_WAY;
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

static int is_on_trial(const hmb_boot *boot) {
    int found = 0;
    for (size_t i = 0; i < HMB_BANKS; i++) found = found || boot->state.bank[i].trial < HMB_SLOTS;
    return found && boot->state.started == 1;
}

static hmv_reason confirm(hmb_boot *boot) {
    if (!is_on_trial(boot)) return HMB_NOT_ON_TRIAL;
    boot->confirming = 1;
    return HMV_ACCEPTED;
}

/* What would boot next must still boot in production: else it would be the end of the device. */
static hmv_reason leave_development(hmb_boot *boot) {
    const hmb_bank_state *bank = &boot->state.bank[HMB_FIRMWARE];
    hmv_reason answer;
    if (boot->state.life != HMB_DEVELOPMENT) return HMB_SAME_LIFE;
    hmb_set_life(boot, HMB_PRODUCTION);
    answer = bank->active < HMB_SLOTS ? hmb_bank_judge_confirmed(boot, HMB_FIRMWARE, bank->active)
                                      : hmb_bank_judge_trial(boot, HMB_FIRMWARE);
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
        return hmb_list_take(boot);
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
        take_one(boot, mailbox + unit * HMB_UNIT_SIZE, count++);
    if (extent > boot->state.taken) {
        boot->state.taken = extent;
        boot->changed = 1;
    }
}

/* Emptied when more than half full. Until the state says so too, whatever a failed erase leaves lies below `taken`. */
void hmb_requests_clean(hmb_boot *boot) {
    const hmb_flash *flash = boot->board->flash;
    uint32_t mailbox = boot->board->layout->mailbox;
    if (boot->state.taken <= HMB_MAILBOX_UNITS / 2) return;
    if (hmb_flash_erase(flash, mailbox, HMB_MAILBOX_SIZE) != HMV_GOOD) return;
    boot->state.taken = 0;
    boot->changed = 1;
}
