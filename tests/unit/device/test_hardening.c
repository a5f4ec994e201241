/* What a security review of the first stage found, each as it was shown; and what no other test would miss. */
#include "lab.h"

#include <parts.h>

enum { PLACE = ((int)sizeof(hmb_state) + HMB_UNIT_SIZE - 1) / HMB_UNIT_SIZE * HMB_UNIT_SIZE };

static lab self;

static int end(void **state) {
    (void)state;
    lab_clear(&self);
    return 0;
}

/* Release 2.0.0 confirmed, under list-1. */
static int begin(void **state) {
    (void)state;
    lab_init(&self, "v2.pack");
    lab_asserts(&self, "v2");
    assert_int_equal(hma_confirm(&self.device), HMV_GOOD);
    lab_asserts(&self, "v2");
    return 0;
}

#define assert_reason(actual, wanted)                                                                                  \
    do {                                                                                                               \
        uint32_t actual_ = (actual);                                                                                   \
        if (actual_ != (wanted)) fail_msg("%u (%s), not %s", actual_, hmb_reason_text(actual_), #wanted);              \
    } while (0)

static uint32_t reason_of(size_t bank, uint32_t slot) { return self.boot.record.bank[bank].reason[slot]; }
static uint32_t slot_at(size_t bank, uint32_t slot) { return lab_layout.bank[bank].slot[slot]; }

static void try_pack(size_t bank, const char *pack) {
    assert_reason(lab_download(&self, bank, pack, 600), HMV_ACCEPTED);
    assert_int_equal(hma_try(&self.device, 1u << bank), HMV_GOOD);
}

static void confirm(void) { assert_int_equal(hma_confirm(&self.device), HMV_GOOD); }

/* The state as somebody else would have it, who can write it. */
static void change_state(void (*change)(hmb_state *state)) {
    hmb_pair pair;
    hmb_state now;
    nor_reset(&self.nor);
    assert_int_equal(hmb_state_load(&pair, &self.flash, lab_layout.state, &now), HMV_GOOD);
    change(&now);
    assert_int_equal(hmb_state_store(&pair, &now), HMV_GOOD);
}

/* The next operation in the state's blocks fails, and those behind it. */
static hmv_verdict fail_program(void *context, uint32_t at, const uint8_t *data, size_t size) {
    const hmb_flash inner = nor_interface(context);
    return at < lab_layout.state + HMB_JOURNAL_SIZE ? HMV_BAD : inner.program(context, at, data, size);
}

static hmv_verdict fail_erase(void *context, uint32_t at) {
    const hmb_flash inner = nor_interface(context);
    return at < lab_layout.state + HMB_JOURNAL_SIZE ? HMV_BAD : inner.erase(context, at);
}

static void state_fails(int fails) {
    self.flash = nor_interface(&self.nor);
    if (!fails) return;
    self.flash.program = fail_program;
    self.flash.erase = fail_erase;
}

/* ---- a state that cannot be written ---- */

static void unlocks_nothing_and_says_so_when_the_state_cannot_be_written(void **state) {
    (void)state;
    assert_int_equal(hma_take_list(&self.device, lab_file("list-2-both.list")), HMV_GOOD);
    state_fails(1);
    lab_asserts(&self, "v2");
    assert_reason(self.boot.record.request[0].reason, HMB_FLASH_FAULT);
    assert_reason(self.boot.record.fault, HMB_FLASH_FAULT);
    assert_int_equal(self.boot.record.list, 1);
    assert_int_equal(self.nor.writable_count, 0);
    assert_int_equal(hma_take_list(&self.device, lab_file("list-3.list")), HMV_BAD);
    state_fails(0);
    lab_asserts(&self, "v2");
    assert_int_equal(self.boot.record.list, 2); /* what was asked is still there */
    assert_reason(self.boot.record.fault, 0);
}

static void starts_nothing_on_trial_whose_start_cannot_be_counted(void **state) {
    (void)state;
    try_pack(HMB_FIRMWARE, "crash.pack");
    state_fails(1);
    for (int i = 0; i < 5; i++) {
        lab_asserts(&self, "v2");
        assert_int_equal(hma_on_trial(&self.device), 0);
    }
    state_fails(0);
    for (int i = 0; i < HMB_ATTEMPTS; i++) lab_asserts(&self, "crash");
    lab_asserts(&self, "v2");
}

static void loses_no_confirmation_with_a_state_that_cannot_be_written(void **state) {
    (void)state;
    lab_take_list(&self, "list-2-both.list");
    while (self.boot.state.taken < HMB_MAILBOX_UNITS / 2 - 2) {
        assert_int_equal(hmb_mailbox_put(&self.flash, lab_layout.mailbox, 7, 0), HMV_GOOD);
        lab_asserts(&self, "v2");
    }
    try_pack(HMB_FIRMWARE, "v21.pack");
    lab_asserts(&self, "v21");
    for (int i = 0; i < 4; i++) confirm();
    state_fails(1);
    lab_asserts(&self, "v2");
    assert_int_equal(self.nor.writable_count, 0);
    state_fails(0);
    lab_asserts(&self, "v21");
    assert_false(hma_on_trial(&self.device));
    assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 3);
}

