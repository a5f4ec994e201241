/* The identity process: one token at a time, and over its socket. */
#include "token_fixture.h"

#include <identity/serve.h>

#include <base/io.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static token_key ours, other;
static char our_set[400], other_set[400], folder[] = "/tmp/hm-identity-XXXXXX", keys_file[64];
static int64_t now;
static unsigned fetches;

static int make_keys(void **state) {
    (void)state;
    ours = token_key_new("ES256", 0);
    other = token_key_new("ES256", 0);
    snprintf(our_set, sizeof our_set, "%s", jwks_of(jwk_named(ours, "a")));
    snprintf(other_set, sizeof other_set, "%s", jwks_of(jwk_named(other, "a")));
    if (!mkdtemp(folder)) return 1;
    snprintf(keys_file, sizeof keys_file, "%s/jwks.json", folder);
    int fd = open(keys_file, O_WRONLY | O_CREAT | O_EXCL, 0600);
    return fd < 0 || hm_failed(hm_fd_write(fd, hm_text(our_set))) || close(fd);
}

static int free_keys(void **state) {
    (void)state;
    token_key_free(&ours);
    token_key_free(&other);
    return unlink(keys_file) || rmdir(folder);
}

static hm_err fetch(void *context, const char *url, hm_buf *body) {
    assert_ptr_equal(context, &fetches);
    fetches++;
    if (strcmp(url, "https://ci.example.com/jwks") == 0) return hm_put_text(body, our_set);
    if (strcmp(url, "https://other.example.com/jwks") == 0) return hm_put_text(body, other_set);
    return hm_could_not("%s: there is nothing", url);
}

static void set_clock(void *context, int64_t *time, int64_t *uptime) {
    (void)context;
    *time = now;
    *uptime = now - NOW + 5000;
}

#define TWO_ISSUERS                                                                                                    \
    "issuer " ISSUER "\n  audience " AUDIENCE "\n  keys https://ci.example.com/jwks\n"                                 \
    "issuer https://other.example.com\n  audience " AUDIENCE "\n  keys https://other.example.com/jwks\n"               \
    "  tokens until-expiry\n"

static const hm_identity_outside outside = {&fetches, fetch, set_clock};
static hm_identity *identity;

static int begin(void **state) {
    (void)state;
    now = NOW;
    fetches = 0;
    return hm_failed(hm_identity_new(hm_text(TWO_ISSUERS), &outside, &identity));
}

static int end(void **state) {
    (void)state;
    hm_identity_free(&identity);
    return 0;
}

static hm_err ask(const char *token) {
    HM_JWT *jwt = NULL;
    hm_workload workload;
    hm_err err = hm_identity_of(identity, hm_text(token), &jwt, &workload);
    assert_true(hm_failed(err) == (jwt == NULL));
    assert_true(hm_failed(err) == (workload.claims == 0));
    return err;
}

static const char *others_payload(void) {
    return text_of("{\"iss\":\"https://other.example.com\",\"aud\":\"" AUDIENCE "\",\"sub\":\"s\",\"exp\":%d}",
                   NOW + 600);
}

static void a_token_opens_one_session(void **state) {
    (void)state;
    const char *token = good_token(ours, "a", ",\"jti\":\"1\"");
    assert_done(ask(token));
    assert_refused(ask(token));
    assert_non_null(strstr(hm_err_sentence(), "used before"));
    /* Nor does another one of the same name, nor the same one up to the very end. */
    assert_refused(ask(good_token(ours, "a", ",\"jti\":\"1\",\"x\":1")));
    now = NOW + 600 + HM_TOKEN_SKEW - 1;
    assert_refused(ask(token));
    assert_non_null(strstr(hm_err_sentence(), "used before"));
    now = NOW;
    assert_done(ask(good_token(ours, "a", ",\"jti\":\"2\"")));
}

static void a_token_is_taken_up_to_its_very_end_and_noted_until_then(void **state) {
    (void)state;
    const char *token = good_token(ours, "a", "");
    now = NOW + 600 + HM_TOKEN_SKEW - 1;
    assert_done(ask(token));
    assert_refused(ask(token));
    assert_non_null(strstr(hm_err_sentence(), "used before"));
    now++;
    assert_refused(ask(good_token(ours, "a", ",\"jti\":\"1\"")));
}

