#include "leftover.h"

#include <base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So often a file that has just been made may be taken for a leftover, and another is made. */
enum { NAME_TRIES = 4 };

static char *pending_note;

void hm_outfile_note_pending(char note[static HM_PENDING_MAX]) { pending_note = note; }

/* The folder's path as the kernel knows it, because the survivor has neither our descriptors nor, perhaps, our folder.
 */
static void set_pending(int dirfd, const char *temporary) {
    if (!pending_note) return;
    char self[40];
    snprintf(self, sizeof self, "/proc/self/fd/%d", dirfd);
    ssize_t len = readlink(self, pending_note + 1, HM_PENDING_MAX - 2 - HM_TEMPORARY_NAME_MAX);
    if (len <= 0 || len >= HM_PENDING_MAX - 2 - HM_TEMPORARY_NAME_MAX) return;
    snprintf(pending_note + 1 + len, (size_t)(HM_PENDING_MAX - 1 - len), "/%s", temporary);
    /* The first byte says that the rest is whole. */
    pending_note[0] = 1;
}

static void clear_pending(void) {
    if (pending_note) pending_note[0] = 0;
}

void hm_outfile_remove_pending(const char note[static HM_PENDING_MAX]) {
    if (note[0] && memchr(note, 0, HM_PENDING_MAX)) unlink(note + 1);
}

hm_err hm_file_read(int dirfd, const char *path, size_t limit, hm_buf *buf) {
    HM_FD fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return hm_could_not("%s: %s", path, strerror(errno));
    hm_source source;
    HM_TRY(hm_in(hm_source_of_file(fd, &source), "%s", path));
    return hm_in(hm_source_read_all(&source, limit, buf), "%s", path);
}

hm_err hm_file_write(int dirfd, const char *path, hm_bytes content, mode_t mode) {
    HM_OUTFILE out = HM_OUTFILE_NONE;
    HM_TRY(hm_outfile_open(dirfd, path, mode, &out));
    HM_TRY(hm_in(hm_fd_write(out.fd, content), "%s", path));
    return hm_outfile_commit(&out);
}

