/* Log proofs (C2SP tlog-proof). */
#include <tlog/proof.h>

#include <base/cbor.h>

#include <inttypes.h>
#include <string.h>

enum { EXTRA_VERSION = 1, EXTRA_FIELDS = 5, EXTRA_BASE64_MAX = 8192, PROOF_TEXT_MAX = 1100000 };
static const char first_line[] = "c2sp.org/tlog-proof@v1";

static hm_err check_shape(const hm_log_proof *proof) {
    if (proof->outcome_path.count > HM_PROOF_MAX || proof->intent_path.count > HM_PROOF_MAX)
        return hm_refuse("an inclusion path is too long");
    /* An outcome is never alone in its tree: the intent stands before it. */
    if (!proof->outcome_path.count || !proof->intent_path.count) return hm_refuse("an inclusion path is empty");
    if (!proof->outcome_entry.len || proof->outcome_entry.len > HM_LEAF_MAX || !proof->intent_entry.len ||
        proof->intent_entry.len > HM_LEAF_MAX)
        return hm_refuse("a log entry is empty or too long");
    if (!proof->checkpoint.len) return hm_refuse("it has no checkpoint");
    return HM_OK;
}

static hm_err put_extra(const hm_log_proof *proof, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, EXTRA_FIELDS));
    HM_TRY(hm_cbor_put_uint(cbor, EXTRA_VERSION));
    HM_TRY(hm_cbor_put_bytes(cbor, proof->outcome_entry));
    HM_TRY(hm_cbor_put_bytes(cbor, proof->intent_entry));
    HM_TRY(hm_cbor_put_uint(cbor, proof->intent_index));
    HM_TRY(hm_cbor_put_array(cbor, proof->intent_path.count));
    for (size_t i = 0; i < proof->intent_path.count; i++)
        HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(proof->intent_path.hash[i].byte)));
    return HM_OK;
}

static hm_err put_proof(hm_bytes extra, uint64_t index, const hm_merkle_proof *path, hm_bytes checkpoint,
                        hm_buf *text) {
    HM_TRY(hm_put_format(text, "%s\nextra ", first_line));
    HM_TRY(hm_put_base64(text, extra));
    HM_TRY(hm_put_format(text, "\nindex %" PRIu64 "\n", index));
    for (size_t i = 0; i < path->count; i++) {
        HM_TRY(hm_put_base64(text, HM_ARRAY(path->hash[i].byte)));
        HM_TRY(hm_put_u8(text, '\n'));
    }
    HM_TRY(hm_put_u8(text, '\n'));
    return hm_put(text, checkpoint);
}

hm_err hm_entry_proof_put(uint64_t index, hm_bytes entry, const hm_merkle_proof *path, hm_bytes checkpoint,
                          hm_buf *text) {
    if (path->count > HM_PROOF_MAX || !entry.len || entry.len > HM_LEAF_MAX || !checkpoint.len)
        return hm_refuse("the proof of entry %" PRIu64 " lacks something", index);
    return put_proof(entry, index, path, checkpoint, text);
}

hm_err hm_log_proof_put(const hm_log_proof *proof, hm_buf *text) {
    HM_BUF extra = HM_BUF_EMPTY;
    HM_TRY(hm_in(check_shape(proof), "the log proof"));
    HM_TRY(put_extra(proof, &extra));
    return put_proof(hm_buf_bytes(&extra), proof->outcome_index, &proof->outcome_path, proof->checkpoint, text);
}

/* A line that begins with WORD and a space; VALUE is what follows. */
static hm_err read_named_line(hm_reader *reader, const char *word, hm_bytes *value) {
    hm_bytes line, name;
    HM_TRY(hm_read_line(reader, &line));
    hm_reader in_line = hm_reader_of(line);
    HM_TRY(hm_read_bytes(&in_line, strlen(word), &name));
    if (!hm_bytes_equal(name, hm_text(word))) return hm_refuse("a line does not begin with '%s'", word);
    *value = in_line.rest;
    return HM_OK;
}

static hm_err add_hash(hm_merkle_proof *path, hm_bytes hash) {
    if (path->count == HM_PROOF_MAX) return hm_refuse("an inclusion path is too long");
    if (hash.len != HM_HASH_LEN) return hm_refuse("a hash is not of 32 bytes");
    memcpy(path->hash[path->count++].byte, hash.data, HM_HASH_LEN);
    return HM_OK;
}

static hm_err parse_extra(hm_bytes cbor, hm_log_proof *proof) {
    hm_reader reader = hm_reader_of(cbor);
    uint64_t count, version;
    HM_TRY(hm_cbor_get_array(&reader, &count));
    if (count != EXTRA_FIELDS) return hm_refuse("it does not have %d fields", EXTRA_FIELDS);
    HM_TRY(hm_cbor_get_uint(&reader, &version));
    if (version != EXTRA_VERSION) return hm_refuse("its version %" PRIu64 " is unknown", version);
    HM_TRY(hm_cbor_get_bytes(&reader, &proof->outcome_entry));
    HM_TRY(hm_cbor_get_bytes(&reader, &proof->intent_entry));
    HM_TRY(hm_cbor_get_uint(&reader, &proof->intent_index));
    HM_TRY(hm_cbor_get_array(&reader, &count));
    for (uint64_t i = 0; i < count; i++) {
        hm_bytes hash;
        HM_TRY(hm_cbor_get_bytes(&reader, &hash));
        HM_TRY(add_hash(&proof->intent_path, hash));
    }
    return hm_read_end(&reader);
}

