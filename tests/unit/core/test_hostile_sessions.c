/* Known principals' sessions through a front that was taken over: each does what its principal may, and each refusal is
 * an entry (P1). */
#include "served_fixture.h"

#include <signal.h>
#include <stdio.h>

/* A front sends what belongs together without waiting. If it was to be a comparison, it must not become a signature
 * because there is nothing to compare with. */
static void what_follows_a_comparison_that_was_refused_is_not_signed(void **ignored) {
    (void)ignored;
    static const uint8_t unknown[32] = {1};
    SERVER s;
    WEB w;
    hm_message begin = {.type = HM_MSG_REQUEST_BEGIN}, answer;
    begin.field[HM_REQUEST_BEGIN_REQUEST].bytes = HM_ARRAY(unknown);
    server_start(&s);
    web_as(&s, &w, ci);
    FAILS(HM_REFUSED, "there is no such request", hm_ask(&w.core, &begin, &answer));
    FAILS(HM_REFUSED, "what came before it was refused", web_narrow(&w, "pump", 1));
    FAILS(HM_REFUSED, "what came before it was refused", web_sign(&w, "one", HM_LOGGED_CMS));
    WORKS(web_ask(&w, HM_MSG_WIDEN));
    WORKS(web_narrow(&w, "pump", 1));
    WORKS(web_sign(&w, "one", HM_LOGGED_CMS));
    server_stop(&s);
}

/* Not even for who may: who has put a key into the token stands beside it. */
static void a_front_has_no_key_imported(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    hm_message import = {.type = HM_MSG_KEY_IMPORT}, answer;
    import.field[HM_KEY_IMPORT_PRODUCT].bytes = hm_text("pump");
    import.field[HM_KEY_IMPORT_ALGORITHM].number = HM_KEY_ES256;
    import.field[HM_KEY_IMPORT_WAS].bytes = hm_text("mine");
    server_start(&s);
    office_connect(&s.office);
    WORKS(state(&s.office, role("ci", HM_ROLE_KEY_OFFICER, "pump"), BY(alice, bob)));
    office_disconnect(&s.office);
    web_as(&s, &w, ci);
    FAILS(HM_REFUSED, "a key is imported where the office is", hm_ask(&w.core, &import, &answer));
    server_stop(&s);
    assert_int_equal(count_entries(&s, "key-import", "a key is imported where the office is"), 1);
}

static void a_session_does_what_its_principal_may_and_each_refusal_is_an_entry(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    hm_message add = {.type = HM_MSG_PRODUCT_ADD}, generate = {.type = HM_MSG_KEY_GENERATE}, answer;
    add.field[HM_PRODUCT_ADD_NAME].bytes = hm_text("mine");
    add.field[HM_PRODUCT_ADD_ALGORITHMS].number = 1u << HM_KEY_ES256;
    generate.field[HM_KEY_GENERATE_PRODUCT].bytes = hm_text("pump");
    generate.field[HM_KEY_GENERATE_ALGORITHM].number = HM_KEY_ES256;
    server_start(&s);
    web_as(&s, &w, ci);
    FAILS(HM_REFUSED, "sign comes after narrow", web_sign(&w, "one", HM_LOGGED_CMS));
    FAILS(HM_REFUSED, "ci is not requester of valve", web_narrow(&w, "valve", 1));
    /* What was sent behind it, not knowing. */
    FAILS(HM_REFUSED, "what came before it was refused", web_sign(&w, "one", HM_LOGGED_CMS));
    WORKS(web_ask(&w, HM_MSG_WIDEN));
    FAILS(HM_REFUSED, "ci is not administrator", hm_ask(&w.core, &add, &answer));
    FAILS(HM_REFUSED, "ci is not key-officer", hm_ask(&w.core, &generate, &answer));
    FAILS(HM_REFUSED, "ci is not key-officer", web_ask(&w, HM_MSG_TRUST_KEY));
    WORKS(web_narrow(&w, "pump", 1));
    FAILS(HM_REFUSED, "", web_sign(&w, "one", HM_LOGGED_PE));
    FAILS(HM_REFUSED, "may only sign", web_narrow(&w, "valve", 1));
    server_stop(&s);
    assert_int_equal(count_entries(&s, "sign comes after narrow", "ci (key:"), 1);
    assert_int_equal(count_entries(&s, "not requester of valve", "ci (key:"), 1);
    assert_int_equal(count_entries(&s, "not administrator", "ci (key:"), 1);
    assert_int_equal(count_entries(&s, "not key-officer", "ci (key:"), 2);
}

