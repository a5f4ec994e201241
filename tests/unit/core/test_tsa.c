/* The timestamping authority of a real office: what it gives, on what terms, and what the log has of it. The tokens are
 * judged by OpenSSL. */
#include "office_fixture.h"

#include <pki/timestamp_make.h>

#include <openssl/err.h>
#include <openssl/ts.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the time: of all processes that were forked from this one ---- */

static int64_t *put_back; /* milliseconds */
int64_t __wrap_hm_now_milliseconds(void);
int64_t __wrap_hm_now_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - (put_back ? *put_back : 0);
}

static void put_clock_back(int64_t milliseconds) {
    if (!put_back) put_back = mmap(NULL, sizeof *put_back, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true((void *)put_back != MAP_FAILED);
    *put_back = milliseconds;
}

/* ---- asking ---- */

static void set_source(office *o, const char *source) {
    hm_message question = {.type = HM_MSG_TSA_SET};
    question.field[HM_TSA_SET_SOURCE].bytes = hm_text(source);
    question.field[HM_TSA_SET_MAX_OFFSET].number = source[0] ? 1000 : 0;
    assert_int_equal(ask(o, &question).type, HM_MSG_DONE);
}

static void open_stamping(office *o) {
    put_clock_back(0);
    office_open(o);
    set_source(o, "none");
}

/* A request for an imprint of all EVERY, made by OpenSSL. */
static void put_request(uint8_t every, const EVP_MD *digest, const char *policy, hm_buf *der) {
    uint8_t imprint[64];
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *made = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    ASN1_INTEGER *nonce = ASN1_INTEGER_new();
    unsigned char *octets = NULL;
    memset(imprint, every, sizeof imprint);
    X509_ALGOR_set_md(algorithm, digest);
    TS_REQ_set_version(request, 1);
    TS_MSG_IMPRINT_set_algo(made, algorithm);
    TS_MSG_IMPRINT_set_msg(made, imprint, EVP_MD_get_size(digest));
    TS_REQ_set_msg_imprint(request, made);
    ASN1_INTEGER_set_uint64(nonce, UINT64_C(0x8899aabbccddeeff));
    TS_REQ_set_nonce(request, nonce);
    TS_REQ_set_cert_req(request, 1);
    ASN1_OBJECT *wanted = policy ? OBJ_txt2obj(policy, 1) : NULL;
    if (wanted) TS_REQ_set_policy_id(request, wanted);
    int len = i2d_TS_REQ(request, &octets);
    assert_true(len > 0);
    WORKS(hm_put(der, HM_BYTES(octets, (size_t)len)));
    OPENSSL_free(octets);
    TS_REQ_free(request);
    TS_MSG_IMPRINT_free(made);
    X509_ALGOR_free(algorithm);
    ASN1_INTEGER_free(nonce);
    ASN1_OBJECT_free(wanted);
}

/* The usual one. */
static void put_sha256(hm_buf *request) { put_request(7, EVP_sha256(), NULL, request); }

static hm_message timestamp_message(const hm_buf *request) {
    hm_message question = {.type = HM_MSG_TIMESTAMP};
    question.field[HM_TIMESTAMP_REQUEST].bytes = hm_buf_bytes(request);
    return question;
}

static void stamp(office *o, const hm_buf *request, hm_buf *reply) {
    hm_message question = timestamp_message(request), answer = ask(o, &question);
    assert_int_equal(answer.type, HM_MSG_BYTES);
    reply->len = 0;
    WORKS(hm_put(reply, answer.field[HM_BYTES_CONTENT].bytes));
}

static TS_RESP *read_reply(const hm_buf *reply) {
    const unsigned char *at = reply->data;
    TS_RESP *response = d2i_TS_RESP(NULL, &at, (long)reply->len);
    assert_non_null(response);
    assert_ptr_equal(at, reply->data + reply->len);
    return response;
}

typedef struct {
    char serial[64];
    int64_t milliseconds;
} token;

static int64_t milliseconds_of(const ASN1_GENERALIZEDTIME *time) {
    struct tm tm;
    int thousandths = 0;
    const char *text = (const char *)ASN1_STRING_get0_data(time), *point = strchr(text, '.');
    assert_int_equal(ASN1_TIME_to_tm(time, &tm), 1);
    for (int i = 0, weight = 100; point && point[1 + i] != 'Z'; i++, weight /= 10)
        thousandths += (point[1 + i] - '0') * weight;
    return (int64_t)timegm(&tm) * 1000 + thousandths;
}

/* OpenSSL verifies the token for REQUEST, under the office's own root. */
static token verified(const office *o, const hm_buf *request, const hm_buf *reply) {
    token read = {.milliseconds = 0};
    const unsigned char *at = request->data;
    TS_REQ *asked = d2i_TS_REQ(NULL, &at, (long)request->len);
    WORKS(hm_timestamp_granted(hm_buf_bytes(reply)));
    TS_RESP *response = read_reply(reply);
    TS_VERIFY_CTX *context = TS_REQ_to_TS_VERIFY_CTX(asked, NULL);
    X509_STORE *store = X509_STORE_new();
    assert_int_equal(X509_STORE_load_file(store, office_file(o, "trust.pem")), 1);
    X509_STORE_set_purpose(store, X509_PURPOSE_TIMESTAMP_SIGN);
    TS_VERIFY_CTX_set_store(context, store);
    TS_VERIFY_CTX_add_flags(context, TS_VFY_SIGNATURE);
    if (TS_RESP_verify_response(context, response) != 1) fail_msg("%s", ERR_reason_error_string(ERR_peek_last_error()));
    TS_TST_INFO *info = TS_RESP_get_tst_info(response);
    BIGNUM *number = ASN1_INTEGER_to_BN(TS_TST_INFO_get_serial(info), NULL);
    char *hex = BN_bn2hex(number);
    snprintf(read.serial, sizeof read.serial, "%s", hex);
    read.milliseconds = milliseconds_of(TS_TST_INFO_get_time(info));
    OPENSSL_free(hex);
    BN_free(number);
    TS_VERIFY_CTX_free(context);
    TS_REQ_free(asked);
    TS_RESP_free(response);
    return read;
}

/* A token is given, and is good. */
static token stamped(office *o, const hm_buf *request) {
    HM_BUF reply = HM_BUF_EMPTY;
    stamp(o, request, &reply);
    return verified(o, request, &reply);
}

/* There is no token, because of FAILURE, and the reply says WORDS. */
static void expect_rejection(office *o, const hm_buf *request, int failure, const char *words) {
    HM_BUF reply = HM_BUF_EMPTY;
    stamp(o, request, &reply);
    TS_RESP *response = read_reply(&reply);
    const TS_STATUS_INFO *status = TS_RESP_get_status_info(response);
    assert_int_equal(ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status)), TS_STATUS_REJECTION);
    assert_null(TS_RESP_get_token(response));
    for (int bit = 0; bit < 32; bit++)
        assert_int_equal(ASN1_BIT_STRING_get_bit(TS_STATUS_INFO_get0_failure_info(status), bit), bit == failure);
    TS_RESP_free(response);
    FAILS(HM_REFUSED, words, hm_timestamp_granted(hm_buf_bytes(&reply)));
}

