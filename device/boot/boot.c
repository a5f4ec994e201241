#include "parts.h"

#include <string.h>

int hmb_is_zero(const uint8_t *data, size_t size) {
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) any |= data[i];
    return any == 0;
}

void hmb_set_life(hmb_boot *boot, uint32_t life) {
    boot->state.life = life;
    /* HMV_GOOD for HMB_DEVELOPMENT alone, and no branch that a fault could take. */
    boot->device.development = life ^ HMB_DEVELOPMENT ^ HMV_GOOD;
    boot->changed = 1;
}

static void set_config(hmb_boot *boot) {
    const hmb_identity *identity = boot->board->identity;
    memcpy(boot->device.vendor, identity->vendor, sizeof boot->device.vendor);
    memcpy(boot->device.class_id, identity->class_id, sizeof boot->device.class_id);
    boot->device.id = (hmv_bytes){identity->id, identity->id_size <= HMV_ID_MAX ? identity->id_size : 0};
    boot->platform = (hmv_platform){&boot->state, hmb_platform_state, hmb_platform_counter, NULL};
    boot->config = (hmv_config){boot->board->algorithms, boot->board->digests, &boot->device, &boot->platform};
}

/* The two functions look alike, and each answers what the other is asked: an instruction left out of set_config may put
 * one in the other's place. Not inline: the compiler would know what it has just stored. */
__attribute__((noinline)) static int is_configured(const hmb_boot *boot) {
    return boot->platform.state == hmb_platform_state && boot->platform.counter == hmb_platform_counter;
}

/* There is not more to tell, but that is kept, too. */
static hmv_reason lose_state(hmb_boot *boot) {
    boot->record.undecided = HMB_STATE_LOST;
    (void)hmb_journal_append(&boot->records, (uint8_t *)&boot->record);
    return HMB_STATE_LOST;
}

static hmv_reason load(hmb_boot *boot) {
    const hmb_board *board = boot->board;
    if (hmb_state_load(&boot->journal, board->flash, board->layout->state, &boot->state) != HMV_GOOD)
        return lose_state(boot);
    hmb_set_life(boot, boot->state.life);
    boot->changed = boot->journal.held < 2; /* it is written again where it is not whole */
    if (boot->changed) boot->record.fault = HMB_STATE_DAMAGED;
    return HMV_ACCEPTED;
}

/* What a reset left there is of no boot that is under way. */
static void clear_parameters(const hmb_board *board) {
    memset(board->memory[HMB_PARAMETERS].data, 0, board->memory[HMB_PARAMETERS].size);
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
    clear_parameters(board);
    if (!is_configured(boot)) return HMV_UNDECIDED;
    return load(boot);
}

static uint32_t banks_on_trial(const hmb_boot *boot) {
    uint32_t found = 0;
    for (size_t bank = 0; bank < HMB_BANKS; bank++) found += boot->state.bank[bank].trial < HMB_SLOTS ? 1 : 0;
    return found;
}

static hmv_reason decide_each(hmb_boot *boot) {
    hmv_reason answer = hmb_bank_decide(boot, HMB_FIRMWARE);
    if (boot->record.bank[HMB_FIRMWARE].trial == 1)
        boot->ending = 0;                        /* it goes on, with what is tried together with it */
    (void)hmb_bank_decide(boot, HMB_PARAMETERS); /* without them the application runs, and knows */
    return answer;
}

/* What is tried together stays together, or goes. */
static hmv_reason decide_banks(hmb_boot *boot) {
    uint32_t before = banks_on_trial(boot);
    hmv_reason answer = decide_each(boot);
    if (before < HMB_BANKS || banks_on_trial(boot) != 1) return answer;
    boot->ending = HMB_PARTNER_REFUSED;
    return decide_each(boot);
}

/* The counters of all that has confirmed itself, or none. */
static hmv_verdict raise_counters(hmb_boot *boot) {
    hmb_counter before[HMB_COUNTERS];
    memcpy(before, boot->state.counter, sizeof before);
    for (size_t bank = 0; bank < HMB_BANKS; bank++)
        if (boot->record.bank[bank].trial == 1 && hmb_bank_raise(boot, bank) != HMV_GOOD) {
            memcpy(boot->state.counter, before, sizeof before);
            return HMV_BAD;
        }
    return HMV_GOOD;
}

