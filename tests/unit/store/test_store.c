/* The file and its transactions: what is not a store, what is damaged, several processes, commits that fail. */
#include "store_test.h"

#include <base/file.h>

#include <fcntl.h>
#include <sys/stat.h>

static void creates_no_store_where_a_file_is(void **state) {
    fixture *f = *state;
    fill(f->store);
    assert_could_not(hm_store_create(f->path), "File exists");
    assert_int_equal(log_size(f->store), 40);
}

static void creates_no_store_in_a_folder_that_is_not_there(void **state) {
    (void)state;
    assert_could_not(hm_store_create("/nowhere/office.db"), "No such file");
}

static void creates_a_file_that_only_its_owner_can_read_whatever_the_umask(void **state) {
    fixture *f = *state;
    struct stat st;
    char path[100];
    snprintf(path, sizeof path, "%s/other.db", f->folder);
    mode_t before = umask(0);
    hm_err err = hm_store_create(path);
    umask(before);
    assert_done(err);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void opens_no_store_that_is_not_there(void **state) {
    fixture *f = *state;
    char path[100];
    hm_store *none = NULL;
    snprintf(path, sizeof path, "%s/other.db", f->folder);
    assert_could_not(hm_store_open(path, &none), "unable to open");
    assert_null(none);
    assert_int_equal(access(path, F_OK), -1);
}

/* Without fsync, which would cost the test a minute. */
static void write_file(const char *path, hm_bytes content) {
    HM_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_done(hm_fd_write(fd, content));
}

static void refuses_a_file_that_is_no_database(void **state) {
    fixture *f = *state;
    hm_store *none = NULL;
    uint8_t noise[8192];
    char path[100];
    memset(noise, 'x', sizeof noise);
    snprintf(path, sizeof path, "%s/noise.db", f->folder);
    write_file(path, HM_ARRAY(noise));
    assert_could_not(hm_store_open(path, &none), "not a database");
    assert_null(none);
}

static void refuses_an_empty_file(void **state) {
    fixture *f = *state;
    hm_store *none = NULL;
    char path[100];
    snprintf(path, sizeof path, "%s/empty.db", f->folder);
    write_file(path, HM_NO_BYTES);
    assert_could_not(hm_store_open(path, &none), "schema 0");
    assert_null(none);
}

static void refuses_the_schema_of_another_version(void **state) {
    fixture *f = *state;
    hm_store *none = NULL;
    sql(f, "PRAGMA user_version=6");
    assert_could_not(hm_store_open(f->path, &none), "another version of Hallmark");
    assert_null(none);
    sql(f, "PRAGMA user_version=-1");
    hm_err err = hm_store_open(f->path, &none);
    assert_int_equal(err.class, HM_COULD_NOT);
    assert_null(none);
}

/* The first schema kept no answers. */
static void takes_up_the_first_schema(void **state) {
    fixture *f = *state;
    static const uint8_t name[32] = {7};
    HM_BUF body = HM_BUF_EMPTY;
    bool found;
    sql(f, "DROP TABLE answer; PRAGMA user_version=1");
    hm_store_close(&f->store);
    assert_done(hm_store_open(f->path, &f->store));
    assert_could_not(hm_store_put_answer(f->store, name, LITERAL("a"), 100), "outside a transaction");
    assert_done(hm_store_begin(f->store));
    assert_done(hm_store_put_answer(f->store, name, LITERAL("a"), 100));
    assert_done(hm_store_put_answer(f->store, name, LITERAL("again"), 101));
    assert_done(hm_store_commit(f->store));
    assert_done(hm_store_get_answer(f->store, name, &body, &found));
    assert_true(found && hm_bytes_equal(hm_buf_bytes(&body), LITERAL("again")));
    assert_done(hm_store_forget_answers(f->store, 102));
    assert_done(hm_store_get_answer(f->store, name, &body, &found));
    assert_false(found);
}

/* The second had one key of a role and algorithm. */
static void takes_up_the_second_schema(void **state) {
    fixture *f = *state;
    int64_t id;
    size_t found;
    counter count = {0};
    hm_key_row first = key_of(1, HM_KEY_ROLE_SIGNING, 1, "first"), next = key_of(1, HM_KEY_ROLE_SIGNING, 1, "next");
    assert_done(hm_store_add_key(f->store, &first, &id));
    sql(f, "CREATE UNIQUE INDEX key_once ON key(product, role, algorithm); PRAGMA user_version=2");
    hm_store_close(&f->store);
    assert_done(hm_store_open(f->path, &f->store));
    assert_done(hm_store_add_key(f->store, &next, &id));
    assert_done(hm_store_keys(f->store, 1, HM_KEY_ROLE_SIGNING, 1, count_key, &count, &found));
    assert_int_equal(found, 2);
}

static hm_err check_release(void *context, const hm_key_row *key) {
    const char *const *expected = context;
    assert_true(hm_bytes_equal(key->release, hm_text(expected[key->id - 1])));
    return HM_OK;
}

/* The third had no keys that were one release's. */
static void takes_up_the_third_schema(void **state) {
    fixture *f = *state;
    int64_t id;
    size_t found;
    const char *expected[] = {"", "1.0"};
    hm_key_row first = key_of(1, HM_KEY_ROLE_SIGNING, 1, "first"), next = key_of(1, HM_KEY_ROLE_SIGNING, 1, "next");
    assert_done(hm_store_add_key(f->store, &first, &id));
    sql(f, "ALTER TABLE key DROP COLUMN release; ALTER TABLE key DROP COLUMN origin; PRAGMA user_version=3");
    hm_store_close(&f->store);
    assert_done(hm_store_open(f->path, &f->store));
    next.release = LITERAL("1.0");
    assert_done(hm_store_add_key(f->store, &next, &id));
    assert_done(hm_store_keys(f->store, 1, HM_KEY_ROLE_SIGNING, 1, check_release, expected, &found));
    assert_int_equal(found, 2);
}

static hm_err check_origin(void *context, const hm_key_row *key) {
    const bool *expected = context;
    assert_int_equal(key->imported, expected[key->id - 1]);
    return HM_OK;
}

/* The fourth had no keys that were imported. */
static void takes_up_the_fourth_schema(void **state) {
    fixture *f = *state;
    int64_t id;
    size_t found;
    bool expected[] = {false, true};
    hm_key_row first = key_of(1, HM_KEY_ROLE_SIGNING, 1, "first"), next = key_of(1, HM_KEY_ROLE_SIGNING, 1, "next");
    assert_done(hm_store_add_key(f->store, &first, &id));
    sql(f, "ALTER TABLE key DROP COLUMN origin; PRAGMA user_version=4");
    hm_store_close(&f->store);
    assert_done(hm_store_open(f->path, &f->store));
    next.imported = true;
    assert_done(hm_store_add_key(f->store, &next, &id));
    assert_done(hm_store_keys(f->store, 1, HM_KEY_ROLE_SIGNING, 1, check_origin, expected, &found));
    assert_int_equal(found, 2);
}

static void says_which_table_is_missing(void **state) {
    fixture *f = *state;
    uint64_t size;
    sql(f, "DROP TABLE entry");
    assert_could_not(hm_store_log_size(f->store, &size), "no such table: entry");
}

/* Everything that can be read. Data or a fault of the third class; which of them, the damage decides. */
static hm_err read_all(const char *path) {
    STORE *store = NULL;
    HM_BUF storage = HM_BUF_EMPTY, edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    hm_office_row office;
    counter count = {0};
    uint64_t size;
    size_t found;
    HM_TRY(hm_store_open(path, &store));
    HM_TRY(hm_store_get_office(store, &storage, &office));
    HM_TRY(hm_store_products(store, NULL, count_product, &count, &found));
    HM_TRY(hm_store_keys(store, -1, 0, 0, count_key, &count, &found));
    HM_TRY(hm_store_log_size(store, &size));
    HM_TRY(hm_store_entries(store, 0, UINT64_MAX, count_entry, &count));
    HM_TRY(hm_store_entries_tagged(store, 7, count_entry, &count));
    return hm_store_get_head(store, &edge, &note);
}

/* Flip one bit at every STEPth octet of NAME, with the rest of the store as it was. Returns how often that was a fault.
 */
static unsigned flip_octets(const fixture *f, const char *name, const char *other, size_t step) {
    HM_BUF content = HM_BUF_EMPTY, beside = HM_BUF_EMPTY;
    unsigned faults = 0;
    char shared[100];
    snprintf(shared, sizeof shared, "%s-shm", f->path);
    assert_done(hm_file_read(AT_FDCWD, name, 1 << 24, &content));
    if (access(other, F_OK) == 0) assert_done(hm_file_read(AT_FDCWD, other, 1 << 24, &beside));
    for (size_t at = 0; at < content.len; at += step) {
        content.data[at] ^= (uint8_t)(1u << at % 8);
        write_file(name, hm_buf_bytes(&content));
        write_file(other, hm_buf_bytes(&beside));
        unlink(shared);
        hm_err err = read_all(f->path);
        if (hm_failed(err) && err.class != HM_COULD_NOT) fail_msg("octet %zu: class %d", at, err.class);
        faults += hm_failed(err);
        content.data[at] ^= (uint8_t)(1u << at % 8);
    }
    return faults;
}

/* Primes, so that the octets fall everywhere in the pages. */
static size_t step_of(size_t sampled) { return getenv("HALLMARK_FULL") ? 1 : sampled; }

static void a_damaged_database_is_a_fault_or_data(void **state) {
    fixture *f = *state;
    char journal[100];
    snprintf(journal, sizeof journal, "%s-wal", f->path);
    fill(f->store);
    hm_store_close(&f->store);
    sql(f, "PRAGMA wal_checkpoint(TRUNCATE)");
    /* The header (100 octets) whole. */
    assert_done(read_all(f->path));
    assert_true(flip_octets(f, f->path, journal, step_of(53)) > 10);
}

static void a_damaged_journal_is_a_fault_or_data(void **state) {
    fixture *f = *state;
    char journal[100];
    struct stat st;
    snprintf(journal, sizeof journal, "%s-wal", f->path);
    fill(f->store);
    hm_store_close(&f->store);
    assert_done(read_all(f->path));
    assert_int_equal(stat(journal, &st), 0);
    assert_true(st.st_size > 10000);
    flip_octets(f, journal, f->path, step_of(401));
}

static void a_database_that_was_cut_off_is_a_fault_or_data(void **state) {
    fixture *f = *state;
    HM_BUF content = HM_BUF_EMPTY;
    fill(f->store);
    hm_store_close(&f->store);
    sql(f, "PRAGMA wal_checkpoint(TRUNCATE)");
    assert_done(hm_file_read(AT_FDCWD, f->path, 1 << 24, &content));
    size_t tried = 0, faults = 0;
    for (size_t len = 1; len < content.len; len += step_of(1021), tried++) {
        write_file(f->path, HM_BYTES(content.data, len));
        hm_err err = read_all(f->path);
        if (hm_failed(err) && err.class != HM_COULD_NOT) fail_msg("%zu octets: class %d", len, err.class);
        faults += hm_failed(err);
    }
    /* A page that only an index needs may be missed when it is used. */
    assert_true(faults > tried / 2);
    write_file(f->path, hm_buf_bytes(&content));
    assert_done(read_all(f->path));
}

/* In a process of its own, as a user who owns nothing; what it returns is the exit status. */
static int as_nobody(const fixture *f, int (*act)(const fixture *f)) {
    int status;
    pid_t pid = fork();
    if (pid == 0) _exit(setgid(65534) == 0 && setuid(65534) == 0 ? act(f) : 99);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int write_to_what_is_read_only(const fixture *f) {
    STORE *store = NULL;
    uint64_t index;
    hm_err err = hm_store_open(f->path, &store);
    if (!hm_failed(err)) err = append(store, "leaf", &index);
    return (int)err.class;
}

static void writes_nothing_to_a_file_that_is_read_only(void **state) {
    fixture *f = *state;
    fill(f->store);
    hm_store_close(&f->store);
    if (getuid() != 0) skip(); /* nobody to become */
    assert_int_equal(chmod(f->folder, 0755), 0);
    assert_int_equal(chmod(f->path, 0444), 0);
    assert_int_equal(as_nobody(f, write_to_what_is_read_only), HM_COULD_NOT);
    assert_done(hm_store_open(f->path, &f->store));
    assert_int_equal(log_size(f->store), 40);
}

static void commits_nothing_outside_a_transaction(void **state) {
    fixture *f = *state;
    assert_could_not(hm_store_commit(f->store), "no transaction");
}

static void begins_no_transaction_within_another(void **state) {
    fixture *f = *state;
    uint64_t index;
    assert_done(hm_store_begin(f->store));
    assert_could_not(hm_store_begin(f->store), "within a transaction");
    /* The first one goes on. */
    hm_entry_row entry = entry_of("leaf");
    assert_done(hm_store_append(f->store, &entry, &index));
    assert_done(hm_store_commit(f->store));
    assert_int_equal(log_size(f->store), 1);
}

static void a_rollback_leaves_nothing(void **state) {
    fixture *f = *state;
    uint64_t index;
    int64_t id;
    size_t found;
    counter count = {0};
    hm_product_row product = product_of("pump");
    hm_entry_row entry = entry_of("leaf");
    assert_done(hm_store_begin(f->store));
    assert_done(hm_store_append(f->store, &entry, &index));
    assert_done(hm_store_add_product(f->store, &product, &id));
    hm_store_rollback(f->store);
    hm_store_rollback(f->store); /* harmless */
    assert_int_equal(log_size(f->store), 0);
    assert_done(hm_store_products(f->store, NULL, count_product, &count, &found));
    assert_int_equal(found, 0);
}

static int say_no(void *context) {
    (void)context;
    return 1;
}

static void a_commit_that_fails_is_rolled_back(void **state) {
    fixture *f = *state;
    uint64_t index;
    assert_done(append(f->store, "before", &index));
    sqlite3_commit_hook(f->store->db, say_no, NULL);
    assert_could_not(append(f->store, "lost", &index), "database");
    sqlite3_commit_hook(f->store->db, NULL, NULL);
    assert_int_equal(log_size(f->store), 1);
    hm_entry_row entry = entry_of("homeless");
    assert_could_not(hm_store_append(f->store, &entry, &index), "outside a transaction");
    /* No number was used up. */
    assert_done(append(f->store, "after", &index));
    assert_int_equal(index, 1);
}

/* One that SQLite leaves open for another try: it must not stay open behind the caller's back. */
static void a_commit_that_could_be_tried_again_is_rolled_back_too(void **state) {
    fixture *f = *state;
    uint64_t index;
    hm_entry_row entry = entry_of("lost");
    sql(f, "CREATE TABLE parent(id INTEGER PRIMARY KEY);"
           "CREATE TABLE child(parent INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)");
    assert_int_equal(sqlite3_db_config(f->store->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL), SQLITE_OK);
    assert_done(hm_store_begin(f->store));
    assert_done(hm_store_append(f->store, &entry, &index));
    assert_int_equal(sqlite3_exec(f->store->db, "INSERT INTO child VALUES(1)", NULL, NULL, NULL), SQLITE_OK);
    assert_could_not(hm_store_commit(f->store), "FOREIGN KEY");
    assert_could_not(hm_store_append(f->store, &entry, &index), "outside a transaction");
    assert_done(append(f->store, "after", &index));
    assert_int_equal(index, 0);
}

/* SQLite itself ends the transaction when the disk is full or cannot be written. */
static void appends_nothing_after_the_transaction_was_ended_by_the_database(void **state) {
    fixture *f = *state;
    uint64_t index;
    sqlite3_db_config(f->store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, NULL);
    sql(f, "CREATE TRIGGER full BEFORE INSERT ON entry WHEN NEW.idx=1 BEGIN SELECT RAISE(ROLLBACK,'full'); END");
    hm_entry_row entry = entry_of("leaf");
    assert_done(hm_store_begin(f->store));
    assert_done(hm_store_append(f->store, &entry, &index));
    assert_could_not(hm_store_append(f->store, &entry, &index), "full");
    sql(f, "DROP TRIGGER full");
    assert_could_not(hm_store_append(f->store, &entry, &index), "outside a transaction");
    hm_store_rollback(f->store);
    assert_int_equal(log_size(f->store), 0);
}

static void says_that_another_process_holds_the_database(void **state) {
    fixture *f = *state;
    STORE *other = NULL;
    uint64_t index;
    assert_done(hm_store_open(f->path, &other));
    sqlite3_busy_timeout(other->db, 10); /* a minute is too long for a test */
    assert_done(hm_store_begin(f->store));
    assert_could_not(hm_store_begin(other), "another process holds it");
    hm_entry_row entry = entry_of("homeless");
    assert_could_not(hm_store_append(other, &entry, &index), "outside a transaction");
    assert_done(hm_store_commit(f->store));
    assert_done(append(other, "leaf", &index));
}

/* A connection must not be there when a process is forked, so the child comes first and waits to be told. */
static void waits_for_another_process_to_commit(void **state) {
    fixture *f = *state;
    int status, go[2];
    uint64_t index;
    char word = 0;
    hm_entry_row entry = entry_of("of the first");
    hm_store_close(&f->store);
    assert_int_equal(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        hm_store *other = NULL;
        bool second = read(go[0], &word, 1) == 1 && !hm_failed(hm_store_open(f->path, &other)) &&
                      !hm_failed(append(other, "of the second", &index)) && index == 1;
        _exit(second ? 0 : 1);
    }
    assert_done(hm_store_open(f->path, &f->store));
    assert_done(hm_store_begin(f->store));
    assert_int_equal(write(go[1], &word, 1), 1);
    usleep(200000);
    assert_done(hm_store_append(f->store, &entry, &index));
    assert_done(hm_store_commit(f->store));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(log_size(f->store), 2);
    close(go[0]);
    close(go[1]);
}

static void readers_see_what_was_committed_and_no_more(void **state) {
    fixture *f = *state;
    STORE *reader = NULL;
    uint64_t index;
    hm_entry_row entry = entry_of("leaf");
    assert_done(hm_store_open(f->path, &reader));
    assert_done(hm_store_begin(f->store));
    assert_done(hm_store_append(f->store, &entry, &index));
    assert_int_equal(log_size(reader), 0);
    assert_done(hm_store_commit(f->store));
    assert_int_equal(log_size(reader), 1);
}

static void a_snapshot_is_of_one_moment_and_ends_where_a_transaction_begins(void **state) {
    fixture *f = *state;
    STORE *other = NULL;
    uint64_t index;
    hm_entry_row entry = entry_of("leaf");
    assert_done(hm_store_open(f->path, &other));
    hm_store_snapshot(f->store);
    hm_store_snapshot(f->store); /* once is enough */
    int version = hm_store_version(f->store);
    assert_int_equal(log_size(f->store), 0);
    assert_done(append(other, "first", &index));
    assert_int_equal(log_size(f->store), 0);
    assert_int_equal(hm_store_version(f->store), version);
    /* What is appended is appended to what there is now. */
    assert_done(append(f->store, "second", &index));
    assert_int_equal(index, 1);
    assert_int_equal(log_size(f->store), 2);
    assert_int_not_equal(hm_store_version(f->store), version);
    hm_store_snapshot(f->store);
    assert_int_equal(log_size(f->store), 2);
    assert_could_not(hm_store_append(f->store, &entry, &index), "outside a transaction");
    hm_store_rollback(f->store); /* there is nothing to roll back */
    assert_done(append(other, "third", &index));
    assert_int_equal(log_size(f->store), 2);
    hm_store_snapshot_end(f->store);
    hm_store_snapshot_end(f->store);
    assert_int_equal(log_size(f->store), 3);
}

static void what_a_process_did_not_commit_goes_with_it(void **state) {
    fixture *f = *state;
    int status;
    uint64_t index;
    hm_store_close(&f->store);
    pid_t pid = fork();
    if (pid == 0) {
        hm_store *other = NULL;
        hm_entry_row entry = entry_of("lost");
        bool appended = !hm_failed(hm_store_open(f->path, &other)) && !hm_failed(hm_store_begin(other)) &&
                        !hm_failed(hm_store_append(other, &entry, &index));
        _exit(appended ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_done(hm_store_open(f->path, &f->store));
    assert_int_equal(log_size(f->store), 0);
    assert_done(append(f->store, "kept", &index));
    assert_int_equal(index, 0);
}

/* P9: power may fail behind a commit. What costs an fsync must have been asked for. */
static void commits_are_synchronous(void **state) {
    fixture *f = *state;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(f->store->db, "PRAGMA synchronous", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 2); /* FULL */
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_prepare_v2(f->store->db, "PRAGMA journal_mode", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "wal");
    sqlite3_finalize(statement);
}

/* A database may come from anywhere; opening it must not run what it says. */
static void runs_no_trigger_and_reads_no_view_of_a_database(void **state) {
    fixture *f = *state;
    uint64_t index;
    size_t found;
    counter count = {0};
    sql(f, "CREATE TRIGGER thief AFTER INSERT ON entry BEGIN DELETE FROM entry; END");
    assert_done(append(f->store, "leaf", &index));
    assert_int_equal(log_size(f->store), 1);
    sql(f,
        "DROP TABLE product; CREATE VIEW product AS SELECT 1 id, 'pump' name, zeroblob(16) vendor, zeroblob(16) class,"
        " 2 algorithms, 3 created");
    assert_could_not(hm_store_products(f->store, NULL, count_product, &count, &found), "product");
    assert_int_equal(count.seen, 0);
}

static void closing_twice_is_harmless(void **state) {
    fixture *f = *state;
    hm_store_close(&f->store);
    assert_null(f->store);
    hm_store_close(&f->store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(creates_no_store_where_a_file_is, make_store, remove_store),
        cmocka_unit_test(creates_no_store_in_a_folder_that_is_not_there),
        cmocka_unit_test_setup_teardown(creates_a_file_that_only_its_owner_can_read_whatever_the_umask, make_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(opens_no_store_that_is_not_there, make_store, remove_store),
        cmocka_unit_test_setup_teardown(refuses_a_file_that_is_no_database, make_store, remove_store),
        cmocka_unit_test_setup_teardown(refuses_an_empty_file, make_store, remove_store),
        cmocka_unit_test_setup_teardown(refuses_the_schema_of_another_version, make_store, remove_store),
        cmocka_unit_test_setup_teardown(says_which_table_is_missing, make_store, remove_store),
        cmocka_unit_test_setup_teardown(takes_up_the_first_schema, make_store, remove_store),
        cmocka_unit_test_setup_teardown(takes_up_the_second_schema, make_store, remove_store),
        cmocka_unit_test_setup_teardown(takes_up_the_third_schema, make_store, remove_store),
        cmocka_unit_test_setup_teardown(takes_up_the_fourth_schema, make_store, remove_store),
        cmocka_unit_test_setup_teardown(a_damaged_database_is_a_fault_or_data, make_store, remove_store),
        cmocka_unit_test_setup_teardown(a_damaged_journal_is_a_fault_or_data, make_store, remove_store),
        cmocka_unit_test_setup_teardown(a_database_that_was_cut_off_is_a_fault_or_data, make_store, remove_store),
        cmocka_unit_test_setup_teardown(writes_nothing_to_a_file_that_is_read_only, make_store, remove_store),
        cmocka_unit_test_setup_teardown(commits_nothing_outside_a_transaction, make_store, remove_store),
        cmocka_unit_test_setup_teardown(begins_no_transaction_within_another, make_store, remove_store),
        cmocka_unit_test_setup_teardown(a_rollback_leaves_nothing, make_store, remove_store),
        cmocka_unit_test_setup_teardown(a_commit_that_fails_is_rolled_back, make_store, remove_store),
        cmocka_unit_test_setup_teardown(a_commit_that_could_be_tried_again_is_rolled_back_too, make_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(appends_nothing_after_the_transaction_was_ended_by_the_database, make_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(says_that_another_process_holds_the_database, make_store, remove_store),
        cmocka_unit_test_setup_teardown(waits_for_another_process_to_commit, make_store, remove_store),
        cmocka_unit_test_setup_teardown(readers_see_what_was_committed_and_no_more, make_store, remove_store),
        cmocka_unit_test_setup_teardown(a_snapshot_is_of_one_moment_and_ends_where_a_transaction_begins, make_store,
                                        remove_store),
        cmocka_unit_test_setup_teardown(what_a_process_did_not_commit_goes_with_it, make_store, remove_store),
        cmocka_unit_test_setup_teardown(commits_are_synchronous, make_store, remove_store),
        cmocka_unit_test_setup_teardown(runs_no_trigger_and_reads_no_view_of_a_database, make_store, remove_store),
        cmocka_unit_test_setup_teardown(closing_twice_is_harmless, make_store, remove_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
