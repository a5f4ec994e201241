/* Keys and certificates: chains that are brought in, requests, and tokens that fail half-way. */
#include "office_fixture.h"

#include "../software_signer.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

enum { DAY = 86400 };

/* A public CA: its root, and a CA below that issues certificates for code signing. */
typedef struct {
    software_signer *root_key, *ca_key;
    hm_buf root, ca;
} public_ca;

static void public_ca_clear(public_ca *p) {
    software_signer_free(&p->root_key);
    software_signer_free(&p->ca_key);
    hm_buf_clear(&p->root);
    hm_buf_clear(&p->ca);
}
#define PUBLIC_CA __attribute__((cleanup(public_ca_clear))) public_ca

static hm_cert_request request_of(hm_cert_profile profile, const char *name, hm_bytes spki) {
    return (hm_cert_request){
        .profile = profile,
        .subject = {"Public CA", profile == HM_CERT_ROOT ? NULL : "pump", name},
        .spki = spki,
        .not_before = time(NULL) - DAY,
        .not_after = time(NULL) + DAY,
    };
}

static void public_ca_make(public_ca *p) {
    *p = (public_ca){software_signer_new(HM_KEY_ES256), software_signer_new(HM_KEY_ES256), HM_BUF_EMPTY, HM_BUF_EMPTY};
    const hm_signer *root = software_signer_of(p->root_key), *ca = software_signer_of(p->ca_key);
    hm_cert_request of_root = request_of(HM_CERT_ROOT, "root", root->spki),
                    of_ca = request_of(HM_CERT_PRODUCT_CA, "CA", ca->spki);
    WORKS(hm_cert_issue(&of_root, HM_NO_BYTES, root, &p->root));
    WORKS(hm_cert_issue(&of_ca, hm_buf_bytes(&p->root), root, &p->ca));
}

static void issue(const public_ca *p, const hm_cert_request *request, hm_buf *der) {
    WORKS(hm_cert_issue(request, hm_buf_bytes(&p->ca), software_signer_of(p->ca_key), der));
}

/* A certificate for SPKI and the CA's behind it. */
static void good_chain(const public_ca *p, hm_bytes spki, hm_buf *der) {
    hm_cert_request request = request_of(HM_CERT_SIGNING, "leaf", spki);
    issue(p, &request, der);
    WORKS(hm_put(der, hm_buf_bytes(&p->ca)));
}

typedef struct {
    size_t count;
    bool imported;
    uint8_t token_id[16];
    hm_buf spki, certificate;
} signing_keys;

static void signing_keys_clear(signing_keys *keys) {
    hm_buf_clear(&keys->spki);
    hm_buf_clear(&keys->certificate);
}
#define SIGNING_KEYS __attribute__((cleanup(signing_keys_clear))) signing_keys

/* What key-list says of PRODUCT's signing keys of ALGORITHM, in a session of its own or the present one. */
static void list_keys(office *o, const char *product, hm_key_algorithm algorithm, signing_keys *keys) {
    hm_message question = {.type = HM_MSG_KEY_LIST}, answer;
    question.field[HM_KEY_LIST_PRODUCT].bytes = hm_text(product);
    keys->count = keys->spki.len = keys->certificate.len = 0;
    for (answer = ask(o, &question); answer.type == HM_MSG_KEY; answer = hear(o)) {
        if (answer.field[HM_KEY_ROLE].number != HM_KEY_ROLE_SIGNING) continue;
        if (answer.field[HM_KEY_ALGORITHM].number != algorithm) continue;
        keys->count++;
        keys->imported = answer.field[HM_KEY_MARKS].number & HM_KEY_CHAIN_IMPORTED;
        memcpy(keys->token_id, answer.field[HM_KEY_TOKEN_ID].bytes.data, sizeof keys->token_id);
        WORKS(hm_put(&keys->spki, answer.field[HM_KEY_SPKI].bytes));
        WORKS(hm_put(&keys->certificate, answer.field[HM_KEY_CERTIFICATE].bytes));
    }
    assert_int_equal(answer.type, HM_MSG_DONE);
}

static hm_message import_message(const char *product, hm_key_algorithm algorithm, hm_bytes chain) {
    hm_message message = product_message(HM_MSG_CERT_IMPORT, product, algorithm);
    message.field[HM_CERT_IMPORT_CHAIN].bytes = chain;
    return message;
}

