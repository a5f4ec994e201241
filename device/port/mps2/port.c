#include "hardware.h"
#include "semihost.h"

/* ---- flash ---- */

_Static_assert((int)PORT_FIRMWARE_MAX <= (int)FIRMWARE_SIZE && (int)PORT_PARAMETERS_MAX <= (int)PARAMETERS_SIZE,
               "what fits in a slot fits in the memory where it is used");

static hmb_flash flash;
const hmb_flash *port_flash(void) {
    hardware_adopt();
    flash = nor_interface(&hardware_registers()->nor);
    return &flash;
}

/* The emulator has no debug port. On hardware: what is not HMB_DEVELOPMENT closes it. */
void port_debug(uint32_t life) { (void)life; }

void port_lock(const hmb_range *writable, size_t count) { nor_lock(&hardware_registers()->nor, writable, count); }

/* ---- who this device is: written into the first stage when it is made ---- */

__attribute__((section(".identity"), used)) static const volatile hmb_identity identity = {.roots = {0}};

const hmv_algorithm *const port_algorithms[] = {PORT_ALGORITHMS, NULL};
const hmv_digest *const port_digests[] = {PORT_DIGESTS, NULL};

static volatile uint32_t *at(uintptr_t address) { return (volatile uint32_t *)address; }

/* A return that is skipped ends where some word on the stack says, and that may be in what the envelope's author has
 * written. Until the image is started nothing in RAM is executed. */
static const uintptr_t mpu_control = 0xE000ED94;
static void close_memory(void) {
    static const struct {
        uintptr_t address;
        uint32_t value;
    } settings[] = MACHINE_PROTECTION;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) *at(settings[i].address) = settings[i].value;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

static hmb_board board;
const hmb_board *port_board(void) {
    close_memory();
    hardware_reset();
    hardware *registers = hardware_registers();
    board =
        (hmb_board){.flash = port_flash(),
                    .layout = &port_layout,
                    .identity = (const hmb_identity *)(uintptr_t)&identity,
                    .algorithms = port_algorithms,
                    .digests = port_digests,
                    .memory = {{(uint8_t *)RAM_FIRMWARE, FIRMWARE_SIZE}, {(uint8_t *)RAM_PARAMETERS, PARAMETERS_SIZE}},
                    .cause = registers->running};
    registers->running = PORT_WATCHDOG; /* if nobody asks for the next reset, the watchdog did it */
    return &board;
}

/* ---- registers of the board and the processor ---- */

/* CMSDK UART: data, state (bit 0: full), control (bit 0: transmit), divider. */
void port_say(const char *text) {
    *at(MACHINE_UART + 0x10) = 16;
    *at(MACHINE_UART + 0x08) = 1;
    for (; *text; text++) {
        while (*at(MACHINE_UART + 0x04) & 1) continue;
        *at(MACHINE_UART) = (uint8_t)*text;
    }
}

/* CMSDK watchdog: load, control (interrupt, reset), clear, lock. It resets when it has run out twice. */
enum { WATCHDOG_MS = 200 };
static void start_watchdog(void) {
    *at(MACHINE_WATCHDOG + 0xC00) = 0x1ACCE551;
    *at(MACHINE_WATCHDOG) = WATCHDOG_MS / 2 * MACHINE_TICKS_PER_MS;
    *at(MACHINE_WATCHDOG + 0x08) = 3;
    *at(MACHINE_WATCHDOG + 0xC00) = 0;
}

void port_feed_watchdog(void) {
    *at(MACHINE_WATCHDOG + 0xC00) = 0x1ACCE551;
    *at(MACHINE_WATCHDOG + 0x0C) = 1;
    *at(MACHINE_WATCHDOG + 0xC00) = 0;
}

static const uintptr_t vtor = 0xE000ED08, aircr = 0xE000ED0C;

_Noreturn void port_reset(void) {
    hardware_registers()->running = PORT_ASKED;
    __asm__ volatile("dsb" ::: "memory");
    *at(aircr) = 0x05FA0004;
    for (;;) continue;
}

/* Everything about the image that is started comes out of TARGET. */
_Noreturn void port_start(uintptr_t target, const hmb_boot *boot) {
    start_watchdog();
    *at(vtor) = target;
    *at(mpu_control) = 0;
    register const hmb_boot *r0 __asm__("r0") = boot;
    __asm__ volatile("dsb\n\tisb\n\tldr r1, [%1]\n\tldr r2, [%1, #4]\n\tmsr msp, r1\n\tbx r2"
                     :
                     : "r"(r0), "r"(target)
                     : "r1", "r2", "memory");
    __builtin_unreachable();
}

enum { EXIT_NOTHING_TO_START = 8 };
_Noreturn void port_stop(void) { semihost_exit(EXIT_NOTHING_TO_START); }