static void without_a_clock_it_is_the_systems(void **state) {
    (void)state;
    HM_IDENTITY *ticking = NULL;
    HM_JWT *jwt = NULL;
    hm_workload workload;
    const hm_identity_outside without = {&fetches, fetch, NULL};
    const char *payload = text_of("{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"sub\":\"s\",\"exp\":%lld}",
                                  (long long)time(NULL) + 600);
    const char *token = token_with(ours, "a", payload);
    const char *old = good_token(ours, "a", "");
    assert_done(hm_identity_new(hm_text(TWO_ISSUERS), &without, &ticking));
    assert_done(hm_identity_of(ticking, hm_text(token), &jwt, &workload));
    hm_jwt_free(&jwt);
    assert_refused(hm_identity_of(ticking, hm_text(old), &jwt, &workload));
}

static void what_a_stranger_wrote_turns_no_line(void **state) {
    (void)state;
    static const char *const issuers[] = {"\\u202ehttps://x", "\\u001b[2K"};
    for (size_t i = 0; i < 2; i++) {
        assert_refused(ask(token_with(ours, "a", text_of("{\"iss\":\"%s\"}", issuers[i]))));
        assert_null(strstr(hm_err_sentence(), "\xe2\x80\xae"));
    }
    assert_refused(ask(token_of("{\"alg\":\"\\u202e652SE\"}", claims_with(""), ours)));
    assert_null(strstr(hm_err_sentence(), "\xe2\x80\xae"));
    assert_refused(ask(token_of("{\"alg\" \xe2\x80\xae", claims_with(""), ours)));
    assert_null(strstr(hm_err_sentence(), "\xe2\x80\xae"));
}

static void a_second_signature_makes_no_second_token(void **state) {
    (void)state;
    const char *payload = claims_with("");
    assert_done(ask(token_with(ours, "a", payload)));
    assert_refused(ask(token_with(ours, "a", payload)));
}

static void a_token_that_is_refused_is_not_used_up(void **state) {
    (void)state;
    const char *token =
        token_with(ours, "a",
                   text_of("{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"sub\":\"s\",\"nbf\":%d,\"exp\":%d}",
                           NOW + 100, NOW + 600));
    assert_refused(ask(token));
    now = NOW + 100;
    assert_done(ask(token));
}

static void an_issuer_may_let_tokens_be_used_until_they_expire(void **state) {
    (void)state;
    const char *token = token_with(other, "a", others_payload());
    assert_done(ask(token));
    assert_done(ask(token));
    now = NOW + 600 + HM_TOKEN_SKEW;
    assert_refused(ask(token));
}

static void the_same_key_name_at_two_issuers_is_two_keys(void **state) {
    (void)state;
    assert_refused(ask(good_token(other, "a", "")));
    assert_refused(ask(token_with(ours, "a", others_payload())));
    assert_done(ask(good_token(ours, "a", "")));
    assert_done(ask(token_with(other, "a", others_payload())));
}

static void strangers_cause_no_fetch(void **state) {
    (void)state;
    static const char *const issuers[] = {"https://evil.example", ISSUER "/", "https://CI.example.com", "",
                                          "file:///etc/passwd"};
    for (size_t i = 0; i < sizeof issuers / sizeof issuers[0]; i++)
        assert_refused(ask(token_with(
            ours, "a",
            text_of("{\"iss\":\"%s\",\"aud\":\"" AUDIENCE "\",\"sub\":\"s\",\"exp\":%d}", issuers[i], NOW + 600))));
    assert_refused(ask("x.y.z"));
    assert_int_equal(fetches, 0);
}

static void made_up_key_names_cause_one_fetch_a_minute(void **state) {
    (void)state;
    for (int i = 0; i < 120; i++) {
        now = NOW + i;
        assert_refused(ask(good_token(other, text_of("../%d", i), "")));
    }
    assert_int_equal(fetches, 2);
}

static void a_configuration_that_is_none_is_refused(void **state) {
    (void)state;
    HM_IDENTITY *none = NULL;
    assert_refused(hm_identity_new(hm_text("issuer https://x\n"), &outside, &none));
    assert_null(none);
    assert_non_null(strstr(hm_err_sentence(), "issuers: line 1: "));
}

static void keys_are_read_from_a_file(void **state) {
    (void)state;
    HM_IDENTITY *from_file = NULL;
    HM_JWT *jwt = NULL;
    hm_workload workload;
    const char *text = text_of("issuer " ISSUER "\naudience " AUDIENCE "\nkeys file://%s\n", keys_file);
    const hm_identity_outside without = {.clock = set_clock};
    const char *token = good_token(ours, "a", "");
    assert_done(hm_identity_new(hm_text(text), &without, &from_file));
    assert_done(hm_identity_of(from_file, hm_text(token), &jwt, &workload));
    assert_int_equal(fetches, 0);
}

