/* The core's language as JSON: every message there and back; and what is not a member's own form is refused with its
 * name. */
#include <client/routes.h>
#include <client/wire_json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t octets[1 << 16] = {1, 2, 3, 0xff, 0x80, 0};
static const char text[] = "a text of sixty-four characters, as the longest product has it..";

/* Fields of this type that are as large as they may be, or as small. */
static hm_message filled(const hm_wire_rule *rule, bool large) {
    hm_message message = {.type = rule->type};
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
        const hm_wire_field_rule *field = &rule->field[i];
        uint64_t size = large ? field->most : field->least;
        if (field->kind == HM_WIRE_NUMBER)
            message.field[i].number = size;
        else if (field->kind == HM_WIRE_TEXT)
            message.field[i].bytes = HM_BYTES(text, size < sizeof text - 1 ? size : sizeof text - 1);
        else
            message.field[i].bytes = HM_BYTES(octets, size < 1000 ? size : 1000);
    }
    return message;
}

static bool is_word(const char *name) {
    return !strcmp(name, "format") || !strcmp(name, "formats") || !strcmp(name, "structure") ||
           !strcmp(name, "algorithm") || !strcmp(name, "algorithms") || !strcmp(name, "decision");
}

/* Numbers that stand for words have few values. */
static void choose_words(const hm_wire_rule *rule, hm_message *message) {
    static const uint8_t chosen[] = {1, 3};
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
        if (!is_word(rule->field[i].name)) continue;
        if (rule->field[i].kind == HM_WIRE_NUMBER) message->field[i].number = 2;
        if (!strcmp(rule->field[i].name, "algorithms") && rule->field[i].kind == HM_WIRE_BYTES)
            message->field[i].bytes = HM_ARRAY(chosen);
    }
}

static void expect_same(const hm_wire_rule *rule, const hm_message *one, const hm_message *other) {
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
        if (!strcmp(rule->field[i].name, "tag")) continue;
        bool same = rule->field[i].kind == HM_WIRE_NUMBER ? one->field[i].number == other->field[i].number
                                                          : hm_bytes_equal(one->field[i].bytes, other->field[i].bytes);
        if (!same) fail_msg("%s: %s is not as it was", rule->name, rule->field[i].name);
    }
}

static void every_message_comes_back_as_it_was(void **state) {
    (void)state;
    size_t count = 0;
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        for (int large = 0; large < 2; large++) {
            HM_BUF storage = HM_BUF_EMPTY;
            hm_message message = filled(rule, large), again;
            json_t *object = json_object();
            choose_words(rule, &message);
            if (hm_failed(hm_wire_to_json(&message, object))) fail_msg("%s: %s", rule->name, hm_err_sentence());
            if (hm_failed(hm_wire_from_json(object, rule->type, &again, &storage)))
                fail_msg("%s: %s", rule->name, hm_err_sentence());
            expect_same(rule, &message, &again);
            assert_int_equal(json_object_size(object), 0); /* each member was taken */
            json_decref(object);
            count++;
        }
    }
    assert_true(count > 100);
}

static void refused(hm_message_type type, const char *json, const char *words) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message message;
    json_t *object = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(object);
    hm_err err = hm_wire_from_json(object, type, &message, &storage);
    json_decref(object);
    if (err.class != HM_MISUSED) fail_msg("%s was taken", json);
    if (!strstr(hm_err_sentence(), words)) fail_msg("%s does not say '%s' of %s", hm_err_sentence(), words, json);
}

