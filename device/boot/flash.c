#include "flash.h"

enum { PIECE = 64 };

static int is_blank(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0xff) return 0;
    return 1;
}

hmv_verdict hmb_flash_blank(const hmb_flash *flash, uint32_t at, size_t size) {
    uint8_t data[PIECE];
    while (size > 0) {
        size_t piece = size < sizeof data ? size : sizeof data;
        if (flash->read(flash->context, at, data, piece) != HMV_GOOD || !is_blank(data, piece)) return HMV_BAD;
        at += (uint32_t)piece;
        size -= piece;
    }
    return HMV_GOOD;
}

hmv_verdict hmb_flash_write(const hmb_flash *flash, uint32_t at, const uint8_t *data, size_t size) {
    uint8_t last[HMB_UNIT_SIZE];
    size_t whole = size - size % HMB_UNIT_SIZE;
    if (whole > 0 && flash->program(flash->context, at, data, whole) != HMV_GOOD) return HMV_BAD;
    if (whole == size) return HMV_GOOD;
    /* As many turns as there is room for, whatever the processor made of the lines above. */
    for (size_t i = 0; i < sizeof last; i++) last[i] = whole + i < size ? data[whole + i] : 0xff;
    return flash->program(flash->context, at + (uint32_t)whole, last, sizeof last);
}

hmv_verdict hmb_flash_erase(const hmb_flash *flash, uint32_t at, size_t size) {
    for (size_t done = 0; done < size; done += HMB_ERASE_SIZE)
        if (flash->erase(flash->context, at + (uint32_t)done) != HMV_GOOD) return HMV_BAD;
    return HMV_GOOD;
}

hmv_verdict hmb_words_read(const hmb_flash *flash, uint32_t at, uint32_t words[2]) {
    uint32_t unit[4] = {0, 0, 0, 0};
    words[0] = words[1] = 0;
    if (flash->read(flash->context, at, (uint8_t *)unit, sizeof unit) != HMV_GOOD) return HMV_BAD;
    if (unit[2] != ~unit[0] || unit[3] != ~unit[1]) return HMV_BAD;
    words[0] = unit[0];
    words[1] = unit[1];
    return HMV_GOOD;
}

hmv_verdict hmb_words_write(const hmb_flash *flash, uint32_t at, uint32_t first, uint32_t second) {
    const uint32_t unit[4] = {first, second, ~first, ~second};
    return hmb_flash_write(flash, at, (const uint8_t *)unit, sizeof unit);
}

static uint32_t ones_if_zero(uint32_t x) { return (uint32_t)(((uint64_t)x - 1) >> 32); }

hmv_verdict hmb_same(const uint8_t *a, const uint8_t *b, size_t size) {
    volatile size_t up = 0, down = size;
    uint32_t there = 0, back = 0;
    hmv_verdict verdict = HMV_BAD;
    for (; up < size; up++) there |= (uint32_t)(a[up] ^ b[up]);
    for (; down > 0; down--) back |= (uint32_t)(b[down - 1] ^ a[down - 1]);
    verdict ^= ones_if_zero(there | (uint32_t)(up ^ size)) & 0x0000FFFFu & (HMV_GOOD ^ HMV_BAD);
    verdict ^= ones_if_zero(back | (uint32_t)down) & 0xFFFF0000u & (HMV_GOOD ^ HMV_BAD);
    return verdict;
}
