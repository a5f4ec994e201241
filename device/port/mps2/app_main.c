/* The example application: what a product's does about updates. It confirms itself after its self-test, and carries out
 * one order, which stands for the network: a word of the emulator's command line,
 *
 *     firmware=FILE, limits=FILE   download that pack, try it          force-…=FILE   the same without verifying it
 *     list=FILE                    take that trust list                production     leave development
 *
 * after which it resets, and when there is nothing left to do it ends the emulator. */
#include "download.h"
#include "hardware.h"
#include "semihost.h"

#include <string.h>

_Noreturn void app_main(const hmb_boot *boot, uint32_t ticks);

enum { PIECE = 1500, WORD_MAX = 64 };
static uint8_t piece[PIECE], list[HMB_LIST_MAX];
static hma_download download;

static void say(const char *what, const char *name) {
    port_say("    application " APP_VERSION ": ");
    port_say(what);
    port_say(name);
    port_say("\n");
}

/* The value of ORDER's word, or NULL. */
static const char *order(const char *words, const char *name, char value[WORD_MAX]) {
    const char *found = strstr(words, name);
    size_t size = 0;
    if (!found) return NULL;
    for (found += strlen(name); size < WORD_MAX - 1 && found[size] > ' '; size++) value[size] = found[size];
    value[size] = 0;
    return value;
}

/* ---- downloads ---- */

static hmv_reason receive(const char *name) {
    int32_t file = semihost_open(name, SEMIHOST_READ);
    uint32_t total = (uint32_t)semihost_size(file);
    hmv_reason answer = HMV_MORE;
    while (answer == HMV_MORE) {
        uint32_t from = (uint32_t)hma_download_offset(&download), left = total - from;
        uint32_t size = left < PIECE ? left : PIECE;
        if (size == 0 || semihost_read(file, from, piece, size) != 0) break;
        port_feed_watchdog();
        answer = hma_download_feed(&download, piece, size);
    }
    semihost_close(file);
    return answer;
}

/* An order is new each time: what a failed trial left is forgotten. */
static void fetch(const hma_device *device, size_t bank, const char *name) {
    hmv_reason answer = hma_download_open(&download, device, bank);
    if (hma_download_offset(&download) > 0 && answer == HMV_MORE) say("goes on downloading ", name);
    if (answer == HMV_ACCEPTED) {
        (void)hma_download_forget(device, bank);
        answer = hma_download_open(&download, device, bank);
    }
    if (answer == HMV_MORE) answer = receive(name);
    if (HMV_IS_ACCEPTED(answer)) {
        say("downloaded and verified ", name);
        (void)hma_try(device, 1u << bank);
        return;
    }
    say("will not download it: ", hmb_reason_text(answer));
    (void)hma_download_forget(device, bank);
}

/* ---- what an attacker does who has taken over the application: the slot is written without a look ---- */

static uint32_t string_at(uint32_t *from) {
    uint32_t bytes = piece[*from] == 0x58 ? 1 : piece[*from] == 0x59 ? 2 : 4, size = 0;
    for (uint32_t i = 1; i <= bytes; i++) size = size << 8 | piece[*from + i];
    *from += 1 + bytes;
    return size;
}

static void copy_to(const hma_device *device, int32_t file, uint32_t from, uint32_t at, uint32_t size) {
    const hmb_flash *flash = device->flash;
    for (uint32_t done = 0; done < size; done += HMB_ERASE_SIZE / 4) {
        uint32_t some = size - done < HMB_ERASE_SIZE / 4 ? size - done : HMB_ERASE_SIZE / 4;
        (void)semihost_read(file, from + done, piece, some);
        (void)hmb_flash_write(flash, at + done, piece, some);
        port_feed_watchdog();
    }
}

