/* Writes a function to ADDRESS, closes memory as the first stage of device/port/mps2 does, and calls it. The emulator
 * ends with 0 if that ran, 7 if the processor refused, and 5 before it was tried. tests/device/closed.py */
#include <machine.h>
#include <stdint.h>

extern uint32_t stack_top[];
void reset(void);
void fault(void);

static void end(uint32_t status) {
    const uint32_t arguments[] = {0x20026, status};
    register uint32_t r0 __asm__("r0") = 0x20;
    register const uint32_t *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xAB" : : "r"(r0), "r"(r1) : "memory");
    for (;;) continue;
}

static volatile int tried;
void fault(void) { end(tried ? 7 : 5); }

void reset(void) {
    static const struct {
        uintptr_t address;
        uint32_t value;
    } settings[] = MACHINE_PROTECTION;
    volatile uint16_t *code = (volatile uint16_t *)(uintptr_t)(ADDRESS);
    code[0] = 0x202a; /* movs r0, #42 */
    code[1] = 0x4770; /* bx lr */
    tried = 0;
    for (unsigned i = 0; i < sizeof settings / sizeof settings[0] && !(OPEN); i++)
        *(volatile uint32_t *)settings[i].address = settings[i].value;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    tried = 1;
    end(((int (*)(void))(uintptr_t)((ADDRESS) + 1))() == 42 ? 0 : 5);
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*handler[15])(void);
} vectors = {stack_top,
             {reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault}};
__attribute__((section(".identity"), used)) static const uint32_t identity = 0;    /* boot.ld wants one */
__attribute__((section(".text.port_start"), used)) static void port_start(void) {} /* and one of these */
