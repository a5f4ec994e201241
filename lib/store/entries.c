/* The log's entries and what has been published of them. */
#include "private.h"

hm_err hm_store_log_size(hm_store *store, uint64_t *size) {
    sqlite3_stmt *s;
    bool row;
    HM_TRY(hm_sql_prepare(store, SQL_LOG_SIZE, &s));
    HM_TRY(hm_sql_step(store, s, &row));
    *size = row ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
    sqlite3_reset(s);
    return HM_OK;
}

hm_err hm_store_append(hm_store *store, const hm_entry_row *entry, uint64_t *index) {
    if (!hm_sql_in_transaction(store)) return hm_could_not("an entry was to be appended outside a transaction");
    if (!store->next_index_known) HM_TRY(hm_store_log_size(store, &store->next_index));
    store->next_index_known = true;
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_APPEND, &s));
    sqlite3_bind_int64(s, 1, (sqlite3_int64)store->next_index);
    hm_sql_bind(s, 2, entry->leaf);
    hm_sql_bind(s, 3, entry->salt);
    hm_sql_bind(s, 4, entry->details);
    sqlite3_bind_int64(s, 5, (sqlite3_int64)entry->tag);
    HM_TRY(hm_sql_run(store, s));
    *index = store->next_index++;
    store->appended++;
    return HM_OK;
}

static hm_err visit_entries(hm_store *store, sqlite3_stmt *s, hm_entry_visit visit, void *context) {
    for (;;) {
        bool row;
        HM_TRY(hm_sql_step(store, s, &row));
        if (!row) return HM_OK;
        hm_entry_row entry = {
            .index = (uint64_t)sqlite3_column_int64(s, 0),
            .leaf = hm_sql_column(s, 1),
            .salt = hm_sql_column(s, 2),
            .details = hm_sql_column(s, 3),
            .tag = (uint64_t)sqlite3_column_int64(s, 4),
        };
        hm_err err = visit(context, &entry);
        if (hm_failed(err)) {
            sqlite3_reset(s);
            return err;
        }
    }
}

hm_err hm_store_entries(hm_store *store, uint64_t from, uint64_t count, hm_entry_visit visit, void *context) {
    sqlite3_stmt *s;
    if (from > INT64_MAX) return HM_OK; /* SQLite's numbers have a sign: no entry lies there */
    HM_TRY(hm_sql_prepare(store, SQL_ENTRIES, &s));
    sqlite3_bind_int64(s, 1, (sqlite3_int64)from);
    sqlite3_bind_int64(s, 2, count > INT64_MAX ? -1 : (sqlite3_int64)count);
    return visit_entries(store, s, visit, context);
}

hm_err hm_store_entry(hm_store *store, uint64_t index, hm_entry_visit visit, void *context) {
    sqlite3_stmt *s;
    if (index > INT64_MAX) return HM_OK;
    HM_TRY(hm_sql_prepare(store, SQL_ENTRY, &s));
    sqlite3_bind_int64(s, 1, (sqlite3_int64)index);
    return visit_entries(store, s, visit, context);
}

hm_err hm_store_entries_tagged_from(hm_store *store, uint64_t tag, uint64_t from, hm_entry_visit visit, void *context) {
    sqlite3_stmt *s;
    if (from > INT64_MAX) return HM_OK;
    HM_TRY(hm_sql_prepare(store, SQL_ENTRIES_TAGGED, &s));
    sqlite3_bind_int64(s, 1, (sqlite3_int64)tag);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)from);
    return visit_entries(store, s, visit, context);
}

hm_err hm_store_last_tagged(hm_store *store, uint64_t tag, hm_entry_visit visit, void *context) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_LAST_TAGGED, &s));
    sqlite3_bind_int64(s, 1, (sqlite3_int64)tag);
    return visit_entries(store, s, visit, context);
}

hm_err hm_store_entries_tagged(hm_store *store, uint64_t tag, hm_entry_visit visit, void *context) {
    return hm_store_entries_tagged_from(store, tag, 0, visit, context);
}

hm_err hm_store_get_head(hm_store *store, hm_buf *edge, hm_buf *checkpoint) {
    sqlite3_stmt *s;
    bool row;
    HM_TRY(hm_sql_prepare(store, SQL_GET_HEAD, &s));
    HM_TRY(hm_sql_step(store, s, &row));
    if (!row) return HM_OK;
    hm_err err = hm_put(edge, hm_sql_column(s, 0));
    if (!hm_failed(err)) err = hm_put(checkpoint, hm_sql_column(s, 1));
    sqlite3_reset(s);
    return err;
}

hm_err hm_store_put_head(hm_store *store, hm_bytes edge, hm_bytes checkpoint) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_PUT_HEAD, &s));
    hm_sql_bind(s, 1, edge);
    hm_sql_bind(s, 2, checkpoint);
    return hm_sql_run(store, s);
}
