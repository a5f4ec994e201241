/* Detached CMS, both directions: openssl accepts what we build, we accept what openssl makes, and both refuse the same.
 */
#include "pki_fixture.h"

static const char content_text[] = "firmware 1.2.3\n";

static void build(const test_office *office, hm_buf *der, uint8_t hash[static HM_SHA256_LEN]) {
    const hm_signer *signer = software_signer_of(office->leaf_key);
    hm_digest content = digest_of_text(hm_scheme_digest(hm_key_scheme(signer->algorithm)), content_text);
    HM_MUST(hm_signed_build(HM_STRUCTURE_CMS, &content, &office->chain, TEST_NOW, signer, der, hash));
}

static hm_err verify_text(hm_bytes der, const hm_verify_rules *rules, const char *text, hm_verdict *verdict) {
    HM_SIGNED *parsed = NULL;
    HM_TRY(hm_signed_parse(HM_STRUCTURE_CMS, der, &parsed));
    const hm_signer_info *info = hm_signed_at(parsed, 0);
    hm_digest content = digest_of_text(info->known ? info->digest : HM_SHA256, text);
    return hm_signed_verify(parsed, 0, &content, rules, verdict);
}

static void verifies_what_it_builds_for_every_key_algorithm(void **state) {
    (void)state;
    for (hm_key_algorithm algorithm = HM_KEY_ES256; algorithm <= HM_KEY_ED25519; algorithm++) {
        OFFICE office;
        HM_BUF der = HM_BUF_EMPTY;
        uint8_t hash[HM_SHA256_LEN];
        hm_verdict verdict;
        office_make(&office, algorithm);
        build(&office, &der, hash);
        hm_verify_rules rules = office_rules(&office);
        rules.product = "Pump 3";
        HM_MUST(verify_text(hm_buf_bytes(&der), &rules, content_text, &verdict));
        assert_int_equal(verdict.chain_len, 3);
        assert_string_equal(verdict.chain[0].common_name, "Acme Pump 3 signing");
        assert_string_equal(verdict.chain[2].common_name, "Acme root");
        assert_true(verdict.development);
        assert_refused(verify_text(hm_buf_bytes(&der), &rules, "firmware 1.2.4\n", &verdict), "not what was signed");
    }
}

static void covers_its_content_whoever_is_trusted_and_no_other(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    uint8_t hash[HM_SHA256_LEN];
    office_make(&office, HM_KEY_ES256);
    build(&office, &der, hash);
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    hm_digest content = digest_of_text(HM_SHA256, content_text), other = digest_of_text(HM_SHA256, "firmware 1.2.4\n"),
              wide = digest_of_text(HM_SHA384, content_text);
    HM_MUST(hm_signed_covers(parsed, 0, &content));
    assert_refused(hm_signed_covers(parsed, 0, &other), "not what was signed");
    assert_true(hm_failed(hm_signed_covers(parsed, 0, &wide)));
    assert_true(hm_failed(hm_signed_covers(parsed, 1, &content)));
    hm_signed_free(&parsed);
    /* The last octets of the structure are the signature's. */
    der.data[der.len - 1] ^= 1;
    if (hm_failed(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed))) return;
    assert_true(hm_failed(hm_signed_covers(parsed, 0, &content)));
}

static void openssl_accepts_what_it_builds_and_refuses_other_content(void **state) {
    (void)state;
    /* openssl cms 3.0 does not do Ed25519. */
    for (hm_key_algorithm algorithm = HM_KEY_ES256; algorithm < HM_KEY_ED25519; algorithm++) {
        BENCH bench = bench_make();
        OFFICE office;
        HM_BUF der = HM_BUF_EMPTY;
        uint8_t hash[HM_SHA256_LEN];
        office_make(&office, algorithm);
        build(&office, &der, hash);
        bench_put(&bench, "content", hm_text(content_text));
        bench_put(&bench, "s.p7s", hm_buf_bytes(&der));
        bench_put_pem(&bench, "root.pem", hm_buf_bytes(&office.root));
        bench_must(&bench,
                   "openssl cms -verify -cades -purpose any -binary -inform DER -in s.p7s -content content "
                   "-CAfile root.pem -attime %d -out verified && cmp verified content",
                   TEST_NOW);
        bench_put(&bench, "content", hm_text("firmware 1.2.4\n"));
        assert_int_not_equal(bench_run(&bench,
                                       "openssl cms -verify -purpose any -binary -inform DER -in s.p7s "
                                       "-content content -CAfile root.pem -attime %d -out verified",
                                       TEST_NOW),
                             0);
    }
}

