/* Revocation lists: ours as OpenSSL reads them, and every rule by which one, or what it names, is refused. Lists of
 * others are made by OpenSSL. */
#include "pki_fixture.h"

#include "crl_set.h"

enum { REVOKED_AT = TEST_NOW - 10 * DAY, INVALID_SINCE = TEST_NOW - 20 * DAY };

/* A list as OpenSSL makes it. */
typedef struct {
    int64_t this_update, next_update; /* 0: around TEST_NOW; next_update -1: none */
    const char *number;               /* NULL: none */
    hm_bytes revoked[3];              /* certificates */
    int reason;                       /* -1: none */
    int64_t invalidity;
    int extension; /* NID of one more, with CRITICAL */
    const char *value;
    int entry_extension; /* the same in one entry, critical: */
    size_t extended;
    const EVP_MD *digest;
} crl_plan;
static const crl_plan good_plan = {.number = "5", .reason = -1};

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

static void crl_make(const crl_plan *plan, hm_bytes issuer, const software_signer *key, hm_buf *der) {
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

/* An office, a signature, and a set of lists to judge it by. */
typedef struct {
    test_office office;
    hm_crls *crls;
    bool required;
    int64_t now;
} scene;
static void scene_clear(scene *s) {
    hm_crls_free(&s->crls);
    office_clear(&s->office);
}
#define SCENE __attribute__((cleanup(scene_clear))) scene

static void scene_make(scene *s) {
    *s = (scene){.now = TEST_NOW};
    office_make(&s->office, HM_KEY_ES256);
    HM_MUST(hm_crls_new(&s->crls));
}

static void judge_by(scene *s, const crl_plan *plan, bool root) {
    HM_BUF der = HM_BUF_EMPTY;
    crl_make(plan, hm_buf_bytes(root ? &s->office.root : &s->office.ca), root ? s->office.root_key : s->office.ca_key,
             &der);
    HM_MUST(hm_crls_add(s->crls, hm_buf_bytes(&der)));
}

static crl_plan revoking(hm_bytes certificate) {
    crl_plan plan = good_plan;
    plan.revoked[0] = certificate;
    return plan;
}

static hm_err verify(scene *s, hm_verdict *verdict) {
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

static void refuses(scene *s, const char *because) {
    hm_verdict verdict;
    assert_refused(verify(s, &verdict), because);
}

static size_t judged(scene *s) {
    hm_verdict verdict;
    HM_MUST(verify(s, &verdict));
    return verdict.crl_judged;
}

/* ---- by a set ---- */

static void accepts_what_no_list_names(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    assert_int_equal(judged(&s), 0);
    judge_by(&s, &good_plan, false);
    assert_int_equal(judged(&s), 1);
    judge_by(&s, &good_plan, true);
    assert_int_equal(judged(&s), 2);
    s.required = true;
    assert_int_equal(judged(&s), 2);
}

static void refuses_a_signing_certificate_that_is_revoked(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.leaf));
    judge_by(&s, &plan, false);
    refuses(&s, "is revoked since 2026-09-11");
}

static void says_the_reason_and_since_when_it_was_bad(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.leaf));
    plan.reason = HM_CRL_KEY_COMPROMISE;
    plan.invalidity = INVALID_SINCE;
    judge_by(&s, &plan, false);
    refuses(&s, "is revoked since 2026-09-01 14:13 UTC (key-compromise)");
}

static void refuses_an_invalidity_date_behind_the_revocation_as_an_excuse(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.leaf));
    plan.invalidity = TEST_NOW + DAY;
    judge_by(&s, &plan, false);
    refuses(&s, "is revoked since 2026-09-11");
}

static void refuses_a_product_ca_that_is_revoked(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.ca));
    judge_by(&s, &plan, true);
    refuses(&s, "is revoked");
}

static void refuses_a_certificate_on_hold(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.leaf));
    plan.reason = HM_CRL_CERTIFICATE_HOLD;
    judge_by(&s, &plan, false);
    refuses(&s, "is on hold");
}

