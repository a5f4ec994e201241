/* A key pair that was made elsewhere, put into a token by its raw interface: P-256, whose private number is 2. */
#ifndef HM_TESTS_KEYS_FOREIGN_KEY_H
#define HM_TESTS_KEYS_FOREIGN_KEY_H

#include <base/bytes.h>

#include <p11-kit/pkcs11.h>
#include <stdbool.h>

typedef struct {
    hm_bytes id;
    bool shown, extractable, for_everybody; /* what a key that is taken is not */
    bool no_public, other_public;           /* the point of the number 1 */
} foreign_key;

/* DER OCTET STRINGs of the points of the numbers 2 and 1 (SEC 2 section 2.4.2: the latter is the base point). */
static const uint8_t foreign_point[] = {
    0x04, 0x41, 0x04, 0x7c, 0xf2, 0x7b, 0x18, 0x8d, 0x03, 0x4f, 0x7e, 0x8a, 0x52, 0x38, 0x03, 0x04, 0xb5,
    0x1a, 0xc3, 0xc0, 0x89, 0x69, 0xe2, 0x77, 0xf2, 0x1b, 0x35, 0xa6, 0x0b, 0x48, 0xfc, 0x47, 0x66, 0x99,
    0x78, 0x07, 0x77, 0x55, 0x10, 0xdb, 0x8e, 0xd0, 0x40, 0x29, 0x3d, 0x9a, 0xc6, 0x9f, 0x74, 0x30, 0xdb,
    0xba, 0x7d, 0xad, 0xe6, 0x3c, 0xe9, 0x82, 0x29, 0x9e, 0x04, 0xb7, 0x9d, 0x22, 0x78, 0x73, 0xd1};
static const uint8_t base_point[] = {0x04, 0x41, 0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
                                     0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
                                     0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f,
                                     0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b,
                                     0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

static inline CK_ATTRIBUTE foreign_attribute(CK_ATTRIBUTE_TYPE type, hm_bytes value) {
    return (CK_ATTRIBUTE){type, (void *)(uintptr_t)value.data, value.len};
}

static inline void foreign_key_put(CK_FUNCTION_LIST *call, CK_SESSION_HANDLE session, const foreign_key *key) {
    static const uint8_t curve[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static const uint8_t number[32] = {[31] = 2};
    CK_OBJECT_CLASS secret = CKO_PRIVATE_KEY, known = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_EC;
    CK_BBOOL yes = CK_TRUE, sensitive = !key->shown, extractable = key->extractable, private = !key->for_everybody;
    CK_OBJECT_HANDLE object;
    CK_ATTRIBUTE half[] = {{CKA_CLASS, &secret, sizeof secret},
                           {CKA_KEY_TYPE, &type, sizeof type},
                           {CKA_TOKEN, &yes, 1},
                           {CKA_PRIVATE, &private, 1},
                           {CKA_SENSITIVE, &sensitive, 1},
                           {CKA_EXTRACTABLE, &extractable, 1},
                           {CKA_SIGN, &yes, 1},
                           foreign_attribute(CKA_EC_PARAMS, HM_ARRAY(curve)),
                           foreign_attribute(CKA_VALUE, HM_ARRAY(number)),
                           foreign_attribute(CKA_ID, key->id)};
    CK_ATTRIBUTE other[] = {
        {CKA_CLASS, &known, sizeof known},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, 1},
        foreign_attribute(CKA_EC_PARAMS, HM_ARRAY(curve)),
        foreign_attribute(CKA_EC_POINT, key->other_public ? HM_ARRAY(base_point) : HM_ARRAY(foreign_point)),
        foreign_attribute(CKA_ID, key->id)};
    assert_int_equal(call->C_CreateObject(session, half, sizeof half / sizeof half[0], &object), CKR_OK);
    if (key->no_public) return;
    assert_int_equal(call->C_CreateObject(session, other, sizeof other / sizeof other[0], &object), CKR_OK);
}

#endif
