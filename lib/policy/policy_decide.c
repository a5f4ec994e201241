/* What a policy says of a request. */
#include <policy/policy.h>

#include "policy_match.h"
#include "policy_people.h"
#include "policy_times.h"

#include <base/readable.h>

#include <string.h>

/* What a line of the explanation means for the decision. */
typedef enum {
    YES,
    ASIDE,   /* a "no" that decides nothing by itself */
    MISSING, /* a "no" that approvals would turn */
    NO
} answer_kind;

typedef struct {
    const hm_policy *policy;
    const hm_policy_request *request;
    hm_policy_decision *decision;
    hm_buf *why;     /* or NULL */
    hm_buf line;     /* being composed */
    hm_buf sentence; /* what stands in the way, so far */
    bool denied;
} judging;

static void clear_judging(judging *j) {
    hm_buf_clear(&j->line);
    hm_buf_clear(&j->sentence);
}

static hm_err put_clause(judging *j) {
    HM_TRY(hm_put_text(&j->sentence, j->sentence.len ? "; " : ""));
    return hm_put(&j->sentence, hm_buf_bytes(&j->line));
}

/* A denial is told by its first reason, and what approvals lack is then beside the point. */
static hm_err put_reason(judging *j, answer_kind answer) {
    if (answer < MISSING || j->denied) return HM_OK;
    if (answer == MISSING) return put_clause(j);
    j->denied = true;
    j->sentence.len = 0;
    return put_clause(j);
}

/* The line is composed: file it. */
static hm_err answered(judging *j, answer_kind answer) {
    HM_TRY(put_reason(j, answer));
    if (j->why) {
        HM_TRY(hm_put_text(j->why, answer == YES ? "yes: " : "no: "));
        HM_TRY(hm_put(j->why, hm_buf_bytes(&j->line)));
        HM_TRY(hm_put_u8(j->why, '\n'));
    }
    j->line.len = 0;
    return HM_OK;
}

/* ---- which rule ---- */

static hm_err put_rule_name(judging *j, const hm_policy_rule *rule) {
    HM_TRY(hm_put_text(&j->line, "rule "));
    return hm_put(&j->line, rule->name);
}

static hm_err put_fitting(judging *j, const hm_policy_rule *rule) {
    const hm_policy_request *request = j->request;
    HM_TRY(put_rule_name(j, rule));
    HM_TRY(hm_put_text(&j->line, " decides: it fits "));
    HM_TRY(hm_put_readable(&j->line, request->requester));
    HM_TRY(hm_put_text(&j->line, ", "));
    HM_TRY(hm_policy_put_release(request->release, &j->line));
    return hm_put_format(&j->line, ", %s, %s", hm_policy_format_name(request->format),
                         hm_key_algorithm_name(request->algorithm));
}

static hm_err put_unfitting(judging *j, const hm_policy_rule *rule, hm_policy_fit fit) {
    HM_TRY(put_rule_name(j, rule));
    HM_TRY(hm_put_text(&j->line, ": "));
    HM_TRY(hm_policy_put_fit(j->policy, rule, j->request, fit, &j->line));
    return put_clause(j);
}

/* *RULE: the first that fits; NULL: none does, and the sentence says why. */
static hm_err choose_rule(judging *j, const hm_policy_rule **rule) {
    *rule = NULL;
    for (size_t i = 0; i < j->policy->rules; i++) {
        const hm_policy_rule *candidate = &j->policy->rule[i];
        hm_policy_fit fit = hm_policy_match(j->policy, candidate, j->request);
        if (fit == HM_POLICY_FITS) {
            *rule = candidate;
            j->sentence.len = 0;
            HM_TRY(put_fitting(j, candidate));
            return answered(j, YES);
        }
        HM_TRY(put_unfitting(j, candidate, fit));
        HM_TRY(answered(j, ASIDE));
    }
    if (j->policy->rules) return HM_OK;
    HM_TRY(hm_put_text(&j->line, "the policy has no rules"));
    return answered(j, NO);
}

/* ---- keys, windows, quotas ---- */

