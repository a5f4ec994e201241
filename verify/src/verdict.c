/* How a comparison becomes a verdict. */
#include "verdict.h"

static uint32_t ones_if_zero(uint32_t x) { return (uint32_t)(((uint64_t)x - 1) >> 32); }

hmv_verdict hmv_same_twice(const uint8_t *a, const uint8_t *b, size_t size, size_t inverse) {
    /* Volatile, so that the compiler does not know where the passes end and cannot leave out the test of it. */
    volatile size_t up = 0, down = size;
    uint32_t there = (uint32_t)(size ^ ~inverse), back = there;
    for (; up < size; up++) there |= (uint32_t)(a[up] ^ b[up]);
    for (; down > 0; down--) back |= (uint32_t)(b[down - 1] ^ a[down - 1]);
    hmv_verdict verdict = HMV_BAD;
    verdict ^= ones_if_zero(there | (uint32_t)(up ^ size)) & 0x0000FFFFu & (HMV_GOOD ^ HMV_BAD);
    verdict ^= ones_if_zero(back | (uint32_t)down) & 0xFFFF0000u & (HMV_GOOD ^ HMV_BAD);
    return verdict;
}
