/* Who may sign: one negative test for each rule about certificates. Every chain here signs real content correctly; only
 * the certificates are at fault. */
#include "pki_fixture.h"

enum { LINKS_MAX = 9 };

/* A chain of OpenSSL-made certificates, root first, keys of their own. */
typedef struct {
    size_t count;
    cert_plan plan[LINKS_MAX];
    software_signer *key[LINKS_MAX];
    hm_buf der[LINKS_MAX];
} test_chain;

static void chain_clear(test_chain *chain) {
    for (size_t i = 0; i < chain->count; i++) {
        software_signer_free(&chain->key[i]);
        hm_buf_clear(&chain->der[i]);
    }
}
#define CHAIN __attribute__((cleanup(chain_clear))) test_chain

static const cert_plan root_plan = {.organization = "Acme",
                                    .common_name = "root",
                                    .basic_constraints = "critical,CA:TRUE",
                                    .key_usage = "critical,keyCertSign,cRLSign"};
static const cert_plan ca_plan = {.organization = "Acme",
                                  .unit = "Pump 3",
                                  .common_name = "ca",
                                  .basic_constraints = "critical,CA:TRUE",
                                  .key_usage = "critical,keyCertSign,cRLSign"};
static const cert_plan leaf_plan = {.organization = "Acme",
                                    .unit = "Pump 3",
                                    .common_name = "leaf",
                                    .key_usage = "critical,digitalSignature",
                                    .extended_key_usage = "critical,codeSigning"};

static test_chain plan_chain(void) { return (test_chain){.count = 3, .plan = {root_plan, ca_plan, leaf_plan}}; }

static EVP_PKEY *key_of(const test_chain *chain, size_t i) { return software_signer_key(chain->key[i]); }

static void make_chain(test_chain *chain) {
    for (size_t i = 0; i < chain->count; i++) {
        size_t issuer = i ? i - 1 : 0;
        if (!chain->key[i]) chain->key[i] = software_signer_new(HM_KEY_ES256);
        cert_make(&chain->plan[i], key_of(chain, i), i ? hm_buf_bytes(&chain->der[issuer]) : HM_NO_BYTES,
                  key_of(chain, issuer), &chain->der[i]);
    }
}

/* Sign with the leaf, embedding all but the root. */
static void sign(const test_chain *chain, hm_buf *der) {
    hm_chain embedded = {0};
    uint8_t hash[HM_SHA256_LEN];
    const hm_signer *signer = software_signer_of(chain->key[chain->count - 1]);
    hm_digest content = digest_of_text(hm_scheme_digest(hm_key_scheme(signer->algorithm)), "content");
    for (size_t i = chain->count; i > 1 && embedded.count < HM_CHAIN_MAX; i--)
        embedded.cert[embedded.count++] = hm_buf_bytes(&chain->der[i - 1]);
    HM_MUST(hm_signed_build(HM_STRUCTURE_CMS, &content, &embedded, TEST_NOW, signer, der, hash));
}

