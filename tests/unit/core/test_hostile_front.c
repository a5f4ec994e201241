/* A front that was taken over (DESIGN section 3): it says anything, and gains no more than the sessions that pass
 * through it. What it asks for a known principal, and is refused, is an entry (P1). */
#include "served_fixture.h"

#include <base/file.h>

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>

/* ---- nobody's sessions ---- */

static void who_has_proved_nothing_is_answered_nothing(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    server_start(&s);
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        hm_message question = {.type = rule->type}, answer;
        static const uint8_t zeros[1 << 16];
        bool asks = rule->type % 2 && rule->type != HM_MSG_HELLO && rule->type != HM_MSG_PROVE_KEY &&
                    rule->type != HM_MSG_PROVE_TOKEN && rule->type != HM_MSG_ALARMS && /* of no product, of nobody */
                    rule->type != HM_MSG_EXPIRIES; /* for the metrics, as the former */
        if (!asks) continue;
        for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++)
            if (rule->field[i].kind == HM_WIRE_TEXT)
                question.field[i].bytes = HM_BYTES("pumppumppumppump", rule->field[i].least);
            else if (rule->field[i].kind == HM_WIRE_BYTES)
                question.field[i].bytes = HM_BYTES(zeros, rule->field[i].least);
        web_open(&s, &w);
        FAILS(HM_REFUSED, "nobody has said who he is", hm_ask(&w.core, &question, &answer));
        web_close(&w);
    }
    server_stop(&s);
    assert_int_equal(entries_in(&s.office), s.before);
}

static void nothing_is_said_before_hello(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    server_start(&s);
    web_raw(&s, &w);
    memset(w.challenge, 0, sizeof w.challenge);
    FAILS(HM_REFUSED, "hello comes first", prove(&w, ci));
    web_close(&w);
    web_raw(&s, &w);
    FAILS(HM_REFUSED, "hello comes first", web_ask(&w, HM_MSG_STATEMENT_LIST));
    web_close(&w);
    web_raw(&s, &w);
    send_token(&w);
    FAILS(HM_REFUSED, "hello comes first", hm_listen(&w.core, &(hm_message){.type = HM_MSG_DONE}));
    server_stop(&s);
}

static void arbitrary_bytes_end_one_session_and_no_other(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB good;
    uint8_t bytes[600];
    server_start(&s);
    web_as(&s, &good, ci);
    WORKS(web_narrow(&good, "pump", 3));
    for (unsigned seed = 0; seed < 300; seed++) {
        WEB w;
        srand(seed);
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)rand();
        /* Half of them with a length that could be one. */
        if (seed % 2) bytes[0] = bytes[1] = 0, bytes[2] = 2;
        web_open(&s, &w);
        assert_true(send(w.core.fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0);
        shutdown(w.core.fd, SHUT_WR);
        while (recv(w.core.fd, bytes, sizeof bytes, 0) > 0) {
        }
    }
    WORKS(web_sign(&good, "one", HM_LOGGED_CMS));
    server_stop(&s);
}

/* ---- forged proofs ---- */

static void a_proof_is_by_a_principals_key_over_this_session_and_connection(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w, other;
    static const uint8_t uuid[16] = "another office", binding[32] = "another connection";
    hm_bytes here = HM_ARRAY(binding_of_connection);
    server_start(&s);
    web_open(&s, &w);
    web_open(&s, &other);
    hm_bytes id = HM_ARRAY(w.core.uuid), challenge = HM_ARRAY(w.challenge);
    assert_memory_not_equal(w.challenge, other.challenge, sizeof w.challenge);
    FAILS(HM_REFUSED, "no principal's", prove(&w, mallory));
    FAILS(HM_REFUSED, "", prove_as(&w, ci, HM_COSE_SESSION, HM_ARRAY(uuid), challenge, here, here));
    FAILS(HM_REFUSED, "", prove_as(&w, ci, HM_COSE_SESSION, id, HM_ARRAY(other.challenge), here, here));
    FAILS(HM_REFUSED, "", prove_as(&w, ci, HM_COSE_SESSION, id, challenge, HM_ARRAY(binding), here));
    for (hm_cose_object object = HM_COSE_MANIFEST; object < HM_COSE_SESSION; object++)
        FAILS(HM_REFUSED, "", prove_as(&w, ci, object, id, challenge, here, here));
    FAILS(HM_REFUSED, "nobody has said", web_narrow(&w, "pump", 1));
    WORKS(prove(&w, ci));
    FAILS(HM_REFUSED, "once", prove(&w, ci));
    FAILS(HM_REFUSED, "once", prove(&w, carol));
    server_stop(&s);
    assert_true(count_entries(&s, "open a session", "no principal's") == 1);
    assert_true(count_entries(&s, "open a session", "") >= 9);
}