static hm_err judge_keys(judging *j, const hm_policy_rule *rule) {
    bool none = j->policy->terms.no_imported;
    const struct {
        bool asked, is;
        const char *bad, *good;
    } kinds[] = {
        {none || rule->not_imported, j->request->imported,
         none ? "the key was imported, and the policy says no imported keys"
              : "the key was imported, and the rule says not-imported",
         "the key was not imported"},
        {rule->not_software, j->request->software, "the key is in software, and the rule says not-software",
         "the key is not in software"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!kinds[i].asked) continue;
        HM_TRY(hm_put_text(&j->line, kinds[i].is ? kinds[i].bad : kinds[i].good));
        HM_TRY(answered(j, kinds[i].is ? NO : YES));
    }
    return HM_OK;
}

static hm_err judge_documents(judging *j, const hm_policy_rule *rule) {
    const struct {
        bool asked, is;
        const char *bad, *good;
    } kinds[] = {
        {rule->needs_sbom, j->request->sbom, "the rule needs an SBOM, and none is named (--sbom)", "an SBOM is named"},
        {rule->needs_provenance, j->request->provenance, "the rule needs provenance, and none is named (--provenance)",
         "provenance is named"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!kinds[i].asked) continue;
        HM_TRY(hm_put_text(&j->line, kinds[i].is ? kinds[i].good : kinds[i].bad));
        HM_TRY(answered(j, kinds[i].is ? YES : NO));
    }
    return HM_OK;
}

static hm_err put_windows(const hm_policy_rule *rule, hm_buf *text) {
    for (size_t i = 0; i < rule->windows; i++) {
        HM_TRY(hm_put_text(text, i ? ", " : ""));
        HM_TRY(hm_put(text, rule->window[i].text));
    }
    return HM_OK;
}

static hm_err judge_windows(judging *j, const hm_policy_rule *rule) {
    int64_t time = j->request->time;
    unsigned minute = hm_policy_minute(time);
    size_t open = 0;
    if (!rule->windows) return HM_OK;
    while (open < rule->windows && !hm_policy_window_open(&rule->window[open], time)) open++;
    HM_TRY(hm_put_format(&j->line, "it is %s %02u:%02u UTC, ", hm_policy_weekday_name(hm_policy_weekday(time)),
                         minute / 60, minute % 60));
    HM_TRY(hm_put_text(&j->line, open < rule->windows ? "in the window " : "outside "));
    HM_TRY(open < rule->windows ? hm_put(&j->line, rule->window[open].text) : put_windows(rule, &j->line));
    return answered(j, open < rule->windows ? YES : NO);
}

static hm_err judge_quota(judging *j, const hm_policy_rule *rule, const hm_policy_quota *quota) {
    const hm_policy_request *request = j->request;
    uint64_t used = UINT64_MAX;
    if (!request->used) return hm_refuse("the rule has a quota, and nobody can say how much of it is used");
    HM_TRY(request->used(request->context, rule->name, quota->seconds, quota->of_key, &used));
    bool room = used <= quota->most && request->wanted <= quota->most - used;
    HM_TRY(hm_put_text(&j->line, "quota "));
    HM_TRY(hm_put(&j->line, quota->text));
    HM_TRY(hm_put_format(&j->line, ": %llu used, %llu wanted", (unsigned long long)used,
                         (unsigned long long)request->wanted));
    return answered(j, room ? YES : NO);
}

static hm_err judge_quotas(judging *j, const hm_policy_rule *rule) {
    for (size_t i = 0; i < rule->quotas; i++) HM_TRY(judge_quota(j, rule, &rule->quota[i]));
    return HM_OK;
}

/* ---- approvals ---- */

/* What PEOPLE are asked to do. */
typedef struct {
    const hm_policy_approval *line;
    size_t lines;
    const char *word; /* "approve", "publish" */
} place_lines;

static bool is_before(const hm_policy_request *request, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (hm_bytes_equal(request->approvers[i], request->approvers[index])) return true;
    return false;
}

static hm_err count_approvers(judging *j, hm_policy_people *people) {
    for (size_t i = 0; i < j->request->approver_count; i++) {
        hm_bytes name = j->request->approvers[i];
        if (hm_policy_people_approve(people, name) || is_before(j->request, i)) continue;
        bool own = hm_bytes_equal(name, j->request->requester);
        HM_TRY(hm_put_text(&j->line, "the approval by "));
        HM_TRY(hm_put_readable(&j->line, name));
        HM_TRY(hm_put_text(&j->line,
                           own ? ", who asks, does not count" : ", who is in none of the groups, does not count"));
        HM_TRY(answered(j, ASIDE));
    }
    return HM_OK;
}

