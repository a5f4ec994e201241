#include <tlog/tiles.h>

#include <inttypes.h>
#include <stdio.h>

/* Three digits a folder, all but the last marked with an x, so that no folder has the name of a file. */
static int print_number(uint64_t number, char *to, size_t room) {
    int n = 0;
    uint64_t divisor = 1;
    while (number / divisor >= 1000) divisor *= 1000;
    for (; divisor > 1; divisor /= 1000)
        n += snprintf(&to[n], room - (size_t)n, "x%03u/", (unsigned)(number / divisor % 1000));
    return n + snprintf(&to[n], room - (size_t)n, "%03u", (unsigned)(number % 1000));
}

void hm_tile_path(int level, uint64_t number, unsigned width, char path[static HM_TILE_PATH_MAX]) {
    int n = level < 0 ? snprintf(path, HM_TILE_PATH_MAX, "tile/entries/")
                      : snprintf(path, HM_TILE_PATH_MAX, "tile/%d/", level);
    n += print_number(number, &path[n], HM_TILE_PATH_MAX - (size_t)n);
    if (width) snprintf(&path[n], HM_TILE_PATH_MAX - (size_t)n, ".p/%u", width);
}
