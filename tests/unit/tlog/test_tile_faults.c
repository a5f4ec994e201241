/* Every system call of an extension fails once, and every one of them is the last thing a process does once. The
 * wrapped calls are linked in place of the C library's (-Wl,--wrap). */
#include "fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CRASHED = 42 };

/* Counts down to the call that fails, or that the process does not survive; 0: none. */
static unsigned fail_at, crash_at;
static unsigned calls;

static bool goes_wrong(void) {
    calls++;
    if (calls == crash_at) _exit(CRASHED);
    if (calls != fail_at) return false;
    errno = EIO;
    return true;
}

#define WRAP(type, name, parameters, arguments)                                                                        \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters { return goes_wrong() ? -1 : __real_##name arguments; }
WRAP(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, syncfs, (int fd), (fd))
WRAP(int, mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode))
WRAP(int, renameat, (int from, const char *a, int to, const char *b), (from, a, to, b))
int __real_openat64(int fd, const char *path, int flags, mode_t mode);
int __wrap_openat64(int fd, const char *path, int flags, mode_t mode);
int __wrap_openat64(int fd, const char *path, int flags, mode_t mode) {
    return goes_wrong() ? -1 : __real_openat64(fd, path, flags, mode);
}

static hm_err extend(const test_folder *folder, hm_tree_edge *tree, uint64_t size) {
    counting_feed feed;
    calls = 0;
    hm_err err =
        hm_tiles_extend(folder->fd, tree, size, counting_entries_from(&feed, tree->size - tree->size % HM_TILE_WIDTH));
    fail_at = crash_at = 0;
    return err;
}

static void assert_whole(const test_folder *folder, const hm_tree_edge *tree) {
    hm_checkpoint checkpoint = checkpoint_of(tree);
    HM_TILE_READER *reader = NULL;
    assert_ok(hm_tile_reader_new(folder->fd, &checkpoint, &reader));
    assert_ok(hm_tiles_audit(reader, NULL, NULL));
}

/* A log grown to FROM, and its tree. */
static void begin(test_folder *folder, hm_tree_edge *tree, uint64_t from) {
    test_folder_make(folder);
    hm_tree_edge_init(tree);
    assert_ok(extend(folder, tree, from));
}

/* The files that an undisturbed extension leaves, and how many calls it makes. */
static hm_merkle_hash undisturbed(uint64_t from, uint64_t to, unsigned *count) {
    static hm_tree_edge tree;
    TEST_FOLDER folder;
    begin(&folder, &tree, from);
    assert_ok(extend(&folder, &tree, to));
    *count = calls;
    return test_folder_digest(&folder);
}

static void fail_once(uint64_t from, uint64_t to, unsigned call, const hm_merkle_hash *wanted) {
    static hm_tree_edge tree, before;
    TEST_FOLDER folder;
    begin(&folder, &tree, from);
    before = tree;
    fail_at = call;
    hm_err err = extend(&folder, &tree, to);
    /* Removing what a full tile replaced may fail without harm. */
    if (!hm_failed(err)) return assert_whole(&folder, &tree);
    assert_int_equal(err.class, HM_COULD_NOT);
    assert_memory_equal(&tree, &before, sizeof tree);
    assert_whole(&folder, &before);
    assert_ok(extend(&folder, &tree, to));
    hm_merkle_hash files = test_folder_digest(&folder);
    assert_same_hash(&files, wanted);
}

static void crash_once(uint64_t from, uint64_t to, unsigned call, const hm_merkle_hash *wanted) {
    static hm_tree_edge tree;
    TEST_FOLDER folder;
    int status;
    begin(&folder, &tree, from);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        crash_at = call;
        _exit(hm_failed(extend(&folder, &tree, to)));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), CRASHED);
    assert_whole(&folder, &tree);
    assert_ok(extend(&folder, &tree, to));
    assert_whole(&folder, &tree);
    hm_merkle_hash files = test_folder_digest(&folder);
    assert_same_hash(&files, wanted);
}

/* Few files, synced one by one; a tile that becomes full; more files than are synced one by one. */
static const struct { uint64_t from, to; } runs[] = {{0, 3}, {200, 300}, {250, 3000}};

static void when_a_call_fails_the_log_is_as_it_was_and_the_next_attempt_succeeds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        unsigned count;
        hm_merkle_hash wanted = undisturbed(runs[i].from, runs[i].to, &count);
        assert_true(count > 10);
        for (unsigned call = 1; call <= count; call++) fail_once(runs[i].from, runs[i].to, call, &wanted);
    }
}

static void after_a_crash_at_any_call_the_log_is_whole_and_the_next_attempt_gives_the_same_files(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        unsigned count;
        hm_merkle_hash wanted = undisturbed(runs[i].from, runs[i].to, &count);
        for (unsigned call = 1; call <= count; call++) crash_once(runs[i].from, runs[i].to, call, &wanted);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_a_call_fails_the_log_is_as_it_was_and_the_next_attempt_succeeds),
        cmocka_unit_test(after_a_crash_at_any_call_the_log_is_whole_and_the_next_attempt_gives_the_same_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
