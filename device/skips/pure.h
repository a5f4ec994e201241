/* Functions of their arguments alone, worked out here: a signature takes a hundredth of the time that it takes in the
 * emulator. */
#ifndef HALLMARK_SKIPS_PURE_H
#define HALLMARK_SKIPS_PURE_H

#include "machine.h"

enum { PURE_RESULT = 32 };
typedef struct result {
    uint8_t bytes[PURE_RESULT]; /* of SHA256_BLOCK, which go to where r0 leads */
    uint32_t verdict;           /* of P256_VERIFY, which is r0 */
} result;

/* What the call for which AT stands comes to. 0: an argument leads out of the memory, so it must be run. */
int pure_work_out(const job *job, const content *content, uint32_t pure, const registers *at, result *result);
/* Puts it where the function would. AT goes on where it was called; what a function may change is as in AFTER. */
void pure_put(const job *job, const content *content, uint32_t pure, const result *result, const registers *after,
              registers *at);
/* Has the function, which was run from BEFORE to AT, come to the same? */
int pure_agrees(const job *job, const content *content, uint32_t pure, const result *result, const registers *before,
                const registers *at);

#endif
