/* Proofs out of the log, for those who hold a signature: as text for tools (tlog-proof), as a receipt for devices. */
#include "office.h"

#include <pki/cose.h>

#include <string.h>

typedef struct {
    hm_bytes digest;
    hm_leaf_type type;
    bool found;
    uint64_t index;
    hm_leaf leaf;
    hm_buf *bytes;
} leaf_search;

static hm_err match_leaf(void *context, const hm_entry_row *entry) {
    leaf_search *search = context;
    hm_leaf leaf;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    if (leaf.type != search->type || !hm_bytes_equal(HM_BYTES(leaf.digest, leaf.digest_len), search->digest))
        return HM_OK;
    search->found = true;
    search->index = entry->index;
    search->leaf = leaf;
    search->bytes->len = 0;
    return hm_put(search->bytes, entry->leaf);
}

static hm_err take_leaf(void *context, const hm_entry_row *entry) { return hm_put(context, entry->leaf); }

static hm_err find_outcome(hm_office *office, hm_bytes signature_hash, leaf_search *search) {
    search->digest = signature_hash;
    search->type = HM_LEAF_OUTCOME;
    return hm_store_entries_tagged(office->store, hm_log_outcome_tag(signature_hash), match_leaf, search);
}

static hm_err make_paths(hm_office *office, hm_log_proof *proof, hm_checkpoint *checkpoint) {
    hm_note_key key;
    HM_TRY(hm_log_key(office, &key));
    HM_TRY(hm_checkpoint_open(proof->checkpoint, &key, checkpoint));
    HM_TILE_READER *reader = NULL;
    HM_TRY(hm_tile_reader_new(office->log_dirfd, checkpoint, &reader));
    HM_TRY(hm_tiles_inclusion(reader, proof->outcome_index, &proof->outcome_path));
    return hm_tiles_inclusion(reader, proof->intent_index, &proof->intent_path);
}

/* What PROOF's views point into. */
typedef struct {
    hm_log_proof proof;
    hm_buf outcome, intent, note;
} pair;

static void pair_clear(pair *p) {
    hm_buf_clear(&p->outcome);
    hm_buf_clear(&p->intent);
    hm_buf_clear(&p->note);
}
#define PAIR __attribute__((cleanup(pair_clear))) pair

/* The outcome that names the signature, its intent, which must be for CONTENT, and their paths in a tree that is
 * published now. *FOUND false: no entry names the signature. */
static hm_err find_pair(hm_office *office, hm_bytes signature_hash, hm_bytes content, pair *p, bool *found) {
    leaf_search search = {.bytes = &p->outcome};
    hm_leaf intended;
    HM_TRY(find_outcome(office, signature_hash, &search));
    *found = search.found;
    if (!search.found) return HM_OK;
    HM_TRY(hm_store_entries(office->store, search.leaf.intent, 1, take_leaf, &p->intent));
    HM_TRY(
        hm_in(hm_leaf_get(hm_buf_bytes(&p->intent), &intended), "entry %llu", (unsigned long long)search.leaf.intent));
    if (!hm_bytes_equal(HM_BYTES(intended.digest, intended.digest_len), content))
        return hm_refuse("the log's intent of this signature is for other content");
    HM_TRY(hm_log_publish(office, &p->note));
    p->proof.outcome_index = search.index;
    p->proof.intent_index = search.leaf.intent;
    p->proof.outcome_entry = hm_buf_bytes(&p->outcome);
    p->proof.intent_entry = hm_buf_bytes(&p->intent);
    p->proof.checkpoint = hm_buf_bytes(&p->note);
    return HM_OK;
}

hm_err hm_prove(hm_office *office, hm_bytes signature_hash, hm_bytes content, hm_buf *text) {
    PAIR p = {.proof = {0}};
    hm_checkpoint checkpoint;
    bool found;
    /* Each may cost a checkpoint, which the token signs. */
    if (office->session->narrowed && !office->session->proofs_left)
        return hm_refuse("this session has used up the proofs it was opened for");
    if (office->session->narrowed) office->session->proofs_left--;
    HM_TRY(find_pair(office, signature_hash, content, &p, &found));
    if (!found) return HM_OK;
    HM_TRY(make_paths(office, &p.proof, &checkpoint));
    return hm_log_proof_put(&p.proof, text);
}

