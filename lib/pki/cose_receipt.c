/* COSE Receipts (RFC 9942) over the log's tree (RFC 9162): that an intent and its outcome are in it. */
#include "cose_headers.h"

#include <pki/cose.h>

#include <base/cbor.h>

#include <string.h>

enum { TAG = 18, ALG = 1, KID = 4, TREE_ALGORITHM = 395, PROOFS = 396, INCLUSION = -1, LEAVES = -70001 };
enum { RFC9162_SHA256 = 1 };

static hm_err put_protected(hm_bytes kid, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_map(cbor, 3));
    HM_TRY(hm_cbor_put_int(cbor, ALG));
    HM_TRY(hm_cbor_put_int(cbor, HM_COSE_ES256));
    HM_TRY(hm_cbor_put_int(cbor, KID));
    HM_TRY(hm_cbor_put_bytes(cbor, kid));
    HM_TRY(hm_cbor_put_int(cbor, TREE_ALGORITHM));
    return hm_cbor_put_int(cbor, RFC9162_SHA256);
}

/* Sig_structure of a COSE_Sign1 whose payload, the root, is detached. */
static hm_err put_message(hm_bytes protected, hm_bytes root, hm_buf *message) {
    HM_TRY(hm_cbor_put_array(message, 4));
    HM_TRY(hm_cbor_put_text(message, hm_text("Signature1")));
    HM_TRY(hm_cbor_put_bytes(message, protected));
    HM_TRY(hm_cbor_put_bytes(message, HM_NO_BYTES));
    return hm_cbor_put_bytes(message, root);
}

static hm_err put_inclusion(uint64_t size, const hm_cose_inclusion *entry, hm_buf *cbor) {
    HM_BUF proof = HM_BUF_EMPTY;
    hm_bytes hash;
    HM_TRY(hm_cbor_put_array(&proof, 3));
    HM_TRY(hm_cbor_put_uint(&proof, size));
    HM_TRY(hm_cbor_put_uint(&proof, entry->index));
    HM_TRY(hm_cbor_put_array(&proof, entry->path.len / HM_SHA256_LEN));
    for (size_t at = 0; at < entry->path.len; at += HM_SHA256_LEN) {
        HM_TRY(hm_bytes_part(entry->path, at, HM_SHA256_LEN, &hash));
        HM_TRY(hm_cbor_put_bytes(&proof, hash));
    }
    return hm_cbor_put_bytes(cbor, hm_buf_bytes(&proof));
}

static hm_err put_proofs(uint64_t size, const hm_cose_inclusion *outcome, const hm_cose_inclusion *intent,
                         hm_buf *cbor) {
    HM_TRY(hm_cbor_put_map(cbor, 2));
    HM_TRY(hm_cbor_put_int(cbor, PROOFS));
    HM_TRY(hm_cbor_put_map(cbor, 1));
    HM_TRY(hm_cbor_put_int(cbor, INCLUSION));
    HM_TRY(hm_cbor_put_array(cbor, 2));
    HM_TRY(put_inclusion(size, outcome, cbor));
    HM_TRY(put_inclusion(size, intent, cbor));
    HM_TRY(hm_cbor_put_int(cbor, LEAVES));
    HM_TRY(hm_cbor_put_array(cbor, 2));
    HM_TRY(hm_cbor_put_bytes(cbor, outcome->leaf));
    return hm_cbor_put_bytes(cbor, intent->leaf);
}

hm_err hm_cose_receipt_sign(uint64_t size, const uint8_t root[static HM_SHA256_LEN], const hm_cose_inclusion *outcome,
                            const hm_cose_inclusion *intent, const hm_signer *signer, hm_buf *cbor) {
    HM_BUF protected = HM_BUF_EMPTY, message = HM_BUF_EMPTY, der = HM_BUF_EMPTY, value = HM_BUF_EMPTY,
           whole = HM_BUF_EMPTY;
    uint8_t kid[HM_KID_LEN];
    if (signer->algorithm != HM_KEY_ES256) return hm_misuse("receipts are signed with ES256");
    HM_TRY(hm_cose_kid(signer->spki, kid));
    HM_TRY(put_protected(HM_ARRAY(kid), &protected));
    HM_TRY(put_message(hm_buf_bytes(&protected), HM_BYTES(root, HM_SHA256_LEN), &message));
    HM_TRY(signer->sign(signer->key, HM_SCHEME_ECDSA_SHA256, hm_buf_bytes(&message), &der));
    HM_TRY(hm_cose_value_of(HM_COSE_ES256, hm_buf_bytes(&der), &value));
    HM_TRY(hm_cbor_put_tag(&whole, TAG));
    HM_TRY(hm_cbor_put_array(&whole, 4));
    HM_TRY(hm_cbor_put_bytes(&whole, hm_buf_bytes(&protected)));
    HM_TRY(put_proofs(size, outcome, intent, &whole));
    HM_TRY(hm_cbor_put_null(&whole));
    HM_TRY(hm_cbor_put_bytes(&whole, hm_buf_bytes(&value)));
    return hm_put(cbor, hm_buf_bytes(&whole));
}

static hm_err get_label(hm_reader *reader, hm_bytes *previous, int64_t wanted) {
    int64_t label;
    HM_TRY(hm_cbor_get_key(reader, previous, &label));
    return label == wanted ? HM_OK : hm_refuse("a header %lld where %lld belongs", (long long)label, (long long)wanted);
}

