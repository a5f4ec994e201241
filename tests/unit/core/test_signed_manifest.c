/* Manifests: what a core signs of them, and what it does not. */
#include "office_fixture.h"

#include <pki/manifest.h>
#include <tlog/tiles.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A session and what it knows of its product. */
typedef struct {
    office o;
    uint8_t office_uuid[16], vendor[16], class_id[16], kid[HM_KID_LEN];
    hm_buf spki;
    hm_buf statement; /* of the last question, and its SHA-256 */
    uint8_t sha[32];
} native;

static void native_clear(native *n) {
    hm_buf_clear(&n->spki);
    hm_buf_clear(&n->statement);
    office_clear(&n->o);
}
#define NATIVE __attribute__((cleanup(native_clear))) native

static void find_product(native *n) {
    hm_message question = {.type = HM_MSG_PRODUCT_LIST};
    question.field[HM_PRODUCT_LIST_NAME].bytes = LITERAL("pump");
    hm_message answer = ask(&n->o, &question);
    memcpy(n->vendor, answer.field[HM_PRODUCT_VENDOR].bytes.data, sizeof n->vendor);
    memcpy(n->class_id, answer.field[HM_PRODUCT_CLASS].bytes.data, sizeof n->class_id);
    (void)hear(&n->o);
    memcpy(n->office_uuid, n->o.core.uuid, sizeof n->office_uuid);
}

static void find_key(native *n) {
    hm_message question = {.type = HM_MSG_KEY_LIST};
    question.field[HM_KEY_LIST_PRODUCT].bytes = LITERAL("pump");
    n->spki.len = 0;
    for (hm_message answer = ask(&n->o, &question); answer.type == HM_MSG_KEY; answer = hear(&n->o))
        if (answer.field[HM_KEY_ROLE].number == HM_KEY_ROLE_SIGNING)
            WORKS(hm_put(&n->spki, answer.field[HM_KEY_SPKI].bytes));
    WORKS(hm_cose_kid(hm_buf_bytes(&n->spki), n->kid));
}

static void connect_only(native *n) {
    memset(n, 0, sizeof *n);
    office_open(&n->o);
    find_product(n);
    find_key(n);
}

static hm_message native_message(const char *release) {
    hm_message question = narrow_message("pump", 9);
    question.field[HM_NARROW_RELEASE].bytes = hm_text(release);
    question.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_MANIFEST;
    question.field[HM_NARROW_SECURITY_VERSION].number = 3;
    return question;
}

static void begin(native *n, const char *release) {
    hm_message question = native_message(release);
    connect_only(n);
    assert_int_equal(ask(&n->o, &question).type, HM_MSG_DONE);
}

static hm_manifest manifest_of(const native *n) {
    hm_manifest manifest = {.version = LITERAL("1.0"), .sequence = 7, .purpose = HM_PURPOSE_DEVELOPMENT};
    memcpy(manifest.publisher, n->office_uuid, 16);
    memcpy(manifest.vendor, n->vendor, 16);
    memcpy(manifest.class_id, n->class_id, 16);
    manifest.signers = 1;
    memcpy(manifest.signer[0], n->kid, HM_KID_LEN);
    manifest.components = 1;
    manifest.component[0] = (hm_manifest_component){.id = LITERAL("main"),
                                                    .kind = HM_COMPONENT_FIRMWARE,
                                                    .size = 5,
                                                    .version = LITERAL("1.0"),
                                                    .security_version = 3};
    hm_digest_of(HM_SHA256, LITERAL("image"), &manifest.component[0].digest);
    return manifest;
}

/* The message views STATEMENT and N. */
static hm_message question_over(native *n, hm_bytes statement) {
    hm_sha256(statement, n->sha);
    hm_message question = sign_message(5, HM_KEY_ES256, HM_ARRAY(n->sha));
    question.field[HM_SIGN_FORMAT].number = HM_LOGGED_MANIFEST;
    question.field[HM_SIGN_STRUCTURE].number = HM_STRUCTURE_COSE;
    question.field[HM_SIGN_SIZE].number = statement.len;
    question.field[HM_SIGN_PLAIN].bytes = HM_ARRAY(n->sha);
    question.field[HM_SIGN_STATEMENT].bytes = statement;
    return question;
}

