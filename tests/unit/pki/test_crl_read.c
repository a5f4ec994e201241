/* Every rule by which what is read is no list to judge by. Lists are made by OpenSSL. */
#include "crl_fixture.h"

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
            assert_int_equal(scene_verify(&s, &verdict).class, HM_REFUSED);
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

int main(void) {
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
