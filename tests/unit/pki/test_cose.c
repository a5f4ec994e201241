/* Signatures, envelopes and receipts, made and taken apart. The known answers are CBOR made by hand after RFC 9052. */
#include "pki_fixture.h"

#include <pki/cose.h>

static hm_bytes hex(const char *text, hm_buf *storage) {
    storage->len = 0;
    HM_MUST(hm_hex_decode(hm_text(text), storage));
    return hm_buf_bytes(storage);
}

static void assert_hex(hm_bytes bytes, const char *text) {
    HM_BUF expected = HM_BUF_EMPTY;
    hm_bytes want = hex(text, &expected);
    assert_int_equal(bytes.len, want.len);
    assert_memory_equal(bytes.data, want.data, want.len);
}

#define MANIFEST_1 "68616c6c6d61726b206d616e69666573742031"
#define TRUST_LIST_1 "68616c6c6d61726b207472757374206c6973742031"

static void the_sig_structure_is_that_of_rfc_9052(void **state) {
    (void)state;
    HM_BUF message = HM_BUF_EMPTY, list = HM_BUF_EMPTY;
    uint8_t payload[] = {0xa0};
    /* ["Signature", h'', << {1: -9} >>, 'hallmark manifest 1', h'a0'] */
    HM_MUST(hm_cose_to_be_signed(HM_COSE_MANIFEST, HM_COSE_ESP256, HM_ARRAY(payload), &message));
    assert_hex(hm_buf_bytes(&message), "8569"
                                       "5369676e6174757265"
                                       "40"
                                       "43a10128"
                                       "53" MANIFEST_1 "41a0");
    /* RS256 is -257: 39 0100 */
    HM_MUST(hm_cose_to_be_signed(HM_COSE_TRUST_LIST, HM_COSE_RS256, HM_ARRAY(payload), &list));
    assert_hex(hm_buf_bytes(&list), "8569"
                                    "5369676e6174757265"
                                    "40"
                                    "45a101390100"
                                    "55" TRUST_LIST_1 "41a0");
}

static void tells_content_that_could_be_a_sig_structure(void **state) {
    (void)state;
    HM_BUF storage = HM_BUF_EMPTY;
    assert_true(hm_cose_could_be_signed(hex("8569"
                                            "5369676e6174757265"
                                            "40",
                                            &storage)));
    assert_true(hm_cose_could_be_signed(hex("846a"
                                            "5369676e617475726531",
                                            &storage)));
    assert_false(hm_cose_could_be_signed(hex("8569"
                                             "5369676e61747572",
                                             &storage)));
    assert_false(hm_cose_could_be_signed(hex("8669"
                                             "5369676e6174757265",
                                             &storage)));
    assert_false(hm_cose_could_be_signed(HM_NO_BYTES));
}

static void a_signature_is_protected_algorithm_kid_and_value(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ES256);
    HM_BUF bytes = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN], kid[HM_KID_LEN], again[HM_SHA256_LEN];
    hm_cose_signature signature;
    HM_MUST(hm_cose_kid(software_signer_of(signer)->spki, kid));
    HM_MUST(hm_cose_sign(HM_COSE_MANIFEST, hm_text("payload"), NULL, software_signer_of(signer), &bytes, hash));
    /* [ << {1: -9} >>, {4: kid}, 64 bytes ] */
    assert_int_equal(bytes.len, 1 + 4 + 2 + 2 + 32 + 2 + 64);
    assert_hex(HM_BYTES(bytes.data, 9), "8343a10128a1045820");
    assert_memory_equal(bytes.data + 9, kid, sizeof kid);
    assert_hex(HM_BYTES(bytes.data + 41, 2), "5840");
    HM_MUST(hm_cose_signature_get(hm_buf_bytes(&bytes), &signature));
    assert_int_equal(signature.algorithm, HM_COSE_ESP256);
    assert_int_equal(signature.chain.count + signature.receipts, 0);
    hm_sha256(signature.value, again);
    assert_memory_equal(hash, again, sizeof hash);
}

