#include "token_fixture.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

static void must(bool done) {
    if (done) return;
    fprintf(stderr, "token fixture: could not make a key, a key set or a token\n");
    abort();
}

const char *text_of(const char *format, ...) {
    enum { TEXTS = 16384 };
    static char *text[TEXTS];
    static size_t next;
    char **here = &text[next++ % TEXTS];
    free(*here);
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(here, format, arguments);
    va_end(arguments);
    must(len >= 0);
    return *here;
}

token_key token_key_new(const char *algorithm, unsigned bits) {
    EVP_PKEY *key = algorithm[0] == 'E' && algorithm[1] == 'd' ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                    : algorithm[0] == 'E' ? EVP_EC_gen(strcmp(algorithm, "ES256") == 0 ? "P-256" : "P-384")
                                          : EVP_RSA_gen(bits);
    must(key);
    return (token_key){algorithm, key};
}

token_key token_key_as(token_key key, const char *algorithm) { return (token_key){algorithm, key.key}; }

void token_key_free(token_key *key) {
    EVP_PKEY_free(key->key);
    key->key = NULL;
}

const char *base64url_of(hm_bytes bytes) {
    HM_BUF base64 = HM_BUF_EMPTY;
    must(!hm_failed(hm_put_base64(&base64, bytes)));
    while (base64.len && base64.data[base64.len - 1] == '=') base64.len--;
    for (size_t i = 0; i < base64.len; i++)
        base64.data[i] = base64.data[i] == '+' ? '-' : base64.data[i] == '/' ? '_' : base64.data[i];
    return text_of("%.*s", (int)base64.len, (const char *)base64.data);
}

static const char *number_of(token_key key, const char *name) {
    BIGNUM *number = NULL;
    uint8_t octets[1024];
    must(EVP_PKEY_get_bn_param(key.key, name, &number) == 1 && BN_num_bytes(number) <= (int)sizeof octets);
    size_t len = (size_t)BN_bn2bin(number, octets);
    BN_free(number);
    return base64url_of(HM_BYTES(octets, len));
}

const char *jwk_of(token_key key, const char *more) {
    uint8_t point[97];
    size_t len = sizeof point;
    if (EVP_PKEY_is_a(key.key, "RSA"))
        return text_of("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s}", number_of(key, OSSL_PKEY_PARAM_RSA_N),
                       number_of(key, OSSL_PKEY_PARAM_RSA_E), more);
    if (EVP_PKEY_is_a(key.key, "ED25519")) {
        must(EVP_PKEY_get_raw_public_key(key.key, point, &len) == 1);
        return text_of("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"%s}", base64url_of(HM_BYTES(point, len)),
                       more);
    }
    must(EVP_PKEY_get_octet_string_param(key.key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) == 1);
    size_t half = len / 2;
    return text_of("{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"%s}", half == 32 ? "P-256" : "P-384",
                   base64url_of(HM_BYTES(&point[1], half)), base64url_of(HM_BYTES(&point[1 + half], half)), more);
}

const char *jwk_named(token_key key, const char *kid) { return jwk_of(key, text_of(",\"kid\":\"%s\"", kid)); }

const char *jwks_of(const char *jwks) { return text_of("{\"keys\":[%s]}", jwks); }

static const char *digest_of(const char *algorithm) {
    return strcmp(algorithm, "ES384") == 0 ? "SHA384" : strcmp(algorithm, "EdDSA") == 0 ? NULL : "SHA256";
}

static const char *sign(const char *covered, token_key key) {
    uint8_t octets[1024];
    size_t len = sizeof octets;
    EVP_PKEY_CTX *parameters;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context && EVP_DigestSignInit_ex(context, &parameters, digest_of(key.algorithm), NULL, NULL, key.key, NULL));
    if (strcmp(key.algorithm, "PS256") == 0)
        must(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1);
    must(EVP_DigestSign(context, octets, &len, (const uint8_t *)covered, strlen(covered)) == 1);
    EVP_MD_CTX_free(context);
    if (!EVP_PKEY_is_a(key.key, "EC")) return base64url_of(HM_BYTES(octets, len));
    HM_BUF fixed = HM_BUF_EMPTY;
    must(!hm_failed(hm_ecdsa_from_der(HM_BYTES(octets, len), (size_t)(EVP_PKEY_get_bits(key.key) + 7) / 8, &fixed)));
    return base64url_of(hm_buf_bytes(&fixed));
}

const char *token_of(const char *header, const char *payload, token_key key) {
    const char *covered = text_of("%s.%s", base64url_of(hm_text(header)), base64url_of(hm_text(payload)));
    return text_of("%s.%s", covered, sign(covered, key));
}

const char *claims_with(const char *more) {
    return text_of("{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"sub\":\"job 7\",\"iat\":%d,\"exp\":%d%s}", NOW,
                   NOW + 600, more);
}

const char *token_with(token_key key, const char *kid, const char *payload) {
    return token_of(text_of("{\"alg\":\"%s\",\"kid\":\"%s\"}", key.algorithm, kid), payload, key);
}

const char *good_token(token_key key, const char *kid, const char *more) {
    return token_with(key, kid, claims_with(more));
}
