/* When key sets are fetched, used and given up; the issuer is a text, the clock a number. */
#include "token_fixture.h"

#include <identity/keys.h>

static token_key one, two;
static hm_issuers issuers;
static hm_keys *keys;

/* What the next fetches give: a set, or NULL for a failure. */
static const char *served[2];
static unsigned fetches[2];

static hm_err fetch(void *context, const hm_issuer *issuer, hm_buf *body) {
    assert_ptr_equal(context, &issuers);
    size_t index = (size_t)(issuer - issuers.issuer);
    fetches[index]++;
    if (!served[index]) return hm_could_not("the network is down");
    return hm_put_text(body, served[index]);
}

static int make_keys(void **state) {
    (void)state;
    one = token_key_new("ES256", 0);
    two = token_key_new("ES256", 0);
    return 0;
}

static int free_keys(void **state) {
    (void)state;
    token_key_free(&one);
    token_key_free(&two);
    return 0;
}

static int begin(void **state) {
    (void)state;
    static const char text[] =
        "issuer https://a\naudience x\nkeys https://a/k\nissuer https://b\naudience x\nkeys https://b/k\n";
    assert_done(hm_issuers_read(hm_text(text), &issuers));
    assert_done(hm_keys_new(&issuers, fetch, &issuers, &keys));
    served[0] = served[1] = NULL;
    fetches[0] = fetches[1] = 0;
    return 0;
}

static int end(void **state) {
    (void)state;
    hm_keys_free(&keys);
    return 0;
}

/* Sets outlive the fixture's texts. */
static const char *set_of(token_key key, const char *kid) {
    static char text[8][400];
    static size_t next;
    char *here = text[next++ % 8];
    snprintf(here, sizeof text[0], "%s", jwks_of(jwk_named(key, kid)));
    return here;
}

static hm_err ask(size_t issuer, token_key key, const char *kid, int64_t now) {
    HM_JWS jws = {.has_kid = false};
    const hm_jwks *jwks;
    const char *token = good_token(key, kid, "");
    assert_done(hm_jws_read(hm_text(token), &jws));
    hm_err err = hm_keys_for(keys, issuer, &jws, now, &jwks);
    assert_true(hm_failed(err) == (jwks == NULL));
    HM_TRY(err);
    return hm_jws_verify(&jws, jwks);
}

static void fetches_when_first_needed_and_then_hourly(void **state) {
    (void)state;
    served[0] = set_of(one, "1");
    assert_int_equal(fetches[0], 0);
    for (int64_t now = 1000; now < 1000 + HM_KEYS_FRESH; now += 100) assert_done(ask(0, one, "1", now));
    assert_int_equal(fetches[0], 1);
    assert_done(ask(0, one, "1", 1000 + HM_KEYS_FRESH));
    assert_int_equal(fetches[0], 2);
    assert_int_equal(fetches[1], 0);
}

static void an_issuer_is_never_given_anothers_keys(void **state) {
    (void)state;
    served[0] = set_of(one, "1");
    served[1] = set_of(two, "1");
    assert_done(ask(0, one, "1", 1000));
    assert_done(ask(1, two, "1", 1000));
    assert_refused(ask(0, two, "1", 1000)); /* the name is known, the signature is not */
    assert_refused(ask(1, one, "1", 1000));
}

static void a_new_key_is_found_before_the_hour_is_over(void **state) {
    (void)state;
    served[0] = set_of(one, "1");
    assert_done(ask(0, one, "1", 1000));
    served[0] = set_of(two, "2");
    assert_done(ask(0, two, "2", 1060));
    assert_int_equal(fetches[0], 2);
    assert_refused(ask(0, one, "1", 1061)); /* the old set is replaced whole */
}

static void unknown_names_cause_one_fetch_a_minute(void **state) {
    (void)state;
    served[0] = set_of(one, "1");
    assert_done(ask(0, one, "1", 1000));
    for (int64_t now = 1001; now <= 1600; now++) {
        assert_refused(ask(0, two, text_of("%lld", (long long)now), now));
        assert_done(ask(0, one, "1", now));
    }
    assert_int_equal(fetches[0], 1 + 10);
}

static void an_unknown_name_right_after_a_fetch_waits(void **state) {
    (void)state;
    served[0] = set_of(one, "1");
    assert_refused(ask(0, two, "2", 1000)); /* fetched, and not there: not again at once */
    assert_int_equal(fetches[0], 1);
    served[0] = set_of(two, "2");
    assert_refused(ask(0, two, "2", 1059));
    assert_done(ask(0, two, "2", 1060));
    assert_int_equal(fetches[0], 2);
}

