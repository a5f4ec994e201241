/* The example of docs/statements.md, made again: every line of bytes in it is what the code writes, and the registry
 * takes what stands there. The officers' keys are those of RFC 8032 section 7.1, tests 1 and 2. */
#include "core_test.h"

#include "../software_signer.h"

#include <base/file.h>
#include <core/statement_envelope.h>
#include <pki/cose.h>

#include <fcntl.h>

static hm_buf page;
static software_signer *alice, *bob;

static software_signer *signer_of(const char *seed) {
    HM_BUF bytes = HM_BUF_EMPTY;
    assert_done(hm_hex_decode(hm_text(seed), &bytes));
    return software_signer_of_seed(bytes.data);
}

static int begin(void **state) {
    (void)state;
    alice = signer_of("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    bob = signer_of("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    return hm_failed(hm_file_read(AT_FDCWD, HALLMARK_SOURCE "/docs/statements.md", 1000000, &page));
}

static int finish(void **state) {
    (void)state;
    software_signer_free(&alice);
    software_signer_free(&bob);
    hm_buf_clear(&page);
    return 0;
}

/* Bytes stand on a line of their own. */
static void assert_shown(hm_bytes text) {
    HM_BUF line = HM_BUF_EMPTY;
    assert_done(hm_put_u8(&line, '\n'));
    assert_done(hm_put(&line, text));
    assert_done(hm_put_u8(&line, '\n'));
    if (memmem(page.data, page.len, line.data, line.len)) return;
    fail_msg("docs/statements.md does not show:\n%.*s", (int)text.len, (const char *)text.data);
}

static void assert_hex_shown(hm_bytes bytes) {
    HM_BUF hex = HM_BUF_EMPTY;
    assert_done(hm_put_hex(&hex, bytes));
    assert_shown(hm_buf_bytes(&hex));
}

static hm_statement charter(void) {
    hm_statement s = {.act = HM_ACT_CHARTER, .time = 1800000000, .quorum = 2, .founders = 2};
    for (unsigned i = 0; i < sizeof s.office; i++) s.office[i] = (uint8_t)i;
    s.founder[0] = (hm_founder){hm_text("alice"), software_signer_of(alice)->spki};
    s.founder[1] = (hm_founder){hm_text("bob"), software_signer_of(bob)->spki};
    return s;
}

static hm_statement later(const hm_registry *registry, hm_act act, int64_t after) {
    hm_statement s = {.act = act, .number = hm_registry_size(registry), .time = 1800000000 + after};
    for (unsigned i = 0; i < sizeof s.office; i++) s.office[i] = (uint8_t)i;
    hm_registry_last(registry, s.previous);
    return s;
}

/* Shows STATEMENT, its line for people and its envelope by COUNT officers, which the registry takes. */
static void assert_statement_shown(hm_registry *registry, const hm_statement *statement, size_t count) {
    HM_BUF cbor = HM_BUF_EMPTY, line = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY;
    const hm_signer signers[] = {*software_signer_of(alice), *software_signer_of(bob)};
    assert_done(hm_statement_put(statement, &cbor));
    assert_hex_shown(hm_buf_bytes(&cbor));
    assert_done(hm_statement_describe(statement, &line));
    assert_shown(hm_buf_bytes(&line));
    assert_done(hm_statement_envelope_put(hm_buf_bytes(&cbor), signers, count, &envelope));
    assert_hex_shown(hm_buf_bytes(&envelope));
    assert_done(hm_statement_envelope_take(registry, hm_buf_bytes(&envelope), true, statement->time));
}

static void the_example_is_what_the_code_writes(void **state) {
    (void)state;
    HM_REGISTRY *registry = NULL;
    HM_BUF line = HM_BUF_EMPTY;
    uint8_t last[HM_SHA256_LEN];
    hm_statement first = charter();
    assert_done(hm_registry_new(first.office, &registry));
    assert_statement_shown(registry, &first, 0);
    hm_statement second = later(registry, HM_ACT_PRINCIPAL, 60);
    second.name = hm_text("ci");
    second.has_unix = true;
    second.unix_user = 1000;
    assert_statement_shown(registry, &second, 2);
    hm_registry_last(registry, last);
    assert_done(hm_put_text(&line, "statements 2 "));
    assert_done(hm_put_base64(&line, HM_ARRAY(last)));
    assert_shown(hm_buf_bytes(&line));
}

static void the_officers_kids_are_shown(void **state) {
    (void)state;
    uint8_t kid[HM_KID_LEN];
    assert_done(hm_cose_kid(software_signer_of(alice)->spki, kid));
    assert_hex_shown(HM_ARRAY(kid));
    assert_done(hm_cose_kid(software_signer_of(bob)->spki, kid));
    assert_hex_shown(HM_ARRAY(kid));
}

static void what_the_example_signs_is_shown(void **state) {
    (void)state;
    HM_REGISTRY *registry = NULL;
    HM_BUF cbor = HM_BUF_EMPTY, empty = HM_BUF_EMPTY, message = HM_BUF_EMPTY;
    hm_statement first = charter();
    assert_done(hm_registry_new(first.office, &registry));
    assert_done(hm_statement_put(&first, &cbor));
    assert_done(hm_cose_draft_put(hm_buf_bytes(&cbor), NULL, 0, &empty));
    assert_done(hm_statement_envelope_take(registry, hm_buf_bytes(&empty), true, first.time));
    hm_statement second = later(registry, HM_ACT_PRINCIPAL, 60);
    second.name = hm_text("ci");
    second.has_unix = true;
    second.unix_user = 1000;
    cbor.len = 0;
    assert_done(hm_statement_put(&second, &cbor));
    assert_done(hm_cose_to_be_signed(HM_COSE_STATEMENT, HM_COSE_ED25519, hm_buf_bytes(&cbor), &message));
    assert_hex_shown(hm_buf_bytes(&message));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_what_the_code_writes),
        cmocka_unit_test(the_officers_kids_are_shown),
        cmocka_unit_test(what_the_example_signs_is_shown),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
