/* Who may do what follows from the statements, and only from those that officers had the right to make. */
#include "registry_fixture.h"

static const char *const one_founder[] = {"alice"};

static void a_quorum_of_founders_makes_a_principal(void **state) {
    (void)state;
    hm_principal principal;
    assert_done(add("dan", "alice carol"));
    assert_done(hm_registry_by_name(registry, hm_text("dan"), &principal));
    assert_int_equal(principal.keys, 1);
    assert_false(principal.founder);
    assert_refused(may("dan", HM_ROLE_REQUESTER, "pump"));
}

static void a_role_lasts_until_it_ends_and_is_for_its_product(void **state) {
    (void)state;
    assert_done(add("dan", "alice bob"));
    assert_done(grant_until("dan", HM_ROLE_REQUESTER, "pump", now + DAY, "alice erin"));
    assert_done(may("dan", HM_ROLE_REQUESTER, "pump"));
    assert_refused(may("dan", HM_ROLE_REQUESTER, "valve"));
    assert_refused(may("dan", HM_ROLE_REQUESTER, ""));
    assert_refused(may("dan", HM_ROLE_APPROVER, "pump"));
    now += DAY - 1;
    assert_done(may("dan", HM_ROLE_REQUESTER, "pump"));
    now += 1;
    assert_refused(may("dan", HM_ROLE_REQUESTER, "pump"));
}

static void a_role_for_everything_is_for_each_product(void **state) {
    (void)state;
    assert_done(add("dan", "alice bob"));
    assert_done(grant("dan", HM_ROLE_AUDITOR, "", "alice erin"));
    assert_done(may("dan", HM_ROLE_AUDITOR, "pump"));
    assert_done(may("dan", HM_ROLE_AUDITOR, ""));
}

static void what_is_given_takes_a_quorum(void **state) {
    (void)state;
    assert_refused(add("dan", ""));
    assert_refused(add("dan", "alice"));
    assert_non_null(strstr(hm_err_sentence(), "takes the signatures of 2 officers, and has 1"));
    assert_refused(add("dan", "alice alice"));
    assert_refused(add("dan", "erin"));
    assert_done(add("dan", "alice erin"));
    assert_refused(grant("dan", HM_ROLE_REQUESTER, "pump", "erin"));
    assert_refused(policy("pump", "text", "erin"));
    assert_done(policy("pump", "text", "erin frank"));
}

static void what_is_taken_away_takes_one(void **state) {
    (void)state;
    assert_done(add("dan", "alice erin"));
    assert_done(grant("dan", HM_ROLE_REQUESTER, "pump", "alice erin"));
    assert_refused(grant_until("dan", HM_ROLE_REQUESTER, "pump", 0, ""));
    assert_done(grant_until("dan", HM_ROLE_REQUESTER, "pump", 0, "frank"));
    assert_refused(may("dan", HM_ROLE_REQUESTER, "pump"));
    assert_done(revoke("dan", "erin"));
    hm_principal principal;
    assert_refused(hm_registry_by_name(registry, hm_text("dan"), &principal));
}

static void who_is_no_officer_gives_and_takes_nothing(void **state) {
    (void)state;
    assert_done(add("dan", "alice erin"));
    assert_done(add("gus", "alice erin"));
    assert_done(grant("dan", HM_ROLE_KEY_OFFICER, "", "alice bob"));
    assert_refused(add("hans", "dan gus"));
    assert_refused(add("hans", "dan alice"));
    assert_refused(revoke("gus", "dan"));
    assert_refused(policy("pump", "text", "dan alice"));
}

