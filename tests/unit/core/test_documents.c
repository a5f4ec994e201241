/* SBOM and provenance: named in the session, in its requests and in every intent; approvals are for those and no
 * others.
 */
#include "requests_fixture.h"

static const char needs_sbom[] = "group qa = carol\n"
                                 "rule release\n  request by us\n  formats cms\n  approve 1 of qa\n  needs sbom\n"
                                 "rule free\n  request by us\n  formats catalogue\n";

/* As many SBOMs as SUMS has octets, each of which makes one digest. */
static void put_documents(const char *sums, hm_buf *cbor) {
    static uint8_t sha256[8][32];
    hm_documents documents = {.count = 0};
    for (size_t i = 0; sums[i]; i++) {
        memset(sha256[i], sums[i], sizeof sha256[i]);
        hm_document one = {HM_DOCUMENT_SBOM, hm_text("sbom.json"), HM_ARRAY(sha256[i])};
        WORKS(hm_documents_add(&documents, &one));
    }
    WORKS(hm_documents_put(&documents, cbor));
}

static hm_err narrow_as(office *o, const char *product, hm_bytes documents) {
    hm_message question = {.type = HM_MSG_NARROW}, answer;
    question.field[HM_NARROW_PRODUCT].bytes = hm_text(product);
    question.field[HM_NARROW_RELEASE].bytes = hm_text("1.0");
    question.field[HM_NARROW_FORMATS].number = product[0] ? 1u << HM_LOGGED_CMS | 1u << HM_LOGGED_CATALOGUE : 0;
    question.field[HM_NARROW_SIGNATURES].number = product[0] ? 8 : 0;
    question.field[HM_NARROW_DOCUMENTS].bytes = documents;
    return hm_ask(&o->core, &question, &answer);
}
static hm_err narrow_with(office *o, const char *sums) {
    HM_BUF cbor = HM_BUF_EMPTY;
    put_documents(sums, &cbor);
    return narrow_as(o, "pump", hm_buf_bytes(&cbor));
}

static void open_with_policy(office *o) {
    open_governed(o);
    WORKS(state(o, policy("pump", needs_sbom), BY(alice, bob)));
}

static void ask_with(office *o, const char *sums, uint8_t hash[static HM_SHA256_LEN]) {
    WORKS(begin_request(o, HM_NO_BYTES));
    WORKS(narrow_with(o, sums));
    WORKS(note(o, "one"));
    WORKS(close_request(o, hash));
    open_again(o);
}

static bool last_entries_hold(office *o, const char *words) {
    hm_message list = {.type = HM_MSG_LOG_LIST};
    bool found = false;
    list.field[HM_LOG_LIST_FROM].number = UINT64_MAX;
    list.field[HM_LOG_LIST_COUNT].number = 2;
    hm_message answer = ask(o, &list);
    while (answer.type == HM_MSG_LOG_ENTRY) {
        hm_bytes details = answer.field[HM_LOG_ENTRY_DETAILS].bytes;
        found |= memmem(details.data, details.len, words, strlen(words)) != NULL;
        answer = hear(o);
    }
    return found;
}

static void without_what_the_policy_needs_nothing_is_signed_or_requested(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_with_policy(&o);
    WORKS(narrow_with(&o, ""));
    FAILS(HM_REFUSED, "needs an SBOM", sign_file(&o, "one"));
    open_again(&o);
    WORKS(begin_request(&o, HM_NO_BYTES));
    WORKS(narrow_with(&o, ""));
    FAILS(HM_REFUSED, "needs an SBOM", note(&o, "one"));
    open_again(&o);
    WORKS(narrow_with(&o, "a"));
    FAILS(HM_REFUSED, "needs 1 more of qa", sign_file(&o, "one"));
    office_disconnect(&o);
}

static void each_intent_names_them(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_with_policy(&o);
    WORKS(narrow_with(&o, "ab"));
    WORKS(put_file(&o, "one", HM_LOGGED_CATALOGUE, HM_MSG_SIGNED));
    open_again(&o);
    assert_true(last_entries_hold(&o, "\"documents\":[{\"kind\":\"sbom\",\"name\":\"sbom.json\",\"sha256\":\"6161"));
    WORKS(narrow_with(&o, ""));
    WORKS(put_file(&o, "one", HM_LOGGED_CATALOGUE, HM_MSG_SIGNED));
    open_again(&o);
    assert_false(last_entries_hold(&o, "documents"));
    ask(&o, &(hm_message){.type = HM_MSG_LOG_AUDIT});
    office_disconnect(&o);
}

