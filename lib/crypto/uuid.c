/* SHA-1 is what RFC 9562 section 5.5 builds names from; nothing here rests on it being strong. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <base/secret.h>
#include <crypto/uuid.h>

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

const uint8_t hm_uuid_dns[HM_UUID_OCTETS] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                                             0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

static void set_version(uint8_t uuid[static HM_UUID_OCTETS], unsigned version) {
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | version << 4);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

hm_err hm_uuid_random(uint8_t uuid[static HM_UUID_OCTETS]) {
    HM_TRY(hm_random(uuid, HM_UUID_OCTETS));
    set_version(uuid, 4);
    return HM_OK;
}

void hm_uuid_of_name(const uint8_t space[static HM_UUID_OCTETS], hm_bytes name, uint8_t uuid[static HM_UUID_OCTETS]) {
    uint8_t digest[SHA_DIGEST_LENGTH];
    SHA_CTX sha1;
    SHA1_Init(&sha1);
    SHA1_Update(&sha1, space, HM_UUID_OCTETS);
    SHA1_Update(&sha1, name.data, name.len);
    SHA1_Final(digest, &sha1);
    memcpy(uuid, digest, HM_UUID_OCTETS);
    set_version(uuid, 5);
}

void hm_uuid_text(const uint8_t u[static HM_UUID_OCTETS], char text[static HM_UUID_TEXT]) {
    snprintf(text, HM_UUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
             u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}