static void who_was_revoked_opens_no_session(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    server_start(&s);
    office_connect(&s.office);
    WORKS(state(&s.office, principal("ci", -1), BY(alice, bob)));
    office_disconnect(&s.office);
    web_open(&s, &w);
    FAILS(HM_REFUSED, "", prove(&w, ci));
    FAILS(HM_REFUSED, "", web_narrow(&w, "pump", 1));
    server_stop(&s);
}

static void a_session_is_no_approval_and_none_is_made_without_the_key(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w, approver;
    uint8_t hash[HM_SHA256_LEN], unused[HM_SHA256_LEN];
    HM_BUF body = HM_BUF_EMPTY;
    char state_word[16];
    hm_message close = {.type = HM_MSG_REQUEST_CLOSE}, answer, decide = {.type = HM_MSG_REQUEST_DECIDE};
    hm_message begin_it = {.type = HM_MSG_REQUEST_BEGIN};
    static const hm_cose_object wrong[] = {HM_COSE_SESSION, HM_COSE_REJECTION, HM_COSE_STATEMENT, HM_COSE_MANIFEST};
    server_start(&s);
    web_as(&s, &w, ci);
    WORKS(hm_ask(&w.core, &begin_it, &answer));
    WORKS(web_narrow(&w, "pump", 1));
    WORKS(web_sign(&w, "one", HM_LOGGED_CATALOGUE));
    WORKS(hm_ask(&w.core, &close, &answer));
    memcpy(hash, answer.field[HM_REQUEST_MADE_HASH].bytes.data, sizeof hash);
    web_as(&s, &approver, carol);
    office shown = {.core = approver.core};
    find_body(&shown, hash, &body, state_word);
    approver.core = shown.core;
    decide.field[HM_REQUEST_DECIDE_REQUEST].bytes = HM_ARRAY(hash);
    decide.field[HM_REQUEST_DECIDE_DECISION].number = HM_DECISION_APPROVE;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        HM_BUF signature = HM_BUF_EMPTY;
        WORKS(hm_cose_sign(wrong[i], hm_buf_bytes(&body), NULL, software_signer_of(carol), &signature, unused));
        decide.field[HM_REQUEST_DECIDE_SIGNATURE].bytes = hm_buf_bytes(&signature);
        FAILS(HM_REFUSED, "", hm_ask(&approver.core, &decide, &answer));
    }
    decide.field[HM_REQUEST_DECIDE_SIGNATURE].bytes = HM_NO_BYTES;
    FAILS(HM_REFUSED, "", hm_ask(&approver.core, &decide, &answer));
    server_stop(&s);
    assert_int_equal(count_entries(&s, "request-decide", "carol"), 5);
    office_connect(&s.office);
    assert_state(&s.office, hash, "open");
    office_disconnect(&s.office);
}

/* ---- tokens ---- */

static void only_the_identity_process_judges_tokens(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w, bystander;
    HM_BUF forged = HM_BUF_EMPTY;
    hm_workload workload = {.issuer = hm_text(ISSUER), .subject = hm_text("a job"), .expiry = 4000000000, .claims = 1};
    workload.claim[0] = (hm_claim){hm_text("repository_id"), hm_text("123")};
    hm_message answer;
    server_start(&s);
    web_open(&s, &bystander);
    web_open(&s, &w);
    send_token(&w);
    uint64_t tag = hear_token(&s);
    WORKS(hm_identity_answer_put(tag, &workload, &forged));
    /* What the front has: its door, and the session's socket, in which nothing is heard meanwhile. */
    assert_int_equal(send(s.fronts, forged.data, forged.len, 0), forged.len);
    WORKS(hm_wire_send_frames(bystander.core.fd, hm_buf_bytes(&forged)));
    judge(&s, tag + 1000, "123", 4000000000); /* one that was asked of nobody */
    judge(&s, tag + 1, "123", 4000000000);    /* and one that is still to be asked */
    judge(&s, tag, "124", 4000000000);        /* another repository's job */
    FAILS(HM_REFUSED, "", hm_listen(&w.core, &answer));
    FAILS(HM_REFUSED, "nobody has said", web_narrow(&w, "pump", 1));
    judge(&s, tag, "123", 4000000000); /* again, though nothing is asked any more */
    FAILS(HM_REFUSED, "nobody has said", web_narrow(&w, "pump", 1));
    send_token(&w);
    judge(&s, hear_token(&s), "123", 4000000000);
    WORKS(hm_listen(&w.core, &answer));
    assert_int_equal(answer.type, HM_MSG_KNOWN);
    WORKS(web_narrow(&w, "pump", 1));
    WORKS(web_sign(&w, "one", HM_LOGGED_CMS));
    server_stop(&s);
}

