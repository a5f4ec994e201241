/* The device that the tests of the native format are about: its identity, its memory, and files made by the independent
 * generator (tests/native/native.py), which are in tests/vectors/native/. */
#ifndef NATIVE_DEVICE_H
#define NATIVE_DEVICE_H

#include <hallmark/verify.h>

#include <stdbool.h>

enum { DEVICE_STATES_MAX = 16 };

/* What the device remembers of one component of one publisher. */
typedef struct device_state {
    uint8_t publisher[HMV_UUID_SIZE];
    uint8_t component[HMV_ID_MAX];
    size_t component_size;
    uint64_t sequence, counter;
} device_state;

typedef struct test_device {
    uint8_t id[32];
    hmv_device identity;
    hmv_platform platform;
    hmv_config config;
    device_state state[DEVICE_STATES_MAX];
    size_t states;
    bool broken;                           /* it cannot tell its state */
    size_t asked;                          /* how often the platform was asked for anything */
    hmv_bytes payload[HMV_COMPONENTS_MAX]; /* what platform.read gives */
} test_device;

/* The device of native.py: VENDOR, CLASS, DEVICE; for production, and everything is new to it. The pointers inside lead
 * into DEVICE, which must not be moved. */
void device_init(test_device *device);
/* Its memory of that component; made if there is none. */
device_state *device_state_of(test_device *device, hmv_bytes publisher, hmv_bytes component);

/* Every algorithm and digest there is. */
extern const hmv_algorithm *const all_algorithms[];
extern const hmv_digest *const all_digests[];

extern const uint8_t maker_id[HMV_UUID_SIZE], operator_id[HMV_UUID_SIZE];

/* Is it as hmv_release_verify leaves a release that it refuses? */
bool all_zero(const void *memory, size_t size);

/* A file whole, in memory of exactly its size, so that a sanitizer sees a read behind it; freed by `bytes_free`. SIZE 0
 * and DATA NULL if it cannot be read. */
hmv_bytes bytes_of_file(const char *path);
/* A copy in memory of exactly its size. */
hmv_bytes bytes_copy(hmv_bytes bytes);
void bytes_free(hmv_bytes bytes);

#endif