static void an_administrator_of_one_product_gives_nothing_of_another(void **state) {
    (void)state;
    assert_done(add("dan", "alice erin"));
    assert_refused(grant("dan", HM_ROLE_REQUESTER, "valve", "frank erin"));
    assert_refused(grant("dan", HM_ROLE_REQUESTER, "", "frank erin"));
    assert_refused(policy("valve", "text", "frank erin"));
    assert_refused(add("hans", "frank erin"));
    assert_refused(revoke("dan", "frank"));
    assert_done(grant("dan", HM_ROLE_REQUESTER, "pump", "frank erin"));
    assert_done(grant("dan", HM_ROLE_REQUESTER, "valve", "alice erin"));
}

static void founders_alone_make_officers(void **state) {
    (void)state;
    assert_done(add("dan", "alice erin"));
    assert_refused(grant("dan", HM_ROLE_ADMINISTRATOR, "pump", "alice erin"));
    assert_non_null(strstr(hm_err_sentence(), "2 founders"));
    assert_refused(grant("dan", HM_ROLE_KEY_OFFICER, "pump", "frank erin"));
    assert_done(grant("dan", HM_ROLE_KEY_OFFICER, "pump", "alice bob"));
}

/* Whoever chose an officer's keys would be the officer. */
static void founders_alone_change_an_officers_keys(void **state) {
    (void)state;
    assert_done(add("dan", "alice erin"));
    assert_done(state_principal("dan", "dan 2", -1, "alice erin"));
    assert_done(grant_until("dan", HM_ROLE_KEY_OFFICER, "pump", now + DAY, "alice bob"));
    assert_refused(state_principal("dan", "erin's choice", -1, "alice erin"));
    assert_refused(revoke("dan", "erin"));
    now += 2 * DAY;
    assert_refused(state_principal("dan", "erin's choice", -1, "alice erin"));
    assert_refused(state_principal("alice", "erin's choice", -1, "bob erin"));
    assert_done(state_principal("dan", "dan 3", -1, "alice bob"));
}

static void nobody_counts_for_a_role_of_his_own(void **state) {
    (void)state;
    assert_refused(grant("alice", HM_ROLE_KEY_OFFICER, "", "alice bob"));
    assert_non_null(strstr(hm_err_sentence(), "nobody counts for himself"));
    assert_done(grant("alice", HM_ROLE_KEY_OFFICER, "", "carol bob"));
    /* To take from oneself is no harm. */
    assert_done(grant_until("alice", HM_ROLE_KEY_OFFICER, "", 0, "bob"));
}

/* Two of two could otherwise never have new keys; and who he is does not change what it takes. */
static void a_founder_counts_for_keys_of_his_own(void **state) {
    (void)state;
    assert_refused(state_principal("alice", "alice 2", -1, "alice"));
    assert_refused(state_principal("alice", "alice 2", -1, "alice erin"));
    assert_done(state_principal("alice", "alice 2", 7, "alice bob"));
    assert_refused(add("dan", "alice bob"));
    assert_done(add("dan", "carol bob"));
}

static void an_administrator_whose_time_is_over_gives_nothing(void **state) {
    (void)state;
    assert_done(add("dan", "alice erin"));
    assert_done(add("gus", "alice erin"));
    assert_done(grant_until("gus", HM_ROLE_ADMINISTRATOR, "pump", now + DAY, "alice bob"));
    now += DAY + 100;
    hm_statement s = next_statement(HM_ACT_GRANT);
    s.name = hm_text("dan");
    s.role = HM_ROLE_REQUESTER;
    s.product = hm_text("pump");
    s.until = FOREVER;
    assert_refused(take(&s, "gus erin"));
    s.time = now - 200; /* when it was not yet over, he says */
    assert_refused(take(&s, "gus erin"));
    assert_done(take(&s, "frank erin"));
}

