/* Functions of their arguments alone, worked out here: what takes a signature's verification most of its time, and all
 * of one. */
#ifndef HALLMARK_SKIPS_PURE_H
#define HALLMARK_SKIPS_PURE_H

#include "cpu.h"

/* The mark of a pure function's first instruction is FIRST_PURE and its number in the job. */
enum { STOP_HERE = 1, FIRST_PURE = 2, NO_PURE = -1 };

/* By its name in verify/src/sha256.c, p256.c and ecdsa.h. Ends the program if there is none. */
uint32_t pure_kind(const char *name);
/* A call is one step of the own run. The other kind is worked out in trials only. */
int pure_is_step(const pure *it);
/* The pure function that begins with the next instruction, or NO_PURE. */
int pure_next(const cpu *cpu);

/* What a function leaves in registers that it may change, and where it was called with the stack: learned from calls
 * that were executed. */
enum { STACKS = 64 };
typedef struct habits {
    registers last;    /* as the last call returned */
    uint32_t clobbers; /* bit n: of register n */
    uint32_t stacks, sp[STACKS];
} habits;
void pure_learn(habits *it, const registers *called, const registers *returned);
/* In place of the call that is next. 0: it must be executed; nothing has changed. So with a stack that it never had:
 * its frame may lie on what is still needed. */
int pure_work_out(const pure *it, cpu *cpu, const habits *habits);
/* Is a call that began at CALLED over? */
int pure_has_returned(const cpu *cpu, const registers *called);

/* That it is what it is said to be: EXPECT before a call, AGREES after it was executed. */
typedef struct expectation {
    uint32_t at, size, answer, answers;
    uint8_t bytes[512];
} expectation;
int pure_expect(const pure *it, const cpu *cpu, expectation *expectation);
int pure_agrees(const cpu *cpu, const expectation *expectation);

#endif
