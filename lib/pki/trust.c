/* Trusted roots, and chains brought in from a public CA. */
#include "trust.h"

#include "path.h"
#include "pem.h"
#include "cert_parts.h"

#include <crypto/process.h>

#include <openssl/err.h>
#include <stdlib.h>

static inline void free_store(X509_STORE **store) { X509_STORE_free(*store); }
#define STORE __attribute__((cleanup(free_store))) X509_STORE

/* Append CERTIFICATE to STACK, which owns it from then on; it is freed if that fails. */
static hm_err push(STACK_OF(X509) * stack, X509 *certificate) {
    if (sk_X509_push(stack, certificate) > 0) return HM_OK;
    X509_free(certificate);
    return hm_no_memory();
}

static hm_err add_root(hm_trust *trust, hm_bytes der) {
    X509 *certificate;
    HM_TRY(hm_x509_parse(der, &certificate));
    HM_TRY(push(trust->certificates, certificate));
    if (X509_STORE_add_cert(trust->store, certificate) == 1) return HM_OK;
    ERR_clear_error();
    return hm_no_memory();
}

static hm_err add_roots(hm_trust *trust, hm_bytes pem) {
    HM_BUF der = HM_BUF_EMPTY;
    size_t count;
    HM_TRY(hm_pem_certificates(pem, HM_ROOTS_MAX, &der, &count));
    hm_reader reader = hm_reader_of(hm_buf_bytes(&der));
    while (reader.rest.len) {
        hm_tlv certificate;
        HM_TRY(hm_tlv_read(&reader, &certificate));
        HM_TRY(add_root(trust, certificate.whole));
    }
    return HM_OK;
}

hm_err hm_trust_from_pem(hm_bytes pem, hm_trust **trust) {
    *trust = NULL;
    HM_TRUST *made = calloc(1, sizeof *made);
    if (!made) return hm_no_memory();
    made->store = X509_STORE_new();
    made->certificates = sk_X509_new_null();
    if (!made->store || !made->certificates) return hm_no_memory();
    HM_TRY(hm_path_memory_new(&made->paths));
    HM_TRY(add_roots(made, pem));
    *trust = made;
    made = NULL;
    return HM_OK;
}

void hm_trust_free(hm_trust **trust) {
    if (!*trust) return;
    X509_STORE_free((*trust)->store);
    sk_X509_pop_free((*trust)->certificates, X509_free);
    hm_path_memory_free(&(*trust)->paths);
    free(*trust);
    *trust = NULL;
}

static hm_err parse_chain(const hm_chain *chain, STACK_OF(X509) * certificates) {
    for (size_t i = 0; i < chain->count; i++) {
        hm_cert_parts parts;
        X509 *certificate;
        HM_TRY(hm_in(hm_cert_cut(chain->cert[i], &parts), "certificate %zu of the chain", i + 1));
        HM_TRY(hm_in(hm_x509_parse(chain->cert[i], &certificate), "certificate %zu of the chain", i + 1));
        HM_TRY(push(certificates, certificate));
    }
    return HM_OK;
}

static hm_err check_order(const STACK_OF(X509) * given, const STACK_OF(X509) * path) {
    if (sk_X509_num(given) != sk_X509_num(path))
        return hm_refuse("the chain holds certificates that do not belong to it");
    for (int i = 0; i < sk_X509_num(given); i++)
        if (X509_cmp(sk_X509_value(given, i), sk_X509_value(path, i)) != 0)
            return hm_refuse("the chain is not in order (the signing certificate first, each followed by its issuer)");
    return HM_OK;
}

hm_err hm_chain_check(const hm_chain *chain, hm_bytes spki, int64_t now) {
    if (!chain->count || chain->count > HM_CHAIN_MAX)
        return hm_refuse("a chain has 1 to %d certificates", HM_CHAIN_MAX);
    hm_cert_parts leaf;
    HM_TRY(hm_in(hm_cert_cut(chain->cert[0], &leaf), "certificate 1 of the chain"));
    if (!hm_bytes_equal(leaf.spki, spki)) return hm_refuse("the chain's first certificate is not for this key");
    HM_X509_PATH *certificates = sk_X509_new_null();
    HM_X509_PATH *path = NULL;
    STORE *store = X509_STORE_new();
    if (!certificates || !store) return hm_no_memory();
    HM_TRY(parse_chain(chain, certificates));
    if (X509_STORE_add_cert(store, sk_X509_value(certificates, (int)chain->count - 1)) != 1) return hm_no_memory();
    hm_path_rules rules = {.anchors = store, .untrusted = certificates, .now = now, .any_anchor = true};
    HM_TRY(hm_path_find(sk_X509_value(certificates, 0), &rules, &path));
    return hm_crypto_settle(check_order(certificates, path));
}
