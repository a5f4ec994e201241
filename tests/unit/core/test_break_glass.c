/* A policy for some hours decides, says so wherever it does, and is over when it is over. */
#include "governed_fixture.h"

static const char catalogues[] = "rule recall\n  request by us\n  formats catalogue\n";

static hm_statement glass(const char *text, int64_t seconds) {
    hm_statement s = policy("pump", text);
    s.temporary = true;
    s.time = time(NULL);
    s.until = seconds ? s.time + seconds : 0;
    if (seconds) s.reason = hm_text("a recall");
    return s;
}
static hm_statement the_end(void) { return glass("", 0); }

static hm_message sign_anything(office *o, uint64_t format) {
    hm_message question = {.type = HM_MSG_SIGN};
    static const uint8_t digest[32] = "a digest";
    question.field[HM_SIGN_FORMAT].number = format;
    question.field[HM_SIGN_STRUCTURE].number = 1;
    question.field[HM_SIGN_ALGORITHM].number = HM_KEY_ES256;
    question.field[HM_SIGN_NAME].bytes = hm_text("f");
    question.field[HM_SIGN_PLAIN].bytes = question.field[HM_SIGN_CONTENT].bytes = HM_ARRAY(digest);
    return ask(o, &question);
}

/* Does the entry with this number hold WORDS? */
static bool entry_holds(office *o, uint64_t index, const char *words) {
    hm_message list = {.type = HM_MSG_LOG_LIST};
    list.field[HM_LOG_LIST_FROM].number = index;
    list.field[HM_LOG_LIST_COUNT].number = 1;
    hm_message found_entry = ask(o, &list);
    assert_int_equal(found_entry.type, HM_MSG_LOG_ENTRY);
    hm_bytes details = found_entry.field[HM_LOG_ENTRY_DETAILS].bytes;
    bool found = memmem(details.data, details.len, words, strlen(words));
    hear(o);
    return found;
}

static void while_it_lasts_it_decides_and_says_so(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(state(&o, glass(catalogues, 3600), BY(alice, bob)));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "no rule fits", sign(&o));
    hm_message answer = sign_anything(&o, HM_LOGGED_CATALOGUE);
    assert_int_equal(answer.type, HM_MSG_SIGNED);
    hm_bytes remark = answer.field[HM_SIGNED_REMARK].bytes;
    uint64_t intent = answer.field[HM_SIGNED_INTENT].number;
    assert_non_null(memmem(remark.data, remark.len, "BREAK-GLASS of pump until ", 26));
    assert_non_null(memmem(remark.data, remark.len, ", by alice, bob: a recall", 25));
    office_reconnect(&o);
    assert_true(entry_holds(&o, intent, "\"break_glass\":true"));
    ask(&o, &(hm_message){.type = HM_MSG_LOG_AUDIT});
    office_disconnect(&o);
}

static void what_the_own_policy_lets_through_says_nothing(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(narrow_to(&o, "pump"));
    hm_message answer = sign_anything(&o, HM_LOGGED_CMS);
    assert_int_equal(answer.type, HM_MSG_SIGNED);
    assert_int_equal(answer.field[HM_SIGNED_REMARK].bytes.len, 0);
    uint64_t intent = answer.field[HM_SIGNED_INTENT].number;
    office_reconnect(&o);
    assert_false(entry_holds(&o, intent, "break_glass"));
    office_disconnect(&o);
}

/* Also in a session that has begun under it. */
static void when_it_is_ended_the_own_policy_decides(void **ignored) {
    (void)ignored;
    OFFICE o, other = {.core = HM_CONNECTION_NONE};
    open_governed(&o);
    WORKS(state(&o, glass(catalogues, 3600), BY(alice, bob)));
    memcpy(other.directory, o.directory, sizeof other.directory);
    office_connect(&other);
    WORKS(narrow_to(&other, "pump"));
    WORKS(sign_as(&other, HM_LOGGED_CATALOGUE));
    WORKS(state(&o, the_end(), BY(bob)));
    FAILS(HM_REFUSED, "no rule fits", sign_as(&other, HM_LOGGED_CATALOGUE));
    WORKS(sign(&other));
    office_disconnect(&other);
    office_disconnect(&o);
}

