#include "software_signer.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

struct software_signer {
    hm_signer signer;
    EVP_PKEY *key;
    uint8_t *spki;
};

static void must(bool done, const char *what) {
    if (done) return;
    fprintf(stderr, "software signer: could not %s\n", what);
    abort();
}

static hm_err sign(void *key, hm_scheme scheme, hm_bytes message, hm_buf *signature) {
    const software_signer *self = key;
    if (scheme != hm_key_scheme(self->signer.algorithm)) return hm_misuse("the key does not sign by that scheme");
    const char *digest =
        scheme == HM_SCHEME_ED25519 ? NULL : hm_digest_name(hm_scheme_digest(hm_key_scheme(self->signer.algorithm)));
    size_t len = (size_t)EVP_PKEY_get_size(self->key);
    HM_TRY(hm_buf_reserve(signature, len));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context && EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, self->key, NULL) == 1, "begin to sign");
    must(EVP_DigestSign(context, &signature->data[signature->len], &len, message.data, message.len) == 1, "sign");
    EVP_MD_CTX_free(context);
    signature->len += len;
    return HM_OK;
}

static software_signer *of_key(hm_key_algorithm algorithm, EVP_PKEY *key) {
    software_signer *self = calloc(1, sizeof *self);
    must(self && key, "make a key");
    self->key = key;
    int len = i2d_PUBKEY(key, &self->spki);
    must(len > 0, "encode a public key");
    self->signer = (hm_signer){sign, self, algorithm, HM_BYTES(self->spki, (size_t)len)};
    return self;
}

software_signer *software_signer_new(hm_key_algorithm algorithm) {
    switch (algorithm) {
    case HM_KEY_ES256:
        return of_key(algorithm, EVP_EC_gen("P-256"));
    case HM_KEY_ES384:
        return of_key(algorithm, EVP_EC_gen("P-384"));
    case HM_KEY_RSA3072:
        return of_key(algorithm, EVP_RSA_gen(3072));
    case HM_KEY_RSA4096:
        return of_key(algorithm, EVP_RSA_gen(4096));
    case HM_KEY_ED25519:
        return of_key(algorithm, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    }
    must(false, "make a key of an unknown algorithm");
    return NULL;
}

software_signer *software_signer_of_seed(const uint8_t seed[static 32]) {
    return of_key(HM_KEY_ED25519, EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32));
}

void software_signer_free(software_signer **pointer) {
    if (!*pointer) return;
    EVP_PKEY_free((*pointer)->key);
    OPENSSL_free((*pointer)->spki);
    free(*pointer);
    *pointer = NULL;
}

const hm_signer *software_signer_of(const software_signer *signer) { return &signer->signer; }
EVP_PKEY *software_signer_key(const software_signer *signer) { return signer->key; }
