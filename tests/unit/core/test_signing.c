/* Signing: what is signed, what is refused, and that refusals are on record. */
#include "office_fixture.h"

static const uint8_t long_digest[64] = "a digest of sixty-four octets, as Ed25519 takes it, is this one";

static hm_message prepare_message(hm_bytes algorithms) {
    hm_message message = {.type = HM_MSG_PREPARE};
    message.field[HM_PREPARE_STRUCTURE].number = HM_STRUCTURE_CMS;
    message.field[HM_PREPARE_ALGORITHMS].bytes = algorithms;
    return message;
}

static void prepares_the_first_algorithm_that_the_product_has(void **state) {
    (void)state;
    OFFICE o;
    static const uint8_t wanted[] = {HM_KEY_RSA3072, 77, HM_KEY_ES256, HM_KEY_ED25519};
    office_open_narrowed(&o, 1);
    hm_message question = prepare_message(HM_ARRAY(wanted)), answer = ask(&o, &question);
    assert_int_equal(answer.type, HM_MSG_PREPARED);
    assert_int_equal(answer.field[HM_PREPARED_ALGORITHM].number, HM_KEY_ES256);
    hm_cert_info info;
    WORKS(hm_cert_describe(answer.field[HM_PREPARED_CERTIFICATE].bytes, &info));
    assert_string_equal(info.product, "pump");
    assert_true(info.code_signing);
    assert_true(info.development);
}

static void prepares_nothing_that_only_another_product_has(void **state) {
    (void)state;
    OFFICE o;
    static const uint8_t wanted[] = {HM_KEY_RSA3072, 200};
    office_open_narrowed(&o, 1);
    hm_message question = prepare_message(HM_ARRAY(wanted));
    expect_fault(&o, HM_REFUSED, "they accept rsa3072, ?", &question);
}

static void prepares_nothing_of_a_structure_that_the_session_does_not_sign(void **state) {
    (void)state;
    OFFICE o;
    static const uint8_t wanted[] = {HM_KEY_ES256};
    office_open_narrowed(&o, 1);
    hm_message question = prepare_message(HM_ARRAY(wanted));
    question.field[HM_PREPARE_STRUCTURE].number = HM_STRUCTURE_COSE;
    expect_fault(&o, HM_REFUSED, "signs nothing of structure", &question);
}

static void a_session_is_narrowed_once(void **state) {
    (void)state;
    OFFICE o;
    office_open_narrowed(&o, 1);
    hm_message other = narrow_message("valve", 100), same = narrow_message("pump", 100);
    expect_fault(&o, HM_REFUSED, "may only sign", &other);
    expect_fault(&o, HM_REFUSED, "may only sign", &same);
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
    ask(&o, &question);
    expect_fault(&o, HM_REFUSED, "used up", &question);
}

/* REQUEST is refused with WORDS; the log has one entry more, which says so. */
static void expect_refusal_on_record(office *o, const char *words, const hm_message *request) {
    ENTRY e = {0};
    uint64_t before = entries_in(o);
    expect_fault(o, HM_REFUSED, words, request);
    assert_int_equal(entries_in(o), before + 1);
    entry_read(o, before, &e);
    hm_bytes content = request->field[HM_SIGN_CONTENT].bytes;
    assert_int_equal(e.leaf.type, HM_LEAF_REFUSAL);
    assert_true(e.leaf.has_product);
    assert_int_equal(e.leaf.format, request->field[HM_SIGN_FORMAT].number);
    assert_true(hm_bytes_equal(HM_BYTES(e.leaf.digest, e.leaf.digest_len), content));
    assert_true(details_hold(&e, words));
    assert_true(details_hold(&e, "\"name\":\"firmware.bin\""));
    assert_true(details_hold(&e, "\"actor\":\"unix:"));
}

