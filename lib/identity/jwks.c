#include "base64url.h"
#include "json.h"

#include <identity/jwks.h>

#include <base/readable.h>
#include <crypto/public_key.h>

#include <string.h>

#define BIT(algorithm) (1u << (algorithm))

static const struct {
    const char *name;
    hm_scheme scheme;
    size_t coordinate_len;
} algorithms[] = {
    [HM_JWT_ES256] = {"ES256", HM_SCHEME_ECDSA_SHA256, 32}, [HM_JWT_ES384] = {"ES384", HM_SCHEME_ECDSA_SHA384, 48},
    [HM_JWT_RS256] = {"RS256", HM_SCHEME_RSA_SHA256, 0},    [HM_JWT_PS256] = {"PS256", HM_SCHEME_RSA_PSS_SHA256, 0},
    [HM_JWT_EDDSA] = {"EdDSA", HM_SCHEME_ED25519, 0},
};
_Static_assert(sizeof algorithms / sizeof algorithms[0] == HM_JWT_ALGORITHMS + 1, "every algorithm is in the table");

static hm_err unknown_algorithm(hm_bytes name) {
    HM_BUF shown = HM_BUF_EMPTY;
    HM_TRY(hm_put_readable(&shown, HM_BYTES(name.data, name.len < 40 ? name.len : 40)));
    return hm_refuse("algorithm \"%.*s\" is not taken (ES256, ES384, RS256, PS256, EdDSA)", (int)shown.len,
                     (const char *)shown.data);
}

hm_err hm_jwt_algorithm_by_name(hm_bytes name, hm_jwt_algorithm *algorithm) {
    for (unsigned i = HM_JWT_ES256; i <= HM_JWT_ALGORITHMS; i++) {
        if (!hm_bytes_equal(name, hm_text(algorithms[i].name))) continue;
        *algorithm = (hm_jwt_algorithm)i;
        return HM_OK;
    }
    return unknown_algorithm(name);
}

hm_scheme hm_jwt_scheme(hm_jwt_algorithm algorithm) { return algorithms[algorithm].scheme; }
size_t hm_jwt_coordinate_len(hm_jwt_algorithm algorithm) { return algorithms[algorithm].coordinate_len; }

static void clear_key(hm_jwk *key) {
    hm_buf_clear(&key->kid);
    hm_buf_clear(&key->spki);
    *key = (hm_jwk){.kid = HM_BUF_EMPTY};
}

void hm_jwks_clear(hm_jwks *jwks) {
    for (size_t i = 0; i < jwks->count; i++) clear_key(&jwks->key[i]);
    jwks->count = 0;
}

/* ---- one key ---- */

/* A text that is there. */
static hm_err need_text(const json_t *json, const char *name, hm_bytes *text) {
    bool there;
    HM_TRY(hm_json_get_text(json, name, text, &there));
    return there ? HM_OK : hm_refuse("\"%s\" is missing", name);
}

static hm_err need_octets(const json_t *json, const char *name, hm_buf *octets) {
    hm_bytes text;
    HM_TRY(need_text(json, name, &text));
    return hm_in(hm_base64url_decode(text, octets), "\"%s\"", name);
}

/* RFC 7518 section 6.2.1: coordinates have the full length of the curve's. */
static hm_err read_ec(const json_t *json, hm_key_algorithm curve, size_t len, hm_jwk *key) {
    HM_BUF point = HM_BUF_EMPTY;
    HM_TRY(hm_put_u8(&point, 0x04));
    HM_TRY(need_octets(json, "x", &point));
    if (point.len != 1 + len) return hm_refuse("\"x\" has not the length of its curve");
    HM_TRY(need_octets(json, "y", &point));
    HM_TRY(hm_spki_from_ec_point(curve, hm_buf_bytes(&point), &key->spki));
    return hm_public_key_check(hm_buf_bytes(&key->spki));
}

static hm_err read_p256(const json_t *json, hm_jwk *key) {
    key->algorithms = BIT(HM_JWT_ES256);
    return read_ec(json, HM_KEY_ES256, 32, key);
}

static hm_err read_p384(const json_t *json, hm_jwk *key) {
    key->algorithms = BIT(HM_JWT_ES384);
    return read_ec(json, HM_KEY_ES384, 48, key);
}

static hm_err read_ed25519(const json_t *json, hm_jwk *key) {
    HM_BUF point = HM_BUF_EMPTY;
    key->algorithms = BIT(HM_JWT_EDDSA);
    HM_TRY(need_octets(json, "x", &point));
    HM_TRY(hm_spki_from_ed25519(hm_buf_bytes(&point), &key->spki));
    return hm_public_key_check(hm_buf_bytes(&key->spki));
}

static hm_err read_rsa(const json_t *json, hm_jwk *key) {
    HM_BUF modulus = HM_BUF_EMPTY, exponent = HM_BUF_EMPTY;
    key->algorithms = BIT(HM_JWT_RS256) | BIT(HM_JWT_PS256);
    HM_TRY(need_octets(json, "n", &modulus));
    HM_TRY(need_octets(json, "e", &exponent));
    return hm_spki_from_rsa(hm_buf_bytes(&modulus), hm_buf_bytes(&exponent), &key->spki);
}

static const struct {
    const char *type, *curve; /* curve NULL: there is none */
    hm_err (*read)(const json_t *json, hm_jwk *key);
} types[] = {
    {"EC", "P-256", read_p256}, {"EC", "P-384", read_p384}, {"OKP", "Ed25519", read_ed25519}, {"RSA", NULL, read_rsa}};

