/* The office's root of the trust list: what it signs, and what it never does. */
#include "office_fixture.h"

#include <base/cbor.h>
#include <pki/cose.h>
#include <pki/trust_list.h>

#include <stdio.h>

/* The office's root key, made when it is first asked for. */
static hm_list_key root_of(office *o) {
    hm_message question = {.type = HM_MSG_TRUST_KEY}, answer = ask(o, &question);
    hm_list_key key;
    assert_int_equal(answer.type, HM_MSG_BYTES);
    WORKS(hm_list_key_read(answer.field[HM_BYTES_CONTENT].bytes, &key));
    return key;
}

/* Somebody else's: nobody has the other half. */
static hm_list_key other_root(void) {
    HM_BUF spki = HM_BUF_EMPTY, cose = HM_BUF_EMPTY;
    uint8_t point[32] = {1};
    hm_list_key key;
    WORKS(hm_spki_from_ed25519(HM_ARRAY(point), &spki));
    WORKS(hm_cose_key_put(hm_buf_bytes(&spki), &cose));
    WORKS(hm_list_key_read(hm_buf_bytes(&cose), &key));
    return key;
}

/* An unsigned list of VERSION with one root; NOTE makes it another of the same version. */
static void put_list(const hm_list_key *root, uint64_t version, uint8_t note, hm_buf *envelope) {
    HM_TRUST_LIST *list = NULL;
    HM_BUF payload = HM_BUF_EMPTY;
    WORKS(hm_trust_list_new(&list));
    list->version = version;
    list->threshold = list->roots = 1;
    list->root[0] = *root;
    list->note[0] = 0x20;
    list->note[1] = note; /* a small number */
    list->notes = note ? 1 : 0;
    list->notes_len = note ? 2 : 0;
    WORKS(hm_trust_list_put(list, &payload));
    WORKS(hm_cose_draft_put(hm_buf_bytes(&payload), NULL, 0, envelope));
}

/* HASHES: of the list, and of the old one. */
static hm_message narrow_list_message(const uint8_t hashes[static 2 * HM_SHA256_LEN]) {
    hm_message message = {.type = HM_MSG_NARROW_LIST};
    message.field[HM_NARROW_LIST_FILE].bytes = HM_BYTES(hashes, HM_SHA256_LEN);
    message.field[HM_NARROW_LIST_OLD].bytes = HM_BYTES(&hashes[HM_SHA256_LEN], HM_SHA256_LEN);
    return message;
}

static hm_message sign_list_message(const hm_buf *list, const hm_buf *old) {
    hm_message message = {.type = HM_MSG_TRUST_SIGN};
    message.field[HM_TRUST_SIGN_LIST].bytes = hm_buf_bytes(list);
    message.field[HM_TRUST_SIGN_OLD].bytes = old ? hm_buf_bytes(old) : HM_NO_BYTES;
    return message;
}

/* In a session of its own, which ends with it. */
static void begin_session(office *o, const hm_buf *list, const hm_buf *old) {
    uint8_t hashes[2 * HM_SHA256_LEN];
    hm_sha256(hm_buf_bytes(list), hashes);
    hm_sha256(old ? hm_buf_bytes(old) : HM_NO_BYTES, &hashes[HM_SHA256_LEN]);
    hm_message narrowing = narrow_list_message(hashes);
    office_connect(o);
    assert_int_equal(ask(o, &narrowing).type, HM_MSG_DONE);
}

static void sign_list(office *o, const hm_buf *list, const hm_buf *old, hm_buf *signature) {
    hm_message question = sign_list_message(list, old);
    begin_session(o, list, old);
    hm_message answer = ask(o, &question);
    assert_int_equal(answer.type, HM_MSG_BYTES);
    if (signature) WORKS(hm_put(signature, answer.field[HM_BYTES_CONTENT].bytes));
    office_disconnect(o);
}

static void expect_unsigned(office *o, hm_class class, const char *words, const hm_buf *list, const hm_buf *old) {
    hm_message question = sign_list_message(list, old);
    begin_session(o, list, old);
    expect_fault(o, class, words, &question);
    office_disconnect(o);
}

/* An office that has its root key; and an unsigned list that names it. */
typedef struct {
    office o;
    hm_list_key root;
    hm_buf list;
} custodian;

static void custodian_clear(custodian *c) {
    hm_buf_clear(&c->list);
    office_clear(&c->o);
}
#define CUSTODIAN __attribute__((cleanup(custodian_clear))) custodian

