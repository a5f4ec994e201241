/* The states of keys: which follow from which, and who states them (NIST SP 800-57 Part 1, section 7). */
#include "registry_fixture.h"

static const uint8_t one[16] = "key number one", other[16] = "key number two";

static hm_err state_key_of(const uint8_t id[static 16], const char *product, hm_key_state state, int64_t since,
                           const char *signers) {
    hm_statement s = next_statement(HM_ACT_KEY);
    memcpy(s.token_id, id, sizeof s.token_id);
    s.product = hm_text(product);
    s.state = state;
    s.since = since;
    return take(&s, signers);
}
static hm_err state_key(hm_key_state state, const char *signers) {
    return state_key_of(one, "pump", state, 0, signers);
}

static hm_key_state current(const uint8_t id[static 16]) {
    hm_stated_key key;
    return hm_registry_key_state(registry, id, &key) ? key.state : HM_KEY_ACTIVE;
}

/* The figure, as rows from and columns to; what is not in it is not in the standard. */
static const char figure[HM_KEY_STATES][HM_KEY_STATES + 1] = {
    /* to:  pre-activation, active, suspended, deactivated, compromised, destroyed */
    "-+--++", /* pre-activation: transitions 4, 3, 2 */
    "--++++", /* active: 7, 8, 6, 5 */
    "-+-+++", /* suspended: 11, 12, 10, 9 */
    "----++", /* deactivated: 14, 13 */
    "-----+", /* compromised: 15 */
    "------", /* destroyed */
};

/* From nothing into STATE, as is allowed. */
static void bring_into(hm_key_state state) {
    if (state == HM_KEY_PRE_ACTIVATION) assert_done(state_key(HM_KEY_PRE_ACTIVATION, "alice"));
    if (state == HM_KEY_ACTIVE) assert_done(state_key(HM_KEY_SUSPENDED, "alice"));
    if (state != HM_KEY_PRE_ACTIVATION) assert_done(state_key(state, "alice bob"));
    assert_int_equal(current(one), state);
}

static void assert_told(hm_err err, const char *words) {
    assert_int_equal(err.class, HM_REFUSED);
    assert_non_null(strstr(hm_err_sentence(), words));
}

/* Another registry, under a charter without founders. */
static void found_for_one(void **fixture) {
    finish(fixture);
    now = BEGIN;
    assert_done(hm_registry_new(office, &registry));
    assert_done(found(0, 0, NULL));
}

static void without_founders_keys_and_policies_are_stated_by_nobody(void **fixture) {
    found_for_one(fixture);
    assert_done(state_key(HM_KEY_SUSPENDED, ""));
    assert_done(state_key(HM_KEY_ACTIVE, ""));
    assert_done(state_key(HM_KEY_COMPROMISED, ""));
    assert_told(state_key(HM_KEY_ACTIVE, ""), "does not become active");
    assert_done(state_key(HM_KEY_DESTROYED, ""));
    hm_statement s = next_statement(HM_ACT_POLICY);
    s.product = hm_text("pump");
    s.policy = hm_text("rotate after 9 days\n");
    assert_done(take(&s, ""));
    assert_true(hm_bytes_equal(hm_registry_own_policy(registry, hm_text("pump")), s.policy));
    assert_int_equal(hm_registry_own_policy(registry, hm_text("valve")).len, 0);
}

static void without_founders_nobody_is_given_anything(void **fixture) {
    found_for_one(fixture);
    hm_statement s = next_statement(HM_ACT_GRANT);
    s.name = hm_text("erin");
    s.role = HM_ROLE_REQUESTER;
    s.until = FOREVER;
    assert_told(take(&s, ""), "no founders");
    s = next_statement(HM_ACT_PRINCIPAL);
    s.name = hm_text("erin");
    s.keys = 1;
    s.key[0] = key_of("erin");
    assert_told(take(&s, ""), "no founders");
    s = next_statement(HM_ACT_POLICY);
    s.product = hm_text("pump");
    s.policy = s.reason = hm_text("key per release\n");
    s.reason = hm_text("why not");
    s.temporary = true;
    s.until = now + 60;
    assert_told(take(&s, ""), "no founders");
    assert_int_equal(hm_registry_size(registry), 1);
}

static void a_rehearsal_asks_nobody_and_gives_nobody_anything(void **fixture) {
    (void)fixture;
    assert_told(state_key(HM_KEY_COMPROMISED, ""), "the signatures of 2 officers");
    hm_registry_rehearse(registry);
    assert_told(state_key(HM_KEY_COMPROMISED, "alice"), "the signatures of 2 officers");
    assert_done(state_key(HM_KEY_COMPROMISED, ""));
    assert_told(state_key(HM_KEY_ACTIVE, ""), "does not become active");
    hm_statement s = next_statement(HM_ACT_GRANT);
    s.name = hm_text("erin");
    s.role = HM_ROLE_REQUESTER;
    s.until = FOREVER;
    assert_told(take(&s, ""), "signature");
}