/* The message views N, until the next question. */
static hm_message question_of(native *n, const hm_manifest *manifest) {
    n->statement.len = 0;
    WORKS(hm_manifest_put(manifest, &n->statement));
    return question_over(n, hm_buf_bytes(&n->statement));
}

static hm_message expect_signed(native *n, const hm_manifest *manifest) {
    hm_message question = question_of(n, manifest), answer = ask(&n->o, &question);
    assert_int_equal(answer.type, HM_MSG_SIGNED);
    return answer;
}

static void expect_unsigned(native *n, const hm_manifest *manifest, const char *words) {
    hm_message question = question_of(n, manifest);
    expect_fault(&n->o, HM_REFUSED, words, &question);
}

/* A manifest of N's product: the answer, and the signature's name in the log. */
static hm_message sign_release(native *n, uint8_t hash[static 32]) {
    hm_manifest manifest = manifest_of(n);
    hm_message answer = expect_signed(n, &manifest);
    hm_cose_signature signature;
    WORKS(hm_cose_signature_get(answer.field[HM_SIGNED_STRUCTURE].bytes, &signature));
    hm_sha256(signature.value, hash);
    return answer;
}

static void signs_a_manifest_of_its_own_product(void **state) {
    (void)state;
    NATIVE n;
    uint8_t hash[32];
    begin(&n, "1.0");
    hm_message answer = sign_release(&n, hash);
    hm_cose_signature signature;
    WORKS(hm_cose_signature_get(answer.field[HM_SIGNED_STRUCTURE].bytes, &signature));
    WORKS(hm_cose_verify(HM_COSE_MANIFEST, hm_buf_bytes(&n.statement), &signature, hm_buf_bytes(&n.spki)));
    assert_int_equal(signature.chain.count, 2);
    /* The pair: intent over the manifest's digest, outcome over the signature as COSE carries it. */
    ENTRY intent = {0}, outcome = {0};
    entry_read(&n.o, answer.field[HM_SIGNED_INTENT].number, &intent);
    entry_read(&n.o, answer.field[HM_SIGNED_OUTCOME].number, &outcome);
    assert_int_equal(intent.leaf.format, HM_LOGGED_MANIFEST);
    assert_memory_equal(intent.leaf.digest, n.sha, 32);
    assert_memory_equal(outcome.leaf.digest, hash, 32);
    assert_true(details_hold(&intent, "\"manifest\":{\"components\":[{\"digest\":\""));
    assert_true(details_hold(&intent, "\"id\":\"main\",\"kind\":\"firmware\",\"security_version\":3,\"size\":5"));
    assert_true(details_hold(&intent, "\"purpose\":\"development\",\"sequence\":7,\"version\":\"1.0\""));
}

static void expect_remark(native *n, const hm_manifest *manifest, const char *words) {
    hm_bytes remark = expect_signed(n, manifest).field[HM_SIGNED_REMARK].bytes;
    if (!words) assert_int_equal(remark.len, 0);
    if (words) assert_non_null(memmem(remark.data, remark.len, words, strlen(words)));
}

static uint64_t highest_sequence(native *n) {
    static const uint8_t es256[] = {HM_KEY_ES256};
    hm_message question = {.type = HM_MSG_PREPARE};
    question.field[HM_PREPARE_STRUCTURE].number = HM_STRUCTURE_COSE;
    question.field[HM_PREPARE_ALGORITHMS].bytes = HM_ARRAY(es256);
    return ask(&n->o, &question).field[HM_PREPARED_SEQUENCE].number;
}

static void says_what_falls_behind_earlier_releases(void **state) {
    (void)state;
    NATIVE n;
    begin(&n, "1.0");
    assert_int_equal(highest_sequence(&n), 0);
    hm_manifest manifest = manifest_of(&n);
    expect_remark(&n, &manifest, NULL);
    expect_remark(&n, &manifest, NULL); /* the very same again is no other release */
    assert_int_equal(highest_sequence(&n), 7);
    manifest.component[0].security_version = 2;
    expect_remark(&n, &manifest, "sequence number 7 is not above 7, which release 1.0 was given");
    manifest.sequence = 8;
    expect_remark(&n, &manifest, "component main: security version 2 is below 3, which release 1.0 had");
    manifest.component[0].id = LITERAL("mai");
    manifest.sequence = 2; /* devices count each component's releases by themselves */
    expect_remark(&n, &manifest, NULL);
    expect_remark(&n, &manifest, NULL);
    manifest.component[0].version = LITERAL("1.1");
    expect_remark(&n, &manifest, "sequence number 2 is not above 2");
    manifest.sequence = 9;
    expect_remark(&n, &manifest, NULL);
    manifest.sequence = 1;
    manifest.device = LITERAL("A12");
    expect_remark(&n, &manifest, NULL);
    assert_int_equal(highest_sequence(&n), 9);
}