static void a_member_of_another_form_is_refused_with_its_name(void **state) {
    (void)state;
    refused(HM_MSG_PRODUCT_LIST, "[]", "no object");
    refused(HM_MSG_PRODUCT_LIST, "{\"name\": 5}", "\"name\"");
    refused(HM_MSG_PRODUCT_LIST, "{\"name\": [\"a\"]}", "\"name\"");
    refused(HM_MSG_PRODUCT_LIST, "{\"name\": null}", "\"name\"");
    refused(HM_MSG_PRODUCT_ADD, "{}", "\"name\": is missing");
    refused(HM_MSG_PRODUCT_ADD, "{\"name\": \"\"}", "\"name\": is missing");
    refused(HM_MSG_PRODUCT_ADD, "{\"name\": \"p\", \"algorithms\": \"es256\"}", "\"algorithms\"");
    refused(HM_MSG_PRODUCT_ADD, "{\"name\": \"p\", \"algorithms\": [\"ES256\"]}", "\"algorithms\"");
    refused(HM_MSG_PRODUCT_ADD, "{\"name\": \"p\", \"algorithms\": [1]}", "\"algorithms\"");
    refused(HM_MSG_PRODUCT_ADD, "{\"name\": \"p\", \"algorithms\": [\"\"]}", "\"algorithms\"");
    refused(HM_MSG_LOG_LIST, "{\"from\": -1}", "\"from\"");
    refused(HM_MSG_LOG_LIST, "{\"from\": 1.5}", "\"from\"");
    refused(HM_MSG_LOG_LIST, "{\"from\": \"18446744073709551616\"}", "\"from\"");
    refused(HM_MSG_LOG_LIST, "{\"from\": \"0x1\"}", "\"from\"");
    refused(HM_MSG_LOG_LIST, "{\"from\": \" 1\"}", "\"from\"");
    refused(HM_MSG_LOG_PROVE, "{\"signature\": \"00\", \"content\": \"00\"}", "\"signature\": is missing or too short");
    refused(HM_MSG_LOG_PROVE, "{\"signature\": \"zz\"}", "not hexadecimal");
    refused(HM_MSG_STATEMENT_ADD, "{\"envelope\": \"a\"}", "not base64");
    refused(HM_MSG_STATEMENT_ADD, "{\"envelope\": \"YR==\"}", "\"envelope\"");
    refused(HM_MSG_REQUEST_DECIDE, "{\"request\": \"00\", \"decision\": \"yes\"}", "\"");
}

static void a_word_that_was_not_chosen_is_missing(void **state) {
    (void)state;
    refused(HM_MSG_SIGN, "{}", "\"format\": is missing");
    refused(HM_MSG_SIGN, "{\"format\": \"cms\", \"algorithm\": \"es256\"}", "\"structure\": is missing");
    refused(HM_MSG_SIGN, "{\"format\": \"cms\", \"structure\": \"cms\"}", "\"algorithm\": is missing");
    refused(HM_MSG_SIGN, "{\"format\": \"\"}", "\"format\": is not one");
    refused(HM_MSG_PREPARE, "{\"algorithms\": [\"es256\"]}", "\"structure\": is missing");
    refused(HM_MSG_PREPARE, "{\"structure\": \"cms\", \"algorithms\": []}", "\"algorithms\": is missing");
    refused(HM_MSG_NARROW, "{\"product\": \"p\", \"formats\": []}", "\"formats\": is missing");
    refused(HM_MSG_KEY_GENERATE, "{\"product\": \"p\"}", "\"algorithm\": is missing");
    refused(HM_MSG_PRODUCT_ADD, "{\"name\": \"p\"}", "\"algorithms\": is missing");
    refused(HM_MSG_REQUEST_DECIDE,
            "{\"request\": \"0000000000000000000000000000000000000000000000000000000000000000\"}",
            "\"decision\": is missing");
}

static void what_must_be_there_is_in_the_schema(void **state) {
    (void)state;
    json_t *properties = json_object(), *required = json_array();
    hm_wire_schema(HM_MSG_SIGN, properties, required);
    json_t *all = json_pack("[s,s,s,s,s,s]", "format", "structure", "algorithm", "name", "plain", "content");
    assert_true(json_equal(required, all));
    json_decref(all);
    json_decref(required);
    json_decref(properties);
}

static void a_text_with_a_zero_is_taken_whole(void **state) {
    (void)state;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message message;
    json_t *object = json_pack("{s:s%}", "name", "a\0b", 3);
    assert_false(hm_failed(hm_wire_from_json(object, HM_MSG_PRODUCT_LIST, &message, &storage)));
    assert_int_equal(message.field[HM_PRODUCT_LIST_NAME].bytes.len, 3);
    json_decref(object);
    /* Such a text is none of the core's language: no frame is made of it. */
    HM_BUF frame = HM_BUF_EMPTY;
    assert_true(hm_failed(hm_wire_put(&message, &frame)));
}