/* ---- trials ---- */

static void ends_the_trial_of_the_first_parameters_there_are(void **state) {
    (void)state;
    try_pack(HMB_PARAMETERS, "limits-1.pack");
    for (int i = 0; i < HMB_ATTEMPTS; i++) {
        lab_asserts(&self, "v2");
        assert_string_equal(lab_dose(&self), "limits-1");
    }
    lab_asserts(&self, "v2");
    assert_string_equal(lab_dose(&self), "nothing");
    assert_reason(reason_of(HMB_PARAMETERS, 0), HMB_GIVEN_UP);
    assert_false(hma_on_trial(&self.device));
    lab_take_list(&self, "list-2.list");
}

static void ends_a_trial_of_both_with_the_firmwares(void **state) {
    (void)state;
    assert_reason(lab_download(&self, HMB_FIRMWARE, "crash.pack", 600), HMV_ACCEPTED);
    assert_reason(lab_download(&self, HMB_PARAMETERS, "limits-1.pack", 600), HMV_ACCEPTED);
    assert_int_equal(hma_try(&self.device, 3), HMV_GOOD);
    for (int i = 0; i < HMB_ATTEMPTS; i++) lab_asserts(&self, "crash");
    for (int i = 0; i < 2; i++) {
        lab_asserts(&self, "v2");
        assert_string_equal(lab_dose(&self), "nothing");
        assert_false(hma_on_trial(&self.device));
    }
}

