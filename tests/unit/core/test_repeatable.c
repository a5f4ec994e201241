/* One question under one key is signed once, though it comes twice at the same moment; and who is none any more is not
 * answered what he once was. */
#include "served_fixture.h"

enum { MOST = 40 };

typedef struct {
    hm_message_type type;
    uint64_t tag, intent, outcome;
    uint8_t structure[HM_SHA256_LEN];
    char sentence[256];
} heard;

/* A session that is for signatures under KEY; "": under none. */
static void open_under(server *s, web *w, software_signer *who, const char *key) {
    static const uint8_t one_call[32] = "of all that is asked under it";
    hm_message repeatable = {.type = HM_MSG_REPEATABLE}, answer;
    web_as(s, w, who);
    repeatable.field[HM_REPEATABLE_KEY].bytes = hm_text(key);
    repeatable.field[HM_REPEATABLE_CALL].bytes = HM_ARRAY(one_call);
    if (key[0]) WORKS(hm_ask(&w->core, &repeatable, &answer));
    WORKS(web_narrow(w, "pump", MOST));
}

/* One letter for each question: the file's content, of which a capital is a catalogue, and 'p' a PE file, for which no
 * session here is. */
static hm_message question_of(web *w, char letter) {
    static uint8_t digests[256][32];
    uint8_t *digest = digests[(uint8_t)letter];
    digest[0] = (uint8_t)letter;
    return signing(w, digest, letter == 'p' ? HM_LOGGED_PE : letter < 'a' ? HM_LOGGED_CATALOGUE : HM_LOGGED_CMS);
}

static void say(web *w, const char *letters) {
    HM_BUF frames = HM_BUF_EMPTY;
    for (const char *at = letters; *at; at++) {
        hm_message question = question_of(w, *at);
        WORKS(hm_wire_put(&question, &frames));
    }
    WORKS(hm_wire_send_frames(w->core.fd, hm_buf_bytes(&frames)));
}

static void hear_answers(web *w, heard *answers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        HM_BUF storage = HM_BUF_EMPTY;
        hm_message answer;
        bool closed = true;
        heard *h = &answers[i];
        memset(h, 0, sizeof *h);
        WORKS(hm_wire_receive(w->core.fd, &storage, &answer, &closed));
        assert_false(closed);
        h->type = answer.type;
        h->tag = answer.field[0].number; /* of signed and of fault */
        if (answer.type == HM_MSG_SIGNED) {
            h->intent = answer.field[HM_SIGNED_INTENT].number;
            h->outcome = answer.field[HM_SIGNED_OUTCOME].number;
            hm_sha256(answer.field[HM_SIGNED_STRUCTURE].bytes, h->structure);
        } else {
            assert_int_equal(answer.type, HM_MSG_FAULT);
            snprintf(h->sentence, sizeof h->sentence, "%.*s", (int)answer.field[HM_FAULT_SENTENCE].bytes.len,
                     (const char *)answer.field[HM_FAULT_SENTENCE].bytes.data);
        }
    }
}

/* What one session is answered whose questions come in one batch. */
static void ask_at_once(server *s, web *w, const char *letters, heard *answers) {
    kill(s->core, SIGSTOP);
    say(w, letters);
    kill(s->core, SIGCONT);
    hear_answers(w, answers, strlen(letters));
}

static bool is_same(const heard *a, const heard *b) {
    return a->type == HM_MSG_SIGNED && b->type == HM_MSG_SIGNED && a->intent == b->intent && a->outcome == b->outcome &&
           memcmp(a->structure, b->structure, sizeof a->structure) == 0;
}

static void assert_signed(const heard *h) {
    if (h->type != HM_MSG_SIGNED) fail_msg("refused: %s", h->sentence);
}
static void assert_fault(const heard *h, const char *words) {
    assert_int_equal(h->type, HM_MSG_FAULT);
    if (!strstr(h->sentence, words)) fail_msg("does not say '%s': %s", words, h->sentence);
}

static uint64_t entries_since(const server *s, uint64_t *before) {
    uint64_t now = entries_in(&s->office), more = now - *before;
    *before = now;
    return more;
}

/* ---- in one batch ---- */

