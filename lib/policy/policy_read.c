/* The text of a policy into its struct. */
#include "policy_people.h"
#include "policy_times.h"
#include "policy_words.h"

#include <policy/request.h>

#include <string.h>

_Static_assert(sizeof(hm_policy) < 34816, "the size that policy.h gives");

enum { EXPIRES_DAYS = 7 };

typedef struct {
    hm_policy *policy;
    hm_policy_rule *rule; /* NULL above the first */
    uint32_t line;        /* that a fault is about */
    uint32_t seen;        /* bit n: the rule has a line of table entry n */
} reading;

static const char *const formats[] = {
    [HM_POLICY_CMS] = "cms", [HM_POLICY_CATALOGUE] = "catalogue", [HM_POLICY_PE] = "pe", [HM_POLICY_NATIVE] = "native"};
_Static_assert(sizeof formats / sizeof formats[0] == HM_POLICY_FORMATS + 1, "every format has a name");

const char *hm_policy_format_name(unsigned format) { return format <= HM_POLICY_FORMATS ? formats[format] : NULL; }

/* The group's index, or the number of groups. */
static size_t find_group(const hm_policy *policy, hm_bytes name) {
    size_t i = 0;
    while (i < policy->groups && !hm_bytes_equal(policy->group[i].name, name)) i++;
    return i;
}

static hm_err add_name(hm_policy *policy, hm_bytes name, hm_policy_list *list) {
    for (size_t i = 0; i < list->count; i++)
        if (hm_bytes_equal(policy->name[list->first + i], name))
            return hm_refuse("%.*s stands in the list twice", HM_POLICY_SHOWN(name));
    if (list->count == HM_POLICY_LIST_MAX) return hm_refuse("a list has at most %d names", HM_POLICY_LIST_MAX);
    if (policy->names == HM_POLICY_NAMES) return hm_refuse("all lists together have at most %d names", HM_POLICY_NAMES);
    policy->name[policy->names++] = name;
    list->count++;
    return HM_OK;
}

static hm_policy_list begin_list(const hm_policy *policy) { return (hm_policy_list){(uint16_t)policy->names, 0}; }

static hm_err read_members(reading *r, hm_bytes rest, hm_policy_list *members) {
    hm_bytes name;
    bool more = true;
    *members = begin_list(r->policy);
    while (more) {
        HM_TRY(hm_policy_take_name(&rest, "a member's name", &name));
        if (find_group(r->policy, name) < r->policy->groups)
            return hm_refuse("%.*s is a group, and members are people", HM_POLICY_SHOWN(name));
        HM_TRY(add_name(r->policy, name, members));
        HM_TRY(hm_policy_take_comma(&rest, &more));
    }
    return HM_OK;
}

static hm_err read_group(reading *r, hm_bytes rest) {
    hm_policy *policy = r->policy;
    hm_bytes name;
    if (r->rule) return hm_refuse("groups stand above the rules");
    HM_TRY(hm_policy_take_name(&rest, "a group's name", &name));
    if (find_group(policy, name) < policy->groups)
        return hm_refuse("there already is a group %.*s", HM_POLICY_SHOWN(name));
    for (size_t i = 0; i < policy->names; i++) /* so far, of members alone */
        if (hm_bytes_equal(policy->name[i], name))
            return hm_refuse("%.*s is a member of a group above: one name means one thing", HM_POLICY_SHOWN(name));
    if (policy->groups == HM_POLICY_GROUPS) return hm_refuse("a policy has at most %d groups", HM_POLICY_GROUPS);
    HM_TRY(hm_policy_take(&rest, "="));
    hm_policy_group *group = &policy->group[policy->groups++];
    group->name = name;
    return read_members(r, rest, &group->members);
}

static hm_err check_places(const hm_policy *policy, const hm_policy_approval *line, size_t lines, const char *what) {
    hm_policy_people people;
    hm_policy_people_gather(policy, line, lines, HM_NO_BYTES, &people);
    if (hm_policy_people_seat(&people, false))
        return hm_refuse("its %s lines ask for more different people than their groups have", what);
    return HM_OK;
}

static hm_err check_rule(const hm_policy *policy, const hm_policy_rule *rule) {
    if (!rule->requesters.count) return hm_refuse("the rule has no line \"request by\"");
    if (!rule->formats) return hm_refuse("the rule has no line \"formats\"");
    HM_TRY(check_places(policy, rule->approval, rule->approvals, "approve"));
    return check_places(policy, rule->publishing, rule->publishings, "publish");
}

