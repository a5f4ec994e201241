/* Refusals are on record, and nobody fills the log with them: so many of a principal's are logged in a minute, and who
 * goes on is heard no more in that session. */
#include "served_fixture.h"

#include "clock_fixture.h"
#include "office.h"

enum { PER_MINUTE = 2000 /* as refusals.c has it */ };

/* ---- the count ---- */

static hm_office counting;
static hm_session session;

static int begin_count(void **ignored) {
    (void)ignored;
    memset(&counting, 0, sizeof counting);
    memset(&session, 0, sizeof session);
    counting.session = &session;
    session.borne = 1000000;
    strcpy(session.principal, "ci");
    return 0;
}

static size_t logged(size_t asked) {
    size_t count = 0;
    for (size_t i = 0; i < asked; i++) count += hm_refusal_is_logged(&counting);
    return count;
}

static void call_session(const char *name) {
    memset(&session, 0, sizeof session);
    session.borne = 1000000;
    strcpy(session.principal, name);
}

static void so_many_of_a_principals_refusals_are_logged_in_a_minute(void **ignored) {
    (void)ignored;
    assert_int_equal(logged(PER_MINUTE), PER_MINUTE);
    WORKS(hm_refusals_check(&session));
    assert_int_equal(logged(1), 0);
    FAILS(HM_REFUSED, "too many refusals in one minute", hm_refusals_check(&session));
    assert_int_equal(logged(PER_MINUTE), 0);
}

static void another_session_of_the_principal_helps_in_that_minute_only_to_be_ended(void **ignored) {
    (void)ignored;
    assert_int_equal(logged(PER_MINUTE + 1), PER_MINUTE);
    clock_forward(59);
    call_session("ci");
    WORKS(hm_refusals_check(&session));
    assert_int_equal(logged(1), 0);
    FAILS(HM_REFUSED, "too many refusals in one minute", hm_refusals_check(&session));
    clock_forward(1);
    call_session("ci");
    assert_int_equal(logged(PER_MINUTE + 10), PER_MINUTE);
}

static void anothers_are_logged_as_ever(void **ignored) {
    (void)ignored;
    assert_int_equal(logged(3 * PER_MINUTE), PER_MINUTE);
    call_session("ci2");
    assert_int_equal(logged(5), 5);
    WORKS(hm_refusals_check(&session));
    call_session("c");
    assert_int_equal(logged(5), 5);
    call_session("ci");
    assert_int_equal(logged(1), 0);
}

/* In an office of one person nobody has a name; his session bears what it always bore. */
static void who_has_no_name_is_bounded_by_his_session(void **ignored) {
    (void)ignored;
    call_session("");
    session.borne = 3 * PER_MINUTE;
    assert_int_equal(logged(4 * PER_MINUTE), 3 * PER_MINUTE + HM_REFUSALS_MAX);
    FAILS(HM_REFUSED, "too many refusals in one session", hm_refusals_check(&session));
}

static void many_names_are_bounded_too_and_the_first_have_counts_of_their_own(void **ignored) {
    (void)ignored;
    enum { NAMES = 500, EACH = 3 };
    char name[HM_PRINCIPAL_NAME_MAX + 1];
    size_t count = 0;
    for (size_t round = 0; round < 3; round++)
        for (size_t i = 0; i < NAMES; i++) {
            snprintf(name, sizeof name, "%064zu", i); /* as long as a name may be */
            bool told = hm_refusals_in_minute(&counting, name, EACH);
            if (i < HM_REFUSED_NAMES - 1) assert_true(told);
            count += told;
        }
    assert_int_equal(count, HM_REFUSED_NAMES * EACH);
    snprintf(name, sizeof name, "%064d", 0);
    assert_false(hm_refusals_in_minute(&counting, name, EACH));
    clock_forward(60);
    assert_true(hm_refusals_in_minute(&counting, name, EACH));
}

/* ---- in a served office ---- */

