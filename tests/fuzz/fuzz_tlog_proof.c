/* layers: base crypto tlog */
/* Proof files: what is read is written again as the same bytes; none is accepted but the one that was made. */
#include <tlog/proof.h>

#include <stdlib.h>

/* The log key, content and signature of the worked example in docs/log.md. */
static const char vkey[] = "example.com/log+cc714670+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

static void must(bool holds) {
    if (!holds) abort();
}

static void check(const hm_log_proof *proof) {
    hm_note_key key;
    hm_checkpoint checkpoint;
    uint8_t content[HM_SHA256_LEN], signature[HM_SHA256_LEN];
    hm_sha256(hm_text("firmware"), content);
    hm_sha256(hm_text("signature"), signature);
    must(!hm_failed(hm_note_key_parse(hm_text(vkey), &key)));
    if (hm_failed(hm_log_proof_check(proof, &key, HM_ARRAY(content), signature, &checkpoint))) return;
    must(proof->outcome_index == 2 && proof->intent_index == 1 && checkpoint.size == 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    HM_BUF storage = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    hm_log_proof proof;
    if (hm_failed(hm_log_proof_get(HM_BYTES(data, size), &storage, &proof))) return 0;
    must(!hm_failed(hm_log_proof_put(&proof, &again)));
    must(hm_bytes_equal(HM_BYTES(data, size), hm_buf_bytes(&again)));
    check(&proof);
    return 0;
}
