/* The example of docs/policy.md: it is read, and what it says of the request beside it is what the page shows. */
#include "policy_test.h"

#include <base/file.h>

#include <fcntl.h>

static hm_buf page;
static hm_policy policy;

static int read_page(void **state) {
    (void)state;
    return hm_failed(hm_file_read(AT_FDCWD, HALLMARK_SOURCE "/docs/policy.md", 1000000, &page));
}

static int forget_page(void **state) {
    (void)state;
    hm_buf_clear(&page);
    return 0;
}

/* What stands between the line BEGIN and the next "```". */
static hm_bytes block(const char *begin) {
    const uint8_t *from = memmem(page.data, page.len, begin, strlen(begin));
    assert_non_null(from);
    from += strlen(begin);
    size_t rest = page.len - (size_t)(from - page.data);
    const uint8_t *to = memmem(from, rest, "```\n", 4);
    assert_non_null(to);
    return HM_BYTES(from, (size_t)(to - from));
}

static hm_err used(void *context, hm_bytes rule, uint32_t seconds, bool of_key, uint64_t *count) {
    (void)context;
    (void)rule;
    (void)seconds;
    *count = of_key ? 40 : 13;
    return HM_OK;
}

static void the_example_says_what_the_page_shows(void **state) {
    (void)state;
    HM_BUF why = HM_BUF_EMPTY;
    hm_policy_decision decision;
    hm_bytes approvers[] = {LITERAL("dan")};
    hm_policy_request request = {.requester = LITERAL("alice"),
                                 .release = LITERAL("2.0.0"),
                                 .format = HM_POLICY_PE,
                                 .algorithm = HM_KEY_ES256,
                                 .time = AT(0, 9, 12),
                                 .approvers = approvers,
                                 .approver_count = 1,
                                 .wanted = 1,
                                 .used = used};
    hm_err err = hm_policy_read(block("```policy\n"), &policy);
    if (hm_failed(err)) fail_msg("%s", hm_err_sentence());
    assert_done(hm_policy_decide(&policy, &request, &decision, &why));
    assert_int_equal(decision.verdict, HM_POLICY_NEEDS_APPROVALS);
    hm_bytes shown = block("```text\n");
    if (!hm_bytes_equal(hm_buf_bytes(&why), shown)) fail_msg("it says\n%.*s", (int)why.len, (const char *)why.data);
}

static void the_page_has_every_word(void **state) {
    (void)state;
    for (unsigned i = 1; i <= HM_POLICY_FORMATS; i++) {
        const char *name = hm_policy_format_name(i);
        assert_non_null(memmem(page.data, page.len, name, strlen(name)));
    }
    for (unsigned i = 1; i <= HM_KEY_ALGORITHMS; i++) {
        const char *name = hm_key_algorithm_name((hm_key_algorithm)i);
        assert_non_null(memmem(page.data, page.len, name, strlen(name)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_says_what_the_page_shows),
        cmocka_unit_test(the_page_has_every_word),
    };
    return cmocka_run_group_tests(tests, read_page, forget_page);
}
