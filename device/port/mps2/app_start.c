/* How an application begins: the first stage has set its stack and put hmb_boot into the first argument. */
#include "port.h"

#include <string.h>

extern uint32_t stack_top[];
extern uint8_t bss_start[], bss_end[];
_Noreturn void app_main(const hmb_boot *boot, uint32_t ticks);
void app_reset(const hmb_boot *boot);
void hang(void);

void app_reset(const hmb_boot *boot) {
    uint32_t ticks = 0xFFFFFF - *(volatile uint32_t *)0xE000E018u; /* since the reset */
    /* cppcheck-suppress comparePointers ; the linker's names for the two ends of one section */
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    app_main(boot, ticks);
}

/* Any fault: stand still, so that the watchdog ends it. */
void hang(void) {
    for (;;) __asm__ volatile("wfi");
}

enum { VECTORS = 16 };
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*reset)(const hmb_boot *boot);
    void (*handler[VECTORS - 2])(void);
} vectors = {
    stack_top, app_reset, {hang, hang, hang, hang, hang, hang, hang, hang, hang, hang, hang, hang, hang, hang}};
