/* The one operation that the arithmetic of large numbers is made of, in plain C. A product whose processor has an
 * instruction for it may put another folder's muladd.h on the include path instead; verify/arm has one. */
#ifndef HALLMARK_VERIFY_MULADD_H
#define HALLMARK_VERIFY_MULADD_H

#include <stdint.h>

/* Returns the low word of a * b + c + *carry, and leaves the high word in *carry; two words always hold the sum. */
static inline uint32_t hmv_mul_add_add(uint32_t a, uint32_t b, uint32_t c, uint32_t *carry) {
    uint64_t sum = (uint64_t)a * b + c + *carry;
    *carry = (uint32_t)(sum >> 32);
    return (uint32_t)sum;
}

#endif
