/* Certificates and requests as issued: what OpenSSL's tools say of them. */
#include "pki_fixture.h"

#include <openssl/err.h>

/* What `openssl x509 -text` prints of DER must hold every one of PARTS. */
static void assert_text_holds(const test_bench *bench, hm_bytes der, const char *const parts[]) {
    HM_BUF output = HM_BUF_EMPTY;
    const char *text;
    bench_put(bench, "c.der", der);
    bench_must(bench, "openssl x509 -inform DER -in c.der -noout -text");
    bench_get(bench, "output", &output);
    HM_MUST(hm_buf_string(&output, &text));
    for (size_t i = 0; parts[i]; i++)
        if (!strstr(text, parts[i])) fail_msg("\"%s\" is not in\n%s", parts[i], text);
}

static void root_has_the_extensions_of_its_profile(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    assert_text_holds(&bench, hm_buf_bytes(&office.root),
                      (const char *const[]){"Version: 3", "Issuer: O = Acme, CN = Acme root\n",
                                            "Subject: O = Acme, CN = Acme root\n", "ecdsa-with-SHA256",
                                            "Basic Constraints: critical\n                CA:TRUE, pathlen:1\n",
                                            "Key Usage: critical\n                Certificate Sign, CRL Sign\n",
                                            "Policy: 2.25.329800735698586629295641978511506172918.1\n",
                                            "Not Before: Sep 21 14:13:20 2025 GMT", NULL});
}

static void product_ca_is_bound_to_its_organization_and_product(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    assert_text_holds(&bench, hm_buf_bytes(&office.ca),
                      (const char *const[]){"Subject: O = Acme, OU = Pump 3, CN = Acme Pump 3 CA\n",
                                            "Basic Constraints: critical\n                CA:TRUE, pathlen:0\n",
                                            "Name Constraints: critical\n                Permitted:\n"
                                            "                  DirName:O = Acme, OU = Pump 3\n",
                                            "Key Usage: critical\n                Certificate Sign, CRL Sign\n", NULL});
}

static void signing_certificate_signs_code_and_nothing_else(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    assert_text_holds(&bench, hm_buf_bytes(&office.leaf),
                      (const char *const[]){"Key Usage: critical\n                Digital Signature\n",
                                            "Extended Key Usage: critical\n                Code Signing\n",
                                            "Issuer: O = Acme, OU = Pump 3, CN = Acme Pump 3 CA\n",
                                            "Subject: O = Acme, OU = Pump 3, CN = Acme Pump 3 signing\n", NULL});
    hm_cert_info info;
    HM_MUST(hm_cert_describe(hm_buf_bytes(&office.leaf), &info));
    assert_false(info.ca);
}

/* RFC 3161 section 2.3: critical, and the only purpose. */
static void a_timestamping_authority_stamps_and_does_nothing_else(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    office_make(&office, HM_KEY_ES256);
    hm_cert_request request = office_request(HM_CERT_TSA, office.leaf_key);
    request.subject = (hm_cert_name){"Acme", NULL, "Acme timestamping"};
    HM_MUST(hm_cert_issue(&request, hm_buf_bytes(&office.root), software_signer_of(office.root_key), &der));
    assert_text_holds(&bench, hm_buf_bytes(&der),
                      (const char *const[]){"Key Usage: critical\n                Digital Signature\n",
                                            "Extended Key Usage: critical\n                Time Stamping\n",
                                            "Issuer: O = Acme, CN = Acme root\n",
                                            "Subject: O = Acme, CN = Acme timestamping\n", NULL});
    request.subject.product = "Pump 3";
    assert_fault(hm_cert_issue(&request, hm_buf_bytes(&office.root), software_signer_of(office.root_key), &der),
                 HM_MISUSED, "no product");
}

static void production_and_development_have_policies_of_their_own(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    for (int development = 0; development < 2; development++) {
        HM_BUF der = HM_BUF_EMPTY;
        hm_cert_info info;
        hm_cert_request request = office_request(HM_CERT_ROOT, key);
        request.development = development;
        HM_MUST(hm_cert_issue(&request, HM_NO_BYTES, software_signer_of(key), &der));
        HM_MUST(hm_cert_describe(hm_buf_bytes(&der), &info));
        assert_int_equal(info.development, development);
        assert_int_equal(info.production, !development);
    }
}

