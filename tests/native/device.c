#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const hmv_algorithm *const all_algorithms[] = {&hmv_esp256, &hmv_esp384,  &hmv_ed25519, &hmv_ps256,
                                               &hmv_rs256,  &hmv_hss_lms, NULL};
const hmv_digest *const all_digests[] = {&hmv_digest_sha256, &hmv_digest_sha384, &hmv_digest_sha512, NULL};

/* UUIDv5 of names: see native.py. */
static const uint8_t vendor[HMV_UUID_SIZE] = {0xa3, 0x03, 0xe9, 0x5d, 0xc0, 0x7f, 0x5d, 0x48,
                                              0xb2, 0xcc, 0x77, 0x81, 0x2b, 0x6a, 0x57, 0xe7};
static const uint8_t class_id[HMV_UUID_SIZE] = {0xa6, 0x40, 0xcc, 0x6c, 0xd9, 0x3e, 0x55, 0xda,
                                                0x94, 0x4e, 0x76, 0xab, 0xde, 0xd4, 0xd4, 0x60};
const uint8_t maker_id[HMV_UUID_SIZE] = {0xcc, 0x1b, 0x78, 0xea, 0xc1, 0x57, 0x5a, 0x11,
                                         0x85, 0x59, 0x05, 0x85, 0x23, 0x5c, 0xaa, 0x7d};
const uint8_t operator_id[HMV_UUID_SIZE] = {0xac, 0xde, 0xcf, 0x6a, 0x23, 0x01, 0x5e, 0x0c,
                                            0xb8, 0x31, 0xb6, 0x00, 0xaa, 0x00, 0x04, 0xb2};
static const char device_name[] = "device-0001";

static const device_state *find(const test_device *device, hmv_bytes publisher, hmv_bytes component) {
    for (size_t i = 0; i < device->states; i++) {
        const device_state *one = &device->state[i];
        if (publisher.size != HMV_UUID_SIZE || memcmp(one->publisher, publisher.data, HMV_UUID_SIZE) != 0) continue;
        if (one->component_size != component.size) continue;
        if (memcmp(one->component, component.data, component.size) == 0) return one;
    }
    return NULL;
}

device_state *device_state_of(test_device *device, hmv_bytes publisher, hmv_bytes component) {
    const device_state *found = find(device, publisher, component);
    if (found) return &device->state[found - device->state];
    if (device->states == DEVICE_STATES_MAX || component.size > HMV_ID_MAX) abort();
    device_state *one = &device->state[device->states++];
    memcpy(one->publisher, publisher.data, HMV_UUID_SIZE);
    memcpy(one->component, component.data, component.size);
    one->component_size = component.size;
    return one;
}

static hmv_verdict state(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *sequence) {
    test_device *device = context;
    const device_state *one = find(device, publisher, component);
    device->asked++;
    *sequence = one ? one->sequence : 0;
    return device->broken ? HMV_BAD : HMV_GOOD;
}

static hmv_verdict counter(void *context, hmv_bytes publisher, hmv_bytes component, uint64_t *security_version) {
    test_device *device = context;
    const device_state *one = find(device, publisher, component);
    device->asked++;
    *security_version = one ? one->counter : 0;
    return device->broken ? HMV_BAD : HMV_GOOD;
}

static hmv_verdict read_payload(void *context, size_t index, uint64_t offset, uint8_t *data, size_t size) {
    test_device *device = context;
    device->asked++;
    if (index >= HMV_COMPONENTS_MAX) return HMV_BAD;
    hmv_bytes payload = device->payload[index];
    if (offset > payload.size || size > payload.size - offset) return HMV_BAD;
    memcpy(data, payload.data + offset, size);
    return HMV_GOOD;
}

void device_init(test_device *device) {
    memset(device, 0, sizeof *device);
    memcpy(device->id, device_name, sizeof device_name - 1);
    memcpy(device->identity.vendor, vendor, sizeof vendor);
    memcpy(device->identity.class_id, class_id, sizeof class_id);
    device->identity.id = (hmv_bytes){device->id, sizeof device_name - 1};
    device->identity.development = HMV_BAD;
    device->platform = (hmv_platform){device, state, counter, read_payload};
    device->config = (hmv_config){all_algorithms, all_digests, &device->identity, &device->platform};
}

bool all_zero(const void *memory, size_t size) {
    const uint8_t *bytes = memory;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i]) return false;
    }
    return true;
}

hmv_bytes bytes_copy(hmv_bytes bytes) {
    uint8_t *copy = malloc(bytes.size ? bytes.size : 1);
    if (!copy) abort();
    if (bytes.size) memcpy(copy, bytes.data, bytes.size);
    return (hmv_bytes){copy, bytes.size};
}

void bytes_free(hmv_bytes bytes) {
    /* It was made by bytes_copy or bytes_of_file, whose memory may be written. */
    union {
        const uint8_t *data;
        void *memory;
    } const_away = {bytes.data};
    free(const_away.memory);
}

hmv_bytes bytes_of_file(const char *path) {
    FILE *file = fopen(path, "rb");
    long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    uint8_t *data = size >= 0 ? malloc(size ? (size_t)size : 1) : NULL;
    if (data) {
        rewind(file);
        if (fread(data, 1, (size_t)size, file) != (size_t)size) {
            free(data);
            data = NULL;
        }
    }
    if (file) (void)fclose(file);
    return (hmv_bytes){data, data ? (size_t)size : 0};
}
