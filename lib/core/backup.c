#include <core/backup.h>

#include "certificates.h"
#include "folder.h"

#include <base/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A release is replaced as a whole while it is copied: then it is copied again. */
enum { TRIES = 10 };

/* The folder in which a copy comes to be, beside the name that it gets in the end. */
typedef struct {
    const char *to;
    char part[PATH_MAX];
    int fd;
} copy;

static void copy_clear(copy *c) {
    hm_fd_close(&c->fd);
    if (c->part[0]) hm_folder_remove(c->part);
}
#define COPY __attribute__((cleanup(copy_clear))) copy

static hm_err copy_begin(const char *to, copy *c) {
    char part[PATH_MAX];
    int len = snprintf(part, sizeof part, "%s.part", to);
    c->to = to;
    if (len < 0 || (size_t)len >= sizeof part) return hm_misuse("%s: the name is too long", to);
    if (mkdir(part, 0700) != 0)
        return errno == EEXIST ? hm_refuse("%s: is left of a copy that was interrupted, or one is made just now "
                                           "(remove it if not)",
                                           part)
                               : hm_could_not("%s: %s", part, strerror(errno));
    memcpy(c->part, part, sizeof part);
    return hm_folder_open(AT_FDCWD, c->part, &c->fd);
}

/* Its name, durable. An empty folder of that name is replaced, nothing else. */
static hm_err copy_finish(copy *c) {
    char parent[PATH_MAX];
    HM_FD fd = -1;
    snprintf(parent, sizeof parent, "%s", c->part);
    char *slash = strrchr(parent, '/');
    if (rename(c->part, c->to) != 0)
        return errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR
                   ? hm_refuse("%s: there is something already, and nothing is put over it", c->to)
                   : hm_could_not("%s: %s", c->to, strerror(errno));
    c->part[0] = 0;
    if (slash) *(slash == parent ? slash + 1 : slash) = 0;
    HM_TRY(hm_folder_open(AT_FDCWD, parent, &fd));
    return fsync(fd) == 0 ? HM_OK : hm_could_not("%s: %s", parent, strerror(errno));
}

static hm_err check_free(const char *to) {
    struct stat st;
    if (lstat(to, &st) != 0) return errno == ENOENT ? HM_OK : hm_could_not("%s: %s", to, strerror(errno));
    struct dirent **list = NULL;
    int count = S_ISDIR(st.st_mode) ? scandir(to, &list, NULL, NULL) : INT_MAX;
    for (int i = 0; i < count && list; i++) free(list[i]);
    free(list);
    if (count < 0) return hm_could_not("%s: %s", to, strerror(errno));
    return count <= 2 ? HM_OK : hm_refuse("%s: there is something already, and nothing is put over it", to);
}

/* ---- what is copied ---- */

static hm_err open_below(int folder, const char *name, bool make, int *fd) {
    if (make && mkdirat(folder, name, 0755) != 0 && errno != EEXIST)
        return hm_could_not("%s: %s", name, strerror(errno));
    *fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *fd >= 0 || errno == ENOENT ? HM_OK : hm_could_not("%s: %s", name, strerror(errno));
}

static hm_err empty_again(const copy *c, const char *name) {
    char path[PATH_MAX + NAME_MAX];
    snprintf(path, sizeof path, "%s/%s", c->part, name);
    hm_folder_remove(path);
    return HM_OK;
}

/* Copied before the database: what lies there was an entry before it lay there. */
static hm_err copy_published(const hm_office *office, const copy *c) {
    for (int i = 0; i < TRIES; i++) {
        HM_FD from = -1, to = -1;
        bool vanished;
        HM_TRY(open_below(office->dirfd, "published", false, &from));
        if (from < 0) return HM_OK;
        HM_TRY(open_below(c->fd, "published", true, &to));
        hm_err err = hm_folder_copy(from, to, &vanished);
        if (!hm_failed(err) || !vanished) return hm_in(err, "published");
        HM_TRY(empty_again(c, "published"));
    }
    return hm_could_not("published: releases change too fast to be copied (try again)");
}

/* Copied behind the database: the keys that it names are there, and no further one is being made. */
static hm_err copy_token(const hm_office *office, const copy *c) {
    HM_FD from = -1, to = -1, lock = -1;
    bool vanished;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(open_below(office->dirfd, "token", false, &from));
    if (from < 0) return hm_could_not("%s: has no token to copy", office->directory);
    HM_TRY(open_below(c->fd, "token", true, &to));
    if (fchmod(to, 0700) != 0) return hm_could_not("token: %s", strerror(errno));
    return hm_in(hm_folder_copy(from, to, &vanished), "token");
}

/* Under the ceremony lock, with the database: its newest lists are those that the log names. */
static hm_err copy_lists(const hm_office *office, const copy *c) {
    HM_FD from = -1, to = -1;
    bool vanished;
    HM_TRY(open_below(office->dirfd, HM_CRL_FOLDER, false, &from));
    if (from < 0) return HM_OK;
    HM_TRY(open_below(c->fd, HM_CRL_FOLDER, true, &to));
    return hm_in(hm_folder_copy(from, to, &vanished), HM_CRL_FOLDER);
}

static hm_err copy_database(const hm_office *office, const copy *c) {
    HM_BUF path = HM_BUF_EMPTY;
    const char *string;
    HM_TRY(hm_put_format(&path, "%s/office.db", c->part));
    HM_TRY(hm_buf_string(&path, &string));
    return hm_store_copy(office->store, string);
}

