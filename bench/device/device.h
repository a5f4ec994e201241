/* What a row of the device bench supplies: one file row_NAME.c with both functions. */
#ifndef HALLMARK_BENCH_DEVICE_H
#define HALLMARK_BENCH_DEVICE_H

/* How many units (bytes hashed, signatures verified) one call of run_row stands for. */
extern const unsigned row_units;

/* What is measured: instructions, and stack below the caller. Returns 1 if the result was right; a row that is wrong
 * has no figures. */
int run_row(void);

#endif
