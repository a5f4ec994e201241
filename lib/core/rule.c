/* May this be done here? In an office with founders every act takes a role that officers gave, and what is signed is
 * what the product's policy allows; default: deny. An office without founders is one person's, who may do everything.
 */
#include "certificates.h"
#include "usage.h"

#include <policy/policy.h>

#include <stdio.h>
#include <string.h>

_Static_assert((int)HM_POLICY_CMS == (int)HM_LOGGED_CMS && (int)HM_POLICY_CATALOGUE == (int)HM_LOGGED_CATALOGUE &&
                   (int)HM_POLICY_PE == (int)HM_LOGGED_PE && (int)HM_POLICY_NATIVE == (int)HM_LOGGED_MANIFEST,
               "a policy's formats are the log's");

/* Acts and their roles. The product, of those for one, is the question's first field. What is no act is a question,
 * and free. */
static const struct {
    hm_message_type act;
    hm_role role;
    bool of_product;
} acts[] = {
    {HM_MSG_NARROW, HM_ROLE_REQUESTER, true},         {HM_MSG_PRODUCT_ADD, HM_ROLE_ADMINISTRATOR, false},
    {HM_MSG_KEY_GENERATE, HM_ROLE_KEY_OFFICER, true}, {HM_MSG_CERT_REQUEST, HM_ROLE_KEY_OFFICER, true},
    {HM_MSG_CERT_IMPORT, HM_ROLE_KEY_OFFICER, true},  {HM_MSG_CERT_RENEW, HM_ROLE_KEY_OFFICER, true},
    {HM_MSG_TRUST_KEY, HM_ROLE_KEY_OFFICER, false},   {HM_MSG_LOG_KEY, HM_ROLE_KEY_OFFICER, false},
    {HM_MSG_NARROW_LIST, HM_ROLE_KEY_OFFICER, false}, {HM_MSG_TRUST_SIGN, HM_ROLE_KEY_OFFICER, false},
    {HM_MSG_PUBLISH_BEGIN, HM_ROLE_PUBLISHER, true},  {HM_MSG_PUBLISH_WITHDRAW, HM_ROLE_PUBLISHER, true},
    {HM_MSG_KEY_IMPORT, HM_ROLE_KEY_OFFICER, true},   {HM_MSG_TSA_SET, HM_ROLE_ADMINISTRATOR, false},
};

static hm_err allows(hm_office *office, hm_role role, hm_bytes product) {
    hm_product ignored;
    HM_TRY(hm_identify(office));
    hm_err err = hm_registry_allows(office->registry, hm_text(office->session->principal), role, product, hm_now());
    hm_fault fault = hm_fault_keep(err);
    /* A slip in its name is told as such: whoever is a principal may list the products. */
    if (fault.class == HM_REFUSED && product.len) HM_TRY(hm_product_find(office, product, &ignored));
    return hm_fault_raise(&fault);
}

hm_err hm_rule_allows_act(hm_office *office, const hm_message *question) {
    size_t i = 0, count = sizeof acts / sizeof acts[0];
    if (!office->governed) return HM_OK;
    while (i < count && acts[i].act != question->type) i++;
    if (i == count) return HM_OK;
    hm_bytes product = acts[i].of_product ? question->field[0].bytes : HM_NO_BYTES;
    if (acts[i].of_product && !product.len) return HM_OK; /* a session that asks for proofs */
    /* One that compares signs nothing, and takes no role; but no other act, either. */
    if (office->session->noting && question->type != HM_MSG_NARROW)
        return hm_refuse("core language: narrow comes after request-begin");
    if (office->session->noting == HM_NOTING_COMPARED) return HM_OK;
    if (question->type == HM_MSG_PUBLISH_BEGIN && question->field[HM_PUBLISH_BEGIN_REQUEST].bytes.len) return HM_OK;
    return allows(office, acts[i].role, product);
}

hm_err hm_rule_allows_key_officer(hm_office *office, hm_bytes product) {
    if (!office->governed) return HM_OK;
    if (office->session->noting) return hm_refuse("core language: narrow comes after request-begin");
    return allows(office, HM_ROLE_KEY_OFFICER, product);
}

