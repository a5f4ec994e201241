#include "lab.h"

static lab self;

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

static uint32_t slot(void) { return lab_layout.bank[HMB_FIRMWARE].slot[hmb_free_slot(&self.boot, HMB_FIRMWARE)]; }

static void takes_pieces_of_any_size(void **state) {
    (void)state;
    static const size_t steps[] = {1, 7, 16, 255, 4096, 100000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_int_equal(lab_download(&self, HMB_FIRMWARE, "crash.pack", steps[i]), HMV_ACCEPTED);
        assert_int_equal(hma_download_forget(&self.device, HMB_FIRMWARE), HMV_GOOD);
    }
    assert_int_equal(self.nor.faults + self.nor.refused, 0);
}

static void writes_nothing_of_a_release_whose_envelope_is_refused(void **state) {
    (void)state;
    static const char *const refused[] = {"v1.pack",       "v2.pack",        "unlogged.pack",
                                          "stranger.pack", "exception.pack", "other-product.pack"};
    uint64_t before = self.nor.operations;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_true(lab_download(&self, HMB_FIRMWARE, refused[i], 100) != HMV_ACCEPTED);
    assert_int_equal(self.nor.operations, before);
}

/* In the first stage's words, and before anything is written. */
static void refuses_at_once_what_the_bank_does_not_take(void **state) {
    (void)state;
    static const struct {
        size_t bank;
        const char *pack;
        hmv_reason reason;
    } cases[] = {{HMB_FIRMWARE, "several.pack", HMB_SEVERAL_COMPONENTS},
                 {HMB_FIRMWARE, "other-bank.pack", HMB_OTHER_COMPONENT},
                 {HMB_FIRMWARE, "limits-1.pack", HMB_OTHER_COMPONENT},
                 {HMB_PARAMETERS, "crash.pack", HMB_OTHER_COMPONENT},
                 {HMB_PARAMETERS, "limits-configuration.pack", HMB_OTHER_KIND},
                 {HMB_PARAMETERS, "limits-large.pack", HMB_NO_ROOM}};
    uint64_t before = self.nor.operations;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t step = 1; step < 1000; step += 333) {
            hmv_reason answer = lab_download(&self, cases[i].bank, cases[i].pack, step);
            if (answer != cases[i].reason) fail_msg("%s: %u, %s", cases[i].pack, answer, hmb_reason_text(answer));
        }
    assert_int_equal(self.nor.operations, before);
}

static void does_not_go_on_with_what_the_bank_does_not_take(void **state) {
    (void)state;
    hma_download download;
    assert_int_equal(lab_force(&self, HMB_FIRMWARE, "several.pack"), HMV_GOOD);
    assert_int_equal(hma_download_open(&download, &self.device, HMB_FIRMWARE), HMV_MORE);
    assert_int_equal(hma_download_offset(&download), 0);
}

static void refuses_a_payload_that_is_not_the_one(void **state) {
    (void)state;
    assert_int_equal(lab_download(&self, HMB_FIRMWARE, "v2-flipped.pack", 100), HMV_OTHER_PAYLOAD);
}

static void knows_that_all_of_it_is_there(void **state) {
    (void)state;
    hma_download download;
    assert_int_equal(lab_download(&self, HMB_FIRMWARE, "crash.pack", 100), HMV_ACCEPTED);
    uint64_t before = self.nor.operations;
    assert_int_equal(hma_download_open(&download, &self.device, HMB_FIRMWARE), HMV_ACCEPTED);
    assert_int_equal(self.nor.operations, before);
    assert_int_equal(hma_download_offset(&download), lab_file("crash.pack").size);
}

static void goes_on_behind_the_last_complete_block(void **state) {
    (void)state;
    hma_download download;
    hmv_bytes pack = lab_file("crash.pack");
    if (HMB_ERASE_SIZE > 4096) skip(); /* no block of its payload is complete before the end */
    assert_int_equal(hma_download_open(&download, &self.device, HMB_FIRMWARE), HMV_MORE);
    assert_int_equal(hma_download_feed(&download, pack.data, pack.size - 1), HMV_MORE);
    assert_int_equal(hma_download_open(&download, &self.device, HMB_FIRMWARE), HMV_MORE);
    size_t at = (size_t)hma_download_offset(&download);
    assert_true(at > HMB_ERASE_SIZE && at < pack.size);
    assert_int_equal(hma_download_feed(&download, pack.data + at, pack.size - at), HMV_ACCEPTED);
    assert_int_equal(self.nor.faults, 0);
}

