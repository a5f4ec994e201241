/* An office with a signature whose database is changed behind the core's back, and what an audit says of it. */
#ifndef HM_AUDIT_FIXTURE_H
#define HM_AUDIT_FIXTURE_H

#include "office_fixture.h"

/* An office with one signature, everything published; the numbers of its entries. */
typedef struct {
    office o;
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
} signed_office;

static inline void clear_signed(signed_office *s) { office_clear(&s->o); }
#define SIGNED_OFFICE __attribute__((cleanup(clear_signed))) signed_office

static inline void make_signed(signed_office *s) {
    office_copy(&s->o);
    sign_once(&s->o, &s->intent, &s->outcome, s->hash);
    office_age_checkpoint(&s->o);
}

static inline hm_message audit(office *o) {
    hm_message question = {.type = HM_MSG_LOG_AUDIT}, answer;
    office_connect(o);
    answer = ask(o, &question);
    assert_int_equal(answer.type, HM_MSG_LOG_AUDITED);
    return answer;
}

static inline hm_message audit_again(office *o) {
    hm_message question = {.type = HM_MSG_LOG_AUDIT};
    return ask(o, &question);
}

/* A core that does not even start counts as having found it. */
static inline void expect_fault_of(office *o, const hm_message *question, const char *words) {
    hm_message answer;
    hm_err err = hm_connect(o->directory, NULL, NULL, &o->core);
    if (!hm_failed(err)) err = hm_ask(&o->core, question, &answer);
    if (!hm_failed(err)) fail_msg("nothing is found");
    assert_said(words);
    (void)!hm_failed(hm_disconnect(&o->core));
}

static inline void expect_audit_fault(office *o, const char *words) {
    expect_fault_of(o, &(hm_message){.type = HM_MSG_LOG_AUDIT}, words);
}

/* SQL in which # stands for a number. */
static inline void change(office *o, const char *statement, uint64_t index) {
    HM_BUF text = HM_BUF_EMPTY;
    const char *string, *number = strchr(statement, '#');
    assert_non_null(number);
    WORKS(hm_put_format(&text, "%.*s%llu%s", (int)(number - statement), statement, (unsigned long long)index,
                        number + 1));
    WORKS(hm_buf_string(&text, &string));
    office_sql(o, string);
}

/* A leaf of this office's pump: what a signature would leave. */
static inline hm_leaf leaf_like(office *o, uint64_t index, hm_leaf_type type, uint64_t intent) {
    ENTRY e = {0};
    entry_read(o, index, &e);
    hm_leaf leaf = e.leaf;
    leaf.type = type;
    leaf.has_intent = type == HM_LEAF_OUTCOME || type == HM_LEAF_FAILURE;
    leaf.intent = leaf.has_intent ? intent : 0;
    return leaf;
}

#endif
