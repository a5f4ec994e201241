/* A key pair that was made elsewhere and is in the token already. Its private half never comes out, here as elsewhere:
 * what is looked at is what the token says of it, and one signature. */
#include "private.h"

#include <string.h>

/* By the id that it came with; or as an adoption that was cut off has left it. */
static hm_err find_half(const hm_key *key, CK_OBJECT_CLASS class, const hm_adoption *how, CK_OBJECT_HANDLE *object) {
    HM_TRY(hm_object_find_by(key, class, CKA_ID, how->was, object));
    if (*object != CK_INVALID_HANDLE) return HM_OK;
    return hm_object_find_by(key, class, CKA_LABEL, hm_text(how->label), object);
}

static hm_err find_pair(hm_key *key, const hm_adoption *how) {
    HM_BUF hex = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&hex, how->was));
    HM_TRY(find_half(key, CKO_PRIVATE_KEY, how, &key->private_object));
    if (key->private_object == CK_INVALID_HANDLE)
        return hm_refuse("has no %s key with the id %.*s (pkcs11-tool --list-objects shows what it has)",
                         hm_key_algorithm_name(key->algorithm), (int)hex.len, (const char *)hex.data);
    HM_TRY(find_half(key, CKO_PUBLIC_KEY, how, &key->public_object));
    if (key->public_object == CK_INVALID_HANDLE)
        return hm_refuse("has the private key %.*s without its public key: put that in, too, with the same id "
                         "(pkcs11-tool --write-object FILE --type pubkey --id %.*s)",
                         (int)hex.len, (const char *)hex.data, (int)hex.len, (const char *)hex.data);
    return HM_OK;
}

/* The search was for the kind of key: RSA, elliptic curves. */
static hm_err check_algorithm(const hm_key *key) {
    HM_BUF value = HM_BUF_EMPTY;
    size_t modulus_len = hm_key_modulus_len(key->algorithm);
    HM_TRY(hm_object_read(key->token, key->public_object, modulus_len ? CKA_MODULUS : CKA_EC_PARAMS, SIZE_MAX, &value));
    bool is = modulus_len ? value.len - (value.data[0] == 0) == modulus_len
                          : hm_key_is_on_curve(key->algorithm, hm_buf_bytes(&value));
    return is ? HM_OK
              : hm_refuse("has a key with this id, and it is no %s key (another --algorithm?)",
                          hm_key_algorithm_name(key->algorithm));
}

/* What a token does not tell of such a key is not assumed. */
static hm_err check_flag(const hm_key *key, CK_ATTRIBUTE_TYPE type, CK_BBOOL wanted, const char *otherwise) {
    HM_BUF value = HM_BUF_EMPTY;
    HM_TRY(hm_object_read(key->token, key->private_object, type, sizeof wanted, &value));
    return value.data[0] == wanted ? HM_OK : hm_refuse("%s", otherwise);
}

static hm_err check_kept(const hm_key *key) {
    HM_TRY(check_flag(key, CKA_SENSITIVE, CK_TRUE,
                      "would show the private key (it is not CKA_SENSITIVE): put it in again as sensitive (pkcs11-tool "
                      "--write-object FILE --type privkey --sensitive)"));
    HM_TRY(check_flag(key, CKA_EXTRACTABLE, CK_FALSE,
                      "would give the private key out (it is CKA_EXTRACTABLE): put it in again without that "
                      "(pkcs11-tool --write-object FILE --type privkey --sensitive, not --extractable)"));
    return check_flag(key, CKA_PRIVATE, CK_TRUE,
                      "lets everybody use the private key, without its PIN (it is not CKA_PRIVATE): put it in again as "
                      "private");
}

static hm_err name_half(hm_key *key, CK_OBJECT_CLASS class, const hm_adoption *how, CK_OBJECT_HANDLE *object) {
    CK_ATTRIBUTE names[] = {hm_attribute(CKA_ID, HM_ARRAY(how->id)), hm_attribute(CKA_LABEL, hm_text(how->label))};
    CK_RV rv = key->token->module.call->C_SetAttributeValue(key->token->session, *object, names, 2);
    if (rv == CKR_ATTRIBUTE_READ_ONLY || rv == CKR_ACTION_PROHIBITED)
        return hm_refuse("lets nobody change the id of this key: put it in again as one that may be modified "
                         "(CKA_MODIFIABLE)");
    HM_TRY(hm_ckr(rv, "give a key the office's id"));
    HM_TRY(hm_object_find(key, class, object));
    return *object == CK_INVALID_HANDLE ? hm_could_not("says that it gave a key the office's id, and did not") : HM_OK;
}

static hm_err adopt(hm_key *key, const hm_adoption *how) {
    HM_TRY(find_pair(key, how));
    HM_TRY(check_algorithm(key));
    HM_TRY(check_kept(key));
    HM_TRY(hm_key_check_pair(key));
    HM_TRY(how->may(how->context, hm_buf_bytes(&key->spki)));
    HM_TRY(name_half(key, CKO_PUBLIC_KEY, how, &key->public_object));
    return name_half(key, CKO_PRIVATE_KEY, how, &key->private_object);
}

hm_err hm_token_adopt(hm_token *token, hm_key_algorithm algorithm, const hm_adoption *how, hm_key **key) {
    hm_key *taken;
    *key = NULL;
    HM_TRY(hm_key_new(token, algorithm, how->id, &taken));
    hm_err err = adopt(taken, how);
    if (hm_failed(err)) return hm_key_free(&taken), hm_in(err, "the token \"%s\"", token->info.label);
    *key = taken;
    return HM_OK;
}
