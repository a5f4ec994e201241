#include "receipt.h"

#include "memory.h"
#include "trust.h"
#include "verdict.h"

enum { LEAF_INTENT = 1, LEAF_OUTCOME = 2, FORMAT_NATIVE = 4, HASHES_MAX = 64, SIGNATURE_SIZE = 64 };

/* Of the outcome, then of the intent. */
enum { OUTCOME, INTENT, BOTH };
typedef struct receipt {
    hmv_bytes protected_item; /* with its head */
    hmv_bytes kid;
    hmv_bytes inclusion[BOTH], leaf[BOTH];
    hmv_bytes signature;
} receipt;

/* An inclusion proof and its leaf, and the root that they lead to. */
typedef struct entry {
    uint64_t tree_size, index;
    hmv_bytes hashes;
    uint64_t intent; /* of an outcome */
    hmv_bytes office, product_class, digest, details, end;
    uint32_t type, format;
    uint8_t root[HMV_SHA256_SIZE];
} entry;

#define ROW(type, least, most, member)                                                                                 \
    { 0, (type), (least), (most), offsetof(entry, member) }
static const hmv_field inclusion_array[] = {
    HMV_FIXED_ARRAY(3, 0),
    ROW(HMV_UINT, 0, 255, tree_size),
    ROW(HMV_UINT, 0, 255, index),
    ROW(HMV_LIST_32, 0, HASHES_MAX, hashes),
};
static const hmv_field leaf_array[] = {
    HMV_FIXED_ARRAY(8, 0),
    {0, HMV_VERSION, 0, 255, 0},
    ROW(HMV_SMALL, LEAF_INTENT, LEAF_OUTCOME, type),
    ROW(HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, office),
    ROW(HMV_BYTES, HMV_UUID_SIZE, HMV_UUID_SIZE, product_class),
    ROW(HMV_SMALL, FORMAT_NATIVE, FORMAT_NATIVE, format),
    ROW(HMV_BYTES, HMV_SHA256_SIZE, HMV_SHA256_SIZE, digest),
    ROW(HMV_BYTES, HMV_SHA256_SIZE, HMV_SHA256_SIZE, details),
    ROW(HMV_ITEM, 0, 255, end),
};
#undef ROW

/* A receipt has one shape; what is fixed in it is compared, octet by octet. */
static const uint8_t tag_and_array[] = {0xd2, 0x84};
static const uint8_t es256_and_kid[] = {0xa3, 0x01, 0x26, 0x04};
static const uint8_t merkle_sha256[] = {0x19, 0x01, 0x8b, 0x01};
static const uint8_t inclusions[] = {0xa2, 0x19, 0x01, 0x8c, 0xa1, 0x20, 0x82};
static const uint8_t leaves[] = {0x3a, 0x00, 0x01, 0x11, 0x70, 0x82};
static const uint8_t nil[] = {0xf6};

static void read_pair(hmv_reader *reader, hmv_bytes pair[BOTH]) {
    pair[OUTCOME] = hmv_read_bytes(reader, 0, 255);
    pair[INTENT] = hmv_read_bytes(reader, 0, 255);
}

static void read_receipt(hmv_reader *reader, receipt *to) {
    static const hmv_field protected_item = {0, HMV_BYTES_ITEM, 0, 255, offsetof(receipt, protected_item)};
    hmv_reader inner;
    hmv_expect(reader, tag_and_array, sizeof tag_and_array);
    hmv_read(reader, &protected_item, to);
    inner = hmv_elements(to->protected_item, reader->fault);
    hmv_expect(&inner, es256_and_kid, sizeof es256_and_kid);
    to->kid = hmv_read_bytes(&inner, HMV_KID_SIZE, HMV_KID_SIZE);
    hmv_expect(&inner, merkle_sha256, sizeof merkle_sha256);
    hmv_end(&inner);
    hmv_expect(reader, inclusions, sizeof inclusions);
    read_pair(reader, to->inclusion);
    hmv_expect(reader, leaves, sizeof leaves);
    read_pair(reader, to->leaf);
    hmv_expect(reader, nil, sizeof nil);
    to->signature = hmv_read_bytes(reader, SIGNATURE_SIZE, SIGNATURE_SIZE);
    hmv_end(reader);
}

/* SHA-256(01 || left || right), RFC 9162 section 2.1.1, into ROOT, which is one of the two. */
static void node(const uint8_t *left, const uint8_t *right, uint8_t *root) {
    static const uint8_t one[] = {1};
    const hmv_bytes pieces[] = {{one, 1}, {left, HMV_SHA256_SIZE}, {right, HMV_SHA256_SIZE}};
    hmv_sha256_of(pieces, 3, root);
}

/* The root that the leaf hash in ROOT leads to (RFC 9162 section 2.1.3.2). */
static void climb(entry *it, hmv_reason *fault) {
    hmv_reader reader = hmv_elements(it->hashes, fault);
    uint64_t index = it->index, last = it->tree_size - 1;
    if (it->index >= it->tree_size) hmv_fault(fault, HMV_BAD_RECEIPT);
    while (reader.left > 0) {
        hmv_bytes sibling = hmv_read_bytes(&reader, 0, 255);
        if (*fault != HMV_UNDECIDED) return;
        if (last == 0) hmv_fault(fault, HMV_BAD_RECEIPT);
        if ((index & 1) != 0 || index == last) {
            node(sibling.data, it->root, it->root);
            for (; (index & 1) == 0 && index != 0; index >>= 1) last >>= 1;
        } else
            node(it->root, sibling.data, it->root);
        index >>= 1;
        last >>= 1;
    }
    if (last != 0) hmv_fault(fault, HMV_BAD_RECEIPT);
}

