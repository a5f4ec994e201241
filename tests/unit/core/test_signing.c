/* Signing: what is refused, what the log holds when, and what a failing token or database leaves. */
#include "office_fixture.h"

#include <poll.h>
#include <unistd.h>

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

static bool something_to_read(const office *o, int milliseconds) {
    struct pollfd waiting = {.fd = o->core.fd, .events = POLLIN};
    return poll(&waiting, 1, milliseconds) == 1;
}

/* The answer has left the core and is not read yet: what it speaks of must be in the store. */
static void P1_intent_and_outcome_are_durable_before_the_signature_is_released(void **state) {
    (void)state;
    OFFICE o;
    ENTRY intent = {0}, outcome = {0};
    office_open_narrowed(&o, 3);
    for (uint64_t tag = 0; tag < 3; tag++) {
        hm_message question = sign_message(tag, HM_KEY_ES256, DIGEST), answer;
        uint8_t hash[HM_SHA256_LEN];
        uint64_t before = entries_in(&o);
        WORKS(hm_wire_send(o.core.fd, &question));
        assert_true(something_to_read(&o, 10000));
        assert_int_equal(entries_in(&o), before + 2);
        entry_read(&o, before, &intent);
        entry_read(&o, before + 1, &outcome);
        WORKS(hm_listen(&o.core, &answer));
        assert_int_equal(answer.field[HM_SIGNED_TAG].number, tag);
        assert_int_equal(answer.field[HM_SIGNED_INTENT].number, before);
        assert_int_equal(answer.field[HM_SIGNED_OUTCOME].number, before + 1);
        structure_hash(HM_STRUCTURE_CMS, answer.field[HM_SIGNED_STRUCTURE].bytes, hash);
        assert_int_equal(intent.leaf.type, HM_LEAF_INTENT);
        assert_true(hm_bytes_equal(HM_BYTES(intent.leaf.digest, intent.leaf.digest_len), DIGEST));
        assert_int_equal(outcome.leaf.type, HM_LEAF_OUTCOME);
        assert_int_equal(outcome.leaf.intent, before);
        assert_true(hm_bytes_equal(HM_BYTES(outcome.leaf.digest, outcome.leaf.digest_len), HM_ARRAY(hash)));
        assert_memory_equal(intent.leaf.product_class, outcome.leaf.product_class, 16);
    }
}

static void an_intent_says_who_asked_for_what_and_with_which_key(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
    static const char *const expected[] = {
        "\"actor\":\"unix:",
        "\"algorithm\":\"es256\"",
        "\"certificate\":\"",
        "\"key\":\"",
        "\"policy\":1",
        "\"name\":\"firmware.bin\"",
        "\"product\":\"pump\"",
        "\"release\":\"1.0\"",
        "\"size\":1234",
        "\"time\":",
        "\"token\":\"SoftHSM",
        "\"content\":\"66656463626139383736353433323130",
        "\"plain\":\"30313233343536373839616263646566",
    };
    office_copy(&o);
    sign_once(&o, &intent, &outcome, hash);
    entry_read(&o, intent, &e);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!details_hold(&e, expected[i]))
            fail_msg("no %s in %.*s", expected[i], (int)e.details.len, (const char *)e.details.data);
    hm_leaf_details_hash(e.salt.data, hm_buf_bytes(&e.details), hash);
    assert_memory_equal(hash, e.leaf.details_hash, sizeof hash);
}

/* The token's process dies at the moment it is asked. */
static void P1_an_intent_is_durable_before_the_token_is_asked(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), answer, audit = {.type = HM_MSG_LOG_AUDIT};
    office_copy(&o);
    uint64_t before = entries_in(&o);
    office_connect(&o);
    narrow(&o, 1);
    token_faults("C_Sign crash 0 0\n");
    FAILS(HM_COULD_NOT, "core has ended", hm_ask(&o.core, &question, &answer));
    FAILS(HM_COULD_NOT, "ended unexpectedly", hm_disconnect(&o.core));
    assert_int_equal(entries_in(&o), before + 1);
    entry_read(&o, before, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_INTENT);
    assert_true(hm_bytes_equal(HM_BYTES(e.leaf.digest, e.leaf.digest_len), DIGEST));
    token_faults("");
    office_connect(&o);
    answer = ask(&o, &audit);
    assert_int_equal(answer.field[HM_LOG_AUDITED_OPEN].number, 1);
}

