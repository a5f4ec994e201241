/* The log of a busy office: intents and outcomes as long as real ones, of many principals and some products, the same
 * each time. For programs that have the core's own headers. */
#ifndef HM_BENCH_BUSY_LOG_H
#define HM_BENCH_BUSY_LOG_H

#include "office.h"

enum { BUSY_PRODUCTS = 20, BUSY_KEYS = 2, BUSY_PRINCIPALS = 50, BUSY_BATCH = 8 };

typedef struct {
    char name[65];
    uint8_t class[16];
    char key[BUSY_KEYS][33]; /* in hexadecimal */
} busy_product;

typedef struct {
    busy_product product[BUSY_PRODUCTS];
    int64_t began;  /* the first intent's time */
    double seconds; /* from each to the next */
} busy_log;

/* What number N of the intents is about. */
typedef struct {
    unsigned principal, release;
    const busy_product *product;
    const char *key;
    int64_t time;
    uint8_t plain[HM_SHA256_LEN], signature[HM_SHA256_LEN];
} busy_matter;

void busy_log_matter(const busy_log *log, uint64_t n, busy_matter *m);
/* Entries FROM to TO, in batches of intents and then their outcomes, as the core writes them. Both are multiples of
 * 2 * BUSY_BATCH. */
HM_MUST_USE hm_err busy_log_grow(hm_office *office, const busy_log *log, uint64_t from, uint64_t to);

#endif
