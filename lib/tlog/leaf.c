#include <tlog/leaf.h>

#include <base/cbor.h>

#include <string.h>

enum { LEAF_VERSION = 1, LEAF_FIELDS = 8 };

static bool refers_to_intent(hm_leaf_type type) { return type == HM_LEAF_OUTCOME || type == HM_LEAF_FAILURE; }

/* What must hold for every leaf, written or read: a record that only looks like an outcome must not exist. */
static hm_err check(const hm_leaf *leaf) {
    if (leaf->type < HM_LEAF_INTENT || leaf->type > HM_LEAF_PUBLICATION)
        return hm_refuse("the log entry is of the unknown type %d", (int)leaf->type);
    if (leaf->has_intent != refers_to_intent(leaf->type))
        return hm_refuse(leaf->has_intent ? "the log entry refers to an intent, and its type does not"
                                          : "the log entry does not refer to an intent");
    size_t len = leaf->digest_len;
    if (len != 0 && len != 32 && len != 48 && len != 64)
        return hm_refuse("the digest in the log entry is %zu bytes long", len);
    if (leaf->type == HM_LEAF_INTENT && !len) return hm_refuse("the intent names no digest");
    if (leaf->type == HM_LEAF_REQUEST && len != HM_SHA256_LEN)
        return hm_refuse("the log entry does not name the SHA-256 of a request");
    if (leaf->type == HM_LEAF_PUBLICATION && (!leaf->has_product || (len && len != HM_SHA256_LEN)))
        return hm_refuse("a publication is a product's, and names a SHA-256 if anything");
    if (leaf->type == HM_LEAF_OUTCOME && len != HM_SHA256_LEN)
        return hm_refuse("the outcome does not name the SHA-256 of a signature");
    return HM_OK;
}

static hm_err put_bytes_or_null(hm_buf *cbor, bool present, hm_bytes bytes) {
    return present ? hm_cbor_put_bytes(cbor, bytes) : hm_cbor_put_null(cbor);
}

hm_err hm_leaf_put(const hm_leaf *leaf, hm_buf *cbor) {
    HM_TRY(check(leaf));
    HM_TRY(hm_cbor_put_array(cbor, LEAF_FIELDS));
    HM_TRY(hm_cbor_put_uint(cbor, LEAF_VERSION));
    HM_TRY(hm_cbor_put_uint(cbor, leaf->type));
    HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(leaf->office)));
    HM_TRY(put_bytes_or_null(cbor, leaf->has_product, HM_ARRAY(leaf->product_class)));
    HM_TRY(hm_cbor_put_uint(cbor, leaf->format));
    HM_TRY(put_bytes_or_null(cbor, leaf->digest_len, HM_BYTES(leaf->digest, leaf->digest_len)));
    HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(leaf->details_hash)));
    return leaf->has_intent ? hm_cbor_put_uint(cbor, leaf->intent) : hm_cbor_put_null(cbor);
}

/* A byte string of exactly LEN bytes. */
static hm_err get_fixed(hm_reader *reader, void *to, size_t len) {
    hm_bytes bytes;
    HM_TRY(hm_cbor_get_bytes(reader, &bytes));
    if (bytes.len != len) return hm_refuse("a field of %zu bytes has %zu", len, bytes.len);
    memcpy(to, bytes.data, len);
    return HM_OK;
}

static hm_err get_small(hm_reader *reader, uint32_t *value) {
    uint64_t wide;
    HM_TRY(hm_cbor_get_uint(reader, &wide));
    if (wide > UINT32_MAX) return hm_refuse("a number is too large");
    *value = (uint32_t)wide;
    return HM_OK;
}

static hm_err get_start(hm_reader *reader, hm_leaf *leaf) {
    uint64_t count;
    uint32_t version, type;
    HM_TRY(hm_cbor_get_array(reader, &count));
    if (count != LEAF_FIELDS) return hm_refuse("it does not have %d fields", LEAF_FIELDS);
    HM_TRY(get_small(reader, &version));
    if (version != LEAF_VERSION) return hm_refuse("its version %u is unknown", version);
    HM_TRY(get_small(reader, &type));
    if (type < HM_LEAF_INTENT || type > HM_LEAF_PUBLICATION) return hm_refuse("its type %u is unknown", type);
    leaf->type = (hm_leaf_type)type;
    return HM_OK;
}

static hm_err get_digest(hm_reader *reader, hm_leaf *leaf) {
    bool is_null;
    hm_bytes digest;
    HM_TRY(hm_cbor_get_null(reader, &is_null));
    if (is_null) return HM_OK;
    HM_TRY(hm_cbor_get_bytes(reader, &digest));
    if (!digest.len || digest.len > sizeof leaf->digest) return hm_refuse("its digest is %zu bytes long", digest.len);
    memcpy(leaf->digest, digest.data, digest.len);
    leaf->digest_len = digest.len;
    return HM_OK;
}

static hm_err get(hm_reader *reader, hm_leaf *leaf) {
    bool is_null;
    HM_TRY(get_start(reader, leaf));
    HM_TRY(get_fixed(reader, leaf->office, sizeof leaf->office));
    HM_TRY(hm_cbor_get_null(reader, &is_null));
    leaf->has_product = !is_null;
    if (leaf->has_product) HM_TRY(get_fixed(reader, leaf->product_class, sizeof leaf->product_class));
    HM_TRY(get_small(reader, &leaf->format));
    HM_TRY(get_digest(reader, leaf));
    HM_TRY(get_fixed(reader, leaf->details_hash, sizeof leaf->details_hash));
    HM_TRY(hm_cbor_get_null(reader, &is_null));
    leaf->has_intent = !is_null;
    if (leaf->has_intent) HM_TRY(hm_cbor_get_uint(reader, &leaf->intent));
    HM_TRY(hm_read_end(reader));
    return check(leaf);
}

hm_err hm_leaf_get(hm_bytes cbor, hm_leaf *leaf) {
    hm_reader reader = hm_reader_of(cbor);
    memset(leaf, 0, sizeof *leaf);
    hm_err err = hm_in(get(&reader, leaf), "the log entry");
    if (hm_failed(err)) memset(leaf, 0, sizeof *leaf);
    return err;
}

void hm_leaf_details_hash(const uint8_t salt[static HM_SALT_LEN], hm_bytes details,
                          uint8_t hash[static HM_SHA256_LEN]) {
    hm_hash state;
    hm_digest digest;
    hm_hash_init(&state, HM_SHA256);
    hm_hash_update(&state, HM_BYTES(salt, HM_SALT_LEN));
    hm_hash_update(&state, details);
    hm_hash_final(&state, &digest);
    memcpy(hash, digest.value, HM_SHA256_LEN);
}
