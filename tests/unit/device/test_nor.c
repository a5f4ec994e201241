#include "lab.h"

enum { SIZE = 3 * HMB_ERASE_SIZE };
static uint8_t data[SIZE], unit[HMB_UNIT_SIZE], read[HMB_UNIT_SIZE];
static nor flash;
static hmb_flash interface;

static int begin(void **state) {
    (void)state;
    memset(data, 0xff, sizeof data);
    for (size_t i = 0; i < sizeof unit; i++) unit[i] = (uint8_t)(i * 17);
    flash = (nor){.data = data, .size = sizeof data, .seed = 3};
    interface = nor_interface(&flash);
    return 0;
}

static hmv_verdict program(uint32_t at, size_t size) { return interface.program(interface.context, at, unit, size); }
static hmv_verdict erase(uint32_t at) { return interface.erase(interface.context, at); }
static hmv_verdict get(uint32_t at) { return interface.read(interface.context, at, read, sizeof read); }

static void keeps_what_was_programmed_until_it_is_erased(void **state) {
    (void)state;
    assert_int_equal(program(2 * HMB_UNIT_SIZE, sizeof unit), HMV_GOOD);
    assert_int_equal(get(2 * HMB_UNIT_SIZE), HMV_GOOD);
    assert_memory_equal(read, unit, sizeof unit);
    assert_int_equal(erase(0), HMV_GOOD);
    assert_int_equal(hmb_flash_blank(&interface, 0, SIZE), HMV_GOOD);
    assert_int_equal(flash.operations, 2);
}

static void programs_no_unit_twice(void **state) {
    (void)state;
    assert_int_equal(program(0, sizeof unit), HMV_GOOD);
    memset(unit, 0, sizeof unit);
    assert_int_equal(program(0, sizeof unit), HMV_BAD);
    assert_int_equal(flash.last_fault, NOR_PROGRAMMED);
    assert_int_equal(flash.faults, 1);
}

static void has_no_places_outside_nor_between(void **state) {
    (void)state;
    assert_int_equal(program(SIZE, sizeof unit), HMV_BAD);
    assert_int_equal(program(SIZE - HMB_UNIT_SIZE / 2, sizeof unit), HMV_BAD);
    assert_int_equal(program(HMB_UNIT_SIZE / 2, sizeof unit), HMV_BAD);
    assert_int_equal(program(0, HMB_UNIT_SIZE / 2), HMV_BAD);
    assert_int_equal(erase(HMB_UNIT_SIZE), HMV_BAD);
    assert_int_equal(erase(SIZE), HMV_BAD);
    assert_int_equal(get(UINT32_MAX - 3), HMV_BAD);
    assert_int_equal(flash.faults, 7);
}

static void refuses_what_is_locked_until_a_reset(void **state) {
    (void)state;
    const hmb_range open = {HMB_ERASE_SIZE, HMB_ERASE_SIZE}, all = {0, SIZE};
    nor_lock(&flash, &open, 1);
    assert_int_equal(program(0, sizeof unit), HMV_BAD);
    assert_int_equal(erase(2 * HMB_ERASE_SIZE), HMV_BAD);
    assert_int_equal(program(HMB_ERASE_SIZE, sizeof unit), HMV_GOOD);
    nor_lock(&flash, &all, 1); /* locks only ever tighten */
    assert_int_equal(program(0, sizeof unit), HMV_BAD);
    assert_int_equal(flash.refused, 3);
    nor_reset(&flash);
    assert_int_equal(program(0, sizeof unit), HMV_GOOD);
    assert_int_equal(flash.faults, 0);
}

static void a_torn_unit_has_no_bit_cleared_that_was_not_to_be(void **state) {
    (void)state;
    int whole = 0, partly = 0;
    for (uint32_t seed = 1; seed < 2000; seed++) {
        memset(data, 0xff, sizeof unit);
        flash.seed = seed;
        flash.cut = flash.operations + 1;
        assert_int_equal(program(0, sizeof unit), HMV_BAD);
        assert_int_equal(get(0), HMV_BAD); /* power is off */
        nor_reset(&flash);
        assert_int_equal(get(0), HMV_GOOD);
        for (size_t i = 0; i < sizeof unit; i++) assert_int_equal(read[i] & unit[i], unit[i]);
        if (memcmp(read, unit, sizeof unit) == 0)
            whole++;
        else
            partly++;
    }
    assert_true(partly > whole);
}

static void a_torn_erase_leaves_any_mixture(void **state) {
    (void)state;
    int untouched = 0, blank = 0, mixed = 0;
    for (uint32_t seed = 1; seed < 400; seed++) {
        memset(data, 0x5a, HMB_ERASE_SIZE);
        flash.seed = seed * 2654435761u;
        flash.cut = flash.operations + 1;
        assert_int_equal(erase(0), HMV_BAD);
        nor_reset(&flash);
        size_t ones = 0, same = 0;
        for (size_t i = 0; i < HMB_ERASE_SIZE; i++) {
            assert_int_equal(data[i] & 0x5a, 0x5a);
            ones += data[i] == 0xff;
            same += data[i] == 0x5a;
        }
        untouched += same == HMB_ERASE_SIZE;
        blank += ones == HMB_ERASE_SIZE;
        mixed += ones != HMB_ERASE_SIZE && same != HMB_ERASE_SIZE;
    }
    assert_true(untouched > 40 && blank > 40 && mixed > 80);
}

static void counts_wear(void **state) {
    (void)state;
    uint32_t wear[3] = {0};
    flash.wear = wear;
    for (int i = 0; i < 5; i++) assert_int_equal(erase(HMB_ERASE_SIZE), HMV_GOOD);
    assert_int_equal(wear[1], 5);
    assert_int_equal(wear[0] + wear[2], 0);
}

#define each(test) cmocka_unit_test_setup(test, begin)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(keeps_what_was_programmed_until_it_is_erased),
        each(programs_no_unit_twice),
        each(has_no_places_outside_nor_between),
        each(refuses_what_is_locked_until_a_reset),
        each(a_torn_unit_has_no_bit_cleared_that_was_not_to_be),
        each(a_torn_erase_leaves_any_mixture),
        each(counts_wear),
    };
    return cmocka_run_group_tests_name("nor", tests, NULL, NULL);
}
