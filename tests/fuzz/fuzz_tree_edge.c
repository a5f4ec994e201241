/* layers: base crypto tlog */
/* The stored edge of a tree: what is read is written again as the same bytes, and has a root. */
#include <tlog/merkle.h>

#include <stdlib.h>

static void must(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static hm_tree_edge tree;
    HM_BUF again = HM_BUF_EMPTY;
    if (hm_failed(hm_tree_edge_get(HM_BYTES(data, size), &tree))) return 0;
    must(!hm_failed(hm_tree_edge_put(&tree, &again)));
    must(hm_bytes_equal(HM_BYTES(data, size), hm_buf_bytes(&again)));
    (void)hm_tree_edge_root(&tree);
    return 0;
}
