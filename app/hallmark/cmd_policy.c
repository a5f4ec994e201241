/* policy edit, show, diff, test: what may be signed of a product, for whom. */
#include "commands.h"
#include "glass.h"
#include "line_diff.h"
#include "office_access.h"
#include "officer.h"
#include "output_check.h"

#include <base/file.h>
#include <base/json.h>
#include <base/readable.h>
#include <policy/policy.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* About 38 KiB; too large for a stack. */
static hm_policy policy;

static hm_err read_text(const char *path, hm_buf *text) {
    HM_TRY(hm_file_read(AT_FDCWD, path, HM_POLICY_TEXT_MAX, text));
    return hm_in(hm_policy_read(hm_buf_bytes(text), &policy), "%s", path);
}

static hm_err need_product(const hm_options *options) {
    return options->product ? HM_OK : hm_misuse("--product NAME is missing: a policy is a product's");
}

/* The text that is in force: a view into REGISTRY. That it is a temporary one is told. */
static hm_err fetch_text(const hm_options *options, hm_connection *office, hm_registry **registry, hm_bytes *text) {
    HM_TRY(hm_officer_statements(office, registry));
    HM_TRY(hm_officer_product(office, options->product));
    if (!options->json) HM_TRY(hm_glass_warn_of(*registry, options->product));
    hm_err err = hm_registry_policy(*registry, hm_text(options->product), time(NULL), text);
    if (err.class != HM_REFUSED || hm_registry_quorum(*registry)) return err;
    return hm_refuse(
        "%s has no policy: its keys serve without a limit (this office has no founders: who owns it signs)",
        options->product);
}

static bool is_group(hm_bytes name) {
    for (size_t i = 0; i < policy.groups; i++)
        if (hm_bytes_equal(policy.group[i].name, name)) return true;
    return false;
}

static void note_strangers(const hm_registry *registry, hm_policy_list list) {
    hm_principal principal;
    for (size_t i = list.first; i < (size_t)list.first + list.count; i++) {
        hm_bytes name = policy.name[i];
        if (is_group(name) || !hm_failed(hm_registry_by_name(registry, name, &principal))) continue;
        fprintf(stderr, "hallmark: note: the policy names %.*s, and %s\n", (int)name.len, (const char *)name.data,
                hm_err_sentence());
    }
}

/* A mistyped name has no effect, and nobody would be told. It may also be somebody who comes later. */
static hm_err note_all_strangers(hm_connection *office) {
    HM_REGISTRY *registry = NULL;
    HM_TRY(hm_officer_statements(office, &registry));
    for (size_t i = 0; i < policy.groups; i++) note_strangers(registry, policy.group[i].members);
    for (size_t i = 0; i < policy.rules; i++) note_strangers(registry, policy.rule[i].requesters);
    return HM_OK;
}

static hm_err edit(const hm_options *options, hm_connection *office) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_statement statement = {.act = HM_ACT_POLICY, .product = hm_text(options->product)};
    HM_TRY(read_text(options->operands[0], &text));
    statement.policy = hm_buf_bytes(&text);
    HM_TRY(hm_officer_state(options, office, &statement));
    return note_all_strangers(office);
}

static hm_err show(const hm_options *options, hm_connection *office) {
    HM_REGISTRY *registry = NULL;
    HM_BUF out = HM_BUF_EMPTY;
    hm_bytes text;
    hm_glass glass;
    HM_TRY(fetch_text(options, office, &registry, &text));
    if (!options->json) return hm_put_result(options, text);
    hm_json json = hm_json_plain(&out);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "product", options->product);
    hm_json_text(&json, "policy", text);
    if (hm_registry_glass_of(registry, hm_text(options->product), time(NULL), &glass)) hm_glass_json(&json, &glass);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    HM_TRY(hm_put_u8(&out, '\n'));
    return hm_put_result(options, hm_buf_bytes(&out));
}

/* ---- diff ---- */

