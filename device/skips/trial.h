/* One trial: an instruction is left out, and the program goes on. */
#ifndef HALLMARK_SKIPS_TRIAL_H
#define HALLMARK_SKIPS_TRIAL_H

#include "own.h"

typedef enum outcome { REFUSED, SAME, FAULT, ENDLESS, ASTRAY, ACCEPTED, LATER, NOT_KNOWN, OUTCOMES } outcome;
extern const char *const outcome_names[OUTCOMES];

enum { VISITS = 64 };
typedef struct trials {
    const job *job;
    cpu cpu; /* its memory is as before the own run's step OWN.NOW whenever no trial is under way */
    own own;
    uint64_t executed, left; /* instructions, in all and until it counts as endless */
    int is_over;             /* its outcome is known */
    struct trials *next;     /* of the boot after the program's own run; NULL if nothing lasts */
    int is_next;
    uint32_t ended; /* where the last trial did */
    struct {
        uint64_t key, left;
    } visited[VISITS];
    uint32_t visits;
    uint8_t *lasting, *saved;
} trials;

/* Runs the job undisturbed. What it comes to. */
outcome trials_new(trials *it, const job *job);
/* Leaves out the own run's step STEP, an instruction. */
outcome trial_at(trials *it, uint32_t step);
/* Leaves out the next instruction of a pure function that was called in STEP. The processor is in it; afterwards it and
 * its memory are as before. */
outcome trial_inside(trials *it, uint32_t step);
/* The same as trial_at, but run as it is and beside the oracle, and without the boot after it: REFUSED where that says
 * SAME. LATER: it took more than COUNT instructions. */
outcome trial_plain(trials *it, uint32_t step, uint64_t count);
/* Memory as before STEP. */
void trials_move(trials *it, uint32_t step);

#endif