static void a_session_lasts_no_longer_than_its_token(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w, late;
    hm_message answer;
    server_start(&s);
    web_open(&s, &late);
    send_token(&late);
    judge(&s, hear_token(&s), "123", time(NULL) - 1);
    FAILS(HM_REFUSED, "expired", hm_listen(&late.core, &answer));
    web_open(&s, &w);
    send_token(&w);
    judge(&s, hear_token(&s), "123", time(NULL) + 2);
    WORKS(hm_listen(&w.core, &answer));
    WORKS(web_narrow(&w, "pump", 5));
    sleep(3);
    FAILS(HM_REFUSED, "expired", web_sign(&w, "one", HM_LOGGED_CMS));
    WORKS(web_ask(&w, HM_MSG_WIDEN));
    FAILS(HM_REFUSED, "expired", web_narrow(&w, "pump", 5));
    server_stop(&s);
    assert_true(count_entries(&s, "expired", "job") >= 2);
}

/* W, which waits for it, hears so. */
static void judge_begins_anew(server *s, web *w) {
    HM_BUF said = HM_BUF_EMPTY;
    hm_message answer;
    hm_fault fault = hm_fault_keep(hm_could_not("begins"));
    WORKS(hm_identity_fault_put(HM_IDENTITY_BEGINS, &fault, &said));
    assert_int_equal(send(s->identity, said.data, said.len, 0), said.len);
    FAILS(HM_COULD_NOT, "cannot be judged", hm_listen(&w->core, &answer));
}

static void a_judge_that_begins_anew_leaves_nobody_waiting(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    hm_message answer;
    server_start(&s);
    web_open(&s, &w);
    send_token(&w);
    (void)hear_token(&s);
    judge_begins_anew(&s, &w);
    send_token(&w);
    judge(&s, hear_token(&s), "123", 4000000000);
    WORKS(hm_listen(&w.core, &answer));
    server_stop(&s);
}

static void a_late_judgement_answers_no_other_question(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    hm_message answer;
    server_start(&s);
    web_open(&s, &w);
    send_token(&w);
    uint64_t first = hear_token(&s);
    judge_begins_anew(&s, &w);
    send_token(&w);
    uint64_t second = hear_token(&s);
    judge(&s, first, "123", 4000000000);
    judge(&s, second, "999", 4000000000);
    FAILS(HM_REFUSED, "", hm_listen(&w.core, &answer));
    server_stop(&s);
}

/* ---- descriptors ---- */

