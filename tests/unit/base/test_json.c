#include "base_test.h"

#include <base/json.h>

static void writes_canonical_json(void **state) {
    (void)state;
    HM_BUF out = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&out);
    hm_json_object(&json, NULL);
    hm_json_array(&json, "artifacts");
    hm_json_object(&json, NULL);
    hm_json_hex(&json, "digest", LITERAL("\x00\xff"));
    hm_json_string(&json, "name", "setup.exe");
    hm_json_close_object(&json);
    hm_json_number(&json, NULL, -9007199254740991);
    hm_json_close_array(&json);
    hm_json_bool(&json, "development", true);
    hm_json_object(&json, "empty");
    hm_json_close_object(&json);
    hm_json_close_object(&json);
    assert_done(hm_json_end(&json));
    assert_bytes(hm_buf_bytes(&out), "{\"artifacts\":[{\"digest\":\"00ff\",\"name\":\"setup.exe\"},-9007199254740991],"
                                     "\"development\":true,\"empty\":{}}");
}

/* RFC 8785 section 3.2.2.2. */
static void escapes_as_rfc_8785_says(void **state) {
    (void)state;
    HM_BUF out = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&out);
    hm_json_text(&json, NULL, LITERAL("\xe2\x82\xac$\x0f\nA'B\"\\\\\"/\b\t\f\r\x7f\x00"));
    assert_done(hm_json_end(&json));
    assert_bytes(hm_buf_bytes(&out), "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\\b\\t\\f\\r\x7f\\u0000\"");
}

static void replaces_what_is_not_utf8(void **state) {
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"a\xff"
         "b",
         "\"a\xef\xbf\xbd"
         "b\""},                                                                      /* not a first octet */
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                                 /* overlong '/' */
        {"\xe0\x80\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},                 /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* above U+10FFFF */
        {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                                 /* cut off */
        {"\xf0\x9f\x94\x91", "\"\xf0\x9f\x94\x91\""},                                 /* U+1F511, fine */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        HM_BUF out = HM_BUF_EMPTY;
        hm_json json = hm_json_canonical(&out);
        hm_json_string(&json, NULL, cases[i].in);
        assert_done(hm_json_end(&json));
        assert_true(hm_bytes_equal(hm_buf_bytes(&out), hm_text(cases[i].out)));
    }
}

static hm_err two_members(const char *first, const char *second, bool canonical) {
    HM_BUF out = HM_BUF_EMPTY;
    hm_json json = canonical ? hm_json_canonical(&out) : hm_json_plain(&out);
    hm_json_object(&json, NULL);
    hm_json_number(&json, first, 1);
    hm_json_number(&json, second, 2);
    hm_json_close_object(&json);
    return hm_json_end(&json);
}

static void refuses_members_out_of_order(void **state) {
    (void)state;
    assert_done(two_members("a", "b", true));
    assert_done(two_members("a", "aa", true));
    assert_refused(two_members("b", "a", true));
    assert_refused(two_members("aa", "a", true));
}

static void refuses_a_member_given_twice(void **state) {
    (void)state;
    assert_refused(two_members("a", "a", true));
}

static void plain_json_keeps_the_order_given(void **state) {
    (void)state;
    assert_done(two_members("b", "a", false));
}

static void order_is_kept_behind_a_nested_object(void **state) {
    (void)state;
    HM_BUF out = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&out);
    hm_json_object(&json, NULL);
    hm_json_object(&json, "m");
    hm_json_number(&json, "a", 1);
    hm_json_close_object(&json);
    hm_json_number(&json, "b", 2);
    hm_json_close_object(&json);
    assert_refused(hm_json_end(&json));
}

static void refuses_what_is_not_closed(void **state) {
    (void)state;
    HM_BUF out = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&out);
    hm_json_object(&json, NULL);
    assert_refused(hm_json_end(&json));
}

static void refuses_nesting_deeper_than_it_keeps_track_of(void **state) {
    (void)state;
    for (int depth = HM_JSON_DEPTH; depth <= HM_JSON_DEPTH + 3; depth++) {
        HM_BUF out = HM_BUF_EMPTY;
        hm_json json = hm_json_plain(&out);
        for (int i = 0; i < depth; i++) hm_json_array(&json, NULL);
        for (int i = 0; i < depth; i++) hm_json_close_array(&json);
        assert_int_equal(hm_failed(hm_json_end(&json)), depth > HM_JSON_DEPTH);
    }
}

