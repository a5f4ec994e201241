/* ECDSA over P-384: known answers, and what all curves are put through. */
#include "ecdsa_tests.h"

#include <openssl/obj_mac.h>
#include <p384.h>

static curve p384 = {
    .name = "P-384",
    .algorithm = &hmv_esp384,
    .verify_digest = hmv_p384_verify_digest,
    .nid = NID_secp384r1,
    .size = 48,
    .digest = "SHA384",
    .small_y = {"2261b2bf605c22f2f3aef6338719b2c486388ad5240719a5257315969ef01ba27f0a104c89704773a81fdabee6ab5c78",
                "01"},
    .fixed = "ecdsa_secp384r1_sha384_p1363_test.json",
    .encoded = "ecdsa_secp384r1_sha384_test.json",
    .sampled = 300,
    .full = 100000,
};

/* RFC 6979 section A.2.6. */
static signature_case published(const char *message, const char *signature) {
    return (signature_case){
        .a = from_hex(
            "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13"),
        .b = from_hex(
            "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720"),
        .message = octets_of(message, strlen(message)),
        .signature = from_hex(signature),
    };
}

static const char sample[] =
    "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe4699ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8";
static const char test[] =
    "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a7f0812998da8f1dd3ca3cf023dbddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e06a739f040649a667bf3b828246baa5a5";

static void the_published_signatures_are_good(void **state) {
    (void)state;
    signature_case first = published("sample", sample), second = published("test", test);
    assert_good(&hmv_esp384, &first);
    assert_good(&hmv_esp384, &second);
    case_clear(&first);
    case_clear(&second);
}

static void a_published_signature_of_another_message_is_bad(void **state) {
    (void)state;
    signature_case first = published("test", sample), second = published("sample", test), third = published("", sample);
    assert_bad(&hmv_esp384, &first);
    assert_bad(&hmv_esp384, &second);
    assert_bad(&hmv_esp384, &third);
    case_clear(&first);
    case_clear(&second);
    case_clear(&third);
}

static void the_identifiers_are_those_of_rfc_9864_and_rfc_9053(void **state) {
    (void)state;
    assert_int_equal(hmv_esp384.id, -51);
    assert_int_equal(hmv_esp384.alias, -35);
    assert_int_equal(hmv_esp384.key_type, 2);
    assert_int_equal(hmv_esp384.curve, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_signatures_are_good),
        cmocka_unit_test(a_published_signature_of_another_message_is_bad),
        cmocka_unit_test(the_identifiers_are_those_of_rfc_9864_and_rfc_9053),
        ECDSA_TESTS(&p384),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
