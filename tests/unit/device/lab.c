#include "lab.h"

#include <stdio.h>

/* A port's, if one is tried (device/layout.py --test). */
#ifndef PORT_LAYOUT
#define PORT_LAYOUT "lab_layout.h"
#endif
#include PORT_LAYOUT

hmb_layout lab_layout;

/* Where the port has them; but the components are those of the tests' releases. */
static void set_layout(void) {
    lab_layout = port_layout;
    lab_layout.bank[HMB_FIRMWARE].component = (hmv_bytes){(const uint8_t *)"main", 4};
    lab_layout.bank[HMB_FIRMWARE].kind = HMV_KIND_FIRMWARE;
    lab_layout.bank[HMB_PARAMETERS].component = (hmv_bytes){(const uint8_t *)"limits", 6};
    lab_layout.bank[HMB_PARAMETERS].kind = HMV_KIND_PARAMETERS;
}

/* ---- files ---- */

enum { FILES_MAX = 64 };
static struct {
    char name[32];
    hmv_bytes bytes;
} files[FILES_MAX];
static size_t file_count;

static hmv_bytes read_whole(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s cannot be read", path);
    uint8_t *data = malloc(65536);
    size_t size = data ? fread(data, 1, 65536, file) : 0;
    (void)fclose(file);
    return (hmv_bytes){data, size};
}

hmv_bytes lab_file(const char *name) {
    char path[512];
    for (size_t i = 0; i < file_count; i++)
        if (strcmp(files[i].name, name) == 0) return files[i].bytes;
    (void)snprintf(path, sizeof path, "%s/tests/vectors/device/%s", HALLMARK_SOURCE, name);
    assert_true(file_count < FILES_MAX && strlen(name) < sizeof files[0].name);
    memcpy(files[file_count].name, name, strlen(name) + 1);
    return files[file_count++].bytes = read_whole(path);
}

/* ---- signatures ---- */

/* The same few signatures are verified at every boot of thousands: each is really verified once. */
enum { SEEN_MAX = 256 };
static struct {
    uint8_t digest[HMV_SHA256_SIZE];
    hmv_verdict verdict;
} seen[SEEN_MAX];
static size_t seen_count;

static void add(hmv_sha256 *hash, hmv_bytes bytes) {
    uint64_t size = bytes.size;
    hmv_sha256_update(hash, (const uint8_t *)&size, sizeof size);
    hmv_sha256_update(hash, bytes.data, bytes.size);
}

static hmv_verdict verify_once(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes signature) {
    hmv_sha256 hash;
    uint8_t digest[HMV_SHA256_SIZE];
    hmv_sha256_init(&hash);
    add(&hash, key->a);
    add(&hash, key->b);
    add(&hash, signature);
    for (size_t i = 0; i < count; i++) add(&hash, message[i]);
    hmv_sha256_final(&hash, digest);
    for (size_t i = 0; i < seen_count; i++)
        if (memcmp(seen[i].digest, digest, sizeof digest) == 0) return seen[i].verdict;
    hmv_verdict verdict = hmv_esp256.verify(key, message, count, signature);
    if (seen_count == SEEN_MAX) seen_count = 0;
    memcpy(seen[seen_count].digest, digest, sizeof digest);
    return seen[seen_count++].verdict = verdict;
}

static hmv_algorithm remembering;
static const hmv_algorithm *const algorithms[] = {&remembering, NULL};
static const hmv_digest *const digests[] = {&hmv_digest_sha256, NULL};

/* ---- the device ---- */

static void wire(lab *self) {
    remembering = hmv_esp256;
    remembering.verify = verify_once;
    self->nor.data = self->data;
    self->flash = nor_interface(&self->nor);
    self->board = (hmb_board){.flash = &self->flash,
                              .layout = &lab_layout,
                              .identity = &self->identity,
                              .algorithms = algorithms,
                              .digests = digests,
                              .memory = {{self->firmware, lab_layout.bank[HMB_FIRMWARE].payload_size},
                                         {self->parameters, lab_layout.bank[HMB_PARAMETERS].payload_size}}};
    self->device = (hma_device){&self->boot, &self->flash, algorithms, digests};
}