static void accepts_what_was_taken_off_a_list_again(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.leaf));
    plan.reason = HM_CRL_REMOVE_FROM_CRL;
    judge_by(&s, &plan, false);
    assert_int_equal(judged(&s), 1);
}

static void refuses_by_a_list_that_is_stale(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = good_plan;
    plan.this_update = TEST_NOW - 30 * DAY;
    plan.next_update = TEST_NOW;
    judge_by(&s, &plan, false);
    refuses(&s, "is stale since");
    s.now = TEST_NOW - 1;
    assert_int_equal(judged(&s), 1);
}

static void refuses_by_a_list_of_the_future(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = good_plan;
    plan.this_update = TEST_NOW + 1;
    judge_by(&s, &plan, false);
    refuses(&s, "is not in force before");
}

static void refuses_by_a_list_that_another_key_signed(void **state) {
    SCENE s;
    HM_BUF der = HM_BUF_EMPTY;
    (void)state;
    scene_make(&s);
    crl_make(&good_plan, hm_buf_bytes(&s.office.ca), s.office.root_key, &der);
    HM_MUST(hm_crls_add(s.crls, hm_buf_bytes(&der)));
    refuses(&s, "was not signed by it");
}

static void refuses_by_a_list_that_was_changed(void **state) {
    SCENE s;
    HM_BUF der = HM_BUF_EMPTY;
    (void)state;
    scene_make(&s);
    crl_make(&good_plan, hm_buf_bytes(&s.office.ca), s.office.ca_key, &der);
    der.data[der.len - 1] ^= 1;
    HM_MUST(hm_crls_add(s.crls, hm_buf_bytes(&der)));
    refuses(&s, "was not signed by it");
}

static void refuses_by_a_list_with_a_weak_digest(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = good_plan;
    plan.digest = EVP_sha1();
    judge_by(&s, &plan, false);
    refuses(&s, "too weak");
}

static void passes_over_a_list_of_another_authority(void **state) {
    SCENE s, other;
    HM_BUF der = HM_BUF_EMPTY;
    (void)state;
    scene_make(&s);
    scene_make(&other);
    /* The same name, another key: an authority that has changed its key has two lists. */
    crl_plan plan = revoking(hm_buf_bytes(&s.office.leaf));
    crl_make(&plan, hm_buf_bytes(&other.office.ca), other.office.ca_key, &der);
    HM_MUST(hm_crls_add(s.crls, hm_buf_bytes(&der)));
    assert_int_equal(judged(&s), 0);
    s.required = true;
    refuses(&s, "there is no revocation list of");
}

static void refuses_without_a_list_where_one_is_required(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    s.required = true;
    refuses(&s, "there is no revocation list of");
    judge_by(&s, &good_plan, false);
    refuses(&s, "there is no revocation list of");
}

static void the_newer_number_counts_whatever_the_order(void **state) {
    SCENE s, t;
    (void)state;
    scene_make(&s);
    crl_plan newer = revoking(hm_buf_bytes(&s.office.leaf)), older = good_plan;
    newer.number = "0x0100";
    older.number = "0xff";
    older.this_update = TEST_NOW - 100;
    newer.this_update = TEST_NOW - 200; /* the number decides, not the date */
    judge_by(&s, &newer, false);
    judge_by(&s, &older, false);
    refuses(&s, "is revoked");
    scene_make(&t);
    newer = revoking(hm_buf_bytes(&t.office.leaf));
    newer.number = "6";
    judge_by(&t, &good_plan, false);
    judge_by(&t, &newer, false);
    refuses(&t, "is revoked");
}

static void a_list_with_a_number_is_newer_than_one_without(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan without = good_plan, with = revoking(hm_buf_bytes(&s.office.leaf));
    without.number = NULL;
    judge_by(&s, &with, false);
    judge_by(&s, &without, false);
    refuses(&s, "is revoked");
}