static void openssl_reads_and_writes_again_the_same_bytes(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    office_make(&office, HM_KEY_ES256);
    build(&office, &der, hash);
    bench_put(&bench, "s.p7s", hm_buf_bytes(&der));
    bench_must(&bench, "openssl cms -cmsout -inform DER -in s.p7s -outform DER -out again && cmp s.p7s again");
}

static void describes_the_signer_it_built(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    uint8_t hash[HM_SHA256_LEN];
    office_make(&office, HM_KEY_ES384);
    build(&office, &der, hash);
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    assert_int_equal(hm_signed_count(parsed), 1);
    const hm_signer_info *info = hm_signed_at(parsed, 0);
    assert_true(info->known);
    assert_int_equal(info->digest, HM_SHA384);
    assert_int_equal(info->scheme, HM_SCHEME_ECDSA_SHA384);
    assert_memory_equal(info->signature_hash, hash, sizeof hash);
    assert_true(info->has_signing_time);
    assert_int_equal(info->signing_time, TEST_NOW);
    assert_false(info->has_timestamp);
    assert_true(info->has_certificate);
    assert_string_equal(info->certificate.product, "Pump 3");
    assert_string_equal(info->certificate.key, "ECDSA P-384");
    assert_null(hm_signed_at(parsed, 1));
}

static void embeds_the_chain_without_its_root(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF with_root = HM_BUF_EMPTY;
    HM_BUF without = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    office_make(&office, HM_KEY_ES256);
    build(&office, &without, hash);
    office.chain.cert[office.chain.count++] = hm_buf_bytes(&office.root);
    build(&office, &with_root, hash);
    assert_in_range(with_root.len, without.len - 4, without.len + 4); /* ECDSA signatures vary in length */
    assert_null(memmem(with_root.data, with_root.len, office.root.data, office.root.len));
    assert_non_null(memmem(with_root.data, with_root.len, office.ca.data, office.ca.len));
}

static void a_self_signed_certificate_alone_is_embedded(void **state) {
    (void)state;
    SOFTWARE_SIGNER *key = software_signer_new(HM_KEY_ES256);
    HM_BUF leaf = HM_BUF_EMPTY;
    HM_BUF der = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    hm_verdict verdict;
    cert_plan plan = {.common_name = "alone", .key_usage = "digitalSignature", .extended_key_usage = "codeSigning"};
    cert_make(&plan, software_signer_key(key), HM_NO_BYTES, software_signer_key(key), &leaf);
    hm_chain chain = {1, {hm_buf_bytes(&leaf)}};
    hm_digest content = digest_of_text(HM_SHA256, content_text);
    HM_MUST(hm_signed_build(HM_STRUCTURE_CMS, &content, &chain, TEST_NOW, software_signer_of(key), &der, hash));
    HM_TRUST *trust = trust_of(hm_buf_bytes(&leaf));
    hm_verify_rules rules = {.trust = trust, .now = TEST_NOW};
    HM_MUST(verify_text(hm_buf_bytes(&der), &rules, content_text, &verdict));
    assert_int_equal(verdict.chain_len, 1);
    rules.product = "Pump 3";
    assert_refused(verify_text(hm_buf_bytes(&der), &rules, content_text, &verdict), "not for product");
}

static hm_err build_with(const test_office *office, const hm_digest *content, const hm_signer *signer,
                         const hm_chain *chain) {
    HM_BUF der = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    (void)office;
    hm_err err = hm_signed_build(HM_STRUCTURE_CMS, content, chain, TEST_NOW, signer, &der, hash);
    assert_int_equal(der.len, 0);
    return err;
}

