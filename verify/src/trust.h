/* The trust list (docs/manifest.md): look-ups in a list that was checked when it was opened. */
#ifndef HALLMARK_VERIFY_TRUST_H
#define HALLMARK_VERIFY_TRUST_H

#include "cose.h"

enum { HMV_ACTIVE = 1, HMV_RETIRED = 2, HMV_FALSE = 20, HMV_TRUE = 21 };

typedef struct hmv_publisher {
    hmv_bytes id, name, classes, keys;
    uint64_t kinds;
    uint32_t state, purposes, threshold;
    uint32_t receipts; /* HMV_TRUE: each counted signature must have one */
} hmv_publisher;
extern const hmv_field hmv_publisher_map[];

/* Every signature of the envelope whose kid is one of ROOTS, or, if that is NULL, of any publisher of the pass's trust
 * list, must verify. How many they are. An empty array of roots knows nobody. AAD is the external_aad with its head. */
uint32_t hmv_signatures_verify(hmv_pass *pass, const hmv_bytes *roots, hmv_bytes aad);

/* The log whose key has this KID, and its office. 0: there is none. */
int hmv_log_find(hmv_parse *parse, const hmv_trust *trust, const hmv_bytes *kid, hmv_bytes *office, hmv_cose_key *key);

/* HMV_REVOKED_KEY, if KID is revoked and the pass's manifest is none of those that stay good. */
void hmv_revoked_check(hmv_pass *pass, const hmv_bytes *kid);

/* The least security version of COMPONENT of PUBLISHER; 0: none is asked. */
uint64_t hmv_minimum_of(hmv_pass *pass, const hmv_bytes *publisher, const hmv_bytes *component);

/* Is ID in LIST, an array of byte strings? */
int hmv_list_has(hmv_parse *parse, const hmv_bytes *list, const hmv_bytes *id);

/* Fills LIST from PAYLOAD, down to the roots, which are checked: what must be read before a signature can be. */
void hmv_trust_outline(const hmv_bytes *payload, hmv_trust *list, hmv_parse *parse);
/* Everything in LIST. */
void hmv_trust_check(const hmv_trust *list, hmv_parse *parse);

#endif
