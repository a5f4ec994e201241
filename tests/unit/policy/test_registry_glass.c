/* A policy for some hours: two officers, and then the one before is in force again, whatever anybody does. */
#include "registry_fixture.h"

enum { HOUR = 3600 };

static hm_statement glass_until(const char *product, int64_t until) {
    hm_statement s = next_statement(HM_ACT_POLICY);
    s.product = hm_text(product);
    s.temporary = true;
    s.until = until;
    if (until) s.policy = hm_text("open");
    if (until) s.reason = hm_text("a recall");
    return s;
}
static hm_err break_glass(const char *product, int64_t until, const char *signers) {
    hm_statement s = glass_until(product, until);
    return take(&s, signers);
}
static hm_err end_glass(const char *product, const char *signers) { return break_glass(product, 0, signers); }

static void assert_in_force(const char *product, const char *wanted) {
    hm_bytes text;
    assert_done(hm_registry_policy(registry, hm_text(product), now, &text));
    assert_true(hm_bytes_equal(text, hm_text(wanted)));
}

static int begin_with_policy(void **state) {
    return begin(state) || hm_failed(policy("pump", "own", "alice bob")) ||
           hm_failed(policy("valve", "own", "alice bob"));
}

static void it_holds_for_its_product_until_it_ends_by_itself(void **state) {
    (void)state;
    hm_glass glass;
    assert_false(hm_registry_glass(registry, 0, now, &glass));
    assert_done(break_glass("pump", now + HOUR, "alice frank"));
    assert_in_force("pump", "open");
    assert_in_force("valve", "own");
    assert_true(hm_registry_glass_of(registry, hm_text("pump"), now, &glass));
    assert_int_equal(glass.until, now + HOUR);
    assert_int_equal(glass.officers, 2);
    assert_bytes(glass.officer[0], "alice");
    assert_bytes(glass.officer[1], "frank");
    assert_bytes(glass.reason, "a recall");
    assert_false(hm_registry_glass_of(registry, hm_text("valve"), now, &glass));
    assert_true(hm_registry_glass(registry, 0, now, &glass));
    assert_false(hm_registry_glass(registry, 1, now, &glass));
    now += HOUR - 1;
    assert_in_force("pump", "open");
    now += 1;
    assert_in_force("pump", "own");
    assert_false(hm_registry_glass(registry, 0, now, &glass));
}

static void it_is_told_who_why_and_until_when(void **state) {
    (void)state;
    hm_glass glass;
    HM_BUF line = HM_BUF_EMPTY;
    assert_done(break_glass("pump", now + HOUR, "bob carol"));
    assert_true(hm_registry_glass(registry, 0, now, &glass));
    assert_done(hm_glass_describe(&glass, &line));
    assert_bytes(hm_buf_bytes(&line), "BREAK-GLASS of pump until 2023-11-14 23:13 UTC, by bob, carol: a recall");
}

static void it_takes_two_officers(void **state) {
    (void)state;
    assert_refused(break_glass("pump", now + HOUR, ""));
    assert_refused(break_glass("pump", now + HOUR, "alice"));
    assert_non_null(strstr(hm_err_sentence(), "takes the signatures of 2 officers, and has 1"));
    assert_refused(break_glass("pump", now + HOUR, "alice alice"));
    assert_refused(break_glass("valve", now + HOUR, "alice frank"));
    assert_done(add("dan", "alice bob"));
    assert_done(grant("dan", HM_ROLE_REQUESTER, "pump", "alice bob"));
    assert_refused(break_glass("pump", now + HOUR, "alice dan"));
    assert_refused(break_glass("pump", now + HOUR, "dan erin"));
    assert_in_force("pump", "own");
}

static void several_keys_of_one_officer_are_one(void **state) {
    (void)state;
    hm_statement s = next_statement(HM_ACT_PRINCIPAL);
    s.name = hm_text("alice");
    s.keys = 2;
    s.key[0] = key_of("alice");
    s.key[1] = key_of("alice 2");
    assert_done(take(&s, "alice bob"));
    s = glass_until("pump", now + HOUR);
    HM_BUF cbor = HM_BUF_EMPTY;
    size_t twice[] = {0, 1};
    assert_done(hm_statement_put(&s, &cbor));
    assert_refused(hm_registry_take(registry, hm_buf_bytes(&cbor), twice, 2, now));
    assert_in_force("pump", "own");
}

static void it_takes_two_where_the_quorum_is_one(void **state) {
    (void)state;
    static const char *const founders[] = {"alice", "bob"};
    HM_REGISTRY *alone = NULL;
    hm_registry *before = registry;
    assert_done(hm_registry_new(office, &alone));
    registry = alone;
    assert_done(found(1, 2, founders));
    assert_done(policy("pump", "own", "alice"));
    assert_refused(break_glass("pump", now + HOUR, "alice"));
    assert_refused(break_glass("pump", now + HOUR, "bob bob"));
    assert_done(break_glass("pump", now + HOUR, "alice bob"));
    assert_done(end_glass("pump", "bob"));
    registry = before;
}

static void it_takes_the_quorum_where_that_is_more(void **state) {
    (void)state;
    static const char *const founders[] = {"alice", "bob", "carol"};
    HM_REGISTRY *three = NULL;
    hm_registry *before = registry;
    assert_done(hm_registry_new(office, &three));
    registry = three;
    assert_done(found(3, 3, founders));
    assert_refused(break_glass("pump", now + HOUR, "alice bob"));
    assert_done(break_glass("pump", now + HOUR, "alice bob carol"));
    registry = before;
}

