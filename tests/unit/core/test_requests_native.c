/* Native releases: what is requested, approved and signed is one manifest, byte for byte. */
#include "requests_fixture.h"

#include <pki/manifest.h>

/* What the office says of its product goes into every manifest. */
typedef struct {
    office o;
    hm_manifest manifest;
    hm_buf spki, statement;
    uint8_t sha[HM_SHA256_LEN];
} native;

static void native_clear(native *n) {
    office_disconnect(&n->o);
    hm_buf_clear(&n->spki);
    hm_buf_clear(&n->statement);
    office_clear(&n->o);
}
#define NATIVE __attribute__((cleanup(native_clear))) native

static void take_product(native *n) {
    hm_message question = {.type = HM_MSG_PRODUCT_LIST};
    question.field[HM_PRODUCT_LIST_NAME].bytes = hm_text("pump");
    hm_message answer = ask(&n->o, &question);
    memcpy(n->manifest.vendor, answer.field[HM_PRODUCT_VENDOR].bytes.data, HM_UUID_LEN);
    memcpy(n->manifest.class_id, answer.field[HM_PRODUCT_CLASS].bytes.data, HM_UUID_LEN);
    (void)hear(&n->o);
    memcpy(n->manifest.publisher, n->o.core.uuid, HM_UUID_LEN);
}

static void take_key(native *n) {
    hm_message question = {.type = HM_MSG_KEY_LIST};
    question.field[HM_KEY_LIST_PRODUCT].bytes = hm_text("pump");
    for (hm_message answer = ask(&n->o, &question); answer.type == HM_MSG_KEY; answer = hear(&n->o))
        if (answer.field[HM_KEY_ROLE].number == HM_KEY_ROLE_SIGNING && !n->spki.len)
            WORKS(hm_put(&n->spki, answer.field[HM_KEY_SPKI].bytes));
    WORKS(hm_cose_kid(hm_buf_bytes(&n->spki), n->manifest.signer[0]));
    n->manifest.signers = 1;
}

static void native_open(native *n) {
    memset(n, 0, sizeof *n);
    open_governed(&n->o);
    n->manifest = (hm_manifest){.version = hm_text("1.0"), .sequence = 7, .purpose = HM_PURPOSE_DEVELOPMENT};
    take_product(n);
    take_key(n);
    n->manifest.components = 1;
    n->manifest.component[0] = (hm_manifest_component){.id = hm_text("main"),
                                                       .kind = HM_COMPONENT_FIRMWARE,
                                                       .size = 5,
                                                       .version = hm_text("1.0"),
                                                       .security_version = 3};
    hm_digest_of(HM_SHA256, hm_text("image"), &n->manifest.component[0].digest);
}

static void narrow_native(native *n) {
    hm_message question = {.type = HM_MSG_NARROW};
    question.field[HM_NARROW_PRODUCT].bytes = hm_text("pump");
    question.field[HM_NARROW_RELEASE].bytes = hm_text("1.0");
    question.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_MANIFEST | 1u << HM_LOGGED_CMS;
    question.field[HM_NARROW_SIGNATURES].number = 9;
    question.field[HM_NARROW_SECURITY_VERSION].number = 9;
    assert_int_equal(ask(&n->o, &question).type, HM_MSG_DONE);
}

/* A session anew; REQUEST NULL: one that signs. */
static void session(native *n, const hm_bytes *request) {
    open_again(&n->o);
    if (request) WORKS(begin_request(&n->o, *request));
    narrow_native(n);
}

