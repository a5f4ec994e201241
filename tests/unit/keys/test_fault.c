/* What a device does that is removed, full, locked, broken or hostile; by the fake module. */
#include "fake_fixture.h"

static hm_token *opened(fixture *f) {
    hm_token *token = NULL;
    WORKS(hm_token_open(&f->selector, f->pin, &token));
    return token;
}

static void without_faults_the_fake_is_the_real_one(void **state) {
    HM_TOKEN *token = opened(*state);
    hm_key *key;
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
}

/* Each: what the device does, what the person is told. */
static const struct {
    const char *fault, *said;
} opening[] = {
    {"C_GetFunctionList return 0x5 0", "general error"},
    {"C_GetFunctionList null 0 0", "not a whole PKCS#11 module"},
    {"C_GetFunctionList hole 0 0", "not a whole PKCS#11 module"},
    {"C_GetFunctionList version 1 0", "not a whole PKCS#11 module"},
    {"C_GetFunctionList version 255 0", "not a whole PKCS#11 module"},
    {"C_Initialize return 0x2 0", "no memory left"},
    {"C_Initialize return 0x80000001 0", "only its maker can explain"},
    {"C_GetSlotList return 0x30 0", "reconnect it"},
    {"C_GetSlotList count 257 0", "more than 256 tokens"},
    {"C_GetSlotList count 0xffffffffffffffff 0", "more than 256 tokens"},
    {"C_GetSlotList return 0x150 0", "more than 256 tokens"},
    {"C_GetSlotList count 0 0", "there is: none"},
    {"C_GetTokenInfo return 0xe0 0", "there is: none"}, /* the device is out */
    {"C_GetTokenInfo return 0x32 0", "has been removed"},
    {"C_OpenSession return 0xb1 0", "too many sessions"},
    {"C_OpenSession return 0xe2 0", "write-protected"},
    {"C_Login return 0xa0 0", "the PIN is wrong"},
    {"C_Login return 0xa2 0", "too long or too short"},
    {"C_Login return 0xa3 0", "has expired"},
    {"C_Login return 0xa4 0", "the PIN is locked after wrong tries (the token's security officer must reset it)"},
    {"C_Login return 0x102 0", "has no user PIN yet"},
    {"C_Login return 0x1 0", "CKR_CANCEL (0x1)"},
    {"C_Login return 0xa0 0\nC_GetTokenInfo flags 0x10000 1", "few tries are left"},
    {"C_Login return 0xa0 0\nC_GetTokenInfo flags 0x20000 1", "one try is left"},
    {"C_Login return 0xa0 0\nC_GetTokenInfo flags 0x40000 1", "it is now locked"},
    {"C_Login return 0xa0 0\nC_GetTokenInfo return 0x32 2", "the PIN is wrong"},
};

static void opening_says_what_is_wrong_with_the_device(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof opening / sizeof opening[0]; i++) {
        void *each;
        fake_new(&each);
        fixture *f = each;
        hm_token *token = NULL;
        order(f, opening[i].fault);
        hm_err err = hm_token_open(&f->selector, f->pin, &token);
        if (err.class != HM_COULD_NOT || !strstr(hm_err_sentence(), opening[i].said))
            fail_msg("%s: class %d, %s", opening[i].fault, err.class, hm_err_sentence());
        assert_null(token);
        order(f, ""); /* and it works once the device does */
        token = opened(f);
        hm_token_close(&token);
        fixture_free(&each);
    }
}

static void P5_strings_of_the_module_cannot_overflow_or_reach_a_terminal(void **state) {
    fixture *f = *state;
    hm_token_info info;
    order(f, "C_GetTokenInfo garbage 0 0");
    HM_TOKEN *token = opened(f);
    hm_token_describe(token, &info);
    assert_int_equal(strlen(info.label), 32);
    assert_int_equal(strlen(info.manufacturer), 32);
    assert_int_equal(strlen(info.model), 16);
    assert_string_equal(info.serial, "????????????????");
    hm_token_close(&token);
    order(f, "C_GetTokenInfo zero 0 0");
    token = opened(f);
    hm_token_describe(token, &info);
    assert_string_equal(info.label, "");
    assert_false(info.software);
}

static void a_token_without_ed25519_says_so(void **state) {
    fixture *f = *state;
    hm_token_info info;
    HM_TOKEN *token = opened(f);
    order(f, "C_GetMechanismInfo return 0x70 0");
    hm_token_describe(token, &info);
    assert_false(info.has_ed25519);
    order(f, "C_GetMechanismInfo return 0x70 1"); /* makes keys, but does not sign */
    hm_token_describe(token, &info);
    assert_false(info.has_ed25519);
    order(f, "");
    hm_token_describe(token, &info);
    assert_true(info.has_ed25519);
}

