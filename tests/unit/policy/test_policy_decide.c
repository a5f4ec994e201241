/* Which rule decides, what it asks for, and what is said about it. */
#include "decide_fixture.h"

/* ---- which rule ---- */

static void a_policy_without_rules_denies(void **state) {
    (void)state;
    set_policy("");
    hm_policy_request request = request_by("alice");
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_null(decision.rule);
    assert_why("no: the policy has no rules\n");
    assert_string_equal(decision.sentence, "no rule fits: the policy has no rules");
    assert_int_equal(publishing(&request), HM_POLICY_DENIED);
}

static void what_no_rule_fits_is_denied_with_each_rules_reason(void **state) {
    (void)state;
    set_policy(SAMPLE);
    hm_policy_request request = request_by("ci-main");
    request.release = LITERAL("1.9");
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_null(decision.rule);
    assert_why("no: rule release: release 1.9 is none of 2.*, 3.*\nno: rule nightly: release 1.9 is none of *-dev\n");
    assert_string_equal(decision.sentence, "no rule fits: rule release: release 1.9 is none of 2.*, 3.*; "
                                           "rule nightly: release 1.9 is none of *-dev");
    assert_int_equal(gauge.calls, 0);
}

static void each_thing_that_does_not_fit_is_named(void **state) {
    (void)state;
    set_policy(
        "group qa = bob\nrule r\nrequest by qa, ann\nreleases 2.*\nformats cms, pe\nalgorithms es256, rsa3072\n");
    hm_policy_request request = request_by("bob");
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    request.requester = LITERAL("eve");
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_why("no: rule r: eve is none of qa, ann\n");
    request = request_by("ann");
    request.release = HM_NO_BYTES;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_why("no: rule r: no release is named, and the rule is for 2.*\n");
    request = request_by("ann");
    request.format = HM_POLICY_NATIVE;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_why("no: rule r: format native is none of cms, pe\n");
    request.format = 5;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_why("no: rule r: format 5, which has no name here, is none of cms, pe\n");
    request = request_by("ann");
    request.algorithm = HM_KEY_ED25519;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_why("no: rule r: algorithm ed25519 is none of es256, rsa3072\n");
}

static void numbers_that_are_none_fit_no_rule(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats cms, catalogue, pe, native\n");
    static const unsigned odd[] = {0, 5, 31, 32, 33, 35, 64, 0x80000003u, ~0u};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        hm_policy_request request = request_by("ann");
        request.format = odd[i];
        assert_int_equal(verdict(&request), HM_POLICY_DENIED);
        request = request_by("ann");
        request.algorithm = (hm_key_algorithm)(odd[i] == 5 ? 6 : odd[i]);
        assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    }
}

static void nobody_becomes_a_group_by_its_name(void **state) {
    (void)state;
    set_policy("group qa = bob\nrule r\nrequest by qa, ann\nformats pe\napprove 1 of qa\n");
    hm_policy_request request = request_by("qa");
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    request = request_by("ann");
    APPROVED_BY(&request, "qa");
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
}

static void names_are_compared_as_they_are_written(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats pe\n");
    static const char *const others[] = {"Ann", "an", "anna", "ann ", " ann", "*"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        hm_policy_request request = request_by(others[i]);
        assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    }
}

static void the_first_rule_that_fits_decides_even_if_a_later_one_would_allow(void **state) {
    (void)state;
    set_policy("rule strict\nrequest by ann\nformats pe\nkeys not-imported\n"
               "rule loose\nrequest by ann\nformats pe\n");
    hm_policy_request request = request_by("ann");
    request.imported = true;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_ptr_equal(decision.rule, &policy.rule[0]);
    assert_why("yes: rule strict decides: it fits ann, release 2.0.0, pe, es256\n"
               "no: the key was imported, and the rule says not-imported\n");
}

static void a_rule_that_does_not_fit_leaves_it_to_the_next(void **state) {
    (void)state;
    set_policy(SAMPLE);
    hm_policy_request request = request_by("ci-main");
    request.release = LITERAL("7-dev");
    request.format = HM_POLICY_CMS;
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    assert_ptr_equal(decision.rule, &policy.rule[1]);
    assert_string_equal(decision.sentence, "");
    assert_why("no: rule release: release 7-dev is none of 2.*, 3.*\n"
               "yes: rule nightly decides: it fits ci-main, release 7-dev, cms, es256\n"
               "yes: quota 100 per hour: 0 used, 1 wanted\n");
}

static void without_a_releases_line_any_release_fits_and_none_too(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats pe\n");
    hm_policy_request request = request_by("ann");
    request.release = HM_NO_BYTES;
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    assert_why("yes: rule r decides: it fits ann, no release, pe, es256\n");
}

/* ---- keys, windows, quotas ---- */

