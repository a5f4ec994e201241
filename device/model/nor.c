#include "nor.h"

#include <string.h>

void nor_reset(nor *flash) {
    flash->off = 0;
    flash->locked = 0;
    flash->writable_count = 0;
}

void nor_lock(nor *flash, const hmb_range *writable, size_t count) {
    if (flash->locked || count > NOR_WRITABLE_MAX) count = 0; /* once locked, less can be written, never more */
    flash->locked = 1;
    flash->writable_count = (uint32_t)count;
    memcpy(flash->writable, writable, count * sizeof *writable);
}

/* xorshift32 (Marsaglia): what chance leaves behind must be the same for the same seed. */
static uint32_t chance(nor *flash) {
    uint32_t x = flash->seed ? flash->seed : 1;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return flash->seed = x;
}

static hmv_verdict fault(nor *flash, nor_fault what) {
    flash->last_fault = what;
    if (what == NOR_LOCKED)
        flash->refused++;
    else
        flash->faults++;
    return HMV_BAD;
}

static int is_inside(const nor *flash, uint32_t at, size_t size) {
    return at <= flash->size && size <= flash->size - at;
}

static int is_writable(const nor *flash, uint32_t at, size_t size) {
    if (!flash->locked) return 1;
    for (uint32_t i = 0; i < flash->writable_count; i++) {
        const hmb_range *range = &flash->writable[i];
        if (at >= range->from && size <= range->size && at - range->from <= range->size - size) return 1;
    }
    return 0;
}

/* Is this the operation in which power fails? */
static int fails_now(nor *flash) {
    flash->operations++;
    return flash->operations == flash->cut;
}

static hmv_verdict power_fails(nor *flash) {
    flash->off = 1;
    if (flash->failed) flash->failed(flash->context);
    return HMV_BAD;
}

static void store(nor *flash, uint32_t at, const uint8_t *data, size_t size) {
    memcpy(flash->data + at, data, size);
    if (flash->changed) flash->changed(flash->context, at, flash->data + at, size);
}

static hmv_verdict read_some(void *context, uint32_t at, uint8_t *data, size_t size) {
    nor *flash = context;
    if (flash->off) return HMV_BAD;
    if (!is_inside(flash, at, size)) return fault(flash, NOR_OUTSIDE);
    memcpy(data, flash->data + at, size);
    return HMV_GOOD;
}

static int is_blank(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0xff) return 0;
    return 1;
}

static hmv_verdict program_unit(nor *flash, uint32_t at, const uint8_t *data) {
    uint8_t left[HMB_UNIT_SIZE];
    if (!is_blank(flash->data + at, sizeof left)) return fault(flash, NOR_PROGRAMMED);
    int cut = fails_now(flash);
    for (size_t i = 0; i < sizeof left; i++) left[i] = (uint8_t)(cut ? data[i] | chance(flash) : data[i]);
    store(flash, at, left, sizeof left);
    return cut ? power_fails(flash) : HMV_GOOD;
}

static hmv_verdict program(void *context, uint32_t at, const uint8_t *data, size_t size) {
    nor *flash = context;
    if (flash->off) return HMV_BAD;
    if (!is_inside(flash, at, size) || at % HMB_UNIT_SIZE || size % HMB_UNIT_SIZE) return fault(flash, NOR_OUTSIDE);
    if (!is_writable(flash, at, size)) return fault(flash, NOR_LOCKED);
    for (size_t done = 0; done < size; done += HMB_UNIT_SIZE)
        if (program_unit(flash, at + (uint32_t)done, data + done) != HMV_GOOD) return HMV_BAD;
    return HMV_GOOD;
}

/* A quarter of the failing erases each: nothing has happened yet; all has; bits at random; whole units at random. */
static void erase_partly(nor *flash, uint8_t block[HMB_ERASE_SIZE]) {
    uint32_t how = chance(flash) % 4;
    for (size_t i = 0; i < HMB_ERASE_SIZE; i++) {
        if (i % HMB_UNIT_SIZE == 0 && how == 3 && chance(flash) % 2) memset(block + i, 0xff, HMB_UNIT_SIZE);
        if (how == 1) block[i] = 0xff;
        if (how == 2) block[i] = (uint8_t)(block[i] | chance(flash));
    }
}

static hmv_verdict erase(void *context, uint32_t at) {
    nor *flash = context;
    uint8_t block[HMB_ERASE_SIZE];
    if (flash->off) return HMV_BAD;
    if (!is_inside(flash, at, HMB_ERASE_SIZE) || at % HMB_ERASE_SIZE) return fault(flash, NOR_OUTSIDE);
    if (!is_writable(flash, at, HMB_ERASE_SIZE)) return fault(flash, NOR_LOCKED);
    if (flash->wear) flash->wear[at / HMB_ERASE_SIZE]++;
    int cut = fails_now(flash);
    memcpy(block, flash->data + at, sizeof block);
    if (cut)
        erase_partly(flash, block);
    else
        memset(block, 0xff, sizeof block);
    store(flash, at, block, sizeof block);
    return cut ? power_fails(flash) : HMV_GOOD;
}

hmb_flash nor_interface(nor *flash) { return (hmb_flash){flash, read_some, program, erase}; }
