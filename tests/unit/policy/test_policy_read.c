#include "policy_test.h"

#include <stdio.h>

static hm_policy policy;

static void assert_list(hm_policy_list list, const char *expected) {
    HM_BUF text = HM_BUF_EMPTY;
    for (size_t i = 0; i < list.count; i++) {
        assert_done(hm_put_text(&text, i ? "|" : ""));
        assert_done(hm_put(&text, policy.name[list.first + i]));
    }
    assert_true(hm_bytes_equal(hm_buf_bytes(&text), hm_text(expected)));
}

static void assert_read(const char *text) {
    hm_err err = hm_policy_read(hm_text(text), &policy);
    if (hm_failed(err)) fail_msg("refused: %s: %s", text, hm_err_sentence());
}

/* It is refused, and the sentence begins with BEGIN. */
static void assert_told(hm_bytes text, const char *begin) {
    hm_err err = hm_policy_read(text, &policy);
    if (err.class != HM_REFUSED) fail_msg("class %d: %.*s", err.class, (int)text.len, (const char *)text.data);
    if (strncmp(hm_err_sentence(), begin, strlen(begin)) != 0) fail_msg("not '%s': %s", begin, hm_err_sentence());
    assert_int_equal(policy.rules, 0);
    assert_int_equal(policy.groups, 0);
}

/* The LINE in an otherwise good rule, as the text's line 4. */
static void assert_line_told(const char *line, const char *begin) {
    char text[1024], told[256];
    snprintf(text, sizeof text, "group qa = bob, carol\nrule r\n  request by ann\n  %s\n  formats cms\n", line);
    snprintf(told, sizeof told, "line 4: %s", begin);
    assert_told(hm_text(text), told);
}

static const hm_policy_rule *read_line(const char *line) {
    static char text[1024];
    snprintf(text, sizeof text, "group qa = bob, carol\nrule r\n  request by ann\n  %s\n  formats cms\n", line);
    assert_read(text);
    return &policy.rule[0];
}

static void reads_every_line(void **state) {
    (void)state;
    assert_read(SAMPLE);
    assert_int_equal(policy.groups, 2);
    assert_int_equal(policy.rules, 2);
    assert_bytes(policy.group[0].name, "qa");
    assert_list(policy.group[0].members, "bob|carol|dan");
    assert_bytes(policy.group[1].name, "safety");
    const hm_policy_rule *rule = &policy.rule[0];
    assert_bytes(rule->name, "release");
    assert_int_equal(rule->line, 5);
    assert_list(rule->requesters, "ci-main|alice|qa");
    assert_list(rule->releases, "2.*|3.*");
    assert_int_equal(rule->formats, 1u << HM_POLICY_NATIVE | 1u << HM_POLICY_PE);
    assert_int_equal(rule->algorithms, 1u << HM_KEY_ES256 | 1u << HM_KEY_RSA3072);
    assert_true(rule->not_imported && rule->not_software);
    assert_int_equal(rule->approvals, 2);
    assert_int_equal(rule->approval[0].count, 2);
    assert_int_equal(rule->approval[0].group, 0);
    assert_int_equal(rule->approval[1].group, 1);
    assert_int_equal(rule->publishings, 1);
    assert_int_equal(rule->publishing[0].group, 1);
    assert_int_equal(rule->expires, 3 * 86400);
}

static void reads_what_counts_time(void **state) {
    (void)state;
    assert_read(SAMPLE);
    const hm_policy_rule *rule = &policy.rule[0];
    assert_int_equal(rule->windows, 2);
    assert_int_equal(rule->window[0].days, 0x1f);
    assert_int_equal(rule->window[0].from, 8 * 60);
    assert_int_equal(rule->window[0].to, 16 * 60);
    assert_bytes(rule->window[0].text, "mon-fri 08:00-16:00");
    assert_int_equal(rule->window[1].days, 0x20);
    assert_int_equal(rule->window[1].from, 22 * 60);
    assert_int_equal(rule->window[1].to, 4 * 60);
    assert_int_equal(rule->quotas, 2);
    assert_int_equal(rule->quota[0].most, 200);
    assert_int_equal(rule->quota[0].seconds, 86400);
    assert_false(rule->quota[0].of_key);
    assert_true(rule->quota[1].of_key);
    assert_bytes(rule->quota[1].text, "1000 per day of key");
    assert_int_equal(policy.rule[1].quota[0].seconds, 3600);
}

