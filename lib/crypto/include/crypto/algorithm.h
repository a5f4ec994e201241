/* Key algorithms, signature schemes, the signer interface and verification. */
#ifndef HM_CRYPTO_ALGORITHM_H
#define HM_CRYPTO_ALGORITHM_H

#include <crypto/digest.h>

/* What a key is. The numbers are stored and sent: never reuse one. */
typedef enum {
    HM_KEY_ES256 = 1, /* ECDSA key on P-256 */
    HM_KEY_ES384 = 2, /* ECDSA key on P-384 */
    HM_KEY_RSA3072 = 3,
    HM_KEY_RSA4096 = 4,
    HM_KEY_ED25519 = 5
} hm_key_algorithm;

enum { HM_KEY_ALGORITHMS = 5 };

/* How a key signs. Each key algorithm has one scheme here; LMS and ML-DSA fit because prehashing belongs to the
 * scheme. */
typedef enum {
    HM_SCHEME_ECDSA_SHA256 = 1,
    HM_SCHEME_ECDSA_SHA384 = 2,
    HM_SCHEME_RSA_SHA256 = 3, /* RSASSA-PKCS1-v1_5, RFC 8017 */
    HM_SCHEME_ED25519 = 4,    /* RFC 8032, pure */
    /* Met in files that others signed; our keys do not use them. */
    HM_SCHEME_RSA_SHA384 = 5,
    HM_SCHEME_RSA_SHA512 = 6,
    HM_SCHEME_RSA_PSS_SHA256 = 7,
    HM_SCHEME_ECDSA_SHA512 = 8
} hm_scheme;

/* "es256" ... as on the command line; NULL if unknown. */
const char *hm_key_algorithm_name(hm_key_algorithm algorithm);
HM_MUST_USE hm_err hm_key_algorithm_by_name(const char *name, hm_key_algorithm *algorithm);
hm_scheme hm_key_scheme(hm_key_algorithm algorithm);
/* The digest that the scheme applies; for Ed25519, which hashes inside, SHA-512 (RFC 8419: the digest of CMS
 * content). Both give 0 for what they do not know. */
hm_digest_algorithm hm_scheme_digest(hm_scheme scheme);

/* Something that signs: a token's key. SIGNATURE is appended in the form of X.509: DER ECDSA-Sig-Value, RSA octets,
 * Ed25519 octets. MESSAGE is the whole message; hashing it is part of the scheme. */
typedef struct {
    hm_err (*sign)(void *key, hm_scheme scheme, hm_bytes message, hm_buf *signature);
    void *key;
    hm_key_algorithm algorithm;
    hm_bytes spki; /* DER SubjectPublicKeyInfo, owned by the key */
} hm_signer;

/* ECDSA signatures: fixed-length r||s (PKCS#11, COSE) to and from DER ECDSA-Sig-Value (strict). */
HM_MUST_USE hm_err hm_ecdsa_to_der(hm_bytes fixed, hm_buf *der);
HM_MUST_USE hm_err hm_ecdsa_from_der(hm_bytes der, size_t coordinate_len, hm_buf *fixed);

/* SubjectPublicKeyInfo from what PKCS#11 gives. */
HM_MUST_USE hm_err hm_spki_from_ec_point(hm_key_algorithm algorithm, hm_bytes uncompressed_point, hm_buf *spki);
HM_MUST_USE hm_err hm_spki_from_rsa(hm_bytes modulus, hm_bytes exponent, hm_buf *spki);
HM_MUST_USE hm_err hm_spki_from_ed25519(hm_bytes point, hm_buf *spki);

/* Does SIGNATURE (form as above) by the key in SPKI cover MESSAGE? HM_OK or a refusal.
 *
 * A key has one encoding: named curve, uncompressed point, DER, nothing behind it. ECDSA takes P-256 and P-384 keys
 * with a digest at least as strong as the curve, so not SHA-256 with P-384; RSA 2048 to 8192 bits; PSS a salt as long
 * as the digest. */
HM_MUST_USE hm_err hm_verify(hm_bytes spki, hm_scheme scheme, hm_bytes message, hm_bytes signature);
/* Same, from the message's digest; a refusal for schemes that cannot (Ed25519). */
HM_MUST_USE hm_err hm_verify_digest(hm_bytes spki, hm_scheme scheme, const hm_digest *digest, hm_bytes signature);

#endif
