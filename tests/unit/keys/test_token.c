#include "fixture.h"

#include <sys/file.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void opens_describes_and_closes(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    hm_token_info info;
    for (int round = 0; round < 3; round++) {
        WORKS(hm_token_open(&f->selector, f->pin, &token));
        hm_token_describe(token, &info);
        assert_string_equal(info.label, "Test token");
        assert_string_equal(info.manufacturer, "SoftHSM project");
        assert_int_equal(strlen(info.serial), 16);
        assert_true(info.software);
        assert_true(info.has_ed25519);
        hm_token_close(&token);
        assert_null(token);
        hm_token_close(&token);
    }
}

static void says_that_the_pin_is_wrong_without_showing_it(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    HM_SECRET *wrong = NULL;
    WORKS(hm_secret_new(&wrong));
    memcpy(wrong->data, "not-the-pin", 11);
    wrong->len = 11;
    FAILS(HM_COULD_NOT, "\"Test token\": the PIN is wrong", hm_token_open(&f->selector, wrong, &token));
    assert_null(strstr(hm_err_sentence(), "not-the-pin"));
    assert_null(token);
    WORKS(hm_token_open(&f->selector, f->pin, &token));
}

static void asks_for_a_pin_where_one_is_needed(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    FAILS(HM_COULD_NOT, "needs a PIN", hm_token_open(&f->selector, NULL, &token));
    assert_null(token);
}

static void refuses_a_pin_file_that_others_can_read(void **state) {
    fixture *f = *state;
    HM_SECRET *pin = NULL;
    static const mode_t open_modes[] = {0640, 0604, 0660, 0601};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(chmod(f->pin_path, open_modes[i]), 0);
        FAILS(HM_REFUSED, "others can read it", hm_secret_from_file(f->pin_path, &pin));
        assert_null(pin);
    }
    assert_int_equal(chmod(f->pin_path, 0400), 0);
    WORKS(hm_secret_from_file(f->pin_path, &pin));
}

static void says_which_module_is_missing(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    f->selector.module_path = "/nonexistent/module.so";
    FAILS(HM_COULD_NOT, "/nonexistent/module.so cannot be opened: No such file",
          hm_token_open(&f->selector, f->pin, &token));
    f->selector.module_path = NULL;
    FAILS(HM_MISUSED, "no PKCS#11 module is named", hm_token_open(&f->selector, f->pin, &token));
    f->selector.module_path = "libsofthsm2.so";
    FAILS(HM_MISUSED, "whole path", hm_token_open(&f->selector, f->pin, &token));
}

static void says_that_a_file_is_not_a_module(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    f->selector.module_path = f->pin_path;
    FAILS(HM_COULD_NOT, "cannot be loaded", hm_token_open(&f->selector, f->pin, &token));
    f->selector.module_path = f->folder;
    FAILS(HM_COULD_NOT, "is not a PKCS#11 module", hm_token_open(&f->selector, f->pin, &token));
    f->selector.module_path = "/dev/zero";
    FAILS(HM_COULD_NOT, "is not a PKCS#11 module", hm_token_open(&f->selector, f->pin, &token));
    f->selector.module_path = NOT_A_MODULE; /* a shared object without C_GetFunctionList */
    FAILS(HM_COULD_NOT, "is not a PKCS#11 module", hm_token_open(&f->selector, f->pin, &token));
    assert_null(token);
}

static void says_which_tokens_there_are_when_none_fits(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    hm_token_selector wrong = f->selector;
    wrong.token_label = "Other";
    FAILS(HM_COULD_NOT, "no token \"Other\"", hm_token_open(&wrong, f->pin, &token));
    assert_non_null(strstr(hm_err_sentence(), "\"Test token\" (serial "));
    wrong = f->selector;
    wrong.token_label = "Test toke"; /* a prefix is not the name */
    FAILS(HM_COULD_NOT, "no token", hm_token_open(&wrong, f->pin, &token));
    wrong = f->selector;
    wrong.serial = "0000000000000000";
    FAILS(HM_COULD_NOT, "no such token", hm_token_open(&wrong, f->pin, &token));
    wrong = f->selector;
    wrong.manufacturer = "ACME";
    FAILS(HM_COULD_NOT, "no such token", hm_token_open(&wrong, f->pin, &token));
    wrong = f->selector;
    wrong.model = "X";
    FAILS(HM_COULD_NOT, "no such token", hm_token_open(&wrong, f->pin, &token));
    wrong = f->selector;
    wrong.has_slot_id = true;
    wrong.slot_id = 4;
    FAILS(HM_COULD_NOT, "no such token", hm_token_open(&wrong, f->pin, &token));
    assert_null(token);
}

static void says_that_there_is_no_token_at_all(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    char path[120];
    snprintf(path, sizeof path, "%s/token/tokens", f->folder);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(mkdir(path, 0700), 0);
    FAILS(HM_COULD_NOT, "there is: none", hm_token_open(&f->selector, f->pin, &token));
}