hm_err hm_rule_allows_requester(hm_office *office) {
    return office->governed ? allows(office, HM_ROLE_REQUESTER, hm_text(office->session->product.name)) : HM_OK;
}

uint64_t hm_rule_version(const hm_office *office) { return office->registry ? hm_registry_size(office->registry) : 1; }

/* ---- what a policy wants to know ---- */

typedef struct {
    hm_office *office;
    hm_bytes product;
    const hm_rule_request *request; /* NULL: nothing is signed now */
} asking;

static hm_err count_used(void *context, hm_bytes rule, uint32_t seconds, bool of_key, uint64_t *count) {
    const asking *a = context;
    /* Quotas are for whoever signs. */
    if (!a->request) return *count = 0, HM_OK;
    if (of_key && !a->request->key) return *count = 0, HM_OK;
    int64_t time = a->request->time;
    return of_key ? hm_usage_of_key(a->office, &a->office->session->product, a->request->key->token_id, time, seconds,
                                    count)
                  : hm_usage_of_rule(a->office, rule, time, seconds, count);
}

static bool is_approver(void *context, hm_bytes name) {
    const asking *a = context;
    return !hm_failed(hm_registry_allows(a->office->registry, name, HM_ROLE_APPROVER, a->product, hm_now()));
}

/* Asked of the token, and only where a rule wants to know. */
static hm_err was_imported(hm_office *office, const hm_policy *policy, hm_key_algorithm algorithm, bool *imported) {
    hm_signing_key *key;
    hm_key_origin origin;
    bool asked = policy->terms.no_imported;
    *imported = false;
    for (size_t i = 0; i < policy->rules; i++) asked |= policy->rule[i].not_imported;
    if (!asked) return HM_OK;
    HM_TRY(hm_keyring_get(office, algorithm, &key));
    HM_TRY(hm_key_inspect(key->key, &origin));
    *imported = !origin.local || key->imported;
    return HM_OK;
}

hm_err hm_rule_glass(const hm_office *office, int64_t time, hm_buf *line) {
    hm_glass glass;
    bool broken = office->governed &&
                  hm_registry_glass_of(office->registry, hm_text(office->session->product.name), time, &glass);
    return broken ? hm_glass_describe(&glass, line) : HM_OK;
}

/* The policy in force, read once for as long as its text is the same. Compared are the bytes, of which a copy is kept:
 * what the registry holds may be gone, and something else in its place. */
static hm_err current_policy(const hm_office *office, int64_t time, const hm_policy **policy, hm_rule_answer *answer) {
    static hm_policy current;                /* one core per process; too large for a stack */
    static uint8_t text[HM_POLICY_TEXT_MAX]; /* which it views */
    static size_t len;
    static bool is_read;
    hm_bytes stated, product = hm_text(office->session->product.name);
    hm_glass glass;
    HM_TRY(hm_registry_policy(office->registry, product, time, &stated));
    answer->break_glass = hm_registry_glass_of(office->registry, product, time, &glass);
    *policy = &current;
    if (is_read && hm_bytes_equal(stated, HM_BYTES(text, len))) return HM_OK;
    is_read = false;
    if (stated.len > sizeof text) return hm_refuse("the policy of %s is too long", office->session->product.name);
    if (stated.len) memcpy(text, stated.data, stated.len);
    len = stated.len;
    HM_TRY(hm_in(hm_policy_read(HM_BYTES(text, len), &current), "the policy of %s", office->session->product.name));
    is_read = true;
    return HM_OK;
}

static void take_rule(const hm_policy_decision *decision, hm_rule_answer *answer) {
    if (!decision->rule) return;
    hm_bytes name = decision->rule->name;
    snprintf(answer->rule, sizeof answer->rule, "%.*s", (int)name.len, (const char *)name.data);
    answer->expires = decision->rule->expires;
    answer->needs_approvals = decision->verdict == HM_POLICY_NEEDS_APPROVALS;
}