static void verifies_strictly_with_openssl_for_every_key_algorithm(void **state) {
    (void)state;
    for (hm_key_algorithm algorithm = HM_KEY_ES256; algorithm <= HM_KEY_ED25519; algorithm++) {
        BENCH bench = bench_make();
        SOFTWARE_SIGNER *ca_key = software_signer_new(algorithm);
        SOFTWARE_SIGNER *leaf_key = software_signer_new(HM_KEY_ES256);
        HM_BUF root = HM_BUF_EMPTY;
        HM_BUF ca = HM_BUF_EMPTY;
        HM_BUF leaf = HM_BUF_EMPTY;
        hm_cert_request request = office_request(HM_CERT_ROOT, ca_key);
        HM_MUST(hm_cert_issue(&request, HM_NO_BYTES, software_signer_of(ca_key), &root));
        request = office_request(HM_CERT_PRODUCT_CA, ca_key);
        HM_MUST(hm_cert_issue(&request, hm_buf_bytes(&root), software_signer_of(ca_key), &ca));
        request = office_request(HM_CERT_SIGNING, leaf_key);
        HM_MUST(hm_cert_issue(&request, hm_buf_bytes(&ca), software_signer_of(ca_key), &leaf));
        bench_put_pem(&bench, "root.pem", hm_buf_bytes(&root));
        bench_put_pem(&bench, "ca.pem", hm_buf_bytes(&ca));
        bench_put_pem(&bench, "leaf.pem", hm_buf_bytes(&leaf));
        bench_must(&bench,
                   "openssl verify -x509_strict -check_ss_sig -attime %d -CAfile root.pem -untrusted ca.pem "
                   "leaf.pem",
                   TEST_NOW);
    }
}

static void key_identifiers_link_the_chain(void **state) {
    (void)state;
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    const unsigned char *leaf_at = office.leaf.data, *ca_at = office.ca.data;
    X509 *leaf = d2i_X509(NULL, &leaf_at, (long)office.leaf.len), *ca = d2i_X509(NULL, &ca_at, (long)office.ca.len);
    const ASN1_OCTET_STRING *authority = X509_get0_authority_key_id(leaf), *subject = X509_get0_subject_key_id(ca);
    assert_int_equal(ASN1_STRING_length(subject), 20);
    assert_int_equal(ASN1_STRING_cmp(authority, subject), 0);
    /* RFC 7093 section 2, method 1. */
    const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(ca);
    uint8_t sha256[32];
    hm_sha256(HM_BYTES(ASN1_STRING_get0_data(bits), (size_t)ASN1_STRING_length(bits)), sha256);
    assert_memory_equal(ASN1_STRING_get0_data(subject), sha256, 20);
    X509_free(leaf);
    X509_free(ca);
}

static void serial_numbers_are_long_and_differ(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    hm_cert_info info[2];
    for (size_t i = 0; i < 2; i++) {
        HM_BUF der = HM_BUF_EMPTY;
        hm_cert_request request = office_request(HM_CERT_ROOT, key);
        HM_MUST(hm_cert_issue(&request, HM_NO_BYTES, software_signer_of(key), &der));
        HM_MUST(hm_cert_describe(hm_buf_bytes(&der), &info[i]));
        assert_in_range(strlen(info[i].serial), 24, 32);
    }
    assert_string_not_equal(info[0].serial, info[1].serial);
}

static void dates_past_2049_are_written_and_read(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    HM_BUF der = HM_BUF_EMPTY;
    hm_cert_info info;
    hm_cert_request request = office_request(HM_CERT_ROOT, key);
    request.not_after = 4102444800; /* 2100-01-01 */
    HM_MUST(hm_cert_issue(&request, HM_NO_BYTES, software_signer_of(key), &der));
    HM_MUST(hm_cert_describe(hm_buf_bytes(&der), &info));
    assert_int_equal(info.not_after, 4102444800);
    assert_int_equal(info.not_before, request.not_before);
}

static hm_err issue_root(const software_signer *key, hm_cert_request request, hm_buf *der) {
    hm_err err = hm_cert_issue(&request, HM_NO_BYTES, software_signer_of(key), der);
    if (hm_failed(err)) assert_int_equal(der->len, 0);
    return err;
}

