#include "fixture.h"

#include <tlog/proof.h>

#include "../software_signer.h"

#include <stdio.h>

/* A log of 300 entries: an intent, four others, its outcome, and so on. */
enum { ENTRIES = 300, INTENT = 280, OUTCOME = 285 };

static software_signer *signer;
static hm_note_key key;
static hm_leaf leaves[ENTRIES];
static hm_buf encoded[ENTRIES];
static uint8_t content[48], signature_hash[HM_SHA256_LEN];

static void prepare_leaves(void) {
    memset(leaves, 0, sizeof leaves);
    for (unsigned i = 0; i < ENTRIES; i++) {
        leaves[i].type = HM_LEAF_CEREMONY;
        memset(leaves[i].office, 0x11, sizeof leaves[i].office);
        leaves[i].details_hash[0] = (uint8_t)i;
    }
    hm_leaf *intent = &leaves[INTENT], *outcome = &leaves[OUTCOME];
    intent->type = HM_LEAF_INTENT;
    intent->digest_len = sizeof content;
    memcpy(intent->digest, content, sizeof content);
    outcome->type = HM_LEAF_OUTCOME;
    outcome->digest_len = sizeof signature_hash;
    memcpy(outcome->digest, signature_hash, sizeof signature_hash);
    outcome->has_intent = true;
    outcome->intent = INTENT;
    intent->has_product = outcome->has_product = true;
    memset(intent->product_class, 0x22, sizeof intent->product_class);
    memset(outcome->product_class, 0x22, sizeof outcome->product_class);
}

static int prepare(void **state) {
    (void)state;
    signer = software_signer_new(HM_KEY_ED25519);
    memset(content, 0x33, sizeof content);
    memset(signature_hash, 0x44, sizeof signature_hash);
    return hm_failed(hm_note_key_make("example.com/log", software_signer_of(signer)->spki, &key));
}

static int clean_up(void **state) {
    (void)state;
    for (unsigned i = 0; i < ENTRIES; i++) hm_buf_clear(&encoded[i]);
    software_signer_free(&signer);
    return 0;
}

static hm_err next_leaf(void *context, hm_bytes *entry) {
    unsigned *index = context;
    encoded[*index].len = 0;
    HM_TRY(hm_leaf_put(&leaves[*index], &encoded[*index]));
    *entry = hm_buf_bytes(&encoded[(*index)++]);
    return HM_OK;
}

/* The proof file for the pair at OUTCOME_AT and INTENT_AT in the log of the prepared leaves. */
static void make_proof_of(uint64_t outcome_at, uint64_t intent_at, hm_buf *text) {
    static hm_tree_edge tree;
    unsigned first = 0;
    TEST_FOLDER folder;
    HM_BUF body = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    HM_TILE_READER *reader = NULL;
    test_folder_make(&folder);
    hm_tree_edge_init(&tree);
    assert_ok(hm_tiles_extend(folder.fd, &tree, ENTRIES, (hm_entry_feed){&first, next_leaf}));
    hm_checkpoint checkpoint = checkpoint_of(&tree);
    assert_ok(hm_checkpoint_put(&checkpoint, &body));
    assert_ok(hm_note_sign(hm_buf_bytes(&body), &key, software_signer_of(signer), &note));
    assert_ok(hm_tile_reader_new(folder.fd, &checkpoint, &reader));
    hm_log_proof proof = {.outcome_index = outcome_at, .intent_index = intent_at};
    proof.outcome_entry = hm_buf_bytes(&encoded[outcome_at]);
    proof.intent_entry = hm_buf_bytes(&encoded[intent_at]);
    assert_ok(hm_tiles_inclusion(reader, outcome_at, &proof.outcome_path));
    assert_ok(hm_tiles_inclusion(reader, intent_at, &proof.intent_path));
    proof.checkpoint = hm_buf_bytes(&note);
    assert_ok(hm_log_proof_put(&proof, text));
}

