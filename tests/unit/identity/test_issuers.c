#include "base_test.h"

#include <identity/issuers.h>

#include <stdio.h>

static hm_issuers issuers;

static hm_err read_text(const char *text) { return hm_issuers_read(hm_text(text), &issuers); }

static void assert_refusal(const char *text, const char *sentence) {
    assert_refused(read_text(text));
    assert_int_equal(issuers.count, 0);
    if (!strstr(hm_err_sentence(), sentence)) fail_msg("\"%s\" lacks \"%s\"", hm_err_sentence(), sentence);
}

#define TWO "  audience https://sign.example.com\n  keys https://ci.example.com/jwks\n"
#define ONE "issuer https://ci.example.com\n" TWO

static void reads_an_issuer_with_every_line(void **state) {
    (void)state;
    assert_done(read_text(
        "# CI\n\nissuer https://ci.example.com # ours\n  audience sign\n  keys https://ci.example.com/jwks?v=1\n"
        "  max-lifetime 3600\n  tokens until-expiry\n"));
    assert_int_equal(issuers.count, 1);
    const hm_issuer *issuer = &issuers.issuer[0];
    assert_bytes(issuer->url, "https://ci.example.com");
    assert_bytes(issuer->audience, "sign");
    assert_bytes(issuer->keys, "https://ci.example.com/jwks?v=1");
    assert_false(issuer->keys_in_file);
    assert_int_equal(issuer->max_lifetime, 3600);
    assert_false(issuer->once);
    assert_int_equal(issuer->line, 3);
}

static void is_strict_where_nothing_is_said(void **state) {
    (void)state;
    assert_done(read_text(ONE));
    assert_true(issuers.issuer[0].once);
    assert_int_equal(issuers.issuer[0].max_lifetime, 86400);
}

static void reads_keys_in_a_file(void **state) {
    (void)state;
    assert_done(read_text("issuer https://ci.example.com\naudience s\nkeys file:///etc/hallmark/jwks.json\n"));
    assert_true(issuers.issuer[0].keys_in_file);
    assert_bytes(issuers.issuer[0].keys, "/etc/hallmark/jwks.json");
}

