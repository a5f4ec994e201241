#include "lab.h"

static lab self;

static int begin(void **state) {
    (void)state;
    lab_init(&self, "v2.pack");
    return 0;
}

static int end(void **state) {
    (void)state;
    lab_clear(&self);
    return 0;
}

/* Release 2.0.0 confirmed. */
static int begin_confirmed(void **state) {
    begin(state);
    lab_asserts(&self, "v2");
    assert_int_equal(hma_confirm(&self.device), HMV_GOOD);
    lab_asserts(&self, "v2");
    return 0;
}

static uint32_t reason_of(size_t bank, uint32_t slot) { return self.boot.record.bank[bank].reason[slot]; }

#define assert_reason(actual, wanted)                                                                                  \
    do {                                                                                                               \
        uint32_t actual_ = (actual);                                                                                   \
        if (actual_ != (wanted)) fail_msg("%u (%s), not %s", actual_, hmb_reason_text(actual_), #wanted);              \
    } while (0)

/* ---- what boots ---- */

static void starts_the_factorys_release_on_trial(void **state) {
    (void)state;
    lab_asserts(&self, "v2");
    assert_true(hma_on_trial(&self.device));
    assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 0);
    assert_string_equal(self.boot.record.bank[HMB_FIRMWARE].version, "2.0.0");
    assert_int_equal(self.boot.record.list, 1);
}

static void raises_the_counter_when_the_release_has_confirmed_itself(void **state) {
    (void)state;
    assert_false(hma_on_trial(&self.device));
    assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 2);
    lab_asserts(&self, "v2");
    assert_int_equal(self.boot.state.bank[HMB_FIRMWARE].active, 0);
}

static void goes_on_trying_the_only_release_there_is(void **state) {
    (void)state;
    for (int i = 0; i < 3 * HMB_ATTEMPTS; i++) lab_asserts(&self, "v2");
    assert_true(hma_on_trial(&self.device));
}

static void writes_nothing_but_the_record_when_nothing_changes(void **state) {
    (void)state;
    uint64_t before = self.nor.operations;
    lab_asserts(&self, "v2");
    assert_true(self.nor.operations - before <= sizeof(hmb_record) / HMB_UNIT_SIZE + 1);
}

static void updates_to_a_release_that_confirms_itself(void **state) {
    (void)state;
    lab_take_list(&self, "list-2-both.list");
    lab_update(&self, HMB_FIRMWARE, "v21.pack");
    assert_string_equal(lab_running(&self), "v21");
    assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 3);
    assert_int_equal(self.boot.record.bank[HMB_FIRMWARE].slot, 1);
}

static void falls_back_from_a_release_that_never_confirms(void **state) {
    (void)state;
    assert_reason(lab_download(&self, HMB_FIRMWARE, "crash.pack", 100), HMV_ACCEPTED);
    assert_int_equal(hma_try(&self.device, 1u << HMB_FIRMWARE), HMV_GOOD);
    for (int i = 0; i < HMB_ATTEMPTS; i++) lab_asserts(&self, "crash");
    lab_asserts(&self, "v2");
    assert_reason(reason_of(HMB_FIRMWARE, 1), HMB_GIVEN_UP);
    assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 2);
    lab_asserts(&self, "v2");
}

static void boots_the_release_before_when_the_confirmed_one_is_damaged(void **state) {
    (void)state;
    assert_reason(lab_download(&self, HMB_FIRMWARE, "crash.pack", 1000), HMV_ACCEPTED);
    lab_update(&self, HMB_FIRMWARE, "crash.pack");
    self.data[lab_layout.bank[HMB_FIRMWARE].slot[1] + HMB_SLOT_PAYLOAD + 77] ^= 4;
    lab_asserts(&self, "v2");
    assert_reason(reason_of(HMB_FIRMWARE, 1), HMV_OTHER_PAYLOAD);
    assert_int_equal(hmb_free_slot(&self.boot, HMB_FIRMWARE), 1);
}

static void boots_nothing_when_both_slots_are_damaged(void **state) {
    (void)state;
    self.data[lab_layout.bank[HMB_FIRMWARE].slot[0] + HMB_SLOT_PAYLOAD] ^= 1;
    assert_reason(lab_boot(&self), HMV_OTHER_PAYLOAD);
    assert_string_equal(lab_running(&self), "nothing");
    assert_reason(self.boot.record.undecided, HMV_OTHER_PAYLOAD);
}

