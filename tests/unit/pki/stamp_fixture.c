#include "stamp_fixture.h"

#include <openssl/sha.h>

const cert_plan tsa_plan = {.organization = "Stamps",
                            .common_name = "tsa",
                            .key_usage = "critical,digitalSignature",
                            .extended_key_usage = "critical,timeStamping",
                            .not_before = TEST_NOW - 3000 * (int64_t)DAY,
                            .not_after = TEST_NOW + 3000 * (int64_t)DAY};
static const cert_plan root_plan = {.organization = "Stamps",
                                    .common_name = "tsa root",
                                    .basic_constraints = "critical,CA:TRUE",
                                    .key_usage = "critical,keyCertSign,cRLSign",
                                    .not_before = TEST_NOW - 4000 * (int64_t)DAY,
                                    .not_after = TEST_NOW + 7000 * (int64_t)DAY};

void tsa_make(const cert_plan *plan, test_tsa *made) {
    *made = (test_tsa){.root_key = software_signer_new(HM_KEY_ES256), .key = software_signer_new(HM_KEY_ES256)};
    EVP_PKEY *root = software_signer_key(made->root_key);
    cert_make(&root_plan, root, HM_NO_BYTES, root, &made->root);
    cert_make(plan ? plan : &tsa_plan, software_signer_key(made->key), hm_buf_bytes(&made->root), root,
              &made->certificate);
    made->trust = trust_of(hm_buf_bytes(&made->root));
}

void tsa_clear(test_tsa *made) {
    software_signer_free(&made->root_key);
    software_signer_free(&made->key);
    hm_buf_clear(&made->root);
    hm_buf_clear(&made->certificate);
    hm_trust_free(&made->trust);
}

static void put_or(hm_buf *der, hm_bytes given, hm_err (*honest)(hm_buf *der)) {
    HM_MUST(given.len ? hm_put(der, given) : honest(der));
}

static hm_err put_policy(hm_buf *der) { return hm_der_put_oid(der, "1.3.6.1.4.1.99999.1"); }
static hm_err put_sha256_id(hm_buf *der) { return hm_put_digest_algorithm(der, HM_SHA256); }
static hm_err put_serial(hm_buf *der) { return hm_der_put_uint(der, 0xabcdef); }
static hm_err put_second(hm_buf *der) {
    static const uint8_t second[] = {0x30, 3, 2, 1, 1};
    return hm_put(der, HM_ARRAY(second));
}

static void put_imprint(const token_plan *plan, hm_bytes signature, hm_buf *der) {
    uint8_t digest[HM_SHA256_LEN];
    size_t mark;
    hm_sha256(signature, digest);
    if (plan->request) memcpy(digest, plan->request->signature_hash, sizeof digest);
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    put_or(der, plan->algorithm, put_sha256_id);
    HM_MUST(plan->imprint.len ? hm_put(der, plan->imprint) : hm_der_put(der, HM_DER_OCTET_STRING, HM_ARRAY(digest)));
    HM_MUST(hm_der_close(der, mark));
}

static void put_tst_info(const token_plan *plan, hm_bytes signature, hm_buf *der) {
    size_t mark;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_der_put_uint(der, plan->version ? plan->version : 1));
    put_or(der, plan->policy, put_policy);
    put_imprint(plan, signature, der);
    put_or(der, plan->serial, put_serial);
    HM_MUST(hm_der_put(der, HM_DER_GENERALIZED_TIME, hm_text(plan->time ? plan->time : "20260921141320Z")));
    put_or(der, plan->optional, put_second);
    if (plan->request) HM_MUST(hm_der_put(der, HM_DER_INTEGER, HM_ARRAY(plan->request->nonce)));
    HM_MUST(hm_der_close(der, mark));
    if (plan->behind) HM_MUST(hm_put_u8(der, plan->behind));
}

/* SigningCertificate { { ESSCertID { SHA-1 } } } (RFC 2634 section 5.4) */
static void put_binding_v1(hm_bytes certificate, hm_buf *der) {
    uint8_t sha1[20];
    HM_BUF value = HM_BUF_EMPTY;
    size_t outer, ids, id;
    SHA1(certificate.data, certificate.len, sha1);
    HM_MUST(hm_der_open(&value, HM_DER_SEQUENCE, &outer));
    HM_MUST(hm_der_open(&value, HM_DER_SEQUENCE, &ids));
    HM_MUST(hm_der_open(&value, HM_DER_SEQUENCE, &id));
    HM_MUST(hm_der_put(&value, HM_DER_OCTET_STRING, HM_ARRAY(sha1)));
    HM_MUST(hm_der_close(&value, id));
    HM_MUST(hm_der_close(&value, ids));
    HM_MUST(hm_der_close(&value, outer));
    put_attribute(der, hm_oid_signing_certificate, hm_buf_bytes(&value));
}

