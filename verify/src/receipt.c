#include "receipt.h"

#include "memory.h"
#include "trust.h"

enum { HASHES_MAX = 64, END = HMV_SHAPE_END };

/* The byte strings of a receipt, of its protected header and of a leaf, in the order in which they come. */
enum { PROTECTED, OUTCOME_PATH, INTENT_PATH, OUTCOME, INTENT, SIGNATURE, RECEIPT_PARTS };
enum { OFFICE, CLASS, DIGEST, DETAILS, LEAF_PARTS };
/* clang-format off */
static const uint8_t receipt_shape[] = {
    2, 0xd2, 0x84, 0,                                                       /* #6.18([ protected, */
    7, 0xa2, 0x19, 0x01, 0x8c, 0xa1, 0x20, 0x82, 0, 0, 0,                   /* { 396 => { -1 => [ proof, proof ] }, */
    6, 0x3a, 0x00, 0x01, 0x11, 0x70, 0x82, 0, 0, 0,                         /* -70001 => [ leaf, leaf ] }, */
    1, 0xf6, 64, 0, END};                                                   /* nil, signature ]) */
static const uint8_t protected_shape[] = {
    4, 0xa3, 0x01, 0x26, 0x04, HMV_KID_SIZE, 4, 0x19, 0x01, 0x8b, 0x01, END}; /* { 1 => -7, 4 => kid, 395 => 1 } */
/* docs/log.md: version 1, type, office, class, format 4, digest, details, intent */
static const uint8_t outcome_shape[] = {3, 0x88, 0x01, 0x02, 16, 0, 16, 1, 0x04, 32, 0, 32, 0, END};
static const uint8_t intent_shape[] = {3, 0x88, 0x01, 0x01, 16, 0, 16, 1, 0x04, 32, 0, 32, 1, 0xf6, END};
/* clang-format on */

/* An entry's place in a tree, and the root that its proof leads to. */
typedef struct entry {
    uint32_t size, index;
    uint8_t root[HMV_SHA256_SIZE];
} entry;

/* An inclusion proof. */
typedef struct path {
    uint32_t size, index;
    hmv_bytes hashes;
} path;
#define ROW(type, least, most, member)                                                                                 \
    { 0, (type), (least), (most), offsetof(path, member) }
static const hmv_field path_array[] = {
    HMV_FIXED_ARRAY(3, sizeof(path)),
    ROW(HMV_SMALL, 0, 255, size),
    ROW(HMV_SMALL, 0, 255, index),
    ROW(HMV_LIST_32, 0, HASHES_MAX, hashes),
};
#undef ROW

/* LEAF is what the log has of this signing. What is ABOUT it: the signature, or the manifest. */
static void check_leaf(const hmv_bytes leaf[LEAF_PARTS], hmv_bytes office, hmv_bytes class_id, hmv_bytes about,
                       hmv_parse *parse) {
    uint8_t digest[HMV_SHA256_SIZE];
    const hmv_bytes wanted = {digest, sizeof digest};
    hmv_sha256_of(&about, 1, digest);
    if (!hmv_is_same(leaf[OFFICE], office) || !hmv_is_same(leaf[CLASS], class_id) || !hmv_is_same(leaf[DIGEST], wanted))
        hmv_fault(parse, HMV_BAD_RECEIPT);
}

/* SHA-256(01 || left || right) (RFC 9162 section 2.1.1) into ROOT, which is one of the two. */
static void node(const uint8_t *left, const uint8_t *right, uint8_t *root) {
    static const uint8_t one[] = {1};
    const hmv_bytes pieces[] = {{one, 1}, {left, HMV_SHA256_SIZE}, {right, HMV_SHA256_SIZE}};
    hmv_sha256_of(pieces, 3, root);
}

/* From the leaf hash in ROOT up to the root (RFC 9162 section 2.1.3.2). */
static void climb(entry *it, hmv_bytes hashes, hmv_parse *parse) {
    hmv_reader reader;
    hmv_enter(&reader, hashes, parse);
    uint32_t index = it->index, last = it->size - 1;
    if (it->index >= it->size) hmv_fault(parse, HMV_BAD_RECEIPT);
    for (; reader.left > 0 && last != 0; index >>= 1, last >>= 1) {
        hmv_bytes sibling;
        hmv_read_bytes(&reader, 0, &sibling);
        if (sibling.data == NULL) return;
        if ((index & 1) != 0 || index == last) {
            node(sibling.data, it->root, it->root);
            for (; (index & 1) == 0 && index != 0; index >>= 1) last >>= 1;
        } else
            node(it->root, sibling.data, it->root);
    }
    if (reader.left != 0 || last != 0) hmv_fault(parse, HMV_BAD_RECEIPT);
}

