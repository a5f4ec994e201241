/* PEM, trusted roots, chains brought in from elsewhere, and certificates described for people. */
#include "pki_fixture.h"

static void put_pem(hm_buf *pem, const hm_buf *certificate) {
    HM_MUST(hm_pem_put(pem, "CERTIFICATE", hm_buf_bytes(certificate)));
}

static void pem_goes_out_and_comes_back(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF pem = HM_BUF_EMPTY;
    HM_BUF der = HM_BUF_EMPTY;
    hm_chain chain;
    office_make(&office, HM_KEY_ES256);
    HM_MUST(hm_put_text(&pem, "Our chain, as of today:\n"));
    put_pem(&pem, &office.leaf);
    HM_MUST(hm_put_text(&pem, "subject=CN = something\n\n"));
    put_pem(&pem, &office.ca);
    HM_MUST(hm_put_text(&der, "what was there"));
    HM_MUST(hm_chain_from_pem(hm_buf_bytes(&pem), &der, &chain));
    assert_int_equal(chain.count, 2);
    assert_true(hm_bytes_equal(chain.cert[0], hm_buf_bytes(&office.leaf)));
    assert_true(hm_bytes_equal(chain.cert[1], hm_buf_bytes(&office.ca)));
}

static void openssl_writes_the_same_pem(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    bench_put(&bench, "c.der", hm_buf_bytes(&office.leaf));
    bench_put_pem(&bench, "ours.pem", hm_buf_bytes(&office.leaf));
    bench_must(&bench, "openssl x509 -inform DER -in c.der -out theirs.pem && cmp ours.pem theirs.pem");
}

static hm_err chain_of(hm_bytes pem) {
    HM_BUF der = HM_BUF_EMPTY;
    hm_chain chain;
    return hm_chain_from_pem(pem, &der, &chain);
}

static void refuses_pem_without_certificates(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    HM_BUF pem = HM_BUF_EMPTY;
    hm_trust *trust;
    assert_refused(chain_of(HM_NO_BYTES), "no certificate");
    assert_refused(chain_of(hm_text("hello")), "no certificate");
    HM_MUST(hm_pem_put(&pem, "PUBLIC KEY", software_signer_of(key)->spki));
    assert_refused(chain_of(hm_buf_bytes(&pem)), "no certificate");
    assert_refused(hm_trust_from_pem(hm_buf_bytes(&pem), &trust), "no certificate");
    assert_null(trust);
}

static void refuses_damaged_pem(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF pem = HM_BUF_EMPTY;
    office_make(&office, HM_KEY_ES256);
    put_pem(&pem, &office.leaf);
    assert_refused(chain_of(HM_BYTES(pem.data, pem.len - 10)), "damaged");
    assert_refused(chain_of(HM_BYTES(pem.data, pem.len / 2)), "damaged");
    pem.data[100] = '*';
    assert_refused(chain_of(hm_buf_bytes(&pem)), "damaged");
}

static void refuses_pem_whose_content_is_not_one_element(void **state) {
    (void)state;
    HM_BUF pem = HM_BUF_EMPTY;
    static const uint8_t two[] = {0x30, 0, 0x30, 0}, set[] = {0x31, 0};
    HM_MUST(hm_pem_put(&pem, "CERTIFICATE", HM_ARRAY(two)));
    assert_refused(chain_of(hm_buf_bytes(&pem)), "too many");
    pem.len = 0;
    HM_MUST(hm_pem_put(&pem, "CERTIFICATE", HM_ARRAY(set)));
    assert_refused(chain_of(hm_buf_bytes(&pem)), "certificate");
}

static void refuses_more_certificates_than_a_chain_holds(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF pem = HM_BUF_EMPTY;
    office_make(&office, HM_KEY_ES256);
    for (size_t i = 0; i < HM_CHAIN_MAX; i++) put_pem(&pem, &office.leaf);
    HM_MUST(chain_of(hm_buf_bytes(&pem)));
    put_pem(&pem, &office.leaf);
    assert_refused(chain_of(hm_buf_bytes(&pem)), "more than 8");
}

static void refuses_trust_with_something_that_is_no_certificate(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF pem = HM_BUF_EMPTY;
    hm_trust *trust;
    static const uint8_t empty[] = {0x30, 0};
    office_make(&office, HM_KEY_ES256);
    put_pem(&pem, &office.root);
    HM_MUST(hm_pem_put(&pem, "CERTIFICATE", HM_ARRAY(empty)));
    assert_refused(hm_trust_from_pem(hm_buf_bytes(&pem), &trust), "not a certificate");
    assert_null(trust);
}