static void it_lasts_a_day_at_most(void **state) {
    (void)state;
    assert_refused(break_glass("pump", now + DAY + 1, "alice bob"));
    assert_non_null(strstr(hm_err_sentence(), "24 hours at most"));
    assert_refused(break_glass("pump", FOREVER, "alice bob"));
    assert_refused(break_glass("pump", now, "alice bob"));
    assert_refused(break_glass("pump", now - 1, "alice bob"));
    assert_refused(break_glass("pump", 1, "alice bob"));
    /* Nor by a time of its own that lies ahead. */
    hm_statement s = glass_until("pump", now + DAY + 400);
    s.time += 301;
    assert_refused(take(&s, "alice bob"));
    assert_in_force("pump", "own");
    assert_done(break_glass("pump", now + DAY, "alice bob"));
    assert_in_force("pump", "open");
}

static void one_officer_ends_it(void **state) {
    (void)state;
    assert_refused(end_glass("pump", "alice bob"));
    assert_non_null(strstr(hm_err_sentence(), "no break-glass policy to end"));
    assert_done(break_glass("pump", now + HOUR, "alice bob"));
    assert_refused(end_glass("pump", ""));
    assert_refused(end_glass("valve", "alice bob"));
    assert_done(add("dan", "alice bob"));
    assert_refused(end_glass("pump", "dan"));
    assert_in_force("pump", "open");
    assert_done(end_glass("pump", "frank"));
    assert_in_force("pump", "own");
    assert_refused(end_glass("pump", "frank"));
    assert_done(break_glass("pump", now + HOUR, "alice bob"));
    assert_done(revoke("erin", "alice bob"));
    assert_refused(end_glass("pump", "erin"));
    now += HOUR;
    assert_refused(end_glass("pump", "alice bob"));
}

static void what_ended_is_not_replayed(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY;
    size_t number[HM_STATEMENT_SIGNERS_MAX], count = find_signers("alice bob", number);
    hm_statement s = glass_until("pump", now + HOUR);
    assert_done(hm_statement_put(&s, &cbor));
    assert_done(hm_registry_take(registry, hm_buf_bytes(&cbor), number, count, now));
    assert_done(end_glass("pump", "carol"));
    assert_refused(hm_registry_take(registry, hm_buf_bytes(&cbor), number, count, now));
    assert_refused(hm_registry_take(registry, hm_buf_bytes(&cbor), number, count, 0));
    assert_in_force("pump", "own");
}

static void the_products_own_policy_changes_beneath_it(void **state) {
    (void)state;
    hm_bytes text;
    assert_done(break_glass("pump", now + HOUR, "alice bob"));
    assert_done(policy("pump", "newer", "alice bob"));
    assert_in_force("pump", "open");
    assert_done(end_glass("pump", "alice"));
    assert_in_force("pump", "newer");
    assert_done(policy("pump", "", "alice bob"));
    assert_done(break_glass("pump", now + HOUR, "alice bob"));
    assert_in_force("pump", "open");
    now += HOUR;
    assert_refused(hm_registry_policy(registry, hm_text("pump"), now, &text));
}

static void a_clock_that_was_put_back_lengthens_nothing(void **state) {
    (void)state;
    now += 2 * DAY;
    assert_done(break_glass("pump", now + HOUR, "alice bob"));
    now -= 300;
    assert_in_force("pump", "open");
    now -= 1;
    assert_in_force("pump", "own");
    now += 301;
    hm_registry_between(registry, now + HOUR, 0); /* a checkpoint of later */
    assert_in_force("pump", "own");
}

static void who_signed_it_gets_no_role_that_signs_meanwhile(void **state) {
    (void)state;
    assert_done(break_glass("pump", now + HOUR, "alice frank"));
    assert_done(grant_until("frank", HM_ROLE_ADMINISTRATOR, "pump", 0, "bob"));
    now += 600; /* administrator and requester do not meet */
    assert_refused(grant("frank", HM_ROLE_REQUESTER, "pump", "alice bob"));
    assert_non_null(strstr(hm_err_sentence(), "gets nothing out of it"));
    assert_refused(grant("frank", HM_ROLE_APPROVER, "pump", "alice bob"));
    assert_refused(grant("frank", HM_ROLE_REQUESTER, "", "alice bob"));
    assert_done(grant("frank", HM_ROLE_REQUESTER, "valve", "alice bob"));
    assert_done(grant("frank", HM_ROLE_AUDITOR, "pump", "alice bob"));
    assert_refused(may("frank", HM_ROLE_REQUESTER, "pump"));
    now += HOUR;
    assert_done(grant("frank", HM_ROLE_REQUESTER, "pump", "alice bob"));
}

/* An office that starts anew judges them at another time, by other bounds, and must come to the same. */
static void read_again_they_are_judged_the_same(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY;
    size_t number[HM_STATEMENT_SIGNERS_MAX], count = find_signers("alice", number);
    assert_done(break_glass("pump", now + HOUR, "alice bob"));
    hm_statement s = glass_until("pump", 0);
    assert_done(hm_statement_put(&s, &cbor));
    hm_registry_between(registry, now + 2 * HOUR, now + DAY);
    assert_done(hm_registry_take(registry, hm_buf_bytes(&cbor), number, count, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_with_policy, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(it_holds_for_its_product_until_it_ends_by_itself),
        TEST(it_is_told_who_why_and_until_when),
        TEST(it_takes_two_officers),
        TEST(several_keys_of_one_officer_are_one),
        TEST(it_takes_two_where_the_quorum_is_one),
        TEST(it_takes_the_quorum_where_that_is_more),
        TEST(it_lasts_a_day_at_most),
        TEST(one_officer_ends_it),
        TEST(what_ended_is_not_replayed),
        TEST(the_products_own_policy_changes_beneath_it),
        TEST(a_clock_that_was_put_back_lengthens_nothing),
        TEST(who_signed_it_gets_no_role_that_signs_meanwhile),
        TEST(read_again_they_are_judged_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
