/* How long keys serve, in an office of one person; the clock is the test's. */
#include "one_person_fixture.h"

#include "clock_fixture.h"

#include <stdio.h>

enum { A_DAY = 86400 };

/* The office's keys were made at BEGAN. */
static int64_t began;
static void begin(office *o) {
    __atomic_store_n(clock_shared, began, __ATOMIC_SEQ_CST);
    office_open(o);
}

/* One file, in a session of its own, for RELEASE. */
static hm_err sign_for(office *o, const char *release) {
    hm_message question = narrow_message("pump", 1), answer;
    question.field[HM_NARROW_RELEASE].bytes = hm_text(release);
    office_reconnect(o);
    HM_TRY(hm_ask(&o->core, &question, &answer));
    hm_err err = sign(o);
    hm_fault fault = hm_fault_keep(err);
    office_reconnect(o);
    return hm_fault_raise(&fault);
}

typedef struct {
    size_t count;
    uint8_t id[16][16]; /* the newest last */
    char release[16][65];
} keys;

static keys signing_keys(office *o) {
    keys found = {0};
    hm_message question = {.type = HM_MSG_KEY_LIST};
    question.field[HM_KEY_LIST_PRODUCT].bytes = hm_text("pump");
    for (hm_message answer = ask(o, &question); answer.type == HM_MSG_KEY; answer = hear(o)) {
        if (answer.field[HM_KEY_ROLE].number != HM_KEY_ROLE_SIGNING ||
            answer.field[HM_KEY_ALGORITHM].number != HM_KEY_ES256)
            continue;
        hm_bytes release = answer.field[HM_KEY_RELEASE].bytes;
        memcpy(found.id[found.count], answer.field[HM_KEY_TOKEN_ID].bytes.data, 16);
        snprintf(found.release[found.count++], 65, "%.*s", (int)release.len, (const char *)release.data);
    }
    return found;
}

static bool last_signed_by(const office *o, const uint8_t id[static 16]) {
    ENTRY e = {0};
    HM_BUF hex = HM_BUF_EMPTY;
    const char *text;
    uint64_t at = entries_in(o);
    do entry_read(o, --at, &e);
    while (e.leaf.type != HM_LEAF_INTENT);
    WORKS(hm_put_hex(&hex, HM_BYTES(id, 16)));
    WORKS(hm_buf_string(&hex, &text));
    return details_hold(&e, text);
}

static void a_key_serves_its_period_and_not_a_second_longer(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    state_policy(&o, "cryptoperiod 30 days\n");
    WORKS(sign_for(&o, "1.0"));
    clock_forward(29 * A_DAY);
    WORKS(sign_for(&o, "1.0"));
    clock_forward(A_DAY + 3600);
    FAILS(HM_REFUSED, "lets a key of pump serve 30 days", sign_for(&o, "1.0"));
    state_policy(&o, "cryptoperiod 31 days\n");
    WORKS(sign_for(&o, "1.0"));
    office_disconnect(&o);
}

static void the_end_of_a_period_is_seen_in_a_session_that_has_begun(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    narrow(&o, 4);
    office other = o;
    office_connect(&other);
    WORKS(sign(&o));
    state_policy(&other, "cryptoperiod 2 signatures\n");
    WORKS(sign(&o));
    uint64_t before = entries_in(&o);
    FAILS(HM_REFUSED, "lets a key of pump make 2", sign(&o));
    expect_refusals(&o, before, 1);
    office_disconnect(&other);
    office_disconnect(&o);
}

static void a_key_is_followed_by_another_when_its_time_has_come(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    state_policy(&o, "rotate after 10 days\ncryptoperiod 20 days\n");
    WORKS(sign_for(&o, "1.0"));
    assert_int_equal(signing_keys(&o).count, 1);
    clock_forward(11 * A_DAY);
    WORKS(sign_for(&o, "1.0"));
    WORKS(sign_for(&o, "1.0"));
    keys k = signing_keys(&o);
    assert_int_equal(k.count, 2);
    assert_true(last_signed_by(&o, k.id[1]));
    office_disconnect(&o);
}

static void or_when_it_has_signed_so_often(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    state_policy(&o, "rotate after 2 signatures\ncryptoperiod 3 signatures\n");
    for (int i = 0; i < 5; i++) WORKS(sign_for(&o, "1.0"));
    assert_int_equal(signing_keys(&o).count, 3);
    office_disconnect(&o);
}

/* A session that is longer than what is left of its key: what is hard stops it. */
static void one_session_signs_with_one_key(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    state_policy(&o, "rotate after 2 signatures\ncryptoperiod 3 signatures\n");
    narrow(&o, 9);
    for (int i = 0; i < 3; i++) WORKS(sign(&o));
    FAILS(HM_REFUSED, "make 3", sign(&o));
    WORKS(sign_for(&o, "1.0"));
    assert_int_equal(signing_keys(&o).count, 2);
    office_disconnect(&o);
}

