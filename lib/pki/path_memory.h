/* Paths that were found good under one set of trusted roots. Whether a path is good depends on nothing but its
 * certificates and the time, so within the dates of all of them the answer stays. Private to lib/pki. */
#ifndef HM_PKI_PATH_MEMORY_H
#define HM_PKI_PATH_MEMORY_H

#include "path.h"

#include <pki/signed.h>

typedef struct hm_path_memory hm_path_memory;

HM_MUST_USE hm_err hm_path_memory_new(hm_path_memory **memory);
void hm_path_memory_free(hm_path_memory **memory);

/* The path from LEAF (the very object) if it was kept for PURPOSE, is valid at NOW, and its certification authorities
 * below the root are all GIVEN (the very objects): the verdict on one file does not depend on which were verified
 * before it. A stack of references that the caller frees as hm_path_find's. Safe between threads. */
bool hm_path_recall(hm_path_memory *memory, hm_path_purpose purpose, const X509 *leaf, const STACK_OF(X509) * given,
                    int64_t now, STACK_OF(X509) * *path, hm_verdict *verdict);
/* Keep PATH, which VERDICT describes. */
void hm_path_keep(hm_path_memory *memory, hm_path_purpose purpose, STACK_OF(X509) * path, const hm_verdict *verdict);

#endif