/* What approvers have signed of exactly this may be what is missing. */
static hm_err decide_with_approvals(hm_office *office, const hm_policy *policy, const hm_rule_request *request,
                                    hm_policy_request *asked, hm_policy_decision *decision, hm_rule_answer *answer) {
    hm_approval approval;
    HM_TRY(hm_requests_find(office, request->artifact, &approval));
    if (!approval.found)
        return hm_refuse("the policy of %s: %s (%s)", office->session->product.name, decision->sentence,
                         approval.why ? approval.why : "hallmark request asks for them");
    asked->approvers = approval.approver;
    asked->approver_count = approval.approvers;
    HM_TRY(hm_policy_decide(policy, asked, decision, NULL));
    answer->by_request = decision->verdict == HM_POLICY_ALLOWED;
    memcpy(answer->request, approval.request, sizeof answer->request);
    return HM_OK;
}

hm_err hm_rule_decide(hm_office *office, const hm_rule_request *request, bool may_wait, hm_rule_answer *answer) {
    const hm_policy *policy;
    hm_policy_decision decision;
    hm_token_info token;
    bool imported = false; /* one that is made for it is not */
    hm_documents documents;
    *answer = (hm_rule_answer){.by_request = false};
    if (office->governed) HM_TRY(allows(office, HM_ROLE_REQUESTER, hm_text(office->session->product.name)));
    if (request->key) HM_TRY(hm_key_may_sign(office, request->key->token_id));
    if (request->key && !may_wait)
        HM_TRY(hm_key_serves(office, &office->session->product, request->key, request->time));
    if (!office->governed) return HM_OK;
    HM_TRY(current_policy(office, request->time, &policy, answer));
    if (request->key) HM_TRY(was_imported(office, policy, request->artifact->algorithm, &imported));
    HM_TRY(hm_session_documents(office, &documents));
    hm_token_describe(office->token, &token);
    asking about = {office, hm_text(office->session->product.name), request};
    hm_policy_request asked = {.requester = hm_text(office->session->principal),
                               .release = hm_text(office->session->release),
                               .format = request->artifact->format,
                               .algorithm = request->artifact->algorithm,
                               .imported = imported,
                               .software = token.software,
                               .sbom = hm_documents_have(&documents, HM_DOCUMENT_SBOM),
                               .provenance = hm_documents_have(&documents, HM_DOCUMENT_PROVENANCE),
                               .time = request->time,
                               .wanted = 1,
                               .used = count_used,
                               .is_approver = is_approver,
                               .context = &about};
    HM_TRY(hm_policy_decide(policy, &asked, &decision, NULL));
    take_rule(&decision, answer);
    if (may_wait && answer->needs_approvals) return HM_OK;
    if (answer->needs_approvals) HM_TRY(decide_with_approvals(office, policy, request, &asked, &decision, answer));
    return decision.verdict == HM_POLICY_ALLOWED
               ? HM_OK
               : hm_refuse("the policy of %s: %s", office->session->product.name, decision.sentence);
}

hm_err hm_rule_allows_new_key(hm_office *office, hm_key_algorithm algorithm, uint32_t formats) {
    hm_fault first = {.class = HM_DONE};
    hm_rule_answer answer;
    if (!office->governed) return HM_OK;
    if (!formats) return hm_refuse("no key is made that would sign nothing");
    HM_TRY(hm_office_token(office));
    for (unsigned format = 0; format < 32; format++) {
        if (!(formats >> format & 1)) continue;
        hm_artifact artifact = {.format = format, .algorithm = algorithm};
        hm_err err = hm_rule_decide(office, &(hm_rule_request){&artifact, NULL, hm_now(), HM_NO_BYTES}, true, &answer);
        if (!hm_failed(err)) return HM_OK;
        if (first.class == HM_DONE) first = hm_fault_keep(err);
    }
    return hm_fault_raise(&first);
}

/* The policy that is in force; a text for STANDING->awaits if there is none. */
static hm_err policy_of(hm_office *office, hm_bytes product, hm_policy *policy, hm_standing *standing) {
    hm_bytes text;
    hm_err err = hm_registry_policy(office->registry, product, hm_now(), &text);
    if (!hm_failed(err)) return hm_policy_read(text, policy);
    snprintf(standing->awaits, sizeof standing->awaits, "%s", hm_err_sentence());
    return HM_OK;
}