/* There is a key still, and it may serve: that its successor cannot be made now stops nothing. */
static void a_token_that_makes_no_key_stops_no_signature(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    state_policy(&o, "rotate after 10 days\ncryptoperiod 20 days\n");
    clock_forward(11 * A_DAY);
    token_faults("C_GenerateKeyPair return 0x30 0\n"); /* CKR_DEVICE_ERROR */
    WORKS(sign_for(&o, "1.0"));
    clock_forward(10 * A_DAY);
    FAILS(HM_REFUSED, "serve 20 days", sign_for(&o, "1.0"));
    token_faults("");
    WORKS(sign_for(&o, "1.0"));
    assert_int_equal(signing_keys(&o).count, 2);
    office_disconnect(&o);
}

static void each_release_has_a_key_of_its_own(void **ignored) {
    (void)ignored;
    static const char *const releases[] = {"1.0", "1.1", "2.0"};
    OFFICE o;
    begin(&o);
    state_policy(&o, "key per release\n");
    for (size_t i = 0; i < 3; i++) {
        WORKS(sign_for(&o, releases[i]));
        WORKS(sign_for(&o, releases[i]));
    }
    keys k = signing_keys(&o);
    assert_int_equal(k.count, 4);
    for (size_t i = 0; i < 3; i++) assert_string_equal(k.release[i + 1], releases[i]);
    WORKS(sign_for(&o, "1.1"));
    assert_true(last_signed_by(&o, k.id[2]));
    FAILS(HM_REFUSED, "name the release", sign_for(&o, ""));
    state_policy(&o, "cryptoperiod 9 days\n");
    WORKS(sign_for(&o, "1.1"));
    assert_true(last_signed_by(&o, k.id[0]));
    office_disconnect(&o);
}

static hm_err state_of_key(office *o, const uint8_t id[static 16], hm_key_state to) {
    hm_statement s = place_of(o);
    s.act = HM_ACT_KEY;
    s.product = hm_text("pump");
    s.state = to;
    memcpy(s.token_id, id, sizeof s.token_id);
    return hand_in(o, &s);
}

static void a_release_whose_key_is_destroyed_is_signed_no_more(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    state_policy(&o, "key per release\n");
    WORKS(sign_for(&o, "1.0"));
    WORKS(sign_for(&o, "1.1"));
    keys k = signing_keys(&o);
    WORKS(state_of_key(&o, k.id[1], HM_KEY_DESTROYED));
    FAILS(HM_REFUSED, "is destroyed", sign_for(&o, "1.0"));
    WORKS(sign_for(&o, "1.1"));
    assert_int_equal(signing_keys(&o).count, 3);
    office_disconnect(&o);
}

static void a_release_gets_another_key_only_when_asked_for(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    hm_message generate = product_message(HM_MSG_KEY_GENERATE, "pump", HM_KEY_ES256);
    generate.field[HM_KEY_GENERATE_NEXT].number = 1;
    generate.field[HM_KEY_GENERATE_RELEASE].bytes = hm_text("1.0");
    expect_fault(&o, HM_REFUSED, "has no key of its own", &generate);
    state_policy(&o, "key per release\n");
    WORKS(sign_for(&o, "1.0"));
    keys k = signing_keys(&o);
    WORKS(state_of_key(&o, k.id[1], HM_KEY_COMPROMISED));
    FAILS(HM_REFUSED, "is compromised", sign_for(&o, "1.0"));
    ask(&o, &generate);
    WORKS(sign_for(&o, "1.0"));
    k = signing_keys(&o);
    assert_int_equal(k.count, 3);
    assert_true(last_signed_by(&o, k.id[2]));
    generate.field[HM_KEY_GENERATE_RELEASE].bytes = HM_NO_BYTES;
    expect_fault(&o, HM_REFUSED, "name the release", &generate);
    office_disconnect(&o);
}

/* When the key of pump is at its end, or to be followed; 0: nothing is told. */
static int64_t told(office *o, hm_expiry_kind kind) {
    int64_t when = 0;
    hm_message question = {.type = HM_MSG_EXPIRIES};
    for (hm_message answer = ask(o, &question); answer.type == HM_MSG_EXPIRY; answer = hear(o))
        if (answer.field[HM_EXPIRY_KIND].number == (uint64_t)kind &&
            hm_bytes_equal(answer.field[HM_EXPIRY_PRODUCT].bytes, hm_text("pump")))
            when = (int64_t)answer.field[HM_EXPIRY_EXPIRES].number;
    return when;
}

static void who_asks_is_told_when_a_key_ends(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    assert_int_equal(told(&o, HM_EXPIRY_PERIOD), 0);
    state_policy(&o, "cryptoperiod 30 days\nrotate after 20 days\n");
    int64_t end = told(&o, HM_EXPIRY_PERIOD);
    assert_true(end >= began + 30 * A_DAY && end <= began + 30 * A_DAY + 5);
    assert_int_equal(told(&o, HM_EXPIRY_ROTATION), end - 10 * A_DAY);
    state_policy(&o, "key per release\n");
    assert_int_equal(told(&o, HM_EXPIRY_PERIOD), 0);
    assert_int_equal(told(&o, HM_EXPIRY_ROTATION), 0);
    office_disconnect(&o);
}