static void assert_alarms(office *o, uint64_t wanted) {
    hm_message answer = ask(o, &(hm_message){.type = HM_MSG_ALARMS});
    assert_int_equal(answer.type, HM_MSG_ALARMED);
    assert_int_equal(answer.field[HM_ALARMED_BREAK_GLASS].number, wanted);
}

static void the_core_says_how_many_are_in_force(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    assert_alarms(&o, 0);
    WORKS(state(&o, glass(catalogues, 3600), BY(alice, bob)));
    assert_alarms(&o, 1);
    hm_statement other = glass(catalogues, 3600); /* of now: statements lie in the order of their times */
    other.product = hm_text("valve");
    WORKS(state(&o, other, BY(alice, bob)));
    assert_alarms(&o, 2);
    WORKS(state(&o, the_end(), BY(bob)));
    assert_alarms(&o, 1);
    office_disconnect(&o);
}

static void it_is_over_by_itself(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(state(&o, glass(catalogues, 1), BY(alice, bob)));
    sleep(2);
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "no rule fits", sign_as(&o, HM_LOGGED_CATALOGUE));
    WORKS(sign(&o));
    office_disconnect(&o);
}

static void what_is_no_break_glass_policy_is_refused(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    FAILS(HM_REFUSED, "line 1", state(&o, glass("rule nobody\n", 3600), BY(alice, bob)));
    FAILS(HM_REFUSED, "24 hours", state(&o, glass(catalogues, 24 * 3600 + 1), BY(alice, bob)));
    FAILS(HM_REFUSED, "has 1", state(&o, glass(catalogues, 3600), BY(alice)));
    FAILS(HM_REFUSED, "", state(&o, glass(catalogues, 3600), BY(alice, alice)));
    FAILS(HM_REFUSED, "", state(&o, glass(catalogues, 3600), BY(alice, mallory)));
    FAILS(HM_REFUSED, "no break-glass policy to end", state(&o, the_end(), BY(alice, bob)));
    hm_statement elsewhere = glass(catalogues, 3600);
    elsewhere.product = hm_text("heart");
    FAILS(HM_REFUSED, "no product heart", state(&o, elsewhere, BY(alice, bob)));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "no rule fits", sign_as(&o, HM_LOGGED_CATALOGUE));
    office_disconnect(&o);
}

static void what_was_ended_is_not_handed_in_again(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF envelope = HM_BUF_EMPTY;
    hm_message add = {.type = HM_MSG_STATEMENT_ADD}, answer;
    open_governed(&o);
    WORKS(write_next(&o, glass(catalogues, 3600), BY(alice, bob), &envelope));
    add.field[HM_STATEMENT_ADD_ENVELOPE].bytes = hm_buf_bytes(&envelope);
    WORKS(hm_ask(&o.core, &add, &answer));
    WORKS(state(&o, the_end(), BY(alice)));
    FAILS(HM_REFUSED, "", hm_ask(&o.core, &add, &answer));
    office_disconnect(&o);
}

/* Whoever edits the database neither hides the end of one, nor lengthens it. */
static void an_edited_database_signs_nothing(void **ignored) {
    (void)ignored;
    static const char *const edits[] = {
        "UPDATE entry SET tag = 0 WHERE idx = (SELECT max(idx) FROM entry)",
        "UPDATE entry SET details = (SELECT details FROM entry WHERE idx = (SELECT max(idx) - 1 FROM entry)) "
        "WHERE idx = (SELECT max(idx) FROM entry)",
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        OFFICE o;
        open_governed(&o);
        WORKS(state(&o, glass(catalogues, 3600), BY(alice, bob)));
        WORKS(state(&o, the_end(), BY(bob)));
        office_disconnect(&o);
        office_sql(&o, edits[i]);
        office_connect(&o);
        FAILS(HM_REFUSED, "", narrow_to(&o, "pump"));
        office_disconnect(&o);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_it_lasts_it_decides_and_says_so),
        cmocka_unit_test(what_the_own_policy_lets_through_says_nothing),
        cmocka_unit_test(when_it_is_ended_the_own_policy_decides),
        cmocka_unit_test(the_core_says_how_many_are_in_force),
        cmocka_unit_test(it_is_over_by_itself),
        cmocka_unit_test(what_is_no_break_glass_policy_is_refused),
        cmocka_unit_test(what_was_ended_is_not_handed_in_again),
        cmocka_unit_test(an_edited_database_signs_nothing),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
