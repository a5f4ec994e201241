/* The download area: whoever it was that let a name come here, nothing is read, put or removed outside it. */
#include "core_test.h"

#include "publish_area.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* FOLDER/office is the office's; beside it lies FOLDER/outside, and in it office/outside, each with a file. */
static char folder[64];
static hm_office office;

static const char *in_folder(const char *path) {
    static char whole[256];
    snprintf(whole, sizeof whole, "%s/%s", folder, path);
    return whole;
}

static void put_file(const char *path, const char *text) {
    FILE *file = fopen(in_folder(path), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static bool is_there(const char *path) {
    struct stat st;
    return lstat(in_folder(path), &st) == 0;
}

static int make(void **state) {
    static const char *const folders[] = {"office",         "office/published", "office/published/pump",
                                          "office/outside", "outside",          "office/published/pump/1.0"};
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/hallmark-area-XXXXXX");
    if (!mkdtemp(folder)) return 1;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        assert_int_equal(mkdir(in_folder(folders[i]), 0755), 0);
    put_file("outside/f", "outside");
    put_file("office/outside/f", "outside");
    put_file("office/published/pump/1.0/f", "published");
    memset(&office, 0, sizeof office);
    office.dirfd = open(in_folder("office"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(office.dirfd >= 0);
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)type, (void)at;
    return remove(path);
}

static int clear(void **state) {
    (void)state;
    close(office.dirfd);
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

static const struct {
    const char *product, *release;
} elsewhere[] = {{"pump", "../../outside"},
                 {"pump", "../../../outside"},
                 {"pump", "../../new"},
                 {"pump", ".."},
                 {"pump", "."},
                 {"pump", ""},
                 {"pump", ".hidden"},
                 {"pump", "1.0/below"},
                 {"pump", "1.0/"},
                 {"pump", "/"},
                 {"pump", "-1"},
                 {"pump", "1 0"},
                 {"pump", "1\n0"},
                 {"..", "outside"},
                 {"../..", "outside"},
                 {".", "pump"},
                 {"", "pump"},
                 {".hidden", "1.0"},
                 {"pump/1.0", "below"},
                 {"/", "tmp"},
                 {"../published/pump", "2.0"}};
enum { ELSEWHERE = sizeof elsewhere / sizeof elsewhere[0] };

/* A release that is to be shown: one file, "new". */
static void stage(hm_area *area) {
    uint8_t hash[HM_SHA256_LEN];
    assert_done(hm_area_begin(&office, area));
    assert_done(hm_area_open(area, hm_text("new")));
    assert_done(hm_area_write(area, hm_text("text")));
    hm_sha256(hm_text("text"), hash);
    assert_done(hm_area_close(area, 4, HM_ARRAY(hash)));
}

static void assert_all_as_it_was(void) {
    assert_true(is_there("outside/f") && is_there("office/outside/f") && is_there("office/published/pump/1.0/f"));
    assert_false(is_there("outside/new") || is_there("office/outside/new") || is_there("office/new"));
    assert_false(is_there("office/published/pump/1.0/new") || is_there("office/published/.hidden"));
    assert_false(is_there("office/published/pump/.hidden") || is_there("office/published/pump/2.0"));
}

static void what_lies_elsewhere_is_not_taken_over(void **state) {
    (void)state;
    for (size_t i = 0; i < ELSEWHERE; i++) {
        hm_area area = HM_AREA_NONE;
        stage(&area);
        assert_refused(hm_area_take_over(&area, elsewhere[i].product, elsewhere[i].release));
        assert_int_equal(faccessat(area.staging_fd, "f", F_OK, 0), -1);
        hm_area_clear(&area);
        assert_all_as_it_was();
    }
}

static void nothing_is_shown_elsewhere(void **state) {
    (void)state;
    for (size_t i = 0; i < ELSEWHERE; i++) {
        hm_area area = HM_AREA_NONE;
        stage(&area);
        assert_done(hm_area_finish(&area));
        assert_refused(hm_area_show(&area, elsewhere[i].product, elsewhere[i].release));
        assert_all_as_it_was();
        hm_area_clear(&area);
        assert_all_as_it_was();
    }
}

static void nothing_is_removed_elsewhere(void **state) {
    (void)state;
    for (size_t i = 0; i < ELSEWHERE; i++) {
        assert_refused(hm_area_remove(&office, elsewhere[i].product, elsewhere[i].release));
        assert_all_as_it_was();
    }
}

static void in_the_area_all_of_it_goes(void **state) {
    (void)state;
    hm_area area = HM_AREA_NONE;
    stage(&area);
    assert_done(hm_area_take_over(&area, "pump", "1.0"));
    assert_done(hm_area_finish(&area));
    assert_done(hm_area_show(&area, "pump", "1.0"));
    hm_area_clear(&area);
    assert_true(is_there("office/published/pump/1.0/f") && is_there("office/published/pump/1.0/new"));
    assert_done(hm_area_remove(&office, "pump", "1.0"));
    assert_false(is_there("office/published/pump/1.0"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_lies_elsewhere_is_not_taken_over, make, clear),
        cmocka_unit_test_setup_teardown(nothing_is_shown_elsewhere, make, clear),
        cmocka_unit_test_setup_teardown(nothing_is_removed_elsewhere, make, clear),
        cmocka_unit_test_setup_teardown(in_the_area_all_of_it_goes, make, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