static void what_is_left_out_is_any_but_for_the_expiry(void **state) {
    (void)state;
    assert_read("rule r\nrequest by ann\nformats cms\n");
    const hm_policy_rule *rule = &policy.rule[0];
    assert_int_equal(rule->releases.count, 0);
    for (unsigned i = 1; i <= HM_KEY_ALGORITHMS; i++) assert_true(rule->algorithms >> i & 1);
    assert_false(rule->not_imported || rule->not_software);
    assert_int_equal(rule->approvals + rule->publishings + rule->windows + rule->quotas, 0);
    assert_int_equal(rule->expires, 7 * 86400);
}

static void an_empty_text_is_a_policy_without_rules(void **state) {
    (void)state;
    assert_read("");
    assert_int_equal(policy.rules, 0);
    assert_read("\n  \n# nothing yet\n");
    assert_int_equal(policy.rules, 0);
}

static void spaces_are_free(void **state) {
    (void)state;
    assert_read("group   qa=bob ,carol,  dan#x\n      rule r  \nrequest  by  ann   \n   formats cms,pe\n");
    assert_list(policy.group[0].members, "bob|carol|dan");
    assert_int_equal(policy.rule[0].formats, 1u << HM_POLICY_CMS | 1u << HM_POLICY_PE);
    assert_bytes(read_line("window  mon-tue 01:00-02:00  ")->window[0].text, "mon-tue 01:00-02:00");
}

static void reads_good_forms_of_a_line(void **state) {
    (void)state;
    assert_true(read_line("keys not-software")->not_software);
    assert_false(read_line("keys not-software")->not_imported);
    assert_true(read_line("needs sbom")->needs_sbom);
    assert_false(read_line("needs sbom")->needs_provenance);
    assert_true(read_line("needs sbom, provenance")->needs_provenance);
    assert_false(read_line("keys not-software")->needs_sbom);
    assert_int_equal(read_line("window sun 00:00-24:00")->window[0].to, 1440);
    assert_int_equal(read_line("window fri-mon 00:00-24:00")->window[0].days, 0x71);
    assert_int_equal(read_line("window mon-sun 23:59-00:00")->window[0].days, 0x7f);
    assert_int_equal(read_line("quota 1 per minute")->quota[0].seconds, 60);
    assert_int_equal(read_line("quota 1000000000 per hour of key")->quota[0].most, 1000000000);
    assert_int_equal(read_line("expires 1 hour")->expires, 3600);
    assert_int_equal(read_line("expires 8784 hours")->expires, 366 * 86400);
    assert_int_equal(read_line("expires 1 day")->expires, 86400);
    assert_int_equal(read_line("approve 2 of qa")->approval[0].count, 2);
    assert_int_equal(read_line("publish 1 of qa")->publishings, 1);
    assert_int_equal(read_line("releases *, a*b*, 1.0~rc+1:x/y_z-0")->releases.count, 3);
    for (unsigned i = 1; i <= HM_KEY_ALGORITHMS; i++) {
        char line[64];
        snprintf(line, sizeof line, "algorithms %s", hm_key_algorithm_name((hm_key_algorithm)i));
        assert_int_equal(read_line(line)->algorithms, 1u << i);
    }
}

static void every_format_has_its_name(void **state) {
    (void)state;
    static const char *const names[] = {"cms", "catalogue", "pe", "native"};
    for (unsigned i = 1; i <= HM_POLICY_FORMATS; i++) {
        char text[64];
        assert_string_equal(hm_policy_format_name(i), names[i - 1]);
        snprintf(text, sizeof text, "rule r\nrequest by ann\nformats %s\n", names[i - 1]);
        assert_read(text);
        assert_int_equal(policy.rule[0].formats, 1u << i);
    }
    assert_null(hm_policy_format_name(0));
    assert_null(hm_policy_format_name(HM_POLICY_FORMATS + 1));
}

static void refuses_words_that_are_none(void **state) {
    (void)state;
    assert_line_told("aprove 1 of qa", "there is no line \"aprove\" (did you mean approve?)");
    assert_line_told("Approve 1 of qa", "there is no line \"Approve\" (did you mean approve?)");
    assert_line_told("allow everything", "there is no line \"allow\"");
    assert_line_told("= x", "there is no line \"=\"");
    assert_line_told("algorithms es265", "there is no algorithm \"es265\" (did you mean es256?)");
    assert_line_told("algorithms es256, ES384", "there is no algorithm \"ES384\"");
    assert_line_told("keys not-importd", "there is no kind of keys \"not-importd\" (did you mean not-imported?)");
    assert_line_told("window mon-fry 08:00-16:00", "there is no day \"fry\"");
    assert_line_told("quota 1 per second", "there is no unit \"second\"");
    assert_line_told("quota 1 per hours", "there is no unit \"hours\" (did you mean hour?)");
    assert_line_told("expires 1 week", "there is no unit \"week\"");
    assert_line_told("approve 1 of qaa", "there is no group qaa (did you mean qa?)");
    assert_line_told("publish 1 of bob", "there is no group bob");
    assert_told(LITERAL("rule r\nrequest by a\nformats pe, nativ\n"),
                "line 3: there is no format \"nativ\" (did you mean native?)");
}

