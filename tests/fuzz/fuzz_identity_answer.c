/* layers: base crypto identity */
/* An answer that is read is written as it was; so is a question. */
#include <identity/answer.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds) abort();
}

static void check_question(hm_bytes message) {
    HM_BUF again = HM_BUF_EMPTY;
    hm_bytes token;
    uint64_t tag;
    if (hm_failed(hm_identity_question_get(message, &tag, &token))) return;
    must(!hm_failed(hm_identity_question_put(tag, token, &again)));
    must(hm_bytes_equal(hm_buf_bytes(&again), message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    HM_BUF again = HM_BUF_EMPTY;
    hm_workload w;
    uint64_t tag;
    check_question(HM_BYTES(data, size));
    hm_err err = hm_identity_answer_get(HM_BYTES(data, size), &w);
    if (hm_failed(err)) return must(!w.claims && !w.issuer.len), 0;
    must(!hm_failed(hm_identity_answer_tag(HM_BYTES(data, size), &tag)));
    must(!hm_failed(hm_identity_answer_put(tag, &w, &again)));
    must(hm_bytes_equal(hm_buf_bytes(&again), HM_BYTES(data, size)));
    return 0;
}
