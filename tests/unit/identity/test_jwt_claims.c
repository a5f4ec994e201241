/* What a verified token must say, and what is taken from it. */
#include "token_fixture.h"

static token_key key;
static hm_issuer issuer;

static int make_key(void **state) {
    (void)state;
    key = token_key_new("ES256", 0);
    issuer = (hm_issuer){.url = hm_text(ISSUER), .audience = hm_text(AUDIENCE), .max_lifetime = HM_LIFETIME_MAX};
    return 0;
}

static int free_key(void **state) {
    (void)state;
    token_key_free(&key);
    return 0;
}

static hm_jwt *jwt; /* of the last token */
static hm_workload workload;

static int forget(void **state) {
    (void)state;
    hm_jwt_free(&jwt);
    issuer.max_lifetime = HM_LIFETIME_MAX;
    return 0;
}

static hm_err judge_at(const char *payload, int64_t now) {
    HM_JWKS jwks = {.count = 0};
    static char token[40000]; /* which the token's parts view */
    hm_jwt_free(&jwt);
    snprintf(token, sizeof token, "%s", token_with(key, "a", payload));
    assert_done(hm_jwks_read(hm_text(jwks_of(jwk_named(key, "a"))), &jwks));
    HM_TRY(hm_jwt_read(hm_text(token), &jwt));
    HM_TRY(hm_jwt_verify(jwt, &jwks));
    hm_err err = hm_jwt_judge(jwt, &issuer, now, &workload);
    static const hm_workload nothing;
    if (hm_failed(err)) assert_memory_equal(&workload, &nothing, sizeof nothing);
    return err;
}

static hm_err judge(const char *payload) { return judge_at(payload, NOW); }

static void assert_good(const char *payload) {
    if (hm_failed(judge(payload))) fail_msg("%s: %.400s", hm_err_sentence(), payload);
}

static void assert_bad(const char *payload) {
    if (judge(payload).class != HM_REFUSED) fail_msg("taken: %.400s", payload);
}

/* Payloads with one claim replaced by the JSON TEXT. */
static const char *with_issuer(const char *text) {
    return text_of("{\"iss\":%s,\"aud\":\"" AUDIENCE "\",\"sub\":\"s\",\"exp\":%d}", text, NOW + 600);
}
static const char *with_audience(const char *text) {
    return text_of("{\"iss\":\"" ISSUER "\",\"aud\":%s,\"sub\":\"s\",\"exp\":%d}", text, NOW + 600);
}
static const char *with_subject(const char *text) {
    return text_of("{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"sub\":%s,\"exp\":%d}", text, NOW + 600);
}
static const char *with_times(const char *members) {
    return text_of("{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"sub\":\"s\"%s}", members);
}

static void says_who_it_is_about(void **state) {
    (void)state;
    assert_good(claims_with(",\"repository_id\":\"7\",\"ref\":\"refs/heads/main\",\"jti\":\"x\""));
    assert_bytes(workload.issuer, ISSUER);
    assert_bytes(workload.subject, "job 7");
    assert_int_equal(workload.expiry, NOW + 600);
    static const char *const names[] = {"aud", "iss", "jti", "ref", "repository_id", "sub"};
    assert_int_equal(workload.claims, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < workload.claims; i++) assert_true(hm_bytes_equal(workload.claim[i].name, hm_text(names[i])));
    assert_bytes(workload.claim[3].value, "refs/heads/main");
}

static void refuses_what_was_not_verified(void **state) {
    (void)state;
    HM_JWT *unverified = NULL;
    HM_JWKS other = {.count = 0};
    token_key stranger = token_key_new("ES256", 0);
    const char *token = good_token(key, "a", "");
    assert_done(hm_jwt_read(hm_text(token), &unverified));
    assert_refused(hm_jwt_judge(unverified, &issuer, NOW, &workload));
    assert_done(hm_jwks_read(hm_text(jwks_of(jwk_named(stranger, "a"))), &other));
    assert_refused(hm_jwt_verify(unverified, &other));
    assert_refused(hm_jwt_judge(unverified, &issuer, NOW, &workload));
    assert_int_equal(workload.claims, 0);
    token_key_free(&stranger);
}

