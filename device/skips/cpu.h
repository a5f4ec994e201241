/* A processor that executes what compilers make for Cortex-M4 and M33 out of integers: Thumb-2 without floating point,
 * coprocessors and exceptions (Armv7-M Architecture Reference Manual, chapters A5 and A7). Each halfword of the code is
 * decoded once. What it does not know ends the program with UNKNOWN; unicorn is its oracle (oracle.h). */
#ifndef HALLMARK_SKIPS_CPU_H
#define HALLMARK_SKIPS_CPU_H

#include "job.h"

#include <stddef.h>

enum { SP = 13, LR = 14, PC = 15, REGISTERS = 16, LINE = 64 };

/* All that a program has besides memory. PC: of the next instruction. */
typedef struct registers {
    uint32_t r[REGISTERS];
    uint8_t n, z, c, v; /* 0 or 1 */
    uint8_t it;         /* ITSTATE, in which the next instruction is executed (A7.3.3) */
    uint8_t none[3];    /* 0, so that registers can be compared as bytes */
} registers;

typedef enum stop {
    GOING,   /* all that was asked for has been executed */
    MARKED,  /* an instruction that is marked is next, or the one at UNTIL */
    FAULTED, /* no such memory, not aligned, an even address was jumped to, undefined on purpose */
    AWAY,    /* the next instruction is outside the code */
    UNKNOWN
} stop;

typedef struct cpu cpu;
typedef struct insn insn;
typedef stop execute(cpu *it, const insn *insn);

struct insn {
    execute *run, *marked; /* MARKED: what it does, when RUN says that it is marked */
    uint32_t imm;          /* an operand, an offset, or the address that it all comes to */
    uint8_t size, d, n, m, a, set, shift, by, carry, mark;
};

/* Told of accesses to the arena as they happen; of a write before. */
typedef void accessed(void *context, uint32_t offset, uint32_t size, int is_write);

/* The job's memories that can be written lie one behind the other in the arena. A line that was written is noted. */
struct cpu {
    registers at;
    insn *code;
    uint32_t code_at, code_size, until; /* 1: nowhere */
    uint64_t executed;
    uint8_t **page; /* of each 4 KiB of addresses */
    uint8_t *arena, *dirty;
    uint32_t arena_size, *lines, line_count;
    accessed *watch; /* or NULL */
    void *context;
};

void cpu_new(cpu *it, const job *job);
/* At the job's start: registers and memory. */
void cpu_reset(cpu *it, const job *job);
/* Stops before it executes what is at ADDRESS. MARK: not 0. */
void cpu_mark(cpu *it, uint32_t address, uint8_t mark);
/* Of the next instruction; 0 if it has none. */
uint8_t cpu_marked(const cpu *it);
/* Executes at most COUNT instructions, or what is marked alone. */
stop cpu_run(cpu *it, uint64_t count);
stop cpu_step_marked(cpu *it);
const insn *cpu_insn(const cpu *it, uint32_t address);
/* As if the next instruction were not there. */
void cpu_leave_out(cpu *it);

/* SIZE bytes at ADDRESS; NULL if they are not all in one memory. */
uint8_t *cpu_memory(const cpu *it, uint32_t address, uint32_t size);
/* Where they are in the arena; UINT32_MAX if they are not there. */
uint32_t cpu_offset(const cpu *it, const uint8_t *memory);
/* A word, or 0 if there is none. */
uint32_t cpu_word(const cpu *it, uint32_t address);

/* ---- for instructions ---- */

stop cpu_load(cpu *it, uint32_t address, uint32_t size, uint32_t *value);
stop cpu_store(cpu *it, uint32_t address, uint32_t size, uint32_t value);
void cpu_touch(cpu *it, uint32_t offset, uint32_t size);

/* Whether ConditionPassed (A7.3.1). */
static inline int cpu_passes(const registers *at, uint32_t condition) {
    int yes = 1;
    switch (condition >> 1) {
    case 0:
        yes = at->z;
        break;
    case 1:
        yes = at->c;
        break;
    case 2:
        yes = at->n;
        break;
    case 3:
        yes = at->v;
        break;
    case 4:
        yes = at->c && !at->z;
        break;
    case 5:
        yes = at->n == at->v;
        break;
    case 6:
        yes = at->n == at->v && !at->z;
        break;
    default:
        return 1;
    }
    return yes != (int)(condition & 1);
}

/* BXWritePC: bit 0 says that Thumb goes on. */
static inline stop cpu_jump(cpu *it, uint32_t address) {
    it->at.r[PC] = address & ~1u;
    return address & 1 ? GOING : FAULTED;
}

#endif
