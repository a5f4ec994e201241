/* Shared by the files of this layer only. */
#ifndef HM_STORE_PRIVATE_H
#define HM_STORE_PRIVATE_H

#include <store/store.h>

#include <sqlite3.h>

/* Statements that are prepared once and used again. */
typedef enum {
    SQL_BEGIN,
    SQL_SNAPSHOT,
    SQL_DATA_VERSION,
    SQL_PUT_ANSWER,
    SQL_GET_ANSWER,
    SQL_FORGET_ANSWERS,
    SQL_COMMIT,
    SQL_APPEND,
    SQL_LOG_SIZE,
    SQL_ENTRIES,
    SQL_ENTRY,
    SQL_ENTRIES_TAGGED,
    SQL_LAST_TAGGED,
    SQL_GET_HEAD,
    SQL_PUT_HEAD,
    SQL_PUT_OFFICE,
    SQL_OWN_TOKEN,
    SQL_REPLACE_KEY,
    SQL_GET_OFFICE,
    SQL_ADD_PRODUCT,
    SQL_PRODUCTS,
    SQL_ADD_KEY,
    SQL_SET_CERTIFICATE,
    SQL_KEYS,
    SQL_COUNT
} hm_sql;

struct hm_store {
    sqlite3 *db;
    uint64_t next_index; /* inside a transaction: where the next entry goes */
    bool next_index_known;
    bool snapshot;     /* is read, not a transaction */
    uint64_t appended; /* entries, in this session */
    int journal_pages; /* that wait to be folded into the database, as far as this session knows */
    sqlite3_stmt *prepared[SQL_COUNT];
};

/* A prepared statement, reset and without bindings. */
HM_MUST_USE hm_err hm_sql_prepare(hm_store *store, hm_sql which, sqlite3_stmt **statement);
/* One step. *ROW says whether there is a row. */
HM_MUST_USE hm_err hm_sql_step(hm_store *store, sqlite3_stmt *statement, bool *row);
/* For statements that give no row. */
HM_MUST_USE hm_err hm_sql_run(hm_store *store, sqlite3_stmt *statement);
/* What SQLite says: a disk that is full ends a transaction without being asked. */
bool hm_sql_in_transaction(const hm_store *store);
HM_MUST_USE hm_err hm_sql_fault(hm_store *store, const char *what);

/* What comes from the file is data, whatever its schema says. */
void hm_sql_harden(sqlite3 *db);
void hm_sql_bind(sqlite3_stmt *statement, int at, hm_bytes blob);
/* A view of a column, valid until the next step. */
hm_bytes hm_sql_column(sqlite3_stmt *statement, int at);
HM_MUST_USE hm_err hm_sql_column_fixed(sqlite3_stmt *statement, int at, void *to, size_t len);

#endif
