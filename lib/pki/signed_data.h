/* SignedData by one signer, whatever it holds: what CMS, Authenticode and timestamps are built with. Private to
 * lib/pki. */
#ifndef HM_PKI_SIGNED_DATA_H
#define HM_PKI_SIGNED_DATA_H

#include <pki/signed.h>

typedef struct {
    unsigned version;         /* RFC 5652 section 5.1; PKCS#7's for Authenticode */
    hm_bytes content_type;    /* content octets of its object identifier */
    hm_bytes content;         /* the whole element behind the type; empty: it stands elsewhere */
    hm_digest message_digest; /* what that attribute holds */
    int64_t signing_time;
    hm_bytes attributes;    /* signed ones beside contentType, messageDigest and signingTime, in any order */
    const hm_chain *chain;  /* leaf first, whose key signs */
    bool with_certificates; /* they are embedded, the root left out */
} hm_signed_data;

/* Appends DER; on a fault DER is as it was. SIGNATURE_HASH receives SHA-256 of the signature value. */
HM_MUST_USE hm_err hm_signed_data_build(const hm_signed_data *what, const hm_signer *signer, hm_buf *der,
                                        uint8_t signature_hash[static HM_SHA256_LEN]);

#endif