/* The last that is told of pump's es256 keys, of KIND; HM_EXPIRY_KIND is 0: nothing. */
static hm_message told_of_key(office *o, hm_expiry_kind kind) {
    hm_message found = {.type = HM_MSG_EXPIRY}, question = {.type = HM_MSG_EXPIRIES};
    for (hm_message answer = ask(o, &question); answer.type == HM_MSG_EXPIRY; answer = hear(o)) {
        if (answer.field[HM_EXPIRY_KIND].number != (uint64_t)kind ||
            answer.field[HM_EXPIRY_ALGORITHM].number != HM_KEY_ES256 ||
            !hm_bytes_equal(answer.field[HM_EXPIRY_PRODUCT].bytes, hm_text("pump")))
            continue;
        found.field[HM_EXPIRY_KIND].number = kind;
        found.field[HM_EXPIRY_BEGAN].number = answer.field[HM_EXPIRY_BEGAN].number;
        found.field[HM_EXPIRY_USED].number = answer.field[HM_EXPIRY_USED].number;
        found.field[HM_EXPIRY_MOST].number = answer.field[HM_EXPIRY_MOST].number;
    }
    return found;
}

static void and_how_often_it_has_signed(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    state_policy(&o, "rotate after 3 signatures\ncryptoperiod 4 signatures\n");
    for (int i = 0; i < 3; i++) WORKS(sign_for(&o, "1.0"));
    hm_message period = told_of_key(&o, HM_EXPIRY_PERIOD_COUNT), rotation = told_of_key(&o, HM_EXPIRY_ROTATION_COUNT);
    assert_int_equal(period.field[HM_EXPIRY_USED].number, 3);
    assert_int_equal(period.field[HM_EXPIRY_MOST].number, 4);
    assert_int_equal(rotation.field[HM_EXPIRY_USED].number, 3);
    assert_int_equal(rotation.field[HM_EXPIRY_MOST].number, 3);
    /* Of the one that follows, and of no other. */
    WORKS(sign_for(&o, "1.0"));
    period = told_of_key(&o, HM_EXPIRY_PERIOD_COUNT);
    assert_int_equal(period.field[HM_EXPIRY_USED].number, 1);
    office_disconnect(&o);
}

static void and_what_has_stopped(void **ignored) {
    (void)ignored;
    OFFICE o;
    begin(&o);
    WORKS(sign_for(&o, "1.0"));
    keys k = signing_keys(&o);
    clock_forward(A_DAY);
    WORKS(state_of_key(&o, k.id[0], HM_KEY_SUSPENDED));
    hm_message suspended = told_of_key(&o, HM_EXPIRY_SUSPENDED);
    assert_int_equal(suspended.field[HM_EXPIRY_KIND].number, HM_EXPIRY_SUSPENDED);
    assert_true((int64_t)suspended.field[HM_EXPIRY_BEGAN].number >= began + A_DAY);
    assert_int_equal(told_of_key(&o, HM_EXPIRY_STOPPED).field[HM_EXPIRY_KIND].number, 0);
    WORKS(state_of_key(&o, k.id[0], HM_KEY_COMPROMISED));
    assert_int_equal(told_of_key(&o, HM_EXPIRY_SUSPENDED).field[HM_EXPIRY_KIND].number, 0);
    assert_int_equal(told_of_key(&o, HM_EXPIRY_STOPPED).field[HM_EXPIRY_KIND].number, HM_EXPIRY_STOPPED);
    /* A release's own key is missed by nobody else. */
    state_policy(&o, "key per release\n");
    assert_int_equal(told_of_key(&o, HM_EXPIRY_STOPPED).field[HM_EXPIRY_KIND].number, 0);
    office_disconnect(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(a_key_serves_its_period_and_not_a_second_longer),
        OFFICE_TEST(the_end_of_a_period_is_seen_in_a_session_that_has_begun),
        OFFICE_TEST(a_key_is_followed_by_another_when_its_time_has_come),
        OFFICE_TEST(or_when_it_has_signed_so_often),
        OFFICE_TEST(one_session_signs_with_one_key),
        OFFICE_TEST(a_token_that_makes_no_key_stops_no_signature),
        OFFICE_TEST(each_release_has_a_key_of_its_own),
        OFFICE_TEST(a_release_whose_key_is_destroyed_is_signed_no_more),
        OFFICE_TEST(a_release_gets_another_key_only_when_asked_for),
        OFFICE_TEST(who_asks_is_told_when_a_key_ends),
        OFFICE_TEST(and_how_often_it_has_signed),
        OFFICE_TEST(and_what_has_stopped),
    };
    clock_stop();
    began = hm_now();
    return RUN_WITH_OFFICE(tests);
}
