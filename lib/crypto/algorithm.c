/* The tables of key algorithms and schemes. */
#include <crypto/algorithm.h>

#include <string.h>

static const struct {
    const char *name;
    hm_scheme scheme;
} keys[] = {
    [HM_KEY_ES256] = {"es256", HM_SCHEME_ECDSA_SHA256},   [HM_KEY_ES384] = {"es384", HM_SCHEME_ECDSA_SHA384},
    [HM_KEY_RSA3072] = {"rsa3072", HM_SCHEME_RSA_SHA256}, [HM_KEY_RSA4096] = {"rsa4096", HM_SCHEME_RSA_SHA256},
    [HM_KEY_ED25519] = {"ed25519", HM_SCHEME_ED25519},
};
#define KEYS_END (sizeof keys / sizeof keys[0])
_Static_assert(KEYS_END == HM_KEY_ALGORITHMS + 1, "every key algorithm is in the table");

static const hm_digest_algorithm digests[] = {
    [HM_SCHEME_ECDSA_SHA256] = HM_SHA256,   [HM_SCHEME_ECDSA_SHA384] = HM_SHA384, [HM_SCHEME_ECDSA_SHA512] = HM_SHA512,
    [HM_SCHEME_RSA_SHA256] = HM_SHA256,     [HM_SCHEME_RSA_SHA384] = HM_SHA384,   [HM_SCHEME_RSA_SHA512] = HM_SHA512,
    [HM_SCHEME_RSA_PSS_SHA256] = HM_SHA256, [HM_SCHEME_ED25519] = HM_SHA512,
};
#define DIGESTS_END (sizeof digests / sizeof digests[0])

const char *hm_key_algorithm_name(hm_key_algorithm algorithm) {
    return algorithm < KEYS_END ? keys[algorithm].name : NULL;
}

hm_err hm_key_algorithm_by_name(const char *name, hm_key_algorithm *algorithm) {
    for (hm_key_algorithm at = HM_KEY_ES256; at < KEYS_END; at++) {
        if (strcmp(keys[at].name, name) != 0) continue;
        *algorithm = at;
        return HM_OK;
    }
    return hm_misuse("unknown key algorithm \"%s\" (es256, es384, rsa3072, rsa4096 or ed25519)", name);
}

hm_scheme hm_key_scheme(hm_key_algorithm algorithm) { return algorithm < KEYS_END ? keys[algorithm].scheme : 0; }

hm_digest_algorithm hm_scheme_digest(hm_scheme scheme) { return scheme < DIGESTS_END ? digests[scheme] : 0; }
