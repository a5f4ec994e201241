/* What programs that measure share. */
#ifndef HM_BENCH_BENCH_H
#define HM_BENCH_BENCH_H

#include <base/err.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void must(hm_err err) {
    if (!hm_failed(err)) return;
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, hm_err_sentence());
    exit(err.class);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st, (void)type, (void)walk;
    return remove(path);
}

/* With all that is in it; the program's exit status. */
static inline int remove_folder(const char *path) {
    return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ? HM_DONE : HM_COULD_NOT;
}

#endif
