/* Unicorn's Cortex-M4 beside the processor of cpu.h, instruction by instruction. */
#ifndef HALLMARK_SKIPS_ORACLE_H
#define HALLMARK_SKIPS_ORACLE_H

#include "cpu.h"

/* Runs CPU for at most COUNT instructions, and unicorn from the same state over a copy of its memory. Ends the program
 * with a message if registers, flags or memory differ. What a fault leaves behind is not compared. */
stop oracle_run(cpu *cpu, const job *job, uint64_t count);

#endif
