#include "token_fixture.h"

static token_key es256, es384, eddsa, rsa;

static int make_keys(void **state) {
    (void)state;
    es256 = token_key_new("ES256", 0);
    es384 = token_key_new("ES384", 0);
    eddsa = token_key_new("EdDSA", 0);
    rsa = token_key_new("RS256", 2048);
    return 0;
}

static int free_keys(void **state) {
    (void)state;
    token_key_free(&es256);
    token_key_free(&es384);
    token_key_free(&eddsa);
    token_key_free(&rsa);
    return 0;
}

static void assert_no_set(const char *json) {
    HM_JWKS jwks = {.count = 0};
    if (hm_jwks_read(hm_text(json), &jwks).class != HM_REFUSED) fail_msg("taken: %.300s", json);
    assert_int_equal(jwks.count, 0);
}

static void assert_set(const char *json, size_t keys) {
    HM_JWKS jwks = {.count = 0};
    if (hm_failed(hm_jwks_read(hm_text(json), &jwks))) fail_msg("%s: %.300s", hm_err_sentence(), json);
    assert_int_equal(jwks.count, keys);
}

/* Alone it makes no set, and beside a good key it is left out. */
static void assert_left_out(const char *jwk) {
    assert_no_set(jwks_of(jwk));
    assert_set(jwks_of(text_of("%s,%s", jwk, jwk_of(es256, ""))), 1);
}

static void reads_a_key_of_every_type(void **state) {
    (void)state;
    HM_JWKS jwks = {.count = 0};
    const char *json =
        jwks_of(text_of("%s,%s,%s,%s", jwk_of(es256, ""), jwk_of(es384, ""), jwk_of(eddsa, ""), jwk_of(rsa, "")));
    assert_done(hm_jwks_read(hm_text(json), &jwks));
    assert_int_equal(jwks.count, 4);
    for (unsigned algorithm = HM_JWT_ES256; algorithm <= HM_JWT_ALGORITHMS; algorithm++) {
        hm_bytes spki;
        assert_done(hm_jwks_find(&jwks, (hm_jwt_algorithm)algorithm, NULL, &spki));
    }
}

static void takes_what_a_key_says_of_itself(void **state) {
    (void)state;
    assert_set(jwks_of(jwk_of(es256, ",\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"verify\"],\"kid\":\"1\"")), 1);
    assert_set(jwks_of(jwk_of(rsa, ",\"alg\":\"PS256\",\"key_ops\":[\"sign\",\"verify\"]")), 1);
    assert_set(jwks_of(jwk_of(rsa, ",\"x5c\":[\"nonsense\"],\"x5t\":7,\"something\":{}")), 1);
}

static void a_keys_own_algorithm_is_its_only_one(void **state) {
    (void)state;
    HM_JWKS jwks = {.count = 0};
    hm_bytes spki;
    assert_done(hm_jwks_read(hm_text(jwks_of(jwk_of(rsa, ",\"alg\":\"PS256\""))), &jwks));
    assert_done(hm_jwks_find(&jwks, HM_JWT_PS256, NULL, &spki));
    assert_refused(hm_jwks_find(&jwks, HM_JWT_RS256, NULL, &spki));
}

static void leaves_out_keys_for_something_else(void **state) {
    (void)state;
    static const char *const more[] = {",\"use\":\"enc\"",
                                       ",\"use\":\"\"",
                                       ",\"use\":7",
                                       ",\"key_ops\":[\"sign\"]",
                                       ",\"key_ops\":[]",
                                       ",\"key_ops\":\"verify\"",
                                       ",\"key_ops\":[\"verify\",1]",
                                       ",\"alg\":\"ES384\"",
                                       ",\"alg\":\"none\"",
                                       ",\"alg\":\"HS256\"",
                                       ",\"alg\":256",
                                       ",\"alg\":\"es256\"",
                                       ",\"kid\":7"};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) assert_left_out(jwk_of(es256, more[i]));
}

static void leaves_out_types_that_are_not_used(void **state) {
    (void)state;
    assert_left_out("{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}");
    assert_left_out("{\"kty\":\"oct\",\"k\":\"c2VjcmV0\",\"alg\":\"ES256\"}");
    assert_left_out("{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AA\",\"y\":\"AA\"}");
    assert_left_out("{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}");
    assert_left_out("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}");
    assert_left_out("{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}");
    assert_left_out("{\"kty\":\"EC\"}");
    assert_left_out("{}");
    assert_left_out("7");
    assert_left_out("null");
}