/* An office with pump's ES256 key, and a CA that knows nothing of it. */
typedef struct {
    office o;
    public_ca ca;
    signing_keys key;
} import_case;

static void import_clear(import_case *c) {
    office_clear(&c->o);
    public_ca_clear(&c->ca);
    signing_keys_clear(&c->key);
}
#define IMPORT __attribute__((cleanup(import_clear))) import_case

static void import_make(import_case *c) {
    memset(c, 0, sizeof *c);
    office_copy(&c->o);
    office_connect(&c->o);
    public_ca_make(&c->ca);
    list_keys(&c->o, "pump", HM_KEY_ES256, &c->key);
    assert_int_equal(c->key.count, 1);
}

/* CHAIN is refused with WORDS, that is on record, and everything else is as it was. */
static void expect_not_imported(import_case *c, const char *words, hm_bytes chain) {
    SIGNING_KEYS after = {0};
    uint64_t entries = entries_in(&c->o);
    hm_message question = import_message("pump", HM_KEY_ES256, chain);
    office_disconnect(&c->o); /* a session bears few refusals */
    office_connect(&c->o);
    expect_fault(&c->o, HM_REFUSED, words, &question);
    list_keys(&c->o, "pump", HM_KEY_ES256, &after);
    assert_false(after.imported);
    assert_true(hm_bytes_equal(hm_buf_bytes(&after.certificate), hm_buf_bytes(&c->key.certificate)));
    expect_refusals(&c->o, entries, 1);
}

static void brings_in_no_garbage(void **state) {
    (void)state;
    IMPORT c;
    HM_BUF chain = HM_BUF_EMPTY, longer = HM_BUF_EMPTY;
    import_make(&c);
    expect_not_imported(&c, "", LITERAL("x"));
    expect_not_imported(&c, "", LITERAL("-----BEGIN CERTIFICATE-----"));
    expect_not_imported(&c, "", LITERAL("\x30\x00"));
    expect_not_imported(&c, "", LITERAL("\x30\x80\x00\x00"));
    expect_not_imported(&c, "", LITERAL("\x30\x84\xff\xff\xff\xff"));
    good_chain(&c.ca, hm_buf_bytes(&c.key.spki), &chain);
    for (size_t len = 1; len < chain.len; len += 37) {
        /* The leaf alone is a chain. */
        if (len != chain.len - c.ca.ca.len) expect_not_imported(&c, "", HM_BYTES(chain.data, len));
    }
    WORKS(hm_put(&longer, hm_buf_bytes(&chain)));
    WORKS(hm_put_u8(&longer, 0));
    expect_not_imported(&c, "", hm_buf_bytes(&longer));
}

static void brings_in_no_certificate_of_another_key(void **state) {
    (void)state;
    IMPORT c;
    SOFTWARE_SIGNER *other = software_signer_new(HM_KEY_ES256);
    SIGNING_KEYS valve = {0};
    HM_BUF chain = HM_BUF_EMPTY, of_valve = HM_BUF_EMPTY;
    import_make(&c);
    good_chain(&c.ca, software_signer_of(other)->spki, &chain);
    expect_not_imported(&c, "is not for this key", hm_buf_bytes(&chain));
    list_keys(&c.o, "valve", HM_KEY_RSA3072, &valve);
    good_chain(&c.ca, hm_buf_bytes(&valve.spki), &of_valve);
    expect_not_imported(&c, "is not for this key", hm_buf_bytes(&of_valve));
}

static void brings_in_no_certificate_that_is_not_valid_now(void **state) {
    (void)state;
    IMPORT c;
    HM_BUF expired = HM_BUF_EMPTY, early = HM_BUF_EMPTY;
    import_make(&c);
    hm_cert_request request = request_of(HM_CERT_SIGNING, "leaf", hm_buf_bytes(&c.key.spki));
    request.not_after = time(NULL) - 60;
    issue(&c.ca, &request, &expired);
    WORKS(hm_put(&expired, hm_buf_bytes(&c.ca.ca)));
    expect_not_imported(&c, "expired on", hm_buf_bytes(&expired));
    request.not_before = time(NULL) + DAY / 2;
    request.not_after = time(NULL) + DAY;
    issue(&c.ca, &request, &early);
    WORKS(hm_put(&early, hm_buf_bytes(&c.ca.ca)));
    expect_not_imported(&c, "is not valid before", hm_buf_bytes(&early));
}