static void tries_no_half_of_what_is_to_be_tried_together(void **state) {
    (void)state;
    lab_update(&self, HMB_PARAMETERS, "limits-1.pack");
    assert_int_equal(lab_force(&self, HMB_FIRMWARE, "v2-flipped.pack"), HMV_GOOD);
    assert_reason(lab_download(&self, HMB_PARAMETERS, "limits-2.pack", 600), HMV_ACCEPTED);
    assert_int_equal(hma_try(&self.device, 3), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_false(hma_on_trial(&self.device));
    assert_string_equal(lab_dose(&self), "limits-1");
    assert_reason(reason_of(HMB_FIRMWARE, 1), HMV_OTHER_PAYLOAD);
    assert_reason(reason_of(HMB_PARAMETERS, 1), HMB_PARTNER_REFUSED);
    assert_reason(self.boot.record.request[0].reason, HMV_OTHER_PAYLOAD);

    assert_reason(lab_download(&self, HMB_FIRMWARE, "crash.pack", 600), HMV_ACCEPTED);
    assert_int_equal(hma_download_forget(&self.device, HMB_PARAMETERS), HMV_GOOD);
    assert_int_equal(lab_force(&self, HMB_PARAMETERS, "limits-flipped.pack"), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 3), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_false(hma_on_trial(&self.device));
    assert_string_equal(lab_dose(&self), "limits-1");
    assert_reason(reason_of(HMB_FIRMWARE, 1), HMB_PARTNER_REFUSED);
    assert_reason(self.boot.record.request[0].reason, HMV_OTHER_PAYLOAD);
}

static void confirms_both_of_what_is_tried_together(void **state) {
    (void)state;
    assert_reason(lab_download(&self, HMB_FIRMWARE, "crash.pack", 600), HMV_ACCEPTED);
    assert_reason(lab_download(&self, HMB_PARAMETERS, "limits-1.pack", 600), HMV_ACCEPTED);
    assert_int_equal(hma_try(&self.device, 3), HMV_GOOD);
    lab_asserts(&self, "crash");
    confirm();
    lab_asserts(&self, "crash");
    assert_false(hma_on_trial(&self.device));
    assert_string_equal(lab_dose(&self), "limits-1");
}

static void keeps_a_trial_that_is_used_up_while_nothing_else_boots(void **state) {
    (void)state;
    lab_take_list(&self, "list-2-both.list");
    try_pack(HMB_FIRMWARE, "v21.pack");
    lab_asserts(&self, "v21");
    self.data[slot_at(HMB_FIRMWARE, 0) + HMB_SLOT_PAYLOAD + 9] ^= 2;
    for (int i = 0; i < 3 * HMB_ATTEMPTS; i++) lab_asserts(&self, "v21");
    assert_reason(reason_of(HMB_FIRMWARE, 0), HMV_OTHER_PAYLOAD);
    confirm();
    lab_asserts(&self, "v21");
    assert_false(hma_on_trial(&self.device));
}

static void tries_no_other_release_at_the_second_start(void **state) {
    (void)state;
    try_pack(HMB_FIRMWARE, "crash.pack");
    lab_asserts(&self, "crash");
    nor_reset(&self.nor);
    assert_int_equal(lab_force_at(&self, slot_at(HMB_FIRMWARE, 1), lab_file("development.pack")), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_reason(reason_of(HMB_FIRMWARE, 1), HMB_OTHER_RELEASE);
}

/* ---- dependencies ---- */

static void back_to_2(void) {
    lab_take_list(&self, "list-2-both.list");
    lab_update(&self, HMB_FIRMWARE, "v21.pack");
    lab_update(&self, HMB_FIRMWARE, "exception.pack");
    assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 3);
}

static void a_counter_that_is_above_what_runs_meets_no_dependency(void **state) {
    (void)state;
    back_to_2();
    assert_reason(lab_download(&self, HMB_PARAMETERS, "limits-for-3.pack", 600), HMV_MISSING_DEPENDENCY);
    assert_int_equal(lab_force(&self, HMB_PARAMETERS, "limits-for-3.pack"), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 1u << HMB_PARAMETERS), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_reason(reason_of(HMB_PARAMETERS, 0), HMV_MISSING_DEPENDENCY);
    assert_string_equal(lab_dose(&self), "nothing");
}

static void parameters_go_with_the_firmware_that_was_chosen(void **state) {
    (void)state;
    lab_take_list(&self, "list-2-both.list");
    lab_update(&self, HMB_PARAMETERS, "limits-1.pack");
    lab_update(&self, HMB_FIRMWARE, "v21.pack");
    lab_update(&self, HMB_PARAMETERS, "limits-for-3.pack");
    assert_string_equal(lab_dose(&self), "limits-3");
    try_pack(HMB_FIRMWARE, "exception.pack");
    for (int i = 0; i < HMB_ATTEMPTS; i++) {
        lab_asserts(&self, "v2");
        assert_string_equal(lab_dose(&self), "limits-1");
        assert_reason(reason_of(HMB_PARAMETERS, 1), HMV_MISSING_DEPENDENCY);
    }
    lab_asserts(&self, "v21"); /* which has its own back */
    assert_string_equal(lab_dose(&self), "limits-3");
    assert_int_equal(hma_download_forget(&self.device, HMB_FIRMWARE), HMV_GOOD);
    lab_update(&self, HMB_FIRMWARE, "exception.pack");
    assert_string_equal(lab_dose(&self), "limits-1");
    assert_int_equal(hmb_free_slot(&self.boot, HMB_PARAMETERS), 1);
    lab_asserts(&self, "v2");
    assert_string_equal(lab_dose(&self), "limits-1");
}

static void firmware_installs_beside_the_parameters_that_it_needs_and_boots_without(void **state) {
    (void)state;
    lab_take_list(&self, "list-2-both.list");
    lab_update(&self, HMB_PARAMETERS, "limits-1.pack");
    assert_reason(lab_download(&self, HMB_FIRMWARE, "v23-for-limits.pack", 600), HMV_MISSING_DEPENDENCY);
    lab_update(&self, HMB_PARAMETERS, "limits-2.pack");
    assert_int_equal(hma_download_forget(&self.device, HMB_FIRMWARE), HMV_GOOD);
    lab_update(&self, HMB_FIRMWARE, "v23-for-limits.pack");
    for (uint32_t slot = 0; slot < HMB_SLOTS; slot++) self.data[slot_at(HMB_PARAMETERS, slot) + HMB_SLOT_PAYLOAD] ^= 1;
    lab_asserts(&self, "v21");
    assert_string_equal(lab_dose(&self), "nothing");
}

/* ---- the state's two copies ---- */

static uint32_t latest_in(uint32_t block) {
    const hmb_pair *pair = &self.boot.journal;
    return lab_layout.state + block * HMB_ERASE_SIZE + (pair->next[block] - 1) * PLACE;
}

static void one_changed_bit_brings_no_older_state_back(void **state) {
    (void)state;
    for (uint32_t block = 0; block < 2; block++)
        for (uint32_t octet = 0; octet < sizeof(hmb_state); octet += 7) {
            lab_asserts(&self, "v2");
            assert_int_equal(self.boot.journal.held, 2);
            uint64_t number = self.boot.state.entry.number;
            self.data[latest_in(block) + octet] ^= (uint8_t)(1u << octet % 8);
            lab_asserts(&self, "v2");
            assert_true(self.boot.state.entry.number > number);
            assert_reason(self.boot.record.fault, HMB_STATE_DAMAGED);
        }
}

static void boots_nothing_when_both_copies_of_the_latest_are_damaged(void **state) {
    (void)state;
    lab_take_list(&self, "list-2-both.list");
    hmb_journal ring;
    hmb_record latest;
    uint64_t boots = self.boot.record.entry.number;
    for (uint32_t block = 0; block < 2; block++) self.data[latest_in(block) + 20] ^= 4;
    assert_reason(lab_boot(&self), HMB_STATE_LOST);
    assert_string_equal(lab_running(&self), "nothing");
    hmb_record_open(&ring, &self.flash, &lab_layout, &latest);
    assert_int_equal(latest.entry.number, boots + 1);
    assert_reason(latest.undecided, HMB_STATE_LOST);
}

static uint32_t flips, reads;
static hmv_verdict read_otherwise(void *context, uint32_t at, uint8_t *data, size_t size) {
    const hmb_flash inner = nor_interface(context);
    hmv_verdict answer = inner.read(context, at, data, size);
    if (at < lab_layout.state + HMB_JOURNAL_SIZE && size == sizeof(hmb_state) && ++reads == flips)
        memset(data, 0xff, size);
    return answer;
}

/* One reading differs from the other: the state is not believed. */
static void does_not_believe_a_state_that_reads_now_so_now_otherwise(void **state) {
    (void)state;
    hmb_pair pair;
    hmb_state again;
    int refused = 0;
    self.flash.read = read_otherwise;
    for (flips = 1; flips < 100; flips++) {
        reads = 0;
        hmv_verdict answer = hmb_state_load(&pair, &self.flash, lab_layout.state, &again);
        refused += answer != HMV_GOOD;
        if (answer == HMV_GOOD) assert_memory_equal(&again, &self.boot.state, sizeof again);
    }
    assert_true(refused > 0);
    self.flash.read = nor_interface(&self.nor).read;
}

/* ---- the mailbox ---- */

static void hears_again_when_the_application_has_emptied_its_mailbox(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(hmb_mailbox_put(&self.flash, lab_layout.mailbox, 7, 0), HMV_GOOD);
        lab_asserts(&self, "v2");
    }
    assert_int_equal(self.flash.erase(self.flash.context, lab_layout.mailbox), HMV_GOOD);
    confirm();
    lab_asserts(&self, "v2");
    assert_int_equal(self.boot.record.request[0].kind, 0); /* it is not known for whom that was */
    lab_take_list(&self, "list-2-both.list");
}

