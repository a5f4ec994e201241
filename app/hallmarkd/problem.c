#include "problem.h"

static const struct {
    int status;
    const char *code, *title;
} problems[] = {
    [HM_PROBLEM_MALFORMED] = {400, "malformed", "The request is not what this resource asks for"},
    [HM_PROBLEM_NO_SESSION] = {401, "no-session", "There is no such session"},
    [HM_PROBLEM_UNAUTHENTICATED] = {401, "unauthenticated", "Nobody has said who speaks"},
    [HM_PROBLEM_REFUSED] = {403, "refused", "The office refuses this"},
    [HM_PROBLEM_NOT_FOUND] = {404, "not-found", "There is no such resource"},
    [HM_PROBLEM_METHOD] = {405, "method-not-allowed", "This resource has other methods"},
    [HM_PROBLEM_DENIED] = {409, "denied", "An approver has said no"},
    [HM_PROBLEM_TOO_LARGE] = {413, "too-large", "The request is too large"},
    [HM_PROBLEM_RANGE] = {416, "range", "The file has no such part"},
    [HM_PROBLEM_KEY_USED] = {422, "key-used", "The Idempotency-Key was used for another call"},
    [HM_PROBLEM_TOO_MANY] = {429, "too-many", "Too many requests at once"},
    [HM_PROBLEM_UNAVAILABLE] = {503, "unavailable", "The office cannot do this now"},
};

int hm_problem_status(hm_problem problem) { return problems[problem].status; }
const char *hm_problem_code(hm_problem problem) { return problems[problem].code; }

hm_problem hm_problem_of(hm_class class) {
    return class == HM_REFUSED   ? HM_PROBLEM_REFUSED
           : class == HM_MISUSED ? HM_PROBLEM_MALFORMED
           : class == HM_DENIED  ? HM_PROBLEM_DENIED
                                 : HM_PROBLEM_UNAVAILABLE;
}

json_t *hm_problem_json(hm_problem problem, const char *detail) {
    return json_pack("{s:s, s:s, s:i, s:s, s:s*}", "type", "about:blank", "title", problems[problem].title, "status",
                     problems[problem].status, "code", problems[problem].code, "detail", detail);
}
