/* Keys that were made elsewhere and lie in the office's token. */
#include "one_person_fixture.h"

#include "../keys/foreign_key.h"

#include <base/secret.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

/* What the maker's own tools do: a key pair with this id in the token, which all copies of the office share. */
static void put_in(foreign_key key) {
    void *library = dlopen(getenv("HALLMARK_FAKE_REAL"), RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get_list;
    CK_FUNCTION_LIST *call;
    CK_SLOT_ID slots[8];
    CK_ULONG count = 8;
    CK_SESSION_HANDLE session;
    HM_SECRET *pin = NULL;
    assert_non_null(library);
    *(void **)&get_list = dlsym(library, "C_GetFunctionList");
    WORKS(hm_secret_from_file(office_pin_path(), &pin));
    assert_int_equal(get_list(&call), CKR_OK);
    assert_int_equal(call->C_Initialize(NULL), CKR_OK);
    assert_int_equal(call->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    assert_int_equal(call->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session), CKR_OK);
    assert_int_equal(call->C_Login(session, CKU_USER, pin->data, pin->len), CKR_OK);
    foreign_key_put(call, session, &key);
    assert_int_equal(call->C_Finalize(NULL), CKR_OK);
}

static hm_message import_of(hm_bytes id) {
    hm_message message = product_message(HM_MSG_KEY_IMPORT, "pump", HM_KEY_ES256);
    message.field[HM_KEY_IMPORT_WAS].bytes = id;
    return message;
}

/* A copy of the office whose token has such a key, too. */
static hm_message open_with(office *o, const char *id) {
    put_in((foreign_key){.id = hm_text(id)});
    office_open(o);
    return import_of(hm_text(id));
}

typedef struct {
    size_t count, imported;
    uint8_t newest[16];
    bool newest_imported, certified, signs;
} keys;

static keys signing_keys(office *o) {
    keys k = {0};
    hm_message question = {.type = HM_MSG_KEY_LIST};
    question.field[HM_KEY_LIST_PRODUCT].bytes = hm_text("pump");
    for (hm_message key = ask(o, &question); key.type == HM_MSG_KEY; key = hear(o)) {
        if (key.field[HM_KEY_ROLE].number != HM_KEY_ROLE_SIGNING) continue;
        k.count++;
        k.newest_imported = key.field[HM_KEY_MARKS].number & HM_KEY_IMPORTED;
        k.imported += k.newest_imported;
        k.certified = key.field[HM_KEY_CERTIFICATE].bytes.len != 0;
        k.signs = key.field[HM_KEY_SIGNS].number != 0;
        memcpy(k.newest, key.field[HM_KEY_TOKEN_ID].bytes.data, sizeof k.newest);
    }
    return k;
}

/* In a session of its own. */
static hm_err sign_anew(office *o) {
    office_reconnect(o);
    narrow(o, 1);
    hm_err err = sign(o);
    hm_fault fault = hm_fault_keep(err);
    office_reconnect(o);
    return hm_fault_raise(&fault);
}

static void expect_details(const entry *e, const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!details_hold(e, texts[i])) fail_msg("%.*s", (int)e->details.len, (const char *)e->details.data);
}

static void an_imported_key_signs_from_then_on_and_says_what_it_is(void **ignored) {
    (void)ignored;
    OFFICE o;
    ENTRY e = {0};
    HM_BUF id = HM_BUF_EMPTY;
    const char *hex;
    static const char *const told[] = {"\"act\":\"key imported\"", "\"imported\":true", "\"made_in_token\":false",
                                       "\"never_extractable\":false", "\"was\":\"6d696e65\""};
    hm_message import = open_with(&o, "mine");
    uint64_t before = entries_in(&o);
    assert_int_equal(signing_keys(&o).imported, 0);
    assert_int_equal(ask(&o, &import).type, HM_MSG_DONE);
    keys k = signing_keys(&o);
    assert_true(k.count == 2 && k.imported == 1 && k.newest_imported && k.certified);
    entry_read(&o, before, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_CEREMONY);
    expect_details(&e, told, sizeof told / sizeof told[0]);
    WORKS(hm_put_hex(&id, HM_ARRAY(k.newest)));
    WORKS(hm_buf_string(&id, &hex));
    assert_true(details_hold(&e, hex));
    before = entries_in(&o);
    WORKS(sign_anew(&o));
    entry_read(&o, before, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_INTENT);
    assert_true(details_hold(&e, hex));
    assert_int_equal(ask(&o, &(hm_message){.type = HM_MSG_LOG_AUDIT}).type, HM_MSG_LOG_AUDITED);
}

static void a_key_of_the_offices_own_is_not_imported(void **ignored) {
    (void)ignored;
    OFFICE o;
    hm_message import = open_with(&o, "again"), made = {0};
    keys before = signing_keys(&o);
    made = import_of(HM_ARRAY(before.newest));
    expect_fault(&o, HM_REFUSED, "one of the office's already", &made);
    ask(&o, &import);
    keys k = signing_keys(&o);
    made = import_of(HM_ARRAY(k.newest));
    expect_fault(&o, HM_REFUSED, "one of the office's already", &made);
    expect_fault(&o, HM_REFUSED, "one of the office's already", &import);
    /* Another copy of it, with another id. */
    put_in((foreign_key){.id = LITERAL("twin")});
    hm_message twin = import_of(LITERAL("twin"));
    expect_fault(&o, HM_REFUSED, "one of the office's already", &twin);
    assert_int_equal(signing_keys(&o).count, k.count);
}