/* ---- what it gives ---- */

static void openssl_verifies_what_an_office_stamps(void **state) {
    (void)state;
    OFFICE o;
    open_stamping(&o);
    const EVP_MD *const digests[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
    for (size_t i = 0; i < 3; i++) {
        HM_BUF request = HM_BUF_EMPTY;
        put_request(7, digests[i], NULL, &request);
        (void)stamped(&o, &request);
    }
}

static void each_token_has_intent_and_outcome(void **state) {
    (void)state;
    OFFICE o;
    ENTRY intent = {0}, outcome = {0};
    HM_BUF request = HM_BUF_EMPTY;
    char serial[96], number[24];
    open_stamping(&o);
    uint64_t before = entries_in(&o);
    put_request(7, EVP_sha384(), NULL, &request);
    token made = stamped(&o, &request);
    assert_int_equal(entries_in(&o), before + 2);
    entry_read(&o, before, &intent);
    entry_read(&o, before + 1, &outcome);
    assert_int_equal(intent.leaf.type, HM_LEAF_INTENT);
    assert_int_equal(intent.leaf.format, HM_LOGGED_TIMESTAMP);
    assert_int_equal(intent.leaf.digest_len, 48);
    for (size_t i = 0; i < 48; i++) assert_int_equal(intent.leaf.digest[i], 7);
    assert_true(details_hold(&intent, "\"algorithm\":\"sha384\""));
    assert_true(details_hold(&intent, "\"purpose\":\"timestamp\""));
    for (size_t i = 0; made.serial[i]; i++) made.serial[i] = (char)(made.serial[i] | 0x20 * (made.serial[i] > '9'));
    const char *digits = made.serial[0] == '0' ? made.serial + 1 : made.serial;
    snprintf(number, sizeof number, "%llx", (unsigned long long)before);
    assert_int_equal(strncmp(digits, number, strlen(number)), 0); /* it begins with its entry's number */
    snprintf(serial, sizeof serial, "%s\"", digits);
    assert_true(details_hold(&intent, serial));
    assert_int_equal(outcome.leaf.type, HM_LEAF_OUTCOME);
    assert_int_equal(outcome.leaf.intent, before);
    assert_int_equal(ask(&o, &(hm_message){.type = HM_MSG_LOG_AUDIT}).type, HM_MSG_LOG_AUDITED);
}

/* Three at once, many times: no two tokens have one number, and no time goes back. */
static void serial_numbers_never_repeat(void **state) {
    (void)state;
    enum { PROCESSES = 3, EACH = 12 };
    typedef struct {
        token token[PROCESSES][EACH];
    } made;
    OFFICE o;
    HM_BUF request = HM_BUF_EMPTY;
    open_stamping(&o);
    office_disconnect(&o);
    put_sha256(&request);
    made *all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true((void *)all != MAP_FAILED);
    for (size_t i = 0; i < PROCESSES; i++) {
        if (fork()) continue;
        office_connect(&o);
        for (size_t k = 0; k < EACH; k++) {
            all->token[i][k] = stamped(&o, &request);
        }
        office_disconnect(&o);
        _exit(0);
    }
    for (size_t i = 0; i < PROCESSES; i++) assert_true(wait(NULL) > 0);
    for (size_t i = 0; i < PROCESSES * EACH; i++) {
        const token *one = &all->token[i / EACH][i % EACH];
        assert_true(one->serial[0] && one->milliseconds);
        if (i % EACH) assert_true(one->milliseconds >= one[-1].milliseconds);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(one->serial, all->token[k / EACH][k % EACH].serial);
    }
    munmap(all, sizeof *all);
    office_connect(&o);
    assert_int_equal(ask(&o, &(hm_message){.type = HM_MSG_LOG_AUDIT}).type, HM_MSG_LOG_AUDITED);
}

/* ---- what it refuses ---- */

static void an_office_stamps_only_once_it_was_said(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF request = HM_BUF_EMPTY;
    office_open(&o);
    put_sha256(&request);
    uint64_t before = entries_in(&o);
    expect_rejection(&o, &request, TS_INFO_TIME_NOT_AVAILABLE, "has no timestamping authority");
    assert_int_equal(entries_in(&o), before);
    set_source(&o, "none");
    (void)stamped(&o, &request);
    set_source(&o, "");
    expect_rejection(&o, &request, TS_INFO_TIME_NOT_AVAILABLE, "has no timestamping authority");
}

static void requests_that_are_none_leave_no_entry(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF request = HM_BUF_EMPTY;
    open_stamping(&o);
    uint64_t before = entries_in(&o);
    put_request(7, EVP_sha1(), NULL, &request);
    expect_rejection(&o, &request, TS_INFO_BAD_ALG, "SHA-1 is too weak");
    request.len = 0;
    put_request(7, EVP_md5(), NULL, &request);
    expect_rejection(&o, &request, TS_INFO_BAD_ALG, "MD5 is too weak");
    request.len = 0;
    put_request(7, EVP_sha256(), "1.2.3.4", &request);
    expect_rejection(&o, &request, TS_INFO_UNACCEPTED_POLICY, "another policy");
    request.len = 0;
    WORKS(hm_put_text(&request, "GET / HTTP/1.1"));
    expect_rejection(&o, &request, TS_INFO_BAD_DATA_FORMAT, "timestamp request");
    assert_int_equal(entries_in(&o), before);
}

static void its_own_policy_may_be_asked_for(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF request = HM_BUF_EMPTY, decimal = HM_BUF_EMPTY;
    const char *policy;
    open_stamping(&o);
    BIGNUM *uuid = BN_bin2bn(o.core.uuid, sizeof o.core.uuid, NULL);
    char *digits = BN_bn2dec(uuid);
    WORKS(hm_put_format(&decimal, "2.25.%s.3", digits));
    WORKS(hm_buf_string(&decimal, &policy));
    put_request(7, EVP_sha256(), policy, &request);
    (void)stamped(&o, &request);
    OPENSSL_free(digits);
    BN_free(uuid);
}

static void a_source_that_is_none_is_not_taken(void **state) {
    (void)state;
    static const char *const sources[] = {"clock", "sntp:time.example.org", "sntp:", "kernel2"};
    OFFICE o;
    office_open(&o);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        hm_message question = {.type = HM_MSG_TSA_SET};
        question.field[HM_TSA_SET_SOURCE].bytes = hm_text(sources[i]);
        question.field[HM_TSA_SET_MAX_OFFSET].number = 1000;
        expect_fault(&o, HM_MISUSED, "", &question);
    }
    hm_message question = {.type = HM_MSG_TSA_SET};
    question.field[HM_TSA_SET_SOURCE].bytes = hm_text("none");
    expect_fault(&o, HM_MISUSED, "milliseconds", &question);
}

