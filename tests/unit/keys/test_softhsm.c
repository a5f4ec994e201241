#include "fixture.h"

#include <base/file.h>

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

static void only_the_owner_can_read_what_was_made(void **state) {
    fixture *f = *state;
    static const char *const names[] = {"pin", "so-pin", "softhsm2.conf"};
    struct stat st;
    char path[120];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/token/%s", f->folder, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    snprintf(path, sizeof path, "%s/token/tokens", f->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void pins_are_long_and_all_different(void **state) {
    fixture *f = *state;
    char path[120], again[120];
    HM_SECRET *officer = NULL, *other = NULL;
    snprintf(path, sizeof path, "%s/token/so-pin", f->folder);
    WORKS(hm_secret_from_file(path, &officer));
    snprintf(again, sizeof again, "%s/again", f->folder);
    WORKS(hm_softhsm_create(again, "Again"));
    snprintf(again, sizeof again, "%s/again/pin", f->folder);
    WORKS(hm_secret_from_file(again, &other));
    assert_true(f->pin->len >= 32 && officer->len >= 32 && other->len >= 32);
    assert_memory_not_equal(f->pin->data, officer->data, 32);
    assert_memory_not_equal(f->pin->data, other->data, 32);
}

static void refuses_to_make_a_token_where_there_is_one(void **state) {
    fixture *f = *state;
    char token[80];
    snprintf(token, sizeof token, "%s/token", f->folder);
    FAILS(HM_COULD_NOT, "there is a token already", hm_softhsm_create(token, "Test token"));
    HM_TOKEN *opened = NULL;
    WORKS(hm_token_open(&f->selector, f->pin, &opened));
}

static void refuses_labels_that_do_not_fit(void **state) {
    fixture *f = *state;
    char path[80];
    snprintf(path, sizeof path, "%s/new", f->folder);
    FAILS(HM_MISUSED, "label", hm_softhsm_create(path, ""));
    FAILS(HM_MISUSED, "label", hm_softhsm_create(path, "123456789012345678901234567890123"));
    assert_int_not_equal(access(path, F_OK), 0);
}

static void refuses_a_folder_whose_name_would_change_the_configuration(void **state) {
    fixture *f = *state;
    char path[120];
    snprintf(path, sizeof path, "%s/new\nobjectstore.backend = db", f->folder);
    FAILS(HM_COULD_NOT, "of this name", hm_softhsm_create(path, "Test"));
}

static void refuses_to_select_a_folder_that_is_not_there(void **state) {
    fixture *f = *state;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_token_selector selector;
    char path[80];
    snprintf(path, sizeof path, "%s/absent", f->folder);
    FAILS(HM_COULD_NOT, "absent", hm_softhsm_select(path, &storage, &selector));
    assert_null(selector.module_path);
}

/* A copy that kept the old path would sign with the keys of the place it was copied from. */
static void a_moved_folder_finds_its_own_tokens(void **state) {
    fixture *f = *state;
    char from[80], to[80];
    HM_TOKEN *token = NULL;
    hm_token_info before, after;
    WORKS(hm_token_open(&f->selector, f->pin, &token));
    hm_token_describe(token, &before);
    hm_token_close(&token);
    snprintf(from, sizeof from, "%s/token", f->folder);
    snprintf(to, sizeof to, "%s/moved", f->folder);
    assert_int_equal(rename(from, to), 0);
    WORKS(hm_softhsm_create(from, "Another in the old place"));
    HM_BUF storage = HM_BUF_EMPTY;
    hm_token_selector selector;
    WORKS(hm_softhsm_select(to, &storage, &selector));
    WORKS(hm_token_open(&selector, f->pin, &token));
    hm_token_describe(token, &after);
    assert_string_equal(before.serial, after.serial);
}

static void selecting_again_does_not_write(void **state) {
    fixture *f = *state;
    char path[120], token[80];
    struct stat before, after;
    snprintf(token, sizeof token, "%s/token", f->folder);
    snprintf(path, sizeof path, "%s/softhsm2.conf", token);
    assert_int_equal(stat(path, &before), 0);
    HM_BUF storage = HM_BUF_EMPTY;
    hm_token_selector selector;
    WORKS(hm_softhsm_select(token, &storage, &selector));
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

static void description_of(const fixture *f, char path[static 300]) {
    char pattern[100];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/token/tokens/*/token.object", f->folder);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    snprintf(path, 300, "%s", found.gl_pathv[0]);
    globfree(&found);
}

/* SoftHSM writes the file in place at each log-in: a crash or a full disk leaves it empty, and all keys lost with it.
 */
static void a_description_that_a_crash_emptied_is_put_back(void **state) {
    fixture *f = *state;
    char path[300], folder[80];
    HM_TOKEN *token = NULL;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_token_selector selector;
    description_of(f, path);
    assert_int_equal(truncate(path, 0), 0);
    FAILS(HM_COULD_NOT, "no such token", hm_token_open(&f->selector, f->pin, &token));
    snprintf(folder, sizeof folder, "%s/token", f->folder);
    WORKS(hm_softhsm_select(folder, &storage, &selector));
    WORKS(hm_token_open(&selector, f->pin, &token));
}

static void says_so_when_the_description_is_gone(void **state) {
    fixture *f = *state;
    char path[300], folder[80];
    HM_BUF storage = HM_BUF_EMPTY;
    hm_token_selector selector;
    description_of(f, path);
    assert_int_equal(unlink(path), 0);
    snprintf(folder, sizeof folder, "%s/token", f->folder);
    FAILS(HM_COULD_NOT, "token.object", hm_softhsm_select(folder, &storage, &selector));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_the_owner_can_read_what_was_made, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(pins_are_long_and_all_different, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(refuses_to_make_a_token_where_there_is_one, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(refuses_labels_that_do_not_fit, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(refuses_a_folder_whose_name_would_change_the_configuration, fixture_new,
                                        fixture_free),
        cmocka_unit_test_setup_teardown(refuses_to_select_a_folder_that_is_not_there, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_moved_folder_finds_its_own_tokens, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(selecting_again_does_not_write, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(a_description_that_a_crash_emptied_is_put_back, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(says_so_when_the_description_is_gone, fixture_new, fixture_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
