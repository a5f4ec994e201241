/* Google's and C2SP's collection of attacks on JSON Web Signatures. A verdict of "valid" binds us for the algorithms
 * that we take, and "invalid" for all. */
#include "base_test.h"

#include <identity/jwt.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *load(void) {
    const char *folder = getenv("HALLMARK_VECTORS");
    char path[4096];
    snprintf(path, sizeof path, "%s/wycheproof/json_web_signature_test.json", folder ? folder : HALLMARK_VECTORS);
    json_t *root = json_load_file(path, 0, NULL);
    if (!root) print_message("%s is absent: not tested\n", path);
    return root;
}

static const char *member(json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* The set of one key that a group has; symmetric keys stand in `private` alone, and are offered as well. */
static void read_set(json_t *group, hm_jwks *jwks) {
    json_t *key = json_object_get(group, "public");
    if (!json_is_object(key)) key = json_object_get(group, "private");
    assert_true(json_is_object(key));
    json_t *set = json_pack("{s:[O]}", "keys", key);
    char *text = json_dumps(set, 0);
    (void)!hm_failed(hm_jwks_read(hm_text(text), jwks));
    free(text);
    json_decref(set);
}

/* What the token's header says, leniently: for sorting the cases only. */
static const char *algorithm_of(const char *token) {
    static const char *const names[] = {"HS256", "HS384", "HS512", "none",  "NONE",  "ES256", "ES384",
                                        "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"};
    HM_BUF text = HM_BUF_EMPTY, json = HM_BUF_EMPTY;
    for (const char *at = token; *at && *at != '.'; at++)
        if (*at != '?' && *at != ' ') assert_done(hm_put_u8(&text, *at == '-' ? '+' : *at == '_' ? '/' : (uint8_t)*at));
    while (text.len % 4) assert_done(hm_put_u8(&text, '='));
    if (hm_failed(hm_base64_decode(hm_buf_bytes(&text), &json)) || !json.len) return "?";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (memmem(json.data, json.len, names[i], strlen(names[i]))) return names[i];
    return "?";
}

static bool is_ours(const char *algorithm) {
    hm_jwt_algorithm found;
    return !hm_failed(hm_jwt_algorithm_by_name(hm_text(algorithm), &found));
}

typedef struct {
    unsigned all, valid, invalid, not_ours;
} counts;

static void check(json_t *test, const hm_jwks *jwks, counts *c) {
    HM_JWS jws = {.has_kid = false};
    const char *token = member(test, "jws"), *algorithm = algorithm_of(token);
    bool valid = strcmp(member(test, "result"), "valid") == 0;
    hm_err err = hm_jws_read(hm_text(token), &jws);
    if (!hm_failed(err)) err = hm_jws_verify(&jws, jwks);
    c->all++;
    c->not_ours += valid && !is_ours(algorithm);
    c->valid += !hm_failed(err);
    c->invalid += !valid;
    if (err.class != (valid && is_ours(algorithm) ? HM_DONE : HM_REFUSED))
        fail_msg("%lld (%s, %s) is %s, but we say: %s", json_integer_value(json_object_get(test, "tcId")),
                 member(test, "comment"), algorithm, member(test, "result"),
                 hm_failed(err) ? hm_err_sentence() : "good");
}

static void every_verdict_is_the_published_one(void **state) {
    (void)state;
    json_t *root = load(), *group, *test;
    size_t at, k;
    counts c = {0};
    if (!root) skip();
    json_array_foreach(json_object_get(root, "testGroups"), at, group) {
        HM_JWKS jwks = {.count = 0};
        read_set(group, &jwks);
        json_array_foreach(json_object_get(group, "tests"), k, test) check(test, &jwks, &c);
    }
    print_message("%u cases: %u good, %u bad, %u good ones by algorithms that are not taken, refused\n", c.all, c.valid,
                  c.invalid, c.not_ours);
    assert_int_equal(c.all, json_integer_value(json_object_get(root, "numberOfTests")));
    assert_int_equal(c.all, c.valid + c.invalid + c.not_ours);
    assert_in_range(c.valid, 1, c.all);
    json_decref(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_verdict_is_the_published_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
