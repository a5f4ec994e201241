#include "search.h"
#include "tsa.h"

#include <base/file.h>
#include <base/secret.h>
#include <crypto/process.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int64_t hm_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

hm_err hm_office_path(const hm_office *office, const char *name, hm_buf *path, const char **string) {
    HM_TRY(hm_put_format(path, "%s/%s", office->directory, name));
    return hm_buf_string(path, string);
}

hm_err hm_office_lock(const hm_office *office, const char *name, int *fd) {
    *fd = openat(office->dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0) return hm_could_not("%s/%s: %s", office->directory, name, strerror(errno));
    while (flock(*fd, LOCK_EX) != 0)
        if (errno != EINTR)
            return hm_could_not("%s/%s: cannot be locked: %s", office->directory, name, strerror(errno));
    return HM_OK;
}

static hm_err check_owner(const char *directory, const char *what, const struct stat *st) {
    if (st->st_uid != geteuid())
        return hm_refuse("%s: %s belongs to somebody else (an office is used by the one who owns it)", directory, what);
    if (st->st_mode & 022) return hm_refuse("%s: others can write to %s (chmod go-w)", directory, what);
    return HM_OK;
}

/* Whose office it is matters: what lies in it names the module that is loaded and the keys that sign. */
static hm_err check_folder(const char *directory, int dirfd) {
    static const char *const parts[] = {"office.db", "log", "token", "trust.pem"};
    struct stat st;
    if (fstat(dirfd, &st) != 0) return hm_could_not("%s: %s", directory, strerror(errno));
    HM_TRY(check_owner(directory, "the office's folder", &st));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (fstatat(dirfd, parts[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
            HM_TRY(check_owner(directory, parts[i], &st));
        else if (errno != ENOENT)
            return hm_could_not("%s/%s: %s", directory, parts[i], strerror(errno));
    }
    return HM_OK;
}

/* Is there what belongs to an office, though not its database? */
static bool was_an_office(const char *directory) {
    HM_BUF path = HM_BUF_EMPTY;
    const char *log;
    return !hm_failed(hm_put_format(&path, "%s/log/checkpoint", directory)) && !hm_failed(hm_buf_string(&path, &log)) &&
           access(log, F_OK) == 0;
}

void hm_session_init(hm_session *session, uint32_t user) {
    memset(session, 0, sizeof *session);
    session->who = HM_WHO_USER;
    session->user = user;
    snprintf(session->actor, sizeof session->actor, "unix:%u", user);
}

hm_err hm_session_of_nobody(hm_session *session) {
    memset(session, 0, sizeof *session);
    snprintf(session->actor, sizeof session->actor, "nobody");
    return hm_random(session->challenge, sizeof session->challenge);
}

/* Refusals go on being counted: what was granted is, too. */
void hm_session_widen(hm_session *session) {
    hm_session fresh = {.who = session->who,
                        .user = session->user,
                        .refusals = session->refusals,
                        .borne = session->borne + session->signatures_granted,
                        .workload = session->workload,
                        .identified = session->identified,
                        .expires = session->expires};
    hm_requests_end(session);
    hm_buf_clear(&session->documents);
    memcpy(fresh.kid, session->kid, sizeof fresh.kid);
    memcpy(fresh.challenge, session->challenge, sizeof fresh.challenge);
    memcpy(fresh.actor, session->actor, sizeof fresh.actor);
    memcpy(fresh.principal, session->principal, sizeof fresh.principal);
    *session = fresh;
}

void hm_session_clear(hm_session *session) {
    hm_requests_end(session);
    hm_buf_clear(&session->documents);
    hm_buf_clear(&session->workload);
}

hm_err hm_office_open(const char *directory, hm_session *session, hm_office *office) {
    memset(office, 0, sizeof *office);
    /* The kernel's word, not an environment variable's. */
    hm_session_init(session, getuid());
    office->session = session;
    office->directory = directory;
    office->dirfd = office->log_dirfd = -1;
    HM_TRY(hm_crypto_begin_with_modules());
    HM_BUF path = HM_BUF_EMPTY;
    const char *database;
    HM_TRY(hm_office_path(office, "office.db", &path, &database));
    if (access(database, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return was_an_office(directory)
                   ? hm_could_not("%s: its database, office.db, is missing (restore the folder from a backup)",
                                  directory)
                   : hm_could_not(
                         "%s: there is no office here (hallmark init %s makes one; --office DIR names another)",
                         directory, directory);
    HM_TRY(hm_folder_open(AT_FDCWD, directory, &office->dirfd));
    HM_TRY(check_folder(directory, office->dirfd));
    HM_TRY(hm_folder_open(office->dirfd, "log", &office->log_dirfd));
    HM_TRY(hm_store_open(database, &office->store));
    HM_TRY(hm_store_get_office(office->store, &office->strings, &office->row));
    return hm_statements_find(office);
}

void hm_office_close(hm_office *office) {
    hm_registry_free(&office->registry);
    hm_token_close(&office->token);
    hm_store_close(&office->store);
    hm_fd_close(&office->dirfd);
    hm_fd_close(&office->log_dirfd);
    hm_buf_clear(&office->strings);
    hm_keyring_forget(office);
    hm_usage_forget(office);
    hm_tsa_forget(office);
    hm_search_forget(office);
}

static hm_err select_token(hm_office *office, hm_buf *storage, hm_token_selector *selector, hm_buf *pin_storage,
                           const char **pin_path) {
    if (strcmp(office->row.token, "softhsm") == 0) {
        HM_BUF folder = HM_BUF_EMPTY;
        const char *directory;
        HM_TRY(hm_office_path(office, "token", &folder, &directory));
        HM_TRY(hm_softhsm_select(directory, storage, selector));
        return hm_office_path(office, "token/pin", pin_storage, pin_path);
    }
    HM_TRY(hm_token_selector_from_uri(office->row.token, storage, selector, pin_path));
    if (office->row.pin_path[0]) *pin_path = office->row.pin_path;
    if (!*pin_path) return hm_misuse("the token's PIN is not known (give --pin-file FILE at hallmark init)");
    return HM_OK;
}

/* A module that lies in the office's own folder came with it, perhaps from somebody else. */
static hm_err check_module_apart(const hm_office *office, const char *module) {
    char folder[PATH_MAX], path[PATH_MAX];
    if (!realpath(office->directory, folder) || !realpath(module, path)) return HM_OK; /* it will not load either */
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && path[len] == '/'
               ? hm_refuse("the PKCS#11 module %s lies in the office's folder", module)
               : HM_OK;
}

hm_err hm_office_token(hm_office *office) {
    if (office->token) return HM_OK;
    HM_BUF storage = HM_BUF_EMPTY, pin_storage = HM_BUF_EMPTY, lock_storage = HM_BUF_EMPTY;
    hm_token_selector selector = {0};
    const char *pin_path = NULL;
    HM_TRY(select_token(office, &storage, &selector, &pin_storage, &pin_path));
    HM_TRY(check_module_apart(office, selector.module_path));
    HM_TRY(hm_office_path(office, "token.lock", &lock_storage, &selector.lock_path));
    HM_SECRET *pin = NULL;
    HM_TRY(hm_secret_from_file(pin_path, &pin));
    HM_TRY(hm_token_open(&selector, pin, &office->token));
    hm_token_info info;
    hm_token_describe(office->token, &info);
    snprintf(office->token_name, sizeof office->token_name, "%s / %s / %s", info.manufacturer, info.model, info.serial);
    return HM_OK;
}
