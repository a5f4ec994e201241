#include "forgery.h"

void put_attribute(hm_buf *der, hm_bytes type, hm_bytes value) {
    hm_attribute_marks marks;
    HM_MUST(hm_attribute_open(der, type, &marks));
    HM_MUST(hm_put(der, value));
    HM_MUST(hm_attribute_close(der, marks));
}

void put_oid_attribute(hm_buf *der, hm_bytes type, hm_bytes oid) {
    HM_BUF value = HM_BUF_EMPTY;
    HM_MUST(hm_der_put(&value, HM_DER_OID, oid));
    put_attribute(der, type, hm_buf_bytes(&value));
}

void put_digest_attribute(hm_buf *der, hm_bytes digest) {
    HM_BUF value = HM_BUF_EMPTY;
    HM_MUST(hm_der_put(&value, HM_DER_OCTET_STRING, digest));
    put_attribute(der, hm_oid_message_digest, hm_buf_bytes(&value));
}

static bool is_cms(const forgery *f) { return f->structure != HM_STRUCTURE_AUTHENTICODE_PE; }

static void put_content_info(const forgery *f, hm_buf *der, hm_digest *message_digest) {
    hm_digest image = digest_of_text(HM_SHA256, f->image ? f->image : "content");
    HM_BUF honest = HM_BUF_EMPTY;
    size_t mark;
    *message_digest = image;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_der_put(der, HM_DER_OID, f->type.len ? f->type : is_cms(f) ? hm_oid_data : hm_oid_spc_indirect_data));
    if (!is_cms(f)) HM_MUST(hm_spc_put_content(&honest, &image, message_digest));
    HM_MUST(hm_put(der, f->content.len ? f->content : hm_buf_bytes(&honest)));
    HM_MUST(hm_der_close(der, mark));
}

static void put_honest_attributes(const forgery *f, const hm_digest *message_digest, hm_buf *der) {
    put_oid_attribute(der, hm_oid_content_type, is_cms(f) ? hm_oid_data : hm_oid_spc_indirect_data);
    put_digest_attribute(der, hm_digest_bytes(message_digest));
    HM_MUST(hm_der_sort(der, 0));
}

static void put_identifier(const forgery *f, const test_office *office, hm_buf *der) {
    hm_cert_parts parts;
    size_t mark;
    if (f->identifier.len) {
        HM_MUST(hm_put(der, f->identifier));
        return;
    }
    HM_MUST(hm_cert_cut(hm_buf_bytes(&office->leaf), &parts));
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_put(der, parts.issuer));
    HM_MUST(hm_put(der, parts.serial));
    HM_MUST(hm_der_close(der, mark));
}

static void sign(const forgery *f, const test_office *office, hm_bytes attributes, hm_buf *signature) {
    const hm_signer *signer = software_signer_of(office->leaf_key);
    HM_BUF message = HM_BUF_EMPTY;
    if (f->no_attributes)
        HM_MUST(hm_put_text(&message, "content"));
    else
        HM_MUST(hm_der_put(&message, HM_DER_SET, attributes));
    HM_MUST(signer->sign(signer->key, hm_key_scheme(signer->algorithm), hm_buf_bytes(&message), signature));
}

static void put_signer(const forgery *f, const test_office *office, const hm_digest *message_digest, hm_buf *der) {
    HM_BUF attributes = HM_BUF_EMPTY;
    HM_BUF signature = HM_BUF_EMPTY;
    size_t mark;
    if (f->attributes.len)
        HM_MUST(hm_put(&attributes, f->attributes));
    else
        put_honest_attributes(f, message_digest, &attributes);
    sign(f, office, hm_buf_bytes(&attributes), &signature);
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_der_put_uint(der, f->signer_version ? f->signer_version : 1));
    put_identifier(f, office, der);
    if (f->digest_algorithm.len)
        HM_MUST(hm_put(der, f->digest_algorithm));
    else
        HM_MUST(hm_put_digest_algorithm(der, HM_SHA256));
    if (!f->no_attributes) HM_MUST(hm_der_put(der, HM_DER_CONTEXT_CONSTRUCTED, hm_buf_bytes(&attributes)));
    if (f->signature_algorithm.len)
        HM_MUST(hm_put(der, f->signature_algorithm));
    else
        HM_MUST(hm_put_signer_algorithm(der, hm_key_scheme(software_signer_of(office->leaf_key)->algorithm)));
    HM_MUST(hm_der_put(der, HM_DER_OCTET_STRING, f->signature.len ? f->signature : hm_buf_bytes(&signature)));
    HM_MUST(hm_put(der, f->unsigned_attributes));
    HM_MUST(hm_put(der, f->behind_signer));
    HM_MUST(hm_der_close(der, mark));
}

