/* Private keys as PKCS#8 (RFC 5958), and their PEM text. Private. */
#ifndef HM_CRYPTO_PKCS8_H
#define HM_CRYPTO_PKCS8_H

#include <crypto/algorithm.h>

enum { HM_SCALAR_MAX = 48, HM_POINT_MAX = 97, HM_PKCS8_MAX = 256 };

typedef struct {
    hm_key_algorithm algorithm;
    hm_bytes scalar; /* fixed length, big-endian; Ed25519: the seed */
    hm_bytes point;  /* 04||x||y; Ed25519: empty */
} hm_pkcs8;

/* Views into DER. Only the encodings that _put writes; a refusal says what else it is. */
HM_MUST_USE hm_err hm_pkcs8_parse(hm_bytes der, hm_pkcs8 *key);
/* Appended to DER, which has room. A refusal if the parts have not the lengths of the algorithm. */
HM_MUST_USE hm_err hm_pkcs8_put(const hm_pkcs8 *key, hm_buf *der);

/* A buffer of secrets: wiped when its scope ends. Room is made once, before anything is put in. */
void hm_wiped_clear(hm_buf *buf);
#define HM_WIPED_BUF __attribute__((cleanup(hm_wiped_clear))) hm_buf

/* A refusal of PEM text that is not a private (or not a public) key, by its label: it says what it is and what to do.
 */
HM_MUST_USE hm_err hm_key_label_check(hm_bytes label, bool private);

#endif