static void who_administers_signs_nothing(void **state) {
    (void)state;
    static const hm_role signing[] = {HM_ROLE_REQUESTER, HM_ROLE_APPROVER, HM_ROLE_PUBLISHER};
    assert_done(add("dan", "alice erin"));
    for (size_t i = 0; i < 3; i++) {
        assert_refused(grant("frank", signing[i], "pump", "alice bob"));
        assert_refused(grant("frank", signing[i], "", "alice bob"));
        assert_refused(grant("erin", signing[i], "valve", "alice bob"));
        assert_refused(grant("carol", signing[i], "valve", "alice bob"));
        assert_done(grant("frank", signing[i], "valve", "alice bob"));
        assert_done(grant("dan", signing[i], "pump", "alice bob"));
        assert_refused(grant("dan", HM_ROLE_ADMINISTRATOR, "pump", "alice bob"));
        assert_refused(grant("dan", HM_ROLE_ADMINISTRATOR, "", "alice bob"));
        assert_done(grant_until("dan", signing[i], "pump", 0, "alice"));
    }
    assert_done(grant("dan", HM_ROLE_ADMINISTRATOR, "pump", "alice bob"));
}

static void one_key_or_user_is_one_principal(void **state) {
    (void)state;
    assert_done(state_principal("dan", "dan", 1000, "alice erin"));
    assert_refused(state_principal("dora", "dan", -1, "alice erin"));
    assert_refused(state_principal("dora", NULL, 1000, "alice erin"));
    assert_refused(state_principal("dora", "alice", -1, "bob erin"));
    assert_done(state_principal("dan", NULL, 1000, "alice erin"));
    assert_done(state_principal("dora", "dan", -1, "alice erin"));
    hm_principal principal;
    assert_done(hm_registry_by_unix(registry, 1000, &principal));
    assert_bytes(principal.name, "dan");
    assert_refused(hm_registry_by_unix(registry, 1001, &principal));
    assert_refused(hm_registry_by_unix(registry, 0, &principal));
    hm_statement s = next_statement(HM_ACT_PRINCIPAL);
    s.name = hm_text("hans");
    s.key[0] = s.key[1] = key_of("hans");
    s.keys = 2;
    assert_refused(take(&s, "alice bob"));
}

static void who_was_revoked_comes_back_without_roles(void **state) {
    (void)state;
    assert_done(add("dan", "alice erin"));
    assert_done(grant("dan", HM_ROLE_REQUESTER, "pump", "alice erin"));
    assert_done(revoke("dan", "erin"));
    assert_refused(may("dan", HM_ROLE_REQUESTER, "pump"));
    assert_non_null(strstr(hm_err_sentence(), "revoked"));
    assert_refused(grant("dan", HM_ROLE_REQUESTER, "pump", "alice erin"));
    assert_done(state_principal("dan", "dan's next", -1, "alice erin"));
    assert_refused(may("dan", HM_ROLE_REQUESTER, "pump"));
}

static void assert_lost(hm_err err) {
    assert_refused(err);
    assert_non_null(strstr(hm_err_sentence(), "who was revoked"));
}

static void the_keys_of_who_was_revoked_come_back_to_nobody(void **state) {
    (void)state;
    assert_done(add("dan", "alice erin"));
    assert_done(state_principal("dan", "dan's second", -1, "alice erin"));
    assert_done(state_principal("dan", "dan", -1, "alice erin")); /* nobody is revoked yet */
    assert_done(revoke("dan", "erin"));
    assert_lost(add("dan", "alice erin"));
    assert_lost(state_principal("dan", "dan's second", -1, "alice erin"));
    assert_lost(state_principal("hans", "dan", 1000, "alice erin"));
    assert_done(revoke("carol", "alice"));
    assert_lost(add("carol", "alice bob"));
    assert_lost(state_principal("hans", "carol", -1, "alice bob"));
    assert_done(state_principal("dan", "dan's next", -1, "alice erin"));
    assert_lost(add("dan", "alice erin"));
    assert_done(state_principal("carol", "carol's next", -1, "alice bob"));
    assert_done(state_principal("carol", "hans", -1, "alice bob"));
}

