#include "folder_fixture.h"

#include <base/file.h>

#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static hm_bytes content_of(folder *f, const char *name, hm_buf *buf) {
    assert_done(hm_file_read(f->fd, name, 1000000, buf));
    return hm_buf_bytes(buf);
}

static void what_is_written_can_be_read(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    assert_done(hm_file_write(f->fd, "checkpoint", LITERAL("a\0b"), 0640));
    assert_bytes(content_of(f, "checkpoint", &buf), "a\0b");
    assert_int_equal(count_names(f->fd), 1);
}

static void an_empty_file_is_a_file(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    assert_done(hm_file_write(f->fd, "empty", HM_NO_BYTES, 0600));
    assert_int_equal(content_of(f, "empty", &buf).len, 0);
}

static void the_mode_is_the_callers_whatever_the_umask(void **state) {
    folder *f = *state;
    mode_t before = umask(077);
    assert_done(hm_file_write(f->fd, "tool", LITERAL("x"), 0755));
    umask(before);
    struct stat st;
    assert_int_equal(fstatat(f->fd, "tool", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
}

static void an_old_file_is_replaced_whole(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    put_file(f->fd, "x", LITERAL("something longer than what replaces it"), 0600);
    assert_done(hm_file_write(f->fd, "x", LITERAL("new"), 0600));
    assert_bytes(content_of(f, "x", &buf), "new");
    assert_int_equal(count_names(f->fd), 1);
}

static void nothing_is_visible_before_it_is_committed(void **state) {
    folder *f = *state;
    HM_OUTFILE out = HM_OUTFILE_NONE;
    assert_done(hm_outfile_open(f->fd, "x", 0600, &out));
    assert_done(hm_fd_write(out.fd, LITERAL("half")));
    assert_int_equal(faccessat(f->fd, "x", F_OK, 0), -1);
    hm_outfile_discard(&out);
    hm_outfile_discard(&out);
    assert_int_equal(count_names(f->fd), 0);
}

static void a_discarded_file_leaves_the_old_one(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    put_file(f->fd, "x", LITERAL("old"), 0600);
    HM_OUTFILE out = HM_OUTFILE_NONE;
    assert_done(hm_outfile_open(f->fd, "x", 0600, &out));
    assert_done(hm_fd_write(out.fd, LITERAL("half")));
    hm_outfile_discard(&out);
    assert_bytes(content_of(f, "x", &buf), "old");
    assert_int_equal(count_names(f->fd), 1);
}

static void a_commit_that_cannot_be_leaves_nothing_temporary(void **state) {
    folder *f = *state;
    assert_int_equal(mkdirat(f->fd, "x", 0700), 0);
    assert_could_not(hm_file_write(f->fd, "x", LITERAL("a folder is in the way"), 0600));
    assert_int_equal(count_names(f->fd), 1);
}

static void a_link_is_replaced_and_not_followed(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    put_file(f->fd, "target", LITERAL("untouched"), 0600);
    assert_int_equal(symlinkat("target", f->fd, "link"), 0);
    assert_done(hm_file_write(f->fd, "link", LITERAL("new"), 0600));
    assert_bytes(content_of(f, "target", &buf), "untouched");
    struct stat st;
    assert_int_equal(fstatat(f->fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void a_full_disk_leaves_the_old_file(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    put_file(f->fd, "x", LITERAL("old"), 0600);
    struct rlimit before, small = {4, 4};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    hm_err err = hm_file_write(f->fd, "x", LITERAL("more than four bytes"), 0600);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(err.class, HM_COULD_NOT);
    assert_non_null(strstr(hm_err_sentence(), "x: "));
    assert_bytes(content_of(f, "x", &buf), "old");
    assert_int_equal(count_names(f->fd), 1);
}

static void refuses_a_file_over_the_limit(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    put_file(f->fd, "x", LITERAL("12345"), 0600);
    assert_refused(hm_file_read(f->fd, "x", 4, &buf));
    assert_int_equal(buf.len, 0);
    assert_done(hm_file_read(f->fd, "x", 5, &buf));
}

static void refuses_what_is_no_file_without_waiting_for_it(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    assert_int_equal(mkfifoat(f->fd, "pipe", 0600), 0);
    assert_refused(hm_file_read(f->fd, "pipe", 100, &buf));
    assert_refused(hm_file_read(f->fd, ".", 100, &buf));
    assert_refused(hm_file_read(AT_FDCWD, "/dev/zero", 100, &buf));
}

static void what_is_not_there_is_named(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    assert_could_not(hm_file_read(f->fd, "nowhere.bin", 100, &buf));
    assert_non_null(strstr(hm_err_sentence(), "nowhere.bin"));
    assert_could_not(hm_file_write(f->fd, "nowhere/x", LITERAL(""), 0600));
    assert_non_null(strstr(hm_err_sentence(), "nowhere"));
}

static void folders_are_made_with_their_parents(void **state) {
    folder *f = *state;
    char path[200];
    snprintf(path, sizeof path, "%s/a", f->path);
    assert_done(hm_folder_make(path, 0700));
    assert_done(hm_folder_make(path, 0700));
    int fd;
    assert_done(hm_folder_open(f->fd, "a", &fd));
    close(fd);
    snprintf(path, sizeof path, "%s/a/b/c/", f->path);
    assert_done(hm_folder_make(path, 0700));
    for (const char *part = "cba"; *part; part++) {
        snprintf(path, sizeof path, "%s/a%s", f->path, *part == 'c' ? "/b/c" : *part == 'b' ? "/b" : "");
        assert_int_equal(rmdir(path), 0);
    }
}

static void a_file_is_no_folder(void **state) {
    folder *f = *state;
    put_file(f->fd, "x", LITERAL(""), 0600);
    int fd = -1;
    assert_could_not(hm_folder_open(f->fd, "x", &fd));
    assert_int_equal(fd, -1);
    char path[200];
    snprintf(path, sizeof path, "%s/x/y", f->path);
    assert_could_not(hm_folder_make(path, 0700));
}

static bool is_held(int dirfd, const char *name) {
    int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    bool held = flock(fd, LOCK_EX | LOCK_NB) != 0;
    close(fd);
    return held;
}

/* In place of the C library's: files are renamed by the module alone, from the name that is temporary. */
static bool was_held;
int renameat(int from, const char *old, int to, const char *new) {
    was_held = is_held(from, old);
    return (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

/* What no maker of temporary names has made, or what one holds. */
static int put_strangers(folder *f) {
    static const char *const others[] = {".hallmark-incident",          ".hallmark-0123456789abcde",
                                         ".hallmark-0123456789abcdef0", ".hallmark-0123456789ABCDEF",
                                         "hallmark-0123456789abcdef",   ".hallmark-0123456789abcdeg"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) put_file(f->fd, others[i], LITERAL(""), 0600);
    assert_int_equal(symlinkat("x", f->fd, ".hallmark-0000000000000001"), 0);
    assert_int_equal(mkfifoat(f->fd, ".hallmark-0000000000000002", 0600), 0);
    assert_int_equal(mkdirat(f->fd, ".hallmark-0000000000000003", 0700), 0);
    put_file(f->fd, ".hallmark-0000000000000004", LITERAL("of a process that lives"), 0600);
    int held = openat(f->fd, ".hallmark-0000000000000004", O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(held, LOCK_EX), 0);
    return held;
}

/* First of all: a process reads a folder once, and knows it by a number that another test's may get. */
static void what_a_killed_process_left_is_swept_by_who_replaces_next(void **state) {
    folder *f = *state;
    put_file(f->fd, "x", LITERAL("old"), 0600);
    int held = put_strangers(f);
    unsigned others = count_names(f->fd);
    put_file(f->fd, ".hallmark-0123456789abcdef", LITERAL("left"), 0600);
    assert_int_equal(linkat(f->fd, "x", f->fd, ".hallmark-fedcba9876543210", 0), 0);
    assert_done(hm_file_write(f->fd, "new", LITERAL("nothing is replaced, so no folder is read"), 0600));
    assert_int_equal(count_names(f->fd), others + 3);
    assert_done(hm_file_write(f->fd, "x", LITERAL("new"), 0600));
    close(held);
    assert_int_equal(count_names(f->fd), others + 1);
    assert_int_equal(faccessat(f->fd, ".hallmark-0123456789abcdef", F_OK, 0), -1);
    assert_int_equal(faccessat(f->fd, ".hallmark-fedcba9876543210", F_OK, 0), -1);
    put_file(f->fd, ".hallmark-0123456789abcdef", LITERAL("later"), 0600);
    assert_done(hm_file_write(f->fd, "x", LITERAL("the folder is not read again"), 0600));
    assert_int_equal(count_names(f->fd), others + 2);
}

static void a_temporary_name_is_held_and_the_final_one_is_not(void **state) {
    folder *f = *state;
    HM_OUTFILE out = HM_OUTFILE_NONE;
    put_file(f->fd, "x", LITERAL("old"), 0600);
    assert_done(hm_outfile_open(f->fd, "x", 0600, &out));
    was_held = false;
    assert_done(hm_outfile_name(&out));
    assert_true(was_held);
    assert_false(is_held(f->fd, "x"));
}

/* The survivor removes the temporary name only while one is pending. */
static void a_survivor_removes_what_a_killed_process_left(void **state) {
    folder *f = *state;
    char note[HM_PENDING_MAX] = {0};
    put_file(f->fd, "left", LITERAL("half"), 0600);
    snprintf(note + 1, sizeof note - 1, "%s/left", f->path);
    hm_outfile_remove_pending(note);
    assert_int_equal(count_names(f->fd), 1);
    note[0] = 1;
    hm_outfile_remove_pending(note);
    assert_int_equal(count_names(f->fd), 0);
}

static void nothing_is_pending_behind_a_commit(void **state) {
    folder *f = *state;
    static char note[HM_PENDING_MAX];
    hm_outfile_note_pending(note);
    put_file(f->fd, "x", LITERAL("old"), 0600);
    assert_done(hm_file_write(f->fd, "x", LITERAL("new"), 0600));
    assert_int_equal(note[0], 0);
    assert_int_not_equal(note[1], 0); /* it was, for an instant */
}

static hm_err write_new(folder *f, const char *name) {
    HM_OUTFILE out = HM_OUTFILE_NONE;
    assert_done(hm_outfile_open(f->fd, name, 0600, &out));
    assert_done(hm_fd_write(out.fd, LITERAL("new")));
    return hm_outfile_commit_new(&out);
}

static void a_new_file_gets_its_name(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    assert_done(write_new(f, "x"));
    assert_bytes(content_of(f, "x", &buf), "new");
    assert_int_equal(count_names(f->fd), 1);
}

static void a_new_file_replaces_nothing(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    put_file(f->fd, "file", LITERAL("old"), 0600);
    assert_int_equal(symlinkat("file", f->fd, "link"), 0);
    assert_int_equal(symlinkat("nowhere", f->fd, "dangling"), 0);
    assert_int_equal(mkdirat(f->fd, "folder", 0700), 0);
    static const char *const there[] = {"file", "link", "dangling", "folder"};
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++) {
        assert_refused(write_new(f, there[i]));
        assert_non_null(strstr(hm_err_sentence(), "is there already"));
    }
    assert_bytes(content_of(f, "file", &buf), "old");
    assert_int_equal(faccessat(f->fd, "nowhere", F_OK, 0), -1);
    assert_int_equal(count_names(f->fd), 4);
}

/* As on a file system without O_TMPFILE. */
static void a_new_file_with_a_temporary_name_replaces_nothing_either(void **state) {
    folder *f = *state;
    HM_BUF buf = HM_BUF_EMPTY;
    for (int round = 0; round < 2; round++) {
        HM_OUTFILE out = HM_OUTFILE_NONE;
        assert_done(hm_outfile_open(f->fd, "x", 0600, &out));
        close(out.fd);
        snprintf(out.temporary, sizeof out.temporary, ".hallmark-test");
        out.fd = openat(f->fd, out.temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        assert_done(hm_fd_write(out.fd, round ? LITERAL("second") : LITERAL("first")));
        assert_int_equal(hm_outfile_commit_new(&out).class, round ? HM_REFUSED : HM_DONE);
        assert_int_equal(count_names(f->fd), 1);
    }
    assert_bytes(content_of(f, "x", &buf), "first");
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(what_a_killed_process_left_is_swept_by_who_replaces_next),
        IN_A_FOLDER(a_temporary_name_is_held_and_the_final_one_is_not),
        IN_A_FOLDER(what_is_written_can_be_read),
        IN_A_FOLDER(an_empty_file_is_a_file),
        IN_A_FOLDER(the_mode_is_the_callers_whatever_the_umask),
        IN_A_FOLDER(an_old_file_is_replaced_whole),
        IN_A_FOLDER(nothing_is_visible_before_it_is_committed),
        IN_A_FOLDER(a_discarded_file_leaves_the_old_one),
        IN_A_FOLDER(a_commit_that_cannot_be_leaves_nothing_temporary),
        IN_A_FOLDER(a_link_is_replaced_and_not_followed),
        IN_A_FOLDER(a_full_disk_leaves_the_old_file),
        IN_A_FOLDER(refuses_a_file_over_the_limit),
        IN_A_FOLDER(refuses_what_is_no_file_without_waiting_for_it),
        IN_A_FOLDER(what_is_not_there_is_named),
        IN_A_FOLDER(folders_are_made_with_their_parents),
        IN_A_FOLDER(a_file_is_no_folder),
        IN_A_FOLDER(a_survivor_removes_what_a_killed_process_left),
        IN_A_FOLDER(nothing_is_pending_behind_a_commit),
        IN_A_FOLDER(a_new_file_gets_its_name),
        IN_A_FOLDER(a_new_file_replaces_nothing),
        IN_A_FOLDER(a_new_file_with_a_temporary_name_replaces_nothing_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