/* As diff(1): lines, and a status of 1 if there are any. A product without a policy has an empty one. */
static hm_err print_diff(const hm_options *options, hm_bytes diff, hm_bytes problem) {
    HM_BUF text = HM_BUF_EMPTY;
    if (!options->json) {
        printf("%.*s", (int)diff.len, (const char *)diff.data);
        if (!diff.len) printf("%s: is the policy of %s\n", options->operands[0], options->product);
    } else {
        hm_json json = hm_json_plain(&text);
        hm_json_object(&json, NULL);
        hm_json_string(&json, "product", options->product);
        hm_json_bool(&json, "same", !diff.len);
        hm_json_text(&json, "diff", diff);
        if (problem.len) hm_json_text(&json, "problem", problem);
        hm_json_close_object(&json);
        HM_TRY(hm_json_end(&json));
        printf("%.*s\n", (int)text.len, (const char *)text.data);
    }
    return diff.len ? hm_already_reported(HM_REFUSED) : HM_OK;
}

/* What differs is told all the same; an empty text withdraws the policy. */
static hm_err find_problem(const hm_options *options, hm_bytes text, hm_buf *problem) {
    if (!text.len || !hm_failed(hm_policy_read(text, &policy))) return HM_OK;
    HM_TRY(hm_put_text(problem, hm_err_sentence()));
    fprintf(stderr, "hallmark: warning: %s is no policy: %.*s\n", options->operands[0], (int)problem->len,
            (const char *)problem->data);
    return HM_OK;
}

static hm_err compare(const hm_options *options, hm_connection *office) {
    HM_REGISTRY *registry = NULL;
    HM_BUF text = HM_BUF_EMPTY, diff = HM_BUF_EMPTY, problem = HM_BUF_EMPTY;
    hm_bytes in_force;
    HM_TRY(hm_file_read(AT_FDCWD, options->operands[0], HM_POLICY_TEXT_MAX, &text));
    HM_TRY(hm_officer_statements(office, &registry));
    HM_TRY(hm_officer_product(office, options->product));
    if (!options->json) HM_TRY(hm_glass_warn_of(registry, options->product));
    if (hm_failed(hm_registry_policy(registry, hm_text(options->product), time(NULL), &in_force)))
        in_force = HM_NO_BYTES;
    HM_TRY(hm_line_diff(in_force, hm_buf_bytes(&text), "rule", &diff));
    HM_TRY(find_problem(options, hm_buf_bytes(&text), &problem));
    return print_diff(options, hm_buf_bytes(&diff), hm_buf_bytes(&problem));
}

/* ---- test: what would come of a request, and why ---- */

static const char *given(const hm_options *options, const char *name) {
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, name) == 0) return options->given[i].value;
    return NULL;
}

static size_t list_approvers(const hm_options *options, hm_bytes approver[static HM_GIVEN_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].name, "--approver") == 0) approver[count++] = hm_text(options->given[i].value);
    return count;
}

static hm_err none_used(void *context, hm_bytes rule, uint32_t seconds, bool of_key, uint64_t *count) {
    (void)context, (void)rule, (void)seconds, (void)of_key;
    *count = 0;
    return HM_OK;
}

static hm_err format_number(const hm_options *options, unsigned *format) {
    if (!options->format) return hm_misuse("--format is missing: cms, catalogue, pe or native");
    for (*format = 1; *format <= HM_POLICY_FORMATS; ++*format)
        if (strcmp(options->format, hm_policy_format_name(*format)) == 0) return HM_OK;
    return hm_misuse("--format %s: there are cms, catalogue, pe and native", options->format);
}

static hm_err fill_request(const hm_options *options, hm_policy_request *request) {
    static hm_bytes approver[HM_GIVEN_MAX];
    const char *requester = given(options, "--requester");
    if (!requester) return hm_misuse("--requester NAME is missing: who would ask");
    *request = (hm_policy_request){.requester = hm_text(requester),
                                   .release = hm_text(options->release ? options->release : ""),
                                   .algorithm = HM_KEY_ES256,
                                   .imported = options->imported,
                                   .time = time(NULL),
                                   .approvers = approver,
                                   .approver_count = list_approvers(options, approver),
                                   .sbom = given(options, "--sbom"),
                                   .provenance = given(options, "--provenance"),
                                   .wanted = 1,
                                   .used = none_used};
    if (options->algorithms)
        while (!(options->algorithms >> request->algorithm & 1)) request->algorithm++;
    return format_number(options, &request->format);
}

