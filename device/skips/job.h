/* A job: a program for Cortex-M4, the memory that it runs in, and what is to be watched. A file of lines:
 *
 *     memory ADDRESS SIZE code|read|write FILE|-     FILE is its content from the start; "-": zero
 *     start ADDRESS SP                               of the first instruction
 *     stop ADDRESS                                   where the program is at its end
 *     image ADDRESS SIZE                             executed: what was to be refused was accepted
 *     answer ADDRESS                                 at a stop HMV_ACCEPTED is in this word: likewise
 *     closed ADDRESS VALUE                           while this word has this value, only code can be executed
 *     primitive ADDRESS SIZE                         code of which the first, middle and last execution are skipped
 *     pure ADDRESS NAME                              a function of its arguments alone, which is worked out here
 * (pure.c) lasting ADDRESS SIZE                           memory that outlives a reset stack ADDRESS SIZE what is in it
 * below sp means nothing
 *
 * Numbers are hexadecimal. The first memory is the code. */
#ifndef HALLMARK_SKIPS_JOB_H
#define HALLMARK_SKIPS_JOB_H

#include <stdint.h>

enum { MEMORIES = 16, STOPS = 8, PRIMITIVES = 64, PURES = 16 };

typedef struct range {
    uint32_t at, size;
} range;
static inline int is_in(range where, uint32_t address) { return address - where.at < where.size; }

enum access { CODE, READ, WRITE };
typedef struct memory {
    range where;
    enum access access;
    uint8_t *first; /* its content at the start */
} memory;

typedef struct pure {
    uint32_t entry, kind;
} pure;

typedef struct job {
    memory memory[MEMORIES];
    uint32_t memories, start, sp;
    uint32_t stop[STOPS], stops;
    range image, lasting, stack;
    uint32_t answer, closed, closed_value; /* 0: none */
    range primitive[PRIMITIVES];
    uint32_t primitives;
    pure pure[PURES];
    uint32_t pures;
} job;

/* Ends the program with a message if the file is not such a job. */
void job_read(job *it, const char *path);
_Noreturn void fail(const char *what, const char *which);

#endif
