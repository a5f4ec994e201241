#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Pages that the journal may have: who opens the database next reads them all. A session that has appended LONG_SESSION
 * entries is a long one, and folds the journal seldom. */
enum { BUSY_MILLISECONDS = 60000, JOURNAL_PAGES = 100, LONG_JOURNAL_PAGES = 4000, LONG_SESSION = 1024, SCHEMA = 5 };

/* Of a product, a role and an algorithm there may be several, one after the other. */
#define KEY_TABLE                                                                                                      \
    "CREATE TABLE key(id INTEGER PRIMARY KEY, product INTEGER NOT NULL, role INTEGER NOT NULL,"                        \
    " algorithm INTEGER NOT NULL, token_id BLOB NOT NULL UNIQUE, spki BLOB NOT NULL UNIQUE,"                           \
    " certificate BLOB NOT NULL, chain BLOB NOT NULL, imported INTEGER NOT NULL, not_after INTEGER NOT NULL,"          \
    " created INTEGER NOT NULL, release TEXT NOT NULL DEFAULT '', origin INTEGER NOT NULL DEFAULT 0);"

static const char schema[] =
    "PRAGMA journal_mode=WAL;"
    "BEGIN;"
    "CREATE TABLE office(id INTEGER PRIMARY KEY CHECK(id=1), uuid BLOB NOT NULL, organization TEXT NOT NULL,"
    " token TEXT NOT NULL, pin_path TEXT NOT NULL, origin TEXT NOT NULL, development INTEGER NOT NULL,"
    " created INTEGER NOT NULL);"
    "CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, vendor BLOB NOT NULL,"
    " class BLOB NOT NULL, algorithms INTEGER NOT NULL, created INTEGER NOT NULL);" KEY_TABLE
    "CREATE TABLE entry(idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL, salt BLOB NOT NULL, details BLOB NOT NULL,"
    " tag INTEGER NOT NULL);"
    "CREATE INDEX entry_tag ON entry(tag) WHERE tag<>0;"
    "CREATE TABLE head(id INTEGER PRIMARY KEY CHECK(id=1), edge BLOB NOT NULL, checkpoint BLOB NOT NULL);"
    "CREATE TABLE answer(name BLOB PRIMARY KEY, body BLOB NOT NULL, time INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version=5;"
    "COMMIT;";

