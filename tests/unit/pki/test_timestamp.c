/* Tokens, and answers of authorities, judged: what is right, and each thing that may be wrong. */
#include "stamp_fixture.h"

static test_tsa tsa;

static int make_all(void **state) {
    tsa_make(NULL, &tsa);
    return make_shared(state);
}

static int clear_all(void **state) {
    tsa_clear(&tsa);
    return clear_shared(state);
}

static hm_bytes value(void) { return hm_text("a signature value"); }

/* Make and check. */
static hm_err check_by(const token_plan *plan, const test_tsa *by, const hm_trust *roots, hm_stamp *stamp) {
    HM_BUF token = HM_BUF_EMPTY;
    token_make(plan, by, value(), &token);
    return hm_timestamp_check(hm_buf_bytes(&token), value(), roots, TEST_NOW, stamp);
}

static hm_err check(const token_plan *plan) {
    hm_stamp stamp;
    return check_by(plan, &tsa, tsa.trust, &stamp);
}

static void a_right_token_says_when_and_by_whom(void **state) {
    (void)state;
    hm_stamp stamp;
    const token_plan plan = {.time = "20260920141320.25Z"};
    HM_MUST(check_by(&plan, &tsa, tsa.trust, &stamp));
    assert_int_equal(stamp.standing, HM_STAMP_GOOD);
    assert_true(stamp.read);
    assert_int_equal(stamp.time, TEST_NOW - DAY);
    assert_int_equal(stamp.microseconds, 250000);
    assert_int_equal(stamp.accuracy, 1000000);
    assert_string_equal(stamp.policy, "1.3.6.1.4.1.99999.1");
    assert_string_equal(stamp.serial, "00abcdef");
    assert_string_equal(stamp.authority.common_name, "tsa");
}

static void without_roots_everything_but_the_path_is_judged(void **state) {
    (void)state;
    hm_stamp stamp;
    const token_plan honest = {0}, other = {.other_digest = true};
    HM_MUST(check_by(&honest, &tsa, NULL, &stamp));
    assert_int_equal(stamp.standing, HM_STAMP_UNTRUSTED);
    HM_MUST(check_by(&honest, &tsa, shared.trust, &stamp));
    assert_int_equal(stamp.standing, HM_STAMP_UNTRUSTED);
    assert_non_null(strstr(stamp.why, "does not lead to a trusted root"));
    assert_refused(check_by(&other, &tsa, NULL, &stamp), "not what was signed");
    assert_int_equal(stamp.standing, HM_STAMP_WRONG);
}

static void the_certificate_may_be_named_by_either_attribute(void **state) {
    (void)state;
    for (binding by = BY_V2; by < BY_NOTHING; by++) HM_MUST(check(&(token_plan){.by = by}));
    assert_refused(check(&(token_plan){.by = BY_NOTHING}), "does not say by which certificate");
    for (binding by = BY_V2; by < BY_NOTHING; by++)
        assert_refused(check(&(token_plan){.by = by, .bound = hm_buf_bytes(&shared.leaf)}), "another certificate");
}

static void refuses_another_signature(void **state) {
    (void)state;
    HM_BUF token = HM_BUF_EMPTY;
    hm_stamp stamp;
    token_make(&(token_plan){0}, &tsa, value(), &token);
    assert_refused(hm_timestamp_check(hm_buf_bytes(&token), hm_text("another value"), tsa.trust, TEST_NOW, &stamp),
                   "another signature");
    assert_int_equal(stamp.standing, HM_STAMP_WRONG);
    assert_true(stamp.read);
}

static void refuses_weak_and_unknown_imprints(void **state) {
    (void)state;
    static const uint8_t sha1_id[] = {0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0}, unknown[] = {0x30, 3, 6, 1, 0x2a};
    static const uint8_t twenty[22] = {4, 20}, none[] = {4, 0};
    assert_refused(check(&(token_plan){.algorithm = HM_ARRAY(sha1_id), .imprint = HM_ARRAY(twenty)}),
                   "SHA-1 is too weak");
    assert_refused(check(&(token_plan){.algorithm = HM_ARRAY(unknown)}), "is not known");
    assert_refused(check(&(token_plan){.imprint = HM_ARRAY(twenty)}), "another signature");
    assert_refused(check(&(token_plan){.imprint = HM_ARRAY(none)}), "another signature");
}

