/* What CMS and Authenticode signatures hold of a file; SignedData itself is signed_data.c's, what stands inside in
 * attributes.c (CMS) and spc.c (Authenticode). */
#include "cert_parts.h"
#include "oid.h"
#include "signed_content.h"
#include "signed_data.h"

static hm_err check(hm_structure structure, const hm_digest *content, const hm_chain *chain, const hm_signer *signer) {
    hm_scheme scheme = hm_key_scheme(signer->algorithm);
    if (!chain->count || chain->count > HM_CHAIN_MAX)
        return hm_misuse("a signature needs 1 to %d certificates", HM_CHAIN_MAX);
    if (structure != HM_STRUCTURE_CMS && structure != HM_STRUCTURE_AUTHENTICODE_PE)
        return hm_misuse("unknown signed structure %d", (int)structure);
    if (structure == HM_STRUCTURE_AUTHENTICODE_PE && scheme == HM_SCHEME_ED25519)
        return hm_misuse("no verifier of Authenticode knows Ed25519 (use an RSA or ECDSA key)");
    return content->algorithm == hm_scheme_digest(scheme) && content->len == hm_digest_len(content->algorithm)
               ? HM_OK
               : hm_misuse("the digest to sign is not of the key's scheme");
}

static hm_err put_cms(hm_signed_data *what, const hm_digest *content, hm_buf *attributes) {
    hm_cert_parts leaf;
    HM_TRY(hm_cert_cut(what->chain->cert[0], &leaf));
    what->content_type = hm_oid_data;
    what->message_digest = *content;
    return hm_attribute_put_signing_certificate(attributes, what->chain->cert[0], &leaf);
}

static hm_err put_authenticode(hm_signed_data *what, const hm_digest *content, hm_buf *spc, hm_buf *attributes) {
    what->content_type = hm_oid_spc_indirect_data;
    HM_TRY(hm_spc_put_content(spc, content, &what->message_digest));
    what->content = hm_buf_bytes(spc);
    return hm_spc_put_attributes(attributes);
}

hm_err hm_signed_build(hm_structure structure, const hm_digest *content, const hm_chain *chain, int64_t signing_time,
                       const hm_signer *signer, hm_buf *der, uint8_t signature_hash[static HM_SHA256_LEN]) {
    HM_BUF spc = HM_BUF_EMPTY, attributes = HM_BUF_EMPTY;
    hm_signed_data what = {.version = 1, .signing_time = signing_time, .chain = chain, .with_certificates = true};
    HM_TRY(check(structure, content, chain, signer));
    HM_TRY(structure == HM_STRUCTURE_CMS ? put_cms(&what, content, &attributes)
                                         : put_authenticode(&what, content, &spc, &attributes));
    what.attributes = hm_buf_bytes(&attributes);
    return hm_signed_data_build(&what, signer, der, signature_hash);
}