static void add_token(const fixture *f, const char *label) {
    CK_FUNCTION_LIST *call = raw_start(f);
    CK_SLOT_ID slots[8];
    CK_ULONG count = 0;
    unsigned char padded[32], pin[] = "12345678";
    memset(padded, ' ', sizeof padded);
    memcpy(padded, label, strlen(label));
    assert_int_equal(call->C_GetSlotList(CK_TRUE, NULL, &count), CKR_OK);
    assert_in_range(count, 2, 8);
    assert_int_equal(call->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    assert_int_equal(call->C_InitToken(slots[count - 1], pin, 8, padded), CKR_OK);
    raw_end(call);
}

static void lists_the_tokens_when_more_than_one_fits(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    add_token(f, "Second");
    FAILS(HM_COULD_NOT, "more than one token fits", hm_token_open(&f->selector, f->pin, &token));
    assert_non_null(strstr(hm_err_sentence(), "\"Test token\" (serial "));
    assert_non_null(strstr(hm_err_sentence(), "\"Second\" (serial "));
    f->selector.token_label = "Test token";
    WORKS(hm_token_open(&f->selector, f->pin, &token));
}

static void two_tokens_with_one_label_are_told_apart_by_serial(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    hm_token_info info;
    WORKS(hm_token_open(&f->selector, f->pin, &token));
    hm_token_describe(token, &info);
    hm_token_close(&token);
    add_token(f, "Test token");
    f->selector.token_label = "Test token";
    FAILS(HM_COULD_NOT, "more than one token fits", hm_token_open(&f->selector, f->pin, &token));
    f->selector.serial = info.serial;
    WORKS(hm_token_open(&f->selector, f->pin, &token));
}

static void a_module_is_open_once_in_a_process(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL, *second = NULL;
    f->selector.lock_path = NULL;
    WORKS(hm_token_open(&f->selector, f->pin, &token));
    FAILS(HM_COULD_NOT, "in use in this process", hm_token_open(&f->selector, f->pin, &second));
    assert_null(second);
    hm_key *key; /* and the first still works */
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "first", &key));
}

static int open_and_sign(const fixture *f) {
    HM_TOKEN *token = NULL;
    hm_key *key;
    HM_BUF signature = HM_BUF_EMPTY;
    if (hm_failed(hm_token_open(&f->selector, f->pin, &token)) ||
        hm_failed(hm_token_find(token, HM_KEY_ES256, some_id, HM_NO_BYTES, &key))) {
        fprintf(stderr, "%s\n", hm_err_sentence());
        return 1;
    }
    hm_signer signer = hm_key_signer(key);
    return hm_failed(signer.sign(signer.key, HM_SCHEME_ECDSA_SHA256, hm_text("m"), &signature));
}

/* SoftHSM fails at random when processes start together; the lock file keeps them apart. */
static void eight_processes_open_one_token_at_once(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    hm_key *key;
    WORKS(hm_token_open(&f->selector, f->pin, &token));
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "shared", &key));
    hm_token_close(&token);
    for (int round = 0; round < 6; round++) {
        pid_t children[8];
        for (size_t i = 0; i < 8; i++) {
            children[i] = fork();
            if (children[i] == 0) _exit(open_and_sign(f));
        }
        for (size_t i = 0; i < 8; i++) {
            int status;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
    }
}

static void waits_while_another_process_starts(void **state) {
    fixture *f = *state;
    int lock = open(f->selector.lock_path, O_RDWR | O_CREAT, 0600);
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    pid_t child = fork();
    if (child == 0) {
        close(lock);
        HM_TOKEN *token = NULL;
        _exit(hm_failed(hm_token_open(&f->selector, f->pin, &token)));
    }
    int status;
    usleep(200 * 1000);
    assert_int_equal(waitpid(child, &status, WNOHANG), 0);
    assert_int_equal(flock(lock, LOCK_UN), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(lock);
}

static void leaves_no_lock_behind(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    WORKS(hm_token_open(&f->selector, f->pin, &token));
    int lock = open(f->selector.lock_path, O_RDWR);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    close(lock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(opens_describes_and_closes),
        TEST(says_that_the_pin_is_wrong_without_showing_it),
        TEST(asks_for_a_pin_where_one_is_needed),
        TEST(refuses_a_pin_file_that_others_can_read),
        TEST(says_which_module_is_missing),
        TEST(says_that_a_file_is_not_a_module),
        TEST(says_which_tokens_there_are_when_none_fits),
        TEST(says_that_there_is_no_token_at_all),
        TEST(lists_the_tokens_when_more_than_one_fits),
        TEST(two_tokens_with_one_label_are_told_apart_by_serial),
        TEST(a_module_is_open_once_in_a_process),
        TEST(eight_processes_open_one_token_at_once),
        TEST(waits_while_another_process_starts),
        TEST(leaves_no_lock_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
