/* Products: what they may be called, and what comes with one. */
#include "office_fixture.h"

#include <crypto/uuid.h>

static hm_message add_message(hm_bytes name, uint64_t algorithms) {
    hm_message message = {.type = HM_MSG_PRODUCT_ADD};
    message.field[HM_PRODUCT_ADD_NAME].bytes = name;
    message.field[HM_PRODUCT_ADD_ALGORITHMS].number = algorithms;
    return message;
}

static void refuses_names_that_are_none(void **state) {
    (void)state;
    static const hm_bytes names[] = {
        {(const uint8_t *)".hidden", 7},
        {(const uint8_t *)"-option", 7},
        {(const uint8_t *)"_mark", 5},
        {(const uint8_t *)"a b", 3},
        {(const uint8_t *)"a/b", 3},
        {(const uint8_t *)"..", 2},
        {(const uint8_t *)"a=b", 3},
        {(const uint8_t *)"a,b", 3},
        {(const uint8_t *)"a\\b", 3},
        {(const uint8_t *)"a\"b", 3},
        {(const uint8_t *)"p\xc3\xbcmp", 5},
        {(const uint8_t *)" ", 1},
        {(const uint8_t *)"01234567890123456789012345678901234567890", 41},
    };
    OFFICE o;
    office_open(&o);
    uint64_t before = entries_in(&o);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        hm_message question = add_message(names[i], 1u << HM_KEY_ES256);
        expect_fault(&o, HM_MISUSED, "a product's name", &question);
    }
    expect_refusals(&o, before, sizeof names / sizeof names[0]);
}

static void refuses_algorithms_that_there_are_not(void **state) {
    (void)state;
    static const uint64_t sets[] = {0, 1, 1u << HM_KEY_ES256 | 1, 1u << (HM_KEY_ALGORITHMS + 1), 0xffff};
    OFFICE o;
    office_open(&o);
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        hm_message question = add_message(LITERAL("drive"), sets[i]);
        expect_fault(&o, HM_REFUSED, "key algorithms", &question);
    }
}

static void refuses_a_product_that_is_there(void **state) {
    (void)state;
    OFFICE o;
    office_open(&o);
    uint64_t before = entries_in(&o);
    hm_message question = add_message(LITERAL("pump"), 1u << HM_KEY_RSA4096);
    expect_fault(&o, HM_REFUSED, "there is a product pump already", &question);
    expect_refusals(&o, before, 1);
}

static void lists_no_product_that_is_not_there(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = {.type = HM_MSG_PRODUCT_LIST};
    question.field[HM_PRODUCT_LIST_NAME].bytes = LITERAL("Pump");
    office_open(&o);
    expect_fault(&o, HM_REFUSED, "no product Pump", &question);
}

/* RFC 9124: whoever knows the organization and the name can compute both identifiers. */
static void a_product_has_the_identifiers_of_its_names(void **state) {
    (void)state;
    OFFICE o;
    uint8_t vendor[16], class[16];
    hm_message question = {.type = HM_MSG_PRODUCT_LIST};
    question.field[HM_PRODUCT_LIST_NAME].bytes = LITERAL("pump");
    hm_uuid_of_name(hm_uuid_dns, LITERAL("Example"), vendor);
    hm_uuid_of_name(vendor, LITERAL("pump"), class);
    office_open(&o);
    hm_message answer = ask(&o, &question);
    assert_int_equal(answer.type, HM_MSG_PRODUCT);
    assert_true(hm_bytes_equal(answer.field[HM_PRODUCT_VENDOR].bytes, HM_ARRAY(vendor)));
    assert_true(hm_bytes_equal(answer.field[HM_PRODUCT_CLASS].bytes, HM_ARRAY(class)));
    assert_int_equal(answer.field[HM_PRODUCT_ALGORITHMS].number, 1u << HM_KEY_ES256 | 1u << HM_KEY_ED25519);
    WORKS(hm_listen(&o.core, &answer));
    assert_int_equal(answer.type, HM_MSG_DONE);
}

static void a_product_comes_with_its_entry_and_its_ca(void **state) {
    (void)state;
    OFFICE o;
    ENTRY e = {0};
    office_open(&o);
    uint64_t before = entries_in(&o);
    hm_message question = add_message(LITERAL("A0._-z"), 1u << HM_KEY_ES256), keys = {.type = HM_MSG_KEY_LIST}, answer;
    assert_int_equal(ask(&o, &question).type, HM_MSG_DONE);
    entry_read(&o, before, &e);
    assert_int_equal(e.leaf.type, HM_LEAF_CEREMONY);
    assert_true(details_hold(&e, "\"act\":\"product added\""));
    assert_true(details_hold(&e, "\"algorithms\":[\"es256\"]"));
    keys.field[HM_KEY_LIST_PRODUCT].bytes = LITERAL("A0._-z");
    answer = ask(&o, &keys);
    assert_int_equal(answer.type, HM_MSG_KEY);
    assert_int_equal(answer.field[HM_KEY_ROLE].number, HM_KEY_ROLE_PRODUCT_CA);
    hm_cert_info info;
    WORKS(hm_cert_describe(answer.field[HM_KEY_CERTIFICATE].bytes, &info));
    assert_string_equal(info.product, "A0._-z");
    assert_true(info.ca);
    WORKS(hm_listen(&o.core, &answer));
    assert_int_equal(answer.type, HM_MSG_DONE);
}

static void a_product_that_cannot_be_logged_is_not_added(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = add_message(LITERAL("drive"), 1u << HM_KEY_ES256), list = {.type = HM_MSG_PRODUCT_LIST};
    office_open(&o);
    office_break_entries(&o, "");
    expect_fault(&o, HM_COULD_NOT, NO_ROOM, &question);
    office_mend(&o);
    list.field[HM_PRODUCT_LIST_NAME].bytes = LITERAL("drive");
    expect_fault(&o, HM_REFUSED, "no product drive", &list);
    assert_int_equal(ask(&o, &question).type, HM_MSG_DONE);
}

/* The product is there, its CA is not: whoever signs next finishes what was begun. */
static void a_product_whose_ca_failed_is_finished_by_its_first_key(void **state) {
    (void)state;
    OFFICE o;
    hm_message question = add_message(LITERAL("drive"), 1u << HM_KEY_ES256),
               generate = product_message(HM_MSG_KEY_GENERATE, "drive", HM_KEY_ES256);
    office_open(&o);
    expect_token_fault(&o, "C_GenerateKeyPair return 0x31 0\n", "make a key", &question);
    assert_int_equal(ask(&o, &generate).type, HM_MSG_DONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(refuses_names_that_are_none),
        OFFICE_TEST(refuses_algorithms_that_there_are_not),
        OFFICE_TEST(refuses_a_product_that_is_there),
        OFFICE_TEST(lists_no_product_that_is_not_there),
        OFFICE_TEST(a_product_has_the_identifiers_of_its_names),
        OFFICE_TEST(a_product_comes_with_its_entry_and_its_ca),
        OFFICE_TEST(a_product_that_cannot_be_logged_is_not_added),
        OFFICE_TEST(a_product_whose_ca_failed_is_finished_by_its_first_key),
    };
    return RUN_WITH_OFFICE(tests);
}