/* For every answer that can be there instead of an acceptance, at every place, alone and everywhere. */
static void there_is_no_address_to_jump_to_without_every_answer(void **state) {
    (void)state;
    static const hmv_reason others[] = {HMV_UNDECIDED, HMV_MORE,      HMV_OTHER_PAYLOAD, HMB_OTHER_RELEASE,
                                        HMV_BAD,       ~HMV_ACCEPTED, UINT32_MAX,        0x20010000};
    volatile hmv_reason *answers = self.boot.found[HMB_FIRMWARE].answers;
    assert_int_equal(hmb_boot_target(&self.boot), (uintptr_t)self.firmware);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        for (unsigned places = 1; places < 1u << HMB_ANSWERS; places++) {
            for (size_t j = 0; j < HMB_ANSWERS; j++) answers[j] = places >> j & 1 ? others[i] : HMV_ACCEPTED;
            assert_string_equal(lab_running(&self), "nothing");
        }
}

static void boots_nothing_without_its_state(void **state) {
    (void)state;
    memset(self.data + lab_layout.state, 0xff, HMB_JOURNAL_SIZE);
    assert_reason(lab_boot(&self), HMB_STATE_LOST);
    assert_string_equal(lab_running(&self), "nothing");
}

static void boots_nothing_under_a_list_of_other_roots(void **state) {
    (void)state;
    self.identity.roots[5] ^= 1;
    assert_true(lab_boot(&self) != HMV_ACCEPTED);
    assert_string_equal(lab_running(&self), "nothing");
}

/* Genuine, by the right roots, but not the one that was taken. */
static void boots_nothing_under_another_list_than_the_one_that_was_taken(void **state) {
    (void)state;
    hmv_bytes list = lab_file("list-2-both.list");
    memset(self.data + lab_layout.list[0], 0xff, HMB_LIST_AREA_SIZE);
    memcpy(self.data + lab_layout.list[0] + HMB_WORDS_SIZE, list.data, list.size);
    assert_int_equal(hmb_words_write(&self.flash, lab_layout.list[0], HMB_LIST_MAGIC, (uint32_t)list.size), HMV_BAD);
    nor_reset(&self.nor);
    assert_int_equal(hmb_words_write(&self.flash, lab_layout.list[0], HMB_LIST_MAGIC, (uint32_t)list.size), HMV_GOOD);
    assert_true(lab_boot(&self) != HMV_ACCEPTED);
}

static void does_not_boot_a_good_release_that_was_put_in_the_place_of_the_confirmed_one(void **state) {
    (void)state;
    nor_reset(&self.nor);
    assert_int_equal(lab_force_at(&self, lab_layout.bank[HMB_FIRMWARE].slot[0], lab_file("crash.pack")), HMV_GOOD);
    assert_reason(lab_boot(&self), HMB_OTHER_RELEASE);
}

/* ---- what is refused, by the download as it comes and by the first stage ---- */

static void is_refused(size_t bank, const char *pack, uint32_t reason) {
    assert_reason(lab_download(&self, bank, pack, 777), reason);
    assert_int_equal(hma_download_forget(&self.device, bank), HMV_GOOD);
    assert_int_equal(lab_force(&self, bank, pack), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 1u << bank), HMV_GOOD);
    uint32_t slot = hmb_free_slot(&self.boot, bank);
    uint64_t counter = lab_counter(&self, bank);
    lab_asserts(&self, "v2");
    assert_reason(reason_of(bank, slot), reason);
    assert_reason(self.boot.record.request[0].reason, reason);
    assert_false(hma_on_trial(&self.device));
    assert_int_equal(lab_counter(&self, bank), counter);
}

static void refuses_a_flipped_bit(void **state) {
    (void)state;
    is_refused(HMB_FIRMWARE, "v2-flipped.pack", HMV_OTHER_PAYLOAD);
}

static void refuses_an_older_release(void **state) {
    (void)state;
    is_refused(HMB_FIRMWARE, "v1.pack", HMV_OLD_SEQUENCE);
}

static void refuses_what_is_installed_already(void **state) {
    (void)state;
    is_refused(HMB_FIRMWARE, "v2.pack", HMV_OLD_SEQUENCE);
}

static void refuses_a_security_version_below_the_counter(void **state) {
    (void)state;
    lab_take_list(&self, "list-2-both.list");
    is_refused(HMB_FIRMWARE, "low.pack", HMV_OLD_SECURITY_VERSION);
}

