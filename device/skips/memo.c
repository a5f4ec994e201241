#include "memo.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 16 };
static effect *buckets[BUCKETS];

static void put(call *it, const void *data, uint32_t size) {
    memcpy(it->key + it->size, data, size);
    it->size += size;
}

int call_read(call *it, const job *job, const content *content, uint32_t number, const registers *at) {
    const pure *pure = &job->pure[number];
    it->size = 0;
    put(it, &number, sizeof number);
    put(it, &at->at[SP], sizeof at->at[SP]);
    put(it, at->at, pure->arguments * (uint32_t)sizeof at->at[0]);
    for (uint32_t i = 0; i < pure->arguments; i++) {
        const uint8_t *bytes = content_at(content, job, at->at[i], pure->size[i]);
        if (!bytes) return 0;
        put(it, bytes, pure->size[i]);
    }
    return 1;
}

/* FNV-1a. */
static effect **bucket_of(const call *call) {
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < call->size; i++) hash = (hash ^ call->key[i]) * 16777619u;
    return &buckets[(hash ^ hash >> 16) % BUCKETS];
}

const effect *memo_find(const call *call) {
    for (const effect *it = *bucket_of(call); it; it = it->next)
        if (it->call.size == call->size && memcmp(it->call.key, call->key, call->size) == 0) return it;
    return NULL;
}

void memo_keep(const call *call, const job *job, const content *content, const uint8_t *before, uint32_t sp,
               const registers *after) {
    effect *it = calloc(1, sizeof *it);
    const uint8_t *now = content_at(content, job, job->stack.at, job->stack.size);
    const memory *memory = NULL;
    if (!it || !now) fail("no memory", "memo");
    for (uint32_t i = 0; i < job->memories; i++)
        if (is_in(job->memory[i].where, job->stack.at)) memory = &job->memory[i];
    now -= job->stack.at - memory->where.at;
    for (uint32_t i = 0; i < memory->where.size; i++) {
        uint32_t address = memory->where.at + i;
        if (now[i] == before[i] || (is_in(job->stack, address) && address < sp)) continue;
        if (it->changes == MEMO_CHANGES) { /* it is not what it is said to be: then it is run every time */
            free(it);
            return;
        }
        it->change[it->changes].at = address;
        it->change[it->changes++].byte = now[i];
    }
    it->call = *call;
    it->after = *after;
    effect **bucket = bucket_of(call);
    it->next = *bucket;
    *bucket = it;
}

void effect_apply(const effect *it, const job *job, const content *content, registers *at) {
    for (uint32_t i = 0; i < it->changes; i++) *content_at(content, job, it->change[i].at, 1) = it->change[i].byte;
    for (int i = 0; i < 4; i++) at->at[i] = it->after.at[i];
    at->at[12] = it->after.at[12];
    at->at[FLAGS] = it->after.at[FLAGS];
    at->at[PC] = at->at[LR] & ~1u;
}