static void a_token_that_fails_leaves_a_failure_on_record_and_no_signature(void **state) {
    (void)state;
    static const struct {
        const char *orders, *words;
    } ways[] = {
        {"C_SignInit return 0x30 0\n", "begin to sign"}, /* CKR_DEVICE_ERROR */
        {"C_SignInit return 0x32 0\n", "begin to sign"}, /* CKR_DEVICE_REMOVED */
        {"C_Sign length 0 0\n", "signature of 0 octets"},
        {"C_Sign length 63 0\n", "signature of 63 octets"},
        {"C_Sign length 4000000000 0\n", "signature of 4000000000 octets"},
        {"C_Sign zero 0 0\n", "a signature that is none"},
    };
    OFFICE o;
    ENTRY e = {0};
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), audit = {.type = HM_MSG_LOG_AUDIT};
    office_open_narrowed(&o, 100);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        uint64_t before = entries_in(&o);
        token_faults(ways[i].orders);
        expect_fault(&o, HM_COULD_NOT, ways[i].words, &question);
        assert_int_equal(entries_in(&o), before + 2);
        entry_read(&o, before, &e);
        assert_int_equal(e.leaf.type, HM_LEAF_INTENT);
        entry_read(&o, before + 1, &e);
        assert_int_equal(e.leaf.type, HM_LEAF_FAILURE);
        assert_int_equal(e.leaf.intent, before);
        assert_int_equal(e.leaf.digest_len, 0);
        assert_true(details_hold(&e, ways[i].words));
    }
    token_faults("");
    ask(&o, &question); /* it has recovered */
    office_disconnect(&o);
    office_connect(&o);
    assert_int_equal(ask(&o, &audit).field[HM_LOG_AUDITED_OPEN].number, 0);
}

/* SEND signing questions at once, which the core takes as it finds them. */
static void send_burst(office *o, uint64_t count) {
    HM_BUF frames = HM_BUF_EMPTY;
    for (uint64_t tag = 0; tag < count; tag++) {
        hm_message question = sign_message(tag, HM_KEY_ES256, DIGEST);
        WORKS(hm_wire_put(&question, &frames));
    }
    WORKS(hm_fd_write(o->core.fd, hm_buf_bytes(&frames)));
}

/* How many answers of a burst are signatures, which must come first; the others are faults, each with its own tag. */
static uint64_t hear_burst(office *o, uint64_t count) {
    uint64_t signatures = 0;
    for (uint64_t tag = 0; tag < count; tag++) {
        HM_BUF storage = HM_BUF_EMPTY;
        hm_message answer;
        bool closed;
        WORKS(hm_wire_receive(o->core.fd, &storage, &answer, &closed));
        assert_false(closed);
        assert_int_equal(answer.field[0].number, tag); /* of signed and of fault */
        if (answer.type == HM_MSG_SIGNED)
            assert_int_equal(++signatures, tag + 1);
        else
            assert_int_equal(answer.type, HM_MSG_FAULT);
    }
    return signatures;
}

static void a_burst_gets_as_many_signatures_as_were_announced(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    office_open_narrowed(&o, 3);
    uint64_t before = entries_in(&o), refusals = 0;
    send_burst(&o, 13);
    assert_int_equal(hear_burst(&o, 13), 3);
    assert_int_equal(entries_in(&o), before + 13 + 3);
    for (uint64_t i = before; i < before + 16; i++) {
        entry_read(&o, i, &e);
        refusals += e.leaf.type == HM_LEAF_REFUSAL;
    }
    assert_int_equal(refusals, 10);
}

static void a_token_that_fails_amid_a_burst_spares_what_it_signed_before(void **state) {
    (void)state;
    OFFICE o;
    hm_message audit = {.type = HM_MSG_LOG_AUDIT};
    office_open(&o);
    uint64_t signatures = ask(&o, &audit).field[HM_LOG_AUDITED_SIGNATURES].number;
    narrow(&o, 20);
    token_faults("C_Sign length 0 5\n");
    send_burst(&o, 20);
    assert_int_equal(hear_burst(&o, 20), 5);
    token_faults("");
    office_disconnect(&o);
    office_connect(&o);
    hm_message answer = ask(&o, &audit);
    assert_int_equal(answer.field[HM_LOG_AUDITED_OPEN].number, 0);
    assert_int_equal(answer.field[HM_LOG_AUDITED_SIGNATURES].number, signatures + 5);
}

/* The token would end the process, were it asked. */
static void P1_the_token_is_not_asked_when_the_intent_cannot_be_written(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST);
    office_open_narrowed(&o, 1);
    uint64_t before = entries_in(&o);
    office_break_entries(&o, "880101");
    expect_token_fault(&o, "C_Sign crash 0 0\n", NO_ROOM, &question);
    assert_int_equal(entries_in(&o), before);
    office_disconnect(&o);
}

