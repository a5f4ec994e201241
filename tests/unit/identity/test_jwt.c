/* The signed text: its form, its header, and by whose key. */
#include "token_fixture.h"

#include <openssl/hmac.h>

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

/* Every key, named a to d. */
static const char *all_keys(void) {
    return jwks_of(text_of("%s,%s,%s,%s", jwk_named(es256, "a"), jwk_named(es384, "b"), jwk_named(eddsa, "c"),
                           jwk_named(rsa, "d")));
}

static hm_err verify_bytes(hm_bytes token, const char *set) {
    HM_JWKS jwks = {.count = 0};
    HM_JWT *jwt = NULL;
    assert_done(hm_jwks_read(hm_text(set), &jwks));
    HM_TRY(hm_jwt_read(token, &jwt));
    return hm_jwt_verify(jwt, &jwks);
}

static hm_err verify(const char *token) { return verify_bytes(hm_text(token), all_keys()); }

static void assert_verifies(const char *token) {
    if (hm_failed(verify(token))) fail_msg("%s: %.400s", hm_err_sentence(), token);
}

static void assert_none(const char *token) {
    if (verify(token).class != HM_REFUSED) fail_msg("taken: %.400s", token);
}

static void verifies_every_algorithm(void **state) {
    (void)state;
    assert_verifies(good_token(es256, "a", ""));
    assert_verifies(good_token(es384, "b", ""));
    assert_verifies(good_token(eddsa, "c", ""));
    assert_verifies(good_token(rsa, "d", ""));
    assert_verifies(good_token(token_key_as(rsa, "PS256"), "d", ""));
}

static void verifies_what_issuers_write_in_headers(void **state) {
    (void)state;
    assert_verifies(
        token_of("{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"a\",\"x5t\":\"abc\"}", claims_with(""), es256));
    assert_verifies(token_of("{\"typ\":\"jwt\",\"alg\":\"ES256\"}", claims_with(""), es256));
    assert_verifies(token_of(" {\n\"alg\" : \"ES256\" } ", claims_with(""), es256));
    assert_verifies(token_of("{\"\\u0061lg\":\"ES256\"}", claims_with(""), es256));
}

/* Another header over the same claims, "signed" by SIGNATURE. */
static const char *unsigned_token(const char *algorithm, const char *signature) {
    return text_of("%s.%s.%s", base64url_of(hm_text(text_of("{\"alg\":\"%s\",\"kid\":\"a\"}", algorithm))),
                   base64url_of(hm_text(claims_with(""))), signature);
}

static void refuses_alg_none_in_every_spelling(void **state) {
    (void)state;
    static const char *const none[] = {"none", "None", "NONE",    "nOnE",       "noNe",        "none ", " none",
                                       "",     "null", "none\\n", "\\u006eone", "no\\u00adne", "Nonе"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_none(unsigned_token(none[i], ""));
        assert_none(unsigned_token(none[i], "AAAA"));
        assert_none(token_of(text_of("{\"alg\":\"%s\",\"kid\":\"a\"}", none[i]), claims_with(""), es256));
    }
}

