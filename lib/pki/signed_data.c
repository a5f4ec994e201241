/* SignedData (RFC 5652 section 5; PKCS#7 1.5 for Authenticode) built for a token's key. */
#include "signed_data.h"

#include "algorithm_id.h"
#include "cert_parts.h"
#include "oid.h"
#include "signed_content.h"

/* What the parts of one signature have in common. */
typedef struct {
    const hm_signed_data *what;
    hm_cert_parts leaf;
    const hm_signer *signer;
    hm_scheme scheme;
} build;

static hm_err put_content(const build *b, hm_buf *der) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_der_put(der, HM_DER_OID, b->what->content_type));
    HM_TRY(hm_put(der, b->what->content));
    return hm_der_close(der, mark);
}

/* The root is left out: who trusts it has it. */
static hm_err put_certificates(const build *b, hm_buf *der) {
    const hm_chain *chain = b->what->chain;
    size_t mark;
    if (!b->what->with_certificates) return HM_OK;
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 0, &mark));
    for (size_t i = 0; i < chain->count; i++) {
        hm_cert_parts parts;
        HM_TRY(hm_cert_cut(chain->cert[i], &parts));
        if (i == 0 || !hm_cert_is_self_issued(&parts)) HM_TRY(hm_put(der, chain->cert[i]));
    }
    return hm_der_close(der, mark);
}

/* The attributes one after another, sorted (RFC 5652 section 5.4). */
static hm_err put_attributes(const build *b, hm_buf *der) {
    HM_TRY(hm_attribute_put_content_type(der, b->what->content_type));
    HM_TRY(hm_attribute_put_message_digest(der, &b->what->message_digest));
    HM_TRY(hm_attribute_put_signing_time(der, b->what->signing_time));
    HM_TRY(hm_put(der, b->what->attributes));
    return hm_der_sort(der, 0);
}

/* The signature is over the attributes as a SET OF; in the structure the same octets are tagged [0]. */
static hm_err sign_attributes(const build *b, hm_bytes attributes, hm_buf *signature) {
    HM_BUF message = HM_BUF_EMPTY;
    HM_TRY(hm_der_put(&message, HM_DER_SET, attributes));
    HM_TRY(b->signer->sign(b->signer->key, b->scheme, hm_buf_bytes(&message), signature));
    return signature->len ? HM_OK : hm_could_not("the token gave an empty signature");
}

static hm_err put_issuer_and_serial(hm_buf *der, const hm_cert_parts *leaf) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_put(der, leaf->issuer));
    HM_TRY(hm_put(der, leaf->serial));
    return hm_der_close(der, mark);
}

static hm_err put_signer_info(const build *b, hm_buf *der, uint8_t *signature_hash) {
    HM_BUF attributes = HM_BUF_EMPTY;
    HM_BUF signature = HM_BUF_EMPTY;
    size_t mark;
    HM_TRY(put_attributes(b, &attributes));
    HM_TRY(sign_attributes(b, hm_buf_bytes(&attributes), &signature));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_der_put_uint(der, 1));
    HM_TRY(put_issuer_and_serial(der, &b->leaf));
    HM_TRY(hm_put_digest_algorithm(der, b->what->message_digest.algorithm));
    HM_TRY(hm_der_put(der, HM_DER_CONTEXT_CONSTRUCTED + 0, hm_buf_bytes(&attributes)));
    HM_TRY(hm_put_signer_algorithm(der, b->scheme));
    HM_TRY(hm_der_put(der, HM_DER_OCTET_STRING, hm_buf_bytes(&signature)));
    hm_sha256(hm_buf_bytes(&signature), signature_hash);
    return hm_der_close(der, mark);
}

static hm_err put_set_of_digest_algorithms(hm_buf *der, hm_digest_algorithm algorithm) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SET, &mark));
    HM_TRY(hm_put_digest_algorithm(der, algorithm));
    return hm_der_close(der, mark);
}

static hm_err put_signed_data(const build *b, hm_buf *der, uint8_t *signature_hash) {
    size_t signed_data, signer_infos;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &signed_data));
    HM_TRY(hm_der_put_uint(der, b->what->version));
    HM_TRY(put_set_of_digest_algorithms(der, b->what->message_digest.algorithm));
    HM_TRY(put_content(b, der));
    HM_TRY(put_certificates(b, der));
    HM_TRY(hm_der_open(der, HM_DER_SET, &signer_infos));
    HM_TRY(put_signer_info(b, der, signature_hash));
    HM_TRY(hm_der_close(der, signer_infos));
    return hm_der_close(der, signed_data);
}

static hm_err check(const build *b) {
    const hm_digest *digest = &b->what->message_digest;
    if (digest->algorithm != hm_scheme_digest(b->scheme) || digest->len != hm_digest_len(digest->algorithm))
        return hm_misuse("the digest to sign is not of the key's scheme");
    return hm_bytes_equal(b->leaf.spki, b->signer->spki)
               ? HM_OK
               : hm_refuse("the signing certificate is not for the signing key");
}

hm_err hm_signed_data_build(const hm_signed_data *what, const hm_signer *signer, hm_buf *der,
                            uint8_t signature_hash[static HM_SHA256_LEN]) {
    HM_BUF built = HM_BUF_EMPTY;
    size_t content_info, tagged;
    build b = {.what = what, .signer = signer, .scheme = hm_key_scheme(signer->algorithm)};
    HM_TRY(hm_cert_cut(what->chain->cert[0], &b.leaf));
    HM_TRY(check(&b));
    HM_TRY(hm_der_open(&built, HM_DER_SEQUENCE, &content_info));
    HM_TRY(hm_der_put(&built, HM_DER_OID, hm_oid_signed_data));
    HM_TRY(hm_der_open(&built, HM_DER_CONTEXT_CONSTRUCTED + 0, &tagged));
    HM_TRY(put_signed_data(&b, &built, signature_hash));
    HM_TRY(hm_der_close(&built, tagged));
    HM_TRY(hm_der_close(&built, content_info));
    return hm_put(der, hm_buf_bytes(&built));
}