static void P1_no_signature_is_released_when_the_outcome_cannot_be_written(void **state) {
    (void)state;
    OFFICE o;
    hm_message audit = {.type = HM_MSG_LOG_AUDIT};
    office_open_narrowed(&o, 4);
    uint64_t before = entries_in(&o);
    office_break_entries(&o, "880102");
    send_burst(&o, 4);
    assert_int_equal(hear_burst(&o, 4), 0);
    office_mend(&o);
    /* What was to be signed is on record, and nothing was released for it. */
    uint64_t intents = entries_in(&o) - before;
    assert_true(intents >= 1 && intents <= 4);
    office_disconnect(&o);
    office_connect(&o);
    assert_int_equal(ask(&o, &audit).field[HM_LOG_AUDITED_OPEN].number, intents);
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

static hm_message repeatable_message(const char *key, hm_bytes call) {
    hm_message repeatable = {.type = HM_MSG_REPEATABLE};
    repeatable.field[HM_REPEATABLE_KEY].bytes = hm_text(key);
    repeatable.field[HM_REPEATABLE_CALL].bytes = call;
    return repeatable;
}

static hm_message sign_under(office *o, const char *key, hm_message question, hm_buf *structure) {
    hm_message repeatable = repeatable_message(key, DIGEST);
    office_connect(o);
    ask(o, &repeatable);
    narrow(o, 1);
    hm_message answer = ask(o, &question);
    assert_int_equal(answer.type, HM_MSG_SIGNED);
    structure->len = 0;
    WORKS(hm_put(structure, answer.field[HM_SIGNED_STRUCTURE].bytes));
    office_disconnect(o);
    return answer;
}

/* A client that did not hear the answer asks again; that is no second signature. */
static void what_is_asked_again_under_a_key_is_answered_as_it_was(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF first = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
    office_copy(&o);
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), other = question;
    uint64_t intent = sign_under(&o, "retry", question, &first).field[HM_SIGNED_INTENT].number,
             entries = entries_in(&o);
    for (int i = 0; i < 2; i++) {
        question.field[HM_SIGN_TAG].number = 5; /* is the caller's own affair */
        assert_int_equal(sign_under(&o, "retry", question, &again).field[HM_SIGNED_INTENT].number, intent);
        assert_true(hm_bytes_equal(hm_buf_bytes(&first), hm_buf_bytes(&again)));
        assert_int_equal(entries_in(&o), entries);
    }
    assert_int_not_equal(sign_under(&o, "other", question, &again).field[HM_SIGNED_INTENT].number, intent);
    other.field[HM_SIGN_NAME].bytes = LITERAL("renamed.bin");
    assert_int_not_equal(sign_under(&o, "retry", other, &again).field[HM_SIGNED_INTENT].number, intent);
    assert_int_equal(entries_in(&o), entries + 4);
    /* Of a day ago. */
    office_sql(&o, "UPDATE answer SET time = time - 90000");
    assert_int_not_equal(sign_under(&o, "new", question, &again).field[HM_SIGNED_INTENT].number, intent);
    assert_int_not_equal(sign_under(&o, "retry", question, &again).field[HM_SIGNED_INTENT].number, intent);
}

static void a_key_is_for_one_call(void **state) {
    (void)state;
    OFFICE o;
    HM_BUF structure = HM_BUF_EMPTY;
    hm_bytes other = LITERAL("another call of 32 bytes........");
    office_copy(&o);
    hm_message question = sign_message(1, HM_KEY_ES256, DIGEST), used = repeatable_message("one", other),
               unused = repeatable_message("two", other);
    sign_under(&o, "one", question, &structure);
    office_connect(&o);
    expect_fault(&o, HM_MISUSED, "used for another call", &used);
    ask(&o, &unused);
    office_disconnect(&o);
    sign_under(&o, "one", question, &structure);
    /* Of a day ago. */
    office_sql(&o, "UPDATE answer SET time = time - 90000");
    sign_under(&o, "three", question, &structure);
    office_connect(&o);
    ask(&o, &used);
    office_disconnect(&o);
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
        OFFICE_TEST(P1_intent_and_outcome_are_durable_before_the_signature_is_released),
        OFFICE_TEST(an_intent_says_who_asked_for_what_and_with_which_key),
        OFFICE_TEST(P1_an_intent_is_durable_before_the_token_is_asked),
        OFFICE_TEST(a_token_that_fails_leaves_a_failure_on_record_and_no_signature),
        OFFICE_TEST(a_burst_gets_as_many_signatures_as_were_announced),
        OFFICE_TEST(a_token_that_fails_amid_a_burst_spares_what_it_signed_before),
        OFFICE_TEST(P1_the_token_is_not_asked_when_the_intent_cannot_be_written),
        OFFICE_TEST(P1_no_signature_is_released_when_the_outcome_cannot_be_written),
        OFFICE_TEST(an_expired_certificate_signs_nothing),
        OFFICE_TEST(signs_cms_and_authenticode_for_the_product_and_no_other),
        OFFICE_TEST(what_is_asked_again_under_a_key_is_answered_as_it_was),
        OFFICE_TEST(a_key_is_for_one_call),
        OFFICE_TEST(a_first_signature_makes_its_key),
        OFFICE_TEST(signs_with_no_key_that_was_readied_for_another_product),
        OFFICE_TEST(a_size_that_no_file_has_is_refused),
    };
    return RUN_WITH_OFFICE(tests);
}