static void refuses_to_build_what_would_not_verify(void **state) {
    (void)state;
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    const hm_signer *signer = software_signer_of(office.leaf_key);
    hm_digest right = digest_of_text(HM_SHA256, content_text), wrong = digest_of_text(HM_SHA384, content_text);
    assert_fault(build_with(&office, &wrong, signer, &office.chain), HM_MISUSED, "digest");
    wrong = right;
    wrong.len = 20;
    assert_fault(build_with(&office, &wrong, signer, &office.chain), HM_MISUSED, "digest");
    assert_refused(build_with(&office, &right, software_signer_of(office.ca_key), &office.chain), "signing key");
    assert_fault(build_with(&office, &right, signer, &(hm_chain){0}), HM_MISUSED, "1 to 8");
    assert_fault(build_with(&office, &right, signer, &(hm_chain){.count = 9}), HM_MISUSED, "1 to 8");
    hm_chain damaged = office.chain;
    damaged.cert[1].len--;
    assert_refused(build_with(&office, &right, signer, &damaged), "early");
}

static hm_err empty_signature(void *key, hm_scheme scheme, hm_bytes message, hm_buf *signature) {
    (void)key, (void)scheme, (void)message, (void)signature;
    return HM_OK;
}

static void refuses_an_empty_signature_from_the_token(void **state) {
    (void)state;
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    hm_signer signer = *software_signer_of(office.leaf_key);
    signer.sign = empty_signature;
    hm_digest content = digest_of_text(HM_SHA256, content_text);
    assert_fault(build_with(&office, &content, &signer, &office.chain), HM_COULD_NOT, "empty signature");
}

/* A bench with content, leaf.pem, leaf.key, ca.pem and root.pem for `openssl cms -sign`. */
static void put_office(const test_bench *bench, const test_office *office) {
    bench_put(bench, "content", hm_text(content_text));
    bench_put_pem(bench, "leaf.pem", hm_buf_bytes(&office->leaf));
    bench_put_pem(bench, "ca.pem", hm_buf_bytes(&office->ca));
    bench_put_pem(bench, "root.pem", hm_buf_bytes(&office->root));
    bench_put_key(bench, "leaf.key", software_signer_key(office->leaf_key));
}

/* Root and leaf that carry no policy of an office, so that signatures without attributes are taken from them. */
static void make_plain(test_office *made, hm_key_algorithm algorithm) {
    *made = (test_office){.root_key = software_signer_new(HM_KEY_ES256),
                          .ca_key = software_signer_new(HM_KEY_ES256),
                          .leaf_key = software_signer_new(algorithm)};
    cert_plan root = {
        .common_name = "root", .basic_constraints = "critical,CA:TRUE", .key_usage = "critical,keyCertSign"};
    cert_plan leaf = {
        .common_name = "leaf", .key_usage = "critical,digitalSignature", .extended_key_usage = "critical,codeSigning"};
    EVP_PKEY *root_key = software_signer_key(made->root_key), *ca_key = software_signer_key(made->ca_key);
    /* Names of their own: OpenSSL tells issuers of the same name apart by key identifiers only, which these lack. */
    root.organization = leaf.organization = hm_key_algorithm_name(algorithm);
    cert_make(&root, root_key, HM_NO_BYTES, root_key, &made->root);
    root.common_name = "intermediate";
    cert_make(&root, ca_key, hm_buf_bytes(&made->root), root_key, &made->ca);
    cert_make(&leaf, software_signer_key(made->leaf_key), hm_buf_bytes(&made->ca), ca_key, &made->leaf);
    made->trust = trust_of(hm_buf_bytes(&made->root));
    made->chain = (hm_chain){2, {hm_buf_bytes(&made->leaf), hm_buf_bytes(&made->ca)}};
}

#define SIGN "openssl cms -sign -binary -in content -outform DER -out s.p7s -certfile ca.pem "
#define BY_LEAF "-signer leaf.pem -inkey leaf.key "

