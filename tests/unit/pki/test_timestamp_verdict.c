/* What a timestamp does to the verdict on a signature, and how it gets into one. */
#include "stamp_fixture.h"

#include "signed_parsed.h"

static test_tsa tsa;
static software_signer *root_key, *leaf_key;
static hm_buf root_der, leaf_der; /* the leaf is valid from 300 to 100 days before TEST_NOW */
static hm_trust *trust;
static hm_buf cms_der;
static uint8_t cms_hash[HM_SHA256_LEN];

static const cert_plan root_plan = {.organization = "Acme",
                                    .common_name = "root",
                                    .basic_constraints = "critical,CA:TRUE",
                                    .key_usage = "critical,keyCertSign,cRLSign",
                                    .not_before = TEST_NOW - 4000 * (int64_t)DAY,
                                    .not_after = TEST_NOW + 4000 * (int64_t)DAY};
static const cert_plan leaf_plan = {.organization = "Acme",
                                    .common_name = "leaf",
                                    .key_usage = "critical,digitalSignature",
                                    .extended_key_usage = "critical,codeSigning",
                                    .not_before = TEST_NOW - 300 * (int64_t)DAY,
                                    .not_after = TEST_NOW - 100 * (int64_t)DAY};

static int make_all(void **state) {
    const hm_digest content = digest_of_text(HM_SHA256, "content");
    root_key = software_signer_new(HM_KEY_ES256);
    leaf_key = software_signer_new(HM_KEY_ES256);
    EVP_PKEY *key = software_signer_key(root_key);
    cert_make(&root_plan, key, HM_NO_BYTES, key, &root_der);
    cert_make(&leaf_plan, software_signer_key(leaf_key), hm_buf_bytes(&root_der), key, &leaf_der);
    trust = trust_of(hm_buf_bytes(&root_der));
    const hm_chain chain = {1, {hm_buf_bytes(&leaf_der)}};
    HM_MUST(hm_signed_build(HM_STRUCTURE_CMS, &content, &chain, TEST_NOW - 200 * (int64_t)DAY,
                            software_signer_of(leaf_key), &cms_der, cms_hash));
    tsa_make(NULL, &tsa);
    return make_shared(state);
}

static int clear_all(void **state) {
    tsa_clear(&tsa);
    software_signer_free(&root_key);
    software_signer_free(&leaf_key);
    hm_buf_clear(&root_der);
    hm_buf_clear(&leaf_der);
    hm_buf_clear(&cms_der);
    hm_trust_free(&trust);
    return clear_shared(state);
}

static hm_bytes signature_of(hm_structure structure, hm_bytes der, size_t index, hm_buf *copy) {
    HM_SIGNED *parsed = NULL;
    HM_MUST(hm_signed_parse(structure, der, &parsed));
    HM_MUST(hm_put(copy, parsed->signer[index].signature));
    return hm_buf_bytes(copy);
}

static int64_t days_ago(int days) { return TEST_NOW - days * (int64_t)DAY; }

static void put_token_of(const test_tsa *by, int64_t at, hm_bytes signature, hm_buf *token) {
    char text[20];
    time_t seconds = (time_t)at;
    struct tm tm;
    assert_int_equal(strftime(text, sizeof text, "%Y%m%d%H%M%SZ", gmtime_r(&seconds, &tm)), 15);
    token_make(&(token_plan){.time = text}, by, signature, token);
}

/* OUTER with a token of signer INDEX. */
static void stamp(hm_structure structure, hm_bytes outer, size_t index, const test_tsa *by, int64_t at, hm_buf *der) {
    HM_BUF signature = HM_BUF_EMPTY, token = HM_BUF_EMPTY;
    put_token_of(by, at, signature_of(structure, outer, index, &signature), &token);
    HM_MUST(hm_timestamp_embed(structure, outer, index, hm_buf_bytes(&token), der));
}

static hm_verify_rules rules_at(int64_t now) { return (hm_verify_rules){.trust = trust, .now = now, .tsa = tsa.trust}; }

