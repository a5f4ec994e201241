/* layers: base crypto pki */
/* A request for a timestamp: read, or refused for one of the reasons that RFC 3161 knows. What was read is repeated in
 * a token byte for byte, so it must lie in what was given. The same bytes are also read as a response. */
#include <pki/timestamp_make.h>

#include <stdlib.h>
#include <string.h>

static void check_inside(hm_bytes part, hm_bytes whole) {
    if (!part.len) return;
    if (part.data < whole.data || part.data + part.len > whole.data + whole.len) abort();
}

static bool is_known(hm_tsa_failure failure) {
    switch (failure) {
    case HM_TSA_BAD_ALGORITHM:
    case HM_TSA_BAD_REQUEST:
    case HM_TSA_BAD_FORMAT:
    case HM_TSA_UNACCEPTED_POLICY:
    case HM_TSA_UNACCEPTED_EXTENSION:
        return true;
    default:
        return false;
    }
}

static void check_query(hm_bytes der, const hm_timestamp_query *query) {
    check_inside(query->imprint_der, der);
    check_inside(query->nonce, der);
    check_inside(query->policy, der);
    if (query->imprint.len != hm_digest_len(query->imprint.algorithm)) abort();
    if (query->nonce.len > HM_TSA_NONCE_MAX || query->policy.len > HM_TSA_POLICY_MAX) abort();
    if (!memmem(query->imprint_der.data, query->imprint_der.len, query->imprint.value, query->imprint.len)) abort();
}

/* A refusal is itself a response that is understood as one. */
static void check_rejection(hm_tsa_failure failure) {
    HM_BUF reply = HM_BUF_EMPTY;
    if (hm_failed(hm_timestamp_reject(failure, hm_err_sentence(), &reply))) return;
    if (hm_timestamp_granted(hm_buf_bytes(&reply)).class != HM_REFUSED) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_bytes der = HM_BYTES(data, size);
    hm_timestamp_query query;
    hm_tsa_failure failure;
    (void)!hm_failed(hm_timestamp_granted(der));
    if (!hm_failed(hm_timestamp_query_read(der, &query, &failure))) {
        check_query(der, &query);
        return 0;
    }
    if (!is_known(failure)) abort();
    check_rejection(failure);
    return 0;
}
