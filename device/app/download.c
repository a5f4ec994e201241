#include "download.h"

#include <string.h>

enum { MARKS = HMB_ERASE_SIZE / HMB_WORDS_SIZE - 1, HEAD_MAX = 9, PIECE = 256, TEXT_SIZE_4 = 0x5a, TEXT_SIZE_2 = 0x59 };

static const hmb_flash *flash_of(const hma_download *download) { return download->device->flash; }

/* ---- writing ---- */

static hmv_verdict put_unit(hma_download *download, uint64_t end) {
    uint32_t at = download->slot + HMB_SLOT_PAYLOAD + (uint32_t)((end - 1) / HMB_UNIT_SIZE * HMB_UNIT_SIZE);
    memset(download->unit + download->unit_used, 0xff, sizeof download->unit - download->unit_used);
    download->unit_used = 0;
    return flash_of(download)->program(flash_of(download)->context, at, download->unit, sizeof download->unit);
}

/* So many blocks of payload are complete. If the marks are used up, by many power failures, progress is only not noted.
 */
static hmv_verdict put_mark(hma_download *download, uint64_t end) {
    uint32_t blocks = (uint32_t)((end + HMB_ERASE_SIZE - 1) / HMB_ERASE_SIZE);
    if (download->marks >= MARKS) return HMV_GOOD;
    return hmb_words_write(flash_of(download), download->slot + ++download->marks * HMB_WORDS_SIZE, HMB_MARK_MAGIC,
                           blocks);
}

/* The envelope was accepted: it is written, and its header last. */
static hmv_verdict put_envelope(hma_download *download, size_t size) {
    const hmb_flash *flash = flash_of(download);
    uint32_t at = download->slot;
    if (hmb_flash_erase(flash, at, HMB_SLOT_PAYLOAD) != HMV_GOOD) return HMV_BAD;
    if (hmb_flash_write(flash, at + HMB_SLOT_ENVELOPE, download->envelope, size) != HMV_GOOD) return HMV_BAD;
    download->marks = 0;
    return hmb_words_write(flash, at, HMB_SLOT_MAGIC, (uint32_t)size);
}

/* One byte of payload at OFFSET, of TOTAL. */
static hmv_verdict put_byte(hma_download *download, uint64_t offset, uint64_t total, uint8_t octet) {
    uint64_t end = offset + 1;
    if (offset % HMB_ERASE_SIZE == 0 &&
        hmb_flash_erase(flash_of(download), download->slot + HMB_SLOT_PAYLOAD + (uint32_t)offset, HMB_ERASE_SIZE) !=
            HMV_GOOD)
        return HMV_BAD;
    download->unit[download->unit_used++] = octet;
    if (end % HMB_UNIT_SIZE != 0 && end != total) return HMV_GOOD;
    if (put_unit(download, end) != HMV_GOOD) return HMV_BAD;
    return end % HMB_ERASE_SIZE == 0 || end == total ? put_mark(download, end) : HMV_GOOD;
}

/* What the first stage would refuse for the bank's sake is refused before anything of it is written. */
static int fits(hma_download *download, const hmv_release *release) {
    hmv_reason answer = hmb_component_check(download->device->boot, download->bank, release);
    if (answer == HMV_ACCEPTED)
        answer = hmb_dependencies_check(download->device->boot, download->bank, HMV_INSTALL, release);
    if (answer == HMV_ACCEPTED) return 1;
    download->refused = answer;
    return 0;
}

static hmv_verdict write_payload(void *context, const hmv_release *release, size_t index, uint64_t offset,
                                 const uint8_t *data, size_t size) {
    hma_download *download = context;
    uint64_t total = release->component[index].size;
    if (offset == 0 && !fits(download, release)) return HMV_BAD;
    if (download->replaying) return HMV_GOOD;
    if (offset == 0 && put_envelope(download, download->stream.envelope_size) != HMV_GOOD) return HMV_BAD;
    for (size_t i = 0; i < size; i++)
        if (put_byte(download, offset + i, total, data[i]) != HMV_GOOD) return HMV_BAD;
    return HMV_GOOD;
}

/* ---- going on ---- */

hmv_reason hma_download_feed(hma_download *download, const uint8_t *data, size_t size) {
    hmv_reason answer;
    download->offset += size;
    answer = hmv_stream_feed(&download->stream, data, size);
    if (answer == HMV_STATE_FAULT) return HMB_COUNTERS_FULL; /* the state itself is in RAM: it has no other fault */
    return answer == HMV_WRITE_FAULT && download->refused != 0 ? download->refused : answer;
}

/* The head of a CBOR byte string of SIZE bytes, the shortest. The answer is its own size. */
static size_t string_head(uint8_t head[HEAD_MAX], uint32_t size) {
    size_t bytes = size < 24 ? 0 : size < 256 ? 1 : size < 65536 ? 2 : 4;
    const uint8_t info[] = {0, 24, 25, 0, 26};
    head[0] = (uint8_t)(0x40 | (bytes ? info[bytes] : size));
    for (size_t i = 0; i < bytes; i++) head[1 + i] = (uint8_t)(size >> (8 * (bytes - 1 - i)));
    return 1 + bytes;
}