static hm_err verify_with(const test_chain *chain, hm_bytes root, int64_t now, const char *product,
                          hm_verdict *verdict) {
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    HM_TRUST *trust = trust_of(root);
    hm_verify_rules rules = {.trust = trust, .now = now, .product = product};
    sign(chain, &der);
    HM_TRY(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    hm_digest content = digest_of_text(hm_signed_at(parsed, 0)->digest, "content");
    return hm_signed_verify(parsed, 0, &content, &rules, verdict);
}

static hm_err verify(const test_chain *chain) {
    hm_verdict verdict;
    return verify_with(chain, hm_buf_bytes(&chain->der[0]), TEST_NOW, NULL, &verdict);
}

static void refuses_planned(test_chain *chain, const char *because) {
    make_chain(chain);
    assert_refused(verify(chain), because);
}

static void accepts_planned(test_chain *chain) {
    make_chain(chain);
    HM_MUST(verify(chain));
}

static void accepts_a_chain_in_order(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    hm_verdict verdict;
    make_chain(&chain);
    HM_MUST(verify_with(&chain, hm_buf_bytes(&chain.der[0]), TEST_NOW, "Pump 3", &verdict));
    assert_int_equal(verdict.chain_len, 3);
    assert_false(verdict.development);
    assert_string_equal(verdict.chain[0].common_name, "leaf");
    assert_string_equal(verdict.chain[1].common_name, "ca");
    assert_string_equal(verdict.chain[2].common_name, "root");
    assert_true(verdict.chain[2].self_issued);
}

static void accepts_code_signing_among_other_purposes_and_no_key_usage(void **state) {
    (void)state;
    CHAIN several = plan_chain();
    several.plan[2].extended_key_usage = "clientAuth,codeSigning,emailProtection";
    accepts_planned(&several);
    CHAIN unlimited = plan_chain();
    unlimited.plan[2].key_usage = NULL;
    accepts_planned(&unlimited);
}

static void refuses_a_leaf_without_extended_key_usage(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    chain.plan[2].extended_key_usage = NULL;
    refuses_planned(&chain, "certificate \"leaf\" is not for code signing (no extended key usage)");
}

static void refuses_a_leaf_for_other_purposes(void **state) {
    (void)state;
    const char *const purposes[] = {"serverAuth", "critical,timeStamping", "anyExtendedKeyUsage", "1.2.3.4"};
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
        CHAIN chain = plan_chain();
        chain.plan[2].extended_key_usage = purposes[i];
        refuses_planned(&chain, "not for code signing (by its extended key usage)");
    }
}

static void refuses_a_leaf_whose_key_may_not_sign(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    chain.plan[2].key_usage = "critical,keyEncipherment";
    refuses_planned(&chain, "not for digital signatures");
}

static void refuses_a_certification_authority_that_only_certifies(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    chain.count = 2;
    refuses_planned(&chain, "not for code signing");
}

static void refuses_an_issuer_that_is_no_certification_authority(void **state) {
    (void)state;
    const char *const constraints[] = {NULL, "critical,CA:FALSE"};
    for (size_t i = 0; i < 2; i++) {
        CHAIN chain = plan_chain();
        chain.plan[1].basic_constraints = constraints[i];
        refuses_planned(&chain, "certificate \"ca\" is used as a certification authority without being one");
    }
}

static void refuses_an_issuer_without_the_extensions_of_one(void **state) {
    (void)state;
    CHAIN old = plan_chain();
    old.plan[1].version = 1;
    refuses_planned(&old, "without being one");
    CHAIN usage = plan_chain();
    usage.plan[1].key_usage = "critical,digitalSignature";
    refuses_planned(&usage, "without being one");
    CHAIN root = plan_chain();
    root.plan[0].basic_constraints = NULL;
    refuses_planned(&root, "without being one");
}

/* A publisher's own signing certificate must not become a CA. */
static void refuses_a_certificate_issued_by_a_signing_certificate(void **state) {
    (void)state;
    CHAIN chain = {.count = 4, .plan = {root_plan, ca_plan, leaf_plan, leaf_plan}};
    chain.plan[3].common_name = "forged";
    refuses_planned(&chain, "without being one");
}

static void refuses_an_issuer_for_other_purposes(void **state) {
    (void)state;
    CHAIN tls = plan_chain();
    tls.plan[1].extended_key_usage = "serverAuth,clientAuth";
    refuses_planned(&tls, "may not issue certificates for code signing");
    CHAIN code = plan_chain();
    code.plan[1].extended_key_usage = "codeSigning,timeStamping";
    accepts_planned(&code);
    CHAIN any = plan_chain();
    any.plan[1].extended_key_usage = "anyExtendedKeyUsage";
    accepts_planned(&any);
}

static void refuses_paths_longer_than_an_issuer_allows(void **state) {
    (void)state;
    CHAIN chain = {.count = 4, .plan = {root_plan, ca_plan, ca_plan, leaf_plan}};
    chain.plan[1].basic_constraints = "critical,CA:TRUE,pathlen:0";
    chain.plan[2].common_name = "ca 2";
    refuses_planned(&chain, "path length");
    CHAIN allowed = {.count = 4, .plan = {root_plan, ca_plan, ca_plan, leaf_plan}};
    allowed.plan[1].basic_constraints = "critical,CA:TRUE,pathlen:1";
    allowed.plan[2].common_name = "ca 2";
    accepts_planned(&allowed);
}

