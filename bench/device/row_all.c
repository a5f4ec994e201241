/* Everything in: a trust list is opened, a release of one signer with a receipt is decided on for installation, a
 * payload is hashed. ALGORITHMS names the product's table. The files are tests/vectors/native's. */
#include "device.h"

#include <hallmark/verify.h>

#ifndef ALGORITHMS
#define ALGORITHMS &hmv_esp256
#endif

const unsigned row_units = 1;

/* clang-format off */
#define FILE_OF(name, file) \
    __asm__(".section .rodata." #name ", \"a\"\n.global " #name "\n" #name ":\n.incbin \"" VECTORS "/" file "\"\n" \
            ".global " #name "_end\n" #name "_end:\n.previous\n"); \
    extern const uint8_t name[], name##_end[]
/* clang-format on */
FILE_OF(list_file, "device.list");
FILE_OF(roots_file, "device.roots");
FILE_OF(envelope_file, "device.envelope");

/* As tests/native/native.py derives them from names. */
static const hmv_device device = {
    .vendor = {0xa3, 0x03, 0xe9, 0x5d, 0xc0, 0x7f, 0x5d, 0x48, 0xb2, 0xcc, 0x77, 0x81, 0x2b, 0x6a, 0x57, 0xe7},
    .class_id = {0xa6, 0x40, 0xcc, 0x6c, 0xd9, 0x3e, 0x55, 0xda, 0x94, 0x4e, 0x76, 0xab, 0xde, 0xd4, 0xd4, 0x60},
    .development = HMV_BAD};

static hmv_verdict nothing_yet(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *number) {
    (void)context, (void)publisher, (void)component;
    *number = 0;
    return HMV_GOOD;
}

static const hmv_platform platform = {.state = nothing_yet, .counter = nothing_yet};
static const hmv_algorithm *const algorithms[] = {ALGORITHMS, NULL};
static const hmv_digest *const digests[] = {&hmv_digest_sha256, NULL};
static const hmv_config config = {algorithms, digests, &device, &platform};

static hmv_trust trust, next;
static hmv_release release;
static hmv_payload payload;
static uint8_t roots[HMV_SHA256_SIZE];

static hmv_bytes file(const uint8_t *start, const uint8_t *end) {
    hmv_bytes bytes = {start, (size_t)(end - start)};
    return bytes;
}

int run_row(void) {
    hmv_bytes list = file(list_file, list_file_end);
    hmv_reason opened = hmv_trust_open(&config, list, roots_file, 5, &trust);
    hmv_reason decided =
        hmv_release_verify(&config, &trust, HMV_INSTALL, file(envelope_file, envelope_file_end), &release);
    hmv_reason updated = hmv_trust_update(&config, &trust, list, &next, roots);
    if (!HMV_IS_ACCEPTED(opened) || !HMV_IS_ACCEPTED(decided) || updated != HMV_SAME_LIST) return 0;
    hmv_payload_init(&payload, &release.component[0]);
    hmv_payload_update(&payload, roots, sizeof roots);
    return hmv_payload_final(&payload) != HMV_ACCEPTED;
}