static void force(const hma_device *device, size_t bank, const char *name) {
    const hmb_bank *own = &device->boot->board->layout->bank[bank];
    uint32_t slot = own->slot[hmb_free_slot(device->boot, bank)], from = 4, behind = 0, envelope, payload;
    int32_t file = semihost_open(name, SEMIHOST_READ);
    say("was taken over, and writes unverified ", name);
    (void)semihost_read(file, 0, piece, 16);
    envelope = string_at(&from);
    (void)hmb_flash_erase(device->flash, slot, HMB_SLOT_PAYLOAD + own->payload_size);
    copy_to(device, file, from, slot + HMB_SLOT_ENVELOPE, envelope);
    from += envelope;
    (void)semihost_read(file, from, piece, 16);
    payload = string_at(&behind);
    copy_to(device, file, from + behind, slot + HMB_SLOT_PAYLOAD, payload);
    (void)hmb_words_write(device->flash, slot, HMB_SLOT_MAGIC, envelope);
    (void)hma_try(device, 1u << bank);
    semihost_close(file);
}

/* ---- orders ---- */

static void take_list(const hma_device *device, const char *name) {
    int32_t file = semihost_open(name, SEMIHOST_READ);
    uint32_t size = (uint32_t)semihost_size(file);
    if (size > sizeof list || semihost_read(file, 0, list, size) != 0) size = 0;
    semihost_close(file);
    say("received the trust list ", name);
    if (hma_take_list(device, (hmv_bytes){list, size}) != HMV_GOOD) say("cannot store the trust list ", name);
}

static void carry_out(const hma_device *device, const char *words) {
    char value[WORD_MAX];
    if (order(words, "force-firmware=", value))
        force(device, HMB_FIRMWARE, value);
    else if (order(words, "force-limits=", value))
        force(device, HMB_PARAMETERS, value);
    else if (order(words, "firmware=", value))
        fetch(device, HMB_FIRMWARE, value);
    else if (order(words, "limits=", value))
        fetch(device, HMB_PARAMETERS, value);
    else if (order(words, "list=", value))
        take_list(device, value);
    else if (order(words, "production", value))
        (void)hma_leave_development(device);
    else
        semihost_exit(0);
}

static void say_dose(const hmb_boot *boot) {
    static char line[WORD_MAX];
    size_t size = 0;
    if (boot->record.bank[HMB_PARAMETERS].slot == HMB_NONE) return;
    while (size < WORD_MAX - 1 && size < boot->found[HMB_PARAMETERS].size &&
           boot->board->memory[HMB_PARAMETERS].data[size] >= ' ')
        size++;
    memcpy(line, boot->board->memory[HMB_PARAMETERS].data, size);
    say("therapy limits: ", line);
}

/* How far down the first stage's stack went: the emulator's RAM is zero where nobody has written since power on. */
static uint32_t first_stage_stack(const hmb_boot *boot) {
    const uint32_t *word = (const uint32_t *)(const void *)(boot + 1), *top = (const uint32_t *)RAM_FIRMWARE;
    for (word += 64; word < top && *word == 0; word++) continue; /* behind its other variables */
    return (uint32_t)((uintptr_t)top - (uintptr_t)word);
}

/* For whoever measures: with the word "figures", a file has what the last boot and all since power on have cost. */
static void note_figures(const char *words, const hmb_boot *boot, uint32_t ticks) {
    const hardware *registers = hardware_registers();
    uint32_t figures[4] = {ticks, first_stage_stack(boot), (uint32_t)registers->nor.operations, 0};
    if (!strstr(words, "figures")) return;
    for (size_t i = 0; i < FLASH_SIZE / HMB_ERASE_SIZE; i++) figures[3] += registers->wear[i];
    int32_t file = semihost_open("figures.bin", SEMIHOST_CREATE);
    (void)semihost_write(file, 0, figures, sizeof figures);
    semihost_close(file);
}

_Noreturn void app_main(const hmb_boot *boot, uint32_t ticks) {
    char words[256];
    const hma_device device = {boot, port_flash(), port_algorithms, port_digests};
    semihost_words(words, sizeof words);
    note_figures(words, boot, ticks);
    say_dose(boot);
    if (hma_on_trial(&device)) {
        say("self-test passed, confirms itself", "");
        (void)hma_confirm(&device);
        port_reset();
    }
    if (hardware_registers()->orders_done) semihost_exit(0);
    hardware_registers()->orders_done = 1;
    carry_out(&device, words);
    port_reset();
}
