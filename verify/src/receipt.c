#include "receipt.h"

#include "memory.h"
#include "trust.h"

enum { HASHES_MAX = 64, SIGNATURE_SIZE = 64 };

typedef struct receipt {
    hmv_bytes protected_item; /* with its head */
    hmv_bytes kid;
    hmv_bytes inclusion[2], leaf[2]; /* of the outcome, of the intent */
    hmv_bytes signature;
} receipt;

/* An entry's place in a tree, and the root that its proof leads to. */
typedef struct entry {
    uint64_t size, index;
    uint8_t root[HMV_SHA256_SIZE];
} entry;

/* An inclusion proof. */
typedef struct path {
    uint64_t size, index;
    hmv_bytes hashes;
} path;
#define ROW(type, least, most, member)                                                                                 \
    { 0, (type), (least), (most), offsetof(path, member) }
static const hmv_field path_array[] = {
    HMV_FIXED_ARRAY(3, sizeof(path)),
    ROW(HMV_UINT, 0, 255, size),
    ROW(HMV_UINT, 0, 255, index),
    ROW(HMV_LIST_32, 0, HASHES_MAX, hashes),
};
#undef ROW

/* A receipt has one shape; what is fixed in it is compared, octet by octet. */
static const uint8_t tag_and_array[] = {0xd2, 0x84};
static const uint8_t es256_and_kid[] = {0xa3, 0x01, 0x26, 0x04};
static const uint8_t merkle_sha256[] = {0x19, 0x01, 0x8b, 0x01};
static const uint8_t inclusions[] = {0xa2, 0x19, 0x01, 0x8c, 0xa1, 0x20, 0x82};
static const uint8_t leaves[] = {0x3a, 0x00, 0x01, 0x11, 0x70, 0x82};
static const uint8_t nil[] = {0xf6};

static void read_receipt(hmv_reader *reader, receipt *to) {
    static const hmv_field protected_item = {0, HMV_BYTES_ITEM, 0, 255, offsetof(receipt, protected_item)};
    hmv_reader inner;
    memset(to, 0, sizeof *to);
    hmv_expect(reader, tag_and_array, sizeof tag_and_array);
    hmv_read(reader, &protected_item, to);
    inner = hmv_inside(to->protected_item, reader->parse);
    hmv_expect(&inner, es256_and_kid, sizeof es256_and_kid);
    to->kid = hmv_read_bytes(&inner, HMV_KID_SIZE);
    hmv_expect(&inner, merkle_sha256, sizeof merkle_sha256);
    hmv_end(&inner);
    hmv_expect(reader, inclusions, sizeof inclusions);
    to->inclusion[0] = hmv_read_bytes(reader, 0);
    to->inclusion[1] = hmv_read_bytes(reader, 0);
    hmv_expect(reader, leaves, sizeof leaves);
    to->leaf[0] = hmv_read_bytes(reader, 0);
    to->leaf[1] = hmv_read_bytes(reader, 0);
    hmv_expect(reader, nil, sizeof nil);
    to->signature = hmv_read_bytes(reader, SIGNATURE_SIZE);
    hmv_end(reader);
}

static void expect_digest(hmv_reader *reader, hmv_bytes of) {
    uint8_t digest[HMV_SHA256_SIZE];
    const hmv_bytes wanted = {digest, sizeof digest};
    hmv_sha256_of(&of, 1, digest);
    if (!hmv_is_same(hmv_read_bytes(reader, sizeof digest), wanted)) hmv_fault(reader->parse, HMV_BAD_RECEIPT);
}

static void expect_bytes(hmv_reader *reader, hmv_bytes wanted) {
    if (!hmv_is_same(hmv_read_bytes(reader, 0), wanted)) hmv_fault(reader->parse, HMV_BAD_RECEIPT);
}

/* The log's entry (docs/log.md): its type is known, and so are its office, class, format (4: native) and the digest
 * that it is ABOUT. The hash of its details may be any. */
static void read_leaf(hmv_reader *reader, uint8_t type, hmv_bytes office, hmv_bytes class_id, hmv_bytes about) {
    static const uint8_t format[] = {0x04};
    const uint8_t start[] = {0x88, 0x01, type};
    hmv_expect(reader, start, sizeof start);
    expect_bytes(reader, office);
    expect_bytes(reader, class_id);
    hmv_expect(reader, format, sizeof format);
    expect_digest(reader, about);
    hmv_read_bytes(reader, HMV_SHA256_SIZE);
}

/* SHA-256(01 || left || right) (RFC 9162 section 2.1.1) into ROOT, which is one of the two. */
static void node(const uint8_t *left, const uint8_t *right, uint8_t *root) {
    static const uint8_t one[] = {1};
    const hmv_bytes pieces[] = {{one, 1}, {left, HMV_SHA256_SIZE}, {right, HMV_SHA256_SIZE}};
    hmv_sha256_of(pieces, 3, root);
}

