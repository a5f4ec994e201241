/* The registry's inside: registry.c holds and changes it, registry_judge.c says which statements may. */
#ifndef HM_POLICY_REGISTRY_PARTS_H
#define HM_POLICY_REGISTRY_PARTS_H

#include <policy/registry.h>

/* An officer's clock may differ from the office's by so many seconds. */
enum { HM_CLOCKS_DIFFER = 300 };

typedef struct {
    hm_bytes product, text;
    hm_glass glass; /* until 0: none */
} hm_stated_policy;

/* Everything here is views into the statements that were taken, which TAKEN owns. */
struct hm_registry {
    uint8_t office[16];
    uint8_t last[HM_SHA256_LEN];
    int64_t time; /* of the last statement */
    int64_t earliest, latest;
    uint64_t quorum;
    bool rehearsal;
    hm_buf *taken;
    size_t taken_count, taken_room;
    hm_principal *principal;
    size_t principals, principals_room;
    hm_grant *grant;
    size_t grants, grants_room;
    hm_stated_policy *policy;
    size_t policies, policies_room;
    hm_stated_key *key;
    size_t keys, keys_room;
};

/* NULL: there is none. */
hm_principal *hm_registry_find_name(const hm_registry *r, hm_bytes name);
hm_grant *hm_registry_find_grant(const hm_registry *r, hm_bytes name, hm_role role, hm_bytes product);
hm_stated_policy *hm_registry_find_policy(const hm_registry *r, hm_bytes product);
hm_stated_key *hm_registry_find_key(const hm_registry *r, const uint8_t token_id[static 16]);
/* Whose is key number I, and which is it? */
const hm_principal *hm_registry_key_holder(const hm_registry *r, size_t i, hm_bytes *spki);
bool hm_registry_is_revoked(const hm_principal *p);
bool hm_registry_holds(const hm_registry *r, hm_bytes name, hm_role role, hm_bytes product, int64_t now);
/* Is each of the COUNT claims PART among the claims ALL? */
bool hm_registry_all_among(const hm_claim *part, size_t count, const hm_claim *all, size_t all_count);

/* registry_judge.c: arguments as for hm_registry_take */
HM_MUST_USE hm_err hm_registry_judge(const hm_registry *r, const hm_statement *s, const size_t *signers, size_t count,
                                     int64_t now);

#endif
