/* Checking signatures through EVP.
 *
 * Configuration files are not loaded: what verifies must not depend on the machine's openssl.cnf, nor wait for it. */
#include <crypto/process.h>
#include <crypto/spki.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#define FREE_AT_SCOPE_END(type, name, free_function)                                                                   \
    static inline void name(type **object) { free_function(*object); }
FREE_AT_SCOPE_END(EVP_PKEY, free_key, EVP_PKEY_free)
FREE_AT_SCOPE_END(EVP_PKEY_CTX, free_context, EVP_PKEY_CTX_free)
FREE_AT_SCOPE_END(EVP_MD_CTX, free_md_context, EVP_MD_CTX_free)
FREE_AT_SCOPE_END(OSSL_PARAM_BLD, free_builder, OSSL_PARAM_BLD_free)
FREE_AT_SCOPE_END(OSSL_PARAM, free_parameters, OSSL_PARAM_free)
FREE_AT_SCOPE_END(BIGNUM, free_number, BN_free)
FREE_AT_SCOPE_END(EVP_MD, free_md, EVP_MD_free)
#define AT_SCOPE_END(name) __attribute__((cleanup(name)))

/* What each scheme demands of the key. A digest that is weaker than the curve is refused: its collisions would be the
 * key's (FIPS 186-4 section 6.4). */
static const struct demand {
    unsigned kinds; /* bits: 1 << hm_spki_kind */
    const char *digest;
    int padding; /* RSA only */
} demands[] = {
    [HM_SCHEME_ECDSA_SHA256] = {1 << HM_SPKI_P256, "SHA256", 0},
    [HM_SCHEME_ECDSA_SHA384] = {1 << HM_SPKI_P256 | 1 << HM_SPKI_P384, "SHA384", 0},
    [HM_SCHEME_ECDSA_SHA512] = {1 << HM_SPKI_P256 | 1 << HM_SPKI_P384, "SHA512", 0},
    [HM_SCHEME_RSA_SHA256] = {1 << HM_SPKI_RSA, "SHA256", RSA_PKCS1_PADDING},
    [HM_SCHEME_RSA_SHA384] = {1 << HM_SPKI_RSA, "SHA384", RSA_PKCS1_PADDING},
    [HM_SCHEME_RSA_SHA512] = {1 << HM_SPKI_RSA, "SHA512", RSA_PKCS1_PADDING},
    [HM_SCHEME_RSA_PSS_SHA256] = {1 << HM_SPKI_RSA, "SHA256", RSA_PKCS1_PSS_PADDING},
    [HM_SCHEME_ED25519] = {1 << HM_SPKI_ED25519, NULL, 0},
};

static hm_err demand_of(hm_scheme scheme, const struct demand **demand) {
    if (scheme >= sizeof demands / sizeof demands[0] || !demands[scheme].kinds)
        return hm_refuse("unknown signature scheme %d", (int)scheme);
    *demand = &demands[scheme];
    return HM_OK;
}

/* OpenSSL's queue of errors belongs to the thread; ours are said in our own words, so leave nothing behind. */
static hm_err no_valid_key(void) {
    ERR_clear_error();
    return hm_refuse("a public key is not valid");
}

static hm_err does_not_fit(void) {
    ERR_clear_error();
    return hm_refuse("the signature does not fit");
}

static hm_err could_not(const char *what) {
    ERR_clear_error();
    return hm_could_not("the cryptographic library could not %s", what);
}

static hm_err key_from_parameters(const char *type, OSSL_PARAM_BLD *builder, EVP_PKEY **key) {
    AT_SCOPE_END(free_parameters) OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    AT_SCOPE_END(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!parameters || !context || EVP_PKEY_fromdata_init(context) != 1) return could_not("take a public key");
    if (EVP_PKEY_fromdata(context, key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) return no_valid_key();
    return HM_OK;
}

static hm_err ec_key(const hm_spki *spki, EVP_PKEY **key) {
    const char *curve = spki->kind == HM_SPKI_P256 ? "P-256" : "P-384";
    AT_SCOPE_END(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (!builder || !OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) ||
        !OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, spki->point.data, spki->point.len))
        return could_not("take a public key");
    return key_from_parameters("EC", builder, key);
}

static hm_err rsa_key(const hm_spki *spki, EVP_PKEY **key) {
    AT_SCOPE_END(free_number) BIGNUM *modulus = BN_bin2bn(spki->modulus.data, (int)spki->modulus.len, NULL);
    AT_SCOPE_END(free_number) BIGNUM *exponent = BN_bin2bn(spki->exponent.data, (int)spki->exponent.len, NULL);
    AT_SCOPE_END(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (!modulus || !exponent || !builder || !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent))
        return could_not("take a public key");
    return key_from_parameters("RSA", builder, key);
}

