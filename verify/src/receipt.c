#include "receipt.h"

#include "memory.h"
#include "trust.h"

enum { HASHES_MAX = 64, END = HMV_SHAPE_END };

/* The byte strings of a receipt and of a leaf, in the order in which they come. */
enum { KID, OUTCOME_PATH, INTENT_PATH, OUTCOME, INTENT, SIGNATURE, RECEIPT_PARTS };
enum { PATH_TO_LEAF = OUTCOME - OUTCOME_PATH };
enum { OFFICE, CLASS, DIGEST, DETAILS, LEAF_PARTS };
/* The protected header is { 1 => -7, 4 => kid, 395 => 1 }, of 42 octets: those before the kid, and those behind. */
#define PROTECTED_START 0x58, 42, 0xa3, 0x01, 0x26, 0x04
#define PROTECTED_END 0x19, 0x01, 0x8b, 0x01
/* clang-format off */
static const uint8_t receipt_shape[] = {
    8, 0xd2, 0x84, PROTECTED_START, HMV_KID_SIZE,                           /* #6.18([ protected, */
    11, PROTECTED_END, 0xa2, 0x19, 0x01, 0x8c, 0xa1, 0x20, 0x82, 0, 0, 0,   /* { 396 => { -1 => [ proof, proof ] }, */
    6, 0x3a, 0x00, 0x01, 0x11, 0x70, 0x82, 0, 0, 0,                         /* -70001 => [ leaf, leaf ] }, */
    1, 0xf6, 64, 0, END};                                                   /* nil, signature ]) */
/* docs/log.md: version 1, type, office, class, format 4, digest, details, intent */
static const uint8_t outcome_shape[] = {3, 0x88, 0x01, 0x02, 16, 0, 16, 1, 0x04, 32, 0, 32, 0, END};
static const uint8_t intent_shape[] = {3, 0x88, 0x01, 0x01, 16, 0, 16, 1, 0x04, 32, 0, 32, 1, 0xf6, END};
/* clang-format on */

/* An entry's place in a tree, and the root that its proof leads to. */
typedef struct entry {
    uint32_t size, index;
    hmv_bytes hashes;
    uint8_t root[HMV_SHA256_SIZE];
} entry;
#define ROW(type, least, most, member)                                                                                 \
    { 0, (type), (least), (most), offsetof(entry, member) }
static const hmv_field path_array[] = {
    HMV_FIXED_ARRAY(3, sizeof(entry)),
    ROW(HMV_SMALL, 0, 255, size),
    ROW(HMV_SMALL, 0, 255, index),
    ROW(HMV_LIST_32, 0, HASHES_MAX, hashes),
};
#undef ROW
static const hmv_field index_field = {0, HMV_SMALL, 0, 255, 0};

/* What is found in one receipt. */
typedef struct receipt {
    hmv_parse parse; /* its own: whatever is wrong with it, it is bad */
    hmv_bytes part[RECEIPT_PARTS];
    const hmv_release *release;
    hmv_bytes office; /* the log's */
    uint32_t intent;  /* its index, as the outcome has it */
    entry outcome;
} receipt;

/* SHA-256(01 || left || right) (RFC 9162 section 2.1.1) into ROOT, which is one of the two. */
static void node(const uint8_t *left, const uint8_t *right, uint8_t *root) {
    static const uint8_t one[] = {1};
    const hmv_bytes pieces[] = {{one, 1}, {left, HMV_SHA256_SIZE}, {right, HMV_SHA256_SIZE}};
    hmv_sha256_of(pieces, 3, root);
}

/* From the leaf hash in ROOT up to the root (RFC 9162 section 2.1.3.2). */
static void climb(entry *it, hmv_parse *parse) {
    hmv_reader reader;
    hmv_enter(&reader, &it->hashes, parse);
    uint32_t index = it->index, last = it->size - 1;
    if (it->index >= it->size) hmv_fault(parse, HMV_BAD_RECEIPT);
    for (; reader.left > 0 && last != 0; index >>= 1, last >>= 1) {
        hmv_bytes sibling;
        hmv_read_bytes(&reader, 0, &sibling);
        if (sibling.data == NULL) return;
        int left = (index & 1) != 0 || index == last;
        node(left ? sibling.data : it->root, left ? it->root : sibling.data, it->root);
        for (; left && (index & 1) == 0 && index != 0; index >>= 1) last >>= 1;
    }
    if (reader.left != 0 || last != 0) hmv_fault(parse, HMV_BAD_RECEIPT);
}