static void refuses_times_that_are_none(void **state) {
    (void)state;
    static const char *const times[] = {"20260921141320",
                                        "260921141320Z",
                                        "20260921141320+0000",
                                        "20261321141320Z",
                                        "20260931141320Z",
                                        "20260921241320Z",
                                        "20260921146020Z",
                                        "20260921141360Z",
                                        "20260921141320.Z",
                                        "20260921141320.0Z",
                                        "20260921141320.50Z",
                                        "20260921141320,5Z",
                                        "20260921141320.5",
                                        "20260921141320.5Zx",
                                        "2026092114132Z",
                                        "",
                                        "20260921141320.1234567891Z",
                                        "-0260921141320Z",
                                        "20260921141320.-5Z"};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        hm_err err = check(&(token_plan){.time = times[i]});
        if (err.class != HM_REFUSED) fail_msg("%s passes", times[i]);
    }
}

static void refuses_the_future_beyond_what_clocks_differ(void **state) {
    (void)state;
    HM_MUST(check(&(token_plan){.time = "20260921141820Z"}));
    assert_refused(check(&(token_plan){.time = "20260921141821Z"}), "lies in the future");
}

static void refuses_tst_infos_that_are_malformed(void **state) {
    (void)state;
    static const uint8_t long_serial[23] = {2, 21, 1}, padded[] = {2, 2, 0, 1}, hour[] = {0x30, 4, 2, 2, 0x0e, 0x11},
                         odd_millis[] = {0x30, 4, 0x80, 2, 3, 0xe8}, nothing[] = {0x30, 0},
                         twice[] = {1, 1, 0xff, 1, 1, 0xff},
                         critical[] = {0xa1, 0x0a, 0x30, 8, 6, 1, 0x2a, 1, 1, 0xff, 4, 0},
                         harmless[] = {0xa1, 0x07, 0x30, 5, 6, 1, 0x2a, 4, 0}, stray[] = {5, 0}, ordering[] = {1, 1, 1};
    assert_refused(check(&(token_plan){.version = 2}), "version 2 is not understood");
    assert_refused(check(&(token_plan){.serial = HM_ARRAY(long_serial)}), "serial number is too long");
    assert_refused(check(&(token_plan){.serial = HM_ARRAY(padded)}), "not minimal");
    assert_refused(check(&(token_plan){.policy = HM_ARRAY(padded)}), "not minimal");
    assert_refused(check(&(token_plan){.policy = HM_ARRAY(nothing)}), "policy is missing");
    assert_refused(check(&(token_plan){.optional = HM_ARRAY(hour)}), "more than an hour");
    assert_refused(check(&(token_plan){.optional = HM_ARRAY(odd_millis)}), "accuracy is malformed");
    assert_refused(check(&(token_plan){.optional = HM_ARRAY(twice)}), "");
    assert_refused(check(&(token_plan){.optional = HM_ARRAY(ordering)}), "boolean");
    assert_refused(check(&(token_plan){.optional = HM_ARRAY(critical)}), "critical extension");
    assert_refused(check(&(token_plan){.optional = HM_ARRAY(stray)}), "");
    assert_refused(check(&(token_plan){.behind = 5}), "");
    HM_MUST(check(&(token_plan){.optional = HM_ARRAY(harmless)}));
    HM_MUST(check(&(token_plan){.optional = HM_ARRAY(nothing)}));
}

/* [0] { [4] { Name } } of CN */
static void put_name(const char *common_name, const char *organization, hm_buf *der) {
    static const uint8_t o[] = {0x55, 4, 10}, cn[] = {0x55, 4, 3};
    size_t mark[8];
    HM_MUST(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED, &mark[0]));
    HM_MUST(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 4, &mark[1]));
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark[2]));
    for (int i = 0; i < 2; i++) {
        HM_MUST(hm_der_open(der, HM_DER_SET, &mark[3]));
        HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark[4]));
        HM_MUST(hm_der_put(der, HM_DER_OID, i ? HM_ARRAY(cn) : HM_ARRAY(o)));
        HM_MUST(hm_der_put(der, HM_DER_UTF8_STRING, hm_text(i ? common_name : organization)));
        HM_MUST(hm_der_close(der, mark[4]));
        HM_MUST(hm_der_close(der, mark[3]));
    }
    for (int i = 2; i >= 0; i--) HM_MUST(hm_der_close(der, mark[i]));
}

