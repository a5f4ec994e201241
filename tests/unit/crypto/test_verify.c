#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <crypto/algorithm.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

static void decode(const char *hex, hm_buf *out) { assert_false(hm_failed(hm_hex_decode(hm_text(hex), out))); }

/* RFC 6979 section A.2.5 (P-256, SHA-256) and A.2.6 (P-384, SHA-384), message "sample"; RFC 8032 section 7.1, test 2.
 */
static const char p256_point[] = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                                 "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char p256_signature[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                                     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
static const char p384_point[] =
    "04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13"
    "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720";
static const char p384_signature[] =
    "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46"
    "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8";
static const char ed25519_point[] = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
static const char ed25519_signature[] = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

static void ec_example(hm_key_algorithm algorithm, hm_buf *spki, hm_buf *signature) {
    HM_BUF point = HM_BUF_EMPTY, fixed = HM_BUF_EMPTY;
    decode(algorithm == HM_KEY_ES256 ? p256_point : p384_point, &point);
    decode(algorithm == HM_KEY_ES256 ? p256_signature : p384_signature, &fixed);
    assert_false(hm_failed(hm_spki_from_ec_point(algorithm, hm_buf_bytes(&point), spki)));
    assert_false(hm_failed(hm_ecdsa_to_der(hm_buf_bytes(&fixed), signature)));
}

static void ed25519_example(hm_buf *spki, hm_buf *signature) {
    HM_BUF point = HM_BUF_EMPTY;
    decode(ed25519_point, &point);
    decode(ed25519_signature, signature);
    assert_false(hm_failed(hm_spki_from_ed25519(hm_buf_bytes(&point), spki)));
}

static void spki_of(EVP_PKEY *key, hm_buf *spki) {
    uint8_t der[2048], *end = der;
    int len = i2d_PUBKEY(key, &end);
    assert_true(len > 0);
    assert_false(hm_failed(hm_put(spki, HM_BYTES(der, (size_t)len))));
}

static void sign(EVP_PKEY *key, const char *digest, int padding, int salt_len, const char *message, hm_buf *signature) {
    uint8_t octets[1024];
    size_t len = sizeof octets;
    EVP_PKEY_CTX *key_context = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(context, &key_context, digest, NULL, NULL, key, NULL), 1);
    if (padding) assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key_context, padding), 1);
    if (padding == RSA_PKCS1_PSS_PADDING) assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, salt_len), 1);
    assert_int_equal(EVP_DigestSign(context, octets, &len, (const uint8_t *)message, strlen(message)), 1);
    EVP_MD_CTX_free(context);
    assert_false(hm_failed(hm_put(signature, HM_BYTES(octets, len))));
}

static hm_class verify(const hm_buf *spki, hm_scheme scheme, const char *message, const hm_buf *signature) {
    return hm_verify(hm_buf_bytes(spki), scheme, hm_text(message), hm_buf_bytes(signature)).class;
}

static void accepts_the_signatures_of_rfc_6979(void **state) {
    (void)state;
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY, spki_384 = HM_BUF_EMPTY, signature_384 = HM_BUF_EMPTY;
    ec_example(HM_KEY_ES256, &spki, &signature);
    ec_example(HM_KEY_ES384, &spki_384, &signature_384);
    assert_int_equal(verify(&spki, HM_SCHEME_ECDSA_SHA256, "sample", &signature), HM_DONE);
    assert_int_equal(verify(&spki_384, HM_SCHEME_ECDSA_SHA384, "sample", &signature_384), HM_DONE);
    assert_int_equal(verify(&spki, HM_SCHEME_ECDSA_SHA256, "simple", &signature), HM_REFUSED);
    assert_int_equal(verify(&spki_384, HM_SCHEME_ECDSA_SHA384, "simple", &signature_384), HM_REFUSED);
}

static void accepts_the_signature_of_rfc_8032(void **state) {
    (void)state;
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    ed25519_example(&spki, &signature);
    assert_int_equal(verify(&spki, HM_SCHEME_ED25519, "r", &signature), HM_DONE); /* 0x72 */
    assert_int_equal(verify(&spki, HM_SCHEME_ED25519, "s", &signature), HM_REFUSED);
    assert_int_equal(verify(&spki, HM_SCHEME_ED25519, "", &signature), HM_REFUSED);
}

