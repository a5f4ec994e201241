/* An office with founders, alice and bob, two of whom it takes; its products are "pump" and "valve", each with its
 * ES256 key, and this process's user is "us", pump's requester. */
#ifndef HM_GOVERNED_FIXTURE_H
#define HM_GOVERNED_FIXTURE_H

#include "../software_signer.h"
#include "office_fixture.h"

#include <core/statement_envelope.h>

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static software_signer *alice, *bob, *mallory;
static office governed; /* as it was made; each test has a copy */
static const char policy_text[] = "rule all\n  request by us\n  formats cms\n  quota 3 per hour\n";

/* The next statement, as it would be handed in; of now, unless it has a time. */
static inline hm_err write_next(office *o, hm_statement s, size_t count, software_signer *const *signers,
                                hm_buf *envelope) {
    hm_message place = ask(o, &(hm_message){.type = HM_MSG_STATEMENT_NEXT});
    hm_signer signer[4];
    HM_BUF cbor = HM_BUF_EMPTY;
    assert_int_equal(place.type, HM_MSG_STATEMENT_PLACE);
    memcpy(s.office, o->core.uuid, sizeof s.office);
    s.number = place.field[HM_STATEMENT_PLACE_NUMBER].number;
    memcpy(s.previous, place.field[HM_STATEMENT_PLACE_PREVIOUS].bytes.data, sizeof s.previous);
    if (!s.time) s.time = time(NULL);
    for (size_t i = 0; i < count; i++) signer[i] = *software_signer_of(signers[i]);
    HM_TRY(hm_statement_put(&s, &cbor));
    return hm_statement_envelope_put(hm_buf_bytes(&cbor), signer, count, envelope);
}

static inline hm_err state(office *o, hm_statement s, size_t count, software_signer *const *signers) {
    HM_BUF envelope = HM_BUF_EMPTY;
    hm_message add = {.type = HM_MSG_STATEMENT_ADD}, answer;
    HM_TRY(write_next(o, s, count, signers, &envelope));
    add.field[HM_STATEMENT_ADD_ENVELOPE].bytes = hm_buf_bytes(&envelope);
    return hm_ask(&o->core, &add, &answer);
}

#define BY(...)                                                                                                        \
    sizeof((software_signer *[]){__VA_ARGS__}) / sizeof(software_signer *), (software_signer *[]) { __VA_ARGS__ }

static inline hm_statement principal(const char *name, int64_t user) {
    hm_statement s = {.act = HM_ACT_PRINCIPAL, .name = hm_text(name), .has_unix = user >= 0};
    s.unix_user = user >= 0 ? (uint32_t)user : 0;
    return s;
}
static inline hm_statement role(const char *name, hm_role is, const char *product) {
    return (hm_statement){
        .act = HM_ACT_GRANT, .name = hm_text(name), .role = is, .product = hm_text(product), .until = 4000000000};
}
static inline hm_statement withdrawn(const char *name, hm_role was, const char *product) {
    hm_statement s = role(name, was, product);
    s.until = 0;
    return s;
}
static inline hm_statement policy(const char *product, const char *text) {
    return (hm_statement){.act = HM_ACT_POLICY, .product = hm_text(product), .policy = hm_text(text)};
}

static inline hm_err add_product(office *o, const char *name) {
    hm_message add = {.type = HM_MSG_PRODUCT_ADD}, answer;
    add.field[HM_PRODUCT_ADD_NAME].bytes = hm_text(name);
    add.field[HM_PRODUCT_ADD_ALGORITHMS].number = 1u << HM_KEY_ES256;
    return hm_ask(&o->core, &add, &answer);
}

static inline hm_err narrow_to(office *o, const char *product) {
    hm_message question = {.type = HM_MSG_NARROW}, answer;
    question.field[HM_NARROW_PRODUCT].bytes = hm_text(product);
    question.field[HM_NARROW_RELEASE].bytes = hm_text("1.0");
    question.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_CMS | 1u << HM_LOGGED_CATALOGUE;
    question.field[HM_NARROW_SIGNATURES].number = 8;
    return hm_ask(&o->core, &question, &answer);
}