static void brings_in_no_certificate_that_is_not_for_code_signing(void **state) {
    (void)state;
    IMPORT c;
    HM_BUF chain = HM_BUF_EMPTY;
    import_make(&c);
    hm_cert_request request = request_of(HM_CERT_PRODUCT_CA, "leaf", hm_buf_bytes(&c.key.spki));
    WORKS(hm_cert_issue(&request, hm_buf_bytes(&c.ca.root), software_signer_of(c.ca.root_key), &chain));
    WORKS(hm_put(&chain, hm_buf_bytes(&c.ca.root)));
    expect_not_imported(&c, "not for digital signatures", hm_buf_bytes(&chain));
}

static void brings_in_nothing_that_the_office_has_issued(void **state) {
    (void)state;
    IMPORT c;
    import_make(&c);
    expect_not_imported(&c, "this office has issued it", hm_buf_bytes(&c.key.certificate));
}

static void brings_in_no_chain_whose_order_or_links_are_wrong(void **state) {
    (void)state;
    IMPORT c;
    PUBLIC_CA other;
    HM_BUF leaf = HM_BUF_EMPTY, reversed = HM_BUF_EMPTY, strange = HM_BUF_EMPTY, gap = HM_BUF_EMPTY,
           many = HM_BUF_EMPTY;
    import_make(&c);
    public_ca_make(&other);
    hm_cert_request request = request_of(HM_CERT_SIGNING, "leaf", hm_buf_bytes(&c.key.spki));
    issue(&c.ca, &request, &leaf);
    WORKS(hm_put(&reversed, hm_buf_bytes(&c.ca.ca)));
    WORKS(hm_put(&reversed, hm_buf_bytes(&leaf)));
    expect_not_imported(&c, "is not for this key", hm_buf_bytes(&reversed));
    /* The CA's name, but another's key. */
    WORKS(hm_put(&strange, hm_buf_bytes(&leaf)));
    WORKS(hm_put(&strange, hm_buf_bytes(&other.ca)));
    expect_not_imported(&c, "certificate", hm_buf_bytes(&strange));
    /* The certificate between is missing. */
    WORKS(hm_put(&gap, hm_buf_bytes(&leaf)));
    WORKS(hm_put(&gap, hm_buf_bytes(&c.ca.root)));
    expect_not_imported(&c, "certificate", hm_buf_bytes(&gap));
    WORKS(hm_put(&many, hm_buf_bytes(&leaf)));
    for (int i = 0; i < HM_CHAIN_MAX; i++) WORKS(hm_put(&many, hm_buf_bytes(&c.ca.ca)));
    expect_not_imported(&c, "more than 8 certificates", hm_buf_bytes(&many));
}

static void brings_nothing_in_for_a_key_that_is_not_there(void **state) {
    (void)state;
    IMPORT c;
    HM_BUF chain = HM_BUF_EMPTY;
    import_make(&c);
    good_chain(&c.ca, hm_buf_bytes(&c.key.spki), &chain);
    hm_message none = import_message("pump", HM_KEY_ED25519, hm_buf_bytes(&chain)),
               other = import_message("valve", HM_KEY_RSA3072, hm_buf_bytes(&chain)),
               foreign = import_message("valve", HM_KEY_ES256, hm_buf_bytes(&chain)),
               unknown = import_message("pomp", HM_KEY_ES256, hm_buf_bytes(&chain)),
               number = import_message("pump", 99, hm_buf_bytes(&chain));
    expect_fault(&c.o, HM_REFUSED, "no ed25519 key yet", &none);
    expect_fault(&c.o, HM_REFUSED, "is not for this key", &other);
    expect_fault(&c.o, HM_REFUSED, "valve does not sign with es256", &foreign);
    expect_fault(&c.o, HM_REFUSED, "no product pomp", &unknown);
    expect_fault(&c.o, HM_REFUSED, "no key algorithm 99", &number);
}

