/* Following a log: what the watcher takes from the judge, and what a person writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "monitor.h"

#include <base/file.h>
#include <base/io.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const hm_tls_files no_tls = {.ca = NULL};
static char folder[] = "/tmp/hallmark-monitor-XXXXXX";

#define WORKS(expression) works((expression), __LINE__)
static void works(hm_err err, int line) {
    if (hm_failed(err)) fail_msg("line %d: %s", line, hm_err_sentence());
}

#define FAILS(class, words, expression) fails((class), (words), (expression), __LINE__)
static void fails(hm_class class, const char *words, hm_err err, int line) {
    if (err.class != class || !strstr(hm_err_sentence(), words))
        fail_msg("line %d: status %d: %s", line, (int)err.class, hm_err_sentence());
}

static const char *below(const char *name) {
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int make_log(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    WORKS(hm_folder_make(below("log/tile/0/x001"), 0755));
    WORKS(hm_folder_make(below("log/tile/entries/000.p"), 0755));
    WORKS(hm_file_write(AT_FDCWD, below("log/checkpoint"), hm_text("checkpoint"), 0644));
    WORKS(hm_file_write(AT_FDCWD, below("log/tile/0/x001/234"), hm_text("tile"), 0644));
    WORKS(hm_file_write(AT_FDCWD, below("log/tile/entries/000.p/7"), hm_text("entries"), 0644));
    WORKS(hm_file_write(AT_FDCWD, below("secret"), hm_text("secret"), 0600));
    return 0;
}

static int remove_log(void **state) {
    (void)state;
    static const char *const files[] = {
        "log/checkpoint", "log/tile/0/x001/234", "log/tile/entries/000.p/7", "secret", "known", "head", "head.lock"};
    static const char *const folders[] = {"log/tile/0/x001",  "log/tile/0", "log/tile/entries/000.p",
                                          "log/tile/entries", "log/tile",   "log"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) unlink(below(files[i]));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) rmdir(below(folders[i]));
    return rmdir(folder);
}

#define SOURCE __attribute__((cleanup(hm_monitor_source_close))) hm_monitor_source

static void gives_the_files_of_a_log(void **state) {
    (void)state;
    static const char *const paths[] = {"checkpoint", "tile/0/x001/234", "tile/entries/000.p/7"};
    SOURCE *source = NULL;
    HM_BUF content = HM_BUF_EMPTY;
    bool found;
    WORKS(hm_monitor_source_open(below("log"), &no_tls, NULL, &source));
    for (size_t i = 0; i < 3; i++) {
        WORKS(hm_monitor_source_read(source, hm_text(paths[i]), 100, &content, &found));
        assert_true(found && content.len);
    }
    WORKS(hm_monitor_source_read(source, hm_text("tile/0/x001/235"), 100, &content, &found));
    assert_false(found);
    WORKS(hm_monitor_source_read(source, hm_text("tile/0/x001/234/5"), 100, &content, &found));
    assert_false(found);
    FAILS(HM_REFUSED, "not a regular file",
          hm_monitor_source_read(source, hm_text("tile/0/x001"), 100, &content, &found));
    assert_true(hm_failed(hm_monitor_source_read(source, hm_text("checkpoint"), 9, &content, &found)));
}

static void gives_a_judge_nothing_that_no_log_has(void **state) {
    (void)state;
    static const char *const paths[] = {
        "",
        "secret",
        "../secret",
        "tile/../../secret",
        "tile/..",
        "/etc/passwd",
        "checkpoint/",
        "checkpoint/../../secret",
        "./checkpoint",
        "tile",
        "Tile/0/000",
        "tile/0/00\xc3\xa4",
        "tile/0/000?a=b",
        "tile/0/000\nX: y",
        "tile/0/%2e%2e/secret",
        "tile/000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"};
    SOURCE *source = NULL;
    HM_BUF content = HM_BUF_EMPTY;
    bool found = true;
    WORKS(hm_monitor_source_open(below("log"), &no_tls, NULL, &source));
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        FAILS(HM_COULD_NOT, "that no log has",
              hm_monitor_source_read(source, hm_text(paths[i]), 100, &content, &found));
        assert_int_equal(content.len + found, 0);
    }
    static const uint8_t with_zero[] = "checkpoint\0/../../secret";
    FAILS(HM_COULD_NOT, "that no log has", hm_monitor_source_read(source, HM_ARRAY(with_zero), 100, &content, &found));
}

static void a_source_is_a_folder_or_an_address(void **state) {
    (void)state;
    SOURCE *source = NULL;
    FAILS(HM_COULD_NOT, "", hm_monitor_source_open(below("nowhere"), &no_tls, NULL, &source));
    FAILS(HM_COULD_NOT, "", hm_monitor_source_open(below("secret"), &no_tls, NULL, &source));
    FAILS(HM_MISUSED, "https", hm_monitor_source_open("ftp://example.com/", &no_tls, NULL, &source));
    FAILS(HM_MISUSED, "loopback", hm_monitor_source_open("http://example.com/", &no_tls, NULL, &source));
    assert_null(source);
}

static void words_go_through_and_malformed_ones_do_not(void **state) {
    (void)state;
    int pair[2];
    HM_MONITOR_MESSAGE message = HM_MONITOR_MESSAGE_NONE;
    static const uint8_t too_long[21] = {1, [17] = 0x7f};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    WORKS(hm_monitor_say(pair[0], HM_MONITOR_ALARM, 3, UINT64_MAX, hm_text("sentence")));
    WORKS(hm_monitor_hear(pair[1], &message));
    assert_int_equal(message.word, HM_MONITOR_ALARM);
    assert_int_equal(message.a, 3);
    assert_int_equal(message.b, UINT64_MAX);
    assert_true(hm_bytes_equal(hm_buf_bytes(&message.text), hm_text("sentence")));
    FAILS(HM_COULD_NOT, "too long",
          hm_monitor_say(pair[0], HM_MONITOR_FILE, 0, 0, HM_BYTES(folder, HM_MONITOR_TEXT_MAX + 1)));
    WORKS(hm_fd_write(pair[0], HM_ARRAY(too_long)));
    FAILS(HM_COULD_NOT, "too long", hm_monitor_hear(pair[1], &message));
    WORKS(hm_fd_write(pair[0], hm_text("cut off")));
    close(pair[0]);
    assert_true(hm_failed(hm_monitor_hear(pair[1], &message)));
    close(pair[1]);
}

#define WATCH __attribute__((cleanup(hm_watch_clear))) hm_watch

static hm_err watch_given(const char *name, const char *value, hm_watch *watch) {
    static hm_options options;
    memset(&options, 0, sizeof options);
    options.given[0] = (hm_given){name, value};
    options.given_count = 1;
    return hm_watch_of(&options, watch);
}

static const char product[] = "f5d89742-fb38-535b-896a-91f42b381499";

static void an_entry_that_fits_one_watch_is_enough(void **state) {
    (void)state;
    static const struct {
        const char *option, *fits, *other;
    } cases[] = {{"--watch-type", "outcome", "refusal"},
                 {"--watch-format", "pe", "native"},
                 {"--watch-product", product, "f5d89742-fb38-535b-896a-91f42b38149a"},
                 {"--watch-digest", "0101010101010101010101010101010101010101010101010101010101010101",
                  "0101010101010101010101010101010101010101010101010101010101010102"}};
    hm_leaf leaf = {.type = HM_LEAF_OUTCOME, .has_product = true, .format = 3, .digest_len = 32};
    static const uint8_t class[] = {0xf5, 0xd8, 0x97, 0x42, 0xfb, 0x38, 0x53, 0x5b,
                                    0x89, 0x6a, 0x91, 0xf4, 0x2b, 0x38, 0x14, 0x99};
    memcpy(leaf.product_class, class, sizeof class);
    memset(leaf.digest, 1, 32);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hm_watch watch;
        WORKS(watch_given(cases[i].option, cases[i].fits, &watch));
        assert_true(hm_watch_reads_leaves(&watch) && hm_watch_wants(&watch, &leaf));
        WORKS(watch_given(cases[i].option, cases[i].other, &watch));
        assert_true(hm_watch_reads_leaves(&watch) && !hm_watch_wants(&watch, &leaf));
    }
    hm_watch none = {.types = 0};
    assert_false(hm_watch_reads_leaves(&none) || hm_watch_wants(&none, &leaf));
    leaf.format = UINT32_MAX;
    leaf.has_product = false;
    hm_watch all = {.formats = UINT32_MAX};
    assert_false(hm_watch_wants(&all, &leaf));
}

static void refuses_what_cannot_be_watched_for(void **state) {
    (void)state;
    static const struct {
        const char *option, *value;
    } cases[] = {{"--watch-type", "nonsense"},
                 {"--watch-type", "?"},
                 {"--watch-format", "elf"},
                 {"--watch-product", "pump"},
                 {"--watch-product", "f5d89742fb38535b896a91f42b381499"},
                 {"--watch-product", "F5D89742-FB38-535B-896A-91F42B381499"},
                 {"--watch-product", "f5d89742-fb38-535b-896a-91f42b38149"},
                 {"--watch-digest", "01"},
                 {"--watch-digest", "zz"},
                 {"--watch-digest", "010101010101010101010101010101010101010101010101010101010101010101"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hm_watch watch;
        FAILS(HM_MISUSED, cases[i].option, watch_given(cases[i].option, cases[i].value, &watch));
    }
}

static hm_err load_known(const char *text, hm_watch *watch) {
    *watch = (hm_watch){.known_file = below("known")};
    WORKS(hm_file_write(AT_FDCWD, watch->known_file, hm_text(text), 0644));
    return hm_watch_load_known(watch);
}

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DIGEST_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void knows_the_digests_of_a_list(void **state) {
    (void)state;
    WATCH watch = {.types = 0};
    uint8_t digest[64];
    WORKS(load_known("# the pipeline's\n\n" DIGEST_C "  file name\n" DIGEST_A "\r\n" DIGEST_A DIGEST_A "\n" DIGEST_B,
                     &watch));
    assert_int_equal(watch.known_count, 3);
    memset(digest, 0xaa, 64);
    assert_true(hm_watch_knows(&watch, HM_BYTES(digest, 32)));
    assert_true(hm_watch_knows(&watch, HM_BYTES(digest, 64)));
    assert_false(hm_watch_knows(&watch, HM_BYTES(digest, 48)));
    assert_false(hm_watch_knows(&watch, HM_BYTES(digest, 31)));
    assert_false(hm_watch_knows(&watch, HM_NO_BYTES));
    memset(digest, 0xcc, 64);
    assert_true(hm_watch_knows(&watch, HM_BYTES(digest, 32)));
    memset(digest, 0xbb, 64); /* its line has no end: it may be cut off */
    assert_false(hm_watch_knows(&watch, HM_BYTES(digest, 32)));
    hm_watch_clear(&watch);
    WORKS(load_known("", &watch));
    assert_false(hm_watch_knows(&watch, HM_BYTES(digest, 32)));
}

