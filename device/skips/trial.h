/* One trial: an instruction is left out, and the program goes on. */
#ifndef HALLMARK_SKIPS_TRIAL_H
#define HALLMARK_SKIPS_TRIAL_H

#include "machine.h"

typedef enum outcome { REFUSED, SAME, FAULT, ENDLESS, ASTRAY, ACCEPTED, LATER, OUTCOMES } outcome;
extern const char *const outcome_names[OUTCOMES];

/* Where in its run the program is. */
typedef struct place {
    registers registers;
    uint32_t calls; /* of pure functions, begun so far */
    int inside;     /* the pure function that it is in, or -1 */
} place;

/* The program's own run, as the walk sees it: the state at each call of a pure function, the place that the call
 * returns to, and what lasts at the end. */
void trials_note_call(const job *job, const registers *at, const content *content, uint32_t pure);
void trials_note_return(uint32_t pure, const registers *at);
void trials_note_end(const job *job, const content *content);
/* After that: the machines for the trials. */
void trials_begin(const job *job);
/* From PLACE on, whose pc and IT state are those behind what is left out, over a copy of CONTENT. */
outcome trial(const job *job, const place *place, const content *content);
/* Where the last trial ended. */
uint32_t trial_end(void);

/* What a run comes to that ended with ERROR. */
outcome judge(const job *job, const machine *machine, uc_err error, const registers *at, const content *content);

#endif
