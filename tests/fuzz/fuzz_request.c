/* layers: base crypto policy */
/* A request that is read is written as it was, and what it asks to sign is all different; one that is refused is
 * nothing. */
#include <policy/request.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static hm_request r;
    HM_BUF again = HM_BUF_EMPTY;
    if (hm_failed(hm_request_get(HM_BYTES(data, size), &r))) return must(r.artifacts == 0 && !r.expires), 0;
    must(r.artifacts >= 1 && r.artifacts <= HM_REQUEST_ARTIFACTS && r.expires > r.time);
    for (size_t i = 1; i < r.artifacts; i++) must(r.publish || !hm_artifact_same(&r.artifact[i - 1], &r.artifact[i]));
    must(!hm_failed(hm_request_put(&r, &again)));
    must(hm_bytes_equal(hm_buf_bytes(&again), HM_BYTES(data, size)));
    return 0;
}
