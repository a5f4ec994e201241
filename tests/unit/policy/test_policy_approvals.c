/* What needs approvals: whose count, who is named, and publishing. */
#include "decide_fixture.h"

/* ---- approvals ---- */

static void missing_approvals_are_told_with_who_can_give_them(void **state) {
    (void)state;
    set_policy(SAMPLE);
    hm_policy_request request = request_by("alice");
    APPROVED_BY(&request, "dan");
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_int_equal(decision.missing, 2);
    assert_why("yes: rule release decides: it fits alice, release 2.0.0, pe, es256\n"
               "yes: the key was not imported\nyes: the key is not in software\n"
               "yes: it is thu 09:12 UTC, in the window mon-fri 08:00-16:00\n"
               "yes: quota 200 per day: 0 used, 1 wanted\nyes: quota 1000 per day of key: 0 used, 1 wanted\n"
               "no: approve 2 of qa: needs 1 more of qa (bob, carol)\n"
               "no: approve 1 of safety: needs 1 more of safety (bob, erin, frank)\n");
    assert_string_equal(decision.sentence, "rule release: approve 2 of qa: needs 1 more of qa (bob, carol); "
                                           "approve 1 of safety: needs 1 more of safety (bob, erin, frank)");
}

static void enough_approvals_allow(void **state) {
    (void)state;
    set_policy(SAMPLE);
    hm_policy_request request = request_by("alice");
    APPROVED_BY(&request, "dan", "carol", "erin");
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    assert_int_equal(decision.missing, 0);
    assert_string_equal(decision.sentence, "");
}

static void one_person_fills_one_place(void **state) {
    (void)state;
    set_policy(SAMPLE);
    hm_policy_request request = request_by("alice");
    APPROVED_BY(&request, "bob", "dan");
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_int_equal(decision.missing, 1);
}

static void who_stands_in_two_groups_counts_where_it_helps_whatever_the_order(void **state) {
    (void)state;
    set_policy(SAMPLE);
    static const char *const orders[][4] = {{"bob", "carol", "dan"},
                                            {"carol", "bob", "dan"},
                                            {"carol", "dan", "bob"},
                                            {"bob", "carol", "erin"},
                                            {"erin", "bob", "carol"}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        hm_policy_request request = request_by("alice");
        approved_by(&request, orders[i]);
        assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    }
}

static void a_place_that_somebody_can_leave_is_offered_to_others(void **state) {
    (void)state;
    set_policy("group qa = bob, carol\ngroup safety = bob\nrule r\nrequest by ann\nformats pe\n"
               "approve 1 of qa\napprove 1 of safety\n");
    hm_policy_request request = request_by("ann");
    APPROVED_BY(&request, "bob");
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_string_equal(decision.sentence, "rule r: approve 1 of safety: needs 1 more of safety or qa (carol)");
    APPROVED_BY(&request, "bob", "carol");
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
    assert_why("yes: rule r decides: it fits ann, release 2.0.0, pe, es256\n"
               "yes: approve 1 of qa: carol\nyes: approve 1 of safety: bob\n");
}

static void the_requesters_own_approval_does_not_count(void **state) {
    (void)state;
    set_policy("group qa = bob, carol\nrule r\nrequest by qa\nformats pe\napprove 1 of qa\n");
    hm_policy_request request = request_by("bob");
    APPROVED_BY(&request, "bob");
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_why("yes: rule r decides: it fits bob, release 2.0.0, pe, es256\n"
               "no: the approval by bob, who asks, does not count\n"
               "no: approve 1 of qa: needs 1 more of qa (carol)\n");
    assert_string_equal(decision.sentence, "rule r: approve 1 of qa: needs 1 more of qa (carol)");
    APPROVED_BY(&request, "bob", "carol");
    assert_int_equal(verdict(&request), HM_POLICY_ALLOWED);
}

static void an_approval_given_twice_counts_once(void **state) {
    (void)state;
    set_policy("group qa = bob, carol\nrule r\nrequest by ann\nformats pe\napprove 2 of qa\n");
    hm_policy_request request = request_by("ann");
    APPROVED_BY(&request, "bob", "bob", "bob");
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_int_equal(decision.missing, 1);
}

static void approvals_from_outside_the_groups_do_not_count(void **state) {
    (void)state;
    set_policy("group qa = bob, carol\ngroup other = zed\nrule r\nrequest by ann\nformats pe\napprove 1 of qa\n");
    hm_policy_request request = request_by("ann");
    APPROVED_BY(&request, "zed", "", "Bob", "zed");
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_why("yes: rule r decides: it fits ann, release 2.0.0, pe, es256\n"
               "no: the approval by zed, who is in none of the groups, does not count\n"
               "no: the approval by , who is in none of the groups, does not count\n"
               "no: the approval by Bob, who is in none of the groups, does not count\n"
               "no: approve 1 of qa: needs 1 more of qa (bob, carol)\n");
}

