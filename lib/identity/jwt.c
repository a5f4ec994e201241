#include "base64url.h"
#include "jwt_claims.h"

#include <identity/jwt.h>

#include <stdlib.h>
#include <strings.h>

/* ---- a signed text ---- */

void hm_jws_clear(hm_jws *jws) {
    hm_buf_clear(&jws->kid);
    hm_buf_clear(&jws->payload);
    hm_buf_clear(&jws->signature);
    *jws = (hm_jws){.has_kid = false};
}

typedef struct {
    hm_bytes header, payload, signature, covered;
} parts;

/* The place of the first dot from FROM on, or the length. */
static size_t find_dot(hm_bytes text, size_t from) {
    while (from < text.len && text.data[from] != '.') from++;
    return from;
}

static hm_err split(hm_bytes token, parts *p) {
    size_t first = find_dot(token, 0), second = find_dot(token, first + 1);
    if (second >= token.len) return hm_refuse("it has not three parts");
    if (find_dot(token, second + 1) < token.len) return hm_refuse("it has more than three parts");
    HM_TRY(hm_bytes_part(token, 0, first, &p->header));
    HM_TRY(hm_bytes_part(token, first + 1, second - first - 1, &p->payload));
    HM_TRY(hm_bytes_part(token, second + 1, token.len - second - 1, &p->signature));
    HM_TRY(hm_bytes_part(token, 0, second, &p->covered));
    return p->header.len && p->signature.len ? HM_OK : hm_refuse("it has no header or no signature");
}

static hm_err check_type(const json_t *header) {
    hm_bytes type;
    bool there;
    HM_TRY(hm_json_get_text(header, "typ", &type, &there));
    if (!there || (type.len == 3 && strncasecmp((const char *)type.data, "JWT", 3) == 0)) return HM_OK;
    return hm_refuse("it was made for something else: its \"typ\" is not JWT");
}

static hm_err read_header(const json_t *header, hm_jws *jws) {
    static const char *const refused[] = {"crit", "b64", "zip", "enc", "cty"};
    hm_bytes name, kid;
    bool there;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (json_object_get(header, refused[i])) return hm_refuse("\"%s\" is not taken", refused[i]);
    HM_TRY(check_type(header));
    HM_TRY(hm_json_get_text(header, "alg", &name, &there));
    if (!there) return hm_refuse("\"alg\" is missing");
    HM_TRY(hm_jwt_algorithm_by_name(name, &jws->algorithm));
    HM_TRY(hm_json_get_text(header, "kid", &kid, &jws->has_kid));
    if (kid.len > HM_KID_MAX) return hm_refuse("\"kid\" is longer than %d bytes", HM_KID_MAX);
    return hm_put(&jws->kid, kid);
}

static hm_err load_header(hm_bytes text, hm_jws *jws) {
    HM_JSON_ROOT *header = NULL;
    HM_BUF json = HM_BUF_EMPTY;
    HM_TRY(hm_base64url_decode(text, &json));
    HM_TRY(hm_json_load(hm_buf_bytes(&json), &header));
    return read_header(header, jws);
}

static hm_err read_parts(hm_bytes token, hm_jws *jws) {
    parts p;
    if (token.len > HM_TOKEN_MAX) return hm_refuse("it has more than %d bytes", HM_TOKEN_MAX);
    HM_TRY(split(token, &p));
    HM_TRY(hm_in(load_header(p.header, jws), "its header"));
    HM_TRY(hm_in(hm_base64url_decode(p.payload, &jws->payload), "its payload"));
    HM_TRY(hm_in(hm_base64url_decode(p.signature, &jws->signature), "its signature"));
    jws->covered = p.covered;
    return HM_OK;
}

hm_err hm_jws_read(hm_bytes token, hm_jws *jws) {
    hm_jws_clear(jws);
    hm_err err = read_parts(token, jws);
    if (hm_failed(err)) hm_jws_clear(jws);
    return hm_in(err, "the token");
}

/* RFC 7518 section 3.4: r and s, each of the curve's length; lib/crypto takes DER. */
static hm_err verify_ecdsa(const hm_jws *jws, size_t coordinate_len, hm_bytes spki) {
    HM_BUF der = HM_BUF_EMPTY;
    if (jws->signature.len != 2 * coordinate_len) return hm_refuse("the signature has not the length of its curve");
    HM_TRY(hm_ecdsa_to_der(hm_buf_bytes(&jws->signature), &der));
    return hm_verify(spki, hm_jwt_scheme(jws->algorithm), jws->covered, hm_buf_bytes(&der));
}

static hm_err verify(const hm_jws *jws, const hm_jwks *jwks) {
    hm_bytes kid = hm_buf_bytes(&jws->kid), spki;
    if (!jws->algorithm) return hm_refuse("it was not read");
    HM_TRY(hm_jwks_find(jwks, jws->algorithm, jws->has_kid ? &kid : NULL, &spki));
    size_t coordinate_len = hm_jwt_coordinate_len(jws->algorithm);
    if (coordinate_len) return verify_ecdsa(jws, coordinate_len, spki);
    return hm_verify(spki, hm_jwt_scheme(jws->algorithm), jws->covered, hm_buf_bytes(&jws->signature));
}

hm_err hm_jws_verify(const hm_jws *jws, const hm_jwks *jwks) { return hm_in(verify(jws, jwks), "the token"); }

/* ---- a token ---- */

struct hm_jwt {
    hm_jws jws;
    json_t *claims;
    hm_bytes issuer;
    bool verified;
};

void hm_jwt_free(hm_jwt **jwt) {
    if (!*jwt) return;
    hm_jws_clear(&(*jwt)->jws);
    hm_json_release(&(*jwt)->claims);
    free(*jwt);
    *jwt = NULL;
}

static hm_err load_claims(hm_jwt *jwt) {
    bool there;
    HM_TRY(hm_json_load(hm_buf_bytes(&jwt->jws.payload), &jwt->claims));
    HM_TRY(hm_json_get_text(jwt->claims, "iss", &jwt->issuer, &there));
    return there ? HM_OK : hm_refuse("has no \"iss\"");
}

hm_err hm_jwt_read(hm_bytes token, hm_jwt **jwt) {
    *jwt = calloc(1, sizeof **jwt);
    if (!*jwt) return hm_no_memory();
    hm_err err = hm_jws_read(token, &(*jwt)->jws);
    if (!hm_failed(err)) err = hm_in(load_claims(*jwt), "the token's payload");
    if (hm_failed(err)) hm_jwt_free(jwt);
    return err;
}

hm_bytes hm_jwt_issuer(const hm_jwt *jwt) { return jwt->issuer; }
const hm_jws *hm_jwt_jws(const hm_jwt *jwt) { return &jwt->jws; }

hm_err hm_jwt_verify(hm_jwt *jwt, const hm_jwks *jwks) {
    hm_err err = hm_jws_verify(&jwt->jws, jwks);
    jwt->verified = !hm_failed(err);
    return err;
}

static hm_err judge(const hm_jwt *jwt, const hm_issuer *issuer, int64_t now, hm_workload *workload) {
    if (!jwt->verified) return hm_refuse("its signature was not verified");
    return hm_jwt_claims_judge(jwt->claims, jwt->jws.covered, issuer, now, workload);
}

hm_err hm_jwt_judge(const hm_jwt *jwt, const hm_issuer *issuer, int64_t now, hm_workload *workload) {
    *workload = (hm_workload){.claims = 0};
    hm_err err = judge(jwt, issuer, now, workload);
    if (hm_failed(err)) *workload = (hm_workload){.claims = 0};
    return hm_in(err, "the token");
}