static hm_err verify_by(hm_bytes der, const hm_verify_rules *rules, hm_verdict *verdict) {
    HM_SIGNED *parsed = NULL;
    const hm_digest content = digest_of_text(HM_SHA256, "content");
    HM_TRY(hm_signed_parse(HM_STRUCTURE_CMS, der, &parsed));
    return hm_signed_verify(parsed, 0, &content, rules, verdict);
}

static hm_err verify_stamped(int64_t at, int64_t now, hm_verdict *verdict) {
    HM_BUF der = HM_BUF_EMPTY;
    const hm_verify_rules rules = rules_at(now);
    stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&cms_der), 0, &tsa, at, &der);
    return verify_by(hm_buf_bytes(&der), &rules, verdict);
}

static void a_signature_that_was_stamped_in_time_outlives_its_certificate(void **state) {
    (void)state;
    hm_verdict verdict;
    for (int i = 0; i < 2; i++) { /* the second time by what is remembered */
        HM_MUST(verify_stamped(days_ago(200), TEST_NOW, &verdict));
        assert_true(verdict.stamped);
        assert_int_equal(verdict.at, days_ago(200));
        assert_int_equal(verdict.stamp.standing, HM_STAMP_GOOD);
        assert_string_equal(verdict.stamp.authority.common_name, "tsa");
        assert_string_equal(verdict.chain[0].common_name, "leaf");
    }
}

static void the_signing_time_that_is_claimed_rescues_nothing(void **state) {
    (void)state;
    hm_verdict verdict;
    const hm_verify_rules now = rules_at(TEST_NOW), then = rules_at(days_ago(200));
    assert_refused(verify_by(hm_buf_bytes(&cms_der), &now, &verdict), "\"leaf\" expired");
    HM_MUST(verify_by(hm_buf_bytes(&cms_der), &then, &verdict));
    assert_false(verdict.stamped);
    assert_int_equal(verdict.at, days_ago(200));
    assert_int_equal(verdict.stamp.standing, HM_STAMP_NONE);
}

static void refuses_a_stamp_from_after_the_certificate(void **state) {
    (void)state;
    hm_verdict verdict;
    assert_refused(verify_stamped(days_ago(99), TEST_NOW, &verdict), "\"leaf\" expired");
    assert_non_null(strstr(hm_err_sentence(), "(timestamped 2026-"));
    assert_refused(verify_stamped(days_ago(301), TEST_NOW, &verdict), "not valid before");
}

static void a_stamp_in_the_future_does_not_count(void **state) {
    (void)state;
    hm_verdict verdict;
    HM_MUST(verify_stamped(days_ago(150), days_ago(200), &verdict));
    assert_false(verdict.stamped);
    assert_int_equal(verdict.stamp.standing, HM_STAMP_WRONG);
}

static void an_authority_that_nobody_named_does_not_count(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    hm_verdict verdict;
    hm_verify_rules rules = rules_at(TEST_NOW);
    stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&cms_der), 0, &tsa, days_ago(200), &der);
    rules.tsa = NULL;
    assert_refused(verify_by(hm_buf_bytes(&der), &rules, &verdict), "its timestamp does not count");
    rules.tsa = trust;
    assert_refused(verify_by(hm_buf_bytes(&der), &rules, &verdict), "does not lead to a trusted root");
}

static void a_certificate_for_signing_stamps_nothing(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    TSA other;
    cert_plan plan = tsa_plan;
    hm_verdict verdict;
    hm_verify_rules rules = rules_at(TEST_NOW);
    plan.extended_key_usage = "critical,codeSigning";
    tsa_make(&plan, &other);
    rules.tsa = other.trust;
    stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&cms_der), 0, &other, days_ago(200), &der);
    assert_refused(verify_by(hm_buf_bytes(&der), &rules, &verdict), "not for time stamping");
}