static void refuses_what_is_missing(void **state) {
    (void)state;
    assert_line_told("approve", "ends where a number is expected");
    assert_line_told("approve 1", "ends where \"of\" is expected");
    assert_line_told("approve 1 of", "ends where a group's name is expected");
    assert_line_told("releases", "lacks a pattern");
    assert_line_told("releases 1.*,", "lacks a pattern");
    assert_line_told("releases , 1.*", "lacks a pattern");
    assert_line_told("algorithms", "ends where the algorithm is expected");
    assert_line_told("keys", "ends where the kind of keys is expected");
    assert_line_told("window", "ends where days are expected");
    assert_line_told("window mon-", "ends where the day is expected");
    assert_line_told("window mon", "ends where hours are expected");
    assert_line_told("quota", "ends where a number is expected");
    assert_line_told("quota 5", "ends where \"per\" is expected");
    assert_line_told("quota 5 per", "ends where the unit is expected");
    assert_line_told("quota 5 per day of", "ends where \"key\" is expected");
    assert_line_told("expires", "ends where a number is expected");
    assert_line_told("expires 3", "ends where the unit is expected");
    assert_told(LITERAL("group\n"), "line 1: ends where a group's name is expected");
    assert_told(LITERAL("group qa\n"), "line 1: ends where \"=\" is expected");
    assert_told(LITERAL("group qa =\n"), "line 1: ends where a member's name is expected");
    assert_told(LITERAL("group qa = bob,\n"), "line 1: ends where a member's name is expected");
    assert_told(LITERAL("rule\n"), "line 1: ends where a rule's name is expected");
    assert_told(LITERAL("rule r\nrequest\n"), "line 2: ends where \"by\" is expected");
    assert_told(LITERAL("rule r\nrequest by\n"), "line 2: ends where a requester's name is expected");
}

static void reads_how_long_keys_serve(void **state) {
    (void)state;
    assert_read(
        "cryptoperiod 365 days\ncryptoperiod 100000 signatures\nrotate after 90 days\nrotate after 1 signature\n");
    assert_int_equal(policy.terms.period, 365 * 86400);
    assert_int_equal(policy.terms.period_signatures, 100000);
    assert_int_equal(policy.terms.rotate, 90 * 86400);
    assert_int_equal(policy.terms.rotate_signatures, 1);
    assert_false(policy.terms.per_release);
    assert_int_equal(policy.rules, 0);
    assert_read("key per release\ncryptoperiod 7320 days\ngroup qa = bob\n");
    assert_true(policy.terms.per_release);
    assert_int_equal(policy.terms.period, 7320u * 86400);
    assert_false(policy.terms.no_imported);
    assert_read("# ours alone\nno imported keys\nrotate after 3 days\n");
    assert_true(policy.terms.no_imported);
    assert_int_equal(policy.terms.certificate, 0);
    assert_read("certificates 398 days\nno imported keys\n");
    assert_int_equal(policy.terms.certificate, 398 * 86400);
    assert_false(policy.terms.cab);
    assert_read("certificates cab-code-signing\n");
    assert_int_equal(policy.terms.certificate, 460 * 86400);
    assert_true(policy.terms.cab);
    assert_read("revocation list at https://example.com/crl/pump.crl?v%20 # the plant's mirror\n");
    assert_true(hm_bytes_equal(policy.terms.crl, hm_text("https://example.com/crl/pump.crl?v%20")));
    assert_read("");
    assert_int_equal(policy.terms.crl.len, 0);
    assert_false(policy.terms.cab);
    assert_int_equal(policy.terms.certificate, 0);
    assert_int_equal(policy.terms.period, 0);
    assert_false(policy.terms.no_imported);
    assert_false(policy.terms.per_release);
}