static hm_policy_request asked_of(const hm_request *request, const hm_artifact *artifact, const hm_token_info *token,
                                  asking *about) {
    return (hm_policy_request){.requester = request->publish ? request->by : request->requester,
                               .release = request->release,
                               .format = artifact->format,
                               .algorithm = artifact->algorithm,
                               .software = token->software,
                               .sbom = hm_documents_have(&request->documents, HM_DOCUMENT_SBOM),
                               .provenance = hm_documents_have(&request->documents, HM_DOCUMENT_PROVENANCE),
                               .time = hm_now(),
                               .wanted = 1,
                               .used = count_used,
                               .is_approver = is_approver,
                               .context = about};
}

/* ---- publishing ---- */

/* Each of the files, by the rule under which it was signed. */
static hm_err decide_files(hm_office *office, const hm_policy *policy, const hm_request *request,
                           const hm_token_info *token, const hm_approval *approval, hm_rule_answer *answer,
                           char missing[static HM_SENTENCE_MAX]) {
    asking about = {office, request->product, NULL};
    answer->needs_approvals = false;
    for (size_t i = 0; i < request->artifacts; i++) {
        hm_policy_decision decision;
        hm_policy_request asked = asked_of(request, &request->artifact[i], token, &about);
        asked.approvers = approval->approver;
        asked.approver_count = approval->approvers;
        HM_TRY(hm_policy_decide_publish(policy, &asked, &decision, NULL));
        if (decision.verdict == HM_POLICY_DENIED)
            return hm_refuse("the policy of %.*s: %s", (int)request->product.len, (const char *)request->product.data,
                             decision.sentence);
        if (decision.rule && (!answer->expires || decision.rule->expires < answer->expires)) {
            answer->expires = decision.rule->expires;
            snprintf(answer->rule, sizeof answer->rule, "%.*s", (int)decision.rule->name.len,
                     (const char *)decision.rule->name.data);
        }
        if (decision.verdict == HM_POLICY_ALLOWED) continue;
        answer->needs_approvals = true;
        snprintf(missing, HM_SENTENCE_MAX, "%s", decision.sentence);
    }
    return HM_OK;
}

hm_err hm_rule_decide_publish(hm_office *office, const hm_request *request, bool may_wait, hm_rule_answer *answer) {
    const hm_policy *policy;
    hm_token_info token = {.software = true};
    hm_approval approval = {.found = false};
    char missing[HM_SENTENCE_MAX] = "";
    *answer = (hm_rule_answer){.by_request = false};
    if (!office->governed) return HM_OK;
    HM_TRY(allows(office, HM_ROLE_PUBLISHER, request->product));
    HM_TRY(current_policy(office, hm_now(), &policy, answer));
    if (office->token) hm_token_describe(office->token, &token);
    HM_TRY(decide_files(office, policy, request, &token, &approval, answer, missing));
    if (!answer->needs_approvals) return HM_OK;
    HM_TRY(hm_requests_find_publication(office, request, &approval));
    if (approval.found) HM_TRY(decide_files(office, policy, request, &token, &approval, answer, missing));
    answer->by_request = approval.found && !answer->needs_approvals;
    memcpy(answer->request, approval.request, sizeof answer->request);
    if (!answer->needs_approvals || may_wait) return HM_OK;
    return hm_refuse("the policy of %s: %s%s%s%s", office->session->product.name, missing, approval.why ? " (" : "",
                     approval.why ? approval.why : "", approval.why ? ")" : "");
}

hm_err hm_rule_awaits(hm_office *office, hm_standing *standing) {
    static hm_policy policy;
    const hm_request *request = standing->request;
    hm_token_info token;
    asking about = {office, request->product, NULL};
    HM_TRY(policy_of(office, request->product, &policy, standing));
    hm_token_describe(office->token, &token);
    for (size_t i = 0; !standing->awaits[0] && i < request->artifacts; i++) {
        hm_policy_decision decision;
        hm_policy_request asked = asked_of(request, &request->artifact[i], &token, &about);
        asked.approvers = standing->approver;
        asked.approver_count = standing->approvers;
        HM_TRY(request->publish ? hm_policy_decide_publish(&policy, &asked, &decision, NULL)
                                : hm_policy_decide(&policy, &asked, &decision, NULL));
        snprintf(standing->awaits, sizeof standing->awaits, "%s", decision.sentence);
    }
    return HM_OK;
}