/* Whoever holds a file can take its timestamp away. */
static void nothing_is_better_for_want_of_a_timestamp(void **state) {
    (void)state;
    static const int days[] = {350, 301, 299, 200, 101, 99, 50, 1};
    hm_verdict verdict;
    size_t rescued = 0;
    for (size_t now = 0; now < sizeof days / sizeof days[0]; now++)
        for (size_t at = 0; at < sizeof days / sizeof days[0]; at++) {
            const hm_verify_rules rules = rules_at(days_ago(days[now]));
            bool without = !hm_failed(verify_by(hm_buf_bytes(&cms_der), &rules, &verdict));
            bool with = !hm_failed(verify_stamped(days_ago(days[at]), days_ago(days[now]), &verdict));
            assert_true(with || !without);
            rescued += with && !without;
        }
    assert_int_equal(rescued, 3 * 3); /* stamped while it was valid, looked at afterwards */
}

static void of_several_stamps_the_earliest_good_one_counts(void **state) {
    (void)state;
    HM_BUF one = HM_BUF_EMPTY, two = HM_BUF_EMPTY, three = HM_BUF_EMPTY;
    TSA stranger;
    hm_verdict verdict;
    const hm_verify_rules rules = rules_at(TEST_NOW);
    tsa_make(NULL, &stranger);
    stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&cms_der), 0, &stranger, days_ago(250), &one);
    stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&one), 0, &tsa, days_ago(50), &two);
    assert_refused(verify_by(hm_buf_bytes(&two), &rules, &verdict), "expired");
    stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&two), 0, &tsa, days_ago(180), &three);
    HM_MUST(verify_by(hm_buf_bytes(&three), &rules, &verdict));
    assert_int_equal(verdict.at, days_ago(180));
}

static void only_so_many_stamps_are_looked_at(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    hm_verdict verdict;
    const hm_verify_rules rules = rules_at(TEST_NOW);
    HM_MUST(hm_put(&der, hm_buf_bytes(&cms_der)));
    for (int i = 0; i < 9; i++) {
        HM_BUF more = HM_BUF_EMPTY;
        stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&der), 0, &tsa, days_ago(i < 8 ? 50 : 200), &more);
        der.len = 0;
        HM_MUST(hm_put(&der, hm_buf_bytes(&more)));
    }
    assert_refused(verify_by(hm_buf_bytes(&der), &rules, &verdict), "expired");
}

/* ---- revoked authorities ---- */

static void issue(const software_signer *key, hm_cert_profile profile, const test_tsa *made, hm_buf *der) {
    const hm_cert_request request = {
        .profile = profile,
        .subject = {"Stamps", NULL, profile == HM_CERT_ROOT ? "Stamps root" : "Stamps TSA"},
        .spki = software_signer_of(key)->spki,
        .not_before = days_ago(3000),
        .not_after = days_ago(-3000),
        .office = {1},
        .development = true};
    HM_MUST(hm_cert_issue(&request, hm_buf_bytes(&made->root), software_signer_of(made->root_key), der));
}

/* As an office certifies its own, so that its lists fit. */
static void office_tsa_make(test_tsa *made) {
    *made = (test_tsa){.root_key = software_signer_new(HM_KEY_ES256), .key = software_signer_new(HM_KEY_ES256)};
    HM_BUF root = HM_BUF_EMPTY;
    issue(made->root_key, HM_CERT_ROOT, made, &root);
    HM_MUST(hm_put(&made->root, hm_buf_bytes(&root)));
    issue(made->key, HM_CERT_TSA, made, &made->certificate);
    made->trust = trust_of(hm_buf_bytes(&made->root));
}

static void revoke(hm_bytes certificate, int64_t revoked, hm_crl_reason reason, hm_bytes issuer,
                   const software_signer *key, hm_buf *list) {
    hm_cert_parts parts;
    hm_tlv serial;
    HM_MUST(hm_cert_cut(certificate, &parts));
    HM_MUST(hm_tlv_only(parts.serial, HM_DER_INTEGER, "serial", &serial));
    const hm_crl_entry entry = {.serial = serial.content, .revoked = revoked, .reason = reason};
    const hm_crl_request request = {
        .this_update = TEST_NOW - DAY, .next_update = TEST_NOW + DAY, .number = 1, .count = 1, .entry = &entry};
    HM_MUST(hm_crl_issue(&request, issuer, software_signer_of(key), list));
}