static void keys_are_judged_by_origin_and_token(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats pe\nkeys not-imported, not-software\n");
    hm_policy_request request = request_by("ann");
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    request.software = true;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_string_equal(decision.sentence, "rule r: the key is in software, and the rule says not-software");
    request.imported = true;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_string_equal(decision.sentence, "rule r: the key was imported, and the rule says not-imported");
    set_policy("no imported keys\nrule r\nrequest by ann\nformats pe\n");
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_string_equal(decision.sentence, "rule r: the key was imported, and the policy says no imported keys");
    request.imported = false;
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
}

static void what_a_rule_needs_must_be_named(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats pe\nneeds sbom, provenance\n");
    hm_policy_request request = request_by("ann");
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_string_equal(decision.sentence, "rule r: the rule needs an SBOM, and none is named (--sbom)");
    request.sbom = true;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_string_equal(decision.sentence, "rule r: the rule needs provenance, and none is named (--provenance)");
    request.provenance = true;
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    request.sbom = false;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    /* It was for the signing. */
    assert_int_equal(publishing(&request), HM_POLICY_ALLOWED);
}

static void one_of_the_windows_must_be_open(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats pe\nwindow mon-fri 08:00-16:00\nwindow sat 22:00-04:00\n");
    hm_policy_request request = request_by("ann");
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    assert_why("yes: rule r decides: it fits ann, release 2.0.0, pe, es256\n"
               "yes: it is thu 09:12 UTC, in the window mon-fri 08:00-16:00\n");
    request.time = AT(3, 3, 59); /* Sunday, of Saturday's */
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    request.time = AT(3, 9, 12);
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_string_equal(decision.sentence, "rule r: it is sun 09:12 UTC, outside mon-fri 08:00-16:00, sat 22:00-04:00");
}

