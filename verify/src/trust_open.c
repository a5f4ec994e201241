/* hmv_trust_open and hmv_trust_update: is a trust list genuine, and may it take the place of another? */
#include "memory.h"
#include "trust.h"
#include "verdict.h"

enum { TRUST_SIGNATURES_MAX = 16, MARK_OWN = 1, MARK_THRESHOLD = 2 };

static void hash_roots(const hmv_trust *list, uint8_t digest[HMV_SHA256_SIZE]) {
    hmv_sha256_of(&list->root_set, 1, digest);
}

/* 'hallmark trust list 1', as a CBOR byte string. */
static const uint8_t trust_aad[] = {0x55, 'h', 'a', 'l', 'l', 'm', 'a', 'r', 'k', ' ', 't',
                                    'r',  'u', 's', 't', ' ', 'l', 'i', 's', 't', ' ', '1'};

/* At least THRESHOLD of ROOTS have signed. A root is in its set once and signs once, so those counted are distinct. */
static HMV_APART void check_threshold(hmv_pass *pass, const hmv_trust *roots, hmv_reason reason) {
    const hmv_bytes aad = {trust_aad, sizeof trust_aad};
    hmv_reader reader = hmv_inside(pass->signatures, &pass->parse);
    hmv_signature signature;
    uint32_t good = 0;
    while (reader.left > 0) {
        hmv_signature_read(&reader, &signature);
        good += hmv_signed_by(pass, &signature, roots->roots, aad);
    }
    if (good < roots->threshold) hmv_fault(&pass->parse, reason);
    hmv_mark(pass, MARK_THRESHOLD);
}

/* What can be read before a signature is verified: the frame, and the list down to its roots. */
static void read_outline(hmv_pass *pass, hmv_trust *list) {
    memset(list, 0, sizeof *list);
    hmv_envelope_open(pass, TRUST_SIGNATURES_MAX);
    if (pass->parse.fault == HMV_UNDECIDED) hmv_trust_outline(pass->payload, list, &pass->parse);
}

/* Its own roots have signed, and all of it is as it should be. */
static hmv_reason check_list(hmv_pass *pass, const hmv_trust *list, hmv_reason reason, uint32_t marks) {
    check_threshold(pass, list, reason);
    if (pass->parse.fault == HMV_UNDECIDED) hmv_trust_check(list, &pass->parse);
    hmv_mark(pass, MARK_OWN);
    return hmv_answer(pass, marks + MARK_THRESHOLD + MARK_OWN);
}

static HMV_APART void open_list(const hmv_config *config, hmv_bytes envelope, const uint8_t *roots, hmv_trust *trust,
                                volatile hmv_reason *answer) {
    hmv_pass pass = {.config = config, .envelope = envelope};
    uint8_t digest[HMV_SHA256_SIZE];
    read_outline(&pass, trust);
    hash_roots(trust, digest);
    if (hmv_same(digest, roots, sizeof digest) != HMV_GOOD) hmv_fault(&pass.parse, HMV_OTHER_ROOTS);
    *answer = check_list(&pass, trust, HMV_TOO_FEW_SIGNATURES, 0);
}

/* A list that is old, or in force already, is told from one that comes too early before any root is asked; a second
 * list of the same version only when roots have signed it: somebody must be told. */
static HMV_APART void update_list(const hmv_config *config, const hmv_trust *current, hmv_bytes envelope,
                                  hmv_trust *next, volatile hmv_reason *answer) {
    hmv_pass pass = {.config = config, .trust = current, .envelope = envelope};
    read_outline(&pass, next);
    if (next->version < current->version) hmv_fault(&pass.parse, HMV_OLD_LIST);
    if (hmv_is_same(next->list, current->list)) hmv_fault(&pass.parse, HMV_SAME_LIST);
    check_threshold(&pass, current, HMV_ROOTS_UNKNOWN);
    if (next->version <= current->version) hmv_fault(&pass.parse, HMV_LIST_FORK);
    *answer = check_list(&pass, next, HMV_NEW_ROOTS_SIGN_NOT, MARK_THRESHOLD);
}

/* What was accepted twice is read once more, and must be what the caller gets. */
static HMV_APART void read_again(const hmv_trust *list, volatile hmv_reason answers[3]) {
    hmv_parse parse = {.fault = HMV_UNDECIDED};
    hmv_trust again;
    answers[2] = answers[0];
    if (answers[0] != HMV_ACCEPTED || answers[1] != HMV_ACCEPTED) return;
    hmv_trust_outline(list->list, &again, &parse);
    answers[2] = parse.fault | hmv_same((const uint8_t *)&again, (const uint8_t *)list, sizeof again);
}

hmv_reason hmv_trust_open(const hmv_config *config, hmv_bytes envelope, const uint8_t roots[HMV_SHA256_SIZE],
                          hmv_trust *trust) {
    volatile hmv_reason answers[3] = {HMV_UNDECIDED, HMV_UNDECIDED, HMV_UNDECIDED};
    open_list(config, envelope, roots, trust, &answers[0]);
    open_list(config, envelope, roots, trust, &answers[1]);
    read_again(trust, answers);
    return hmv_conclude(answers, trust, sizeof *trust);
}

hmv_reason hmv_trust_update(const hmv_config *config, const hmv_trust *current, hmv_bytes envelope, hmv_trust *next,
                            uint8_t roots[HMV_SHA256_SIZE]) {
    volatile hmv_reason answers[3] = {HMV_UNDECIDED, HMV_UNDECIDED, HMV_UNDECIDED};
    hmv_reason answer;
    update_list(config, current, envelope, next, &answers[0]);
    update_list(config, current, envelope, next, &answers[1]);
    read_again(next, answers);
    answer = hmv_conclude(answers, next, sizeof *next);
    memset(roots, 0, HMV_SHA256_SIZE);
    if (HMV_IS_ACCEPTED(answer)) hash_roots(next, roots);
    return answer;
}
