/* Requests: what the policy wants approved is signed once, when those have approved it who may, and not otherwise. */
#include "requests_fixture.h"

static void what_two_have_approved_is_signed_once(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    make_request(&o, hash);
    assert_state(&o, hash, "open");
    WORKS(approve(&o, hash, carol));
    WORKS(approve(&o, hash, dan));
    WORKS(narrow_to(&o, "pump"));
    WORKS(sign_file(&o, "one"));
    FAILS(HM_REFUSED, "its request was used", sign_file(&o, "one"));
    FAILS(HM_REFUSED, "hallmark request asks", sign_file(&o, "three"));
    open_again(&o);
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "its request was used", sign_file(&o, "one"));
    WORKS(sign_file(&o, "two"));
    open_again(&o);
    assert_state(&o, hash, "done");
    FAILS(HM_REFUSED, "the request is done", approve(&o, hash, carol));
    office_disconnect(&o);
}

static void one_approval_is_not_two(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    make_request(&o, hash);
    WORKS(approve(&o, hash, carol));
    FAILS(HM_REFUSED, "carol has approved this already", approve(&o, hash, carol));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "needs 1 more of qa", sign_file(&o, "one"));
    office_disconnect(&o);
}

static void who_may_not_approve_does_not(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    make_request(&o, hash);
    FAILS(HM_REFUSED, "alice is not approver of pump", approve(&o, hash, alice));
    FAILS(HM_REFUSED, "no principal's", approve(&o, hash, mallory));
    FAILS(HM_REFUSED, "", decide_as(&o, hash, HM_DECISION_APPROVE, HM_COSE_APPROVAL, NULL));
    /* A rejection is no approval, nor a statement. */
    FAILS(HM_REFUSED, "", decide_as(&o, hash, HM_DECISION_APPROVE, HM_COSE_REJECTION, carol));
    FAILS(HM_REFUSED, "", decide_as(&o, hash, HM_DECISION_APPROVE, HM_COSE_STATEMENT, carol));
    FAILS(HM_REFUSED, "", decide_as(&o, hash, HM_DECISION_REJECT, HM_COSE_APPROVAL, carol));
    assert_state(&o, hash, "open");
    office_disconnect(&o);
}

static void who_asks_does_not_approve(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    hm_statement us = person("us", mallory);
    make_request(&o, hash);
    us.has_unix = true;
    us.unix_user = getuid();
    WORKS(state(&o, us, BY(alice, bob)));
    WORKS(state(&o, role("us", HM_ROLE_APPROVER, "pump"), BY(alice, bob)));
    FAILS(HM_REFUSED, "us asked for this", approve(&o, hash, mallory));
    FAILS(HM_REFUSED, "us asked for this", decide_as(&o, hash, HM_DECISION_REJECT, HM_COSE_REJECTION, mallory));
    office_disconnect(&o);
}

static void an_approval_is_for_one_request(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t first[HM_SHA256_LEN], second[HM_SHA256_LEN], unused[HM_SHA256_LEN];
    HM_BUF body = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    char state[16];
    hm_message question = {.type = HM_MSG_REQUEST_DECIDE}, answer;
    make_request(&o, first);
    WORKS(begin_request(&o, HM_NO_BYTES));
    WORKS(narrow_to(&o, "pump"));
    WORKS(note(&o, "three"));
    WORKS(close_request(&o, second));
    open_again(&o);
    find_body(&o, first, &body, state);
    WORKS(hm_cose_sign(HM_COSE_APPROVAL, hm_buf_bytes(&body), NULL, software_signer_of(carol), &signature, unused));
    question.field[HM_REQUEST_DECIDE_REQUEST].bytes = HM_ARRAY(second);
    question.field[HM_REQUEST_DECIDE_DECISION].number = HM_DECISION_APPROVE;
    question.field[HM_REQUEST_DECIDE_SIGNATURE].bytes = hm_buf_bytes(&signature);
    FAILS(HM_REFUSED, "", hm_ask(&o.core, &question, &answer));
    office_disconnect(&o);
}