static void read_entry(hmv_bytes inclusion, hmv_bytes leaf, hmv_reason *fault, entry *to) {
    static const uint8_t zero[] = {0};
    const hmv_bytes pieces[] = {{zero, 1}, leaf};
    hmv_reader reader = hmv_reader_of(inclusion, fault);
    memset(to, 0, sizeof *to);
    hmv_decode(&reader, inclusion_array, to);
    hmv_end(&reader);
    reader = hmv_reader_of(leaf, fault);
    hmv_decode(&reader, leaf_array, to);
    hmv_end(&reader);
    hmv_sha256_of(pieces, 2, to->root);
    climb(to, fault);
}

static int is_digest_of(hmv_bytes digest, hmv_bytes bytes) {
    uint8_t ours[HMV_SHA256_SIZE];
    hmv_sha256_of(&bytes, 1, ours);
    return hmv_same(digest.data, ours, sizeof ours) == HMV_GOOD;
}

/* Field 7 of a leaf: the intent's index, or null in an intent. */
static int refers_to(const entry *outcome, const entry *intent) {
    static const hmv_field number = {0, HMV_UINT, 0, 255, 0};
    hmv_reason fault = HMV_UNDECIDED;
    hmv_reader reader = hmv_reader_of(outcome->end, &fault);
    uint64_t index = 0;
    hmv_read(&reader, &number, &index);
    return fault == HMV_UNDECIDED && index == intent->index && index < outcome->index && intent->end.data[0] == nil[0];
}

/* Are the two entries the intent and the outcome of this very signature? Their root, if so. */
static HMV_APART void check_entries(hmv_pass *pass, const hmv_signature *signature, const receipt *it, hmv_bytes office,
                                    uint8_t root[HMV_SHA256_SIZE]) {
    entry outcome, intent;
    read_entry(it->inclusion[OUTCOME], it->leaf[OUTCOME], &pass->fault, &outcome);
    read_entry(it->inclusion[INTENT], it->leaf[INTENT], &pass->fault, &intent);
    if (pass->fault != HMV_UNDECIDED) return;
    memcpy(root, outcome.root, HMV_SHA256_SIZE);
    if (outcome.type != LEAF_OUTCOME || intent.type != LEAF_INTENT || outcome.tree_size != intent.tree_size ||
        hmv_same(outcome.root, intent.root, HMV_SHA256_SIZE) != HMV_GOOD ||
        hmv_same_bytes(outcome.office, intent.office) != HMV_GOOD ||
        hmv_same_bytes(outcome.office, office) != HMV_GOOD ||
        hmv_same_bytes(outcome.product_class, intent.product_class) != HMV_GOOD ||
        hmv_same_bytes(outcome.product_class, pass->release->class_id) != HMV_GOOD || !refers_to(&outcome, &intent) ||
        !is_digest_of(outcome.digest, signature->value) || !is_digest_of(intent.digest, pass->payload))
        hmv_fault(&pass->fault, HMV_BAD_RECEIPT);
}

/* Sig_structure of COSE_Sign1 (RFC 9052 section 4.4): ["Signature1", protected, external_aad: h'', payload: root]. */
static const uint8_t sig_structure[] = {0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1'};
static const uint8_t no_aad_and_root[] = {0x40, 0x58, HMV_SHA256_SIZE};

static uint32_t check_receipt(hmv_pass *pass, const hmv_signature *signature, hmv_bytes bytes, hmv_bytes wanted) {
    hmv_reader reader = hmv_reader_of(bytes, &pass->fault);
    uint8_t root[HMV_SHA256_SIZE];
    hmv_bytes office;
    receipt it;
    hmv_cose_key key;
    read_receipt(&reader, &it);
    if (pass->fault != HMV_UNDECIDED || !hmv_log_find(pass->trust, it.kid, &pass->fault, &office, &key)) return 0;
    check_entries(pass, signature, &it, office, root);
    if (pass->fault != HMV_UNDECIDED) return 0;
    {
        const hmv_bytes pieces[HMV_PIECES] = {{sig_structure, sizeof sig_structure},
                                              it.protected_item,
                                              {no_aad_and_root, sizeof no_aad_and_root},
                                              {root, sizeof root}};
        hmv_cose_verify(pass, &key, pieces, it.signature);
        if (pass->fault == HMV_BAD_SIGNATURE) pass->fault = HMV_BAD_RECEIPT; /* the log's, not a signer's */
    }
    return hmv_same_bytes(office, wanted) == HMV_GOOD;
}

uint32_t hmv_receipts_check(hmv_pass *pass, const hmv_signature *signature, hmv_bytes office) {
    hmv_reader reader = hmv_elements(signature->receipts, &pass->fault);
    uint32_t wanted = 0;
    while (reader.left > 0) wanted |= check_receipt(pass, signature, hmv_read_bytes(&reader, 0, 255), office);
    return wanted;
}
