#include "fixture.h"

static hm_token *opened(fixture *f) {
    hm_token *token = NULL;
    WORKS(hm_token_open(&f->selector, f->pin, &token));
    return token;
}

static void check_signature(hm_key *key, const char *message) {
    hm_signer signer = hm_key_signer(key);
    hm_scheme scheme = hm_key_scheme(signer.algorithm);
    HM_BUF signature = HM_BUF_EMPTY;
    WORKS(signer.sign(signer.key, scheme, hm_text(message), &signature));
    WORKS(hm_verify(signer.spki, scheme, hm_text(message), hm_buf_bytes(&signature)));
    FAILS(HM_REFUSED, "does not fit", hm_verify(signer.spki, scheme, hm_text("other"), hm_buf_bytes(&signature)));
}

static void keys_of_every_algorithm_sign_what_their_public_key_verifies(void **state) {
    HM_TOKEN *token = opened(*state);
    for (hm_key_algorithm algorithm = HM_KEY_ES256; algorithm <= HM_KEY_ED25519; algorithm++) {
        uint8_t id[HM_KEY_ID_LEN] = {(uint8_t)algorithm};
        hm_key *key, *found;
        WORKS(hm_token_generate(token, algorithm, id, hm_key_algorithm_name(algorithm), &key));
        assert_int_equal(hm_key_signer(key).algorithm, algorithm);
        for (int round = 0; round < 20; round++) check_signature(key, round % 2 ? "" : "firmware");
        WORKS(hm_token_find(token, algorithm, id, HM_NO_BYTES, &found));
        assert_true(hm_bytes_equal(hm_key_signer(key).spki, hm_key_signer(found).spki));
        check_signature(found, "found again");
    }
}

static void an_ed25519_key_signs_long_messages_whole(void **state) {
    HM_TOKEN *token = opened(*state);
    hm_key *key;
    HM_BUF message = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    WORKS(hm_put_zeros(&message, 300000));
    WORKS(hm_token_generate(token, HM_KEY_ED25519, some_id, "ed", &key));
    hm_signer signer = hm_key_signer(key);
    WORKS(signer.sign(signer.key, HM_SCHEME_ED25519, hm_buf_bytes(&message), &signature));
    WORKS(hm_verify(signer.spki, HM_SCHEME_ED25519, hm_buf_bytes(&message), hm_buf_bytes(&signature)));
    message.data[299999] = 1;
    FAILS(HM_REFUSED, "", hm_verify(signer.spki, HM_SCHEME_ED25519, hm_buf_bytes(&message), hm_buf_bytes(&signature)));
}

static void a_key_outlives_the_process_that_made_it(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = opened(f);
    hm_key *key;
    HM_BUF spki = HM_BUF_EMPTY;
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "kept", &key));
    WORKS(hm_put(&spki, hm_key_signer(key).spki));
    hm_token_close(&token);
    token = opened(f);
    WORKS(hm_token_find(token, HM_KEY_ES256, some_id, hm_buf_bytes(&spki), &key));
    check_signature(key, "firmware");
}

static void a_signature_is_appended(void **state) {
    HM_TOKEN *token = opened(*state);
    hm_key *key;
    HM_BUF out = HM_BUF_EMPTY;
    WORKS(hm_token_generate(token, HM_KEY_ED25519, some_id, "k", &key));
    hm_signer signer = hm_key_signer(key);
    WORKS(hm_put_text(&out, "before"));
    WORKS(signer.sign(signer.key, HM_SCHEME_ED25519, hm_text("m"), &out));
    assert_int_equal(out.len, 6 + 64);
    assert_memory_equal(out.data, "before", 6);
}

static void refuses_every_scheme_but_the_keys_own(void **state) {
    HM_TOKEN *token = opened(*state);
    hm_key *key;
    HM_BUF out = HM_BUF_EMPTY;
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    hm_signer signer = hm_key_signer(key);
    for (hm_scheme scheme = 0; scheme < 10; scheme++)
        if (scheme != HM_SCHEME_ECDSA_SHA256)
            FAILS(HM_REFUSED, "does not sign with", signer.sign(signer.key, scheme, hm_text("m"), &out));
    assert_int_equal(out.len, 0);
}

static void says_which_key_is_not_there(void **state) {
    HM_TOKEN *token = opened(*state);
    hm_key *key;
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    const uint8_t other[HM_KEY_ID_LEN] = {0xab, 0xcd};
    FAILS(HM_COULD_NOT, "no es256 key with the id abcd00",
          hm_token_find(token, HM_KEY_ES256, other, HM_NO_BYTES, &key));
    assert_null(key);
    /* The id alone is not enough: a key of another kind is another key. */
    FAILS(HM_COULD_NOT, "no ed25519 key", hm_token_find(token, HM_KEY_ED25519, some_id, HM_NO_BYTES, &key));
    FAILS(HM_COULD_NOT, "no rsa3072 key", hm_token_find(token, HM_KEY_RSA3072, some_id, HM_NO_BYTES, &key));
    FAILS(HM_COULD_NOT, "form", hm_token_find(token, HM_KEY_ES384, some_id, HM_NO_BYTES, &key));
    FAILS(HM_MISUSED, "unknown key algorithm", hm_token_find(token, 6, some_id, HM_NO_BYTES, &key));
    assert_null(key);
}