static void a_quota_may_be_reached_and_not_passed(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats pe\nquota 200 per day\n");
    static const struct {
        uint64_t used, wanted;
        hm_policy_verdict verdict;
    } cases[] = {
        {0, 200, HM_POLICY_ALLOWED},       {199, 1, HM_POLICY_ALLOWED},
        {0, 201, HM_POLICY_DENIED},        {200, 1, HM_POLICY_DENIED},
        {199, 2, HM_POLICY_DENIED},        {UINT64_MAX, 1, HM_POLICY_DENIED},
        {1, UINT64_MAX, HM_POLICY_DENIED}, {UINT64_MAX, UINT64_MAX, HM_POLICY_DENIED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hm_policy_request request = request_by("ann");
        gauge.of_principal = cases[i].used;
        request.wanted = cases[i].wanted;
        assert_int_equal(verdict(&request), cases[i].verdict);
    }
}

static void a_quota_asks_for_its_own_rule_and_time(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats pe\nquota 5 per minute\n");
    hm_policy_request request = request_by("ann");
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    assert_bytes(gauge.rule, "r");
    assert_int_equal(gauge.seconds, 60);
}

static void all_quotas_must_hold(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats pe\nquota 5 per minute\nquota 7 per day of key\n");
    hm_policy_request request = request_by("ann");
    gauge.of_principal = 1;
    gauge.of_key = 7;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_int_equal(gauge.calls, 2);
    assert_why("yes: rule r decides: it fits ann, release 2.0.0, pe, es256\n"
               "yes: quota 5 per minute: 1 used, 1 wanted\nno: quota 7 per day of key: 7 used, 1 wanted\n");
    gauge.of_key = 0;
    gauge.of_principal = 5;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_string_equal(decision.sentence, "rule r: quota 5 per minute: 5 used, 1 wanted");
}

static void a_quota_that_cannot_be_counted_fails_the_decision(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats pe\nquota 5 per minute\n");
    hm_policy_request request = request_by("ann");
    gauge.fails = true;
    memset(&decision, 0xff, sizeof decision);
    assert_could_not(hm_policy_decide(&policy, &request, &decision, NULL));
    assert_int_equal(decision.verdict, HM_POLICY_DENIED);
    assert_null(decision.rule);
    request.used = NULL;
    assert_refused(hm_policy_decide(&policy, &request, &decision, NULL));
    assert_said("nobody can say how much of it is used");
    assert_int_equal(decision.verdict, HM_POLICY_DENIED);
}

static void facts_that_are_none_are_refused(void **state) {
    (void)state;
    set_policy("rule r\nrequest by ann\nformats pe\n");
    hm_policy_request request = request_by("");
    assert_refused(hm_policy_decide(&policy, &request, &decision, NULL));
    request = request_by("ann");
    request.time = -1;
    assert_refused(hm_policy_decide(&policy, &request, &decision, NULL));
    request.time = INT64_MIN;
    assert_refused(hm_policy_decide_publish(&policy, &request, &decision, NULL));
    request = request_by("ann");
    request.wanted = 0;
    assert_refused(hm_policy_decide(&policy, &request, &decision, NULL));
    assert_int_equal(decision.verdict, HM_POLICY_DENIED);
    request = request_by("ann");
    request.time = INT64_MAX;
    assert_done(hm_policy_decide(&policy, &request, &decision, NULL));
}

/* ---- what is said ---- */

static void what_others_chose_cannot_forge_a_line(void **state) {
    (void)state;
    set_policy("group qa = bob\nrule r\nrequest by ann\nreleases 2.*\nformats pe\napprove 1 of qa\n");
    hm_policy_request request = request_by("ann");
    request.release = LITERAL("9\nyes: all is well\x1b[2J");
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_why("no: rule r: release 9\\x0ayes: all is well\\x1b[2J is none of 2.*\n");
    request = request_by("ann");
    APPROVED_BY(&request, "x\ny");
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_why("yes: rule r decides: it fits ann, release 2.0.0, pe, es256\n"
               "no: the approval by x\\x0ay, who is in none of the groups, does not count\n"
               "no: approve 1 of qa: needs 1 more of qa (bob)\n");
    request = request_by("a\nb");
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_why("no: rule r: a\\x0ab is none of ann\n");
}

static void the_sentence_is_cut_between_characters(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    for (int i = 0; i < HM_POLICY_RULES; i++)
        assert_done(hm_put_format(&text, "rule r%d\nrequest by ann\nreleases 2\nformats pe\n", i));
    assert_done(hm_policy_read(hm_buf_bytes(&text), &policy));
    static const char umlauts[] = "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6";
    for (size_t shift = 0; shift < 20; shift++) {
        char release[64] = "xxxxxxxxxxxxxxxxxxxx";
        memcpy(release + shift, umlauts, sizeof umlauts);
        hm_policy_request request = request_by("ann");
        request.release = hm_text(release);
        assert_int_equal(verdict(&request), HM_POLICY_DENIED);
        size_t len = strlen(decision.sentence);
        assert_true(len >= HM_SENTENCE_MAX - 2);
        assert_int_not_equal((uint8_t)decision.sentence[len - 1], 0xc3);
    }
}

static void it_decides_the_same_without_an_explanation(void **state) {
    (void)state;
    set_policy(SAMPLE);
    hm_policy_request request = request_by("alice");
    hm_policy_decision silent;
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_done(hm_policy_decide(&policy, &request, &silent, NULL));
    assert_int_equal(silent.verdict, decision.verdict);
    assert_int_equal(silent.missing, decision.missing);
    assert_ptr_equal(silent.rule, decision.rule);
    assert_string_equal(silent.sentence, decision.sentence);
}

static void the_explanation_is_appended(void **state) {
    (void)state;
    set_policy("");
    hm_policy_request request = request_by("ann");
    why.len = 0;
    assert_done(hm_put_text(&why, "before\n"));
    assert_done(hm_policy_decide(&policy, &request, &decision, &why));
    assert_why("before\nno: the policy has no rules\n");
}

static void a_key_for_each_release_takes_a_release(void **state) {
    (void)state;
    set_policy("key per release\nrule r\n  request by ann\n  formats pe\n");
    hm_policy_request request = request_by("ann");
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    request.release = HM_NO_BYTES;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_string_equal(decision.sentence, "rule r: each release has a key of its own, and none is named (--release)");
}

static void who_owns_the_office_needs_no_rule(void **state) {
    (void)state;
    set_policy("cryptoperiod 9 days\n");
    hm_policy_request request = request_by("ann");
    request.owner = true;
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    assert_null(decision.rule);
    assert_why("yes: this office has no founders: who owns it signs\n");
    set_policy("key per release\n");
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    request.release = HM_NO_BYTES;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_string_equal(decision.sentence, "each release has a key of its own, and none is named (--release)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_without_rules_denies),
        cmocka_unit_test(what_no_rule_fits_is_denied_with_each_rules_reason),
        cmocka_unit_test(each_thing_that_does_not_fit_is_named),
        cmocka_unit_test(numbers_that_are_none_fit_no_rule),
        cmocka_unit_test(nobody_becomes_a_group_by_its_name),
        cmocka_unit_test(names_are_compared_as_they_are_written),
        cmocka_unit_test(the_first_rule_that_fits_decides_even_if_a_later_one_would_allow),
        cmocka_unit_test(a_rule_that_does_not_fit_leaves_it_to_the_next),
        cmocka_unit_test(without_a_releases_line_any_release_fits_and_none_too),
        cmocka_unit_test(keys_are_judged_by_origin_and_token),
        cmocka_unit_test(what_a_rule_needs_must_be_named),
        cmocka_unit_test(one_of_the_windows_must_be_open),
        cmocka_unit_test(a_quota_may_be_reached_and_not_passed),
        cmocka_unit_test(a_quota_asks_for_its_own_rule_and_time),
        cmocka_unit_test(all_quotas_must_hold),
        cmocka_unit_test(a_quota_that_cannot_be_counted_fails_the_decision),
        cmocka_unit_test(facts_that_are_none_are_refused),
        cmocka_unit_test(what_others_chose_cannot_forge_a_line),
        cmocka_unit_test(the_sentence_is_cut_between_characters),
        cmocka_unit_test(it_decides_the_same_without_an_explanation),
        cmocka_unit_test(the_explanation_is_appended),
        cmocka_unit_test(a_key_for_each_release_takes_a_release),
        cmocka_unit_test(who_owns_the_office_needs_no_rule),
    };
    return RUN_DECISIONS(tests);
}