static void signs_with_the_certificate_that_was_brought_in(void **state) {
    (void)state;
    IMPORT c;
    ENTRY e = {0};
    SIGNING_KEYS after = {0};
    HM_BUF chain = HM_BUF_EMPTY;
    import_make(&c);
    good_chain(&c.ca, hm_buf_bytes(&c.key.spki), &chain);
    hm_message question = import_message("pump", HM_KEY_ES256, hm_buf_bytes(&chain));
    uint64_t before = entries_in(&c.o);
    assert_int_equal(ask(&c.o, &question).type, HM_MSG_DONE);
    entry_read(&c.o, before, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_CEREMONY);
    assert_true(details_hold(&e, "certificate brought in"));
    list_keys(&c.o, "pump", HM_KEY_ES256, &after);
    assert_true(after.imported);
    narrow(&c.o, 1);
    question = sign_message(1, HM_KEY_ES256, DIGEST);
    hm_message answer = ask(&c.o, &question);
    HM_SIGNED *parsed = NULL;
    WORKS(hm_signed_parse(HM_STRUCTURE_CMS, answer.field[HM_SIGNED_STRUCTURE].bytes, &parsed));
    assert_string_equal(hm_signed_at(parsed, 0)->certificate.organization, "Public CA");
}

static void a_request_is_for_the_product_s_own_key(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    SIGNING_KEYS key = {0};
    office_open(&o);
    uint64_t before = entries_in(&o);
    hm_message question = product_message(HM_MSG_CERT_REQUEST, "pump", HM_KEY_ES256), answer = ask(&o, &question);
    hm_bytes csr = answer.field[HM_BYTES_CONTENT].bytes;
    const uint8_t *at = csr.data;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)csr.len);
    assert_non_null(request);
    assert_int_equal(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
    uint8_t *spki = NULL;
    int len = i2d_PUBKEY(X509_REQ_get0_pubkey(request), &spki);
    list_keys(&o, "pump", HM_KEY_ES256, &key);
    assert_true(len > 0 && hm_bytes_equal(HM_BYTES(spki, len), hm_buf_bytes(&key.spki)));
    OPENSSL_free(spki);
    X509_REQ_free(request);
    /* P1 holds for what the office signs for itself. */
    assert_int_equal(entries_in(&o), before + 2);
    entry_read(&o, before, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_INTENT);
    assert_true(details_hold(&e, "\"purpose\":\"certificate request\""));
    entry_read(&o, before + 1, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_OUTCOME);
}

static void makes_no_key_that_its_product_does_not_sign_with(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    uint64_t before = entries_in(&o);
    hm_message generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_RSA3072),
               request = product_message(HM_MSG_CERT_REQUEST, "pump", HM_KEY_RSA3072),
               unknown = product_message(HM_MSG_CERT_REQUEST, "pump", 6),
               nobody = product_message(HM_MSG_KEY_GENERATE, "pomp", HM_KEY_ES256);
    expect_fault(&o, HM_REFUSED, "pump does not sign with rsa3072", &generate);
    expect_fault(&o, HM_REFUSED, "pump does not sign with rsa3072", &request);
    expect_fault(&o, HM_REFUSED, "no key algorithm 6", &unknown);
    expect_fault(&o, HM_REFUSED, "no product pomp", &nobody);
    expect_refusals(&o, before, 4);
}

static void a_key_is_made_once(void **state) {
    (void)state;
    OFFICE o;
    SIGNING_KEYS key = {0};
    office_open(&o);
    hm_message generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ED25519);
    ask(&o, &generate);
    uint64_t before = entries_in(&o);
    ask(&o, &generate);
    assert_int_equal(entries_in(&o), before);
    list_keys(&o, "pump", HM_KEY_ED25519, &key);
    assert_int_equal(key.count, 1);
}

static void sessions_at_once_make_one_key(void **state) {
    (void)state;
    enum { SESSIONS = 4 };
    OFFICE o;
    office others[SESSIONS];
    SIGNING_KEYS key = {0};
    hm_message generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ED25519), answer;
    office_copy(&o);
    for (size_t i = 0; i < SESSIONS; i++) {
        others[i] = o;
        office_connect(&others[i]);
        WORKS(hm_wire_send(others[i].core.fd, &generate));
    }
    for (size_t i = 0; i < SESSIONS; i++) {
        WORKS(hm_listen(&others[i].core, &answer));
        assert_int_equal(answer.type, HM_MSG_DONE);
        office_disconnect(&others[i]);
    }
    office_connect(&o);
    list_keys(&o, "pump", HM_KEY_ED25519, &key);
    assert_int_equal(key.count, 1);
}

static void expect_no_key(const char *orders, const char *words) {
    OFFICE o;
    SIGNING_KEYS key = {0};
    hm_message generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ED25519);
    office_open(&o);
    uint64_t before = entries_in(&o);
    expect_token_fault(&o, orders, words, &generate);
    assert_int_equal(entries_in(&o), before);
    list_keys(&o, "pump", HM_KEY_ED25519, &key);
    assert_int_equal(key.count, 0);
}

