/* layers: base crypto policy */
/* A policy, a zero byte, and what makes requests: whatever is read decides without a fault, and as it says of itself.
 */
#include <policy/policy.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { APPROVERS = 8 };

static hm_policy policy;

typedef struct {
    uint64_t of_principal, of_key;
} counts;

static void must(bool holds) {
    if (!holds) abort();
}

static hm_err used(void *context, hm_bytes rule, uint32_t seconds, bool of_key, uint64_t *count) {
    const counts *c = context;
    must(rule.len && (seconds == 60 || seconds == 3600 || seconds == 86400));
    *count = of_key ? c->of_key : c->of_principal;
    return HM_OK;
}

/* ---- facts ---- */

static uint8_t take(hm_reader *rest) {
    uint8_t value;
    return hm_failed(hm_read_u8(rest, &value)) ? 0 : value;
}

/* One of the names in the policy, or a stranger. */
static hm_bytes take_name(hm_reader *rest) {
    size_t at = take(rest);
    return at < policy.names ? policy.name[at] : hm_text("eve\n");
}

static uint64_t take_count(hm_reader *rest) {
    static const uint64_t large[] = {UINT64_MAX, 1000000000, 999999999, 1u << 31};
    uint8_t value = take(rest);
    return value < 4 ? large[value] : value - 4u;
}

static hm_bytes take_release(hm_reader *rest) {
    hm_bytes release = HM_NO_BYTES;
    uint8_t choice = take(rest);
    if (choice < 128) return choice < policy.names ? policy.name[choice] : HM_NO_BYTES;
    (void)!hm_failed(hm_read_bytes(rest, choice % 16, &release));
    return release;
}

static hm_policy_request take_request(hm_reader *rest, hm_bytes approvers[static APPROVERS], counts *c) {
    hm_policy_request request = {.approvers = approvers, .used = used, .context = c};
    request.requester = take_name(rest);
    request.release = take_release(rest);
    request.format = take(rest) % 6;
    request.algorithm = (hm_key_algorithm)(take(rest) % 7);
    uint8_t bits = take(rest);
    request.imported = bits & 1;
    request.software = bits >> 1 & 1;
    request.time =
        ((int64_t)(bits >> 2) << 32) + ((int64_t)take(rest) << 13) + ((int64_t)take(rest) * 60) - (bits == 255);
    request.wanted = take_count(rest);
    *c = (counts){take_count(rest), take_count(rest)};
    request.approver_count = take(rest) % (APPROVERS + 1);
    for (size_t i = 0; i < request.approver_count; i++) approvers[i] = take_name(rest);
    return request;
}

/* ---- what must hold ---- */

static bool has(hm_policy_list list, hm_bytes name) {
    for (size_t i = 0; i < list.count; i++)
        if (hm_bytes_equal(policy.name[list.first + i], name)) return true;
    return false;
}

static bool may_ask(const hm_policy_rule *rule, hm_bytes name) {
    for (size_t i = 0; i < policy.groups; i++)
        if (has(rule->requesters, policy.group[i].name) && has(policy.group[i].members, name)) return true;
    return has(rule->requesters, name);
}

/* Hall's theorem: everybody can be seated if, for each set of lines, enough different people stand in its groups. */
static bool hall(const hm_policy_request *request, const hm_policy_approval *line, size_t lines) {
    for (unsigned set = 1; set < 1u << lines; set++) {
        unsigned need = 0, people = 0;
        for (size_t i = 0; i < lines; i++) need += set >> i & 1 ? line[i].count : 0;
        for (size_t k = 0; k < request->approver_count; k++) {
            hm_bytes name = request->approvers[k];
            bool counts = false;
            for (size_t i = 0; i < lines; i++)
                counts = counts || (set >> i & 1 && has(policy.group[line[i].group].members, name));
            for (size_t before = 0; before < k; before++)
                counts = counts && !hm_bytes_equal(request->approvers[before], name);
            people += counts && !hm_bytes_equal(name, request->requester);
        }
        if (people < need) return false;
    }
    return true;
}

static void check_lines(hm_bytes why) {
    hm_reader rest = hm_reader_of(why);
    must(why.len);
    while (rest.rest.len) {
        hm_bytes line;
        must(!hm_failed(hm_read_line(&rest, &line)));
        must((line.len > 5 && !memcmp(line.data, "yes: ", 5)) || (line.len > 4 && !memcmp(line.data, "no: ", 4)));
        for (size_t i = 0; i < line.len; i++) must(line.data[i] >= 0x20 && line.data[i] != 0x7f);
    }
}

static void check_signing(const hm_policy_request *request, const hm_policy_rule *rule) {
    const counts *c = request->context;
    must(!rule->not_imported || !request->imported);
    must(!rule->not_software || !request->software);
    for (size_t i = 0; i < rule->quotas; i++) {
        uint64_t most = rule->quota[i].most, so_far = rule->quota[i].of_key ? c->of_key : c->of_principal;
        must(so_far < most && request->wanted <= most && so_far + request->wanted <= most);
    }
}

static void check_decision(const hm_policy_request *request, const hm_policy_decision *decision, bool signing) {
    const hm_policy_rule *rule = decision->rule;
    must((decision->verdict == HM_POLICY_ALLOWED) == !decision->sentence[0]);
    must((decision->verdict == HM_POLICY_NEEDS_APPROVALS) == (decision->missing != 0));
    if (decision->verdict == HM_POLICY_DENIED) return;
    must(rule && rule >= policy.rule && rule < policy.rule + policy.rules);
    must(may_ask(rule, request->requester));
    must(rule->formats >> request->format & 1 && rule->algorithms >> request->algorithm & 1);
    if (signing) check_signing(request, rule);
    const hm_policy_approval *line = signing ? rule->approval : rule->publishing;
    must(hall(request, line, signing ? rule->approvals : rule->publishings) ==
         (decision->verdict == HM_POLICY_ALLOWED));
}

static void check_request(const hm_policy_request *request, bool signing) {
    hm_err (*decide)(const hm_policy *, const hm_policy_request *, hm_policy_decision *, hm_buf *) =
        signing ? hm_policy_decide : hm_policy_decide_publish;
    HM_BUF why = HM_BUF_EMPTY;
    hm_policy_decision decision, fewer;
    bool good = request->time >= 0 && request->wanted && request->requester.len;
    must(good == !hm_failed(decide(&policy, request, &decision, &why)));
    if (!good) must(decision.verdict == HM_POLICY_DENIED && !decision.rule);
    if (!good) return;
    check_lines(hm_buf_bytes(&why));
    check_decision(request, &decision, signing);
    /* Fewer approvals never say more, and choose no other rule. */
    hm_policy_request less = *request;
    less.approver_count /= 2;
    must(!hm_failed(decide(&policy, &less, &fewer, NULL)));
    must(fewer.verdict <= decision.verdict && fewer.rule == decision.rule);
    must((fewer.verdict == HM_POLICY_DENIED) == (decision.verdict == HM_POLICY_DENIED));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    size_t len = zero ? (size_t)(zero - data) : size;
    if (hm_failed(hm_policy_read(HM_BYTES(data, len), &policy))) {
        must(!policy.rules && !policy.groups);
        return 0;
    }
    hm_reader rest = hm_reader_of(zero ? HM_BYTES(zero + 1, size - len - 1) : HM_NO_BYTES);
    do {
        hm_bytes approvers[APPROVERS];
        counts c;
        hm_policy_request request = take_request(&rest, approvers, &c);
        check_request(&request, true);
        check_request(&request, false);
    } while (rest.rest.len);
    return 0;
}