/* In a session that begins now. */
static void begin_again(native *n, const hm_message *question) {
    office_disconnect(&n->o);
    office_connect(&n->o);
    assert_int_equal(ask(&n->o, question).type, HM_MSG_DONE);
}

static void refuses_what_the_session_is_not_for(void **state) {
    (void)state;
    NATIVE n;
    begin(&n, "1.0");
    hm_manifest manifest = manifest_of(&n);
    manifest.vendor[0] ^= 1;
    expect_unsigned(&n, &manifest, "another vendor");
    manifest = manifest_of(&n);
    manifest.class_id[15] ^= 1;
    expect_unsigned(&n, &manifest, "another class");
    manifest = manifest_of(&n);
    manifest.publisher[3] ^= 1;
    expect_unsigned(&n, &manifest, "publisher is another office");
    manifest = manifest_of(&n);
    manifest.version = LITERAL("1.1");
    expect_unsigned(&n, &manifest, "this session is for 1.0");
    manifest = manifest_of(&n);
    manifest.purpose = HM_PURPOSE_PRODUCTION;
    expect_unsigned(&n, &manifest, "signs nothing for production");
    manifest = manifest_of(&n);
    manifest.signer[0][0] ^= 1;
    expect_unsigned(&n, &manifest, "do not include the key");
    manifest = manifest_of(&n);
    manifest.sequence = UINT64_MAX;
    expect_unsigned(&n, &manifest, "given with --sequence");
    manifest = manifest_of(&n);
    manifest.component[0].size = UINT64_C(1) << 60;
    expect_unsigned(&n, &manifest, "beyond 2^53");
    /* None of them used up a signature, and all are on record. */
    manifest = manifest_of(&n);
    expect_refusals(&n.o, entries_in(&n.o) - 8, 8);
    expect_signed(&n, &manifest);
}

static void refuses_a_statement_that_is_not_what_is_asked_for(void **state) {
    (void)state;
    NATIVE n;
    begin(&n, "1.0");
    hm_manifest manifest = manifest_of(&n);
    hm_message question = question_of(&n, &manifest);
    question.field[HM_SIGN_CONTENT].bytes = DIGEST;
    expect_fault(&n.o, HM_REFUSED, "not the manifest's", &question);
    question = question_of(&n, &manifest);
    question.field[HM_SIGN_PLAIN].bytes = DIGEST;
    expect_fault(&n.o, HM_REFUSED, "not the manifest's", &question);
    question = question_of(&n, &manifest);
    question.field[HM_SIGN_SIZE].number++;
    expect_fault(&n.o, HM_REFUSED, "not the manifest's", &question);
    question = question_of(&n, &manifest);
    question.field[HM_SIGN_FORMAT].number = 1;
    expect_fault(&n.o, HM_REFUSED, "structure 3 is not of format 1", &question);
    question = question_over(&n, HM_NO_BYTES);
    expect_fault(&n.o, HM_REFUSED, "no manifest", &question);
    /* Neither does a manifest come with another structure, nor its number in the log without one. */
    question = question_of(&n, &manifest);
    question.field[HM_SIGN_STRUCTURE].number = HM_STRUCTURE_CMS;
    expect_fault(&n.o, HM_REFUSED, "structure 1 is not of format 4", &question);
    question.field[HM_SIGN_FORMAT].number = 1;
    expect_fault(&n.o, HM_REFUSED, "nothing of format 1", &question);
    question = sign_message(1, HM_KEY_ES256, DIGEST);
    question.field[HM_SIGN_FORMAT].number = HM_LOGGED_MANIFEST;
    expect_fault(&n.o, HM_REFUSED, "structure 1 is not of format 4", &question);
}