static void an_approver_who_was_revoked_counts_no_more(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    make_request(&o, hash);
    WORKS(approve(&o, hash, carol));
    WORKS(approve(&o, hash, dan));
    WORKS(state(&o, principal("dan", -1), BY(alice)));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "needs 1 more of qa", sign_file(&o, "one"));
    office_disconnect(&o);
}

/* Who approved: of those who may still, who are nobody now, and who have another key or no such role. */
static void assert_approved(office *o, const char *approvers, const char *revoked, const char *ended) {
    static const size_t at[] = {HM_REQUEST_APPROVERS, HM_REQUEST_REVOKED, HM_REQUEST_ENDED};
    const char *const wanted[] = {approvers, revoked, ended};
    hm_message answer = ask(o, &(hm_message){.type = HM_MSG_REQUEST_LIST});
    assert_int_equal(answer.type, HM_MSG_REQUEST);
    for (size_t i = 0; i < 3; i++)
        if (!hm_bytes_equal(answer.field[at[i]].bytes, hm_text(wanted[i])))
            fail_msg("not \"%s\" but \"%.*s\"", wanted[i], (int)answer.field[at[i]].bytes.len,
                     (const char *)answer.field[at[i]].bytes.data);
    assert_int_equal(hear(o).type, HM_MSG_DONE);
}

static void who_approved_what_was_signed_is_named_ever_after(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    software_signer *next = software_signer_new(HM_KEY_ED25519);
    make_request(&o, hash);
    WORKS(approve(&o, hash, carol));
    WORKS(approve(&o, hash, dan));
    WORKS(narrow_to(&o, "pump"));
    WORKS(sign_file(&o, "one"));
    WORKS(sign_file(&o, "two"));
    open_again(&o);
    assert_approved(&o, "carol dan", "", "");
    WORKS(state(&o, principal("dan", -1), BY(alice)));
    assert_approved(&o, "carol", "dan", "");
    WORKS(state(&o, person("carol", next), BY(alice, bob)));
    assert_approved(&o, "", "dan", "carol");
    WORKS(state(&o, person("carol", carol), BY(alice, bob)));
    assert_approved(&o, "carol", "dan", "");
    hm_statement withdrawn = role("carol", HM_ROLE_APPROVER, "pump");
    withdrawn.until = 0;
    WORKS(state(&o, withdrawn, BY(alice)));
    assert_approved(&o, "", "dan", "carol");
    software_signer_free(&next);
    office_disconnect(&o);
}

static void of_what_is_to_be_signed_no_former_approver_is_named(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    make_request(&o, hash);
    WORKS(approve(&o, hash, carol));
    WORKS(approve(&o, hash, dan));
    WORKS(state(&o, principal("dan", -1), BY(alice)));
    assert_approved(&o, "carol", "", "");
    office_disconnect(&o);
}

static void what_was_rejected_or_cancelled_is_not_signed(void **ignored) {
    (void)ignored;
    OFFICE o, p;
    uint8_t hash[HM_SHA256_LEN];
    make_request(&o, hash);
    WORKS(approve(&o, hash, carol));
    WORKS(decide_as(&o, hash, HM_DECISION_REJECT, HM_COSE_REJECTION, dan));
    assert_state(&o, hash, "rejected");
    FAILS(HM_REFUSED, "the request is rejected", approve(&o, hash, dan));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "rejected", sign_file(&o, "one"));
    office_disconnect(&o);
    make_request(&p, hash);
    WORKS(approve(&p, hash, carol));
    WORKS(approve(&p, hash, dan));
    WORKS(decide_as(&p, hash, HM_DECISION_CANCEL, HM_COSE_APPROVAL, NULL));
    assert_state(&p, hash, "cancelled");
    WORKS(narrow_to(&p, "pump"));
    FAILS(HM_REFUSED, "cancelled", sign_file(&p, "one"));
    office_disconnect(&p);
}

