/* The program's own run, undisturbed: every step of it, so that a trial can be seen to have come back to it. A step is
 * an instruction, or a call of a pure function as a whole. */
#ifndef HALLMARK_SKIPS_OWN_H
#define HALLMARK_SKIPS_OWN_H

#include "pure.h"

enum { NO_STEP = -1 };

/* A word of the arena that a step changed. */
typedef struct change {
    uint32_t word, before, after;
} change;

/* Bytes of a word that a step looked at or wrote over. */
typedef struct use {
    uint32_t step;
    uint8_t mask, is_write;
} use;

/* What the verification of a signature leaves on the free stack. */
enum { REMAINS = 2048, SIGNATURES = 64 };
typedef struct remains {
    uint32_t step, sp; /* where it returns */
    uint8_t bytes[REMAINS];
} remains;

typedef struct own {
    uint32_t steps;
    stop end;
    registers *at; /* before each step, and at the end */
    uint32_t *first_change;
    change *change;
    uint32_t *first_use; /* of each word of the arena, in order of time */
    use *use;
    uint32_t *total;       /* of each halfword of code: how often it is executed */
    uint32_t *head, *next; /* steps by what the registers are */
    uint8_t *snapshots;    /* the arena at every so many steps */
    habits habits[PURES];
    remains remains[SIGNATURES];
    uint32_t signatures;
    uint8_t *bytes; /* the arena before step NOW */
    uint32_t now;
} own;

/* Runs the job to its end. */
void own_record(own *it, cpu *cpu, const job *job);
/* The step nearest to NEAR before which the registers are these, or NO_STEP. */
int64_t own_find(const own *it, const registers *at, uint32_t near);
/* BYTES as before STEP. Each line that changes is noted as dirty in CPU, and perhaps others. */
void own_move(own *it, cpu *cpu, uint32_t step);
/* Puts there what the verification next to STEP has left below the processor's sp. */
void own_leave_remains(const own *it, cpu *cpu, uint32_t step);
/* How the byte at OFFSET is next used, from STEP on; NULL if it is not. */
const use *own_next_use(const own *it, uint32_t offset, uint32_t step);

#endif