static hm_err issue_root_named(const software_signer *key, const char *common_name) {
    HM_BUF der = HM_BUF_EMPTY;
    hm_cert_request request = office_request(HM_CERT_ROOT, key);
    request.subject.common_name = common_name;
    return issue_root(key, request, &der);
}

static void names_of_64_characters_fit_whatever_their_bytes(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    char name[64 * 4 + 5] = "";
    for (size_t i = 0; i < 64; i++) strcat(name, "\xf0\x9f\x94\xa8");
    HM_MUST(issue_root_named(key, name));
    assert_fault(issue_root_named(key, strcat(name, "x")), HM_MISUSED, "longer than 64 characters");
}

static void refuses_names_that_are_not_printable_utf8(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    assert_fault(issue_root_named(key, ""), HM_MISUSED, "empty");
    assert_fault(issue_root_named(key, NULL), HM_MISUSED, "common name");
    assert_fault(issue_root_named(key, "a\nb"), HM_MISUSED, "control character");
    assert_fault(issue_root_named(key, "a\x7f"), HM_MISUSED, "control character");
    assert_fault(issue_root_named(key, "a\xc2\x85"), HM_MISUSED, "control character");
    assert_fault(issue_root_named(key, "\xff"), HM_MISUSED, "not UTF-8");
    assert_fault(issue_root_named(key, "\xc3"), HM_MISUSED, "not UTF-8");
    assert_fault(issue_root_named(key, "\xc0\xaf"), HM_MISUSED, "not UTF-8");
    assert_fault(issue_root_named(key, "\xed\xa0\x80"), HM_MISUSED, "not UTF-8");
}

static void refuses_requests_that_do_not_fit_their_profile(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    HM_BUF der = HM_BUF_EMPTY;
    hm_cert_request request = office_request(HM_CERT_ROOT, key);
    request.subject.product = "Pump 3";
    assert_fault(issue_root(key, request, &der), HM_MISUSED, "no product");
    request = office_request(HM_CERT_SIGNING, key);
    assert_fault(issue_root(key, request, &der), HM_MISUSED, "own issuer");
    request.subject.product = NULL;
    assert_fault(issue_root(key, request, &der), HM_MISUSED, "needs a product");
    request = office_request(HM_CERT_ROOT, key);
    request.subject.organization = NULL;
    assert_fault(issue_root(key, request, &der), HM_MISUSED, "organization");
    request = office_request(HM_CERT_ROOT, key);
    request.profile = (hm_cert_profile)5;
    request.subject.product = "Pump 3";
    assert_fault(issue_root(key, request, &der), HM_MISUSED, "own issuer");
    request = office_request(HM_CERT_ROOT, key);
    request.not_after = request.not_before - 1;
    assert_fault(issue_root(key, request, &der), HM_MISUSED, "before it begins");
    request = office_request(HM_CERT_ROOT, key);
    request.not_after = INT64_MAX;
    assert_refused(issue_root(key, request, &der), "9999");
}

static void refuses_an_unknown_profile(void **state) {
    (void)state;
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    HM_BUF der = HM_BUF_EMPTY;
    hm_cert_request request = office_request(HM_CERT_SIGNING, office.leaf_key);
    request.profile = (hm_cert_profile)5;
    assert_fault(hm_cert_issue(&request, hm_buf_bytes(&office.ca), software_signer_of(office.ca_key), &der), HM_MISUSED,
                 "profile");
    assert_int_equal(der.len, 0);
}

static void refuses_to_issue_with_another_key_than_the_issuers(void **state) {
    (void)state;
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    HM_BUF der = HM_BUF_EMPTY;
    hm_cert_request request = office_request(HM_CERT_SIGNING, office.leaf_key);
    assert_refused(hm_cert_issue(&request, hm_buf_bytes(&office.ca), software_signer_of(office.root_key), &der),
                   "not that of the issuer");
    request = office_request(HM_CERT_ROOT, office.root_key);
    assert_refused(hm_cert_issue(&request, HM_NO_BYTES, software_signer_of(office.ca_key), &der),
                   "not that of the issuer");
    assert_fault(hm_cert_issue(&request, hm_buf_bytes(&office.root), software_signer_of(office.root_key), &der),
                 HM_MISUSED, "own issuer");
    assert_int_equal(der.len, 0);
}

