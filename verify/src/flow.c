#include "flow.h"

#include "memory.h"

void hmv_run(hmv_pass *pass, const hmv_step *steps, uint32_t count, volatile hmv_reason *answer) {
    for (uint32_t i = 0; i < count && pass->fault == HMV_UNDECIDED; i++) steps[i](pass);
    if (pass->fault != HMV_UNDECIDED)
        *answer = pass->fault;
    else
        *answer = HMV_ACCEPTED ^ (pass->flow - count * (count + 1) / 2 * HMV_MARK);
}

static hmv_reason join(const volatile hmv_reason answers[3]) { return answers[0] & answers[1] & answers[2]; }

hmv_reason hmv_conclude(const volatile hmv_reason answers[3], void *result, size_t size) {
    if (join(answers) != HMV_ACCEPTED) memset(result, 0, size);
    return join(answers);
}