static void refuses_an_id_that_is_taken(void **state) {
    HM_TOKEN *token = opened(*state);
    hm_key *key, *second;
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    FAILS(HM_COULD_NOT, "already", hm_token_generate(token, HM_KEY_ES256, some_id, "k", &second));
    assert_null(second);
    check_signature(key, "the first is untouched");
}

static void refuses_an_unknown_algorithm(void **state) {
    HM_TOKEN *token = opened(*state);
    hm_key *key;
    FAILS(HM_MISUSED, "unknown key algorithm", hm_token_generate(token, 0, some_id, "k", &key));
    FAILS(HM_MISUSED, "unknown key algorithm", hm_token_generate(token, 6, some_id, "k", &key));
    assert_null(key);
}

static void a_destroyed_key_is_gone_and_its_id_is_free(void **state) {
    HM_TOKEN *token = opened(*state);
    hm_key *key;
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    WORKS(hm_token_destroy(token, &key));
    assert_null(key);
    FAILS(HM_COULD_NOT, "no es256 key", hm_token_find(token, HM_KEY_ES256, some_id, HM_NO_BYTES, &key));
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    check_signature(key, "firmware");
}

static void a_generated_key_says_that_it_was_made_inside_and_cannot_leave(void **state) {
    HM_TOKEN *token = opened(*state);
    hm_key *key;
    hm_key_origin origin;
    WORKS(hm_token_generate(token, HM_KEY_RSA3072, some_id, "k", &key));
    WORKS(hm_key_inspect(key, &origin));
    assert_true(origin.local && origin.never_extractable && origin.sensitive);
}

static CK_OBJECT_HANDLE raw_find(CK_FUNCTION_LIST *call, CK_SESSION_HANDLE session, CK_KEY_TYPE type) {
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type}};
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    CK_ULONG count = 0;
    assert_int_equal(call->C_FindObjectsInit(session, template, 2), CKR_OK);
    assert_int_equal(call->C_FindObjects(session, &object, 1, &count), CKR_OK);
    assert_int_equal(call->C_FindObjectsFinal(session), CKR_OK);
    assert_int_equal(count, 1);
    return object;
}

static CK_OBJECT_HANDLE raw_wrapping_key(CK_FUNCTION_LIST *call, CK_SESSION_HANDLE session) {
    CK_MECHANISM mechanism = {CKM_AES_KEY_GEN, NULL, 0};
    CK_ULONG len = 32;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE template[] = {{CKA_VALUE_LEN, &len, sizeof len}, {CKA_WRAP, &yes, sizeof yes}};
    CK_OBJECT_HANDLE key;
    assert_int_equal(call->C_GenerateKey(session, &mechanism, template, 2, &key), CKR_OK);
    return key;
}

/* P2: whoever has the PIN and the module itself cannot get the private key out either. */
static void P2_a_private_key_cannot_be_read_wrapped_or_made_extractable(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = opened(f);
    hm_key *key;
    const uint8_t other_id[HM_KEY_ID_LEN] = "rsa";
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    WORKS(hm_token_generate(token, HM_KEY_RSA3072, other_id, "r", &key));
    hm_token_close(&token);
    CK_FUNCTION_LIST *call = raw_start(f);
    CK_SESSION_HANDLE session = raw_log_in(f, call);
    CK_OBJECT_HANDLE wrapping = raw_wrapping_key(call, session);
    static const struct {
        CK_KEY_TYPE type;
        CK_ATTRIBUTE_TYPE secret;
    } keys[] = {{CKK_EC, CKA_VALUE}, {CKK_RSA, CKA_PRIVATE_EXPONENT}};
    for (size_t i = 0; i < 2; i++) {
        CK_OBJECT_HANDLE object = raw_find(call, session, keys[i].type);
        CK_BYTE bytes[4096];
        CK_ATTRIBUTE secret = {keys[i].secret, bytes, sizeof bytes};
        assert_int_equal(call->C_GetAttributeValue(session, object, &secret, 1), CKR_ATTRIBUTE_SENSITIVE);
        CK_MECHANISM mechanism = {CKM_AES_KEY_WRAP_PAD, NULL, 0};
        CK_ULONG len = sizeof bytes;
        assert_int_equal(call->C_WrapKey(session, &mechanism, wrapping, object, bytes, &len), CKR_KEY_UNEXTRACTABLE);
        CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
        CK_ATTRIBUTE extractable = {CKA_EXTRACTABLE, &yes, 1}, sensitive = {CKA_SENSITIVE, &no, 1};
        assert_int_not_equal(call->C_SetAttributeValue(session, object, &extractable, 1), CKR_OK);
        assert_int_not_equal(call->C_SetAttributeValue(session, object, &sensitive, 1), CKR_OK);
    }
    raw_end(call);
}