/* Nobody answers there. */
static void a_clock_that_cannot_be_checked_stamps_nothing_and_is_on_record(void **state) {
    (void)state;
    OFFICE o;
    ENTRY refusal = {0};
    HM_BUF request = HM_BUF_EMPTY;
    office_open(&o);
    set_source(&o, "sntp:127.0.0.1:1");
    uint64_t before = entries_in(&o);
    put_sha256(&request);
    expect_rejection(&o, &request, TS_INFO_TIME_NOT_AVAILABLE, "the clock cannot be relied on");
    expect_rejection(&o, &request, TS_INFO_TIME_NOT_AVAILABLE, "the clock cannot be relied on");
    assert_true(entries_in(&o) <= before + 2); /* once in a minute, of which two may be touched */
    entry_read(&o, before, &refusal);
    assert_int_equal(refusal.leaf.type, HM_LEAF_REFUSAL);
    assert_true(details_hold(&refusal, "cannot be relied on"));
    hm_message shown = ask(&o, &(hm_message){.type = HM_MSG_TSA_SHOW});
    assert_true(hm_bytes_equal(shown.field[HM_TSA_SOURCE].bytes, hm_text("sntp:127.0.0.1:1")));
    assert_true(shown.field[HM_TSA_CLOCK].bytes.len);
}

