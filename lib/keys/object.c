/* Reading a token's objects. What comes back is the module's word: every length is checked before it is believed. */
#include "private.h"

enum { ATTRIBUTE_MAX = 1024 };

/* The interface has no const; templates are only read. */
CK_ATTRIBUTE hm_attribute(CK_ATTRIBUTE_TYPE type, hm_bytes value) {
    return (CK_ATTRIBUTE){type, (void *)(uintptr_t)value.data, value.len};
}

CK_KEY_TYPE hm_key_type(hm_key_algorithm algorithm) {
    if (algorithm == HM_KEY_ED25519) return CKK_EC_EDWARDS;
    return hm_key_modulus_len(algorithm) ? CKK_RSA : CKK_EC;
}

size_t hm_key_modulus_len(hm_key_algorithm algorithm) {
    if (algorithm == HM_KEY_RSA3072) return 3072 / 8;
    return algorithm == HM_KEY_RSA4096 ? 4096 / 8 : 0;
}

hm_err hm_object_find_by(const hm_key *key, CK_OBJECT_CLASS class, CK_ATTRIBUTE_TYPE name, hm_bytes value,
                         CK_OBJECT_HANDLE *object) {
    const CK_FUNCTION_LIST *call = key->token->module.call;
    CK_SESSION_HANDLE session = key->token->session;
    CK_KEY_TYPE type = hm_key_type(key->algorithm);
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class}, {CKA_KEY_TYPE, &type, sizeof type}, hm_attribute(name, value)};
    CK_OBJECT_HANDLE found[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    CK_ULONG count = 0;
    *object = CK_INVALID_HANDLE;
    HM_TRY(hm_ckr(call->C_FindObjectsInit(session, template, 3), "search for a key"));
    CK_RV rv = call->C_FindObjects(session, found, 2, &count);
    CK_RV end = call->C_FindObjectsFinal(session);
    HM_TRY(hm_ckr(rv, "search for a key"));
    HM_TRY(hm_ckr(end, "end a search"));
    if (count > 1)
        return hm_could_not("the token has more than one key with the same %s", name == CKA_ID ? "id" : "label");
    *object = count ? found[0] : CK_INVALID_HANDLE;
    return HM_OK;
}

hm_err hm_object_find(const hm_key *key, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *object) {
    return hm_object_find_by(key, class, CKA_ID, HM_ARRAY(key->id), object);
}

hm_err hm_object_read(const hm_token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, size_t limit,
                      hm_buf *value) {
    uint8_t bytes[ATTRIBUTE_MAX];
    if (limit > sizeof bytes) limit = sizeof bytes;
    CK_ATTRIBUTE attribute = {type, bytes, limit};
    CK_RV rv = token->module.call->C_GetAttributeValue(token->session, object, &attribute, 1);
    HM_TRY(hm_ckr(rv, "show a key's properties"));
    if (attribute.pValue != bytes || attribute.ulValueLen == 0 || attribute.ulValueLen > limit)
        return hm_could_not("the token describes a key's property with a length that cannot be");
    return hm_put(value, HM_BYTES(bytes, attribute.ulValueLen));
}

/* A point comes as DER OCTET STRING (2.40 section 2.3.3), from some tokens bare. The lengths tell them apart. */
static hm_err unwrap_point(hm_bytes value, size_t point_len, hm_bytes *point) {
    *point = value;
    if (value.len == point_len) return HM_OK;
    uint8_t tag, len;
    hm_reader reader = hm_reader_of(value);
    if (hm_failed(hm_read_u8(&reader, &tag)) || hm_failed(hm_read_u8(&reader, &len)) || tag != 0x04 ||
        len != point_len || reader.rest.len != point_len)
        return hm_could_not("the token gives a public key in a form that is not known");
    *point = reader.rest;
    return HM_OK;
}

static hm_err rsa_spki(const hm_key *key, hm_buf *spki) {
    HM_BUF modulus = HM_BUF_EMPTY, exponent = HM_BUF_EMPTY;
    HM_TRY(hm_object_read(key->token, key->public_object, CKA_MODULUS, ATTRIBUTE_MAX, &modulus));
    HM_TRY(hm_object_read(key->token, key->public_object, CKA_PUBLIC_EXPONENT, ATTRIBUTE_MAX, &exponent));
    hm_bytes number = hm_buf_bytes(&modulus);
    while (number.len && number.data[0] == 0) HM_TRY(hm_bytes_part(number, 1, number.len - 1, &number));
    if (number.len != hm_key_modulus_len(key->algorithm) || number.data[0] < 0x80)
        return hm_could_not("the token gives a public key of another size than was asked for");
    return hm_spki_from_rsa(number, hm_buf_bytes(&exponent), spki);
}

hm_err hm_object_spki(const hm_key *key, hm_buf *spki) {
    if (hm_key_type(key->algorithm) == CKK_RSA) return rsa_spki(key, spki);
    HM_BUF value = HM_BUF_EMPTY;
    hm_bytes point;
    size_t point_len = key->algorithm == HM_KEY_ES256 ? 65 : key->algorithm == HM_KEY_ES384 ? 97 : 32;
    HM_TRY(hm_object_read(key->token, key->public_object, CKA_EC_POINT, ATTRIBUTE_MAX, &value));
    HM_TRY(unwrap_point(hm_buf_bytes(&value), point_len, &point));
    if (key->algorithm == HM_KEY_ED25519) return hm_spki_from_ed25519(point, spki);
    return hm_spki_from_ec_point(key->algorithm, point, spki);
}
