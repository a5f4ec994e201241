/* Requests for timestamps, read; tokens and replies, built: what OpenSSL makes of them. */
#include "pki_fixture.h"

#include "oid.h"

#include <pki/der.h>
#include <pki/timestamp_make.h>

/* ---- requests ---- */

typedef struct {
    unsigned version;
    hm_bytes algorithm;
    bool has_null, has_number; /* as its parameters */
    size_t digest_len;
    const char *policy;
    hm_bytes nonce;          /* content octets */
    const char *certificate; /* content octet of certReq, as text of one byte */
    bool extension;
} request_plan;

static request_plan plain(void) { return (request_plan){.version = 1, .algorithm = hm_oid_sha256, .digest_len = 32}; }

static void put_imprint(const request_plan *plan, hm_buf *der) {
    static const uint8_t digest[64] = {1, 2, 3};
    size_t imprint, algorithm;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &imprint));
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &algorithm));
    HM_MUST(hm_der_put(der, HM_DER_OID, plan->algorithm));
    if (plan->has_null) HM_MUST(hm_der_put(der, HM_DER_NULL, HM_NO_BYTES));
    if (plan->has_number) HM_MUST(hm_der_put_uint(der, 5));
    HM_MUST(hm_der_close(der, algorithm));
    HM_MUST(hm_der_put(der, HM_DER_OCTET_STRING, HM_BYTES(digest, plan->digest_len)));
    HM_MUST(hm_der_close(der, imprint));
}

static void put_request(const request_plan *plan, hm_buf *der) {
    size_t whole;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &whole));
    HM_MUST(hm_der_put_uint(der, plan->version));
    put_imprint(plan, der);
    if (plan->policy) HM_MUST(hm_der_put_oid(der, plan->policy));
    if (plan->nonce.len) HM_MUST(hm_der_put(der, HM_DER_INTEGER, plan->nonce));
    if (plan->certificate) HM_MUST(hm_der_put(der, HM_DER_BOOLEAN, HM_BYTES(plan->certificate, 1)));
    if (plan->extension) HM_MUST(hm_der_put(der, HM_DER_CONTEXT_CONSTRUCTED + 0, HM_NO_BYTES));
    HM_MUST(hm_der_close(der, whole));
}

static void assert_refused_as(hm_bytes der, hm_tsa_failure expected, const char *part) {
    hm_timestamp_query query;
    hm_tsa_failure failure;
    assert_refused(hm_timestamp_query_read(der, &query, &failure), part);
    assert_int_equal(failure, expected);
}

static void assert_plan_refused(request_plan plan, hm_tsa_failure expected, const char *part) {
    HM_BUF der = HM_BUF_EMPTY;
    put_request(&plan, &der);
    assert_refused_as(hm_buf_bytes(&der), expected, part);
}

static void reads_what_is_asked_for(void **state) {
    (void)state;
    static const uint8_t nonce[] = {0x00, 0xff, 0x12};
    HM_BUF der = HM_BUF_EMPTY;
    hm_timestamp_query query;
    hm_tsa_failure failure;
    request_plan plan = plain();
    plan.nonce = HM_ARRAY(nonce);
    plan.policy = "1.2.3";
    plan.certificate = "\xff";
    put_request(&plan, &der);
    HM_MUST(hm_timestamp_query_read(hm_buf_bytes(&der), &query, &failure));
    assert_int_equal(query.imprint.algorithm, HM_SHA256);
    assert_int_equal(query.imprint.len, 32);
    assert_int_equal(query.imprint.value[2], 3);
    assert_true(hm_bytes_equal(query.nonce, HM_ARRAY(nonce)));
    assert_true(hm_bytes_equal(query.policy, HM_BYTES("\x2a\x03", 2)));
    assert_true(query.wants_certificate);
}

static void takes_three_digests_with_parameters_or_without(void **state) {
    (void)state;
    const hm_bytes algorithms[] = {hm_oid_sha256, hm_oid_sha384, hm_oid_sha512};
    for (size_t i = 0; i < 6; i++) {
        HM_BUF der = HM_BUF_EMPTY;
        hm_timestamp_query query;
        hm_tsa_failure failure;
        request_plan plan = plain();
        plan.algorithm = algorithms[i / 2];
        plan.has_null = i % 2;
        plan.digest_len = 32 + 16 * (i / 2);
        put_request(&plan, &der);
        HM_MUST(hm_timestamp_query_read(hm_buf_bytes(&der), &query, &failure));
        assert_int_equal(query.imprint.len, plan.digest_len);
        assert_false(query.wants_certificate);
        assert_int_equal(query.nonce.len + query.policy.len, 0);
    }
}