static hm_err verify_revoked(hm_crl_reason reason, int64_t revoked) {
    HM_BUF list = HM_BUF_EMPTY, der = HM_BUF_EMPTY;
    TSA own;
    HM_CRLS *crls = NULL;
    hm_verdict verdict;
    hm_verify_rules rules = rules_at(TEST_NOW);
    office_tsa_make(&own);
    revoke(hm_buf_bytes(&own.certificate), revoked, reason, hm_buf_bytes(&own.root), own.root_key, &list);
    HM_MUST(hm_crls_new(&crls));
    HM_MUST(hm_crls_add(crls, hm_buf_bytes(&list)));
    rules.crls = crls;
    rules.tsa = own.trust;
    stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&cms_der), 0, &own, days_ago(200), &der);
    return verify_by(hm_buf_bytes(&der), &rules, &verdict);
}

static void an_authority_whose_key_was_stolen_proves_nothing_any_more(void **state) {
    (void)state;
    assert_refused(verify_revoked(HM_CRL_KEY_COMPROMISE, days_ago(10)), "key-compromise");
    assert_refused(verify_revoked(HM_CRL_CA_COMPROMISE, days_ago(10)), "does not count");
    assert_refused(verify_revoked(HM_CRL_PRIVILEGE_WITHDRAWN, days_ago(10)), "does not count");
    HM_MUST(verify_revoked(HM_CRL_SUPERSEDED, days_ago(10)));
    HM_MUST(verify_revoked(HM_CRL_CESSATION_OF_OPERATION, days_ago(10)));
    assert_refused(verify_revoked(HM_CRL_SUPERSEDED, days_ago(210)), "does not count");
}

/* A token of days_ago(1) that may be off by a second and a half, or by nothing, of a signature whose certificate is
 * revoked. */
static hm_err verify_with_accuracy(bool stated, int64_t revoked) {
    static const uint8_t one_and_a_half[] = {0x30, 0x07, 0x02, 0x01, 0x01, 0x80, 0x02, 0x01, 0xf4}, exact[] = {0x30, 0};
    HM_BUF plain = HM_BUF_EMPTY, signature = HM_BUF_EMPTY, token = HM_BUF_EMPTY, der = HM_BUF_EMPTY,
           list = HM_BUF_EMPTY;
    HM_CRLS *crls = NULL;
    hm_verdict verdict;
    hm_verify_rules rules = office_rules(&shared);
    revoke(hm_buf_bytes(&shared.leaf), revoked, HM_CRL_KEY_COMPROMISE, hm_buf_bytes(&shared.ca), shared.ca_key, &list);
    HM_MUST(hm_crls_new(&crls));
    HM_MUST(hm_crls_add(crls, hm_buf_bytes(&list)));
    rules.crls = crls;
    rules.tsa = tsa.trust;
    forge(&cms, &shared, &plain);
    const token_plan plan = {.time = "20260920141320.9Z",
                             .optional = stated ? HM_ARRAY(one_and_a_half) : HM_ARRAY(exact)};
    token_make(&plan, &tsa, signature_of(HM_STRUCTURE_CMS, hm_buf_bytes(&plain), 0, &signature), &token);
    HM_MUST(hm_timestamp_embed(HM_STRUCTURE_CMS, hm_buf_bytes(&plain), 0, hm_buf_bytes(&token), &der));
    HM_TRY(verify_by(hm_buf_bytes(&der), &rules, &verdict));
    assert_true(verdict.stamped);
    assert_true(verdict.revoked_since);
    assert_int_equal(verdict.at, days_ago(1));
    return HM_OK;
}

