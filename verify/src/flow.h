/* Hardening against one skipped instruction, in one place.
 *
 * An attacker who can disturb a processor at the right moment makes it skip an instruction: a call, a branch, a store,
 * a step of a loop. What is done about that, by software alone and for one such fault at a time:
 *
 *   1. A decision is made twice, each time from the caller's bytes and into a fresh hmv_pass; nothing that one pass has
 *      found is looked at by the other. What was accepted is then read once more and compared with what the caller
 * gets. So a fault in one of the three is outvoted by the others.
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
    hmv_bytes signatures; /* CBOR array */
} hmv_pass;

/* A step of the decision is done. Each step has a number of its own; what they add up to is known. */
static inline void hmv_mark(hmv_pass *pass, uint32_t step) { pass->flow += step; }

/* The pass's answer: HMV_ACCEPTED, if there was no fault and the marks add up to MARKS. */
hmv_reason hmv_answer(const hmv_pass *pass, uint32_t marks);

/* The answer that comes out of two passes and of reading the RESULT once more, which is cleared if it is a refusal. */
hmv_reason hmv_conclude(const volatile hmv_reason answers[3], void *result, size_t size);

#endif
