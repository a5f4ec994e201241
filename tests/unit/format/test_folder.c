/* A real folder as a tree: the order, what is shown of each kind of entry, and what is never opened or followed. */
#include "folder_test.h"

#include <dirent.h>
#include <sys/sysmacros.h>

/* The walk as text: kind, mode, path and target or content, one entry a line. */
static hm_err walk_to_text(int fd, hm_buf *text) {
    HM_FOLDER *folder = NULL;
    hm_tree tree;
    hm_entry entry;
    bool more = true;
    HM_TRY(hm_tree_of_folder(fd, &folder, &tree));
    for (;;) {
        HM_TRY(tree.next(tree.context, &entry, &more));
        if (!more) return HM_OK;
        HM_TRY(hm_put_format(text, "%c %04o ", "fdlo"[entry.kind], entry.kind == HM_ENTRY_LINK ? 0 : entry.mode));
        HM_TRY(hm_put(text, entry.path));
        HM_TRY(hm_put_text(text, " "));
        if (entry.kind == HM_ENTRY_LINK) HM_TRY(hm_put(text, entry.target));
        if (entry.kind == HM_ENTRY_FILE) HM_TRY(hm_source_read_all(&entry.content, 100, text));
        HM_TRY(hm_put_text(text, "\n"));
    }
}

static unsigned open_descriptors(void) {
    unsigned count = 0;
    DIR *stream = opendir("/proc/self/fd");
    assert_non_null(stream);
    while (readdir(stream)) count++;
    closedir(stream);
    return count;
}

static void shows_files_folders_and_links_depth_first_in_byte_order(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    make_text(&folder, "b", "2");
    make_folder(&folder, "a", 0750);
    make_text(&folder, "a/z", "1");
    make_folder(&folder, "a/e", 01777);
    make_text(&folder, "a-", "after a/");
    make_text(&folder, "B", "upper case first");
    make_file(&folder, "\xff", hm_text(""), 06711);
    make_link(&folder, "a/z", "link");
    HM_MUST(walk_to_text(folder.fd, &text));
    assert_text(&text, "f 0644 B upper case first\n"
                       "d 0750 a \n"
                       "d 1777 a/e \n"
                       "f 0644 a/z 1\n"
                       "f 0644 a- after a/\n"
                       "f 0644 b 2\n"
                       "l 0000 link a/z\n"
                       "f 6711 \xff \n");
}

static void shows_nothing_of_an_empty_folder(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    HM_MUST(walk_to_text(folder.fd, &text));
    assert_int_equal(text.len, 0);
}

static void does_not_follow_links_to_folders_or_files(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    make_link(&folder, "/etc", "etc");
    make_link(&folder, "/etc/passwd", "passwd");
    make_link(&folder, ".", "self");
    make_link(&folder, "nowhere", "dangling");
    HM_MUST(walk_to_text(folder.fd, &text));
    assert_text(&text, "l 0000 dangling nowhere\nl 0000 etc /etc\nl 0000 passwd /etc/passwd\nl 0000 self .\n");
}

static void shows_pipes_and_devices_without_opening_them(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    assert_int_equal(mkfifoat(folder.fd, "pipe", 0600), 0);
    bool device = mknodat(folder.fd, "device", S_IFCHR | 0600, makedev(1, 3)) == 0;
    HM_MUST(walk_to_text(folder.fd, &text));
    assert_text(&text, device ? "o 0600 device \no 0600 pipe \n" : "o 0600 pipe \n");
}

static void does_not_see_what_was_made_at_the_top_after_the_walk_began(void **state) {
    (void)state;
    REAL_FOLDER folder = make_real_folder();
    HM_FOLDER *walk = NULL;
    hm_tree tree;
    hm_entry entry;
    bool more;
    make_text(&folder, "a", "");
    HM_MUST(hm_tree_of_folder(folder.fd, &walk, &tree));
    make_text(&folder, ".temporary", "");
    HM_MUST(tree.next(tree.context, &entry, &more));
    assert_true(more && hm_bytes_equal(entry.path, hm_text("a")));
    HM_MUST(tree.next(tree.context, &entry, &more));
    assert_false(more);
    HM_MUST(tree.next(tree.context, &entry, &more));
    assert_false(more);
}

static void refuses_what_vanished_while_it_walked(void **state) {
    (void)state;
    REAL_FOLDER folder = make_real_folder();
    HM_FOLDER *walk = NULL;
    hm_tree tree;
    hm_entry entry;
    bool more;
    make_text(&folder, "a", "");
    HM_MUST(hm_tree_of_folder(folder.fd, &walk, &tree));
    take_away(&folder, "a");
    assert_sentence(tree.next(tree.context, &entry, &more), HM_COULD_NOT, "a: cannot be examined");
}