static void files_are_compared_with_the_request(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    make_request(&o, hash);
    WORKS(begin_request(&o, HM_ARRAY(hash)));
    WORKS(narrow_to(&o, "pump"));
    WORKS(note(&o, "two"));
    FAILS(HM_REFUSED, "named before", note(&o, "two"));
    FAILS(HM_REFUSED, "not what the request asks for", note(&o, "three"));
    FAILS(HM_REFUSED, "not what the request asks for", put_file(&o, "one", HM_LOGGED_CATALOGUE, HM_MSG_NOTED));
    WORKS(note(&o, "one"));
    FAILS(HM_REFUSED, "", close_request(&o, hash));
    open_again(&o);
    hash[0] ^= 1;
    FAILS(HM_REFUSED, "no such request", begin_request(&o, HM_ARRAY(hash)));
    office_disconnect(&o);
}

static void a_request_is_for_what_needs_approval(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    open_governed(&o);
    WORKS(begin_request(&o, HM_NO_BYTES));
    FAILS(HM_REFUSED, "us is not requester of valve", narrow_to(&o, "valve"));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "nothing to request", close_request(&o, hash));
    WORKS(note(&o, "one"));
    FAILS(HM_REFUSED, "in the request already", note(&o, "one"));
    WORKS(close_request(&o, hash));
    FAILS(HM_REFUSED, "", close_request(&o, hash));
    office_disconnect(&o);
}

static void last_details(office *o, char text[static 512]) {
    hm_message list = {.type = HM_MSG_LOG_LIST};
    list.field[HM_LOG_LIST_FROM].number = UINT64_MAX;
    list.field[HM_LOG_LIST_COUNT].number = 1;
    hm_message last = ask(o, &list);
    snprintf(text, 512, "%.*s", (int)last.field[HM_LOG_ENTRY_DETAILS].bytes.len,
             (const char *)last.field[HM_LOG_ENTRY_DETAILS].bytes.data);
    hear(o);
}

static void what_is_not_taken_up_is_on_record(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    char details[512];
    make_request(&o, hash);
    WORKS(begin_request(&o, HM_ARRAY(hash)));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "not what the request asks for", note(&o, "three"));
    open_again(&o);
    last_details(&o, details);
    assert_non_null(strstr(details, "\"act\":\"approve\""));
    assert_non_null(strstr(details, "not what the request asks for"));
    WORKS(begin_request(&o, HM_NO_BYTES));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "", put_file(&o, "one", HM_LOGGED_PE, HM_MSG_NOTED));
    FAILS(HM_REFUSED, "", put_file(&o, "one", HM_LOGGED_MANIFEST, HM_MSG_NOTED));
    open_again(&o);
    last_details(&o, details);
    assert_non_null(strstr(details, "\"act\":\"request\""));
    office_disconnect(&o);
}

/* Within the same second, it would have the same bytes. */
static void what_was_closed_is_asked_for_anew(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t first[HM_SHA256_LEN], second[HM_SHA256_LEN];
    open_governed(&o);
    for (int i = 0; i < 4; i++) {
        open_again(&o);
        WORKS(begin_request(&o, HM_NO_BYTES));
        WORKS(narrow_to(&o, "pump"));
        WORKS(note(&o, "one"));
        WORKS(close_request(&o, second));
        open_again(&o);
        assert_state(&o, second, "open");
        if (i) assert_memory_not_equal(first, second, sizeof first);
        if (i) assert_state(&o, first, "cancelled");
        WORKS(decide_as(&o, second, HM_DECISION_CANCEL, HM_COSE_APPROVAL, NULL));
        memcpy(first, second, sizeof first);
    }
    office_disconnect(&o);
}

static void an_office_of_one_has_no_requests(void **ignored) {
    (void)ignored;
    OFFICE o;
    office_open(&o);
    hm_message close = {.type = HM_MSG_REQUEST_CLOSE};
    assert_int_equal(ask(&o, &(hm_message){.type = HM_MSG_REQUEST_LIST}).type, HM_MSG_DONE);
    WORKS(begin_request(&o, HM_NO_BYTES));
    WORKS(narrow_to(&o, "pump"));
    WORKS(note(&o, "one"));
    assert_int_equal(ask(&o, &close).type, HM_MSG_DONE);
    office_disconnect(&o);
}

