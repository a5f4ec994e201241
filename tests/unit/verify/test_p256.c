/* ECDSA over P-256: known answers, and what all curves are put through. */
#include "ecdsa_tests.h"

#include <openssl/obj_mac.h>
#include <p256.h>

static curve p256 = {
    .name = "P-256",
    .algorithm = &hmv_esp256,
    .verify_digest = hmv_p256_verify_digest,
    .nid = NID_X9_62_prime256v1,
    .size = 32,
    .digest = "SHA256",
    .small_y = {"d7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7", "05"},
    .fixed = "ecdsa_secp256r1_sha256_p1363_test.json",
    .encoded = "ecdsa_secp256r1_sha256_test.json",
    .sampled = 1500,
    .full = 100000,
};

/* RFC 6979 section A.2.5. */
static signature_case published(const char *message, const char *signature) {
    return (signature_case){
        .a = from_hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"),
        .b = from_hex("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"),
        .message = octets_of(message, strlen(message)),
        .signature = from_hex(signature),
    };
}

static const char sample[] =
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
static const char test[] =
    "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083";

static void the_published_signatures_are_good(void **state) {
    (void)state;
    signature_case first = published("sample", sample), second = published("test", test);
    assert_good(&hmv_esp256, &first);
    assert_good(&hmv_esp256, &second);
    case_clear(&first);
    case_clear(&second);
}

static void a_published_signature_of_another_message_is_bad(void **state) {
    (void)state;
    signature_case first = published("test", sample), second = published("sample", test), third = published("", sample);
    assert_bad(&hmv_esp256, &first);
    assert_bad(&hmv_esp256, &second);
    assert_bad(&hmv_esp256, &third);
    case_clear(&first);
    case_clear(&second);
    case_clear(&third);
}

static void the_identifiers_are_those_of_rfc_9864_and_rfc_9053(void **state) {
    (void)state;
    assert_int_equal(hmv_esp256.id, -9);
    assert_int_equal(hmv_esp256.alias, -7);
    assert_int_equal(hmv_esp256.key_type, 2);
    assert_int_equal(hmv_esp256.curve, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_signatures_are_good),
        cmocka_unit_test(a_published_signature_of_another_message_is_bad),
        cmocka_unit_test(the_identifiers_are_those_of_rfc_9864_and_rfc_9053),
        ECDSA_TESTS(&p256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