static void without_keys_nothing_is_verified(void **state) {
    (void)state;
    assert_could_not(ask(0, one, "1", 1000));
    assert_non_null(strstr(hm_err_sentence(), "https://a are not known: the network is down"));
    assert_could_not(ask(0, one, "1", 1001));
    assert_non_null(strstr(hm_err_sentence(), "asked for just now"));
}

static void failures_wait_longer_and_longer(void **state) {
    (void)state;
    unsigned in_a_day = 0;
    int64_t last = 0, widest = 0;
    for (int64_t now = 1; now <= 86400; now++) {
        unsigned before = fetches[0];
        assert_could_not(ask(0, one, "1", now));
        if (fetches[0] == before) continue;
        if (in_a_day && now - last > widest) widest = now - last;
        if (in_a_day) assert_true(now - last >= HM_KEYS_WAIT_FIRST);
        last = now;
        in_a_day++;
    }
    assert_int_equal(widest, HM_KEYS_WAIT_MOST);
    assert_in_range(in_a_day, 90, 110);
}

static void a_fetch_that_goes_well_forgets_the_failures(void **state) {
    (void)state;
    int64_t now = 1;
    for (; now < 5000; now++) assert_could_not(ask(0, one, "1", now));
    served[0] = set_of(one, "1");
    while (hm_failed(ask(0, one, "1", now))) now++;
    served[0] = NULL;
    unsigned before = fetches[0];
    now += HM_KEYS_FRESH;
    assert_done(ask(0, one, "1", now)); /* tried in vain */
    assert_done(ask(0, one, "1", now + HM_KEYS_WAIT_FIRST - 1));
    assert_int_equal(fetches[0], before + 1);
    assert_done(ask(0, one, "1", now + HM_KEYS_WAIT_FIRST));
    assert_int_equal(fetches[0], before + 2);
}

static void old_keys_are_used_for_a_day_while_fetching_fails(void **state) {
    (void)state;
    served[0] = set_of(one, "1");
    assert_done(ask(0, one, "1", 1000));
    served[0] = NULL;
    assert_done(ask(0, one, "1", 1000 + HM_KEYS_FRESH));
    assert_done(ask(0, one, "1", 1000 + HM_KEYS_STALE - 1));
    assert_could_not(ask(0, one, "1", 1000 + HM_KEYS_STALE));
    assert_non_null(strstr(hm_err_sentence(), "stale"));
    served[0] = set_of(one, "1");
    assert_done(ask(0, one, "1", 1000 + HM_KEYS_STALE + HM_KEYS_WAIT_MOST));
}

static void a_set_that_is_none_does_not_replace_one(void **state) {
    (void)state;
    static const char *const bad[] = {"", "<html>", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        end(state);
        begin(state);
        served[0] = set_of(one, "1");
        assert_done(ask(0, one, "1", 1000));
        served[0] = bad[i];
        assert_done(ask(0, one, "1", 1000 + HM_KEYS_FRESH));
        assert_int_equal(fetches[0], 2);
        assert_refused(ask(0, two, "2", 1000 + HM_KEYS_FRESH + 60));
        assert_done(ask(0, one, "1", 1000 + HM_KEYS_FRESH + 60));
    }
}

static void a_clock_that_runs_back_makes_keys_no_younger(void **state) {
    (void)state;
    served[0] = set_of(one, "1");
    assert_done(ask(0, one, "1", 100000));
    served[0] = NULL;
    assert_could_not(ask(0, one, "1", 10));
}

static void there_is_no_issuer_beyond_the_last(void **state) {
    (void)state;
    assert_refused(ask(2, one, "1", 1000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(fetches_when_first_needed_and_then_hourly),
        TEST(an_issuer_is_never_given_anothers_keys),
        TEST(a_new_key_is_found_before_the_hour_is_over),
        TEST(unknown_names_cause_one_fetch_a_minute),
        TEST(an_unknown_name_right_after_a_fetch_waits),
        TEST(without_keys_nothing_is_verified),
        TEST(failures_wait_longer_and_longer),
        TEST(a_fetch_that_goes_well_forgets_the_failures),
        TEST(old_keys_are_used_for_a_day_while_fetching_fails),
        TEST(a_set_that_is_none_does_not_replace_one),
        TEST(a_clock_that_runs_back_makes_keys_no_younger),
        TEST(there_is_no_issuer_beyond_the_last),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
