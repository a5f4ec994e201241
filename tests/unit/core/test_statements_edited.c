/* An office with founders, whose database is edited while nobody looks: who does it gains nothing. */
#include "governed_fixture.h"

#include <base/file.h>
#include <pki/cose.h>

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
    expect_no_signature(&o, "the database has none");
    expect_bad_audit(&o, "under its founders' statements");
    /* Nor with a checkpoint of before. */
    office_sql(&o, "UPDATE head SET checkpoint = CAST('a' || char(10,49,10) || 'b' || char(10,10) AS BLOB)");
    FAILS(HM_REFUSED, "under its founders' statements", hm_connect(o.directory, NULL, NULL, &o.core));
}

static void a_dropped_statement_is_missed(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_governed(&o);
    WORKS(state(&o, withdrawn("us", HM_ROLE_REQUESTER, "pump"), BY(bob)));
    office_disconnect(&o);
    /* The role would be there again. */
    office_sql(&o, "UPDATE entry SET tag = 0 WHERE idx = (SELECT max(idx) FROM entry)");
    expect_neither(&o, "names 11 statements, and the database has 10");
}

static void a_statement_that_officers_did_not_sign_is_refused(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF envelope = HM_BUF_EMPTY, base64 = HM_BUF_EMPTY, sql = HM_BUF_EMPTY;
    const char *text;
    open_governed(&o);
    WORKS(write_next(&o, role("us", HM_ROLE_REQUESTER, "valve"), BY(mallory, mallory), &envelope));
    office_disconnect(&o);
    WORKS(hm_put_base64(&base64, hm_buf_bytes(&envelope)));
    WORKS(hm_put_format(&sql,
                        "INSERT INTO entry SELECT max(idx) + 1, leaf, salt, '{\"statement\":\"%.*s\"}', tag FROM "
                        "entry WHERE tag = 8319381564205917550",
                        (int)base64.len, (const char *)base64.data));
    WORKS(hm_buf_string(&sql, &text));
    office_sql(&o, text);
    expect_no_signature(&o, "no principal's of this office");
}

/* A core that does not even start has found it. */
static void expect_audit(office *o, const char *words) {
    hm_message question = {.type = HM_MSG_LOG_AUDIT}, answer;
    hm_err err = hm_connect(o->directory, NULL, NULL, &o->core);
    if (!hm_failed(err)) err = hm_ask(&o->core, &question, &answer);
    if (words)
        FAILS(HM_REFUSED, words, err);
    else
        WORKS(err);
    (void)!hm_failed(hm_disconnect(&o->core));
}

/* Put ENVELOPE behind the log's entries, in details as the core would write them. LEAF: which leaf it shall have, but
 * for the details' hash; DIGEST of nothing: that of the statement. */
static void plant(const office *o, hm_bytes envelope, hm_leaf leaf) {
    static hm_cose_envelope read;
    static const uint8_t salt[HM_SALT_LEN] = "salt";
    HM_BUF details = HM_BUF_EMPTY, cbor = HM_BUF_EMPTY, sql = HM_BUF_EMPTY;
    const char *text;
    WORKS(hm_cose_draft_get(envelope, &read));
    if (!leaf.digest_len) hm_sha256(read.payload, leaf.digest);
    leaf.digest_len = HM_SHA256_LEN;
    memcpy(leaf.office, o->core.uuid, sizeof leaf.office);
    WORKS(hm_put_text(&details, "{\"statement\":\""));
    WORKS(hm_put_base64(&details, envelope));
    WORKS(hm_put_text(&details, "\"}"));
    hm_leaf_details_hash(salt, hm_buf_bytes(&details), leaf.details_hash);
    WORKS(hm_leaf_put(&leaf, &cbor));
    WORKS(hm_put_text(&sql, "INSERT INTO entry SELECT max(idx) + 1, x'"));
    WORKS(hm_put_hex(&sql, hm_buf_bytes(&cbor)));
    WORKS(hm_put_text(&sql, "', x'"));
    WORKS(hm_put_hex(&sql, HM_ARRAY(salt)));
    WORKS(
        hm_put_format(&sql, "', '%.*s', 8319381564205917550 FROM entry", (int)details.len, (const char *)details.data));
    WORKS(hm_buf_string(&sql, &text));
    office_sql(o, text);
}
static const hm_leaf statement_leaf = {.type = HM_LEAF_CEREMONY, .format = HM_LOGGED_STATEMENT};