/* ---- what is refused leaves nothing ---- */

static void is_clear(size_t bank, size_t from) {
    for (size_t i = from; i < self.board.memory[bank].size; i++) assert_int_equal(self.board.memory[bank].data[i], 0);
}

static void nothing_that_was_refused_stays_in_memory(void **state) {
    (void)state;
    static const uint8_t zero[HMV_SHA256_SIZE];
    assert_int_equal(lab_force(&self, HMB_PARAMETERS, "limits-flipped.pack"), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 1u << HMB_PARAMETERS), HMV_GOOD);
    lab_asserts(&self, "v2");
    is_clear(HMB_PARAMETERS, 0);
    assert_int_equal(self.boot.found[HMB_PARAMETERS].size, 0);
    assert_memory_equal(self.boot.found[HMB_PARAMETERS].manifest, zero, sizeof zero);
    assert_int_equal(self.boot.record.bank[HMB_PARAMETERS].sequence, 0);
}

/* Every kilobyte of firmware that was copied at this boot is that of the release that is started, or cleared. */
static void a_longer_release_that_was_refused_leaves_nothing_behind_a_shorter_one(void **state) {
    (void)state;
    hmb_found *found = &self.boot.found[HMB_FIRMWARE];
    uint32_t whole = self.board.memory[HMB_FIRMWARE].size;
    assert_true(found->size < whole);
    memset(self.firmware, 0x55, whole);
    self.boot.copied[HMB_FIRMWARE] = whole;
    assert_reason(hmb_bank_decide(&self.boot, HMB_FIRMWARE), HMV_ACCEPTED);
    is_clear(HMB_FIRMWARE, found->size);
    self.data[slot_at(HMB_FIRMWARE, 0) + HMB_SLOT_PAYLOAD] ^= 1;
    assert_reason(lab_boot(&self), HMV_OTHER_PAYLOAD);
    assert_int_equal(self.firmware[0] | self.firmware[4999], 0);
}

