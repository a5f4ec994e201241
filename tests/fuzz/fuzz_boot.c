/* layers: device */
/* The first stage against an application that has been taken over: mailbox, free list area and free slot hold what the
 * input says, and every signature is taken for good. Whatever it is, something that is whole starts at every boot, no
 * counter moves, and the flash is used as flash must be.
 *
 * The input: requests (a count; kind and argument, a byte each), the list (two bytes of size; bytes), the envelope
 * likewise, the payload. */
#include "fuzz_native.h"

#include <boot.h>
#include <nor.h>

enum {
    ROOM = 2 * HMB_ERASE_SIZE,
    SLOT = HMB_SLOT_PAYLOAD + ROOM,
    AT_LISTS = 0x5000,
    AT_SLOTS = AT_LISTS + HMB_LISTS * HMB_LIST_AREA_SIZE,
    SIZE = AT_SLOTS + 4 * SLOT,
    BOOTS = HMB_ATTEMPTS + 2
};
static const hmb_layout layout = {
    .state = 0,
    .records = 0x2000,
    .mailbox = 0x4000,
    .list = {AT_LISTS, AT_LISTS + HMB_LIST_AREA_SIZE, AT_LISTS + 2 * HMB_LIST_AREA_SIZE,
             AT_LISTS + 3 * HMB_LIST_AREA_SIZE},
    .bank = {{.component = {(const uint8_t *)"main", 4},
              .kind = HMV_KIND_FIRMWARE,
              .slot = {AT_SLOTS, AT_SLOTS + SLOT},
              .payload_size = ROOM},
             {.component = {(const uint8_t *)"limits", 6},
              .kind = HMV_KIND_PARAMETERS,
              .slot = {AT_SLOTS + 2 * SLOT, AT_SLOTS + 3 * SLOT},
              .payload_size = ROOM}},
    .end = SIZE,
};

static uint8_t data[SIZE], memory[HMB_BANKS][ROOM];
static nor flash;
static hmb_flash interface;
static hmb_identity identity;
static hmb_boot boot;

static void digest_of(const uint8_t *from, size_t size, uint8_t digest[HMV_SHA256_SIZE]) {
    hmv_sha256 hash;
    hmv_sha256_init(&hash);
    hmv_sha256_update(&hash, from, size);
    hmv_sha256_final(&hash, digest);
}

static void put(uint32_t at, const void *bytes, size_t size) { memcpy(data + at, bytes, size); }

static void put_words(uint32_t at, uint32_t first, uint32_t second) {
    const uint32_t unit[4] = {first, second, ~first, ~second};
    put(at, unit, sizeof unit);
}

/* The set of fuzz_native.h, confirmed. */
static void put_state(void) {
    static hmb_state state;
    hmb_pair journal;
    hmv_release release;
    const hmv_bytes envelope = {native_envelope, sizeof native_envelope}, id = {(const uint8_t *)"main", 4};
    must(hmb_state_load(&journal, &interface, layout.state, &state) != HMV_GOOD);
    must(hmv_release_verify(&native_config, native_trust(), HMV_INSTALL, envelope, &release) == HMV_ACCEPTED);
    state.life = HMB_PRODUCTION;
    state.list.version = native_trust()->version;
    digest_of(native_list, sizeof native_list, state.list.digest);
    for (size_t bank = 0; bank < HMB_BANKS; bank++)
        state.bank[bank] = (hmb_bank_state){.active = HMB_NONE, .trial = HMB_NONE, .earlier = {.area = HMB_NONE}};
    state.bank[HMB_FIRMWARE].active = 0;
    digest_of(release.manifest.data, release.manifest.size, state.bank[HMB_FIRMWARE].manifest[0]);
    must(hmb_counter_raise(&state, release.publisher, id, release.sequence, release.component[0].security_version) ==
         HMV_GOOD);
    must(hmb_state_store(&journal, &state) == HMV_GOOD);
}

