#include "progress.h"

#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_AFTER = 1000, EVERY = 200, BAR = 30, MEBIBYTE = 1 << 20 };

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void hm_progress_begin(hm_progress *progress, bool wanted) {
    *progress = (hm_progress){.read = NULL};
    if (!wanted || !isatty(2)) return;
    void *page = mmap(NULL, sizeof *progress->read, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    progress->read = page;
    progress->began = milliseconds();
}

int hm_progress_timeout(const hm_progress *progress) {
    if (!progress->read) return -1;
    int64_t age = milliseconds() - progress->began;
    return age < FIRST_AFTER ? (int)(FIRST_AFTER - age) : EVERY;
}

void hm_progress_show(hm_progress *progress) {
    if (!progress->read || milliseconds() - progress->began < FIRST_AFTER || !progress->total) return;
    uint64_t done = atomic_load_explicit(progress->read, memory_order_relaxed);
    if (done > progress->total) done = progress->total;
    int filled = (int)(done * BAR / progress->total);
    fprintf(stderr, "\r\033[K[%.*s%*s] %3d %%  %llu of %llu MiB", filled, "##############################",
            BAR - filled, "", (int)(done * 100 / progress->total), (unsigned long long)(done / MEBIBYTE),
            (unsigned long long)(progress->total / MEBIBYTE));
    progress->shown = true;
}

void hm_progress_hide(hm_progress *progress) {
    if (progress->shown) fputs("\r\033[K", stderr);
    progress->shown = false;
}
