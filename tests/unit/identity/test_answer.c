#include "base_test.h"

#include <identity/answer.h>

#include <stdio.h>

static hm_workload example(void) {
    hm_workload w = {.issuer = hm_text("https://ci.example.com"), .subject = hm_text("job 7"), .expiry = 1700000600};
    memset(w.id, 0xa5, sizeof w.id);
    w.claims = 2;
    w.claim[0] = (hm_claim){hm_text("ref"), hm_text("")};
    w.claim[1] = (hm_claim){hm_text("repository_id"), hm_text("7")};
    return w;
}

static void a_workload_is_read_as_it_was_written(void **state) {
    (void)state;
    HM_BUF message = HM_BUF_EMPTY;
    hm_workload w = example(), read;
    uint64_t tag;
    assert_done(hm_identity_answer_put(0x0102030405060708, &w, &message));
    assert_done(hm_identity_answer_tag(hm_buf_bytes(&message), &tag));
    assert_true(tag == 0x0102030405060708);
    assert_done(hm_identity_answer_get(hm_buf_bytes(&message), &read));
    assert_true(hm_bytes_equal(read.issuer, w.issuer) && hm_bytes_equal(read.subject, w.subject));
    assert_int_equal(read.expiry, w.expiry);
    assert_memory_equal(read.id, w.id, sizeof w.id);
    assert_int_equal(read.claims, 2);
    assert_true(hm_bytes_equal(read.claim[1].name, w.claim[1].name));
    assert_int_equal(read.claim[0].value.len, 0);
}

static void has_the_bytes_that_the_header_gives(void **state) {
    (void)state;
    HM_BUF message = HM_BUF_EMPTY;
    hm_workload w = {.issuer = hm_text("https://a"), .subject = hm_text("s"), .expiry = 258, .claims = 1};
    w.claim[0] = (hm_claim){hm_text("n"), hm_text("v")};
    assert_done(hm_identity_answer_put(1, &w, &message));
    assert_bytes(hm_buf_bytes(&message), "\0\0\0\0\0\0\0\1"
                                         "\0"
                                         "\0\0\0\0\0\0\1\2"
                                         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                         "\0\x09https://a"
                                         "\0\1s"
                                         "\0\1"
                                         "\0\1n"
                                         "\0\1v");
}

static void every_prefix_and_every_longer_answer_is_none(void **state) {
    (void)state;
    HM_BUF message = HM_BUF_EMPTY;
    hm_workload w = example(), read;
    static const hm_workload nothing;
    assert_done(hm_identity_answer_put(7, &w, &message));
    for (size_t len = 0; len < message.len; len++) {
        assert_could_not(hm_identity_answer_get(HM_BYTES(message.data, len), &read));
        assert_memory_equal(&read, &nothing, sizeof nothing);
    }
    assert_done(hm_put_u8(&message, 0));
    assert_could_not(hm_identity_answer_get(hm_buf_bytes(&message), &read));
}

static void a_fault_comes_back_as_it_was(void **state) {
    (void)state;
    for (hm_class class = HM_REFUSED; class <= HM_DENIED; class ++) {
        HM_BUF message = HM_BUF_EMPTY;
        hm_fault fault = {.class = class, .sentence = "the token: no"};
        hm_workload read;
        assert_done(hm_identity_fault_put(7, &fault, &message));
        assert_int_equal(hm_identity_answer_get(hm_buf_bytes(&message), &read).class, class);
        assert_string_equal(hm_err_sentence(), "the token: no");
    }
}

static void the_longest_sentence_fits(void **state) {
    (void)state;
    HM_BUF message = HM_BUF_EMPTY;
    hm_fault fault = {.class = HM_REFUSED};
    hm_workload read;
    memset(fault.sentence, 'x', sizeof fault.sentence - 1);
    assert_done(hm_identity_fault_put(7, &fault, &message));
    assert_refused(hm_identity_answer_get(hm_buf_bytes(&message), &read));
    assert_int_equal(strlen(hm_err_sentence()), HM_SENTENCE_MAX - 1);
    assert_done(hm_put_u8(&message, 'x'));
    assert_could_not(hm_identity_answer_get(hm_buf_bytes(&message), &read));
}

static void no_fault_is_no_answer(void **state) {
    (void)state;
    HM_BUF message = HM_BUF_EMPTY;
    hm_fault none = {.class = HM_DONE, .sentence = "x"}, odd = {.class = (hm_class)5, .sentence = "x"};
    hm_workload read;
    assert_could_not(hm_identity_fault_put(7, &none, &message));
    assert_could_not(hm_identity_fault_put(7, &odd, &message));
    assert_int_equal(message.len, 0);
    assert_could_not(hm_identity_answer_get(LITERAL("\0\0\0\0\0\0\0\7\5x"), &read));
    assert_could_not(hm_identity_answer_get(LITERAL("\0\0\0\0\0\0\0\7\1"), &read));
    assert_could_not(hm_identity_answer_get(LITERAL("\0\0\0\0\0\0\0\7\0sentence"), &read));
}

