#include "crl_fixture.h"

const crl_plan good_plan = {.number = "5", .reason = -1};

static void set_time(X509_CRL *crl, int64_t at, int (*set)(X509_CRL *, const ASN1_TIME *)) {
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)at);
    assert_int_equal(set(crl, time), 1);
    ASN1_TIME_free(time);
}

static void add_extension(X509_CRL *crl, int nid, const char *value, bool critical, X509 *issuer) {
    X509V3_CTX context;
    char text[200];
    if (nid == NID_crl_number || nid == NID_delta_crl) { /* OpenSSL has no words for them */
        ASN1_INTEGER *number = s2i_ASN1_INTEGER(NULL, value);
        assert_int_equal(X509_CRL_add1_ext_i2d(crl, nid, number, critical, 0), 1);
        ASN1_INTEGER_free(number);
        return;
    }
    X509V3_set_ctx(&context, issuer, NULL, NULL, crl, 0);
    snprintf(text, sizeof text, "%s%s", critical ? "critical," : "", value);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, text);
    assert_non_null(extension);
    assert_int_equal(X509_CRL_add_ext(crl, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_revoked(X509_CRL *crl, const crl_plan *plan, hm_bytes certificate, bool extended) {
    const unsigned char *at = certificate.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)certificate.len);
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, REVOKED_AT);
    assert_int_equal(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(x509)), 1);
    assert_int_equal(X509_REVOKED_set_revocationDate(entry, time), 1);
    if (plan->reason >= 0) {
        ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
        assert_int_equal(ASN1_ENUMERATED_set(reason, plan->reason), 1);
        assert_int_equal(X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0), 1);
        ASN1_ENUMERATED_free(reason);
    }
    if (plan->invalidity) {
        ASN1_GENERALIZEDTIME *since = ASN1_GENERALIZEDTIME_set(NULL, (time_t)plan->invalidity);
        assert_int_equal(X509_REVOKED_add1_ext_i2d(entry, NID_invalidity_date, since, 0, 0), 1);
        ASN1_GENERALIZEDTIME_free(since);
    }
    if (extended && plan->entry_extension) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, plan->entry_extension, "critical,DER:3000");
        assert_non_null(extension);
        assert_int_equal(X509_REVOKED_add_ext(entry, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
    assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
    ASN1_TIME_free(time);
    X509_free(x509);
}

static void put_crl(X509_CRL *crl, hm_buf *der) {
    unsigned char *octets = NULL;
    int len = i2d_X509_CRL(crl, &octets);
    assert_true(len > 0);
    HM_MUST(hm_put(der, HM_BYTES(octets, (size_t)len)));
    OPENSSL_free(octets);
}

void crl_make(const crl_plan *plan, hm_bytes issuer, const software_signer *key, hm_buf *der) {
    const unsigned char *at = issuer.data;
    X509 *x509 = d2i_X509(NULL, &at, (long)issuer.len);
    X509_CRL *crl = X509_CRL_new();
    assert_int_equal(X509_CRL_set_version(crl, 1), 1);
    assert_int_equal(X509_CRL_set_issuer_name(crl, X509_get_subject_name(x509)), 1);
    set_time(crl, plan->this_update ? plan->this_update : TEST_NOW - DAY, X509_CRL_set1_lastUpdate);
    if (plan->next_update >= 0)
        set_time(crl, plan->next_update ? plan->next_update : TEST_NOW + 30 * DAY, X509_CRL_set1_nextUpdate);
    for (size_t i = 0; i < 3; i++)
        if (plan->revoked[i].len) add_revoked(crl, plan, plan->revoked[i], i == plan->extended);
    add_extension(crl, NID_authority_key_identifier, "keyid", false, x509);
    if (plan->number) add_extension(crl, NID_crl_number, plan->number, false, x509);
    if (plan->extension) add_extension(crl, plan->extension, plan->value, true, x509);
    assert_true(X509_CRL_sign(crl, software_signer_key(key), plan->digest ? plan->digest : EVP_sha256()) > 0);
    put_crl(crl, der);
    X509_CRL_free(crl);
    X509_free(x509);
}

void scene_clear(scene *s) {
    hm_crls_free(&s->crls);
    office_clear(&s->office);
}
void scene_make(scene *s) {
    *s = (scene){.now = TEST_NOW};
    office_make(&s->office, HM_KEY_ES256);
    HM_MUST(hm_crls_new(&s->crls));
}

void judge_by(scene *s, const crl_plan *plan, bool root) {
    HM_BUF der = HM_BUF_EMPTY;
    crl_make(plan, hm_buf_bytes(root ? &s->office.root : &s->office.ca), root ? s->office.root_key : s->office.ca_key,
             &der);
    HM_MUST(hm_crls_add(s->crls, hm_buf_bytes(&der)));
}

crl_plan revoking(hm_bytes certificate) {
    crl_plan plan = good_plan;
    plan.revoked[0] = certificate;
    return plan;
}

hm_err scene_verify(scene *s, hm_verdict *verdict) {
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    uint8_t hash[HM_SHA256_LEN];
    hm_digest content = digest_of_text(HM_SHA256, "content");
    hm_verify_rules rules = office_rules(&s->office);
    rules.now = s->now;
    rules.crls = s->crls;
    rules.crl_required = s->required;
    HM_TRY(hm_signed_build(HM_STRUCTURE_CMS, &content, &s->office.chain, TEST_NOW,
                           software_signer_of(s->office.leaf_key), &der, hash));
    HM_TRY(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    return hm_signed_verify(parsed, 0, &content, &rules, verdict);
}

void scene_revoked(scene *s, int reason, int64_t invalidity) {
    scene_make(s);
    crl_plan plan = revoking(hm_buf_bytes(&s->office.leaf));
    plan.reason = reason;
    plan.invalidity = invalidity;
    judge_by(s, &plan, false);
}

void refuses(scene *s, const char *because) {
    hm_verdict verdict;
    assert_refused(scene_verify(s, &verdict), because);
}

size_t judged(scene *s) {
    hm_verdict verdict;
    HM_MUST(scene_verify(s, &verdict));
    return verdict.crl_judged;
}