/* CKF_PROTECTED_AUTHENTICATION_PATH: the PIN is typed at the device and never seen here. */
static void a_token_with_a_key_pad_is_opened_without_a_pin(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = NULL;
    order(f, "C_Login return 0 0");
    FAILS(HM_COULD_NOT, "needs a PIN", hm_token_open(&f->selector, NULL, &token));
    order(f, "C_GetTokenInfo flags 0x100 0\nC_Login return 0 0");
    WORKS(hm_token_open(&f->selector, NULL, &token));
}

static const struct {
    const char *fault, *said;
} generating[] = {
    {"C_GenerateKeyPair return 0x31 0", "is full"},
    {"C_GenerateKeyPair return 0x32 0", "has been removed"},
    {"C_GenerateKeyPair return 0x70 0", "does not support the algorithm"},
    {"C_GenerateKeyPair return 0xd1 0", "refuses keys with these properties"},
    {"C_GenerateKeyPair return 0x140 0", "does not know the curve"},
    {"C_GenerateKeyPair return 0x0 0", "no longer there"}, /* says yes, does nothing */
    {"C_FindObjectsInit return 0xb3 0", "the session is gone"},
    {"C_FindObjects return 0x30 0", "reconnect it"},
    {"C_FindObjects count 2 0", "more than one key"},
    {"C_FindObjects count 0xffffffff 0", "more than one key"},
    {"C_FindObjectsFinal return 0x30 0", "end a search"},
    {"C_GetAttributeValue return 0x32 0", "has been removed"},
    {"C_GetAttributeValue return 0x12 0", "could leave it"}, /* tells nothing */
    {"C_GetAttributeValue zero 0 0", "could leave it"},
    {"C_GetAttributeValue garbage 0 0", "could leave it"}, /* neither true nor false */
    {"C_GetAttributeValue length 2 0", "could leave it"},
    {"C_GetAttributeValue length 0 3", "length that cannot be"},
    {"C_GetAttributeValue length 1025 3", "length that cannot be"},
    {"C_GetAttributeValue length 0xffffffffffffffff 3", "length that cannot be"},
    {"C_GetAttributeValue length 64 3", "in a form that is not known"},
    {"C_GetAttributeValue length 66 3", "in a form that is not known"},
    {"C_GetAttributeValue garbage 0 3", "in a form that is not known"},
    {"C_SignInit return 0x68 0", "may not be used for that"},
    {"C_Sign garbage 0 0", "do not belong together"},
    {"C_Sign zero 0 0", "signature that is none"},
    {"C_Sign length 63 0", "signature of 63 octets"},
};

/* P5: nothing is handed out, and nothing is left in the token. */
static void P5_a_key_that_was_not_made_well_is_not_kept(void **state) {
    fixture *f = *state;
    for (size_t i = 0; i < sizeof generating / sizeof generating[0]; i++) {
        order(f, "");
        HM_TOKEN *token = opened(f);
        hm_key *key;
        order(f, generating[i].fault);
        hm_err err = hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key);
        if (err.class != HM_COULD_NOT || !strstr(hm_err_sentence(), generating[i].said))
            fail_msg("%s: class %d, %s", generating[i].fault, err.class, hm_err_sentence());
        assert_null(key);
        order(f, "");
        hm_token_close(&token); /* a search whose end failed is still open */
        token = opened(f);
        FAILS(HM_COULD_NOT, "no es256 key", hm_token_find(token, HM_KEY_ES256, some_id, HM_NO_BYTES, &key));
    }
}

static const struct {
    const char *fault, *said;
} signing[] = {
    {"C_SignInit return 0x32 0", "has been removed"},
    {"C_SignInit return 0xb3 0", "the session is gone"},
    {"C_SignInit return 0x60 0", "the key is no longer there"},
    {"C_SignInit return 0x90 0", "CKR_OPERATION_ACTIVE (0x90)"},
    {"C_SignInit return 0x190 0", "its module was closed"},
    {"C_Sign return 0x32 0", "has been removed"},
    {"C_Sign return 0x50 0", "cancelled at the device"},
    {"C_Sign return 0xe0 0", "is not connected"},
    {"C_Sign return 0xb0 0", "has closed the session"},
    {"C_Sign return 0x101 0", "wants the PIN again"},
    {"C_Sign return 0x0 0", "signature of 512 octets"}, /* says yes, does nothing */
    {"C_Sign length 0 0", "signature of 0 octets"},
    {"C_Sign length 65 0", "signature of 65 octets"},
    {"C_Sign length 0xffffffffffffffff 0", "signature of"},
    {"C_Sign zero 0 0", "signature that is none"},
};

static void P5_a_signature_that_failed_leaves_nothing(void **state) {
    fixture *f = *state;
    for (size_t i = 0; i < sizeof signing / sizeof signing[0]; i++) {
        order(f, "");
        HM_TOKEN *token = opened(f);
        hm_key *key;
        HM_BUF signature = HM_BUF_EMPTY;
        uint8_t id[HM_KEY_ID_LEN] = {(uint8_t)i};
        WORKS(hm_token_generate(token, HM_KEY_ES256, id, "k", &key));
        hm_signer signer = hm_key_signer(key);
        order(f, signing[i].fault);
        hm_err err = signer.sign(signer.key, HM_SCHEME_ECDSA_SHA256, hm_text("m"), &signature);
        if (err.class != HM_COULD_NOT || !strstr(hm_err_sentence(), signing[i].said))
            fail_msg("%s: class %d, %s", signing[i].fault, err.class, hm_err_sentence());
        assert_int_equal(signature.len, 0);
    }
}

