/* Proofs: of what is in the log, and of nothing else. */
#include "audit_fixture.h"

#include <tlog/proof.h>

static hm_message prove_message(hm_bytes hash, hm_bytes content) {
    hm_message message = {.type = HM_MSG_LOG_PROVE};
    message.field[HM_LOG_PROVE_SIGNATURE].bytes = hash;
    message.field[HM_LOG_PROVE_CONTENT].bytes = content;
    return message;
}

/* Nobody is told that it is in the log. */
static void expect_no_proof(office *o, const hm_message *question) {
    hm_message answer;
    hm_err err = hm_ask(&o->core, question, &answer);
    if (hm_failed(err))
        assert_said("is not in the log");
    else
        assert_int_equal(answer.field[HM_BYTES_CONTENT].bytes.len, 0);
}

static void proves_no_signature_that_is_not_logged(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    office_connect(&s.o);
    s.hash[31] ^= 1; /* the tag is the same */
    hm_message question = prove_message(HM_ARRAY(s.hash), DIGEST);
    expect_no_proof(&s.o, &question);
    s.hash[0] ^= 1;
    question = prove_message(HM_ARRAY(s.hash), DIGEST);
    expect_no_proof(&s.o, &question);
}

/* The session of log check FILE, log prove: its parser has read the file. */
static void a_session_asks_for_as_many_proofs_as_were_announced_and_no_more(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    hm_message narrowing = narrow_message("", 0), question = prove_message(HM_ARRAY(s.hash), DIGEST);
    narrowing.field[HM_NARROW_PROOFS].number = 2;
    office_connect(&s.o);
    assert_int_equal(ask(&s.o, &narrowing).type, HM_MSG_DONE);
    assert_true(ask(&s.o, &question).field[HM_BYTES_CONTENT].bytes.len > 0);
    question = prove_message(LITERAL("nothing of this name is in the lo"), DIGEST);
    question.field[HM_LOG_PROVE_SIGNATURE].bytes.len = HM_SHA256_LEN;
    assert_int_equal(ask(&s.o, &question).field[HM_BYTES_CONTENT].bytes.len, 0);
    expect_fault(&s.o, HM_REFUSED, "used up the proofs", &question);
    question = prove_message(HM_ARRAY(s.hash), DIGEST);
    expect_fault(&s.o, HM_REFUSED, "used up the proofs", &question);
}

static void a_session_for_a_product_is_opened_for_no_proofs(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    hm_message narrowing = narrow_message("pump", 1);
    narrowing.field[HM_NARROW_PROOFS].number = 1;
    expect_fault(&o, HM_REFUSED, "asks for no proofs", &narrowing);
}

/* An intent's digest is no signature, though it is in the log. */
static void proves_no_entry_but_outcomes(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    change(&s.o, "UPDATE entry SET tag=0x6665646362613938 WHERE idx=#", s.intent); /* not even if it could be found */
    office_connect(&s.o);
    hm_message question = prove_message(DIGEST, DIGEST);
    expect_no_proof(&s.o, &question);
}

static void proves_no_signature_of_other_content(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    office_connect(&s.o);
    hm_message question = prove_message(HM_ARRAY(s.hash), LITERAL("0edcba9876543210fedcba9876543210"));
    expect_fault(&s.o, HM_REFUSED, "for other content", &question);
    question = prove_message(HM_ARRAY(s.hash), LITERAL("fedcba9876543210fedcba9876543210+more"));
    expect_fault(&s.o, HM_REFUSED, "for other content", &question);
}

static void proves_nothing_whose_intent_is_gone(void **state) {
    (void)state;
    SIGNED_OFFICE s;
    make_signed(&s);
    change(&s.o, "DELETE FROM entry WHERE idx=#", s.intent);
    office_connect(&s.o);
    hm_message question = prove_message(HM_ARRAY(s.hash), DIGEST), answer;
    assert_true(hm_failed(hm_ask(&s.o.core, &question, &answer)));
}

static void a_proof_of_what_was_just_signed_holds_at_once(void **state) {
    (void)state;
    OFFICE o;
    hm_note_key key;
    hm_checkpoint checkpoint;
    hm_log_proof proof;
    uint8_t hash[HM_SHA256_LEN];
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), answer;
    office_copy(&o);
    log_key(&o, &key);
    office_connect(&o);
    narrow(&o, 1);
    answer = ask(&o, &question);
    uint64_t outcome = answer.field[HM_SIGNED_OUTCOME].number;
    structure_hash(HM_STRUCTURE_CMS, answer.field[HM_SIGNED_STRUCTURE].bytes, hash);
    question = prove_message(HM_ARRAY(hash), DIGEST);
    expect_fault(&o, HM_REFUSED, "may only sign", &question);
    /* In a session beside it. */
    office beside = o;
    office_connect(&beside);
    answer = ask(&beside, &question);
    WORKS(hm_log_proof_get(answer.field[HM_BYTES_CONTENT].bytes, &storage, &proof));
    WORKS(hm_log_proof_check(&proof, &key, DIGEST, hash, &checkpoint));
    assert_int_equal(proof.outcome_index, outcome);
    assert_true(checkpoint.size > outcome);
    /* And for nothing else. */
    assert_refused(hm_log_proof_check(&proof, &key, LITERAL("0edcba9876543210fedcba9876543210"), hash, &checkpoint));
    hash[0] ^= 1;
    assert_refused(hm_log_proof_check(&proof, &key, DIGEST, hash, &checkpoint));
    office_disconnect(&beside);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(proves_no_signature_that_is_not_logged),
        OFFICE_TEST(a_session_asks_for_as_many_proofs_as_were_announced_and_no_more),
        OFFICE_TEST(a_session_for_a_product_is_opened_for_no_proofs),
        OFFICE_TEST(proves_no_entry_but_outcomes),
        OFFICE_TEST(proves_no_signature_of_other_content),
        OFFICE_TEST(proves_nothing_whose_intent_is_gone),
        OFFICE_TEST(a_proof_of_what_was_just_signed_holds_at_once),
    };
    return RUN_WITH_OFFICE(tests);
}