static void what_cannot_be_taken_is_refused_and_the_refusal_logged(void **ignored) {
    (void)ignored;
    OFFICE o;
    put_in((foreign_key){.id = LITERAL("open"), .extractable = true});
    put_in((foreign_key){.id = LITERAL("half"), .no_public = true});
    put_in((foreign_key){.id = LITERAL("HMK of an office")});
    hm_message import = open_with(&o, "good"), question = import_of(LITERAL("open"));
    uint64_t before = entries_in(&o);
    expect_fault(&o, HM_REFUSED, "is CKA_EXTRACTABLE", &question);
    question = import_of(LITERAL("half"));
    expect_fault(&o, HM_REFUSED, "without its public key", &question);
    question = import_of(LITERAL("HMK of an office"));
    expect_fault(&o, HM_REFUSED, "another office with founders", &question);
    question = import_of(LITERAL("none"));
    expect_fault(&o, HM_REFUSED, "no es256 key with the id 6e6f6e65", &question);
    import.field[HM_KEY_IMPORT_ALGORITHM].number = HM_KEY_ED25519;
    expect_fault(&o, HM_REFUSED, "no ed25519 key", &import);
    import.field[HM_KEY_IMPORT_ALGORITHM].number = HM_KEY_RSA3072;
    expect_fault(&o, HM_REFUSED, "pump does not sign with rsa3072", &import);
    import.field[HM_KEY_IMPORT_PRODUCT].bytes = LITERAL("pomp");
    expect_fault(&o, HM_REFUSED, "no product pomp", &import);
    expect_refusals(&o, before, 7);
    assert_int_equal(signing_keys(&o).count, 1);
}

static void a_policy_without_imported_keys_refuses_them(void **ignored) {
    (void)ignored;
    OFFICE o;
    hm_message import = open_with(&o, "policy");
    state_policy(&o, "no imported keys\n");
    expect_fault(&o, HM_REFUSED, "the policy of pump says \"no imported keys\"", &import);
    WORKS(sign_anew(&o));
    office_sql(&o, "UPDATE key SET origin=1");
    FAILS(HM_REFUSED, "the key was imported", sign_anew(&o));
    office_sql(&o, "UPDATE key SET origin=0");
    state_policy(&o, "key per release\n");
    expect_fault(&o, HM_REFUSED, "each release of pump has a key of its own", &import);
    state_policy(&o, "cryptoperiod 30 days\n");
    ask(&o, &import);
    WORKS(sign_anew(&o));
    assert_true(signing_keys(&o).signs);
    state_policy(&o, "no imported keys\n");
    FAILS(HM_REFUSED, "the key was imported", sign_anew(&o));
    assert_false(signing_keys(&o).signs);
    /* The token says the same, and is no database. */
    office_sql(&o, "UPDATE key SET origin=0");
    FAILS(HM_REFUSED, "the key was imported", sign_anew(&o));
    state_policy(&o, "cryptoperiod 30 days\n");
    WORKS(sign_anew(&o));
    assert_true(signing_keys(&o).signs);
}

static void an_import_that_was_cut_off_goes_on(void **ignored) {
    (void)ignored;
    OFFICE o;
    hm_message import = open_with(&o, "cut");
    uint64_t before = entries_in(&o);
    expect_token_fault(&o, "C_SetAttributeValue return 0x30 1\n", "reconnect it", &import);
    office_break_entries(&o, "");
    expect_fault(&o, HM_COULD_NOT, NO_ROOM, &import);
    office_mend(&o);
    assert_int_equal(entries_in(&o), before);
    assert_int_equal(signing_keys(&o).count, 1);
    ask(&o, &import);
    assert_true(signing_keys(&o).newest_imported);
    WORKS(sign_anew(&o));
}

/* The trial signature is the token's first, the certificate's the second. */
static void a_key_that_got_no_certificate_gets_it_later(void **ignored) {
    (void)ignored;
    OFFICE o;
    hm_message import = open_with(&o, "later");
    expect_token_fault(&o, "C_Sign length 0 1\n", "signature of 0 octets", &import);
    keys k = signing_keys(&o);
    assert_true(k.newest_imported && !k.certified);
    WORKS(sign_anew(&o));
    assert_true(signing_keys(&o).certified);
}

static void an_audit_holds_the_origin_of_keys_against_the_log(void **ignored) {
    (void)ignored;
    OFFICE o;
    hm_message import = open_with(&o, "audit"), audit = {.type = HM_MSG_LOG_AUDIT};
    ask(&o, &import);
    assert_int_equal(ask(&o, &audit).type, HM_MSG_LOG_AUDITED);
    office_sql(&o, "UPDATE key SET origin=0");
    expect_fault(&o, HM_REFUSED, "was imported, and the database does not", &audit);
    office_sql(&o, "UPDATE key SET origin=1 WHERE id=(SELECT max(id) FROM key)");
    assert_int_equal(ask(&o, &audit).type, HM_MSG_LOG_AUDITED);
    office_sql(&o, "UPDATE key SET origin=1");
    expect_fault(&o, HM_REFUSED, "was made in the token, and the database does not", &audit);
    office_sql(&o, "DELETE FROM key WHERE id=(SELECT max(id) FROM key)");
    expect_fault(&o, HM_REFUSED, "", &audit);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(an_imported_key_signs_from_then_on_and_says_what_it_is),
        OFFICE_TEST(a_key_of_the_offices_own_is_not_imported),
        OFFICE_TEST(what_cannot_be_taken_is_refused_and_the_refusal_logged),
        OFFICE_TEST(a_policy_without_imported_keys_refuses_them),
        OFFICE_TEST(an_import_that_was_cut_off_goes_on),
        OFFICE_TEST(a_key_that_got_no_certificate_gets_it_later),
        OFFICE_TEST(an_audit_holds_the_origin_of_keys_against_the_log),
    };
    return RUN_WITH_OFFICE(tests);
}
