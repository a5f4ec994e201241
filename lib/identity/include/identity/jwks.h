/* An issuer's public keys: a JWK Set (RFC 7517 section 5), and which key verifies a token. */
#ifndef HM_IDENTITY_JWKS_H
#define HM_IDENTITY_JWKS_H

#include <crypto/algorithm.h>

/* The JWS algorithms that there are (RFC 7518 section 3.1, RFC 8037 section 3.1): "none" and the symmetric ones are
 * not among them, so no public key can ever be taken for a secret. */
typedef enum {
    HM_JWT_ES256 = 1, /* P-256 with SHA-256 */
    HM_JWT_ES384 = 2, /* P-384 with SHA-384 */
    HM_JWT_RS256 = 3, /* RSASSA-PKCS1-v1_5 with SHA-256, 2048 to 8192 bits */
    HM_JWT_PS256 = 4, /* RSASSA-PSS with SHA-256 and a salt of 32 octets, the same sizes */
    HM_JWT_EDDSA = 5  /* Ed25519 */
} hm_jwt_algorithm;
enum { HM_JWT_ALGORITHMS = 5 };

HM_MUST_USE hm_err hm_jwt_algorithm_by_name(hm_bytes name, hm_jwt_algorithm *algorithm);
hm_scheme hm_jwt_scheme(hm_jwt_algorithm algorithm);
/* Octets of each of the two numbers of an ECDSA signature; 0: no such signature. */
size_t hm_jwt_coordinate_len(hm_jwt_algorithm algorithm);

enum { HM_JWKS_MAX = 256 * 1024, HM_JWKS_KEYS_MAX = 64, HM_KID_MAX = 256 };

typedef struct {
    bool has_kid;
    hm_buf kid;
    hm_buf spki;         /* DER SubjectPublicKeyInfo */
    uint32_t algorithms; /* bit n: hm_jwt_algorithm n, by the key's type and its own `alg` */
} hm_jwk;

/* About 5 KiB; owns its keys. Begins as all zero. */
typedef struct {
    size_t count;
    hm_jwk key[HM_JWKS_KEYS_MAX];
} hm_jwks;

void hm_jwks_clear(hm_jwks *jwks);
#define HM_JWKS __attribute__((cleanup(hm_jwks_clear))) hm_jwks

/* JSON is a key set with at least one key that can be used. Left out, as RFC 7517 section 5 has it: keys of other types
 * or curves, too weak, not on their curve, for another `use` or other `key_ops`, with another `alg`; and a key whose
 * private half was published with it. Certificates in a key (x5c, x5u) are nothing to us. On a fault JWKS is empty. */
HM_MUST_USE hm_err hm_jwks_read(hm_bytes json, hm_jwks *jwks);

/* The one key for ALGORITHM with that name; KID NULL: the token names none, and exactly one key suits. A refusal if
 * there is none, or two: SPKI views JWKS. */
HM_MUST_USE hm_err hm_jwks_find(const hm_jwks *jwks, hm_jwt_algorithm algorithm, const hm_bytes *kid, hm_bytes *spki);

#endif
