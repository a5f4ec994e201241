/* MPS2+ with the AN505 image: Cortex-M33; everything runs in the secure state. */
#ifndef HALLMARK_MPS2_MACHINE_H
#define HALLMARK_MPS2_MACHINE_H

#define MACHINE_NAME "mps2-an505, Cortex-M33"
#define MACHINE_RAM 0x38000000u
#define MACHINE_UART 0x50200000u
#define MACHINE_WATCHDOG 0x50081000u
#define MACHINE_TICKS_PER_MS 20000u

/* {register, value}: nothing in RAM can be executed (ARMv8-M D1.2: memory attributes, number, base and limit of a
 * region, control). */
#define MACHINE_PROTECTION                                                                                             \
    {                                                                                                                  \
        {0xE000EDC0u, 0xFF}, {0xE000ED98u, 0}, {0xE000ED9Cu, MACHINE_RAM | 3}, {0xE000EDA0u, 0x383FFFE1u}, {           \
            0xE000ED94u, 5                                                                                             \
        }                                                                                                              \
    }

#endif