static hm_err put_inclusion(hm_office *office, uint64_t index, hm_bytes note, hm_buf *text) {
    hm_note_key key;
    hm_checkpoint checkpoint;
    HM_BUF leaf = HM_BUF_EMPTY;
    hm_merkle_proof path;
    HM_TRY(hm_log_key(office, &key));
    HM_TRY(hm_checkpoint_open(note, &key, &checkpoint));
    HM_TILE_READER *reader = NULL;
    HM_TRY(hm_tile_reader_new(office->log_dirfd, &checkpoint, &reader));
    HM_TRY(hm_tiles_entry(reader, index, &leaf));
    HM_TRY(hm_tiles_inclusion(reader, index, &path));
    return hm_entry_proof_put(index, hm_buf_bytes(&leaf), &path, note, text);
}

hm_err hm_prove_entry(hm_office *office, uint64_t index, hm_buf *proof) {
    HM_BUF note = HM_BUF_EMPTY;
    uint64_t size;
    HM_TRY(hm_store_log_size(office->store, &size));
    if (index >= size)
        return hm_refuse("the log has no entry %llu (it has %llu entries)", (unsigned long long)index,
                         (unsigned long long)size);
    HM_TRY(hm_log_publish(office, &note));
    return put_inclusion(office, index, hm_buf_bytes(&note), proof);
}

static hm_err sign_receipt(const hm_log_proof *proof, const hm_checkpoint *checkpoint, hm_key *key, hm_buf *cbor) {
    hm_signer signer = hm_key_signer(key);
    hm_cose_inclusion outcome = {proof->outcome_index, proof->outcome_entry,
                                 HM_BYTES(proof->outcome_path.hash, proof->outcome_path.count * HM_HASH_LEN)};
    hm_cose_inclusion intent = {proof->intent_index, proof->intent_entry,
                                HM_BYTES(proof->intent_path.hash, proof->intent_path.count * HM_HASH_LEN)};
    HM_BUF made = HM_BUF_EMPTY;
    hm_cose_receipt receipt;
    HM_TRY(hm_cose_receipt_sign(checkpoint->size, checkpoint->root.byte, &outcome, &intent, &signer, &made));
    /* A faulty signature can betray a key: none leaves unverified. */
    HM_TRY(hm_cose_receipt_get(hm_buf_bytes(&made), &receipt));
    HM_TRY(hm_in(hm_cose_receipt_verify(&receipt, checkpoint->root.byte, signer.spki), "the token signed wrongly"));
    return hm_put(cbor, hm_buf_bytes(&made));
}

hm_err hm_receipt(hm_office *office, hm_bytes signature_hash, hm_bytes content, hm_buf *cbor) {
    PAIR p = {.proof = {0}};
    hm_office_key key = {.found = false};
    hm_checkpoint checkpoint;
    bool found;
    /* The key first: that it was made is an entry, too, and the receipt's tree may as well hold it. Where there are
     * roles, it is made for who may sign, and who has a role for keys; not for whoever asks. */
    bool make = !office->governed || office->session->product.id;
    hm_err err = hm_ceremony_office_key(office, HM_KEY_ROLE_RECEIPT, HM_KEY_ES256, make, &key);
    hm_buf_clear(&key.spki);
    HM_TRY(err);
    if (!key.found)
        return hm_refuse("this office has no key for receipts yet (a key officer of the whole office makes it: "
                         "hallmark log key)");
    HM_TRY(find_pair(office, signature_hash, content, &p, &found));
    if (!found) return HM_OK;
    HM_TRY(make_paths(office, &p.proof, &checkpoint));
    return sign_receipt(&p.proof, &checkpoint, key.key, cbor);
}