static void an_approval_is_for_the_documents_that_were_named(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t hash[HM_SHA256_LEN];
    open_with_policy(&o);
    ask_with(&o, "ab", hash);
    WORKS(approve(&o, hash, carol));
    static const char *const others[] = {"a", "b", "ac", "abc"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        open_again(&o);
        WORKS(narrow_with(&o, others[i]));
        FAILS(HM_REFUSED, "names other SBOM or provenance files", sign_file(&o, "one"));
    }
    open_again(&o);
    WORKS(narrow_with(&o, "ab"));
    WORKS(sign_file(&o, "one"));
    office_disconnect(&o);
}

static void with_other_documents_it_is_another_request(void **ignored) {
    (void)ignored;
    OFFICE o;
    uint8_t first[HM_SHA256_LEN], second[HM_SHA256_LEN], third[HM_SHA256_LEN];
    open_with_policy(&o);
    ask_with(&o, "a", first);
    ask_with(&o, "b", second);
    ask_with(&o, "a", third);
    assert_memory_not_equal(first, second, sizeof first);
    assert_memory_equal(first, third, sizeof first);
    office_disconnect(&o);
}

static void documents_that_are_none_are_refused(void **ignored) {
    (void)ignored;
    OFFICE o;
    HM_BUF cbor = HM_BUF_EMPTY;
    open_with_policy(&o);
    FAILS(HM_REFUSED, "SBOM and provenance", narrow_as(&o, "pump", HM_BYTES("\x80", 1)));
    FAILS(HM_REFUSED, "SBOM and provenance", narrow_as(&o, "pump", HM_BYTES("rubbish", 7)));
    put_documents("a", &cbor);
    FAILS(HM_REFUSED, "go with what is signed", narrow_as(&o, "", hm_buf_bytes(&cbor)));
    cbor.len--;
    FAILS(HM_REFUSED, "SBOM and provenance", narrow_as(&o, "pump", hm_buf_bytes(&cbor)));
    WORKS(narrow_as(&o, "pump", HM_NO_BYTES));
    office_disconnect(&o);
}

static hm_err decide_saying(office *o, const uint8_t hash[static HM_SHA256_LEN], bool documents_checked) {
    HM_BUF body = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    char ignored_state[16];
    uint8_t ignored[HM_SHA256_LEN];
    hm_message question = {.type = HM_MSG_REQUEST_DECIDE}, answer;
    find_body(o, hash, &body, ignored_state);
    WORKS(hm_cose_sign(HM_COSE_APPROVAL, hm_buf_bytes(&body), NULL, software_signer_of(carol), &signature, ignored));
    question.field[HM_REQUEST_DECIDE_REQUEST].bytes = HM_BYTES(hash, HM_SHA256_LEN);
    question.field[HM_REQUEST_DECIDE_DECISION].number = HM_DECISION_APPROVE;
    question.field[HM_REQUEST_DECIDE_SIGNATURE].bytes = hm_buf_bytes(&signature);
    question.field[HM_REQUEST_DECIDE_DOCUMENTS_CHECKED].number = documents_checked;
    return hm_ask(&o->core, &question, &answer);
}

static void the_log_says_whether_an_approver_looked_at_them(void **ignored) {
    (void)ignored;
    OFFICE o, p;
    uint8_t hash[HM_SHA256_LEN];
    open_with_policy(&o);
    ask_with(&o, "a", hash);
    WORKS(decide_saying(&o, hash, false));
    assert_true(last_entries_hold(&o, "\"documents_checked\":false"));
    office_disconnect(&o);
    open_with_policy(&p);
    ask_with(&p, "a", hash);
    WORKS(decide_saying(&p, hash, true));
    assert_true(last_entries_hold(&p, "\"documents_checked\":true"));
    office_disconnect(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_what_the_policy_needs_nothing_is_signed_or_requested),
        cmocka_unit_test(each_intent_names_them),
        cmocka_unit_test(an_approval_is_for_the_documents_that_were_named),
        cmocka_unit_test(with_other_documents_it_is_another_request),
        cmocka_unit_test(documents_that_are_none_are_refused),
        cmocka_unit_test(the_log_says_whether_an_approver_looked_at_them),
    };
    return cmocka_run_group_tests(tests, begin_requests, finish_requests);
}