static void refuses_digests_that_are_weak_or_unknown(void **state) {
    (void)state;
    request_plan plan = plain();
    plan.algorithm = hm_oid_sha1;
    plan.digest_len = 20;
    assert_plan_refused(plan, HM_TSA_BAD_ALGORITHM, "SHA-1 is too weak");
    plan.algorithm = hm_oid_md5;
    plan.digest_len = 16;
    assert_plan_refused(plan, HM_TSA_BAD_ALGORITHM, "MD5 is too weak");
    plan = plain();
    plan.algorithm = hm_oid_rsa;
    assert_plan_refused(plan, HM_TSA_BAD_ALGORITHM, "is not known");
    plan = plain();
    plan.has_number = true;
    assert_plan_refused(plan, HM_TSA_BAD_ALGORITHM, "odd parameters");
}

static void refuses_imprints_of_another_length_than_their_digest(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 20, 31, 33, 48, 64};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        request_plan plan = plain();
        plan.digest_len = lengths[i];
        assert_plan_refused(plan, HM_TSA_BAD_FORMAT, "hashedMessage has");
    }
}

static void refuses_other_versions(void **state) {
    (void)state;
    for (unsigned version = 0; version < 4; version++) {
        request_plan plan = plain();
        plan.version = version;
        if (version != 1) assert_plan_refused(plan, HM_TSA_BAD_REQUEST, "version");
    }
}

static void refuses_extensions_of_any_kind(void **state) {
    (void)state;
    request_plan plan = plain();
    plan.extension = true;
    assert_plan_refused(plan, HM_TSA_UNACCEPTED_EXTENSION, "extension");
}

static void refuses_what_is_not_der(void **state) {
    (void)state;
    request_plan plan = plain();
    plan.certificate = "\x01";
    assert_plan_refused(plan, HM_TSA_BAD_FORMAT, "boolean");
    plan.certificate = NULL;
    plan.nonce = HM_BYTES("\x00\x01", 2);
    assert_plan_refused(plan, HM_TSA_BAD_FORMAT, "integer is not minimal");
    assert_refused_as(HM_NO_BYTES, HM_TSA_BAD_FORMAT, "timestamp request");
    assert_refused_as(hm_text("POST /tsa"), HM_TSA_BAD_FORMAT, "timestamp request");
}

static void refuses_a_default_that_is_written(void **state) {
    (void)state;
    static const char no[1] = {0};
    request_plan plan = plain();
    plan.certificate = no;
    assert_plan_refused(plan, HM_TSA_BAD_FORMAT, "certReq is FALSE");
}

static void refuses_a_nonce_or_policy_without_end(void **state) {
    (void)state;
    uint8_t nonce[HM_TSA_NONCE_MAX + 1];
    memset(nonce, 0x55, sizeof nonce);
    request_plan plan = plain();
    plan.nonce = HM_ARRAY(nonce);
    assert_plan_refused(plan, HM_TSA_BAD_REQUEST, "nonce");
    plan = plain();
    plan.policy =
        "2.25.999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999"
        "99999999999999999999999999999999999999999999999999999999999999999999";
    assert_plan_refused(plan, HM_TSA_UNACCEPTED_POLICY, "reqPolicy");
}

static void refuses_fields_out_of_order_and_what_lies_behind(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    size_t whole;
    request_plan plan = plain();
    put_request(&plan, &der);
    HM_MUST(hm_put_u8(&der, 0));
    assert_refused_as(hm_buf_bytes(&der), HM_TSA_BAD_FORMAT, "");
    der.len = 0;
    HM_MUST(hm_der_open(&der, HM_DER_SEQUENCE, &whole));
    HM_MUST(hm_der_put_uint(&der, 1));
    put_imprint(&plan, &der);
    HM_MUST(hm_der_put(&der, HM_DER_BOOLEAN, HM_BYTES("\xff", 1)));
    HM_MUST(hm_der_put_uint(&der, 7)); /* the nonce comes before certReq */
    HM_MUST(hm_der_close(&der, whole));
    assert_refused_as(hm_buf_bytes(&der), HM_TSA_BAD_FORMAT, "");
}

/* Whatever is cut off or changed is another request or none; nothing is read beyond it. */
static void every_prefix_is_refused(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    request_plan plan = plain();
    plan.policy = "1.2.3";
    plan.certificate = "\xff";
    put_request(&plan, &der);
    for (size_t len = 0; len < der.len; len++) {
        uint8_t *copy = malloc(len ? len : 1);
        memcpy(copy, der.data, len);
        assert_refused_as(HM_BYTES(copy, len), HM_TSA_BAD_FORMAT, "");
        free(copy);
    }
}