static void refuses_bad_terms_of_keys(void **state) {
    (void)state;
    assert_told(LITERAL("cryptoperiod\n"), "line 1: ");
    assert_told(LITERAL("cryptoperiod 0 days\n"), "line 1: ");
    assert_told(LITERAL("cryptoperiod 7321 days\n"), "line 1: a key serves 7320 days at most");
    assert_told(LITERAL("cryptoperiod 3 weeks\n"), "line 1: there is no unit \"weeks\"");
    assert_told(LITERAL("cryptoperiod 3 days or so\n"), "line 1: \"or\" stands where the line should end");
    assert_told(LITERAL("cryptoperiod 3 days\ncryptoperiod 4 days\n"), "line 2: a second line of that kind");
    assert_told(LITERAL("rotate 3 days\n"), "line 1: \"3\" stands where \"after\" is expected");
    assert_told(LITERAL("rotate after 3 days\nrotate after 3 days\n"), "line 2: a second line of that kind");
    assert_told(LITERAL("rotate after 3 days\ncryptoperiod 3 days\n"), "line 2: a key would be at its end");
    assert_told(LITERAL("cryptoperiod 9 signatures\nrotate after 9 signatures\n"), "line 2: a key would be at its end");
    assert_told(LITERAL("key per product\n"), "line 1: \"product\" stands where \"release\" is expected");
    assert_told(LITERAL("key per release\nkey per release\n"), "line 2: the same line a second time");
    assert_told(LITERAL("key per release\nrotate after 3 days\n"), "line 2: the key of a release has no successor");
    assert_told(LITERAL("no imported\n"), "line 1: ends where \"keys\" is expected");
    assert_told(LITERAL("no keys\n"), "line 1: \"keys\" stands where \"imported\" is expected");
    assert_told(LITERAL("no imported keys at all\n"), "line 1: \"at\" stands where the line should end");
    assert_told(LITERAL("no imported keys\nno imported keys\n"), "line 2: the same line a second time");
    assert_told(LITERAL("certificates\n"), "line 1: ");
    assert_told(LITERAL("certificates 0 days\n"), "line 1: ");
    assert_told(LITERAL("certificates 3654 days\n"), "line 1: ");
    assert_told(LITERAL("certificates 398\n"), "line 1: ");
    assert_told(LITERAL("certificates 398 signatures\n"), "line 1: there is no unit");
    assert_told(LITERAL("certificates 398 days each\n"), "line 1: \"each\" stands where the line should end");
    assert_told(LITERAL("certificates cab\n"), "line 1: ");
    assert_told(LITERAL("certificates cab-code-signing 460 days\n"),
                "line 1: \"460\" stands where the line should end");
    assert_told(LITERAL("certificates cab-code-signing\ncertificates 3 days\n"), "line 2: a second line of that kind");
    assert_told(LITERAL("revocation list at\n"), "line 1: ends where an address is expected");
    assert_told(LITERAL("revocation at http://a/b\n"), "line 1: \"at\" stands where \"list\" is expected");
    assert_told(LITERAL("revocation list at ftp://a/b\n"), "line 1: \"ftp://a/b\" is no address");
    assert_told(LITERAL("revocation list at http://\n"), "line 1: \"http://\" is no address");
    assert_told(LITERAL("revocation list at /b\n"), "line 1: \"/b\" is no address");
    assert_told(LITERAL("revocation list at http://a/\"b\n"), "line 1: ");
    assert_told(LITERAL("revocation list at http://a/b<c\n"), "line 1: ");
    assert_told(LITERAL("revocation list at http://a/b http://a/c\n"), "line 1: \"http://a/c\" stands where the line");
    assert_told(LITERAL("revocation list at http://a/b\nrevocation list at http://a/c\n"), "line 2: the same line");
    assert_line_told("revocation list at http://a/b", "what is said of keys stands above the rules");
    assert_line_told("certificates 3 days", "what is said of keys stands above the rules");
    assert_line_told("no imported keys", "what is said of keys stands above the rules");
    assert_line_told("cryptoperiod 3 days", "what is said of keys stands above the rules");
    assert_line_told("rotate after 3 days", "what is said of keys stands above the rules");
    assert_line_told("key per release", "what is said of keys stands above the rules");
    assert_int_equal(policy.terms.period, 0);
}

static void refuses_what_stands_too_much(void **state) {
    (void)state;
    assert_line_told("approve 1 of qa, qa", "\",\" stands where the line should end");
    assert_line_told("approve 1 from qa", "\"from\" stands where \"of\" is expected");
    assert_line_told("window mon 08:00-16:00 UTC", "\"UTC\" stands where the line should end");
    assert_line_told("window mon, tue 08:00-16:00", "\",\" are no hours");
    assert_line_told("quota 5 per day each", "\"each\" stands where \"of\" is expected");
    assert_line_told("quota 5 per day of key x", "\"x\" stands where the line should end");
    assert_line_told("expires 3 days x", "\"x\" stands where the line should end");
    assert_line_told("algorithms es256 es384", "\"es384\" follows without a comma");
    assert_line_told("releases 1.* 2.*", "\"2.*\" follows without a comma");
    assert_told(LITERAL("rule r x\n"), "line 1: \"x\" stands where the line should end");
    assert_told(LITERAL("rule r\nrequest by a b\n"), "line 2: \"b\" follows without a comma");
    assert_told(LITERAL("group qa = bob = carol\n"), "line 1: \"=\" follows without a comma");
}

