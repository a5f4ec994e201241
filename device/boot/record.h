/* What the first stage did and why: handed to the application, and kept in a ring in flash that only the first stage
 * writes. */
#ifndef HALLMARK_BOOT_RECORD_H
#define HALLMARK_BOOT_RECORD_H

#include "journal.h"
#include "layout.h"

#define HMB_RECORD_MAGIC 0x52534D48u
enum { HMB_REQUESTS_MAX = 4, HMB_VERSION_TEXT = 32 };

/* Why not, beside hmv_reason's numbers (which end below 100). hmb_reason_text (reason.c) has a sentence for each. */
enum {
    HMB_EMPTY = 100,           /* the slot or list area has nothing that was completed */
    HMB_OTHER_COMPONENT = 101, /* the release is of another component than this bank's */
    HMB_OTHER_RELEASE = 102,   /* the slot holds another release than the one that was accepted there */
    HMB_NO_ROOM = 103,         /* the payload is larger than the memory that it is to lie in */
    HMB_GIVEN_UP = 104,        /* it was started as often as a trial may be, and did not confirm itself */
    HMB_STATE_LOST = 105,      /* the state journal has no whole snapshot */
    HMB_LIST_LOST = 106,       /* the trust list in force is not where the state says, or is another */
    HMB_TRIAL_UNDER_WAY = 107, /* what is running is on trial itself: it confirms or fails first */
    HMB_NOT_ON_TRIAL = 108,    /* nothing was on trial that could confirm itself */
    HMB_UNKNOWN_REQUEST = 109,
    HMB_TOO_MANY_REQUESTS = 110,
    HMB_FLASH_FAULT = 111, /* the state could not be written; what needs it was not done */
    HMB_NOT_ASKED = 112,   /* nobody asked for this slot to be judged */
    HMB_SAME_LIFE = 113,   /* the device is in production already */
    HMB_SEVERAL_COMPONENTS = 114,
    HMB_OTHER_KIND = 115,      /* the component has this bank's id, but not its kind */
    HMB_COUNTERS_FULL = 116,   /* there are HMB_COUNTERS publishers' components already */
    HMB_PARTNER_REFUSED = 117, /* what was to be tried together with it was refused */
    HMB_STATE_DAMAGED = 118,   /* one of the state's two copies was not whole, and was written again */
    /* The port's mistakes: nothing runs, and nothing was written. */
    HMB_LAYOUT_UNALIGNED = 120, /* an address or a size is no multiple of HMB_ERASE_SIZE */
    HMB_LAYOUT_OUTSIDE = 121,   /* an area ends behind the layout's end */
    HMB_LAYOUT_OVERLAP = 122,   /* two areas have bytes in common */
    HMB_LAYOUT_MEMORY = 123,    /* a bank's memory is smaller than its slots have room for */
    HMB_LAYOUT_COMPONENT = 124  /* a bank has no component id, one that is too long, or no kind */
};

typedef struct hmb_request_record {
    uint32_t kind; /* of mailbox.h; 0: none */
    uint32_t argument;
    uint32_t reason; /* HMV_ACCEPTED: done */
    uint32_t reserved;
} hmb_request_record;

typedef struct hmb_bank_record {
    uint32_t slot;    /* that is used; HMB_NONE: none */
    uint32_t trial;   /* 1: on trial */
    uint32_t earlier; /* 1: accepted under the list before the one in force, until an update satisfies that (P7) */
    uint32_t reason[HMB_SLOTS]; /* the verdict on each slot */
    uint32_t reserved;
    uint64_t sequence, security_version;
    char version[HMB_VERSION_TEXT]; /* for people; cut off and ended by a zero */
    uint8_t signer[HMV_KID_SIZE];   /* the first that the manifest names */
} hmb_bank_record;

typedef struct hmb_record {
    hmb_entry entry; /* number: of the boot */
    uint32_t cause;  /* of the reset, in the port's words */
    uint32_t life;
    uint32_t attempts;  /* that the trial has left, if it should not confirm itself now */
    uint32_t undecided; /* why nothing runs, if nothing does; else 0 */
    uint32_t fault;     /* HMB_FLASH_FAULT: the state could not be written: nothing that was asked for was
                           done, and all is locked; HMB_STATE_DAMAGED; 0: neither */
    uint32_t reserved[3];
    uint64_t list;                  /* version in force */
    uint64_t earlier;               /* version of the list that firmware on an earlier list was accepted under; 0 */
    uint8_t roots[HMV_SHA256_SIZE]; /* in force */
    hmb_bank_record bank[HMB_BANKS];
    hmb_request_record request[HMB_REQUESTS_MAX];
    uint8_t check[HMB_CHECK_SIZE];
} hmb_record;
_Static_assert(sizeof(hmb_record) == 384, "the same on every machine, without padding");

/* The latest record, or all zero. */
void hmb_record_open(hmb_journal *journal, const hmb_flash *flash, const hmb_layout *layout, hmb_record *latest);

/* One sentence in English for a reason of the first stage or of the verifier. */
const char *hmb_reason_text(uint32_t reason);

#endif