static void refuses_an_authority_that_may_not_sign_lists(void **state) {
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256), *leaf_key = software_signer_new(HM_KEY_ES256);
    cert_plan root = {.organization = "Acme",
                      .common_name = "root",
                      .basic_constraints = "critical,CA:TRUE",
                      .key_usage = "critical,keyCertSign"},
              leaf = {.organization = "Acme",
                      .common_name = "leaf",
                      .key_usage = "critical,digitalSignature",
                      .extended_key_usage = "critical,codeSigning"};
    HM_BUF root_der = HM_BUF_EMPTY, leaf_der = HM_BUF_EMPTY, der = HM_BUF_EMPTY, list = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    HM_CRLS *crls = NULL;
    uint8_t hash[HM_SHA256_LEN];
    hm_verdict verdict;
    (void)state;
    cert_make(&root, software_signer_key(key), HM_NO_BYTES, software_signer_key(key), &root_der);
    cert_make(&leaf, software_signer_key(leaf_key), hm_buf_bytes(&root_der), software_signer_key(key), &leaf_der);
    HM_TRUST *trust = trust_of(hm_buf_bytes(&root_der));
    hm_chain chain = {.count = 1, .cert = {hm_buf_bytes(&leaf_der)}};
    hm_digest content = digest_of_text(HM_SHA256, "content");
    HM_MUST(hm_signed_build(HM_STRUCTURE_CMS, &content, &chain, TEST_NOW, software_signer_of(leaf_key), &der, hash));
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    HM_MUST(hm_crls_new(&crls));
    hm_verify_rules rules = {.trust = trust, .now = TEST_NOW, .crls = crls};
    HM_MUST(hm_signed_verify(parsed, 0, &content, &rules, &verdict));
    crl_make(&good_plan, hm_buf_bytes(&root_der), key, &list);
    HM_MUST(hm_crls_add(crls, hm_buf_bytes(&list)));
    assert_refused(hm_signed_verify(parsed, 0, &content, &rules, &verdict), "may not sign revocation lists");
}

/* ---- what a timestamp keeps ---- */

static X509 *x509_of(hm_bytes der) {
    const unsigned char *at = der.data;
    return d2i_X509(NULL, &at, (long)der.len);
}

/* As if a good timestamp said that the signature was there AT. */
static hm_err judge_stamped(scene *s, int64_t at, hm_revocation *found) {
    HM_X509_VIEWS *path = sk_X509_new_null();
    HM_X509 *leaf = x509_of(hm_buf_bytes(&s->office.leaf)), *ca = x509_of(hm_buf_bytes(&s->office.ca)),
            *root = x509_of(hm_buf_bytes(&s->office.root));
    hm_revocation_rules rules = {.crls = s->crls, .now = s->now, .required = s->required, .stamped = true, .at = at};
    sk_X509_push(path, leaf);
    sk_X509_push(path, ca);
    sk_X509_push(path, root);
    return hm_crls_judge(&rules, path, found);
}

static void a_timestamp_before_the_invalidity_date_keeps_a_signature(void **state) {
    SCENE s;
    hm_revocation found;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.leaf));
    plan.reason = HM_CRL_KEY_COMPROMISE;
    plan.invalidity = INVALID_SINCE;
    judge_by(&s, &plan, false);
    HM_MUST(judge_stamped(&s, INVALID_SINCE - 1, &found));
    assert_true(found.revoked_since);
    assert_int_equal(found.since, INVALID_SINCE);
    assert_int_equal(found.reason, HM_CRL_KEY_COMPROMISE);
    /* At that very second somebody else may have had the key; and what counts is not the revocation's own date. */
    assert_refused(judge_stamped(&s, INVALID_SINCE, &found), "is revoked");
    assert_refused(judge_stamped(&s, REVOKED_AT - 1, &found), "is revoked");
}

static void without_an_invalidity_date_the_revocation_counts(void **state) {
    SCENE s;
    hm_revocation found;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.leaf));
    judge_by(&s, &plan, false);
    HM_MUST(judge_stamped(&s, REVOKED_AT - 1, &found));
    assert_refused(judge_stamped(&s, REVOKED_AT, &found), "is revoked");
}