static void refuses_what_is_given_twice(void **state) {
    (void)state;
    assert_told(LITERAL("group qa = bob\n\ngroup qa = dan\n"), "line 3: there already is a group qa");
    assert_told(LITERAL("group qa = bob, dan, bob\n"), "line 1: bob stands in the list twice");
    assert_told(LITERAL("rule r\nrequest by a\nformats cms\nrule r\n"), "line 4: there already is a rule r");
    assert_told(LITERAL("rule r\nrequest by a, a\n"), "line 2: a stands in the list twice");
    assert_told(LITERAL("rule r\nrequest by a\nrequest by b\n"), "line 3: the rule has a second line \"request\"");
    assert_told(LITERAL("rule r\nformats cms\nformats pe\n"), "line 3: the rule has a second line \"formats\"");
    assert_told(LITERAL("rule r\nformats cms, pe, cms\n"), "line 2: cms stands in the list twice");
    assert_line_told("releases 1, 2, 1", "1 stands in the list twice");
    assert_line_told("algorithms es256, es256", "es256 stands in the list twice");
    assert_line_told("needs sbom, sbom", "sbom stands in the list twice");
    assert_line_told("needs vex", "there is no kind of document \"vex\"");
    assert_line_told("needs", "ends where the kind of document is expected");
    assert_line_told("keys not-imported, not-imported", "not-imported stands in the list twice");
    static const char *const once[] = {"releases 1.*", "algorithms es256", "keys not-imported", "expires 3 days",
                                       "needs sbom"};
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "rule r\nrequest by a\nformats cms\n%s\n%s\n", once[i], once[i]);
        assert_told(hm_text(text), "line 5: the rule has a second line");
    }
}

static void refuses_a_second_line_where_one_would_hide_the_other(void **state) {
    (void)state;
    static const char *const twice[][3] = {
        {"approve 1 of qa", "approve 2 of qa", "a second line of that kind for the same group"},
        {"publish 1 of qa", "publish 1 of qa", "a second line of that kind for the same group"},
        {"quota 5 per day", "quota 6 per day", "a second quota of that kind"},
        {"quota 5 per day of key", "quota 5 per day of key", "a second quota of that kind"},
        {"window mon 08:00-16:00", "window  mon 08:00-16:00", "the same window a second time"},
    };
    for (size_t i = 0; i < sizeof twice / sizeof twice[0]; i++) {
        char text[256], told[128];
        snprintf(text, sizeof text, "group qa = b, c\nrule r\n%s\n%s\n", twice[i][0], twice[i][1]);
        snprintf(told, sizeof told, "line 4: %s", twice[i][2]);
        assert_told(hm_text(text), told);
    }
    read_line("approve 1 of qa\npublish 1 of qa\nquota 5 per day\nquota 5 per day of key\nquota 5 per hour");
}

static void a_rule_of_its_own_may_repeat_another_ones_lines(void **state) {
    (void)state;
    assert_read("rule r\nrequest by a\nformats cms\nexpires 1 day\nrule s\nrequest by a\nformats cms\nexpires 1 day\n");
}

static void refuses_one_name_for_two_things(void **state) {
    (void)state;
    assert_told(LITERAL("group qa = bob\ngroup all = qa, dan\n"), "line 2: qa is a group, and members are people");
    assert_told(LITERAL("group qa = qa\n"), "line 1: qa is a group, and members are people");
    assert_told(LITERAL("group all = qa, dan\ngroup qa = bob\n"), "line 2: qa is a member of a group above");
    assert_told(LITERAL("rule r\nrequest by qa\nformats cms\ngroup qa = bob\n"),
                "line 4: groups stand above the rules");
}