static void the_name_inside_must_be_the_certificates(void **state) {
    (void)state;
    HM_BUF own = HM_BUF_EMPTY, other = HM_BUF_EMPTY;
    static const uint8_t junk[] = {0xa0, 2, 0xa4, 0}, empty[] = {0xa0, 0};
    put_name("tsa", "Stamps", &own);
    put_name("tsa", "Others", &other);
    HM_MUST(check(&(token_plan){.optional = hm_buf_bytes(&own)}));
    assert_refused(check(&(token_plan){.optional = hm_buf_bytes(&other)}), "names is not the one");
    assert_refused(check(&(token_plan){.optional = HM_ARRAY(junk)}), "names is not the one");
    assert_refused(check(&(token_plan){.optional = HM_ARRAY(empty)}), "");
}

static void refuses_signed_data_that_is_no_token(void **state) {
    (void)state;
    static const uint8_t nothing = 0, bare[] = {0xa0, 2, 5, 0}, in_parts[] = {0xa0, 4, 0x24, 2, 4, 0};
    assert_refused(check(&(token_plan){.signed_version = 1}), "version 1 is not understood where 3 belongs");
    assert_refused(check(&(token_plan){.type = hm_oid_data}), "something else than a time");
    assert_refused(check(&(token_plan){.twice = true}), "exactly one signer");
    assert_refused(check(&(token_plan){.no_certificate = true}), "certificate is not in the signature");
    assert_refused(check(&(token_plan){.another_key = true}), "");
    assert_refused(check(&(token_plan){.other_digest = true}), "not what was signed");
    assert_refused(check(&(token_plan){.content = HM_BYTES(&nothing, 0)}), "TSTInfo is missing");
    assert_refused(check(&(token_plan){.content = HM_ARRAY(bare)}), "TSTInfo is missing");
    assert_refused(check(&(token_plan){.content = HM_ARRAY(in_parts)}), "TSTInfo is missing");
}

static hm_err check_certificate(const char *extended_key_usage, const char *key_usage) {
    TSA other;
    cert_plan plan = tsa_plan;
    hm_stamp stamp;
    plan.extended_key_usage = extended_key_usage;
    plan.key_usage = key_usage;
    tsa_make(&plan, &other);
    return check_by(&(token_plan){0}, &other, other.trust, &stamp);
}

static void the_certificate_is_for_time_stamping_and_nothing_else(void **state) {
    (void)state;
    const char *const signing = "critical,digitalSignature";
    HM_MUST(check_certificate("critical,timeStamping", signing));
    HM_MUST(check_certificate("critical,timeStamping", "critical,nonRepudiation"));
    HM_MUST(check_certificate("critical,timeStamping", NULL));
    assert_refused(check_certificate("timeStamping", signing), "not critical");
    assert_refused(check_certificate(NULL, signing), "no extended key usage");
    assert_refused(check_certificate("critical,codeSigning", signing), "not for time stamping");
    assert_refused(check_certificate("critical,anyExtendedKeyUsage", signing), "not for time stamping");
    assert_refused(check_certificate("critical,timeStamping,codeSigning", signing), "time stamping alone");
    assert_refused(check_certificate("critical,timeStamping,1.2.3.4", signing), "time stamping alone");
    assert_refused(check_certificate("critical,timeStamping", "critical,keyEncipherment"), "");
    assert_refused(check_certificate("critical,timeStamping", "critical,digitalSignature,keyCertSign"),
                   "more than signatures");
}

static void the_authoritys_certificate_is_judged_at_its_time(void **state) {
    (void)state;
    TSA other;
    cert_plan plan = tsa_plan;
    hm_stamp stamp;
    plan.not_after = TEST_NOW - DAY;
    tsa_make(&plan, &other);
    HM_MUST(check_by(&(token_plan){.time = "20260919141320Z"}, &other, other.trust, &stamp));
    assert_int_equal(stamp.standing, HM_STAMP_GOOD);
    HM_MUST(check_by(&(token_plan){0}, &other, other.trust, &stamp));
    assert_int_equal(stamp.standing, HM_STAMP_UNTRUSTED);
    assert_non_null(strstr(stamp.why, "expired"));
}

