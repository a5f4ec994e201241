/* Power fails at every operation of the flash of every story, and at pairs of them; afterwards power comes back and the
 * story goes on. At every boot: a verified release runs, no counter is ahead of the confirmed release, and the flash
 * was used as flash must be. In the end the story has come out as it does undisturbed. HALLMARK_FULL=1: every pair.
 *
 * test_device_power_cuts PART PARTS tells one of so many stories. */
#include "stories.h"

#include <inttypes.h>
#include <stdio.h>

enum { LIVES_MAX = 60, PAIRS_SAMPLED = 250 };

typedef struct telling {
    const story *of;
    uint64_t first, second; /* the operations in which power fails; the second counts from the first's next life */
    uint32_t seed;
    uint64_t counter; /* of the firmware, at the last boot */
    uint64_t operations;
    unsigned boots, cuts;
} telling;

static lab factory, device;
static size_t part, parts = 1; /* which of the stories this run tells */

static int is_full(void) {
    const char *full = getenv("HALLMARK_FULL");
    return full && strcmp(full, "1") == 0;
}

static uint32_t seed_of_environment(void) {
    const char *text = getenv("HALLMARK_SEED");
    return text ? (uint32_t)strtoul(text, NULL, 10) | 1 : 1;
}

#define hold(self, condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail_msg("%s: power failed at operation %" PRIu64 " and %" PRIu64 " of the next life, seed %" PRIu32       \
                     ", boot %u: not " #condition " (runs %s, counter %" PRIu64 ")",                                   \
                     (self)->of->name, (self)->first, (self)->second, (self)->seed, (self)->boots,                     \
                     lab_running(&device), lab_counter(&device, HMB_FIRMWARE));                                        \
    } while (0)

/* P7, at a boot that was not broken off. */
static void check_boot(telling *self, hmv_reason answer) {
    const hmb_bank_record *firmware = &device.boot.record.bank[HMB_FIRMWARE];
    uint64_t counter = lab_counter(&device, HMB_FIRMWARE);
    int exception = strcmp(firmware->version, "2.0.0-back") == 0;
    hold(self, answer == HMV_ACCEPTED);
    hold(self, lab_running(&device)[0] == 'v' || strcmp(lab_running(&device), "crash") == 0);
    hold(self, lab_dose(&device)[0] != '?');
    hold(self, counter >= self->counter);
    if (firmware->trial)
        hold(self, counter == self->counter); /* nothing of a trial counts */
    else
        hold(self, exception || counter <= firmware->security_version);
    self->counter = counter;
}

static void check_end(const telling *self) {
    const story *wanted = self->of;
    hold(self, strcmp(lab_running(&device), wanted->running) == 0);
    hold(self, strcmp(lab_dose(&device), wanted->dose) == 0);
    hold(self, lab_counter(&device, HMB_FIRMWARE) == wanted->counter);
    hold(self, device.boot.record.list == wanted->list);
    hold(self, !hma_on_trial(&device.device));
}

/* Power is back; it may fail again. */
static void note_cut(telling *self) {
    device.nor.cut = self->cuts++ == 0 && self->second ? device.nor.operations + self->second : 0;
    nor_reset(&device.nor);
}

static int live(telling *self, caretaker *memory) {
    hmv_reason answer = lab_boot(&device);
    self->boots++;
    if (!device.nor.off) {
        check_boot(self, answer);
        if (!story_live(self->of, &device, memory) && !device.nor.off) return 0;
    }
    hold(self, device.nor.faults == 0);
    if (device.nor.off) note_cut(self);
    return 1;
}

static void tell(telling *self) {
    caretaker memory = {{0}};
    lab_copy(&device, &factory);
    device.nor.cut = self->first;
    device.nor.seed = self->seed;
    while (live(self, &memory)) hold(self, self->boots < LIVES_MAX);
    hold(self, device.nor.faults == 0);
    check_end(self);
    self->operations = device.nor.operations;
}

static telling told(const story *of, uint64_t first, uint64_t second, uint32_t seed) {
    telling self = {.of = of, .first = first, .second = second, .seed = seed};
    tell(&self);
    return self;
}

static void power_fails_at_every_operation(void **state) {
    (void)state;
    uint64_t points = 0;
    uint32_t seeds = is_full() ? 16 : 1;
    for (size_t i = part; i < story_count; i += parts) {
        telling whole = told(&stories[i], 0, 0, 1);
        for (uint64_t cut = 1; cut <= whole.operations; cut++)
            for (uint32_t seed = 0; seed < seeds; seed++)
                assert_int_equal(told(&stories[i], cut, 0, (uint32_t)(cut * 7919 + seed) | 1).cuts, 1);
        points += whole.operations;
        print_message("# %5" PRIu64 " operations, %2u boots: %s\n", whole.operations, whole.boots, stories[i].name);
    }
    print_message("# power failed at each of %" PRIu64 " operations, %" PRIu32 " times each\n", points, seeds);
}

static uint64_t every_pair(const story *of, uint64_t operations) {
    uint64_t tried = 0;
    for (uint64_t first = 1; first <= operations; first++) {
        uint64_t left = told(of, first, 0, 1).operations - first;
        for (uint64_t second = 1; second <= left; second++, tried++)
            (void)told(of, first, second, (uint32_t)(first * 7919 + second) | 1);
    }
    return tried;
}

static uint64_t some_pairs(const story *of, uint64_t operations, uint32_t *chance) {
    for (int i = 0; i < PAIRS_SAMPLED; i++) {
        uint64_t first, second;
        *chance = *chance * 1664525u + 1013904223u;
        first = 1 + (*chance >> 8) % operations;
        *chance = *chance * 1664525u + 1013904223u;
        second = 1 + (*chance >> 8) % (operations - first + 1);
        (void)told(of, first, second, *chance | 1);
    }
    return PAIRS_SAMPLED;
}

static void power_fails_twice(void **state) {
    (void)state;
    uint32_t chance = seed_of_environment();
    uint64_t tried = 0;
    print_message("# HALLMARK_SEED=%" PRIu32 "\n", chance);
    for (size_t i = part; i < story_count; i += parts) {
        uint64_t operations = told(&stories[i], 0, 0, 1).operations;
        tried += is_full() ? every_pair(&stories[i], operations) : some_pairs(&stories[i], operations, &chance);
    }
    print_message("# power failed twice at %" PRIu64 " pairs of operations, %s\n", tried,
                  is_full() ? "all there are" : "by chance");
}

/* Again and again in the same life, at the same place: the state must not be used up by trying. */
static void power_fails_in_every_one_of_many_lives(void **state) {
    (void)state;
    for (uint64_t after = 1; after < 120; after++) {
        lab_copy(&device, &factory);
        for (uint32_t life = 0; life < 40; life++) {
            device.nor.seed = (uint32_t)(after * 97 + life);
            device.nor.cut = device.nor.operations + after;
            (void)lab_boot(&device);
            if (device.nor.faults) fail_msg("the flash was misused after %" PRIu64 " operations", after);
        }
        device.nor.cut = 0;
        lab_asserts(&device, "v2");
    }
}

static int begin(void **state) {
    (void)state;
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
        cmocka_unit_test(power_fails_at_every_operation),
        cmocka_unit_test(power_fails_twice),
        cmocka_unit_test(power_fails_in_every_one_of_many_lives),
    };
    return cmocka_run_group_tests_name("power_cuts", tests, begin, end);
}
