/* A temporary folder for each test: *state is its descriptor's address, the working directory stays where it is. */
#ifndef HM_FOLDER_FIXTURE_H
#define HM_FOLDER_FIXTURE_H

#include "base_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    int fd;
    char path[64];
} folder;

static inline int make_folder(void **state) {
    folder *made = calloc(1, sizeof *made);
    if (!made) return -1;
    snprintf(made->path, sizeof made->path, "/tmp/hallmark-test.XXXXXX");
    if (!mkdtemp(made->path)) return -1;
    made->fd = open(made->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = made;
    return made->fd < 0 ? -1 : 0;
}

/* Removes files and folders one level down, which is as deep as these tests go. */
static inline void empty_folder(int fd) {
    DIR *dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            if (unlinkat(fd, entry->d_name, 0) != 0) unlinkat(fd, entry->d_name, AT_REMOVEDIR);
    if (dir) closedir(dir);
}

static inline int remove_folder(void **state) {
    folder *made = *state;
    empty_folder(made->fd);
    close(made->fd);
    int result = rmdir(made->path);
    free(made);
    return result;
}

static inline unsigned count_names(int fd) {
    unsigned count = 0;
    DIR *dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    if (dir) closedir(dir);
    return count;
}

static inline void put_file(int dirfd, const char *name, hm_bytes content, mode_t mode) {
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.data, content.len), content.len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

#endif