static void refuses_chains_that_are_too_long(void **state) {
    (void)state;
    CHAIN longest = {.count = HM_CHAIN_MAX};
    CHAIN too_long = {.count = HM_CHAIN_MAX + 1};
    for (size_t n = 0; n < 2; n++) {
        test_chain *chain = n ? &too_long : &longest;
        char names[LINKS_MAX][8];
        for (size_t i = 0; i < chain->count; i++) {
            snprintf(names[i], sizeof names[i], "ca %zu", i);
            chain->plan[i] = ca_plan;
            chain->plan[i].common_name = names[i];
        }
        chain->plan[0] = root_plan;
        chain->plan[chain->count - 1] = leaf_plan;
        make_chain(chain);
        if (n == 0)
            HM_MUST(verify(chain));
        else
            assert_refused(verify(chain), "too long");
    }
}

static void refuses_names_that_constraints_do_not_permit(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    chain.plan[1].name_constraints = "O=Acme\nOU=Pump 3";
    chain.plan[2].unit = "Pump 4";
    refuses_planned(&chain, "name constraints do not permit");
    CHAIN other = plan_chain();
    other.plan[1].name_constraints = "O=Acme\nOU=Pump 3";
    other.plan[2].organization = "Acme Inc";
    refuses_planned(&other, "name constraints do not permit");
    CHAIN fits = plan_chain();
    fits.plan[1].name_constraints = "O=Acme\nOU=Pump 3";
    accepts_planned(&fits);
}

static void judges_dates_at_the_time_it_is_told(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    hm_verdict verdict;
    chain.plan[2].not_before = TEST_NOW - 2 * DAY;
    chain.plan[2].not_after = TEST_NOW + 2 * DAY;
    make_chain(&chain);
    hm_bytes root = hm_buf_bytes(&chain.der[0]);
    HM_MUST(verify_with(&chain, root, TEST_NOW - 2 * DAY, NULL, &verdict));
    HM_MUST(verify_with(&chain, root, TEST_NOW + 2 * DAY - 1, NULL, &verdict));
    assert_refused(verify_with(&chain, root, TEST_NOW - 2 * DAY - 1, NULL, &verdict),
                   "certificate \"leaf\" is not valid before 2026-09-19");
    /* The signer's claim to have signed in time (TEST_NOW) does not help (P6). */
    assert_refused(verify_with(&chain, root, TEST_NOW + 2 * DAY + 1, NULL, &verdict),
                   "certificate \"leaf\" expired on 2026-09-23");
}

static void refuses_expired_and_future_issuers_and_roots(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        CHAIN expired = plan_chain();
        expired.plan[i].not_after = TEST_NOW - DAY;
        refuses_planned(&expired, i ? "certificate \"ca\" expired" : "certificate \"root\" expired");
        CHAIN future = plan_chain();
        future.plan[i].not_before = TEST_NOW + DAY;
        refuses_planned(&future, i ? "certificate \"ca\" is not valid before" : "\"root\" is not valid before");
    }
}

static void refuses_weak_digests_in_the_chain(void **state) {
    (void)state;
    /* OpenSSL does not even take an issuer for one where the digest is unknown to it. */
    static const struct {
        const char *digest, *because;
    } cases[] = {{"SHA1", "digest that is too weak"},
                 {"SHA224", "digest that is too weak"},
                 {"SHA3-256", "does not lead to a trusted root"}};
    for (size_t i = 1; i < 3; i++)
        for (size_t n = 0; n < 3; n++) {
            CHAIN chain = plan_chain();
            chain.plan[i].digest = cases[n].digest;
            refuses_planned(&chain, cases[n].because);
        }
    /* The root's signature of itself proves nothing, whatever its digest. */
    CHAIN root = plan_chain();
    root.plan[0].digest = "SHA1";
    accepts_planned(&root);
}