static const char *const sql_text[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_SNAPSHOT] = "BEGIN",
    [SQL_DATA_VERSION] = "PRAGMA data_version",
    [SQL_PUT_ANSWER] = "INSERT OR REPLACE INTO answer(name,body,time) VALUES(?1,?2,?3)",
    [SQL_GET_ANSWER] = "SELECT body FROM answer WHERE name=?1",
    [SQL_FORGET_ANSWERS] = "DELETE FROM answer WHERE time<?1",
    [SQL_COMMIT] = "COMMIT",
    [SQL_APPEND] = "INSERT INTO entry(idx,leaf,salt,details,tag) VALUES(?1,?2,?3,?4,?5)",
    [SQL_LOG_SIZE] = "SELECT idx+1 FROM entry ORDER BY idx DESC LIMIT 1",
    [SQL_ENTRIES] = "SELECT idx,leaf,salt,details,tag FROM entry WHERE idx>=?1 ORDER BY idx LIMIT ?2",
    [SQL_ENTRY] = "SELECT idx,leaf,salt,details,tag FROM entry WHERE idx=?1",
    [SQL_ENTRIES_TAGGED] = "SELECT idx,leaf,salt,details,tag FROM entry WHERE tag=?1 AND tag<>0 AND idx>=?2"
                           " ORDER BY idx",
    [SQL_LAST_TAGGED] = "SELECT idx,leaf,salt,details,tag FROM entry WHERE tag=?1 AND tag<>0 ORDER BY idx DESC LIMIT 1",
    [SQL_GET_HEAD] = "SELECT edge,checkpoint FROM head WHERE id=1",
    [SQL_PUT_HEAD] = "INSERT OR REPLACE INTO head(id,edge,checkpoint) VALUES(1,?1,?2)",
    [SQL_PUT_OFFICE] = "INSERT INTO office(id,uuid,organization,token,pin_path,origin,development,created)"
                       " VALUES(1,?1,?2,?3,?4,?5,?6,?7)",
    [SQL_OWN_TOKEN] = "UPDATE office SET token='softhsm',pin_path=''",
    [SQL_REPLACE_KEY] = "UPDATE key SET spki=?2,certificate=x'',chain=x'',imported=0,not_after=0 WHERE id=?1",
    [SQL_GET_OFFICE] = "SELECT uuid,organization,token,pin_path,origin,development,created FROM office WHERE id=1",
    [SQL_ADD_PRODUCT] = "INSERT INTO product(name,vendor,class,algorithms,created) VALUES(?1,?2,?3,?4,?5)",
    [SQL_PRODUCTS] = "SELECT id,name,vendor,class,algorithms,created FROM product WHERE ?1 IS NULL OR name=?1"
                     " ORDER BY id",
    [SQL_ADD_KEY] = "INSERT INTO key(product,role,algorithm,token_id,spki,certificate,chain,imported,not_after,"
                    "created,release,origin) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    [SQL_SET_CERTIFICATE] = "UPDATE key SET certificate=?2,chain=?3,imported=?4,not_after=?5 WHERE id=?1",
    [SQL_KEYS] =
        "SELECT id,product,role,algorithm,token_id,spki,certificate,chain,imported,not_after,created,"
        "release,origin FROM key WHERE (?1<0 OR product=?1) AND (?2=0 OR role=?2) AND (?3=0 OR algorithm=?3) ORDER BY id",
};

hm_err hm_sql_fault(hm_store *store, const char *what) {
    int code = sqlite3_errcode(store->db);
    const char *advice = code == SQLITE_BUSY   ? " (another process holds it; try again)"
                         : code == SQLITE_FULL ? " (the disk is full)"
                         : code == SQLITE_CORRUPT || code == SQLITE_NOTADB
                             ? " (it is damaged; restore it from a backup)"
                             : "";
    return hm_could_not("the office's database cannot %s: %s%s", what, sqlite3_errmsg(store->db), advice);
}

hm_err hm_sql_prepare(hm_store *store, hm_sql which, sqlite3_stmt **statement) {
    sqlite3_stmt **slot = &store->prepared[which];
    if (!*slot &&
        sqlite3_prepare_v3(store->db, sql_text[which], -1, SQLITE_PREPARE_PERSISTENT, slot, NULL) != SQLITE_OK)
        return hm_sql_fault(store, "prepare a statement");
    sqlite3_reset(*slot);
    sqlite3_clear_bindings(*slot);
    *statement = *slot;
    return HM_OK;
}

hm_err hm_sql_step(hm_store *store, sqlite3_stmt *statement, bool *row) {
    int code = sqlite3_step(statement);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW) return HM_OK;
    hm_err err = code == SQLITE_DONE ? HM_OK : hm_sql_fault(store, "be used");
    sqlite3_reset(statement);
    return err;
}

hm_err hm_sql_run(hm_store *store, sqlite3_stmt *statement) {
    bool row;
    HM_TRY(hm_sql_step(store, statement, &row));
    sqlite3_reset(statement);
    return HM_OK;
}

bool hm_sql_in_transaction(const hm_store *store) { return !sqlite3_get_autocommit(store->db) && !store->snapshot; }

void hm_sql_bind(sqlite3_stmt *statement, int at, hm_bytes blob) {
    /* A NULL pointer would bind SQL NULL; an empty blob is a value. */
    if (!blob.len)
        sqlite3_bind_zeroblob(statement, at, 0);
    else
        sqlite3_bind_blob64(statement, at, blob.data, blob.len, SQLITE_STATIC);
}