static hm_err check_text(hm_bytes text, hm_bytes content_digest, const uint8_t *hash) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_log_proof proof;
    hm_checkpoint checkpoint;
    HM_TRY(hm_log_proof_get(text, &storage, &proof));
    hm_err err = hm_log_proof_check(&proof, &key, content_digest, hash, &checkpoint);
    assert_int_equal(checkpoint.size, hm_failed(err) ? 0 : ENTRIES);
    return err;
}

static hm_err check_prepared(void) {
    HM_BUF text = HM_BUF_EMPTY;
    make_proof_of(OUTCOME, INTENT, &text);
    return check_text(hm_buf_bytes(&text), HM_ARRAY(content), signature_hash);
}

static void proves_the_signature_that_was_logged(void **state) {
    (void)state;
    prepare_leaves();
    assert_ok(check_prepared());
}

static void reads_what_it_writes(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY, storage = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    hm_log_proof proof;
    prepare_leaves();
    make_proof_of(OUTCOME, INTENT, &text);
    assert_ok(hm_log_proof_get(hm_buf_bytes(&text), &storage, &proof));
    assert_int_equal(proof.outcome_index, OUTCOME);
    assert_int_equal(proof.intent_index, INTENT);
    assert_ok(hm_log_proof_put(&proof, &again));
    assert_true(hm_bytes_equal(hm_buf_bytes(&text), hm_buf_bytes(&again)));
}

/* C2SP tlog-proof: header, extra, index, hashes of 32 bytes, an empty line, the checkpoint. */
static void has_the_lines_of_the_specification(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    hm_bytes line;
    prepare_leaves();
    make_proof_of(OUTCOME, INTENT, &text);
    hm_reader reader = hm_reader_of(hm_buf_bytes(&text));
    assert_ok(hm_read_line(&reader, &line));
    assert_true(hm_bytes_equal(line, hm_text("c2sp.org/tlog-proof@v1")));
    assert_ok(hm_read_line(&reader, &line));
    assert_memory_equal(line.data, "extra ", 6);
    assert_ok(hm_read_line(&reader, &line));
    assert_true(hm_bytes_equal(line, hm_text("index 285")));
    for (unsigned i = 0; i < 7; i++) {
        assert_ok(hm_read_line(&reader, &line));
        assert_int_equal(line.len, 44);
    }
    assert_ok(hm_read_line(&reader, &line));
    assert_int_equal(line.len, 0);
    assert_ok(hm_read_line(&reader, &line));
    assert_true(hm_bytes_equal(line, hm_text("example.com/log")));
}

/* Nothing of a proof may change: flipped bits and prefixes are all refused. */
static void refuses_every_bit_changed_and_every_prefix(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    prepare_leaves();
    make_proof_of(OUTCOME, INTENT, &text);
    for (size_t i = 0; i < text.len * 8; i++) {
        text.data[i / 8] ^= (uint8_t)(1u << i % 8);
        if (!hm_failed(check_text(hm_buf_bytes(&text), HM_ARRAY(content), signature_hash)))
            fail_msg("bit %zu of byte %zu may change", i % 8, i / 8);
        text.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t len = 0; len < text.len; len++)
        assert_refused(check_text(HM_BYTES(text.data, len), HM_ARRAY(content), signature_hash), "the log proof");
    assert_ok(check_text(hm_buf_bytes(&text), HM_ARRAY(content), signature_hash));
}

/* What may be added: signatures by others, as witnesses do. */
static void accepts_a_witness_behind_the_checkpoint(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    prepare_leaves();
    make_proof_of(OUTCOME, INTENT, &text);
    assert_ok(hm_put_text(&text, "— witness.example AAAAAAE=\n"));
    assert_ok(check_text(hm_buf_bytes(&text), HM_ARRAY(content), signature_hash));
    assert_ok(hm_put_text(&text, "\n"));
    assert_refused(check_text(hm_buf_bytes(&text), HM_ARRAY(content), signature_hash), "");
}

