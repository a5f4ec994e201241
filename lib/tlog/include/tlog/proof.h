/* FILE.tlog-proof: a C2SP tlog-proof of the outcome entry, so that any C2SP tool can check it, whose `extra` line
 * carries what Hallmark needs besides: the outcome leaf, the intent leaf and the intent's own inclusion path in the
 * same tree (deterministic CBOR: [1, outcome leaf, intent leaf, intent index, [+ hash]]). */
#ifndef HM_TLOG_PROOF_H
#define HM_TLOG_PROOF_H

#include <tlog/leaf.h>
#include <tlog/note.h>

typedef struct {
    uint64_t outcome_index, intent_index;
    hm_bytes outcome_entry, intent_entry; /* the leaves' bytes */
    hm_merkle_proof outcome_path, intent_path;
    hm_bytes checkpoint; /* the note, verbatim */
} hm_log_proof;

/* A C2SP tlog-proof that ENTRY, a leaf, stands at INDEX; its `extra` line is the entry itself. */
HM_MUST_USE hm_err hm_entry_proof_put(uint64_t index, hm_bytes entry, const hm_merkle_proof *path, hm_bytes checkpoint,
                                      hm_buf *text);
HM_MUST_USE hm_err hm_log_proof_put(const hm_log_proof *proof, hm_buf *text);
/* PROOF's views point into STORAGE, whose content is replaced, and TEXT. What was read is not believed before _check.
 * On a fault PROOF is all zero. */
HM_MUST_USE hm_err hm_log_proof_get(hm_bytes text, hm_buf *storage, hm_log_proof *proof);
/* Is this very signature logged? The checkpoint is by KEY, both entries are in its tree, outcome refers to intent, the
 * intent's digest is CONTENT and the outcome's is SIGNATURE_HASH, same office and product. CHECKPOINT is the log's head
 * that says so; all zero on a fault. */
HM_MUST_USE hm_err hm_log_proof_check(const hm_log_proof *proof, const hm_note_key *key, hm_bytes content_digest,
                                      const uint8_t signature_hash[static HM_SHA256_LEN], hm_checkpoint *checkpoint);

#endif