/* An hm_signer over any OpenSSL RSA key, however short. */
static hm_err sign_rsa(void *key, hm_scheme scheme, hm_bytes message, hm_buf *signature) {
    (void)scheme;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = (size_t)EVP_PKEY_get_size(key);
    HM_TRY(hm_buf_reserve(signature, len));
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, &signature->data[signature->len], &len, message.data, message.len), 1);
    signature->len += len;
    EVP_MD_CTX_free(context);
    return HM_OK;
}

static void refuses_short_rsa_keys(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    HM_BUF leaf = HM_BUF_EMPTY;
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    uint8_t hash[HM_SHA256_LEN], *spki = NULL;
    hm_verdict verdict;
    make_chain(&chain);
    EVP_PKEY *key = EVP_RSA_gen(1024);
    cert_make(&leaf_plan, key, hm_buf_bytes(&chain.der[1]), key_of(&chain, 1), &leaf);
    hm_chain embedded = {2, {hm_buf_bytes(&leaf), hm_buf_bytes(&chain.der[1])}};
    hm_digest content = digest_of_text(HM_SHA256, "content");
    int spki_len = i2d_PUBKEY(key, &spki);
    hm_signer signer = {sign_rsa, key, HM_KEY_RSA3072, HM_BYTES(spki, (size_t)spki_len)};
    HM_MUST(hm_signed_build(HM_STRUCTURE_CMS, &content, &embedded, TEST_NOW, &signer, &der, hash));
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    HM_TRUST *trust = trust_of(hm_buf_bytes(&chain.der[0]));
    hm_verify_rules rules = {.trust = trust, .now = TEST_NOW};
    assert_refused(hm_signed_verify(parsed, 0, &content, &rules, &verdict), "too short");
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
}

static void refuses_issuers_with_short_rsa_keys(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    HM_BUF ca = HM_BUF_EMPTY;
    HM_BUF leaf = HM_BUF_EMPTY;
    make_chain(&chain);
    EVP_PKEY *key = EVP_RSA_gen(1024);
    cert_make(&ca_plan, key, hm_buf_bytes(&chain.der[0]), key_of(&chain, 0), &ca);
    cert_make(&leaf_plan, key_of(&chain, 2), hm_buf_bytes(&ca), key, &leaf);
    chain.der[1].len = chain.der[2].len = 0;
    HM_MUST(hm_put(&chain.der[1], hm_buf_bytes(&ca)));
    HM_MUST(hm_put(&chain.der[2], hm_buf_bytes(&leaf)));
    assert_refused(verify(&chain), "has a key that is too short");
    EVP_PKEY_free(key);
}

static void refuses_a_root_that_is_not_trusted(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    CHAIN other = plan_chain();
    hm_verdict verdict;
    other.plan[0].common_name = "another root";
    make_chain(&chain);
    make_chain(&other);
    assert_refused(verify_with(&chain, hm_buf_bytes(&other.der[0]), TEST_NOW, NULL, &verdict),
                   "does not lead to a trusted root");
}

static void refuses_a_chain_forged_under_a_root_of_the_same_name(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    CHAIN forged = plan_chain();
    hm_verdict verdict;
    make_chain(&chain);
    make_chain(&forged);
    assert_refused(verify_with(&forged, hm_buf_bytes(&chain.der[0]), TEST_NOW, "Pump 3", &verdict), "certificate");
}