/* ---- tokens ---- */

typedef struct {
    test_bench bench;
    test_office office;
    software_signer *key;
    hm_buf certificate, query, policy;
    hm_chain chain;
    hm_timestamp_query asked;
    hm_timestamp_plan plan;
} authority;

static const uint8_t serial[] = {0x80, 1, 2, 3};

static void authority_clear(authority *a) {
    bench_clear(&a->bench);
    office_clear(&a->office);
    software_signer_free(&a->key);
    hm_buf_clear(&a->certificate);
    hm_buf_clear(&a->query);
    hm_buf_clear(&a->policy);
}
#define AUTHORITY __attribute__((cleanup(authority_clear))) authority

/* An office whose authority is asked by `openssl ts -query OPTIONS`. */
static void authority_make(authority *a, hm_key_algorithm algorithm, const char *options) {
    hm_tsa_failure failure;
    *a = (authority){.bench = bench_make()};
    office_make(&a->office, HM_KEY_ES256);
    a->key = software_signer_new(algorithm);
    hm_cert_request request = office_request(HM_CERT_TSA, a->key);
    request.subject = (hm_cert_name){"Acme", NULL, "Acme timestamping"};
    HM_MUST(hm_cert_issue(&request, hm_buf_bytes(&a->office.root), software_signer_of(a->office.root_key),
                          &a->certificate));
    a->chain = (hm_chain){1, {hm_buf_bytes(&a->certificate)}};
    bench_put(&a->bench, "data", hm_text("what is stamped\n"));
    bench_put_pem(&a->bench, "root.pem", hm_buf_bytes(&a->office.root));
    bench_put_pem(&a->bench, "tsa.pem", hm_buf_bytes(&a->certificate));
    bench_must(&a->bench, "openssl ts -query -data data %s -out query", options);
    bench_get(&a->bench, "query", &a->query);
    HM_MUST(hm_timestamp_query_read(hm_buf_bytes(&a->query), &a->asked, &failure));
    HM_MUST(hm_tsa_policy(request.office, &a->policy));
    a->plan = (hm_timestamp_plan){.query = &a->asked,
                                  .policy = hm_buf_bytes(&a->policy),
                                  .serial = HM_ARRAY(serial),
                                  .milliseconds = TEST_NOW * INT64_C(1000) + 120,
                                  .accuracy = 1,
                                  .chain = &a->chain};
}

static void reply(authority *a) {
    HM_BUF token = HM_BUF_EMPTY, der = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    HM_MUST(hm_timestamp_make(&a->plan, software_signer_of(a->key), &token, hash));
    HM_MUST(hm_timestamp_grant(hm_buf_bytes(&token), &der));
    HM_MUST(hm_timestamp_granted(hm_buf_bytes(&der)));
    bench_put(&a->bench, "reply", hm_buf_bytes(&der));
    bench_put(&a->bench, "token", hm_buf_bytes(&token));
}

static void assert_printed(authority *a, const char *part) {
    HM_BUF output = HM_BUF_EMPTY;
    const char *text;
    bench_get(&a->bench, "output", &output);
    HM_MUST(hm_buf_string(&output, &text));
    if (!strstr(text, part)) fail_msg("\"%s\" is not in\n%s", part, text);
}

static void openssl_verifies_tokens_of_every_key(void **state) {
    (void)state;
    static const hm_key_algorithm algorithms[] = {HM_KEY_RSA3072, HM_KEY_ES256, HM_KEY_ES384};
    static const char *const digests[] = {"-sha256", "-sha384", "-sha512"};
    for (size_t i = 0; i < 3; i++) {
        AUTHORITY a;
        char options[64];
        snprintf(options, sizeof options, "%s -cert", digests[i]);
        authority_make(&a, algorithms[i], options);
        reply(&a);
        bench_must(&a.bench, "openssl ts -verify -queryfile query -in reply -CAfile root.pem -attime %d", TEST_NOW);
        bench_must(&a.bench, "openssl ts -verify -data data -in token -token_in -CAfile root.pem -attime %d", TEST_NOW);
    }
}

static void openssl_reads_what_the_token_says(void **state) {
    (void)state;
    AUTHORITY a;
    authority_make(&a, HM_KEY_RSA3072, "-sha256 -cert");
    reply(&a);
    bench_must(&a.bench, "openssl ts -reply -in reply -text");
    assert_printed(&a, "Status: Granted.");
    assert_printed(&a, "Policy OID: 2.25.329800735698586629295641978511506172918.3\n");
    assert_printed(&a, "Serial number: 0x80010203\n");
    assert_printed(&a, "Time stamp: Sep 21 14:13:20.12 2026 GMT\n");
    assert_printed(&a, "Accuracy: 0x01 seconds, unspecified millis, unspecified micros\n");
    assert_printed(&a, "Ordering: no\n");
    assert_printed(&a, "TSA: DirName:/O=Acme/CN=Acme timestamping\n");
}