static void refuses_approvals_that_nobody_could_give(void **state) {
    (void)state;
    assert_line_told("approve 3 of qa", "3 of qa: the group has 2");
    assert_line_told("publish 3 of qa", "3 of qa: the group has 2");
    assert_line_told("approve 0 of qa", "\"0\" is no number from 1 to 64");
    assert_line_told("approve 65 of qa", "\"65\" is no number from 1 to 64");
    /* Two lines, and one person for both. */
    assert_told(LITERAL("group qa = bob, dan\ngroup safety = bob, dan\nrule s\nrequest by a\nformats cms\n"
                        "approve 2 of qa\napprove 1 of safety\nrule t\n"),
                "line 3: its approve lines ask for more different people than their groups have");
    assert_told(LITERAL("group qa = bob\ngroup safety = bob\n\nrule s\nrequest by a\nformats cms\n"
                        "publish 1 of qa\npublish 1 of safety\n"),
                "line 4: its publish lines ask for more different people than their groups have");
}

static void refuses_rules_without_what_they_need(void **state) {
    (void)state;
    assert_told(LITERAL("\nrule r\n"), "line 2: the rule has no line \"request by\"");
    assert_told(LITERAL("rule r\nrequest by a\n"), "line 1: the rule has no line \"formats\"");
    assert_told(LITERAL("rule r\nformats cms\nrule s\nrequest by a\nformats cms\n"),
                "line 1: the rule has no line \"request by\"");
    static const char *const lines[] = {
        "request by a",      "releases 1",      "formats cms",     "algorithms es256",
        "keys not-imported", "approve 1 of qa", "publish 1 of qa", "window mon 00:00-01:00",
        "quota 1 per day",   "expires 1 day"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "group qa = bob\n%s\n", lines[i]);
        assert_told(hm_text(text), "line 2: \"");
        assert_said("stands above the first rule");
    }
}

static void refuses_bad_windows(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"mon-mon 08:00-16:00", "mon alone is that day"},
        {"-mon 08:00-16:00", "ends where the day is expected"},
        {"mon-tue-wed 08:00-16:00", "there is no day \"tue-wed\""},
        {"Mon 08:00-16:00", "there is no day \"Mon\""},
        {"08:00-16:00", "there is no day \"08:00\""},
        {"mon 8:00-16:00", "\"8:00\" is no time of day like 08:00"},
        {"mon 08:00", "\"08:00\" are no hours like"},
        {"mon 08:00-", "\"\" is no time of day"},
        {"mon 08:00-16", "\"16\" is no time of day"},
        {"mon 08:0-16:00", "\"08:0\" is no time of day"},
        {"mon 08:60-16:00", "\"08:60\" is no time of day"},
        {"mon 08:00-25:00", "\"25:00\" is no time of day"},
        {"mon 08:00-24:01", "\"24:01\" is no time of day"},
        {"mon 08:00-16:00-17:00", "\"16:00-17:00\" is no time of day"},
        {"mon 08:00:00-16:00", "\"08:00:00\" is no time of day"},
        {"mon 0/:00-16:00", "\"0/:00\" is no time of day"},
        {"mon 08:00-08:00", "a window of no length"},
        {"mon 24:00-08:00", "a window does not begin at 24:00"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char line[128];
        snprintf(line, sizeof line, "window %s", bad[i][0]);
        assert_line_told(line, bad[i][1]);
    }
}

static void refuses_bad_numbers(void **state) {
    (void)state;
    assert_line_told("approve 01 of qa", "\"01\" is no number");
    assert_line_told("approve +1 of qa", "\"+1\" is no number");
    assert_line_told("approve -1 of qa", "\"-1\" is no number");
    assert_line_told("approve two of qa", "\"two\" is no number");
    assert_line_told("quota 0 per day", "\"0\" is no number from 1 to 1000000000");
    assert_line_told("quota 1000000001 per day", "\"1000000001\" is no number");
    assert_line_told("quota 4294967297 per day", "\"4294967297\" is no number");
    assert_line_told("quota 18446744073709551617 per day", "\"18446744073709551617\" is no number");
    assert_line_told("expires 0 days", "\"0\" is no number");
    assert_line_told("expires 367 days", "a request expires in 366 days at the latest");
    assert_line_told("expires 8785 hours", "\"8785\" is no number");
    assert_line_told("expires 03 days", "\"03\" is no number");
}

static void refuses_bad_names(void **state) {
    (void)state;
    assert_told(LITERAL("group -qa = bob\n"), "line 1: \"-qa\" is none: a group's name has 1 to 64");
    assert_told(LITERAL("group qa = bob!\n"), "line 1: \"bob!\" is none: a member's name");
    assert_told(LITERAL("group qa = , bob\n"), "line 1: \",\" is none: a member's name");
    assert_told(LITERAL("rule .r\n"), "line 1: \".r\" is none: a rule's name");
    assert_told(LITERAL("rule r\nrequest by *\n"), "line 2: \"*\" is none: a requester's name");
    char text[128];
    snprintf(text, sizeof text, "group %065d = bob\n", 1);
    assert_told(hm_text(text), "line 1: \"0000");
    snprintf(text, sizeof text, "group %064d = bob\n", 1);
    assert_read(text);
}