static void office_clear(hm_office *office) { hm_office_close(office); }
#define OFFICE __attribute__((cleanup(office_clear))) hm_office
static void session_clear(hm_session *session) { hm_session_clear(session); }
#define SESSION __attribute__((cleanup(session_clear))) hm_session

static hm_err copy_database_and_lists(const hm_office *office, const copy *c) {
    HM_FD lock = -1;
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(copy_lists(office, c));
    return copy_database(office, c);
}

/* The tiles and the checkpoint are those of the copied database, so neither is ahead of the other, whatever is being
 * published meanwhile. */
static hm_err write_log(const copy *c, hm_backup *made) {
    SESSION session = {.who = HM_WHO_NOBODY};
    OFFICE office = {.dirfd = -1, .log_dirfd = -1};
    HM_BUF trust = HM_BUF_EMPTY;
    if (mkdirat(c->fd, "log", 0755) != 0) return hm_could_not("log: %s", strerror(errno));
    HM_TRY(hm_office_open(c->part, &session, &office));
    HM_TRY(hm_log_write_anew(&office, &made->published));
    HM_TRY(hm_store_log_size(office.store, &made->entries));
    HM_TRY(hm_office_trust(&office, &trust));
    return hm_file_write(c->fd, "trust.pem", hm_buf_bytes(&trust), 0644);
}

static hm_err write_sums(const copy *c) {
    HM_BUF sums = HM_BUF_EMPTY;
    HM_TRY(hm_folder_seal(c->fd, &sums));
    return hm_file_write(c->fd, HM_BACKUP_SUMS, hm_buf_bytes(&sums), 0644);
}

static hm_err fill_copy(hm_office *office, const copy *c, bool with_token, hm_backup *made) {
    made->softhsm = strcmp(office->row.token, "softhsm") == 0;
    made->token = with_token;
    if (with_token && !made->softhsm)
        return hm_misuse("the token is no SoftHSM of this office, and its maker says how it is backed up (leave out "
                         "--with-token)");
    HM_TRY(hm_log_check_founded(office));
    HM_TRY(hm_log_check_head(office));
    HM_TRY(copy_published(office, c));
    HM_TRY(copy_database_and_lists(office, c));
    if (with_token) HM_TRY(copy_token(office, c));
    HM_TRY(write_log(c, made));
    return write_sums(c);
}

hm_err hm_office_backup(const char *directory, const char *to, bool with_token, hm_backup *made) {
    SESSION session = {.who = HM_WHO_NOBODY};
    OFFICE office = {.dirfd = -1, .log_dirfd = -1};
    COPY c = {.fd = -1};
    *made = (hm_backup){.entries = 0};
    if (hm_backup_is(directory)) return hm_misuse("%s: is a backup itself (copy its folder)", directory);
    HM_TRY(hm_office_open(directory, &session, &office));
    HM_TRY(check_free(to));
    HM_TRY(copy_begin(to, &c));
    HM_TRY(fill_copy(&office, &c, with_token, made));
    return copy_finish(&c);
}

/* ---- back again ---- */

static hm_err check_against(hm_office *office, hm_bytes against, hm_backup *restored) {
    if (!against.len) return HM_OK;
    restored->compared = true;
    return hm_log_continues(office, against, &restored->kept);
}

/* What was copied is an office: its parts fit one another. */
static hm_err check_restored(const copy *c, hm_bytes against, hm_backup *restored) {
    SESSION session = {.who = HM_WHO_NOBODY};
    OFFICE office = {.dirfd = -1, .log_dirfd = -1};
    uint8_t root[32];
    hm_message audited = {.type = HM_MSG_LOG_AUDITED};
    HM_TRY(hm_office_open(c->part, &session, &office));
    HM_TRY(hm_store_check(office.store));
    HM_TRY(hm_log_check_founded(&office));
    HM_TRY(hm_audit(&office, &audited, root));
    HM_TRY(check_against(&office, against, restored));
    /* The tiles are what the entries give; made anew they are so without being read. */
    HM_TRY(hm_log_write_anew(&office, &restored->published));
    HM_TRY(hm_store_log_size(office.store, &restored->entries));
    restored->softhsm = strcmp(office.row.token, "softhsm") == 0;
    restored->token = faccessat(c->fd, "token", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    return hm_store_adopt(office.store);
}

hm_err hm_office_restore(const char *from, const char *to, hm_bytes against, hm_backup *restored) {
    COPY c = {.fd = -1};
    HM_FD backup = -1;
    *restored = (hm_backup){.entries = 0};
    HM_TRY(check_free(to));
    HM_TRY(hm_folder_open(AT_FDCWD, from, &backup));
    if (!hm_backup_is(from)) return hm_refuse("%s: is no finished backup (it has no " HM_BACKUP_SUMS ")", from);
    HM_TRY(copy_begin(to, &c));
    HM_TRY(hm_folder_compare(backup, c.fd, &restored->files));
    HM_TRY(check_restored(&c, against, restored));
    HM_TRY(hm_folder_seal(c.fd, NULL));
    return copy_finish(&c);
}

bool hm_backup_is(const char *directory) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/" HM_BACKUP_SUMS, directory);
    return access(path, F_OK) == 0;
}