static void place(lab *self, uint32_t at, hmv_bytes bytes) { memcpy(self->data + at, bytes.data, bytes.size); }

static uint8_t *allocate(size_t size) {
    uint8_t *data = malloc(size);
    assert_non_null(data);
    return data;
}

/* All zero but for its memory, which stays where it is, or is there from now on. */
static void empty(lab *self, lab memory) {
    memset(self, 0, sizeof *self);
    self->data = memory.data ? memory.data : allocate(lab_layout.end);
    self->firmware = memory.firmware ? memory.firmware : allocate(lab_layout.bank[HMB_FIRMWARE].payload_size);
    self->parameters = memory.parameters ? memory.parameters : allocate(lab_layout.bank[HMB_PARAMETERS].payload_size);
    self->nor.size = lab_layout.end;
    self->nor.seed = 1;
    wire(self);
}

void lab_init(lab *self, const char *release) {
    set_layout();
    empty(self, (lab){.data = NULL});
    memset(self->data, 0xff, lab_layout.end);
    memcpy(&self->identity, lab_file("identity").data, sizeof self->identity);
    place(self, lab_layout.state, lab_file("first-state"));
    place(self, lab_layout.state + HMB_ERASE_SIZE, lab_file("first-state"));
    hmv_bytes list = lab_file("list-1.list");
    place(self, lab_layout.list[0] + HMB_WORDS_SIZE, list);
    (void)hmb_words_write(&self->flash, lab_layout.list[0], HMB_LIST_MAGIC, (uint32_t)list.size);
    (void)lab_force_at(self, lab_layout.bank[HMB_FIRMWARE].slot[0], lab_file(release));
    self->nor.operations = 0;
}

void lab_clear(lab *self) {
    free(self->data);
    free(self->firmware);
    free(self->parameters);
}

void lab_copy(lab *self, const lab *from) {
    empty(self, *self);
    memcpy(self->data, from->data, lab_layout.end);
    self->identity = from->identity;
}

hmv_reason lab_boot(lab *self) {
    hmb_range writable[HMB_WRITABLE_MAX];
    nor_reset(&self->nor);
    memset(self->firmware, 0xa5, self->board.memory[HMB_FIRMWARE].size); /* what some other program has left */
    memset(self->parameters, 0xa5, self->board.memory[HMB_PARAMETERS].size);
    hmv_reason answer = hmb_boot_begin(&self->boot, &self->board);
    if (answer == HMV_ACCEPTED) answer = hmb_boot_decide(&self->boot);
    nor_lock(&self->nor, writable, hmb_boot_writable(&self->boot, writable));
    return answer;
}

/* The payloads begin with a line of 32 bytes that says what they are. */
static const char *told(const uint8_t *data, size_t size, const char *const *packs, const char *skipped) {
    if (size < 32) return "nothing";
    for (; *packs; packs++) {
        hmv_bytes pack = lab_file(*packs);
        if (size <= pack.size && memcmp(pack.data + pack.size - size, data, size) == 0)
            return (const char *)data + strlen(skipped);
    }
    return "?";
}

const char *lab_running(const lab *self) {
    static const char *const packs[] = {"v1.pack", "v2.pack", "v21.pack", "crash.pack", NULL};
    if (hmb_boot_target(&self->boot) != (uintptr_t)self->firmware) return "nothing";
    if (self->boot.found[HMB_FIRMWARE].size == 0) return "what was not verified";
    return told(self->firmware, self->boot.found[HMB_FIRMWARE].size, packs, "image ");
}

const char *lab_dose(const lab *self) {
    static const char *const packs[] = {"limits-1.pack", "limits-2.pack", "limits-new.pack", NULL};
    if (self->boot.record.bank[HMB_PARAMETERS].slot == HMB_NONE) return "nothing";
    return told(self->parameters, self->boot.found[HMB_PARAMETERS].size, packs, "");
}

