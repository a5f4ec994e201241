/* One signature: C_SignInit and C_Sign on the token's one session, with the handle that was found once. */
#include "private.h"

enum { SIGNATURE_MAX = 512 };

/* DigestInfo up to the digest: SHA-256 with NULL parameters (RFC 8017 section 9.2 note 1). The token pads and signs it
 * (CKM_RSA_PKCS), which every token can; CKM_SHA256_RSA_PKCS would send the whole message through the token. */
static const uint8_t sha256_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                      0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

typedef struct {
    CK_MECHANISM_TYPE mechanism;
    size_t signature_len;
    bool hashed; /* the token gets the digest, not the message */
} way;

static way way_of(hm_key_algorithm algorithm) {
    switch (algorithm) {
    case HM_KEY_ES256:
        return (way){CKM_ECDSA, 64, true};
    case HM_KEY_ES384:
        return (way){CKM_ECDSA, 96, true};
    case HM_KEY_RSA3072:
    case HM_KEY_RSA4096:
        return (way){CKM_RSA_PKCS, hm_key_modulus_len(algorithm), true};
    case HM_KEY_ED25519:
        return (way){CKM_EDDSA, 64, false};
    }
    return (way){0};
}

static hm_err ask_token(const hm_key *key, const way *how, hm_bytes data, uint8_t octets[static SIGNATURE_MAX]) {
    const hm_token *token = key->token;
    CK_MECHANISM mechanism = {how->mechanism, NULL, 0};
    CK_ULONG len = SIGNATURE_MAX;
    HM_TRY(hm_ckr(token->module.call->C_SignInit(token->session, &mechanism, key->private_object), "begin to sign"));
    /* The interface has no const; a module does not write to what it signs. */
    CK_BYTE *input = (CK_BYTE *)(uintptr_t)data.data;
    HM_TRY(hm_ckr(token->module.call->C_Sign(token->session, input, data.len, octets, &len), "sign"));
    if (len != how->signature_len) return hm_could_not("the token gave a signature of %lu octets", len);
    return HM_OK;
}

static hm_err sign_data(const hm_key *key, const way *how, hm_bytes data, hm_buf *signature) {
    uint8_t octets[SIGNATURE_MAX] = {0};
    HM_TRY(ask_token(key, how, data, octets));
    hm_bytes made = HM_BYTES(octets, how->signature_len);
    if (how->mechanism != CKM_ECDSA) return hm_put(signature, made);
    if (hm_failed(hm_ecdsa_to_der(made, signature))) return hm_could_not("the token gave a signature that is none");
    return HM_OK;
}

static hm_err sign(void *opaque, hm_scheme scheme, hm_bytes message, hm_buf *signature) {
    const hm_key *key = opaque;
    if (scheme != hm_key_scheme(key->algorithm))
        return hm_refuse("a key for %s does not sign with scheme %d", hm_key_algorithm_name(key->algorithm), scheme);
    way how = way_of(key->algorithm);
    if (!how.hashed) return sign_data(key, &how, message, signature);
    hm_digest digest;
    hm_digest_of(hm_scheme_digest(scheme), message, &digest);
    if (how.mechanism == CKM_ECDSA) return sign_data(key, &how, hm_digest_bytes(&digest), signature);
    HM_BUF info = HM_BUF_EMPTY;
    HM_TRY(hm_put(&info, HM_ARRAY(sha256_info)));
    HM_TRY(hm_put(&info, hm_digest_bytes(&digest)));
    return sign_data(key, &how, hm_buf_bytes(&info), signature);
}

hm_signer hm_key_signer(hm_key *key) {
    return (hm_signer){.sign = sign, .key = key, .algorithm = key->algorithm, .spki = hm_buf_bytes(&key->spki)};
}