static size_t descriptors_of(pid_t pid) {
    char name[32];
    size_t count = 0;
    snprintf(name, sizeof name, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(name);
    assert_non_null(folder);
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

/* All that was sent before has been seen when it answers this. */
static void wait_for(server *s) {
    WEB w;
    web_open(s, &w);
    web_close(&w);
    web_open(s, &w);
}

static void send_odd_ones(server *s) {
    int pair[2], odd[6], many[200], none = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    odd[0] = pair[0];
    odd[1] = open("/dev/null", O_RDWR);
    odd[2] = open("/", O_PATH);
    odd[3] = socket(AF_INET, SOCK_STREAM, 0);
    odd[4] = socket(AF_UNIX, SOCK_DGRAM, 0);
    odd[5] = socket(AF_UNIX, SOCK_STREAM, 0); /* connected to nobody */
    send_descriptors(s->fronts, &none, 0);
    assert_int_equal(send(s->fronts, "more than an octet", 18, 0), 18);
    for (size_t i = 0; i < 6; i++) send_descriptors(s->fronts, &odd[i], 1);
    send_descriptors(s->fronts, odd, 2);
    send_descriptors(s->fronts, odd, 6);
    for (size_t i = 0; i < 200; i++) many[i] = odd[i % 6];
    send_descriptors(s->fronts, many, 200);
    for (size_t i = 0; i < 6; i++) close(odd[i]);
    close(pair[1]);
}

static void packets_with_other_descriptors_leave_nothing_behind(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    server_start(&s);
    web_as(&s, &w, ci);
    wait_for(&s);
    size_t before = descriptors_of(s.core);
    for (size_t i = 0; i < 300; i++) send_odd_ones(&s);
    wait_for(&s);
    assert_in_range(descriptors_of(s.core), before - 2, before + 2);
    WORKS(web_narrow(&w, "pump", 1));
    WORKS(web_sign(&w, "one", HM_LOGGED_CMS));
    server_stop(&s);
}

static void sessions_beyond_all_measure_are_not_taken_and_those_there_go_on(void **ignored) {
    (void)ignored;
    enum { MANY = 1100 };
    static web many[MANY];
    SERVER s;
    WEB w, after;
    size_t refused = 0;
    char byte;
    server_start(&s);
    web_as(&s, &w, ci);
    for (size_t i = 0; i < MANY; i++) web_raw(&s, &many[i]);
    WORKS(web_narrow(&w, "pump", 1));
    assert_int_equal(poll(&(struct pollfd){.fd = many[MANY - 1].core.fd, .events = POLLIN}, 1, 30000), 1);
    for (size_t i = 0; i < MANY; i++) {
        /* Those that were not taken are closed; the others wait to be greeted. */
        struct pollfd gone = {.fd = many[i].core.fd, .events = POLLIN};
        refused += poll(&gone, 1, 0) == 1 && recv(many[i].core.fd, &byte, 1, MSG_DONTWAIT) == 0;
    }
    assert_in_range(refused, 50, 150);
    for (size_t i = 0; i < MANY; i++) web_close(&many[i]);
    WORKS(web_sign(&w, "one", HM_LOGGED_CMS));
    web_as(&s, &after, carol);
    server_stop(&s);
}

/* ---- who asks much, and who does not listen ---- */

static hm_err send_many(web *w, hm_message_type type, size_t count) {
    HM_BUF frames = HM_BUF_EMPTY;
    hm_message question = {.type = type};
    if (type == HM_MSG_LOG_LIST) question.field[HM_LOG_LIST_COUNT].number = 1000;
    for (size_t i = 0; i < count; i++) WORKS(hm_wire_put(&question, &frames));
    return hm_wire_send_frames(w->core.fd, hm_buf_bytes(&frames));
}

static void one_sessions_flood_does_not_starve_another(void **ignored) {
    (void)ignored;
    enum { FLOOD = 25000 };
    SERVER s;
    WEB flood, w;
    hm_message answer;
    server_start(&s);
    web_as(&s, &flood, carol);
    web_as(&s, &w, ci);
    kill(s.core, SIGSTOP);
    WORKS(send_many(&flood, HM_MSG_STATEMENT_NEXT, FLOOD));
    kill(s.core, SIGCONT);
    WORKS(web_narrow(&w, "pump", 1));
    WORKS(web_sign(&w, "one", HM_LOGGED_CMS));
    /* And it is itself answered in the end. */
    for (size_t i = 0; i < FLOOD; i++) {
        WORKS(hm_listen(&flood.core, &answer));
        assert_int_equal(answer.type, HM_MSG_STATEMENT_PLACE);
    }
    server_stop(&s);
}

static void who_does_not_read_is_dropped_and_others_go_on(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB deaf, w;
    server_start(&s);
    web_as(&s, &deaf, carol);
    web_as(&s, &w, ci);
    WORKS(web_narrow(&w, "pump", 2));
    WORKS(send_many(&deaf, HM_MSG_LOG_LIST, 500));
    WORKS(web_sign(&w, "one", HM_LOGGED_CMS));
    struct pollfd gone = {.fd = deaf.core.fd, .events = POLLRDHUP};
    assert_int_equal(poll(&gone, 1, 60000), 1);
    WORKS(web_sign(&w, "two", HM_LOGGED_CMS));
    server_stop(&s);
}

/* ---- a core that ends ---- */

/* What lies there to be read until the other side ends. */
static void hear_all(int fd, hm_buf *heard) {
    uint8_t some[512];
    for (ssize_t n; (n = recv(fd, some, sizeof some, 0)) != 0;) {
        assert_true(n > 0);
        WORKS(hm_put(heard, HM_BYTES(some, (size_t)n)));
    }
}

static void the_last_word_is_for_who_has_finished(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB finished, asks;
    HM_BUF last = HM_BUF_EMPTY, other = HM_BUF_EMPTY, closing = HM_BUF_EMPTY;
    server_start(&s);
    web_as(&s, &finished, ci);
    web_as(&s, &asks, ci);
    shutdown(finished.core.fd, SHUT_WR);
    hear_all(finished.core.fd, &last);
    WORKS(hm_wire_put(&(hm_message){.type = HM_MSG_CLOSING}, &closing));
    assert_true(hm_bytes_equal(hm_buf_bytes(&last), hm_buf_bytes(&closing)));
    server_stop(&s);
    /* Its front would take it for what the question came to that it is just about to ask. */
    hear_all(asks.core.fd, &other);
    assert_int_equal(other.len, 0);
}

static uint64_t published(const server *s) {
    HM_BUF checkpoint = HM_BUF_EMPTY;
    const char *text;
    WORKS(hm_file_read(AT_FDCWD, office_file(&s->office, "log/checkpoint"), 4096, &checkpoint));
    WORKS(hm_buf_string(&checkpoint, &text));
    return strtoull(strchr(text, '\n') + 1, NULL, 10);
}

static void what_a_killed_core_had_logged_gets_its_checkpoint(void **ignored) {
    (void)ignored;
    SERVER s;
    WEB w;
    server_start(&s);
    web_as(&s, &w, ci);
    WORKS(web_narrow(&w, "pump", 1));
    WORKS(web_sign(&w, "one", HM_LOGGED_CMS));
    server_kill(&s);
    assert_true(published(&s) < entries_in(&s.office));
    server_run(&s);
    for (int i = 0; i < 300 && published(&s) < entries_in(&s.office); i++) poll(NULL, 0, 100);
    assert_int_equal(published(&s), entries_in(&s.office));
    server_stop(&s);
}

static void a_last_word_is_no_answer(void **ignored) {
    (void)ignored;
    WEB w = {.core = HM_CONNECTION_NONE};
    hm_message question = {.type = HM_MSG_STATEMENT_NEXT}, answer;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    w.core.fd = pair[0];
    WORKS(hm_wire_send(pair[1], &(hm_message){.type = HM_MSG_CLOSING}));
    FAILS(HM_COULD_NOT, "has ended", hm_ask(&w.core, &question, &answer));
    close(pair[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(who_has_proved_nothing_is_answered_nothing),
        OFFICE_TEST(nothing_is_said_before_hello),
        OFFICE_TEST(arbitrary_bytes_end_one_session_and_no_other),
        OFFICE_TEST(a_proof_is_by_a_principals_key_over_this_session_and_connection),
        OFFICE_TEST(who_was_revoked_opens_no_session),
        OFFICE_TEST(a_session_is_no_approval_and_none_is_made_without_the_key),
        OFFICE_TEST(only_the_identity_process_judges_tokens),
        OFFICE_TEST(a_session_lasts_no_longer_than_its_token),
        OFFICE_TEST(a_judge_that_begins_anew_leaves_nobody_waiting),
        OFFICE_TEST(a_late_judgement_answers_no_other_question),
        OFFICE_TEST(packets_with_other_descriptors_leave_nothing_behind),
        OFFICE_TEST(sessions_beyond_all_measure_are_not_taken_and_those_there_go_on),
        OFFICE_TEST(one_sessions_flood_does_not_starve_another),
        OFFICE_TEST(who_does_not_read_is_dropped_and_others_go_on),
        OFFICE_TEST(the_last_word_is_for_who_has_finished),
        OFFICE_TEST(a_last_word_is_no_answer),
        OFFICE_TEST(what_a_killed_core_had_logged_gets_its_checkpoint),
    };
    return cmocka_run_group_tests(tests, begin_served, finish_served);
}