static void widening_takes_nothing_back_but_the_narrowing(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    server_start(&s);
    web_open(&s, &w);
    FAILS(HM_REFUSED, "nobody has said", web_ask(&w, HM_MSG_WIDEN));
    WORKS(prove(&w, ci));
    WORKS(web_ask(&w, HM_MSG_WIDEN));
    for (size_t i = 0; i < 6; i++) {
        char name[8];
        snprintf(name, sizeof name, "w%zu", i);
        WORKS(web_narrow(&w, "pump", 1));
        WORKS(web_sign(&w, name, HM_LOGGED_CMS));
        FAILS(HM_REFUSED, "used up", web_sign(&w, "again", HM_LOGGED_CMS));
        WORKS(web_ask(&w, HM_MSG_WIDEN));
        FAILS(HM_REFUSED, "sign comes after narrow", web_sign(&w, "again", HM_LOGGED_CMS));
    }
    WORKS(web_narrow(&w, "pump", 1));
    FAILS(HM_REFUSED, "6 per hour", web_sign(&w, "seventh", HM_LOGGED_CMS));
    server_stop(&s);
}

static void refusals_without_end_end_the_session_and_widening_does_not_help(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    size_t asked = 0;
    hm_err err = HM_OK;
    server_start(&s);
    web_as(&s, &w, ci);
    do {
        err = web_narrow(&w, "valve", 10000000);
        if (err.class != HM_REFUSED || strstr(hm_err_sentence(), "too many refusals")) break;
        if (asked % 3 == 0) err = web_ask(&w, HM_MSG_WIDEN);
    } while (!hm_failed(err) && ++asked < 1000);
    assert_in_range(asked, 1, 100);
    server_stop(&s);
    assert_in_range(count_entries(&s, "not requester of valve", "ci"), 1, 40);
}

/* Questions that arrive together, in one batch: the core is stopped while they are sent. */
static void ask_together(server *s, web *sessions, size_t count, size_t each, uint64_t format, bool same) {
    kill(s->core, SIGSTOP);
    for (size_t i = 0; i < count; i++) {
        HM_BUF frames = HM_BUF_EMPTY;
        for (size_t j = 0; j < each; j++) {
            uint8_t digest[32] = "same";
            if (!same) digest[0] = (uint8_t)(i + 1), digest[1] = (uint8_t)(j + 1);
            hm_message question = signing(&sessions[i], digest, format);
            WORKS(hm_wire_put(&question, &frames));
        }
        WORKS(hm_wire_send_frames(sessions[i].core.fd, hm_buf_bytes(&frames)));
    }
    kill(s->core, SIGCONT);
}

static size_t count_signed(web *sessions, size_t count, size_t each, const char *why) {
    size_t signatures = 0;
    for (size_t i = 0; i < count * each; i++) {
        hm_message answer;
        hm_err err = hm_listen(&sessions[i / each].core, &answer);
        if (hm_failed(err)) assert_said(why);
        signatures += !hm_failed(err) && answer.type == HM_MSG_SIGNED;
    }
    return signatures;
}

static void a_quota_holds_over_all_sessions_of_a_principal_at_once(void **ignored) {
    (void)ignored;
    enum { SESSIONS = 12, EACH = 4 };
    static web w[SESSIONS];
    SERVER s;
    server_start(&s);
    for (size_t i = 0; i < SESSIONS; i++) {
        web_as(&s, &w[i], ci);
        WORKS(web_narrow(&w[i], "pump", EACH));
    }
    ask_together(&s, w, SESSIONS, EACH, HM_LOGGED_CMS, false);
    assert_int_equal(count_signed(w, SESSIONS, EACH, "6 per hour"), 6);
    for (size_t i = 0; i < SESSIONS; i++) web_close(&w[i]);
    server_stop(&s);
    assert_int_equal(count_entries(&s, "6 per hour", "ci"), SESSIONS * EACH - 6);
}