/* A registry from before the rule is read as it was, and who has such a key may have another beside it. */
static void a_key_that_was_given_again_before_stays(void **state) {
    (void)state;
    assert_done(add("dan", "alice erin"));
    assert_done(revoke("dan", "erin"));
    int64_t then = now;
    now = 0;
    hm_statement s = next_statement(HM_ACT_PRINCIPAL);
    s.time = then;
    s.name = hm_text("dan");
    s.key[s.keys++] = key_of("dan");
    assert_done(take(&s, "alice erin"));
    now = then;
    s = next_statement(HM_ACT_PRINCIPAL);
    s.name = hm_text("dan");
    s.key[s.keys++] = key_of("dan");
    s.key[s.keys++] = key_of("dan's second");
    assert_done(take(&s, "alice erin"));
}

static void the_key_of_who_was_revoked_signs_nothing(void **state) {
    (void)state;
    size_t number[HM_STATEMENT_SIGNERS_MAX];
    hm_bytes spki;
    assert_done(revoke("erin", "carol"));
    assert_int_equal(find_signers("erin", number), 1);
    assert_false(hm_registry_key(registry, number[0], &spki));
    assert_refused(add("dan", "alice erin"));
    assert_refused(grant_until("frank", HM_ROLE_ADMINISTRATOR, "pump", 0, "erin"));
}

static void enough_founders_stay(void **state) {
    (void)state;
    assert_done(revoke("carol", "alice"));
    assert_refused(revoke("bob", "alice"));
    assert_non_null(strstr(hm_err_sentence(), "too few founders"));
    assert_refused(state_principal("bob", NULL, 1000, "alice"));
    assert_refused(add("dan", "alice carol"));
    assert_done(add("dan", "alice bob"));
}

static void statements_follow_one_another(void **state) {
    (void)state;
    hm_statement s = next_statement(HM_ACT_PRINCIPAL);
    s.name = hm_text("dan");
    s.key[s.keys++] = key_of("dan");
    s.number++;
    assert_refused(take(&s, "alice bob"));
    s.number -= 2;
    assert_refused(take(&s, "alice bob"));
    s.number++;
    s.previous[0] ^= 1;
    assert_refused(take(&s, "alice bob"));
    s.previous[0] ^= 1;
    s.office[0] ^= 1;
    assert_refused(take(&s, "alice bob"));
    s.office[0] ^= 1;
    assert_done(take(&s, "alice bob"));
    assert_refused(take(&s, "alice bob"));
    static const char *const others[] = {"mallory"};
    assert_refused(found(1, 1, others));
}

static void a_statement_is_of_its_time(void **state) {
    (void)state;
    hm_statement s = next_statement(HM_ACT_PRINCIPAL);
    s.name = hm_text("dan");
    s.key[s.keys++] = key_of("dan");
    s.time = now - 1;
    assert_refused(take(&s, "alice bob")); /* before the one before it */
    s.time = now + 301;
    assert_refused(take(&s, "alice bob"));
    s.time = now;
    now += DAY + 1;
    assert_refused(take(&s, "alice bob"));
    assert_non_null(strstr(hm_err_sentence(), "more than a day ago"));
    now = 0; /* read again, whenever that is */
    assert_done(take(&s, "alice bob"));
}

static void a_refused_statement_changes_nothing(void **state) {
    (void)state;
    uint8_t before[HM_SHA256_LEN], after[HM_SHA256_LEN];
    hm_principal principal;
    hm_registry_last(registry, before);
    uint64_t size = hm_registry_size(registry);
    assert_refused(add("dan", "alice"));
    assert_refused(hm_registry_take(registry, hm_text("no statement"), NULL, 0, now));
    hm_registry_last(registry, after);
    assert_memory_equal(before, after, sizeof before);
    assert_int_equal(hm_registry_size(registry), size);
    assert_refused(hm_registry_by_name(registry, hm_text("dan"), &principal));
}