static void assert_member(const char *text, const char *key, const char *expected) {
    hm_bytes value;
    bool found;
    hm_json_member(hm_text(text), key, &value, &found);
    assert_int_equal(found, expected != NULL);
    if (expected) assert_true(hm_bytes_equal(value, hm_text(expected)));
}

static void finds_the_members_of_an_object(void **state) {
    (void)state;
    const char *text = "{\"a\":[1,\"]\",{\"b\":2}],\"b\":\"x\\\"y\",\"c\":-7,\"d\":{\"e\":true}}";
    assert_member(text, "a", "[1,\"]\",{\"b\":2}]");
    assert_member(text, "b", "x\\\"y");
    assert_member(text, "c", "-7");
    assert_member(text, "d", "{\"e\":true}");
    assert_member("{\"a\":\"\"}", "a", "");
}

static void finds_no_member_that_lies_deeper_or_in_a_value(void **state) {
    (void)state;
    assert_member("{\"a\":{\"e\":1}}", "e", NULL);
    assert_member("{\"a\":\"\\\"e\\\":1\"}", "e", NULL);
    assert_member("{\"a\":1}", "A", NULL);
    assert_member("{}", "a", NULL);
}

static void finds_nothing_in_what_is_cut_off_or_no_object(void **state) {
    (void)state;
    const char *const broken[] = {"",           "[",           "[\"a\"]", "{",        "{\"",
                                  "{\"a",       "{\"a\"",      "{\"a\":", "{\"a\":1", "{\"a\":\"1",
                                  "{\"a\":[1}", "{\"a\":\"\\", "{a:1}",   "\"a\":1}"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) assert_member(broken[i], "a", NULL);
}

static void put_member(void *context, hm_bytes name, hm_bytes value) {
    hm_buf *all = context;
    assert_int_equal(hm_put_format(all, "%.*s=%.*s;", (int)name.len, (const char *)name.data, (int)value.len,
                                   (const char *)value.data)
                         .class,
                     HM_DONE);
}

static void visits_each_member_up_to_where_it_is_broken(void **state) {
    (void)state;
    static const char *const texts[][2] = {
        {"{\"a\":1,\"b\":{\"c\":[1,\"}\"]},\"d\":\"x\\\"y\"}", "a=1;b={\"c\":[1,\"}\"]};d=x\\\"y;"},
        {"{}", ""},
        {"", ""},
        {"[1]", ""},
        {"{\"a\":1", ""},
        {"{\"a\":1,", "a=1;"},
        {"{\"a\":1 \"b\":2}", "a=1 \"b\":2;"},
        {"{\"a\":1,b:2}", "a=1;"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        HM_BUF all = HM_BUF_EMPTY;
        hm_json_members(hm_text(texts[i][0]), put_member, &all);
        if (!hm_bytes_equal(hm_buf_bytes(&all), hm_text(texts[i][1])))
            fail_msg("%s: %.*s", texts[i][0], (int)all.len, (const char *)all.data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_canonical_json),
        cmocka_unit_test(escapes_as_rfc_8785_says),
        cmocka_unit_test(replaces_what_is_not_utf8),
        cmocka_unit_test(refuses_members_out_of_order),
        cmocka_unit_test(refuses_a_member_given_twice),
        cmocka_unit_test(plain_json_keeps_the_order_given),
        cmocka_unit_test(order_is_kept_behind_a_nested_object),
        cmocka_unit_test(refuses_what_is_not_closed),
        cmocka_unit_test(refuses_nesting_deeper_than_it_keeps_track_of),
        cmocka_unit_test(finds_the_members_of_an_object),
        cmocka_unit_test(finds_no_member_that_lies_deeper_or_in_a_value),
        cmocka_unit_test(finds_nothing_in_what_is_cut_off_or_no_object),
        cmocka_unit_test(visits_each_member_up_to_where_it_is_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