static hm_err get_number(hm_reader *reader, hm_bytes *previous, int64_t label, int64_t wanted) {
    int64_t value;
    HM_TRY(get_label(reader, previous, label));
    HM_TRY(hm_cbor_get_int(reader, &value));
    return value == wanted ? HM_OK : hm_refuse("header %lld is %lld", (long long)label, (long long)value);
}

/* Maps and arrays of another size than the structure's. */
static hm_err get_count(hm_reader *reader, hm_err (*get)(hm_reader *, uint64_t *), uint64_t wanted) {
    uint64_t count;
    HM_TRY(get(reader, &count));
    return count == wanted
               ? HM_OK
               : hm_refuse("%llu items where %llu belong", (unsigned long long)count, (unsigned long long)wanted);
}

static hm_err get_protected(hm_bytes protected, hm_bytes *kid) {
    hm_reader reader = hm_reader_of(protected);
    hm_bytes previous = HM_NO_BYTES;
    HM_TRY(get_count(&reader, hm_cbor_get_map, 3));
    HM_TRY(get_number(&reader, &previous, ALG, HM_COSE_ES256));
    HM_TRY(get_label(&reader, &previous, KID));
    HM_TRY(hm_cbor_get_bytes(&reader, kid));
    if (kid->len != HM_KID_LEN) return hm_refuse("its kid is not of %d bytes", HM_KID_LEN);
    HM_TRY(get_number(&reader, &previous, TREE_ALGORITHM, RFC9162_SHA256));
    return hm_read_end(&reader);
}

static hm_err get_inclusion(hm_reader *from, hm_cose_included *entry) {
    hm_bytes proof, hash;
    uint64_t hashes;
    HM_TRY(hm_cbor_get_bytes(from, &proof));
    hm_reader reader = hm_reader_of(proof);
    HM_TRY(get_count(&reader, hm_cbor_get_array, 3));
    HM_TRY(hm_cbor_get_uint(&reader, &entry->size));
    HM_TRY(hm_cbor_get_uint(&reader, &entry->index));
    HM_TRY(hm_cbor_get_array(&reader, &hashes));
    if (hashes > HM_COSE_PATH_MAX) return hm_refuse("a path has more than %d hashes", HM_COSE_PATH_MAX);
    for (; entry->hashes < hashes; entry->hashes++) {
        HM_TRY(hm_cbor_get_bytes(&reader, &hash));
        if (hash.len != HM_SHA256_LEN) return hm_refuse("a hash is not of %d bytes", HM_SHA256_LEN);
        memcpy(entry->path[entry->hashes], hash.data, HM_SHA256_LEN);
    }
    return hm_read_end(&reader);
}

static hm_err get_proofs(hm_reader *reader, hm_cose_receipt *receipt) {
    hm_bytes previous = HM_NO_BYTES, inside = HM_NO_BYTES;
    HM_TRY(get_count(reader, hm_cbor_get_map, 2));
    HM_TRY(get_label(reader, &previous, PROOFS));
    HM_TRY(get_count(reader, hm_cbor_get_map, 1));
    HM_TRY(get_label(reader, &inside, INCLUSION));
    HM_TRY(get_count(reader, hm_cbor_get_array, 2));
    HM_TRY(get_inclusion(reader, &receipt->outcome));
    HM_TRY(get_inclusion(reader, &receipt->intent));
    HM_TRY(get_label(reader, &previous, LEAVES));
    HM_TRY(get_count(reader, hm_cbor_get_array, 2));
    HM_TRY(hm_cbor_get_bytes(reader, &receipt->outcome.leaf));
    return hm_cbor_get_bytes(reader, &receipt->intent.leaf);
}

static hm_err get_receipt(hm_bytes bytes, hm_cose_receipt *receipt) {
    hm_reader reader = hm_reader_of(bytes);
    hm_bytes protected;
    bool detached;
    HM_TRY(get_count(&reader, hm_cbor_get_tag, TAG));
    HM_TRY(get_count(&reader, hm_cbor_get_array, 4));
    HM_TRY(hm_cbor_get_bytes(&reader, &protected));
    HM_TRY(get_protected(protected, &receipt->kid));
    HM_TRY(get_proofs(&reader, receipt));
    HM_TRY(hm_cbor_get_null(&reader, &detached));
    if (!detached) return hm_refuse("it carries the root, which must be computed");
    HM_TRY(hm_cbor_get_bytes(&reader, &receipt->value));
    if (receipt->outcome.size != receipt->intent.size) return hm_refuse("its two entries are of different trees");
    return hm_read_end(&reader);
}

hm_err hm_cose_receipt_get(hm_bytes bytes, hm_cose_receipt *receipt) {
    memset(receipt, 0, sizeof *receipt);
    return hm_in(get_receipt(bytes, receipt), "receipt");
}

hm_err hm_cose_receipt_verify(const hm_cose_receipt *receipt, const uint8_t root[static HM_SHA256_LEN], hm_bytes spki) {
    HM_BUF protected = HM_BUF_EMPTY, message = HM_BUF_EMPTY;
    uint8_t kid[HM_KID_LEN];
    HM_TRY(hm_cose_kid(spki, kid));
    if (!hm_bytes_equal(receipt->kid, HM_ARRAY(kid))) return hm_refuse("the receipt is by another key than the log's");
    HM_TRY(put_protected(receipt->kid, &protected));
    HM_TRY(put_message(hm_buf_bytes(&protected), HM_BYTES(root, HM_SHA256_LEN), &message));
    return hm_cose_verify_value(HM_COSE_ES256, hm_buf_bytes(&message), receipt->value, spki);
}
