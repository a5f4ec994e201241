/* Copies of a database, and whether one is whole. */
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static hm_err run_with_path(hm_store *store, const char *text, const char *path) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->db, text, -1, &statement, NULL) != SQLITE_OK)
        return hm_sql_fault(store, "prepare a statement");
    sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    hm_err err = code == SQLITE_DONE ? HM_OK : hm_sql_fault(store, "be copied");
    sqlite3_finalize(statement);
    return err;
}

hm_err hm_store_copy(hm_store *store, const char *path) {
    /* SQLite takes an empty file, and would give one of its own the umask's permissions. */
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return hm_could_not("%s: %s", path, strerror(errno));
    hm_err err = run_with_path(store, "VACUUM INTO ?1", path);
    if (!hm_failed(err) && fsync(fd) != 0) err = hm_could_not("%s: %s", path, strerror(errno));
    close(fd);
    return err;
}

hm_err hm_store_check(hm_store *store) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->db, "PRAGMA integrity_check(1)", -1, &statement, NULL) != SQLITE_OK)
        return hm_sql_fault(store, "be checked");
    hm_err err = HM_OK;
    if (sqlite3_step(statement) != SQLITE_ROW) {
        err = hm_sql_fault(store, "be checked");
    } else {
        const char *found = (const char *)sqlite3_column_text(statement, 0);
        if (!found || strcmp(found, "ok") != 0)
            err = hm_refuse("office.db is damaged: %.200s (restore it from a backup)", found ? found : "no answer");
    }
    sqlite3_finalize(statement);
    return err;
}

hm_err hm_store_adopt(hm_store *store) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(store->db, "PRAGMA journal_mode=WAL", -1, &statement, NULL) != SQLITE_OK)
        return hm_sql_fault(store, "be opened");
    bool done =
        sqlite3_step(statement) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    sqlite3_finalize(statement);
    return done ? HM_OK : hm_sql_fault(store, "get a journal");
}
