/* What the tests of the device verifier's signature algorithms share: one signature as owned octets, and questions put
 * to an algorithm with each input in a heap block of exactly its size, so that a sanitizer sees an octet read too many.
 */
#ifndef SIGNATURE_TEST_H
#define SIGNATURE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <hallmark/verify_algorithm.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct octets {
    uint8_t *data; /* heap; NULL for none */
    size_t size;
} octets;

typedef struct signature_case {
    octets a, b; /* the key */
    octets message, signature;
} signature_case;

static inline octets octets_of(const void *data, size_t size) {
    octets own = {size > 0 ? malloc(size) : NULL, size};
    if (size > 0) memcpy(own.data, data, size);
    return own;
}

static inline octets from_hex(const char *hex) {
    octets own = {NULL, strlen(hex) / 2};
    assert_int_equal(strlen(hex) % 2, 0);
    own.data = own.size > 0 ? malloc(own.size) : NULL;
    for (size_t i = 0; i < own.size; i++) assert_int_equal(sscanf(&hex[2 * i], "%2hhx", &own.data[i]), 1);
    return own;
}

static inline void case_clear(signature_case *is) {
    free(is->a.data), free(is->b.data), free(is->message.data), free(is->signature.data);
    memset(is, 0, sizeof *is);
}

/* The message goes in as up to three pieces, cut at places that come from its own size. */
static inline hmv_verdict ask(const hmv_algorithm *algorithm, const signature_case *is) {
    hmv_key key = {{is->a.data, is->a.size}, {is->b.data, is->b.size}};
    size_t first = is->message.size / 3, second = is->message.size / 2;
    hmv_bytes pieces[4] = {
        {is->message.data, first}, {NULL, 0}, {NULL, second - first}, {NULL, is->message.size - second}};
    if (is->message.size > 0) pieces[2].data = &is->message.data[first], pieces[3].data = &is->message.data[second];
    return algorithm->verify(&key, pieces, 4, (hmv_bytes){is->signature.data, is->signature.size});
}

static inline void assert_good(const hmv_algorithm *algorithm, const signature_case *is) {
    assert_int_equal(ask(algorithm, is), HMV_GOOD);
}

static inline void assert_bad(const hmv_algorithm *algorithm, const signature_case *is) {
    assert_int_equal(ask(algorithm, is), HMV_BAD);
}

/* A flip of one bit in each STEPth octet of PART, beginning at FROM, is bad; a good answer comes back afterwards. */
static inline void assert_flips_are_bad(const hmv_algorithm *algorithm, const signature_case *is, const octets *part,
                                        size_t from, size_t step) {
    for (size_t i = from; i < part->size; i += step) {
        const uint8_t bit = (uint8_t)(1u << (i * 5 % 8));
        part->data[i] ^= bit;
        if (ask(algorithm, is) != HMV_BAD) fail_msg("a change of octet %zu of %zu goes unnoticed", i, part->size);
        part->data[i] ^= bit;
    }
    assert_good(algorithm, is);
}

/* PART one octet shorter, empty, and longer by each of EXTRA: bad. PART is put back. */
static inline void assert_sizes_are_bad(const hmv_algorithm *algorithm, const signature_case *is, octets *part) {
    octets whole = *part;
    const size_t sizes[] = {0, 1, whole.size / 2, whole.size - 1, whole.size + 1, whole.size + 64};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        *part = (octets){calloc(1, sizes[i] + (sizes[i] == 0)), sizes[i]};
        memcpy(part->data, whole.data, sizes[i] < whole.size ? sizes[i] : whole.size);
        hmv_verdict verdict = ask(algorithm, is);
        free(part->data);
        *part = whole;
        if (verdict != HMV_BAD) fail_msg("%zu octets instead of %zu are not bad", sizes[i], whole.size);
    }
}

static inline bool whole_sweeps(void) { return getenv("HALLMARK_FULL") != NULL; }

/* Printed, so that a failure can be had again: HALLMARK_SEED=... */
static inline unsigned test_seed(void) {
    const char *given = getenv("HALLMARK_SEED");
    unsigned seed = 0;
    FILE *random = given ? NULL : fopen("/dev/urandom", "rb");
    if (given) seed = (unsigned)strtoul(given, NULL, 0);
    if (random) assert_int_equal(fread(&seed, sizeof seed, 1, random), 1), fclose(random);
    print_message("HALLMARK_SEED=%u\n", seed);
    return seed;
}

#endif
