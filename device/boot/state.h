/* What the device remembers, and only the first stage writes: before the application starts it is locked until the next
 * reset. Every change is one snapshot of all of it, so there is nothing that a power failure could leave half done. */
#ifndef HALLMARK_BOOT_STATE_H
#define HALLMARK_BOOT_STATE_H

#include "journal.h"
#include "layout.h"

#define HMB_STATE_MAGIC 0x54534D48u
/* The life cycle moves one way. What is neither word is production. */
#define HMB_DEVELOPMENT 0x5AA53CC3u
#define HMB_PRODUCTION 0xA55AC33Cu

enum { HMB_COUNTERS = 6, HMB_ATTEMPTS = 3 };

/* The rollback counter and the last installed sequence number of one component of one publisher. */
typedef struct hmb_counter {
    uint8_t publisher[HMV_UUID_SIZE]; /* all zero: this entry is free */
    uint8_t component[HMV_ID_MAX];    /* filled up with zero, which no id contains */
    uint64_t sequence, security_version;
} hmb_counter;

/* A trust list that was taken: where it lies, and what must be found there. */
typedef struct hmb_list {
    uint32_t area; /* HMB_NONE: there is no such list */
    uint32_t reserved;
    uint64_t version;
    uint8_t roots[HMV_SHA256_SIZE];  /* of its root set; all zero: that of the identity */
    uint8_t digest[HMV_SHA256_SIZE]; /* SHA-256 of the envelope */
} hmb_list;

typedef struct hmb_bank_state {
    uint32_t active; /* the slot of the confirmed release; HMB_NONE: nothing was confirmed yet */
    uint32_t trial;  /* the slot that is on trial; HMB_NONE */
    uint8_t manifest[HMB_SLOTS][HMV_SHA256_SIZE]; /* of the release accepted in that slot; all zero: none. A slot that
                                                     holds another release since does not boot unasked */
    /* The confirmed release itself, for what depends on it: the counters may be above it. All zero: none. */
    uint8_t publisher[HMV_UUID_SIZE];
    uint64_t sequence, security_version;
    hmb_list earlier; /* the list under which the confirmed release boots until one satisfies the list in force (P7) */
} hmb_bank_state;

typedef struct hmb_state {
    hmb_entry entry;
    uint32_t life;
    uint32_t taken;    /* units of the mailbox that were judged */
    uint32_t attempts; /* that the trial has left */
    uint32_t started;  /* 1: what is on trial was started at the last boot, and may confirm itself */
    hmb_list list;     /* in force */
    hmb_bank_state bank[HMB_BANKS];
    hmb_counter counter[HMB_COUNTERS];
    uint8_t check[HMB_CHECK_SIZE];
} hmb_state;
_Static_assert(sizeof(hmb_state) == 880, "the same on every machine, without padding");

/* The latest snapshot, read twice. HMV_BAD: there is none, or it is damaged in both places, and the device does not
 * boot: a device leaves the factory with its first snapshot (docs/boot.md), so one without has lost its counters. */
hmv_verdict hmb_state_load(hmb_pair *journal, const hmb_flash *flash, uint32_t at, hmb_state *state);
hmv_verdict hmb_state_store(hmb_pair *journal, hmb_state *state);

/* Is anything on trial, started yet or not? */
int hmb_trial_under_way(const hmb_state *state);

/* The counter of that component; NULL if there is none. */
const hmb_counter *hmb_counter_find(const hmb_state *state, hmv_bytes publisher, hmv_bytes component);
/* Neither number ever falls. HMV_BAD: there is no entry left. */
hmv_verdict hmb_counter_raise(hmb_state *state, hmv_bytes publisher, hmv_bytes component, uint64_t sequence,
                              uint64_t security_version);

/* hmv_platform's `state` and `counter`, whose context is a const hmb_state. */
hmv_verdict hmb_platform_state(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *sequence);
hmv_verdict hmb_platform_counter(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *security_version);

#endif
