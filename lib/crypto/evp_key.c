#include "evp_key.h"

#include <base/secret.h>
#include <crypto/process.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

static inline void free_context(EVP_PKEY_CTX **context) { EVP_PKEY_CTX_free(*context); }
static inline void free_builder(OSSL_PARAM_BLD **builder) { OSSL_PARAM_BLD_free(*builder); }
static inline void free_parameters(OSSL_PARAM **parameters) { OSSL_PARAM_free(*parameters); }
static inline void free_number(BIGNUM **number) { BN_clear_free(*number); }
#define AT_SCOPE_END(name) __attribute__((cleanup(name)))

void hm_evp_key_free(EVP_PKEY **key) {
    EVP_PKEY_free(*key);
    *key = NULL;
}

static hm_err could_not(const char *what) {
    ERR_clear_error();
    return hm_could_not("the cryptographic library could not %s", what);
}

static hm_err refuse(const char *why) {
    ERR_clear_error();
    return hm_crypto_settle(hm_refuse("%s", why));
}

/* SCALAR is NULL for a public key. Parameters hold it in memory that is wiped, because the number says that it is
 * secret. */
static hm_err ec_key(const char *curve, hm_bytes point, const BIGNUM *scalar, EVP_PKEY **key) {
    AT_SCOPE_END(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (!builder || !OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) ||
        !OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len) ||
        (scalar && !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar)))
        return could_not("take a key");
    AT_SCOPE_END(free_parameters) OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    AT_SCOPE_END(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (!parameters || !context || EVP_PKEY_fromdata_init(context) != 1) return could_not("take a key");
    int selection = scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    if (EVP_PKEY_fromdata(context, key, selection, parameters) == 1) return HM_OK;
    hm_evp_key_free(key);
    return refuse("is not a key of its curve");
}

static const char *curve_of(hm_key_algorithm algorithm) {
    return algorithm == HM_KEY_ES256 ? "P-256" : algorithm == HM_KEY_ES384 ? "P-384" : NULL;
}

hm_err hm_evp_key_public(const hm_spki *spki, EVP_PKEY **key) {
    *key = NULL;
    HM_TRY(hm_crypto_begin());
    if (spki->kind == HM_SPKI_P256) return ec_key("P-256", spki->point, NULL, key);
    if (spki->kind == HM_SPKI_P384) return ec_key("P-384", spki->point, NULL, key);
    if (spki->kind != HM_SPKI_ED25519) return hm_refuse("is a key of another algorithm");
    *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, spki->point.data, spki->point.len);
    return *key ? HM_OK : refuse("is not a key of its curve");
}

/* Range of the scalar, the point's curve and order, and that one belongs to the other (SP 800-56A section 5.6.2.1). */
static hm_err check_pair(EVP_PKEY *key) {
    AT_SCOPE_END(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (!context) return could_not("check a key");
    return EVP_PKEY_check(context) == 1 ? HM_OK : refuse("its private and its public part do not belong together");
}

hm_err hm_evp_key_private(const hm_pkcs8 *parts, EVP_PKEY **key) {
    *key = NULL;
    HM_TRY(hm_crypto_begin());
    if (parts->algorithm == HM_KEY_ED25519) {
        *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, parts->scalar.data, parts->scalar.len);
        return *key ? HM_OK : could_not("take a key");
    }
    AT_SCOPE_END(free_number) BIGNUM *scalar = BN_secure_new();
    if (!scalar || !BN_bin2bn(parts->scalar.data, (int)parts->scalar.len, scalar)) return could_not("take a key");
    HM_TRY(ec_key(curve_of(parts->algorithm), parts->point, scalar, key));
    hm_err err = check_pair(*key);
    if (hm_failed(err)) hm_evp_key_free(key);
    return err;
}

hm_err hm_evp_key_generate(hm_key_algorithm algorithm, EVP_PKEY **key) {
    *key = NULL;
    const char *curve = curve_of(algorithm);
    if (!curve && algorithm != HM_KEY_ED25519)
        return hm_misuse("keys in files are es256, es384 or ed25519, not %s", hm_key_algorithm_name(algorithm));
    HM_TRY(hm_crypto_begin());
    *key = curve ? EVP_EC_gen(curve) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return *key ? HM_OK : could_not("make a key");
}

static bool get_scalar(const EVP_PKEY *key, size_t len, uint8_t *scalar) {
    AT_SCOPE_END(free_number) BIGNUM *number = NULL;
    return EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
           BN_bn2binpad(number, scalar, (int)len) == (int)len;
}

static hm_err put_parts(EVP_PKEY *key, hm_key_algorithm algorithm, uint8_t scalar[static HM_SCALAR_MAX], hm_buf *der) {
    uint8_t point[HM_POINT_MAX];
    size_t len = 32, point_len = 0;
    bool got;
    if (algorithm == HM_KEY_ED25519) {
        got = EVP_PKEY_get_raw_private_key(key, scalar, &len) == 1;
    } else {
        len = algorithm == HM_KEY_ES256 ? 32 : 48;
        got = get_scalar(key, len, scalar) &&
              EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &point_len) == 1;
    }
    if (!got) return could_not("give a key");
    return hm_pkcs8_put(&(hm_pkcs8){algorithm, HM_BYTES(scalar, len), HM_BYTES(point, point_len)}, der);
}

hm_err hm_evp_key_put(EVP_PKEY *key, hm_key_algorithm algorithm, hm_buf *der) {
    uint8_t scalar[HM_SCALAR_MAX];
    HM_TRY(hm_buf_reserve(der, HM_PKCS8_MAX));
    hm_err err = put_parts(key, algorithm, scalar, der);
    hm_wipe(scalar, sizeof scalar);
    return err;
}

hm_err hm_evp_key_spki(EVP_PKEY *key, hm_key_algorithm algorithm, hm_buf *spki) {
    uint8_t point[HM_POINT_MAX];
    size_t len = sizeof point;
    if (algorithm == HM_KEY_ED25519)
        return EVP_PKEY_get_raw_public_key(key, point, &len) == 1 ? hm_spki_from_ed25519(HM_BYTES(point, len), spki)
                                                                  : could_not("give a public key");
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) != 1)
        return could_not("give a public key");
    return hm_spki_from_ec_point(algorithm, HM_BYTES(point, len), spki);
}
