/* Keys that were made elsewhere, by a token that does as it is told and by one that does not. */
#include "fake_fixture.h"

#include "foreign_key.h"

#define MINE HM_BYTES("\x0a\x0b", 2)

/* With a foreign key in it. */
static hm_token *opened_with(fixture *f, const foreign_key *key) {
    const char *fake = f->selector.module_path;
    hm_token *token = NULL;
    f->selector.module_path = getenv("HALLMARK_FAKE_REAL");
    CK_FUNCTION_LIST *call = raw_start(f);
    foreign_key_put(call, raw_log_in(f, call), key);
    raw_end(call);
    f->selector.module_path = fake;
    WORKS(hm_token_open(&f->selector, f->pin, &token));
    return token;
}

static hm_err anybody(void *context, hm_bytes spki) {
    hm_buf *seen = context;
    return seen ? hm_put(seen, spki) : HM_OK;
}

static hm_err nobody(void *context, hm_bytes spki) {
    (void)context, (void)spki;
    return hm_refuse("not this one");
}

static hm_adoption adoption(const char *id) {
    hm_adoption how = {.was = MINE, .label = "pump signing es256 was 0a0b", .may = anybody};
    memcpy(how.id, id, strlen(id));
    return how;
}

static void check_signature(hm_key *key) {
    hm_signer signer = hm_key_signer(key);
    HM_BUF signature = HM_BUF_EMPTY;
    WORKS(signer.sign(signer.key, hm_key_scheme(signer.algorithm), HM_BYTES("firmware", 8), &signature));
    WORKS(hm_verify(signer.spki, hm_key_scheme(signer.algorithm), HM_BYTES("firmware", 8), hm_buf_bytes(&signature)));
}

static void a_key_that_was_put_in_becomes_the_offices(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = opened_with(f, &(foreign_key){.id = MINE});
    HM_BUF seen = HM_BUF_EMPTY;
    hm_key *key;
    hm_key_origin origin;
    hm_adoption how = adoption("the office's id");
    how.context = &seen;
    WORKS(hm_token_adopt(token, HM_KEY_ES256, &how, &key));
    check_signature(key);
    assert_true(hm_bytes_equal(hm_buf_bytes(&seen), hm_key_signer(key).spki));
    assert_memory_equal(&seen.data[seen.len - 64], &foreign_point[3], 64);
    WORKS(hm_key_inspect(key, &origin));
    assert_true(origin.sensitive && !origin.local && !origin.never_extractable);
    hm_token_close(&token);
    WORKS(hm_token_open(&f->selector, f->pin, &token));
    WORKS(hm_token_find(token, HM_KEY_ES256, how.id, HM_NO_BYTES, &key));
    check_signature(key);
    WORKS(hm_token_destroy(token, &key));
    FAILS(HM_REFUSED, "no es256 key with the id 0a0b", hm_token_adopt(token, HM_KEY_ES256, &how, &key));
}

/* Each: what is wrong with what was put in, what the person is told. */
static const struct {
    foreign_key key;
    const char *said;
} refused[] = {
    {{.shown = true}, "not CKA_SENSITIVE"},
    {{.extractable = true}, "is CKA_EXTRACTABLE"},
    {{.for_everybody = true}, "not CKA_PRIVATE"},
    {{.no_public = true}, "without its public key"},
    {{.other_public = true}, "do not belong together"},
};

static void what_could_leave_or_is_no_pair_is_not_taken(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        void *each;
        foreign_key wrong = refused[i].key;
        hm_key *key;
        hm_adoption how = adoption("the office's id");
        bool there;
        fake_new(&each);
        wrong.id = MINE;
        HM_TOKEN *token = opened_with(each, &wrong);
        hm_err err = hm_token_adopt(token, HM_KEY_ES256, &how, &key);
        if (!hm_failed(err) || !strstr(hm_err_sentence(), refused[i].said))
            fail_msg("\"%s\" does not say \"%s\"", hm_err_sentence(), refused[i].said);
        assert_null(key);
        WORKS(hm_token_has(token, HM_KEY_ES256, how.id, &there));
        assert_false(there);
        hm_token_close(&token);
        fixture_free(&each);
    }
}

static void another_id_or_algorithm_is_another_key(void **state) {
    HM_TOKEN *token = opened_with(*state, &(foreign_key){.id = MINE});
    hm_adoption how = adoption("the office's id");
    hm_key *key;
    FAILS(HM_REFUSED, "no rsa3072 key with the id 0a0b", hm_token_adopt(token, HM_KEY_RSA3072, &how, &key));
    FAILS(HM_REFUSED, "it is no es384 key", hm_token_adopt(token, HM_KEY_ES384, &how, &key));
    how.was = HM_BYTES("\x0a\x0b\x00", 3);
    FAILS(HM_REFUSED, "no es256 key with the id 0a0b00", hm_token_adopt(token, HM_KEY_ES256, &how, &key));
    how.was = MINE;
    WORKS(hm_token_adopt(token, HM_KEY_ES256, &how, &key));
}

