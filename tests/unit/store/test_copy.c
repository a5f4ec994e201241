/* Copies of a store, and stores that are not whole. */
#include "store_test.h"

#include <base/file.h>

#include <fcntl.h>
#include <sys/stat.h>

static const char *copy_path(const fixture *f) {
    static char path[100];
    snprintf(path, sizeof path, "%s/copy.db", f->folder);
    return path;
}

static void open_copy(const fixture *f, hm_store **copy) { assert_done(hm_store_open(copy_path(f), copy)); }

static void copies_what_was_committed_and_nothing_of_an_open_transaction(void **state) {
    fixture *f = *state;
    STORE *other = NULL, *copy = NULL;
    hm_entry_row entry = entry_of("not yet");
    uint64_t index;
    fill(f->store);
    assert_done(hm_store_open(f->path, &other));
    assert_done(hm_store_begin(other));
    assert_done(hm_store_append(other, &entry, &index));
    assert_done(hm_store_copy(f->store, copy_path(f)));
    assert_done(hm_store_commit(other));
    open_copy(f, &copy);
    assert_int_equal(log_size(copy), 40);
    assert_int_equal(log_size(f->store), 41);
}

static void copies_what_still_stands_in_the_journal(void **state) {
    fixture *f = *state;
    STORE *copy = NULL;
    char journal[100];
    struct stat st;
    fill(f->store);
    snprintf(journal, sizeof journal, "%s-wal", f->path);
    assert_int_equal(stat(journal, &st), 0);
    assert_true(st.st_size > 0);
    assert_done(hm_store_copy(f->store, copy_path(f)));
    open_copy(f, &copy);
    assert_int_equal(log_size(copy), 40);
}

static void reading_a_copy_leaves_it_as_it_is(void **state) {
    fixture *f = *state;
    HM_BUF before = HM_BUF_EMPTY, after = HM_BUF_EMPTY;
    char beside[128];
    fill(f->store);
    assert_done(hm_store_copy(f->store, copy_path(f)));
    assert_done(hm_file_read(AT_FDCWD, copy_path(f), 1 << 24, &before));
    hm_store *copy = NULL;
    open_copy(f, &copy);
    assert_done(hm_store_check(copy));
    assert_int_equal(log_size(copy), 40);
    hm_store_close(&copy);
    assert_done(hm_file_read(AT_FDCWD, copy_path(f), 1 << 24, &after));
    assert_true(hm_bytes_equal(hm_buf_bytes(&before), hm_buf_bytes(&after)));
    snprintf(beside, sizeof beside, "%s-wal", copy_path(f));
    assert_int_equal(access(beside, F_OK), -1);
}

static void copies_over_no_file(void **state) {
    fixture *f = *state;
    fill(f->store);
    assert_done(hm_file_write(AT_FDCWD, copy_path(f), LITERAL("mine"), 0600));
    assert_could_not(hm_store_copy(f->store, copy_path(f)), "File exists");
    assert_could_not(hm_store_copy(f->store, f->path), "File exists");
    assert_int_equal(log_size(f->store), 40);
}

static void copies_through_no_link(void **state) {
    fixture *f = *state;
    fill(f->store);
    assert_int_equal(symlink("elsewhere.db", copy_path(f)), 0);
    assert_could_not(hm_store_copy(f->store, copy_path(f)), "File exists");
}

static void copies_into_no_folder_that_is_not_there(void **state) {
    fixture *f = *state;
    assert_could_not(hm_store_copy(f->store, "/nowhere/copy.db"), "No such file");
}

