/* Decisions by a policy, and their reasons. */
#ifndef HM_DECIDE_FIXTURE_H
#define HM_DECIDE_FIXTURE_H

#include "policy_test.h"

static hm_policy policy;
static hm_policy_decision decision;
static hm_buf why;

static inline void set_policy(const char *text) {
    hm_err err = hm_policy_read(hm_text(text), &policy);
    if (hm_failed(err)) fail_msg("refused: %s", hm_err_sentence());
}

/* What USED answers, and what it was last asked. */
typedef struct {
    uint64_t of_principal, of_key;
    bool fails;
    unsigned calls;
    hm_bytes rule;
    uint32_t seconds;
} meter;

static inline hm_err used(void *context, hm_bytes rule, uint32_t seconds, bool of_key, uint64_t *count) {
    meter *m = context;
    m->calls++;
    m->rule = rule;
    m->seconds = seconds;
    if (m->fails) return hm_could_not("the store is gone");
    *count = of_key ? m->of_key : m->of_principal;
    return HM_OK;
}

static meter gauge;

/* Allowed by SAMPLE's first rule, were it not for approvals. */
static inline hm_policy_request request_by(const char *requester) {
    gauge = (meter){0};
    return (hm_policy_request){.requester = hm_text(requester),
                               .release = LITERAL("2.0.0"),
                               .format = HM_POLICY_PE,
                               .algorithm = HM_KEY_ES256,
                               .time = AT(0, 9, 12),
                               .wanted = 1,
                               .used = used,
                               .context = &gauge};
}

static inline void approved_by(hm_policy_request *request, const char *const *names) {
    static hm_bytes approvers[16];
    request->approvers = approvers;
    for (request->approver_count = 0; *names; names++) approvers[request->approver_count++] = hm_text(*names);
}
#define APPROVED_BY(request, ...) approved_by((request), (const char *const[]){__VA_ARGS__, NULL})

static inline hm_policy_verdict verdict(const hm_policy_request *request) {
    why.len = 0;
    assert_done(hm_policy_decide(&policy, request, &decision, &why));
    return decision.verdict;
}

static inline hm_policy_verdict publishing(const hm_policy_request *request) {
    why.len = 0;
    assert_done(hm_policy_decide_publish(&policy, request, &decision, &why));
    return decision.verdict;
}

static inline void assert_why(const char *lines) {
    if (!hm_bytes_equal(hm_buf_bytes(&why), hm_text(lines)))
        fail_msg("not\n%sbut\n%.*s", lines, (int)why.len, (const char *)why.data);
}

static inline int release_why(void **state) {
    (void)state;
    hm_buf_clear(&why);
    return 0;
}
#define RUN_DECISIONS(tests) cmocka_run_group_tests(tests, NULL, release_why)

#endif
