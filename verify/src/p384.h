/* ECDSA over P-384 without its digest: for tests and benches, which give digests that nothing hashes to. */
#ifndef HALLMARK_VERIFY_P384_H
#define HALLMARK_VERIFY_P384_H

#include <hallmark/verify_algorithm.h>

/* All numbers big-endian: the public key's coordinates, the digest, r and then s. */
hmv_verdict hmv_p384_verify_digest(const uint8_t x[48], const uint8_t y[48], const uint8_t digest[48],
                                   const uint8_t r_s[96]);

#endif