static void accepts_every_rsa_scheme_and_only_the_one_that_was_used(void **state) {
    (void)state;
    static const struct {
        hm_scheme scheme;
        const char *digest;
        int padding;
    } schemes[] = {{HM_SCHEME_RSA_SHA256, "SHA256", RSA_PKCS1_PADDING},
                   {HM_SCHEME_RSA_SHA384, "SHA384", RSA_PKCS1_PADDING},
                   {HM_SCHEME_RSA_SHA512, "SHA512", RSA_PKCS1_PADDING},
                   {HM_SCHEME_RSA_PSS_SHA256, "SHA256", RSA_PKCS1_PSS_PADDING}};
    EVP_PKEY *key = EVP_RSA_gen(2048);
    HM_BUF spki = HM_BUF_EMPTY;
    spki_of(key, &spki);
    for (size_t made = 0; made < 4; made++) {
        HM_BUF signature = HM_BUF_EMPTY;
        sign(key, schemes[made].digest, schemes[made].padding, RSA_PSS_SALTLEN_DIGEST, "firmware", &signature);
        for (size_t asked = 0; asked < 4; asked++)
            assert_int_equal(verify(&spki, schemes[asked].scheme, "firmware", &signature),
                             asked == made ? HM_DONE : HM_REFUSED);
    }
    EVP_PKEY_free(key);
}

static void refuses_pss_with_a_salt_of_another_length(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    spki_of(key, &spki);
    sign(key, "SHA256", RSA_PKCS1_PSS_PADDING, 20, "firmware", &signature);
    assert_int_equal(verify(&spki, HM_SCHEME_RSA_PSS_SHA256, "firmware", &signature), HM_REFUSED);
    EVP_PKEY_free(key);
}

static void refuses_an_rsa_signature_longer_or_shorter_than_the_modulus(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    spki_of(key, &spki);
    sign(key, "SHA256", RSA_PKCS1_PADDING, 0, "firmware", &signature);
    hm_bytes whole = hm_buf_bytes(&signature);
    assert_int_equal(
        hm_verify(hm_buf_bytes(&spki), HM_SCHEME_RSA_SHA256, hm_text("firmware"), HM_BYTES(whole.data, 255)).class,
        HM_REFUSED);
    assert_false(hm_failed(hm_buf_insert(&signature, 0, 1)));
    assert_int_equal(verify(&spki, HM_SCHEME_RSA_SHA256, "firmware", &signature), HM_REFUSED);
    EVP_PKEY_free(key);
}

static void refuses_rsa_keys_under_2048_bits(void **state) {
    (void)state;
    static const size_t sizes[] = {1024, 2040};
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = EVP_RSA_gen(sizes[i]);
        HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
        spki_of(key, &spki);
        sign(key, "SHA256", RSA_PKCS1_PADDING, 0, "firmware", &signature);
        assert_int_equal(verify(&spki, HM_SCHEME_RSA_SHA256, "firmware", &signature), HM_REFUSED);
        assert_non_null(strstr(hm_err_sentence(), "too short"));
        EVP_PKEY_free(key);
    }
}

static void refuses_every_scheme_that_is_not_the_keys(void **state) {
    (void)state;
    HM_BUF p256 = HM_BUF_EMPTY, p384 = HM_BUF_EMPTY, ed = HM_BUF_EMPTY, rsa = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    spki_of(key, &rsa);
    EVP_PKEY_free(key);
    ec_example(HM_KEY_ES256, &p256, &signature);
    ec_example(HM_KEY_ES384, &p384, &signature);
    ed25519_example(&ed, &signature);
    const struct {
        const hm_buf *spki;
        unsigned schemes; /* bits: those the key may be used with */
    } keys[] = {
        {&p256, 1 << HM_SCHEME_ECDSA_SHA256 | 1 << HM_SCHEME_ECDSA_SHA384 | 1 << HM_SCHEME_ECDSA_SHA512},
        {&p384, 1 << HM_SCHEME_ECDSA_SHA384 | 1 << HM_SCHEME_ECDSA_SHA512},
        {&ed, 1 << HM_SCHEME_ED25519},
        {&rsa, 1 << HM_SCHEME_RSA_SHA256 | 1 << HM_SCHEME_RSA_SHA384 | 1 << HM_SCHEME_RSA_SHA512 |
                   1 << HM_SCHEME_RSA_PSS_SHA256},
    };
    for (size_t i = 0; i < 4; i++)
        for (unsigned scheme = 1; scheme <= 8; scheme++) {
            assert_int_equal(verify(keys[i].spki, scheme, "sample", &signature), HM_REFUSED);
            bool mismatch = strstr(hm_err_sentence(), "not of the signature's scheme") != NULL;
            assert_int_equal(mismatch, !(keys[i].schemes >> scheme & 1));
        }
}

