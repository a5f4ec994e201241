/* What a board is to the first stage and to the application. Porting to real hardware means to write another port.c and
 * port_layout.h: flash instead of the model, OTP or a sector of the first stage instead of the patched identity, the
 * part's own write protection, memory protection, watchdog, debug port and reset cause. docs/boot.md says what each
 * must give.
 *
 * Before boot_main (boot_start.c, boot.ld): the stack is set and .bss is zero; nothing copies initialised data, so
 * .data is empty (the linker script checks it); no interrupt is enabled, and none is until the application enables its
 * own; every fault handler resets, because a jump to nowhere is how a refusal ends.
 *
 * boot_main calls, in this order: port_board, port_say (perhaps), port_debug, port_lock, then port_start or port_stop.
 */
#ifndef HALLMARK_MPS2_PORT_H
#define HALLMARK_MPS2_PORT_H

#include "boot.h"

enum { PORT_POWER_ON = 1, PORT_ASKED = 2, PORT_WATCHDOG = 3 }; /* hmb_board.cause */

/* ---- the first stage's ---- */

/* Once after every reset, before anything else. It
 *   - closes memory: no RAM can be executed from here to port_start (MPU, or a bus attribute). The images' RAM gets
 * what an envelope's author wrote before anybody has verified it;
 *   - reads the cause of the reset, and sees to it that the next one is told apart from a watchdog's;
 *   - answers with flash, layout, identity, algorithms and the memory of each bank, all constant from then on. */
const hmb_board *port_board(void);
/* The debug port, given the life cycle: closed unless LIFE is HMB_DEVELOPMENT. A device whose state is lost has LIFE 0,
 * and is closed too. From the reset to this call the part itself must keep it closed (option bytes, a fuse, debug
 * authentication); where it can only be closed for good, do that here at the first start with another LIFE. Until the
 * next reset the application cannot open it. */
void port_debug(uint32_t life);
/* Until the next reset nothing but these COUNT ranges of the flash can be written or erased, by anybody. */
void port_lock(const hmb_range *writable, size_t count);
/* Leaves for the application: starts the watchdog, which the application cannot stop; points the vector table (VTOR) at
 * TARGET; opens the memory that port_board closed, as far as the application is executed there; takes the stack from
 * the first word at TARGET and jumps to the second, with BOOT in r0 and the first stage's memory left as it is. No
 * interrupt is enabled or pending. Everything about the jump comes out of TARGET, which is not compared, masked or
 * replaced: if anything was refused it is an address where nothing is, and reading there is a fault. */
_Noreturn void port_start(uintptr_t target, const hmb_boot *boot);
/* There is nothing to start. A product would wait for a service tool here; memory stays closed. */
_Noreturn void port_stop(void);

/* ---- the application's ---- */

/* Its own way to the flash, with the units and blocks of flash.h; what is locked answers HMV_BAD. */
const hmb_flash *port_flash(void);
void port_feed_watchdog(void);
/* A reset whose cause is told as PORT_ASKED. */
_Noreturn void port_reset(void);

/* ---- both ---- */

/* NULL at the end: what trust lists, releases and receipts may use. What is not named is not linked. */
extern const hmv_algorithm *const port_algorithms[];
extern const hmv_digest *const port_digests[];
/* A console, for boot_say.c and the example application. */
void port_say(const char *text);

#endif