/* What is judged, given or assumed. */
static hm_err put_asked(const hm_policy_request *request, hm_buf *line) {
    char day[16];
    hm_bytes release = request->release;
    hm_officer_put_date(request->time, day);
    HM_TRY(hm_put_format(line, "asked by "));
    HM_TRY(hm_put_readable(line, request->requester));
    HM_TRY(hm_put_text(line, release.len ? ", release " : ", for no release"));
    HM_TRY(hm_put_readable(line, release));
    HM_TRY(hm_put_format(line, ", %s, %s", hm_policy_format_name(request->format),
                         hm_key_algorithm_name(request->algorithm)));
    HM_TRY(hm_put_format(line, ", now (%s %02d:%02d UTC), a key %s an HSM, nothing used of a quota", day,
                         (int)(request->time / 3600 % 24), (int)(request->time / 60 % 60),
                         request->imported ? "imported into" : "made in"));
    if (request->sbom) HM_TRY(hm_put_text(line, ", with an SBOM"));
    if (request->provenance) HM_TRY(hm_put_text(line, ", with provenance"));
    if (request->approver_count) HM_TRY(hm_put_text(line, ", approved by "));
    for (size_t i = 0; i < request->approver_count; i++) {
        HM_TRY(hm_put_text(line, i ? ", " : ""));
        HM_TRY(hm_put_readable(line, request->approvers[i]));
    }
    return HM_OK;
}

static void put_lines(hm_json *json, const char *key, hm_bytes text) {
    hm_reader reader = hm_reader_of(text);
    hm_json_array(json, key);
    for (hm_bytes line; reader.rest.len && !hm_failed(hm_read_line(&reader, &line));) hm_json_text(json, NULL, line);
    hm_json_close_array(json);
}

static hm_err print_decision(const hm_options *options, hm_bytes asked, const hm_policy_decision *decision,
                             hm_bytes why) {
    static const char *const verdicts[] = {"denied", "needs approvals", "allowed"};
    HM_BUF text = HM_BUF_EMPTY;
    if (!options->json) {
        printf("%.*s:\n%.*s%s\n", (int)asked.len, (const char *)asked.data, (int)why.len, (const char *)why.data,
               verdicts[decision->verdict]);
    } else {
        hm_json json = hm_json_plain(&text);
        hm_json_object(&json, NULL);
        hm_json_string(&json, "verdict", verdicts[decision->verdict]);
        if (decision->rule) hm_json_text(&json, "rule", decision->rule->name);
        hm_json_number(&json, "missing_approvals", decision->missing);
        hm_json_string(&json, "reason", decision->sentence);
        hm_json_text(&json, "asked", asked);
        put_lines(&json, "why", why);
        hm_json_close_object(&json);
        HM_TRY(hm_json_end(&json));
        printf("%.*s\n", (int)text.len, (const char *)text.data);
    }
    return decision->verdict == HM_POLICY_ALLOWED ? HM_OK : hm_already_reported(HM_REFUSED);
}

static hm_err test_text(const hm_options *options, bool owner) {
    hm_policy_request request;
    hm_policy_decision decision;
    HM_BUF why = HM_BUF_EMPTY, asked = HM_BUF_EMPTY;
    HM_TRY(fill_request(options, &request));
    request.owner = owner;
    HM_TRY(put_asked(&request, &asked));
    HM_TRY(hm_policy_decide(&policy, &request, &decision, &why));
    return print_decision(options, hm_buf_bytes(&asked), &decision, hm_buf_bytes(&why));
}

static hm_err test_in_force(const hm_options *options, hm_connection *office) {
    HM_REGISTRY *registry = NULL;
    hm_bytes text;
    HM_TRY(fetch_text(options, office, &registry, &text));
    HM_TRY(hm_policy_read(text, &policy));
    return test_text(options, !hm_registry_quorum(registry));
}

hm_err hm_command_policy_test(const hm_options *options) {
    HM_BUF text = HM_BUF_EMPTY;
    if (!options->operand_count) {
        HM_TRY(need_product(options));
        return hm_with_office(options, test_in_force);
    }
    HM_TRY(read_text(options->operands[0], &text));
    return test_text(options, false);
}

hm_err hm_command_policy_edit(const hm_options *options) {
    HM_TRY(need_product(options));
    return hm_with_office(options, edit);
}

hm_err hm_command_policy_diff(const hm_options *options) {
    HM_TRY(need_product(options));
    return hm_with_office(options, compare);
}

hm_err hm_command_policy_show(const hm_options *options) {
    HM_TRY(need_product(options));
    HM_TRY(hm_output_check_operands(options));
    return hm_with_office(options, show);
}
