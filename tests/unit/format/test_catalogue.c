/* Catalogues of real folders: GNU sha256sum accepts them, and whatever is changed in the folder is found. */
#include "folder_test.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A folder with one of everything that can be signed, and its catalogue. */
static real_folder make_project(hm_buf *text) {
    real_folder folder = make_real_folder();
    make_folder(&folder, "bin", 0755);
    make_folder(&folder, "empty", 0700);
    make_file(&folder, "bin/tool", hm_text("#!/bin/sh\n"), 0755);
    make_text(&folder, "config", "speed=10\n");
    make_text(&folder, "nothing", "");
    make_text(&folder, "recipe", "salt\n");
    make_link(&folder, "bin/tool", "run");
    HM_MUST(write_real(&folder, text));
    HM_MUST(read_real(&folder, hm_buf_bytes(text), NULL));
    return folder;
}

/* The folder is refused with exactly these findings, one a line. */
static void expect(const real_folder *folder, const hm_buf *text, const char *findings) {
    HM_BUF found = HM_BUF_EMPTY;
    char sentence[80];
    size_t lines = 0;
    for (const char *at = findings; *at; at++) lines += *at == '\n';
    snprintf(sentence, sizeof sentence, "%zu difference%s between", lines, lines == 1 ? "" : "s");
    assert_sentence(read_real(folder, hm_buf_bytes(text), &found), HM_REFUSED, sentence);
    assert_text(&found, findings);
}

#define PROJECT                                                                                                        \
    (void)state;                                                                                                       \
    HM_BUF text = HM_BUF_EMPTY;                                                                                        \
    REAL_FOLDER folder = make_project(&text)