/* ---- identity ---- */

static void a_device_id_may_end_with_zero_octets(void **state) {
    (void)state;
    self.identity.id_size = 12; /* device-0001 and a zero */
    lab_asserts(&self, "v2");
    assert_int_equal(self.boot.device.id.size, 12);
    lab_take_list(&self, "list-2-both.list");
    assert_reason(lab_download(&self, HMB_FIRMWARE, "exception.pack", 600), HMV_OTHER_DEVICE);
    self.identity.id_size = HMV_ID_MAX + 1;
    lab_asserts(&self, "v2");
    assert_int_equal(self.boot.device.id.size, 0);
}

/* ---- counters ---- */

static void fill_counters(hmb_state *state) {
    for (uint32_t i = 0; i < HMB_COUNTERS; i++)
        if (hmb_is_zero(state->counter[i].publisher, HMV_UUID_SIZE)) state->counter[i].publisher[0] = (uint8_t)(i + 1);
}

static void a_full_table_of_counters_has_a_reason_of_its_own(void **state) {
    (void)state;
    change_state(fill_counters);
    lab_asserts(&self, "v2");
    assert_reason(lab_download(&self, HMB_PARAMETERS, "limits-1.pack", 600), HMB_COUNTERS_FULL);
    assert_int_equal(lab_force(&self, HMB_PARAMETERS, "limits-1.pack"), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 1u << HMB_PARAMETERS), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_reason(reason_of(HMB_PARAMETERS, 0), HMB_COUNTERS_FULL);
    lab_take_list(&self, "list-2-both.list");
    lab_update(&self, HMB_FIRMWARE, "v21.pack"); /* it has one */
}