static void refuses_every_prefix_and_what_is_behind(void **state) {
    (void)state;
    NATIVE n;
    HM_BUF statement = HM_BUF_EMPTY;
    begin(&n, "1.0");
    hm_manifest manifest = manifest_of(&n);
    WORKS(hm_manifest_put(&manifest, &statement));
    static const size_t lengths[] = {1, 20, 100};
    for (size_t i = 0; i < 3; i++) {
        hm_message question = question_over(&n, HM_BYTES(statement.data, lengths[i]));
        expect_fault(&n.o, HM_REFUSED, "no device would take", &question);
    }
    WORKS(hm_put_u8(&statement, 0));
    hm_message question = question_over(&n, hm_buf_bytes(&statement));
    expect_fault(&n.o, HM_REFUSED, "no device would take", &question);
}

static void a_session_signs_what_it_is_for_and_no_other_format(void **state) {
    (void)state;
    NATIVE n;
    connect_only(&n);
    narrow(&n.o, 9); /* for files of the other formats */
    hm_manifest manifest = manifest_of(&n);
    expect_unsigned(&n, &manifest, "nothing of format 4");
    hm_message narrowing = native_message("1.0");
    begin_again(&n, &narrowing);
    hm_message bare = sign_message(1, HM_KEY_ES256, DIGEST);
    expect_fault(&n.o, HM_REFUSED, "nothing of format 1", &bare);
    expect_signed(&n, &manifest);
}

static void a_sequence_number_is_the_one_that_was_chosen_or_near_the_time(void **state) {
    (void)state;
    NATIVE n;
    begin(&n, "1.0");
    hm_manifest manifest = manifest_of(&n);
    manifest.sequence = UINT64_C(1) << 53;
    expect_unsigned(&n, &manifest, "given with --sequence");
    manifest.sequence = (uint64_t)time(NULL) + UINT64_C(11) * 366 * 24 * 3600;
    expect_unsigned(&n, &manifest, "given with --sequence");
    manifest.sequence = (uint64_t)time(NULL) + UINT64_C(9) * 365 * 24 * 3600;
    expect_signed(&n, &manifest);
    hm_message chosen = native_message("1.0");
    chosen.field[HM_NARROW_SEQUENCE].number = UINT64_C(1) << 53;
    begin_again(&n, &chosen);
    expect_unsigned(&n, &manifest, "for sequence number 9007199254740992");
    manifest.sequence = (UINT64_C(1) << 53) - 1;
    expect_unsigned(&n, &manifest, "for sequence number 9007199254740992");
    manifest.sequence++;
    expect_signed(&n, &manifest);
}

static void no_security_version_goes_beyond_the_commands(void **state) {
    (void)state;
    NATIVE n;
    begin(&n, "1.0");
    hm_manifest manifest = manifest_of(&n);
    manifest.components = 2;
    manifest.component[1] = manifest.component[0];
    manifest.component[1].id = LITERAL("other");
    expect_signed(&n, &manifest);
    manifest.component[1].security_version = 4;
    expect_unsigned(&n, &manifest, "security version above 3");
    manifest.component[1].security_version = UINT64_C(1) << 53;
    expect_unsigned(&n, &manifest, "security version above 3");
}

/* An envelope of MANIFEST with somebody's signature, which nobody verifies here. */
static void put_envelope(const hm_manifest *manifest, hm_buf *statement, hm_buf *envelope) {
    static const uint8_t value[64] = {1};
    HM_BUF bytes = HM_BUF_EMPTY;
    hm_cose_signature signature = {
        .algorithm = HM_COSE_ES256, .kid = HM_BYTES(manifest->signer[0], HM_KID_LEN), .value = HM_ARRAY(value)};
    statement->len = envelope->len = 0;
    WORKS(hm_manifest_put(manifest, statement));
    WORKS(hm_cose_signature_put(&signature, &bytes));
    hm_bytes whole = hm_buf_bytes(&bytes);
    WORKS(hm_cose_envelope_put(hm_buf_bytes(statement), &whole, 1, envelope));
}

/* Narrowed to co-signing MANIFEST's envelope, once. */
static void begin_cosigning(native *n, const hm_manifest *manifest) {
    HM_BUF statement = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY;
    put_envelope(manifest, &statement, &envelope);
    hm_message question = native_message("");
    question.field[HM_NARROW_SIGNATURES].number = 1;
    question.field[HM_NARROW_SECURITY_VERSION].number = 0;
    question.field[HM_NARROW_COSIGN].bytes = hm_buf_bytes(&envelope);
    begin_again(n, &question);
}

