/* Public keys in files: PEM "PUBLIC KEY" (RFC 7468 section 13), which is a SubjectPublicKeyInfo. Of the keys that
 * officers may have: P-256, P-384 and Ed25519. */
#ifndef HM_CRYPTO_PUBLIC_KEY_H
#define HM_CRYPTO_PUBLIC_KEY_H

#include <crypto/algorithm.h>

/* Is this the one encoding of a key that a person may have? A refusal for any other encoding than the one of spki.h, a
 * point that is not on its curve, one of Ed25519 that has two encodings or small order (anybody could make signatures
 * that verify by it; RFC 8032 section 8.4), and RSA keys. */
HM_MUST_USE hm_err hm_public_key_check(hm_bytes spki);

/* Text or a file that is one public key and nothing else; its DER is appended to SPKI, which on a fault is as it was.
 * A refusal for any other encoding than the one of spki.h, a point that is not on its curve, RSA keys, and files of
 * other kinds, with what to do; a private key that was given by mistake is not quoted, and wiped. */
HM_MUST_USE hm_err hm_public_key_from_pem(hm_bytes pem, hm_buf *spki);
HM_MUST_USE hm_err hm_public_key_read(const char *path, hm_buf *spki);

/* Append SPKI as PEM text, which openssl and the above read. A refusal for what they would refuse. */
HM_MUST_USE hm_err hm_public_key_put(hm_bytes spki, hm_buf *pem);

#endif
