/* Big-endian words in octets. Written by shifts, so that neither alignment nor the processor's own order matters;
 * compilers make one load and one REV of it where the processor can. */
#ifndef HALLMARK_VERIFY_WORDS_H
#define HALLMARK_VERIFY_WORDS_H

#include <stdint.h>

static inline uint32_t hmv_load_be32(const uint8_t *octets) {
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static inline void hmv_store_be32(uint8_t *octets, uint32_t word) {
    octets[0] = (uint8_t)(word >> 24);
    octets[1] = (uint8_t)(word >> 16);
    octets[2] = (uint8_t)(word >> 8);
    octets[3] = (uint8_t)word;
}

#endif