static void what_the_groups_could_never_approve_is_denied_at_once(void **state) {
    (void)state;
    set_policy("group qa = bob, carol\nrule r\nrequest by bob\nformats pe\napprove 2 of qa\n");
    hm_policy_request request = request_by("bob");
    APPROVED_BY(&request, "carol");
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_int_equal(decision.missing, 0);
    assert_string_equal(decision.sentence,
                        "rule r: the groups of the approve lines have too few people without bob, who asks");
}

static void approvals_do_not_open_what_is_closed(void **state) {
    (void)state;
    set_policy(SAMPLE);
    hm_policy_request request = request_by("alice");
    request.imported = true;
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
    assert_int_equal(decision.missing, 0);
    assert_string_equal(decision.sentence, "rule release: the key was imported, and the rule says not-imported");
    APPROVED_BY(&request, "carol", "dan", "erin");
    assert_int_equal(verdict(&request), HM_POLICY_DENIED);
}

/* ---- publishing ---- */

static void publishing_is_judged_by_its_own_lines(void **state) {
    (void)state;
    set_policy(SAMPLE);
    hm_policy_request request = request_by("alice");
    request.time = AT(3, 12, 0);
    request.imported = true;
    gauge.fails = true;
    APPROVED_BY(&request, "dan", "carol");
    assert_int_equal(publishing(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_string_equal(decision.sentence,
                        "rule release: publish 1 of safety: needs 1 more of safety (erin, frank, bob)");
    APPROVED_BY(&request, "bob");
    assert_int_equal(publishing(&request), HM_POLICY_ALLOWED);
}

static void publishing_without_lines_needs_a_fitting_rule_and_no_more(void **state) {
    (void)state;
    set_policy("group qa = bob\nrule r\nrequest by ann\nformats pe\napprove 1 of qa\n");
    hm_policy_request request = request_by("ann");
    assert_int_equal(publishing(&request), HM_POLICY_ALLOWED);
    assert_why("yes: rule r decides: it fits ann, release 2.0.0, pe, es256\nyes: publishing needs no approval\n");
    request = request_by("eve");
    assert_int_equal(publishing(&request), HM_POLICY_DENIED);
}

static void who_asked_does_not_publish(void **state) {
    (void)state;
    set_policy("group qa = bob, carol\nrule r\nrequest by bob\nformats pe\npublish 1 of qa\n");
    hm_policy_request request = request_by("bob");
    APPROVED_BY(&request, "bob");
    assert_int_equal(publishing(&request), HM_POLICY_NEEDS_APPROVALS);
}

static bool is_not_bob(void *context, hm_bytes name) {
    (void)context;
    return !hm_bytes_equal(name, hm_text("bob"));
}

static bool is_nobody(void *context, hm_bytes name) {
    (void)context, (void)name;
    return false;
}

static void who_is_no_approver_is_not_named(void **state) {
    (void)state;
    set_policy("group qa = bob, dan\nrule r\n  request by ann\n  formats pe\n  approve 1 of qa\n");
    hm_policy_request request = request_by("ann");
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_non_null(strstr(decision.sentence, "(bob, dan)"));
    request.is_approver = is_not_bob;
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_non_null(strstr(decision.sentence, "(dan)"));
    request.is_approver = is_nobody;
    assert_int_equal(verdict(&request), HM_POLICY_NEEDS_APPROVALS);
    assert_non_null(strstr(decision.sentence, "(nobody else there is an approver now)"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_approvals_are_told_with_who_can_give_them),
        cmocka_unit_test(enough_approvals_allow),
        cmocka_unit_test(one_person_fills_one_place),
        cmocka_unit_test(who_stands_in_two_groups_counts_where_it_helps_whatever_the_order),
        cmocka_unit_test(a_place_that_somebody_can_leave_is_offered_to_others),
        cmocka_unit_test(the_requesters_own_approval_does_not_count),
        cmocka_unit_test(an_approval_given_twice_counts_once),
        cmocka_unit_test(approvals_from_outside_the_groups_do_not_count),
        cmocka_unit_test(what_the_groups_could_never_approve_is_denied_at_once),
        cmocka_unit_test(approvals_do_not_open_what_is_closed),
        cmocka_unit_test(publishing_is_judged_by_its_own_lines),
        cmocka_unit_test(publishing_without_lines_needs_a_fitting_rule_and_no_more),
        cmocka_unit_test(who_asked_does_not_publish),
        cmocka_unit_test(who_is_no_approver_is_not_named),
    };
    return RUN_DECISIONS(tests);
}