static void finds_an_added_file(void **state) {
    PROJECT;
    make_text(&folder, "bin/other", "x");
    expect(&folder, &text, "added: bin/other\n");
}
static void finds_a_removed_file(void **state) {
    PROJECT;
    take_away(&folder, "config");
    expect(&folder, &text, "removed: config\n");
}
static void finds_a_changed_file(void **state) {
    PROJECT;
    make_text(&folder, "config", "speed=99\n");
    expect(&folder, &text, "changed: config\n");
}
static void finds_a_file_that_was_emptied_and_one_that_was_filled(void **state) {
    PROJECT;
    make_text(&folder, "config", "");
    make_text(&folder, "nothing", "x");
    expect(&folder, &text, "changed: config\nchanged: nothing\n");
}
static void finds_a_renamed_file_forwards_and_backwards(void **state) {
    PROJECT;
    move(&folder, "config", "zconfig");
    move(&folder, "recipe", "a-recipe");
    expect(&folder, &text, "renamed: recipe -> a-recipe\nrenamed: config -> zconfig\n");
}
static void finds_a_file_renamed_and_made_executable(void **state) {
    PROJECT;
    move(&folder, "config", "empty/config");
    set_mode(&folder, "empty/config", 04755);
    expect(&folder, &text, "renamed: config -> empty/config (mode 0644 -> 4755)\n");
}
static void finds_two_files_exchanged(void **state) {
    PROJECT;
    assert_int_equal(renameat2(folder.fd, "config", folder.fd, "recipe", RENAME_EXCHANGE), 0);
    expect(&folder, &text, "changed: config\nchanged: recipe\n");
}
static void finds_a_copy_and_does_not_call_it_renamed(void **state) {
    PROJECT;
    make_text(&folder, "config.bak", "speed=10\n");
    expect(&folder, &text, "added: config.bak\n");
}
static void finds_changed_modes_of_files_and_folders(void **state) {
    PROJECT;
    set_mode(&folder, "bin/tool", 04755);
    set_mode(&folder, "empty", 0777);
    expect(&folder, &text, "mode changed: bin/tool 0755 -> 4755\nmode changed: empty 0700 -> 0777\n");
}
static void finds_a_link_that_leads_elsewhere(void **state) {
    PROJECT;
    take_away(&folder, "run");
    make_link(&folder, "/tmp/evil", "run");
    expect(&folder, &text, "link changed: run bin/tool -> /tmp/evil\n");
}
static void finds_a_link_in_place_of_a_file_with_the_same_content(void **state) {
    PROJECT;
    move(&folder, "config", "empty/real");
    make_link(&folder, "empty/real", "config");
    expect(&folder, &text, "kind changed: config file -> link\nadded: empty/real\n");
}
static void finds_a_link_in_place_of_a_folder(void **state) {
    PROJECT;
    move(&folder, "bin", "empty/bin");
    make_link(&folder, "empty/bin", "bin");
    expect(&folder, &text, "kind changed: bin folder -> link\nrenamed: bin/tool -> empty/bin/tool\nadded: empty/bin\n");
}
static void finds_a_file_in_place_of_a_folder_and_the_reverse(void **state) {
    PROJECT;
    take_away(&folder, "empty");
    make_file(&folder, "empty", hm_text("x"), 0700);
    take_away(&folder, "nothing");
    make_folder(&folder, "nothing", 0644);
    expect(&folder, &text, "kind changed: empty folder -> file\nkind changed: nothing file -> folder\n");
}
static void finds_added_and_removed_empty_folders(void **state) {
    PROJECT;
    take_away(&folder, "empty");
    make_folder(&folder, "bin/cache", 0755);
    expect(&folder, &text, "added: bin/cache\nremoved: empty\n");
}
static void finds_pipes_and_sockets_without_opening_them(void **state) {
    PROJECT;
    assert_int_equal(mkfifoat(folder.fd, "pipe", 0644), 0);
    take_away(&folder, "config");
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s/config", folder.path);
    HM_FD listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
    expect(&folder, &text, "kind changed: config file -> device, pipe or socket\nadded: pipe\n");
}
static void leaves_out_the_catalogue_at_the_top_and_nothing_like_it(void **state) {
    PROJECT;
    make_text(&folder, "SHA256SUMS", "is left out");
    make_text(&folder, "SHA256SUMS.p7s", "is left out");
    make_text(&folder, "SHA256SUMS.sig", "is not");
    make_text(&folder, "bin/SHA256SUMS", "is not, either");
    expect(&folder, &text, "added: SHA256SUMS.sig\nadded: bin/SHA256SUMS\n");
}
static void finds_a_folder_where_the_catalogue_should_be(void **state) {
    PROJECT;
    make_folder(&folder, "SHA256SUMS.p7s", 0755);
    make_text(&folder, "SHA256SUMS.p7s/hidden", "payload");
    make_link(&folder, "x", "SHA256SUMS.tlog-proof");
    expect(&folder, &text, "added: SHA256SUMS.p7s\nadded: SHA256SUMS.p7s/hidden\nadded: SHA256SUMS.tlog-proof\n");
}
static void finds_everything_at_once(void **state) {
    PROJECT;
    make_text(&folder, "a", "new");
    make_file(&folder, "bin/tool", hm_text("#!/bin/bash\n"), 0700);
    move(&folder, "config", "settings");
    take_away(&folder, "run");
    expect(&folder, &text,
           "added: a\nmode changed: bin/tool 0755 -> 0700\nchanged: bin/tool\nrenamed: config -> settings\n"
           "removed: run\n");
}
static void shows_names_so_that_they_cannot_deceive(void **state) {
    PROJECT;
    make_text(&folder, "x\n\x1b[2Jremoved: y", "1");
    make_text(&folder, "x\xe2\x80\xaegnp.exe", "2"); /* U+202E, right-to-left override */
    make_text(&folder, "x\xff\xc3\xa4\\n", "3");
    expect(&folder, &text, "added: x\\x0a\\x1b[2Jremoved: y\nadded: x\\xe2\\x80\\xaegnp.exe\nadded: x\\xffä\\x5cn\n");
}
static void tells_a_hundred_and_counts_the_rest(void **state) {
    PROJECT;
    for (unsigned i = 0; i < 250; i++) {
        char name[16];
        snprintf(name, sizeof name, "z%03u", i);
        make_text(&folder, name, name);
    }
    HM_BUF found = HM_BUF_EMPTY;
    assert_sentence(read_real(&folder, hm_buf_bytes(&text), &found), HM_REFUSED, "250 differences");
    size_t lines = 0;
    for (size_t i = 0; i < found.len; i++) lines += found.data[i] == '\n';
    assert_int_equal(lines, 101);
    const char *string;
    HM_MUST(hm_buf_string(&found, &string));
    assert_non_null(strstr(string, "added: z099\nand 150 more\n"));
}

