/* MPS2+ with the AN505 image: Cortex-M33; everything runs in the secure state. */
#ifndef HALLMARK_MPS2_MACHINE_H
#define HALLMARK_MPS2_MACHINE_H

#define MACHINE_NAME "mps2-an505, Cortex-M33"
#define MACHINE_ROM 0x10000000u
#define MACHINE_RAM 0x38000000u
#define MACHINE_UART 0x50200000u
#define MACHINE_WATCHDOG 0x50081000u
#define MACHINE_TICKS_PER_MS 20000u

/* {register, value}: nothing is executed but the 64 KiB of the first stage, which cannot be written (ARMv8-M D1.2:
 * memory attributes, then number, base and limit of each region, then control; regions do not overlap, and what none
 * has is peripherals, never executed). */
#define MACHINE_REGION(number, base, limit)                                                                            \
    {0xE000ED98u, (number)}, {0xE000ED9Cu, (base)}, { 0xE000EDA0u, ((limit)&0xFFFFFFE0u) | 1 }
enum { MACHINE_READ = 6, MACHINE_NEVER = 3 }; /* read and executed; read, written and not executed */
#define MACHINE_PROTECTION                                                                                             \
    {                                                                                                                  \
        {0xE000EDC0u, 0xFF}, MACHINE_REGION(0, 0x00000000u | MACHINE_NEVER, MACHINE_ROM - 1),                          \
            MACHINE_REGION(1, MACHINE_ROM | MACHINE_READ, MACHINE_ROM + 0xFFFF),                                       \
            MACHINE_REGION(2, (MACHINE_ROM + 0x10000) | MACHINE_NEVER, 0x1FFFFFFFu),                                   \
            MACHINE_REGION(3, 0x20000000u | MACHINE_NEVER, 0x3FFFFFFFu),                                               \
            MACHINE_REGION(4, 0x60000000u | MACHINE_NEVER, 0x9FFFFFFFu), {                                             \
            0xE000ED94u, 5                                                                                             \
        }                                                                                                              \
    }

#endif