static const struct {
    const char *options;
    hm_scheme rsa, ec; /* 0: not for this key */
} variants[] = {
    {"", HM_SCHEME_RSA_SHA256, HM_SCHEME_ECDSA_SHA256},
    {"-md sha256 -noattr", HM_SCHEME_RSA_SHA256, HM_SCHEME_ECDSA_SHA256},
    {"-md sha384", HM_SCHEME_RSA_SHA384, HM_SCHEME_ECDSA_SHA384},
    {"-md sha512", HM_SCHEME_RSA_SHA512, HM_SCHEME_ECDSA_SHA512},
    {"-md sha512 -noattr", HM_SCHEME_RSA_SHA512, HM_SCHEME_ECDSA_SHA512},
    {"-keyid", HM_SCHEME_RSA_SHA256, HM_SCHEME_ECDSA_SHA256},
    {"-keyid -noattr", HM_SCHEME_RSA_SHA256, HM_SCHEME_ECDSA_SHA256},
    {"-cades", HM_SCHEME_RSA_SHA256, HM_SCHEME_ECDSA_SHA256},
    {"-nosmimecap", HM_SCHEME_RSA_SHA256, HM_SCHEME_ECDSA_SHA256},
    {"-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:32", HM_SCHEME_RSA_PSS_SHA256, 0},
    {"-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:32 -noattr", HM_SCHEME_RSA_PSS_SHA256, 0},
};

static void verify_variants(hm_key_algorithm algorithm) {
    BENCH bench = bench_make();
    OFFICE office;
    make_plain(&office, algorithm);
    put_office(&bench, &office);
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        hm_scheme scheme = algorithm == HM_KEY_RSA3072 ? variants[i].rsa : variants[i].ec;
        if (!scheme) continue;
        HM_BUF der = HM_BUF_EMPTY;
        HM_SIGNED *parsed = NULL;
        hm_verdict verdict;
        bench_must(&bench, SIGN BY_LEAF "%s", variants[i].options);
        bench_get(&bench, "s.p7s", &der);
        hm_verify_rules rules = office_rules(&office);
        HM_MUST(hm_in(verify_text(hm_buf_bytes(&der), &rules, content_text, &verdict), "%s", variants[i].options));
        assert_int_equal(verdict.chain_len, 3);
        assert_int_equal(verify_text(hm_buf_bytes(&der), &rules, "other", &verdict).class, HM_REFUSED);
        HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
        assert_int_equal(hm_signed_at(parsed, 0)->scheme, scheme);
    }
}

static void verifies_what_openssl_signs_with_rsa(void **state) {
    (void)state;
    verify_variants(HM_KEY_RSA3072);
}

static void verifies_what_openssl_signs_with_ecdsa(void **state) {
    (void)state;
    verify_variants(HM_KEY_ES256);
}

/* Sign as OPTIONS say, and verify. */
static hm_err verify_openssl(const test_bench *bench, const hm_verify_rules *rules, const char *options) {
    HM_BUF der = HM_BUF_EMPTY;
    hm_verdict verdict;
    bench_must(bench, "%s", options);
    bench_get(bench, "s.p7s", &der);
    return verify_text(hm_buf_bytes(&der), rules, content_text, &verdict);
}

static void weak_and_unknown_algorithms_are_named(void **state) {
    (void)state;
    static const struct {
        const char *options, *because;
    } cases[] = {{"-md sha1", "SHA-1 is too weak"},
                 {"-md md5", "MD5 is too weak"},
                 {"-md sha1 -noattr", "SHA-1 is too weak"},
                 {"-md sha224", "digest algorithm 2.16.840.1.101.3.4.2.4 is not known"},
                 {"-md sha3-256", "digest algorithm 2.16.840.1.101.3.4.2.8 is not known"},
                 {"-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20", "RSA-PSS parameters"},
                 {"-md sha384 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:48", "RSA-PSS parameters"}};
    BENCH bench = bench_make();
    OFFICE office;
    make_plain(&office, HM_KEY_RSA3072);
    put_office(&bench, &office);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char command[256];
        hm_verify_rules rules = office_rules(&office);
        snprintf(command, sizeof command, SIGN BY_LEAF "%s", cases[i].options);
        assert_refused(verify_openssl(&bench, &rules, command), cases[i].because);
    }
}

