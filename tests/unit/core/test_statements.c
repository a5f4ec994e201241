/* An office with founders: roles and policies hold, and who edits its database gains nothing. The officers' keys are
 * the tests' own; this process's user is the principal "us". */
#include "governed_fixture.h"

#include <base/file.h>
#include <sqlite3.h>

static void who_has_the_role_signs_what_the_policy_allows(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(narrow_to(&o, "pump"));
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
    hm_statement withdrawn = role("us", HM_ROLE_REQUESTER, "pump");
    withdrawn.until = 0;
    open_governed(&o);
    WORKS(state(&o, withdrawn, BY(bob)));
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
    open_governed(&o);
    WORKS(narrow_to(&o, "pump"));
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
    } acts[] = {{HM_MSG_KEY_GENERATE, "key-officer of pump"},
                {HM_MSG_CERT_REQUEST, "key-officer of pump"},
                {HM_MSG_TRUST_KEY, "key-officer of the whole office"},
                {HM_MSG_LOG_KEY, "key-officer of the whole office"},
                {HM_MSG_PRODUCT_ADD, "administrator of the whole office"}};
    OFFICE o;
    open_governed(&o);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        hm_message question = {.type = acts[i].act}, answer;
        question.field[0].bytes = hm_text("pump");
        question.field[1].number = HM_KEY_ES256;
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
    HM_BUF cbor = HM_BUF_EMPTY, other = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY;
    hm_signer signers[2] = {*software_signer_of(alice), *software_signer_of(bob)};
    hm_message add = {.type = HM_MSG_STATEMENT_ADD};
    open_governed(&o);
    hm_message place = ask(&o, &(hm_message){.type = HM_MSG_STATEMENT_NEXT});
    hm_statement s = principal("dan", 7);
    memcpy(s.office, o.core.uuid, sizeof s.office);
    s.number = place.field[HM_STATEMENT_PLACE_NUMBER].number;
    memcpy(s.previous, place.field[HM_STATEMENT_PLACE_PREVIOUS].bytes.data, sizeof s.previous);
    s.time = time(NULL);
    WORKS(hm_statement_put(&s, &cbor));
    WORKS(hm_statement_envelope_put(hm_buf_bytes(&cbor), signers, 2, &envelope));
    /* "dan" becomes "don". */
    uint8_t *at = memmem(envelope.data, envelope.len, "dan", 3);
    assert_non_null(at);
    at[1] = 'o';
    add.field[HM_STATEMENT_ADD_ENVELOPE].bytes = hm_buf_bytes(&envelope);
    expect_fault(&o, HM_REFUSED, "signature", &add);
    office_disconnect(&o);
}

/* ---- the database is edited while nobody looks ---- */

static void expect_no_signature(office *o, const char *words) {
    office_connect(o);
    hm_err err = narrow_to(o, "pump");
    if (!hm_failed(err)) err = sign(o);
    if (err.class == HM_DONE) fail_msg("it signed, and should have said: %s", words);
    assert_said(words);
    office_disconnect(o);
}

/* Who audits the log is told, too. */
static void expect_bad_audit(office *o, const char *words) {
    hm_message question = {.type = HM_MSG_LOG_AUDIT}, answer;
    office_connect(o);
    FAILS(HM_REFUSED, words, hm_ask(&o->core, &question, &answer));
    office_disconnect(o);
}

static void expect_neither(office *o, const char *words) {
    expect_no_signature(o, words);
    expect_bad_audit(o, words);
}

static void without_its_statements_no_key_signs(void **ignored) {
    (void)ignored;
    OFFICE o;
    copy_governed(&o);
    /* As if there had never been founders. */
    office_sql(&o, "UPDATE entry SET tag = 0 WHERE tag = 8319381564205917550");
    expect_neither(&o, "under its founders' statements");
}

static void a_dropped_statement_is_missed(void **ignored) {
    (void)ignored;
    OFFICE o;
    hm_statement withdrawn = role("us", HM_ROLE_REQUESTER, "pump");
    withdrawn.until = 0;
    open_governed(&o);
    WORKS(state(&o, withdrawn, BY(bob)));
    office_disconnect(&o);
    /* The role would be there again. */
    office_sql(&o, "UPDATE entry SET tag = 0 WHERE idx = (SELECT max(idx) FROM entry)");
    expect_neither(&o, "names 11 statements, and the database has 10");
}

