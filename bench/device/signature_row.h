/* What rows of one signature share: such a row's file has a key, a message and a signature, and says by which algorithm
 * of the verifier. */
#ifndef HALLMARK_BENCH_SIGNATURE_ROW_H
#define HALLMARK_BENCH_SIGNATURE_ROW_H

#include "device.h"

#include <hallmark/verify_algorithm.h>

#define OCTETS(array)                                                                                                  \
    { array, sizeof(array) }

/* 65537, which is every RSA key's here. */
static const uint8_t rsa_exponent[] = {0x01, 0x00, 0x01};

static inline int is_good(const hmv_algorithm *algorithm, const hmv_key *key, hmv_bytes message, hmv_bytes signature) {
    const hmv_bytes piece = message;
    return algorithm->verify(key, &piece, 1, signature) == HMV_GOOD;
}

#endif
