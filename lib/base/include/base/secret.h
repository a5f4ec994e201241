/* Secrets: locked in memory, left out of core dumps, wiped when released. */
#ifndef HM_BASE_SECRET_H
#define HM_BASE_SECRET_H

#include <base/bytes.h>

enum { HM_SECRET_MAX = 256 };

typedef struct {
    size_t len;
    uint8_t data[HM_SECRET_MAX]; /* always zero-terminated: len < HM_SECRET_MAX */
} hm_secret;

HM_MUST_USE hm_err hm_secret_new(hm_secret **secret);
void hm_secret_free(hm_secret **secret);
#define HM_SECRET __attribute__((cleanup(hm_secret_free))) hm_secret

/* The first line of a file that only its owner can read (mode & 077 == 0, owned by us or root). */
HM_MUST_USE hm_err hm_secret_from_file(const char *path, hm_secret **secret);
/* The first line read from a descriptor. */
HM_MUST_USE hm_err hm_secret_from_fd(int fd, hm_secret **secret);

void hm_wipe(void *memory, size_t len);
/* LEN bytes from the kernel's random generator. */
HM_MUST_USE hm_err hm_random(void *to, size_t len);

#endif