static void a_question_that_comes_twice_in_a_batch_is_signed_once(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    heard h[5];
    server_start(&s);
    uint64_t before = s.before;
    open_under(&s, &w, ci, "once");
    ask_at_once(&s, &w, "abaac", h);
    for (size_t i = 0; i < 5; i++) {
        assert_signed(&h[i]);
        assert_int_equal(h[i].tag, i);
    }
    assert_true(is_same(&h[0], &h[2]) && is_same(&h[0], &h[3]));
    assert_false(is_same(&h[0], &h[1]) || is_same(&h[0], &h[4]) || is_same(&h[1], &h[4]));
    assert_int_equal(entries_since(&s, &before), 6);
    /* And afterwards, as it was. */
    heard later[2];
    ask_at_once(&s, &w, "aa", later);
    assert_true(is_same(&h[0], &later[0]) && is_same(&h[0], &later[1]));
    assert_int_equal(later[1].tag, 6);
    assert_int_equal(entries_since(&s, &before), 0);
    server_stop(&s);
}

static void without_a_key_it_is_two_questions(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    heard h[2];
    server_start(&s);
    uint64_t before = s.before;
    open_under(&s, &w, ci, "");
    ask_at_once(&s, &w, "aa", h);
    assert_signed(&h[0]);
    assert_signed(&h[1]);
    assert_false(is_same(&h[0], &h[1]));
    assert_int_equal(entries_since(&s, &before), 4);
    server_stop(&s);
}

/* The policy allows six in an hour. */
static void twins_count_once_against_a_quota(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    heard h[15];
    server_start(&s);
    open_under(&s, &w, ci, "once");
    ask_at_once(&s, &w, "aabbccddeeffgga", h);
    for (size_t i = 0; i < 12; i++) assert_signed(&h[i]);
    assert_fault(&h[12], "6 per hour");
    assert_fault(&h[13], "6 per hour");
    assert_true(is_same(&h[0], &h[14]));
    server_stop(&s);
}

/* CATALOGUE needs approvals, which is found when the batch is written down; a PE file is refused before that. */
static void twins_of_what_is_refused_are_refused_and_logged_once(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    heard h[6];
    server_start(&s);
    uint64_t before = s.before;
    open_under(&s, &w, ci, "once");
    ask_at_once(&s, &w, "ppaCCp", h);
    assert_signed(&h[2]);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(h[i].tag, i);
        if (i != 2) assert_int_equal(h[i].type, HM_MSG_FAULT);
    }
    assert_string_equal(h[0].sentence, h[1].sentence);
    assert_string_equal(h[0].sentence, h[5].sentence);
    assert_fault(&h[3], "hallmark request asks");
    assert_fault(&h[4], "hallmark request asks");
    assert_int_equal(entries_since(&s, &before), 2 + 1 + 1);
    server_stop(&s);
}

static void a_twin_of_what_the_token_did_not_sign_has_no_signature_and_may_be_asked_again(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    heard h[3];
    server_start(&s);
    open_under(&s, &w, ci, "once");
    ask_at_once(&s, &w, "a", h);
    token_faults("C_SignInit return 0x30 0\n");
    ask_at_once(&s, &w, "bba", h);
    token_faults("");
    assert_fault(&h[0], "begin to sign");
    assert_fault(&h[1], "begin to sign");
    assert_signed(&h[2]);
    ask_at_once(&s, &w, "bb", h);
    assert_signed(&h[0]);
    assert_true(is_same(&h[0], &h[1]));
    server_stop(&s);
}

/* ---- in several sessions ---- */

static void two_sessions_of_one_principal_get_one_signature(void **ignored) {
    (void)ignored;
    enum { SESSIONS = 8 };
    static web w[SESSIONS];
    heard h[SESSIONS];
    SERVER s;
    server_start(&s);
    uint64_t before = s.before;
    for (size_t i = 0; i < SESSIONS; i++) open_under(&s, &w[i], ci, "once");
    kill(s.core, SIGSTOP);
    for (size_t i = 0; i < SESSIONS; i++) {
        w[i].tag = 100 * i;
        say(&w[i], "a");
    }
    kill(s.core, SIGCONT);
    for (size_t i = 0; i < SESSIONS; i++) {
        hear_answers(&w[i], &h[i], 1);
        assert_true(is_same(&h[0], &h[i]));
        assert_int_equal(h[i].tag, 100 * i);
        web_close(&w[i]);
    }
    assert_int_equal(entries_since(&s, &before), 2);
    server_stop(&s);
}