/* ---- the database is edited ---- */

static void a_forged_approval_does_not_count(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    make_request(&o, hash);
    WORKS(approve(&o, hash, carol));
    office_disconnect(&o);
    /* Carol's, once more, as if it were another's. */
    office_sql(
        &o,
        "INSERT INTO entry SELECT max(idx) + 1, leaf, salt, details, tag FROM entry WHERE CAST(details AS TEXT) LIKE "
        "'%\"act\":\"approve\"%'");
    office_connect(&o);
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "needs 1 more of qa", sign_file(&o, "one"));
    office_disconnect(&o);
}

static void a_changed_request_has_no_approvals(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF body = HM_BUF_EMPTY, other = HM_BUF_EMPTY, from = HM_BUF_EMPTY, to = HM_BUF_EMPTY, sql = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    char state[16];
    const char *text;
    make_request(&o, hash);
    WORKS(approve(&o, hash, carol));
    WORKS(approve(&o, hash, dan));
    find_body(&o, hash, &body, state);
    office_disconnect(&o);
    WORKS(hm_put(&other, hm_buf_bytes(&body)));
    for (uint8_t *at = other.data; (at = memmem(at, other.len - (size_t)(at - other.data), "one", 3)); at += 3)
        memcpy(at, "bad", 3);
    WORKS(hm_put_base64(&from, hm_buf_bytes(&body)));
    WORKS(hm_put_base64(&to, hm_buf_bytes(&other)));
    WORKS(hm_put_format(&sql, "UPDATE entry SET details = CAST(replace(CAST(details AS TEXT), '%.*s', '%.*s') AS BLOB)",
                        (int)from.len, (const char *)from.data, (int)to.len, (const char *)to.data));
    WORKS(hm_buf_string(&sql, &text));
    office_sql(&o, text);
    office_connect(&o);
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "details were changed", sign_file(&o, "bad"));
    office_disconnect(&o);
}

static void expect_bad_log(office *o, const char *words) {
    office_connect(o);
    expect_fault(o, HM_REFUSED, words, &(hm_message){.type = HM_MSG_LOG_AUDIT});
    office_disconnect(o);
}

static void a_hidden_decision_is_found_by_log_check(void **ignored) {
    (void)ignored;
    static const char *const edits[] = {
        "UPDATE entry SET tag = 0 WHERE CAST(details AS TEXT) LIKE '%\"act\":\"reject\"%'",
        "UPDATE entry SET tag = 0 WHERE CAST(details AS TEXT) LIKE '%\"act\":\"request\"%'",
        ("UPDATE entry SET tag = (SELECT tag FROM entry WHERE CAST(details AS TEXT) LIKE '%\"act\":\"request\"%') WHERE "
         "CAST(details AS TEXT) LIKE '%\"act\":\"approve\"%'"),
        "UPDATE entry SET tag = 0 WHERE CAST(details AS TEXT) LIKE '%\"request\":%\"rule\":%'",
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        OFFICE o;
        uint8_t hash[HM_SHA256_LEN];
        make_request(&o, hash);
        WORKS(approve(&o, hash, carol));
        WORKS(approve(&o, hash, dan));
        WORKS(narrow_to(&o, "pump"));
        WORKS(sign_file(&o, "one"));
        open_again(&o);
        WORKS(decide_as(&o, hash, HM_DECISION_REJECT, HM_COSE_REJECTION, dan));
        ask(&o, &(hm_message){.type = HM_MSG_LOG_AUDIT});
        office_disconnect(&o);
        office_sql(&o, edits[i]);
        expect_bad_log(&o, "its tag was changed");
    }
}

static void an_erased_decision_stops_its_request(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    make_request(&o, hash);
    WORKS(approve(&o, hash, carol));
    WORKS(approve(&o, hash, dan));
    office_disconnect(&o);
    office_sql(&o, "UPDATE entry SET salt = x'', details = x'' WHERE CAST(details AS TEXT) LIKE '%\"who\":\"dan\"%'");
    office_connect(&o);
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "were erased", sign_file(&o, "one"));
    office_disconnect(&o);
}