static void refuses_bad_patterns(void **state) {
    (void)state;
    assert_line_told("releases 1.?", "'?' in the pattern \"1.?\"");
    assert_line_told("releases [12].*", "'[' in the pattern");
    assert_line_told("releases 1.{0}", "'{' in the pattern");
    assert_line_told("releases !1", "'!' in the pattern");
    assert_line_told("releases \\*", "'\\' in the pattern");
    assert_line_told("releases \"1\"", "'\"' in the pattern");
    assert_line_told("releases =", "'=' in the pattern");
    assert_line_told("releases @", "'@' in the pattern");
    assert_line_told("releases 1.**", "\"**\" is no more than \"*\"");
    char line[128];
    snprintf(line, sizeof line, "releases %065d", 1);
    assert_line_told(line, "a pattern has at most 64 characters");
    snprintf(line, sizeof line, "releases %064d", 1);
    read_line(line);
}

static void refuses_characters_that_lines_do_not_have(void **state) {
    (void)state;
    assert_told(LITERAL("group qa = bob\n\trule r\n"), "line 2: a tab");
    assert_told(LITERAL("group qa = bob\r\n"), "line 1: a carriage return");
    assert_told(LITERAL("group qa = b\0b\n"), "line 1: a control character (0x00)");
    assert_told(LITERAL("group qa = b\x7f\n"), "line 1: a control character (0x7f)");
    assert_told(LITERAL("\x1b[2J\n"), "line 1: a control character (0x1b)");
    assert_told(LITERAL("group qa = b\xc3\xb6"
                        "b\n"),
                "line 1: a character outside ASCII");
    assert_told(LITERAL("\xef\xbb\xbfgroup qa = bob\n"), "line 1: a character outside ASCII");
}

static void refuses_comments_that_are_no_text(void **state) {
    (void)state;
    static const char *const bad[] = {"\xff",         "\xc3",     "\t",           "\r",       "\x1b[2J",
                                      "\xe2\x80\xae", "\xc2\x9b", "\xed\xa0\x80", "ok \\\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "\n# %s\n", bad[i]);
        assert_told(hm_text(text), "line 2: the comment holds a control character");
    }
    assert_told(LITERAL("# a\0b\n"), "line 1: the comment holds a control character");
    assert_read("# \xe2\x82\xac \\ \\\\ # \xf0\x9f\x94\x91\\\n#\n#\\\n");
}

static void refuses_a_last_line_without_its_end(void **state) {
    (void)state;
    assert_told(LITERAL("rule r\nrequest by a\nformats cms, pe"), "line 3: the last line has no end");
    assert_told(LITERAL(" "), "line 1: the last line has no end");
}

/* COUNT times PIECE, with the two digits of the number in place of each '@'. */
static void repeat(hm_buf *text, const char *piece, int count) {
    for (int i = 0; i < count; i++) {
        for (const char *at = piece; *at; at++)
            assert_done(*at == '@' ? hm_put_format(text, "%02d", i) : hm_put_u8(text, (uint8_t)*at));
    }
}

/* BEFORE, COUNT times PIECE, and AFTER are read; once more PIECE is told with TOLD. */
static void assert_bound(const char *before, const char *piece, int count, const char *after, const char *told) {
    HM_BUF full = HM_BUF_EMPTY, over = HM_BUF_EMPTY;
    hm_buf *const both[] = {&full, &over};
    for (int i = 0; i < 2; i++) {
        assert_done(hm_put_text(both[i], before));
        repeat(both[i], piece, count + i);
        assert_done(hm_put_text(both[i], after));
    }
    hm_err err = hm_policy_read(hm_buf_bytes(&full), &policy);
    if (hm_failed(err)) fail_msg("%s: %s", told, hm_err_sentence());
    assert_refused(hm_policy_read(hm_buf_bytes(&over), &policy));
    assert_said(told);
}