static void a_full_table_takes_nobody_in(void **state) {
    (void)state;
    hmb_state full = self.boot.state, before;
    const hmv_bytes publisher = {(const uint8_t *)"another publisher", HMV_UUID_SIZE};
    fill_counters(&full);
    before = full;
    assert_int_equal(hmb_counter_raise(&full, publisher, lab_layout.bank[0].component, 9, 9), HMV_BAD);
    assert_memory_equal(&full, &before, sizeof full);
    uint64_t number = 5;
    assert_int_equal(hmb_platform_state(&full, publisher, lab_layout.bank[0].component, &number), HMV_BAD);
    assert_int_equal(hmb_platform_counter(&full, publisher, lab_layout.bank[0].component, &number), HMV_BAD);
    assert_int_equal(number, 5);
}

static void leave_one_counter(hmb_state *state) {
    fill_counters(state);
    memset(&state->counter[HMB_COUNTERS - 1], 0, sizeof state->counter[0]);
    memset(state->counter[0].publisher, 0xee, HMV_UUID_SIZE); /* the maker's is gone: both of a joint trial need one */
}

static void confirms_none_of_two_for_which_there_is_one_counter(void **state) {
    (void)state;
    change_state(leave_one_counter);
    lab_asserts(&self, "v2");
    assert_reason(lab_download(&self, HMB_FIRMWARE, "crash.pack", 600), HMV_ACCEPTED);
    assert_reason(lab_download(&self, HMB_PARAMETERS, "limits-1.pack", 600), HMV_ACCEPTED);
    assert_int_equal(hma_try(&self.device, 3), HMV_GOOD);
    lab_asserts(&self, "crash");
    hmb_counter before[HMB_COUNTERS];
    memcpy(before, self.boot.state.counter, sizeof before);
    confirm();
    lab_asserts(&self, "v2");
    assert_memory_equal(before, self.boot.state.counter, sizeof before);
    assert_string_equal(lab_dose(&self), "nothing");
    assert_reason(reason_of(HMB_PARAMETERS, 0), HMB_COUNTERS_FULL);
}

/* ---- life ---- */

static void stays_in_development_with(const char *pack, size_t bank) {
    assert_int_equal(hma_leave_development(&self.device), HMV_GOOD);
    lab_asserts(&self, bank == HMB_FIRMWARE ? "v21" : "v2");
    assert_reason(self.boot.record.request[0].reason, HMV_DEVELOPMENT);
    if (self.boot.record.life != HMB_DEVELOPMENT) fail_msg("%s would not boot any more", pack);
}

static void does_not_leave_development_with_development_parameters(void **state) {
    (void)state;
    lab_update(&self, HMB_PARAMETERS, "limits-development.pack");
    stays_in_development_with("limits-development.pack", HMB_PARAMETERS);
    assert_string_equal(lab_dose(&self), "limits-2");
}

/* Nothing was confirmed yet: what is on trial is all there is. */
static void does_not_leave_development_with_a_first_development_release_on_trial(void **state) {
    (void)state;
    lab_clear(&self);
    lab_init(&self, "development.pack");
    lab_asserts(&self, "v21");
    stays_in_development_with("development.pack", HMB_FIRMWARE);
    lab_asserts(&self, "v21");
}

static void make_life_unknown(hmb_state *state) { state->life = 0x12345678; }

static void an_unknown_word_for_its_life_is_production(void **state) {
    (void)state;
    change_state(make_life_unknown);
    lab_asserts(&self, "v2");
    assert_reason(lab_download(&self, HMB_FIRMWARE, "development.pack", 600), HMV_DEVELOPMENT);
}

/* ---- bounds ---- */

static void takes_lists_and_envelopes_as_large_as_the_format_allows(void **state) {
    (void)state;
    assert_true(lab_file("list-2-large.list").size > HMV_TRUST_MAX - 1024);
    lab_take_list(&self, "list-2-large.list");
    lab_update(&self, HMB_FIRMWARE, "large-envelope.pack");
    assert_string_equal(lab_running(&self), "v21");
    lab_asserts(&self, "v21");
}

/* Sizes in flash are an application's word: nothing is read that there is no room for. */
static uint32_t largest;
static hmv_verdict read_and_note(void *context, uint32_t at, uint8_t *data, size_t size) {
    const hmb_flash inner = nor_interface(context);
    if (size > largest) largest = (uint32_t)size;
    if (size > HMB_LIST_MAX && size > HMB_ENVELOPE_MAX) return HMV_BAD;
    return inner.read(context, at, data, size);
}