static void grants_are_for_those_who_are_there_and_for_some_time(void **state) {
    (void)state;
    assert_refused(grant("dan", HM_ROLE_REQUESTER, "pump", "alice bob"));
    assert_done(add("dan", "alice bob"));
    assert_refused(grant_until("dan", HM_ROLE_REQUESTER, "pump", now, "alice bob"));
    assert_refused(grant_until("dan", HM_ROLE_REQUESTER, "pump", 0, "alice bob"));
    assert_done(grant_until("dan", HM_ROLE_REQUESTER, "pump", now + 1, "alice bob"));
    assert_refused(revoke("nobody", "alice bob"));
}

static void a_policy_is_its_products_newest(void **state) {
    (void)state;
    hm_bytes text;
    assert_refused(hm_registry_policy(registry, hm_text("pump"), now, &text));
    assert_done(policy("pump", "one", "erin frank"));
    assert_done(policy("valve", "other", "erin alice"));
    assert_done(policy("pump", "two", "erin frank"));
    assert_done(hm_registry_policy(registry, hm_text("pump"), now, &text));
    assert_bytes(text, "two");
    assert_done(policy("pump", "", "erin frank"));
    assert_refused(hm_registry_policy(registry, hm_text("pump"), now, &text));
    assert_done(hm_registry_policy(registry, hm_text("valve"), now, &text));
    assert_bytes(text, "other");
}

static void the_charter_comes_first_and_once(void **state) {
    (void)state;
    HM_REGISTRY *empty = NULL;
    hm_registry *before = registry;
    static const char *const twice[] = {"alice", "alice"};
    assert_done(hm_registry_new(office, &empty));
    registry = empty;
    assert_refused(add("dan", ""));
    assert_refused(found(0, 1, one_founder));
    assert_refused(found(2, 1, one_founder));
    assert_refused(found(1, 2, twice));
    assert_refused(found(1, 0, one_founder));
    assert_done(found(1, 1, one_founder));
    assert_refused(found(1, 1, one_founder));
    assert_done(add("dan", "alice"));
    registry = before;
}

/* All tables grow beyond what they begin with. */
static void a_large_office_is_held_whole(void **state) {
    (void)state;
    char name[16], product[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "p%d", i);
        snprintf(product, sizeof product, "product%d", i);
        assert_done(state_principal(name, name, 1000 + i, "alice erin"));
        assert_done(grant(name, HM_ROLE_APPROVER, product, "alice erin"));
        assert_done(policy(product, name, "alice erin"));
    }
    for (int i = 0; i < 100; i++) {
        hm_bytes text;
        hm_principal principal;
        snprintf(name, sizeof name, "p%d", i);
        snprintf(product, sizeof product, "product%d", i);
        assert_done(may(name, HM_ROLE_APPROVER, product));
        assert_done(hm_registry_policy(registry, hm_text(product), now, &text));
        assert_true(hm_bytes_equal(text, hm_text(name)));
        assert_done(hm_registry_by_unix(registry, (uint32_t)(1000 + i), &principal));
        assert_true(hm_bytes_equal(principal.name, hm_text(name)));
    }
}

/* Whatever role it is: administrators that give each other roles could become more than founders made them. */
static void founders_alone_give_officers_other_roles(void **state) {
    (void)state;
    assert_refused(grant("frank", HM_ROLE_AUDITOR, "", "erin alice"));
    assert_non_null(strstr(hm_err_sentence(), "2 founders, and has 1"));
    assert_done(grant("frank", HM_ROLE_AUDITOR, "", "bob alice"));
    assert_refused(grant_until("frank", HM_ROLE_AUDITOR, "", 0, "erin"));
    assert_done(grant_until("frank", HM_ROLE_AUDITOR, "", 0, "carol"));
}