/* He has his key still, and the database. */
static void who_was_an_officer_plants_no_statement(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF envelope = HM_BUF_EMPTY;
    hm_statement erin = principal("erin", -1), administrator = role("erin", HM_ROLE_ADMINISTRATOR, "");
    erin.key[erin.keys++] = software_signer_of(mallory)->spki;
    open_governed(&o);
    WORKS(state(&o, principal("dan", 7), BY(alice, bob)));
    WORKS(state(&o, erin, BY(alice, bob)));
    int64_t while_in_office = administrator.time = time(NULL);
    administrator.until = while_in_office + 1;
    WORKS(state(&o, administrator, BY(alice, bob)));
    sleep(2);
    WORKS(narrow_to(&o, "pump"));
    WORKS(sign(&o));
    office_disconnect(&o);
    office_connect(&o);
    (void)ask(&o, &(hm_message){.type = HM_MSG_LOG_PUBLISH});
    FAILS(HM_REFUSED, "has 0", state(&o, principal("dan", -1), BY(mallory)));
    hm_statement revoked = principal("dan", -1);
    revoked.time = while_in_office;
    WORKS(write_next(&o, revoked, BY(mallory), &envelope));
    office_disconnect(&o);
    plant(&o, hm_buf_bytes(&envelope), statement_leaf);
    expect_no_signature(&o, "has 0");
}

/* The officers whose kids stand there have signed something else. */
static void a_statement_with_others_signatures_is_refused(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF envelope = HM_BUF_EMPTY;
    open_governed(&o);
    WORKS(write_next(&o, principal("dan", 7), BY(alice, bob), &envelope));
    office_disconnect(&o);
    say_don(&envelope);
    plant(&o, hm_buf_bytes(&envelope), statement_leaf);
    expect_neither(&o, "signature");
}

/* Statements that follow from a charter of one's own are as good as any, but no key is made under them. */
static void another_charter_has_no_keys(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF cbor = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY;
    hm_statement s = {.act = HM_ACT_CHARTER, .quorum = 1, .founders = 1, .time = 1700000000};
    s.founder[0] = (hm_founder){hm_text("mallory"), software_signer_of(mallory)->spki};
    open_governed(&o);
    memcpy(s.office, o.core.uuid, sizeof s.office);
    office_disconnect(&o);
    WORKS(hm_statement_put(&s, &cbor));
    WORKS(hm_cose_draft_put(hm_buf_bytes(&cbor), NULL, 0, &envelope));
    office_sql(&o, "UPDATE entry SET tag = 0 WHERE tag = 8319381564205917550");
    plant(&o, hm_buf_bytes(&envelope), statement_leaf);
    expect_neither(&o, "made for something else");
}

static void a_key_of_one_role_is_none_of_another(void **ignored) {
    (void)ignored;
    OFFICE o;
    copy_governed(&o);
    office_sql(&o, "UPDATE key SET role = 6 WHERE role = 1");
    expect_audit(&o, "made for something else");
}

/* Officers had signed it for the place that a withdrawal took: as many statements, and all of them signed. */
static void a_statement_that_was_not_handed_in_takes_no_others_place(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF envelope = HM_BUF_EMPTY;
    open_governed(&o);
    WORKS(write_next(&o, principal("dan", 7), BY(alice, bob), &envelope));
    WORKS(state(&o, withdrawn("us", HM_ROLE_REQUESTER, "pump"), BY(bob)));
    office_disconnect(&o);
    office_sql(&o, "UPDATE entry SET tag = 0 WHERE idx = (SELECT max(idx) FROM entry WHERE tag = 8319381564205917550)");
    plant(&o, hm_buf_bytes(&envelope), statement_leaf);
    expect_neither(&o, "not the statement that the checkpoint names");
}

