/* In an office without founders its owner states what becomes of keys: nobody signs it, and it is on record. */
#include "one_person_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of pump's key, or the office's of another role. */
static void key_of(office *o, uint64_t role, uint8_t id[static 16]) {
    bool found = false;
    hm_message question = {.type = HM_MSG_KEY_LIST}, answer = ask(o, &question);
    while (answer.type == HM_MSG_KEY) {
        bool meant =
            answer.field[HM_KEY_ROLE].number == role &&
            (role != HM_KEY_ROLE_SIGNING || hm_bytes_equal(answer.field[HM_KEY_PRODUCT].bytes, hm_text("pump")));
        if (meant) memcpy(id, answer.field[HM_KEY_TOKEN_ID].bytes.data, 16);
        found |= meant;
        answer = hear(o);
    }
    assert_true(found);
}

static hm_err state_key(office *o, hm_key_state to) {
    hm_statement s = place_of(o);
    s.act = HM_ACT_KEY;
    s.product = hm_text("pump");
    s.state = to;
    key_of(o, HM_KEY_ROLE_SIGNING, s.token_id);
    return hand_in(o, &s);
}

static void what_its_owner_suspends_signs_nothing(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    WORKS(state_key(&o, HM_KEY_SUSPENDED));
    narrow(&o, 2);
    FAILS(HM_REFUSED, "is suspended", sign(&o));
    office_reconnect(&o);
    narrow(&o, 2);
    FAILS(HM_REFUSED, "is suspended", sign(&o));
    office_reconnect(&o);
    WORKS(state_key(&o, HM_KEY_ACTIVE));
    narrow(&o, 2);
    WORKS(sign(&o));
    office_disconnect(&o);
}

static void others_who_have_the_office_open_see_the_first_statement(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    office other = o;
    office_connect(&other);
    narrow(&other, 4);
    WORKS(sign(&other));
    WORKS(state_key(&o, HM_KEY_SUSPENDED));
    FAILS(HM_REFUSED, "is suspended", sign(&other));
    office_disconnect(&other);
    office_disconnect(&o);
}

static void a_transition_that_is_none_is_refused_and_logged(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    WORKS(state_key(&o, HM_KEY_DEACTIVATED));
    uint64_t before = entries_in(&o);
    FAILS(HM_REFUSED, "what is deactivated does not become active", state_key(&o, HM_KEY_ACTIVE));
    FAILS(HM_REFUSED, "does not become suspended", state_key(&o, HM_KEY_SUSPENDED));
    expect_refusals(&o, before, 2);
    office_disconnect(&o);
}

static void of_people_nothing_is_stated(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    hm_statement s = place_of(&o);
    s.act = HM_ACT_GRANT;
    s.name = hm_text("erin");
    s.role = HM_ROLE_REQUESTER;
    s.until = 4000000000;
    FAILS(HM_REFUSED, "has no founders", hand_in(&o, &s));
    s = place_of(&o);
    s.act = HM_ACT_PRINCIPAL;
    s.name = hm_text("erin");
    s.has_unix = true;
    s.unix_user = 7;
    FAILS(HM_REFUSED, "has no founders", hand_in(&o, &s));
    s = place_of(&o);
    s.act = HM_ACT_POLICY;
    s.product = hm_text("pump");
    s.policy = hm_text("rule all\n  request by me\n  formats cms\n");
    FAILS(HM_REFUSED, "has no founders", hand_in(&o, &s));
    /* What was refused has left nothing behind. */
    WORKS(state_key(&o, HM_KEY_SUSPENDED));
    office_reconnect(&o);
    WORKS(state_key(&o, HM_KEY_ACTIVE));
    office_disconnect(&o);
}

static void nobody_founds_an_office_again(void **ignored) {
    (void)ignored;
    static const uint8_t spki[] = "any key";
    OFFICE o;
    office_open(&o);
    hm_statement s = place_of(&o);
    s.number = 0;
    memset(s.previous, 0, sizeof s.previous);
    s.act = HM_ACT_CHARTER;
    FAILS(HM_REFUSED, "", hand_in(&o, &s));
    s.quorum = s.founders = 1;
    s.founder[0] = (hm_founder){hm_text("mallory"), HM_BYTES(spki, sizeof spki)};
    FAILS(HM_REFUSED, "", hand_in(&o, &s));
    WORKS(state_key(&o, HM_KEY_SUSPENDED));
    FAILS(HM_REFUSED, "", hand_in(&o, &s));
    office_disconnect(&o);
}

static void the_logs_own_key_is_not_stopped(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    hm_statement s = place_of(&o);
    s.act = HM_ACT_KEY;
    s.state = HM_KEY_SUSPENDED;
    key_of(&o, HM_KEY_ROLE_LOG, s.token_id);
    FAILS(HM_REFUSED, "the log's own key", hand_in(&o, &s));
    office_disconnect(&o);
}