static hmv_reason feed_head(hma_download *download, uint32_t size) {
    uint8_t head[HEAD_MAX];
    return hma_download_feed(download, head, string_head(head, size));
}

static hmv_reason feed_flash(hma_download *download, uint32_t at, uint32_t size) {
    uint8_t data[PIECE];
    hmv_reason answer = HMV_MORE;
    while (size > 0 && answer == HMV_MORE) {
        uint32_t piece = size < sizeof data ? size : (uint32_t)sizeof data;
        if (flash_of(download)->read(flash_of(download)->context, at, data, piece) != HMV_GOOD) return HMV_READ_FAULT;
        answer = hma_download_feed(download, data, piece);
        at += piece;
        size -= piece;
    }
    return answer;
}

/* The most blocks that a mark says are complete; and how many marks' units are used, whole or not. */
static uint32_t blocks_marked(hma_download *download) {
    uint32_t blocks = 0, words[2];
    download->marks = 0;
    for (uint32_t unit = 1; unit <= MARKS; unit++) {
        uint32_t at = download->slot + unit * HMB_WORDS_SIZE;
        if (hmb_flash_blank(flash_of(download), at, HMB_WORDS_SIZE) == HMV_GOOD) continue;
        download->marks = unit;
        if (hmb_words_read(flash_of(download), at, words) == HMV_GOOD && words[0] == HMB_MARK_MAGIC &&
            words[1] > blocks)
            blocks = words[1];
    }
    return blocks;
}

/* What the slot has of the stream is put to the verifier as if it arrived again. */
static hmv_reason replay(hma_download *download, uint32_t envelope_size) {
    static const uint8_t start[] = {0xd9, 0xd9, 0xf7, 0x82}; /* the tag of a pack, an array of two */
    hmv_reason answer = hma_download_feed(download, start, sizeof start);
    uint64_t done, size;
    if (answer == HMV_MORE) answer = feed_head(download, envelope_size);
    if (answer == HMV_MORE) answer = feed_flash(download, download->slot + HMB_SLOT_ENVELOPE, envelope_size);
    if (answer != HMV_MORE) return answer;
    if (!fits(download, &download->stream.release)) return download->refused;
    size = download->stream.release.component[0].size;
    done = (uint64_t)blocks_marked(download) * HMB_ERASE_SIZE;
    if (done == 0) return HMV_SHORT_PAYLOAD; /* to begin anew costs no more */
    answer = feed_head(download, (uint32_t)size);
    if (answer == HMV_MORE)
        answer = feed_flash(download, download->slot + HMB_SLOT_PAYLOAD, (uint32_t)(done < size ? done : size));
    return answer;
}

static void begin(hma_download *download) {
    const hma_device *device = download->device;
    const hmb_boot *boot = device->boot;
    download->stream = (hmv_stream){.config = &download->config,
                                    .trust = &boot->list[boot->in_force].trust,
                                    .act = HMV_INSTALL,
                                    .buffer = download->envelope,
                                    .buffer_size = sizeof download->envelope,
                                    .write = write_payload,
                                    .write_context = download};
    hmv_stream_init(&download->stream);
    download->offset = 0;
    download->refused = 0;
    download->unit_used = 0;
}

static hmv_reason go_on(hma_download *download) {
    uint32_t words[2];
    hmv_reason answer = HMB_EMPTY;
    download->replaying = 1;
    begin(download);
    if (hmb_words_read(flash_of(download), download->slot, words) == HMV_GOOD && words[0] == HMB_SLOT_MAGIC &&
        words[1] > 0 && words[1] <= HMB_ENVELOPE_MAX)
        answer = replay(download, words[1]);
    if (answer != HMV_MORE && answer != HMV_ACCEPTED) {
        begin(download);
        answer = HMV_MORE;
    }
    download->replaying = 0;
    return answer;
}

#define NO_SLOT UINT32_MAX /* no address of a block: 0 is one */
static uint32_t free_slot(const hma_device *device, size_t bank) {
    uint32_t slot = hmb_free_slot(device->boot, bank);
    return slot < HMB_SLOTS ? device->boot->board->layout->bank[bank].slot[slot] : NO_SLOT;
}

hmv_reason hma_download_open(hma_download *download, const hma_device *device, size_t bank) {
    memset(download, 0, sizeof *download);
    download->device = device;
    download->bank = bank;
    download->slot = free_slot(device, bank);
    download->platform = device->boot->platform;
    download->platform.state = hmb_platform_state;
    download->platform.counter = hmb_platform_counter;
    download->config = (hmv_config){device->algorithms, device->digests, &device->boot->device, &download->platform};
    if (download->slot == NO_SLOT) return HMB_TRIAL_UNDER_WAY;
    return go_on(download);
}

uint64_t hma_download_offset(const hma_download *download) { return download->offset; }

hmv_verdict hma_download_forget(const hma_device *device, size_t bank) {
    uint32_t slot = free_slot(device, bank);
    return slot != NO_SLOT ? hmb_flash_erase(device->flash, slot, HMB_ERASE_SIZE) : HMV_BAD;
}