hm_bytes hm_sql_column(sqlite3_stmt *statement, int at) {
    const void *data = sqlite3_column_blob(statement, at);
    return HM_BYTES(data, (size_t)sqlite3_column_bytes(statement, at));
}

hm_err hm_sql_column_fixed(sqlite3_stmt *statement, int at, void *to, size_t len) {
    hm_bytes value = hm_sql_column(statement, at);
    if (value.len != len) return hm_could_not("the office's database holds a field of the wrong length");
    memcpy(to, value.data, len);
    return HM_OK;
}

/* The journal is folded into the database when it has grown, not at every close: a run that appends two entries should
 * not pay for that. Called behind every commit; what cannot be folded now stays in the journal, which is no fault. */
static int fold_journal(void *context, sqlite3 *db, const char *name, int pages) {
    hm_store *store = context;
    int folded = 0;
    store->journal_pages = pages;
    if (pages < (store->appended < LONG_SESSION ? JOURNAL_PAGES : LONG_JOURNAL_PAGES)) return SQLITE_OK;
    if (sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, &pages, &folded) == SQLITE_OK && pages == folded)
        store->journal_pages = 0;
    return SQLITE_OK;
}

/* What a long session leaves is folded and cut off, unless somebody else is at it. */
static void fold_at_close(hm_store *store) {
    if (store->journal_pages < JOURNAL_PAGES) return;
    sqlite3_busy_timeout(store->db, 0);
    (void)sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

void hm_sql_harden(sqlite3 *db) {
    sqlite3_busy_timeout(db, BUSY_MILLISECONDS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

static void settle(hm_store *store) {
    sqlite3 *db = store->db;
    hm_sql_harden(db);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_wal_hook(db, fold_journal, store);
}

static hm_err open_database(const char *path, int flags, hm_store **store) {
    hm_store *fresh = calloc(1, sizeof *fresh);
    if (!fresh) return hm_no_memory();
    sqlite3_initialize();
    int code = sqlite3_open_v2(path, &fresh->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    hm_err err = HM_OK;
    if (!fresh->db)
        err = hm_no_memory();
    else if (code != SQLITE_OK)
        err = hm_could_not("%s: %s", path, sqlite3_errmsg(fresh->db));
    if (hm_failed(err))
        hm_store_close(&fresh);
    else
        settle(fresh);
    *store = fresh;
    return err;
}

hm_err hm_store_create(const char *path) {
    /* SQLite would give the file the umask's permissions: make it ours first. */
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) return hm_could_not("%s: %s", path, strerror(errno));
    close(fd);
    __attribute__((cleanup(hm_store_close))) hm_store *store = NULL;
    HM_TRY(open_database(path, SQLITE_OPEN_READWRITE, &store));
    if (sqlite3_exec(store->db, schema, NULL, NULL, NULL) != SQLITE_OK) return hm_sql_fault(store, "be created");
    return HM_OK;
}

static const char upgrade[] = "BEGIN IMMEDIATE;"
                              "CREATE TABLE IF NOT EXISTS answer(name BLOB PRIMARY KEY, body BLOB NOT NULL,"
                              " time INTEGER NOT NULL) WITHOUT ROWID;"
                              "ALTER TABLE key RENAME TO key_before;" KEY_TABLE
                              "INSERT INTO key(id,product,role,algorithm,token_id,spki,certificate,chain,imported,"
                              "not_after,created) SELECT id,product,role,algorithm,token_id,spki,certificate,chain,"
                              "imported,not_after,created FROM key_before;"
                              "DROP TABLE key_before;"
                              "PRAGMA user_version=5;"
                              "COMMIT;";
static const char upgrade_3[] = "BEGIN IMMEDIATE;"
                                "ALTER TABLE key ADD COLUMN release TEXT NOT NULL DEFAULT '';"
                                "ALTER TABLE key ADD COLUMN origin INTEGER NOT NULL DEFAULT 0;"
                                "PRAGMA user_version=5;"
                                "COMMIT;";
static const char upgrade_4[] = "BEGIN IMMEDIATE;"
                                "ALTER TABLE key ADD COLUMN origin INTEGER NOT NULL DEFAULT 0;"
                                "PRAGMA user_version=5;"
                                "COMMIT;";

static hm_err check_schema(hm_store *store, const char *path) {
    sqlite3_stmt *statement = NULL;
    int version = -1;
    if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        version = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    if (version < 0) return hm_sql_fault(store, "be read");
    /* Of before answers were kept, or keys were followed by others; or were a release's; or were imported. */
    const char *newer = version == 1 || version == 2 ? upgrade
                        : version == 3               ? upgrade_3
                        : version == 4               ? upgrade_4
                                                     : NULL;
    if (newer)
        return sqlite3_exec(store->db, newer, NULL, NULL, NULL) == SQLITE_OK ? HM_OK : hm_sql_fault(store, "be opened");
    if (version != SCHEMA)
        return hm_could_not("%s: made by another version of Hallmark (schema %d, this one knows %d)", path, version,
                            SCHEMA);
    return HM_OK;
}

hm_err hm_store_open(const char *path, hm_store **store) {
    __attribute__((cleanup(hm_store_close))) hm_store *fresh = NULL;
    HM_TRY(open_database(path, SQLITE_OPEN_READWRITE, &fresh));
    if (sqlite3_exec(fresh->db, "PRAGMA synchronous=FULL", NULL, NULL, NULL) != SQLITE_OK)
        return hm_sql_fault(fresh, "be opened");
    HM_TRY(check_schema(fresh, path));
    *store = fresh;
    fresh = NULL;
    return HM_OK;
}

void hm_store_close(hm_store **store) {
    if (!*store) return;
    for (size_t i = 0; i < SQL_COUNT; i++) sqlite3_finalize((*store)->prepared[i]);
    fold_at_close(*store);
    sqlite3_close((*store)->db);
    free(*store);
    *store = NULL;
}

int hm_store_version(hm_store *store) {
    sqlite3_stmt *statement;
    bool row;
    if (hm_failed(hm_sql_prepare(store, SQL_DATA_VERSION, &statement)) ||
        hm_failed(hm_sql_step(store, statement, &row)) || !row)
        return 0;
    int version = sqlite3_column_int(statement, 0);
    sqlite3_reset(statement);
    return version;
}

static bool run(hm_store *store, hm_sql which) {
    sqlite3_stmt *statement;
    return !hm_failed(hm_sql_prepare(store, which, &statement)) && !hm_failed(hm_sql_run(store, statement));
}

/* Reading without one is slower, and no fault. */
void hm_store_snapshot(hm_store *store) {
    if (sqlite3_get_autocommit(store->db)) store->snapshot = run(store, SQL_SNAPSHOT);
}

void hm_store_snapshot_end(hm_store *store) {
    if (!store->snapshot) return;
    bool ended = run(store, SQL_COMMIT);
    store->snapshot = false;
    if (!ended) hm_store_rollback(store);
}

hm_err hm_store_begin(hm_store *store) {
    sqlite3_stmt *statement;
    hm_store_snapshot_end(store);
    HM_TRY(hm_sql_prepare(store, SQL_BEGIN, &statement));
    HM_TRY(hm_sql_run(store, statement));
    store->next_index_known = false;
    return HM_OK;
}

hm_err hm_store_commit(hm_store *store) {
    sqlite3_stmt *statement;
    hm_err err = hm_sql_prepare(store, SQL_COMMIT, &statement);
    if (!hm_failed(err)) err = hm_sql_run(store, statement);
    if (hm_failed(err)) hm_store_rollback(store);
    return err;
}

void hm_store_rollback(hm_store *store) {
    if (hm_sql_in_transaction(store)) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}