static void with_root(custodian *c) {
    c->list = HM_BUF_EMPTY;
    office_open(&c->o);
    c->root = root_of(&c->o);
    office_disconnect(&c->o);
}

static void with_list(custodian *c, uint64_t version) {
    with_root(c);
    put_list(&c->root, version, 0, &c->list);
}

static void the_root_key_is_made_once_and_logged(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    office_open(&o);
    uint64_t before = entries_in(&o);
    hm_list_key first = root_of(&o), second = root_of(&o);
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(entries_in(&o), before + 1);
    entry_read(&o, before, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_CEREMONY);
    assert_true(details_hold(&e, "\"act\":\"key generated\""));
    assert_true(details_hold(&e, "\"role\":\"trust root\""));
    assert_true(details_hold(&e, "\"never_extractable\":true"));
}

static void the_logs_key_is_another_than_the_root(void **state) {
    (void)state;
    OFFICE o;
    hm_list_key root, log;
    hm_message question = {.type = HM_MSG_LOG_KEY};
    office_open(&o);
    root = root_of(&o);
    hm_message answer = ask(&o, &question);
    WORKS(hm_list_key_read(answer.field[HM_BYTES_CONTENT].bytes, &log));
    assert_memory_not_equal(root.kid, log.kid, sizeof root.kid);
}

static void a_list_is_signed_with_intent_and_outcome(void **state) {
    (void)state;
    CUSTODIAN c;
    ENTRY intent = {0}, outcome = {0};
    HM_BUF signature = HM_BUF_EMPTY, spki = HM_BUF_EMPTY;
    hm_cose_envelope envelope;
    hm_cose_signature parsed;
    hm_cose_key key;
    uint8_t hash[HM_SHA256_LEN];
    with_list(&c, 3);
    uint64_t before = entries_in(&c.o);
    sign_list(&c.o, &c.list, NULL, &signature);
    WORKS(hm_cose_draft_get(hm_buf_bytes(&c.list), &envelope));
    WORKS(hm_cose_signature_get(hm_buf_bytes(&signature), &parsed));
    hm_reader reader = hm_reader_of(HM_BYTES(c.root.cose, c.root.len));
    WORKS(hm_cose_key_get(&reader, &key));
    WORKS(hm_cose_key_spki(&key, &spki));
    WORKS(hm_cose_verify(HM_COSE_TRUST_LIST, envelope.payload, &parsed, hm_buf_bytes(&spki)));
    FAILS(HM_REFUSED, "", hm_cose_verify(HM_COSE_MANIFEST, envelope.payload, &parsed, hm_buf_bytes(&spki)));
    entry_read(&c.o, before, &intent);
    entry_read(&c.o, before + 1, &outcome);
    assert_int_equal(intent.leaf.type, HM_LEAF_INTENT);
    assert_int_equal(intent.leaf.format, HM_LOGGED_TRUST_LIST);
    hm_sha256(envelope.payload, hash);
    assert_memory_equal(intent.leaf.digest, hash, sizeof hash);
    assert_true(details_hold(&intent, "\"purpose\":\"trust list\""));
    assert_true(details_hold(&intent, "\"version\":3"));
    assert_int_equal(outcome.leaf.type, HM_LEAF_OUTCOME);
    assert_int_equal(outcome.leaf.intent, before);
    hm_sha256(parsed.value, hash);
    assert_memory_equal(outcome.leaf.digest, hash, sizeof hash);
}

static void a_session_signs_the_file_that_was_named_and_no_other(void **state) {
    (void)state;
    CUSTODIAN c;
    HM_BUF other = HM_BUF_EMPTY;
    with_list(&c, 1);
    put_list(&c.root, 2, 0, &other);
    hm_message right = sign_list_message(&c.list, NULL), wrong = sign_list_message(&other, NULL);
    begin_session(&c.o, &c.list, NULL);
    expect_fault(&c.o, HM_REFUSED, "another file", &wrong);
    assert_int_equal(ask(&c.o, &right).type, HM_MSG_BYTES);
    expect_fault(&c.o, HM_REFUSED, "and once", &right);
}

