/* Keys in a token: made, found, inspected, destroyed. */
#include "private.h"

#include <stdlib.h>
#include <string.h>

/* CKA_EC_PARAMS: the curve by its object identifier; Ed25519 also by the name that PKCS#11 3.0 section 2.3.10 asks for
 * and SoftHSM does not know. */
static const uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t ed25519_identifier[] = {0x06, 0x03, 0x2b, 0x65, 0x70};
static const uint8_t ed25519_name[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
static const uint8_t rsa_exponent[] = {0x01, 0x00, 0x01};

/* What is told to C_GenerateKeyPair beside what all keys share. */
typedef struct {
    CK_MECHANISM_TYPE mechanism;
    hm_bytes curve;
    hm_bytes other_curve_name;
    CK_ULONG modulus_bits;
} recipe;

static hm_err recipe_of(hm_key_algorithm algorithm, recipe *how) {
    *how = (recipe){0};
    switch (algorithm) {
    case HM_KEY_ES256:
        *how = (recipe){CKM_EC_KEY_PAIR_GEN, HM_ARRAY(p256), HM_NO_BYTES, 0};
        return HM_OK;
    case HM_KEY_ES384:
        *how = (recipe){CKM_EC_KEY_PAIR_GEN, HM_ARRAY(p384), HM_NO_BYTES, 0};
        return HM_OK;
    case HM_KEY_ED25519:
        *how = (recipe){CKM_EC_EDWARDS_KEY_PAIR_GEN, HM_ARRAY(ed25519_identifier), HM_ARRAY(ed25519_name), 0};
        return HM_OK;
    case HM_KEY_RSA3072:
    case HM_KEY_RSA4096:
        *how = (recipe){CKM_RSA_PKCS_KEY_PAIR_GEN, HM_NO_BYTES, HM_NO_BYTES, 8 * hm_key_modulus_len(algorithm)};
        return HM_OK;
    }
    return hm_misuse("unknown key algorithm %d", (int)algorithm);
}

bool hm_key_is_on_curve(hm_key_algorithm algorithm, hm_bytes name) {
    recipe how;
    return !hm_failed(recipe_of(algorithm, &how)) &&
           (hm_bytes_equal(name, how.curve) ||
            (how.other_curve_name.len && hm_bytes_equal(name, how.other_curve_name)));
}

static CK_RV generate_pair(hm_key *key, const recipe *how, hm_bytes curve, const char *label) {
    static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    const hm_bytes on = HM_BYTES(&yes, sizeof yes), off = HM_BYTES(&no, sizeof no), id = HM_ARRAY(key->id);
    CK_MECHANISM mechanism = {how->mechanism, NULL, 0};
    /* The last one or two are the algorithm's. */
    CK_ATTRIBUTE public[] = {
        hm_attribute(CKA_TOKEN, on),
        hm_attribute(CKA_PRIVATE, off),
        hm_attribute(CKA_VERIFY, on),
        hm_attribute(CKA_ENCRYPT, off),
        hm_attribute(CKA_WRAP, off),
        hm_attribute(CKA_ID, id),
        hm_attribute(CKA_LABEL, hm_text(label)),
        how->modulus_bits ? hm_attribute(CKA_PUBLIC_EXPONENT, HM_ARRAY(rsa_exponent))
                          : hm_attribute(CKA_EC_PARAMS, curve),
        hm_attribute(CKA_MODULUS_BITS, HM_BYTES(&how->modulus_bits, sizeof how->modulus_bits)),
    };
    CK_ATTRIBUTE private[] = {
        hm_attribute(CKA_TOKEN, on),     hm_attribute(CKA_PRIVATE, on),
        hm_attribute(CKA_SENSITIVE, on), hm_attribute(CKA_EXTRACTABLE, off),
        hm_attribute(CKA_SIGN, on),      hm_attribute(CKA_DECRYPT, off),
        hm_attribute(CKA_UNWRAP, off),   hm_attribute(CKA_DERIVE, off),
        hm_attribute(CKA_ID, id),        hm_attribute(CKA_LABEL, hm_text(label)),
    };
    CK_ULONG public_count = sizeof public / sizeof public[0] - (how->modulus_bits ? 0 : 1);
    return key->token->module.call->C_GenerateKeyPair(key->token->session, &mechanism, public, public_count, private,
                                                      sizeof private / sizeof private[0], &key -> public_object,
                                                      &key -> private_object);
}

/* A key that is not what was asked for must not be used even once. */
static hm_err prove(hm_key *key) {
    hm_key_origin origin;
    HM_TRY(hm_key_inspect(key, &origin));
    if (!origin.local || !origin.never_extractable || !origin.sensitive)
        return hm_could_not("the token made a key that could leave it");
    return hm_key_check_pair(key);
}

hm_err hm_key_check_pair(hm_key *key) {
    HM_TRY(hm_object_spki(key, &key->spki));
    hm_signer signer = hm_key_signer(key);
    hm_scheme scheme = hm_key_scheme(key->algorithm);
    const hm_bytes message = hm_text("pairwise consistency (FIPS 140-3)");
    HM_BUF signature = HM_BUF_EMPTY;
    HM_TRY(signer.sign(signer.key, scheme, message, &signature));
    bool good;
    HM_TRY(hm_decided(hm_verify(signer.spki, scheme, message, hm_buf_bytes(&signature)), &good));
    return good ? HM_OK : hm_could_not("the token has a key pair whose halves do not belong together");
}

hm_err hm_key_new(hm_token *token, hm_key_algorithm algorithm, const uint8_t id[static HM_KEY_ID_LEN], hm_key **key) {
    *key = calloc(1, sizeof **key);
    if (!*key) return hm_no_memory();
    **key = (hm_key){.token = token, .next = token->keys, .algorithm = algorithm, .spki = HM_BUF_EMPTY};
    memcpy((*key)->id, id, HM_KEY_ID_LEN);
    token->keys = *key;
    return HM_OK;
}

void hm_key_free(hm_key **key) {
    hm_key **link = &(*key)->token->keys;
    while (*link != *key) link = &(*link)->next;
    *link = (*key)->next;
    hm_buf_clear(&(*key)->spki);
    free(*key);
    *key = NULL;
}

static hm_err destroy_object(hm_key *key, CK_OBJECT_CLASS class) {
    CK_OBJECT_HANDLE object;
    HM_TRY(hm_object_find(key, class, &object));
    if (object == CK_INVALID_HANDLE) return HM_OK;
    HM_TRY(hm_ckr(key->token->module.call->C_DestroyObject(key->token->session, object), "destroy a key"));
    HM_TRY(hm_object_find(key, class, &object));
    if (object != CK_INVALID_HANDLE) return hm_could_not("the token says that it destroyed a key, but still has it");
    return HM_OK;
}

static hm_err generate(hm_key *key, const char *label) {
    recipe how;
    HM_TRY(recipe_of(key->algorithm, &how));
    CK_OBJECT_HANDLE there;
    HM_TRY(hm_object_find(key, CKO_PRIVATE_KEY, &there));
    if (there != CK_INVALID_HANDLE) return hm_could_not("the token has a key with this id already");
    /* A public key alone is what a process left that was killed while the token made the pair. */
    HM_TRY(destroy_object(key, CKO_PUBLIC_KEY));
    CK_RV rv = generate_pair(key, &how, how.curve, label);
    if (rv != CKR_OK && how.other_curve_name.len) rv = generate_pair(key, &how, how.other_curve_name, label);
    return hm_ckr(rv, "make a key");
}

hm_err hm_token_generate(hm_token *token, hm_key_algorithm algorithm, const uint8_t id[static HM_KEY_ID_LEN],
                         const char *label, hm_key **key) {
    hm_key *fresh;
    *key = NULL;
    HM_TRY(hm_key_new(token, algorithm, id, &fresh));
    hm_err err = generate(fresh, label);
    if (hm_failed(err)) return hm_key_free(&fresh), hm_in(err, "\"%s\"", token->info.label);
    err = prove(fresh);
    if (!hm_failed(err)) return *key = fresh, HM_OK;
    HM_BUF why = HM_BUF_EMPTY;
    HM_TRY(hm_put_text(&why, hm_err_sentence()));
    HM_TRY(hm_in(hm_token_destroy(token, &fresh), "%.*s, and then", (int)why.len, (const char *)why.data));
    return hm_could_not("\"%s\": %.*s", token->info.label, (int)why.len, (const char *)why.data);
}

static hm_err find(hm_key *key, hm_bytes known_spki) {
    HM_TRY(hm_object_find(key, CKO_PRIVATE_KEY, &key->private_object));
    if (key->private_object == CK_INVALID_HANDLE) {
        HM_BUF hex = HM_BUF_EMPTY;
        HM_TRY(hm_put_hex(&hex, HM_ARRAY(key->id)));
        return hm_could_not("has no %s key with the id %.*s", hm_key_algorithm_name(key->algorithm), (int)hex.len,
                            (const char *)hex.data);
    }
    if (known_spki.len) return hm_put(&key->spki, known_spki);
    HM_TRY(hm_object_find(key, CKO_PUBLIC_KEY, &key->public_object));
    if (key->public_object == CK_INVALID_HANDLE) return hm_could_not("has a private key without its public key");
    return hm_object_spki(key, &key->spki);
}

/* The same key, if it was given out before: of one whose public key the caller had told the token's own word is not
 * known. */
static hm_key *found_before(const hm_token *token, hm_key_algorithm algorithm, const uint8_t *id, hm_bytes known_spki) {
    hm_key *key = token->keys;
    while (key && (key->algorithm != algorithm || memcmp(key->id, id, HM_KEY_ID_LEN) != 0 ||
                   (known_spki.len ? !hm_bytes_equal(hm_buf_bytes(&key->spki), known_spki) : key->spki_was_told)))
        key = key->next;
    return key;
}

hm_err hm_token_find(hm_token *token, hm_key_algorithm algorithm, const uint8_t id[static HM_KEY_ID_LEN],
                     hm_bytes known_spki, hm_key **key) {
    hm_key *found;
    *key = NULL;
    if (!hm_key_algorithm_name(algorithm)) return hm_misuse("unknown key algorithm %d", (int)algorithm);
    *key = found_before(token, algorithm, id, known_spki);
    if (*key) return HM_OK;
    HM_TRY(hm_key_new(token, algorithm, id, &found));
    found->spki_was_told = known_spki.len != 0;
    hm_err err = find(found, known_spki);
    if (hm_failed(err)) return hm_key_free(&found), hm_in(err, "the token \"%s\"", token->info.label);
    *key = found;
    return HM_OK;
}

hm_err hm_token_destroy(hm_token *token, hm_key **key) {
    hm_err err = destroy_object(*key, CKO_PRIVATE_KEY);
    if (!hm_failed(err)) err = destroy_object(*key, CKO_PUBLIC_KEY);
    hm_key_free(key);
    return hm_in(err, "the token \"%s\"", token->info.label);
}

hm_err hm_token_has(hm_token *token, hm_key_algorithm algorithm, const uint8_t id[static HM_KEY_ID_LEN], bool *there) {
    hm_key *key;
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    *there = false;
    HM_TRY(hm_key_new(token, algorithm, id, &key));
    hm_err err = hm_object_find(key, CKO_PRIVATE_KEY, &object);
    *there = object != CK_INVALID_HANDLE;
    return hm_key_free(&key), hm_in(err, "the token \"%s\"", token->info.label);
}

hm_err hm_token_destroy_id(hm_token *token, hm_key_algorithm algorithm, const uint8_t id[static HM_KEY_ID_LEN],
                           bool *was_there) {
    hm_key *key;
    HM_TRY(hm_token_has(token, algorithm, id, was_there));
    HM_TRY(hm_key_new(token, algorithm, id, &key));
    return hm_token_destroy(token, &key);
}

/* A property that the token does not tell counts as not held. */
static hm_err read_flag(const hm_key *key, CK_ATTRIBUTE_TYPE type, bool *flag) {
    CK_BBOOL value = CK_FALSE;
    CK_ATTRIBUTE asked = {type, &value, sizeof value};
    const hm_token *token = key->token;
    *flag = false;
    CK_RV rv = token->module.call->C_GetAttributeValue(token->session, key->private_object, &asked, 1);
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE) return HM_OK;
    HM_TRY(hm_ckr(rv, "show a key's properties"));
    *flag = asked.ulValueLen == sizeof value && value == CK_TRUE;
    return HM_OK;
}

hm_err hm_key_inspect(hm_key *key, hm_key_origin *origin) {
    *origin = (hm_key_origin){0};
    HM_TRY(read_flag(key, CKA_LOCAL, &origin->local));
    HM_TRY(read_flag(key, CKA_NEVER_EXTRACTABLE, &origin->never_extractable));
    return read_flag(key, CKA_SENSITIVE, &origin->sensitive);
}