uint64_t lab_counter(const lab *self, size_t bank) {
    static const uint8_t zero[HMV_UUID_SIZE];
    uint64_t highest = 0;
    for (size_t i = 0; i < HMB_COUNTERS; i++) {
        const hmb_counter *counter = &self->boot.state.counter[i];
        hmv_bytes id = lab_layout.bank[bank].component;
        if (memcmp(counter->publisher, zero, sizeof zero) == 0 || memcmp(counter->component, id.data, id.size) != 0)
            continue;
        if (counter->security_version > highest) highest = counter->security_version;
    }
    return highest;
}

/* ---- the application ---- */

hmv_reason lab_download(lab *self, size_t bank, const char *name, size_t step) {
    hma_download download;
    hmv_bytes pack = lab_file(name);
    hmv_reason answer = hma_download_open(&download, &self->device, bank);
    while (answer == HMV_MORE) {
        size_t at = (size_t)hma_download_offset(&download), left = pack.size - at;
        if (left == 0) return HMV_MORE;
        answer = hma_download_feed(&download, pack.data + at, left < step ? left : step);
    }
    return answer;
}

/* A pack's parts, as images.py writes them: the array's head, envelope and payload with heads of three bytes. */
static hmv_bytes part(hmv_bytes pack, size_t *at) {
    hmv_bytes bytes;
    if (pack.data[*at] == 0x58) {
        bytes = (hmv_bytes){pack.data + *at + 2, pack.data[*at + 1]};
        *at += 2;
    } else {
        assert_int_equal(pack.data[*at], 0x59);
        bytes = (hmv_bytes){pack.data + *at + 3, (size_t)pack.data[*at + 1] << 8 | pack.data[*at + 2]};
        *at += 3;
    }
    *at += bytes.size;
    return bytes;
}

hmv_verdict lab_force_at(lab *self, uint32_t slot, hmv_bytes pack) {
    size_t at = 4;
    hmv_bytes envelope = part(pack, &at), payload = part(pack, &at);
    uint32_t size = (uint32_t)((payload.size + HMB_ERASE_SIZE - 1) / HMB_ERASE_SIZE * HMB_ERASE_SIZE);
    if (hmb_flash_erase(&self->flash, slot, HMB_SLOT_PAYLOAD + size) != HMV_GOOD) return HMV_BAD;
    if (hmb_flash_write(&self->flash, slot + HMB_SLOT_ENVELOPE, envelope.data, envelope.size) != HMV_GOOD)
        return HMV_BAD;
    if (hmb_flash_write(&self->flash, slot + HMB_SLOT_PAYLOAD, payload.data, payload.size) != HMV_GOOD) return HMV_BAD;
    return hmb_words_write(&self->flash, slot, HMB_SLOT_MAGIC, (uint32_t)envelope.size);
}

hmv_verdict lab_force(lab *self, size_t bank, const char *pack) {
    uint32_t slot = hmb_free_slot(&self->boot, bank);
    return slot < HMB_SLOTS ? lab_force_at(self, lab_layout.bank[bank].slot[slot], lab_file(pack)) : HMV_BAD;
}

static void boots(lab *self) {
    hmv_reason answer = lab_boot(self);
    if (answer != HMV_ACCEPTED) fail_msg("nothing boots: %u, %s", answer, hmb_reason_text(answer));
}

void lab_update(lab *self, size_t bank, const char *pack) {
    hmv_reason answer = lab_download(self, bank, pack, 333);
    if (answer != HMV_ACCEPTED) fail_msg("%s: refused as it came: %u, %s", pack, answer, hmb_reason_text(answer));
    assert_int_equal(hma_try(&self->device, 1u << bank), HMV_GOOD);
    boots(self);
    assert_int_equal(self->boot.record.bank[bank].trial, 1);
    assert_int_equal(hma_confirm(&self->device), HMV_GOOD);
    boots(self);
    assert_int_equal(self->boot.record.bank[bank].trial, 0);
}

void lab_take_list(lab *self, const char *list) {
    assert_int_equal(hma_take_list(&self->device, lab_file(list)), HMV_GOOD);
    boots(self);
    hmv_reason answer = self->boot.record.request[0].reason;
    if (answer != HMV_ACCEPTED) fail_msg("%s is not taken: %u, %s", list, answer, hmb_reason_text(answer));
}
