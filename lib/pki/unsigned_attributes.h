/* Unsigned attributes put into a structure that is there, octet for octet. Private to lib/pki. */
#ifndef HM_PKI_UNSIGNED_ATTRIBUTES_H
#define HM_PKI_UNSIGNED_ATTRIBUTES_H

#include "tlv.h"

/* What is done to the unsigned attributes of one signer. */
typedef struct {
    size_t signer;  /* which SignerInfo */
    hm_bytes type;  /* content octets of the attribute's OID */
    hm_bytes value; /* a whole element: put behind the values that are there */
    bool instead;   /* or in the place of value number AT, counted over all attributes of that type */
    size_t at;
} hm_unsigned_edit;

/* OUTER (ContentInfo with SignedData, parsed before) with EDIT done. A value to replace that is not there is misuse.
 * Appends DER. */
HM_MUST_USE hm_err hm_unsigned_put(hm_bytes outer, const hm_unsigned_edit *edit, hm_buf *der);

#endif
