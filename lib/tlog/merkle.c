#include <tlog/merkle.h>

#include <string.h>

hm_merkle_hash hm_merkle_leaf(hm_bytes entry) {
    static const uint8_t prefix = 0x00;
    hm_hash hash;
    hm_digest digest;
    hm_hash_init(&hash, HM_SHA256);
    hm_hash_update(&hash, HM_BYTES(&prefix, 1));
    hm_hash_update(&hash, entry);
    hm_hash_final(&hash, &digest);
    hm_merkle_hash leaf;
    memcpy(leaf.byte, digest.value, HM_HASH_LEN);
    return leaf;
}

hm_merkle_hash hm_merkle_node(const hm_merkle_hash *left, const hm_merkle_hash *right) {
    uint8_t input[1 + 2 * HM_HASH_LEN];
    input[0] = 0x01;
    memcpy(&input[1], left->byte, HM_HASH_LEN);
    memcpy(&input[1 + HM_HASH_LEN], right->byte, HM_HASH_LEN);
    hm_merkle_hash node;
    hm_sha256(HM_ARRAY(input), node.byte);
    return node;
}

hm_merkle_hash hm_merkle_empty(void) {
    hm_merkle_hash empty;
    hm_sha256(HM_NO_BYTES, empty.byte);
    return empty;
}

static bool same(const hm_merkle_hash *a, const hm_merkle_hash *b) { return !memcmp(a, b, sizeof *a); }

/* The walk that both proofs make: from a node NUMBER of a level whose last node is LAST, up to the root. */
typedef struct {
    uint64_t number, last;
} walk;

static void up(walk *at) {
    at->number >>= 1;
    at->last >>= 1;
}

/* Does the next hash of the proof stand to the left of where we are? If so, levels at which the node has no sibling are
 * passed over (RFC 9162 section 2.1.3.2, step 4). */
static bool sibling_is_left(walk *at) {
    if (!(at->number & 1) && at->number != at->last) return false;
    while (!(at->number & 1) && at->number) up(at);
    return true;
}

/* RFC 9162 section 2.1.3.2. */
hm_err hm_merkle_check_inclusion(const hm_merkle_hash *leaf, uint64_t index, uint64_t size,
                                 const hm_merkle_proof *proof, const hm_merkle_hash *root) {
    if (index >= size) return hm_refuse("the log entry's index lies outside the tree");
    if (proof->count > HM_PROOF_MAX) return hm_refuse("the inclusion proof is too long");
    walk at = {index, size - 1};
    hm_merkle_hash hash = *leaf;
    for (size_t i = 0; i < proof->count; i++) {
        if (!at.last) return hm_refuse("the inclusion proof is too long");
        bool left = sibling_is_left(&at);
        hash = left ? hm_merkle_node(&proof->hash[i], &hash) : hm_merkle_node(&hash, &proof->hash[i]);
        up(&at);
    }
    if (at.last) return hm_refuse("the inclusion proof is too short");
    if (!same(&hash, root)) return hm_refuse("the inclusion proof does not lead to the log's root");
    return HM_OK;
}

static hm_err check_same_tree(uint64_t size, const hm_merkle_hash *old_root, const hm_merkle_hash *new_root,
                              const hm_merkle_proof *proof) {
    hm_merkle_hash empty = hm_merkle_empty();
    if (proof->count) return hm_refuse("a consistency proof between equal trees is empty");
    if (!same(old_root, new_root)) return hm_refuse("the log has two different roots for one size (it was forked)");
    if (!size && !same(new_root, &empty)) return hm_refuse("the empty tree has another root");
    return HM_OK;
}

/* RFC 9162 section 2.1.4.2, from step 2. FIRST is the hash that both trees share. */
static hm_err check_grown(walk at, const hm_merkle_hash *first, const hm_merkle_hash *rest, size_t count,
                          const hm_merkle_hash *old_root, const hm_merkle_hash *new_root) {
    hm_merkle_hash old_hash = *first, new_hash = *first;
    while (at.number & 1) up(&at);
    for (size_t i = 0; i < count; i++) {
        if (!at.last) return hm_refuse("the consistency proof is too long");
        if (sibling_is_left(&at)) {
            old_hash = hm_merkle_node(&rest[i], &old_hash);
            new_hash = hm_merkle_node(&rest[i], &new_hash);
        } else {
            new_hash = hm_merkle_node(&new_hash, &rest[i]);
        }
        up(&at);
    }
    if (at.last) return hm_refuse("the consistency proof is too short");
    if (!same(&old_hash, old_root)) return hm_refuse("the consistency proof does not lead to the old root");
    if (!same(&new_hash, new_root)) return hm_refuse("the consistency proof does not lead to the new root");
    return HM_OK;
}

hm_err hm_merkle_check_consistency(uint64_t old_size, uint64_t new_size, const hm_merkle_hash *old_root,
                                   const hm_merkle_hash *new_root, const hm_merkle_proof *proof) {
    if (old_size > new_size) return hm_refuse("the log has shrunk");
    if (proof->count > HM_PROOF_MAX) return hm_refuse("the consistency proof is too long");
    if (old_size == new_size) return check_same_tree(new_size, old_root, new_root, proof);
    if (!old_size) return hm_refuse("an empty tree is the beginning of every log: there is nothing to check");
    if (!proof->count) return hm_refuse("the consistency proof is empty");
    walk at = {old_size - 1, new_size - 1};
    /* A whole old tree is itself the shared node, and is left out of the proof. */
    if (!(old_size & (old_size - 1))) return check_grown(at, old_root, proof->hash, proof->count, old_root, new_root);
    return check_grown(at, &proof->hash[0], &proof->hash[1], proof->count - 1, old_root, new_root);
}