/* The forger sends its root along: what is embedded is not trusted for being there. */
static void refuses_a_forged_root_that_is_embedded(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    CHAIN forged = plan_chain();
    HM_BUF der = HM_BUF_EMPTY;
    BENCH bench = bench_make();
    HM_SIGNED *parsed = NULL;
    hm_verdict verdict;
    make_chain(&chain);
    make_chain(&forged);
    bench_put(&bench, "content", hm_text("content"));
    bench_put_pem(&bench, "root.pem", hm_buf_bytes(&forged.der[0]));
    bench_put_pem(&bench, "ca.pem", hm_buf_bytes(&forged.der[1]));
    bench_put_pem(&bench, "leaf.pem", hm_buf_bytes(&forged.der[2]));
    bench_put_key(&bench, "leaf.key", key_of(&forged, 2));
    bench_must(&bench, "cat root.pem >>ca.pem; openssl cms -sign -binary -in content -outform DER -out s.p7s "
                       "-certfile ca.pem -signer leaf.pem -inkey leaf.key");
    bench_get(&bench, "s.p7s", &der);
    HM_TRUST *trust = trust_of(hm_buf_bytes(&chain.der[0]));
    HM_TRUST *gullible = trust_of(hm_buf_bytes(&forged.der[0]));
    hm_verify_rules rules = {.trust = trust, .now = TEST_NOW};
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    hm_digest content = digest_of_text(HM_SHA256, "content");
    assert_int_equal(hm_signed_verify(parsed, 0, &content, &rules, &verdict).class, HM_REFUSED);
    rules.trust = gullible;
    HM_MUST(hm_signed_verify(parsed, 0, &content, &rules, &verdict));
}

static void an_intermediate_in_trust_is_no_root(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    hm_verdict verdict;
    make_chain(&chain);
    assert_refused(verify_with(&chain, hm_buf_bytes(&chain.der[1]), TEST_NOW, NULL, &verdict),
                   "does not lead to a trusted root");
    assert_refused(verify_with(&chain, hm_buf_bytes(&chain.der[2]), TEST_NOW, NULL, &verdict),
                   "does not lead to a trusted root");
}

static void refuses_another_product(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    hm_verdict verdict;
    make_chain(&chain);
    hm_bytes root = hm_buf_bytes(&chain.der[0]);
    assert_refused(verify_with(&chain, root, TEST_NOW, "Pump 4", &verdict),
                   "certificate \"leaf\" is for product \"Pump 3\", not for \"Pump 4\"");
    assert_refused(verify_with(&chain, root, TEST_NOW, "Pump", &verdict), "not for \"Pump\"");
    assert_refused(verify_with(&chain, root, TEST_NOW, "pump 3", &verdict), "not for");
    assert_refused(verify_with(&chain, root, TEST_NOW, "Pump 3 ", &verdict), "not for");
    assert_refused(verify_with(&chain, root, TEST_NOW, "", &verdict), "not for");
}

static void refuses_a_product_that_the_ca_above_does_not_carry(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    hm_verdict verdict;
    chain.plan[1].unit = "Pump 4";
    make_chain(&chain);
    assert_refused(verify_with(&chain, hm_buf_bytes(&chain.der[0]), TEST_NOW, "Pump 3", &verdict),
                   "certificate \"ca\" is for product \"Pump 4\", not for \"Pump 3\"");
    CHAIN none = plan_chain();
    none.plan[1].unit = NULL;
    make_chain(&none);
    assert_refused(verify_with(&none, hm_buf_bytes(&none.der[0]), TEST_NOW, "Pump 3", &verdict),
                   "certificate \"ca\" is not for product \"Pump 3\"");
}

static void a_root_may_not_speak_for_a_product_directly(void **state) {
    (void)state;
    CHAIN chain = {.count = 2, .plan = {root_plan, leaf_plan}};
    hm_verdict verdict;
    make_chain(&chain);
    HM_MUST(verify(&chain));
    assert_refused(verify_with(&chain, hm_buf_bytes(&chain.der[0]), TEST_NOW, "Pump 3", &verdict),
                   "certificate \"root\" is not for product");
}