/* LEAF, of SHAPE, is what the log has of this signing. What is ABOUT it: the signature, or the manifest. */
static void check_leaf(receipt *of, const hmv_bytes *leaf, const uint8_t *shape, const hmv_bytes *about) {
    uint8_t digest[HMV_SHA256_SIZE];
    const hmv_bytes wanted = {digest, sizeof digest};
    hmv_bytes part[LEAF_PARTS];
    hmv_reader reader;
    hmv_open(&reader, leaf, &of->parse);
    hmv_match(&reader, shape, part);
    if (shape == outcome_shape) hmv_read(&reader, &index_field, &of->intent);
    hmv_end(&reader);
    hmv_sha256_of(about, 1, digest);
    hmv_need_same(&of->parse, HMV_BAD_RECEIPT, &part[OFFICE], &of->office);
    hmv_need_same(&of->parse, HMV_BAD_RECEIPT, &part[CLASS], &of->release->class_id);
    hmv_need_same(&of->parse, HMV_BAD_RECEIPT, &part[DIGEST], &wanted);
}

/* PROOF is one of the two, and its leaf is as it should be. */
static void check_entry(receipt *of, const hmv_bytes *proof, const uint8_t *shape, const hmv_bytes *about, entry *it) {
    static const uint8_t zero[] = {0};
    const hmv_bytes pieces[] = {{zero, 1}, proof[PATH_TO_LEAF]};
    hmv_reader reader;
    check_leaf(of, &pieces[1], shape, about);
    hmv_open(&reader, proof, &of->parse);
    hmv_decode(&reader, path_array, it);
    hmv_end(&reader);
    hmv_sha256_of(pieces, 2, it->root);
    climb(it, &of->parse);
}

/* The two entries are the outcome and the intent of SIGNATURE, in one tree. */
static HMV_APART void check_entries(receipt *of, const hmv_pass *pass, const hmv_signature *signature) {
    entry *outcome = &of->outcome, intent;
    check_entry(of, &of->part[OUTCOME_PATH], outcome_shape, &signature->value, outcome);
    check_entry(of, &of->part[INTENT_PATH], intent_shape, &pass->payload, &intent);
    if (of->intent != intent.index || intent.index >= outcome->index || outcome->size != intent.size ||
        memcmp(outcome->root, intent.root, HMV_SHA256_SIZE) != 0)
        hmv_fault(&of->parse, HMV_BAD_RECEIPT);
}

/* Sig_structure of COSE_Sign1 (RFC 9052 section 4.4): ["Signature1", protected, external_aad: h'', payload: root]. */
static const uint8_t before_kid[] = {
    0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1', PROTECTED_START, 0x58, HMV_KID_SIZE};
static const uint8_t behind_kid[] = {PROTECTED_END, 0x40, 0x58, HMV_SHA256_SIZE};

/* 1, if BYTES is a receipt of the log of RELEASE's publisher. */
static uint32_t check_receipt(hmv_pass *pass, const hmv_signature *signature, const hmv_bytes *bytes,
                              const hmv_release *release) {
    receipt it;
    hmv_reader reader;
    hmv_cose_key key;
    memset(&it, 0, sizeof it);
    it.release = release;
    hmv_open(&reader, bytes, &it.parse);
    hmv_match(&reader, receipt_shape, it.part);
    hmv_end(&reader);
    const hmv_bytes pieces[HMV_PIECES] = {{before_kid, sizeof before_kid},
                                          it.part[KID],
                                          {behind_kid, sizeof behind_kid},
                                          {it.outcome.root, HMV_SHA256_SIZE}};
    if (it.parse.fault == HMV_UNDECIDED) {
        if (!hmv_log_find(&it.parse, pass->trust, &it.part[KID], &it.office, &key)) return 0;
        hmv_revoked_check(pass, &it.part[KID]);
        check_entries(&it, pass, signature);
    }
    if (it.parse.fault == HMV_UNDECIDED) {
        hmv_cose_verify(pass, &key, pieces, it.part[SIGNATURE], HMV_BAD_RECEIPT);
        return (uint32_t)hmv_is_same(&it.office, &release->publisher);
    }
    hmv_fault(&pass->parse, HMV_BAD_RECEIPT);
    return 0;
}

uint32_t hmv_receipts_check(hmv_pass *pass, const hmv_signature *signature, const hmv_release *release) {
    hmv_reader reader;
    hmv_enter(&reader, &signature->receipts, &pass->parse);
    uint32_t wanted = 0;
    while (reader.left > 0) {
        hmv_bytes bytes;
        hmv_read_bytes(&reader, 0, &bytes);
        wanted |= check_receipt(pass, signature, &bytes, release);
    }
    return wanted;
}
