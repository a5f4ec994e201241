/* What the application asks of the first stage. It is an application's word, no more: each request is judged at the
 * next boot by what the first stage itself knows and verifies.
 *
 * A request is HMB_WORDS_SIZE bytes (hmb_words), here called a unit: what, and for what. They are appended; the state
 * remembers how many were judged, so what lies there when an image is started can never speak for that image. */
#ifndef HALLMARK_BOOT_MAILBOX_H
#define HALLMARK_BOOT_MAILBOX_H

#include "layout.h"

#define HMB_TRY 0x31595254u       /* the free slots of the banks whose bits the argument has are complete: try them */
#define HMB_CONFIRM 0x314E4F43u   /* I, who am on trial, am well */
#define HMB_TAKE_LIST 0x3153494Cu /* the free list area holds a trust list */
#define HMB_LEAVE_DEVELOPMENT 0x31445250u /* for good */

enum { HMB_MAILBOX_UNITS = HMB_MAILBOX_SIZE / HMB_WORDS_SIZE };

/* Units up to the last that is not blank. */
uint32_t hmb_mailbox_extent(const hmb_flash *flash, uint32_t at);
/* Behind whatever is there. HMV_BAD: it is full, or the flash failed. */
hmv_verdict hmb_mailbox_put(const hmb_flash *flash, uint32_t at, uint32_t kind, uint32_t argument);

#endif
