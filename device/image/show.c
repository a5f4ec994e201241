/* What is in a device's flash: the state, the lists, the slots, and the ring of boot records. It is shown, not judged.
 */
#include "image.h"

#include <stdio.h>
#include <string.h>

static image_device self;
static const char *const bank_names[HMB_BANKS] = {"firmware", "parameters"}, *const slot_names[HMB_SLOTS] = {"A", "B"};

static const char *hex(const uint8_t *data, size_t size) {
    static char text[4][2 * HMV_SHA256_SIZE + 1];
    static size_t next;
    char *to = text[next++ % 4];
    for (size_t i = 0; i < size; i++) (void)snprintf(to + 2 * i, 3, "%02x", data[i]);
    return to;
}

static const char *digest_of(const uint8_t *data, size_t size) {
    uint8_t digest[HMV_SHA256_SIZE];
    hmv_sha256 hash;
    hmv_sha256_init(&hash);
    hmv_sha256_update(&hash, data, size);
    hmv_sha256_final(&hash, digest);
    return hex(digest, sizeof digest);
}

static const char *slot_name(uint32_t slot) { return slot < HMB_SLOTS ? slot_names[slot] : "none"; }

/* ---- the state ---- */

static void show_counter(const hmb_counter *counter) {
    if (hmb_is_zero(counter->publisher, sizeof counter->publisher)) return;
    printf("  counter of %.*s: security version %llu, sequence %llu, publisher %s\n", (int)sizeof counter->component,
           (const char *)counter->component, (unsigned long long)counter->security_version,
           (unsigned long long)counter->sequence, hex(counter->publisher, sizeof counter->publisher));
}

static void show_state_bank(const hmb_bank_state *bank, const char *name) {
    printf("  %s: confirmed in slot %s, on trial in slot %s", name, slot_name(bank->active), slot_name(bank->trial));
    if (bank->earlier.area != HMB_NONE)
        printf(", boots under trust list %llu", (unsigned long long)bank->earlier.version);
    printf("\n");
}

static int show_state(void) {
    hmb_state *state = &self.boot.state;
    if (hmb_state_load(&self.boot.journal, &self.flash, image_layout->state, state) != HMV_GOOD) {
        printf("state: %s\n", hmb_reason_text(HMB_STATE_LOST));
        return IMAGE_REFUSED;
    }
    printf("state: snapshot %llu, %s, trust list %llu, %u starts left to a trial\n",
           (unsigned long long)state->entry.number, state->life == HMB_DEVELOPMENT ? "development" : "production",
           (unsigned long long)state->list.version, (unsigned)state->attempts);
    for (size_t i = 0; i < HMB_BANKS; i++) show_state_bank(&state->bank[i], bank_names[i]);
    for (size_t i = 0; i < HMB_COUNTERS; i++) show_counter(&state->counter[i]);
    return IMAGE_DONE;
}

/* ---- lists and slots ---- */

static const char *use_of_area(uint32_t area) {
    const hmb_state *state = &self.boot.state;
    if (state->entry.number == 0) return "?";
    if (state->list.area == area) return "in force";
    for (size_t i = 0; i < HMB_BANKS; i++)
        if (state->bank[i].earlier.area == area) return i == HMB_FIRMWARE ? "for the firmware" : "for the parameters";
    return "free";
}

/* The size that a header names, if it is one and names no more than MOST. */
static uint32_t size_at(uint32_t at, uint32_t magic, size_t most) {
    uint32_t words[2];
    if (hmb_words_read(&self.flash, at, words) != HMV_GOOD || words[0] != magic || words[1] > most) return 0;
    return words[1];
}

static void show_list(uint32_t area) {
    uint32_t at = image_layout->list[area], size = size_at(at, HMB_LIST_MAGIC, HMB_LIST_MAX);
    printf("list area %u, %s: ", (unsigned)area, use_of_area(area));
    if (size == 0)
        printf("nothing\n");
    else
        printf("%u bytes, SHA-256 %s\n", (unsigned)size, digest_of(self.data + at + HMB_WORDS_SIZE, size));
}

/* The payload of an envelope (docs/manifest.md: tag 98, an array of four, two that are empty). */
static hmv_bytes manifest_in(const uint8_t *envelope, size_t size) {
    static const uint8_t head[] = {0xd8, 0x62, 0x84, 0x40, 0xa0};
    hmv_bytes none = {envelope, 0};
    size_t at = sizeof head, length;
    if (size < at + 3 || memcmp(envelope, head, at) != 0 || envelope[at] < 0x58 || envelope[at] > 0x59) return none;
    length = envelope[at] == 0x58 ? envelope[at + 1] : (size_t)envelope[at + 1] << 8 | envelope[at + 2];
    at += envelope[at] == 0x58 ? 2 : 3;
    return length <= size - at ? (hmv_bytes){envelope + at, length} : none;
}