/* Files of a format that the session is not for, COUNT of them: how many were answered before it was ended. */
static size_t flood(web *w, size_t count) {
    enum { TOGETHER = 50 };
    size_t answered = 0;
    hm_message answer;
    while (answered < count) {
        HM_BUF frames = HM_BUF_EMPTY;
        for (size_t i = 0; i < TOGETHER; i++) {
            hm_message question = signing(w, (const uint8_t[32]){1}, HM_LOGGED_PE);
            WORKS(hm_wire_put(&question, &frames));
        }
        if (hm_failed(hm_wire_send_frames(w->core.fd, hm_buf_bytes(&frames)))) return answered;
        for (size_t i = 0; i < TOGETHER; i++, answered++) {
            hm_err err = hm_listen(&w->core, &answer);
            assert_true(hm_failed(err));
            if (err.class == HM_COULD_NOT || strstr(hm_err_sentence(), "too many refusals")) return answered;
        }
    }
    return answered;
}

static uint64_t entries_since(const server *s, uint64_t *before) {
    uint64_t now = entries_in(&s->office), more = now - *before;
    *before = now;
    return more;
}

static void a_flood_of_refusals_ends_the_session_and_leaves_the_log_as_it_was(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w, again, other, later;
    server_start(&s);
    uint64_t before = s.before;
    web_as(&s, &w, ci);
    WORKS(web_narrow(&w, "pump", 10 * PER_MINUTE));
    WORKS(web_sign(&w, "one", HM_LOGGED_CMS));
    assert_int_equal(entries_since(&s, &before), 2);
    assert_in_range(flood(&w, 2 * PER_MINUTE), PER_MINUTE, PER_MINUTE + 200);
    assert_true(hm_failed(web_sign(&w, "two", HM_LOGGED_CMS)));
    assert_int_equal(entries_since(&s, &before), PER_MINUTE);
    /* Nor in another session of his. */
    web_as(&s, &again, ci);
    WORKS(web_narrow(&again, "pump", 10 * PER_MINUTE));
    assert_in_range(flood(&again, PER_MINUTE), 1, 200);
    assert_int_equal(entries_since(&s, &before), 0);
    /* Another's are, and his session goes on. */
    web_as(&s, &other, carol);
    for (int i = 0; i < 3; i++) {
        FAILS(HM_REFUSED, "carol is not requester of pump", web_narrow(&other, "pump", 1));
        WORKS(web_ask(&other, HM_MSG_WIDEN));
    }
    assert_int_equal(entries_since(&s, &before), 3);
    clock_forward(60);
    web_as(&s, &later, ci);
    WORKS(web_narrow(&later, "pump", 100));
    FAILS(HM_REFUSED, "", web_sign(&later, "three", HM_LOGGED_PE));
    assert_int_equal(entries_since(&s, &before), 1);
    WORKS(web_sign(&later, "four", HM_LOGGED_CMS));
    server_stop(&s);
}

static void refused_proofs_are_logged_so_often_in_a_minute_and_take_nobody_elses_place(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    server_start(&s);
    uint64_t before = s.before;
    for (int minute = 0; minute < 2; minute++) {
        for (int i = 0; i < 40; i++) {
            web_open(&s, &w);
            FAILS(HM_REFUSED, "", prove(&w, mallory));
            web_close(&w);
        }
        assert_int_equal(entries_since(&s, &before), 20);
        web_as(&s, &w, ci);
        FAILS(HM_REFUSED, "ci is not requester of valve", web_narrow(&w, "valve", 1));
        assert_int_equal(entries_since(&s, &before), 1);
        web_close(&w);
        clock_forward(60);
    }
    server_stop(&s);
}

static int begin_served_on_time(void **ignored) {
    int status = begin_served(ignored); /* officers' statements have the true time */
    clock_stop();
    return status;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(so_many_of_a_principals_refusals_are_logged_in_a_minute, begin_count),
        cmocka_unit_test_setup(another_session_of_the_principal_helps_in_that_minute_only_to_be_ended, begin_count),
        cmocka_unit_test_setup(anothers_are_logged_as_ever, begin_count),
        cmocka_unit_test_setup(who_has_no_name_is_bounded_by_his_session, begin_count),
        cmocka_unit_test_setup(many_names_are_bounded_too_and_the_first_have_counts_of_their_own, begin_count),
        OFFICE_TEST(a_flood_of_refusals_ends_the_session_and_leaves_the_log_as_it_was),
        OFFICE_TEST(refused_proofs_are_logged_so_often_in_a_minute_and_take_nobody_elses_place),
    };
    return cmocka_run_group_tests(tests, begin_served_on_time, finish_served);
}