static void what_a_stamp_may_be_off_by_excuses_no_revocation(void **state) {
    (void)state;
    HM_MUST(verify_with_accuracy(false, days_ago(1) + 1));
    assert_refused(verify_with_accuracy(false, days_ago(1)), "is revoked");
    HM_MUST(verify_with_accuracy(true, days_ago(1) + 3));
    assert_refused(verify_with_accuracy(true, days_ago(1) + 2), "is not certain to be after the time of the timestamp");
    assert_refused(verify_with_accuracy(true, days_ago(1) + 1), "is revoked");
}

/* ---- authorities of a product ---- */

/* A product's CA, by the root of what is signed, and an authority by it. */
static void make_products_authority(const char *unit, const char *purpose, hm_buf *ca, test_tsa *own) {
    SOFTWARE_SIGNER *ca_key = software_signer_new(HM_KEY_ES256);
    const cert_plan plan = {.organization = "Acme",
                            .unit = unit,
                            .common_name = "Pump CA",
                            .basic_constraints = "critical,CA:TRUE,pathlen:0",
                            .key_usage = "critical,keyCertSign,cRLSign",
                            .extended_key_usage = purpose,
                            .not_before = root_plan.not_before,
                            .not_after = root_plan.not_after};
    cert_plan stamping = tsa_plan;
    stamping.not_before = root_plan.not_before;
    stamping.not_after = root_plan.not_after;
    own->root_key = software_signer_new(HM_KEY_ES256);
    own->key = software_signer_new(HM_KEY_ES256);
    cert_make(&plan, software_signer_key(ca_key), hm_buf_bytes(&root_der), software_signer_key(root_key), ca);
    cert_make(&stamping, software_signer_key(own->key), hm_buf_bytes(ca), software_signer_key(ca_key),
              &own->certificate);
}

static hm_err verify_by_products_authority(const char *unit, const char *purpose, bool named, hm_verdict *verdict) {
    HM_BUF ca = HM_BUF_EMPTY, signature = HM_BUF_EMPTY, token = HM_BUF_EMPTY, der = HM_BUF_EMPTY;
    TSA own = {.root_key = NULL};
    make_products_authority(unit, purpose, &ca, &own);
    HM_TRUST *authorities = trust_of(hm_buf_bytes(&root_der));
    hm_verify_rules rules = rules_at(TEST_NOW);
    rules.tsa = named ? authorities : trust;
    const token_plan token_of = {.time = "20260305141320Z", .certifier = hm_buf_bytes(&ca)};
    token_make(&token_of, &own, signature_of(HM_STRUCTURE_CMS, hm_buf_bytes(&cms_der), 0, &signature), &token);
    HM_MUST(hm_timestamp_embed(HM_STRUCTURE_CMS, hm_buf_bytes(&cms_der), 0, hm_buf_bytes(&token), &der));
    return verify_by(hm_buf_bytes(&der), &rules, verdict);
}

static void a_products_ca_certifies_no_authority_for_all_products(void **state) {
    (void)state;
    hm_verdict verdict;
    assert_refused(verify_by_products_authority("pump", "", false, &verdict),
                   "certified by \"Pump CA\", which is for product \"pump\"");
    assert_refused(verify_by_products_authority("pump", "codeSigning", false, &verdict),
                   "may not issue certificates for time stamping");
    assert_refused(verify_by_products_authority(NULL, "codeSigning", true, &verdict),
                   "may not issue certificates for time stamping");
    /* Of who named it, it is one; and a CA that is of no product may certify one. */
    HM_MUST(verify_by_products_authority("pump", "", true, &verdict));
    assert_true(verdict.stamped);
    HM_MUST(verify_by_products_authority(NULL, "", false, &verdict));
    assert_true(verdict.stamped);
}

