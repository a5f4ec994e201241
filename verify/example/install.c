/* The whole of it: is this packed update one that the device may install, and are these its payloads?
 *
 *     install LIST ROOTS PACK      prints the answer's sentence; status 0 if it is accepted
 *
 * On a device the three come from flash and from the link, and the tables hold what the product needs; nothing else
 * changes. */
#include <hallmark/verify.h>

#include <stdio.h>

static const hmv_algorithm *const algorithms[] = {&hmv_esp256, &hmv_ed25519, NULL};
static const hmv_digest *const digests[] = {&hmv_digest_sha256, NULL};

/* What the factory wrote. */
static const hmv_device device = {
    .vendor = {0xa3, 0x03, 0xe9, 0x5d, 0xc0, 0x7f, 0x5d, 0x48, 0xb2, 0xcc, 0x77, 0x81, 0x2b, 0x6a, 0x57, 0xe7},
    .class_id = {0xa6, 0x40, 0xcc, 0x6c, 0xd9, 0x3e, 0x55, 0xda, 0x94, 0x4e, 0x76, 0xab, 0xde, 0xd4, 0xd4, 0x60},
    .development = HMV_BAD,
};

/* A device reads these from where it keeps them; this one has installed nothing and taken no list yet. */
static const uint64_t least_list = 1;
static hmv_verdict number(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *value) {
    (void)context, (void)publisher, (void)component;
    *value = 0;
    return HMV_GOOD;
}
static const hmv_platform platform = {.state = number, .counter = number};
static const hmv_config config = {algorithms, digests, &device, &platform};

/* Into the slot that is not running. It counts for nothing before the stream is accepted. */
static hmv_verdict write_slot(void *context, const hmv_release *release, size_t index, uint64_t offset,
                              const uint8_t *data, size_t size) {
    (void)context, (void)release, (void)index, (void)offset, (void)data, (void)size;
    return HMV_GOOD;
}

static size_t load(const char *name, uint8_t *to, size_t room) {
    FILE *file = fopen(name, "rb");
    size_t size = file ? fread(to, 1, room, file) : 0;
    if (file) (void)fclose(file);
    return size;
}

static hmv_reason install(const hmv_trust *trust, const char *pack) {
    static uint8_t envelope[HMV_ENVELOPE_MAX], piece[512];
    static hmv_stream stream;
    hmv_reason answer = HMV_MORE;
    size_t size;
    FILE *file = fopen(pack, "rb");
    if (!file) return HMV_READ_FAULT;
    stream = (hmv_stream){.config = &config,
                          .trust = trust,
                          .act = HMV_INSTALL,
                          .buffer = envelope,
                          .buffer_size = sizeof envelope,
                          .write = write_slot};
    hmv_stream_init(&stream);
    while ((size = fread(piece, 1, sizeof piece, file)) > 0) answer = hmv_stream_feed(&stream, piece, size);
    (void)fclose(file);
    return answer;
}

int main(int count, char **names) {
    static uint8_t list[HMV_TRUST_MAX], roots[HMV_SHA256_SIZE];
    hmv_trust trust;
    hmv_reason answer;
    if (count != 4 || load(names[2], roots, sizeof roots) != sizeof roots) {
        (void)fputs("usage: install LIST ROOTS PACK (ROOTS: 32 bytes, SHA-256 of the root set)\n", stderr);
        return 2;
    }
    answer = hmv_trust_open(&config, (hmv_bytes){list, load(names[1], list, sizeof list)}, roots, least_list, &trust);
    if (HMV_IS_ACCEPTED(answer)) answer = install(&trust, names[3]);
    puts(hmv_reason_text(answer));
    return HMV_IS_ACCEPTED(answer) ? 0 : 1;
}
