/* An office with founders: roles and policies hold. The officers' keys are the tests' own; this process's user is the
 * principal "us". */
#include "governed_fixture.h"

static void who_has_the_role_signs_what_the_policy_allows(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_narrowed(&o);
    WORKS(sign(&o));
    FAILS(HM_REFUSED, "policy of pump", sign_as(&o, HM_LOGGED_CATALOGUE));
    office_disconnect(&o);
}

static void a_role_is_for_its_product(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    FAILS(HM_REFUSED, "us is not requester of valve", narrow_to(&o, "valve"));
    office_disconnect(&o);
}

static void a_role_that_was_withdrawn_is_none(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(state(&o, withdrawn("us", HM_ROLE_REQUESTER, "pump"), BY(bob)));
    FAILS(HM_REFUSED, "us is not requester of pump", narrow_to(&o, "pump"));
    office_disconnect(&o);
}

static void without_a_policy_nothing_is_signed(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(state(&o, policy("pump", ""), BY(alice, bob)));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "pump has no policy", sign(&o));
    office_disconnect(&o);
}

/* Counted in the log: another session starts where this one ended. */
static void a_quota_holds_across_sessions(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_narrowed(&o);
    WORKS(sign(&o));
    WORKS(sign(&o));
    office_disconnect(&o);
    office_connect(&o);
    WORKS(narrow_to(&o, "pump"));
    WORKS(sign(&o));
    FAILS(HM_REFUSED, "quota", sign(&o));
    office_disconnect(&o);
}

static void acts_take_their_roles(void **ignored) {
    (void)ignored;
    static const struct {
        hm_message_type act;
        const char *role;
    } acts[] = {
        {HM_MSG_KEY_GENERATE, "key-officer of pump"},        {HM_MSG_KEY_IMPORT, "key-officer of pump"},
        {HM_MSG_CERT_REQUEST, "key-officer of pump"},        {HM_MSG_TRUST_KEY, "key-officer of the whole office"},
        {HM_MSG_LOG_KEY, "key-officer of the whole office"}, {HM_MSG_PRODUCT_ADD, "administrator of the whole office"}};
    OFFICE o;
    open_governed(&o);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        hm_message question = {.type = acts[i].act}, answer;
        question.field[0].bytes = hm_text("pump");
        question.field[1].number = HM_KEY_ES256;
        if (acts[i].act == HM_MSG_KEY_IMPORT) question.field[HM_KEY_IMPORT_WAS].bytes = hm_text("id");
        if (acts[i].act == HM_MSG_TRUST_KEY || acts[i].act == HM_MSG_LOG_KEY) question.field[0].bytes = HM_NO_BYTES;
        FAILS(HM_REFUSED, acts[i].role, hm_ask(&o.core, &question, &answer));
    }
    office_disconnect(&o);
}

static void a_statement_takes_officers_and_their_signatures(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    FAILS(HM_REFUSED, "takes the signatures of 2", state(&o, principal("dan", 7), BY(alice)));
    FAILS(HM_REFUSED, "no principal's", state(&o, principal("dan", 7), BY(alice, mallory)));
    FAILS(HM_REFUSED, "no product nowhere", state(&o, role("us", HM_ROLE_AUDITOR, "nowhere"), BY(alice, bob)));
    FAILS(HM_REFUSED, "line 1", state(&o, policy("pump", "allow everything\n"), BY(alice, bob)));
    WORKS(state(&o, principal("dan", 7), BY(alice, bob)));
    office_disconnect(&o);
}

static void a_signature_over_something_else_is_none(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF envelope = HM_BUF_EMPTY;
    hm_message add = {.type = HM_MSG_STATEMENT_ADD};
    open_governed(&o);
    WORKS(write_next(&o, principal("dan", 7), BY(alice, bob), &envelope));
    say_don(&envelope);
    add.field[HM_STATEMENT_ADD_ENVELOPE].bytes = hm_buf_bytes(&envelope);
    expect_fault(&o, HM_REFUSED, "signature", &add);
    office_disconnect(&o);
}

/* Another session with the same office. */
static office connected_beside(const office *o) {
    office other = {.core = HM_CONNECTION_NONE};
    memcpy(other.directory, o->directory, sizeof other.directory);
    office_connect(&other);
    return other;
}

/* A session that stands since before: it has read the statements, and its role is withdrawn now. */
static void a_session_sees_what_officers_state_meanwhile(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_narrowed(&o);
    WORKS(sign(&o));
    office officer = connected_beside(&o);
    WORKS(state(&officer, withdrawn("us", HM_ROLE_REQUESTER, "pump"), BY(alice)));
    office_disconnect(&officer);
    FAILS(HM_REFUSED, "us is not requester of pump", sign(&o));
    office_disconnect(&o);
}