/* Does a signer take its answer? NAMED: by roots of authorities; otherwise by those of files. */
static hm_err take_of_products_authority(const char *unit, const char *purpose, const hm_trust *roots, bool named) {
    HM_BUF ca = HM_BUF_EMPTY, question = HM_BUF_EMPTY, token = HM_BUF_EMPTY, response = HM_BUF_EMPTY;
    TSA own = {.root_key = NULL};
    static const uint8_t hash[HM_SHA256_LEN] = {1, 2, 3};
    const hm_verify_rules rules = {.tsa = roots, .trust = named ? NULL : roots, .now = TEST_NOW};
    hm_timestamp_request request;
    hm_bytes view;
    hm_stamp stamp;
    make_products_authority(unit, purpose, &ca, &own);
    HM_MUST(hm_timestamp_ask(hash, NULL, &request, &question));
    const token_plan plan = {.certifier = hm_buf_bytes(&ca), .request = &request};
    token_make(&plan, &own, HM_NO_BYTES, &token);
    response_make(0, hm_buf_bytes(&token), &response);
    hm_err err = hm_timestamp_take(hm_buf_bytes(&response), &request, &rules, &view, &stamp);
    assert_int_equal(stamp.standing, hm_failed(err)   ? HM_STAMP_WRONG
                                     : stamp.stranger ? HM_STAMP_UNTRUSTED
                                                      : HM_STAMP_GOOD);
    return err;
}

static void a_signer_takes_no_stamp_that_will_not_count(void **state) {
    (void)state;
    TSA other;
    tsa_make(NULL, &other);
    assert_refused(take_of_products_authority("pump", "", trust, false), "which is for product \"pump\"");
    assert_refused(take_of_products_authority("pump", "codeSigning", trust, false), "may not issue certificates");
    assert_refused(take_of_products_authority(NULL, "codeSigning", trust, true), "may not issue certificates");
    HM_MUST(take_of_products_authority("pump", "", trust, true));
    HM_MUST(take_of_products_authority(NULL, "", trust, false));
    /* By whose roots it counts is for those to say who verify. */
    HM_MUST(take_of_products_authority("pump", "", other.trust, false));
}

/* ---- every byte ---- */

static void no_byte_of_a_token_moves_its_time(void **state) {
    (void)state;
    static const uint8_t changes[] = {0x01, 0xa0};
    HM_BUF der = HM_BUF_EMPTY, signature = HM_BUF_EMPTY, token = HM_BUF_EMPTY;
    const hm_verify_rules rules = rules_at(TEST_NOW);
    hm_verdict verdict;
    size_t good = 0;
    put_token_of(&tsa, days_ago(200), signature_of(HM_STRUCTURE_CMS, hm_buf_bytes(&cms_der), 0, &signature), &token);
    HM_MUST(hm_timestamp_embed(HM_STRUCTURE_CMS, hm_buf_bytes(&cms_der), 0, hm_buf_bytes(&token), &der));
    HM_MUST(verify_by(hm_buf_bytes(&der), &rules, &verdict));
    /* The token is the last thing in the structure. */
    for (size_t at = der.len - token.len; at < der.len; at++)
        for (size_t i = 0; i < sizeof changes; i++) {
            der.data[at] ^= changes[i];
            hm_err err = verify_by(hm_buf_bytes(&der), &rules, &verdict);
            if (!hm_failed(err) && (!verdict.stamped || verdict.at != days_ago(200)))
                fail_msg("byte %zu ^ %02x passes", at, changes[i]);
            if (hm_failed(err)) assert_int_equal(err.class, HM_REFUSED);
            good += !hm_failed(err);
            der.data[at] ^= changes[i];
        }
    assert_int_equal(good, 0);
}

static void no_beginning_of_a_token_is_one(void **state) {
    (void)state;
    HM_BUF token = HM_BUF_EMPTY;
    hm_stamp found;
    put_token_of(&tsa, days_ago(200), hm_text("value"), &token);
    for (size_t len = 0; len < token.len; len++)
        assert_int_equal(
            hm_timestamp_check(HM_BYTES(token.data, len), hm_text("value"), tsa.trust, TEST_NOW, &found).class,
            HM_REFUSED);
    HM_MUST(hm_timestamp_check(hm_buf_bytes(&token), hm_text("value"), tsa.trust, TEST_NOW, &found));
}

/* ---- embedding ---- */