static void a_session_for_a_list_does_nothing_else(void **state) {
    (void)state;
    CUSTODIAN c;
    uint8_t hash[2 * HM_SHA256_LEN] = {0};
    with_list(&c, 1);
    begin_session(&c.o, &c.list, NULL);
    hm_message narrowing = narrow_list_message(hash), narrow_more = narrow_message("pump", 1),
               sign = sign_message(1, HM_KEY_ES256, DIGEST), key = {.type = HM_MSG_TRUST_KEY},
               prove = {.type = HM_MSG_LOG_PROVE};
    prove.field[HM_LOG_PROVE_SIGNATURE].bytes = prove.field[HM_LOG_PROVE_CONTENT].bytes = HM_BYTES(hash, HM_SHA256_LEN);
    expect_fault(&c.o, HM_REFUSED, "may only sign", &narrowing);
    expect_fault(&c.o, HM_REFUSED, "may only sign", &narrow_more);
    expect_fault(&c.o, HM_REFUSED, "may only sign", &sign);
    expect_fault(&c.o, HM_REFUSED, "may only sign", &key);
    expect_fault(&c.o, HM_REFUSED, "may only sign", &prove);
}

static void a_session_for_a_product_signs_no_list(void **state) {
    (void)state;
    CUSTODIAN c;
    with_list(&c, 1);
    hm_message question = sign_list_message(&c.list, NULL);
    office_connect(&c.o);
    expect_fault(&c.o, HM_REFUSED, "comes after narrow-list", &question);
    narrow(&c.o, 1);
    expect_fault(&c.o, HM_REFUSED, "may only sign", &question);
}

static void an_office_without_a_root_signs_no_list(void **state) {
    (void)state;
    OFFICE o;
    hm_list_key root = other_root();
    HM_BUF list = HM_BUF_EMPTY;
    office_copy(&o);
    put_list(&root, 1, 0, &list);
    uint64_t before = entries_in(&o);
    expect_unsigned(&o, HM_REFUSED, "no root key", &list, NULL);
    expect_refusals(&o, before, 1);
}

static void what_is_no_list_is_not_signed(void **state) {
    (void)state;
    CUSTODIAN c;
    HM_BUF bytes = HM_BUF_EMPTY;
    with_list(&c, 1);
    uint64_t before = entries_in(&c.o);
    for (size_t len = 1; len < c.list.len; len += 17) {
        bytes.len = 0;
        WORKS(hm_put(&bytes, HM_BYTES(c.list.data, len)));
        expect_unsigned(&c.o, HM_REFUSED, "envelope", &bytes, NULL);
    }
    bytes.len = 0;
    WORKS(hm_cose_draft_put(hm_text("no list"), NULL, 0, &bytes));
    expect_unsigned(&c.o, HM_REFUSED, "trust list", &bytes, NULL);
    for (uint64_t i = before; i < entries_in(&c.o); i++) {
        ENTRY e = {0};
        entry_read(&c.o, i, &e);
        assert_int_equal(e.leaf.type, HM_LEAF_REFUSAL);
    }
}

static void a_fork_is_never_signed(void **state) {
    (void)state;
    CUSTODIAN c;
    HM_BUF same_version = HM_BUF_EMPTY, older = HM_BUF_EMPTY, newer = HM_BUF_EMPTY;
    with_list(&c, 5);
    put_list(&c.root, 5, 1, &same_version);
    put_list(&c.root, 4, 0, &older);
    put_list(&c.root, 6, 0, &newer);
    sign_list(&c.o, &c.list, NULL, NULL);
    expect_unsigned(&c.o, HM_REFUSED, "could fork", &same_version, NULL);
    expect_unsigned(&c.o, HM_REFUSED, "could fork", &older, NULL);
    sign_list(&c.o, &c.list, NULL, NULL); /* the very same again is none */
    sign_list(&c.o, &newer, NULL, NULL);
    expect_unsigned(&c.o, HM_REFUSED, "could fork", &same_version, NULL);
    sign_list(&c.o, &c.list, NULL, NULL);
}

/* What the token did with it does not matter: the list may have left it. */
static void a_list_whose_signing_failed_still_counts(void **state) {
    (void)state;
    CUSTODIAN c;
    ENTRY e = {0};
    HM_BUF other = HM_BUF_EMPTY;
    with_list(&c, 5);
    put_list(&c.root, 5, 1, &other);
    token_faults("C_Sign return 0x30 0\n"); /* CKR_DEVICE_ERROR */
    uint64_t before = entries_in(&c.o);
    expect_unsigned(&c.o, HM_COULD_NOT, "", &c.list, NULL);
    token_faults("");
    entry_read(&c.o, before + 1, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_FAILURE);
    expect_unsigned(&c.o, HM_REFUSED, "could fork", &other, NULL);
    sign_list(&c.o, &c.list, NULL, NULL);
}