/* Root reads everything, so a child gives up being root; its exit status is the class of the fault. */
static void cannot_verify_a_file_it_may_not_read(void **state) {
    PROJECT;
    assert_int_equal(fchmod(folder.fd, 0755), 0);
    set_mode(&folder, "empty", 0755);
    set_mode(&folder, "config", 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0) _exit(99);
        _exit((int)read_real(&folder, hm_buf_bytes(&text), NULL).class);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), HM_COULD_NOT);
}

static void refuses_a_folder_without_catalogue(void **state) {
    PROJECT;
    HM_FOLDER *walk = NULL;
    hm_tree tree;
    hm_subject *subject = NULL;
    hm_digests digests = {.count = 0};
    HM_MUST(hm_tree_of_folder(folder.fd, &walk, &tree));
    HM_MUST(hm_format_catalogue.open(&(hm_input){.tree = &tree}, &subject));
    assert_int_equal(hm_format_catalogue.signatures(subject), 0);
    assert_sentence(hm_format_catalogue.digest(subject, &digests, NULL, NULL, NULL, NULL), HM_REFUSED, "not signed");
    hm_format_catalogue.close(subject);
}
static void refuses_a_file_as_a_folder(void **state) {
    (void)state;
    hm_subject *subject = NULL;
    hm_source source = hm_source_of_memory(hm_text("x"));
    assert_sentence(hm_format_catalogue.open(&(hm_input){.content = source}, &subject), HM_REFUSED, "not a folder");
    assert_null(subject);
}
static void refuses_to_sign_pipes_and_empty_folders(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    assert_sentence(write_real(&folder, &text), HM_REFUSED, "empty");
    make_text(&folder, "SHA256SUMS", "only the catalogue");
    assert_sentence(write_real(&folder, &text), HM_REFUSED, "empty");
    assert_int_equal(mkfifoat(folder.fd, "pipe", 0644), 0);
    assert_sentence(write_real(&folder, &text), HM_REFUSED, "pipe: is a device, pipe or socket");
}
static void still_gives_the_digests_when_only_the_folder_differs(void **state) {
    PROJECT;
    make_text(&folder, "config", "speed=99\n");
    HM_FOLDER *walk = NULL;
    hm_tree tree;
    hm_digests digests = {.count = 1, .digest = {{.algorithm = HM_SHA384}}};
    HM_MUST(hm_tree_of_folder(folder.fd, &walk, &tree));
    assert_int_equal(read_catalogue(hm_buf_bytes(&text), &tree, &digests, NULL).class, HM_REFUSED);
    hm_digest expected;
    hm_digest_of(HM_SHA384, hm_buf_bytes(&text), &expected);
    assert_true(hm_digest_equal(&digests.digest[0], &expected));
}
static void describes_what_the_catalogue_lists(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_project(&text);
    (void)folder;
    hm_subject *subject = NULL;
    hm_source source = hm_source_of_memory(hm_buf_bytes(&text));
    HM_BUF lines = HM_BUF_EMPTY;
    hm_tree unused = {0};
    HM_MUST(hm_format_catalogue.open(&(hm_input){.tree = &unused, .catalogue = &source}, &subject));
    hm_err err = hm_format_catalogue.describe(subject, &lines);
    hm_format_catalogue.close(subject);
    HM_MUST(err);
    assert_text(&lines, "the catalogue lists 4 files, 2 folders, 1 links\n");
}

/* What a tool of its own says about what we wrote. */
static void assert_sha256sum(const real_folder *folder, const hm_buf *text, int status) {
    make_file(folder, "SHA256SUMS", hm_buf_bytes(text), 0644);
    assert_int_equal(run_in(folder, "sha256sum -c --strict --quiet SHA256SUMS </dev/null"), status);
}

static void gnu_sha256sum_accepts_it_and_refuses_what_we_refuse(void **state) {
    PROJECT;
    assert_sha256sum(&folder, &text, 0);
    make_text(&folder, "config", "speed=99\n");
    assert_sha256sum(&folder, &text, 1);
    expect(&folder, &text, "changed: config\n");
}

