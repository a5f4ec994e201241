/* An application that crashes at once. */
#include "port.h"

_Noreturn void app_main(const hmb_boot *boot, uint32_t ticks);

_Noreturn void app_main(const hmb_boot *boot, uint32_t ticks) {
    (void)boot, (void)ticks;
    port_say("    application " APP_VERSION ": a null pointer is followed\n");
    for (;;) __asm__ volatile("udf #0");
}
