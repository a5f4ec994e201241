/* What the tests of app/hallmark share. */
#ifndef HM_APP_TEST_H
#define HM_APP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <base/err.h>

#include <dirent.h>
#include <string.h>

#define assert_done(call) assert_int_equal((call).class, HM_DONE)
#define assert_could_not(call) assert_int_equal((call).class, HM_COULD_NOT)

/* How many descriptors this process has, the one that looks aside. */
static inline size_t open_descriptors(void) {
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) count += entry->d_name[0] != '.';
    closedir(folder);
    return count - 1;
}

#endif