static void every_key_signs_what_it_alone_verifies(void **state) {
    (void)state;
    SOFTWARE_SIGNER *other = software_signer_new(HM_KEY_ES256);
    hm_bytes payload = hm_text("payload");
    for (unsigned a = 1; a <= HM_KEY_ALGORITHMS; a++) {
        SOFTWARE_SIGNER *signer = software_signer_new((hm_key_algorithm)a);
        hm_bytes spki = software_signer_of(signer)->spki;
        HM_BUF bytes = HM_BUF_EMPTY;
        uint8_t hash[HM_SHA256_LEN];
        hm_cose_signature signature;
        HM_MUST(hm_cose_sign(HM_COSE_MANIFEST, payload, NULL, software_signer_of(signer), &bytes, hash));
        HM_MUST(hm_cose_signature_get(hm_buf_bytes(&bytes), &signature));
        HM_MUST(hm_cose_verify(HM_COSE_MANIFEST, payload, &signature, spki));
        assert_refused(hm_cose_verify(HM_COSE_TRUST_LIST, payload, &signature, spki), "signature");
        assert_refused(hm_cose_verify(HM_COSE_MANIFEST, hm_text("payloaD"), &signature, spki), "signature");
        assert_refused(hm_cose_verify(HM_COSE_MANIFEST, payload, &signature, software_signer_of(other)->spki),
                       "another key");
        hm_cose_signature changed = signature;
        changed.value.len--;
        assert_refused(hm_cose_verify(HM_COSE_MANIFEST, payload, &changed, spki), "signature");
        changed = signature;
        changed.algorithm = signature.algorithm == HM_COSE_RS256 ? HM_COSE_PS256 : HM_COSE_RS256;
        assert_refused(hm_cose_verify(HM_COSE_MANIFEST, payload, &changed, spki), "s");
        changed.algorithm = -8;
        assert_refused(hm_cose_verify(HM_COSE_MANIFEST, payload, &changed, spki), "COSE algorithm -8");
        changed.algorithm = HM_COSE_ES256;
        assert_refused(hm_cose_verify(HM_COSE_MANIFEST, payload, &changed, spki), "receipts only");
    }
}

static hm_err read_signature(const char *text) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_cose_signature signature;
    return hm_cose_signature_get(hex(text, &storage), &signature);
}

#define KID                                                                                                            \
    "5820"                                                                                                             \
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

/* The array, and << {1: -9} >> in it; what follows is the unprotected header, and a value. */
#define BEGIN                                                                                                          \
    "83"                                                                                                               \
    "43a10128"
#define VALUE "4101"