static void refusals_are_on_record_with_their_reasons(void **state) {
    (void)state;
    OFFICE o;
    office_open_narrowed(&o, 1);
    hm_message question = sign_message(1, HM_KEY_RSA3072, DIGEST); /* valve's */
    expect_refusal_on_record(&o, "pump does not sign with that algorithm", &question);
    question = sign_message(1, 0, DIGEST);
    expect_refusal_on_record(&o, "does not sign with that algorithm", &question);
    question = sign_message(1, 255, DIGEST);
    expect_refusal_on_record(&o, "does not sign with that algorithm", &question);
    question = sign_message(1, HM_KEY_ES256, HM_ARRAY(long_digest));
    expect_refusal_on_record(&o, "wrong length", &question);
    question = sign_message(1, HM_KEY_ED25519, DIGEST); /* whose key would have to be made first */
    expect_refusal_on_record(&o, "wrong length", &question);
    question = sign_message(1, HM_KEY_ES256, DIGEST);
    question.field[HM_SIGN_STRUCTURE].number = 0;
    expect_refusal_on_record(&o, "no signed structure 0", &question);
    question.field[HM_SIGN_STRUCTURE].number = 4;
    expect_refusal_on_record(&o, "no signed structure 4", &question);
    /* None of them used up the one signature. */
    question = sign_message(1, HM_KEY_ES256, DIGEST);
    assert_int_equal(ask(&o, &question).type, HM_MSG_SIGNED);
    expect_refusal_on_record(&o, "used up", &question);
}

/* The log says of a signature what it is: of each structure only its own formats. */
static void a_structure_is_signed_as_its_own_formats_only(void **state) {
    (void)state;
    OFFICE o;
    hm_message every = narrow_message("pump", 9), question = sign_message(1, HM_KEY_ES256, DIGEST);
    static const uint64_t others[] = {0, 3, 4, 5, 6, 64, 200, 255};
    every.field[HM_NARROW_FORMATS].number |= 1u << HM_LOGGED_MANIFEST;
    office_open(&o);
    (void)ask(&o, &every);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        question.field[HM_SIGN_FORMAT].number = others[i];
        expect_refusal_on_record(&o, "structure 1 is not of format", &question);
    }
    question.field[HM_SIGN_STRUCTURE].number = HM_STRUCTURE_AUTHENTICODE_PE;
    question.field[HM_SIGN_FORMAT].number = 1;
    expect_refusal_on_record(&o, "structure 2 is not of format 1", &question);
    question.field[HM_SIGN_FORMAT].number = 5;
    expect_refusal_on_record(&o, "structure 2 is not of format 5", &question);
    question.field[HM_SIGN_FORMAT].number = 3;
    assert_int_equal(ask(&o, &question).type, HM_MSG_SIGNED);
    question = sign_message(1, HM_KEY_ES256, DIGEST);
    question.field[HM_SIGN_FORMAT].number = 2;
    assert_int_equal(ask(&o, &question).type, HM_MSG_SIGNED);
}

static void a_session_for_one_format_signs_no_other(void **state) {
    (void)state;
    OFFICE o;
    hm_message only_pe = narrow_message("pump", 9), question = sign_message(1, HM_KEY_ES256, DIGEST);
    only_pe.field[HM_NARROW_FORMATS].number = 1u << HM_LOGGED_PE;
    office_open(&o);
    (void)ask(&o, &only_pe);
    expect_refusal_on_record(&o, "signs nothing of format 1", &question);
    question.field[HM_SIGN_FORMAT].number = 2;
    expect_refusal_on_record(&o, "signs nothing of format 2", &question);
}

static void a_session_is_for_formats_that_there_are(void **state) {
    (void)state;
    OFFICE o;
    static const uint64_t wrong[] = {1, 1u << HM_LOGGED_TRUST_LIST, 1u << HM_LOGGED_CMS | 1u << 9, 0x8000};
    hm_message question = narrow_message("pump", 1);
    office_open(&o);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        question.field[HM_NARROW_FORMATS].number = wrong[i];
        expect_fault(&o, HM_REFUSED, "no such format", &question);
    }
    question.field[HM_NARROW_FORMATS].number = 0;
    expect_fault(&o, HM_REFUSED, "are of a format", &question);
}

/* A session that is for no product yet. */
static void refuses_to_sign_before_it_is_narrowed(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
    office_open(&o);
    uint64_t before = entries_in(&o);
    expect_fault(&o, HM_REFUSED, "sign comes after narrow", &question);
    expect_refusals(&o, before, 1);
    entry_read(&o, before, &e);
    assert_false(e.leaf.has_product);
    assert_true(details_hold(&e, "\"act\":\"sign\""));
}