static void show_slot(size_t bank, uint32_t slot) {
    uint32_t at = image_layout->bank[bank].slot[slot], size = size_at(at, HMB_SLOT_MAGIC, HMB_ENVELOPE_MAX);
    hmv_release release;
    printf("%s, slot %s: ", bank_names[bank], slot_names[slot]);
    if (size == 0) {
        printf("%s\n", hmb_reason_text(HMB_EMPTY));
        return;
    }
    hmv_bytes manifest = manifest_in(self.data + at + HMB_SLOT_ENVELOPE, size);
    if (manifest.size == 0 || hmv_manifest_read(image_digests, manifest, &release) != HMV_ACCEPTED) {
        printf("an envelope of %u bytes that cannot be read\n", (unsigned)size);
        return;
    }
    printf("release %.*s, sequence %llu, component %.*s of %llu bytes, security version %llu\n",
           (int)release.version.size, (const char *)release.version.data, (unsigned long long)release.sequence,
           (int)release.component[0].id.size, (const char *)release.component[0].id.data,
           (unsigned long long)release.component[0].size, (unsigned long long)release.component[0].security_version);
}

/* ---- the ring ---- */

static int is_whole(const hmb_record *record) {
    uint8_t digest[HMV_SHA256_SIZE];
    hmv_sha256 hash;
    if (record->entry.magic != HMB_RECORD_MAGIC || record->entry.size != sizeof *record) return 0;
    hmv_sha256_init(&hash);
    hmv_sha256_update(&hash, (const uint8_t *)record, sizeof *record - HMB_CHECK_SIZE);
    hmv_sha256_final(&hash, digest);
    return memcmp(digest, record->check, HMB_CHECK_SIZE) == 0;
}

static void show_verdicts(const hmb_bank_record *bank, const char *name) {
    if (bank->slot < HMB_SLOTS)
        printf("  %s %.*s from slot %s, sequence %llu%s%s\n", name, (int)sizeof bank->version, bank->version,
               slot_name(bank->slot), (unsigned long long)bank->sequence, bank->trial ? ", on trial" : "",
               bank->earlier ? ", under the list before" : "");
    for (uint32_t slot = 0; slot < HMB_SLOTS; slot++)
        if (bank->reason[slot] != HMV_ACCEPTED && bank->reason[slot] != HMB_NOT_ASKED && bank->reason[slot] != 0)
            printf("  refused %s in slot %s: %s\n", name, slot_name(slot), hmb_reason_text(bank->reason[slot]));
}

static void show_request(const hmb_request_record *request) {
    if (request->reason == 0) return;
    printf("  request %.4s: %s\n", (const char *)&request->kind,
           request->reason == HMV_ACCEPTED ? "done" : hmb_reason_text(request->reason));
}

static void show_record(const hmb_record *record) {
    printf("boot %llu: cause %u", (unsigned long long)record->entry.number, (unsigned)record->cause);
    if (record->undecided != HMB_STATE_LOST)
        printf(", %s, trust list %llu by roots %s", record->life == HMB_DEVELOPMENT ? "development" : "production",
               (unsigned long long)record->list, hex(record->roots, sizeof record->roots));
    printf("\n");
    for (size_t i = 0; i < HMB_REQUESTS_MAX; i++) show_request(&record->request[i]);
    for (size_t i = 0; i < HMB_BANKS && record->undecided != HMB_STATE_LOST; i++)
        show_verdicts(&record->bank[i], bank_names[i]);
    if (record->undecided != 0) printf("  nothing to start: %s\n", hmb_reason_text(record->undecided));
}

/* The record with the lowest number above AFTER; HMV_BAD if there is none. */
static hmv_verdict next_record(uint64_t after, hmb_record *found) {
    enum { PLACE = (sizeof *found + HMB_UNIT_SIZE - 1) / HMB_UNIT_SIZE * HMB_UNIT_SIZE };
    hmv_verdict verdict = HMV_BAD;
    for (uint32_t block = 0; block < HMB_JOURNAL_SIZE; block += HMB_ERASE_SIZE)
        for (uint32_t place = 0; place + PLACE <= HMB_ERASE_SIZE; place += PLACE) {
            hmb_record one;
            memcpy(&one, self.data + image_layout->records + block + place, sizeof one);
            if (!is_whole(&one) || one.entry.number <= after) continue;
            if (verdict == HMV_GOOD && one.entry.number >= found->entry.number) continue;
            *found = one;
            verdict = HMV_GOOD;
        }
    return verdict;
}

/* WORDS: flash. */
int image_show(char **words) {
    hmb_record record;
    uint64_t number = 0;
    image_begin(&self);
    hmv_bytes flash = image_read(words[0], image_layout->end);
    if (flash.size != image_layout->end) image_end(IMAGE_REFUSED, words[0], "is not as large as the layout says");
    memcpy(self.data, flash.data, flash.size);
    int status = show_state();
    for (uint32_t area = 0; area < HMB_LISTS; area++) show_list(area);
    for (size_t bank = 0; bank < HMB_BANKS; bank++)
        for (uint32_t slot = 0; slot < HMB_SLOTS; slot++) show_slot(bank, slot);
    for (; next_record(number, &record) == HMV_GOOD; number = record.entry.number) show_record(&record);
    return status;
}