static void refuses_every_other_issuer(void **state) {
    (void)state;
    static const char *const look_alikes[] = {"\"https://ci.example.com/\"",
                                              "\"https://CI.example.com\"",
                                              "\"HTTPS://ci.example.com\"",
                                              "\"http://ci.example.com\"",
                                              "\"https://ci.example.co\"",
                                              "\"https://ci.example.com.evil.example\"",
                                              "\"https://ci.example.com:443\"",
                                              "\"https://ci.example.com#\"",
                                              "\"https://ci.example.com?\"",
                                              "\"https://ci.example.com@evil.example\"",
                                              "\" https://ci.example.com\"",
                                              "\"https://ci.example.com \"",
                                              "\"https://ci.ex\xd0\xb0mple.com\"",
                                              "\"https://xn--c-xample.com\"",
                                              "\"https://ci.example.com\\n\"",
                                              "\"\"",
                                              "\"ci.example.com\"",
                                              "\"https://ci%2eexample.com\""};
    assert_good(with_issuer("\"" ISSUER "\""));
    assert_good(with_issuer("\"https:\\/\\/ci.example.com\"")); /* the same text, spelled otherwise in JSON */
    for (size_t i = 0; i < sizeof look_alikes / sizeof look_alikes[0]; i++) assert_bad(with_issuer(look_alikes[i]));
}

static void refuses_an_issuer_that_is_no_text(void **state) {
    (void)state;
    assert_bad(with_issuer("[\"" ISSUER "\"]"));
    assert_bad(with_issuer("{\"iss\":\"" ISSUER "\"}"));
    assert_bad(with_issuer("null"));
    assert_bad(with_issuer("7"));
    assert_bad(text_of("{\"aud\":\"" AUDIENCE "\",\"sub\":\"s\",\"exp\":%d}", NOW + 600));
}

static void takes_a_list_with_the_audience(void **state) {
    (void)state;
    assert_good(with_audience("[\"" AUDIENCE "\"]"));
    assert_good(with_audience("[\"other\",\"" AUDIENCE "\"]"));
}