static void a_cosigning_session_signs_the_envelope_that_was_named_and_no_other(void **state) {
    (void)state;
    NATIVE n;
    connect_only(&n);
    hm_manifest named = manifest_of(&n), other;
    named.publisher[0] ^= 0xff;
    named.version = LITERAL("whatever its publisher says");
    named.sequence = UINT64_C(1) << 50;
    begin_cosigning(&n, &named);
    other = named;
    other.sequence++;
    expect_unsigned(&n, &other, "the named envelope's manifest");
    other = named;
    other.component[0].digest.value[0] ^= 1;
    expect_unsigned(&n, &other, "the named envelope's manifest");
    hm_message bare = sign_message(1, HM_KEY_ES256, DIGEST);
    expect_fault(&n.o, HM_REFUSED, "nothing of format 1", &bare);
    expect_signed(&n, &named);
    expect_unsigned(&n, &named, "used up");
}

static void a_cosigning_session_signs_for_other_publishers_and_not_its_own(void **state) {
    (void)state;
    NATIVE n;
    connect_only(&n);
    hm_manifest manifest = manifest_of(&n);
    begin_cosigning(&n, &manifest);
    expect_unsigned(&n, &manifest, "nothing to co-sign");
    manifest.publisher[0] ^= 0xff;
    manifest.class_id[0] ^= 1;
    begin_cosigning(&n, &manifest);
    expect_unsigned(&n, &manifest, "another class");
}

static void a_session_is_not_narrowed_to_what_is_no_envelope(void **state) {
    (void)state;
    NATIVE n;
    HM_BUF statement = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY;
    connect_only(&n);
    hm_manifest manifest = manifest_of(&n);
    put_envelope(&manifest, &statement, &envelope);
    hm_message question = native_message("");
    for (size_t len = 1; len < envelope.len; len += 31) {
        question.field[HM_NARROW_COSIGN].bytes = HM_BYTES(envelope.data, len);
        expect_fault(&n.o, HM_REFUSED, "envelope", &question);
    }
    question.field[HM_NARROW_COSIGN].bytes = hm_buf_bytes(&envelope);
    question.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_CMS;
    expect_fault(&n.o, HM_REFUSED, "only manifests are co-signed", &question);
}

/* Receipts. */

static hm_message receipt_question(hm_bytes hash, hm_bytes content) {
    hm_message question = {.type = HM_MSG_LOG_RECEIPT};
    question.field[HM_LOG_RECEIPT_SIGNATURE].bytes = hash;
    question.field[HM_LOG_RECEIPT_CONTENT].bytes = content;
    return question;
}

static void take_key(native *n, hm_buf *spki) {
    hm_message question = {.type = HM_MSG_KEY_LIST};
    office_disconnect(&n->o);
    office_connect(&n->o);
    for (hm_message answer = ask(&n->o, &question); answer.type == HM_MSG_KEY; answer = hear(&n->o))
        if (answer.field[HM_KEY_ROLE].number == HM_KEY_ROLE_RECEIPT) WORKS(hm_put(spki, answer.field[HM_KEY_SPKI].bytes));
}

static void check_included(const hm_cose_included *included, const hm_merkle_hash *root) {
    hm_merkle_hash leaf = hm_merkle_leaf(included->leaf);
    hm_merkle_proof proof = {.count = included->hashes};
    memcpy(proof.hash, included->path, included->hashes * HM_HASH_LEN);
    WORKS(hm_merkle_check_inclusion(&leaf, included->index, included->size, &proof, root));
}

static void head_of(const office *o, hm_checkpoint *checkpoint) {
    HM_BUF note = HM_BUF_EMPTY;
    hm_note_key key;
    FILE *file = fopen(office_file(o, "log/checkpoint"), "rb");
    uint8_t block[4096];
    assert_non_null(file);
    WORKS(hm_put(&note, HM_BYTES(block, fread(block, 1, sizeof block, file))));
    fclose(file);
    log_key(o, &key);
    WORKS(hm_checkpoint_open(hm_buf_bytes(&note), &key, checkpoint));
}