static void a_name_with_two_units_is_for_no_product(void **state) {
    (void)state;
    /* An office's name constraint {O, OU=Pump 3} permits longer names that begin so, "OU=Pump 3, OU=Pump 4" too. */
    CHAIN chain = plan_chain();
    hm_verdict verdict;
    make_chain(&chain);
    X509_NAME *name = NULL;
    const unsigned char *at = chain.der[2].data;
    X509 *leaf = d2i_X509(NULL, &at, (long)chain.der[2].len);
    name = X509_get_subject_name(leaf);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8, (const unsigned char *)"Pump 4", -1, -1, 0),
                     1);
    assert_true(X509_sign(leaf, key_of(&chain, 1), EVP_sha256()) > 0);
    unsigned char *octets = NULL;
    int len = i2d_X509(leaf, &octets);
    chain.der[2].len = 0;
    HM_MUST(hm_put(&chain.der[2], HM_BYTES(octets, (size_t)len)));
    hm_bytes root = hm_buf_bytes(&chain.der[0]);
    HM_MUST(verify_with(&chain, root, TEST_NOW, NULL, &verdict));
    assert_refused(verify_with(&chain, root, TEST_NOW, "Pump 3", &verdict), "not for product");
    assert_refused(verify_with(&chain, root, TEST_NOW, "Pump 4", &verdict), "not for product");
    OPENSSL_free(octets);
    X509_free(leaf);
}

static void an_office_cannot_issue_for_the_products_of_another_ca(void **state) {
    (void)state;
    OFFICE office;
    HM_BUF leaf = HM_BUF_EMPTY;
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    uint8_t hash[HM_SHA256_LEN];
    hm_verdict verdict;
    office_make(&office, HM_KEY_ES256);
    hm_cert_request request = office_request(HM_CERT_SIGNING, office.leaf_key);
    request.subject.product = "Pump 4";
    HM_MUST(hm_cert_issue(&request, hm_buf_bytes(&office.ca), software_signer_of(office.ca_key), &leaf));
    hm_chain chain = {2, {hm_buf_bytes(&leaf), hm_buf_bytes(&office.ca)}};
    hm_digest content = digest_of_text(HM_SHA256, "content");
    HM_MUST(
        hm_signed_build(HM_STRUCTURE_CMS, &content, &chain, TEST_NOW, software_signer_of(office.leaf_key), &der, hash));
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    hm_verify_rules rules = office_rules(&office);
    assert_refused(hm_signed_verify(parsed, 0, &content, &rules, &verdict), "name constraints do not permit");
}

/* A path that was found good is not looked for again, but it is judged by the time and for the product of each
 * question. */
static void what_was_good_before_is_judged_again(void **state) {
    (void)state;
    CHAIN chain = plan_chain();
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    hm_verdict verdict;
    chain.plan[1].not_after = TEST_NOW + 2 * DAY;
    make_chain(&chain);
    sign(&chain, &der);
    HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der), &parsed));
    HM_TRUST *trust = trust_of(hm_buf_bytes(&chain.der[0]));
    HM_TRUST *stranger = trust_of(hm_buf_bytes(&chain.der[2]));
    hm_verify_rules rules = {.trust = trust, .now = TEST_NOW};
    hm_digest content = digest_of_text(HM_SHA256, "content"), other = digest_of_text(HM_SHA256, "other");
    for (size_t i = 0; i < 3; i++) {
        rules.now = TEST_NOW;
        memset(&verdict, 0, sizeof verdict);
        HM_MUST(hm_signed_verify(parsed, 0, &content, &rules, &verdict));
        assert_int_equal(verdict.chain_len, 3);
        assert_string_equal(verdict.chain[2].common_name, "root");
        assert_refused(hm_signed_verify(parsed, 0, &other, &rules, &verdict), "not what was signed");
        rules.product = "Pump 4";
        assert_refused(hm_signed_verify(parsed, 0, &content, &rules, &verdict), "not for \"Pump 4\"");
        rules.product = NULL;
        rules.now = TEST_NOW + 2 * DAY - 1;
        HM_MUST(hm_signed_verify(parsed, 0, &content, &rules, &verdict));
        rules.now = TEST_NOW + 2 * DAY;
        assert_refused(hm_signed_verify(parsed, 0, &content, &rules, &verdict), "\"ca\" expired");
        rules.now = TEST_NOW - 31 * DAY;
        assert_refused(hm_signed_verify(parsed, 0, &content, &rules, &verdict), "not valid before");
        hm_verify_rules strange = {.trust = stranger, .now = TEST_NOW};
        assert_refused(hm_signed_verify(parsed, 0, &content, &strange, &verdict), "trusted root");
    }
}

