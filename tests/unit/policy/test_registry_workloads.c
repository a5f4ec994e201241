/* Principals that are jobs of a CI service: whose token is whose. */
#include "registry_fixture.h"

#define CI "https://ci.example.com"

/* CLAIMS: "name=value" separated by spaces, in the order of their names. */
static size_t split(const char *claims, hm_claim claim[static HM_PRINCIPAL_CLAIMS_MAX]) {
    static char text[32][200]; /* as many as a test holds at once */
    static size_t next;
    char *rest = text[next++ % 32];
    size_t count = 0;
    snprintf(rest, sizeof text[0], "%s", claims);
    for (char *one; (one = strsep(&rest, " ")) && *one; count++) {
        char *value = strchr(one, '=');
        assert_non_null(value);
        *value = 0;
        claim[count] = (hm_claim){hm_text(one), hm_text(value + 1)};
    }
    return count;
}

static hm_err state_workload(const char *name, const char *issuer, const char *claims, const char *signers) {
    hm_statement s = next_statement(HM_ACT_PRINCIPAL);
    s.name = hm_text(name);
    s.issuer = hm_text(issuer);
    s.claims = split(claims, s.claim);
    return take(&s, signers);
}

static hm_err add_workload(const char *name, const char *claims) {
    return state_workload(name, CI, claims, "alice erin");
}

static hm_err by_claims(const char *issuer, const char *claims, const char **name) {
    static char found[HM_PRINCIPAL_NAME_MAX + 1];
    hm_claim claim[HM_PRINCIPAL_CLAIMS_MAX];
    hm_principal principal = {.founder = false};
    size_t count = split(claims, claim);
    HM_TRY(hm_registry_by_claims(registry, hm_text(issuer), claim, count, &principal));
    snprintf(found, sizeof found, "%.*s", (int)principal.name.len, (const char *)principal.name.data);
    *name = found;
    return HM_OK;
}

static void assert_is(const char *claims, const char *name) {
    const char *found = "";
    assert_done(by_claims(CI, claims, &found));
    assert_string_equal(found, name);
}

static void assert_nobody(const char *claims) {
    const char *found = "";
    if (!hm_failed(by_claims(CI, claims, &found))) fail_msg("%s is %s", claims, found);
}

static void a_token_with_every_claim_is_the_principals(void **state) {
    (void)state;
    assert_done(add_workload("ci", "ref=main repository_id=7"));
    assert_is("ref=main repository_id=7", "ci");
    assert_is("actor=bob ref=main repository_id=7 sub=x", "ci");
}

static void a_token_that_lacks_or_changes_one_is_nobodys(void **state) {
    (void)state;
    assert_done(add_workload("ci", "ref=main repository_id=7"));
    assert_nobody("");
    assert_nobody("ref=main");
    assert_nobody("repository_id=7");
    assert_nobody("ref=main repository_id=8");
    assert_nobody("ref=main repository_id=77");
    assert_nobody("ref=main repository_id=");
    assert_nobody("ref=Main repository_id=7");
    assert_nobody("Ref=main repository_id=7");
    assert_nobody("ref=7 repository_id=main");
    assert_nobody("ref=main repository_ids=7");
}

static void an_empty_value_is_a_value(void **state) {
    (void)state;
    assert_done(add_workload("ci", "head_ref= repository_id=7"));
    assert_is("head_ref= repository_id=7", "ci");
    assert_nobody("repository_id=7");
    assert_nobody("head_ref=x repository_id=7");
}

static void another_issuers_token_is_nobodys(void **state) {
    (void)state;
    const char *found;
    assert_done(add_workload("ci", "repository_id=7"));
    assert_refused(by_claims("https://ci.example.com/", "repository_id=7", &found));
    assert_refused(by_claims("https://CI.example.com", "repository_id=7", &found));
    assert_refused(by_claims("https://evil.example", "repository_id=7", &found));
    assert_refused(by_claims("", "repository_id=7", &found));
    assert_non_null(strstr(hm_err_sentence(), "no principal of this office"));
}

static void principals_without_an_issuer_are_no_workloads(void **state) {
    (void)state;
    const char *found;
    assert_done(add("dan", "alice erin"));
    assert_nobody("");
    assert_nobody("repository_id=7");
    assert_refused(by_claims("", "", &found));
}

static void a_token_of_two_is_nobodys_and_both_are_named(void **state) {
    (void)state;
    assert_done(add_workload("ci", "repository_id=7"));
    assert_done(add_workload("release", "environment=production"));
    assert_is("repository_id=7", "ci");
    assert_is("environment=production repository_id=8", "release");
    assert_nobody("environment=production repository_id=7");
    assert_non_null(strstr(hm_err_sentence(), "those of ci and of release"));
}