static void begins_anew_when_what_is_there_was_changed(void **state) {
    (void)state;
    hma_download download;
    hmv_bytes pack = lab_file("crash.pack");
    assert_int_equal(lab_download(&self, HMB_FIRMWARE, "crash.pack", 100), HMV_ACCEPTED);
    self.data[slot() + HMB_SLOT_PAYLOAD + 5] ^= 1;
    assert_int_equal(hma_download_open(&download, &self.device, HMB_FIRMWARE), HMV_MORE);
    assert_int_equal(hma_download_offset(&download), 0);
    assert_int_equal(hma_download_feed(&download, pack.data, pack.size), HMV_ACCEPTED);
}

static void does_not_go_on_with_another_release(void **state) {
    (void)state;
    if (HMB_ERASE_SIZE > 4096) skip(); /* likewise */
    hma_download download;
    hmv_bytes pack = lab_file("crash.pack"), other = lab_file("development.pack");
    assert_int_equal(hma_download_open(&download, &self.device, HMB_FIRMWARE), HMV_MORE);
    assert_int_equal(hma_download_feed(&download, pack.data, pack.size - 1), HMV_MORE);
    assert_int_equal(hma_download_open(&download, &self.device, HMB_FIRMWARE), HMV_MORE);
    size_t at = (size_t)hma_download_offset(&download);
    assert_true(hma_download_feed(&download, other.data + at, other.size - at) != HMV_ACCEPTED);
}

/* Headers and marks are an application's, or an attacker's: nothing in them may lead outside the slot. */
static void random_headers_and_marks_do_no_harm(void **state) {
    (void)state;
    uint32_t x = 5;
    hma_download download;
    for (int i = 0; i < 300; i++) {
        uint32_t at = slot();
        assert_int_equal(lab_download(&self, HMB_FIRMWARE, "crash.pack", 5000), HMV_ACCEPTED);
        for (uint32_t unit = 0; unit < 6; unit++) {
            x = x * 1664525u + 1013904223u;
            uint32_t words[4] = {unit ? HMB_MARK_MAGIC : HMB_SLOT_MAGIC, x >> (x % 28), 0, 0};
            words[2] = ~words[0];
            words[3] = ~words[1];
            memcpy(self.data + at + unit * HMB_WORDS_SIZE, words, sizeof words);
        }
        hmv_reason answer = hma_download_open(&download, &self.device, HMB_FIRMWARE);
        assert_true(answer == HMV_MORE || answer == HMV_ACCEPTED);
        assert_int_equal(hma_download_forget(&self.device, HMB_FIRMWARE), HMV_GOOD);
        assert_int_equal(self.nor.faults + self.nor.refused, 0);
    }
}

static void a_list_that_is_too_large_is_not_stored(void **state) {
    (void)state;
    static uint8_t large[HMB_LIST_MAX + 1];
    uint64_t before = self.nor.operations;
    assert_int_equal(hma_take_list(&self.device, (hmv_bytes){large, sizeof large}), HMV_BAD);
    assert_int_equal(hma_take_list(&self.device, (hmv_bytes){large, 0}), HMV_BAD);
    assert_int_equal(self.nor.operations, before);
}

#define each(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(takes_pieces_of_any_size),
        each(writes_nothing_of_a_release_whose_envelope_is_refused),
        each(refuses_at_once_what_the_bank_does_not_take),
        each(does_not_go_on_with_what_the_bank_does_not_take),
        each(refuses_a_payload_that_is_not_the_one),
        each(knows_that_all_of_it_is_there),
        each(goes_on_behind_the_last_complete_block),
        each(begins_anew_when_what_is_there_was_changed),
        each(does_not_go_on_with_another_release),
        each(random_headers_and_marks_do_no_harm),
        each(a_list_that_is_too_large_is_not_stored),
    };
    return cmocka_run_group_tests_name("download", tests, NULL, NULL);
}
