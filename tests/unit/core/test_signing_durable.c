/* What the log holds when something is signed, what a failing token or database leaves, and what is asked again. */
#include "office_fixture.h"

#include <poll.h>
#include <unistd.h>

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

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(P1_intent_and_outcome_are_durable_before_the_signature_is_released),
        OFFICE_TEST(an_intent_says_who_asked_for_what_and_with_which_key),
        OFFICE_TEST(P1_an_intent_is_durable_before_the_token_is_asked),
        OFFICE_TEST(a_token_that_fails_leaves_a_failure_on_record_and_no_signature),
        OFFICE_TEST(a_burst_gets_as_many_signatures_as_were_announced),
        OFFICE_TEST(a_token_that_fails_amid_a_burst_spares_what_it_signed_before),
        OFFICE_TEST(P1_the_token_is_not_asked_when_the_intent_cannot_be_written),
        OFFICE_TEST(P1_no_signature_is_released_when_the_outcome_cannot_be_written),
        OFFICE_TEST(what_is_asked_again_under_a_key_is_answered_as_it_was),
        OFFICE_TEST(a_key_is_for_one_call),
    };
    return RUN_WITH_OFFICE(tests);
}