/* The log would hold nothing of it, or something else. */
static void a_statement_is_what_its_leaf_commits_to(void **ignored) {
    (void)ignored;
    hm_leaf untold = {.type = HM_LEAF_CEREMONY}, other = statement_leaf, told = statement_leaf;
    const hm_leaf *leaves[] = {&untold, &other, &told};
    other.digest_len = HM_SHA256_LEN;
    for (size_t i = 0; i < 3; i++) {
        OFFICE o;
        HM_BUF envelope = HM_BUF_EMPTY;
        open_governed(&o);
        WORKS(write_next(&o, principal("dan", 7), BY(alice, bob), &envelope));
        office_disconnect(&o);
        plant(&o, hm_buf_bytes(&envelope), *leaves[i]);
        if (i == 2) office_sql(&o, "UPDATE entry SET salt = zeroblob(32) WHERE idx = (SELECT max(idx) FROM entry)");
        expect_no_signature(&o, i == 2 ? "details were changed" : "its leaf is not that of its statement");
    }
}

static void who_audits_needs_no_token_to_find_what_was_edited(void **ignored) {
    (void)ignored;
    static const struct {
        const char *edit, *words;
    } edits[] = {
        {"UPDATE entry SET tag = 0 WHERE tag = 8319381564205917550", "the database has none"},
        {"UPDATE entry SET tag = 0 WHERE idx = (SELECT max(idx) FROM entry WHERE tag = 8319381564205917550)",
         "and the database has"},
        {"UPDATE entry SET tag = 8319381564205917550 WHERE idx = (SELECT max(idx) FROM entry WHERE tag = 0)",
         "the details of a statement were changed"},
        {"UPDATE entry SET salt = x'', details = x'' WHERE tag = 8319381564205917550",
         "the details of a statement were changed"},
        {"UPDATE key SET created = created + 1 WHERE role = 2", "made for something else"},
    };
    OFFICE whole;
    copy_governed(&whole);
    expect_audit(&whole, NULL);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        OFFICE o;
        copy_governed(&o);
        office_sql(&o, edits[i].edit);
        expect_audit(&o, edits[i].words);
    }
}

/* With an older checkpoint nothing says how many statements there were; the leaf does still. */
static void who_audits_finds_a_statement_that_an_older_checkpoint_hides(void **ignored) {
    (void)ignored;
    OFFICE o;
    copy_governed(&o);
    office_sql(&o, "CREATE TABLE old AS SELECT * FROM head");
    office_connect(&o);
    WORKS(state(&o, withdrawn("us", HM_ROLE_REQUESTER, "pump"), BY(bob)));
    office_disconnect(&o);
    office_sql(&o, "INSERT OR REPLACE INTO head SELECT * FROM old;"
                   "UPDATE entry SET tag = 0 WHERE idx = (SELECT max(idx) FROM entry WHERE tag = 8319381564205917550)");
    assert_int_equal(unlink(office_file(&o, "log/checkpoint")), 0);
    expect_audit(&o, "cannot be found as one");
}

static void an_auditor_verifies_what_others_vouch_for(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF envelope = HM_BUF_EMPTY;
    open_governed(&o);
    WORKS(write_next(&o, principal("dan", 7), BY(alice, alice), &envelope));
    office_disconnect(&o);
    plant(&o, hm_buf_bytes(&envelope), statement_leaf);
    expect_audit(&o, "takes the signatures of 2");
}

