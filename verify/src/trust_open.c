/* hmv_trust_open and hmv_trust_update: is a trust list genuine, and may it take the place of another? */
#include "memory.h"
#include "trust.h"
#include "verdict.h"

enum { MARK_OUTLINE = 1, MARK_ROOTS = 2, MARK_OWN = 3, MARK_CONTENT = 4, MARK_FORK = 5 };

static void read_outline(hmv_pass *pass) {
    hmv_envelope_open(pass, HMV_TRUST_MAX, HMV_TRUST_SIGNATURES_MAX);
    if (pass->fault != HMV_UNDECIDED) return;
    hmv_trust_outline(pass->payload, pass->list, &pass->fault);
    hmv_mark(pass, MARK_OUTLINE);
}

static void hash_roots(const hmv_trust *list, uint8_t digest[HMV_SHA256_SIZE]) {
    hmv_sha256_of(&list->root_set, 1, digest);
}

/* The roots that the device holds. */
static void check_roots(hmv_pass *pass) {
    uint8_t digest[HMV_SHA256_SIZE];
    hash_roots(pass->list, digest);
    if (hmv_same(digest, pass->roots, sizeof digest) != HMV_GOOD) hmv_fault(&pass->fault, HMV_OTHER_ROOTS);
    hmv_mark(pass, MARK_ROOTS);
}

/* 'hallmark trust list 1', as a CBOR byte string. */
static const uint8_t trust_aad[] = {0x55, 'h', 'a', 'l', 'l', 'm', 'a', 'r', 'k', ' ', 't',
                                    'r',  'u', 's', 't', ' ', 'l', 'i', 's', 't', ' ', '1'};

/* At least THRESHOLD of ROOTS have signed. A root is in its set once and signs once, so those counted are distinct. If
 * not: SOME_UNKNOWN where signatures by others are there, else NONE_UNKNOWN. */
static void check_threshold(hmv_pass *pass, const hmv_trust *roots, hmv_reason some_unknown, hmv_reason none_unknown) {
    const hmv_bytes aad = {trust_aad, sizeof trust_aad};
    hmv_reader reader = hmv_elements(pass->signatures, &pass->fault);
    hmv_signature signature;
    uint32_t good = 0, signatures = 0;
    for (; reader.left > 0; signatures++) {
        hmv_signature_read(&reader, &signature);
        good += hmv_signed_by(pass, &signature, roots->roots, aad);
    }
    if (good < roots->threshold) hmv_fault(&pass->fault, good < signatures ? some_unknown : none_unknown);
}

static void check_own_signatures(hmv_pass *pass) {
    check_threshold(pass, pass->list, HMV_TOO_FEW_SIGNATURES, HMV_TOO_FEW_SIGNATURES);
    hmv_mark(pass, MARK_OWN);
}

static void check_content(hmv_pass *pass) {
    hmv_trust_check(pass->list, &pass->fault);
    hmv_mark(pass, MARK_CONTENT);
}

static const hmv_step open_steps[] = {read_outline, check_roots, check_own_signatures, check_content};

/* A list that is old, or in force already, is told from one that comes too early before any root is asked. */
static void check_current_signatures(hmv_pass *pass) {
    const hmv_trust *current = pass->trust, *next = pass->list;
    if (next->version < current->version) hmv_fault(&pass->fault, HMV_OLD_LIST);
    if (hmv_same_bytes(next->list, current->list) == HMV_GOOD) hmv_fault(&pass->fault, HMV_SAME_LIST);
    if (pass->fault != HMV_UNDECIDED) return;
    check_threshold(pass, current, HMV_ROOTS_UNKNOWN, HMV_TOO_FEW_SIGNATURES);
    hmv_mark(pass, MARK_ROOTS);
}

static void check_new_signatures(hmv_pass *pass) {
    check_threshold(pass, pass->list, HMV_NEW_ROOTS_SIGN_NOT, HMV_NEW_ROOTS_SIGN_NOT);
    hmv_mark(pass, MARK_OWN);
}

/* Two lists of one version, both signed: somebody must be told. */
static void check_fork(hmv_pass *pass) {
    if (pass->list->version <= pass->trust->version) hmv_fault(&pass->fault, HMV_LIST_FORK);
    hmv_mark(pass, MARK_FORK);
}

static const hmv_step update_steps[] = {read_outline, check_current_signatures, check_new_signatures, check_content,
                                        check_fork};

static HMV_APART void pass_open(const hmv_config *config, hmv_bytes envelope, const uint8_t *roots, hmv_trust *trust,
                                volatile hmv_reason *answer) {
    hmv_pass pass = {.config = config, .envelope = envelope, .roots = roots, .list = trust};
    memset(trust, 0, sizeof *trust);
    hmv_run(&pass, open_steps, sizeof open_steps / sizeof open_steps[0], answer);
}

static HMV_APART void pass_update(const hmv_config *config, const hmv_trust *current, hmv_bytes envelope,
                                  hmv_trust *next, volatile hmv_reason *answer) {
    hmv_pass pass = {.config = config, .trust = current, .envelope = envelope, .list = next};
    memset(next, 0, sizeof *next);
    hmv_run(&pass, update_steps, sizeof update_steps / sizeof update_steps[0], answer);
}

/* What was accepted twice is read once more, and must be what the caller gets. */
static HMV_APART void read_again(const hmv_trust *list, volatile hmv_reason answers[3]) {
    hmv_reason fault = HMV_UNDECIDED;
    hmv_trust again;
    answers[2] = answers[0];
    if (answers[0] != HMV_ACCEPTED || answers[1] != HMV_ACCEPTED) return;
    hmv_trust_outline(list->list, &again, &fault);
    answers[2] = fault | hmv_same((const uint8_t *)&again, (const uint8_t *)list, sizeof again);
}

hmv_reason hmv_trust_open(const hmv_config *config, hmv_bytes envelope, const uint8_t roots[HMV_SHA256_SIZE],
                          hmv_trust *trust) {
    volatile hmv_reason answers[3] = {HMV_UNDECIDED, HMV_UNDECIDED, HMV_UNDECIDED};
    pass_open(config, envelope, roots, trust, &answers[0]);
    pass_open(config, envelope, roots, trust, &answers[1]);
    read_again(trust, answers);
    return hmv_conclude(answers, trust, sizeof *trust);
}

hmv_reason hmv_trust_update(const hmv_config *config, const hmv_trust *current, hmv_bytes envelope, hmv_trust *next,
                            uint8_t roots[HMV_SHA256_SIZE]) {
    volatile hmv_reason answers[3] = {HMV_UNDECIDED, HMV_UNDECIDED, HMV_UNDECIDED};
    hmv_reason answer;
    pass_update(config, current, envelope, next, &answers[0]);
    pass_update(config, current, envelope, next, &answers[1]);
    read_again(next, answers);
    answer = hmv_conclude(answers, next, sizeof *next);
    memset(roots, 0, HMV_SHA256_SIZE);
    if (HMV_IS_ACCEPTED(answer)) hash_roots(next, roots);
    return answer;
}