static hm_err put(native *n, const hm_manifest *manifest, hm_message_type wanted) {
    hm_message question = {.type = HM_MSG_SIGN}, answer;
    n->statement.len = 0;
    HM_TRY(hm_manifest_put(manifest, &n->statement));
    hm_sha256(hm_buf_bytes(&n->statement), n->sha);
    question.field[HM_SIGN_TAG].number = 5;
    question.field[HM_SIGN_FORMAT].number = HM_LOGGED_MANIFEST;
    question.field[HM_SIGN_STRUCTURE].number = HM_STRUCTURE_COSE;
    question.field[HM_SIGN_ALGORITHM].number = HM_KEY_ES256;
    question.field[HM_SIGN_NAME].bytes = hm_text("main.bin.cose");
    question.field[HM_SIGN_SIZE].number = n->statement.len;
    question.field[HM_SIGN_PLAIN].bytes = question.field[HM_SIGN_CONTENT].bytes = HM_ARRAY(n->sha);
    question.field[HM_SIGN_STATEMENT].bytes = hm_buf_bytes(&n->statement);
    HM_TRY(hm_ask(&n->o.core, &question, &answer));
    assert_int_equal(answer.type, wanted);
    return HM_OK;
}

static void request_it(native *n, uint8_t hash[static HM_SHA256_LEN]) {
    native_open(n);
    session(n, &HM_NO_BYTES);
    WORKS(put(n, &n->manifest, HM_MSG_NOTED));
    WORKS(close_request(&n->o, hash));
    open_again(&n->o);
}

static void approve_it(native *n, const uint8_t hash[static HM_SHA256_LEN]) {
    open_again(&n->o);
    WORKS(approve(&n->o, hash, carol));
    WORKS(approve(&n->o, hash, dan));
}

static void the_requested_manifest_is_signed_once(void **ignored) {
    (void)ignored;
    NATIVE n;
    uint8_t hash[HM_SHA256_LEN];
    request_it(&n, hash);
    session(&n, NULL);
    FAILS(HM_REFUSED, "needs 2 more of qa", put(&n, &n.manifest, HM_MSG_SIGNED));
    approve_it(&n, hash);
    session(&n, NULL);
    WORKS(put(&n, &n.manifest, HM_MSG_SIGNED));
    FAILS(HM_REFUSED, "its request was used", put(&n, &n.manifest, HM_MSG_SIGNED));
    session(&n, NULL);
    FAILS(HM_REFUSED, "its request was used", put(&n, &n.manifest, HM_MSG_SIGNED));
    open_again(&n.o);
    assert_state(&n.o, hash, "done");
    ask(&n.o, &(hm_message){.type = HM_MSG_LOG_AUDIT});
}

static void the_request_holds_the_manifest(void **ignored) {
    (void)ignored;
    static hm_request read;
    NATIVE n;
    HM_BUF body = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    char state[16];
    request_it(&n, hash);
    find_body(&n.o, hash, &body, state);
    WORKS(hm_request_get(hm_buf_bytes(&body), &read));
    assert_true(hm_bytes_equal(read.manifest, hm_buf_bytes(&n.statement)));
}

static void whatever_differs_is_not_signed(void **ignored) {
    (void)ignored;
    NATIVE n;
    uint8_t hash[HM_SHA256_LEN];
    request_it(&n, hash);
    approve_it(&n, hash);
    session(&n, NULL);
    for (int i = 0; i < 8; i++) {
        hm_manifest other = n.manifest;
        hm_manifest_component *component = &other.component[0];
        if (i == 0) other.sequence++;
        if (i == 1) component->version = hm_text("1.0.1");
        if (i == 2) component->security_version++;
        if (i == 3) component->digest.value[31] ^= 1;
        if (i == 4) component->size++;
        if (i == 5) component->kind = HM_COMPONENT_SCRIPT;
        if (i == 6) component->destination = hm_text("bank-b");
        if (i == 7) other.has_minimum_list = true, other.minimum_list = 4;
        FAILS(HM_REFUSED, "another file, version or option than its request has", put(&n, &other, HM_MSG_SIGNED));
    }
    WORKS(put(&n, &n.manifest, HM_MSG_SIGNED));
}

static void an_approver_compares_that_manifest(void **ignored) {
    (void)ignored;
    NATIVE n;
    uint8_t hash[HM_SHA256_LEN];
    request_it(&n, hash);
    session(&n, &HM_ARRAY(hash));
    hm_manifest other = n.manifest;
    other.component[0].digest.value[0] ^= 1;
    FAILS(HM_REFUSED, "is not what the request asks for", put(&n, &other, HM_MSG_NOTED));
    WORKS(put(&n, &n.manifest, HM_MSG_NOTED));
    FAILS(HM_REFUSED, "named before", put(&n, &n.manifest, HM_MSG_NOTED));
}

