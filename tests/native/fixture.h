/* The files of tests/vectors/native/ for cmocka tests, and what they ask of an answer. */
#ifndef NATIVE_FIXTURE_H
#define NATIVE_FIXTURE_H

#include "device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* The file of that NAME, read once; the test fails if it cannot be read. */
hmv_bytes fixture(const char *name);
void fixtures_free(void);

/* Is it one of the reasons that verify.h names for a refusal? */
bool is_reason(hmv_reason answer);

#define assert_accepted(answer)                                                                                        \
    do {                                                                                                               \
        hmv_reason answer_ = (answer);                                                                                 \
        if (!HMV_IS_ACCEPTED(answer_)) fail_msg("refused: %s", hmv_reason_text(answer_));                              \
    } while (0)

/* Refused, and for this reason. */
#define assert_reason(answer, wanted)                                                                                  \
    do {                                                                                                               \
        hmv_reason answer_ = (answer);                                                                                 \
        if (answer_ != (wanted)) fail_msg("answered %u (%s), not %s", answer_, reason_name(answer_), #wanted);         \
    } while (0)
const char *reason_name(hmv_reason answer);

#endif