/* wolfSSL CVE-2026-5194: digests weaker than the curve were taken. */
static void refuses_a_digest_weaker_than_the_curve(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-384");
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY, strong = HM_BUF_EMPTY;
    spki_of(key, &spki);
    sign(key, "SHA256", 0, 0, "firmware", &signature);
    sign(key, "SHA512", 0, 0, "firmware", &strong);
    assert_int_equal(verify(&spki, HM_SCHEME_ECDSA_SHA256, "firmware", &signature), HM_REFUSED);
    assert_int_equal(verify(&spki, HM_SCHEME_ECDSA_SHA512, "firmware", &strong), HM_DONE);
    EVP_PKEY_free(key);
}

static void refuses_curves_and_keys_of_other_kinds(void **state) {
    (void)state;
    static const char *const curves[] = {"secp256k1", "P-224", "P-521", "brainpoolP256r1"};
    for (size_t i = 0; i < 4; i++) {
        EVP_PKEY *key = EVP_EC_gen(curves[i]);
        HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
        spki_of(key, &spki);
        sign(key, "SHA256", 0, 0, "firmware", &signature);
        assert_int_equal(verify(&spki, HM_SCHEME_ECDSA_SHA256, "firmware", &signature), HM_REFUSED);
        EVP_PKEY_free(key);
    }
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    spki_of(key, &spki);
    EVP_PKEY_free(key);
    assert_int_equal(verify(&spki, HM_SCHEME_ED25519, "firmware", &signature), HM_REFUSED);
}

/* CVE-2020-0601: the curve comes with the key, its generator chosen by the attacker. */
static void refuses_explicit_curve_parameters(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), 1);
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    spki_of(key, &spki);
    assert_true(spki.len > 200);
    sign(key, "SHA256", 0, 0, "firmware", &signature);
    assert_int_equal(verify(&spki, HM_SCHEME_ECDSA_SHA256, "firmware", &signature), HM_REFUSED);
    EVP_PKEY_free(key);
}

static void refuses_a_point_that_is_not_on_the_curve(void **state) {
    (void)state;
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    ec_example(HM_KEY_ES256, &spki, &signature);
    spki.data[spki.len - 1] ^= 1;
    assert_int_equal(verify(&spki, HM_SCHEME_ECDSA_SHA256, "sample", &signature), HM_REFUSED);
    assert_non_null(strstr(hm_err_sentence(), "public key"));
}

/* Every flipped bit and every other length of key and signature. */
static void refuse_all_mutations(hm_scheme scheme, const char *message, hm_buf *spki, hm_buf *signature) {
    hm_buf *const parts[] = {spki, signature};
    assert_int_equal(verify(spki, scheme, message, signature), HM_DONE);
    for (size_t i = 0; i < 2; i++) {
        for (size_t bit = 0; bit < parts[i]->len * 8; bit++) {
            parts[i]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (verify(spki, scheme, message, signature) != HM_REFUSED) fail_msg("part %zu, bit %zu", i, bit);
            parts[i]->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t whole = parts[i]->len; parts[i]->len;) {
            parts[i]->len--;
            assert_int_equal(verify(spki, scheme, message, signature), HM_REFUSED);
            if (parts[i]->len == 0) {
                parts[i]->len = whole;
                break;
            }
        }
        assert_false(hm_failed(hm_put_zeros(parts[i], 1)));
        assert_int_equal(verify(spki, scheme, message, signature), HM_REFUSED);
        parts[i]->len--;
    }
}

static void refuses_every_mutation_of_an_ecdsa_key_and_signature(void **state) {
    (void)state;
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    ec_example(HM_KEY_ES256, &spki, &signature);
    refuse_all_mutations(HM_SCHEME_ECDSA_SHA256, "sample", &spki, &signature);
}

static void refuses_every_mutation_of_an_ed25519_key_and_signature(void **state) {
    (void)state;
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    ed25519_example(&spki, &signature);
    refuse_all_mutations(HM_SCHEME_ED25519, "r", &spki, &signature);
}