static void refuses_a_signature_that_is_not_as_written(void **state) {
    (void)state;
    HM_MUST(read_signature(BEGIN "a104" KID VALUE));
    HM_MUST(read_signature(BEGIN "a204" KID "182141aa" VALUE));
    HM_MUST(read_signature(BEGIN "a304" KID "18218241aa41bb"
                                 "19018a8141cc" VALUE));
    static const struct {
        const char *cbor, *why;
    } bad[] = {
        {"82"
         "43a10128"
         "a104" KID,
         "array of three"},
        {"83"
         "44a1012801"
         "a104" KID VALUE,
         ""}, /* behind the protected header */
        {"83"
         "46a20128034101"
         "a104" KID VALUE,
         "protected"}, /* more in it */
        {"83"
         "43a10428"
         "a104" KID VALUE,
         "protected"}, /* another parameter */
        {"83"
         "40"
         "a104" KID VALUE,
         ""}, /* none at all */
        {BEGIN "a0" VALUE, "names no key"},
        {BEGIN "a1044101" VALUE, "32 bytes"},
        {BEGIN "a204" KID "05f6" VALUE, "unprotected header 5"},
        {BEGIN "a204" KID "04" KID VALUE, "order"},
        {BEGIN "a2182141aa"
               "04" KID VALUE,
         "order"},
        {BEGIN "a204" KID "18218141aa" VALUE, "1 certificates"}, /* one alone stands without an array */
        {BEGIN "a204" KID "18218541aa41aa41aa41aa41aa" VALUE, "5 certificates"},
        {BEGIN "a204" KID "19018a80" VALUE, "0 receipts"},
        {BEGIN "a204" KID "19018a83410141024103" VALUE, "3 receipts"},
        {BEGIN "a104" KID "6101", "byte string"},
        {BEGIN "a104" KID "410100", ""},
        {"d86283"
         "43a10128"
         "a104" KID VALUE,
         "array"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_refused(read_signature(bad[i].cbor), bad[i].why);
}

static void keeps_what_it_is_given_beside_a_signature(void **state) {
    (void)state;
    HM_BUF storage = HM_BUF_EMPTY, bytes = HM_BUF_EMPTY;
    hm_cose_signature signature;
    HM_MUST(hm_cose_signature_get(hex(BEGIN "a104" KID VALUE, &storage), &signature));
    signature.receipts = 1;
    signature.receipt[0] = hm_text("receipt");
    signature.chain.count = 1;
    signature.chain.cert[0] = hm_text("certificate");
    HM_MUST(hm_cose_signature_put(&signature, &bytes));
    assert_hex(hm_buf_bytes(&bytes), BEGIN "a304" KID "1821"
                                           "4b6365727469666963617465"
                                           "19018a"
                                           "8147"
                                           "72656365697074" VALUE);
    signature.receipts = signature.chain.count = 0;
    bytes.len = 0;
    HM_MUST(hm_cose_signature_put(&signature, &bytes));
    assert_true(hm_bytes_equal(hm_buf_bytes(&bytes), hm_buf_bytes(&storage)));
    signature.receipts = HM_COSE_RECEIPTS_MAX + 1;
    assert_refused(hm_cose_signature_put(&signature, &bytes), "receipts");
    signature.receipts = 0;
    signature.chain.count = HM_COSE_CHAIN_MAX + 1;
    assert_refused(hm_cose_signature_put(&signature, &bytes), "certificates");
}

/* Envelopes. */

/* OFFICE becomes one that has signed the text "payload". */
static void make_envelope(hm_key_algorithm algorithm, test_office *office, hm_buf *envelope) {
    HM_BUF bytes = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    office_make(office, algorithm);
    hm_chain whole = office->chain;
    whole.cert[whole.count++] = hm_buf_bytes(&office->root);
    HM_MUST(
        hm_cose_sign(HM_COSE_MANIFEST, hm_text("payload"), &whole, software_signer_of(office->leaf_key), &bytes, hash));
    hm_bytes signature = hm_buf_bytes(&bytes);
    HM_MUST(hm_cose_envelope_put(hm_text("payload"), &signature, 1, envelope));
}

static void an_envelope_carries_the_chain_without_its_root(void **state) {
    (void)state;
    OFFICE office = {0};
    HM_BUF bytes = HM_BUF_EMPTY;
    hm_cose_envelope envelope;
    make_envelope(HM_KEY_ES256, &office, &bytes);
    HM_MUST(hm_cose_envelope_get(hm_buf_bytes(&bytes), &envelope));
    assert_true(hm_bytes_equal(envelope.payload, hm_text("payload")));
    assert_int_equal(envelope.signatures, 1);
    assert_int_equal(envelope.signature[0].chain.count, 2);
    assert_true(hm_bytes_equal(envelope.signature[0].chain.cert[1], hm_buf_bytes(&office.ca)));
    assert_hex(HM_BYTES(bytes.data, 6), "d8628440a047");
}

static void refuses_a_chain_that_is_not_the_keys(void **state) {
    (void)state;
    OFFICE office = {0};
    SOFTWARE_SIGNER *other = software_signer_new(HM_KEY_ES256);
    HM_BUF bytes = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    office_make(&office, HM_KEY_ES256);
    assert_refused(hm_cose_sign(HM_COSE_MANIFEST, hm_text("p"), &office.chain, software_signer_of(other), &bytes, hash),
                   "not for the signing key");
    assert_int_equal(bytes.len, 0);
}

static void refuses_every_part_of_an_envelope_and_what_is_behind(void **state) {
    (void)state;
    OFFICE office = {0};
    HM_BUF bytes = HM_BUF_EMPTY;
    hm_cose_envelope envelope;
    make_envelope(HM_KEY_ES256, &office, &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_refused(hm_cose_envelope_get(HM_BYTES(bytes.data, len), &envelope), "");
    HM_MUST(hm_put_u8(&bytes, 0));
    assert_refused(hm_cose_envelope_get(hm_buf_bytes(&bytes), &envelope), "envelope");
}

static void refuses_envelopes_without_signatures_or_too_large(void **state) {
    (void)state;
    HM_BUF storage = HM_BUF_EMPTY, bytes = HM_BUF_EMPTY, large = HM_BUF_EMPTY;
    hm_cose_envelope envelope;
    assert_refused(hm_cose_envelope_get(hex("d8628440a0416180", &storage), &envelope), "0 signatures");
    assert_refused(hm_cose_envelope_get(hex("d8628441a0a0416180", &storage), &envelope), "empty headers");
    HM_MUST(hm_put_zeros(&large, HM_COSE_ENVELOPE_MAX));
    hm_bytes signature = hex(BEGIN "a104" KID VALUE, &storage);
    assert_refused(hm_cose_envelope_put(hm_buf_bytes(&large), &signature, 1, &bytes), "devices take 16384");
    assert_int_equal(bytes.len, 0);
    assert_fault(hm_cose_envelope_put(hm_text("p"), &signature, 0, &bytes), HM_MISUSED, "1 to 16");
}

/* The verdict by certificates, as of any signed structure. */

static hm_err verify(const test_office *office, hm_bytes bytes, const char *content, const char *product) {
    HM_SIGNED *parsed = NULL;
    hm_verify_rules rules = office_rules(office);
    hm_digest digest = digest_of_text(HM_SHA256, content);
    hm_verdict verdict;
    rules.product = product;
    HM_TRY(hm_signed_parse(HM_STRUCTURE_COSE, bytes, &parsed));
    return hm_signed_verify(parsed, 0, &digest, &rules, &verdict);
}

static void verifies_by_the_certificate_in_it(void **state) {
    (void)state;
    static const hm_key_algorithm algorithms[] = {HM_KEY_ES256, HM_KEY_ES384, HM_KEY_ED25519, HM_KEY_RSA3072};
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        OFFICE office = {0}, stranger = {0};
        HM_BUF bytes = HM_BUF_EMPTY;
        make_envelope(algorithms[i], &office, &bytes);
        office_make(&stranger, algorithms[i]);
        HM_MUST(verify(&office, hm_buf_bytes(&bytes), "payload", "Pump 3"));
        assert_refused(verify(&office, hm_buf_bytes(&bytes), "payloaD", NULL), "not the one");
        assert_refused(verify(&office, hm_buf_bytes(&bytes), "payload", "Valve"), "not for \"Valve\"");
        assert_refused(verify(&stranger, hm_buf_bytes(&bytes), "payload", NULL), "certificate");
    }
}

static void without_a_certificate_there_is_no_verdict(void **state) {
    (void)state;
    OFFICE office = {0};
    HM_BUF bytes = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    office_make(&office, HM_KEY_ES256);
    HM_MUST(hm_cose_sign(HM_COSE_MANIFEST, hm_text("p"), NULL, software_signer_of(office.leaf_key), &signature, hash));
    hm_bytes view = hm_buf_bytes(&signature);
    HM_MUST(hm_cose_envelope_put(hm_text("p"), &view, 1, &bytes));
    assert_refused(verify(&office, hm_buf_bytes(&bytes), "p", NULL), "no certificate");
}

/* What a flip may leave as it is: nothing, since there is no receipt in it and every certificate is needed. */
static void every_flipped_bit_is_noticed(void **state) {
    (void)state;
    OFFICE office = {0};
    HM_BUF bytes = HM_BUF_EMPTY;
    make_envelope(HM_KEY_ES256, &office, &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        bytes.data[i] ^= bit;
        if (!hm_failed(verify(&office, hm_buf_bytes(&bytes), "payload", "Pump 3"))) fail_msg("byte %zu", i);
        bytes.data[i] ^= bit;
    }
    HM_MUST(verify(&office, hm_buf_bytes(&bytes), "payload", "Pump 3"));
}

/* Receipts. */

static void make_receipt(const software_signer *signer, const uint8_t root[static 32], hm_buf *bytes) {
    uint8_t path[2][32] = {{1}, {2}};
    hm_cose_inclusion outcome = {6, hm_text("outcome"), HM_BYTES(path, 64)},
                      intent = {5, hm_text("intent"), HM_BYTES(path, 32)};
    HM_MUST(hm_cose_receipt_sign(7, root, &outcome, &intent, software_signer_of(signer), bytes));
}

static void a_receipt_is_signed_over_the_root(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ES256), *other = software_signer_new(HM_KEY_ES256);
    HM_BUF bytes = HM_BUF_EMPTY;
    uint8_t root[32] = {9};
    hm_cose_receipt receipt;
    make_receipt(signer, root, &bytes);
    HM_MUST(hm_cose_receipt_get(hm_buf_bytes(&bytes), &receipt));
    assert_int_equal(receipt.outcome.size, 7);
    assert_int_equal(receipt.outcome.index, 6);
    assert_int_equal(receipt.intent.index, 5);
    assert_int_equal(receipt.outcome.hashes, 2);
    assert_int_equal(receipt.outcome.path[1][0], 2);
    assert_true(hm_bytes_equal(receipt.intent.leaf, hm_text("intent")));
    HM_MUST(hm_cose_receipt_verify(&receipt, root, software_signer_of(signer)->spki));
    assert_refused(hm_cose_receipt_verify(&receipt, root, software_signer_of(other)->spki), "another key");
    root[31] ^= 1;
    assert_refused(hm_cose_receipt_verify(&receipt, root, software_signer_of(signer)->spki), "signature");
}

static void refuses_every_part_of_a_receipt(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ES256);
    HM_BUF bytes = HM_BUF_EMPTY;
    uint8_t root[32] = {9};
    hm_cose_receipt receipt;
    make_receipt(signer, root, &bytes);
    for (size_t len = 0; len < bytes.len; len++)
        assert_refused(hm_cose_receipt_get(HM_BYTES(bytes.data, len), &receipt), "");
    /* The root must not be carried. */
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] != 0xf6 || bytes.data[i + 1] != 0x58 || bytes.data[i + 2] != 0x40) continue;
        bytes.data[i] = 0x40;
        assert_refused(hm_cose_receipt_get(hm_buf_bytes(&bytes), &receipt), "must be computed");
        return;
    }
    fail_msg("there is no null in the receipt");
}