static void put_certificates(const forgery *f, const test_office *office, hm_buf *der) {
    size_t mark;
    HM_MUST(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED, &mark));
    HM_MUST(hm_put(der, hm_buf_bytes(&office->leaf)));
    HM_MUST(hm_put(der, hm_buf_bytes(&office->ca)));
    HM_MUST(hm_put(der, f->certificates));
    HM_MUST(hm_der_close(der, mark));
}

static void put_signed_data(const forgery *f, const test_office *office, hm_buf *der) {
    hm_digest message_digest;
    size_t signed_data, set;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &signed_data));
    HM_MUST(hm_der_put_uint(der, f->version ? f->version : 1));
    HM_MUST(hm_der_open(der, HM_DER_SET, &set));
    if (f->listed_digests.data)
        HM_MUST(hm_put(der, f->listed_digests));
    else
        HM_MUST(hm_put_digest_algorithm(der, HM_SHA256));
    HM_MUST(hm_der_close(der, set));
    put_content_info(f, der, &message_digest);
    put_certificates(f, office, der);
    HM_MUST(hm_der_open(der, HM_DER_SET, &set));
    if (!f->no_signers) put_signer(f, office, &message_digest, der);
    if (f->twice) put_signer(f, office, &message_digest, der);
    HM_MUST(hm_der_close(der, set));
    HM_MUST(hm_der_close(der, signed_data));
}

void forge(const forgery *f, const test_office *office, hm_buf *der) {
    size_t content_info, tagged;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &content_info));
    HM_MUST(hm_der_put(der, HM_DER_OID, hm_oid_signed_data));
    HM_MUST(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED, &tagged));
    put_signed_data(f, office, der);
    HM_MUST(hm_der_close(der, tagged));
    HM_MUST(hm_der_close(der, content_info));
    HM_MUST(hm_put(der, f->behind));
}

hm_err verify_structure(const forgery *f, const test_office *office, hm_bytes der) {
    HM_SIGNED *parsed = NULL;
    hm_verdict verdict;
    hm_verify_rules rules = office_rules(office);
    HM_TRY(hm_signed_parse(is_cms(f) ? HM_STRUCTURE_CMS : HM_STRUCTURE_AUTHENTICODE_PE, der, &parsed));
    hm_digest content =
        digest_of_text(hm_signed_at(parsed, 0)->known ? hm_signed_at(parsed, 0)->digest : HM_SHA256, "content");
    return hm_signed_verify(parsed, 0, &content, &rules, &verdict);
}

test_office shared;

hm_err verify(const forgery *f) {
    HM_BUF der = HM_BUF_EMPTY;
    forge(f, &shared, &der);
    return verify_structure(f, &shared, hm_buf_bytes(&der));
}

int make_shared(void **state) {
    (void)state;
    office_make(&shared, HM_KEY_ES256);
    return 0;
}

int clear_shared(void **state) {
    (void)state;
    office_clear(&shared);
    return 0;
}

void put_attributes(hm_buf *der, hm_bytes type, hm_bytes digest) {
    put_oid_attribute(der, hm_oid_content_type, type);
    put_digest_attribute(der, digest);
    HM_MUST(hm_der_sort(der, 0));
}
