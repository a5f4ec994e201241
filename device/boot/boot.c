#include "parts.h"

#include <string.h>

int hmb_is_zero(const uint8_t *data, size_t size) {
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) any |= data[i];
    return any == 0;
}

void hmb_set_life(hmb_boot *boot, uint32_t life) {
    boot->state.life = life;
    boot->device.development = life == HMB_DEVELOPMENT ? HMV_GOOD : HMV_BAD;
    boot->changed = 1;
}

static size_t id_size(const uint8_t id[HMV_ID_MAX]) {
    size_t size = HMV_ID_MAX;
    while (size > 0 && id[size - 1] == 0) size--;
    return size;
}

static void set_config(hmb_boot *boot) {
    const hmb_identity *identity = boot->board->identity;
    memcpy(boot->device.vendor, identity->vendor, sizeof boot->device.vendor);
    memcpy(boot->device.class_id, identity->class_id, sizeof boot->device.class_id);
    boot->device.id = (hmv_bytes){identity->id, id_size(identity->id)};
    boot->platform = (hmv_platform){&boot->state, hmb_platform_state, hmb_platform_counter, NULL};
    boot->config = (hmv_config){boot->board->algorithms, boot->board->digests, &boot->device, &boot->platform};
}

hmv_reason hmb_boot_begin(hmb_boot *boot, const hmb_board *board) {
    hmb_record latest;
    memset(boot, 0, sizeof *boot);
    boot->board = board;
    boot->record.undecided = hmb_layout_check(board);
    if (boot->record.undecided != HMV_ACCEPTED) return boot->record.undecided;
    boot->record.undecided = 0;
    hmb_record_open(&boot->records, board->flash, board->layout, &latest);
    boot->record.cause = board->cause;
    set_config(boot);
    if (hmb_state_load(&boot->journal, board->flash, board->layout->state, &boot->state) != HMV_GOOD) {
        boot->record.undecided = HMB_STATE_LOST;
        return HMB_STATE_LOST;
    }
    hmb_set_life(boot, boot->state.life);
    boot->changed = 0;
    return HMV_ACCEPTED;
}

static hmv_reason decide_banks(hmb_boot *boot) {
    hmv_reason answer = hmb_bank_decide(boot, HMB_FIRMWARE);
    (void)hmb_bank_decide(boot, HMB_PARAMETERS); /* without them the application runs, and knows */
    return answer;
}

static int starts_trial(const hmb_boot *boot) {
    int found = 0;
    for (size_t bank = 0; bank < HMB_BANKS; bank++) found = found || boot->record.bank[bank].trial == 1;
    return found;
}

/* A start is counted before it happens. */
static void count_attempt(hmb_boot *boot) {
    uint32_t started = starts_trial(boot) ? 1 : 0, attempts = boot->state.attempts;
    if (started == 0)
        attempts = 0;
    else if (attempts > 0)
        attempts--;
    if (started == 1 || boot->state.started != started || boot->state.attempts != attempts) boot->changed = 1;
    boot->state.started = started;
    boot->state.attempts = attempts;
}

static hmv_verdict store(hmb_boot *boot) {
    if (!boot->changed) return HMV_GOOD;
    if (hmb_state_store(&boot->journal, &boot->state) != HMV_GOOD) return HMV_BAD;
    boot->changed = 0;
    return HMV_GOOD;
}

/* What was asked to be tried has the answer that its slot got. */
static void answer_trials(hmb_record *record) {
    for (size_t i = 0; i < HMB_REQUESTS_MAX; i++) {
        hmb_request_record *request = &record->request[i];
        if (request->kind != HMB_TRY || request->reason != HMV_ACCEPTED) continue;
        for (size_t bank = 0; bank < HMB_BANKS; bank++) {
            const hmb_bank_record *own = &record->bank[bank];
            for (size_t slot = 0; slot < HMB_SLOTS; slot++)
                if ((request->argument >> bank & 1) && slot != own->slot && own->reason[slot] != HMB_NOT_ASKED)
                    request->reason = own->reason[slot];
        }
    }
}

static void close_record(hmb_boot *boot, hmv_reason answer) {
    hmb_record *record = &boot->record;
    record->life = boot->state.life;
    record->attempts = boot->state.attempts;
    record->list = boot->state.list.version;
    if (record->bank[HMB_FIRMWARE].earlier) record->earlier = boot->state.bank[HMB_FIRMWARE].earlier.version;
    memcpy(record->roots, hmb_list_roots(boot, &boot->state.list), sizeof record->roots);
    record->undecided = answer == HMV_ACCEPTED ? 0 : answer;
    answer_trials(record);
    (void)hmb_journal_append(&boot->records, (uint8_t *)record); /* a boot is not lost for want of a note */
}

hmv_reason hmb_boot_decide(hmb_boot *boot) {
    hmv_reason answer;
    boot->opened = hmb_list_open(boot); /* that it failed is told by what asks for it */
    hmb_requests_take(boot);
    answer = decide_banks(boot);
    count_attempt(boot);
    if (store(boot) != HMV_GOOD && starts_trial(boot)) {
        boot->no_trials = 1; /* a trial whose start cannot be counted would be started for ever */
        answer = decide_banks(boot);
    }
    hmb_requests_clean(boot);
    (void)store(boot);
    close_record(boot, answer);
    return answer;
}

static uint32_t wrong(const volatile hmv_reason *answer) { return *answer ^ HMV_ACCEPTED; }

/* What is wrong with the answers leads away twice, by an exclusive or and by a sum, which do not undo one another; with
 * one of them skipped the other still does. */
uintptr_t hmb_boot_target(const hmb_boot *boot) {
    const volatile hmv_reason *answers = boot->found[HMB_FIRMWARE].answers;
    uintptr_t target = (uintptr_t)boot->board->memory[HMB_FIRMWARE].data;
    target ^= wrong(&answers[0]) | wrong(&answers[1]) | wrong(&answers[2]) | wrong(&answers[3]);
    target += wrong(&answers[3]) | wrong(&answers[2]) | wrong(&answers[1]) | wrong(&answers[0]);
    return target;
}

uint32_t hmb_free_slot(const hmb_boot *boot, size_t bank) {
    const hmb_bank_state *state = &boot->state.bank[bank];
    if (hmb_trial_under_way(&boot->state)) return HMB_NONE;
    return state->active < HMB_SLOTS ? 1 - state->active : 0;
}

size_t hmb_boot_writable(const hmb_boot *boot, hmb_range writable[HMB_WRITABLE_MAX]) {
    const hmb_layout *layout = boot->board->layout;
    size_t count = 0;
    writable[count++] = (hmb_range){layout->mailbox, HMB_MAILBOX_SIZE};
    writable[count++] = (hmb_range){layout->list[hmb_free_area(&boot->state)], HMB_LIST_AREA_SIZE};
    for (size_t bank = 0; bank < HMB_BANKS; bank++) {
        uint32_t slot = hmb_free_slot(boot, bank);
        if (slot >= HMB_SLOTS) continue;
        writable[count++] =
            (hmb_range){layout->bank[bank].slot[slot], HMB_SLOT_PAYLOAD + layout->bank[bank].payload_size};
    }
    return count;
}