/* How many private keys the token keeps is known by asking it for one: a key that is not recorded is destroyed. */
static void a_key_that_could_leave_its_token_is_not_recorded(void **state) {
    (void)state;
    expect_no_key("C_GetAttributeValue zero 0 0\n", "could leave it");
}

static void a_token_that_makes_no_key_leaves_nothing(void **state) {
    (void)state;
    expect_no_key("C_GenerateKeyPair return 0x31 0\n", "make a key"); /* CKR_DEVICE_MEMORY */
}

/* The first signature proves the key pair, the second is the certificate's. */
static void a_certificate_that_could_not_be_signed_is_made_later_for_the_same_key(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    SIGNING_KEYS key = {0}, finished = {0};
    hm_message generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ED25519);
    office_open(&o);
    uint64_t before = entries_in(&o);
    expect_token_fault(&o, "C_Sign length 0 1\n", "signature of 0 octets", &generate);
    assert_int_equal(entries_in(&o), before + 3);
    entry_read(&o, before, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_CEREMONY);
    entry_read(&o, before + 2, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_FAILURE);
    assert_int_equal(e.leaf.intent, before + 1);
    list_keys(&o, "pump", HM_KEY_ED25519, &key);
    assert_int_equal(key.count, 1);
    assert_int_equal(key.certificate.len, 0);
    ask(&o, &generate);
    list_keys(&o, "pump", HM_KEY_ED25519, &finished);
    assert_memory_equal(finished.token_id, key.token_id, sizeof key.token_id);
    assert_true(finished.certificate.len > 0);
}

/* A fault in the token, or one that somebody caused: what it gave is looked at before anybody gets it. */
static void a_certificate_whose_signature_does_not_fit_is_not_issued(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    SIGNING_KEYS key = {0};
    hm_message generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ED25519);
    office_open(&o);
    uint64_t before = entries_in(&o);
    expect_token_fault(&o, "C_Sign garbage 0 1\n", "does not fit its key", &generate);
    entry_read(&o, before + 2, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_FAILURE);
    assert_true(details_hold(&e, "does not fit its key"));
    list_keys(&o, "pump", HM_KEY_ED25519, &key);
    assert_int_equal(key.certificate.len, 0);
    ask(&o, &generate);
}

/* The key is in the token, its row cannot be written: the key is taken back. */
static void a_key_that_could_not_be_recorded_is_not_used(void **state) {
    (void)state;
    OFFICE o;
    SIGNING_KEYS key = {0};
    hm_message generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ED25519);
    office_open(&o);
    office_break_entries(&o, "");
    expect_fault(&o, HM_COULD_NOT, NO_ROOM, &generate);
    list_keys(&o, "pump", HM_KEY_ED25519, &key);
    assert_int_equal(key.count, 0);
    office_mend(&o);
    ask(&o, &generate);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(brings_in_no_garbage),
        OFFICE_TEST(brings_in_no_certificate_of_another_key),
        OFFICE_TEST(brings_in_no_certificate_that_is_not_valid_now),
        OFFICE_TEST(brings_in_no_certificate_that_is_not_for_code_signing),
        OFFICE_TEST(brings_in_nothing_that_the_office_has_issued),
        OFFICE_TEST(brings_in_no_chain_whose_order_or_links_are_wrong),
        OFFICE_TEST(brings_nothing_in_for_a_key_that_is_not_there),
        OFFICE_TEST(signs_with_the_certificate_that_was_brought_in),
        OFFICE_TEST(a_request_is_for_the_product_s_own_key),
        OFFICE_TEST(makes_no_key_that_its_product_does_not_sign_with),
        OFFICE_TEST(a_key_is_made_once),
        OFFICE_TEST(sessions_at_once_make_one_key),
        OFFICE_TEST(a_key_that_could_leave_its_token_is_not_recorded),
        OFFICE_TEST(a_token_that_makes_no_key_leaves_nothing),
        OFFICE_TEST(a_certificate_that_could_not_be_signed_is_made_later_for_the_same_key),
        OFFICE_TEST(a_certificate_whose_signature_does_not_fit_is_not_issued),
        OFFICE_TEST(a_key_that_could_not_be_recorded_is_not_used),
    };
    return RUN_WITH_OFFICE(tests);
}
