/* What portable/muladd.h is, in one instruction, for ARM processors with the DSP extension (Cortex-M4, M7, M33; not M0,
 * M3): compilers do not find UMAAL by themselves. */
#ifndef HALLMARK_VERIFY_MULADD_H
#define HALLMARK_VERIFY_MULADD_H

#include <stdint.h>

static inline uint32_t hmv_mul_add_add(uint32_t a, uint32_t b, uint32_t c, uint32_t *carry) {
    __asm__("umaal %0, %1, %2, %3" : "+r"(c), "+r"(*carry) : "r"(a), "r"(b));
    return c;
}

#endif