static void refuses_other_content_and_other_signatures(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    uint8_t other[48];
    memset(other, 0x34, sizeof other);
    prepare_leaves();
    make_proof_of(OUTCOME, INTENT, &text);
    hm_bytes whole = hm_buf_bytes(&text);
    assert_refused(check_text(whole, HM_ARRAY(other), signature_hash), "other content");
    assert_refused(check_text(whole, HM_BYTES(content, 32), signature_hash), "other content");
    assert_refused(check_text(whole, HM_NO_BYTES, signature_hash), "other content");
    assert_refused(check_text(whole, HM_ARRAY(content), other), "another signature");
}

static void refuses_a_proof_under_another_log_key(void **state) {
    (void)state;
    SOFTWARE_SIGNER *other = software_signer_new(HM_KEY_ED25519);
    HM_BUF text = HM_BUF_EMPTY, storage = HM_BUF_EMPTY;
    hm_note_key other_key;
    hm_log_proof proof;
    hm_checkpoint checkpoint;
    prepare_leaves();
    make_proof_of(OUTCOME, INTENT, &text);
    assert_ok(hm_note_key_make("example.com/log", software_signer_of(other)->spki, &other_key));
    assert_ok(hm_log_proof_get(hm_buf_bytes(&text), &storage, &proof));
    assert_refused(hm_log_proof_check(&proof, &other_key, HM_ARRAY(content), signature_hash, &checkpoint),
                   "not signed by the key");
}

static void refuses_pairs_that_do_not_belong_together(void **state) {
    (void)state;
    prepare_leaves();
    leaves[OUTCOME].intent = INTENT - 1;
    assert_refused(check_prepared(), "another intent");
    prepare_leaves();
    leaves[OUTCOME].office[15] ^= 1;
    assert_refused(check_prepared(), "different offices, products or formats");
    prepare_leaves();
    leaves[OUTCOME].product_class[0] ^= 1;
    assert_refused(check_prepared(), "different offices, products or formats");
    prepare_leaves();
    leaves[OUTCOME].has_product = false;
    memset(leaves[OUTCOME].product_class, 0, sizeof leaves[OUTCOME].product_class);
    assert_refused(check_prepared(), "different offices, products or formats");
    prepare_leaves();
    leaves[OUTCOME].format++;
    assert_refused(check_prepared(), "different offices, products or formats");
}

static void refuses_entries_of_other_types(void **state) {
    (void)state;
    prepare_leaves();
    leaves[OUTCOME].type = HM_LEAF_FAILURE;
    assert_refused(check_prepared(), "not the outcome of a signing");
    prepare_leaves();
    leaves[INTENT].type = HM_LEAF_REFUSAL;
    assert_refused(check_prepared(), "not an intent");
}

static void refuses_an_outcome_that_stands_before_its_intent(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    prepare_leaves();
    hm_leaf outcome = leaves[OUTCOME];
    leaves[OUTCOME] = leaves[INTENT];
    leaves[INTENT] = outcome;
    leaves[INTENT].intent = OUTCOME;
    make_proof_of(INTENT, OUTCOME, &text);
    assert_refused(check_text(hm_buf_bytes(&text), HM_ARRAY(content), signature_hash), "another intent");
}

static void refuses_the_path_of_another_entry(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY, storage = HM_BUF_EMPTY;
    hm_log_proof proof, changed;
    hm_checkpoint checkpoint;
    prepare_leaves();
    make_proof_of(OUTCOME, INTENT, &text);
    assert_ok(hm_log_proof_get(hm_buf_bytes(&text), &storage, &proof));
    changed = proof;
    changed.intent_path = proof.outcome_path;
    assert_refused(hm_log_proof_check(&changed, &key, HM_ARRAY(content), signature_hash, &checkpoint), "the intent");
    changed = proof;
    changed.outcome_path = proof.intent_path;
    assert_refused(hm_log_proof_check(&changed, &key, HM_ARRAY(content), signature_hash, &checkpoint), "the outcome");
    changed = proof;
    changed.outcome_index++;
    assert_refused(hm_log_proof_check(&changed, &key, HM_ARRAY(content), signature_hash, &checkpoint), "the outcome");
    changed = proof;
    changed.intent_entry = proof.outcome_entry;
    assert_refused(hm_log_proof_check(&changed, &key, HM_ARRAY(content), signature_hash, &checkpoint), "the intent");
}