static void refuses_an_algorithm_that_is_no_text_or_missing(void **state) {
    (void)state;
    static const char *const headers[] = {"{}",
                                          "{\"kid\":\"a\"}",
                                          "{\"alg\":null}",
                                          "{\"alg\":0}",
                                          "{\"alg\":[\"ES256\"]}",
                                          "{\"alg\":{\"alg\":\"ES256\"}}",
                                          "{\"Alg\":\"ES256\"}",
                                          "{\"alg\":true}"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_none(token_of(headers[i], claims_with(""), es256));
}

static void refuses_algorithms_that_are_not_taken(void **state) {
    (void)state;
    static const char *const names[] = {"HS256", "HS384",  "HS512", "RS1",   "RS384", "RS512",   "PS384",  "PS512",
                                        "ES512", "ES256K", "es256", "Es256", "EDDSA", "Ed25519", "ES256 ", "ES256\\t"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_none(token_of(text_of("{\"alg\":\"%s\",\"kid\":\"a\"}", names[i]), claims_with(""), es256));
}

/* The public key as a secret, in every form in which somebody might hold it. */
static void refuses_hs256_with_the_public_key_as_secret(void **state) {
    (void)state;
    HM_JWKS jwks = {.count = 0};
    HM_BUF pem = HM_BUF_EMPTY;
    hm_bytes spki;
    assert_done(hm_jwks_read(hm_text(jwks_of(jwk_named(rsa, "d"))), &jwks));
    assert_done(hm_jwks_find(&jwks, HM_JWT_RS256, NULL, &spki));
    assert_done(hm_put_text(&pem, "-----BEGIN PUBLIC KEY-----\n"));
    assert_done(hm_put_base64(&pem, spki));
    assert_done(hm_put_text(&pem, "\n-----END PUBLIC KEY-----\n"));
    const hm_bytes secrets[] = {spki, hm_buf_bytes(&pem), hm_text(jwk_named(rsa, "d")), HM_NO_BYTES};
    const char *covered = text_of("%s.%s", base64url_of(hm_text("{\"alg\":\"HS256\",\"kid\":\"d\"}")),
                                  base64url_of(hm_text(claims_with(""))));
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        uint8_t mac[32];
        unsigned len = sizeof mac;
        assert_non_null(HMAC(EVP_sha256(), secrets[i].len ? (const void *)secrets[i].data : "", (int)secrets[i].len,
                             (const uint8_t *)covered, strlen(covered), mac, &len));
        assert_none(text_of("%s.%s", covered, base64url_of(HM_ARRAY(mac))));
    }
}

static void refuses_an_algorithm_that_is_not_the_keys(void **state) {
    (void)state;
    assert_none(token_of("{\"alg\":\"ES384\",\"kid\":\"a\"}", claims_with(""), es256));
    assert_none(token_of("{\"alg\":\"ES256\",\"kid\":\"b\"}", claims_with(""), es384));
    assert_none(token_of("{\"alg\":\"EdDSA\",\"kid\":\"a\"}", claims_with(""), es256));
    assert_none(token_of("{\"alg\":\"PS256\",\"kid\":\"d\"}", claims_with(""), rsa));
    assert_none(token_of("{\"alg\":\"RS256\",\"kid\":\"d\"}", claims_with(""), token_key_as(rsa, "PS256")));
    assert_none(token_of("{\"alg\":\"ES256\",\"kid\":\"d\"}", claims_with(""), rsa));
    assert_none(token_of("{\"alg\":\"RS256\",\"kid\":\"a\"}", claims_with(""), es256));
}

static void refuses_a_key_name_that_is_not_in_the_set(void **state) {
    (void)state;
    static const char *const kids[] = {"e",
                                       "A",
                                       "a ",
                                       "",
                                       "../../dev/null",
                                       "/etc/passwd",
                                       "file:///a",
                                       "*",
                                       "a' OR '1'='1",
                                       "a;b",
                                       "a\\n",
                                       "%61",
                                       "https://evil.example/jwks",
                                       "$(a)",
                                       "a' UNION SELECT 'c2VjcmV0",
                                       "|cat /a",
                                       "\\u0430"};
    for (size_t i = 0; i < sizeof kids / sizeof kids[0]; i++) assert_none(good_token(es256, kids[i], ""));
    assert_none(token_of("{\"alg\":\"ES256\",\"kid\":7}", claims_with(""), es256));
    assert_none(token_of("{\"alg\":\"ES256\",\"kid\":null}", claims_with(""), es256));
    assert_none(token_of("{\"alg\":\"ES256\",\"kid\":[\"a\"]}", claims_with(""), es256));
    assert_none(token_of("{\"alg\":\"ES256\",\"kid\":\"a\\u0000\"}", claims_with(""), es256));
    assert_none(good_token(es256, text_of("%0257d", 1), ""));
}

static void never_takes_a_key_from_the_header(void **state) {
    (void)state;
    token_key own = token_key_new("ES256", 0);
    assert_none(token_of(text_of("{\"alg\":\"ES256\",\"jwk\":%s}", jwk_of(own, "")), claims_with(""), own));
    assert_none(
        token_of(text_of("{\"alg\":\"ES256\",\"kid\":\"a\",\"jwk\":%s}", jwk_named(own, "a")), claims_with(""), own));
    assert_none(token_of("{\"alg\":\"ES256\",\"jku\":\"https://evil.example/jwks\"}", claims_with(""), own));
    assert_none(token_of("{\"alg\":\"ES256\",\"x5u\":\"https://evil.example/c.pem\"}", claims_with(""), own));
    assert_none(token_of("{\"alg\":\"ES256\",\"x5c\":[\"MIIB\"]}", claims_with(""), own));
    token_key_free(&own);
    /* By the right key they are just not looked at. */
    assert_verifies(
        token_of("{\"alg\":\"ES256\",\"kid\":\"a\",\"jku\":7,\"jwk\":{},\"x5c\":[]}", claims_with(""), es256));
}

static void the_same_name_in_another_issuers_set_is_another_key(void **state) {
    (void)state;
    token_key other = token_key_new("ES256", 0);
    const char *token = good_token(other, "a", "");
    assert_refused(verify_bytes(hm_text(token), all_keys()));
    assert_done(verify_bytes(hm_text(token), jwks_of(jwk_named(other, "a"))));
    token_key_free(&other);
}

static void refuses_extensions(void **state) {
    (void)state;
    static const char *const more[] = {"\"crit\":[\"exp\"],\"exp\":1",
                                       "\"crit\":[]",
                                       "\"crit\":[\"b64\"],\"b64\":false",
                                       "\"b64\":false",
                                       "\"b64\":true",
                                       "\"zip\":\"DEF\"",
                                       "\"enc\":\"A128GCM\"",
                                       "\"cty\":\"JWT\"",
                                       "\"crit\":null"};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        assert_none(token_of(text_of("{\"alg\":\"ES256\",\"kid\":\"a\",%s}", more[i]), claims_with(""), es256));
}

static void refuses_tokens_that_were_made_for_something_else(void **state) {
    (void)state;
    static const char *const types[] = {"\"at+jwt\"", "\"logout+jwt\"", "\"dpop+jwt\"", "\"secevent+jwt\"",
                                        "\"JOSE\"",   "\"\"",           "\"JWT \"",     "7",
                                        "null",       "[\"JWT\"]"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        assert_none(
            token_of(text_of("{\"alg\":\"ES256\",\"kid\":\"a\",\"typ\":%s}", types[i]), claims_with(""), es256));
}

static void refuses_duplicate_members(void **state) {
    (void)state;
    static const char *const headers[] = {
        "{\"alg\":\"ES256\",\"alg\":\"ES256\"}", "{\"alg\":\"none\",\"alg\":\"ES256\"}",
        "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}", "{\"alg\":\"ES256\",\"kid\":\"a\",\"kid\":\"b\"}",
        "{\"alg\":\"ES256\",\"x\":{\"y\":1,\"y\":2}}"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_none(token_of(headers[i], claims_with(""), es256));
    assert_none(good_token(es256, "a", ",\"sub\":\"admin\""));
    assert_none(good_token(es256, "a", ",\"iss\":\"https://evil.example\""));
    assert_none(good_token(es256, "a", ",\"\\u0073ub\":\"admin\""));
    assert_none(good_token(es256, "a", ",\"x\":{\"a\":1,\"a\":2}"));
}

static void refuses_a_header_or_payload_that_is_no_object(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "[]",
                                        "null",
                                        "7",
                                        "\"x\"",
                                        "{",
                                        "{}x",
                                        "\xef\xbb\xbf{}",
                                        "{'alg':'ES256'}",
                                        "{\"alg\":\"ES256\",}",
                                        "{}{}",
                                        "{\"a\":1e400}",
                                        "{\"a\":\"\xff\"}",
                                        "{\"a\":\"\\u0000\"}",
                                        "{\"a\":\"\\ud800\"}",
                                        "{\"a\":01}",
                                        "{\"a\":NaN}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_none(token_of(texts[i], claims_with(""), es256));
        assert_none(token_with(es256, "a", texts[i]));
    }
}

static void refuses_a_token_in_a_token(void **state) {
    (void)state;
    const char *inner = good_token(es256, "a", "");
    assert_none(token_with(es256, "a", inner));
    assert_none(token_with(es256, "a", text_of("\"%s\"", inner)));
    assert_none(token_of("{\"alg\":\"ES256\",\"cty\":\"JWT\"}", inner, es256));
}

static void refuses_other_numbers_of_parts(void **state) {
    (void)state;
    const char *good = good_token(es256, "a", "");
    const char *signature = strrchr(good, '.') + 1;
    const char *covered = text_of("%.*s", (int)(signature - good - 1), good);
    assert_verifies(text_of("%s.%s", covered, signature));
    assert_none("");
    assert_none(".");
    assert_none("..");
    assert_none("...");
    assert_none(covered);
    assert_none(text_of("%s.", covered));
    assert_none(text_of("%s.", good));
    assert_none(text_of("%s..", good));
    assert_none(text_of(".%s", good));
    assert_none(text_of("%s.AAAA", good));
    assert_none(text_of("%s.AAAA.AAAA", good)); /* as many as a JWE has */
    assert_none(text_of("%s..%s", covered, signature));
    assert_none(text_of("%s.%s", strchr(good, '.') + 1, signature));
}

static void refuses_bytes_around_the_token(void **state) {
    (void)state;
    const char *good = good_token(es256, "a", "");
    static const char *const ends[] = {"\n", " ", "\r\n", "=", "==", "A", "AA", "AAAA", "\t", ",", ";"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        assert_none(text_of("%s%s", good, ends[i]));
        assert_none(text_of("%s%s", ends[i], good));
    }
    assert_none(text_of("Bearer %s", good));
    HM_BUF zero = HM_BUF_EMPTY;
    assert_done(hm_put_text(&zero, good));
    assert_done(hm_put_u8(&zero, 0));
    assert_refused(verify_bytes(hm_buf_bytes(&zero), all_keys()));
}

/* Of an ES256 signature of 64 octets the last digit has four spare bits, so 15 other digits spell the same octets. */
static void refuses_spare_bits(void **state) {
    (void)state;
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *good = good_token(es256, "a", "");
    size_t len = strlen(good), taken = 0;
    for (const char *digit = digits; *digit; digit++) {
        const char *token = text_of("%.*s%c", (int)len - 1, good, *digit);
        taken += !hm_failed(verify(token));
    }
    assert_int_equal(taken, 1);
}

static void refuses_the_wrong_alphabet(void **state) {
    (void)state;
    const char *good = NULL;
    /* One with a digit that the two alphabets spell differently. */
    for (int i = 0; !good || !strpbrk(good, "-_"); i++) good = good_token(es256, "a", text_of(",\"n\":%d", i));
    HM_BUF other = HM_BUF_EMPTY;
    assert_done(hm_put_text(&other, good));
    for (size_t i = 0; i < other.len; i++)
        other.data[i] = other.data[i] == '-' ? '+' : other.data[i] == '_' ? '/' : other.data[i];
    assert_verifies(good);
    assert_refused(verify_bytes(hm_buf_bytes(&other), all_keys()));
}

static void refuses_every_changed_character(void **state) {
    (void)state;
    const char *good = good_token(es256, "a", "");
    HM_BUF token = HM_BUF_EMPTY;
    assert_done(hm_put_text(&token, good));
    for (size_t i = 0; i < token.len; i++) {
        token.data[i] ^= 1;
        assert_refused(verify_bytes(hm_buf_bytes(&token), all_keys()));
        token.data[i] ^= 1;
    }
    for (size_t len = 0; len < token.len; len++) assert_refused(verify_bytes(HM_BYTES(token.data, len), all_keys()));
    assert_done(verify_bytes(hm_buf_bytes(&token), all_keys()));
}

static void refuses_a_signature_of_another_length_or_in_der(void **state) {
    (void)state;
    const char *covered = text_of("%s.%s", base64url_of(hm_text("{\"alg\":\"ES256\",\"kid\":\"a\"}")),
                                  base64url_of(hm_text(claims_with(""))));
    uint8_t der[80], zeros[64] = {0};
    size_t len = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, es256.key, NULL), 1);
    assert_int_equal(EVP_DigestSign(context, der, &len, (const uint8_t *)covered, strlen(covered)), 1);
    EVP_MD_CTX_free(context);
    assert_none(text_of("%s.%s", covered, base64url_of(HM_BYTES(der, len))));
    assert_none(text_of("%s.%s", covered, base64url_of(HM_ARRAY(zeros))));
    assert_none(text_of("%s.%s", covered, base64url_of(HM_BYTES(zeros, 63))));
    assert_none(text_of("%s.%s", covered, base64url_of(HM_BYTES(zeros, 32))));
}