static void a_list_that_cannot_be_logged_is_not_signed(void **state) {
    (void)state;
    CUSTODIAN c;
    with_list(&c, 1);
    office_break_entries(&c.o, "");
    expect_unsigned(&c.o, HM_COULD_NOT, NO_ROOM, &c.list, NULL);
    office_mend(&c.o);
    sign_list(&c.o, &c.list, NULL, NULL);
}

/* A signature whose outcome is not on record does not leave the core. */
static void a_signature_without_its_outcome_is_not_released(void **state) {
    (void)state;
    CUSTODIAN c;
    with_list(&c, 1);
    uint64_t before = entries_in(&c.o);
    office_break_entries(&c.o, "880102");
    expect_unsigned(&c.o, HM_COULD_NOT, NO_ROOM, &c.list, NULL);
    office_mend(&c.o);
    ENTRY e = {0};
    entry_read(&c.o, before, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_INTENT);
}

static void without_its_memory_a_root_signs_nothing(void **state) {
    (void)state;
    CUSTODIAN c;
    HM_BUF newer = HM_BUF_EMPTY;
    char sql[128];
    with_list(&c, 1);
    put_list(&c.root, 2, 0, &newer);
    uint64_t before = entries_in(&c.o);
    sign_list(&c.o, &c.list, NULL, NULL);
    snprintf(sql, sizeof sql, "UPDATE entry SET salt=x'', details=x'' WHERE idx=%llu", (unsigned long long)before);
    office_sql(&c.o, sql);
    expect_unsigned(&c.o, HM_REFUSED, "were erased", &newer, NULL);
}

/* What no leaf holds can be edited without the log showing it, so nothing rests on it. */
static void a_root_remembers_by_the_log_whatever_else_the_database_says(void **state) {
    (void)state;
    CUSTODIAN c;
    HM_BUF fork = HM_BUF_EMPTY;
    hm_message audit = {.type = HM_MSG_LOG_AUDIT};
    with_list(&c, 7);
    put_list(&c.root, 7, 1, &fork);
    sign_list(&c.o, &c.list, NULL, NULL);
    office_sql(&c.o, "UPDATE entry SET tag=0 WHERE tag=0x7472757374");
    expect_unsigned(&c.o, HM_REFUSED, "could fork", &fork, NULL);
    office_connect(&c.o);
    expect_fault(&c.o, HM_REFUSED, "cannot be found as one: its tag was changed", &audit);
    office_disconnect(&c.o);
}

static void a_root_signs_nothing_when_its_memory_was_edited(void **state) {
    (void)state;
    CUSTODIAN c;
    HM_BUF fork = HM_BUF_EMPTY;
    char sql[160];
    with_list(&c, 7);
    put_list(&c.root, 7, 1, &fork);
    uint64_t before = entries_in(&c.o);
    sign_list(&c.o, &c.list, NULL, NULL);
    snprintf(sql, sizeof sql,
             "UPDATE entry SET details=CAST(replace(CAST(details AS TEXT),'\"version\":7','\"version\":6') AS BLOB) "
             "WHERE idx=%llu",
             (unsigned long long)before);
    office_sql(&c.o, sql);
    expect_unsigned(&c.o, HM_REFUSED, "details were changed", &fork, NULL);
}

/* The intent of another list of the same version, whole in itself: what somebody with root's token would leave. */
static hm_err append_fork(hm_store *store, const entry *intent, uint64_t *index) {
    HM_BUF cbor = HM_BUF_EMPTY;
    hm_leaf other = intent->leaf;
    other.digest[0] ^= 1;
    HM_TRY(hm_leaf_put(&other, &cbor));
    hm_entry_row row = {.leaf = hm_buf_bytes(&cbor),
                        .salt = hm_buf_bytes(&intent->salt),
                        .details = hm_buf_bytes(&intent->details),
                        .tag = UINT64_C(0x7472757374)};
    HM_TRY(hm_store_begin(store));
    HM_TRY(hm_store_append(store, &row, index));
    return hm_store_commit(store);
}

static void the_audit_finds_two_lists_of_one_version(void **state) {
    (void)state;
    CUSTODIAN c;
    ENTRY intent = {0};
    hm_store *store = NULL;
    hm_message audit = {.type = HM_MSG_LOG_AUDIT};
    uint64_t index;
    with_list(&c, 7);
    uint64_t before = entries_in(&c.o);
    sign_list(&c.o, &c.list, NULL, NULL);
    sign_list(&c.o, &c.list, NULL, NULL); /* the same again is no fork */
    entry_read(&c.o, before, &intent);
    office_connect(&c.o);
    assert_int_equal(ask(&c.o, &audit).type, HM_MSG_LOG_AUDITED);
    office_disconnect(&c.o);
    WORKS(hm_store_open(office_file(&c.o, "office.db"), &store));
    hm_err err = append_fork(store, &intent, &index);
    hm_store_close(&store);
    WORKS(err);
    office_connect(&c.o);
    expect_fault(&c.o, HM_REFUSED, "different trust lists of one version, 7", &audit);
    office_disconnect(&c.o);
}

