/* MPS2+ with the AN505 image: Cortex-M33; everything runs in the secure state. */
#ifndef HALLMARK_MPS2_MACHINE_H
#define HALLMARK_MPS2_MACHINE_H

#define MACHINE_NAME "mps2-an505, Cortex-M33"
#define MACHINE_RAM 0x38000000u
#define MACHINE_UART 0x50200000u
#define MACHINE_WATCHDOG 0x50081000u
#define MACHINE_TICKS_PER_MS 20000u

#endif
