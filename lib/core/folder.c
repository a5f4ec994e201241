#include "folder.h"

#include <base/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MOST = 16, SUMS_MAX = 1 << 30, SUM_LEN = 2 * HM_SHA256_LEN };

/* ---- walking ---- */

typedef struct {
    hm_folder_visit visit;
    void *context;
    unsigned depth;
    bool *vanished;
} walk;

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static int is_part(const struct dirent *entry) {
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static hm_err check_name(const char *path) {
    for (const unsigned char *c = (const unsigned char *)path; *c; c++)
        if (*c < 0x20 || *c == 0x7f || *c == '\\') return hm_refuse("%s: such a name is not the office's", path);
    return HM_OK;
}

static hm_err walk_folder(walk *w, int folder, const char *prefix);

/* What was listed cannot be looked at. */
static hm_err fault_of(const walk *w, const char *path) {
    if (errno == ENOENT && !w->vanished) return HM_OK;
    if (errno == ENOENT) *w->vanished = true;
    return hm_could_not("%s: %s", path, strerror(errno));
}

static hm_err walk_part(walk *w, int folder, const char *prefix, const char *name) {
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] ? "/" : "", name);
    if (len < 0 || (size_t)len >= sizeof path) return hm_could_not("%s: its path is too long", name);
    HM_TRY(check_name(path));
    hm_folder_part part = {.path = path, .name = name, .dirfd = folder};
    if (fstatat(folder, name, &part.st, AT_SYMLINK_NOFOLLOW) != 0) return fault_of(w, path);
    HM_TRY(w->visit(w->context, &part));
    if (!S_ISDIR(part.st.st_mode) || part.skip) return HM_OK;
    HM_FD below = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0) return fault_of(w, path);
    if (w->depth == DEPTH_MOST) return hm_refuse("%s: an office has no folders so deep", path);
    w->depth++;
    hm_err err = walk_folder(w, below, path);
    w->depth--;
    return err;
}

static hm_err walk_folder(walk *w, int folder, const char *prefix) {
    struct dirent **list = NULL;
    int count = scandirat(folder, ".", &list, is_part, by_name);
    if (count < 0) return hm_could_not("%s: %s", prefix[0] ? prefix : "the folder", strerror(errno));
    hm_err err = HM_OK;
    for (int i = 0; i < count && !hm_failed(err); i++) err = walk_part(w, folder, prefix, list[i]->d_name);
    for (int i = 0; i < count; i++) free(list[i]);
    free(list);
    return err;
}

hm_err hm_folder_walk(int folder, hm_folder_visit visit, void *context, bool *vanished) {
    walk w = {.visit = visit, .context = context, .vanished = vanished};
    return walk_folder(&w, folder, "");
}

/* ---- one file ---- */