static void gives_a_copy_to_its_owner_alone_whatever_the_umask(void **state) {
    fixture *f = *state;
    struct stat st;
    mode_t before = umask(0);
    hm_err err = hm_store_copy(f->store, copy_path(f));
    umask(before);
    assert_done(err);
    assert_int_equal(stat(copy_path(f), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void copies_nothing_that_was_erased(void **state) {
    fixture *f = *state;
    HM_BUF copy = HM_BUF_EMPTY;
    hm_entry_row entry = entry_of("leaf");
    uint64_t index;
    entry.details = LITERAL("{\"name\":\"a word that must be forgotten\"}");
    assert_done(hm_store_begin(f->store));
    assert_done(hm_store_append(f->store, &entry, &index));
    assert_done(hm_store_commit(f->store));
    sql(f, "UPDATE entry SET details=x'', salt=x''");
    assert_done(hm_store_copy(f->store, copy_path(f)));
    assert_done(hm_file_read(AT_FDCWD, copy_path(f), 1 << 24, &copy));
    assert_null(memmem(copy.data, copy.len, "must be forgotten", 17));
}

static void an_adopted_copy_is_written_by_several(void **state) {
    fixture *f = *state;
    STORE *one = NULL, *two = NULL;
    uint64_t index;
    fill(f->store);
    assert_done(hm_store_copy(f->store, copy_path(f)));
    open_copy(f, &one);
    assert_done(hm_store_adopt(one));
    open_copy(f, &two);
    assert_done(append(one, "by one", &index));
    assert_done(append(two, "by the other", &index));
    assert_int_equal(log_size(one), 42);
    assert_done(hm_store_check(two));
}

static void a_whole_store_is_whole(void **state) {
    fixture *f = *state;
    fill(f->store);
    assert_done(hm_store_check(f->store));
}

/* Of every page but the first the head is overwritten, one after another. */
static void finds_every_page_that_is_damaged(void **state) {
    fixture *f = *state;
    HM_BUF whole = HM_BUF_EMPTY;
    enum { PAGE = 4096 };
    fill(f->store);
    assert_done(hm_store_copy(f->store, copy_path(f)));
    assert_done(hm_file_read(AT_FDCWD, copy_path(f), 1 << 24, &whole));
    assert_true(whole.len > 3 * PAGE);
    for (size_t at = PAGE; at < whole.len; at += PAGE) {
        HM_FD fd = open(copy_path(f), O_RDWR | O_CLOEXEC);
        hm_store *copy = NULL;
        assert_int_equal(pwrite(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, (off_t)at), 8);
        hm_err err = hm_store_open(copy_path(f), &copy);
        if (!hm_failed(err)) err = hm_store_check(copy);
        if (!hm_failed(err)) fail_msg("the page at %zu", at);
        hm_store_close(&copy);
        assert_int_equal(pwrite(fd, whole.data + at, 8, (off_t)at), 8);
    }
}

static void finds_an_index_that_misses_an_entry(void **state) {
    fixture *f = *state;
    fill(f->store);
    /* The entry's row is there, and what finds it by its tag was made for another. */
    sql(f, "PRAGMA writable_schema=ON;"
           "UPDATE sqlite_schema SET sql='CREATE INDEX entry_tag ON entry(tag) WHERE tag=7' WHERE name='entry_tag'");
    sql(f, "UPDATE entry SET tag=9 WHERE idx=3");
    sql(f, "PRAGMA writable_schema=ON;"
           "UPDATE sqlite_schema SET sql='CREATE INDEX entry_tag ON entry(tag) WHERE tag<>0' WHERE name='entry_tag'");
    hm_store_close(&f->store);
    assert_done(hm_store_open(f->path, &f->store));
    hm_err err = hm_store_check(f->store);
    assert_int_equal(err.class, HM_REFUSED);
    assert_non_null(strstr(hm_err_sentence(), "entry_tag"));
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, make_store, remove_store)
    const struct CMUnitTest tests[] = {
        TEST(copies_what_was_committed_and_nothing_of_an_open_transaction),
        TEST(copies_what_still_stands_in_the_journal),
        TEST(reading_a_copy_leaves_it_as_it_is),
        TEST(copies_over_no_file),
        TEST(copies_through_no_link),
        TEST(copies_into_no_folder_that_is_not_there),
        TEST(gives_a_copy_to_its_owner_alone_whatever_the_umask),
        TEST(copies_nothing_that_was_erased),
        TEST(an_adopted_copy_is_written_by_several),
        TEST(a_whole_store_is_whole),
        TEST(finds_every_page_that_is_damaged),
        TEST(finds_an_index_that_misses_an_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