static void a_root_given_twice_is_one_root(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF pem = HM_BUF_EMPTY;
    HM_TRUST *trust = NULL;
    office_make(&office, HM_KEY_ES256);
    put_pem(&pem, &office.root);
    put_pem(&pem, &office.root);
    HM_MUST(hm_trust_from_pem(hm_buf_bytes(&pem), &trust));
}

static hm_bytes leaf_spki(const test_office *office) { return software_signer_of(office->leaf_key)->spki; }

static void a_chain_in_order_is_taken_with_and_without_its_root(void **state) {
    (void)state;
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    HM_MUST(hm_chain_check(&office.chain, leaf_spki(&office), TEST_NOW));
    office.chain.cert[office.chain.count++] = hm_buf_bytes(&office.root);
    HM_MUST(hm_chain_check(&office.chain, leaf_spki(&office), TEST_NOW));
    office.chain.count = 1;
    HM_MUST(hm_chain_check(&office.chain, leaf_spki(&office), TEST_NOW));
}

static void refuses_a_chain_for_another_key(void **state) {
    (void)state;
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    assert_refused(hm_chain_check(&office.chain, software_signer_of(office.ca_key)->spki, TEST_NOW),
                   "not for this key");
}

static void refuses_chains_out_of_order_or_with_strangers(void **state) {
    (void)state;
    OFFICE office;
    OFFICE other;
    office_make(&office, HM_KEY_ES256);
    office_make(&other, HM_KEY_ES256);
    hm_bytes leaf = hm_buf_bytes(&office.leaf), ca = hm_buf_bytes(&office.ca), root = hm_buf_bytes(&office.root);
    hm_bytes stranger = hm_buf_bytes(&other.root);
    const hm_chain wrong[] = {{3, {leaf, root, ca}},      {2, {leaf, root}},   {3, {leaf, ca, stranger}},
                              {3, {leaf, stranger, ca}},  {3, {leaf, ca, ca}}, {3, {leaf, leaf, ca}},
                              {2, {leaf, stranger}},      {0, {leaf}},         {HM_CHAIN_MAX + 1, {leaf, ca}},
                              {4, {leaf, ca, root, root}}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        hm_err err = hm_chain_check(&wrong[i], leaf_spki(&office), TEST_NOW);
        if (err.class != HM_REFUSED) fail_msg("chain %zu: class %d, %s", i, err.class, hm_err_sentence());
    }
}

static void refuses_chains_that_are_not_valid_now_or_not_for_code(void **state) {
    (void)state;
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    assert_refused(hm_chain_check(&office.chain, leaf_spki(&office), TEST_NOW + 8000 * (int64_t)DAY), "expired");
    assert_refused(hm_chain_check(&office.chain, leaf_spki(&office), TEST_NOW - 400 * (int64_t)DAY),
                   "not valid before");
    hm_chain authorities = {2, {hm_buf_bytes(&office.ca), hm_buf_bytes(&office.root)}};
    assert_refused(hm_chain_check(&authorities, software_signer_of(office.ca_key)->spki, TEST_NOW),
                   "not for digital signatures");
}

static void refuses_chains_of_damaged_certificates(void **state) {
    (void)state;
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    hm_chain chain = office.chain;
    chain.cert[1].len--;
    assert_refused(hm_chain_check(&chain, leaf_spki(&office), TEST_NOW), "certificate 2");
    office.ca.data[office.ca.len - 1] ^= 1;
    HM_MUST(
        hm_chain_check(&office.chain, leaf_spki(&office), TEST_NOW)); /* the anchor's own signature proves nothing */
    office.leaf.data[office.leaf.len - 1] ^= 1;
    assert_refused(hm_chain_check(&office.chain, leaf_spki(&office), TEST_NOW), "not signed by its issuer");
}

static void describes_a_certificate(void **state) {
    (void)state;
    OFFICE office;
    hm_cert_info info;
    uint8_t sha256[32];
    office_make(&office, HM_KEY_ES384);
    HM_MUST(hm_cert_describe(hm_buf_bytes(&office.leaf), &info));
    assert_string_equal(info.subject, "CN=Acme Pump 3 signing,OU=Pump 3,O=Acme");
    assert_string_equal(info.issuer, "CN=Acme Pump 3 CA,OU=Pump 3,O=Acme");
    assert_string_equal(info.common_name, "Acme Pump 3 signing");
    assert_string_equal(info.organization, "Acme");
    assert_string_equal(info.product, "Pump 3");
    assert_string_equal(info.key, "ECDSA P-384");
    assert_int_equal(info.not_before, TEST_NOW - 365 * (int64_t)DAY);
    assert_false(info.ca);
    assert_false(info.self_issued);
    assert_true(info.code_signing);
    assert_true(info.development);
    hm_sha256(hm_buf_bytes(&office.leaf), sha256);
    assert_memory_equal(info.sha256, sha256, sizeof sha256);
    HM_MUST(hm_cert_describe(hm_buf_bytes(&office.root), &info));
    assert_true(info.ca);
    assert_true(info.self_issued);
    assert_false(info.code_signing);
    assert_string_equal(info.product, "");
}

