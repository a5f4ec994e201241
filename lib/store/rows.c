/* The office, its products and its keys. */
#include "private.h"

hm_err hm_store_put_office(hm_store *store, const hm_office_row *office) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_PUT_OFFICE, &s));
    hm_sql_bind(s, 1, HM_ARRAY(office->uuid));
    sqlite3_bind_text(s, 2, office->organization, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, office->token, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, office->pin_path, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 5, office->origin, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 6, office->development);
    sqlite3_bind_int64(s, 7, office->created);
    return hm_sql_run(store, s);
}

/* Copy a text column with its terminator behind what STORAGE holds; its place, because STORAGE may still move. */
static hm_err keep_text(sqlite3_stmt *s, int column, hm_buf *storage, size_t *at) {
    *at = storage->len;
    HM_TRY(hm_put(storage, hm_sql_column(s, column)));
    return hm_put_u8(storage, 0);
}

hm_err hm_store_get_office(hm_store *store, hm_buf *storage, hm_office_row *office) {
    sqlite3_stmt *s;
    bool row;
    size_t at[4];
    HM_TRY(hm_sql_prepare(store, SQL_GET_OFFICE, &s));
    HM_TRY(hm_sql_step(store, s, &row));
    if (!row) return hm_could_not("the office was never finished (remove its folder and run hallmark init again)");
    hm_err err = hm_sql_column_fixed(s, 0, office->uuid, sizeof office->uuid);
    for (int i = 0; i < 4 && !hm_failed(err); i++) err = keep_text(s, i + 1, storage, &at[i]);
    office->development = sqlite3_column_int(s, 5) != 0;
    office->created = sqlite3_column_int64(s, 6);
    sqlite3_reset(s);
    HM_TRY(err);
    const char *text = (const char *)storage->data;
    office->organization = &text[at[0]];
    office->token = &text[at[1]];
    office->pin_path = &text[at[2]];
    office->origin = &text[at[3]];
    return HM_OK;
}

hm_err hm_store_take_own_token(hm_store *store) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_OWN_TOKEN, &s));
    return hm_sql_run(store, s);
}

hm_err hm_store_replace_key(hm_store *store, int64_t key, hm_bytes spki) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_REPLACE_KEY, &s));
    sqlite3_bind_int64(s, 1, key);
    hm_sql_bind(s, 2, spki);
    HM_TRY(hm_sql_run(store, s));
    return sqlite3_changes(store->db) == 1 ? HM_OK : hm_could_not("the database holds no key %lld", (long long)key);
}

hm_err hm_store_add_product(hm_store *store, const hm_product_row *product, int64_t *id) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_ADD_PRODUCT, &s));
    sqlite3_bind_text64(s, 1, (const char *)product->name.data, product->name.len, SQLITE_STATIC, SQLITE_UTF8);
    hm_sql_bind(s, 2, HM_ARRAY(product->vendor));
    hm_sql_bind(s, 3, HM_ARRAY(product->class));
    sqlite3_bind_int64(s, 4, product->algorithms);
    sqlite3_bind_int64(s, 5, product->created);
    HM_TRY(hm_sql_run(store, s));
    *id = sqlite3_last_insert_rowid(store->db);
    return HM_OK;
}

static hm_err read_product(sqlite3_stmt *s, hm_product_row *product) {
    product->id = sqlite3_column_int64(s, 0);
    product->name = hm_sql_column(s, 1);
    HM_TRY(hm_sql_column_fixed(s, 2, product->vendor, sizeof product->vendor));
    HM_TRY(hm_sql_column_fixed(s, 3, product->class, sizeof product->class));
    product->algorithms = (uint32_t)sqlite3_column_int64(s, 4);
    product->created = sqlite3_column_int64(s, 5);
    return HM_OK;
}

hm_err hm_store_products(hm_store *store, const hm_bytes *name, hm_product_visit visit, void *context, size_t *found) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_PRODUCTS, &s));
    if (name) sqlite3_bind_text64(s, 1, (const char *)name->data, name->len, SQLITE_STATIC, SQLITE_UTF8);
    bool row;
    for (*found = 0;; ++*found) {
        HM_TRY(hm_sql_step(store, s, &row));
        if (!row) return HM_OK;
        hm_product_row product;
        hm_err err = read_product(s, &product);
        if (!hm_failed(err)) err = visit(context, &product);
        if (hm_failed(err)) {
            sqlite3_reset(s);
            return err;
        }
    }
}

