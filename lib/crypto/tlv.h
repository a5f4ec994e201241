/* Just enough of DER (X.690) for keys. Private. */
#ifndef HM_CRYPTO_TLV_H
#define HM_CRYPTO_TLV_H

#include <base/bytes.h>

enum { HM_DER_INTEGER = 0x02, HM_DER_BIT_STRING = 0x03, HM_DER_OBJECT = 0x06, HM_DER_SEQUENCE = 0x30 };

/* The content of the element at the front, which must have TAG. Lengths up to 65535; that they are in their shortest
 * form is not checked: who needs that writes the whole again and compares. */
HM_MUST_USE hm_err hm_key_tlv(hm_reader *reader, uint8_t tag, hm_bytes *content);

#endif
