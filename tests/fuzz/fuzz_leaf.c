/* layers: base crypto tlog */
/* Leaves: what is read is written again as the same bytes. */
#include <tlog/leaf.h>

#include <stdlib.h>

static void must(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_leaf leaf;
    HM_BUF again = HM_BUF_EMPTY;
    if (hm_failed(hm_leaf_get(HM_BYTES(data, size), &leaf))) return 0;
    must(size <= HM_LEAF_MAX);
    must(!hm_failed(hm_leaf_put(&leaf, &again)));
    must(hm_bytes_equal(HM_BYTES(data, size), hm_buf_bytes(&again)));
    return 0;
}