/* The counters follow the release that has confirmed itself, in the snapshot that makes it the active one (P7). */
static hmv_reason promote(hmb_boot *boot, hmv_reason answer) {
    if (raise_counters(boot) != HMV_GOOD) {
        boot->ending = HMB_COUNTERS_FULL;
        return decide_banks(boot);
    }
    for (size_t bank = 0; bank < HMB_BANKS; bank++) hmb_bank_promote(boot, bank);
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

static void begin_record(hmb_record *record) {
    for (size_t bank = 0; bank < HMB_BANKS; bank++)
        for (size_t slot = 0; slot < HMB_SLOTS; slot++) record->bank[bank].reason[slot] = HMB_NOT_ASKED;
}

/* Nothing that was asked for has happened. */
static void withdraw_requests(hmb_record *record) {
    for (size_t i = 0; i < HMB_REQUESTS_MAX; i++)
        if (record->request[i].reason == HMV_ACCEPTED) record->request[i].reason = HMB_FLASH_FAULT;
}

/* The state could not be written: what flash says now holds, whatever was asked for. A start could not be counted, so
 * nothing is started on trial that has another beside it; and nothing is unlocked, because the next boot may read this
 * state or the one that was to be. */
static hmv_reason decide_stored(hmb_boot *boot) {
    hmv_reason answer = load(boot);
    boot->unstored = 1;
    boot->record.fault = HMB_FLASH_FAULT;
    withdraw_requests(&boot->record);
    if (answer != HMV_ACCEPTED) {
        memset(boot->found, 0, sizeof boot->found);
        return answer;
    }
    begin_record(&boot->record);
    boot->confirming = 0;
    boot->ending = HMB_FLASH_FAULT;
    boot->opened = hmb_list_open(boot);
    return decide_banks(boot);
}

static void empty_mailbox(hmb_boot *boot) {
    hmb_requests_clean(boot);
    if (store(boot) == HMV_GOOD) return;
    boot->unstored = 1;
    boot->record.fault = HMB_FLASH_FAULT;
}

/* What was asked to be tried has the answer that its slot got. */
static void answer_trials(hmb_record *record) {
    for (size_t i = 0; i < HMB_REQUESTS_MAX; i++) {
        hmb_request_record *request = &record->request[i];
        if (request->kind != HMB_TRY || request->reason != HMV_ACCEPTED) continue;
        for (size_t bank = 0; bank < HMB_BANKS; bank++) {
            const hmb_bank_record *own = &record->bank[bank];
            for (size_t slot = 0; slot < HMB_SLOTS; slot++)
                if ((request->argument >> bank & 1) && slot != own->slot && own->reason[slot] != HMB_NOT_ASKED &&
                    (request->reason == HMV_ACCEPTED || request->reason == HMB_PARTNER_REFUSED))
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

/* Last: what was decided holds if the lists that it was decided by still do. */
static hmv_reason check_lists(hmb_boot *boot) {
    volatile hmv_reason stand = HMV_UNDECIDED;
    stand = hmb_lists_stand(boot);
    for (size_t bank = 0; bank < HMB_BANKS; bank++) boot->found[bank].answers[HMB_ANSWER_RELEASE] &= stand;
    return stand;
}

hmv_reason hmb_boot_decide(hmb_boot *boot) {
    hmv_reason answer, stand;
    begin_record(&boot->record);
    boot->opened = hmb_list_open(boot); /* that it failed is told by what asks for it */
    hmb_requests_take(boot);
    if (boot->state.attempts == 0 && !boot->confirming) boot->ending = HMB_GIVEN_UP;
    answer = decide_banks(boot);
    if (boot->confirming) answer = promote(boot, answer);
    count_attempt(boot);
    if (store(boot) == HMV_GOOD)
        empty_mailbox(boot);
    else
        answer = decide_stored(boot);
    stand = check_lists(boot);
    if (HMV_IS_ACCEPTED(answer)) answer &= stand;
    close_record(boot, answer);
    return answer;
}

_Static_assert(HMB_ANSWERS == 5, "hmb_boot_target and hmb_found_answer take each of them");
static uint32_t wrong(const volatile hmv_reason *answer) { return *answer ^ HMV_ACCEPTED; }

/* What is wrong with the answers leads away twice, by an exclusive or and by a sum, which do not undo one another; with
 * one of them skipped the other still does. */
uintptr_t hmb_boot_target(const hmb_boot *boot) {
    const volatile hmv_reason *answers = boot->found[HMB_FIRMWARE].answers;
    uintptr_t target = (uintptr_t)boot->board->memory[HMB_FIRMWARE].data;
    target ^= wrong(&answers[0]) | wrong(&answers[1]) | wrong(&answers[2]) | wrong(&answers[3]) | wrong(&answers[4]);
    target += wrong(&answers[4]) | wrong(&answers[3]) | wrong(&answers[2]) | wrong(&answers[1]) | wrong(&answers[0]);
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
    if (boot->unstored) return 0;
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