static void every_pair_that_is_not_in_the_figure_is_refused(void **fixture) {
    size_t allowed = 0;
    for (int from = 1; from <= HM_KEY_STATES; from++) {
        for (int to = 1; to <= HM_KEY_STATES; to++) {
            finish(fixture);
            assert_int_equal(begin(fixture), 0);
            bring_into((hm_key_state)from);
            bool right = figure[from - 1][to - 1] == '+';
            uint64_t size = hm_registry_size(registry);
            assert_int_equal(hm_key_state_may_become((hm_key_state)from, (hm_key_state)to), right);
            hm_err err = state_key((hm_key_state)to, "alice bob carol erin");
            assert_int_equal(err.class, right ? HM_DONE : HM_REFUSED);
            if (!right) assert_non_null(strstr(hm_err_sentence(), "does not become"));
            assert_int_equal(current(one), right ? to : from);
            assert_int_equal(hm_registry_size(registry), size + right);
            allowed += right;
        }
    }
    assert_int_equal(allowed, 14); /* the fifteenth is that a key is made */
}

static void a_key_of_which_nothing_is_stated_is_active(void **fixture) {
    (void)fixture;
    hm_stated_key key;
    assert_false(hm_registry_key_state(registry, one, &key));
    assert_refused(state_key(HM_KEY_ACTIVE, "alice bob"));
    assert_done(state_key(HM_KEY_SUSPENDED, "alice"));
    assert_int_equal(current(other), HM_KEY_ACTIVE);
}

/* Only the first statement: what was in use is not made new again. */
static void a_key_is_held_back_before_anything_else_is_stated_of_it(void **fixture) {
    (void)fixture;
    assert_done(state_key(HM_KEY_PRE_ACTIVATION, "erin"));
    assert_refused(state_key(HM_KEY_PRE_ACTIVATION, "erin"));
    assert_refused(state_key(HM_KEY_SUSPENDED, "erin"));
    assert_refused(state_key(HM_KEY_DEACTIVATED, "erin"));
    assert_done(state_key(HM_KEY_ACTIVE, "erin alice"));
    assert_refused(state_key(HM_KEY_PRE_ACTIVATION, "erin alice"));
}

static void one_officer_stops_a_key(void **fixture) {
    (void)fixture;
    assert_refused(state_key(HM_KEY_SUSPENDED, ""));
    assert_done(state_key(HM_KEY_SUSPENDED, "frank"));
    assert_done(state_key(HM_KEY_DEACTIVATED, "frank"));
}

static void to_let_it_sign_again_takes_the_quorum(void **fixture) {
    (void)fixture;
    assert_done(state_key(HM_KEY_SUSPENDED, "frank"));
    assert_refused(state_key(HM_KEY_ACTIVE, "frank"));
    assert_non_null(strstr(hm_err_sentence(), "2 officers, and has 1"));
    assert_refused(state_key(HM_KEY_ACTIVE, "alice alice"));
    assert_done(state_key(HM_KEY_ACTIVE, "frank erin"));
}

static void what_cannot_be_undone_takes_two(void **fixture) {
    (void)fixture;
    assert_refused(state_key(HM_KEY_COMPROMISED, "alice"));
    assert_refused(state_key(HM_KEY_DESTROYED, "alice"));
    assert_refused(state_key(HM_KEY_DESTROYED, "erin erin"));
    assert_done(state_key(HM_KEY_COMPROMISED, "alice erin"));
    assert_refused(state_key(HM_KEY_DESTROYED, "carol"));
    assert_done(state_key(HM_KEY_DESTROYED, "carol frank"));
}

static void two_also_where_one_is_the_quorum(void **fixture) {
    static const char *const founders[] = {"alice", "bob"};
    finish(fixture);
    assert_done(hm_registry_new(office, &registry));
    assert_done(found(1, 2, founders));
    assert_refused(state_key(HM_KEY_COMPROMISED, "alice"));
    assert_refused(state_key(HM_KEY_DESTROYED, "alice"));
    assert_done(state_key(HM_KEY_SUSPENDED, "alice"));
    assert_done(state_key(HM_KEY_ACTIVE, "alice"));
    assert_done(state_key(HM_KEY_DESTROYED, "alice bob"));
}

static void key_officers_count_for_their_product(void **fixture) {
    (void)fixture;
    assert_done(add("dan", "alice bob"));
    assert_refused(state_key(HM_KEY_SUSPENDED, "dan"));
    assert_done(grant("dan", HM_ROLE_KEY_OFFICER, "pump", "alice bob"));
    assert_done(state_key(HM_KEY_SUSPENDED, "dan"));
    assert_done(state_key(HM_KEY_ACTIVE, "dan frank"));
    assert_refused(state_key_of(other, "valve", HM_KEY_SUSPENDED, 0, "dan"));
    assert_refused(state_key_of(other, "valve", HM_KEY_SUSPENDED, 0, "frank"));
    assert_refused(state_key_of(other, "", HM_KEY_SUSPENDED, 0, "dan"));
    assert_done(state_key_of(other, "", HM_KEY_SUSPENDED, 0, "erin"));
}