static void verifies_each_of_several_signers_alone(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE first;
    OFFICE second;
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    hm_verdict verdict;
    make_plain(&first, HM_KEY_ES256);
    make_plain(&second, HM_KEY_RSA3072);
    put_office(&bench, &second);
    bench_must(&bench, "mv leaf.pem second.pem; mv leaf.key second.key; mv ca.pem second-ca.pem");
    put_office(&bench, &first);
    bench_must(&bench, "cat second-ca.pem >>ca.pem; " SIGN BY_LEAF "-signer second.pem -inkey second.key -md sha512");
    bench_get(&bench, "s.p7s", &der);
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    assert_int_equal(hm_signed_count(parsed), 2);
    hm_digest content = digest_of_text(HM_SHA512, content_text);
    size_t good = 0;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(hm_signed_at(parsed, i)->digest, HM_SHA512);
        hm_verify_rules rules = office_rules(&first), other = office_rules(&second);
        hm_err by_first = hm_signed_verify(parsed, i, &content, &rules, &verdict);
        hm_err by_second = hm_signed_verify(parsed, i, &content, &other, &verdict);
        assert_int_not_equal(hm_failed(by_first), hm_failed(by_second));
        good += !hm_failed(by_first);
    }
    assert_int_equal(good, 1);
    hm_verify_rules rules = office_rules(&first);
    assert_fault(hm_signed_verify(parsed, 2, &content, &rules, &verdict), HM_MISUSED, "no signature 3");
}

static void refuses_a_signature_without_its_certificate_unless_that_is_trusted(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    make_plain(&office, HM_KEY_ES256);
    put_office(&bench, &office);
    for (size_t i = 0; i < 2; i++) {
        const char *options = i ? SIGN BY_LEAF "-nocerts -keyid" : SIGN BY_LEAF "-nocerts";
        hm_verify_rules rules = office_rules(&office);
        assert_refused(verify_openssl(&bench, &rules, options), "nor among those that are trusted");
        HM_BUF pem = HM_BUF_EMPTY;
        HM_TRUST *trust = NULL;
        HM_MUST(hm_pem_put(&pem, "CERTIFICATE", hm_buf_bytes(&office.root)));
        HM_MUST(hm_pem_put(&pem, "CERTIFICATE", hm_buf_bytes(&office.ca)));
        HM_MUST(hm_pem_put(&pem, "CERTIFICATE", hm_buf_bytes(&office.leaf)));
        HM_MUST(hm_trust_from_pem(hm_buf_bytes(&pem), &trust));
        rules.trust = trust;
        HM_MUST(verify_openssl(&bench, &rules, options));
    }
}

static void refuses_content_inside_and_other_structures(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    put_office(&bench, &office);
    hm_verify_rules rules = office_rules(&office);
    assert_refused(verify_openssl(&bench, &rules, SIGN BY_LEAF "-nodetach"), "content inside");
    assert_refused(verify_openssl(&bench, &rules, SIGN BY_LEAF "-econtent_type 1.2.3.4"), "plain data");
    assert_refused(verify_openssl(&bench, &rules, SIGN BY_LEAF "-econtent_type 1.2.3.4 -nodetach"), "plain data");
    assert_refused(verify_openssl(&bench, &rules, "openssl cms -data_create -in content -outform DER -out s.p7s"),
                   "not SignedData");
    assert_refused(verify_openssl(&bench, &rules, "openssl cms -digest_create -in content -outform DER -out s.p7s"),
                   "not SignedData");
    assert_refused(
        verify_openssl(&bench, &rules, "openssl crl2pkcs7 -nocrl -certfile leaf.pem -outform DER -out s.p7s"),
        "it holds no signature");
    assert_refused(verify_openssl(&bench, &rules, "cp root.pem s.p7s"), "ContentInfo");
    assert_refused(verify_openssl(&bench, &rules, ": >s.p7s"), "ContentInfo");
}