static void time_never_goes_back(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF request = HM_BUF_EMPTY;
    open_stamping(&o);
    put_sha256(&request);
    token first = stamped(&o, &request);
    put_clock_back(500);
    assert_true(stamped(&o, &request).milliseconds >= first.milliseconds);
    put_clock_back(3600000);
    uint64_t before = entries_in(&o);
    expect_rejection(&o, &request, TS_INFO_TIME_NOT_AVAILABLE, "the clock is behind the last timestamp");
    assert_int_equal(entries_in(&o), before);
    office_disconnect(&o); /* another process knows it from the log */
    office_connect(&o);
    expect_rejection(&o, &request, TS_INFO_TIME_NOT_AVAILABLE, "the clock is behind the last timestamp");
    put_clock_back(0);
    assert_true(stamped(&o, &request).milliseconds >= first.milliseconds);
}

/* ---- sessions ---- */

static void a_narrowed_session_has_as_many_as_signatures(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF request = HM_BUF_EMPTY;
    open_stamping(&o);
    put_sha256(&request);
    narrow(&o, 2);
    for (int i = 0; i < 2; i++) {
        (void)stamped(&o, &request);
    }
    hm_message question = timestamp_message(&request);
    expect_fault(&o, HM_REFUSED, "used up the timestamps", &question);
    question = (hm_message){.type = HM_MSG_TSA_SET};
    expect_fault(&o, HM_REFUSED, "may only sign", &question);
    question = (hm_message){.type = HM_MSG_TSA_SHOW};
    expect_fault(&o, HM_REFUSED, "may only sign", &question);
}

/* ---- the token ---- */

static void a_token_that_fails_gives_none_and_is_on_record(void **state) {
    (void)state;
    static const char *const faults[] = {"C_SignInit return 0x30 0", "C_Sign garbage 0 0", "C_Sign zero 0 0"};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        OFFICE o;
        ENTRY last = {0};
        HM_BUF request = HM_BUF_EMPTY;
        open_stamping(&o);
        put_sha256(&request);
        uint64_t before = entries_in(&o);
        token_faults(faults[i]);
        expect_rejection(&o, &request, 25, "");
        token_faults("");
        assert_int_equal(entries_in(&o), before + 2);
        entry_read(&o, before + 1, &last);
        assert_int_equal(last.leaf.type, HM_LEAF_FAILURE);
        (void)stamped(&o, &request);
    }
}

static void without_room_for_the_entries_there_is_no_token(void **state) {
    (void)state;
    static const char *const prefixes[] = {"", "880102"}; /* any entry; an outcome */
    for (size_t i = 0; i < 2; i++) {
        OFFICE o;
        HM_BUF request = HM_BUF_EMPTY;
        open_stamping(&o);
        put_sha256(&request);
        office_break_entries(&o, prefixes[i]);
        expect_rejection(&o, &request, 25, NO_ROOM);
        office_mend(&o);
        (void)stamped(&o, &request);
    }
}

