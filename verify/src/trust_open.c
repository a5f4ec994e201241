/* hmv_trust_open and hmv_trust_update: is a trust list genuine, and may it take the place of another? */
#include "memory.h"
#include "trust.h"
#include "verdict.h"

enum { TRUST_SIGNATURES_MAX = 16, MARK_CONTENT = 1, MARK_THRESHOLD = 2 };

static void hash_roots(const hmv_trust *list, uint8_t digest[HMV_SHA256_SIZE]) {
    hmv_sha256_of(&list->root_set, 1, digest);
}

/* 'hallmark trust list 1', as a CBOR byte string. */
static const uint8_t trust_aad[] = {0x55, 'h', 'a', 'l', 'l', 'm', 'a', 'r', 'k', ' ', 't',
                                    'r',  'u', 's', 't', ' ', 'l', 'i', 's', 't', ' ', '1'};

/* At least THRESHOLD of ROOTS have signed. A root is in its set once and signs once, so those counted are distinct. A
 * threshold of 0, which only a list that was refused has, is met by none: less 1 it is above every number. */
static void check_threshold(hmv_pass *pass, const hmv_trust *roots, hmv_reason reason) {
    const hmv_bytes aad = {trust_aad, sizeof trust_aad};
    const uint32_t threshold = (uint32_t)roots->threshold; /* at most HMV_ROOTS_MAX */
    if (threshold - 1 >= hmv_signatures_verify(pass, &roots->roots, aad)) hmv_fault(&pass->parse, reason);
    hmv_mark(pass, MARK_THRESHOLD);
}

/* Of an update (ROOTS is NULL): a list that is old, or in force already, is told from one that comes too early before
 * any root is asked; a second list of the same version only when roots have signed it: somebody must be told. */
static void check_current(hmv_pass *pass, const hmv_trust *next) {
    const hmv_trust *current = pass->trust;
    hmv_need_least(&pass->parse, HMV_OLD_LIST, &next->version, &current->version);
    if (hmv_is_same(&next->list, &current->list)) hmv_fault(&pass->parse, HMV_SAME_LIST);
    check_threshold(pass, current, HMV_ROOTS_UNKNOWN);
    if (next->version <= current->version) hmv_fault(&pass->parse, HMV_LIST_FORK);
}

static void check_roots(hmv_pass *pass, const hmv_trust *list, const uint8_t *roots, const uint64_t *least) {
    uint8_t digest[HMV_SHA256_SIZE];
    hash_roots(list, digest);
    if (hmv_same(digest, roots, sizeof digest) != HMV_GOOD) hmv_fault(&pass->parse, HMV_OTHER_ROOTS);
    hmv_need_least(&pass->parse, HMV_OLD_LIST, &list->version, least);
    hmv_mark(pass, MARK_THRESHOLD);
}

/* One pass. ROOTS tells the two questions apart, because a list is opened only by them: an update with ROOTS left
 * behind by a fault is refused for their sake, and CURRENT is not looked at when a list is opened. */
static HMV_APART void decide(const hmv_config *config, const hmv_trust *current, hmv_bytes envelope,
                             const uint8_t *roots, const uint64_t *least, hmv_trust *list, hmv_outcome *outcome) {
    hmv_pass pass = {.config = config, .trust = current, .envelope = envelope};
    memset(list, 0, sizeof *list);
    hmv_envelope_open(&pass, TRUST_SIGNATURES_MAX);
    if (pass.parse.fault == HMV_UNDECIDED) {
        hmv_trust_outline(&pass.payload, list, &pass.parse);
        if (roots != NULL)
            check_roots(&pass, list, roots, least);
        else
            check_current(&pass, list);
        check_threshold(&pass, list, roots != NULL ? HMV_TOO_FEW_SIGNATURES : HMV_NEW_ROOTS_SIGN_NOT);
    }
    if (pass.parse.fault == HMV_UNDECIDED) hmv_trust_check(list, &pass.parse);
    hmv_mark(&pass, MARK_CONTENT);
    hmv_finish(&pass, 2 * MARK_THRESHOLD + MARK_CONTENT, list, sizeof *list, outcome);
}

static hmv_reason decide_twice(const hmv_config *config, const hmv_trust *current, hmv_bytes envelope,
                               const uint8_t *roots, const uint64_t *least, hmv_trust *list) {
    hmv_outcome outcomes[2] = {{HMV_UNDECIDED, 0}, {HMV_UNDECIDED, 0}};
    decide(config, current, envelope, roots, least, list, &outcomes[0]);
    decide(config, current, envelope, roots, least, list, &outcomes[1]);
    return hmv_conclude(outcomes, list, sizeof *list);
}

hmv_reason hmv_trust_open(const hmv_config *config, hmv_bytes envelope, const uint8_t roots[HMV_SHA256_SIZE],
                          uint64_t least_version, hmv_trust *trust) {
    return decide_twice(config, NULL, envelope, roots, &least_version, trust);
}

hmv_reason hmv_trust_update(const hmv_config *config, const hmv_trust *current, hmv_bytes envelope, hmv_trust *next,
                            uint8_t roots[HMV_SHA256_SIZE]) {
    memset(roots, 0, HMV_SHA256_SIZE);
    if (next == current) return HMV_ROOTS_UNKNOWN; /* it would be cleared before it is asked */
    hmv_reason answer = decide_twice(config, current, envelope, NULL, NULL, next);
    if (HMV_IS_ACCEPTED(answer)) hash_roots(next, roots);
    return answer;
}
