/* Runs one row on an emulated Cortex-M and prints "instructions stack units", or "wrong". No interrupt, no clock but
 * SysTick. */
#include "device.h"

#include <stddef.h>
#include <stdint.h>

enum { STACK_PAINTED = 16384, NANOSECONDS_PER_TICK = 40, SYSTICK_MASK = 0xFFFFFF };
enum { SEMIHOSTING_WRITE0 = 0x04, SEMIHOSTING_EXIT = 0x18, EXIT_GOOD = 0x20026 };
static const uint32_t paint = 0x5AA5C33C;

/* SysTick (ARMv7-M B3.3): the board's 25 MHz, so at one instruction a nanosecond (-icount shift=0) 40 instructions a
 * tick. */
static volatile uint32_t *const systick_control = (volatile uint32_t *)0xE000E010u;
static volatile uint32_t *const systick_reload = (volatile uint32_t *)0xE000E014u;
static volatile uint32_t *const systick_value = (volatile uint32_t *)0xE000E018u;

/* device.ld: the painted part ends some words below the top, so that what paints does not stand in it. */
extern uint32_t stack_top[];
extern volatile uint32_t stack_painted[STACK_PAINTED / 4];
void reset(void);
static const struct {
    uint32_t *stack;
    void (*reset)(void);
} vectors __attribute__((section(".vectors"), used)) = {stack_top, reset};

static void host(uint32_t operation, uintptr_t argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void print_number(uint32_t number) {
    char text[12], *at = &text[11];
    *at = 0;
    *--at = ' ';
    do *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    host(SEMIHOSTING_WRITE0, (uintptr_t)at);
}

static void paint_stack(void) {
    for (size_t i = 0; i < STACK_PAINTED / 4; i++) stack_painted[i] = paint;
}

/* From SP down to the lowest word that was written. */
static uint32_t stack_used(uintptr_t sp) {
    size_t untouched = 0;
    while (untouched < STACK_PAINTED / 4 && stack_painted[untouched] == paint) untouched++;
    return (uint32_t)(sp - (uintptr_t)&stack_painted[untouched]);
}

void reset(void) {
    *systick_reload = SYSTICK_MASK;
    *systick_value = 0;
    *systick_control = 5; /* the processor's clock, no interrupt */
    paint_stack();
    uintptr_t sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    uint32_t before = *systick_value;
    int good = run_row();
    uint32_t after = *systick_value;
    if (good == 1) {
        print_number(((before - after) & SYSTICK_MASK) * NANOSECONDS_PER_TICK);
        print_number(stack_used(sp));
        print_number(row_units);
    } else
        host(SEMIHOSTING_WRITE0, (uintptr_t) "wrong");
    host(SEMIHOSTING_WRITE0, (uintptr_t) "\n");
    host(SEMIHOSTING_EXIT, EXIT_GOOD);
    for (;;) {
    }
}
