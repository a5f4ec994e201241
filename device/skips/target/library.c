/* The verifier alone: a trust list, a release and a payload that the emulator has put into memory, and the three
 * answers. It goes on after a refusal, so that each answer is the library's own. */
#include <hallmark/verify.h>

#include <string.h>

extern uint32_t stack_top[];
void reset(void);
void stopped(void);

/* As tests/device/skips.py fills it in. */
typedef struct input {
    uint32_t act, development;
    uint64_t sequence, counter;
    uint8_t roots[HMV_SHA256_SIZE];
    uint8_t vendor[HMV_UUID_SIZE], class_id[HMV_UUID_SIZE];
    struct {
        const uint8_t *data;
        uint32_t size;
    } list, envelope, payload;
} input;
#define INPUT ((const input *)0x20010000u)

static hmv_verdict state(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *sequence) {
    (void)context, (void)publisher, (void)component;
    *sequence = INPUT->sequence;
    return HMV_GOOD;
}

static hmv_verdict counter(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *security_version) {
    (void)context, (void)publisher, (void)component;
    *security_version = INPUT->counter;
    return HMV_GOOD;
}

static hmv_verdict read_payload(void *context, size_t index, uint64_t offset, uint8_t *data, size_t size) {
    (void)context, (void)index;
    if (offset > INPUT->payload.size || size > INPUT->payload.size - offset) return HMV_BAD;
    memcpy(data, INPUT->payload.data + offset, size);
    return HMV_GOOD;
}

static const hmv_platform platform = {NULL, state, counter, read_payload};
static const hmv_algorithm *const algorithms[] = {&hmv_esp256, NULL};
static const hmv_digest *const digests[] = {&hmv_digest_sha256, NULL};
static hmv_device device;
static const hmv_config config = {algorithms, digests, &device, &platform};

static hmv_trust trust;
static hmv_release release;
static hmv_payload payload;
static uint8_t buffer[128];
volatile hmv_reason answer_list, answer_release, answer_payload;

static void decide(const input *it) {
    const hmv_bytes list = {it->list.data, it->list.size}, envelope = {it->envelope.data, it->envelope.size};
    memcpy(device.vendor, it->vendor, sizeof device.vendor);
    memcpy(device.class_id, it->class_id, sizeof device.class_id);
    device.id = (hmv_bytes){(const uint8_t *)"device-0001", 11};
    device.development = it->development;
    answer_list = hmv_trust_open(&config, list, it->roots, 0, &trust);
    answer_release = hmv_release_verify(&config, &trust, it->act, envelope, &release);
    answer_payload = hmv_payload_read(&config, &release, 0, &payload, buffer, sizeof buffer);
}

__attribute__((noinline, used)) void stopped(void) {
    for (;;) continue;
}

void reset(void) {
    decide(INPUT);
    stopped();
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    void (*reset)(void);
} vectors = {stack_top, reset};