static void a_time_without_fraction_has_no_point(void **state) {
    (void)state;
    static const struct {
        int milliseconds;
        const char *text;
    } times[] = {{0, "14:13:20 2026"}, {5, "14:13:20.005 2026"}, {50, "14:13:20.05 2026"}, {900, "14:13:20.9 2026"}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        AUTHORITY a;
        authority_make(&a, HM_KEY_ES256, "-sha256 -cert");
        a.plan.milliseconds = TEST_NOW * INT64_C(1000) + times[i].milliseconds;
        a.plan.accuracy = 0;
        reply(&a);
        bench_must(&a.bench, "openssl ts -reply -in reply -text");
        assert_printed(&a, times[i].text);
        assert_printed(&a, "Accuracy: unspecified\n");
    }
}

static void certificates_are_embedded_only_if_they_were_asked_for(void **state) {
    (void)state;
    AUTHORITY a;
    authority_make(&a, HM_KEY_ES256, "-sha256");
    reply(&a);
    bench_must(&a.bench, "openssl pkcs7 -inform DER -in token -print_certs");
    HM_BUF output = HM_BUF_EMPTY;
    bench_get(&a.bench, "output", &output);
    assert_true(!output.len || !memmem(output.data, output.len, "BEGIN", 5));
    assert_int_not_equal(bench_run(&a.bench, "openssl ts -verify -queryfile query -in reply -CAfile root.pem"), 0);
    bench_must(&a.bench, "openssl ts -verify -queryfile query -in reply -CAfile root.pem -untrusted tsa.pem -attime %d",
               TEST_NOW);
}

static void openssl_refuses_it_for_another_query(void **state) {
    (void)state;
    AUTHORITY a;
    authority_make(&a, HM_KEY_ES256, "-sha256 -cert");
    reply(&a);
    bench_must(&a.bench, "openssl ts -query -data data -sha256 -cert -out other"); /* another nonce */
    bench_put(&a.bench, "changed", hm_text("what was not\n"));
    assert_int_not_equal(bench_run(&a.bench, "openssl ts -verify -queryfile other -in reply -CAfile root.pem"), 0);
    assert_printed(&a, "nonce mismatch");
    assert_int_not_equal(bench_run(&a.bench, "openssl ts -verify -data changed -in reply -CAfile root.pem"), 0);
    assert_printed(&a, "message imprint mismatch");
}

static void a_signing_key_that_is_not_the_certificates_makes_none(void **state) {
    (void)state;
    AUTHORITY a;
    HM_BUF token = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    authority_make(&a, HM_KEY_ES256, "-sha256");
    assert_refused(hm_timestamp_make(&a.plan, software_signer_of(a.office.leaf_key), &token, hash),
                   "not for the signing key");
    assert_int_equal(token.len, 0);
}

static void a_plan_without_serial_policy_or_certificate_is_misuse(void **state) {
    (void)state;
    AUTHORITY a;
    HM_BUF token = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN], long_serial[HM_TSA_SERIAL_MAX + 1] = {1};
    hm_chain none = {0};
    authority_make(&a, HM_KEY_ES256, "-sha256");
    const hm_timestamp_plan good = a.plan;
    a.plan.serial = HM_NO_BYTES;
    assert_fault(hm_timestamp_make(&a.plan, software_signer_of(a.key), &token, hash), HM_MISUSED, "serial");
    a.plan.serial = HM_ARRAY(long_serial);
    assert_fault(hm_timestamp_make(&a.plan, software_signer_of(a.key), &token, hash), HM_MISUSED, "serial");
    a.plan = good;
    a.plan.policy = HM_NO_BYTES;
    assert_fault(hm_timestamp_make(&a.plan, software_signer_of(a.key), &token, hash), HM_MISUSED, "policy");
    a.plan = good;
    a.plan.chain = &none;
    assert_fault(hm_timestamp_make(&a.plan, software_signer_of(a.key), &token, hash), HM_MISUSED, "certificates");
    assert_int_equal(token.len, 0);
}

static void times_that_no_token_can_say_are_refused(void **state) {
    (void)state;
    static const int64_t times[] = {-1, INT64_MIN, INT64_C(253402300800000), INT64_MAX};
    AUTHORITY a;
    HM_BUF token = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    authority_make(&a, HM_KEY_ES256, "-sha256");
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        a.plan.milliseconds = times[i];
        assert_refused(hm_timestamp_make(&a.plan, software_signer_of(a.key), &token, hash), "1970 to 9999");
    }
    assert_int_equal(token.len, 0);
}

