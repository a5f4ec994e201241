/* UUIDs (RFC 9562) as sixteen octets. */
#ifndef HM_CRYPTO_UUID_H
#define HM_CRYPTO_UUID_H

#include <base/bytes.h>

enum { HM_UUID_OCTETS = 16, HM_UUID_TEXT = 37 };

HM_MUST_USE hm_err hm_uuid_random(uint8_t uuid[static HM_UUID_OCTETS]); /* version 4 */
/* Version 5: a name within a namespace. As RFC 9124 asks for vendor and class identifiers. */
void hm_uuid_of_name(const uint8_t space[static HM_UUID_OCTETS], hm_bytes name, uint8_t uuid[static HM_UUID_OCTETS]);
extern const uint8_t hm_uuid_dns[HM_UUID_OCTETS]; /* the DNS namespace */
void hm_uuid_text(const uint8_t uuid[static HM_UUID_OCTETS], char text[static HM_UUID_TEXT]);

#endif
