/* A SubjectPublicKeyInfo (RFC 5280 section 4.1), read: for encodings of the same key that others use. */
#ifndef HM_CRYPTO_SPKI_H
#define HM_CRYPTO_SPKI_H

#include <crypto/algorithm.h>

typedef enum { HM_SPKI_P256, HM_SPKI_P384, HM_SPKI_RSA, HM_SPKI_ED25519 } hm_spki_kind;

typedef struct {
    hm_spki_kind kind;
    hm_bytes point;             /* EC: 04||x||y; Ed25519: 32 octets; RSA: empty */
    hm_bytes modulus, exponent; /* RSA: big-endian without leading zeros */
} hm_spki;

/* Views into DER. Only the encodings that the builders write are known: named curves (RFC 5480 section 2.1.1), points
 * uncompressed, RSA parameters NULL (RFC 3279 section 2.3.1), nothing behind the end. */
HM_MUST_USE hm_err hm_spki_parse(hm_bytes der, hm_spki *spki);

#endif
