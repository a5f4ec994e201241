#include "flow.h"

#include "memory.h"

hmv_reason hmv_answer(const hmv_pass *pass, uint32_t marks) {
    hmv_reason fault = pass->parse.fault;
    return fault != HMV_UNDECIDED ? fault : HMV_ACCEPTED ^ (pass->flow - marks);
}

static hmv_reason join(const volatile hmv_reason answers[3]) { return answers[0] & answers[1] & answers[2]; }

hmv_reason hmv_conclude(const volatile hmv_reason answers[3], void *result, size_t size) {
    if (join(answers) != HMV_ACCEPTED) memset(result, 0, size);
    return join(answers);
}
