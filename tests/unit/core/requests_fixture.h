/* The governed office, where carol and dan approve what "us" asks of the pump: the policy wants both for most formats.
 */
#ifndef HM_REQUESTS_FIXTURE_H
#define HM_REQUESTS_FIXTURE_H

#include "governed_fixture.h"

#include <pki/cose.h>
#include <policy/request.h>

static software_signer *carol, *dan;
static const char needs_two[] = "group qa = carol, dan, eve, us\n"
                                "rule release\n  request by us\n  formats cms, catalogue, native\n  approve 2 of qa\n"
                                "rule free\n  request by us\n  formats pe\n";

static inline hm_statement person(const char *name, software_signer *key) {
    hm_statement s = {.act = HM_ACT_PRINCIPAL, .name = hm_text(name), .keys = 1};
    s.key[0] = software_signer_of(key)->spki;
    return s;
}

static inline int begin_requests(void **ignored) {
    if (begin(ignored)) return 1;
    carol = software_signer_new(HM_KEY_ES384);
    dan = software_signer_new(HM_KEY_ED25519);
    if (office_needed(ignored)) return 0;
    office_connect(&governed);
    WORKS(state(&governed, person("carol", carol), BY(alice, bob)));
    WORKS(state(&governed, person("dan", dan), BY(alice, bob)));
    WORKS(state(&governed, role("carol", HM_ROLE_APPROVER, "pump"), BY(alice, bob)));
    WORKS(state(&governed, role("dan", HM_ROLE_APPROVER, "pump"), BY(alice, bob)));
    WORKS(state(&governed, policy("pump", needs_two), BY(alice, bob)));
    office_disconnect(&governed);
    return 0;
}

static inline int finish_requests(void **ignored) {
    software_signer_free(&carol);
    software_signer_free(&dan);
    return finish(ignored);
}

static inline void open_again(office *o) {
    office_disconnect(o);
    office_connect(o);
}

static inline hm_err begin_request(office *o, hm_bytes request) {
    hm_message question = {.type = HM_MSG_REQUEST_BEGIN}, answer;
    question.field[HM_REQUEST_BEGIN_REQUEST].bytes = request;
    return hm_ask(&o->core, &question, &answer);
}

/* The signing that is asked for, or noted; NAME's first octets are the digests. */
static inline hm_err put_file(office *o, const char *name, uint64_t format, hm_message_type wanted) {
    hm_message question = {.type = HM_MSG_SIGN}, answer;
    uint8_t digest[32] = {0};
    memcpy(digest, name, strlen(name));
    question.field[HM_SIGN_TAG].number = 5;
    question.field[HM_SIGN_FORMAT].number = format;
    question.field[HM_SIGN_STRUCTURE].number = 1;
    question.field[HM_SIGN_ALGORITHM].number = HM_KEY_ES256;
    question.field[HM_SIGN_NAME].bytes = hm_text(name);
    question.field[HM_SIGN_SIZE].number = 7;
    question.field[HM_SIGN_PLAIN].bytes = question.field[HM_SIGN_CONTENT].bytes = HM_ARRAY(digest);
    HM_TRY(hm_ask(&o->core, &question, &answer));
    assert_int_equal(answer.type, wanted);
    return HM_OK;
}
static inline hm_err note(office *o, const char *name) { return put_file(o, name, HM_LOGGED_CMS, HM_MSG_NOTED); }
static inline hm_err sign_file(office *o, const char *name) { return put_file(o, name, HM_LOGGED_CMS, HM_MSG_SIGNED); }

static inline hm_err close_request(office *o, uint8_t hash[static HM_SHA256_LEN]) {
    hm_message question = {.type = HM_MSG_REQUEST_CLOSE}, answer;
    HM_TRY(hm_ask(&o->core, &question, &answer));
    assert_int_equal(answer.type, HM_MSG_REQUEST_MADE);
    memcpy(hash, answer.field[HM_REQUEST_MADE_HASH].bytes.data, HM_SHA256_LEN);
    return HM_OK;
}

/* A request for "one" and "two" of pump's release 1.0; O is connected anew behind it. */
static inline void make_request(office *o, uint8_t hash[static HM_SHA256_LEN]) {
    open_governed(o);
    WORKS(begin_request(o, HM_NO_BYTES));
    WORKS(narrow_to(o, "pump"));
    WORKS(note(o, "one"));
    WORKS(note(o, "two"));
    WORKS(close_request(o, hash));
    open_again(o);
}

static inline void find_body(office *o, const uint8_t hash[static HM_SHA256_LEN], hm_buf *body, char state[static 16]) {
    hm_message answer = ask(o, &(hm_message){.type = HM_MSG_REQUEST_LIST});
    while (answer.type == HM_MSG_REQUEST) {
        uint8_t other[HM_SHA256_LEN];
        hm_sha256(answer.field[HM_REQUEST_BODY].bytes, other);
        if (memcmp(other, hash, sizeof other) == 0) {
            WORKS(hm_put(body, answer.field[HM_REQUEST_BODY].bytes));
            snprintf(state, 16, "%.*s", (int)answer.field[HM_REQUEST_STATE].bytes.len,
                     (const char *)answer.field[HM_REQUEST_STATE].bytes.data);
        }
        answer = hear(o);
    }
}

static inline void assert_state(office *o, const uint8_t hash[static HM_SHA256_LEN], const char *wanted) {
    HM_BUF body = HM_BUF_EMPTY;
    char state[16] = "";
    find_body(o, hash, &body, state);
    assert_string_equal(state, wanted);
}

static inline hm_err decide_as(office *o, const uint8_t hash[static HM_SHA256_LEN], hm_decision decision,
                               hm_cose_object object, software_signer *who) {
    HM_BUF body = HM_BUF_EMPTY, signature = HM_BUF_EMPTY;
    char state[16];
    uint8_t ignored[HM_SHA256_LEN];
    hm_message question = {.type = HM_MSG_REQUEST_DECIDE}, answer;
    find_body(o, hash, &body, state);
    if (who) WORKS(hm_cose_sign(object, hm_buf_bytes(&body), NULL, software_signer_of(who), &signature, ignored));
    question.field[HM_REQUEST_DECIDE_REQUEST].bytes = HM_BYTES(hash, HM_SHA256_LEN);
    question.field[HM_REQUEST_DECIDE_DECISION].number = (uint64_t)decision;
    question.field[HM_REQUEST_DECIDE_SIGNATURE].bytes = hm_buf_bytes(&signature);
    return hm_ask(&o->core, &question, &answer);
}
static inline hm_err approve(office *o, const uint8_t hash[static HM_SHA256_LEN], software_signer *who) {
    return decide_as(o, hash, HM_DECISION_APPROVE, HM_COSE_APPROVAL, who);
}

#endif
