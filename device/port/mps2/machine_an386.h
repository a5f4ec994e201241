/* MPS2 with the AN386 image: Cortex-M4. */
#ifndef HALLMARK_MPS2_MACHINE_H
#define HALLMARK_MPS2_MACHINE_H

#define MACHINE_NAME "mps2-an386, Cortex-M4"
#define MACHINE_ROM 0x00000000u
#define MACHINE_RAM 0x20000000u
#define MACHINE_UART 0x40004000u
#define MACHINE_WATCHDOG 0x40008000u
#define MACHINE_TICKS_PER_MS 25000u

/* {register, value}: nothing is executed but the 64 KiB of the first stage, which cannot be written (ARMv7-M B3.5:
 * number, base, attributes and size of each region, then control; what no region has is peripherals, never executed).
 * Code memory, RAM with all that is an alias of it, external RAM in two halves; the first stage over them. */
#define MACHINE_REGION(number, base, attributes)                                                                       \
    {0xE000ED98u, (number)}, {0xE000ED9Cu, (base)}, { 0xE000EDA0u, (attributes) }
#define MACHINE_NEVER 0x130B0039u /* 512 MiB, normal memory, read, written, not executed */
#define MACHINE_PROTECTION                                                                                             \
    {                                                                                                                  \
        MACHINE_REGION(0, 0x00000000u, MACHINE_NEVER), MACHINE_REGION(1, 0x20000000u, MACHINE_NEVER),                  \
            MACHINE_REGION(2, 0x60000000u, MACHINE_NEVER), MACHINE_REGION(3, 0x80000000u, MACHINE_NEVER),              \
            MACHINE_REGION(4, MACHINE_ROM, 0x0602001Fu), {                                                             \
            0xE000ED94u, 5                                                                                             \
        }                                                                                                              \
    }

#endif
