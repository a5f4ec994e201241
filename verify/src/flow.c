#include "flow.h"

#include "memory.h"

/* Results are made of words: a word that differs makes another sum. */
static uint32_t sum_of(const uint8_t *result, size_t size) {
    uint32_t sum = 0, word;
    for (; size >= sizeof word; size -= sizeof word, result += sizeof word) {
        memcpy(&word, result, sizeof word);
        sum = sum * 31 + word;
    }
    return sum;
}

void hmv_finish(const hmv_pass *pass, uint32_t marks, const void *result, size_t size, hmv_outcome *outcome) {
    hmv_reason fault = pass->parse.fault;
    outcome->sum = fault != HMV_UNDECIDED ? 0 : sum_of(result, size);
    outcome->answer = fault != HMV_UNDECIDED ? fault : HMV_ACCEPTED ^ (pass->flow - marks);
}

static hmv_reason join(const hmv_outcome outcomes[2]) {
    return (outcomes[0].answer & outcomes[1].answer) ^ outcomes[0].sum ^ outcomes[1].sum;
}

hmv_reason hmv_conclude(const hmv_outcome outcomes[2], void *result, size_t size) {
    if (join(outcomes) != HMV_ACCEPTED) memset(result, 0, size);
    return join(outcomes);
}
