#include "leftover.h"

#include <base/secret.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = ".hallmark-";
enum { RANDOM_LEN = 8, SWEPT_KEPT = 8 };

hm_err hm_temporary_name(char name[static HM_TEMPORARY_NAME_MAX]) {
    uint8_t random[RANDOM_LEN];
    HM_TRY(hm_random(random, sizeof random));
    int n = snprintf(name, HM_TEMPORARY_NAME_MAX, "%s", prefix);
    for (size_t i = 0; i < sizeof random; i++)
        n += snprintf(name + n, HM_TEMPORARY_NAME_MAX - (size_t)n, "%02x", random[i]);
    return HM_OK;
}

static bool is_temporary_name(const char *name) {
    size_t len = sizeof prefix - 1;
    return strncmp(name, prefix, len) == 0 && strlen(name + len) == (size_t)2 * RANDOM_LEN &&
           strspn(name + len, "0123456789abcdef") == (size_t)2 * RANDOM_LEN;
}

bool hm_temporary_hold(int fd) { return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; }

void hm_temporary_release(int fd) { (void)flock(fd, LOCK_UN); }

/* On NFS and its like this lock is had only by who may write to the file: names there are left alone. */
static bool is_left_over(int dirfd, const char *name, int fd) {
    struct stat opened, named;
    if (fstat(fd, &opened) != 0 || !S_ISREG(opened.st_mode) || opened.st_uid != geteuid()) return false;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) return false;
    /* It may have been renamed before the lock was free; by this name it is not met again then. */
    return fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

static void sweep_name(int dirfd, const char *name) {
    HM_FD fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && is_left_over(dirfd, name, fd)) unlinkat(dirfd, name, 0);
}

/* Thousands of files may be replaced in one folder. */
static bool was_swept(int dirfd) {
    static struct {
        dev_t device;
        ino_t inode;
    } swept[SWEPT_KEPT];
    static size_t count;
    struct stat st;
    if (fstat(dirfd, &st) != 0) return true;
    for (size_t i = 0; i < SWEPT_KEPT && i < count; i++)
        if (swept[i].device == st.st_dev && swept[i].inode == st.st_ino) return true;
    swept[count % SWEPT_KEPT].device = st.st_dev;
    swept[count++ % SWEPT_KEPT].inode = st.st_ino;
    return false;
}

void hm_leftovers_sweep(int dirfd) {
    if (was_swept(dirfd)) return;
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        hm_fd_close(&fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (is_temporary_name(entry->d_name)) sweep_name(dirfd, entry->d_name);
    closedir(folder);
}