static void nothing_is_changed_of_a_key_that_may_not_be_taken(void **state) {
    HM_TOKEN *token = opened_with(*state, &(foreign_key){.id = MINE});
    hm_adoption how = adoption("the office's id");
    hm_key *key;
    bool there;
    how.may = nobody;
    order(*state, "C_SetAttributeValue crash 0 0");
    FAILS(HM_REFUSED, "not this one", hm_token_adopt(token, HM_KEY_ES256, &how, &key));
    order(*state, "");
    WORKS(hm_token_has(token, HM_KEY_ES256, how.id, &there));
    assert_false(there);
}

/* Between the public and the private half; and behind both, when only the caller knows of nothing. */
static void goes_on_where_it_was_cut_off(void **state) {
    HM_TOKEN *token = opened_with(*state, &(foreign_key){.id = MINE});
    hm_adoption first = adoption("the first id"), second = adoption("the second id"), third = adoption("the third id");
    hm_key *key;
    bool there;
    order(*state, "C_SetAttributeValue return 0x30 1");
    FAILS(HM_COULD_NOT, "reconnect it", hm_token_adopt(token, HM_KEY_ES256, &first, &key));
    assert_null(key);
    order(*state, "");
    WORKS(hm_token_adopt(token, HM_KEY_ES256, &second, &key));
    check_signature(key);
    WORKS(hm_token_adopt(token, HM_KEY_ES256, &third, &key));
    check_signature(key);
    WORKS(hm_token_has(token, HM_KEY_ES256, second.id, &there));
    assert_false(there);
}

/* Each: what the token does, what the person is told. */
static const struct {
    const char *fault, *said;
} adopting[] = {
    {"C_SetAttributeValue return 0x10 0", "lets nobody change the id"},
    {"C_SetAttributeValue return 0x1b 0", "lets nobody change the id"},
    {"C_SetAttributeValue return 0x10 1", "lets nobody change the id"},
    {"C_SetAttributeValue return 0x54 0", "does not support that"},
    {"C_SetAttributeValue return 0 0", "and did not"}, /* says that it did */
    {"C_SetAttributeValue return 0 1", "and did not"},
    {"C_GetAttributeValue return 0x12 0", "show a key's properties"}, /* tells nothing */
    {"C_GetAttributeValue return 0x12 1", "show a key's properties"},
    {"C_GetAttributeValue return 0x12 3", "show a key's properties"},
    {"C_GetAttributeValue garbage 0 1", "not CKA_SENSITIVE"},
    {"C_GetAttributeValue garbage 0 2", "is CKA_EXTRACTABLE"},
    {"C_GetAttributeValue zero 0 3", "not CKA_PRIVATE"},
    {"C_GetAttributeValue garbage 0 0", "it is no es256 key"},
    {"C_GetAttributeValue return 0x12 2", "show a key's properties"},
    {"C_GetAttributeValue length 2 1", "length that cannot be"},
    {"C_FindObjects count 2 0", "more than one key"},
    {"C_FindObjects return 0x30 1", "reconnect it"},
    {"C_Sign garbage 0 0", "do not belong together"},
    {"C_SignInit return 0x68 0", "sign"},
};

static void adopting_says_what_is_wrong_and_can_be_tried_again(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof adopting / sizeof adopting[0]; i++) {
        void *each;
        hm_adoption how = adoption("the office's id");
        hm_key *key;
        fake_new(&each);
        HM_TOKEN *token = opened_with(each, &(foreign_key){.id = MINE});
        order(each, adopting[i].fault);
        hm_err err = hm_token_adopt(token, HM_KEY_ES256, &how, &key);
        if (!hm_failed(err) || !strstr(hm_err_sentence(), adopting[i].said))
            fail_msg("%s: \"%s\"", adopting[i].fault, hm_err_sentence());
        assert_null(key);
        order(each, "");
        WORKS(hm_token_adopt(token, HM_KEY_ES256, &how, &key));
        hm_token_close(&token);
        fixture_free(&each);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_new, fixture_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_key_that_was_put_in_becomes_the_offices),
        cmocka_unit_test(what_could_leave_or_is_no_pair_is_not_taken),
        TEST(another_id_or_algorithm_is_another_key),
        TEST(nothing_is_changed_of_a_key_that_may_not_be_taken),
        TEST(goes_on_where_it_was_cut_off),
        cmocka_unit_test(adopting_says_what_is_wrong_and_can_be_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
