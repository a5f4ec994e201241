#include "base_test.h"

#include <base/claim.h>

#include <stdio.h>

static void takes_the_issuers_that_there_are(void **state) {
    (void)state;
    static const char *const urls[] = {"https://token.actions.githubusercontent.com",
                                       "https://gitlab.example.com:8443",
                                       "https://agent.buildkite.com",
                                       "https://oidc.example.com/id/ABC123",
                                       "https://x/a%20b/~c;d=e,f",
                                       "https://xn--bcher-kva.example/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) assert_done(hm_issuer_check(hm_text(urls[i])));
}

static void refuses_issuers_that_are_none(void **state) {
    (void)state;
    static const char *const urls[] = {"",
                                       "https:",
                                       "https:/x",
                                       "https://",
                                       "http://x",
                                       "Https://x",
                                       "https://x y",
                                       "https://x\n",
                                       "https://x#y",
                                       "https://x/?y",
                                       "https://u@x",
                                       "https://x:",
                                       "https://x:0",
                                       "https://x:99999",
                                       "https://x:a",
                                       "https://.x",
                                       "https://x..y",
                                       "https://x.",
                                       "https://B\xc3\xbcRO",
                                       "https://x/\\y",
                                       "https://x\"",
                                       "https://[::1]",
                                       "https://x:1:2",
                                       "https://:443"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        if (!hm_failed(hm_issuer_check(hm_text(urls[i])))) fail_msg("%s was taken", urls[i]);
    assert_refused(hm_issuer_check(LITERAL("https://x\0")));
}

static void bounds_an_issuer(void **state) {
    (void)state;
    char url[300];
    snprintf(url, sizeof url, "https://%0248d", 1);
    assert_done(hm_issuer_check(hm_text(url)));
    snprintf(url, sizeof url, "https://%0249d", 1);
    assert_refused(hm_issuer_check(hm_text(url)));
}

static void another_url_may_have_a_query(void **state) {
    (void)state;
    assert_done(hm_https_url_check(hm_text("https://x/y?z=1&a=b@c"), 64, "a URL"));
    assert_done(hm_https_url_check(hm_text("https://x?z"), 64, "a URL"));
    assert_refused(hm_https_url_check(hm_text("https://u@x/y"), 64, "a URL"));
    assert_refused(hm_https_url_check(hm_text("https://x/y#z"), 64, "a URL"));
    assert_refused(hm_https_url_check(hm_text("https://x/y"), 10, "a URL"));
}

static hm_err check(hm_bytes name, hm_bytes value) { return hm_claim_check(&(hm_claim){name, value}); }

static void bounds_a_claim(void **state) {
    (void)state;
    char text[600];
    snprintf(text, sizeof text, "%0599d", 1);
    assert_done(check(HM_BYTES(text, 64), HM_BYTES(text, 512)));
    assert_done(check(HM_BYTES(text, 1), HM_NO_BYTES));
    assert_refused(check(HM_NO_BYTES, HM_BYTES(text, 1)));
    assert_refused(check(HM_BYTES(text, 65), HM_BYTES(text, 1)));
    assert_refused(check(HM_BYTES(text, 1), HM_BYTES(text, 513)));
}

static void a_claim_is_readable(void **state) {
    (void)state;
    assert_done(check(hm_text("https://example.com/claim"), hm_text("J\xc3\xbcrg's pipeline: a/b@main")));
    assert_refused(check(hm_text("a"), hm_text("b\n")));
    assert_refused(check(hm_text("a\t"), hm_text("b")));
    assert_refused(check(hm_text("a"), hm_text("\xe2\x80\xae")));
    assert_refused(check(hm_text("a"), hm_text("\xff")));
    assert_refused(check(hm_text("a"), LITERAL("b\0")));
    assert_refused(check(hm_text("a"), hm_text("b\\")));
}

static void a_name_is_plain(void **state) {
    (void)state;
    static const char *const names[] = {"a b", "a=b", "a,b", "a\"", " a", "\xc3\xa4", "a\x7f"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!hm_failed(check(hm_text(names[i]), hm_text("x")))) fail_msg("%s was taken", names[i]);
}

static void no_value_looks_like_another_claim(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    assert_done(hm_put_claim(&text, &(hm_claim){hm_text("ref"), hm_text("main\", id=\"7")}));
    assert_bytes(hm_buf_bytes(&text), "ref=\"main\\\", id=\\\"7\"");
    text.len = 0;
    assert_done(hm_put_claim(&text, &(hm_claim){hm_text("ref"), HM_NO_BYTES}));
    assert_bytes(hm_buf_bytes(&text), "ref=\"\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_issuers_that_there_are),
        cmocka_unit_test(refuses_issuers_that_are_none),
        cmocka_unit_test(bounds_an_issuer),
        cmocka_unit_test(another_url_may_have_a_query),
        cmocka_unit_test(bounds_a_claim),
        cmocka_unit_test(a_claim_is_readable),
        cmocka_unit_test(a_name_is_plain),
        cmocka_unit_test(no_value_looks_like_another_claim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
