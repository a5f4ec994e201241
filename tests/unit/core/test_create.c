/* Making an office: what is not begun, and what is left when it fails. */
#include "office_fixture.h"

#include <base/file.h>
#include <core/core.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static hm_office_plan plan_of(const char *directory, const char *organization, const char *token, const char *pin) {
    return (hm_office_plan){.directory = directory, .organization = organization, .token = token, .pin_path = pin};
}

/* A path for an office that is not there yet. */
static const char *fresh_folder(void) {
    static char path[96];
    static unsigned number;
    snprintf(path, sizeof path, "%.60s/new-%u", office_group_folder(), number++);
    return path;
}

static void expect_no_office(const hm_office_plan *plan, hm_class class, const char *words) {
    FAILS(class, words, hm_office_create(plan));
    if (access(plan->directory, F_OK) == 0) fail_msg("%s was left behind", plan->directory);
}

static void refuses_an_organization_without_a_name_or_with_an_odd_one(void **state) {
    (void)state;
    static const char *const names[] = {
        "",
        "two\nlines",
        "\x1b[31m",
        "tab\t",
        "a name of more than sixty-four characters, which no certificate can hold",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        hm_office_plan plan = plan_of(fresh_folder(), names[i], office_token_uri(), office_pin_path());
        expect_no_office(&plan, HM_MISUSED, "organization's name");
    }
}

static void refuses_an_organization_whose_name_is_not_text(void **state) {
    (void)state;
    static const char *const names[] = {"\xff\xfe", "delete\x7f", "cut \xc3"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        hm_office_plan plan = plan_of(fresh_folder(), names[i], office_token_uri(), office_pin_path());
        expect_no_office(&plan, HM_MISUSED, "organization");
    }
}

static void refuses_a_folder_that_holds_something_and_leaves_it(void **state) {
    (void)state;
    char path[128], file[160];
    struct stat st;
    snprintf(path, sizeof path, "%s", fresh_folder());
    snprintf(file, sizeof file, "%s/thesis.txt", path);
    assert_int_equal(mkdir(path, 0755), 0);
    WORKS(hm_file_write(AT_FDCWD, file, LITERAL("mine"), 0600));
    hm_office_plan plan = plan_of(path, "Example", office_token_uri(), office_pin_path());
    FAILS(HM_MISUSED, "is not empty", hm_office_create(&plan));
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
}

static void refuses_an_office_over_an_office(void **state) {
    (void)state;
    OFFICE o;
    office_copy(&o);
    uint64_t before = entries_in(&o);
    hm_office_plan plan = plan_of(o.directory, "Example", office_token_uri(), office_pin_path());
    FAILS(HM_MISUSED, "is not empty", hm_office_create(&plan));
    assert_int_equal(entries_in(&o), before);
}

static void leaves_nothing_when_the_token_cannot_be_used(void **state) {
    (void)state;
    static const struct {
        const char *token, *words;
    } ways[] = {
        {"pkcs11:token=hallmark?module-path=/nowhere/module.so", ""},
        {"pkcs11:token=hallmark?pin-value=1234", "pin-value"},
        {"pkcs11:token=another?module-path=" FAKE_MODULE, "another"},
        {"tpm", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        hm_office_plan plan = plan_of(fresh_folder(), "Example", ways[i].token, office_pin_path());
        hm_err err = hm_office_create(&plan);
        assert_true(hm_failed(err));
        assert_said(ways[i].words);
        assert_int_equal(access(plan.directory, F_OK), -1);
    }
}

static void leaves_nothing_when_the_token_fails_half_way(void **state) {
    (void)state;
    static const char *const ways[] = {
        "C_Login return 0xa0 0\n",           /* CKR_PIN_INCORRECT */
        "C_GenerateKeyPair return 0x30 0\n", /* the log's key */
        "C_GenerateKeyPair return 0x30 1\n", /* the root's */
        "C_Sign length 0 2\n",               /* the root's certificate */
        "C_Sign length 0 3\n",               /* the first checkpoint */
        "C_GetAttributeValue zero 0 0\n",
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        hm_office_plan plan = plan_of(fresh_folder(), "Example", office_token_uri(), office_pin_path());
        token_faults(ways[i]);
        expect_no_office(&plan, HM_COULD_NOT, "");
    }
}

static void leaves_nothing_when_the_pin_is_not_to_be_had(void **state) {
    (void)state;
    char pin[128];
    hm_office_plan none = plan_of(fresh_folder(), "Example", office_token_uri(), NULL);
    FAILS(HM_MISUSED, "PIN is not known", hm_office_create(&none));
    assert_int_equal(access(none.directory, F_OK), -1);
    hm_office_plan missing = plan_of(fresh_folder(), "Example", office_token_uri(), "/nowhere/pin");
    expect_no_office(&missing, HM_COULD_NOT, "/nowhere/pin");
    /* P2: a PIN that others can read is none. */
    snprintf(pin, sizeof pin, "%s/open-pin", office_group_folder());
    WORKS(hm_file_write(AT_FDCWD, pin, LITERAL("1234\n"), 0644));
    hm_office_plan open = plan_of(fresh_folder(), "Example", office_token_uri(), pin);
    FAILS(HM_REFUSED, "open-pin", hm_office_create(&open));
    assert_int_equal(access(open.directory, F_OK), -1);
}

static void an_office_is_its_owner_s_and_its_log_everybody_s(void **state) {
    (void)state;
    OFFICE o;
    struct stat st;
    office_copy(&o);
    assert_int_equal(stat(o.directory, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(office_file(&o, "office.db"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(office_file(&o, "log"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
}

static void begins_with_its_founding_and_a_checkpoint(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    HM_BUF note = HM_BUF_EMPTY;
    hm_note_key key;
    hm_checkpoint checkpoint;
    office_copy(&o);
    entry_read(&o, 0, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_CEREMONY);
    assert_false(e.leaf.has_product);
    assert_true(details_hold(&e, "\"act\":\"office founded\""));
    assert_true(details_hold(&e, "\"development\":true")); /* P2: a software token */
    log_key(&o, &key);
    WORKS(hm_file_read(AT_FDCWD, office_file(&o, "log/checkpoint"), 1 << 16, &note));
    WORKS(hm_checkpoint_open(hm_buf_bytes(&note), &key, &checkpoint));
    assert_int_equal(checkpoint.size, entries_in(&o));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(refuses_an_organization_without_a_name_or_with_an_odd_one),
        OFFICE_TEST(refuses_an_organization_whose_name_is_not_text),
        OFFICE_TEST(refuses_a_folder_that_holds_something_and_leaves_it),
        OFFICE_TEST(refuses_an_office_over_an_office),
        OFFICE_TEST(leaves_nothing_when_the_token_cannot_be_used),
        OFFICE_TEST(leaves_nothing_when_the_token_fails_half_way),
        OFFICE_TEST(leaves_nothing_when_the_pin_is_not_to_be_had),
        OFFICE_TEST(an_office_is_its_owner_s_and_its_log_everybody_s),
        OFFICE_TEST(begins_with_its_founding_and_a_checkpoint),
    };
    return RUN_WITH_OFFICE(tests);
}
