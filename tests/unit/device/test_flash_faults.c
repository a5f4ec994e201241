/* Every operation of the flash of every story fails, with power on: once; or all in that erase block from then on; or
 * all there are. At every boot a verified release runs, no counter is ahead, nothing that the state in flash needs is
 * unlocked, and a state that is not in flash is said to be missing there. What failed once has not changed how the
 * story ends; and when the flash is well again, the story ends as it does undisturbed. With AddressSanitizer it is each
 * fourth operation, from HALLMARK_SEED on: every one of them is tried without it; HALLMARK_FULL=1: with it, too. */
#include "stories.h"

#include <parts.h>

#include <inttypes.h>

enum { LIVES_MAX = 60, LIVES_ILL = 14 };

static lab factory, device;
static size_t part, parts = 1;
static const char *name;
static unsigned boots, told_of;

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
enum { STRIDE = 4 };
#else
enum { STRIDE = 1 };
#endif
static uint64_t stride = STRIDE, first = 1;

#define hold(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("%s: operation %" PRIu64 " fails (%d), boot %u: not " #condition " (runs %s)", name,              \
                     device.nor.fail, (int)device.nor.failing, boots, lab_running(&device));                           \
    } while (0)

static int is_unlocked(uint32_t from, uint32_t size) {
    for (uint32_t i = 0; i < device.nor.writable_count; i++) {
        const hmb_range *range = &device.nor.writable[i];
        if (from < range->from + range->size && range->from < from + size) return 1;
    }
    return 0;
}

static void check_bank(const hmb_bank *place, const hmb_bank_state *bank) {
    uint32_t size = HMB_SLOT_PAYLOAD + place->payload_size;
    if (bank->active < HMB_SLOTS) hold(!is_unlocked(place->slot[bank->active], size));
    if (bank->trial < HMB_SLOTS) hold(!is_unlocked(place->slot[bank->trial], size));
    if (bank->earlier.area < HMB_LISTS) hold(!is_unlocked(lab_layout.list[bank->earlier.area], HMB_LIST_AREA_SIZE));
}

/* What the next boot will find. */
static void check_locks(void) {
    hmb_pair pair;
    hmb_state stored;
    hold(hmb_state_load(&pair, &device.flash, lab_layout.state, &stored) == HMV_GOOD);
    int is_stored = pair.held == 2 && memcmp(&stored, &device.boot.state, sizeof stored) == 0;
    told_of += is_stored ? 0 : 1;
    if (!is_stored) hold(device.boot.record.fault == HMB_FLASH_FAULT && device.nor.writable_count == 0);
    hold(!is_unlocked(lab_layout.state, 2 * HMB_ERASE_SIZE));
    hold(!is_unlocked(lab_layout.list[stored.list.area], HMB_LIST_AREA_SIZE));
    for (size_t i = 0; i < HMB_BANKS; i++) check_bank(&lab_layout.bank[i], &stored.bank[i]);
}

static void check_boot(hmv_reason answer) {
    const hmb_bank_record *firmware = &device.boot.record.bank[HMB_FIRMWARE];
    int exception = strcmp(firmware->version, "2.0.0-back") == 0;
    hold(answer == HMV_ACCEPTED);
    hold(lab_running(&device)[0] == 'v' || strcmp(lab_running(&device), "crash") == 0);
    hold(lab_dose(&device)[0] != '?');
    if (!firmware->trial) hold(exception || lab_counter(&device, HMB_FIRMWARE) <= firmware->security_version);
    hold(device.nor.faults == 0);
    check_locks();
}

/* 1: there is more to do. */
static int live(const story *self, caretaker *memory) {
    boots++;
    check_boot(lab_boot(&device));
    return story_live(self, &device, memory);
}

static uint64_t tell(const story *self, uint64_t fail, nor_failing failing, uint32_t seed) {
    caretaker memory = {{0}};
    lab_copy(&device, &factory);
    device.nor.fail = fail;
    device.nor.failing = failing;
    device.nor.seed = seed;
    name = self->name;
    boots = 0;
    int more = 1;
    for (int i = 0; more && failing != NOR_FAILS_ONCE && i < LIVES_ILL; i++) more = live(self, &memory);
    if (failing != NOR_FAILS_ONCE) device.nor.fail = 0; /* well again */
    while (live(self, &memory)) hold(boots < LIVES_MAX);
    hold(strcmp(lab_running(&device), self->running) == 0);
    hold(strcmp(lab_dose(&device), self->dose) == 0);
    hold(lab_counter(&device, HMB_FIRMWARE) == self->counter);
    hold(device.boot.record.list == self->list);
    return device.nor.operations;
}

static void every_operation_fails(nor_failing failing) {
    uint64_t points = 0;
    told_of = 0;
    for (size_t i = part; i < story_count; i += parts) {
        uint64_t operations = tell(&stories[i], 0, NOR_FAILS_ONCE, 1);
        for (uint64_t fail = first; fail <= operations; fail += stride, points++)
            (void)tell(&stories[i], fail, failing, (uint32_t)(fail * 7919) | 1);
    }
    print_message("# %" PRIu64 " operations failed, from number %" PRIu64 " each %" PRIu64
                  "; %u boots could not write their state\n",
                  points, first, stride, told_of);
    assert_true(told_of > 0);
}

static void every_operation_fails_once(void **state) {
    (void)state;
    every_operation_fails(NOR_FAILS_ONCE);
}

static void every_operation_fails_and_its_block_from_then_on(void **state) {
    (void)state;
    every_operation_fails(NOR_FAILS_THERE);
}

static void every_operation_fails_and_all_from_then_on(void **state) {
    (void)state;
    every_operation_fails(NOR_FAILS_ALWAYS);
}

static int begin(void **state) {
    (void)state;
    const char *full = getenv("HALLMARK_FULL"), *seed = getenv("HALLMARK_SEED");
    if (full && strcmp(full, "1") == 0) stride = 1;
    if (stride > 1) first = 1 + (seed ? strtoul(seed, NULL, 10) : 0) % stride;
    lab_init(&factory, "v2.pack");
    return 0;
}

static int end(void **state) {
    (void)state;
    lab_clear(&factory);
    lab_clear(&device);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3) {
        part = strtoul(argv[1], NULL, 10);
        parts = strtoul(argv[2], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_fails_once),
        cmocka_unit_test(every_operation_fails_and_its_block_from_then_on),
        cmocka_unit_test(every_operation_fails_and_all_from_then_on),
    };
    return cmocka_run_group_tests_name("flash_faults", tests, begin, end);
}