/* JSON with the first OLD in JWK replaced. */
static const char *replaced(const char *jwk, const char *old, const char *fresh) {
    const char *at = strstr(jwk, old);
    assert_non_null(at);
    return text_of("%.*s%s%s", (int)(at - jwk), jwk, fresh, at + strlen(old));
}

static void leaves_out_points_that_are_none(void **state) {
    (void)state;
    static const uint8_t ones[33] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                     1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const char *point = base64url_of(HM_BYTES(ones, 32)), *longer = base64url_of(HM_ARRAY(ones));
    assert_left_out(text_of("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", point, point));
    assert_left_out(text_of("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", longer, point));
    assert_left_out(text_of("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\"}", point));
    assert_left_out(text_of("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", longer));
    /* The neutral element, by which anybody's signatures verify. */
    static const uint8_t neutral[32] = {1};
    assert_left_out(text_of("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", base64url_of(HM_ARRAY(neutral))));
    assert_left_out(replaced(jwk_of(es256, ""), "P-256", "P-384"));
    assert_left_out(replaced(jwk_of(es256, ""), "\"EC\"", "\"RSA\""));
    assert_left_out(replaced(jwk_of(es256, ""), "\"x\":\"", "\"x\":\"="));
    assert_left_out(replaced(jwk_of(rsa, ""), "\"kty\"", "\"crv\":\"P-256\",\"kty\""));
}

static void leaves_out_weak_rsa_keys(void **state) {
    (void)state;
    token_key small = token_key_new("RS256", 1024);
    assert_left_out(jwk_of(small, ""));
    token_key_free(&small);
    assert_left_out(replaced(jwk_of(rsa, ""), "\"AQAB\"", "\"AQ\""));   /* 1 */
    assert_left_out(replaced(jwk_of(rsa, ""), "\"AQAB\"", "\"AQAA\"")); /* even */
    assert_left_out(replaced(jwk_of(rsa, ""), "\"AQAB\"", "\"\""));
    assert_left_out(replaced(jwk_of(rsa, ""), "\"n\":\"", "\"n\":\"\",\"m\":\""));
}

static void leaves_out_a_key_that_was_published_with_its_private_half(void **state) {
    (void)state;
    assert_left_out(jwk_of(es256, ",\"d\":\"AAAA\""));
    assert_left_out(jwk_of(rsa, ",\"d\":7"));
}

static void leaves_out_a_name_that_is_too_long(void **state) {
    (void)state;
    assert_set(jwks_of(jwk_named(es256, text_of("%0256d", 1))), 1);
    assert_left_out(jwk_named(es256, text_of("%0257d", 1)));
}

static void refuses_what_is_no_set(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "null",
                                      "[]",
                                      "{}",
                                      "7",
                                      "\"keys\"",
                                      "{\"keys\":{}}",
                                      "{\"keys\":[]}",
                                      "{\"keys\":null}",
                                      "{\"keys\":[}",
                                      "<html>not found</html>"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_no_set(bad[i]);
    const char *good = jwks_of(jwk_of(es256, ""));
    assert_set(good, 1);
    assert_no_set(text_of("%s}", good));
    assert_no_set(text_of("%s%s", good, good));
    assert_no_set(text_of("%.*s", (int)strlen(good) - 1, good));
    assert_no_set(jwk_of(es256, "")); /* a key alone */
}

static void refuses_members_given_twice(void **state) {
    (void)state;
    const char *jwk = jwk_of(es256, "");
    assert_no_set(text_of("{\"keys\":[%s],\"keys\":[%s]}", jwk, jwk));
    assert_no_set(jwks_of(jwk_of(es256, ",\"kid\":\"a\",\"kid\":\"b\"")));
    assert_no_set(jwks_of(jwk_of(es256, ",\"kid\":\"a\",\"k\\u0069d\":\"b\"")));
}