static void a_timestamp_excuses_no_stale_list_and_no_missing_one(void **state) {
    SCENE s;
    hm_revocation found;
    (void)state;
    scene_make(&s);
    judge_by(&s, &good_plan, false);
    s.now = TEST_NOW + 31 * DAY;
    assert_refused(judge_stamped(&s, TEST_NOW, &found), "is stale");
    s.now = TEST_NOW;
    s.required = true;
    assert_refused(judge_stamped(&s, TEST_NOW, &found), "there is no revocation list of");
}

/* ---- reading ---- */

static void refuses_to_read(const crl_plan *plan, const char *because) {
    SCENE s;
    HM_BUF der = HM_BUF_EMPTY;
    scene_make(&s);
    crl_make(plan, hm_buf_bytes(&s.office.ca), s.office.ca_key, &der);
    assert_refused(hm_crls_add(s.crls, hm_buf_bytes(&der)), because);
    assert_int_equal(hm_crls_count(s.crls), 0);
}

static void refuses_a_delta(void **state) {
    crl_plan plan = good_plan;
    (void)state;
    plan.extension = NID_delta_crl;
    plan.value = "3";
    refuses_to_read(&plan, "delta");
}

static void refuses_an_indirect_list_and_one_of_a_part(void **state) {
    static const char *const values[] = {"indirectCRL:TRUE", "onlyuser:TRUE", "onlysomereasons:keyCompromise",
                                         "fullname:URI:http://example/part.crl"};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        crl_plan plan = good_plan;
        plan.extension = NID_issuing_distribution_point;
        plan.value = values[i];
        refuses_to_read(&plan, "is of a part, or of other issuers");
    }
}

static void refuses_a_critical_extension_that_is_not_known(void **state) {
    crl_plan plan = good_plan;
    (void)state;
    plan.extension = NID_netscape_comment;
    plan.value = "anything";
    refuses_to_read(&plan, "critical extension that is not known");
}

static void refuses_a_critical_extension_of_an_entry(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.leaf));
    plan.entry_extension = NID_certificate_issuer;
    refuses_to_read(&plan, "critical extension of an entry");
}

/* OpenSSL orders entries when it first looks for one: those that were not seen yet must not slip behind those that
 * were. */
static void refuses_a_critical_extension_of_any_entry_whatever_their_order(void **state) {
    static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    SCENE s;
    (void)state;
    scene_make(&s);
    const hm_bytes certificates[] = {hm_buf_bytes(&s.office.root), hm_buf_bytes(&s.office.ca),
                                     hm_buf_bytes(&s.office.leaf)};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        for (size_t at = 0; at < 3; at++) {
            crl_plan plan = good_plan;
            for (size_t n = 0; n < 3; n++) plan.revoked[n] = certificates[orders[i][n]];
            plan.entry_extension = NID_certificate_issuer;
            plan.extended = at;
            refuses_to_read(&plan, "critical extension of an entry");
        }
}

static void refuses_a_serial_number_twice(void **state) {
    SCENE s;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.ca));
    plan.revoked[1] = hm_buf_bytes(&s.office.leaf);
    plan.revoked[2] = hm_buf_bytes(&s.office.ca);
    refuses_to_read(&plan, "a serial number twice");
}

static void refuses_a_list_without_an_end(void **state) {
    crl_plan plan = good_plan;
    (void)state;
    plan.next_update = -1;
    refuses_to_read(&plan, "until when it counts");
}

static void refuses_every_prefix_and_what_is_behind(void **state) {
    SCENE s;
    HM_BUF der = HM_BUF_EMPTY;
    (void)state;
    scene_make(&s);
    crl_make(&good_plan, hm_buf_bytes(&s.office.ca), s.office.ca_key, &der);
    for (size_t len = 0; len < der.len; len++)
        assert_int_equal(hm_crls_add(s.crls, HM_BYTES(der.data, len)).class, HM_REFUSED);
    HM_MUST(hm_put_u8(&der, 0));
    assert_int_equal(hm_crls_add(s.crls, hm_buf_bytes(&der)).class, HM_REFUSED);
    assert_int_equal(hm_crls_count(s.crls), 0);
}