/* More paths than are kept, twice over. */
static void many_publishers_are_judged_each_by_its_own_chain(void **state) {
    (void)state;
    enum { PUBLISHERS = 20 };
    CHAIN chain = plan_chain();
    hm_buf der[PUBLISHERS] = {HM_BUF_EMPTY};
    char name[16];
    hm_verdict verdict;
    make_chain(&chain);
    HM_TRUST *trust = trust_of(hm_buf_bytes(&chain.der[0]));
    hm_verify_rules rules = {.trust = trust, .now = TEST_NOW};
    hm_digest content = digest_of_text(HM_SHA256, "content");
    for (size_t i = 0; i < PUBLISHERS; i++) {
        snprintf(name, sizeof name, "leaf %zu", i);
        chain.plan[2].common_name = name;
        chain.der[2].len = 0;
        cert_make(&chain.plan[2], key_of(&chain, 2), hm_buf_bytes(&chain.der[1]), key_of(&chain, 1), &chain.der[2]);
        sign(&chain, &der[i]);
    }
    for (size_t i = 0; i < 2 * PUBLISHERS; i++) {
        HM_SIGNED *parsed = NULL;
        snprintf(name, sizeof name, "leaf %zu", i % PUBLISHERS);
        HM_MUST(hm_signed_parse(HM_STRUCTURE_CMS, hm_buf_bytes(&der[i % PUBLISHERS]), &parsed));
        HM_MUST(hm_signed_verify(parsed, 0, &content, &rules, &verdict));
        assert_string_equal(verdict.chain[0].common_name, name);
        assert_string_equal(hm_signed_at(parsed, 0)->certificate.common_name, name);
    }
    for (size_t i = 0; i < PUBLISHERS; i++) hm_buf_clear(&der[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_a_chain_in_order),
        cmocka_unit_test(accepts_code_signing_among_other_purposes_and_no_key_usage),
        cmocka_unit_test(refuses_a_leaf_without_extended_key_usage),
        cmocka_unit_test(refuses_a_leaf_for_other_purposes),
        cmocka_unit_test(refuses_a_leaf_whose_key_may_not_sign),
        cmocka_unit_test(refuses_a_certification_authority_that_only_certifies),
        cmocka_unit_test(refuses_an_issuer_that_is_no_certification_authority),
        cmocka_unit_test(refuses_an_issuer_without_the_extensions_of_one),
        cmocka_unit_test(refuses_a_certificate_issued_by_a_signing_certificate),
        cmocka_unit_test(refuses_an_issuer_for_other_purposes),
        cmocka_unit_test(refuses_paths_longer_than_an_issuer_allows),
        cmocka_unit_test(refuses_chains_that_are_too_long),
        cmocka_unit_test(refuses_names_that_constraints_do_not_permit),
        cmocka_unit_test(judges_dates_at_the_time_it_is_told),
        cmocka_unit_test(refuses_expired_and_future_issuers_and_roots),
        cmocka_unit_test(refuses_weak_digests_in_the_chain),
        cmocka_unit_test(refuses_short_rsa_keys),
        cmocka_unit_test(refuses_issuers_with_short_rsa_keys),
        cmocka_unit_test(refuses_a_root_that_is_not_trusted),
        cmocka_unit_test(refuses_a_chain_forged_under_a_root_of_the_same_name),
        cmocka_unit_test(refuses_a_forged_root_that_is_embedded),
        cmocka_unit_test(an_intermediate_in_trust_is_no_root),
        cmocka_unit_test(refuses_another_product),
        cmocka_unit_test(refuses_a_product_that_the_ca_above_does_not_carry),
        cmocka_unit_test(a_root_may_not_speak_for_a_product_directly),
        cmocka_unit_test(a_name_with_two_units_is_for_no_product),
        cmocka_unit_test(an_office_cannot_issue_for_the_products_of_another_ca),
        cmocka_unit_test(what_was_good_before_is_judged_again),
        cmocka_unit_test(many_publishers_are_judged_each_by_its_own_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
