/* The worked example of docs/log.md, made again: every line of bytes in it is what the code writes. */
#include "fixture.h"

#include <tlog/proof.h>

#include "../software_signer.h"

#include <base/file.h>

#include <fcntl.h>

static hm_buf document;

static int read_document(void **state) {
    (void)state;
    return hm_failed(hm_file_read(AT_FDCWD, HALLMARK_SOURCE "/docs/log.md", 1000000, &document));
}

static int forget_document(void **state) {
    (void)state;
    hm_buf_clear(&document);
    return 0;
}

static void assert_shown(hm_bytes text) {
    assert_true(text.len > 0);
    if (memmem(document.data, document.len, text.data, text.len)) return;
    fail_msg("docs/log.md does not show:\n%.*s", (int)text.len, (const char *)text.data);
}

static void assert_hex_shown(hm_bytes bytes) {
    HM_BUF hex = HM_BUF_EMPTY;
    assert_ok(hm_put_hex(&hex, bytes));
    assert_shown(hm_buf_bytes(&hex));
}

static const char details[] = "{\"act\":\"sign\",\"principal\":\"alice\",\"release\":\"1.2.0\"}";

/* The log: the office is founded, a signing is asked for, it is done. */
enum { FOUNDED, INTENT, OUTCOME, ENTRIES };

static void describe(hm_leaf leaves[static ENTRIES]) {
    uint8_t salt[HM_SALT_LEN];
    memset(leaves, 0, ENTRIES * sizeof *leaves);
    memset(salt, 0x5a, sizeof salt);
    for (unsigned i = 0; i < ENTRIES; i++) {
        for (unsigned k = 0; k < 16; k++) leaves[i].office[k] = (uint8_t)k;
        for (unsigned k = 0; k < 16 && i != FOUNDED; k++) leaves[i].product_class[k] = (uint8_t)(16 + k);
        leaves[i].has_product = i != FOUNDED;
        hm_leaf_details_hash(salt, i == INTENT ? hm_text(details) : hm_text("{}"), leaves[i].details_hash);
    }
    leaves[FOUNDED].type = HM_LEAF_CEREMONY;
    leaves[INTENT].type = HM_LEAF_INTENT;
    leaves[INTENT].format = 1;
    hm_sha256(hm_text("firmware"), leaves[INTENT].digest);
    leaves[OUTCOME].type = HM_LEAF_OUTCOME;
    leaves[OUTCOME].format = 1;
    hm_sha256(hm_text("signature"), leaves[OUTCOME].digest);
    leaves[INTENT].digest_len = leaves[OUTCOME].digest_len = HM_SHA256_LEN;
    leaves[OUTCOME].has_intent = true;
    leaves[OUTCOME].intent = INTENT;
}

typedef struct {
    hm_buf entry[ENTRIES];
    size_t next;
} example_feed;

static hm_err next_example(void *context, hm_bytes *entry) {
    example_feed *feed = context;
    *entry = hm_buf_bytes(&feed->entry[feed->next++]);
    return HM_OK;
}

static software_signer *log_signer(hm_note_key *key) {
    HM_BUF seed = HM_BUF_EMPTY;
    /* RFC 8032 section 7.1, test 1. */
    assert_ok(hm_hex_decode(hm_text("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"), &seed));
    software_signer *signer = software_signer_of_seed(seed.data);
    assert_ok(hm_note_key_make("example.com/log", software_signer_of(signer)->spki, key));
    return signer;
}

static void publish(const test_folder *folder, const hm_tree_edge *tree, const hm_note_key *key,
                    const software_signer *signer, hm_buf *note) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_checkpoint checkpoint = checkpoint_of(tree);
    assert_ok(hm_checkpoint_put(&checkpoint, &text));
    assert_ok(hm_note_sign(hm_buf_bytes(&text), key, software_signer_of(signer), note));
    assert_ok(hm_tiles_publish(folder->fd, hm_buf_bytes(note)));
}

static void make_log(const test_folder *folder, example_feed *feed, hm_tree_edge *tree) {
    hm_leaf leaves[ENTRIES];
    describe(leaves);
    hm_tree_edge_init(tree);
    for (unsigned i = 0; i < ENTRIES; i++) assert_ok(hm_leaf_put(&leaves[i], &feed->entry[i]));
    assert_ok(hm_tiles_extend(folder->fd, tree, ENTRIES, (hm_entry_feed){feed, next_example}));
}

static void prove(const test_folder *folder, const hm_tree_edge *tree, const example_feed *feed, const hm_buf *note,
                  hm_buf *text) {
    hm_checkpoint checkpoint = checkpoint_of(tree);
    HM_TILE_READER *reader = NULL;
    hm_log_proof proof = {.outcome_index = OUTCOME, .intent_index = INTENT};
    proof.outcome_entry = hm_buf_bytes(&feed->entry[OUTCOME]);
    proof.intent_entry = hm_buf_bytes(&feed->entry[INTENT]);
    proof.checkpoint = hm_buf_bytes(note);
    assert_ok(hm_tile_reader_new(folder->fd, &checkpoint, &reader));
    assert_ok(hm_tiles_inclusion(reader, OUTCOME, &proof.outcome_path));
    assert_ok(hm_tiles_inclusion(reader, INTENT, &proof.intent_path));
    assert_ok(hm_log_proof_put(&proof, text));
}

static void the_document_shows_what_is_written(void **state) {
    (void)state;
    static hm_tree_edge tree;
    static example_feed feed;
    TEST_FOLDER folder;
    HM_BUF note = HM_BUF_EMPTY, vkey = HM_BUF_EMPTY, proof = HM_BUF_EMPTY, bundle = HM_BUF_EMPTY, tile = HM_BUF_EMPTY;
    hm_note_key key;
    SOFTWARE_SIGNER *signer = log_signer(&key);
    test_folder_make(&folder);
    make_log(&folder, &feed, &tree);
    publish(&folder, &tree, &key, signer, &note);
    prove(&folder, &tree, &feed, &note, &proof);
    assert_shown(hm_text(details));
    assert_ok(hm_note_key_put(&key, &vkey));
    assert_shown(hm_buf_bytes(&vkey));
    assert_shown(hm_buf_bytes(&note));
    assert_shown(hm_buf_bytes(&proof));
    test_folder_read(&folder, "tile/0/000.p/3", &tile);
    test_folder_read(&folder, "tile/entries/000.p/3", &bundle);
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_hex_shown(HM_BYTES(&tile.data[i * HM_HASH_LEN], HM_HASH_LEN));
        assert_hex_shown(hm_buf_bytes(&feed.entry[i]));
    }
    assert_int_equal(bundle.len, 6 + feed.entry[0].len + feed.entry[1].len + feed.entry[2].len);
    for (unsigned i = 0; i < ENTRIES; i++) hm_buf_clear(&feed.entry[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_document_shows_what_is_written)};
    return cmocka_run_group_tests(tests, read_document, forget_document);
}
