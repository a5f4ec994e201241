/* What this board is to the first stage and to the application. Porting to real hardware means to write another port.c:
 * flash instead of the model, OTP or a sector of the first stage instead of the patched identity, the part's own
 * write protection, watchdog and reset cause. docs/boot.md says what each must give. */
#ifndef HALLMARK_MPS2_PORT_H
#define HALLMARK_MPS2_PORT_H

#include "boot.h"

enum { PORT_POWER_ON = 1, PORT_ASKED = 2, PORT_WATCHDOG = 3 }; /* hmb_board.cause */

/* ---- the first stage's ---- */
/* Once after every reset: flash, identity, memory and the cause of the reset. */
const hmb_board *port_board(void);
/* Until the next reset nothing else in flash can be written. */
void port_lock(const hmb_range *writable, size_t count);
/* Starts the watchdog, leaves the first stage's stack and jumps to the vector table at TARGET, BOOT in r0. */
_Noreturn void port_start(uintptr_t target, const hmb_boot *boot);
/* There is nothing to start. A product would wait for a service tool here. */
_Noreturn void port_stop(void);

/* ---- the application's ---- */
const hmb_flash *port_flash(void);
void port_feed_watchdog(void);
_Noreturn void port_reset(void);

/* ---- both ---- */
extern const hmv_algorithm *const port_algorithms[];
extern const hmv_digest *const port_digests[];
void port_say(const char *text);

#endif
