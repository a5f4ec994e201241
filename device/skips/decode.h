/* Forms of instructions. Those of 32 bits are two halfwords, the first one above. */
#ifndef HALLMARK_SKIPS_DECODE_H
#define HALLMARK_SKIPS_DECODE_H

#include "cpu.h"

/* Fills in what the instruction at ADDRESS does. 0: it is none of this form. */
typedef int decode(insn *it, uint32_t address, uint32_t word);
typedef struct form {
    uint32_t mask, value;
    decode *decode;
} form;

/* The first that fits counts; a form without decode is the last. */
extern const form data_narrow[], data_wide[], transfer_narrow[], transfer_wide[], branch_narrow[], branch_wide[];

void decode_insn(insn *it, uint32_t address, uint32_t first, uint32_t second);

enum { SET_NEVER, SET_ALWAYS, SET_OUTSIDE_IT };

/* COUNT bits of WORD from bit FROM. */
static inline uint32_t bits(uint32_t word, uint32_t from, uint32_t count) { return word >> from & ((1u << count) - 1); }
static inline uint32_t sign_extend(uint32_t value, uint32_t count) {
    uint32_t sign = 1u << (count - 1);
    return ((value & (sign * 2 - 1)) ^ sign) - sign;
}

#endif
