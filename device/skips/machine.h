/* Emulated processors (Unicorn, Cortex-M4) over a job's memory. */
#ifndef HALLMARK_SKIPS_MACHINE_H
#define HALLMARK_SKIPS_MACHINE_H

#include "job.h"

#include <unicorn/unicorn.h>

/* r0 to r12, sp, lr, pc, and the flags with the state of an IT block. */
enum { SP = 13, LR = 14, PC = 15, FLAGS = 16, REGISTERS = 17 };
typedef struct registers {
    uint32_t at[REGISTERS];
} registers;

/* The content of every memory of the job. Code and what is only read are shared by all. */
typedef struct content {
    uint8_t *of[MEMORIES];
} content;
void content_new(content *it, const job *job);
void content_copy(const content *to, const content *from, const job *job);
void content_reset(const content *to, const job *job);
/* SIZE bytes at ADDRESS; NULL if they are not all in one memory. */
uint8_t *content_at(const content *it, const job *job, uint32_t address, uint32_t size);

typedef struct machine {
    uc_engine *engine;
    uc_context *fresh;
    uint64_t left; /* bytes of code that may still be executed before it counts as an endless loop */
    int endless;
} machine;
/* A processor that stops before it executes one of EXITS. Several may be over the same content. */
void machine_new(machine *it, const job *job, const content *content, const uint64_t *exits, size_t count);
void machine_reset(machine *it);
void machine_get(const machine *it, registers *values);
void machine_put(const machine *it, const registers *values);
/* From the registers' pc and IT state. On return they are where it has stopped. */
uc_err machine_run(machine *it, registers *values, uint64_t budget);

#endif
