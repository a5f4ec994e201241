/* JSON Web Tokens (RFC 7519), signed, in the compact serialization (RFC 7515 section 7.1): as CI services hand them to
 * their jobs. What the best current practices ask of a verifier (RFC 8725) is no option here but the only way.
 *
 * A token is read, then verified by its issuer's keys, then judged against what the office expects of that issuer. A
 * step that was left out makes the next one refuse. */
#ifndef HM_IDENTITY_JWT_H
#define HM_IDENTITY_JWT_H

#include <identity/issuers.h>
#include <identity/jwks.h>
#include <identity/workload.h>

enum { HM_TOKEN_MAX = 16384, HM_TOKEN_SKEW = 60 /* seconds that clocks may differ */ };

/* A signed text. Owns its buffers; begins as all zero. */
typedef struct {
    hm_jwt_algorithm algorithm;
    bool has_kid;
    hm_buf kid;
    hm_buf payload, signature;
    hm_bytes covered; /* header, dot, payload, as they stand in the token: what the signature covers */
} hm_jws;

void hm_jws_clear(hm_jws *jws);
#define HM_JWS __attribute__((cleanup(hm_jws_clear))) hm_jws

/* TOKEN, which must outlive JWS, is three parts of canonical base64url, of which only the payload may be empty; its
 * header is an object with an `alg` that is taken. Refused: `crit` (RFC 7515 section 4.1.11: no extension is known
 * here), `b64` (RFC 7797), `zip`, `enc`, `cty` (a token in a token), a `typ` that is not "JWT" (RFC 8725 section 3.11:
 * no token made for something else). Keys that a header brings or points to (jwk, jku, x5c, x5u) are never looked at.
 */
HM_MUST_USE hm_err hm_jws_read(hm_bytes token, hm_jws *jws);
/* Is the signature one by the only key of JWKS that suits (hm_jwks_find)? */
HM_MUST_USE hm_err hm_jws_verify(const hm_jws *jws, const hm_jwks *jwks);

typedef struct hm_jwt hm_jwt;
void hm_jwt_free(hm_jwt **jwt);
#define HM_JWT __attribute__((cleanup(hm_jwt_free))) hm_jwt

/* TOKEN, which must outlive JWT, is a signed text that is an object with a text `iss`. Nothing is verified yet. */
HM_MUST_USE hm_err hm_jwt_read(hm_bytes token, hm_jwt **jwt);
/* Anybody's word: only to find the issuer whose keys then decide. A view into JWT. */
hm_bytes hm_jwt_issuer(const hm_jwt *jwt);
const hm_jws *hm_jwt_jws(const hm_jwt *jwt);
HM_MUST_USE hm_err hm_jwt_verify(hm_jwt *jwt, const hm_jwks *jwks);

/* Whom a verified token is about, at NOW (Unix seconds). Refused unless: `iss` is exactly ISSUER's URL; `aud` is its
 * audience, or a list of texts with it; `sub` is a text of 1 to HM_TOKEN_SUBJECT_MAX bytes; `exp` is not over, `nbf`
 * and `iat` have come, give or take HM_TOKEN_SKEW; it is not valid longer than the issuer's max-lifetime, counted from
 * `iat`, else `nbf`, else NOW; `jti`, if there, is a text; there are at most HM_TOKEN_CLAIMS_MAX claims that are texts.
 * Times are whole seconds. WORKLOAD views JWT; all zero on a fault. */
HM_MUST_USE hm_err hm_jwt_judge(const hm_jwt *jwt, const hm_issuer *issuer, int64_t now, hm_workload *workload);

#endif