/* Whatever is changed, it is no list any more, or not signed, or none of this authority's; but never another word on
 * the certificate. */
static void no_changed_byte_frees_a_revoked_certificate(void **state) {
    SCENE s;
    HM_BUF der = HM_BUF_EMPTY;
    (void)state;
    scene_make(&s);
    crl_plan plan = revoking(hm_buf_bytes(&s.office.leaf));
    crl_make(&plan, hm_buf_bytes(&s.office.ca), s.office.ca_key, &der);
    s.required = true;
    for (size_t i = 0; i < der.len; i++) {
        hm_verdict verdict;
        hm_crls_free(&s.crls);
        HM_MUST(hm_crls_new(&s.crls));
        judge_by(&s, &good_plan, true);
        der.data[i] ^= 0x10;
        if (!hm_failed(hm_crls_add(s.crls, hm_buf_bytes(&der))))
            assert_int_equal(verify(&s, &verdict).class, HM_REFUSED);
        der.data[i] ^= 0x10;
    }
}

static void refuses_text_without_a_list(void **state) {
    SCENE s;
    HM_BUF pem = HM_BUF_EMPTY;
    (void)state;
    scene_make(&s);
    assert_refused(hm_crls_add(s.crls, HM_NO_BYTES), "no revocation list in it");
    HM_MUST(hm_pem_put(&pem, "CERTIFICATE", hm_buf_bytes(&s.office.ca)));
    assert_refused(hm_crls_add(s.crls, hm_buf_bytes(&pem)), "no revocation list in it");
    assert_refused(hm_crls_add(s.crls, hm_buf_bytes(&s.office.ca)), "not a revocation list");
}

static void reads_several_lists_of_one_text_or_none(void **state) {
    SCENE s;
    HM_BUF pem = HM_BUF_EMPTY, root = HM_BUF_EMPTY, ca = HM_BUF_EMPTY, delta = HM_BUF_EMPTY;
    (void)state;
    scene_make(&s);
    crl_make(&good_plan, hm_buf_bytes(&s.office.root), s.office.root_key, &root);
    crl_make(&good_plan, hm_buf_bytes(&s.office.ca), s.office.ca_key, &ca);
    HM_MUST(hm_put_text(&pem, "a remark\n"));
    HM_MUST(hm_pem_put(&pem, "X509 CRL", hm_buf_bytes(&root)));
    HM_MUST(hm_pem_put(&pem, "X509 CRL", hm_buf_bytes(&ca)));
    HM_MUST(hm_crls_add(s.crls, hm_buf_bytes(&pem)));
    assert_int_equal(hm_crls_count(s.crls), 2);
    assert_int_equal(judged(&s), 2);
    crl_plan plan = good_plan;
    plan.extension = NID_delta_crl;
    plan.value = "3";
    crl_make(&plan, hm_buf_bytes(&s.office.ca), s.office.ca_key, &delta);
    HM_MUST(hm_pem_put(&pem, "X509 CRL", hm_buf_bytes(&delta)));
    assert_refused(hm_crls_add(s.crls, hm_buf_bytes(&pem)), "delta");
    assert_int_equal(hm_crls_count(s.crls), 2);
}

/* ---- ours ---- */

static const uint8_t serial[] = {0x80, 1, 2, 3};

static hm_crl_request request_of(const hm_crl_entry *entry, size_t count) {
    return (hm_crl_request){.this_update = TEST_NOW - DAY,
                            .next_update = TEST_NOW + 90 * DAY,
                            .number = UINT64_C(0x80000000),
                            .count = count,
                            .entry = entry};
}