/* No role is asked of who compares: so nothing else may be done before it is narrowed. */
static void a_session_that_begins_a_request_does_nothing_else(void **ignored) {
    (void)ignored;
    static const hm_message_type acts[] = {HM_MSG_PRODUCT_ADD, HM_MSG_KEY_GENERATE, HM_MSG_CERT_REQUEST,
                                           HM_MSG_TRUST_KEY, HM_MSG_LOG_KEY};
    uint8_t hash[HM_SHA256_LEN];
    for (int compared = 0; compared < 2; compared++) {
        OFFICE o;
        make_request(&o, hash);
        WORKS(begin_request(&o, compared ? HM_ARRAY(hash) : HM_NO_BYTES));
        for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
            hm_message question = {.type = acts[i]}, answer;
            question.field[0].bytes = hm_text("pump");
            question.field[1].number = HM_KEY_ES256;
            if (acts[i] == HM_MSG_TRUST_KEY || acts[i] == HM_MSG_LOG_KEY) question.field[0].bytes = HM_NO_BYTES;
            FAILS(HM_REFUSED, "narrow comes after request-begin", hm_ask(&o.core, &question, &answer));
        }
        office_disconnect(&o);
    }
}

static void who_compares_makes_no_key(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    hm_message prepare = {.type = HM_MSG_PREPARE};
    prepare.field[HM_PREPARE_STRUCTURE].number = 1;
    prepare.field[HM_PREPARE_ALGORITHMS].bytes = HM_BYTES("\x01", 1);
    make_request(&o, hash);
    office_disconnect(&o);
    office_sql(&o, "DELETE FROM key WHERE role = 4");
    office_connect(&o);
    WORKS(begin_request(&o, HM_ARRAY(hash)));
    WORKS(narrow_to(&o, "pump"));
    expect_fault(&o, HM_REFUSED, "no key of that algorithm yet", &prepare);
    office_disconnect(&o);
}

/* An entry as the core writes it, of a request that was made long ago. */
static void put_old_request(office *o, const hm_request *request, uint8_t hash[static HM_SHA256_LEN]) {
    HM_BUF body = HM_BUF_EMPTY, base64 = HM_BUF_EMPTY, details = HM_BUF_EMPTY, cbor = HM_BUF_EMPTY;
    static const uint8_t salt[HM_SALT_LEN] = "salt";
    hm_leaf leaf = {.type = HM_LEAF_REQUEST, .digest_len = HM_SHA256_LEN};
    hm_store *store = NULL;
    uint64_t index;
    WORKS(hm_request_put(request, &body));
    hm_sha256(hm_buf_bytes(&body), hash);
    WORKS(hm_put_base64(&base64, hm_buf_bytes(&body)));
    WORKS(hm_put_format(&details, "{\"act\":\"request\",\"request\":\"%.*s\",\"time\":1}", (int)base64.len,
                        (const char *)base64.data));
    memcpy(leaf.office, request->office, sizeof leaf.office);
    memcpy(leaf.digest, hash, HM_SHA256_LEN);
    hm_leaf_details_hash(salt, hm_buf_bytes(&details), leaf.details_hash);
    WORKS(hm_leaf_put(&leaf, &cbor));
    hm_entry_row row = {.leaf = hm_buf_bytes(&cbor),
                        .salt = HM_ARRAY(salt),
                        .details = hm_buf_bytes(&details),
                        .tag = UINT64_C(0x7265717565737473)};
    WORKS(hm_store_open(office_file(o, "office.db"), &store));
    WORKS(hm_store_begin(store));
    WORKS(hm_store_append(store, &row, &index));
    WORKS(hm_store_commit(store));
    hm_store_close(&store);
}

