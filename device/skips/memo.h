/* What pure functions answered: a signature over the same bytes is verified once, not in every trial. */
#ifndef HALLMARK_SKIPS_MEMO_H
#define HALLMARK_SKIPS_MEMO_H

#include "machine.h"

enum { MEMO_KEY = 256, MEMO_CHANGES = 64 };

/* A call: the function, its arguments, sp, and the bytes behind the arguments. */
typedef struct call {
    uint8_t key[MEMO_KEY];
    uint32_t size;
} call;
/* 0: it cannot be described, because an argument leads out of the memory. */
int call_read(call *it, const job *job, const content *content, uint32_t pure, const registers *at);

/* What it leaves behind: registers that a function may change, and bytes that are not on its own stack. */
typedef struct effect {
    call call;
    registers after;
    uint32_t changes;
    struct {
        uint32_t at;
        uint8_t byte;
    } change[MEMO_CHANGES];
    struct effect *next;
} effect;
const effect *memo_find(const call *call);
/* BEFORE: the stack's memory as it was at the call, whose sp was SP. */
void memo_keep(const call *call, const job *job, const content *content, const uint8_t *before, uint32_t sp,
               const registers *after);
void effect_apply(const effect *it, const job *job, const content *content, registers *at);

#endif
