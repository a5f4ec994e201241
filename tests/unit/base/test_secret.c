#include "folder_fixture.h"

#include <base/io.h>
#include <base/secret.h>

static hm_err read_secret(folder *f, const char *name, hm_secret **secret) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    return hm_secret_from_file(path, secret);
}

static hm_err secret_of(folder *f, hm_bytes content, mode_t mode, hm_secret **secret) {
    put_file(f->fd, "pin", content, mode);
    return read_secret(f, "pin", secret);
}

static void the_first_line_is_the_secret(void **state) {
    HM_SECRET *secret = NULL;
    assert_done(secret_of(*state, LITERAL("1234\nnot this\n"), 0600, &secret));
    assert_int_equal(secret->len, 4);
    assert_string_equal((const char *)secret->data, "1234");
}

static void what_follows_the_line_is_not_kept(void **state) {
    HM_SECRET *secret = NULL;
    assert_done(secret_of(*state, LITERAL("1234\nanother secret\n"), 0400, &secret));
    for (size_t i = secret->len; i < HM_SECRET_MAX; i++) assert_int_equal(secret->data[i], 0);
}

static void a_line_need_not_end(void **state) {
    HM_SECRET *secret = NULL;
    assert_done(secret_of(*state, LITERAL("1234"), 0600, &secret));
    assert_string_equal((const char *)secret->data, "1234");
}

static void the_longest_secret_fits_and_a_longer_one_is_refused(void **state) {
    char text[HM_SECRET_MAX + 10];
    memset(text, 'p', sizeof text);
    HM_SECRET *secret = NULL, *longer = NULL;
    assert_done(secret_of(*state, HM_BYTES(text, HM_SECRET_MAX - 1), 0600, &secret));
    assert_int_equal(secret->len, HM_SECRET_MAX - 1);
    for (size_t len = HM_SECRET_MAX; len < sizeof text; len++)
        assert_refused(secret_of(*state, HM_BYTES(text, len), 0600, &longer));
    assert_null(longer);
}

static void refuses_an_empty_secret(void **state) {
    HM_SECRET *secret = NULL;
    assert_refused(secret_of(*state, LITERAL(""), 0600, &secret));
    assert_refused(secret_of(*state, LITERAL("\n1234\n"), 0600, &secret));
    assert_null(secret);
}

static void refuses_a_file_that_others_can_read(void **state) {
    static const mode_t open_modes[] = {0640, 0604, 0660, 0606, 0610, 0601, 0777};
    HM_SECRET *secret = NULL;
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++)
        assert_refused(secret_of(*state, LITERAL("1234\n"), open_modes[i], &secret));
    assert_null(secret);
    assert_non_null(strstr(hm_err_sentence(), "chmod 600"));
}

static void refuses_a_file_of_somebody_else(void **state) {
    folder *f = *state;
    put_file(f->fd, "pin", LITERAL("1234\n"), 0600);
    if (fchownat(f->fd, "pin", 65534, 65534, 0) != 0) skip();
    HM_SECRET *secret = NULL;
    assert_refused(read_secret(f, "pin", &secret));
    assert_null(secret);
}

static void refuses_links_pipes_and_folders(void **state) {
    folder *f = *state;
    HM_SECRET *secret = NULL;
    put_file(f->fd, "pin", LITERAL("1234\n"), 0600);
    assert_int_equal(symlinkat("pin", f->fd, "link"), 0);
    assert_int_equal(mkfifoat(f->fd, "pipe", 0600), 0);
    assert_true(hm_failed(read_secret(f, "link", &secret)));
    assert_refused(read_secret(f, "pipe", &secret));
    assert_refused(read_secret(f, ".", &secret));
    assert_could_not(read_secret(f, "nowhere", &secret));
    assert_null(secret);
}

static void no_fault_quotes_the_secret(void **state) {
    HM_SECRET *secret = NULL;
    assert_refused(hm_refuse("before"));
    assert_refused(secret_of(*state, LITERAL("hunter2\n"), 0644, &secret));
    assert_null(strstr(hm_err_sentence(), "hunter2"));
}

static void reads_from_a_descriptor(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_done(hm_fd_write(ends[1], LITERAL("12")));
    assert_done(hm_fd_write(ends[1], LITERAL("34\n")));
    close(ends[1]);
    HM_SECRET *secret = NULL;
    assert_done(hm_secret_from_fd(ends[0], &secret));
    assert_string_equal((const char *)secret->data, "1234");
    close(ends[0]);
    HM_SECRET *none = NULL;
    assert_could_not(hm_secret_from_fd(ends[0], &none));
    assert_null(none);
}

static void wiping_leaves_zeros(void **state) {
    (void)state;
    uint8_t bytes[] = {1, 2, 3, 4};
    hm_wipe(bytes + 1, 2);
    assert_memory_equal(bytes, "\1\0\0\4", 4);
}

static void a_freed_secret_is_forgotten(void **state) {
    (void)state;
    hm_secret *secret = NULL;
    assert_done(hm_secret_new(&secret));
    assert_int_equal(secret->len, 0);
    hm_secret_free(&secret);
    assert_null(secret);
    hm_secret_free(&secret);
}

static void random_bytes_differ(void **state) {
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_done(hm_random(a, sizeof a));
    assert_done(hm_random(b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(the_first_line_is_the_secret),
        IN_A_FOLDER(what_follows_the_line_is_not_kept),
        IN_A_FOLDER(a_line_need_not_end),
        IN_A_FOLDER(the_longest_secret_fits_and_a_longer_one_is_refused),
        IN_A_FOLDER(refuses_an_empty_secret),
        IN_A_FOLDER(refuses_a_file_that_others_can_read),
        IN_A_FOLDER(refuses_a_file_of_somebody_else),
        IN_A_FOLDER(refuses_links_pipes_and_folders),
        IN_A_FOLDER(no_fault_quotes_the_secret),
        cmocka_unit_test(reads_from_a_descriptor),
        cmocka_unit_test(wiping_leaves_zeros),
        cmocka_unit_test(a_freed_secret_is_forgotten),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