/* Whoever calls with the user of a principal that was revoked is nobody, and who has it then is somebody else. */
static void a_session_is_whose_user_it_is_now(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_narrowed(&o);
    WORKS(sign(&o));
    office officer = connected_beside(&o);
    WORKS(state(&officer, principal("us", getuid() + 1), BY(alice, bob)));
    FAILS(HM_REFUSED, "no principal of this office", sign(&o));
    WORKS(state(&officer, principal("they", getuid()), BY(alice, bob)));
    FAILS(HM_REFUSED, "they is not requester of pump", sign(&o));
    office_disconnect(&officer);
    office_disconnect(&o);
}

/* With such a key in the registry no signature by a later one would be found, or anybody's would verify. */
static void a_principals_key_is_one(void **ignored) {
    (void)ignored;
    static const uint8_t identity[44] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00, 1};
    software_signer *rsa = software_signer_new(HM_KEY_RSA3072);
    OFFICE o;
    open_governed(&o);
    hm_statement dan = principal("dan", -1);
    dan.keys = 1;
    dan.key[0] = hm_text("no key at all");
    FAILS(HM_REFUSED, "a key of dan", state(&o, dan, BY(alice, bob)));
    dan.key[0] = software_signer_of(rsa)->spki;
    FAILS(HM_REFUSED, "is an RSA key", state(&o, dan, BY(alice, bob)));
    dan.key[0] = HM_ARRAY(identity);
    FAILS(HM_REFUSED, "anybody's signatures", state(&o, dan, BY(alice, bob)));
    dan.key[0] = software_signer_of(mallory)->spki;
    WORKS(state(&o, dan, BY(alice, bob)));
    office_disconnect(&o);
    software_signer_free(&rsa);
}

static void a_key_that_was_imported_is_refused_where_the_policy_says_so(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(state(&o, policy("pump", "rule all\n  request by us\n  formats cms\n  keys not-imported\n"), BY(alice, bob)));
    WORKS(narrow_to(&o, "pump"));
    WORKS(sign(&o));
    /* The token says of its keys that they were not made in it. */
    token_faults("C_GetAttributeValue zero 0 0");
    hm_err err = sign(&o);
    token_faults("");
    FAILS(HM_REFUSED, "imported", err);
    office_disconnect(&o);
}

/* Who asks only, and is nobody, has no key made. */
static void the_receipts_key_is_not_made_for_whoever_asks(void **ignored) {
    (void)ignored;
    static const uint8_t hash[32];
    OFFICE o;
    hm_message question = {.type = HM_MSG_LOG_RECEIPT};
    question.field[HM_LOG_RECEIPT_SIGNATURE].bytes = question.field[HM_LOG_RECEIPT_CONTENT].bytes = HM_ARRAY(hash);
    open_governed(&o);
    expect_fault(&o, HM_REFUSED, "no key for receipts", &question);
    office_disconnect(&o);
}

/* Each has a quota of his own. */
static void a_quota_is_of_one_principal(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(state(&o, policy("pump", "rule all\n  request by us, them\n  formats cms\n  quota 1 per hour\n"),
                BY(alice, bob)));
    WORKS(narrow_to(&o, "pump"));
    WORKS(sign(&o));
    FAILS(HM_REFUSED, "quota", sign(&o));
    office_disconnect(&o);
    office_connect(&o);
    WORKS(state(&o, principal("us", getuid() + 1), BY(alice, bob)));
    WORKS(state(&o, principal("them", getuid()), BY(alice, bob)));
    WORKS(state(&o, role("them", HM_ROLE_REQUESTER, "pump"), BY(alice, bob)));
    WORKS(narrow_to(&o, "pump"));
    WORKS(sign(&o));
    FAILS(HM_REFUSED, "quota", sign(&o));
    office_disconnect(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(who_has_the_role_signs_what_the_policy_allows),
        OFFICE_TEST(a_role_is_for_its_product),
        OFFICE_TEST(a_role_that_was_withdrawn_is_none),
        OFFICE_TEST(without_a_policy_nothing_is_signed),
        OFFICE_TEST(a_quota_holds_across_sessions),
        OFFICE_TEST(acts_take_their_roles),
        OFFICE_TEST(a_statement_takes_officers_and_their_signatures),
        OFFICE_TEST(a_signature_over_something_else_is_none),
        OFFICE_TEST(a_principals_key_is_one),
        OFFICE_TEST(a_quota_is_of_one_principal),
        OFFICE_TEST(a_key_that_was_imported_is_refused_where_the_policy_says_so),
        OFFICE_TEST(the_receipts_key_is_not_made_for_whoever_asks),
        OFFICE_TEST(a_session_sees_what_officers_state_meanwhile),
        OFFICE_TEST(a_session_is_whose_user_it_is_now),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