static void a_statement_that_officers_did_not_sign_is_refused(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF cbor = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY, base64 = HM_BUF_EMPTY, sql = HM_BUF_EMPTY;
    const char *text;
    hm_signer signers[2] = {*software_signer_of(mallory), *software_signer_of(mallory)};
    open_governed(&o);
    hm_message place = ask(&o, &(hm_message){.type = HM_MSG_STATEMENT_NEXT});
    hm_statement s = role("us", HM_ROLE_REQUESTER, "valve");
    memcpy(s.office, o.core.uuid, sizeof s.office);
    s.number = place.field[HM_STATEMENT_PLACE_NUMBER].number;
    memcpy(s.previous, place.field[HM_STATEMENT_PLACE_PREVIOUS].bytes.data, sizeof s.previous);
    s.time = time(NULL);
    office_disconnect(&o);
    WORKS(hm_statement_put(&s, &cbor));
    WORKS(hm_statement_envelope_put(hm_buf_bytes(&cbor), signers, 2, &envelope));
    WORKS(hm_put_base64(&base64, hm_buf_bytes(&envelope)));
    WORKS(hm_put_format(&sql,
                        "INSERT INTO entry SELECT max(idx) + 1, leaf, salt, '{\"statement\":\"%.*s\"}', tag FROM "
                        "entry WHERE tag = 8319381564205917550",
                        (int)base64.len, (const char *)base64.data));
    WORKS(hm_buf_string(&sql, &text));
    office_sql(&o, text);
    expect_no_signature(&o, "a key that is no principal's");
}

static void another_products_key_does_not_pass_for_this_ones(void **ignored) {
    (void)ignored;
    OFFICE o;
    copy_governed(&o);
    office_sql(&o, "UPDATE key SET product = -product WHERE role = 4;"
                   "UPDATE key SET product = (SELECT id FROM product WHERE name = 'pump') WHERE role = 4 AND product = "
                   "-(SELECT id FROM product WHERE name = 'valve')");
    expect_neither(&o, "made for something else");
}

/* A product that takes another's name takes its statements' meaning with it, but not its keys. */
static void a_renamed_product_has_no_key(void **ignored) {
    (void)ignored;
    OFFICE o;
    copy_governed(&o);
    office_sql(&o, "UPDATE product SET name = 'was-pump' WHERE name = 'pump'");
    office_sql(&o, "UPDATE product SET name = 'pump' WHERE name = 'valve'");
    expect_neither(&o, "made for something else");
}

/* ROLE's keys get mallory's public key, and shall be certified once more. */
static void plant_key(const office *o, int role_of_key) {
    HM_BUF sql = HM_BUF_EMPTY;
    const char *text;
    WORKS(hm_put_text(&sql, "UPDATE key SET certificate = x'', chain = x'', spki = x'"));
    WORKS(hm_put_hex(&sql, software_signer_of(mallory)->spki));
    WORKS(hm_put_format(&sql, "' WHERE role = %d AND product = (SELECT id FROM product WHERE name = 'pump')",
                        role_of_key));
    WORKS(hm_buf_string(&sql, &text));
    office_sql(o, text);
}

static void no_certificate_is_issued_for_a_key_that_the_database_names(void **ignored) {
    (void)ignored;
    OFFICE o;
    copy_governed(&o);
    plant_key(&o, HM_KEY_ROLE_SIGNING);
    expect_no_signature(&o, "another key than the database names");
}

static void no_ca_is_made_of_a_key_that_the_database_names(void **ignored) {
    (void)ignored;
    OFFICE o;
    copy_governed(&o);
    office_sql(&o, "UPDATE key SET certificate = x'' WHERE role = 4");
    plant_key(&o, HM_KEY_ROLE_PRODUCT_CA);
    expect_no_signature(&o, "another key than the database names");
}

/* What is signed for a product is for its devices, in its maker's name. */
static void an_edited_office_or_product_has_no_keys(void **ignored) {
    (void)ignored;
    static const char *const edits[] = {
        "UPDATE office SET organization = 'Somebody Else'",
        "UPDATE office SET development = 1 - development",
        "UPDATE product SET class = (SELECT class FROM product WHERE name = 'valve') WHERE name = 'pump'",
        "UPDATE product SET vendor = zeroblob(16) WHERE name = 'pump'",
        "UPDATE key SET created = created + 1",
        "UPDATE key SET algorithm = 2 WHERE role = 2",
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        OFFICE o;
        copy_governed(&o);
        office_sql(&o, edits[i]);
        expect_neither(&o, "made for something else");
    }
}

/* One who signs checkpoints of his own could leave out what he likes. */
static void another_logs_key_vouches_for_nothing(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF sql = HM_BUF_EMPTY;
    const char *text;
    copy_governed(&o);
    WORKS(hm_put_text(&sql, "UPDATE key SET spki = x'"));
    WORKS(hm_put_hex(&sql, software_signer_of(mallory)->spki));
    WORKS(hm_put_text(&sql, "' WHERE role = 2"));
    WORKS(hm_buf_string(&sql, &text));
    office_sql(&o, text);
    expect_no_signature(&o, "not the one that the database names");
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
        OFFICE_TEST(without_its_statements_no_key_signs),
        OFFICE_TEST(a_dropped_statement_is_missed),
        OFFICE_TEST(a_statement_that_officers_did_not_sign_is_refused),
        OFFICE_TEST(another_products_key_does_not_pass_for_this_ones),
        OFFICE_TEST(a_renamed_product_has_no_key),
        OFFICE_TEST(no_certificate_is_issued_for_a_key_that_the_database_names),
        OFFICE_TEST(no_ca_is_made_of_a_key_that_the_database_names),
        OFFICE_TEST(an_edited_office_or_product_has_no_keys),
        OFFICE_TEST(another_logs_key_vouches_for_nothing),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
