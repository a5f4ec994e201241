/* The first stage: decides at every boot what runs. Portable, freestanding, without allocation.
 *
 *     hmb_boot_begin     state, trust list; HMB_STATE_LOST ends it
 *     hmb_boot_decide    the mailbox's requests, then each bank's release: verified in the RAM where it will be used
 *     hmb_boot_target    where to jump to; made of the decision, so that without one there is nowhere to go
 *
 * P4: a payload is copied to RAM, that copy is verified, and nothing is read again. P5: without state, list or an
 * acceptable release nothing runs. P7: every change of state is one snapshot; counters rise in the snapshot that makes
 * the confirmed release the active one. */
#ifndef HALLMARK_BOOT_H
#define HALLMARK_BOOT_H

#include "mailbox.h"
#include "record.h"
#include "state.h"

/* What the first stage is born with; nobody can change it. */
typedef struct hmb_identity {
    uint8_t roots[HMV_SHA256_SIZE]; /* SHA-256 of the first root set */
    uint8_t vendor[HMV_UUID_SIZE];
    uint8_t class_id[HMV_UUID_SIZE];
    uint8_t id[HMV_ID_MAX]; /* of this one device, any octets; an exception that names it must have all ID_SIZE */
    uint32_t id_size;
} hmb_identity;

/* What the port supplies; constant. */
typedef struct hmb_board {
    const hmb_flash *flash;
    const hmb_layout *layout;
    const hmb_identity *identity;
    const hmv_algorithm *const *algorithms; /* as in hmv_config */
    const hmv_digest *const *digests;
    struct {
        uint8_t *data;
        uint32_t size;
    } memory[HMB_BANKS]; /* where each bank's payload is used, verified in place */
    uint32_t cause;      /* of this reset, for the record */
} hmb_board;

/* A trust list in RAM. */
typedef struct hmb_open_list {
    hmv_trust trust; /* all zero: there is none; under it no release is accepted, and no list follows on it */
    uint8_t data[HMB_LIST_MAX];
    uint32_t size;                   /* of what was read into DATA */
    uint8_t digest[HMV_SHA256_SIZE]; /* of that, as it was judged */
} hmb_open_list;

/* What was found in a slot. The answers are the decision; each is written over HMV_UNDECIDED, and none over another. */
enum { HMB_ANSWER_RELEASE, HMB_ANSWER_COMPONENT, HMB_ANSWER_NEEDS, HMB_ANSWER_PIN, HMB_ANSWER_PAYLOAD, HMB_ANSWERS };
typedef struct hmb_found {
    volatile hmv_reason answers[HMB_ANSWERS];
    uint32_t size; /* of the payload */
    uint8_t manifest[HMV_SHA256_SIZE];
    uint8_t publisher[HMV_UUID_SIZE];
    uint64_t sequence, security_version;
    char version[HMB_VERSION_TEXT];
    uint8_t signer[HMV_KID_SIZE];
} hmb_found;

/* All that a boot holds. It stays in RAM for the application to read. */
typedef struct hmb_boot {
    const hmb_board *board;
    hmb_pair journal;
    hmb_journal records;
    hmb_state state;
    hmb_record record;
    hmv_device device;
    hmv_platform platform;
    hmv_config config;
    hmb_open_list list[2];
    uint32_t in_force;          /* which of the two; the other is for whatever else must be opened */
    volatile hmv_reason opened; /* the answer to opening it. Without it no list is taken and nothing is tried: only what
                                   an earlier list accepts still boots */
    hmb_found found[HMB_BANKS];
    uint32_t changed;           /* the state in RAM is not the one in flash */
    uint32_t confirming;        /* the application has asked, and was on trial */
    uint32_t emptied;           /* the mailbox has less than was judged */
    hmv_reason ending;          /* why trials end at this boot; 0: they do not */
    uint32_t unstored;          /* the state could not be written, and nothing is unlocked */
    uint32_t copied[HMB_BANKS]; /* the most that was copied to each memory, to be cleared */
    uint8_t envelope[HMB_ENVELOPE_MAX];
} hmb_boot;

/* Is what the port says of its flash and memory possible? HMV_ACCEPTED; else which of HMB_LAYOUT_UNALIGNED and the
 * reasons behind it. hmb_boot_begin asks it. */
hmv_reason hmb_layout_check(const hmb_board *board);
/* HMV_ACCEPTED, or HMB_STATE_LOST; or the reason of hmb_layout_check, and then the flash was not touched. */
hmv_reason hmb_boot_begin(hmb_boot *boot, const hmb_board *board);
/* HMV_ACCEPTED if there is firmware to start: in memory[HMB_FIRMWARE], found[HMB_FIRMWARE].size bytes of it; and
 * parameters likewise if record.bank[HMB_PARAMETERS].slot is one. Otherwise the reason of the last slot that was tried.
 * The state is written before it returns, then the record. */
hmv_reason hmb_boot_decide(hmb_boot *boot);
/* memory[HMB_FIRMWARE] if every answer is HMV_ACCEPTED, and otherwise an address where nothing is. */
uintptr_t hmb_boot_target(const hmb_boot *boot);

/* Is RELEASE, which was accepted, one that BANK takes: one component, the bank's own, of its kind, and small enough?
 * HMV_ACCEPTED, or HMB_SEVERAL_COMPONENTS, HMB_OTHER_COMPONENT, HMB_OTHER_KIND, HMB_NO_ROOM. */
hmv_reason hmb_component_check(const hmb_boot *boot, size_t bank, const hmv_release *release);
/* Is there what RELEASE, which was accepted for BANK, depends on: in itself, or in what is used? To boot is asked of
 * parameters only. HMV_ACCEPTED, or HMV_MISSING_DEPENDENCY. */
hmv_reason hmb_dependencies_check(const hmb_boot *boot, size_t bank, hmv_act act, const hmv_release *release);

/* What the application may write until the next reset, in ascending order; all else is to be locked. At least
 * HMB_WRITABLE_MAX places; the answer is how many were filled in: none, if the state could not be written. */
enum { HMB_WRITABLE_MAX = 2 + HMB_BANKS };
size_t hmb_boot_writable(const hmb_boot *boot, hmb_range writable[HMB_WRITABLE_MAX]);
/* The slot of BANK that the application may write, or HMB_NONE. */
uint32_t hmb_free_slot(const hmb_boot *boot, size_t bank);
/* The list area that it may write. */
uint32_t hmb_free_area(const hmb_state *state);

#endif