static void openssl_reads_and_verifies_ours(void **state) {
    OFFICE office;
    BENCH bench = bench_make();
    HM_BUF der = HM_BUF_EMPTY, text = HM_BUF_EMPTY, pem = HM_BUF_EMPTY;
    const hm_crl_entry entries[] = {
        {HM_ARRAY(serial), REVOKED_AT, HM_CRL_KEY_COMPROMISE, INVALID_SINCE},
        {HM_BYTES(serial + 1, 3), REVOKED_AT, HM_CRL_UNSPECIFIED, 0},
        {HM_BYTES(serial + 1, 2), REVOKED_AT, HM_CRL_SUPERSEDED, 0},
    };
    const char *printed;
    (void)state;
    office_make(&office, HM_KEY_ES256);
    hm_crl_request request = request_of(entries, 3);
    HM_MUST(hm_crl_issue(&request, hm_buf_bytes(&office.ca), software_signer_of(office.ca_key), &der));
    bench_put(&bench, "list.crl", hm_buf_bytes(&der));
    bench_put_pem(&bench, "ca.pem", hm_buf_bytes(&office.ca));
    bench_put_pem(&bench, "root.pem", hm_buf_bytes(&office.root));
    HM_MUST(hm_put(&pem, HM_NO_BYTES));
    bench_must(&bench, "cat ca.pem root.pem > both.pem; openssl crl -inform DER -in list.crl -CAfile both.pem -verify "
                       "-text -noout > text 2>&1");
    bench_get(&bench, "text", &text);
    HM_MUST(hm_buf_string(&text, &printed));
    assert_non_null(strstr(printed, "verify OK"));
    assert_non_null(strstr(printed, "Version 2 (0x1)"));
    assert_non_null(strstr(printed, "Serial Number: 80010203"));
    assert_non_null(strstr(printed, "Key Compromise"));
    assert_non_null(strstr(printed, "Invalidity Date"));
    assert_non_null(strstr(printed, "Superseded"));
    assert_null(strstr(printed, "Unspecified"));
    assert_non_null(strstr(printed, "Authority Key Identifier"));
    assert_non_null(strstr(printed, "CRL Number"));
    assert_non_null(strstr(printed, "2147483648"));
}

static void ours_are_judged_by(void **state) {
    SCENE s;
    HM_BUF der = HM_BUF_EMPTY;
    hm_cert_info leaf;
    HM_BUF number = HM_BUF_EMPTY;
    hm_crl_info info;
    (void)state;
    scene_make(&s);
    HM_MUST(hm_cert_describe(hm_buf_bytes(&s.office.leaf), &leaf));
    HM_MUST(hm_hex_decode(hm_text(leaf.serial), &number));
    const hm_crl_entry entry = {hm_buf_bytes(&number), REVOKED_AT, HM_CRL_SUPERSEDED, 0};
    hm_crl_request request = request_of(&entry, 1);
    HM_MUST(hm_crl_issue(&request, hm_buf_bytes(&s.office.ca), software_signer_of(s.office.ca_key), &der));
    HM_MUST(hm_crl_describe(hm_buf_bytes(&der), &info));
    assert_string_equal(info.number, "2147483648");
    assert_int_equal(info.count, 1);
    assert_int_equal(info.next_update, request.next_update);
    HM_MUST(hm_crls_add(s.crls, hm_buf_bytes(&der)));
    refuses(&s, "(superseded)");
}