static void refuses_an_issuer_that_is_no_certificate(void **state) {
    (void)state;
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    HM_BUF der = HM_BUF_EMPTY;
    hm_cert_request request = office_request(HM_CERT_SIGNING, office.leaf_key);
    for (size_t len = 1; len < office.ca.len; len += 7)
        assert_int_equal(
            hm_cert_issue(&request, HM_BYTES(office.ca.data, len), software_signer_of(office.ca_key), &der).class,
            HM_REFUSED);
    assert_int_equal(der.len, 0);
}

static hm_err broken_sign(void *key, hm_scheme scheme, hm_bytes message, hm_buf *signature) {
    (void)key, (void)scheme, (void)message;
    HM_TRY(hm_put_u8(signature, 1));
    return hm_could_not("the token is gone");
}

static void a_token_that_fails_leaves_nothing_behind(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    HM_BUF der = HM_BUF_EMPTY;
    hm_signer broken = *software_signer_of(key);
    broken.sign = broken_sign;
    hm_cert_request request = office_request(HM_CERT_ROOT, key);
    assert_fault(hm_cert_issue(&request, HM_NO_BYTES, &broken, &der), HM_COULD_NOT, "gone");
    assert_fault(hm_csr_make(&request.subject, &broken, &der), HM_COULD_NOT, "gone");
    assert_int_equal(der.len, 0);
}

static void requests_verify_with_openssl_and_ask_for_code_signing(void **state) {
    (void)state;
    for (hm_key_algorithm algorithm = HM_KEY_ES256; algorithm <= HM_KEY_ED25519; algorithm++) {
        BENCH bench = bench_make();
        SOFTWARE_SIGNER *key = software_signer_new(algorithm);
        HM_BUF csr = HM_BUF_EMPTY;
        HM_BUF pem = HM_BUF_EMPTY;
        hm_cert_name subject = {"Acme", "Pump 3", "Zoë's release key"};
        HM_MUST(hm_csr_make(&subject, software_signer_of(key), &csr));
        HM_MUST(hm_pem_put(&pem, "CERTIFICATE REQUEST", hm_buf_bytes(&csr)));
        bench_put(&bench, "csr.pem", hm_buf_bytes(&pem));
        bench_must(&bench, "openssl req -in csr.pem -verify -noout -text -nameopt utf8,sep_comma_plus && "
                           "openssl req -in csr.pem -noout -text | grep -q 'Code Signing' && "
                           "openssl req -in csr.pem -noout -subject -nameopt RFC2253,-esc_msb | "
                           "grep -qF \"CN=Zoë's release key,OU=Pump 3,O=Acme\"");
    }
}

static void requests_need_a_common_name(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    HM_BUF csr = HM_BUF_EMPTY;
    hm_cert_name subject = {"Acme", NULL, NULL};
    assert_fault(hm_csr_make(&subject, software_signer_of(key), &csr), HM_MISUSED, "common name");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_has_the_extensions_of_its_profile),
        cmocka_unit_test(product_ca_is_bound_to_its_organization_and_product),
        cmocka_unit_test(signing_certificate_signs_code_and_nothing_else),
        cmocka_unit_test(a_timestamping_authority_stamps_and_does_nothing_else),
        cmocka_unit_test(production_and_development_have_policies_of_their_own),
        cmocka_unit_test(verifies_strictly_with_openssl_for_every_key_algorithm),
        cmocka_unit_test(key_identifiers_link_the_chain),
        cmocka_unit_test(serial_numbers_are_long_and_differ),
        cmocka_unit_test(dates_past_2049_are_written_and_read),
        cmocka_unit_test(names_of_64_characters_fit_whatever_their_bytes),
        cmocka_unit_test(refuses_names_that_are_not_printable_utf8),
        cmocka_unit_test(refuses_requests_that_do_not_fit_their_profile),
        cmocka_unit_test(refuses_an_unknown_profile),
        cmocka_unit_test(refuses_to_issue_with_another_key_than_the_issuers),
        cmocka_unit_test(refuses_an_issuer_that_is_no_certificate),
        cmocka_unit_test(a_token_that_fails_leaves_nothing_behind),
        cmocka_unit_test(requests_verify_with_openssl_and_ask_for_code_signing),
        cmocka_unit_test(requests_need_a_common_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