static void with_other_keys_they_get_one_each(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB one, two;
    heard h[2];
    server_start(&s);
    open_under(&s, &one, ci, "once");
    open_under(&s, &two, ci, "Once");
    kill(s.core, SIGSTOP);
    say(&one, "a");
    say(&two, "a");
    kill(s.core, SIGCONT);
    hear_answers(&one, &h[0], 1);
    hear_answers(&two, &h[1], 1);
    assert_signed(&h[0]);
    assert_signed(&h[1]);
    assert_false(is_same(&h[0], &h[1]));
    server_stop(&s);
}

/* Carol may ask, and the policy's rules do not know her. */
static void nobody_gets_anothers_answer(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB his, hers;
    heard h[2];
    server_start(&s);
    state_beside(&s, role("carol", HM_ROLE_REQUESTER, "pump"));
    open_under(&s, &his, ci, "once");
    open_under(&s, &hers, carol, "once");
    for (int round = 0; round < 2; round++) {
        kill(s.core, SIGSTOP);
        say(round ? &hers : &his, round ? "b" : "a");
        say(round ? &his : &hers, round ? "b" : "a");
        kill(s.core, SIGCONT);
        hear_answers(&his, &h[0], 1);
        hear_answers(&hers, &h[1], 1);
        assert_signed(&h[0]);
        assert_int_equal(h[1].type, HM_MSG_FAULT);
    }
    server_stop(&s);
}

/* ---- who is none any more ---- */

static void who_lost_the_role_is_not_answered_what_he_once_was(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    heard first, h[2];
    server_start(&s);
    open_under(&s, &w, ci, "once");
    ask_at_once(&s, &w, "a", &first);
    assert_signed(&first);
    state_beside(&s, withdrawn("ci", HM_ROLE_REQUESTER, "pump"));
    ask_at_once(&s, &w, "ab", h);
    assert_fault(&h[0], "ci is not requester of pump");
    assert_fault(&h[1], "ci is not requester of pump");
    state_beside(&s, role("ci", HM_ROLE_REQUESTER, "pump"));
    ask_at_once(&s, &w, "a", h);
    assert_true(is_same(&first, &h[0]));
    server_stop(&s);
    assert_int_equal(count_entries(&s, "ci is not requester of pump", ""), 2);
}

static void who_was_revoked_is_not_answered_what_he_once_was_and_that_is_on_record(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    heard h[2];
    server_start(&s);
    open_under(&s, &w, ci, "once");
    ask_at_once(&s, &w, "a", h);
    assert_signed(&h[0]);
    state_beside(&s, principal("ci", -1));
    uint64_t before = entries_in(&s.office);
    ask_at_once(&s, &w, "aa", h);
    assert_int_equal(h[0].type, HM_MSG_FAULT);
    assert_int_equal(h[1].type, HM_MSG_FAULT);
    server_stop(&s);
    expect_refusals(&s.office, before, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(a_question_that_comes_twice_in_a_batch_is_signed_once),
        OFFICE_TEST(without_a_key_it_is_two_questions),
        OFFICE_TEST(twins_count_once_against_a_quota),
        OFFICE_TEST(twins_of_what_is_refused_are_refused_and_logged_once),
        OFFICE_TEST(a_twin_of_what_the_token_did_not_sign_has_no_signature_and_may_be_asked_again),
        OFFICE_TEST(two_sessions_of_one_principal_get_one_signature),
        OFFICE_TEST(with_other_keys_they_get_one_each),
        OFFICE_TEST(nobody_gets_anothers_answer),
        OFFICE_TEST(who_lost_the_role_is_not_answered_what_he_once_was),
        OFFICE_TEST(who_was_revoked_is_not_answered_what_he_once_was_and_that_is_on_record),
    };
    return cmocka_run_group_tests(tests, begin_served, finish_served);
}