/* Asks until the session ends, which it does soon, and with no more entries than refusals. */
static void expect_bounded_refusals(office *o, const hm_message *question) {
    hm_message answer;
    uint64_t before = entries_in(o), asked = 0;
    for (hm_err err = {HM_REFUSED}; asked < 100 && err.class == HM_REFUSED; asked++)
        err = hm_ask(&o->core, question, &answer);
    assert_true(asked > 8 && asked < 100);
    FAILS(HM_COULD_NOT, "core has ended", hm_ask(&o->core, question, &answer));
    assert_true(hm_failed(hm_disconnect(&o->core)));
    uint64_t refusals = entries_in(o) - before;
    assert_true(refusals >= 8 && refusals < asked);
    expect_refusals(o, before, refusals);
}

/* Somebody who only wants to fill the log. */
static void a_session_that_is_refused_too_often_is_ended(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = sign_message(1, HM_KEY_RSA3072, DIGEST);
    office_open_narrowed(&o, 1);
    expect_bounded_refusals(&o, &question);
}

/* Two hundred files that cannot be signed: each is told why, each is on record, and the session goes on. */
static void each_file_may_be_refused(void **state) {
    (void)state;
    OFFICE o;
    hm_message bad = sign_message(1, HM_KEY_ES256, HM_ARRAY(long_digest)), good = sign_message(1, HM_KEY_ES256, DIGEST);
    office_open_narrowed(&o, 201);
    uint64_t before = entries_in(&o);
    for (int i = 0; i < 200; i++) expect_fault(&o, HM_REFUSED, "wrong length", &bad);
    expect_refusals(&o, before, 200);
    assert_int_equal(ask(&o, &good).type, HM_MSG_SIGNED);
    expect_bounded_refusals(&o, &bad);
}

/* The session of log check FILE, whose parser may ask for proofs alone. */
static void a_session_for_no_product_signs_nothing_and_is_ended_too(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    hm_message nothing = narrow_message("", 0), question = sign_message(1, HM_KEY_ES256, DIGEST);
    static const uint8_t wanted[] = {HM_KEY_ES256};
    hm_message prepare = prepare_message(HM_ARRAY(wanted));
    office_open(&o);
    assert_int_equal(ask(&o, &nothing).type, HM_MSG_DONE);
    expect_fault(&o, HM_REFUSED, "may only", &prepare);
    uint64_t before = entries_in(&o);
    expect_fault(&o, HM_REFUSED, "may only", &question);
    entry_read(&o, before, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_REFUSAL);
    assert_false(e.leaf.has_product);
    assert_true(details_hold(&e, "\"act\":\"sign\""));
    expect_bounded_refusals(&o, &question);
}

/* A valid frame whose NAME says something to a terminal. */
static void a_name_with_control_characters_ends_the_session(void **state) {
    (void)state;
    OFFICE o;
    office_copy(&o);
    static const uint8_t controls[] = {'\n', 0x1b, 0x00, 0x7f};
    for (size_t i = 0; i < sizeof controls; i++) {
        HM_BUF frame = HM_BUF_EMPTY, storage = HM_BUF_EMPTY;
        hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), answer;
        bool closed;
        uint64_t before = entries_in(&o);
        office_connect(&o);
        narrow(&o, 1);
        WORKS(hm_wire_put(&question, &frame));
        uint8_t *name = memmem(frame.data, frame.len, "firmware", 8);
        assert_non_null(name);
        name[3] = controls[i];
        WORKS(hm_fd_write(o.core.fd, hm_buf_bytes(&frame)));
        WORKS(hm_wire_receive(o.core.fd, &storage, &answer, &closed));
        assert_false(closed);
        assert_int_equal(answer.type, HM_MSG_FAULT);
        FAILS(HM_REFUSED, "control characters", hm_wire_raise(&answer));
        assert_true(hm_failed(hm_disconnect(&o.core)));
        assert_int_equal(entries_in(&o), before);
    }
}

static void an_expired_certificate_signs_nothing(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
    office_copy(&o);
    office_sql(&o, "UPDATE key SET not_after=1000000000 WHERE role=4");
    office_connect(&o);
    narrow(&o, 1);
    expect_refusal_on_record(&o, "has expired", &question);
}

