/* SHA-256 of what lies in several places. */
#ifndef HALLMARK_VERIFY_SHA256_H
#define HALLMARK_VERIFY_SHA256_H

#include <hallmark/verify_algorithm.h>

/* SHA-256 over COUNT pieces. */
void hmv_sha256_of(const hmv_bytes *pieces, size_t count, uint8_t digest[HMV_SHA256_SIZE]);

#endif