#define HASH "y8/gZsZCtitsMan09tY+k8I7Qpr7Y5fbO2tLi9GQnfU=\n"
/* [1, h'aa', h'bb', 0, [32 zero bytes]] */
#define EXTRA "hQFBqkG7AIFYIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void refuses_malformed_files(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "does not end"},
        {"c2sp.org/tlog-proof@v2\nextra " EXTRA "\nindex 1\n" HASH "\nx\n",
         "does not begin with 'c2sp.org/tlog-proof@v1'"},
        {"c2sp.org/tlog-proof@v1\r\nextra " EXTRA "\nindex 1\n" HASH "\nx\n", "does not begin with"},
        {"c2sp.org/tlog-proof@v1\nindex 1\n" HASH "\nx\n", "'extra '"},
        {"c2sp.org/tlog-proof@v1\nextra\nindex 1\n" HASH "\nx\n", "early"},
        {"c2sp.org/tlog-proof@v1\nextra \nindex 1\n" HASH "\nx\n", "extra data"},
        {"c2sp.org/tlog-proof@v1\nextra AAAA\nindex 1\n" HASH "\nx\n", "not an array"},
        {"c2sp.org/tlog-proof@v1\nextra  " EXTRA "\nindex 1\n" HASH "\nx\n", "base64"},
        {"c2sp.org/tlog-proof@v1\nindex 1\nextra " EXTRA "\n" HASH "\nx\n", "'extra '"},
        {"c2sp.org/tlog-proof@v1\nextra " EXTRA "\nindex 01\n" HASH "\nx\n", "decimal"},
        {"c2sp.org/tlog-proof@v1\nextra " EXTRA "\nindex -1\n" HASH "\nx\n", "decimal"},
        {"c2sp.org/tlog-proof@v1\nextra " EXTRA "\nindex \n" HASH "\nx\n", "decimal"},
        {"c2sp.org/tlog-proof@v1\nextra " EXTRA "\nindex 18446744073709551616\n" HASH "\nx\n", "too large"},
        {"c2sp.org/tlog-proof@v1\nextra " EXTRA "\nindex 1\n\nx\n", "path is empty"},
        {"c2sp.org/tlog-proof@v1\nextra " EXTRA "\nindex 1\nAAAA\n\nx\n", "32 bytes"},
        {"c2sp.org/tlog-proof@v1\nextra " EXTRA "\nindex 1\n" HASH HASH, "does not end"},
        {"c2sp.org/tlog-proof@v1\nextra " EXTRA "\nindex 1\n" HASH "\n", "no checkpoint"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        HM_BUF storage = HM_BUF_EMPTY;
        hm_log_proof proof;
        assert_refused(hm_log_proof_get(hm_text(bad[i].text), &storage, &proof), bad[i].words);
        assert_null(proof.checkpoint.data);
    }
    HM_BUF storage = HM_BUF_EMPTY;
    hm_log_proof proof;
    assert_ok(
        hm_log_proof_get(hm_text("c2sp.org/tlog-proof@v1\nextra " EXTRA "\nindex 1\n" HASH "\nx\n"), &storage, &proof));
}

static hm_err get_extra(const char *hex) {
    HM_BUF cbor = HM_BUF_EMPTY, text = HM_BUF_EMPTY, storage = HM_BUF_EMPTY;
    hm_log_proof proof;
    assert_ok(hm_hex_decode(hm_text(hex), &cbor));
    assert_ok(hm_put_text(&text, "c2sp.org/tlog-proof@v1\nextra "));
    assert_ok(hm_put_base64(&text, hm_buf_bytes(&cbor)));
    assert_ok(hm_put_text(&text, "\nindex 1\n" HASH "\nx\n"));
    return hm_log_proof_get(hm_buf_bytes(&text), &storage, &proof);
}

/* clang-format off */
#define PATH "81" "5820" "0000000000000000000000000000000000000000000000000000000000000000"
/* clang-format on */

