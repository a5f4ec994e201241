/* Google's and C2SP's collection of attacks on verifiers. Every vector that is not plainly valid must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <crypto/algorithm.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *load(const char *file) {
    const char *folder = getenv("HALLMARK_VECTORS");
    char path[4096];
    snprintf(path, sizeof path, "%s/wycheproof/%s", folder ? folder : HALLMARK_VECTORS, file);
    json_t *root = json_load_file(path, 0, NULL);
    if (!root) print_message("%s is absent: not tested\n", path);
    return root;
}

static void decode(json_t *object, const char *name, hm_buf *out) {
    const char *hex = json_string_value(json_object_get(object, name));
    assert_non_null(hex);
    assert_false(hm_failed(hm_hex_decode(hm_text(hex), out)));
}

/* Returns whether the vector is a valid one. */
static bool check(json_t *test, hm_bytes spki, hm_scheme scheme, const char *file) {
    HM_BUF message = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    decode(test, "msg", &message);
    decode(test, "sig", &signature);
    const char *result = json_string_value(json_object_get(test, "result"));
    hm_class expected = strcmp(result, "valid") == 0 ? HM_DONE : HM_REFUSED;
    hm_err err = hm_verify(spki, scheme, hm_buf_bytes(&message), hm_buf_bytes(&signature));
    if (err.class != expected)
        fail_msg("%s %lld (%s) is %s, but we say: %s", file, json_integer_value(json_object_get(test, "tcId")),
                 json_string_value(json_object_get(test, "comment")), result,
                 hm_failed(err) ? hm_err_sentence() : "good");
    return expected == HM_DONE;
}

static void check_file(const char *file, hm_scheme scheme) {
    json_t *root = load(file);
    if (!root) skip();
    size_t at, k, valid = 0, all = 0;
    json_t *group, *test;
    json_array_foreach(json_object_get(root, "testGroups"), at, group) {
        HM_BUF spki = HM_BUF_EMPTY;
        decode(group, "publicKeyDer", &spki);
        json_array_foreach(json_object_get(group, "tests"), k, test) {
            valid += check(test, hm_buf_bytes(&spki), scheme, file);
            all++;
        }
    }
    assert_int_equal(all, json_integer_value(json_object_get(root, "numberOfTests")));
    assert_in_range(valid, 1, all - 1);
    json_decref(root);
}

static void ecdsa_p256(void **state) {
    (void)state;
    check_file("ecdsa_secp256r1_sha256_test.json", HM_SCHEME_ECDSA_SHA256);
}

static void ecdsa_p384(void **state) {
    (void)state;
    check_file("ecdsa_secp384r1_sha384_test.json", HM_SCHEME_ECDSA_SHA384);
}

static void ed25519(void **state) {
    (void)state;
    check_file("ed25519_test.json", HM_SCHEME_ED25519);
}

static void rsa_pkcs1(void **state) {
    (void)state;
    check_file("rsa_signature_2048_sha256_test.json", HM_SCHEME_RSA_SHA256);
    check_file("rsa_signature_3072_sha256_test.json", HM_SCHEME_RSA_SHA256);
    check_file("rsa_signature_4096_sha256_test.json", HM_SCHEME_RSA_SHA256);
}

static void rsa_pss(void **state) {
    (void)state;
    check_file("rsa_pss_2048_sha256_mgf1_32_test.json", HM_SCHEME_RSA_PSS_SHA256);
    check_file("rsa_pss_3072_sha256_mgf1_32_test.json", HM_SCHEME_RSA_PSS_SHA256);
    check_file("rsa_pss_4096_sha256_mgf1_32_test.json", HM_SCHEME_RSA_PSS_SHA256);
}

/* The fixed-length form is what COSE and PKCS#11 speak: it goes through the encoder first. */
static bool check_fixed(json_t *test, hm_bytes spki, hm_scheme scheme, size_t coordinate_len) {
    HM_BUF message = HM_BUF_EMPTY, fixed = HM_BUF_EMPTY, der = HM_BUF_EMPTY;
    decode(test, "msg", &message);
    decode(test, "sig", &fixed);
    bool valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
    bool good = fixed.len == 2 * coordinate_len && !hm_failed(hm_ecdsa_to_der(hm_buf_bytes(&fixed), &der)) &&
                !hm_failed(hm_verify(spki, scheme, hm_buf_bytes(&message), hm_buf_bytes(&der)));
    if (good != valid) fail_msg("vector %lld", json_integer_value(json_object_get(test, "tcId")));
    return valid;
}

static void check_fixed_file(const char *file, hm_scheme scheme, size_t coordinate_len) {
    json_t *root = load(file);
    if (!root) skip();
    size_t at, k, valid = 0, all = 0;
    json_t *group, *test;
    json_array_foreach(json_object_get(root, "testGroups"), at, group) {
        HM_BUF spki = HM_BUF_EMPTY;
        decode(group, "publicKeyDer", &spki);
        json_array_foreach(json_object_get(group, "tests"), k, test) {
            valid += check_fixed(test, hm_buf_bytes(&spki), scheme, coordinate_len);
            all++;
        }
    }
    assert_in_range(valid, 1, all - 1);
    json_decref(root);
}

static void ecdsa_of_fixed_length(void **state) {
    (void)state;
    check_fixed_file("ecdsa_secp256r1_sha256_p1363_test.json", HM_SCHEME_ECDSA_SHA256, 32);
    check_fixed_file("ecdsa_secp384r1_sha384_p1363_test.json", HM_SCHEME_ECDSA_SHA384, 48);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecdsa_p256), cmocka_unit_test(ecdsa_p384), cmocka_unit_test(ed25519),
        cmocka_unit_test(rsa_pkcs1),  cmocka_unit_test(rsa_pss),    cmocka_unit_test(ecdsa_of_fixed_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
