/* What the tests of lib/store share: a folder for each test with a store in it, and SQLite itself to spoil that. */
#ifndef HM_STORE_TEST_H
#define HM_STORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "private.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define assert_done(expression)                                                                                        \
    do {                                                                                                               \
        if (hm_failed(expression)) fail_msg("%s: %s", #expression, hm_err_sentence());                                 \
    } while (0)
/* A fault of the third class whose sentence holds WORDS. */
#define assert_could_not(expression, words)                                                                            \
    do {                                                                                                               \
        hm_err could_not_err = (expression);                                                                           \
        if (could_not_err.class != HM_COULD_NOT) fail_msg("%s: class %d", #expression, could_not_err.class);           \
        if (!strstr(hm_err_sentence(), (words))) fail_msg("\"%s\" does not say \"%s\"", hm_err_sentence(), (words));   \
    } while (0)

#define LITERAL(literal) HM_BYTES(literal, sizeof(literal) - 1)
#define STORE __attribute__((cleanup(hm_store_close))) hm_store

typedef struct {
    char folder[64];
    char path[80];
    hm_store *store;
} fixture;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)type, (void)at;
    return remove(path);
}

static inline int make_store(void **state) {
    fixture *f = calloc(1, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "/tmp/hallmark-store-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/office.db", f->folder);
    assert_done(hm_store_create(f->path));
    assert_done(hm_store_open(f->path, &f->store));
    *state = f;
    return 0;
}

static inline int remove_store(void **state) {
    fixture *f = *state;
    hm_store_close(&f->store);
    int result = nftw(f->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return result;
}

/* What nobody does through the layer. */
static inline void sql(const fixture *f, const char *text) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s: %s", text, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static inline hm_entry_row entry_of(const char *leaf) {
    return (hm_entry_row){.leaf = hm_text(leaf), .salt = LITERAL("salt"), .details = LITERAL("{}"), .tag = 7};
}

/* One entry in a transaction of its own. */
static inline hm_err append(hm_store *store, const char *leaf, uint64_t *index) {
    hm_entry_row entry = entry_of(leaf);
    HM_TRY(hm_store_begin(store));
    hm_err err = hm_store_append(store, &entry, index);
    if (!hm_failed(err)) return hm_store_commit(store);
    hm_store_rollback(store);
    return err;
}

static inline uint64_t log_size(hm_store *store) {
    uint64_t size;
    assert_done(hm_store_log_size(store, &size));
    return size;
}

/* A visitor that is told after how many rows to fail. */
typedef struct {
    size_t seen, fail_at; /* 0: never */
} counter;

static inline hm_err count_up(counter *count) {
    count->seen++;
    return count->seen == count->fail_at ? hm_refuse("the visitor has seen enough") : HM_OK;
}

static inline hm_err count_entry(void *context, const hm_entry_row *entry) {
    (void)entry;
    return count_up(context);
}

static inline hm_err count_product(void *context, const hm_product_row *product) {
    (void)product;
    return count_up(context);
}

static inline hm_err count_key(void *context, const hm_key_row *key) {
    (void)key;
    return count_up(context);
}

static const hm_office_row some_office = {.uuid = "0123456789abcde",
                                          .organization = "Example",
                                          .token = "softhsm",
                                          .pin_path = "",
                                          .origin = "example.com/log",
                                          .development = true,
                                          .created = 1790000000};

static inline hm_product_row product_of(const char *name) {
    return (hm_product_row){.name = hm_text(name), .vendor = "vendor", .class = "class", .algorithms = 2, .created = 5};
}

/* A key that differs from others in its id and public key. */
static inline hm_key_row key_of(int64_t product, hm_key_role role, int algorithm, const char *name) {
    hm_key_row key = {.product = product, .role = role, .algorithm = algorithm, .spki = hm_text(name), .created = 9};
    snprintf((char *)key.token_id, sizeof key.token_id, "%s", name);
    return key;
}

/* Some of everything. */
static inline void fill(hm_store *store) {
    int64_t id;
    uint64_t index;
    hm_product_row product = product_of("pump");
    hm_key_row log = key_of(0, HM_KEY_ROLE_LOG, 5, "log key"), signing = key_of(1, HM_KEY_ROLE_SIGNING, 1, "signing key");
    assert_done(hm_store_put_office(store, &some_office));
    assert_done(hm_store_add_product(store, &product, &id));
    assert_done(hm_store_add_key(store, &log, &id));
    assert_done(hm_store_add_key(store, &signing, &id));
    assert_done(hm_store_set_certificate(store, id, LITERAL("certificate"), LITERAL("chain"), true, 99));
    for (int i = 0; i < 40; i++) assert_done(append(store, "a leaf of a few octets, and some more of them", &index));
    assert_done(hm_store_put_head(store, LITERAL("edge"), LITERAL("note")));
}

#endif