/* ---- who edits the database ---- */

static void spoil(office *o, const char *sql) {
    office_disconnect(o);
    office_sql(o, sql);
    office_connect(o);
}

static void what_was_stated_is_not_edited(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF request = HM_BUF_EMPTY;
    open_stamping(&o);
    put_sha256(&request);
    spoil(&o, "UPDATE entry SET details=replace(details,'none','kernel') WHERE idx=(SELECT max(idx) FROM entry)");
    expect_rejection(&o, &request, TS_INFO_TIME_NOT_AVAILABLE, "details were changed");
    spoil(&o, "UPDATE entry SET details=x'',salt=x'' WHERE idx=(SELECT max(idx) FROM entry)");
    expect_rejection(&o, &request, TS_INFO_TIME_NOT_AVAILABLE, "cannot be read any more");
    set_source(&o, "none");
    (void)stamped(&o, &request);
}

static void the_last_time_is_not_edited(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF request = HM_BUF_EMPTY, reply = HM_BUF_EMPTY;
    open_stamping(&o);
    put_sha256(&request);
    stamp(&o, &request, &reply);
    spoil(&o, "UPDATE entry SET details=replace(details,'\"time\":1','\"time\":0') WHERE idx="
              "(SELECT max(idx)-1 FROM entry)");
    expect_rejection(&o, &request, TS_INFO_TIME_NOT_AVAILABLE, "details were changed");
}

static void erasing_the_last_time_takes_a_new_beginning(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF request = HM_BUF_EMPTY, reply = HM_BUF_EMPTY;
    open_stamping(&o);
    put_sha256(&request);
    stamp(&o, &request, &reply);
    spoil(&o, "UPDATE entry SET details=x'',salt=x'' WHERE idx=(SELECT max(idx)-1 FROM entry)");
    expect_rejection(&o, &request, TS_INFO_TIME_NOT_AVAILABLE, "were erased");
    set_source(&o, "none");
    (void)stamped(&o, &request);
}

static void a_timestamp_that_is_not_found_as_one_is_noticed(void **state) {
    (void)state;
    static const char *const changes[] = {
        "UPDATE entry SET tag=0 WHERE idx=(SELECT max(idx)-1 FROM entry)",
        "UPDATE entry SET tag=0 WHERE idx=(SELECT max(idx)-2 FROM entry)",
        "UPDATE entry SET tag=(SELECT tag FROM entry WHERE idx=(SELECT max(idx)-1 FROM entry)) WHERE idx=1",
        "UPDATE entry SET tag=(SELECT tag FROM entry WHERE idx=(SELECT max(idx)-2 FROM entry)) WHERE idx=1",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        OFFICE o;
        HM_BUF request = HM_BUF_EMPTY, reply = HM_BUF_EMPTY;
        open_stamping(&o);
        put_sha256(&request);
        stamp(&o, &request, &reply);
        assert_int_equal(ask(&o, &(hm_message){.type = HM_MSG_LOG_AUDIT}).type, HM_MSG_LOG_AUDITED);
        spoil(&o, changes[i]);
        hm_message question = {.type = HM_MSG_LOG_AUDIT};
        expect_fault(&o, HM_REFUSED, "tag was changed", &question);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(openssl_verifies_what_an_office_stamps),
        OFFICE_TEST(each_token_has_intent_and_outcome),
        OFFICE_TEST(serial_numbers_never_repeat),
        OFFICE_TEST(an_office_stamps_only_once_it_was_said),
        OFFICE_TEST(requests_that_are_none_leave_no_entry),
        OFFICE_TEST(its_own_policy_may_be_asked_for),
        OFFICE_TEST(a_source_that_is_none_is_not_taken),
        OFFICE_TEST(a_clock_that_cannot_be_checked_stamps_nothing_and_is_on_record),
        OFFICE_TEST(time_never_goes_back),
        OFFICE_TEST(a_narrowed_session_has_as_many_as_signatures),
        OFFICE_TEST(a_token_that_fails_gives_none_and_is_on_record),
        OFFICE_TEST(without_room_for_the_entries_there_is_no_token),
        OFFICE_TEST(what_was_stated_is_not_edited),
        OFFICE_TEST(the_last_time_is_not_edited),
        OFFICE_TEST(erasing_the_last_time_takes_a_new_beginning),
        OFFICE_TEST(a_timestamp_that_is_not_found_as_one_is_noticed),
    };
    return RUN_WITH_OFFICE(tests);
}
