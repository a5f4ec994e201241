/* MPS2 with the AN386 image: Cortex-M4. */
#ifndef HALLMARK_MPS2_MACHINE_H
#define HALLMARK_MPS2_MACHINE_H

#define MACHINE_NAME "mps2-an386, Cortex-M4"
#define MACHINE_RAM 0x20000000u
#define MACHINE_UART 0x40004000u
#define MACHINE_WATCHDOG 0x40008000u
#define MACHINE_TICKS_PER_MS 25000u

/* {register, value}: nothing in RAM can be executed (ARMv7-M B3.5: number, base, attributes and size of a region,
 * control). */
#define MACHINE_PROTECTION                                                                                             \
    {                                                                                                                  \
        {0xE000ED98u, 0}, {0xE000ED9Cu, MACHINE_RAM}, {0xE000EDA0u, 0x130B002Bu}, { 0xE000ED94u, 5 }                   \
    }

#endif
