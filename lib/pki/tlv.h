/* A strict reader of DER (X.690 section 10), for the two things OpenSSL's decoders do not give: the exact bytes of an
 * element, and the certainty that the encoding was the only one possible. Lengths are definite and minimal, tags are
 * single octets; anything else is refused. Private to lib/pki. */
#ifndef HM_PKI_TLV_H
#define HM_PKI_TLV_H

#include <pki/der.h>

typedef struct {
    uint8_t tag;
    hm_bytes content;
    hm_bytes whole; /* tag, length and content */
} hm_tlv;

/* The next element. On a fault the reader stays where it was. */
HM_MUST_USE hm_err hm_tlv_read(hm_reader *reader, hm_tlv *tlv);
/* The next element, which must carry TAG. WHAT names it in the fault. */
HM_MUST_USE hm_err hm_tlv_expect(hm_reader *reader, uint8_t tag, const char *what, hm_tlv *tlv);
/* Step into the next element, which must carry TAG. */
HM_MUST_USE hm_err hm_tlv_enter(hm_reader *reader, uint8_t tag, const char *what, hm_reader *inside);
/* Does an element with TAG follow? */
bool hm_tlv_follows(const hm_reader *reader, uint8_t tag);
/* A non-negative INTEGER of at most four octets. */
HM_MUST_USE hm_err hm_tlv_read_small(hm_reader *reader, const char *what, uint32_t *value);
/* Exactly one element with TAG in DER, and nothing behind it. */
HM_MUST_USE hm_err hm_tlv_only(hm_bytes der, uint8_t tag, const char *what, hm_tlv *tlv);
/* Are all elements in DER, at every depth, as DER wants them: definite minimal lengths, minimal integers, booleans 0 or
 * 255, no constructed strings? Deeper than HM_TLV_DEPTH is refused. */
enum { HM_TLV_DEPTH = 32 };
HM_MUST_USE hm_err hm_tlv_check(hm_bytes der);

#endif