#define assert_not_put(change)                                                                                         \
    do {                                                                                                               \
        HM_BUF message = HM_BUF_EMPTY;                                                                                 \
        hm_workload w = example();                                                                                     \
        change;                                                                                                        \
        assert_true(hm_failed(hm_identity_answer_put(7, &w, &message)));                                               \
        assert_int_equal(message.len, 0);                                                                              \
    } while (0)

static void nothing_is_written_that_could_not_be_read(void **state) {
    (void)state;
    char text[600];
    snprintf(text, sizeof text, "%0599d", 1);
    assert_not_put(w.expiry = -1);
    assert_not_put(w.issuer = hm_text("http://ci.example.com"));
    assert_not_put(w.issuer = HM_NO_BYTES);
    assert_not_put(w.subject = HM_NO_BYTES);
    assert_not_put(w.subject = HM_BYTES(text, 513));
    assert_not_put(w.claims = 65);
    assert_not_put(w.claim[0].name = HM_NO_BYTES);
    assert_not_put(w.claim[0].name = HM_BYTES(text, 65));
    assert_not_put(w.claim[0].value = HM_BYTES(text, 513));
    assert_not_put(w.claim[0].value = hm_text("\n"));
    assert_not_put(w.claim[0].name = hm_text("repository_id"));
    assert_not_put(w.claim[0].name = hm_text("s"));
}

static void the_largest_workload_fits(void **state) {
    (void)state;
    static char names[HM_TOKEN_CLAIMS_MAX][HM_CLAIM_NAME_MAX + 1], value[HM_CLAIM_VALUE_MAX + 1];
    HM_BUF message = HM_BUF_EMPTY;
    hm_workload w = example(), read;
    snprintf(value, sizeof value, "%0512d", 1);
    w.subject = hm_text(value);
    w.claims = HM_TOKEN_CLAIMS_MAX;
    for (unsigned i = 0; i < HM_TOKEN_CLAIMS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "%064u", i);
        w.claim[i] = (hm_claim){hm_text(names[i]), hm_text(value)};
    }
    assert_done(hm_identity_answer_put(7, &w, &message));
    assert_in_range(message.len, 37000, HM_IDENTITY_ANSWER_MAX);
    assert_done(hm_identity_answer_get(hm_buf_bytes(&message), &read));
}

static void questions_are_bounded(void **state) {
    (void)state;
    HM_BUF message = HM_BUF_EMPTY, token = HM_BUF_EMPTY;
    uint64_t tag;
    hm_bytes read;
    assert_done(hm_put_zeros(&token, 16384));
    assert_refused(hm_identity_question_put(7, HM_NO_BYTES, &message));
    assert_done(hm_identity_question_put(7, hm_buf_bytes(&token), &message));
    assert_int_equal(message.len, HM_IDENTITY_QUESTION_MAX);
    assert_done(hm_identity_question_get(hm_buf_bytes(&message), &tag, &read));
    assert_true(tag == 7 && hm_bytes_equal(read, hm_buf_bytes(&token)));
    assert_done(hm_put_u8(&message, 0));
    tag = 0;
    assert_refused(hm_identity_question_get(hm_buf_bytes(&message), &tag, &read));
    assert_true(tag == 7); /* so that the refusal can be sent */
    assert_done(hm_put_u8(&token, 0));
    assert_refused(hm_identity_question_put(7, hm_buf_bytes(&token), &message));
    assert_refused(hm_identity_question_get(LITERAL("\0\0\0\0\0\0\0\7"), &tag, &read));
    assert_true(hm_failed(hm_identity_question_get(LITERAL("\0\0\0\0\0\0\0"), &tag, &read)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_workload_is_read_as_it_was_written),
        cmocka_unit_test(has_the_bytes_that_the_header_gives),
        cmocka_unit_test(every_prefix_and_every_longer_answer_is_none),
        cmocka_unit_test(a_fault_comes_back_as_it_was),
        cmocka_unit_test(the_longest_sentence_fits),
        cmocka_unit_test(no_fault_is_no_answer),
        cmocka_unit_test(nothing_is_written_that_could_not_be_read),
        cmocka_unit_test(the_largest_workload_fits),
        cmocka_unit_test(questions_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