/* Where nobody vouches for a statement, its own time counts for little: keys are held longer than offices. */
static void who_was_an_officer_states_nothing_in_its_name(void **state) {
    (void)state;
    assert_done(add("dan", "alice bob"));
    assert_done(add("gus", "alice bob"));
    assert_done(grant_until("gus", HM_ROLE_ADMINISTRATOR, "", now + DAY / 2, "alice bob"));
    hm_statement s = next_statement(HM_ACT_PRINCIPAL);
    s.name = hm_text("dan");
    hm_registry_between(registry, now + DAY / 2 - 1, now + DAY);
    hm_registry_between(registry, now, now); /* neither moves back */
    now = 0;
    hm_registry_between(registry, s.time + DAY / 2, s.time + DAY);
    assert_refused(take(&s, "gus"));
    assert_non_null(strstr(hm_err_sentence(), "has 0"));
    assert_done(take(&s, "erin"));
}

static void what_nobody_vouches_for_is_of_its_time_too(void **state) {
    (void)state;
    hm_statement s = next_statement(HM_ACT_POLICY);
    s.product = hm_text("pump");
    hm_registry_between(registry, now + DAY + 1, now + 2 * DAY);
    hm_registry_between(registry, 0, now);
    now = 0;
    assert_refused(take(&s, "alice bob"));
    assert_non_null(strstr(hm_err_sentence(), "more than a day ago"));
    s.time += 2 * DAY + 301;
    assert_refused(take(&s, "alice bob"));
    assert_non_null(strstr(hm_err_sentence(), "in the future"));
    s.time--;
    assert_done(take(&s, "alice bob"));
}

/* An officer's clock may be ahead: by the office's the one role would begin before the other ends. */
static void one_role_ends_before_its_opposite_begins(void **state) {
    (void)state;
    assert_done(add("dan", "alice bob"));
    assert_done(grant_until("dan", HM_ROLE_REQUESTER, "pump", now + 200, "alice bob"));
    hm_statement s = next_statement(HM_ACT_GRANT);
    s.name = hm_text("dan");
    s.role = HM_ROLE_ADMINISTRATOR;
    s.until = FOREVER;
    s.time += 250;
    assert_refused(take(&s, "alice bob"));
    now = s.time += 250;
    assert_done(take(&s, "alice bob"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_quorum_of_founders_makes_a_principal),
        TEST(a_role_lasts_until_it_ends_and_is_for_its_product),
        TEST(a_role_for_everything_is_for_each_product),
        TEST(what_is_given_takes_a_quorum),
        TEST(what_is_taken_away_takes_one),
        TEST(who_is_no_officer_gives_and_takes_nothing),
        TEST(an_administrator_of_one_product_gives_nothing_of_another),
        TEST(founders_alone_make_officers),
        TEST(founders_alone_change_an_officers_keys),
        TEST(nobody_counts_for_a_role_of_his_own),
        TEST(a_founder_counts_for_keys_of_his_own),
        TEST(an_administrator_whose_time_is_over_gives_nothing),
        TEST(who_administers_signs_nothing),
        TEST(one_key_or_user_is_one_principal),
        TEST(who_was_revoked_comes_back_without_roles),
        TEST(the_keys_of_who_was_revoked_come_back_to_nobody),
        TEST(a_key_that_was_given_again_before_stays),
        TEST(the_key_of_who_was_revoked_signs_nothing),
        TEST(enough_founders_stay),
        TEST(statements_follow_one_another),
        TEST(a_statement_is_of_its_time),
        TEST(a_refused_statement_changes_nothing),
        TEST(grants_are_for_those_who_are_there_and_for_some_time),
        TEST(a_policy_is_its_products_newest),
        TEST(the_charter_comes_first_and_once),
        TEST(a_large_office_is_held_whole),
        TEST(founders_alone_give_officers_other_roles),
        TEST(who_was_an_officer_states_nothing_in_its_name),
        TEST(what_nobody_vouches_for_is_of_its_time_too),
        TEST(one_role_ends_before_its_opposite_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