static hm_bytes group_name(const judging *j, const place_lines *places, size_t line) {
    return j->policy->group[places->line[line].group].name;
}

/* "bob, dan": those seated at LINE. */
static hm_err put_seated(const hm_policy_people *people, size_t line, hm_buf *text) {
    const char *comma = "";
    for (size_t i = 0; i < people->count; i++) {
        if (people->person[i].place != (int)line) continue;
        HM_TRY(hm_put_text(text, comma));
        HM_TRY(hm_put(text, people->person[i].name));
        comma = ", ";
    }
    return HM_OK;
}

static bool is_approver(const judging *j, hm_bytes name) {
    return !j->request->is_approver || j->request->is_approver(j->request->context, name);
}

/* " of qa or safety (carol, erin)": the groups of which, and the people by whom, a place of LINE can still be filled.
 */
static hm_err put_helpful(judging *j, const place_lines *places, const hm_policy_people *people, size_t line) {
    uint8_t helpful = hm_policy_people_helpful(people, line);
    HM_TRY(hm_put_text(&j->line, " of "));
    HM_TRY(hm_put(&j->line, group_name(j, places, line)));
    for (size_t i = 0; i < places->lines; i++) {
        if (i == line || !(helpful >> i & 1)) continue;
        HM_TRY(hm_put_text(&j->line, " or "));
        HM_TRY(hm_put(&j->line, group_name(j, places, i)));
    }
    const char *mark = " (";
    bool others = false;
    for (size_t i = 0; i < people->count; i++) {
        const hm_policy_person *person = &people->person[i];
        if (person->approved || !(person->lines & helpful)) continue;
        others = others || !is_approver(j, person->name);
        if (!is_approver(j, person->name)) continue;
        HM_TRY(hm_put_text(&j->line, mark));
        HM_TRY(hm_put(&j->line, person->name));
        mark = ", ";
    }
    if (*mark != ',' && others) return hm_put_text(&j->line, " (nobody else there is an approver now)");
    return hm_put_text(&j->line, *mark == ',' ? ")" : "");
}

static hm_err judge_line(judging *j, const place_lines *places, const hm_policy_people *people, size_t line) {
    unsigned missing = people->need[line] - people->have[line];
    HM_TRY(hm_put_format(&j->line, "%s %u of ", places->word, people->need[line]));
    HM_TRY(hm_put(&j->line, group_name(j, places, line)));
    HM_TRY(hm_put_text(&j->line, ": "));
    if (!missing) {
        HM_TRY(put_seated(people, line, &j->line));
        return answered(j, YES);
    }
    HM_TRY(hm_put_format(&j->line, "needs %u more", missing));
    HM_TRY(put_helpful(j, places, people, line));
    return answered(j, MISSING);
}

/* Would it do if everybody approved? */
static hm_err judge_possible(judging *j, const place_lines *places, hm_policy_people *people) {
    if (!hm_policy_people_seat(people, false)) return HM_OK;
    HM_TRY(hm_put_format(&j->line, "the groups of the %s lines have too few people without ", places->word));
    HM_TRY(hm_put_readable(&j->line, j->request->requester));
    HM_TRY(hm_put_text(&j->line, ", who asks"));
    return answered(j, NO);
}

static hm_err judge_places(judging *j, const place_lines *places) {
    hm_policy_people people;
    if (!places->lines) return HM_OK;
    hm_policy_people_gather(j->policy, places->line, places->lines, j->request->requester, &people);
    HM_TRY(count_approvers(j, &people));
    j->decision->missing = hm_policy_people_seat(&people, true);
    for (size_t i = 0; i < places->lines; i++) HM_TRY(judge_line(j, places, &people, i));
    return judge_possible(j, places, &people);
}

/* ---- all of it ---- */

/* By its policy's terms a release's own key signs, so there must be one. */
static hm_err judge_release(judging *j) {
    bool named = j->request->release.len != 0;
    if (!j->policy->terms.per_release) return HM_OK;
    HM_TRY(hm_put_text(&j->line, named ? "the release has a key of its own"
                                       : "each release has a key of its own, and none is named (--release)"));
    return answered(j, named ? YES : NO);
}

