/* Certificates in an office with founders: what one officer revokes, and what takes two. Keys of the copies are the
 * same token's: what is destroyed here was made here. */
#include "governed_fixture.h"

#include <pki/crl.h>

typedef struct {
    uint8_t sha256[32], key[16];
    uint64_t revoked, invalidity;
} certificate;

/* The newest of pump's that has ROLE. */
static certificate the(office *o, const char *role_name) {
    certificate found = {0};
    hm_message question = {.type = HM_MSG_CERT_LIST}, answer;
    question.field[HM_CERT_LIST_PRODUCT].bytes = hm_text("pump");
    for (answer = ask(o, &question); answer.type == HM_MSG_CERT; answer = hear(o)) {
        if (!hm_bytes_equal(answer.field[HM_CERT_ROLE].bytes, hm_text(role_name))) continue;
        memcpy(found.sha256, answer.field[HM_CERT_CERTIFICATE].bytes.data, sizeof found.sha256);
        memcpy(found.key, answer.field[HM_CERT_KEY].bytes.data, sizeof found.key);
        found.revoked = answer.field[HM_CERT_REVOKED].number;
        found.invalidity = answer.field[HM_CERT_INVALIDITY].number;
    }
    assert_int_equal(answer.type, HM_MSG_DONE);
    return found;
}

static hm_err take_back(office *o, const certificate *c, hm_crl_reason reason, int64_t invalidity) {
    hm_message question = {.type = HM_MSG_CERT_REVOKE}, answer;
    question.field[HM_CERT_REVOKE_CERTIFICATE].bytes = HM_ARRAY(c->sha256);
    question.field[HM_CERT_REVOKE_REASON].number = (uint64_t)reason;
    question.field[HM_CERT_REVOKE_INVALIDITY].number = (uint64_t)invalidity;
    return hm_ask(&o->core, &question, &answer);
}

static hm_statement of_key(const certificate *c, hm_key_state to, int64_t since) {
    hm_statement s = {.act = HM_ACT_KEY, .product = hm_text("pump"), .state = to, .since = since};
    memcpy(s.token_id, c->key, sizeof s.token_id);
    return s;
}

static void open_as_key_officer(office *o) {
    open_governed(o);
    WORKS(state(o, role("us", HM_ROLE_KEY_OFFICER, "pump"), BY(alice, bob)));
}

static void one_officer_ends_no_authority(void **ignored) {
    (void)ignored;
    OFFICE o;
    open_as_key_officer(&o);
    certificate ca = the(&o, "product CA"), leaf = the(&o, "signing");
    FAILS(HM_REFUSED, "hallmark key compromise KEY", take_back(&o, &ca, HM_CRL_SUPERSEDED, 86400));
    FAILS(HM_REFUSED, "hallmark key compromise KEY", take_back(&o, &ca, HM_CRL_CESSATION_OF_OPERATION, 0));
    assert_int_equal(the(&o, "product CA").revoked, 0);
    WORKS(take_back(&o, &leaf, HM_CRL_SUPERSEDED, 0));
    WORKS(state(&o, of_key(&ca, HM_KEY_COMPROMISED, 0), BY(alice, bob)));
    assert_int_not_equal(the(&o, "product CA").revoked, 0);
    office_disconnect(&o);
}

static void nor_moves_what_two_have_stated(void **ignored) {
    (void)ignored;
    OFFICE o;
    hm_message next = {.type = HM_MSG_KEY_GENERATE};
    int64_t since = time(NULL) - 3600;
    open_as_key_officer(&o);
    next.field[HM_KEY_GENERATE_PRODUCT].bytes = hm_text("pump");
    next.field[HM_KEY_GENERATE_ALGORITHM].number = HM_KEY_ES256;
    next.field[HM_KEY_GENERATE_NEXT].number = 1;
    ask(&o, &next);
    certificate leaf = the(&o, "signing");
    WORKS(state(&o, of_key(&leaf, HM_KEY_COMPROMISED, since), BY(alice, bob)));
    WORKS(state(&o, of_key(&leaf, HM_KEY_DESTROYED, 0), BY(alice, bob)));
    FAILS(HM_REFUSED, "which stands", take_back(&o, &leaf, HM_CRL_KEY_COMPROMISE, since - 1));
    FAILS(HM_REFUSED, "revoked already", take_back(&o, &leaf, HM_CRL_KEY_COMPROMISE, since));
    assert_int_equal(the(&o, "signing").invalidity, since);
    office_disconnect(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(one_officer_ends_no_authority),
        OFFICE_TEST(nor_moves_what_two_have_stated),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