static void gnu_sha256sum_accepts_odd_names(void **state) {
    (void)state;
    static const char *const odd[] = {
        "line\nfeed",
        "\n",
        "carriage\rreturn",
        "back\\slash",
        "\\n",
        "\\",
        "-",
        "--help",
        "-n",
        " ",
        " lead",
        "trail ",
        "#comment",
        "# mode 0644 x",
        "tab\there",
        "\xff\xfe",
        "\xc3\xa4",
        "*star",
        "quote'\"",
        "a  b",
        "\x01",
        "%s%n",
        "\xe2\x80\xae",
        "...",
        ".hidden",
        "SHA256SUMS.old",
        "sha256sums",
        "SHA256 (a) = 00",
        "$(id)",
        "~",
    };
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char path[64];
        make_text(&folder, odd[i], odd[i]);
        snprintf(path, sizeof path, "d-%s", odd[i]);
        assert_int_equal(mkdirat(folder.fd, path, 0755), 0);
        snprintf(path, sizeof path, "d-%s/%s", odd[i], odd[i]);
        make_text(&folder, path, odd[i]);
        snprintf(path, sizeof path, "l-%s", odd[i]);
        assert_int_equal(symlinkat(odd[i], folder.fd, path), 0);
    }
    HM_MUST(write_real(&folder, &text));
    assert_sha256sum(&folder, &text, 0);
    HM_MUST(read_real(&folder, hm_buf_bytes(&text), NULL));
    make_text(&folder, "line\nfeed", "changed");
    assert_sha256sum(&folder, &text, 1);
    expect(&folder, &text, "changed: line\\x0afeed\n");
}

static void covers_modes_links_and_hard_links_as_they_are(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    make_file(&folder, "all", hm_text("abc"), 07777);
    assert_int_equal(linkat(folder.fd, "all", folder.fd, "hard", 0), 0);
    make_link(&folder, "nowhere", "dangling");
    make_link(&folder, "/etc/passwd", "absolute");
    make_link(&folder, "loop", "loop");
    assert_int_equal(mkdirat(folder.fd, "shared", 0), 0);
    assert_int_equal(fchmodat(folder.fd, "shared", 01777, 0), 0);
    HM_MUST(write_real(&folder, &text));
    assert_text(&text, HEAD "# link absolute\n# target /etc/passwd\n"
                            "# mode 7777 all\n" ABC_SHA256 "  all\n"
                            "# link dangling\n# target nowhere\n"
                            "# mode 7777 hard\n" ABC_SHA256 "  hard\n"
                            "# link loop\n# target loop\n"
                            "# folder 1777 shared\n"
                            "# end of catalogue, entries: 6\n");
    assert_sha256sum(&folder, &text, 0);
    HM_MUST(read_real(&folder, hm_buf_bytes(&text), NULL));
}

static void openssl_accepts_a_signature_over_it_that_embed_wrote(void **state) {
    PROJECT;
    hm_subject *subject = NULL;
    HM_BUF made = HM_BUF_EMPTY, written = HM_BUF_EMPTY;
    make_file(&folder, "SHA256SUMS", hm_buf_bytes(&text), 0644);
    if (run_in(&folder, "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=t -keyout k.pem -out c.pem -days 9 && "
                        "openssl cms -sign -binary -in SHA256SUMS -outform DER -signer c.pem -inkey k.pem -out made"))
        skip();
    HM_FD fd = openat(folder.fd, "made", O_RDONLY | O_CLOEXEC);
    hm_source source;
    HM_MUST(hm_source_of_file(fd, &source));
    HM_MUST(hm_source_read_all(&source, 100000, &made));
    hm_sink sink = hm_sink_to_buf(&written);
    hm_tree unused = {0};
    HM_MUST(hm_format_catalogue.open(&(hm_input){.tree = &unused, .detached = &source}, &subject));
    assert_int_equal(hm_format_catalogue.signatures(subject), 1);
    assert_true(hm_bytes_equal(hm_format_catalogue.signature(subject, 0), hm_buf_bytes(&made)));
    HM_MUST(hm_format_catalogue.embed(subject, hm_buf_bytes(&made), false, &sink));
    hm_format_catalogue.close(subject);
    make_file(&folder, "SHA256SUMS.p7s", hm_buf_bytes(&written), 0644);
    /* The command that the catalogue itself names. */
    const char *verify = "openssl cms -verify -binary -purpose any -inform DER -in SHA256SUMS.p7s -content SHA256SUMS "
                         "-CAfile c.pem -out /dev/null";
    assert_int_equal(run_in(&folder, verify), 0);
    make_text(&folder, "SHA256SUMS", "x");
    assert_int_not_equal(run_in(&folder, verify), 0);
}

