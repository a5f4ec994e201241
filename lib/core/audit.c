/* What the log must satisfy as the database holds it, and proofs out of it. */
#include "office.h"

#include <stdlib.h>
#include <string.h>

/* A bit for each entry: is it an intent that waits for its outcome? */
typedef struct {
    hm_office *office;
    hm_tree_edge *tree;
    uint8_t *open;
    uint64_t size, next, signatures, pending, erased;
    hm_merkle_hash published; /* root at the published size */
    uint64_t published_size;
} audit_state;

static bool is_open(const audit_state *audit, uint64_t index) { return audit->open[index / 8] >> (index % 8) & 1; }
static void flip_open(audit_state *audit, uint64_t index) { audit->open[index / 8] ^= (uint8_t)(1u << index % 8); }

static hm_err audit_pair(audit_state *audit, const hm_leaf *leaf, uint64_t index) {
    if (leaf->type == HM_LEAF_INTENT) {
        flip_open(audit, index);
        audit->pending++;
        return HM_OK;
    }
    if (leaf->type != HM_LEAF_OUTCOME && leaf->type != HM_LEAF_FAILURE) return HM_OK;
    if (!leaf->has_intent || leaf->intent >= index || !is_open(audit, leaf->intent))
        return hm_refuse("entry %llu is the outcome of no open intent", (unsigned long long)index);
    flip_open(audit, leaf->intent);
    audit->pending--;
    audit->signatures += leaf->type == HM_LEAF_OUTCOME;
    return HM_OK;
}

static hm_err audit_details(audit_state *audit, const hm_leaf *leaf, const hm_entry_row *entry) {
    if (!entry->salt.len && !entry->details.len) {
        audit->erased++;
        return HM_OK;
    }
    uint8_t hash[HM_SHA256_LEN];
    if (entry->salt.len != HM_SALT_LEN)
        return hm_refuse("entry %llu: its salt was changed", (unsigned long long)entry->index);
    hm_leaf_details_hash(entry->salt.data, entry->details, hash);
    if (memcmp(hash, leaf->details_hash, sizeof hash) != 0)
        return hm_refuse("entry %llu: its details were changed after it was written", (unsigned long long)entry->index);
    return HM_OK;
}

static hm_err audit_entry(void *context, const hm_entry_row *entry) {
    audit_state *audit = context;
    if (entry->index != audit->next)
        return hm_refuse("entry %llu is missing from the database", (unsigned long long)audit->next);
    hm_leaf leaf;
    HM_TRY(hm_in(hm_leaf_get(entry->leaf, &leaf), "entry %llu", (unsigned long long)entry->index));
    if (memcmp(leaf.office, audit->office->row.uuid, sizeof leaf.office) != 0)
        return hm_refuse("entry %llu is of another office", (unsigned long long)entry->index);
    HM_TRY(audit_details(audit, &leaf, entry));
    HM_TRY(audit_pair(audit, &leaf, entry->index));
    HM_TRY(hm_tree_edge_append(audit->tree, entry->leaf));
    audit->next++;
    if (audit->next == audit->published_size) audit->published = hm_tree_edge_root(audit->tree);
    return HM_OK;
}

/* The published head must be a prefix of what the database holds: an edited entry shows here. */
static hm_err check_published(const audit_state *audit, const hm_checkpoint *head) {
    if (head->size > audit->next)
        return hm_refuse("entries %llu to %llu were published and are gone from the database",
                         (unsigned long long)audit->next, (unsigned long long)head->size - 1);
    hm_merkle_hash root = head->size ? audit->published : hm_merkle_empty();
    if (memcmp(&root, &head->root, sizeof root) != 0)
        return hm_refuse("the entries are not those that the checkpoint of size %llu was signed over",
                         (unsigned long long)head->size);
    return HM_OK;
}