static void refuses_another_products_image(void **state) {
    (void)state;
    is_refused(HMB_FIRMWARE, "other-product.pack", HMV_OTHER_CLASS);
}

static void refuses_a_strangers_signature(void **state) {
    (void)state;
    is_refused(HMB_FIRMWARE, "stranger.pack", HMV_NO_SIGNATURE);
}

static void refuses_a_release_without_a_receipt(void **state) {
    (void)state;
    is_refused(HMB_FIRMWARE, "unlogged.pack", HMV_NO_RECEIPT);
}

static void refuses_a_development_release_in_production(void **state) {
    (void)state;
    assert_int_equal(hma_leave_development(&self.device), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_int_equal(self.boot.record.life, HMB_PRODUCTION);
    is_refused(HMB_FIRMWARE, "development.pack", HMV_DEVELOPMENT);
}

static void refuses_an_exception_for_another_device(void **state) {
    (void)state;
    lab_take_list(&self, "list-2-both.list");
    is_refused(HMB_FIRMWARE, "exception-other.pack", HMV_OTHER_DEVICE);
}

static void refuses_an_image_by_a_revoked_key(void **state) {
    (void)state;
    lab_take_list(&self, "list-2.list");
    assert_int_equal(self.boot.record.bank[HMB_FIRMWARE].earlier, 1);
    is_refused(HMB_FIRMWARE, "v21-old-key.pack", HMV_REVOKED_KEY);
}

static void refuses_a_component_that_is_not_the_banks(void **state) {
    (void)state;
    assert_int_equal(lab_force(&self, HMB_FIRMWARE, "other-bank.pack"), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 1u << HMB_FIRMWARE), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_reason(reason_of(HMB_FIRMWARE, 1), HMB_OTHER_COMPONENT);
}

static void refuses_parameters_in_the_firmwares_slot(void **state) {
    (void)state;
    assert_int_equal(lab_force(&self, HMB_FIRMWARE, "limits-1.pack"), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 1u << HMB_FIRMWARE), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_reason(reason_of(HMB_FIRMWARE, 1), HMB_OTHER_COMPONENT);
}

static void refuses_what_the_bank_does_not_take_for_what_it_is(void **state) {
    (void)state;
    assert_int_equal(lab_force(&self, HMB_FIRMWARE, "several.pack"), HMV_GOOD);
    assert_int_equal(lab_force(&self, HMB_PARAMETERS, "limits-configuration.pack"), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 1u << HMB_FIRMWARE | 1u << HMB_PARAMETERS), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_reason(reason_of(HMB_FIRMWARE, 1), HMB_SEVERAL_COMPONENTS);
    assert_reason(reason_of(HMB_PARAMETERS, 0), HMB_OTHER_KIND);
}

static void boots_a_development_release_in_development_only(void **state) {
    (void)state;
    lab_update(&self, HMB_FIRMWARE, "development.pack");
    assert_int_equal(hma_leave_development(&self.device), HMV_GOOD);
    lab_asserts(&self, "v21");
    assert_reason(self.boot.record.request[0].reason, HMV_DEVELOPMENT);
    assert_int_equal(self.boot.record.life, HMB_DEVELOPMENT); /* else it would never boot again */
}

/* ---- trust lists ---- */

static void boots_the_confirmed_release_under_the_list_before_until_an_update_satisfies_the_new_one(void **state) {
    (void)state;
    lab_take_list(&self, "list-2.list");
    assert_string_equal(lab_running(&self), "v2");
    assert_int_equal(self.boot.record.list, 2);
    assert_int_equal(self.boot.record.earlier, 1);
    assert_reason(reason_of(HMB_FIRMWARE, 0), HMV_REVOKED_KEY);
    lab_update(&self, HMB_FIRMWARE, "v21.pack");
    assert_string_equal(lab_running(&self), "v21");
    assert_int_equal(self.boot.record.bank[HMB_FIRMWARE].earlier, 0);
    assert_int_equal(self.boot.state.bank[HMB_FIRMWARE].earlier.area, HMB_NONE);
    lab_asserts(&self, "v21");
    self.data[lab_layout.bank[HMB_FIRMWARE].slot[1] + HMB_SLOT_PAYLOAD] ^= 1;
    assert_true(lab_boot(&self) != HMV_ACCEPTED); /* the old one is revoked, and no longer needed */
}

static void keeps_each_banks_list_over_several_lists(void **state) {
    (void)state;
    lab_update(&self, HMB_PARAMETERS, "limits-1.pack");
    lab_take_list(&self, "list-2.list");
    lab_take_list(&self, "list-3.list");
    assert_string_equal(lab_running(&self), "v2");
    assert_string_equal(lab_dose(&self), "limits-1");
    assert_int_equal(self.boot.record.bank[HMB_FIRMWARE].earlier, 1);
    assert_int_equal(self.boot.record.bank[HMB_PARAMETERS].earlier, 1);
    lab_update(&self, HMB_PARAMETERS, "limits-new.pack");
    assert_int_equal(self.boot.record.bank[HMB_PARAMETERS].earlier, 0);
    assert_int_equal(self.boot.record.bank[HMB_FIRMWARE].earlier, 1);
    lab_update(&self, HMB_FIRMWARE, "v21.pack");
    assert_string_equal(lab_running(&self), "v21");
    assert_string_equal(lab_dose(&self), "limits-3");
}

static void list_is_refused(const char *list, uint32_t reason) {
    assert_int_equal(hma_take_list(&self.device, lab_file(list)), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_reason(self.boot.record.request[0].reason, reason);
    assert_int_equal(self.boot.record.list, 1);
}

static void refuses_a_list_that_its_roots_have_not_signed(void **state) {
    (void)state;
    list_is_refused("list-2-forged.list", HMV_ROOTS_UNKNOWN);
}

static void refuses_a_list_that_comes_too_early(void **state) {
    (void)state;
    list_is_refused("list-3.list", HMV_ROOTS_UNKNOWN);
}

static void refuses_the_list_that_is_in_force(void **state) {
    (void)state;
    list_is_refused("list-1.list", HMV_SAME_LIST);
}

static void refuses_an_older_list(void **state) {
    (void)state;
    lab_take_list(&self, "list-2-both.list");
    assert_int_equal(hma_take_list(&self.device, lab_file("list-1.list")), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_reason(self.boot.record.request[0].reason, HMV_OLD_LIST);
}

/* Its only release would be refused under that list. */
static void takes_no_list_while_its_first_release_is_on_trial(void **state) {
    (void)state;
    lab_asserts(&self, "v2");
    assert_int_equal(hma_take_list(&self.device, lab_file("list-2.list")), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_reason(self.boot.record.request[0].reason, HMB_TRIAL_UNDER_WAY);
    assert_int_equal(self.boot.record.list, 1);
}

static void a_list_that_comes_with_the_confirmation_waits_for_it(void **state) {
    (void)state;
    lab_asserts(&self, "v2");
    assert_int_equal(hma_confirm(&self.device), HMV_GOOD);
    assert_int_equal(hma_take_list(&self.device, lab_file("list-2.list")), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 2);
    assert_reason(self.boot.record.request[1].reason, HMB_TRIAL_UNDER_WAY);
    lab_take_list(&self, "list-2.list");
    assert_string_equal(lab_running(&self), "v2");
}

/* ---- the exception ---- */

static void an_exception_brings_this_device_back_and_leaves_the_counter(void **state) {
    (void)state;
    lab_take_list(&self, "list-2-both.list");
    lab_update(&self, HMB_FIRMWARE, "v21.pack");
    assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 3);
    lab_update(&self, HMB_FIRMWARE, "exception.pack");
    assert_string_equal(lab_running(&self), "v2");
    assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 3);
    lab_asserts(&self, "v2");
}

/* ---- parameters ---- */

static void runs_without_parameters_and_says_so(void **state) {
    (void)state;
    assert_string_equal(lab_dose(&self), "nothing");
}

static void updates_parameters_alone(void **state) {
    (void)state;
    lab_update(&self, HMB_PARAMETERS, "limits-1.pack");
    assert_string_equal(lab_dose(&self), "limits-1");
    lab_update(&self, HMB_PARAMETERS, "limits-2.pack");
    assert_string_equal(lab_dose(&self), "limits-2");
    assert_string_equal(lab_running(&self), "v2");
    is_refused(HMB_PARAMETERS, "limits-flipped.pack", HMV_OTHER_PAYLOAD);
    assert_string_equal(lab_dose(&self), "limits-2");
}

static void uses_the_parameters_before_when_the_confirmed_ones_are_damaged(void **state) {
    (void)state;
    lab_update(&self, HMB_PARAMETERS, "limits-1.pack");
    lab_update(&self, HMB_PARAMETERS, "limits-2.pack");
    uint32_t slot = self.boot.record.bank[HMB_PARAMETERS].slot;
    self.data[lab_layout.bank[HMB_PARAMETERS].slot[slot] + HMB_SLOT_PAYLOAD] ^= 1;
    lab_asserts(&self, "v2");
    assert_string_equal(lab_dose(&self), "limits-1");
}

/* ---- the mailbox is not believed ---- */

static void a_confirmation_by_what_is_not_on_trial_is_refused(void **state) {
    (void)state;
    assert_int_equal(hma_confirm(&self.device), HMV_GOOD);
    lab_asserts(&self, "v2");
    assert_reason(self.boot.record.request[0].reason, HMB_NOT_ON_TRIAL);
}

static void a_confirmation_that_was_written_before_the_trial_does_not_count(void **state) {
    (void)state;
    assert_reason(lab_download(&self, HMB_FIRMWARE, "crash.pack", 100), HMV_ACCEPTED);
    assert_int_equal(hma_confirm(&self.device), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 1u << HMB_FIRMWARE), HMV_GOOD);
    assert_int_equal(hma_confirm(&self.device), HMV_GOOD);
    for (int i = 0; i < HMB_ATTEMPTS; i++) lab_asserts(&self, "crash");
    lab_asserts(&self, "v2");
    assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 2);
}

