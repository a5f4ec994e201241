/* A key signs while it is active, and who says that it is not are the office's officers. Keys of the copies are the
 * same token's: what is destroyed here was made here. */
#include "governed_fixture.h"

#include <core/backup.h>
#include <keys/token.h>
#include <sqlite3.h>
#include <sys/wait.h>

/* Rows that QUERY counts. */
static int office_count(const office *o, const char *query) {
    sqlite3 *db;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open(office_file(o, "office.db"), &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) != SQLITE_OK) fail_msg("%s", sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int count = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return count;
}

static hm_err open_token(hm_buf *storage, hm_token **token) {
    const char *pin_path;
    HM_SECRET *code = NULL;
    hm_token_selector selector;
    HM_TRY(hm_token_selector_from_uri(office_token_uri(), storage, &selector, &pin_path));
    HM_TRY(hm_secret_from_file(office_pin_path(), &code));
    return hm_token_open(&selector, code, token);
}

static hm_err find_in_token(const uint8_t id[static 16]) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_token *token = NULL;
    hm_key *key;
    HM_TRY(open_token(&storage, &token));
    hm_err err = hm_token_find(token, HM_KEY_ES256, id, HM_NO_BYTES, &key);
    hm_token_close(&token);
    return err;
}

/* A process of its own asks, which has never seen the token before. */
static bool token_has(const uint8_t id[static 16]) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        hm_err err = find_in_token(id);
        _exit(!hm_failed(err) ? 0 : strstr(hm_err_sentence(), "has no es256 key") ? 1 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 0;
}

