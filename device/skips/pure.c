#include "pure.h"

#include "p256.h"

#include <hallmark/verify_algorithm.h>
#include <string.h>

enum { STATE = PURE_RESULT, BLOCK = 64, FIELD = 32 };

static int hash_block(const job *job, const content *content, const registers *at, result *result) {
    const uint8_t *state = content_at(content, job, at->at[0], STATE),
                  *block = content_at(content, job, at->at[1], BLOCK);
    hmv_sha256 hash = {.length = 0};
    if (!state || !block) return 0;
    memcpy(hash.state, state, STATE);
    hmv_sha256_update(&hash, block, BLOCK);
    memcpy(result->bytes, hash.state, STATE);
    return 1;
}

static int verify(const job *job, const content *content, const registers *at, result *result) {
    const uint8_t *argument[4];
    for (int i = 0; i < 4; i++) {
        argument[i] = content_at(content, job, at->at[i], i == 3 ? 2 * FIELD : FIELD);
        if (!argument[i]) return 0;
    }
    result->verdict = hmv_p256_verify_digest(argument[0], argument[1], argument[2], argument[3]);
    return 1;
}

int pure_work_out(const job *job, const content *content, uint32_t pure, const registers *at, result *result) {
    return job->pure[pure].what == P256_VERIFY ? verify(job, content, at, result)
                                               : hash_block(job, content, at, result);
}

static int is_writable(const job *job, uint32_t address) {
    for (uint32_t i = 0; i < job->memories; i++)
        if (is_in(job->memory[i].where, address)) return job->memory[i].access == WRITE;
    return 0;
}

void pure_put(const job *job, const content *content, uint32_t pure, const result *result, const registers *after,
              registers *at) {
    uint32_t state = at->at[0];
    for (int i = 0; i < 4; i++) at->at[i] = after->at[i];
    at->at[12] = after->at[12];
    at->at[FLAGS] = after->at[FLAGS];
    at->at[PC] = at->at[LR] & ~1u;
    if (job->pure[pure].what == P256_VERIFY)
        at->at[0] = result->verdict;
    else if (is_writable(job, state))
        memcpy(content_at(content, job, state, STATE), result->bytes, STATE);
}

int pure_agrees(const job *job, const content *content, uint32_t pure, const result *result, const registers *before,
                const registers *at) {
    if (job->pure[pure].what == P256_VERIFY) return at->at[0] == result->verdict;
    return memcmp(content_at(content, job, before->at[0], STATE), result->bytes, STATE) == 0;
}