static void what_could_never_be_told_apart_is_not_stated(void **state) {
    (void)state;
    assert_done(add_workload("ci", "ref=main repository_id=7"));
    assert_refused(add_workload("again", "ref=main repository_id=7"));
    assert_non_null(strstr(hm_err_sentence(), "that of ci"));
    assert_refused(add_workload("wider", "repository_id=7"));
    assert_refused(add_workload("narrower", "environment=x ref=main repository_id=7"));
    assert_done(add_workload("other", "ref=main repository_id=8"));
    assert_done(state_workload("elsewhere", "https://b.example", "ref=main repository_id=7", "alice erin"));
    /* But the same principal may be narrowed. */
    assert_done(add_workload("ci", "environment=x ref=main repository_id=7"));
    assert_nobody("ref=main repository_id=7");
}

static void a_workload_takes_a_quorum_and_goes_by_one(void **state) {
    (void)state;
    hm_principal principal;
    assert_refused(state_workload("ci", CI, "repository_id=7", "alice"));
    assert_refused(state_workload("ci", CI, "repository_id=7", "frank erin"));
    assert_nobody("repository_id=7");
    assert_done(state_workload("ci", CI, "repository_id=7", "alice erin"));
    assert_done(grant("ci", HM_ROLE_REQUESTER, "pump", "alice erin"));
    assert_done(may("ci", HM_ROLE_REQUESTER, "pump"));
    assert_done(revoke("ci", "erin"));
    assert_nobody("repository_id=7");
    assert_refused(may("ci", HM_ROLE_REQUESTER, "pump"));
    assert_refused(hm_registry_by_name(registry, hm_text("ci"), &principal));
    /* Whose place is free then, and who comes back has no roles. */
    assert_done(add_workload("ci-2", "repository_id=7"));
    assert_is("repository_id=7", "ci-2");
    assert_refused(add_workload("ci", "repository_id=7"));
    assert_done(add_workload("ci", "repository_id=9"));
    assert_refused(may("ci", HM_ROLE_REQUESTER, "pump"));
}

/* What is stated of a principal replaces what was. */
static void a_workload_that_is_given_a_key_instead_is_none_any_more(void **state) {
    (void)state;
    hm_principal principal;
    assert_done(add_workload("ci", "repository_id=7"));
    assert_done(add("ci", "alice erin"));
    assert_nobody("repository_id=7");
    assert_done(hm_registry_by_name(registry, hm_text("ci"), &principal));
    assert_int_equal(principal.claims, 0);
    assert_int_equal(principal.issuer.len, 0);
}

static void founders_alone_make_an_officer_a_workload(void **state) {
    (void)state;
    assert_refused(state_workload("frank", CI, "repository_id=7", "alice erin"));
    assert_nobody("repository_id=7");
    assert_done(state_workload("frank", CI, "repository_id=7", "alice bob"));
    assert_is("repository_id=7", "frank");
}

static void a_founder_keeps_a_key_beside_his_claims(void **state) {
    (void)state;
    assert_done(revoke("carol", "alice"));
    assert_refused(state_workload("bob", CI, "repository_id=7", "alice bob"));
    assert_non_null(strstr(hm_err_sentence(), "too few founders"));
}

static void it_is_shown_as_it_was_stated(void **state) {
    (void)state;
    hm_principal principal;
    assert_done(add_workload("ci", "ref=main repository_id=7"));
    assert_done(hm_registry_by_name(registry, hm_text("ci"), &principal));
    assert_bytes(principal.issuer, CI);
    assert_int_equal(principal.claims, 2);
    assert_bytes(principal.claim[0].name, "ref");
    assert_bytes(principal.claim[1].value, "7");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
int main(void) {
    (void)policy;
    const struct CMUnitTest tests[] = {
        TEST(a_token_with_every_claim_is_the_principals),
        TEST(a_token_that_lacks_or_changes_one_is_nobodys),
        TEST(an_empty_value_is_a_value),
        TEST(another_issuers_token_is_nobodys),
        TEST(principals_without_an_issuer_are_no_workloads),
        TEST(a_token_of_two_is_nobodys_and_both_are_named),
        TEST(what_could_never_be_told_apart_is_not_stated),
        TEST(a_workload_takes_a_quorum_and_goes_by_one),
        TEST(a_workload_that_is_given_a_key_instead_is_none_any_more),
        TEST(founders_alone_make_an_officer_a_workload),
        TEST(a_founder_keeps_a_key_beside_his_claims),
        TEST(it_is_shown_as_it_was_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