static void without_a_way_to_fetch_https_there_are_no_keys(void **state) {
    (void)state;
    HM_IDENTITY *alone = NULL;
    HM_JWT *jwt = NULL;
    hm_workload workload;
    const hm_identity_outside without = {.clock = set_clock};
    const char *token = good_token(ours, "a", "");
    assert_done(hm_identity_new(hm_text(TWO_ISSUERS), &without, &alone));
    assert_could_not(hm_identity_of(alone, hm_text(token), &jwt, &workload));
}

/* ---- over the socket ---- */

static int office;
static pid_t child;

static int begin_process(void **state) {
    int pair[2];
    begin(state);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return 1;
    child = fork();
    if (child == 0) {
        close(pair[0]);
        _exit(hm_identity_serve(pair[1], TWO_ISSUERS, &outside).class);
    }
    close(pair[1]);
    office = pair[0];
    return child < 0;
}

static int end_process(void **state) {
    int status;
    close(office);
    end(state);
    return waitpid(child, &status, 0) != child || status != 0;
}

static uint8_t answer_room[HM_IDENTITY_ANSWER_MAX];

static hm_bytes next_answer(void) {
    ssize_t len = recv(office, answer_room, sizeof answer_room, 0);
    assert_true(len > 0);
    return HM_BYTES(answer_room, (size_t)len);
}

static hm_err asked(uint64_t tag, const char *token, hm_workload *workload) {
    HM_BUF message = HM_BUF_EMPTY;
    uint64_t answered;
    assert_done(hm_identity_question_put(tag, hm_text(token), &message));
    assert_int_equal(send(office, message.data, message.len, 0), message.len);
    hm_bytes answer = next_answer();
    assert_done(hm_identity_answer_tag(answer, &answered));
    assert_true(answered == tag);
    return hm_identity_answer_get(answer, workload);
}

static void answers_over_its_socket(void **state) {
    (void)state;
    hm_workload workload;
    const char *token = good_token(ours, "a", ",\"repository_id\":\"7\"");
    assert_done(asked(7, token, &workload));
    assert_bytes(workload.issuer, ISSUER);
    assert_bytes(workload.claim[2].value, "7");
    assert_refused(asked(8, token, &workload));
    assert_non_null(strstr(hm_err_sentence(), "used before"));
    assert_refused(asked(UINT64_MAX, "nonsense", &workload));
    assert_done(asked(0, token_with(other, "a", others_payload()), &workload));
}

static void survives_questions_that_are_none(void **state) {
    (void)state;
    hm_workload workload;
    static uint8_t large[HM_IDENTITY_QUESTION_MAX + 2000];
    memset(large, 'A', sizeof large);
    assert_int_equal(send(office, "", 0, 0), 0); /* which looks like the end */
    assert_int_equal(send(office, "1234567", 7, 0), 7);
    assert_int_equal(send(office, large, sizeof large, 0), sizeof large);
    assert_refused(hm_identity_answer_get(next_answer(), &workload));
    assert_int_equal(send(office, "12345678", 8, 0), 8);
    assert_refused(hm_identity_answer_get(next_answer(), &workload));
    assert_done(asked(7, good_token(ours, "a", ""), &workload));
}

static void ends_when_the_other_side_does(void **state) {
    (void)state;
    /* A question whose answer nobody waits for; end_process looks at the status. */
    HM_BUF message = HM_BUF_EMPTY;
    assert_done(hm_identity_question_put(1, hm_text("x.y.z"), &message));
    assert_int_equal(send(office, message.data, message.len, 0), message.len);
}

static void does_not_begin_without_a_configuration(void **state) {
    (void)state;
    assert_refused(hm_identity_serve(-1, "", &outside));
    assert_could_not(hm_identity_serve(-1, TWO_ISSUERS, &outside));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define PROCESS(name) cmocka_unit_test_setup_teardown(name, begin_process, end_process)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_token_opens_one_session),
        TEST(a_token_is_taken_up_to_its_very_end_and_noted_until_then),
        TEST(without_a_clock_it_is_the_systems),
        TEST(what_a_stranger_wrote_turns_no_line),
        TEST(a_second_signature_makes_no_second_token),
        TEST(a_token_that_is_refused_is_not_used_up),
        TEST(an_issuer_may_let_tokens_be_used_until_they_expire),
        TEST(the_same_key_name_at_two_issuers_is_two_keys),
        TEST(strangers_cause_no_fetch),
        TEST(made_up_key_names_cause_one_fetch_a_minute),
        TEST(a_configuration_that_is_none_is_refused),
        TEST(keys_are_read_from_a_file),
        TEST(without_a_way_to_fetch_https_there_are_no_keys),
        PROCESS(answers_over_its_socket),
        PROCESS(survives_questions_that_are_none),
        PROCESS(ends_when_the_other_side_does),
        cmocka_unit_test(does_not_begin_without_a_configuration),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