static void refuses_more_than_its_bounds(void **state) {
    (void)state;
    assert_bound("", "group g@ = bob\n", HM_POLICY_GROUPS, "", "line 33: a policy has at most 32 groups");
    assert_bound("", "rule r@\nrequest by a\nformats cms\n", HM_POLICY_RULES, "",
                 "line 97: a policy has at most 32 rules");
    assert_bound("group g = x", ", m@", HM_POLICY_LIST_MAX - 1, "\n", "line 1: a list has at most 64 names");
    assert_bound("rule r\nformats cms\nrequest by x", ", m@", HM_POLICY_LIST_MAX - 1, "\n",
                 "line 3: a list has at most 64 names");
    assert_bound("rule r\nformats cms\nrequest by x\nreleases x", ", @", HM_POLICY_LIST_MAX - 1, "\n",
                 "line 4: a list has at most 64 names");
    assert_bound("rule r\nformats cms\nrequest by x\n", "window mon 01:@-02:00\n", HM_POLICY_WINDOWS, "",
                 "line 12: a rule has at most 8 windows");
}

static void refuses_more_lines_of_approvals_than_its_bounds(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    repeat(&text, "group g@ = m@\n", HM_POLICY_APPROVALS + 1);
    assert_done(hm_put_text(&text, "rule r\nrequest by a\nformats cms\n"));
    size_t len = text.len;
    repeat(&text, "approve 1 of g@\npublish 1 of g@\n", HM_POLICY_APPROVALS);
    assert_done(hm_policy_read(hm_buf_bytes(&text), &policy));
    text.len = len;
    repeat(&text, "approve 1 of g@\n", HM_POLICY_APPROVALS + 1);
    assert_told(hm_buf_bytes(&text), "line 21: a rule has at most 8 lines of that kind");
    text.len = len;
    repeat(&text, "publish 1 of g@\n", HM_POLICY_APPROVALS + 1);
    assert_told(hm_buf_bytes(&text), "line 21: a rule has at most 8 lines of that kind");
}

static void refuses_more_names_in_all_than_its_bounds(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    for (int group = 0; group < HM_POLICY_NAMES / HM_POLICY_LIST_MAX; group++) {
        assert_done(hm_put_format(&text, "group g%d = x", group));
        repeat(&text, ", m@", HM_POLICY_LIST_MAX - 1);
        assert_done(hm_put_text(&text, "\n"));
    }
    assert_done(hm_policy_read(hm_buf_bytes(&text), &policy));
    assert_done(hm_put_text(&text, "group last = x\n"));
    assert_told(hm_buf_bytes(&text), "line 17: all lists together have at most 1024 names");
}

static void refuses_a_text_that_is_too_long(void **state) {
    (void)state;
    HM_BUF text = HM_BUF_EMPTY;
    for (int i = 0; i < HM_POLICY_TEXT_MAX; i++) assert_done(hm_put_u8(&text, '\n'));
    assert_done(hm_policy_read(hm_buf_bytes(&text), &policy));
    assert_done(hm_put_u8(&text, '\n'));
    assert_refused(hm_policy_read(hm_buf_bytes(&text), &policy));
    assert_said("the policy has 12289 bytes, and may have 12288");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_line),
        cmocka_unit_test(reads_what_counts_time),
        cmocka_unit_test(what_is_left_out_is_any_but_for_the_expiry),
        cmocka_unit_test(an_empty_text_is_a_policy_without_rules),
        cmocka_unit_test(spaces_are_free),
        cmocka_unit_test(reads_good_forms_of_a_line),
        cmocka_unit_test(every_format_has_its_name),
        cmocka_unit_test(refuses_words_that_are_none),
        cmocka_unit_test(refuses_what_is_missing),
        cmocka_unit_test(reads_how_long_keys_serve),
        cmocka_unit_test(refuses_bad_terms_of_keys),
        cmocka_unit_test(refuses_what_stands_too_much),
        cmocka_unit_test(refuses_what_is_given_twice),
        cmocka_unit_test(refuses_a_second_line_where_one_would_hide_the_other),
        cmocka_unit_test(a_rule_of_its_own_may_repeat_another_ones_lines),
        cmocka_unit_test(refuses_one_name_for_two_things),
        cmocka_unit_test(refuses_approvals_that_nobody_could_give),
        cmocka_unit_test(refuses_rules_without_what_they_need),
        cmocka_unit_test(refuses_bad_windows),
        cmocka_unit_test(refuses_bad_numbers),
        cmocka_unit_test(refuses_bad_names),
        cmocka_unit_test(refuses_bad_patterns),
        cmocka_unit_test(refuses_characters_that_lines_do_not_have),
        cmocka_unit_test(refuses_comments_that_are_no_text),
        cmocka_unit_test(refuses_a_last_line_without_its_end),
        cmocka_unit_test(refuses_more_than_its_bounds),
        cmocka_unit_test(refuses_more_lines_of_approvals_than_its_bounds),
        cmocka_unit_test(refuses_more_names_in_all_than_its_bounds),
        cmocka_unit_test(refuses_a_text_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