static void bounds_the_size(void **state) {
    (void)state;
    size_t base = strlen(good_token(es256, "a", ",\"x\":\"\""));
    /* Three bytes of payload are four of token. */
    int room = (int)(HM_TOKEN_MAX - base) / 4 * 3;
    const char *large = good_token(es256, "a", text_of(",\"x\":\"%0*d\"", room, 7));
    assert_in_range(strlen(large), HM_TOKEN_MAX - 3, HM_TOKEN_MAX);
    assert_verifies(large);
    assert_none(good_token(es256, "a", text_of(",\"x\":\"%0*d\"", room + 4, 7)));
    assert_none(good_token(es256, "a", text_of(",\"x\":\"%013000d\"", 7))); /* over 17 KiB */
}

static void refuses_deep_nesting(void **state) {
    (void)state;
    HM_BUF deep = HM_BUF_EMPTY;
    const char *string;
    assert_done(hm_put_text(&deep, ",\"x\":"));
    for (size_t i = 0; i < 5000; i++) assert_done(hm_put_u8(&deep, '['));
    for (size_t i = 0; i < 5000; i++) assert_done(hm_put_u8(&deep, ']'));
    assert_done(hm_buf_string(&deep, &string));
    assert_none(good_token(es256, "a", string));
}

static void what_was_not_read_does_not_verify(void **state) {
    (void)state;
    HM_JWKS jwks = {.count = 0};
    HM_JWS jws = {.has_kid = false};
    assert_done(hm_jwks_read(hm_text(all_keys()), &jwks));
    assert_refused(hm_jws_verify(&jws, &jwks));
    assert_refused(hm_jws_read(hm_text("x.y.z"), &jws));
    assert_refused(hm_jws_verify(&jws, &jwks));
}