/* Nobody has taken it for a leftover between its making and its locking. */
static bool hold_named(int fd) {
    struct stat st;
    return hm_temporary_hold(fd) && fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static hm_err open_named(hm_outfile *out, mode_t mode) {
    hm_leftovers_sweep(out->dirfd);
    for (int tries = 0; tries < NAME_TRIES; tries++) {
        HM_TRY(hm_temporary_name(out->temporary));
        set_pending(out->dirfd, out->temporary);
        out->fd = openat(out->dirfd, out->temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode);
        if (out->fd < 0) break;
        if (hold_named(out->fd)) return HM_OK;
        hm_fd_close(&out->fd);
        unlinkat(out->dirfd, out->temporary, 0);
        errno = EBUSY;
    }
    int reason = errno;
    out->temporary[0] = 0;
    clear_pending();
    return hm_could_not("%s: cannot be created: %s", out->path, strerror(reason));
}

/* Open an unnamed file in the folder, or a temporary one where the file system has no O_TMPFILE. */
static hm_err open_unnamed(hm_outfile *out, mode_t mode) {
    out->fd = openat(out->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    if (out->fd >= 0) return HM_OK;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
        return hm_could_not("%s: cannot be created: %s", out->path, strerror(errno));
    return open_named(out, mode);
}

hm_err hm_outfile_open(int dirfd, const char *path, mode_t mode, hm_outfile *out) {
    *out = HM_OUTFILE_NONE;
    hm_outfile opened = HM_OUTFILE_NONE;
    opened.path = strdup(path);
    if (!opened.path) return hm_no_memory();
    char *slash = strrchr(opened.path, '/');
    opened.name = slash ? slash + 1 : opened.path;
    HM_BUF folder = HM_BUF_EMPTY;
    const char *folder_path;
    hm_err err = hm_put(&folder, slash ? HM_BYTES(opened.path, (size_t)(opened.name - opened.path)) : hm_text("."));
    if (!hm_failed(err)) err = hm_buf_string(&folder, &folder_path);
    if (!hm_failed(err)) err = hm_folder_open(dirfd, folder_path, &opened.dirfd);
    if (!hm_failed(err)) err = open_unnamed(&opened, mode);
    /* The mode is the caller's word, not the umask's: a signed file keeps the permissions it had. */
    if (!hm_failed(err) && fchmod(opened.fd, mode) != 0)
        err = hm_could_not("%s: cannot set permissions: %s", path, strerror(errno));
    if (hm_failed(err))
        hm_outfile_discard(&opened);
    else
        *out = opened;
    return err;
}

static hm_err name_temporarily(hm_outfile *out, const char *self) {
    hm_leftovers_sweep(out->dirfd);
    if (!hm_temporary_hold(out->fd)) return hm_could_not("%s: is locked by somebody", out->path);
    HM_TRY(hm_temporary_name(out->temporary));
    set_pending(out->dirfd, out->temporary);
    if (linkat(AT_FDCWD, self, out->dirfd, out->temporary, AT_SYMLINK_FOLLOW) != 0)
        return hm_could_not("%s: cannot be created: %s", out->path, strerror(errno));
    return HM_OK;
}

/* A new name is taken in one step; an old file is replaced through a temporary name. */
hm_err hm_outfile_name(hm_outfile *out) {
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", out->fd);
    if (!out->temporary[0]) {
        if (linkat(AT_FDCWD, self, out->dirfd, out->name, AT_SYMLINK_FOLLOW) == 0) return HM_OK;
        if (errno != EEXIST) return hm_could_not("%s: cannot be created: %s", out->path, strerror(errno));
        HM_TRY(name_temporarily(out, self));
    }
    if (renameat(out->dirfd, out->temporary, out->dirfd, out->name) != 0)
        return hm_could_not("%s: cannot be replaced: %s", out->path, strerror(errno));
    out->temporary[0] = 0;
    clear_pending();
    hm_temporary_release(out->fd);
    return HM_OK;
}

/* A link fails where a rename would replace. The temporary name that the file may have stays for _discard to remove. */
static hm_err take_free_name(hm_outfile *out) {
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", out->fd);
    int failed = out->temporary[0] ? linkat(out->dirfd, out->temporary, out->dirfd, out->name, 0)
                                   : linkat(AT_FDCWD, self, out->dirfd, out->name, AT_SYMLINK_FOLLOW);
    if (!failed) return HM_OK;
    if (errno == EEXIST) return hm_refuse("%s: is there already", out->path);
    return hm_could_not("%s: cannot be created: %s", out->path, strerror(errno));
}

void hm_outfile_start_sync(const hm_outfile *out) {
    /* Only a hint: what it does not do, _sync does. */
    (void)sync_file_range(out->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

void hm_outfile_await_sync(const hm_outfile *out) {
    (void)sync_file_range(out->fd, 0, 0,
                          SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

hm_err hm_outfile_sync(const hm_outfile *out) {
    return fsync(out->fd) == 0 ? HM_OK : hm_could_not("%s: cannot be written: %s", out->path, strerror(errno));
}

hm_err hm_outfile_sync_folder(const hm_outfile *out) {
    return fsync(out->dirfd) == 0 ? HM_OK
                                  : hm_could_not("%s: its folder cannot be synced: %s", out->path, strerror(errno));
}

static hm_err commit(hm_outfile *out, hm_err (*name)(hm_outfile *out)) {
    hm_err err = hm_outfile_sync(out);
    if (!hm_failed(err)) err = name(out);
    if (!hm_failed(err)) err = hm_outfile_sync_folder(out);
    hm_outfile_discard(out);
    return err;
}

hm_err hm_outfile_commit(hm_outfile *out) { return commit(out, hm_outfile_name); }

hm_err hm_outfile_commit_new(hm_outfile *out) { return commit(out, take_free_name); }

void hm_outfile_discard(hm_outfile *out) {
    if (out->temporary[0]) {
        unlinkat(out->dirfd, out->temporary, 0);
        clear_pending();
    }
    hm_fd_close(&out->fd);
    hm_fd_close(&out->dirfd);
    free(out->path);
    *out = HM_OUTFILE_NONE;
}

hm_err hm_folder_make(const char *path, mode_t mode) {
    HM_BUF copy = HM_BUF_EMPTY;
    HM_TRY(hm_put_text(&copy, path));
    const char *whole;
    HM_TRY(hm_buf_string(&copy, &whole));
    for (size_t i = 1; i <= copy.len; i++) {
        if (i < copy.len && copy.data[i] != '/') continue;
        uint8_t kept = copy.data[i];
        copy.data[i] = 0;
        if (mkdir(whole, i == copy.len ? mode : 0700) != 0 && errno != EEXIST)
            return hm_could_not("%s: cannot make the folder: %s", whole, strerror(errno));
        copy.data[i] = kept;
    }
    return HM_OK;
}

hm_err hm_folder_open(int dirfd, const char *path, int *fd) {
    *fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) return hm_could_not("%s: cannot open the folder: %s", path, strerror(errno));
    return HM_OK;
}
