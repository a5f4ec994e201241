/* Policies that were cut short or changed: refused with a line, or read and decided by without a fault. */
#include "policy_test.h"

static hm_policy policy;

static hm_err used(void *context, hm_bytes rule, uint32_t seconds, bool of_key, uint64_t *count) {
    (void)context;
    (void)rule;
    (void)seconds;
    *count = of_key;
    return HM_OK;
}

static void decide(hm_policy_request *request) {
    HM_BUF why = HM_BUF_EMPTY;
    hm_policy_decision decision;
    assert_done(hm_policy_decide(&policy, request, &decision, &why));
    assert_int_equal(decision.verdict == HM_POLICY_ALLOWED, !decision.sentence[0]);
    if (decision.verdict != HM_POLICY_DENIED) assert_non_null(decision.rule);
    assert_true(why.len > 5);
    assert_done(hm_policy_decide_publish(&policy, request, &decision, &why));
    if (decision.verdict != HM_POLICY_DENIED) assert_non_null(decision.rule);
}

/* Requests of different kinds: the release, the nightly one, and one that nothing fits. */
static void decide_by_it(void) {
    hm_bytes approvers[] = {LITERAL("bob"), LITERAL("carol"), LITERAL("erin"), LITERAL("ci-main")};
    hm_policy_request request = {.requester = LITERAL("ci-main"),
                                 .release = LITERAL("2.1"),
                                 .format = HM_POLICY_PE,
                                 .algorithm = HM_KEY_ES256,
                                 .time = AT(0, 9, 0),
                                 .approvers = approvers,
                                 .wanted = 1,
                                 .used = used};
    for (request.approver_count = 0; request.approver_count <= 4; request.approver_count++) decide(&request);
    request.release = LITERAL("7-dev");
    request.format = HM_POLICY_CMS;
    decide(&request);
    request.requester = LITERAL("eve");
    decide(&request);
}

/* The bytes lie at the end of their memory, so that a sanitizer sees whatever reads on. */
static bool read_it(hm_bytes text) {
    if (!hm_failed(hm_policy_read(text, &policy))) return true;
    assert_int_equal(strncmp(hm_err_sentence(), "line ", 5), 0);
    assert_int_equal(policy.rules, 0);
    return false;
}

static void every_prefix_is_refused_or_decides(void **state) {
    (void)state;
    size_t accepted = 0;
    for (size_t len = 0; len < sizeof SAMPLE; len++) {
        HM_BUF text = HM_BUF_EMPTY;
        assert_done(hm_put(&text, HM_BYTES(SAMPLE, len)));
        bool ends = !len || SAMPLE[len - 1] == '\n';
        if (!read_it(hm_buf_bytes(&text))) continue;
        assert_true(ends);
        decide_by_it();
        accepted++;
    }
    assert_true(accepted > 5);
}

static void every_change_of_a_byte_is_refused_or_decides(void **state) {
    (void)state;
    size_t accepted = 0, refused = 0;
    HM_BUF text = HM_BUF_EMPTY;
    assert_done(hm_put(&text, LITERAL(SAMPLE)));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t before = text.data[i];
        for (unsigned byte = 0; byte < 256; byte++) {
            text.data[i] = (uint8_t)byte;
            bool good = read_it(hm_buf_bytes(&text));
            if (good) decide_by_it();
            accepted += good;
            refused += !good;
        }
        text.data[i] = before;
    }
    assert_true(accepted > 1000 && refused > 10000);
}

/* A policy that lost a byte, a line or gained one. */
static void every_byte_left_out_or_doubled_is_refused_or_decides(void **state) {
    (void)state;
    for (size_t i = 0; i + 1 < sizeof SAMPLE; i++) {
        HM_BUF less = HM_BUF_EMPTY, more = HM_BUF_EMPTY;
        assert_done(hm_put(&less, HM_BYTES(SAMPLE, i)));
        assert_done(hm_put(&less, HM_BYTES(&SAMPLE[i + 1], sizeof SAMPLE - i - 2)));
        assert_done(hm_put(&more, HM_BYTES(SAMPLE, i + 1)));
        assert_done(hm_put(&more, HM_BYTES(&SAMPLE[i], sizeof SAMPLE - i - 1)));
        if (read_it(hm_buf_bytes(&less))) decide_by_it();
        if (read_it(hm_buf_bytes(&more))) decide_by_it();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_is_refused_or_decides),
        cmocka_unit_test(every_change_of_a_byte_is_refused_or_decides),
        cmocka_unit_test(every_byte_left_out_or_doubled_is_refused_or_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