/* Base64 lines up to an empty one. */
static hm_err read_path(hm_reader *reader, hm_merkle_proof *path) {
    for (;;) {
        HM_BUF hash = HM_BUF_EMPTY;
        hm_bytes line;
        HM_TRY(hm_read_line(reader, &line));
        if (!line.len) return HM_OK;
        HM_TRY(hm_base64_decode(line, &hash));
        HM_TRY(add_hash(path, hm_buf_bytes(&hash)));
    }
}

static hm_err parse(hm_bytes text, hm_buf *storage, hm_log_proof *proof) {
    hm_reader reader = hm_reader_of(text);
    hm_bytes line, extra, index;
    if (text.len > PROOF_TEXT_MAX) return hm_refuse("it is longer than %d bytes", PROOF_TEXT_MAX);
    HM_TRY(hm_read_line(&reader, &line));
    if (!hm_bytes_equal(line, hm_text(first_line))) return hm_refuse("it does not begin with '%s'", first_line);
    HM_TRY(read_named_line(&reader, "extra ", &extra));
    if (extra.len > EXTRA_BASE64_MAX) return hm_refuse("its extra data is too long");
    HM_TRY(hm_base64_decode(extra, storage));
    HM_TRY(hm_in(parse_extra(hm_buf_bytes(storage), proof), "its extra data"));
    HM_TRY(read_named_line(&reader, "index ", &index));
    HM_TRY(hm_decimal_decode(index, &proof->outcome_index));
    HM_TRY(read_path(&reader, &proof->outcome_path));
    proof->checkpoint = reader.rest;
    return check_shape(proof);
}

hm_err hm_log_proof_get(hm_bytes text, hm_buf *storage, hm_log_proof *proof) {
    hm_buf_clear(storage);
    memset(proof, 0, sizeof *proof);
    hm_err err = hm_in(parse(text, storage, proof), "the log proof");
    if (hm_failed(err)) memset(proof, 0, sizeof *proof);
    return err;
}

static hm_err check_pair(const hm_log_proof *proof, const hm_leaf *outcome, const hm_leaf *intent) {
    if (outcome->type != HM_LEAF_OUTCOME) return hm_refuse("the entry it proves is not the outcome of a signing");
    if (intent->type != HM_LEAF_INTENT) return hm_refuse("the entry that the outcome refers to is not an intent");
    if (outcome->intent != proof->intent_index || proof->intent_index >= proof->outcome_index)
        return hm_refuse("the outcome refers to another intent");
    bool same_product = outcome->has_product == intent->has_product &&
                        hm_bytes_equal(HM_ARRAY(outcome->product_class), HM_ARRAY(intent->product_class));
    if (!hm_bytes_equal(HM_ARRAY(outcome->office), HM_ARRAY(intent->office)) || !same_product ||
        outcome->format != intent->format)
        return hm_refuse("intent and outcome are of different offices, products or formats");
    return HM_OK;
}

static hm_err check_inclusions(const hm_log_proof *proof, const hm_checkpoint *checkpoint) {
    hm_merkle_hash outcome = hm_merkle_leaf(proof->outcome_entry), intent = hm_merkle_leaf(proof->intent_entry);
    HM_TRY(hm_in(hm_merkle_check_inclusion(&outcome, proof->outcome_index, checkpoint->size, &proof->outcome_path,
                                           &checkpoint->root),
                 "the outcome"));
    return hm_in(hm_merkle_check_inclusion(&intent, proof->intent_index, checkpoint->size, &proof->intent_path,
                                           &checkpoint->root),
                 "the intent");
}

static hm_err check(const hm_log_proof *proof, const hm_note_key *key, hm_bytes content_digest, hm_bytes signature_hash,
                    hm_checkpoint *checkpoint) {
    hm_leaf outcome, intent;
    HM_TRY(hm_checkpoint_open(proof->checkpoint, key, checkpoint));
    HM_TRY(check_inclusions(proof, checkpoint));
    HM_TRY(hm_leaf_get(proof->outcome_entry, &outcome));
    HM_TRY(hm_leaf_get(proof->intent_entry, &intent));
    HM_TRY(check_pair(proof, &outcome, &intent));
    if (!hm_bytes_equal(HM_BYTES(intent.digest, intent.digest_len), content_digest))
        return hm_refuse("the intent is of other content");
    if (!hm_bytes_equal(HM_BYTES(outcome.digest, outcome.digest_len), signature_hash))
        return hm_refuse("the outcome is of another signature");
    return HM_OK;
}

hm_err hm_log_proof_check(const hm_log_proof *proof, const hm_note_key *key, hm_bytes content_digest,
                          const uint8_t signature_hash[static HM_SHA256_LEN], hm_checkpoint *checkpoint) {
    hm_err err =
        hm_in(check(proof, key, content_digest, HM_BYTES(signature_hash, HM_SHA256_LEN), checkpoint), "the log proof");
    if (hm_failed(err)) memset(checkpoint, 0, sizeof *checkpoint);
    return err;
}