static hm_err ed25519_key(const hm_spki *spki, EVP_PKEY **key) {
    *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, spki->point.data, spki->point.len);
    return *key ? HM_OK : no_valid_key();
}

/* The key in DER, if it is one that DEMAND allows. KEY is the caller's to free, NULL on a fault. */
static hm_err key_for(const struct demand *demand, hm_bytes der, hm_spki *spki, EVP_PKEY **key) {
    *key = NULL;
    HM_TRY(hm_spki_parse(der, spki));
    if (!(demand->kinds & 1u << spki->kind)) return hm_refuse("the key is not of the signature's scheme");
    HM_TRY(hm_crypto_begin());
    switch (spki->kind) {
    case HM_SPKI_P256:
    case HM_SPKI_P384:
        return ec_key(spki, key);
    case HM_SPKI_RSA:
        return rsa_key(spki, key);
    case HM_SPKI_ED25519:
        return ed25519_key(spki, key);
    }
    return hm_refuse("a public key is of an unknown kind");
}

/* One encoding per signature: DER for ECDSA, as many octets as the modulus has for RSA (RFC 8017 section 8.2.2). */
static hm_err check_form(const hm_spki *spki, hm_bytes signature) {
    if (spki->kind == HM_SPKI_RSA) return signature.len == spki->modulus.len ? HM_OK : does_not_fit();
    HM_BUF fixed = HM_BUF_EMPTY;
    return hm_ecdsa_from_der(signature, spki->point.len / 2, &fixed);
}

static bool set_scheme(EVP_PKEY_CTX *context, const struct demand *demand) {
    if (EVP_PKEY_verify_init(context) != 1) return false;
    if (demand->padding && EVP_PKEY_CTX_set_rsa_padding(context, demand->padding) != 1) return false;
    AT_SCOPE_END(free_md) EVP_MD *md = EVP_MD_fetch(NULL, demand->digest, NULL);
    if (!md || EVP_PKEY_CTX_set_signature_md(context, md) != 1) return false;
    if (demand->padding != RSA_PKCS1_PSS_PADDING) return true;
    return EVP_PKEY_CTX_set_rsa_mgf1_md(context, md) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static hm_err verify_digest(hm_bytes spki, hm_scheme scheme, const hm_digest *digest, hm_bytes signature) {
    const struct demand *demand;
    hm_spki parsed;
    AT_SCOPE_END(free_key) EVP_PKEY *key = NULL;
    HM_TRY(demand_of(scheme, &demand));
    if (!demand->digest) return hm_refuse("the signature's scheme takes the message, not a digest");
    if (digest->algorithm != hm_scheme_digest(scheme) || digest->len != hm_digest_len(digest->algorithm))
        return hm_refuse("the digest is not of the signature's scheme");
    HM_TRY(key_for(demand, spki, &parsed, &key));
    HM_TRY(check_form(&parsed, signature));
    AT_SCOPE_END(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (!context || !set_scheme(context, demand)) return could_not("check a signature");
    if (EVP_PKEY_verify(context, signature.data, signature.len, digest->value, digest->len) != 1) return does_not_fit();
    return HM_OK;
}

hm_err hm_verify_digest(hm_bytes spki, hm_scheme scheme, const hm_digest *digest, hm_bytes signature) {
    return hm_crypto_settle(verify_digest(spki, scheme, digest, signature));
}

static hm_err verify_ed25519(const struct demand *demand, hm_bytes spki, hm_bytes message, hm_bytes signature) {
    hm_spki parsed;
    AT_SCOPE_END(free_key) EVP_PKEY *key = NULL;
    HM_TRY(key_for(demand, spki, &parsed, &key));
    AT_SCOPE_END(free_md_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1) return could_not("check a signature");
    if (EVP_DigestVerify(context, signature.data, signature.len, message.data, message.len) != 1) return does_not_fit();
    return HM_OK;
}

hm_err hm_verify(hm_bytes spki, hm_scheme scheme, hm_bytes message, hm_bytes signature) {
    const struct demand *demand;
    HM_TRY(demand_of(scheme, &demand));
    if (!demand->digest) return hm_crypto_settle(verify_ed25519(demand, spki, message, signature));
    hm_digest digest;
    hm_digest_of(hm_scheme_digest(scheme), message, &digest);
    return hm_verify_digest(spki, scheme, &digest, signature);
}
