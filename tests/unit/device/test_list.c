/* Without the list in force. */
#include "lab.h"

#include <parts.h>

static lab self;

/* Release 2.0.0 confirmed, under list-1. */
static int begin(void **state) {
    (void)state;
    lab_init(&self, "v2.pack");
    lab_asserts(&self, "v2");
    assert_int_equal(hma_confirm(&self.device), HMV_GOOD);
    lab_asserts(&self, "v2");
    return 0;
}

static int end(void **state) {
    (void)state;
    lab_clear(&self);
    return 0;
}

#define assert_reason(actual, wanted)                                                                                  \
    do {                                                                                                               \
        uint32_t actual_ = (actual);                                                                                   \
        if (actual_ != (wanted)) fail_msg("%u (%s), not %s", actual_, hmb_reason_text(actual_), #wanted);              \
    } while (0)

/* One damaged byte in the list in force: then nobody's list follows on it, and nothing is tried. */
static void takes_no_list_and_tries_nothing_without_the_list_in_force(void **state) {
    static const char *const lists[] = {"list-2.list", "list-2-both.list", "list-3.list"};
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        hmb_list before = self.boot.state.list;
        assert_int_equal(hma_take_list(&self.device, lab_file(lists[i])), HMV_GOOD);
        assert_int_equal(lab_force(&self, HMB_FIRMWARE, "v21-old-key.pack"), HMV_GOOD);
        assert_int_equal(hma_try(&self.device, 1u << HMB_FIRMWARE), HMV_GOOD);
        self.data[lab_layout.list[0] + 200] ^= 0x10;
        assert_false(HMV_IS_ACCEPTED((hmv_reason){lab_boot(&self)}));
        assert_reason(self.boot.record.request[0].reason, HMB_LIST_LOST);
        assert_reason(self.boot.record.request[1].reason, HMB_LIST_LOST);
        assert_memory_equal(&self.boot.state.list, &before, sizeof before);
        assert_string_equal(lab_running(&self), "nothing");
        self.data[lab_layout.list[0] + 200] ^= 0x10;
        lab_asserts(&self, "v2");
    }
}

/* As if the call that opens it had been skipped. */
static void takes_no_list_and_tries_nothing_if_the_one_in_force_was_not_opened(void **state) {
    (void)state;
    assert_int_equal(hma_take_list(&self.device, lab_file("list-2.list")), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 1u << HMB_FIRMWARE), HMV_GOOD);
    nor_reset(&self.nor);
    assert_reason(hmb_boot_begin(&self.boot, &self.board), HMV_ACCEPTED);
    hmb_requests_take(&self.boot);
    assert_reason(self.boot.record.request[0].reason, HMB_LIST_LOST);
    assert_reason(self.boot.record.request[1].reason, HMB_LIST_LOST);
    assert_reason(hmb_list_take(&self.boot), HMV_ROOTS_UNKNOWN);
    assert_int_equal(self.boot.state.list.version, 1);
}

static void gives_up_a_trial_whose_list_is_lost(void **state) {
    (void)state;
    assert_int_equal(lab_force(&self, HMB_FIRMWARE, "v21-old-key.pack"), HMV_GOOD);
    assert_int_equal(hma_try(&self.device, 1u << HMB_FIRMWARE), HMV_GOOD);
    lab_asserts(&self, "v21");
    self.data[lab_layout.list[0] + 200] ^= 0x10;
    (void)lab_boot(&self);
    assert_reason(self.boot.record.bank[HMB_FIRMWARE].reason[1], HMB_LIST_LOST);
    self.data[lab_layout.list[0] + 200] ^= 0x10;
    lab_asserts(&self, "v2");
}

static uint8_t list_end;

/* As if a fault had stored something there, after the list's signatures were verified: in a signature, at which no
 * decision looks any more. Asked more than once, it stays changed. */
static hmv_verdict change_the_list(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *version) {
    hmb_open_list *list = &self.boot.list[self.boot.in_force];
    list->data[list->size - 1] = (uint8_t)~list_end;
    return hmb_platform_counter(context, publisher, component, version);
}

static void nothing_starts_that_was_decided_by_a_list_that_has_changed_since(void **state) {
    (void)state;
    for (int changes = 0; changes < 2; changes++) {
        nor_reset(&self.nor);
        assert_reason(hmb_boot_begin(&self.boot, &self.board), HMV_ACCEPTED);
        list_end = self.data[lab_layout.list[0] + HMB_WORDS_SIZE + lab_file("list-1.list").size - 1];
        if (changes) self.boot.platform.counter = change_the_list;
        hmv_reason answer = hmb_boot_decide(&self.boot);
        assert_int_equal(HMV_IS_ACCEPTED(answer), !changes);
        assert_int_equal(hmb_boot_target(&self.boot) == (uintptr_t)self.board.memory[HMB_FIRMWARE].data, !changes);
    }
    lab_asserts(&self, "v2");
}

static void a_list_that_was_offered_and_refused_need_not_stand(void **state) {
    (void)state;
    assert_int_equal(hma_take_list(&self.device, lab_file("list-2-forged.list")), HMV_GOOD);
    nor_reset(&self.nor);
    assert_reason(hmb_boot_begin(&self.boot, &self.board), HMV_ACCEPTED);
    assert_reason(hmb_list_open(&self.boot), HMV_ACCEPTED);
    assert_reason(hmb_list_open_earlier(&self.boot, &self.boot.state.list), HMV_ACCEPTED);
    assert_false(HMV_IS_ACCEPTED((hmv_reason){hmb_list_take(&self.boot)})); /* where the earlier one was */
    assert_reason(hmb_lists_stand(&self.boot), HMV_ACCEPTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_no_list_and_tries_nothing_without_the_list_in_force, begin, end),
        cmocka_unit_test_setup_teardown(takes_no_list_and_tries_nothing_if_the_one_in_force_was_not_opened, begin, end),
        cmocka_unit_test_setup_teardown(gives_up_a_trial_whose_list_is_lost, begin, end),
        cmocka_unit_test_setup_teardown(nothing_starts_that_was_decided_by_a_list_that_has_changed_since, begin, end),
        cmocka_unit_test_setup_teardown(a_list_that_was_offered_and_refused_need_not_stand, begin, end),
    };
    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
