#include "hardware.h"

#include "semihost.h"

#include <string.h>

hardware *hardware_registers(void) { return (hardware *)RAM_HARDWARE; }

enum { EXIT_NO_FLASH = 3 };
static _Noreturn void give_up(const char *why) {
    port_say("no device here: flash.bin ");
    port_say(why);
    port_say("; device/factory.py makes one\n");
    semihost_exit(EXIT_NO_FLASH);
}

static void changed(void *context, uint32_t at, const uint8_t *data, size_t size) {
    hardware *self = context;
    if (semihost_write(self->file, at, data, size) != 0) give_up("cannot be written");
}

enum { EXIT_POWER_FAILED = 9 };
static void failed(void *context) {
    (void)context;
    port_say("(power fails)\n");
    semihost_exit(EXIT_POWER_FAILED);
}

void hardware_adopt(void) {
    hardware *self = hardware_registers();
    self->nor.changed = changed;
    self->nor.failed = failed;
    self->nor.context = self;
}

/* cut=N: power fails in the Nth operation since power on. */
static uint32_t number_behind(const char *words, const char *name) {
    const char *found = strstr(words, name);
    uint32_t number = 0;
    if (!found) return 0;
    for (found += strlen(name); *found >= '0' && *found <= '9'; found++)
        number = number * 10 + (uint32_t)(*found - '0');
    return number;
}

static void power_on(hardware *self) {
    char words[256];
    memset(self, 0, sizeof *self);
    semihost_words(words, sizeof words);
    self->nor.cut = number_behind(words, "cut=");
    self->nor.seed = number_behind(words, "seed=");
    self->nor.data = (uint8_t *)RAM_FLASH;
    self->nor.size = FLASH_SIZE;
    self->nor.wear = self->wear;
    self->running = PORT_POWER_ON;
    self->file = semihost_open("flash.bin", SEMIHOST_UPDATE);
    if (self->file < 0) give_up("is missing, or cannot be written");
    if (semihost_size(self->file) != FLASH_SIZE) give_up("has another size than this board's flash");
    if (semihost_read(self->file, 0, self->nor.data, self->nor.size) != 0) give_up("cannot be read");
}

void hardware_reset(void) {
    hardware *self = hardware_registers();
    if (self->running == 0) power_on(self);
    nor_reset(&self->nor);
    hardware_adopt();
}
