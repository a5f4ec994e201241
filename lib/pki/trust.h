/* The inside of hm_trust. Private to lib/pki. */
#ifndef HM_PKI_TRUST_H
#define HM_PKI_TRUST_H

#include "path_memory.h"

enum { HM_ROOTS_MAX = 256 };

struct hm_trust {
    X509_STORE *store;
    STACK_OF(X509) * certificates; /* the same, in the file's order */
    hm_path_memory *paths;         /* found good under these roots */
};

#endif
