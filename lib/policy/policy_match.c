#include "policy_match.h"

#include <base/readable.h>

/* Only the last star is ever gone back to: an earlier one cannot help where the last one, which takes any run, does
 * not. */
bool hm_policy_glob(hm_bytes pattern, hm_bytes text) {
    size_t p = 0, t = 0, star = SIZE_MAX, held = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            star = p++;
            held = t;
        } else if (p < pattern.len && pattern.data[p] == text.data[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++held;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*') p++;
    return p == pattern.len;
}

static bool list_has(const hm_policy *policy, const hm_policy_list *list, hm_bytes name) {
    for (size_t i = 0; i < list->count; i++)
        if (hm_bytes_equal(policy->name[list->first + i], name)) return true;
    return false;
}

static bool may_request(const hm_policy *policy, const hm_policy_list *list, hm_bytes requester) {
    for (size_t i = 0; i < policy->groups; i++) {
        const hm_policy_group *group = &policy->group[i];
        /* Nobody becomes a group by having its name. */
        if (hm_bytes_equal(group->name, requester)) return false;
        if (list_has(policy, list, group->name) && list_has(policy, &group->members, requester)) return true;
    }
    return list_has(policy, list, requester);
}

static bool release_fits(const hm_policy *policy, const hm_policy_list *patterns, hm_bytes release) {
    for (size_t i = 0; i < patterns->count; i++)
        if (hm_policy_glob(policy->name[patterns->first + i], release)) return true;
    return !patterns->count;
}

static bool has_bit(uint32_t bits, unsigned number) { return number < 32 && (bits >> number & 1); }

hm_policy_fit hm_policy_match(const hm_policy *policy, const hm_policy_rule *rule, const hm_policy_request *request) {
    if (!may_request(policy, &rule->requesters, request->requester)) return HM_POLICY_OTHER_REQUESTER;
    if (!release_fits(policy, &rule->releases, request->release)) return HM_POLICY_OTHER_RELEASE;
    if (!has_bit(rule->formats, request->format)) return HM_POLICY_OTHER_FORMAT;
    if (!has_bit(rule->algorithms, request->algorithm)) return HM_POLICY_OTHER_ALGORITHM;
    return HM_POLICY_FITS;
}

static hm_err put_list(const hm_policy *policy, const hm_policy_list *list, hm_buf *text) {
    for (size_t i = 0; i < list->count; i++) {
        HM_TRY(hm_put_text(text, i ? ", " : ""));
        HM_TRY(hm_put(text, policy->name[list->first + i]));
    }
    return HM_OK;
}

static const char *algorithm_name(unsigned number) { return hm_key_algorithm_name((hm_key_algorithm)number); }

static hm_err put_set(uint32_t bits, const char *(*name)(unsigned), hm_buf *text) {
    const char *comma = "";
    for (unsigned i = 1; i < 32; i++) {
        if (!has_bit(bits, i)) continue;
        HM_TRY(hm_put_format(text, "%s%s", comma, name(i)));
        comma = ", ";
    }
    return HM_OK;
}

hm_err hm_policy_put_release(hm_bytes release, hm_buf *text) {
    if (!release.len) return hm_put_text(text, "no release");
    HM_TRY(hm_put_text(text, "release "));
    return hm_put_readable(text, release);
}

static hm_err put_number(const char *what, const char *name, unsigned number, hm_buf *text) {
    if (name) return hm_put_format(text, "%s %s is none of ", what, name);
    return hm_put_format(text, "%s %u, which has no name here, is none of ", what, number);
}

hm_err hm_policy_put_fit(const hm_policy *policy, const hm_policy_rule *rule, const hm_policy_request *request,
                         hm_policy_fit fit, hm_buf *text) {
    switch (fit) {
    case HM_POLICY_OTHER_REQUESTER:
        HM_TRY(hm_put_readable(text, request->requester));
        HM_TRY(hm_put_text(text, " is none of "));
        return put_list(policy, &rule->requesters, text);
    case HM_POLICY_OTHER_RELEASE:
        HM_TRY(hm_policy_put_release(request->release, text));
        HM_TRY(hm_put_text(text, request->release.len ? " is none of " : " is named, and the rule is for "));
        return put_list(policy, &rule->releases, text);
    case HM_POLICY_OTHER_FORMAT:
        HM_TRY(put_number("format", hm_policy_format_name(request->format), request->format, text));
        return put_set(rule->formats, hm_policy_format_name, text);
    case HM_POLICY_OTHER_ALGORITHM:
        HM_TRY(put_number("algorithm", algorithm_name(request->algorithm), request->algorithm, text));
        return put_set(rule->algorithms, algorithm_name, text);
    case HM_POLICY_FITS:
        break;
    }
    return hm_put_text(text, "fits");
}