static void refuses_indefinite_lengths(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    put_office(&bench, &office);
    hm_verify_rules rules = office_rules(&office);
    assert_refused(verify_openssl(&bench, &rules, SIGN BY_LEAF "-stream"), "indefinite");
}

/* The key signs attributes and bare content alike: the attributes of one signature, taken out as a file, are "signed"
 * by a second structure without attributes. Certificates of an office never sign so. */
static void refuses_attributes_cut_loose_and_passed_off_as_content(void **state) {
    (void)state;
    BENCH bench = bench_make();
    OFFICE office;
    office_make(&office, HM_KEY_ES256);
    put_office(&bench, &office);
    hm_verify_rules rules = office_rules(&office);
    HM_MUST(verify_openssl(&bench, &rules, SIGN BY_LEAF));
    assert_refused(verify_openssl(&bench, &rules, SIGN BY_LEAF "-noattr"), "were taken away");
}

static void refuses_a_digest_of_another_algorithm_than_the_signature_names(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    uint8_t hash[HM_SHA256_LEN];
    hm_verdict verdict;
    office_make(&office, HM_KEY_ES256);
    build(&office, &der, hash);
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    hm_verify_rules rules = office_rules(&office);
    hm_digest content = digest_of_text(HM_SHA512, content_text);
    assert_fault(hm_signed_verify(parsed, 0, &content, &rules, &verdict), HM_MISUSED, "algorithm");
    content = digest_of_text(HM_SHA256, content_text);
    content.len = 0;
    assert_fault(hm_signed_verify(parsed, 0, &content, &rules, &verdict), HM_MISUSED, "algorithm");
}

static void the_structure_may_be_freed_by_its_owner_before_the_parsed_one(void **state) {
    (void)state;
    OFFICE office;
    hm_buf der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    uint8_t hash[HM_SHA256_LEN];
    hm_verdict verdict;
    office_make(&office, HM_KEY_ES256);
    build(&office, &der, hash);
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    memset(der.data, 0, der.len);
    hm_buf_clear(&der);
    hm_verify_rules rules = office_rules(&office);
    hm_digest content = digest_of_text(HM_SHA256, content_text);
    HM_MUST(hm_signed_verify(parsed, 0, &content, &rules, &verdict));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_what_it_builds_for_every_key_algorithm),
        cmocka_unit_test(covers_its_content_whoever_is_trusted_and_no_other),
        cmocka_unit_test(openssl_accepts_what_it_builds_and_refuses_other_content),
        cmocka_unit_test(openssl_reads_and_writes_again_the_same_bytes),
        cmocka_unit_test(describes_the_signer_it_built),
        cmocka_unit_test(embeds_the_chain_without_its_root),
        cmocka_unit_test(a_self_signed_certificate_alone_is_embedded),
        cmocka_unit_test(refuses_to_build_what_would_not_verify),
        cmocka_unit_test(refuses_an_empty_signature_from_the_token),
        cmocka_unit_test(verifies_what_openssl_signs_with_rsa),
        cmocka_unit_test(verifies_what_openssl_signs_with_ecdsa),
        cmocka_unit_test(weak_and_unknown_algorithms_are_named),
        cmocka_unit_test(verifies_each_of_several_signers_alone),
        cmocka_unit_test(refuses_a_signature_without_its_certificate_unless_that_is_trusted),
        cmocka_unit_test(refuses_content_inside_and_other_structures),
        cmocka_unit_test(refuses_indefinite_lengths),
        cmocka_unit_test(refuses_attributes_cut_loose_and_passed_off_as_content),
        cmocka_unit_test(refuses_a_digest_of_another_algorithm_than_the_signature_names),
        cmocka_unit_test(the_structure_may_be_freed_by_its_owner_before_the_parsed_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