/* ---- answers ---- */

static const uint8_t hash[HM_SHA256_LEN] = {1, 2, 3};

static hm_err take_as(const token_plan *base, uint8_t status, const char *policy) {
    HM_BUF der = HM_BUF_EMPTY, token = HM_BUF_EMPTY, response = HM_BUF_EMPTY;
    hm_timestamp_request request;
    hm_bytes view;
    hm_stamp stamp;
    token_plan plan = *base;
    HM_MUST(hm_timestamp_ask(hash, policy, &request, &der));
    if (!plan.request) plan.request = &request;
    token_make(&plan, &tsa, value(), &token);
    response_make(status, hm_buf_bytes(&token), &response);
    HM_TRY(hm_timestamp_take(hm_buf_bytes(&response), &request, &(hm_verify_rules){.tsa = tsa.trust, .now = TEST_NOW},
                             &view, &stamp));
    assert_true(hm_bytes_equal(view, hm_buf_bytes(&token)));
    assert_int_equal(stamp.standing, HM_STAMP_GOOD);
    return HM_OK;
}

static void an_answer_to_the_question_is_taken(void **state) {
    (void)state;
    HM_MUST(take_as(&(token_plan){0}, 0, NULL));
    HM_MUST(take_as(&(token_plan){0}, 1, NULL));
    HM_MUST(take_as(&(token_plan){0}, 0, "1.3.6.1.4.1.99999.1"));
}

static void refuses_answers_to_other_questions(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    hm_timestamp_request other;
    HM_MUST(hm_timestamp_ask(hash, NULL, &other, &der));
    assert_refused(take_as(&(token_plan){.request = &other}, 0, NULL), "nonce is not the one that was sent");
    other.signature_hash[5] ^= 1;
    assert_refused(take_as(&(token_plan){.request = &other}, 0, NULL), "another signature");
    assert_refused(take_as(&(token_plan){0}, 0, "1.3.6.1.4.1.99999.2"), "another policy");
    assert_refused(take_as(&(token_plan){.time = "20260921140819Z"}, 0, NULL), "time has passed");
    assert_refused(take_as(&(token_plan){.time = "20260921141821Z"}, 0, NULL), "future");
    assert_refused(take_as(&(token_plan){.other_digest = true}, 0, NULL), "not what was signed");
}

static void each_question_has_a_nonce_of_its_own(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    hm_timestamp_request one, two;
    HM_MUST(hm_timestamp_ask(hash, NULL, &one, &der));
    HM_MUST(hm_timestamp_ask(hash, NULL, &two, &again));
    assert_memory_not_equal(one.nonce, two.nonce, sizeof one.nonce);
    assert_fault(hm_timestamp_ask(hash, "not an oid", &one, &again), HM_MISUSED, "object identifier");
}

static hm_err take_octets(hm_bytes response) {
    HM_BUF der = HM_BUF_EMPTY;
    hm_timestamp_request request;
    hm_bytes view;
    hm_stamp stamp;
    HM_MUST(hm_timestamp_ask(hash, NULL, &request, &der));
    return hm_timestamp_take(response, &request, &(hm_verify_rules){.tsa = tsa.trust, .now = TEST_NOW}, &view, &stamp);
}

static void what_an_authority_refuses_is_told_in_words(void **state) {
    (void)state;
    static const uint8_t bad_policy[] = {0x30, 20,  0x30, 18,  2,   1, 2, 0x30, 7, 0x0c, 5,
                                         'n',  'o', 0x1b, '[', 'm', 3, 4, 0,    0, 1,    0};
    static const uint8_t waiting[] = {0x30, 5, 0x30, 3, 2, 1, 3}, revoked[] = {0x30, 5, 0x30, 3, 2, 1, 5},
                         ninth[] = {0x30, 5, 0x30, 3, 2, 1, 9}, granted[] = {0x30, 5, 0x30, 3, 2, 1, 0};
    assert_refused(take_octets(HM_ARRAY(bad_policy)),
                   "it refuses: it does not stamp by that policy, in its words: no\\x1b[m");
    assert_refused(take_octets(HM_ARRAY(waiting)), "nothing yet");
    assert_refused(take_octets(HM_ARRAY(revoked)), "has been revoked");
    assert_refused(take_octets(HM_ARRAY(ninth)), "status is not known");
    assert_refused(take_octets(HM_ARRAY(granted)), "token is missing");
    assert_refused(take_octets(hm_text("<html>")), "");
    assert_refused(take_octets(HM_NO_BYTES), "");
    assert_refused(take_octets(HM_BYTES(bad_policy, sizeof bad_policy - 1)), "");
}