/* Signer I of DER has a good stamp if STAMPED says so, and its signature verifies either way. */
static void assert_stamps(hm_structure structure, hm_bytes der, size_t count, const bool *stamped) {
    HM_SIGNED *parsed = NULL;
    hm_stamp found;
    hm_verdict verdict;
    hm_verify_rules rules = office_rules(&shared);
    const hm_digest content = digest_of_text(HM_SHA256, "content");
    rules.tsa = tsa.trust;
    HM_MUST(hm_signed_parse(structure, der, &parsed));
    assert_int_equal(hm_signed_count(parsed), count);
    for (size_t i = 0; i < count; i++) {
        HM_MUST(hm_signed_stamp(parsed, i, &rules, &found));
        assert_int_equal(found.standing, stamped[i] ? HM_STAMP_GOOD : HM_STAMP_NONE);
        HM_MUST(hm_signed_verify(parsed, i, &content, &rules, &verdict));
        assert_int_equal(verdict.stamped, stamped[i]);
    }
}

static void each_signer_of_a_cms_structure_gets_its_own(void **state) {
    (void)state;
    HM_BUF plain = HM_BUF_EMPTY, one = HM_BUF_EMPTY, both = HM_BUF_EMPTY;
    forgery f = cms;
    f.twice = true;
    forge(&f, &shared, &plain);
    assert_stamps(HM_STRUCTURE_CMS, hm_buf_bytes(&plain), 2, (bool[]){false, false});
    stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&plain), 1, &tsa, days_ago(1), &one);
    assert_stamps(HM_STRUCTURE_CMS, hm_buf_bytes(&one), 2, (bool[]){false, true});
    stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&one), 0, &tsa, days_ago(1), &both);
    assert_stamps(HM_STRUCTURE_CMS, hm_buf_bytes(&both), 2, (bool[]){true, true});
}

static void nested_authenticode_signatures_get_their_own(void **state) {
    (void)state;
    HM_BUF plain = HM_BUF_EMPTY, nested = HM_BUF_EMPTY, three = HM_BUF_EMPTY, inner = HM_BUF_EMPTY,
           outer = HM_BUF_EMPTY, more = HM_BUF_EMPTY;
    forge(&spc, &shared, &plain);
    HM_MUST(hm_authenticode_nest(hm_buf_bytes(&plain), hm_buf_bytes(&plain), &nested));
    HM_MUST(hm_authenticode_nest(hm_buf_bytes(&nested), hm_buf_bytes(&plain), &three));
    stamp(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&three), 2, &tsa, days_ago(1), &inner);
    assert_stamps(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&inner), 3, (bool[]){false, false, true});
    stamp(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&inner), 0, &tsa, days_ago(1), &outer);
    assert_stamps(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&outer), 3, (bool[]){true, false, true});
    HM_MUST(hm_authenticode_nest(hm_buf_bytes(&outer), hm_buf_bytes(&plain), &more));
    assert_stamps(HM_STRUCTURE_AUTHENTICODE_PE, hm_buf_bytes(&more), 4, (bool[]){true, false, true, false});
}

static void a_stamp_of_one_signer_is_none_of_another(void **state) {
    (void)state;
    HM_BUF plain = HM_BUF_EMPTY, signature = HM_BUF_EMPTY, token = HM_BUF_EMPTY, der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    hm_stamp found;
    hm_verify_rules rules = office_rules(&shared);
    forgery f = cms;
    rules.tsa = tsa.trust;
    f.twice = true;
    forge(&f, &shared, &plain);
    put_token_of(&tsa, days_ago(1), signature_of(HM_STRUCTURE_CMS, hm_buf_bytes(&plain), 0, &signature), &token);
    HM_MUST(hm_timestamp_embed(HM_STRUCTURE_CMS, hm_buf_bytes(&plain), 1, hm_buf_bytes(&token), &der));
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    HM_MUST(hm_signed_stamp(parsed, 1, &rules, &found));
    assert_int_equal(found.standing, HM_STAMP_WRONG);
    assert_non_null(strstr(found.why, "another signature"));
    HM_MUST(hm_signed_stamp(parsed, 0, &rules, &found));
    assert_int_equal(found.standing, HM_STAMP_NONE);
    assert_fault(hm_signed_stamp(parsed, 2, &rules, &found), HM_MISUSED, "no signature 3");
}