static void refuses_malformed_extra_data(void **state) {
    (void)state;
    /* clang-format off */
    static const struct {
        const char *hex, *words;
    } bad[] = {
        {"84" "01" "41aa" "41bb" "00", "5 fields"},
        {"86" "01" "41aa" "41bb" "00" PATH "00", "5 fields"},
        {"85" "02" "41aa" "41bb" "00" PATH, "version 2"},
        {"85" "01" "40" "41bb" "00" PATH, "empty or too long"},
        {"85" "01" "41aa" "40" "00" PATH, "empty or too long"},
        {"85" "01" "41aa" "41bb" "00" "80", "path is empty"},
        {"85" "01" "41aa" "41bb" "00" "81" "41aa", "32 bytes"},
        {"85" "01" "41aa" "41bb" "00" "82" "5820", "early"},
        {"85" "01" "41aa" "41bb" "00" "9bffffffffffffffff", "early"},
        {"85" "01" "41aa" "41bb" "1800" PATH, "shortest"},
        {"85" "01" "41aa" "41bb" "00" PATH "00", "too many"},
        {"85" "01" "61aa" "41bb" "00" PATH, "byte string"},
    };
    assert_ok(get_extra("85" "01" "41aa" "41bb" "00" PATH));
    /* clang-format on */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_refused(get_extra(bad[i].hex), bad[i].words);
}

static void refuses_paths_of_more_than_64_hashes(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY, storage = HM_BUF_EMPTY;
    hm_log_proof proof;
    assert_ok(hm_put_text(&text, "c2sp.org/tlog-proof@v1\nextra " EXTRA "\nindex 1\n"));
    for (unsigned i = 0; i < 65; i++) assert_ok(hm_put_text(&text, HASH));
    assert_ok(hm_put_text(&text, "\nx\n"));
    assert_refused(hm_log_proof_get(hm_buf_bytes(&text), &storage, &proof), "path is too long");
}

static void does_not_write_what_it_would_not_read(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    uint8_t entry[HM_LEAF_MAX + 1] = {0};
    hm_log_proof good = {.outcome_path.count = 1, .intent_path.count = 1, .checkpoint = HM_ARRAY(entry)}, bad;
    good.outcome_entry = good.intent_entry = HM_BYTES(entry, 1);
    bad = good;
    bad.outcome_path.count = 0;
    assert_refused(hm_log_proof_put(&bad, &text), "path is empty");
    bad = good;
    bad.intent_path.count = HM_PROOF_MAX + 1;
    assert_refused(hm_log_proof_put(&bad, &text), "path is too long");
    bad = good;
    bad.intent_entry = HM_ARRAY(entry);
    assert_refused(hm_log_proof_put(&bad, &text), "empty or too long");
    bad = good;
    bad.checkpoint = HM_NO_BYTES;
    assert_refused(hm_log_proof_put(&bad, &text), "no checkpoint");
    assert_int_equal(text.len, 0);
    assert_ok(hm_log_proof_put(&good, &text));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves_the_signature_that_was_logged),
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(has_the_lines_of_the_specification),
        cmocka_unit_test(refuses_every_bit_changed_and_every_prefix),
        cmocka_unit_test(accepts_a_witness_behind_the_checkpoint),
        cmocka_unit_test(refuses_other_content_and_other_signatures),
        cmocka_unit_test(refuses_a_proof_under_another_log_key),
        cmocka_unit_test(refuses_pairs_that_do_not_belong_together),
        cmocka_unit_test(refuses_entries_of_other_types),
        cmocka_unit_test(refuses_an_outcome_that_stands_before_its_intent),
        cmocka_unit_test(refuses_the_path_of_another_entry),
        cmocka_unit_test(refuses_malformed_files),
        cmocka_unit_test(refuses_malformed_extra_data),
        cmocka_unit_test(refuses_paths_of_more_than_64_hashes),
        cmocka_unit_test(does_not_write_what_it_would_not_read),
    };
    return cmocka_run_group_tests(tests, prepare, clean_up);
}
