/* Reset of the first stage: no initialised data, zeroed memory, SysTick counting the processor's clock for whoever
 * wants to know how long it took. */
#include <stdint.h>
#include <string.h>

extern uint32_t stack_top[];
extern uint8_t bss_start[], bss_end[];
_Noreturn void boot_main(void);
void reset(void);
void fault(void);

void reset(void) {
    volatile uint32_t *systick = (volatile uint32_t *)0xE000E010u;
    systick[1] = 0xFFFFFF;
    systick[2] = 0;
    systick[0] = 5;
    /* cppcheck-suppress comparePointers ; the linker's names for the two ends of one section */
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    boot_main();
}

/* A fault in the first stage, a jump to nowhere among them: begin again. */
void fault(void) {
    *(volatile uint32_t *)0xE000ED0Cu = 0x05FA0004;
    for (;;) continue;
}

enum { VECTORS = 16 };
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handler[VECTORS - 1])(void);
} vectors = {stack_top,
             {reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault}};