static hm_err judge_owner(judging *j) {
    HM_TRY(hm_put_text(&j->line, "this office has no founders: who owns it signs"));
    HM_TRY(answered(j, YES));
    return judge_release(j);
}

static hm_err judge_signing(judging *j, const hm_policy_rule *rule) {
    place_lines places = {rule->approval, rule->approvals, "approve"};
    HM_TRY(judge_release(j));
    HM_TRY(judge_keys(j, rule));
    HM_TRY(judge_documents(j, rule));
    HM_TRY(judge_windows(j, rule));
    HM_TRY(judge_quotas(j, rule));
    return judge_places(j, &places);
}

static hm_err judge_publishing(judging *j, const hm_policy_rule *rule) {
    place_lines places = {rule->publishing, rule->publishings, "publish"};
    if (places.lines) return judge_places(j, &places);
    HM_TRY(hm_put_text(&j->line, "publishing needs no approval"));
    return answered(j, YES);
}

static hm_err check_request(const hm_policy_request *request) {
    if (!request->requester.len) return hm_refuse("the request does not say who asks");
    if (request->time < 0) return hm_refuse("the time of the request lies before 1970");
    if (!request->wanted) return hm_refuse("the request asks for no signature");
    return HM_OK;
}

/* The sentence as far as it fits, not cut inside a character. */
static void keep_sentence(hm_policy_decision *decision, hm_bytes sentence) {
    size_t len = sentence.len < HM_SENTENCE_MAX ? sentence.len : HM_SENTENCE_MAX - 1;
    while (len < sentence.len && len && (sentence.data[len] & 0xc0) == 0x80) len--;
    if (len) memcpy(decision->sentence, sentence.data, len);
    decision->sentence[len] = 0;
}

static hm_err say_why_not(judging *j, const hm_policy_rule *rule) {
    if (rule) HM_TRY(put_rule_name(j, rule));
    if (!rule && !j->request->owner) HM_TRY(hm_put_text(&j->line, "no rule fits"));
    if (j->line.len) HM_TRY(hm_put_text(&j->line, ": "));
    HM_TRY(hm_put(&j->line, hm_buf_bytes(&j->sentence)));
    keep_sentence(j->decision, hm_buf_bytes(&j->line));
    return HM_OK;
}

static hm_err finish(judging *j, const hm_policy_rule *rule) {
    hm_policy_decision *decision = j->decision;
    hm_policy_verdict verdict = decision->missing ? HM_POLICY_NEEDS_APPROVALS : HM_POLICY_ALLOWED;
    if (j->denied || (!rule && !j->request->owner)) verdict = HM_POLICY_DENIED;
    if (verdict == HM_POLICY_DENIED) decision->missing = 0;
    if (verdict != HM_POLICY_ALLOWED) HM_TRY(say_why_not(j, rule));
    decision->rule = rule;
    decision->verdict = verdict;
    return HM_OK;
}

static hm_err judge(judging *j, hm_err (*judge_by)(judging *, const hm_policy_rule *)) {
    const hm_policy_rule *rule = NULL;
    HM_TRY(check_request(j->request));
    if (j->request->owner)
        HM_TRY(judge_owner(j));
    else
        HM_TRY(choose_rule(j, &rule));
    if (rule) HM_TRY(judge_by(j, rule));
    return finish(j, rule);
}

static hm_err decide(const hm_policy *policy, const hm_policy_request *request, hm_policy_decision *decision,
                     hm_buf *why, hm_err (*judge_by)(judging *, const hm_policy_rule *)) {
    __attribute__((cleanup(clear_judging)))
    judging j = {.policy = policy, .request = request, .decision = decision, .why = why};
    *decision = (hm_policy_decision){.verdict = HM_POLICY_DENIED};
    hm_err err = judge(&j, judge_by);
    if (hm_failed(err)) *decision = (hm_policy_decision){.verdict = HM_POLICY_DENIED};
    return err;
}

hm_err hm_policy_decide(const hm_policy *policy, const hm_policy_request *request, hm_policy_decision *decision,
                        hm_buf *why) {
    return decide(policy, request, decision, why, judge_signing);
}

hm_err hm_policy_decide_publish(const hm_policy *policy, const hm_policy_request *request, hm_policy_decision *decision,
                                hm_buf *why) {
    return decide(policy, request, decision, why, judge_publishing);
}