static hm_err run_audit(hm_office *office, audit_state *audit) {
    HM_BUF edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    HM_TRY(hm_log_publish(office, NULL));
    HM_TRY(hm_store_get_head(office->store, &edge, &note));
    hm_note_key key;
    hm_checkpoint head;
    HM_TRY(hm_log_key(office, &key));
    HM_TRY(hm_in(hm_checkpoint_open(hm_buf_bytes(&note), &key, &head), "the database's own checkpoint"));
    HM_TRY(hm_store_log_size(office->store, &audit->size));
    audit->published_size = head.size;
    hm_tree_edge_init(audit->tree);
    /* Entries that come while we read are not looked at. */
    HM_TRY(hm_store_entries(office->store, 0, audit->size, audit_entry, audit));
    return check_published(audit, &head);
}

hm_err hm_audit(hm_office *office, hm_message *answer, uint8_t root[static 32]) {
    audit_state audit = {.office = office};
    uint64_t size;
    HM_TRY(hm_store_log_size(office->store, &size));
    audit.tree = malloc(sizeof *audit.tree);
    /* Others may append while we wait for the publishing lock: room for them too. */
    audit.open = calloc(1, (size_t)(size / 8 + (1 << 20)));
    hm_err err = audit.tree && audit.open ? run_audit(office, &audit) : hm_no_memory();
    if (!hm_failed(err)) {
        hm_merkle_hash head = audit.published;
        memcpy(root, &head, 32);
        answer->field[HM_LOG_AUDITED_SIZE].number = audit.published_size;
        answer->field[HM_LOG_AUDITED_ROOT].bytes = HM_BYTES(root, 32);
        answer->field[HM_LOG_AUDITED_SIGNATURES].number = audit.signatures;
        answer->field[HM_LOG_AUDITED_OPEN].number = audit.pending;
        answer->field[HM_LOG_AUDITED_ERASED].number = audit.erased;
    }
    free(audit.tree);
    free(audit.open);
    return err;
}

/* Proofs. */

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
    hm_reader reader = hm_reader_of(signature_hash);
    uint64_t tag;
    HM_TRY(hm_read_u64be(&reader, &tag));
    search->digest = signature_hash;
    search->type = HM_LEAF_OUTCOME;
    HM_TRY(hm_store_entries_tagged(office->store, tag, match_leaf, search));
    if (!search->found)
        return hm_refuse("this signature is not in the log: it was not made by this office, or the log was bypassed");
    return HM_OK;
}

static hm_err make_paths(hm_office *office, hm_log_proof *proof, hm_bytes note) {
    hm_note_key key;
    hm_checkpoint checkpoint;
    HM_TRY(hm_log_key(office, &key));
    HM_TRY(hm_checkpoint_open(note, &key, &checkpoint));
    HM_TILE_READER *reader = NULL;
    HM_TRY(hm_tile_reader_new(office->log_dirfd, &checkpoint, &reader));
    HM_TRY(hm_tiles_inclusion(reader, proof->outcome_index, &proof->outcome_path));
    return hm_tiles_inclusion(reader, proof->intent_index, &proof->intent_path);
}

hm_err hm_prove(hm_office *office, hm_bytes signature_hash, hm_bytes content, hm_buf *text) {
    HM_BUF outcome = HM_BUF_EMPTY, intent = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    leaf_search search = {.bytes = &outcome};
    HM_TRY(find_outcome(office, signature_hash, &search));
    HM_TRY(hm_store_entries(office->store, search.leaf.intent, 1, take_leaf, &intent));
    hm_leaf intended;
    HM_TRY(hm_in(hm_leaf_get(hm_buf_bytes(&intent), &intended), "entry %llu", (unsigned long long)search.leaf.intent));
    if (!hm_bytes_equal(HM_BYTES(intended.digest, intended.digest_len), content))
        return hm_refuse("the log's intent of this signature is for other content");
    HM_TRY(hm_log_publish(office, &note));
    hm_log_proof proof = {
        .outcome_index = search.index,
        .intent_index = search.leaf.intent,
        .outcome_entry = hm_buf_bytes(&outcome),
        .intent_entry = hm_buf_bytes(&intent),
        .checkpoint = hm_buf_bytes(&note),
    };
    HM_TRY(make_paths(office, &proof, hm_buf_bytes(&note)));
    return hm_log_proof_put(&proof, text);
}