static void bounds_the_number_of_keys_and_the_size(void **state) {
    (void)state;
    HM_BUF keys = HM_BUF_EMPTY, blank = HM_BUF_EMPTY;
    const char *string;
    for (size_t i = 0; i < HM_JWKS_KEYS_MAX; i++)
        assert_done(hm_put_format(&keys, "%s%s", i ? "," : "", jwk_named(es256, text_of("%zu", i))));
    assert_done(hm_buf_string(&keys, &string));
    assert_set(jwks_of(string), HM_JWKS_KEYS_MAX);
    assert_no_set(jwks_of(text_of("%s,{}", string)));
    HM_JWKS jwks = {.count = 0};
    assert_done(hm_put_text(&blank, jwks_of(jwk_of(es256, ""))));
    while (blank.len < HM_JWKS_MAX) assert_done(hm_put_u8(&blank, ' '));
    assert_done(hm_jwks_read(hm_buf_bytes(&blank), &jwks));
    assert_done(hm_put_u8(&blank, ' '));
    assert_refused(hm_jwks_read(hm_buf_bytes(&blank), &jwks));
    assert_int_equal(jwks.count, 0);
}

static hm_err find(const char *jwks_text, hm_jwt_algorithm algorithm, const char *kid) {
    HM_JWKS jwks = {.count = 0};
    hm_bytes name = hm_text(kid ? kid : ""), spki;
    assert_done(hm_jwks_read(hm_text(jwks_text), &jwks));
    hm_err err = hm_jwks_find(&jwks, algorithm, kid ? &name : NULL, &spki);
    if (hm_failed(err)) assert_int_equal(spki.len, 0);
    return err;
}

static void finds_a_key_by_exactly_its_name(void **state) {
    (void)state;
    const char *set = jwks_of(text_of("%s,%s", jwk_named(es256, "one"), jwk_named(es384, "two")));
    assert_done(find(set, HM_JWT_ES256, "one"));
    assert_done(find(set, HM_JWT_ES384, "two"));
    assert_refused(find(set, HM_JWT_ES256, "two"));
    assert_refused(find(set, HM_JWT_ES256, "One"));
    assert_refused(find(set, HM_JWT_ES256, "on"));
    assert_refused(find(set, HM_JWT_ES256, "one "));
    assert_refused(find(set, HM_JWT_ES256, ""));
    assert_refused(find(set, HM_JWT_RS256, "one"));
}

static void a_token_without_a_name_takes_the_only_key_that_suits(void **state) {
    (void)state;
    const char *set = jwks_of(text_of("%s,%s,%s", jwk_named(es256, "one"), jwk_named(es384, "two"), jwk_of(es384, "")));
    assert_done(find(set, HM_JWT_ES256, NULL));
    assert_refused(find(set, HM_JWT_ES384, NULL));
    assert_refused(find(set, HM_JWT_RS256, NULL));
}

static void two_keys_of_one_name_are_none(void **state) {
    (void)state;
    const char *set = jwks_of(text_of("%s,%s,%s", jwk_named(es256, "a"), jwk_named(es256, "a"), jwk_named(rsa, "a")));
    assert_refused(find(set, HM_JWT_ES256, "a"));
    /* Unless only one of them suits (RFC 7517 section 4.5). */
    assert_done(find(set, HM_JWT_RS256, "a"));
}

static void a_key_without_a_name_is_not_found_by_one(void **state) {
    (void)state;
    assert_refused(find(jwks_of(jwk_of(es256, "")), HM_JWT_ES256, "one"));
    assert_refused(find(jwks_of(jwk_of(es256, "")), HM_JWT_ES256, ""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_key_of_every_type),
        cmocka_unit_test(takes_what_a_key_says_of_itself),
        cmocka_unit_test(a_keys_own_algorithm_is_its_only_one),
        cmocka_unit_test(leaves_out_keys_for_something_else),
        cmocka_unit_test(leaves_out_types_that_are_not_used),
        cmocka_unit_test(leaves_out_points_that_are_none),
        cmocka_unit_test(leaves_out_weak_rsa_keys),
        cmocka_unit_test(leaves_out_a_key_that_was_published_with_its_private_half),
        cmocka_unit_test(leaves_out_a_name_that_is_too_long),
        cmocka_unit_test(refuses_what_is_no_set),
        cmocka_unit_test(refuses_members_given_twice),
        cmocka_unit_test(bounds_the_number_of_keys_and_the_size),
        cmocka_unit_test(finds_a_key_by_exactly_its_name),
        cmocka_unit_test(a_token_without_a_name_takes_the_only_key_that_suits),
        cmocka_unit_test(two_keys_of_one_name_are_none),
        cmocka_unit_test(a_key_without_a_name_is_not_found_by_one),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