static void a_key_that_the_token_keeps_is_not_called_destroyed(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = opened(f);
    hm_key *key;
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    order(f, "C_DestroyObject return 0 0");
    FAILS(HM_COULD_NOT, "still has it", hm_token_destroy(token, &key));
    assert_null(key);
    order(f, "");
    WORKS(hm_token_find(token, HM_KEY_ES256, some_id, HM_NO_BYTES, &key));
    order(f, "C_DestroyObject return 0x1b 0");
    FAILS(HM_COULD_NOT, "CKR_ACTION_PROHIBITED", hm_token_destroy(token, &key));
    order(f, "");
    WORKS(hm_token_find(token, HM_KEY_ES256, some_id, HM_NO_BYTES, &key));
    WORKS(hm_token_destroy(token, &key));
}

/* When even the clean-up fails, both reasons are said. */
static void a_bad_key_that_cannot_be_destroyed_is_reported_as_both(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = opened(f);
    hm_key *key;
    order(f, "C_Sign garbage 0 0\nC_DestroyObject return 0x30 0");
    FAILS(HM_COULD_NOT, "do not belong together", hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    assert_non_null(strstr(hm_err_sentence(), "could not destroy a key"));
    assert_null(key);
}

static void an_rsa_key_of_another_size_is_refused(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = opened(f);
    hm_key *key;
    order(f, "C_GetAttributeValue length 256 3");
    FAILS(HM_COULD_NOT, "of another size", hm_token_generate(token, HM_KEY_RSA3072, some_id, "k", &key));
    assert_null(key);
}

/* With the public key known from our records a key is found by one search for its private half, and nothing is read. */
static void finding_a_known_key_asks_once_and_reads_nothing(void **state) {
    static const uint8_t other_id[HM_KEY_ID_LEN] = {9};
    fixture *f = *state;
    HM_TOKEN *token = opened(f);
    hm_key *key, *again;
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    WORKS(hm_put(&spki, hm_key_signer(key).spki));
    hm_token_close(&token);
    token = opened(f);
    order(f, "C_FindObjectsInit return 0x5 1\nC_FindObjects return 0x5 1\nC_GetAttributeValue return 0x5 0");
    WORKS(hm_token_find(token, HM_KEY_ES256, some_id, hm_buf_bytes(&spki), &key));
    hm_signer signer = hm_key_signer(key);
    for (int round = 0; round < 3; round++)
        WORKS(signer.sign(signer.key, HM_SCHEME_ECDSA_SHA256, hm_text("m"), &signature));
    WORKS(hm_token_find(token, HM_KEY_ES256, some_id, hm_buf_bytes(&spki), &again));
    assert_ptr_equal(again, key);
    FAILS(HM_COULD_NOT, "", hm_token_find(token, HM_KEY_ES256, other_id, hm_buf_bytes(&spki), &key));
}

/* What the database said of a key is not taken for what the token says of it. */
static void a_key_that_was_told_is_read_when_the_token_is_to_say(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = opened(f);
    hm_key *made, *told, *read;
    const hm_bytes wrong = hm_text("another public key");
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &made));
    HM_BUF spki = HM_BUF_EMPTY;
    WORKS(hm_put(&spki, hm_key_signer(made).spki));
    hm_token_close(&token);
    token = opened(f);
    WORKS(hm_token_find(token, HM_KEY_ES256, some_id, wrong, &told));
    WORKS(hm_token_find(token, HM_KEY_ES256, some_id, HM_NO_BYTES, &read));
    assert_true(hm_bytes_equal(hm_key_signer(read).spki, hm_buf_bytes(&spki)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_new, fixture_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(without_faults_the_fake_is_the_real_one),
        TEST(a_key_that_was_told_is_read_when_the_token_is_to_say),
        cmocka_unit_test(opening_says_what_is_wrong_with_the_device),
        TEST(P5_strings_of_the_module_cannot_overflow_or_reach_a_terminal),
        TEST(a_token_without_ed25519_says_so),
        TEST(a_token_with_a_key_pad_is_opened_without_a_pin),
        TEST(P5_a_key_that_was_not_made_well_is_not_kept),
        TEST(P5_a_signature_that_failed_leaves_nothing),
        TEST(a_key_that_the_token_keeps_is_not_called_destroyed),
        TEST(a_bad_key_that_cannot_be_destroyed_is_reported_as_both),
        TEST(an_rsa_key_of_another_size_is_refused),
        TEST(finding_a_known_key_asks_once_and_reads_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