static void receipts_are_signed_with_es256_alone(void **state) {
    (void)state;
    SOFTWARE_SIGNER *signer = software_signer_new(HM_KEY_ED25519);
    HM_BUF bytes = HM_BUF_EMPTY;
    uint8_t root[32] = {9};
    hm_cose_inclusion entry = {0, hm_text("leaf"), HM_NO_BYTES};
    assert_fault(hm_cose_receipt_sign(1, root, &entry, &entry, software_signer_of(signer), &bytes), HM_MISUSED,
                 "ES256");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sig_structure_is_that_of_rfc_9052),
        cmocka_unit_test(tells_content_that_could_be_a_sig_structure),
        cmocka_unit_test(a_signature_is_protected_algorithm_kid_and_value),
        cmocka_unit_test(every_key_signs_what_it_alone_verifies),
        cmocka_unit_test(refuses_a_signature_that_is_not_as_written),
        cmocka_unit_test(keeps_what_it_is_given_beside_a_signature),
        cmocka_unit_test(an_envelope_carries_the_chain_without_its_root),
        cmocka_unit_test(refuses_a_chain_that_is_not_the_keys),
        cmocka_unit_test(refuses_every_part_of_an_envelope_and_what_is_behind),
        cmocka_unit_test(refuses_envelopes_without_signatures_or_too_large),
        cmocka_unit_test(verifies_by_the_certificate_in_it),
        cmocka_unit_test(without_a_certificate_there_is_no_verdict),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_receipt_is_signed_over_the_root),
        cmocka_unit_test(refuses_every_part_of_a_receipt),
        cmocka_unit_test(receipts_are_signed_with_es256_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