static void refuses_every_other_audience(void **state) {
    (void)state;
    static const char *const bad[] = {"\"https://sign.example.com/\"",
                                      "\"https://Sign.example.com\"",
                                      "\"https://sign.example.com.evil.example\"",
                                      "\"https://sign.example.co\"",
                                      "\"sign.example.com\"",
                                      "\"\"",
                                      "[]",
                                      "[\"\"]",
                                      "[\"other\"]",
                                      "null",
                                      "7",
                                      "true",
                                      "{\"aud\":\"https://sign.example.com\"}",
                                      "[[\"https://sign.example.com\"]]",
                                      "[\"https://sign.example.com\",7]",
                                      "[null,\"https://sign.example.com\"]",
                                      "\"https://sign.example.com other\"",
                                      "\"https://sign.example.com,other\"",
                                      "\"https://s\xd1\x96gn.example.com\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_bad(with_audience(bad[i]));
    assert_bad(text_of("{\"iss\":\"" ISSUER "\",\"sub\":\"s\",\"exp\":%d}", NOW + 600));
}

static void refuses_a_subject_that_is_no_text_or_too_long(void **state) {
    (void)state;
    assert_good(with_subject(text_of("\"%0512d\"", 1)));
    assert_bad(with_subject(text_of("\"%0513d\"", 1)));
    assert_bad(with_subject("\"\""));
    assert_bad(with_subject("7"));
    assert_bad(with_subject("null"));
    assert_bad(with_subject("[\"s\"]"));
    assert_bad(text_of("{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":%d}", NOW + 600));
}

static void is_over_a_minute_after_its_end(void **state) {
    (void)state;
    const char *payload = with_times(text_of(",\"exp\":%d", NOW));
    assert_done(judge_at(payload, NOW - 1));
    assert_done(judge_at(payload, NOW + HM_TOKEN_SKEW - 1));
    assert_refused(judge_at(payload, NOW + HM_TOKEN_SKEW));
    assert_refused(judge_at(payload, NOW + 100000));
}

static void begins_a_minute_early_at_most(void **state) {
    (void)state;
    static const char *const members[] = {"nbf", "iat"};
    for (size_t i = 0; i < 2; i++) {
        const char *payload = with_times(text_of(",\"exp\":%d,\"%s\":%d", NOW + 600, members[i], NOW));
        assert_done(judge_at(payload, NOW));
        assert_done(judge_at(payload, NOW - HM_TOKEN_SKEW));
        assert_refused(judge_at(payload, NOW - HM_TOKEN_SKEW - 1));
    }
}

static void refuses_times_that_are_none(void **state) {
    (void)state;
    static const char *const times[] = {
        "\"1700000600\"", "1700000600.5",        "1700000600.0", "1.7000006e9", "-1",   "-1700000600",  "0",
        "253402300800",   "9223372036854775807", "1e300",        "null",        "true", "[1700000600]", "{}"};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        assert_bad(with_times(text_of(",\"exp\":%s", times[i])));
        assert_bad(with_times(text_of(",\"exp\":%d,\"nbf\":%s", NOW + 600, times[i])));
        assert_bad(with_times(text_of(",\"exp\":%d,\"iat\":%s", NOW + 600, times[i])));
    }
    assert_bad(with_times(",\"exp\":9223372036854775808"));
    assert_bad(with_times(",\"exp\":123456789012345678901234567890"));
    assert_bad(with_times(""));
    assert_bad(with_times(text_of(",\"iat\":%d", NOW)));
    assert_bad(with_times(text_of(",\"Exp\":%d", NOW + 600)));
}

static void bounds_the_whole_lifetime(void **state) {
    (void)state;
    issuer.max_lifetime = 3600;
    assert_good(with_times(text_of(",\"iat\":%d,\"exp\":%d", NOW - 100, NOW + 3500)));
    assert_bad(with_times(text_of(",\"iat\":%d,\"exp\":%d", NOW - 100, NOW + 3501)));
    assert_good(with_times(text_of(",\"nbf\":%d,\"exp\":%d", NOW - 100, NOW + 3500)));
    assert_bad(with_times(text_of(",\"nbf\":%d,\"exp\":%d", NOW - 100, NOW + 3501)));
    assert_good(with_times(text_of(",\"exp\":%d", NOW + 3600)));
    assert_bad(with_times(text_of(",\"exp\":%d", NOW + 3601)));
    /* A late nbf does not make a token short-lived. */
    assert_bad(with_times(text_of(",\"iat\":%d,\"nbf\":%d,\"exp\":%d", NOW - 3600, NOW - 1, NOW + 600)));
}

static void bounds_the_lifetime_to_a_day_unless_told_otherwise(void **state) {
    (void)state;
    assert_good(with_times(text_of(",\"iat\":%d,\"exp\":%d", NOW, NOW + 86400)));
    assert_bad(with_times(text_of(",\"iat\":%d,\"exp\":%d", NOW, NOW + 86401)));
    assert_bad(with_times(",\"exp\":253402300799"));
}

static void refuses_what_is_over_before_it_begins(void **state) {
    (void)state;
    assert_bad(with_times(text_of(",\"iat\":%d,\"exp\":%d", NOW, NOW)));
    assert_bad(with_times(text_of(",\"iat\":%d,\"exp\":%d", NOW + 50, NOW + 20)));
    assert_bad(with_times(text_of(",\"iat\":%d,\"nbf\":%d,\"exp\":%d", NOW - 9, NOW + 50, NOW + 20)));
}

static void takes_texts_alone(void **state) {
    (void)state;
    assert_good(
        with_times(text_of(",\"exp\":%d,\"id\":7,\"flag\":true,\"none\":null,\"list\":[\"a\"],\"map\":{\"id\":\"7\"},"
                           "\"real\":1.5,\"empty\":\"\",\"text\":\"7\"",
                           NOW + 600)));
    static const char *const names[] = {"aud", "empty", "iss", "sub", "text"};
    assert_int_equal(workload.claims, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < workload.claims; i++) assert_true(hm_bytes_equal(workload.claim[i].name, hm_text(names[i])));
    assert_int_equal(workload.claim[1].value.len, 0);
}

static bool has_claim(const char *name) {
    for (size_t i = 0; i < workload.claims; i++)
        if (hm_bytes_equal(workload.claim[i].name, hm_text(name))) return true;
    return false;
}

static void leaves_out_texts_that_could_not_be_stated(void **state) {
    (void)state;
    assert_good(
        claims_with(text_of(",\"%064d\":\"x\",\"%065d\":\"x\",\"a\":\"%0512d\",\"b\":\"%0513d\",\"c\":\"x\\ny\","
                            "\"d\":\"x\\u202ey\",\"e\\u200b\":\"\",\"\":\"\",\"f\\\\\":\"\",\"g\":\"\\u00e4\"",
                            1, 1, 1, 1)));
    assert_true(has_claim(text_of("%064d", 1)));
    assert_true(has_claim("a"));
    assert_true(has_claim("g"));
    assert_int_equal(workload.claims, 6); /* and aud, iss, sub */
}

static void bounds_the_number_of_claims(void **state) {
    (void)state;
    HM_BUF many = HM_BUF_EMPTY;
    const char *string;
    for (int i = 0; i < HM_TOKEN_CLAIMS_MAX - 3; i++) assert_done(hm_put_format(&many, ",\"c%02d\":\"x\"", i));
    assert_done(hm_buf_string(&many, &string));
    assert_good(claims_with(string));
    assert_int_equal(workload.claims, HM_TOKEN_CLAIMS_MAX);
    assert_bad(claims_with(text_of("%s,\"more\":\"x\"", string)));
    assert_good(claims_with(text_of("%s,\"more\":7", string)));
}

static void id_of(const char *payload, uint8_t id[static HM_SHA256_LEN]) {
    assert_good(payload);
    memcpy(id, workload.id, HM_SHA256_LEN);
}

static void a_token_is_named_by_its_jti(void **state) {
    (void)state;
    uint8_t one[32], again[32], other[32], expected[32];
    id_of(claims_with(",\"jti\":\"one\""), one);
    id_of(claims_with(",\"x\":1,\"jti\":\"one\""), again);
    id_of(claims_with(",\"jti\":\"other\""), other);
    hm_sha256(LITERAL(ISSUER "\0one"), expected);
    assert_memory_equal(one, expected, 32);
    assert_memory_equal(one, again, 32);
    assert_memory_not_equal(one, other, 32);
    assert_bad(claims_with(",\"jti\":7"));
    assert_bad(claims_with(",\"jti\":null"));
    assert_bad(claims_with(",\"jti\":[\"one\"]"));
}

/* Of an ECDSA signature (r, s) anybody makes (r, n - s): another token in its bytes, and the same one. */
static void a_token_without_jti_is_named_by_what_is_signed(void **state) {
    (void)state;
    uint8_t one[32], again[32], other[32];
    const char *payload = claims_with("");
    id_of(payload, one);
    id_of(payload, again); /* with another signature */
    id_of(claims_with(",\"n\":1"), other);
    assert_memory_equal(one, again, 32);
    assert_memory_not_equal(one, other, 32);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(says_who_it_is_about),
        TEST(refuses_what_was_not_verified),
        TEST(refuses_every_other_issuer),
        TEST(refuses_an_issuer_that_is_no_text),
        TEST(takes_a_list_with_the_audience),
        TEST(refuses_every_other_audience),
        TEST(refuses_a_subject_that_is_no_text_or_too_long),
        TEST(is_over_a_minute_after_its_end),
        TEST(begins_a_minute_early_at_most),
        TEST(refuses_times_that_are_none),
        TEST(bounds_the_whole_lifetime),
        TEST(bounds_the_lifetime_to_a_day_unless_told_otherwise),
        TEST(refuses_what_is_over_before_it_begins),
        TEST(takes_texts_alone),
        TEST(leaves_out_texts_that_could_not_be_stated),
        TEST(bounds_the_number_of_claims),
        TEST(a_token_is_named_by_its_jti),
        TEST(a_token_without_jti_is_named_by_what_is_signed),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