static void signs_ten_thousand_files_in_little_memory(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    char name[64];
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "d%02u", i / 100);
        if (i % 100 == 0) assert_int_equal(mkdirat(folder.fd, name, 0755), 0);
        snprintf(name, sizeof name, "d%02u/file-with-a-longer-name-%05u", i / 100, i);
        make_text(&folder, name, name);
    }
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    HM_MUST(write_real(&folder, &text));
    HM_MUST(read_real(&folder, hm_buf_bytes(&text), NULL));
    getrusage(RUSAGE_SELF, &after);
    /* The text itself is 2 MiB here, growing by doubling; what we use besides must be far below 10 MiB. Sanitizers keep
     * freed memory, so this says something only without them. */
    print_message("memory: %ld KiB more for 10,000 files, text of %zu KiB\n", after.ru_maxrss - before.ru_maxrss,
                  text.len / 1024);
    if (!SANITIZED) assert_true(after.ru_maxrss - before.ru_maxrss < 8 * 1024);
    assert_sha256sum(&folder, &text, 0);
    make_text(&folder, "d50/file-with-a-longer-name-05000", "changed");
    take_away(&folder, "d99/file-with-a-longer-name-09999");
    expect(&folder, &text, "changed: d50/file-with-a-longer-name-05000\nremoved: d99/file-with-a-longer-name-09999\n");
}

static void loses_no_difference_when_there_are_too_many_to_pair(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    REAL_FOLDER folder = make_real_folder();
    make_folder(&folder, "a", 0755);
    for (unsigned i = 0; i < 3000; i++) {
        char name[16];
        snprintf(name, sizeof name, "a/%05u", i);
        make_text(&folder, name, name);
    }
    HM_MUST(write_real(&folder, &text));
    assert_int_equal(renameat(folder.fd, "a", folder.fd, "b"), 0);
    /* More than are kept for pairing, so not all are recognised; none is lost. */
    HM_BUF found = HM_BUF_EMPTY;
    assert_sentence(read_real(&folder, hm_buf_bytes(&text), &found), HM_REFUSED, "6002 differences");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_an_added_file),
        cmocka_unit_test(finds_a_removed_file),
        cmocka_unit_test(finds_a_changed_file),
        cmocka_unit_test(finds_a_file_that_was_emptied_and_one_that_was_filled),
        cmocka_unit_test(finds_a_renamed_file_forwards_and_backwards),
        cmocka_unit_test(finds_a_file_renamed_and_made_executable),
        cmocka_unit_test(finds_two_files_exchanged),
        cmocka_unit_test(finds_a_copy_and_does_not_call_it_renamed),
        cmocka_unit_test(finds_changed_modes_of_files_and_folders),
        cmocka_unit_test(finds_a_link_that_leads_elsewhere),
        cmocka_unit_test(finds_a_link_in_place_of_a_file_with_the_same_content),
        cmocka_unit_test(finds_a_link_in_place_of_a_folder),
        cmocka_unit_test(finds_a_file_in_place_of_a_folder_and_the_reverse),
        cmocka_unit_test(finds_added_and_removed_empty_folders),
        cmocka_unit_test(finds_pipes_and_sockets_without_opening_them),
        cmocka_unit_test(leaves_out_the_catalogue_at_the_top_and_nothing_like_it),
        cmocka_unit_test(finds_a_folder_where_the_catalogue_should_be),
        cmocka_unit_test(finds_everything_at_once),
        cmocka_unit_test(shows_names_so_that_they_cannot_deceive),
        cmocka_unit_test(tells_a_hundred_and_counts_the_rest),
        cmocka_unit_test(cannot_verify_a_file_it_may_not_read),
        cmocka_unit_test(refuses_a_folder_without_catalogue),
        cmocka_unit_test(refuses_a_file_as_a_folder),
        cmocka_unit_test(refuses_to_sign_pipes_and_empty_folders),
        cmocka_unit_test(still_gives_the_digests_when_only_the_folder_differs),
        cmocka_unit_test(describes_what_the_catalogue_lists),
        cmocka_unit_test(gnu_sha256sum_accepts_it_and_refuses_what_we_refuse),
        cmocka_unit_test(gnu_sha256sum_accepts_odd_names),
        cmocka_unit_test(covers_modes_links_and_hard_links_as_they_are),
        cmocka_unit_test(openssl_accepts_a_signature_over_it_that_embed_wrote),
        cmocka_unit_test(signs_ten_thousand_files_in_little_memory),
        cmocka_unit_test(loses_no_difference_when_there_are_too_many_to_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