static void numbers_that_readers_of_json_would_round_are_digits(void **state) {
    (void)state;
    hm_message message = {.type = HM_MSG_LOG_LIST};
    json_t *object = json_object();
    message.field[HM_LOG_LIST_FROM].number = UINT64_MAX;
    message.field[HM_LOG_LIST_COUNT].number = (UINT64_C(1) << 53) - 1;
    assert_false(hm_failed(hm_wire_to_json(&message, object)));
    assert_string_equal(json_string_value(json_object_get(object, "from")), "18446744073709551615");
    assert_true(json_is_integer(json_object_get(object, "count")));
    json_decref(object);
}

static void expect_text_of(const char *given) {
    HM_BUF written = HM_BUF_EMPTY;
    hm_json out = hm_json_plain(&written);
    json_t *value = json_loads(given, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    hm_wire_json_put(value, NULL, &out);
    assert_false(hm_failed(hm_json_end(&out)));
    json_t *again = json_loadb((const char *)written.data, written.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (!again || !json_equal(value, again)) fail_msg("%s: %.*s", given, (int)written.len, (const char *)written.data);
    json_decref(again);
    json_decref(value);
}

static void what_is_written_as_text_is_read_as_the_same(void **state) {
    (void)state;
    expect_text_of("{}");
    expect_text_of("[]");
    expect_text_of("[[], {}, [{}]]");
    expect_text_of("{\"a\": \"\", \"b\": [true, false, 0, -1, 9223372036854775807], \"c\": {\"d\": [\"e\"]}}");
    expect_text_of("\"plain\"");
    expect_text_of("\"\\u0001 \\u001f \\u007f \\\" \\\\ \\/ \\b\\f\\n\\r\\t\"");
    expect_text_of("\"\\\"\\\"at both ends\\\\\"");
    expect_text_of("\"gr\\u00fcn \\u2028 \\ud83d\\ude00\"");
}

static void what_nests_too_deeply_is_not_written(void **state) {
    (void)state;
    HM_BUF written = HM_BUF_EMPTY;
    hm_json out = hm_json_plain(&written);
    json_t *value = json_array();
    for (int i = 0; i < HM_JSON_DEPTH; i++) value = json_pack("[o]", value);
    hm_wire_json_put(value, NULL, &out);
    assert_true(hm_failed(hm_json_end(&out)));
    json_decref(value);
}

static void every_route_asks_questions_and_answers_answers(void **state) {
    (void)state;
    bool other;
    for (const hm_route *route = hm_routes; route->path; route++) {
        assert_int_equal(route->question % 2, 1);
        assert_int_equal(route->answer % 2, 0);
        assert_true(route->path[0] == '/' && route->what[0]);
        assert_ptr_equal(hm_route_find(route->method, route->path, &other), route);
        assert_false(other);
    }
    assert_null(hm_route_find("PUT", "/products", &other));
    assert_true(other);
    assert_null(hm_route_find("GET", "/nothing", &other));
    assert_false(other);
    assert_null(hm_route_of(HM_MSG_HELLO));
    assert_null(hm_route_of(HM_MSG_WIDEN));
    assert_null(hm_route_of(HM_MSG_PROVE_KEY));
    assert_null(hm_route_of(HM_MSG_NARROW));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_as_it_was),
        cmocka_unit_test(a_member_of_another_form_is_refused_with_its_name),
        cmocka_unit_test(a_word_that_was_not_chosen_is_missing),
        cmocka_unit_test(what_must_be_there_is_in_the_schema),
        cmocka_unit_test(a_text_with_a_zero_is_taken_whole),
        cmocka_unit_test(numbers_that_readers_of_json_would_round_are_digits),
        cmocka_unit_test(what_is_written_as_text_is_read_as_the_same),
        cmocka_unit_test(what_nests_too_deeply_is_not_written),
        cmocka_unit_test(every_route_asks_questions_and_answers_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