/* Signed twice of three times; what the editor does to the entries makes no room for another. */
static void no_quota_is_stretched_by_an_edit(void **ignored) {
    (void)ignored;
    static const struct {
        const char *edit, *words;
    } edits[] = {
        {"UPDATE entry SET details = replace(details, '\"time\":1', '\"time\":0') WHERE instr(details, '\"rule\"')",
         "a quota cannot be counted"},
        {"UPDATE entry SET details = replace(details, '\"rule\":\"all', '\"rule\":\"any') WHERE "
         "instr(details, '\"rule\"')",
         "a quota cannot be counted"},
        {"UPDATE entry SET details = x'', salt = x'' WHERE instr(details, '\"rule\"')", "a quota cannot be counted"},
        {"DELETE FROM entry WHERE instr(details, '\"rule\"')", "a quota cannot be counted"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        OFFICE o;
        open_narrowed(&o);
        WORKS(sign(&o));
        WORKS(sign(&o));
        office_disconnect(&o);
        office_sql(&o, edits[i].edit);
        expect_no_signature(&o, edits[i].words);
    }
}

/* The clock was put back by an hour for one entry: those before it count still. */
static void an_entry_of_an_earlier_time_hides_none(void **ignored) {
    (void)ignored;
    OFFICE o;
    ENTRY e = {.cbor = HM_BUF_EMPTY};
    HM_BUF details = HM_BUF_EMPTY, cbor = HM_BUF_EMPTY, sql = HM_BUF_EMPTY;
    const char *text;
    open_narrowed(&o);
    for (int i = 0; i < 3; i++) WORKS(sign(&o));
    uint64_t behind = entries_in(&o);
    entry_read(&o, behind - 2, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_INTENT);
    WORKS(hm_put_format(&details, "{\"time\":%lld}", (long long)time(NULL) - 3601));
    hm_leaf_details_hash(e.salt.data, hm_buf_bytes(&details), e.leaf.details_hash);
    WORKS(hm_leaf_put(&e.leaf, &cbor));
    for (uint64_t i = 0; i < 600; i++) {
        sql.len = 0;
        WORKS(hm_put_format(&sql, "INSERT INTO entry SELECT %llu, x'", (unsigned long long)(behind + i)));
        WORKS(hm_put_hex(&sql, hm_buf_bytes(&cbor)));
        WORKS(hm_put_format(&sql, "', salt, '%.*s', 0 FROM entry WHERE idx = %llu", (int)details.len,
                            (const char *)details.data, (unsigned long long)behind - 2));
        WORKS(hm_buf_string(&sql, &text));
        office_sql(&o, text);
    }
    FAILS(HM_REFUSED, "quota", sign(&o));
    office_disconnect(&o);
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

/* Keys WHICH get mallory's public key; CERTIFIED ones are certified once more. */
static void plant_key(const office *o, bool certified, const char *which) {
    HM_BUF sql = HM_BUF_EMPTY;
    const char *text;
    WORKS(hm_put_format(&sql, "UPDATE key SET %sspki = x'", certified ? "certificate = x'', chain = x'', " : ""));
    WORKS(hm_put_hex(&sql, software_signer_of(mallory)->spki));
    WORKS(hm_put_format(&sql, "' WHERE %s", which));
    WORKS(hm_buf_string(&sql, &text));
    office_sql(o, text);
}
#define OF_PUMP " AND product = (SELECT id FROM product WHERE name = 'pump')"

static void no_certificate_is_issued_for_a_key_that_the_database_names(void **ignored) {
    (void)ignored;
    OFFICE o;
    copy_governed(&o);
    plant_key(&o, true, "role = 4" OF_PUMP);
    expect_no_signature(&o, "another key than the database names");
}

static void no_ca_is_made_of_a_key_that_the_database_names(void **ignored) {
    (void)ignored;
    OFFICE o;
    copy_governed(&o);
    office_sql(&o, "UPDATE key SET certificate = x'' WHERE role = 4");
    plant_key(&o, true, "role = 3" OF_PUMP);
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
    copy_governed(&o);
    plant_key(&o, false, "role = 2");
    expect_no_signature(&o, "not the one that the database names");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(no_quota_is_stretched_by_an_edit),
        OFFICE_TEST(an_entry_of_an_earlier_time_hides_none),
        OFFICE_TEST(without_its_statements_no_key_signs),
        OFFICE_TEST(a_dropped_statement_is_missed),
        OFFICE_TEST(a_statement_that_officers_did_not_sign_is_refused),
        OFFICE_TEST(who_was_an_officer_plants_no_statement),
        OFFICE_TEST(a_statement_with_others_signatures_is_refused),
        OFFICE_TEST(another_charter_has_no_keys),
        OFFICE_TEST(a_key_of_one_role_is_none_of_another),
        OFFICE_TEST(a_statement_that_was_not_handed_in_takes_no_others_place),
        OFFICE_TEST(a_statement_is_what_its_leaf_commits_to),
        OFFICE_TEST(who_audits_needs_no_token_to_find_what_was_edited),
        OFFICE_TEST(who_audits_finds_a_statement_that_an_older_checkpoint_hides),
        OFFICE_TEST(an_auditor_verifies_what_others_vouch_for),
        OFFICE_TEST(another_products_key_does_not_pass_for_this_ones),
        OFFICE_TEST(a_renamed_product_has_no_key),
        OFFICE_TEST(no_certificate_is_issued_for_a_key_that_the_database_names),
        OFFICE_TEST(no_ca_is_made_of_a_key_that_the_database_names),
        OFFICE_TEST(an_edited_office_or_product_has_no_keys),
        OFFICE_TEST(another_logs_key_vouches_for_nothing),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