static void who_signs_or_approves_is_no_officer_of_keys(void **fixture) {
    (void)fixture;
    assert_done(add("gus", "alice bob"));
    assert_done(grant("gus", HM_ROLE_REQUESTER, "pump", "alice bob"));
    assert_done(grant("gus", HM_ROLE_APPROVER, "pump", "alice bob"));
    assert_done(grant("gus", HM_ROLE_AUDITOR, "", "alice bob"));
    assert_refused(state_key(HM_KEY_SUSPENDED, "gus"));
    assert_refused(state_key(HM_KEY_COMPROMISED, "gus alice"));
}

static void an_officer_who_was_one_states_nothing(void **fixture) {
    (void)fixture;
    assert_done(add("dan", "alice bob"));
    assert_done(grant_until("dan", HM_ROLE_KEY_OFFICER, "pump", now + DAY, "alice bob"));
    now += DAY;
    assert_refused(state_key(HM_KEY_SUSPENDED, "dan"));
    assert_refused(state_key(HM_KEY_COMPROMISED, "dan alice"));
}

static void a_key_stays_its_products(void **fixture) {
    (void)fixture;
    assert_done(state_key(HM_KEY_SUSPENDED, "alice"));
    assert_refused(state_key_of(one, "valve", HM_KEY_ACTIVE, 0, "alice erin"));
    assert_refused(state_key_of(one, "", HM_KEY_ACTIVE, 0, "alice erin"));
    assert_int_equal(current(one), HM_KEY_SUSPENDED);
}

static void a_compromise_is_known_since_a_time_that_has_been(void **fixture) {
    (void)fixture;
    hm_stated_key key;
    assert_refused(state_key_of(one, "pump", HM_KEY_COMPROMISED, now + 1, "alice bob"));
    assert_refused(state_key_of(one, "pump", HM_KEY_SUSPENDED, now - DAY, "alice bob"));
    assert_done(state_key_of(one, "pump", HM_KEY_COMPROMISED, now - DAY, "alice bob"));
    assert_true(hm_registry_key_state(registry, one, &key));
    assert_int_equal(key.since, now - DAY);
    assert_int_equal(key.time, now);
    assert_bytes(key.product, "pump");
}

static void a_compromise_is_known_of_a_key_that_is_destroyed(void **fixture) {
    (void)fixture;
    hm_stated_key key;
    assert_done(state_key_of(one, "pump", HM_KEY_COMPROMISED, now - DAY, "alice bob"));
    assert_done(state_key(HM_KEY_DESTROYED, "alice bob"));
    assert_true(hm_registry_key_state(registry, one, &key));
    assert_int_equal(key.state, HM_KEY_DESTROYED);
    assert_true(key.compromised);
    assert_int_equal(key.since, now - DAY);
    assert_done(state_key_of(other, "pump", HM_KEY_DESTROYED, 0, "alice bob"));
    assert_true(hm_registry_key_state(registry, other, &key));
    assert_false(key.compromised);
    assert_int_equal(key.since, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_founders_keys_and_policies_are_stated_by_nobody, begin, finish),
        cmocka_unit_test_setup_teardown(without_founders_nobody_is_given_anything, begin, finish),
        cmocka_unit_test_setup_teardown(a_rehearsal_asks_nobody_and_gives_nobody_anything, begin, finish),
        cmocka_unit_test_setup_teardown(every_pair_that_is_not_in_the_figure_is_refused, begin, finish),
        cmocka_unit_test_setup_teardown(a_key_of_which_nothing_is_stated_is_active, begin, finish),
        cmocka_unit_test_setup_teardown(a_key_is_held_back_before_anything_else_is_stated_of_it, begin, finish),
        cmocka_unit_test_setup_teardown(one_officer_stops_a_key, begin, finish),
        cmocka_unit_test_setup_teardown(to_let_it_sign_again_takes_the_quorum, begin, finish),
        cmocka_unit_test_setup_teardown(what_cannot_be_undone_takes_two, begin, finish),
        cmocka_unit_test_setup_teardown(two_also_where_one_is_the_quorum, begin, finish),
        cmocka_unit_test_setup_teardown(key_officers_count_for_their_product, begin, finish),
        cmocka_unit_test_setup_teardown(who_signs_or_approves_is_no_officer_of_keys, begin, finish),
        cmocka_unit_test_setup_teardown(an_officer_who_was_one_states_nothing, begin, finish),
        cmocka_unit_test_setup_teardown(a_key_stays_its_products, begin, finish),
        cmocka_unit_test_setup_teardown(a_compromise_is_known_since_a_time_that_has_been, begin, finish),
        cmocka_unit_test_setup_teardown(a_compromise_is_known_of_a_key_that_is_destroyed, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
