/* What an application asks of the first stage. Each call appends one note to the mailbox and returns; it is judged at
 * the next boot, and the boot record then says what became of it. */
#ifndef HALLMARK_APP_REQUEST_H
#define HALLMARK_APP_REQUEST_H

#include "boot.h"

/* The device as the application finds it: BOOT is what the first stage left in RAM, FLASH the application's own way to
 * the flash, through which only hmb_boot_writable's ranges can be written; the tables are as in hmv_config, and its
 * own. */
typedef struct hma_device {
    const hmb_boot *boot;
    const hmb_flash *flash;
    const hmv_algorithm *const *algorithms;
    const hmv_digest *const *digests;
} hma_device;

/* "I am well": to be called by a release on trial (hma_on_trial) once it has tested itself, before its attempts are
 * used up. It is confirmed, and the rollback counters rise, at the next boot. HMV_BAD: the flash failed. */
hmv_verdict hma_confirm(const hma_device *device);
int hma_on_trial(const hma_device *device);
/* The free slots of these banks (bits: 1 << HMB_FIRMWARE, 1 << HMB_PARAMETERS) are complete: try them at the next boot.
 */
hmv_verdict hma_try(const hma_device *device, uint32_t banks);
/* Put LIST, a trust list's envelope, into the free area, and ask for it to be taken. While something is on trial none
 * is: ask after the confirmation has taken effect. */
hmv_verdict hma_take_list(const hma_device *device, hmv_bytes list);
/* Leave development, for good. */
hmv_verdict hma_leave_development(const hma_device *device);

#endif