static void an_empty_set_verifies_nothing(void **state) {
    (void)state;
    HM_JWKS none = {.count = 0};
    HM_JWT *jwt = NULL;
    const char *token = good_token(es256, "a", "");
    assert_done(hm_jwt_read(hm_text(token), &jwt));
    assert_refused(hm_jwt_verify(jwt, &none));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_every_algorithm),
        cmocka_unit_test(verifies_what_issuers_write_in_headers),
        cmocka_unit_test(refuses_alg_none_in_every_spelling),
        cmocka_unit_test(refuses_an_algorithm_that_is_no_text_or_missing),
        cmocka_unit_test(refuses_algorithms_that_are_not_taken),
        cmocka_unit_test(refuses_hs256_with_the_public_key_as_secret),
        cmocka_unit_test(refuses_an_algorithm_that_is_not_the_keys),
        cmocka_unit_test(refuses_a_key_name_that_is_not_in_the_set),
        cmocka_unit_test(never_takes_a_key_from_the_header),
        cmocka_unit_test(the_same_name_in_another_issuers_set_is_another_key),
        cmocka_unit_test(refuses_extensions),
        cmocka_unit_test(refuses_tokens_that_were_made_for_something_else),
        cmocka_unit_test(refuses_duplicate_members),
        cmocka_unit_test(refuses_a_header_or_payload_that_is_no_object),
        cmocka_unit_test(refuses_a_token_in_a_token),
        cmocka_unit_test(refuses_other_numbers_of_parts),
        cmocka_unit_test(refuses_bytes_around_the_token),
        cmocka_unit_test(refuses_spare_bits),
        cmocka_unit_test(refuses_the_wrong_alphabet),
        cmocka_unit_test(refuses_every_changed_character),
        cmocka_unit_test(refuses_a_signature_of_another_length_or_in_der),
        cmocka_unit_test(bounds_the_size),
        cmocka_unit_test(refuses_deep_nesting),
        cmocka_unit_test(what_was_not_read_does_not_verify),
        cmocka_unit_test(an_empty_set_verifies_nothing),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