static void make_device(void) {
    static const char payload[] = "firmware of the pump";
    memset(data, 0xff, sizeof data);
    flash = (nor){.data = data, .size = SIZE, .seed = 1};
    interface = nor_interface(&flash);
    memcpy(identity.roots, native_roots, sizeof identity.roots);
    memcpy(identity.vendor, native_device.vendor, sizeof identity.vendor);
    memcpy(identity.class_id, native_device.class_id, sizeof identity.class_id);
    put_words(layout.list[0], HMB_LIST_MAGIC, sizeof native_list);
    put(layout.list[0] + HMB_UNIT_SIZE, native_list, sizeof native_list);
    put_words(AT_SLOTS, HMB_SLOT_MAGIC, sizeof native_envelope);
    put(AT_SLOTS + HMB_SLOT_ENVELOPE, native_envelope, sizeof native_envelope);
    put(AT_SLOTS + HMB_SLOT_PAYLOAD, payload, sizeof payload - 1);
    put_state();
}

/* ---- the input ---- */

static hmv_bytes take(hmv_bytes *input, size_t size) {
    hmv_bytes taken = {input->data, size < input->size ? size : input->size};
    input->data += taken.size;
    input->size -= taken.size;
    return taken;
}

static hmv_bytes take_sized(hmv_bytes *input, size_t most) {
    hmv_bytes head = take(input, 2);
    size_t size = head.size < 2 ? 0 : (size_t)head.data[0] << 8 | head.data[1];
    return take(input, size < most ? size : most);
}

static void put_requests(hmv_bytes *input) {
    static const uint32_t kinds[] = {HMB_TRY, HMB_CONFIRM, HMB_TAKE_LIST, HMB_LEAVE_DEVELOPMENT, 5};
    hmv_bytes count = take(input, 1);
    for (uint32_t i = 0; count.size > 0 && i < (count.data[0] & 7u); i++) {
        hmv_bytes request = take(input, 2);
        if (request.size < 2) return;
        put_words(layout.mailbox + i * HMB_UNIT_SIZE, kinds[request.data[0] % 5], request.data[1]);
    }
}

static void put_input(hmv_bytes input) {
    put_requests(&input);
    hmv_bytes list = take_sized(&input, HMB_LIST_MAX), envelope = take_sized(&input, HMB_ENVELOPE_MAX);
    put_words(layout.list[1], HMB_LIST_MAGIC, (uint32_t)list.size);
    put(layout.list[1] + HMB_UNIT_SIZE, list.data, list.size);
    put_words(AT_SLOTS + SLOT, HMB_SLOT_MAGIC, (uint32_t)envelope.size);
    put(AT_SLOTS + SLOT + HMB_SLOT_ENVELOPE, envelope.data, envelope.size);
    hmv_bytes payload = take(&input, ROOM);
    put(AT_SLOTS + SLOT + HMB_SLOT_PAYLOAD, payload.data, payload.size);
}

static void check_boot(void) {
    const hmb_board board = {.flash = &interface,
                             .layout = &layout,
                             .identity = &identity,
                             .algorithms = any_algorithms,
                             .digests = native_digests,
                             .memory = {{memory[0], ROOM}, {memory[1], ROOM}}};
    nor_reset(&flash);
    must(hmb_boot_begin(&boot, &board) == HMV_ACCEPTED);
    must(hmb_boot_decide(&boot) == HMV_ACCEPTED);
    must(hmb_boot_target(&boot) == (uintptr_t)memory[HMB_FIRMWARE]);
    must(boot.state.counter[0].sequence == 10 && boot.state.counter[0].security_version == 3);
    for (size_t i = 1; i < HMB_COUNTERS; i++) must(boot.state.counter[i].sequence == 0);
    must(boot.state.bank[HMB_FIRMWARE].active == 0 && flash.faults == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    make_device();
    put_input((hmv_bytes){input, size});
    for (int i = 0; i < BOOTS; i++) check_boot();
    must(boot.record.bank[HMB_FIRMWARE].trial == 0); /* what never confirms itself is given up */
    return 0;
}
