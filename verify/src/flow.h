/* Hardening against one skipped instruction, in one place.
 *
 * An attacker who can disturb a processor at the right moment makes it skip an instruction: a call, a branch, a store,
 * a step of a loop. What is done about that, by software alone and for one such fault at a time:
 *
 *   1. A decision is made twice, each time from the caller's bytes and into a fresh hmv_pass; nothing that one pass has
 *      found is looked at by the other. Each fills in the result anew and sums it up, and the sums must be the
 *      same: a fault that spoils what is read in one pass is not in the other.
 *   2. Answers are joined by AND, not by a test and a constant: HMV_ACCEPTED comes out only if it went in each time.
 * They lie in volatile memory, begin as HMV_UNDECIDED, and are loaded where they are used, so that the compiler cannot
 *      put the constant in their place, and a call that is skipped leaves a refusal behind, not an old register.
 *   3. Within a pass every step leaves its mark (hmv_mark), and every signature adds its verdict to the flow; the pass
 *      answers with what they add up to, not with a constant. A step, or the test of a verdict, that was skipped makes
 *      another number.
 *   4. Outputs of others (platform, algorithms) are written or returned over values that refuse.
 *   5. Octets that decide are compared by hmv_same, which has no branch that could be skipped.
 *
 * What this is not: protection against several faults in one run, against changed data in memory, or against a fault in
 * the caller's own test of the answer (HMV_IS_ACCEPTED tests twice). SECURITY.md says so too. */
#ifndef HALLMARK_VERIFY_FLOW_H
#define HALLMARK_VERIFY_FLOW_H

#include "cbor.h"

/* A function with a stack frame of its own, which is free again before the next one begins: what is large must not lie
 * under the signature algorithms' own memory. It also keeps the two passes apart. */
#define HMV_APART __attribute__((noinline))

/* One pass of a decision over a release or a trust list. */
typedef struct hmv_pass {
    hmv_parse parse; /* with the first thing that is wrong; every reader of this pass points here */
    uint32_t flow;
    const hmv_config *config;
    const hmv_trust *trust; /* whose keys count; of an update: the list in force */
    hmv_bytes envelope;
    hmv_bytes payload_item; /* the signed bytes with their head, as they stand in the Sig_structure */
    hmv_bytes payload;
    hmv_bytes signatures;   /* CBOR array */
    uint32_t need_receipts; /* bit n: signature n must have a receipt */
} hmv_pass;

/* A step of the decision is done. Each step has a number of its own; what they add up to is known. */
static inline void hmv_mark(hmv_pass *pass, uint32_t step) { pass->flow += step; }

/* What one pass comes to. SUM is over the result that it has filled in. */
typedef struct hmv_outcome {
    volatile hmv_reason answer;
    volatile uint32_t sum;
} hmv_outcome;

/* The pass's answer is HMV_ACCEPTED, if there was no fault and the marks add up to MARKS. RESULT is words. */
void hmv_finish(const hmv_pass *pass, uint32_t marks, const void *result, size_t size, hmv_outcome *outcome);

/* The answer of two passes, which have filled in the same RESULT. It is cleared if the answer is a refusal. */
hmv_reason hmv_conclude(const hmv_outcome outcomes[2], void *result, size_t size);

#endif