static void keeps_the_content_that_it_opened_when_the_name_is_given_away(void **state) {
    (void)state;
    REAL_FOLDER folder = make_real_folder();
    HM_FOLDER *walk = NULL;
    hm_tree tree;
    hm_entry entry;
    bool more;
    HM_BUF content = HM_BUF_EMPTY;
    make_text(&folder, "a", "first");
    make_text(&folder, "b", "second");
    HM_MUST(hm_tree_of_folder(folder.fd, &walk, &tree));
    HM_MUST(tree.next(tree.context, &entry, &more));
    move(&folder, "b", "a");
    HM_MUST(hm_source_read_all(&entry.content, 100, &content));
    assert_text(&content, "first");
}

/* Folders in one another, COUNT deep, and a file in the innermost. */
static void make_deep(const real_folder *folder, unsigned count) {
    int at = dup(folder->fd);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(mkdirat(at, "d", 0755), 0);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    HM_FD file = openat(at, "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(file >= 0);
    close(at);
}

static void walks_64_deep_and_refuses_65(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder(), deeper = make_real_folder();
    make_deep(&folder, 63);
    HM_MUST(walk_to_text(folder.fd, &text));
    make_deep(&deeper, 64);
    assert_sentence(walk_to_text(deeper.fd, &text), HM_REFUSED, "more than 64 deep");
}

static void refuses_paths_over_4096_bytes(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    char name[256];
    memset(name, 'n', 255);
    name[255] = 0;
    int at = dup(folder.fd);
    for (unsigned i = 0; i < 17; i++) {
        assert_int_equal(mkdirat(at, name, 0755), 0);
        int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
        hm_err err = walk_to_text(folder.fd, &text);
        if (i < 16)
            HM_MUST(err);
        else
            assert_sentence(err, HM_REFUSED, "longer than 4096");
    }
    close(at);
}

static void refuses_what_is_no_folder(void **state) {
    (void)state;
    REAL_FOLDER folder = make_real_folder();
    make_text(&folder, "file", "");
    HM_FD fd = openat(folder.fd, "file", O_RDONLY | O_CLOEXEC);
    HM_FOLDER *walk = NULL;
    hm_tree tree;
    assert_sentence(hm_tree_of_folder(fd, &walk, &tree), HM_COULD_NOT, "cannot open the folder");
    assert_null(walk);
    assert_sentence(hm_tree_of_folder(-1, &walk, &tree), HM_COULD_NOT, "cannot open the folder");
}

static void closes_everything_that_it_opened(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    make_deep(&folder, 64);
    unsigned before = open_descriptors();
    assert_int_equal(walk_to_text(folder.fd, &text).class, HM_REFUSED);
    assert_int_equal(open_descriptors(), before);
}

/* Does another process's exchange of a file for a link or a pipe ever show anything but what was there? */
static void never_opens_what_was_put_in_place_of_a_file(void **state) {
    (void)state;
    REAL_FOLDER folder = make_real_folder();
    make_text(&folder, "a", "content");
    assert_int_equal(mkfifoat(folder.fd, "pipe", 0644), 0);
    make_link(&folder, "/etc/passwd", "link");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        for (;;) {
            renameat2(folder.fd, "a", folder.fd, "pipe", RENAME_EXCHANGE);
            renameat2(folder.fd, "a", folder.fd, "link", RENAME_EXCHANGE);
        }
    unsigned refused = 0;
    for (unsigned i = 0; i < 3000; i++) {
        HM_BUF text = HM_BUF_EMPTY;
        if (hm_failed(walk_to_text(folder.fd, &text))) refused++;
        const char *string;
        HM_MUST(hm_buf_string(&text, &string));
        if (strstr(string, "root:")) fail_msg("a link was followed: %s", string);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    print_message("%u of 3000 walks met an exchange and were refused\n", refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_files_folders_and_links_depth_first_in_byte_order),
        cmocka_unit_test(shows_nothing_of_an_empty_folder),
        cmocka_unit_test(does_not_follow_links_to_folders_or_files),
        cmocka_unit_test(shows_pipes_and_devices_without_opening_them),
        cmocka_unit_test(does_not_see_what_was_made_at_the_top_after_the_walk_began),
        cmocka_unit_test(refuses_what_vanished_while_it_walked),
        cmocka_unit_test(keeps_the_content_that_it_opened_when_the_name_is_given_away),
        cmocka_unit_test(walks_64_deep_and_refuses_65),
        cmocka_unit_test(refuses_paths_over_4096_bytes),
        cmocka_unit_test(refuses_what_is_no_folder),
        cmocka_unit_test(closes_everything_that_it_opened),
        cmocka_unit_test(never_opens_what_was_put_in_place_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