hm_err hm_store_add_key(hm_store *store, const hm_key_row *key, int64_t *id) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_ADD_KEY, &s));
    sqlite3_bind_int64(s, 1, key->product);
    sqlite3_bind_int(s, 2, (int)key->role);
    sqlite3_bind_int(s, 3, key->algorithm);
    hm_sql_bind(s, 4, HM_ARRAY(key->token_id));
    hm_sql_bind(s, 5, key->spki);
    hm_sql_bind(s, 6, key->certificate);
    hm_sql_bind(s, 7, key->chain);
    sqlite3_bind_int(s, 8, key->imported_chain);
    sqlite3_bind_int64(s, 9, key->not_after);
    sqlite3_bind_int64(s, 10, key->created);
    sqlite3_bind_text64(s, 11, key->release.len ? (const char *)key->release.data : "", key->release.len, SQLITE_STATIC,
                        SQLITE_UTF8);
    sqlite3_bind_int(s, 12, key->imported);
    HM_TRY(hm_sql_run(store, s));
    *id = sqlite3_last_insert_rowid(store->db);
    return HM_OK;
}

hm_err hm_store_set_certificate(hm_store *store, int64_t key, hm_bytes certificate, hm_bytes chain, bool imported,
                                int64_t not_after) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_SET_CERTIFICATE, &s));
    sqlite3_bind_int64(s, 1, key);
    hm_sql_bind(s, 2, certificate);
    hm_sql_bind(s, 3, chain);
    sqlite3_bind_int(s, 4, imported);
    sqlite3_bind_int64(s, 5, not_after);
    HM_TRY(hm_sql_run(store, s));
    if (sqlite3_changes(store->db) != 1) return hm_could_not("the office's database holds no key %lld", (long long)key);
    return HM_OK;
}

static hm_err read_key(sqlite3_stmt *s, hm_key_row *key) {
    key->id = sqlite3_column_int64(s, 0);
    key->product = sqlite3_column_int64(s, 1);
    key->role = (hm_key_role)sqlite3_column_int(s, 2);
    key->algorithm = sqlite3_column_int(s, 3);
    HM_TRY(hm_sql_column_fixed(s, 4, key->token_id, sizeof key->token_id));
    key->spki = hm_sql_column(s, 5);
    key->certificate = hm_sql_column(s, 6);
    key->chain = hm_sql_column(s, 7);
    key->imported_chain = sqlite3_column_int(s, 8) != 0;
    key->not_after = sqlite3_column_int64(s, 9);
    key->created = sqlite3_column_int64(s, 10);
    key->release = hm_sql_column(s, 11);
    key->imported = sqlite3_column_int(s, 12) != 0;
    return HM_OK;
}

hm_err hm_store_keys(hm_store *store, int64_t product, int role, int algorithm, hm_key_visit visit, void *context,
                     size_t *found) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_KEYS, &s));
    sqlite3_bind_int64(s, 1, product);
    sqlite3_bind_int(s, 2, role);
    sqlite3_bind_int(s, 3, algorithm);
    bool row;
    for (*found = 0;; ++*found) {
        HM_TRY(hm_sql_step(store, s, &row));
        if (!row) return HM_OK;
        hm_key_row key;
        hm_err err = read_key(s, &key);
        if (!hm_failed(err)) err = visit(context, &key);
        if (hm_failed(err)) {
            sqlite3_reset(s);
            return err;
        }
    }
}

hm_err hm_store_put_answer(hm_store *store, const uint8_t name[static 32], hm_bytes body, int64_t time) {
    sqlite3_stmt *s;
    if (!hm_sql_in_transaction(store)) return hm_could_not("an answer is kept outside a transaction");
    HM_TRY(hm_sql_prepare(store, SQL_PUT_ANSWER, &s));
    hm_sql_bind(s, 1, HM_BYTES(name, 32));
    hm_sql_bind(s, 2, body);
    sqlite3_bind_int64(s, 3, time);
    return hm_sql_run(store, s);
}

hm_err hm_store_get_answer(hm_store *store, const uint8_t name[static 32], hm_buf *body, bool *found) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_GET_ANSWER, &s));
    hm_sql_bind(s, 1, HM_BYTES(name, 32));
    HM_TRY(hm_sql_step(store, s, found));
    hm_err err = *found ? hm_put(body, hm_sql_column(s, 0)) : HM_OK;
    sqlite3_reset(s);
    return err;
}

hm_err hm_store_forget_answers(hm_store *store, int64_t time) {
    sqlite3_stmt *s;
    HM_TRY(hm_sql_prepare(store, SQL_FORGET_ANSWERS, &s));
    sqlite3_bind_int64(s, 1, time);
    return hm_sql_run(store, s);
}