/* What only the end of a rule shows is a fault of the line where it begins. */
static hm_err end_rule(reading *r) {
    if (!r->rule) return HM_OK;
    hm_err err = check_rule(r->policy, r->rule);
    if (hm_failed(err)) r->line = r->rule->line;
    return err;
}

static hm_err read_rule(reading *r, hm_bytes rest) {
    hm_policy *policy = r->policy;
    hm_bytes name;
    HM_TRY(end_rule(r));
    HM_TRY(hm_policy_take_name(&rest, "a rule's name", &name));
    for (size_t i = 0; i < policy->rules; i++)
        if (hm_bytes_equal(policy->rule[i].name, name))
            return hm_refuse("there already is a rule %.*s", HM_POLICY_SHOWN(name));
    if (policy->rules == HM_POLICY_RULES) return hm_refuse("a policy has at most %d rules", HM_POLICY_RULES);
    r->rule = &policy->rule[policy->rules++];
    r->seen = 0;
    *r->rule = (hm_policy_rule){.name = name, .line = r->line, .expires = EXPIRES_DAYS * HM_POLICY_DAY};
    for (unsigned i = 1; i <= HM_KEY_ALGORITHMS; i++) r->rule->algorithms |= 1u << i;
    return hm_policy_take_end(rest);
}

static hm_err read_request(reading *r, hm_bytes rest) {
    hm_bytes name;
    bool more = true;
    HM_TRY(hm_policy_take(&rest, "by"));
    r->rule->requesters = begin_list(r->policy);
    while (more) {
        HM_TRY(hm_policy_take_name(&rest, "a requester's name", &name));
        HM_TRY(add_name(r->policy, name, &r->rule->requesters));
        HM_TRY(hm_policy_take_comma(&rest, &more));
    }
    return HM_OK;
}

/* Characters of versions, and stars; no others, because "?", "[" and the like would not mean what they mean elsewhere.
 */