static void a_request_is_for_one_manifest_or_for_files(void **ignored) {
    (void)ignored;
    NATIVE n;
    uint8_t hash[HM_SHA256_LEN];
    native_open(&n);
    session(&n, &HM_NO_BYTES);
    WORKS(put(&n, &n.manifest, HM_MSG_NOTED));
    hm_manifest other = n.manifest;
    other.sequence++;
    FAILS(HM_REFUSED, "one manifest, or for files", put(&n, &other, HM_MSG_NOTED));
    FAILS(HM_REFUSED, "one manifest, or for files", note(&n.o, "one"));
    WORKS(close_request(&n.o, hash));
    session(&n, &HM_NO_BYTES);
    WORKS(note(&n.o, "one"));
    FAILS(HM_REFUSED, "one manifest, or for files", put(&n, &n.manifest, HM_MSG_NOTED));
}

static void what_devices_would_refuse_is_not_requested(void **ignored) {
    (void)ignored;
    NATIVE n;
    native_open(&n);
    session(&n, &HM_NO_BYTES);
    hm_manifest other = n.manifest;
    other.class_id[0] ^= 1;
    FAILS(HM_REFUSED, "another class of devices", put(&n, &other, HM_MSG_NOTED));
    other = n.manifest;
    other.version = hm_text("1.1");
    FAILS(HM_REFUSED, "release 1.1", put(&n, &other, HM_MSG_NOTED));
    other = n.manifest;
    other.purpose = HM_PURPOSE_PRODUCTION;
    FAILS(HM_REFUSED, "nothing for production", put(&n, &other, HM_MSG_NOTED));
    FAILS(HM_REFUSED, "", put_file(&n.o, "one", HM_LOGGED_MANIFEST, HM_MSG_NOTED));
}

static void what_failed_may_be_signed_again(void **ignored) {
    (void)ignored;
    NATIVE n;
    uint8_t hash[HM_SHA256_LEN];
    request_it(&n, hash);
    approve_it(&n, hash);
    session(&n, NULL);
    token_faults("C_Sign length 0 0\n");
    hm_err err = put(&n, &n.manifest, HM_MSG_SIGNED);
    token_faults("");
    assert_true(hm_failed(err));
    session(&n, NULL);
    WORKS(put(&n, &n.manifest, HM_MSG_SIGNED));
}

static void a_hidden_use_is_found_by_log_check(void **ignored) {
    (void)ignored;
    static const char *const edits[] = {
        "UPDATE entry SET tag = 0 WHERE CAST(details AS TEXT) LIKE '%\"request\":%\"rule\":%'",
        "UPDATE entry SET tag = tag + 1 WHERE CAST(details AS TEXT) LIKE '%\"request\":%\"rule\":%'",
    };
    for (size_t i = 0; i < 2; i++) {
        NATIVE n;
        uint8_t hash[HM_SHA256_LEN];
        request_it(&n, hash);
        approve_it(&n, hash);
        session(&n, NULL);
        WORKS(put(&n, &n.manifest, HM_MSG_SIGNED));
        office_disconnect(&n.o);
        office_sql(&n.o, edits[i]);
        office_connect(&n.o);
        expect_fault(&n.o, HM_REFUSED, "its tag was changed", &(hm_message){.type = HM_MSG_LOG_AUDIT});
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_requested_manifest_is_signed_once),
        cmocka_unit_test(the_request_holds_the_manifest),
        cmocka_unit_test(whatever_differs_is_not_signed),
        cmocka_unit_test(an_approver_compares_that_manifest),
        cmocka_unit_test(a_request_is_for_one_manifest_or_for_files),
        cmocka_unit_test(what_devices_would_refuse_is_not_requested),
        cmocka_unit_test(what_failed_may_be_signed_again),
        cmocka_unit_test(a_hidden_use_is_found_by_log_check),
    };
    return cmocka_run_group_tests(tests, begin_requests, finish_requests);
}
