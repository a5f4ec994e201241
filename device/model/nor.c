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

static int fails_by_itself(nor *flash, uint32_t block) {
    if (flash->fail == 0 || flash->operations < flash->fail) return 0;
    if (flash->operations == flash->fail) flash->worn = block;
    if (flash->operations == flash->fail || flash->failing == NOR_FAILS_ALWAYS) return 1;
    return flash->failing == NOR_FAILS_THERE && flash->worn == block;
}

typedef enum ending { SUCCEEDS, FAILS, POWER_FAILS } ending;

/* The operation that begins now, at AT. */
static ending ends_how(nor *flash, uint32_t at) {
    flash->operations++;
    if (flash->operations == flash->cut) return POWER_FAILS;
    return fails_by_itself(flash, at / HMB_ERASE_SIZE) ? FAILS : SUCCEEDS;
}

static hmv_verdict end(nor *flash, ending how) {
    if (how == SUCCEEDS) return HMV_GOOD;
    if (how == FAILS) {
        flash->failures++;
        return HMV_BAD;
    }
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
    ending how = ends_how(flash, at);
    for (size_t i = 0; i < sizeof left; i++) left[i] = (uint8_t)(how == SUCCEEDS ? data[i] : data[i] | chance(flash));
    store(flash, at, left, sizeof left);
    return end(flash, how);
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
    ending how = ends_how(flash, at);
    memcpy(block, flash->data + at, sizeof block);
    if (how == SUCCEEDS)
        memset(block, 0xff, sizeof block);
    else
        erase_partly(flash, block);
    store(flash, at, block, sizeof block);
    return end(flash, how);
}

hmb_flash nor_interface(nor *flash) { return (hmb_flash){flash, read_some, program, erase}; }