static void a_receipt_proves_intent_and_outcome(void **state) {
    (void)state;
    NATIVE n;
    HM_BUF bytes = HM_BUF_EMPTY, spki = HM_BUF_EMPTY;
    uint8_t hash[32];
    begin(&n, "1.0");
    hm_message answer = sign_release(&n, hash);
    uint64_t intent = answer.field[HM_SIGNED_INTENT].number, outcome = answer.field[HM_SIGNED_OUTCOME].number;
    hm_message question = receipt_question(HM_ARRAY(hash), HM_ARRAY(n.sha));
    answer = ask(&n.o, &question);
    WORKS(hm_put(&bytes, answer.field[HM_BYTES_CONTENT].bytes));
    hm_cose_receipt receipt;
    WORKS(hm_cose_receipt_get(hm_buf_bytes(&bytes), &receipt));
    assert_int_equal(receipt.intent.index, intent);
    assert_int_equal(receipt.outcome.index, outcome);
    hm_checkpoint head;
    head_of(&n.o, &head);
    assert_int_equal(head.size, receipt.outcome.size);
    check_included(&receipt.outcome, &head.root);
    check_included(&receipt.intent, &head.root);
    take_key(&n, &spki);
    WORKS(hm_cose_receipt_verify(&receipt, head.root.byte, hm_buf_bytes(&spki)));
    head.root.byte[0] ^= 1;
    FAILS(HM_REFUSED, "signature", hm_cose_receipt_verify(&receipt, head.root.byte, hm_buf_bytes(&spki)));
    FAILS(HM_REFUSED, "another key", hm_cose_receipt_verify(&receipt, head.root.byte, hm_buf_bytes(&n.spki)));
}

static void there_is_no_receipt_for_what_is_not_logged(void **state) {
    (void)state;
    NATIVE n;
    uint8_t hash[32];
    begin(&n, "1.0");
    sign_release(&n, hash);
    /* Of another manifest, and of no signature. */
    hm_message question = receipt_question(HM_ARRAY(hash), DIGEST);
    expect_fault(&n.o, HM_REFUSED, "for other content", &question);
    question = receipt_question(DIGEST, HM_ARRAY(n.sha));
    assert_int_equal(ask(&n.o, &question).field[HM_BYTES_CONTENT].bytes.len, 0);
}

static void there_are_no_more_receipts_than_signatures_granted(void **state) {
    (void)state;
    NATIVE n;
    begin(&n, "1.0");
    hm_message question = receipt_question(DIGEST, DIGEST);
    for (size_t i = 0; i < 9; i++) assert_int_equal(ask(&n.o, &question).field[HM_BYTES_CONTENT].bytes.len, 0);
    expect_fault(&n.o, HM_REFUSED, "used up the receipts", &question);
}

static void a_session_that_signs_nothing_has_no_receipts(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    hm_message question = narrow_message("", 0);
    question.field[HM_NARROW_RELEASE].bytes = HM_NO_BYTES;
    (void)ask(&o, &question);
    question = receipt_question(DIGEST, DIGEST);
    expect_fault(&o, HM_REFUSED, "may only sign", &question);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(signs_a_manifest_of_its_own_product),
        OFFICE_TEST(says_what_falls_behind_earlier_releases),
        OFFICE_TEST(refuses_what_the_session_is_not_for),
        OFFICE_TEST(refuses_a_statement_that_is_not_what_is_asked_for),
        OFFICE_TEST(refuses_every_prefix_and_what_is_behind),
        OFFICE_TEST(a_session_signs_what_it_is_for_and_no_other_format),
        OFFICE_TEST(a_sequence_number_is_the_one_that_was_chosen_or_near_the_time),
        OFFICE_TEST(no_security_version_goes_beyond_the_commands),
        OFFICE_TEST(a_cosigning_session_signs_the_envelope_that_was_named_and_no_other),
        OFFICE_TEST(a_session_is_not_narrowed_to_what_is_no_envelope),
        OFFICE_TEST(a_cosigning_session_signs_for_other_publishers_and_not_its_own),
        OFFICE_TEST(a_receipt_proves_intent_and_outcome),
        OFFICE_TEST(there_is_no_receipt_for_what_is_not_logged),
        OFFICE_TEST(there_are_no_more_receipts_than_signatures_granted),
        OFFICE_TEST(a_session_that_signs_nothing_has_no_receipts),
    };
    return RUN_WITH_OFFICE(tests);
}