static void refuses_to_embed_what_is_no_token(void **state) {
    (void)state;
    HM_BUF token = HM_BUF_EMPTY, der = HM_BUF_EMPTY;
    hm_bytes outer = hm_buf_bytes(&cms_der);
    put_token_of(&tsa, days_ago(1), hm_text("value"), &token);
    assert_refused(hm_timestamp_embed(HM_STRUCTURE_CMS, outer, 0, hm_text("junk"), &der), "timestamp");
    assert_refused(hm_timestamp_embed(HM_STRUCTURE_CMS, outer, 0, outer, &der), "something else than a time");
    assert_refused(hm_timestamp_embed(HM_STRUCTURE_AUTHENTICODE_PE, outer, 0, hm_buf_bytes(&token), &der), "");
    assert_fault(hm_timestamp_embed(HM_STRUCTURE_CMS, outer, 1, hm_buf_bytes(&token), &der), HM_MISUSED,
                 "no signature");
    assert_fault(hm_timestamp_embed(HM_STRUCTURE_COSE, outer, 0, hm_buf_bytes(&token), &der), HM_MISUSED,
                 "no timestamps");
    assert_int_equal(der.len, 0);
}

static void openssl_reads_what_was_embedded(void **state) {
    (void)state;
    BENCH bench = bench_make();
    HM_BUF der = HM_BUF_EMPTY;
    stamp(HM_STRUCTURE_CMS, hm_buf_bytes(&cms_der), 0, &tsa, days_ago(200), &der);
    bench_put(&bench, "stamped.p7s", hm_buf_bytes(&der));
    bench_put(&bench, "content", hm_text("content"));
    bench_put_pem(&bench, "root.pem", hm_buf_bytes(&root_der));
    bench_must(&bench,
               "openssl cms -verify -binary -purpose any -attime %lld -CAfile root.pem -inform DER "
               "-in stamped.p7s -content content -out /dev/null",
               (long long)days_ago(200));
    bench_must(&bench, "openssl cms -cmsout -print -inform DER -in stamped.p7s | grep -q id-smime-aa-timeStampToken");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_that_was_stamped_in_time_outlives_its_certificate),
        cmocka_unit_test(the_signing_time_that_is_claimed_rescues_nothing),
        cmocka_unit_test(refuses_a_stamp_from_after_the_certificate),
        cmocka_unit_test(a_stamp_in_the_future_does_not_count),
        cmocka_unit_test(an_authority_that_nobody_named_does_not_count),
        cmocka_unit_test(a_certificate_for_signing_stamps_nothing),
        cmocka_unit_test(nothing_is_better_for_want_of_a_timestamp),
        cmocka_unit_test(of_several_stamps_the_earliest_good_one_counts),
        cmocka_unit_test(only_so_many_stamps_are_looked_at),
        cmocka_unit_test(an_authority_whose_key_was_stolen_proves_nothing_any_more),
        cmocka_unit_test(what_a_stamp_may_be_off_by_excuses_no_revocation),
        cmocka_unit_test(a_products_ca_certifies_no_authority_for_all_products),
        cmocka_unit_test(a_signer_takes_no_stamp_that_will_not_count),
        cmocka_unit_test(no_byte_of_a_token_moves_its_time),
        cmocka_unit_test(no_beginning_of_a_token_is_one),
        cmocka_unit_test(each_signer_of_a_cms_structure_gets_its_own),
        cmocka_unit_test(nested_authenticode_signatures_get_their_own),
        cmocka_unit_test(a_stamp_of_one_signer_is_none_of_another),
        cmocka_unit_test(refuses_to_embed_what_is_no_token),
        cmocka_unit_test(openssl_reads_what_was_embedded),
    };
    return cmocka_run_group_tests(tests, make_all, clear_all);
}
