/* Real folders for tests: made under /tmp, removed with all that is in them. */
#ifndef HM_TEST_FOLDER_H
#define HM_TEST_FOLDER_H

#include "catalogue_test.h"

#include <format/folder.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sanitizers keep freed memory: measurements of memory say nothing under them. */
#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

typedef struct {
    char path[64];
    int fd;
} real_folder;

/* By rm, which can remove paths that are longer than any system call takes. */
static inline void remove_real_folder(real_folder *folder) {
    close(folder->fd);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/rm", "rm", "-rf", "--", folder->path, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    if (waitpid(child, &status, 0) != child || status != 0) fail_msg("%s cannot be removed", folder->path);
}
#define REAL_FOLDER __attribute__((cleanup(remove_real_folder))) real_folder

static inline real_folder make_real_folder(void) {
    real_folder folder = {"/tmp/hallmark-test-XXXXXX", -1};
    umask(0022);
    if (!mkdtemp(folder.path)) fail_msg("no folder under /tmp");
    folder.fd = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder.fd >= 0);
    return folder;
}

static inline void make_file(const real_folder *folder, const char *path, hm_bytes content, mode_t mode) {
    HM_FD fd = openat(folder->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) fail_msg("%s cannot be made", path);
    HM_MUST(hm_fd_write(fd, content));
    assert_int_equal(fchmod(fd, mode), 0);
}

static inline void make_text(const real_folder *folder, const char *path, const char *content) {
    make_file(folder, path, hm_text(content), 0644);
}

static inline void make_folder(const real_folder *folder, const char *path, mode_t mode) {
    assert_int_equal(mkdirat(folder->fd, path, 0700), 0);
    assert_int_equal(fchmodat(folder->fd, path, mode, 0), 0);
}

static inline void make_link(const real_folder *folder, const char *target, const char *path) {
    assert_int_equal(symlinkat(target, folder->fd, path), 0);
}

static inline void set_mode(const real_folder *folder, const char *path, mode_t mode) {
    assert_int_equal(fchmodat(folder->fd, path, mode, 0), 0);
}

static inline void move(const real_folder *folder, const char *from, const char *to) {
    assert_int_equal(renameat(folder->fd, from, folder->fd, to), 0);
}

/* A file, a link or an empty folder. */
static inline void take_away(const real_folder *folder, const char *path) {
    if (unlinkat(folder->fd, path, 0) != 0) assert_int_equal(unlinkat(folder->fd, path, AT_REMOVEDIR), 0);
}

static inline hm_err write_real(const real_folder *folder, hm_buf *text) {
    HM_FOLDER *walk = NULL;
    hm_tree tree;
    HM_TRY(hm_tree_of_folder(folder->fd, &walk, &tree));
    return write_catalogue(&tree, text);
}

static inline hm_err read_real(const real_folder *folder, hm_bytes text, hm_buf *findings) {
    HM_FOLDER *walk = NULL;
    hm_tree tree;
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA256}}};
    HM_TRY(hm_tree_of_folder(folder->fd, &walk, &tree));
    return read_catalogue(text, &tree, &digests, findings);
}

/* A command of the shell, run inside FOLDER, nothing printed: its exit status. */
static inline int run_in(const real_folder *folder, const char *command) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (fchdir(folder->fd) == 0 && freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr))
            execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
