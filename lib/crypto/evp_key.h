/* OpenSSL's keys from ours, P-256, P-384 and Ed25519. Private. */
#ifndef HM_CRYPTO_EVP_KEY_H
#define HM_CRYPTO_EVP_KEY_H

#include "pkcs8.h"

#include <crypto/spki.h>
#include <openssl/types.h>

void hm_evp_key_free(EVP_PKEY **key);
#define HM_EVP_KEY __attribute__((cleanup(hm_evp_key_free))) EVP_PKEY

/* A refusal if the point is not on its curve. On a fault *KEY is NULL. */
HM_MUST_USE hm_err hm_evp_key_public(const hm_spki *spki, EVP_PKEY **key);
/* A refusal if the scalar is none of the curve's or the point is not its own. On a fault *KEY is NULL. */
HM_MUST_USE hm_err hm_evp_key_private(const hm_pkcs8 *parts, EVP_PKEY **key);
HM_MUST_USE hm_err hm_evp_key_generate(hm_key_algorithm algorithm, EVP_PKEY **key);
/* The private key as PKCS#8. DER is a buffer that the caller wipes; room is made once. */
HM_MUST_USE hm_err hm_evp_key_put(EVP_PKEY *key, hm_key_algorithm algorithm, hm_buf *der);
/* The public key of a private one as SubjectPublicKeyInfo, appended. */
HM_MUST_USE hm_err hm_evp_key_spki(EVP_PKEY *key, hm_key_algorithm algorithm, hm_buf *spki);

#endif