static void another_offices_request_is_not_shown(void **ignored) {
    (void)ignored;
    OFFICE o;
    static hm_request request;
    uint8_t hash[HM_SHA256_LEN], digest[32] = "its";
    hm_message list = {.type = HM_MSG_REQUEST_LIST};
    open_governed(&o);
    request = (hm_request){.requester = hm_text("us"),
                           .product = hm_text("pump"),
                           .time = time(NULL) - 1000,
                           .expires = time(NULL) + 1000,
                           .artifacts = 1};
    memcpy(request.office, o.core.uuid, sizeof request.office);
    request.office[0] ^= 1;
    request.artifact[0] = (hm_artifact){.format = HM_LOGGED_CMS,
                                        .algorithm = HM_KEY_ES256,
                                        .name = hm_text("its"),
                                        .plain = HM_ARRAY(digest),
                                        .content = HM_ARRAY(digest)};
    office_disconnect(&o);
    put_old_request(&o, &request, hash);
    office_connect(&o);
    expect_fault(&o, HM_REFUSED, "of another office", &list);
    FAILS(HM_REFUSED, "of another office", begin_request(&o, HM_ARRAY(hash)));
    office_disconnect(&o);
}

static void what_has_expired_is_neither_approved_nor_signed(void **ignored) {
    (void)ignored;
    OFFICE o;
    static hm_request request;
    uint8_t hash[HM_SHA256_LEN], digest[32] = "old";
    int64_t now = time(NULL);
    open_governed(&o);
    request = (hm_request){.requester = hm_text("us"),
                           .product = hm_text("pump"),
                           .release = hm_text("1.0"),
                           .rule = hm_text("release"),
                           .time = now - 1000,
                           .expires = now - 1,
                           .artifacts = 1};
    memcpy(request.office, o.core.uuid, sizeof request.office);
    request.artifact[0] = (hm_artifact){.format = HM_LOGGED_CMS,
                                        .algorithm = HM_KEY_ES256,
                                        .name = hm_text("old"),
                                        .size = 7,
                                        .plain = HM_ARRAY(digest),
                                        .content = HM_ARRAY(digest)};
    office_disconnect(&o);
    put_old_request(&o, &request, hash);
    office_connect(&o);
    assert_state(&o, hash, "expired");
    FAILS(HM_REFUSED, "the request is expired", approve(&o, hash, carol));
    WORKS(narrow_to(&o, "pump"));
    FAILS(HM_REFUSED, "its request has expired", sign_file(&o, "old"));
    office_disconnect(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(what_two_have_approved_is_signed_once),
        OFFICE_TEST(one_approval_is_not_two),
        OFFICE_TEST(who_may_not_approve_does_not),
        OFFICE_TEST(who_asks_does_not_approve),
        OFFICE_TEST(an_approval_is_for_one_request),
        OFFICE_TEST(an_approver_who_was_revoked_counts_no_more),
        OFFICE_TEST(who_approved_what_was_signed_is_named_ever_after),
        OFFICE_TEST(of_what_is_to_be_signed_no_former_approver_is_named),
        OFFICE_TEST(what_was_rejected_or_cancelled_is_not_signed),
        OFFICE_TEST(files_are_compared_with_the_request),
        OFFICE_TEST(a_request_is_for_what_needs_approval),
        OFFICE_TEST(what_is_not_taken_up_is_on_record),
        cmocka_unit_test(what_was_closed_is_asked_for_anew),
        OFFICE_TEST(an_office_of_one_has_no_requests),
        OFFICE_TEST(a_session_that_begins_a_request_does_nothing_else),
        OFFICE_TEST(who_compares_makes_no_key),
        OFFICE_TEST(what_has_expired_is_neither_approved_nor_signed),
        OFFICE_TEST(another_offices_request_is_not_shown),
        OFFICE_TEST(a_forged_approval_does_not_count),
        OFFICE_TEST(a_changed_request_has_no_approvals),
        OFFICE_TEST(a_hidden_decision_is_found_by_log_check),
        OFFICE_TEST(an_erased_decision_stops_its_request),
    };
    return cmocka_run_group_tests(tests, begin_requests, finish_requests);
}