static void refuses_to_issue_what_is_no_list(void **state) {
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    static const uint8_t long_serial[21] = {1};
    (void)state;
    office_make(&office, HM_KEY_ES256);
    const hm_signer *key = software_signer_of(office.ca_key);
    hm_crl_entry entry = {HM_ARRAY(serial), REVOKED_AT, HM_CRL_SUPERSEDED, 0};
    hm_crl_request request = request_of(&entry, 1);
    assert_refused(hm_crl_issue(&request, hm_buf_bytes(&office.root), key, &der), "not that of the issuer");
    request.next_update = request.this_update;
    assert_fault(hm_crl_issue(&request, hm_buf_bytes(&office.ca), key, &der), HM_MISUSED, "end before it begins");
    request = request_of(&entry, 1);
    entry.reason = (hm_crl_reason)7;
    assert_fault(hm_crl_issue(&request, hm_buf_bytes(&office.ca), key, &der), HM_MISUSED, "for reason 7");
    entry.reason = HM_CRL_REMOVE_FROM_CRL;
    assert_fault(hm_crl_issue(&request, hm_buf_bytes(&office.ca), key, &der), HM_MISUSED, "for reason 8");
    entry = (hm_crl_entry){HM_ARRAY(long_serial), REVOKED_AT, HM_CRL_SUPERSEDED, 0};
    assert_fault(hm_crl_issue(&request, hm_buf_bytes(&office.ca), key, &der), HM_MISUSED, "1 to 20 octets");
    entry.serial = HM_NO_BYTES;
    assert_fault(hm_crl_issue(&request, hm_buf_bytes(&office.ca), key, &der), HM_MISUSED, "1 to 20 octets");
    assert_int_equal(der.len, 0);
}

static void words_and_reasons_are_one_to_one(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 16; i++) {
        hm_crl_reason reason;
        const char *word = hm_crl_reason_word(i);
        assert_int_equal(word != NULL, i <= 10 && i != 7);
        if (!word) continue;
        assert_true(hm_crl_reason_of_word(word, &reason));
        assert_int_equal(reason, i);
    }
    hm_crl_reason ignored;
    assert_false(hm_crl_reason_of_word("keyCompromise", &ignored));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_no_list_names),
        cmocka_unit_test(refuses_a_signing_certificate_that_is_revoked),
        cmocka_unit_test(says_the_reason_and_since_when_it_was_bad),
        cmocka_unit_test(refuses_an_invalidity_date_behind_the_revocation_as_an_excuse),
        cmocka_unit_test(refuses_a_product_ca_that_is_revoked),
        cmocka_unit_test(refuses_a_certificate_on_hold),
        cmocka_unit_test(accepts_what_was_taken_off_a_list_again),
        cmocka_unit_test(refuses_by_a_list_that_is_stale),
        cmocka_unit_test(refuses_by_a_list_of_the_future),
        cmocka_unit_test(refuses_by_a_list_that_another_key_signed),
        cmocka_unit_test(refuses_by_a_list_that_was_changed),
        cmocka_unit_test(refuses_by_a_list_with_a_weak_digest),
        cmocka_unit_test(passes_over_a_list_of_another_authority),
        cmocka_unit_test(refuses_without_a_list_where_one_is_required),
        cmocka_unit_test(the_newer_number_counts_whatever_the_order),
        cmocka_unit_test(a_list_with_a_number_is_newer_than_one_without),
        cmocka_unit_test(refuses_an_authority_that_may_not_sign_lists),
        cmocka_unit_test(a_timestamp_before_the_invalidity_date_keeps_a_signature),
        cmocka_unit_test(without_an_invalidity_date_the_revocation_counts),
        cmocka_unit_test(a_timestamp_excuses_no_stale_list_and_no_missing_one),
        cmocka_unit_test(refuses_a_delta),
        cmocka_unit_test(refuses_an_indirect_list_and_one_of_a_part),
        cmocka_unit_test(refuses_a_critical_extension_that_is_not_known),
        cmocka_unit_test(refuses_a_critical_extension_of_an_entry),
        cmocka_unit_test(refuses_a_critical_extension_of_any_entry_whatever_their_order),
        cmocka_unit_test(refuses_a_serial_number_twice),
        cmocka_unit_test(refuses_a_list_without_an_end),
        cmocka_unit_test(refuses_every_prefix_and_what_is_behind),
        cmocka_unit_test(no_changed_byte_frees_a_revoked_certificate),
        cmocka_unit_test(refuses_text_without_a_list),
        cmocka_unit_test(reads_several_lists_of_one_text_or_none),
        cmocka_unit_test(openssl_reads_and_verifies_ours),
        cmocka_unit_test(ours_are_judged_by),
        cmocka_unit_test(refuses_to_issue_what_is_no_list),
        cmocka_unit_test(words_and_reasons_are_one_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