static hm_err fail_to_sign(void *key, hm_scheme scheme, hm_bytes message, hm_buf *signature) {
    (void)key, (void)scheme, (void)message, (void)signature;
    return hm_could_not("the token was pulled out");
}

static void a_token_that_fails_leaves_nothing_behind(void **state) {
    (void)state;
    AUTHORITY a;
    HM_BUF token = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    authority_make(&a, HM_KEY_ES256, "-sha256");
    hm_signer signer = *software_signer_of(a.key);
    signer.sign = fail_to_sign;
    assert_fault(hm_timestamp_make(&a.plan, &signer, &token, hash), HM_COULD_NOT, "pulled out");
    assert_int_equal(token.len, 0);
}

/* ---- refusals ---- */

static void openssl_reads_why_there_is_no_token(void **state) {
    (void)state;
    static const struct {
        hm_tsa_failure failure;
        const char *words;
    } failures[] = {
        {HM_TSA_BAD_ALGORITHM, "unrecognized or unsupported algorithm identifier"},
        {HM_TSA_BAD_REQUEST, "transaction not permitted or supported"},
        {HM_TSA_BAD_FORMAT, "the data submitted has the wrong format"},
        {HM_TSA_TIME_NOT_AVAILABLE, "the TSA's time source is not available"},
        {HM_TSA_UNACCEPTED_POLICY, "the requested TSA policy is not supported by the TSA"},
        {HM_TSA_UNACCEPTED_EXTENSION, "the requested extension is not supported by the TSA"},
        {HM_TSA_SYSTEM_FAILURE, "the request cannot be handled due to system failure"},
    };
    AUTHORITY a;
    authority_make(&a, HM_KEY_ES256, "-sha256");
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        HM_BUF der = HM_BUF_EMPTY;
        HM_MUST(hm_timestamp_reject(failures[i].failure, "not now", &der));
        bench_put(&a.bench, "reply", hm_buf_bytes(&der));
        bench_must(&a.bench, "openssl ts -reply -in reply -text");
        assert_printed(&a, "Status: Rejected.\nStatus description: not now\n");
        assert_printed(&a, failures[i].words);
        assert_int_not_equal(bench_run(&a.bench, "openssl ts -verify -queryfile query -in reply -CAfile root.pem"), 0);
        assert_refused(hm_timestamp_granted(hm_buf_bytes(&der)), "not now");
    }
}

static void what_is_no_reply_grants_nothing(void **state) {
    (void)state;
    assert_refused(hm_timestamp_granted(HM_NO_BYTES), "TimeStampResp");
    assert_refused(hm_timestamp_granted(hm_text("0")), "");
    assert_refused(hm_timestamp_granted(HM_BYTES("\x30\x00", 2)), "status");
    assert_refused(hm_timestamp_granted(HM_BYTES("\x30\x05\x30\x03\x02\x01\x02", 7)), "statusString");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_asked_for),
        cmocka_unit_test(takes_three_digests_with_parameters_or_without),
        cmocka_unit_test(refuses_digests_that_are_weak_or_unknown),
        cmocka_unit_test(refuses_imprints_of_another_length_than_their_digest),
        cmocka_unit_test(refuses_other_versions),
        cmocka_unit_test(refuses_extensions_of_any_kind),
        cmocka_unit_test(refuses_what_is_not_der),
        cmocka_unit_test(refuses_a_default_that_is_written),
        cmocka_unit_test(refuses_a_nonce_or_policy_without_end),
        cmocka_unit_test(refuses_fields_out_of_order_and_what_lies_behind),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(openssl_verifies_tokens_of_every_key),
        cmocka_unit_test(openssl_reads_what_the_token_says),
        cmocka_unit_test(a_time_without_fraction_has_no_point),
        cmocka_unit_test(certificates_are_embedded_only_if_they_were_asked_for),
        cmocka_unit_test(openssl_refuses_it_for_another_query),
        cmocka_unit_test(a_signing_key_that_is_not_the_certificates_makes_none),
        cmocka_unit_test(a_plan_without_serial_policy_or_certificate_is_misuse),
        cmocka_unit_test(times_that_no_token_can_say_are_refused),
        cmocka_unit_test(a_token_that_fails_leaves_nothing_behind),
        cmocka_unit_test(openssl_reads_why_there_is_no_token),
        cmocka_unit_test(what_is_no_reply_grants_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