static void a_root_that_is_not_in_the_list_signs_only_to_leave(void **state) {
    (void)state;
    CUSTODIAN c;
    hm_list_key other = other_root();
    HM_BUF without_me = HM_BUF_EMPTY, older = HM_BUF_EMPTY;
    with_list(&c, 3);
    put_list(&other, 4, 0, &without_me);
    put_list(&other, 2, 0, &older);
    expect_unsigned(&c.o, HM_REFUSED, "--old", &without_me, NULL);
    expect_unsigned(&c.o, HM_REFUSED, "neither in the list nor in the old one", &without_me, &older);
    expect_unsigned(&c.o, HM_REFUSED, "is not newer", &without_me, &without_me);
    expect_unsigned(&c.o, HM_REFUSED, "is not newer", &older, &c.list);
    sign_list(&c.o, &without_me, &c.list, NULL);
}

/* Asked for by a parser that was taken over: the old list is what lets a root sign that is not in the new one. */
static void a_session_signs_against_the_old_list_that_was_named_and_no_other(void **state) {
    (void)state;
    CUSTODIAN c;
    hm_list_key other = other_root();
    HM_BUF named = HM_BUF_EMPTY, forged = HM_BUF_EMPTY, without_me = HM_BUF_EMPTY;
    with_root(&c);
    put_list(&other, 2, 0, &named);
    put_list(&c.root, 3, 0, &forged);
    put_list(&other, 4, 0, &without_me);
    hm_message wrong = sign_list_message(&without_me, &forged), none = sign_list_message(&without_me, NULL),
               right = sign_list_message(&without_me, &named);
    uint64_t before = entries_in(&c.o);
    begin_session(&c.o, &without_me, NULL);
    expect_fault(&c.o, HM_REFUSED, "another old list, or for none", &wrong);
    office_disconnect(&c.o);
    begin_session(&c.o, &without_me, &named);
    expect_fault(&c.o, HM_REFUSED, "another old list", &wrong);
    expect_fault(&c.o, HM_REFUSED, "another old list", &none);
    expect_fault(&c.o, HM_REFUSED, "neither in the list nor in the old one", &right);
    office_disconnect(&c.o);
    expect_refusals(&c.o, before, 4);
    sign_list(&c.o, &without_me, &forged, NULL); /* which the user may name */
}

static void a_version_that_no_record_can_hold_is_refused(void **state) {
    (void)state;
    CUSTODIAN c;
    with_list(&c, UINT64_MAX);
    expect_unsigned(&c.o, HM_REFUSED, "too high", &c.list, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(the_root_key_is_made_once_and_logged),
        OFFICE_TEST(the_logs_key_is_another_than_the_root),
        OFFICE_TEST(a_list_is_signed_with_intent_and_outcome),
        OFFICE_TEST(a_session_signs_the_file_that_was_named_and_no_other),
        OFFICE_TEST(a_session_for_a_list_does_nothing_else),
        OFFICE_TEST(a_session_for_a_product_signs_no_list),
        OFFICE_TEST(an_office_without_a_root_signs_no_list),
        OFFICE_TEST(what_is_no_list_is_not_signed),
        OFFICE_TEST(a_fork_is_never_signed),
        OFFICE_TEST(a_list_whose_signing_failed_still_counts),
        OFFICE_TEST(a_list_that_cannot_be_logged_is_not_signed),
        OFFICE_TEST(a_signature_without_its_outcome_is_not_released),
        OFFICE_TEST(without_its_memory_a_root_signs_nothing),
        OFFICE_TEST(a_root_remembers_by_the_log_whatever_else_the_database_says),
        OFFICE_TEST(a_root_signs_nothing_when_its_memory_was_edited),
        OFFICE_TEST(the_audit_finds_two_lists_of_one_version),
        OFFICE_TEST(a_root_that_is_not_in_the_list_signs_only_to_leave),
        OFFICE_TEST(a_session_signs_against_the_old_list_that_was_named_and_no_other),
        OFFICE_TEST(a_version_that_no_record_can_hold_is_refused),
    };
    return RUN_WITH_OFFICE(tests);
}
