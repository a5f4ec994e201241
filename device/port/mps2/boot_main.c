/* The first stage on this board: begin, decide, say, close, jump. */
#include "port.h"

static hmb_boot boot;

_Noreturn void boot_main(void);
void boot_say(const hmb_boot *boot);

/* The decision path for a fault-injection run begins at hmb_boot_begin and ends where port_start leaves. */
_Noreturn void boot_main(void) {
    hmb_range writable[HMB_WRITABLE_MAX];
    volatile hmv_reason begun = HMV_UNDECIDED, answer = HMV_UNDECIDED;
    begun = hmb_boot_begin(&boot, port_board());
    if (HMV_IS_ACCEPTED(begun)) answer = hmb_boot_decide(&boot);
    boot_say(&boot);
    port_debug(boot.state.life);
    port_lock(writable, hmb_boot_writable(&boot, writable));
    if (!HMV_IS_ACCEPTED(answer)) port_stop();
    port_start(hmb_boot_target(&boot), &boot);
}
