/* AlgorithmIdentifiers (RFC 5280 section 4.1.1.2): written for our schemes, read from what others signed. Private to
 * lib/pki. */
#ifndef HM_PKI_ALGORITHM_ID_H
#define HM_PKI_ALGORITHM_ID_H

#include "tlv.h"

#include <crypto/algorithm.h>

/* As in a certificate: sha256WithRSAEncryption, ecdsa-with-SHA256, id-Ed25519... A fault for schemes that our keys do
 * not use. */
HM_MUST_USE hm_err hm_put_certificate_algorithm(hm_buf *der, hm_scheme scheme);
/* As in a SignerInfo, where RSA is written as rsaEncryption (RFC 3370 section 3.2). */
HM_MUST_USE hm_err hm_put_signer_algorithm(hm_buf *der, hm_scheme scheme);
/* With the parameters NULL: what every Authenticode verifier expects, and CMS verifiers must accept (RFC 5754 section
 * 2). */
HM_MUST_USE hm_err hm_put_digest_algorithm(hm_buf *der, hm_digest_algorithm algorithm);

typedef struct {
    hm_bytes oid;
    hm_bytes parameters; /* one whole element, or empty */
} hm_algorithm_id;

HM_MUST_USE hm_err hm_read_algorithm_id(hm_reader *reader, const char *what, hm_algorithm_id *id);
/* The digest that ID names. False if we know none; then WHY says which it is. */
bool hm_digest_of_id(const hm_algorithm_id *id, hm_digest_algorithm *digest, char *why, size_t size);
/* The scheme of a SignerInfo with this signature algorithm and digest algorithm. False as above. */
bool hm_scheme_of_ids(const hm_algorithm_id *signature, hm_digest_algorithm digest, hm_scheme *scheme, char *why,
                      size_t size);

#endif