static void refuses_a_list_with_something_else_in_it(void **state) {
    (void)state;
    static const char *const texts[] = {"nonsense\n", DIGEST_A "a\n", "AAAA\n", DIGEST_A "\naa\n",
                                        DIGEST_A DIGEST_A "aa\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        WATCH watch = {.types = 0};
        FAILS(HM_COULD_NOT, "is no digest", load_known(texts[i], &watch));
    }
    WATCH watch = {.known_file = below("nowhere")};
    FAILS(HM_COULD_NOT, "nowhere", hm_watch_load_known(&watch));
}

static void a_state_that_is_not_there_is_no_head_and_an_empty_one_is_a_bad_one(void **state) {
    (void)state;
    HM_BUF held = HM_BUF_EMPTY;
    WORKS(hm_monitor_state_read(below("head"), &held));
    assert_int_equal(held.len, 0);
    WORKS(hm_file_write(AT_FDCWD, below("head"), HM_NO_BYTES, 0644));
    WORKS(hm_monitor_state_read(below("head"), &held));
    assert_int_not_equal(held.len, 0);
    WORKS(hm_monitor_state_write(below("head"), hm_text("checkpoint")));
    WORKS(hm_monitor_state_read(below("head"), &held));
    assert_true(hm_bytes_equal(hm_buf_bytes(&held), hm_text("checkpoint")));
    unlink(below("head"));
    assert_int_equal(symlink("nowhere", below("head")), 0);
    FAILS(HM_COULD_NOT, "", hm_monitor_state_read(below("head"), &held));
    unlink(below("head"));
}

static void one_state_is_one_monitor_s(void **state) {
    (void)state;
    WORKS(hm_monitor_state_lock(below("head")));
    FAILS(HM_COULD_NOT, "another monitor is at work", hm_monitor_state_lock(below("head")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_files_of_a_log),
        cmocka_unit_test(gives_a_judge_nothing_that_no_log_has),
        cmocka_unit_test(a_source_is_a_folder_or_an_address),
        cmocka_unit_test(words_go_through_and_malformed_ones_do_not),
        cmocka_unit_test(an_entry_that_fits_one_watch_is_enough),
        cmocka_unit_test(refuses_what_cannot_be_watched_for),
        cmocka_unit_test(knows_the_digests_of_a_list),
        cmocka_unit_test(refuses_a_list_with_something_else_in_it),
        cmocka_unit_test(a_state_that_is_not_there_is_no_head_and_an_empty_one_is_a_bad_one),
        cmocka_unit_test(one_state_is_one_monitor_s),
    };
    return cmocka_run_group_tests(tests, make_log, remove_log);
}