/* A key that somebody imported or made extractable is found, but shows it. */
static void a_key_made_extractable_says_so(void **state) {
    fixture *f = *state;
    CK_FUNCTION_LIST *call = raw_start(f);
    CK_SESSION_HANDLE session = raw_log_in(f, call);
    CK_MECHANISM mechanism = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_BYTE curve[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, id[HM_KEY_ID_LEN];
    memcpy(id, some_id, sizeof id);
    CK_ATTRIBUTE public[] = {{CKA_TOKEN, &yes, 1}, {CKA_EC_PARAMS, curve, sizeof curve}, {CKA_ID, id, sizeof id}};
    CK_ATTRIBUTE private[] = {{CKA_TOKEN, &yes, 1},
                              {CKA_SENSITIVE, &no, 1},
                              {CKA_EXTRACTABLE, &yes, 1},
                              {CKA_SIGN, &yes, 1},
                              {CKA_ID, id, sizeof id}};
    CK_OBJECT_HANDLE objects[2];
    assert_int_equal(call->C_GenerateKeyPair(session, &mechanism, public, 3, private, 5, &objects[0], &objects[1]),
                     CKR_OK);
    raw_end(call);
    HM_TOKEN *token = opened(f);
    hm_key *key;
    hm_key_origin origin;
    WORKS(hm_token_find(token, HM_KEY_ES256, some_id, HM_NO_BYTES, &key));
    WORKS(hm_key_inspect(key, &origin));
    assert_false(origin.never_extractable);
    assert_false(origin.sensitive);
}

/* As a process leaves it that is killed while the token makes the pair. */
static void half_a_pair_is_no_hindrance(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = opened(f);
    hm_key *key;
    bool there;
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    hm_token_close(&token);
    CK_FUNCTION_LIST *call = raw_start(f);
    CK_SESSION_HANDLE session = raw_log_in(f, call);
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE object;
    CK_ULONG count;
    assert_int_equal(call->C_FindObjectsInit(session, &template, 1), CKR_OK);
    assert_int_equal(call->C_FindObjects(session, &object, 1, &count), CKR_OK);
    assert_int_equal(call->C_FindObjectsFinal(session), CKR_OK);
    assert_int_equal(call->C_DestroyObject(session, object), CKR_OK);
    raw_end(call);
    token = opened(f);
    WORKS(hm_token_has(token, HM_KEY_ES256, some_id, &there));
    assert_false(there);
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    hm_token_close(&token);
    token = opened(f);
    WORKS(hm_token_find(token, HM_KEY_ES256, some_id, HM_NO_BYTES, &key));
}

static void refuses_two_keys_with_one_id(void **state) {
    fixture *f = *state;
    HM_TOKEN *token = opened(f);
    hm_key *key;
    const uint8_t other_id[HM_KEY_ID_LEN] = "other";
    WORKS(hm_token_generate(token, HM_KEY_ES256, some_id, "k", &key));
    WORKS(hm_token_generate(token, HM_KEY_ES256, other_id, "l", &key));
    hm_token_close(&token);
    CK_FUNCTION_LIST *call = raw_start(f);
    CK_SESSION_HANDLE session = raw_log_in(f, call);
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_BYTE id[HM_KEY_ID_LEN];
    memcpy(id, other_id, sizeof id);
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, id, sizeof id}};
    CK_OBJECT_HANDLE object;
    CK_ULONG count;
    assert_int_equal(call->C_FindObjectsInit(session, template, 2), CKR_OK);
    assert_int_equal(call->C_FindObjects(session, &object, 1, &count), CKR_OK);
    assert_int_equal(call->C_FindObjectsFinal(session), CKR_OK);
    memcpy(id, some_id, sizeof id);
    assert_int_equal(call->C_SetAttributeValue(session, object, &template[1], 1), CKR_OK);
    raw_end(call);
    token = opened(f);
    FAILS(HM_COULD_NOT, "more than one key", hm_token_find(token, HM_KEY_ES256, some_id, HM_NO_BYTES, &key));
    assert_null(key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(keys_of_every_algorithm_sign_what_their_public_key_verifies),
        TEST(an_ed25519_key_signs_long_messages_whole),
        TEST(a_key_outlives_the_process_that_made_it),
        TEST(a_signature_is_appended),
        TEST(refuses_every_scheme_but_the_keys_own),
        TEST(says_which_key_is_not_there),
        TEST(refuses_an_id_that_is_taken),
        TEST(refuses_an_unknown_algorithm),
        TEST(a_destroyed_key_is_gone_and_its_id_is_free),
        TEST(a_generated_key_says_that_it_was_made_inside_and_cannot_leave),
        TEST(P2_a_private_key_cannot_be_read_wrapped_or_made_extractable),
        TEST(a_key_made_extractable_says_so),
        TEST(half_a_pair_is_no_hindrance),
        TEST(refuses_two_keys_with_one_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