static void an_unknown_request_is_refused(void **state) {
    (void)state;
    assert_int_equal(hmb_mailbox_put(&self.flash, lab_layout.mailbox, 0x12345678, 1), HMV_GOOD);
    assert_int_equal(hmb_mailbox_put(&self.flash, lab_layout.mailbox, HMB_TRY, 0), HMV_GOOD);
    assert_int_equal(hmb_mailbox_put(&self.flash, lab_layout.mailbox, HMB_TRY, 4), HMV_GOOD);
    lab_asserts(&self, "v2");
    for (int i = 0; i < 3; i++) assert_reason(self.boot.record.request[i].reason, HMB_UNKNOWN_REQUEST);
}

static void more_requests_than_it_takes_are_refused(void **state) {
    (void)state;
    while (hma_take_list(&self.device, lab_file("list-2.list")) == HMV_GOOD) continue;
    lab_asserts(&self, "v2");
    assert_reason(self.boot.record.request[0].reason, HMV_ACCEPTED);
    assert_reason(self.boot.record.request[HMB_REQUESTS_MAX - 1].reason, HMB_TOO_MANY_REQUESTS);
    assert_int_equal(hmb_mailbox_extent(&self.flash, lab_layout.mailbox), 0);
    assert_int_equal(hma_confirm(&self.device), HMV_GOOD); /* there is room again */
}