static void what_needs_approval_is_not_signed_without(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    server_start(&s);
    web_as(&s, &w, ci);
    WORKS(web_narrow(&w, "pump", 4));
    FAILS(HM_REFUSED, "hallmark request asks", web_sign(&w, "one", HM_LOGGED_CATALOGUE));
    WORKS(web_sign(&w, "one", HM_LOGGED_CMS));
    server_stop(&s);
    assert_int_equal(count_entries(&s, "hallmark request asks", "ci"), 1);
}

static void an_approval_serves_one_of_two_sessions_that_ask_together(void **ignored) {
    (void)ignored;
    SERVER s;
    static web w[2];
    WEB asker, approver;
    uint8_t hash[HM_SHA256_LEN];
    hm_message answer;
    software_signer *const approvers[] = {carol, dan};
    server_start(&s);
    web_as(&s, &asker, ci);
    WORKS(hm_ask(&asker.core, &(hm_message){.type = HM_MSG_REQUEST_BEGIN}, &answer));
    WORKS(web_narrow(&asker, "pump", 1));
    WORKS(web_sign(&asker, "same", HM_LOGGED_CATALOGUE));
    WORKS(hm_ask(&asker.core, &(hm_message){.type = HM_MSG_REQUEST_CLOSE}, &answer));
    memcpy(hash, answer.field[HM_REQUEST_MADE_HASH].bytes.data, sizeof hash);
    for (size_t i = 0; i < 2; i++) {
        web_as(&s, &approver, approvers[i]);
        office shown = {.core = approver.core};
        WORKS(approve(&shown, hash, approvers[i]));
        approver.core = shown.core;
        web_close(&approver);
    }
    for (size_t i = 0; i < 2; i++) {
        web_as(&s, &w[i], ci);
        WORKS(web_narrow(&w[i], "pump", 2));
    }
    ask_together(&s, w, 2, 2, HM_LOGGED_CATALOGUE, true);
    assert_int_equal(count_signed(w, 2, 2, "its request was used"), 1);
    for (size_t i = 0; i < 2; i++) web_close(&w[i]);
    server_stop(&s);
    assert_int_equal(count_entries(&s, "its request was used", "ci"), 3);
}

static void a_session_ends_with_what_it_rests_on(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB narrowed, wide, revoked;
    server_start(&s);
    web_as(&s, &narrowed, ci);
    web_as(&s, &wide, ci);
    web_as(&s, &revoked, ci);
    WORKS(web_narrow(&narrowed, "pump", 4));
    WORKS(web_sign(&narrowed, "one", HM_LOGGED_CMS));
    state_beside(&s, withdrawn("ci", HM_ROLE_REQUESTER, "pump"));
    FAILS(HM_REFUSED, "ci is not requester of pump", web_sign(&narrowed, "two", HM_LOGGED_CMS));
    FAILS(HM_REFUSED, "ci is not requester of pump", web_narrow(&wide, "pump", 1));
    state_beside(&s, role("ci", HM_ROLE_REQUESTER, "pump"));
    WORKS(web_sign(&narrowed, "three", HM_LOGGED_CMS));
    state_beside(&s, principal("ci", -1));
    FAILS(HM_REFUSED, "", web_sign(&narrowed, "four", HM_LOGGED_CMS));
    FAILS(HM_REFUSED, "", web_narrow(&revoked, "pump", 1));
    server_stop(&s);
    assert_int_equal(count_entries(&s, "ci is not requester of pump", ""), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(what_follows_a_comparison_that_was_refused_is_not_signed),
        OFFICE_TEST(a_front_has_no_key_imported),
        OFFICE_TEST(a_session_does_what_its_principal_may_and_each_refusal_is_an_entry),
        OFFICE_TEST(widening_takes_nothing_back_but_the_narrowing),
        OFFICE_TEST(refusals_without_end_end_the_session_and_widening_does_not_help),
        OFFICE_TEST(a_quota_holds_over_all_sessions_of_a_principal_at_once),
        OFFICE_TEST(what_needs_approval_is_not_signed_without),
        OFFICE_TEST(an_approval_serves_one_of_two_sessions_that_ask_together),
        OFFICE_TEST(a_session_ends_with_what_it_rests_on),
    };
    return cmocka_run_group_tests(tests, begin_served, finish_served);
}
