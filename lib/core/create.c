/* Making an office. */
#include "office.h"

#include <base/file.h>
#include <base/json.h>
#include <crypto/process.h>
#include <crypto/uuid.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static hm_err check_plan(const hm_office_plan *plan) {
    size_t len = strlen(plan->organization);
    if (!len || len > 64) return hm_misuse("the organization's name must have 1 to 64 characters (--org NAME)");
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)plan->organization[i] < 0x20)
            return hm_misuse("the organization's name holds control characters");
    return HM_OK;
}

static hm_err check_empty(const char *directory, int dirfd) {
    int again = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = again >= 0 ? fdopendir(again) : NULL;
    if (!listing) {
        hm_err err = hm_could_not("%s: %s", directory, strerror(errno));
        hm_fd_close(&again);
        return err;
    }
    size_t entries = 0;
    while (readdir(listing)) entries++;
    closedir(listing);
    return entries <= 2 ? HM_OK : hm_misuse("%s: is not empty (an office needs a folder of its own)", directory);
}

/* The folder must be new or empty, and ours alone while we fill it: nothing of anybody's is mixed with an office, and
 * what is removed when it cannot be finished is what this process made. */
static hm_err take_folder(const char *directory, int *dirfd) {
    HM_TRY(hm_folder_make(directory, 0700));
    HM_TRY(hm_folder_open(AT_FDCWD, directory, dirfd));
    if (flock(*dirfd, LOCK_EX | LOCK_NB) != 0)
        return hm_could_not("%s: another hallmark is making an office there at this moment", directory);
    struct stat st;
    if (fstat(*dirfd, &st) != 0) return hm_could_not("%s: %s", directory, strerror(errno));
    if (st.st_uid != geteuid()) return hm_refuse("%s: belongs to somebody else", directory);
    HM_TRY(check_empty(directory, *dirfd));
    if (fchmod(*dirfd, 0700) != 0) return hm_could_not("%s: %s", directory, strerror(errno));
    return HM_OK;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

/* A name for the log that is unique and that people recognise (C2SP: a URL without scheme, or anything like it). */
static hm_err make_origin(const uint8_t uuid[static 16], hm_buf *origin) {
    char text[HM_UUID_TEXT];
    hm_uuid_text(uuid, text);
    return hm_put_format(origin, "hallmark.invalid/office/%s", text);
}

static hm_err make_token(hm_office *office) {
    if (strcmp(office->row.token, "softhsm") != 0) return HM_OK;
    HM_BUF folder = HM_BUF_EMPTY;
    const char *directory;
    HM_TRY(hm_office_path(office, "token", &folder, &directory));
    HM_TRY(hm_folder_make(directory, 0700));
    return hm_softhsm_create(directory, "hallmark");
}

static hm_err log_founding(hm_office *office) {
    char uuid[HM_UUID_TEXT];
    hm_uuid_text(office->row.uuid, uuid);
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_log_act(office, "office founded", &details);
    hm_json_bool(&json, "development", office->row.development);
    hm_json_string(&json, "office", uuid);
    hm_json_string(&json, "organization", office->row.organization);
    hm_json_number(&json, "time", office->row.created);
    hm_json_string(&json, "token", office->token_name);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_CEREMONY, .details = hm_buf_bytes(&details)};
    uint64_t index;
    return hm_log_append(office, &record, &index);
}

static hm_err found_office(hm_office *office, const hm_statement *founders) {
    HM_TRY(make_token(office));
    HM_TRY(hm_office_token(office));
    hm_token_info info;
    hm_token_describe(office->token, &info);
    office->row.development = info.software;
    HM_TRY(hm_store_begin(office->store));
    HM_TRY(hm_store_put_office(office->store, &office->row));
    HM_TRY(log_founding(office));
    if (founders) HM_TRY(hm_statements_found(office, founders));
    HM_TRY(hm_store_commit(office->store));
    HM_TRY(hm_ceremony_root(office));
    HM_TRY(hm_log_publish(office, NULL));
    HM_BUF trust = HM_BUF_EMPTY;
    HM_TRY(hm_office_trust(office, &trust));
    return hm_file_write(office->dirfd, "trust.pem", hm_buf_bytes(&trust), 0644);
}

static hm_err fill_office(const hm_office_plan *plan, hm_session *session, hm_office *office, hm_buf *origin) {
    memset(office, 0, sizeof *office);
    hm_session_init(session, getuid());
    office->session = session;
    office->directory = plan->directory;
    office->dirfd = office->log_dirfd = -1;
    HM_TRY(hm_folder_open(AT_FDCWD, plan->directory, &office->dirfd));
    if (mkdirat(office->dirfd, "log", 0755) != 0) return hm_could_not("%s/log: %s", plan->directory, strerror(errno));
    HM_TRY(hm_folder_open(office->dirfd, "log", &office->log_dirfd));
    HM_BUF path = HM_BUF_EMPTY;
    const char *database;
    HM_TRY(hm_office_path(office, "office.db", &path, &database));
    HM_TRY(hm_store_create(database));
    HM_TRY(hm_store_open(database, &office->store));
    HM_TRY(hm_uuid_random(office->row.uuid));
    HM_TRY(make_origin(office->row.uuid, origin));
    HM_TRY(hm_buf_string(origin, &office->row.origin));
    office->row.organization = plan->organization;
    office->row.token = plan->token;
    office->row.pin_path = plan->pin_path ? plan->pin_path : "";
    office->row.created = hm_now();
    return HM_OK;
}

hm_err hm_office_create(const hm_office_plan *plan) {
    HM_TRY(check_plan(plan));
    HM_TRY(hm_crypto_begin_with_modules());
    HM_FD folder = -1;
    HM_TRY(take_folder(plan->directory, &folder));
    hm_session session;
    hm_office office = {.dirfd = -1};
    HM_BUF origin = HM_BUF_EMPTY;
    hm_err err = fill_office(plan, &session, &office, &origin);
    if (!hm_failed(err)) err = found_office(&office, plan->founders);
    hm_office_close(&office);
    if (hm_failed(err)) nftw(plan->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return err;
}