/* Whatever the mailbox and the free slot hold, the confirmed release boots and no counter moves. */
static void random_requests_change_nothing(void **state) {
    (void)state;
    uint32_t x = 1;
    for (int i = 0; i < 200; i++) {
        static const uint32_t kinds[] = {HMB_TRY, HMB_CONFIRM, HMB_TAKE_LIST, 7};
        for (int j = 0; j < 5; j++) {
            x = x * 1664525u + 1013904223u;
            (void)hmb_mailbox_put(&self.flash, lab_layout.mailbox, kinds[x >> 30], x >> 20 & 3);
        }
        lab_asserts(&self, "v2");
        assert_int_equal(lab_counter(&self, HMB_FIRMWARE), 2);
        assert_int_equal(self.boot.record.list, 1);
        assert_int_equal(self.boot.record.life, HMB_DEVELOPMENT);
    }
}

/* ---- what the application cannot write ---- */

static void only_the_free_places_can_be_written_once_the_application_runs(void **state) {
    (void)state;
    uint32_t refused = 0, allowed = 0;
    for (uint32_t at = 0; at < lab_layout.end; at += HMB_ERASE_SIZE) {
        if (self.flash.erase(self.flash.context, at) == HMV_GOOD)
            allowed++;
        else
            refused++;
    }
    /* The mailbox, a list area, a slot of each bank. */
    assert_int_equal(allowed, 1 + (HMB_LIST_AREA_SIZE + 2 * HMB_SLOT_PAYLOAD + lab_layout.bank[0].payload_size +
                                   lab_layout.bank[1].payload_size) /
                                      HMB_ERASE_SIZE);
    assert_int_equal(refused, lab_layout.end / HMB_ERASE_SIZE - allowed);
    lab_asserts(&self, "v2");
}

