/* ECDSA over P-256 without its digest: for tests and benches, which give digests that nothing hashes to. */
#ifndef HALLMARK_VERIFY_P256_H
#define HALLMARK_VERIFY_P256_H

#include <hallmark/verify_algorithm.h>

/* All numbers big-endian: the public key's coordinates, the digest, r and then s. */
hmv_verdict hmv_p256_verify_digest(const uint8_t x[32], const uint8_t y[32], const uint8_t digest[32],
                                   const uint8_t r_s[64]);

#endif
