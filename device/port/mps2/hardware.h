/* What the emulator does not have and real hardware has: flash that keeps its content and its locks, and a register
 * that tells the cause of a reset. It lies in RAM that neither the first stage nor the application uses, survives a
 * reset because the emulator's RAM does, and keeps its content in the file flash.bin of the emulator's folder. */
#ifndef HALLMARK_MPS2_HARDWARE_H
#define HALLMARK_MPS2_HARDWARE_H

#include "nor.h"
#include "port.h"
#include "port_layout.h"

#include <machine.h>

/* The RAM. The first stage's own is below; boot.ld and app.ld agree. */
enum {
    FIRMWARE_SIZE = 0x48000, /* room for the image; what is behind belongs to the application */
    PARAMETERS_SIZE = 0x1000,
    FLASH_SIZE = PORT_FLASH_SIZE
};
#define RAM_FIRMWARE (MACHINE_RAM + 0x10000u)
#define RAM_PARAMETERS (MACHINE_RAM + 0xC0000u)
#define RAM_HARDWARE (MACHINE_RAM + 0xD0000u)
#define RAM_FLASH (MACHINE_RAM + 0x100000u)

typedef struct hardware {
    uint32_t running; /* what the cause register knows: 0 power on, PORT_ASKED, or PORT_WATCHDOG */
    uint32_t orders_done;
    int32_t file;
    nor nor;
    uint32_t wear[FLASH_SIZE / HMB_ERASE_SIZE];
} hardware;

hardware *hardware_registers(void);
/* After a reset: the content from the file, the locks gone. */
void hardware_reset(void);
/* This program is what writes the file from now on. */
void hardware_adopt(void);

#endif