static void refuses_every_mutation_of_an_rsa_key_and_signature(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    spki_of(key, &spki);
    sign(key, "SHA256", RSA_PKCS1_PADDING, 0, "firmware", &signature);
    EVP_PKEY_free(key);
    refuse_all_mutations(HM_SCHEME_RSA_SHA256, "firmware", &spki, &signature);
}

static void verifies_digests_and_refuses_those_of_another_algorithm(void **state) {
    (void)state;
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    hm_digest digest, other;
    ec_example(HM_KEY_ES256, &spki, &signature);
    hm_digest_of(HM_SHA256, hm_text("sample"), &digest);
    hm_bytes key = hm_buf_bytes(&spki), octets = hm_buf_bytes(&signature);
    assert_int_equal(hm_verify_digest(key, HM_SCHEME_ECDSA_SHA256, &digest, octets).class, HM_DONE);
    hm_digest_of(HM_SHA384, hm_text("sample"), &other);
    assert_int_equal(hm_verify_digest(key, HM_SCHEME_ECDSA_SHA256, &other, octets).class, HM_REFUSED);
    other = digest;
    other.len = 20; /* a truncated digest must not stand for the whole one */
    assert_int_equal(hm_verify_digest(key, HM_SCHEME_ECDSA_SHA256, &other, octets).class, HM_REFUSED);
    other.len = 0;
    assert_int_equal(hm_verify_digest(key, HM_SCHEME_ECDSA_SHA256, &other, octets).class, HM_REFUSED);
    other = digest;
    other.algorithm = HM_SHA512;
    assert_int_equal(hm_verify_digest(key, HM_SCHEME_ECDSA_SHA256, &other, octets).class, HM_REFUSED);
}

static void refuses_a_digest_where_the_scheme_takes_the_message(void **state) {
    (void)state;
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    hm_digest digest;
    ed25519_example(&spki, &signature);
    hm_digest_of(HM_SHA512, hm_text("r"), &digest);
    assert_int_equal(hm_verify_digest(hm_buf_bytes(&spki), HM_SCHEME_ED25519, &digest, hm_buf_bytes(&signature)).class,
                     HM_REFUSED);
}

static void refuses_schemes_it_does_not_know_and_nothing_at_all(void **state) {
    (void)state;
    HM_BUF spki = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    ec_example(HM_KEY_ES256, &spki, &signature);
    assert_int_equal(verify(&spki, 0, "sample", &signature), HM_REFUSED);
    assert_int_equal(verify(&spki, 9, "sample", &signature), HM_REFUSED);
    assert_int_equal(verify(&spki, (hm_scheme)-1, "sample", &signature), HM_REFUSED);
    for (hm_scheme scheme = 1; scheme <= 8; scheme++)
        assert_int_equal(hm_verify(HM_NO_BYTES, scheme, HM_NO_BYTES, HM_NO_BYTES).class, HM_REFUSED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_signatures_of_rfc_6979),
        cmocka_unit_test(accepts_the_signature_of_rfc_8032),
        cmocka_unit_test(accepts_every_rsa_scheme_and_only_the_one_that_was_used),
        cmocka_unit_test(refuses_pss_with_a_salt_of_another_length),
        cmocka_unit_test(refuses_an_rsa_signature_longer_or_shorter_than_the_modulus),
        cmocka_unit_test(refuses_rsa_keys_under_2048_bits),
        cmocka_unit_test(refuses_every_scheme_that_is_not_the_keys),
        cmocka_unit_test(refuses_a_digest_weaker_than_the_curve),
        cmocka_unit_test(refuses_curves_and_keys_of_other_kinds),
        cmocka_unit_test(refuses_explicit_curve_parameters),
        cmocka_unit_test(refuses_a_point_that_is_not_on_the_curve),
        cmocka_unit_test(refuses_every_mutation_of_an_ecdsa_key_and_signature),
        cmocka_unit_test(refuses_every_mutation_of_an_ed25519_key_and_signature),
        cmocka_unit_test(refuses_every_mutation_of_an_rsa_key_and_signature),
        cmocka_unit_test(verifies_digests_and_refuses_those_of_another_algorithm),
        cmocka_unit_test(refuses_a_digest_where_the_scheme_takes_the_message),
        cmocka_unit_test(refuses_schemes_it_does_not_know_and_nothing_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