static void names_keys_of_all_algorithms(void **state) {
    (void)state;
    static const struct {
        hm_key_algorithm algorithm;
        const char *name;
    } cases[] = {{HM_KEY_ES256, "ECDSA P-256"},
                 {HM_KEY_ES384, "ECDSA P-384"},
                 {HM_KEY_RSA3072, "RSA 3072"},
                 {HM_KEY_RSA4096, "RSA 4096"},
                 {HM_KEY_ED25519, "Ed25519"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SOFTWARE_SIGNER *key = software_signer_new(cases[i].algorithm);
        HM_BUF der = HM_BUF_EMPTY;
        hm_cert_info info;
        hm_cert_request request = office_request(HM_CERT_ROOT, key);
        HM_MUST(hm_cert_issue(&request, HM_NO_BYTES, software_signer_of(key), &der));
        HM_MUST(hm_cert_describe(hm_buf_bytes(&der), &info));
        assert_string_equal(info.key, cases[i].name);
    }
}

static void describes_hostile_names_harmlessly(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    HM_BUF der = HM_BUF_EMPTY;
    hm_cert_info info;
    cert_plan plan = {.organization = "\x1b[31mred", .unit = "a\nb", .common_name = "tab\there"};
    cert_make(&plan, software_signer_key(key), HM_NO_BYTES, software_signer_key(key), &der);
    HM_MUST(hm_cert_describe(hm_buf_bytes(&der), &info));
    assert_string_equal(info.organization, "?[31mred");
    assert_string_equal(info.product, "a?b");
    assert_string_equal(info.common_name, "tab?here");
    for (const char *at = info.subject; *at; at++) assert_in_range((unsigned char)*at, 0x20, 0x7e);
}

static void long_names_are_cut_between_characters(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    HM_BUF der = HM_BUF_EMPTY;
    hm_cert_info info;
    char name[64 * 3 + 1] = "";
    for (size_t i = 0; i < 64; i++) strcat(name, "\xe2\x82\xac"); /* 3 octets each */
    hm_cert_request request = office_request(HM_CERT_ROOT, key);
    request.subject.common_name = request.subject.organization = name;
    HM_MUST(hm_cert_issue(&request, HM_NO_BYTES, software_signer_of(key), &der));
    HM_MUST(hm_cert_describe(hm_buf_bytes(&der), &info));
    assert_int_equal(strlen(info.common_name), 63);
    assert_in_range(strlen(info.subject), 252, 255);
    assert_memory_equal(info.common_name, name, 63);
}

static void refuses_what_is_no_certificate(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF longer = HM_BUF_EMPTY;
    hm_cert_info info;
    office_make(&office, HM_KEY_ES256);
    for (size_t len = 0; len < office.leaf.len; len++)
        assert_int_equal(hm_cert_describe(HM_BYTES(office.leaf.data, len), &info).class, HM_REFUSED);
    HM_MUST(hm_put(&longer, hm_buf_bytes(&office.leaf)));
    HM_MUST(hm_put_u8(&longer, 0));
    assert_refused(hm_cert_describe(hm_buf_bytes(&longer), &info), "too many");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pem_goes_out_and_comes_back),
        cmocka_unit_test(openssl_writes_the_same_pem),
        cmocka_unit_test(refuses_pem_without_certificates),
        cmocka_unit_test(refuses_damaged_pem),
        cmocka_unit_test(refuses_pem_whose_content_is_not_one_element),
        cmocka_unit_test(refuses_more_certificates_than_a_chain_holds),
        cmocka_unit_test(refuses_trust_with_something_that_is_no_certificate),
        cmocka_unit_test(a_root_given_twice_is_one_root),
        cmocka_unit_test(a_chain_in_order_is_taken_with_and_without_its_root),
        cmocka_unit_test(refuses_a_chain_for_another_key),
        cmocka_unit_test(refuses_chains_out_of_order_or_with_strangers),
        cmocka_unit_test(refuses_chains_that_are_not_valid_now_or_not_for_code),
        cmocka_unit_test(refuses_chains_of_damaged_certificates),
        cmocka_unit_test(describes_a_certificate),
        cmocka_unit_test(names_keys_of_all_algorithms),
        cmocka_unit_test(describes_hostile_names_harmlessly),
        cmocka_unit_test(long_names_are_cut_between_characters),
        cmocka_unit_test(refuses_what_is_no_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