static void refuses_an_answer_that_is_too_long_or_has_more_behind(void **state) {
    (void)state;
    static uint8_t zeros[HM_TIMESTAMP_RESPONSE_MAX + 1];
    HM_BUF token = HM_BUF_EMPTY, response = HM_BUF_EMPTY;
    assert_refused(take_octets(HM_ARRAY(zeros)), "too long");
    token_make(&(token_plan){0}, &tsa, value(), &token);
    HM_MUST(hm_put_u8(&token, 5));
    HM_MUST(hm_put_u8(&token, 0));
    response_make(0, hm_buf_bytes(&token), &response);
    assert_refused(take_octets(hm_buf_bytes(&response)), "response");
}

static void openssl_answers_our_questions(void **state) {
    (void)state;
    BENCH bench = bench_make();
    HM_BUF question = HM_BUF_EMPTY, response = HM_BUF_EMPTY;
    hm_timestamp_request request;
    hm_bytes token;
    hm_stamp stamp;
    HM_MUST(hm_timestamp_ask(hash, "1.3.6.1.4.1.99999.7", &request, &question));
    bench_put(&bench, "question", hm_buf_bytes(&question));
    bench_put_pem(&bench, "tsa.pem", hm_buf_bytes(&tsa.certificate));
    bench_put_key(&bench, "tsa.key", software_signer_key(tsa.key));
    bench_put(&bench, "config",
              hm_text("[tsa]\ndefault_tsa=one\n[one]\nserial=./serial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\n"
                      "signer_digest=sha256\ndefault_policy=1.2.3\nother_policies=1.3.6.1.4.1.99999.7\n"
                      "digests=sha256\naccuracy=secs:1,millisecs:999\nclock_precision_digits=3\nordering=yes\n"
                      "tsa_name=yes\ness_cert_id_alg=sha256\n"));
    bench_must(&bench, "openssl ts -reply -config config -queryfile question -out response");
    bench_get(&bench, "response", &response);
    HM_MUST(hm_timestamp_take(hm_buf_bytes(&response), &request,
                              &(hm_verify_rules){.tsa = tsa.trust, .now = time(NULL)}, &token, &stamp));
    assert_int_equal(stamp.standing, HM_STAMP_GOOD);
    assert_string_equal(stamp.policy, "1.3.6.1.4.1.99999.7");
    assert_int_equal(stamp.accuracy, 1999000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_token_says_when_and_by_whom),
        cmocka_unit_test(without_roots_everything_but_the_path_is_judged),
        cmocka_unit_test(the_certificate_may_be_named_by_either_attribute),
        cmocka_unit_test(refuses_another_signature),
        cmocka_unit_test(refuses_weak_and_unknown_imprints),
        cmocka_unit_test(refuses_times_that_are_none),
        cmocka_unit_test(refuses_the_future_beyond_what_clocks_differ),
        cmocka_unit_test(refuses_tst_infos_that_are_malformed),
        cmocka_unit_test(the_name_inside_must_be_the_certificates),
        cmocka_unit_test(refuses_signed_data_that_is_no_token),
        cmocka_unit_test(the_certificate_is_for_time_stamping_and_nothing_else),
        cmocka_unit_test(the_authoritys_certificate_is_judged_at_its_time),
        cmocka_unit_test(an_answer_to_the_question_is_taken),
        cmocka_unit_test(refuses_answers_to_other_questions),
        cmocka_unit_test(each_question_has_a_nonce_of_its_own),
        cmocka_unit_test(what_an_authority_refuses_is_told_in_words),
        cmocka_unit_test(refuses_an_answer_that_is_too_long_or_has_more_behind),
        cmocka_unit_test(openssl_answers_our_questions),
    };
    return cmocka_run_group_tests(tests, make_all, clear_all);
}