static void put_words(uint32_t at, uint32_t first, uint32_t second) {
    const uint32_t words[4] = {first, second, ~first, ~second};
    memset(self.data + at, 0xff, HMB_WORDS_SIZE);
    memcpy(self.data + at, words, sizeof words);
}

static void reads_no_more_of_an_envelope_or_list_than_there_is_room_for(void **state) {
    (void)state;
    static const uint32_t sizes[] = {HMB_ENVELOPE_MAX + 1, HMB_ENVELOPE_MAX + 4096, 1u << 20, UINT32_MAX};
    assert_int_equal(HMB_ENVELOPE_MAX, HMB_LIST_MAX);
    self.flash.read = read_and_note;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        largest = 0;
        assert_int_equal(hma_take_list(&self.device, lab_file("list-2-both.list")), HMV_GOOD);
        put_words(lab_layout.list[hmb_free_area(&self.boot.state)], HMB_LIST_MAGIC, sizes[i]);
        assert_int_equal(lab_force(&self, HMB_FIRMWARE, "crash.pack"), HMV_GOOD);
        put_words(slot_at(HMB_FIRMWARE, 1), HMB_SLOT_MAGIC, sizes[i]);
        assert_int_equal(hma_try(&self.device, 1u << HMB_FIRMWARE), HMV_GOOD);
        lab_asserts(&self, "v2");
        assert_reason(self.boot.record.request[0].reason, HMB_EMPTY);
        assert_reason(reason_of(HMB_FIRMWARE, 1), HMB_EMPTY);
        assert_true(largest <= HMB_ENVELOPE_MAX);
    }
    self.flash.read = nor_interface(&self.nor).read;
}

static void a_list_in_force_that_is_lost_is_called_so(void **state) {
    (void)state;
    self.data[lab_layout.list[0] + 200] ^= 0x10;
    assert_reason(lab_boot(&self), HMB_LIST_LOST);
    assert_reason(self.boot.record.undecided, HMB_LIST_LOST);
    assert_reason(reason_of(HMB_FIRMWARE, 0), HMB_LIST_LOST);
}

#define each(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(unlocks_nothing_and_says_so_when_the_state_cannot_be_written),
        each(starts_nothing_on_trial_whose_start_cannot_be_counted),
        each(loses_no_confirmation_with_a_state_that_cannot_be_written),
        each(ends_the_trial_of_the_first_parameters_there_are),
        each(ends_a_trial_of_both_with_the_firmwares),
        each(tries_no_half_of_what_is_to_be_tried_together),
        each(confirms_both_of_what_is_tried_together),
        each(keeps_a_trial_that_is_used_up_while_nothing_else_boots),
        each(tries_no_other_release_at_the_second_start),
        each(a_counter_that_is_above_what_runs_meets_no_dependency),
        each(parameters_go_with_the_firmware_that_was_chosen),
        each(firmware_installs_beside_the_parameters_that_it_needs_and_boots_without),
        each(one_changed_bit_brings_no_older_state_back),
        each(boots_nothing_when_both_copies_of_the_latest_are_damaged),
        each(does_not_believe_a_state_that_reads_now_so_now_otherwise),
        each(hears_again_when_the_application_has_emptied_its_mailbox),
        each(nothing_that_was_refused_stays_in_memory),
        each(a_longer_release_that_was_refused_leaves_nothing_behind_a_shorter_one),
        each(a_device_id_may_end_with_zero_octets),
        each(a_full_table_of_counters_has_a_reason_of_its_own),
        each(a_full_table_takes_nobody_in),
        each(confirms_none_of_two_for_which_there_is_one_counter),
        each(does_not_leave_development_with_development_parameters),
        each(does_not_leave_development_with_a_first_development_release_on_trial),
        each(an_unknown_word_for_its_life_is_production),
        each(takes_lists_and_envelopes_as_large_as_the_format_allows),
        each(reads_no_more_of_an_envelope_or_list_than_there_is_room_for),
        each(a_list_in_force_that_is_lost_is_called_so),
    };
    return cmocka_run_group_tests_name("hardening", tests, NULL, NULL);
}