static hm_err read_type(const json_t *json, hm_jwk *key) {
    hm_bytes type, curve;
    bool has_curve;
    HM_TRY(need_text(json, "kty", &type));
    HM_TRY(hm_json_get_text(json, "crv", &curve, &has_curve));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        bool same_curve = types[i].curve ? has_curve && hm_bytes_equal(curve, hm_text(types[i].curve)) : !has_curve;
        if (hm_bytes_equal(type, hm_text(types[i].type)) && same_curve) return types[i].read(json, key);
    }
    return hm_refuse("a key of that type and curve is not used");
}

static bool lists_verify(const json_t *list) {
    size_t i;
    json_t *value;
    bool found = false;
    json_array_foreach(list, i, value) {
        if (!json_is_string(value)) return false;
        found |= strcmp(json_string_value(value), "verify") == 0;
    }
    return found;
}

/* RFC 7517 sections 4.2 to 4.4: what the key says that it is for. */
static hm_err check_use(const json_t *json, hm_jwk *key) {
    hm_bytes use, name;
    bool has_use, has_algorithm;
    hm_jwt_algorithm algorithm;
    const json_t *operations = json_object_get(json, "key_ops");
    HM_TRY(hm_json_get_text(json, "use", &use, &has_use));
    if (has_use && !hm_bytes_equal(use, hm_text("sig"))) return hm_refuse("it is not for signatures");
    if (operations && !lists_verify(operations)) return hm_refuse("verifying is not among its operations");
    HM_TRY(hm_json_get_text(json, "alg", &name, &has_algorithm));
    if (!has_algorithm) return HM_OK;
    HM_TRY(hm_jwt_algorithm_by_name(name, &algorithm));
    key->algorithms &= BIT(algorithm);
    return key->algorithms ? HM_OK : hm_refuse("its algorithm is not one of its type");
}

static hm_err read_kid(const json_t *json, hm_jwk *key) {
    hm_bytes kid;
    HM_TRY(hm_json_get_text(json, "kid", &kid, &key->has_kid));
    if (kid.len > HM_KID_MAX) return hm_refuse("its name is longer than %d bytes", HM_KID_MAX);
    return hm_put(&key->kid, kid);
}

static hm_err read_key(const json_t *json, hm_jwk *key) {
    if (!json_is_object(json)) return hm_refuse("it is no object");
    if (json_object_get(json, "d")) return hm_refuse("its private half is published");
    HM_TRY(read_kid(json, key));
    HM_TRY(read_type(json, key));
    return check_use(json, key);
}

/* ---- all keys ---- */

static hm_err read_keys(const json_t *list, hm_jwks *jwks) {
    size_t i;
    json_t *json;
    if (!json_is_array(list)) return hm_refuse("has no list \"keys\"");
    if (json_array_size(list) > HM_JWKS_KEYS_MAX) return hm_refuse("has more than %d keys", HM_JWKS_KEYS_MAX);
    if (!json_array_size(list)) return hm_refuse("has no keys");
    hm_fault unusable = {.class = HM_DONE};
    json_array_foreach(list, i, json) {
        hm_err err = read_key(json, &jwks->key[jwks->count]);
        if (err.class == HM_COULD_NOT) return jwks->count++, err; /* counted, so that it is cleared */
        if (!hm_failed(err)) {
            jwks->count++;
            continue;
        }
        unusable = hm_fault_keep(err);
        clear_key(&jwks->key[jwks->count]);
    }
    if (jwks->count) return HM_OK;
    return hm_in(hm_fault_raise(&unusable), "has no key that can be used, the last one of %zu because",
                 json_array_size(list));
}

static hm_err read_set(hm_bytes text, hm_jwks *jwks) {
    HM_JSON_ROOT *root = NULL;
    if (text.len > HM_JWKS_MAX) return hm_refuse("has more than %d bytes", HM_JWKS_MAX);
    HM_TRY(hm_json_load(text, &root));
    return read_keys(json_object_get(root, "keys"), jwks);
}

hm_err hm_jwks_read(hm_bytes json, hm_jwks *jwks) {
    hm_jwks_clear(jwks);
    hm_err err = read_set(json, jwks);
    if (hm_failed(err)) hm_jwks_clear(jwks);
    return hm_in(err, "the key set");
}

static bool suits(const hm_jwk *key, hm_jwt_algorithm algorithm, const hm_bytes *kid) {
    if (kid && !(key->has_kid && hm_bytes_equal(*kid, hm_buf_bytes(&key->kid)))) return false;
    return key->algorithms & BIT(algorithm);
}

hm_err hm_jwks_find(const hm_jwks *jwks, hm_jwt_algorithm algorithm, const hm_bytes *kid, hm_bytes *spki) {
    size_t found = 0;
    for (size_t i = 0; i < jwks->count; i++) {
        if (!suits(&jwks->key[i], algorithm, kid)) continue;
        *spki = hm_buf_bytes(&jwks->key[i].spki);
        found++;
    }
    if (found == 1) return HM_OK;
    *spki = HM_NO_BYTES;
    if (!found)
        return hm_refuse("the issuer has no key %sfor %s", kid ? "of that name " : "", algorithms[algorithm].name);
    return hm_refuse("the issuer has several keys %s", kid ? "of that name" : "that suit, and the token names none");
}