static void put_signed_attributes(const token_plan *plan, const test_tsa *tsa, hm_bytes tst_info, hm_buf *der) {
    hm_bytes certificate = plan->bound.len ? plan->bound : hm_buf_bytes(&tsa->certificate);
    hm_digest digest;
    hm_cert_parts parts;
    hm_digest_of(HM_SHA256, plan->other_digest ? hm_text("other") : tst_info, &digest);
    put_oid_attribute(der, hm_oid_content_type, plan->type.len ? plan->type : hm_oid_tst_info);
    put_digest_attribute(der, hm_digest_bytes(&digest));
    HM_MUST(hm_cert_cut(certificate, &parts));
    if (plan->by == BY_V2 || plan->by == BY_BOTH)
        HM_MUST(hm_attribute_put_signing_certificate(der, certificate, &parts));
    if (plan->by == BY_V1 || plan->by == BY_BOTH) put_binding_v1(certificate, der);
    HM_MUST(hm_der_sort(der, 0));
}

static void put_token_signer(const token_plan *plan, const test_tsa *tsa, hm_bytes tst_info, hm_buf *der) {
    const hm_signer *signer = software_signer_of(plan->another_key ? tsa->root_key : tsa->key);
    HM_BUF attributes = HM_BUF_EMPTY, message = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    hm_cert_parts parts;
    size_t mark, name;
    put_signed_attributes(plan, tsa, tst_info, &attributes);
    HM_MUST(hm_der_put(&message, HM_DER_SET, hm_buf_bytes(&attributes)));
    HM_MUST(signer->sign(signer->key, hm_key_scheme(signer->algorithm), hm_buf_bytes(&message), &signature));
    HM_MUST(hm_cert_cut(hm_buf_bytes(&tsa->certificate), &parts));
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_der_put_uint(der, 1));
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &name));
    HM_MUST(hm_put(der, parts.issuer));
    HM_MUST(hm_put(der, parts.serial));
    HM_MUST(hm_der_close(der, name));
    HM_MUST(hm_put_digest_algorithm(der, HM_SHA256));
    HM_MUST(hm_der_put(der, HM_DER_CONTEXT_CONSTRUCTED, hm_buf_bytes(&attributes)));
    HM_MUST(hm_put_signer_algorithm(der, hm_key_scheme(signer->algorithm)));
    HM_MUST(hm_der_put(der, HM_DER_OCTET_STRING, hm_buf_bytes(&signature)));
    HM_MUST(hm_der_close(der, mark));
}

static void put_encapsulated(const token_plan *plan, hm_bytes tst_info, hm_buf *der) {
    size_t sequence, tagged;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &sequence));
    HM_MUST(hm_der_put(der, HM_DER_OID, plan->type.len ? plan->type : hm_oid_tst_info));
    if (plan->content.data) {
        HM_MUST(hm_put(der, plan->content));
    } else {
        HM_MUST(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED, &tagged));
        HM_MUST(hm_der_put(der, HM_DER_OCTET_STRING, tst_info));
        HM_MUST(hm_der_close(der, tagged));
    }
    HM_MUST(hm_der_close(der, sequence));
}

static void put_certificates(const token_plan *plan, const test_tsa *tsa, hm_buf *der) {
    size_t set;
    HM_MUST(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED, &set));
    HM_MUST(hm_put(der, hm_buf_bytes(&tsa->certificate)));
    HM_MUST(hm_put(der, plan->certifier));
    HM_MUST(hm_der_close(der, set));
}

static void put_token_data(const token_plan *plan, const test_tsa *tsa, hm_bytes tst_info, hm_buf *der) {
    size_t signed_data, set;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &signed_data));
    HM_MUST(hm_der_put_uint(der, plan->signed_version ? plan->signed_version : 3));
    HM_MUST(hm_der_open(der, HM_DER_SET, &set));
    HM_MUST(hm_put_digest_algorithm(der, HM_SHA256));
    HM_MUST(hm_der_close(der, set));
    put_encapsulated(plan, tst_info, der);
    if (!plan->no_certificate) put_certificates(plan, tsa, der);
    HM_MUST(hm_der_open(der, HM_DER_SET, &set));
    put_token_signer(plan, tsa, tst_info, der);
    if (plan->twice) put_token_signer(plan, tsa, tst_info, der);
    HM_MUST(hm_der_close(der, set));
    HM_MUST(hm_der_close(der, signed_data));
}

void token_make(const token_plan *plan, const test_tsa *tsa, hm_bytes signature, hm_buf *der) {
    HM_BUF tst_info = HM_BUF_EMPTY;
    size_t content_info, tagged;
    put_tst_info(plan, signature, &tst_info);
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &content_info));
    HM_MUST(hm_der_put(der, HM_DER_OID, hm_oid_signed_data));
    HM_MUST(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED, &tagged));
    put_token_data(plan, tsa, hm_buf_bytes(&tst_info), der);
    HM_MUST(hm_der_close(der, tagged));
    HM_MUST(hm_der_close(der, content_info));
}

void response_make(uint8_t status, hm_bytes token, hm_buf *der) {
    size_t response, info;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &response));
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &info));
    HM_MUST(hm_der_put_uint(der, status));
    HM_MUST(hm_der_close(der, info));
    HM_MUST(hm_put(der, token));
    HM_MUST(hm_der_close(der, response));
}