static void signs_cms_and_authenticode_for_the_product_and_no_other(void **state) {
    (void)state;
    OFFICE o;
    office_open_narrowed(&o, 2);
    for (hm_structure kind = HM_STRUCTURE_CMS; kind <= HM_STRUCTURE_AUTHENTICODE_PE; kind++) {
        hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
        question.field[HM_SIGN_STRUCTURE].number = kind;
        question.field[HM_SIGN_FORMAT].number = kind == HM_STRUCTURE_CMS ? HM_LOGGED_CMS : HM_LOGGED_PE;
        hm_message answer = ask(&o, &question);
        hm_bytes structure = answer.field[HM_SIGNED_STRUCTURE].bytes;
        WORKS(check_structure(&o, kind, structure, "pump", HM_SHA256, DIGEST));
        FAILS(HM_REFUSED, "valve", check_structure(&o, kind, structure, "valve", HM_SHA256, DIGEST));
        assert_refused(
            check_structure(&o, kind, structure, "pump", HM_SHA256, LITERAL("0edcba9876543210fedcba9876543210")));
    }
}

static void a_first_signature_makes_its_key(void **state) {
    (void)state;
    OFFICE o;
    office_open_narrowed(&o, 1);
    hm_message question = sign_message(1, HM_KEY_ED25519, HM_ARRAY(long_digest)), answer = ask(&o, &question);
    WORKS(check_structure(&o, HM_STRUCTURE_CMS, answer.field[HM_SIGNED_STRUCTURE].bytes, "pump", HM_SHA512,
                          HM_ARRAY(long_digest)));
}

/* What a session did for one product before it was narrowed to another must not follow it there. */
static void signs_with_no_key_that_was_readied_for_another_product(void **state) {
    (void)state;
    OFFICE o;
    hm_message add = {.type = HM_MSG_PRODUCT_ADD},
               generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ES256);
    add.field[HM_PRODUCT_ADD_NAME].bytes = LITERAL("drive");
    add.field[HM_PRODUCT_ADD_ALGORITHMS].number = 1u << HM_KEY_ES256;
    office_open(&o);
    ask(&o, &add);
    ask(&o, &generate);
    hm_message other = narrow_message("drive", 1), question = sign_message(1, HM_KEY_ES256, DIGEST);
    ask(&o, &other);
    hm_message answer = ask(&o, &question);
    WORKS(check_structure(&o, HM_STRUCTURE_CMS, answer.field[HM_SIGNED_STRUCTURE].bytes, "drive", HM_SHA256, DIGEST));
}

static void a_size_that_no_file_has_is_refused(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
    question.field[HM_SIGN_SIZE].number = UINT64_MAX;
    office_open_narrowed(&o, 1);
    expect_fault(&o, HM_REFUSED, "size of sign is out of bounds", &question);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(prepares_the_first_algorithm_that_the_product_has),
        OFFICE_TEST(prepares_nothing_that_only_another_product_has),
        OFFICE_TEST(prepares_nothing_of_a_structure_that_the_session_does_not_sign),
        OFFICE_TEST(a_session_is_narrowed_once),
        OFFICE_TEST(refusals_are_on_record_with_their_reasons),
        OFFICE_TEST(a_structure_is_signed_as_its_own_formats_only),
        OFFICE_TEST(a_session_for_one_format_signs_no_other),
        OFFICE_TEST(a_session_is_for_formats_that_there_are),
        OFFICE_TEST(refuses_to_sign_before_it_is_narrowed),
        OFFICE_TEST(a_session_that_is_refused_too_often_is_ended),
        OFFICE_TEST(each_file_may_be_refused),
        OFFICE_TEST(a_session_for_no_product_signs_nothing_and_is_ended_too),
        OFFICE_TEST(a_name_with_control_characters_ends_the_session),
        OFFICE_TEST(an_expired_certificate_signs_nothing),
        OFFICE_TEST(signs_cms_and_authenticode_for_the_product_and_no_other),
        OFFICE_TEST(a_first_signature_makes_its_key),
        OFFICE_TEST(signs_with_no_key_that_was_readied_for_another_product),
        OFFICE_TEST(a_size_that_no_file_has_is_refused),
    };
    return RUN_WITH_OFFICE(tests);
}