static void check_path(entry *it, hmv_bytes proof, hmv_bytes leaf, hmv_parse *parse) {
    static const uint8_t zero[] = {0};
    const hmv_bytes pieces[] = {{zero, 1}, leaf};
    hmv_reader reader;
    hmv_open(&reader, proof, parse);
    path way;
    hmv_decode(&reader, path_array, &way);
    hmv_end(&reader);
    it->size = way.size;
    it->index = way.index;
    hmv_sha256_of(pieces, 2, it->root);
    climb(it, way.hashes, parse);
}

/* The two entries are the outcome and the intent of SIGNATURE, in one tree. Its root. */
static HMV_APART void check_entries(const hmv_pass *pass, const hmv_signature *signature, const hmv_bytes *receipt,
                                    hmv_bytes office, hmv_bytes class_id, hmv_parse *parse, uint8_t *root) {
    static const hmv_field number = {0, HMV_SMALL, 0, 255, 0};
    hmv_bytes leaf[LEAF_PARTS];
    hmv_reader reader;
    hmv_open(&reader, receipt[INTENT], parse);
    entry outcome, intent;
    uint32_t refers_to = 0;
    hmv_match(&reader, intent_shape, leaf);
    hmv_end(&reader);
    check_leaf(leaf, office, class_id, pass->payload, parse);
    hmv_open(&reader, receipt[OUTCOME], parse);
    hmv_match(&reader, outcome_shape, leaf);
    hmv_read(&reader, &number, &refers_to);
    hmv_end(&reader);
    check_leaf(leaf, office, class_id, signature->value, parse);
    check_path(&outcome, receipt[OUTCOME_PATH], receipt[OUTCOME], parse);
    check_path(&intent, receipt[INTENT_PATH], receipt[INTENT], parse);
    if (refers_to != intent.index || intent.index >= outcome.index || outcome.size != intent.size ||
        memcmp(outcome.root, intent.root, HMV_SHA256_SIZE) != 0)
        hmv_fault(parse, HMV_BAD_RECEIPT);
    memcpy(root, outcome.root, HMV_SHA256_SIZE);
}

/* Sig_structure of COSE_Sign1 (RFC 9052 section 4.4): ["Signature1", protected, external_aad: h'', payload: root]. The
 * protected header has 42 octets. */
static const uint8_t sig_structure[] = {0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1', 0x58, 42};
static const uint8_t no_aad_and_root[] = {0x40, 0x58, HMV_SHA256_SIZE};

/* 1, if BYTES is a receipt of the log of WANTED. */
static uint32_t check_receipt(hmv_pass *pass, const hmv_signature *signature, hmv_bytes bytes, hmv_bytes class_id,
                              hmv_bytes wanted) {
    hmv_parse parse = {.fault = HMV_UNDECIDED};
    hmv_reader reader;
    hmv_open(&reader, bytes, &parse);
    uint8_t root[HMV_SHA256_SIZE];
    hmv_bytes office, kid, receipt[RECEIPT_PARTS];
    hmv_cose_key key;
    hmv_bytes pieces[HMV_PIECES] = {{sig_structure, sizeof sig_structure},
                                    {NULL, 0},
                                    {no_aad_and_root, sizeof no_aad_and_root},
                                    {root, sizeof root}};
    hmv_match(&reader, receipt_shape, receipt);
    hmv_end(&reader);
    pieces[1] = receipt[PROTECTED];
    hmv_open(&reader, pieces[1], &parse);
    hmv_match(&reader, protected_shape, &kid);
    hmv_end(&reader);
    if (parse.fault == HMV_UNDECIDED) {
        if (!hmv_log_find(pass->trust, kid, &parse, &office, &key)) return 0;
        hmv_revoked_check(pass->trust, kid, pass->payload, &pass->parse);
        check_entries(pass, signature, receipt, office, class_id, &parse, root);
    }
    if (parse.fault == HMV_UNDECIDED) {
        hmv_cose_verify(pass, &key, pieces, receipt[SIGNATURE], HMV_BAD_RECEIPT);
        return (uint32_t)hmv_is_same(office, wanted);
    }
    hmv_fault(&pass->parse, HMV_BAD_RECEIPT);
    return 0;
}

uint32_t hmv_receipts_check(hmv_pass *pass, const hmv_signature *signature, hmv_bytes class_id, hmv_bytes office) {
    hmv_reader reader;
    hmv_enter(&reader, signature->receipts, &pass->parse);
    uint32_t wanted = 0;
    while (reader.left > 0) {
        hmv_bytes receipt;
        hmv_read_bytes(&reader, 0, &receipt);
        wanted |= check_receipt(pass, signature, receipt, class_id, office);
    }
    return wanted;
}
