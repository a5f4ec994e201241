#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <crypto/algorithm.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

/* What OpenSSL writes for the same key. */
static hm_bytes openssl_spki(EVP_PKEY *key, uint8_t to[static 2048]) {
    uint8_t *end = to;
    int len = i2d_PUBKEY(key, &end);
    assert_in_range(len, 1, 2048);
    return HM_BYTES(to, (size_t)len);
}

static void writes_elliptic_curve_keys_as_openssl_does(void **state) {
    (void)state;
    static const struct {
        hm_key_algorithm algorithm;
        const char *curve;
    } curves[] = {{HM_KEY_ES256, "P-256"}, {HM_KEY_ES384, "P-384"}};
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = EVP_EC_gen(curves[i].curve);
        uint8_t der[2048], point[200];
        size_t point_len;
        assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &point_len),
                         1);
        hm_bytes expected = openssl_spki(key, der);
        HM_BUF spki = HM_BUF_EMPTY;
        assert_false(hm_failed(hm_spki_from_ec_point(curves[i].algorithm, HM_BYTES(point, point_len), &spki)));
        assert_true(hm_bytes_equal(hm_buf_bytes(&spki), expected));
        EVP_PKEY_free(key);
    }
}

static void writes_ed25519_keys_as_openssl_does(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    uint8_t der[2048], point[32];
    size_t point_len = sizeof point;
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, point, &point_len), 1);
    hm_bytes expected = openssl_spki(key, der);
    HM_BUF spki = HM_BUF_EMPTY;
    assert_false(hm_failed(hm_spki_from_ed25519(HM_ARRAY(point), &spki)));
    assert_true(hm_bytes_equal(hm_buf_bytes(&spki), expected));
    EVP_PKEY_free(key);
}

static size_t number_of(EVP_PKEY *key, const char *name, uint8_t *to, size_t capacity) {
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    assert_true((size_t)BN_num_bytes(number) <= capacity);
    size_t len = (size_t)BN_bn2bin(number, to);
    BN_free(number);
    return len;
}

static void writes_rsa_keys_as_openssl_does(void **state) {
    (void)state;
    static const size_t sizes[] = {2048, 3072};
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = EVP_RSA_gen(sizes[i]);
        uint8_t der[2048], modulus[512], exponent[8], padded[513] = {0};
        size_t modulus_len = number_of(key, OSSL_PKEY_PARAM_RSA_N, modulus, sizeof modulus);
        size_t exponent_len = number_of(key, OSSL_PKEY_PARAM_RSA_E, exponent, sizeof exponent);
        hm_bytes expected = openssl_spki(key, der);
        HM_BUF spki = HM_BUF_EMPTY, from_padded = HM_BUF_EMPTY;
        assert_false(
            hm_failed(hm_spki_from_rsa(HM_BYTES(modulus, modulus_len), HM_BYTES(exponent, exponent_len), &spki)));
        assert_true(hm_bytes_equal(hm_buf_bytes(&spki), expected));
        memcpy(&padded[1], modulus, modulus_len); /* some tokens give the modulus with its sign octet */
        assert_false(hm_failed(
            hm_spki_from_rsa(HM_BYTES(padded, modulus_len + 1), HM_BYTES(exponent, exponent_len), &from_padded)));
        assert_true(hm_bytes_equal(hm_buf_bytes(&from_padded), expected));
        EVP_PKEY_free(key);
    }
}

static void refuses_points_of_another_curve_or_form(void **state) {
    (void)state;
    uint8_t point[133];
    memset(point, 1, sizeof point);
    point[0] = 0x04;
    HM_BUF spki = HM_BUF_EMPTY;
    static const size_t lengths[] = {0, 1, 33, 64, 66, 67, 97, 133};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        assert_int_equal(hm_spki_from_ec_point(HM_KEY_ES256, HM_BYTES(point, lengths[i]), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_ec_point(HM_KEY_ES384, HM_BYTES(point, 65), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_ec_point(HM_KEY_ED25519, HM_BYTES(point, 65), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_ec_point(HM_KEY_RSA3072, HM_BYTES(point, 65), &spki).class, HM_REFUSED);
    static const uint8_t forms[] = {0x00, 0x02, 0x03, 0x05, 0x06, 0x07};
    for (size_t i = 0; i < sizeof forms; i++) {
        point[0] = forms[i];
        assert_int_equal(hm_spki_from_ec_point(HM_KEY_ES256, HM_BYTES(point, 65), &spki).class, HM_REFUSED);
    }
    assert_int_equal(hm_spki_from_ed25519(HM_BYTES(point, 31), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_ed25519(HM_BYTES(point, 33), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_ed25519(HM_NO_BYTES, &spki).class, HM_REFUSED);
    assert_int_equal(spki.len, 0);
}

static void refuses_numbers_that_are_no_rsa_key(void **state) {
    (void)state;
    static const uint8_t f4[] = {1, 0, 1}, two[] = {2}, one[] = {1}, zero[] = {0, 0}, even[] = {1, 0, 0};
    static const uint8_t nine_octets[] = {1, 0, 0, 0, 0, 0, 0, 0, 1};
    uint8_t modulus[1100];
    memset(modulus, 0xff, sizeof modulus);
    const hm_bytes good = HM_BYTES(modulus, 384);
    HM_BUF spki = HM_BUF_EMPTY;
    assert_int_equal(hm_spki_from_rsa(HM_NO_BYTES, HM_ARRAY(f4), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_rsa(HM_BYTES(modulus, 128), HM_ARRAY(f4), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_rsa(HM_BYTES(modulus, 255), HM_ARRAY(f4), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_rsa(HM_BYTES(modulus, 1025), HM_ARRAY(f4), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_rsa(good, HM_NO_BYTES, &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_rsa(good, HM_ARRAY(zero), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_rsa(good, HM_ARRAY(one), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_rsa(good, HM_ARRAY(two), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_rsa(good, HM_ARRAY(even), &spki).class, HM_REFUSED);
    assert_int_equal(hm_spki_from_rsa(good, HM_ARRAY(nine_octets), &spki).class, HM_REFUSED);
    modulus[383] = 0xfe;
    assert_int_equal(hm_spki_from_rsa(good, HM_ARRAY(f4), &spki).class, HM_REFUSED);
    modulus[383] = 0xff;
    modulus[0] = 0x7f; /* 2047 bits */
    assert_int_equal(hm_spki_from_rsa(HM_BYTES(modulus, 256), HM_ARRAY(f4), &spki).class, HM_REFUSED);
    assert_int_equal(spki.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_elliptic_curve_keys_as_openssl_does),
        cmocka_unit_test(writes_ed25519_keys_as_openssl_does),
        cmocka_unit_test(writes_rsa_keys_as_openssl_does),
        cmocka_unit_test(refuses_points_of_another_curve_or_form),
        cmocka_unit_test(refuses_numbers_that_are_no_rsa_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