static void finds_an_issuer_by_exactly_its_url(void **state) {
    (void)state;
    size_t index = 7;
    assert_done(read_text(ONE "issuer https://ci.example.com/b\n" TWO));
    assert_ptr_equal(hm_issuers_find(&issuers, hm_text("https://ci.example.com/b"), &index), &issuers.issuer[1]);
    assert_int_equal(index, 1);
    static const char *const none[] = {"https://ci.example.com/", "https://ci.example.co", "https://CI.example.com", "",
                                       "https://ci.example.com/bb"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_null(hm_issuers_find(&issuers, hm_text(none[i]), NULL));
}

static void refuses_urls_that_are_none(void **state) {
    (void)state;
    static const char *const urls[] = {"http://ci.example.com",
                                       "HTTPS://ci.example.com",
                                       "https://",
                                       "https:///x",
                                       "https://user@ci.example.com",
                                       "https://ci.example.com:0",
                                       "https://ci.example.com:",
                                       "https://ci.example.com:65536",
                                       "https://ci.example.com:0443",
                                       "https://.example.com",
                                       "https://ci..example.com",
                                       "https://ci.example.com.",
                                       "https://-ci.example.com",
                                       "https://ci.example.com?x=1",
                                       "https://[::1]",
                                       "ci.example.com",
                                       "https://ci_1",
                                       "https://ci.example.com/\"",
                                       "https://ci.example.com/<x>",
                                       "https://ci.example.com\\x"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char text[400];
        snprintf(text, sizeof text, "issuer %s\n" TWO, urls[i]);
        if (!hm_failed(read_text(text))) fail_msg("%s was taken", urls[i]);
    }
}

static void refuses_other_places_of_keys(void **state) {
    (void)state;
    static const char *const keys[] = {
        "http://ci.example.com/jwks", "file://",       "file:///",  "file://etc/x", "/etc/x",
        "file:///etc/../x",           "file:///a%2fb", "ftp://x/y", "jwks.json",    "data:,{}"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char text[400];
        snprintf(text, sizeof text, "issuer https://ci.example.com\naudience s\nkeys %s\n", keys[i]);
        if (!hm_failed(read_text(text))) fail_msg("%s was taken", keys[i]);
    }
}

static void says_in_which_line(void **state) {
    (void)state;
    assert_refusal(ONE "tokens twice\n", "line 4: tokens are taken \"once\" or \"until-expiry\", not \"twice\"");
    assert_refusal(ONE "max-lifetime 59\n", "line 4: a lifetime has 60 to 86400 seconds");
    assert_refusal(ONE "max-lifetime 86401\n", "60 to 86400");
    assert_refusal(ONE "max-lifetime 1h\n", "not a decimal number");
    assert_refusal(ONE "max-lifetime\n", "line 4: \"max-lifetime\" lacks its word");
    assert_refusal(ONE "tokens once once\n", "more than one word");
    assert_refusal(ONE "audiences x\n", "line 4: there is no line \"audiences\"");
    assert_refusal(ONE "audience x\n", "line 4: the issuer has a second line \"audience\"");
    assert_refusal("audience x\n" ONE, "line 1: \"audience\" stands above the first issuer");
    assert_refusal(ONE ONE, "line 4: https://ci.example.com stands above already");
    assert_refusal("issuer https://ci.example.com\nkeys https://x/y\n"
                   "issuer https://b\n" TWO,
                   "line 1: the issuer has no line \"audience\"");
    assert_refusal(ONE "issuer https://b\naudience x\n", "line 4: the issuer has no line \"keys\"");
}

static void refuses_characters_that_hide_something(void **state) {
    (void)state;
    assert_refusal(ONE "\ttokens once\n", "0x09");
    assert_refusal(ONE "tokens once\r\n", "0x0d");
    assert_refusal("issuer https://c\xd1\x96.example.com\n" TWO, "0xd1");
    assert_refusal("issuer https://ci.example.com\naudience s\xc3\xa4\nkeys https://x/y\n", "0xc3");
    assert_refusal(ONE "# \x1b[2K\n", "comment");
    assert_refused(hm_issuers_read(LITERAL(ONE "\0\n"), &issuers));
}

static void refuses_a_text_without_issuers_or_cut_short(void **state) {
    (void)state;
    assert_refusal("", "names no issuer");
    assert_refusal("# nothing\n", "names no issuer");
    assert_refusal("issuer https://ci.example.com\naudience s\nkeys https://x/y", "cut short");
}

static void bounds_lengths_and_numbers(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    for (int i = 0; i < HM_ISSUERS_MAX; i++) assert_done(hm_put_format(&text, "issuer https://i%d\n" TWO, i));
    assert_done(hm_issuers_read(hm_buf_bytes(&text), &issuers));
    assert_int_equal(issuers.count, HM_ISSUERS_MAX);
    assert_done(hm_put_text(&text, "issuer https://more\n" TWO));
    assert_refused(hm_issuers_read(hm_buf_bytes(&text), &issuers));
    char line[1200];
    snprintf(line, sizeof line, "issuer https://%0248d\n" TWO, 1);
    assert_done(read_text(line));
    snprintf(line, sizeof line, "issuer https://%0249d\n" TWO, 1);
    assert_refused(read_text(line));
    snprintf(line, sizeof line, "issuer https://x\naudience %0257d\nkeys https://x/y\n", 1);
    assert_refused(read_text(line));
    snprintf(line, sizeof line, "issuer https://x\naudience a\nkeys https://%01017d\n", 1);
    assert_refused(read_text(line));
    text.len = 0;
    assert_done(hm_put_text(&text, ONE));
    while (text.len <= HM_ISSUERS_TEXT_MAX) assert_done(hm_put_u8(&text, '\n'));
    assert_refused(hm_issuers_read(hm_buf_bytes(&text), &issuers));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_an_issuer_with_every_line),
        cmocka_unit_test(is_strict_where_nothing_is_said),
        cmocka_unit_test(reads_keys_in_a_file),
        cmocka_unit_test(finds_an_issuer_by_exactly_its_url),
        cmocka_unit_test(refuses_urls_that_are_none),
        cmocka_unit_test(refuses_other_places_of_keys),
        cmocka_unit_test(says_in_which_line),
        cmocka_unit_test(refuses_characters_that_hide_something),
        cmocka_unit_test(refuses_a_text_without_issuers_or_cut_short),
        cmocka_unit_test(bounds_lengths_and_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
