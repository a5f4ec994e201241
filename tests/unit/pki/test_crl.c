/* Judging by revocation lists: every rule by which a signature is refused, and what a timestamp keeps. Lists are made
 * by OpenSSL. */
#include "crl_fixture.h"

#include "crl_set.h"

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

static void refuses_revoked(int reason, int64_t invalidity, const char *because) {
    SCENE s;
    scene_revoked(&s, reason, invalidity);
    refuses(&s, because);
}

static void refuses_a_signing_certificate_that_is_revoked(void **state) {
    (void)state;
    refuses_revoked(-1, 0, "is revoked since 2026-09-11");
}

static void says_the_reason_and_since_when_it_was_bad(void **state) {
    (void)state;
    refuses_revoked(HM_CRL_KEY_COMPROMISE, INVALID_SINCE, "is revoked since 2026-09-01 14:13 UTC (key-compromise)");
}

static void refuses_an_invalidity_date_behind_the_revocation_as_an_excuse(void **state) {
    (void)state;
    refuses_revoked(-1, TEST_NOW + DAY, "is revoked since 2026-09-11");
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
    (void)state;
    refuses_revoked(HM_CRL_CERTIFICATE_HOLD, 0, "is on hold");
}

static void accepts_what_was_taken_off_a_list_again(void **state) {
    SCENE s;
    (void)state;
    scene_revoked(&s, HM_CRL_REMOVE_FROM_CRL, 0);
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

static void refuses_by(const crl_plan *plan, const char *because) {
    SCENE s;
    scene_make(&s);
    judge_by(&s, plan, false);
    refuses(&s, because);
}

static void refuses_by_a_list_of_the_future(void **state) {
    crl_plan plan = good_plan;
    (void)state;
    plan.this_update = TEST_NOW + 1;
    refuses_by(&plan, "is not in force before");
}

static void refuses_list_signed_by(bool root, uint8_t change) {
    SCENE s;
    HM_BUF der = HM_BUF_EMPTY;
    scene_make(&s);
    crl_make(&good_plan, hm_buf_bytes(&s.office.ca), root ? s.office.root_key : s.office.ca_key, &der);
    der.data[der.len - 1] ^= change;
    HM_MUST(hm_crls_add(s.crls, hm_buf_bytes(&der)));
    refuses(&s, "was not signed by it");
}

static void refuses_by_a_list_that_another_key_signed(void **state) {
    (void)state;
    refuses_list_signed_by(true, 0);
}

static void refuses_by_a_list_that_was_changed(void **state) {
    (void)state;
    refuses_list_signed_by(false, 1);
}

static void refuses_by_a_list_with_a_weak_digest(void **state) {
    crl_plan plan = good_plan;
    (void)state;
    plan.digest = EVP_sha1();
    refuses_by(&plan, "too weak");
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
    scene_revoked(&s, HM_CRL_KEY_COMPROMISE, INVALID_SINCE);
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
    scene_revoked(&s, -1, 0);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