/* The token's own act, as by a core that ended before it could say so. */
static void destroy_in_token(const uint8_t id[static 16]) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        HM_BUF storage = HM_BUF_EMPTY;
        hm_token *token = NULL;
        bool was_there = false;
        bool done = !hm_failed(open_token(&storage, &token)) &&
                    !hm_failed(hm_token_destroy_id(token, HM_KEY_ES256, id, &was_there));
        _exit(done && was_there ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static bool keys_are_wrong;

static void hear_of_keys(void *context, const char *what, hm_err found, const char *sentence) {
    if (strcmp(what, "keys") == 0) keys_are_wrong = hm_failed(found) && strstr(sentence, context);
}

/* Does office check say so of the keys? */
static bool check_says(const office *o, const char *words) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        hm_checked_log log;
        char context[80];
        snprintf(context, sizeof context, "%s", words);
        hm_office_check(o->directory, hear_of_keys, context, &log);
        _exit(keys_are_wrong ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 0;
}

static const char destroyed_entries[] = "SELECT count(*) FROM entry WHERE CAST(details AS TEXT) LIKE '%key destroyed%'";

typedef struct {
    size_t count;
    uint8_t id[8][16];
} ids;

/* Of PRODUCT ("": of the office), as the office lists them: the newest last. */
static ids keys_of(office *o, const char *product, hm_key_role role) {
    ids found = {0};
    hm_message question = {.type = HM_MSG_KEY_LIST}, answer;
    WORKS(hm_ask(&o->core, &question, &answer));
    while (answer.type == HM_MSG_KEY) {
        bool meant = answer.field[HM_KEY_ROLE].number == (uint64_t)role &&
                     hm_bytes_equal(answer.field[HM_KEY_PRODUCT].bytes, hm_text(product));
        if (meant) memcpy(found.id[found.count++], answer.field[HM_KEY_TOKEN_ID].bytes.data, 16);
        WORKS(hm_listen(&o->core, &answer));
    }
    return found;
}

static hm_statement of_key(const uint8_t *id, const char *product, hm_key_state to) {
    hm_statement s = {.act = HM_ACT_KEY, .product = hm_text(product), .state = to};
    memcpy(s.token_id, id, sizeof s.token_id);
    return s;
}

static void be_key_officer(office *o) { WORKS(state(o, role("us", HM_ROLE_KEY_OFFICER, "pump"), BY(alice, bob))); }

static hm_err make_next(office *o) {
    hm_message question = {.type = HM_MSG_KEY_GENERATE}, answer;
    question.field[HM_KEY_GENERATE_PRODUCT].bytes = hm_text("pump");
    question.field[HM_KEY_GENERATE_ALGORITHM].number = HM_KEY_ES256;
    question.field[HM_KEY_GENERATE_NEXT].number = 1;
    return hm_ask(&o->core, &question, &answer);
}

/* In a session of its own. */
static hm_err sign_anew(office *o) {
    office_reconnect(o);
    HM_TRY(narrow_to(o, "pump"));
    hm_err err = sign(o);
    hm_fault fault = hm_fault_keep(err);
    office_reconnect(o);
    return hm_fault_raise(&fault);
}

/* The last intent was for this key. */
static bool signed_by(const office *o, const uint8_t id[static 16]) {
    HM_BUF hex = HM_BUF_EMPTY;
    const char *name;
    uint64_t at = entries_in(o);
    WORKS(hm_put_hex(&hex, HM_BYTES(id, 16)));
    WORKS(hm_buf_string(&hex, &name));
    while (at--) {
        ENTRY e = {0};
        entry_read(o, at, &e);
        if (e.leaf.type == HM_LEAF_INTENT && details_hold(&e, "\"content\"")) return details_hold(&e, name);
    }
    return false;
}

/* The pump's two keys: the one that signs, and the next. */
static ids open_with_next(office *o) {
    open_governed(o);
    be_key_officer(o);
    WORKS(make_next(o));
    return keys_of(o, "pump", HM_KEY_ROLE_SIGNING);
}

/* It is stated, and the token does not do it. */
static void fail_to_destroy(office *o, const uint8_t id[static 16]) {
    office_reconnect(o);
    token_faults("C_DestroyObject return 0x30 0\n"); /* CKR_DEVICE_ERROR */
    hm_err err = state(o, of_key(id, "pump", HM_KEY_DESTROYED), BY(alice, bob));
    assert_int_equal(err.class, HM_COULD_NOT);
}

static void a_suspended_key_signs_nothing_until_it_is_active_again(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    ids key = keys_of(&o, "pump", HM_KEY_ROLE_SIGNING);
    assert_int_equal(key.count, 1);
    WORKS(state(&o, of_key(key.id[0], "pump", HM_KEY_SUSPENDED), BY(bob)));
    FAILS(HM_REFUSED, "is suspended", sign_anew(&o));
    FAILS(HM_REFUSED, "2 officers, and has 1", state(&o, of_key(key.id[0], "pump", HM_KEY_ACTIVE), BY(bob)));
    WORKS(state(&o, of_key(key.id[0], "pump", HM_KEY_ACTIVE), BY(alice, bob)));
    WORKS(sign_anew(&o));
    office_disconnect(&o);
}

static void a_session_that_has_begun_ends_with_its_key(void **ignored) {
    (void)ignored;
    OFFICE o, officer;
    open_governed(&o);
    ids key = keys_of(&o, "pump", HM_KEY_ROLE_SIGNING);
    officer = o; /* another process of the same office */
    officer.core = HM_CONNECTION_NONE;
    office_connect(&officer);
    WORKS(narrow_to(&o, "pump"));
    WORKS(sign(&o));
    WORKS(state(&officer, of_key(key.id[0], "pump", HM_KEY_SUSPENDED), BY(bob)));
    FAILS(HM_REFUSED, "is suspended", sign(&o));
    office_disconnect(&officer);
    office_disconnect(&o);
}

static void the_next_key_takes_over_and_the_one_before_stays(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    FAILS(HM_REFUSED, "us is not key-officer of pump", make_next(&o));
    be_key_officer(&o);
    WORKS(sign_anew(&o));
    ids before = keys_of(&o, "pump", HM_KEY_ROLE_SIGNING);
    assert_true(signed_by(&o, before.id[0]));
    WORKS(make_next(&o));
    ids both = keys_of(&o, "pump", HM_KEY_ROLE_SIGNING);
    assert_int_equal(both.count, 2);
    WORKS(sign_anew(&o));
    assert_true(signed_by(&o, both.id[1]));
    WORKS(state(&o, of_key(both.id[0], "pump", HM_KEY_DEACTIVATED), BY(alice)));
    WORKS(sign_anew(&o));
    assert_true(signed_by(&o, both.id[1]));
    WORKS(state(&o, of_key(both.id[1], "pump", HM_KEY_SUSPENDED), BY(alice)));
    FAILS(HM_REFUSED, "is suspended", sign_anew(&o));
    FAILS(HM_REFUSED, "deactivated does not become active",
          state(&o, of_key(both.id[0], "pump", HM_KEY_ACTIVE), BY(alice, bob)));
    office_disconnect(&o);
}

static void a_compromise_takes_two_and_is_final(void **ignored) {
    (void)ignored;
    OFFICE o;
    ids key = open_with_next(&o);
    uint64_t before = entries_in(&o);
    FAILS(HM_REFUSED, "2 officers, and has 1", state(&o, of_key(key.id[1], "pump", HM_KEY_COMPROMISED), BY(alice)));
    assert_int_equal(entries_in(&o), before + 1); /* that it was tried */
    hm_statement stolen = of_key(key.id[1], "pump", HM_KEY_COMPROMISED);
    stolen.since = time(NULL) - 3600;
    stolen.reason = hm_text("a laptop was stolen");
    WORKS(state(&o, stolen, BY(alice, bob)));
    WORKS(state(&o, of_key(key.id[0], "pump", HM_KEY_SUSPENDED), BY(alice)));
    FAILS(HM_REFUSED, "is compromised: a laptop was stolen", sign_anew(&o));
    FAILS(HM_REFUSED, "does not become", state(&o, of_key(key.id[1], "pump", HM_KEY_SUSPENDED), BY(alice)));
    office_disconnect(&o);
}

static void what_is_destroyed_is_in_the_token_no_more(void **ignored) {
    (void)ignored;
    OFFICE o;
    ids key = open_with_next(&o);
    assert_true(token_has(key.id[1]));
    FAILS(HM_REFUSED, "2 officers, and has 1", state(&o, of_key(key.id[1], "pump", HM_KEY_DESTROYED), BY(alice)));
    assert_true(token_has(key.id[1]));
    WORKS(state(&o, of_key(key.id[1], "pump", HM_KEY_DESTROYED), BY(alice, bob)));
    assert_false(token_has(key.id[1]));
    assert_true(token_has(key.id[0]));
    assert_int_equal(office_count(&o, destroyed_entries), 1);
    WORKS(sign_anew(&o));
    assert_true(signed_by(&o, key.id[0]));
    office_disconnect(&o);
}

/* As a crash between the statement and the token leaves it: the next statement, whatever it is, finds it. */
static void what_was_left_to_be_destroyed_is_destroyed_later(void **ignored) {
    (void)ignored;
    OFFICE o;
    ids key = open_with_next(&o);
    fail_to_destroy(&o, key.id[1]);
    assert_true(token_has(key.id[1]));
    token_faults("");
    office_reconnect(&o);
    assert_true(check_says(&o, "is stated to be destroyed, and the token has it"));
    WORKS(state(&o, role("us", HM_ROLE_AUDITOR, "pump"), BY(alice, bob)));
    assert_false(token_has(key.id[1]));
    assert_false(check_says(&o, ""));
    assert_int_equal(office_count(&o, destroyed_entries), 1);
    WORKS(state(&o, role("us", HM_ROLE_AUDITOR, "valve"), BY(alice, bob)));
    assert_int_equal(office_count(&o, destroyed_entries), 1);
    office_disconnect(&o);
}

static void what_was_destroyed_before_it_was_said_is_said_later(void **ignored) {
    (void)ignored;
    OFFICE o;
    ids key = open_with_next(&o);
    fail_to_destroy(&o, key.id[1]);
    token_faults("");
    destroy_in_token(key.id[1]);
    assert_int_equal(office_count(&o, destroyed_entries), 0);
    office_reconnect(&o);
    WORKS(state(&o, role("us", HM_ROLE_AUDITOR, "pump"), BY(alice, bob)));
    assert_int_equal(office_count(&o, destroyed_entries), 1);
    office_disconnect(&o);
}

static void what_is_no_key_of_the_product_has_no_state(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    ids pump = keys_of(&o, "pump", HM_KEY_ROLE_SIGNING), valve = keys_of(&o, "valve", HM_KEY_ROLE_SIGNING),
        log = keys_of(&o, "", HM_KEY_ROLE_LOG);
    FAILS(HM_REFUSED, "no such key", state(&o, of_key(valve.id[0], "pump", HM_KEY_SUSPENDED), BY(alice)));
    FAILS(HM_REFUSED, "no such key", state(&o, of_key(pump.id[0], "", HM_KEY_SUSPENDED), BY(alice)));
    FAILS(HM_REFUSED, "no such key",
          state(&o, of_key((const uint8_t *)"sixteen octets..", "pump", HM_KEY_SUSPENDED), BY(alice)));
    FAILS(HM_REFUSED, "no product", state(&o, of_key(pump.id[0], "tap", HM_KEY_SUSPENDED), BY(alice)));
    FAILS(HM_REFUSED, "the log's own key", state(&o, of_key(log.id[0], "", HM_KEY_SUSPENDED), BY(alice)));
    WORKS(sign_anew(&o));
    office_disconnect(&o);
}

static void a_key_that_has_signed_was_active(void **ignored) {
    (void)ignored;
    OFFICE o;
    ids key = open_with_next(&o);
    WORKS(state(&o, of_key(key.id[1], "pump", HM_KEY_PRE_ACTIVATION), BY(alice)));
    WORKS(sign_anew(&o));
    assert_true(signed_by(&o, key.id[0]));
    FAILS(HM_REFUSED, "has signed already", state(&o, of_key(key.id[0], "pump", HM_KEY_PRE_ACTIVATION), BY(alice)));
    WORKS(state(&o, of_key(key.id[1], "pump", HM_KEY_ACTIVE), BY(alice, bob)));
    WORKS(sign_anew(&o));
    assert_true(signed_by(&o, key.id[1]));
    office_disconnect(&o);
}

static void a_suspended_authority_certifies_nothing(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    be_key_officer(&o);
    ids ca = keys_of(&o, "pump", HM_KEY_ROLE_PRODUCT_CA);
    WORKS(state(&o, of_key(ca.id[0], "pump", HM_KEY_SUSPENDED), BY(alice)));
    FAILS(HM_REFUSED, "is suspended", make_next(&o));
    WORKS(sign_anew(&o)); /* what it certified before is as it was */
    office_disconnect(&o);
}

/* The database says which keys there are; what their states are is not its to say. */
static void who_edits_the_database_activates_no_key(void **ignored) {
    (void)ignored;
    OFFICE o;
    ids key = open_with_next(&o);
    WORKS(state(&o, of_key(key.id[0], "pump", HM_KEY_DEACTIVATED), BY(alice)));
    office_disconnect(&o);
    office_sql(&o, "DELETE FROM key WHERE role=4 AND id=(SELECT max(id) FROM key)");
    office_connect(&o);
    FAILS(HM_REFUSED, "is deactivated", sign_anew(&o));
    office_disconnect(&o);
    office_sql(&o, "DELETE FROM entry WHERE idx=(SELECT max(idx) FROM entry WHERE tag=8319381564205917550)");
    office_connect(&o);
    FAILS(HM_REFUSED, "the database", sign_anew(&o));
    office_disconnect(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(a_suspended_key_signs_nothing_until_it_is_active_again),
        OFFICE_TEST(a_session_that_has_begun_ends_with_its_key),
        OFFICE_TEST(the_next_key_takes_over_and_the_one_before_stays),
        OFFICE_TEST(a_compromise_takes_two_and_is_final),
        OFFICE_TEST(what_is_destroyed_is_in_the_token_no_more),
        OFFICE_TEST(what_was_left_to_be_destroyed_is_destroyed_later),
        OFFICE_TEST(what_was_destroyed_before_it_was_said_is_said_later),
        OFFICE_TEST(what_is_no_key_of_the_product_has_no_state),
        OFFICE_TEST(a_key_that_has_signed_was_active),
        OFFICE_TEST(a_suspended_authority_certifies_nothing),
        OFFICE_TEST(who_edits_the_database_activates_no_key),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