/* Where there is no room for the second entry, the first is not there, either. */
static void half_of_the_first_statement_is_none(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    uint64_t before = entries_in(&o);
    office_break_entries(&o, "");
    hm_err err = state_key(&o, HM_KEY_SUSPENDED);
    assert_int_equal(err.class, HM_COULD_NOT);
    office_mend(&o);
    assert_int_equal(entries_in(&o), before);
    WORKS(state_key(&o, HM_KEY_SUSPENDED));
    office_reconnect(&o);
    narrow(&o, 1);
    FAILS(HM_REFUSED, "is suspended", sign(&o));
    office_disconnect(&o);
}

/* Statements that a checkpoint names and the database has no more. */
static void statements_that_were_taken_away_are_missed(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    WORKS(state_key(&o, HM_KEY_SUSPENDED));
    office_disconnect(&o);
    office_sql(&o, "UPDATE entry SET tag=0 WHERE idx=(SELECT max(idx) FROM entry WHERE tag=8319381564205917550)");
    office_connect(&o);
    hm_message question = narrow_message("pump", 1);
    expect_fault(&o, HM_REFUSED, "it was changed", &question);
    office_disconnect(&o);
}

static void who_hides_every_statement_lets_no_key_go(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    WORKS(state_key(&o, HM_KEY_SUSPENDED));
    office_disconnect(&o);
    office_sql(&o, "UPDATE entry SET tag=0 WHERE tag=8319381564205917550");
    office_connect(&o);
    hm_message question = narrow_message("pump", 1);
    expect_fault(&o, HM_REFUSED, "the database has none", &question);
    office_reconnect(&o);
    question = (hm_message){.type = HM_MSG_STATEMENT_NEXT};
    expect_fault(&o, HM_REFUSED, "the database has none", &question);
    office_disconnect(&o);
}

/* The statements' tags, and the checkpoint of before they were made: as it is in a copy that somebody kept. */
static void an_older_checkpoint_does_not_free_a_stopped_key(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    office_disconnect(&o);
    office_sql(&o, "CREATE TABLE kept AS SELECT * FROM head");
    office_connect(&o);
    WORKS(state_key(&o, HM_KEY_SUSPENDED));
    office_disconnect(&o);
    office_sql(&o, "UPDATE entry SET tag=0 WHERE tag=8319381564205917550;"
                   "UPDATE head SET edge=(SELECT edge FROM kept), checkpoint=(SELECT checkpoint FROM kept);"
                   "DROP TABLE kept");
    hm_err err = hm_connect(o.directory, NULL, NULL, &o.core);
    assert_int_equal(err.class, HM_REFUSED);
    assert_said("log/checkpoint names statements");
}

/* Nor one without the line, which nobody has signed. */
static void an_edited_checkpoint_does_not_either(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    WORKS(state_key(&o, HM_KEY_SUSPENDED));
    office_disconnect(&o);
    office_sql(
        &o,
        "UPDATE entry SET tag=0 WHERE tag=8319381564205917550;"
        "UPDATE head SET checkpoint=CAST(replace(CAST(checkpoint AS TEXT),"
        "substr(CAST(checkpoint AS TEXT), instr(CAST(checkpoint AS TEXT),'statements'),"
        "instr(CAST(checkpoint AS TEXT), char(10,10)) - instr(CAST(checkpoint AS TEXT),'statements') + 1), '') AS BLOB)");
    assert_int_equal(unlink(office_file(&o, "log/checkpoint")), 0);
    office_connect(&o);
    hm_message question = narrow_message("pump", 1);
    expect_fault(&o, HM_REFUSED, "the database's own checkpoint", &question);
    (void)!hm_failed(hm_disconnect(&o.core)); /* it cannot publish, and says so */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(what_its_owner_suspends_signs_nothing),
        OFFICE_TEST(others_who_have_the_office_open_see_the_first_statement),
        OFFICE_TEST(a_transition_that_is_none_is_refused_and_logged),
        OFFICE_TEST(of_people_nothing_is_stated),
        OFFICE_TEST(nobody_founds_an_office_again),
        OFFICE_TEST(the_logs_own_key_is_not_stopped),
        OFFICE_TEST(half_of_the_first_statement_is_none),
        OFFICE_TEST(statements_that_were_taken_away_are_missed),
        OFFICE_TEST(who_hides_every_statement_lets_no_key_go),
        OFFICE_TEST(an_older_checkpoint_does_not_free_a_stopped_key),
        OFFICE_TEST(an_edited_checkpoint_does_not_either),
    };
    return RUN_WITH_OFFICE(tests);
}