/* From the leaf hash in ROOT up to the root (RFC 9162 section 2.1.3.2). */
static void climb(entry *it, hmv_bytes hashes, hmv_parse *parse) {
    hmv_reader reader = hmv_inside(hashes, parse);
    uint64_t index = it->index, last = it->size - 1;
    if (it->index >= it->size) hmv_fault(parse, HMV_BAD_RECEIPT);
    for (; reader.left > 0 && last != 0; index >>= 1, last >>= 1) {
        const uint8_t *sibling = hmv_read_bytes(&reader, 0).data;
        if (sibling == NULL) return;
        if ((index & 1) != 0 || index == last) {
            node(sibling, it->root, it->root);
            for (; (index & 1) == 0 && index != 0; index >>= 1) last >>= 1;
        } else
            node(it->root, sibling, it->root);
    }
    if (reader.left != 0 || last != 0) hmv_fault(parse, HMV_BAD_RECEIPT);
}

static void check_path(entry *it, hmv_bytes proof, hmv_bytes leaf, hmv_parse *parse) {
    static const uint8_t zero[] = {0};
    const hmv_bytes pieces[] = {{zero, 1}, leaf};
    hmv_reader reader = hmv_reader_of(proof, parse);
    path way;
    hmv_decode(&reader, path_array, &way);
    hmv_end(&reader);
    it->size = way.size;
    it->index = way.index;
    hmv_sha256_of(pieces, 2, it->root);
    climb(it, way.hashes, parse);
}

/* The two entries are the outcome and the intent of SIGNATURE, in one tree. Its root. */
static HMV_APART void check_entries(const hmv_pass *pass, const hmv_signature *signature, const receipt *it,
                                    hmv_bytes office, hmv_bytes class_id, hmv_parse *parse, uint8_t *root) {
    static const hmv_field number = {0, HMV_UINT, 0, 255, 0};
    hmv_reader reader = hmv_reader_of(it->leaf[0], parse);
    entry outcome, intent;
    uint64_t refers_to = 0;
    read_leaf(&reader, 2, office, class_id, signature->value);
    hmv_read(&reader, &number, &refers_to);
    hmv_end(&reader);
    reader = hmv_reader_of(it->leaf[1], parse);
    read_leaf(&reader, 1, office, class_id, pass->payload);
    hmv_expect(&reader, nil, sizeof nil);
    hmv_end(&reader);
    check_path(&outcome, it->inclusion[0], it->leaf[0], parse);
    check_path(&intent, it->inclusion[1], it->leaf[1], parse);
    if (refers_to != intent.index || intent.index >= outcome.index || outcome.size != intent.size ||
        memcmp(outcome.root, intent.root, HMV_SHA256_SIZE) != 0)
        hmv_fault(parse, HMV_BAD_RECEIPT);
    memcpy(root, outcome.root, HMV_SHA256_SIZE);
}

/* Sig_structure of COSE_Sign1 (RFC 9052 section 4.4): ["Signature1", protected, external_aad: h'', payload: root]. */
static const uint8_t sig_structure[] = {0x84, 0x6a, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e', '1'};
static const uint8_t no_aad_and_root[] = {0x40, 0x58, HMV_SHA256_SIZE};

static uint32_t check_receipt(hmv_pass *pass, const hmv_signature *signature, hmv_bytes bytes, hmv_bytes class_id,
                              hmv_bytes wanted) {
    hmv_parse parse = {.fault = HMV_UNDECIDED};
    hmv_reader reader = hmv_reader_of(bytes, &parse);
    uint8_t root[HMV_SHA256_SIZE];
    hmv_bytes office;
    receipt it;
    hmv_cose_key key;
    hmv_bytes pieces[HMV_PIECES] = {{sig_structure, sizeof sig_structure},
                                    {NULL, 0},
                                    {no_aad_and_root, sizeof no_aad_and_root},
                                    {root, sizeof root}};
    read_receipt(&reader, &it);
    if (parse.fault == HMV_UNDECIDED) {
        if (!hmv_log_find(pass->trust, it.kid, &parse, &office, &key)) return 0;
        check_entries(pass, signature, &it, office, class_id, &parse, root);
    }
    if (parse.fault != HMV_UNDECIDED) {
        hmv_fault(&pass->parse, HMV_BAD_RECEIPT);
        return 0;
    }
    pieces[1] = it.protected_item;
    hmv_cose_verify(pass, &key, pieces, it.signature, HMV_BAD_RECEIPT);
    return (uint32_t)hmv_is_same(office, wanted);
}

uint32_t hmv_receipts_check(hmv_pass *pass, const hmv_signature *signature, hmv_bytes class_id, hmv_bytes office) {
    hmv_reader reader = hmv_inside(signature->receipts, &pass->parse);
    uint32_t wanted = 0;
    while (reader.left > 0) wanted |= check_receipt(pass, signature, hmv_read_bytes(&reader, 0), class_id, office);
    return wanted;
}