static hm_err open_part(const hm_folder_part *part, int *fd) {
    *fd = openat(part->dirfd, part->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    return *fd >= 0 ? HM_OK : hm_could_not("%s: %s", part->path, strerror(errno));
}

/* Nobody but its owner writes a copy. */
static hm_err make_part(const hm_folder_part *part, int folder, int *fd) {
    *fd = openat(folder, part->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd < 0 || fchmod(*fd, part->st.st_mode & 0755) != 0)
        return hm_could_not("%s: %s", part->path, strerror(errno));
    return HM_OK;
}

static hm_err make_folder(const hm_folder_part *part, int folder) {
    if (mkdirat(folder, part->path, 0700) != 0 || fchmodat(folder, part->path, part->st.st_mode & 0755, 0) != 0)
        return hm_could_not("%s: %s", part->path, strerror(errno));
    return HM_OK;
}

/* All of FROM is hashed, and written to TO unless that is -1. */
static hm_err pass(int from, int to, const char *path, hm_digest *digest) {
    static uint8_t block[HM_IO_BLOCK];
    hm_hash hash;
    hm_hash_init(&hash, HM_SHA256);
    for (;;) {
        ssize_t got = read(from, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return hm_could_not("%s: %s", path, strerror(errno));
        if (got == 0) break;
        hm_hash_update(&hash, HM_BYTES(block, (size_t)got));
        if (to >= 0) HM_TRY(hm_in(hm_fd_write(to, HM_BYTES(block, (size_t)got)), "%s", path));
    }
    hm_hash_final(&hash, digest);
    return HM_OK;
}

static hm_err check_kind(const hm_folder_part *part) {
    return S_ISREG(part->st.st_mode) || S_ISDIR(part->st.st_mode)
               ? HM_OK
               : hm_refuse("%s: is no file and no folder (a link?)", part->path);
}

/* ---- copies ---- */

typedef struct {
    int to;
    bool *vanished;
} copying;

static hm_err copy_part(void *context, hm_folder_part *part) {
    copying *c = context;
    HM_FD from = -1, to = -1;
    hm_digest digest;
    HM_TRY(check_kind(part));
    part->skip = part->name[0] == '.';
    if (S_ISDIR(part->st.st_mode)) return part->skip ? HM_OK : make_folder(part, c->to);
    hm_err err = open_part(part, &from);
    if (hm_failed(err)) *c->vanished = errno == ENOENT;
    HM_TRY(err);
    HM_TRY(make_part(part, c->to, &to));
    return pass(from, to, part->path, &digest);
}

hm_err hm_folder_copy(int from, int to, bool *vanished) {
    copying c = {.to = to, .vanished = vanished};
    *vanished = false;
    return hm_folder_walk(from, copy_part, &c, vanished);
}

static hm_err seal_part(void *context, hm_folder_part *part) {
    hm_buf *sums = context;
    HM_FD fd = -1;
    hm_digest digest;
    HM_TRY(check_kind(part));
    HM_TRY(open_part(part, &fd));
    if (fsync(fd) != 0) return hm_could_not("%s: %s", part->path, strerror(errno));
    if (S_ISDIR(part->st.st_mode) || !sums || strcmp(part->path, HM_BACKUP_SUMS) == 0) return HM_OK;
    HM_TRY(pass(fd, -1, part->path, &digest));
    HM_TRY(hm_put_hex(sums, hm_digest_bytes(&digest)));
    return hm_put_format(sums, "  %s\n", part->path);
}

hm_err hm_folder_seal(int folder, hm_buf *sums) {
    HM_TRY(hm_folder_walk(folder, seal_part, sums, NULL));
    return fsync(folder) == 0 ? HM_OK : hm_could_not("fsync: %s", strerror(errno));
}

/* ---- a backup and its sums ---- */

typedef struct {
    int folder, to;
    hm_reader sums;
    uint64_t files;
} comparing;

static hm_err next_sum(comparing *c, hm_bytes *hex, hm_bytes *path) {
    hm_bytes line, gap;
    *path = HM_NO_BYTES;
    if (!c->sums.rest.len) return HM_OK;
    HM_TRY(hm_in(hm_read_line(&c->sums, &line), HM_BACKUP_SUMS));
    hm_reader reader = hm_reader_of(line);
    if (hm_failed(hm_read_bytes(&reader, SUM_LEN, hex)) || hm_failed(hm_read_bytes(&reader, 2, &gap)) ||
        !hm_bytes_equal(gap, hm_text("  ")) || !reader.rest.len)
        return hm_refuse(HM_BACKUP_SUMS " was changed: it has a line that is none of a backup");
    *path = reader.rest;
    return HM_OK;
}

/* The line is not PART's (NULL: nothing is left): which of the two is it that should not be? */
static hm_err refuse_difference(const comparing *c, hm_bytes path, const hm_folder_part *part) {
    HM_BUF name = HM_BUF_EMPTY;
    const char *listed;
    struct stat st;
    HM_TRY(hm_put(&name, path));
    HM_TRY(hm_buf_string(&name, &listed));
    return path.len && (!part || fstatat(c->folder, listed, &st, AT_SYMLINK_NOFOLLOW) != 0)
               ? hm_refuse("%s is missing from the backup", listed)
               : hm_refuse("%s is in the backup's folder and not in its " HM_BACKUP_SUMS, part ? part->path : "a file");
}

static hm_err compare_file(comparing *c, const hm_folder_part *part) {
    HM_FD from = -1, to = -1;
    HM_BUF hex = HM_BUF_EMPTY;
    hm_bytes expected, path;
    hm_digest digest;
    HM_TRY(next_sum(c, &expected, &path));
    if (!hm_bytes_equal(path, hm_text(part->path))) return refuse_difference(c, path, part);
    HM_TRY(open_part(part, &from));
    if (c->to >= 0) HM_TRY(make_part(part, c->to, &to));
    HM_TRY(pass(from, to, part->path, &digest));
    HM_TRY(hm_put_hex(&hex, hm_digest_bytes(&digest)));
    c->files++;
    return hm_bytes_equal(hm_buf_bytes(&hex), expected)
               ? HM_OK
               : hm_refuse("%s is not what was backed up: it is damaged, or was changed", part->path);
}

static hm_err compare_part(void *context, hm_folder_part *part) {
    comparing *c = context;
    HM_TRY(check_kind(part));
    if (strcmp(part->path, HM_BACKUP_SUMS) == 0) return HM_OK;
    if (!S_ISDIR(part->st.st_mode)) return compare_file(c, part);
    return c->to >= 0 ? make_folder(part, c->to) : HM_OK;
}

hm_err hm_folder_compare(int folder, int to, uint64_t *files) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_bytes hex, path;
    HM_TRY(hm_file_read(folder, HM_BACKUP_SUMS, SUMS_MAX, &text));
    comparing c = {.folder = folder, .to = to, .sums = hm_reader_of(hm_buf_bytes(&text))};
    HM_TRY(hm_folder_walk(folder, compare_part, &c, NULL));
    HM_TRY(next_sum(&c, &hex, &path));
    *files = c.files;
    return path.len ? refuse_difference(&c, path, NULL) : HM_OK;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void hm_folder_remove(const char *path) { (void)!nftw(path, remove_one, DEPTH_MOST, FTW_DEPTH | FTW_PHYS); }
