/* The core's time, as a test says it is: for programs that are linked with --wrap=hm_now. Processes that were forked
 * from this one, as the core is, have the same. */
#ifndef HM_CLOCK_FIXTURE_H
#define HM_CLOCK_FIXTURE_H

#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

static int64_t *clock_shared;

int64_t __wrap_hm_now(void);
int64_t __wrap_hm_now(void) {
    return clock_shared ? __atomic_load_n(clock_shared, __ATOMIC_SEQ_CST) : (int64_t)time(NULL);
}

/* It stands from now on, at the beginning of a minute. */
static inline void clock_stop(void) {
    void *room = mmap(NULL, sizeof *clock_shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(room != MAP_FAILED);
    clock_shared = room;
    *clock_shared = (int64_t)time(NULL) / 60 * 60 + 60;
}
static inline void clock_forward(int64_t seconds) { __atomic_fetch_add(clock_shared, seconds, __ATOMIC_SEQ_CST); }

#endif
