/* The outside symbols of the whole verifier, as C11 7.24 declares them. A freestanding compiler need not bring
 * <string.h>, but must itself find these three at link time (STDLIB.md). */
#ifndef HALLMARK_VERIFY_MEMORY_H
#define HALLMARK_VERIFY_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
