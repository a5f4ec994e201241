/* In place of port/mps2/hardware.c and semihost.c: the flash is in the emulator's memory already, and nobody is there
 * to hear what is written. The rest of the first stage is the one that runs on the boards. */
#include "hardware.h"
#include "semihost.h"

hardware *hardware_registers(void) { return (hardware *)RAM_HARDWARE; }

void hardware_adopt(void) {}

void hardware_reset(void) {
    hardware *self = hardware_registers();
    if (self->running == 0) self->running = PORT_POWER_ON;
    self->nor.data = (uint8_t *)RAM_FLASH;
    self->nor.size = FLASH_SIZE;
    nor_reset(&self->nor);
}

_Noreturn void semihost_exit(uint32_t status) {
    (void)status;
    for (;;) continue;
}