static void nothing_is_free_while_something_is_on_trial(void **state) {
    (void)state;
    assert_reason(lab_download(&self, HMB_FIRMWARE, "crash.pack", 100), HMV_ACCEPTED);
    assert_int_equal(hma_try(&self.device, 1u << HMB_FIRMWARE), HMV_GOOD);
    lab_asserts(&self, "crash");
    assert_reason(lab_download(&self, HMB_FIRMWARE, "crash.pack", 100), HMB_TRIAL_UNDER_WAY);
    assert_reason(lab_download(&self, HMB_PARAMETERS, "limits-1.pack", 100), HMB_TRIAL_UNDER_WAY);
    assert_int_equal(lab_force_at(&self, lab_layout.bank[HMB_FIRMWARE].slot[0], lab_file("crash.pack")), HMV_BAD);
}

static void the_ring_of_records_tells_of_earlier_boots(void **state) {
    (void)state;
    hmb_journal ring;
    hmb_record latest;
    for (int i = 0; i < 40; i++) lab_asserts(&self, "v2");
    hmb_record_open(&ring, &self.flash, &lab_layout, &latest);
    assert_int_equal(latest.entry.number, 42);
    assert_string_equal(latest.bank[HMB_FIRMWARE].version, "2.0.0");
}

#define confirmed(test) cmocka_unit_test_setup_teardown(test, begin_confirmed, end)
#define fresh(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        fresh(starts_the_factorys_release_on_trial),
        confirmed(raises_the_counter_when_the_release_has_confirmed_itself),
        fresh(goes_on_trying_the_only_release_there_is),
        confirmed(writes_nothing_but_the_record_when_nothing_changes),
        confirmed(updates_to_a_release_that_confirms_itself),
        confirmed(falls_back_from_a_release_that_never_confirms),
        confirmed(boots_the_release_before_when_the_confirmed_one_is_damaged),
        confirmed(boots_nothing_when_both_slots_are_damaged),
        confirmed(there_is_no_address_to_jump_to_without_every_answer),
        confirmed(boots_nothing_without_its_state),
        confirmed(boots_nothing_under_a_list_of_other_roots),
        confirmed(boots_nothing_under_another_list_than_the_one_that_was_taken),
        confirmed(does_not_boot_a_good_release_that_was_put_in_the_place_of_the_confirmed_one),
        confirmed(refuses_a_flipped_bit),
        confirmed(refuses_an_older_release),
        confirmed(refuses_what_is_installed_already),
        confirmed(refuses_a_security_version_below_the_counter),
        confirmed(refuses_another_products_image),
        confirmed(refuses_a_strangers_signature),
        confirmed(refuses_a_release_without_a_receipt),
        confirmed(refuses_a_development_release_in_production),
        confirmed(refuses_an_exception_for_another_device),
        confirmed(refuses_an_image_by_a_revoked_key),
        confirmed(refuses_a_component_that_is_not_the_banks),
        confirmed(refuses_parameters_in_the_firmwares_slot),
        confirmed(refuses_what_the_bank_does_not_take_for_what_it_is),
        confirmed(boots_a_development_release_in_development_only),
        confirmed(boots_the_confirmed_release_under_the_list_before_until_an_update_satisfies_the_new_one),
        confirmed(keeps_each_banks_list_over_several_lists),
        confirmed(refuses_a_list_that_its_roots_have_not_signed),
        confirmed(refuses_a_list_that_comes_too_early),
        confirmed(refuses_the_list_that_is_in_force),
        confirmed(refuses_an_older_list),
        fresh(takes_no_list_while_its_first_release_is_on_trial),
        fresh(a_list_that_comes_with_the_confirmation_waits_for_it),
        confirmed(an_exception_brings_this_device_back_and_leaves_the_counter),
        confirmed(runs_without_parameters_and_says_so),
        confirmed(updates_parameters_alone),
        confirmed(uses_the_parameters_before_when_the_confirmed_ones_are_damaged),
        confirmed(a_confirmation_by_what_is_not_on_trial_is_refused),
        confirmed(a_confirmation_that_was_written_before_the_trial_does_not_count),
        confirmed(an_unknown_request_is_refused),
        confirmed(more_requests_than_it_takes_are_refused),
        confirmed(random_requests_change_nothing),
        confirmed(only_the_free_places_can_be_written_once_the_application_runs),
        confirmed(nothing_is_free_while_something_is_on_trial),
        confirmed(the_ring_of_records_tells_of_earlier_boots),
    };
    return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