static inline hm_err sign_as(office *o, uint64_t format) {
    hm_message question = {.type = HM_MSG_SIGN}, answer;
    static const uint8_t digest[32] = "a digest";
    question.field[HM_SIGN_FORMAT].number = format;
    question.field[HM_SIGN_STRUCTURE].number = 1;
    question.field[HM_SIGN_ALGORITHM].number = HM_KEY_ES256;
    question.field[HM_SIGN_NAME].bytes = hm_text("f");
    question.field[HM_SIGN_PLAIN].bytes = question.field[HM_SIGN_CONTENT].bytes = HM_ARRAY(digest);
    return hm_ask(&o->core, &question, &answer);
}
static inline hm_err sign(office *o) { return sign_as(o, HM_LOGGED_CMS); }

static inline void make_key(const char *product) {
    hm_statement officer = role("us", HM_ROLE_KEY_OFFICER, product);
    hm_message generate = {.type = HM_MSG_KEY_GENERATE};
    generate.field[HM_KEY_GENERATE_PRODUCT].bytes = hm_text(product);
    generate.field[HM_KEY_GENERATE_ALGORITHM].number = HM_KEY_ES256;
    WORKS(state(&governed, officer, BY(alice, bob)));
    ask(&governed, &generate);
    officer.until = 0;
    WORKS(state(&governed, officer, BY(alice)));
}

static inline void make_governed(void) {
    hm_statement charter = {.quorum = 2, .founders = 2};
    charter.founder[0] = (hm_founder){hm_text("alice"), software_signer_of(alice)->spki};
    charter.founder[1] = (hm_founder){hm_text("bob"), software_signer_of(bob)->spki};
    governed.core = HM_CONNECTION_NONE;
    snprintf(governed.directory, sizeof governed.directory, "%.60s/governed", office_group_folder());
    hm_office_plan plan = {.directory = governed.directory,
                           .organization = "Example",
                           .token = office_token_uri(),
                           .pin_path = office_pin_path(),
                           .founders = &charter};
    WORKS(hm_office_create(&plan));
    office_connect(&governed);
    FAILS(HM_REFUSED, "no principal", add_product(&governed, "pump"));
    WORKS(state(&governed, principal("us", getuid()), BY(alice, bob)));
    FAILS(HM_REFUSED, "us is not administrator of the whole office", add_product(&governed, "pump"));
    hm_statement administrator = role("us", HM_ROLE_ADMINISTRATOR, "");
    WORKS(state(&governed, administrator, BY(alice, bob)));
    WORKS(add_product(&governed, "pump"));
    WORKS(add_product(&governed, "valve"));
    /* Now, because the copies share the token. */
    make_key("valve");
    make_key("pump");
    administrator.until = 0;
    WORKS(state(&governed, administrator, BY(alice)));
    WORKS(state(&governed, role("us", HM_ROLE_REQUESTER, "pump"), BY(alice, bob)));
    WORKS(state(&governed, policy("pump", policy_text), BY(alice, bob)));
    office_disconnect(&governed);
}

static inline int begin(void **ignored) {
    if (office_group_make(ignored)) return 1;
    alice = software_signer_new(HM_KEY_ES256);
    bob = software_signer_new(HM_KEY_ED25519);
    mallory = software_signer_new(HM_KEY_ES256);
    if (!office_needed(ignored)) make_governed();
    return 0;
}

static inline int finish(void **ignored) {
    software_signer_free(&alice);
    software_signer_free(&bob);
    software_signer_free(&mallory);
    return office_group_remove(ignored);
}

static inline void copy_governed(office *copy) {
    office_copy(copy);
    office_restore(&governed, copy);
}
static inline void open_governed(office *copy) {
    copy_governed(copy);
    office_connect(copy);
}
static inline void open_narrowed(office *copy) {
    open_governed(copy);
    WORKS(narrow_to(copy, "pump"));
}

/* What ENVELOPE says of "dan" it says of "don", whom its signatures are not about. */
static inline void say_don(hm_buf *envelope) {
    uint8_t *at = memmem(envelope->data, envelope->len, "dan", 3);
    assert_non_null(at);
    at[1] = 'o';
}

#endif