static hm_err check_pattern(hm_bytes pattern) {
    static const char marks[] = "*._-+~:/";
    if (!pattern.len || hm_policy_word_is(pattern, ",")) return hm_refuse("lacks a pattern");
    if (pattern.len > HM_POLICY_PATTERN_MAX)
        return hm_refuse("a pattern has at most %d characters", HM_POLICY_PATTERN_MAX);
    for (size_t i = 0; i < pattern.len; i++) {
        uint8_t c = pattern.data[i], folded = c | 0x20;
        bool plain = (folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9');
        if (!plain && !memchr(marks, c, sizeof marks - 1))
            return hm_refuse("'%c' in the pattern \"%.*s\": there are letters, digits, %s", c, HM_POLICY_SHOWN(pattern),
                             marks);
        if (i && c == '*' && pattern.data[i - 1] == '*') return hm_refuse("\"**\" is no more than \"*\"");
    }
    return HM_OK;
}

static hm_err read_releases(reading *r, hm_bytes rest) {
    bool more = true;
    r->rule->releases = begin_list(r->policy);
    while (more) {
        hm_bytes pattern = hm_policy_word(&rest);
        HM_TRY(check_pattern(pattern));
        HM_TRY(add_name(r->policy, pattern, &r->rule->releases));
        HM_TRY(hm_policy_take_comma(&rest, &more));
    }
    return HM_OK;
}

/* A list of TABLE's names; bit n: entry n. */
static hm_err read_set(hm_bytes rest, const char *const *table, size_t count, const char *what, uint32_t *bits) {
    bool more = true;
    *bits = 0;
    while (more) {
        size_t index;
        HM_TRY(hm_policy_take_named(&rest, table, count, what, &index));
        if (*bits >> index & 1) return hm_refuse("%s stands in the list twice", table[index]);
        *bits |= 1u << index;
        HM_TRY(hm_policy_take_comma(&rest, &more));
    }
    return HM_OK;
}

static hm_err read_formats(reading *r, hm_bytes rest) {
    return read_set(rest, formats, HM_POLICY_FORMATS + 1, "format", &r->rule->formats);
}

static hm_err read_algorithms(reading *r, hm_bytes rest) {
    const char *names[HM_KEY_ALGORITHMS + 1] = {NULL};
    for (unsigned i = 1; i <= HM_KEY_ALGORITHMS; i++) names[i] = hm_key_algorithm_name((hm_key_algorithm)i);
    return read_set(rest, names, HM_KEY_ALGORITHMS + 1, "algorithm", &r->rule->algorithms);
}

static hm_err read_keys(reading *r, hm_bytes rest) {
    static const char *const kinds[] = {"not-imported", "not-software"};
    uint32_t bits;
    HM_TRY(read_set(rest, kinds, sizeof kinds / sizeof kinds[0], "kind of keys", &bits));
    r->rule->not_imported = bits & 1;
    r->rule->not_software = bits >> 1 & 1;
    return HM_OK;
}

static hm_err read_needs(reading *r, hm_bytes rest) {
    const char *names[HM_DOCUMENT_KINDS + 1] = {NULL};
    uint32_t bits;
    for (unsigned i = 1; i <= HM_DOCUMENT_KINDS; i++) names[i] = hm_document_kind_name(i);
    HM_TRY(read_set(rest, names, HM_DOCUMENT_KINDS + 1, "kind of document", &bits));
    r->rule->needs_sbom = bits >> HM_DOCUMENT_SBOM & 1;
    r->rule->needs_provenance = bits >> HM_DOCUMENT_PROVENANCE & 1;
    return HM_OK;
}

static hm_err no_group(const hm_policy *policy, hm_bytes name) {
    char names[HM_POLICY_GROUPS][HM_PRINCIPAL_NAME_MAX + 1] = {{0}}, hint[HM_HINT_MAX];
    hm_closest closest = hm_closest_begin(name);
    for (size_t i = 0; i < policy->groups; i++) {
        memcpy(names[i], policy->group[i].name.data, policy->group[i].name.len);
        hm_closest_try(&closest, names[i]);
    }
    return hm_refuse("there is no group %.*s%s", HM_POLICY_SHOWN(name), hm_closest_hint(&closest, hint));
}

/* "2 of qa" */
static hm_err read_places(const hm_policy *policy, hm_bytes rest, hm_policy_approval *approval) {
    hm_bytes name;
    uint32_t count;
    HM_TRY(hm_policy_take_number(&rest, HM_POLICY_LIST_MAX, &count));
    HM_TRY(hm_policy_take(&rest, "of"));
    HM_TRY(hm_policy_take_name(&rest, "a group's name", &name));
    HM_TRY(hm_policy_take_end(rest));
    size_t group = find_group(policy, name);
    if (group == policy->groups) return no_group(policy, name);
    unsigned members = policy->group[group].members.count;
    if (count > members)
        return hm_refuse("%u of %.*s: the group has %u", (unsigned)count, HM_POLICY_SHOWN(name), members);
    *approval = (hm_policy_approval){(uint16_t)count, (uint16_t)group};
    return HM_OK;
}

static hm_err add_places(reading *r, hm_bytes rest, hm_policy_approval *lines, size_t *count) {
    hm_policy_approval approval;
    HM_TRY(read_places(r->policy, rest, &approval));
    for (size_t i = 0; i < *count; i++)
        if (lines[i].group == approval.group) return hm_refuse("a second line of that kind for the same group");
    if (*count == HM_POLICY_APPROVALS)
        return hm_refuse("a rule has at most %d lines of that kind", HM_POLICY_APPROVALS);
    lines[(*count)++] = approval;
    return HM_OK;
}

static hm_err read_approve(reading *r, hm_bytes rest) {
    return add_places(r, rest, r->rule->approval, &r->rule->approvals);
}

static hm_err read_publish(reading *r, hm_bytes rest) {
    return add_places(r, rest, r->rule->publishing, &r->rule->publishings);
}

static hm_err read_window(reading *r, hm_bytes rest) { return hm_policy_read_window(rest, r->rule); }
static hm_err read_quota(reading *r, hm_bytes rest) { return hm_policy_read_quota(rest, r->rule); }
static hm_err read_expires(reading *r, hm_bytes rest) { return hm_policy_read_expires(rest, r->rule); }

static hm_err above_rules(const reading *r) {
    return r->rule ? hm_refuse("what is said of keys stands above the rules") : HM_OK;
}

static hm_err read_period(reading *r, hm_bytes rest) {
    HM_TRY(above_rules(r));
    return hm_policy_read_period(rest, &r->policy->terms);
}

static hm_err read_rotate(reading *r, hm_bytes rest) {
    HM_TRY(above_rules(r));
    return hm_policy_read_rotate(rest, &r->policy->terms);
}

static hm_err read_key(reading *r, hm_bytes rest) {
    HM_TRY(above_rules(r));
    HM_TRY(hm_policy_take(&rest, "per"));
    HM_TRY(hm_policy_take(&rest, "release"));
    if (r->policy->terms.per_release) return hm_refuse("the same line a second time");
    r->policy->terms.per_release = true;
    return hm_policy_take_end(rest);
}

static hm_err read_no(reading *r, hm_bytes rest) {
    HM_TRY(above_rules(r));
    HM_TRY(hm_policy_take(&rest, "imported"));
    HM_TRY(hm_policy_take(&rest, "keys"));
    if (r->policy->terms.no_imported) return hm_refuse("the same line a second time");
    r->policy->terms.no_imported = true;
    return hm_policy_take_end(rest);
}

static hm_err read_certificates(reading *r, hm_bytes rest) {
    HM_TRY(above_rules(r));
    return hm_policy_read_certificates(rest, &r->policy->terms);
}

static hm_err read_revocation(reading *r, hm_bytes rest) {
    HM_TRY(above_rules(r));
    HM_TRY(hm_policy_take(&rest, "list"));
    HM_TRY(hm_policy_take(&rest, "at"));
    if (r->policy->terms.crl.len) return hm_refuse("the same line a second time");
    HM_TRY(hm_policy_take_url(&rest, &r->policy->terms.crl));
    return hm_policy_take_end(rest);
}

/* What can only be seen when all lines are there. */
static hm_err check_terms(const hm_key_terms *t) {
    if (t->per_release && (t->rotate || t->rotate_signatures))
        return hm_refuse(
            "the key of a release has no successor: \"rotate\" and \"key per release\" exclude each other");
    if ((t->period && t->rotate >= t->period) || (t->period_signatures && t->rotate_signatures >= t->period_signatures))
        return hm_refuse("a key would be at its end before another takes its place: rotate earlier");
    return HM_OK;
}

static const char *const words[] = {"group",      "rule",    "request",      "releases",     "formats",
                                    "algorithms", "keys",    "approve",      "publish",      "window",
                                    "quota",      "expires", "needs",        "cryptoperiod", "rotate",
                                    "key",        "no",      "certificates", "revocation"};
enum { WORDS = sizeof words / sizeof words[0] };
static const struct {
    hm_err (*read)(reading *r, hm_bytes rest);
    bool in_rule, once;
} lines[] = {
    {read_group, false, false},      {read_rule, false, false},   {read_request, true, true},
    {read_releases, true, true},     {read_formats, true, true},  {read_algorithms, true, true},
    {read_keys, true, true},         {read_approve, true, false}, {read_publish, true, false},
    {read_window, true, false},      {read_quota, true, false},   {read_expires, true, true},
    {read_needs, true, true},        {read_period, false, false}, {read_rotate, false, false},
    {read_key, false, false},        {read_no, false, false},     {read_certificates, false, false},
    {read_revocation, false, false},
};
_Static_assert(sizeof lines / sizeof lines[0] == WORDS, "every word has its line");

static hm_err read_code(reading *r, hm_bytes code) {
    hm_bytes begin = code;
    size_t index;
    if (!hm_policy_word(&begin).len) return HM_OK;
    HM_TRY(hm_policy_take_named(&code, words, WORDS, "line", &index));
    if (lines[index].in_rule && !r->rule) return hm_refuse("\"%s\" stands above the first rule", words[index]);
    if (lines[index].once && r->seen >> index & 1) return hm_refuse("the rule has a second line \"%s\"", words[index]);
    r->seen |= 1u << index;
    return lines[index].read(r, code);
}

static hm_err read_line(reading *r, hm_reader *text) {
    hm_bytes line, code;
    if (hm_failed(hm_read_line(text, &line))) return hm_refuse("the last line has no end: is the text cut short?");
    HM_TRY(hm_policy_line_check(line, &code));
    return read_code(r, code);
}

static hm_err read_text(reading *r, hm_bytes bytes) {
    hm_reader text = hm_reader_of(bytes);
    while (text.rest.len) {
        r->line++;
        HM_TRY(read_line(r, &text));
    }
    HM_TRY(end_rule(r));
    return check_terms(&r->policy->terms);
}

hm_err hm_policy_read(hm_bytes text, hm_policy *policy) {
    reading r = {.policy = policy};
    policy->groups = policy->rules = policy->names = 0;
    policy->terms = (hm_key_terms){0};
    if (text.len > HM_POLICY_TEXT_MAX)
        return hm_refuse("the policy has %zu bytes, and may have %d", text.len, HM_POLICY_TEXT_MAX);
    hm_err err = read_text(&r, text);
    if (hm_failed(err)) policy->groups = policy->rules = policy->names = 0;
    if (hm_failed(err)) policy->terms = (hm_key_terms){0};
    return hm_in(err, "line %u", (unsigned)r.line);
}
