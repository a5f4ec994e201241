/* request, approve, reject, cancel, status: signatures that need approval.
 *
 * What is requested goes the way of what is signed, up to the core's answer: the same parser computes the same digests.
 * So do an approver's files, which the core compares with the request; only then is the approval signed. */
#include "commands.h"
#include "office_access.h"
#include "cmd_native.h"
#include "cmd_publish.h"
#include "documents.h"
#include "expiring.h"
#include "glass.h"
#include "officer.h"
#include "request_list.h"
#include "waiting.h"

#include <pki/cose.h>

#include <stdio.h>
#include <string.h>

static hm_err ask(hm_connection *office, const hm_message *question, hm_message_type wanted, hm_message *answer) {
    HM_TRY(hm_ask(office, question, answer));
    return answer->type == wanted ? HM_OK : hm_could_not("the core answered something else");
}

hm_err hm_begin_request(hm_connection *office, hm_bytes request) {
    hm_message question = {.type = HM_MSG_REQUEST_BEGIN}, answer;
    question.field[HM_REQUEST_BEGIN_REQUEST].bytes = request;
    return ask(office, &question, HM_MSG_DONE, &answer);
}

/* ---- request ---- */

static hm_err print_made(const hm_options *options, const hm_message *answer) {
    HM_BUF hash = HM_BUF_EMPTY;
    unsigned long long index = answer->field[HM_REQUEST_MADE_INDEX].number;
    HM_TRY(hm_put_hex(&hash, answer->field[HM_REQUEST_MADE_HASH].bytes));
    if (options->json)
        printf("{\"request\":%llu,\"sha256\":\"%.*s\"}\n", index, (int)hash.len, (const char *)hash.data);
    else
        printf("request %llu waits for approvals (hallmark approve %llu FILE... --key FILE; hallmark status)\n", index,
               index);
    return HM_OK;
}

/* What came of it; hm_with_office gives nothing back. */
static bool needed;
static uint64_t made; /* the request's number */

/* As the parser, which skips signatures unless a format is given. */
static bool is_skipped(const hm_options *options, const char *name) {
    static const char *const endings[] = {".p7s", ".tlog-proof", ".cose"};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && !options->format; i++)
        if (len > strlen(endings[i]) && strcmp(name + len - strlen(endings[i]), endings[i]) == 0) return true;
    return false;
}

/* Before the first of so many files is read. */
static hm_err check_count(const hm_options *options) {
    for (size_t i = 0, count = 0; i < options->operand_count; i++) {
        count += !is_skipped(options, options->operands[i]);
        if (count > HM_REQUEST_ARTIFACTS)
            return hm_misuse("a request has at most %d files: %s and those behind it are too many (request them in "
                             "several steps)",
                             HM_REQUEST_ARTIFACTS, options->operands[i]);
    }
    return HM_OK;
}

static hm_err request(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_REQUEST_CLOSE}, answer;
    if (hm_is_native(options)) {
        HM_TRY(hm_native_files(options, office, NULL, true));
    } else {
        HM_TRY(hm_begin_request(office, HM_NO_BYTES));
        HM_TRY(hm_sign_files(options, office, NULL, true));
    }
    HM_TRY(hm_ask(office, &question, &answer));
    needed = answer.type == HM_MSG_REQUEST_MADE;
    if (!needed) return HM_OK;
    made = answer.field[HM_REQUEST_MADE_INDEX].number;
    return print_made(options, &answer);
}

hm_err hm_command_request(const hm_options *options) {
    if (!options->product) return hm_misuse("which product? (--product NAME; hallmark product list shows them)");
    if (!hm_is_native(options)) HM_TRY(hm_refuse_native_options(options));
    HM_TRY(check_count(options));
    HM_TRY(hm_with_office(options, request));
    return needed ? HM_OK : hm_refuse("the policy wants no approval for this (hallmark sign signs it)");
}

/* ---- what there is ---- */

typedef struct {
    const hm_options *options;
    unsigned long long wanted; /* if one is named */
    bool found;
} status_listing;

static bool is_asked_for(const status_listing *listing) {
    const hm_options *o = listing->options;
    if (o->operand_count) return hm_shown.index == listing->wanted;
    return (!o->open || hm_shown_is_open()) &&
           (!o->product || hm_bytes_equal(hm_shown.request.product, hm_text(o->product)));
}

static hm_err show(void *context) {
    status_listing *listing = context;
    bool named = listing->options->operand_count;
    if (!is_asked_for(listing)) return HM_OK;
    listing->found = true;
    if (listing->options->json) return hm_print_request_json();
    HM_TRY(hm_print_request());
    return named ? hm_print_requested() : HM_OK;
}

static hm_err number_of(const char *word, unsigned long long *number) {
    uint64_t value;
    if (hm_failed(hm_decimal_decode(hm_text(word), &value)))
        return hm_misuse("%s: a request is named by its number (hallmark status lists them)", word);
    *number = value;
    return HM_OK;
}

static hm_err status(const hm_options *options, hm_connection *office) {
    status_listing listing = {.options = options};
    bool due;
    if (options->operand_count) HM_TRY(number_of(options->operands[0], &listing.wanted));
    if (options->operand_count && (options->open || options->product))
        return hm_misuse("%s is one request: %s chooses among all", options->operands[0],
                         options->open ? "--open" : "--product");
    if (options->product) HM_TRY(hm_officer_product(office, options->product));
    HM_TRY(hm_glass_tell(options, office));
    if (!options->operand_count && !options->open) HM_TRY(hm_expiring_tell(options, office, &due));
    HM_TRY(hm_each_request(office, show, &listing));
    if (options->operand_count && !listing.found) return hm_no_request(listing.wanted);
    if (!listing.found && !options->json)
        printf("no%s requests%s%s (hallmark request makes one)\n", options->open ? " open" : "",
               options->product ? " for " : "", options->product ? options->product : "");
    return HM_OK;
}

hm_err hm_command_status(const hm_options *options) { return hm_with_office(options, status); }

/* ---- approve, reject, cancel ---- */

/* What hm_with_office's work has to know; it takes no context. */
static struct {
    unsigned long long number;
    hm_decision decision;
    bool checked, documents_checked;
    const char *key; /* NULL: none is needed */
    hm_buf signature;
} meant;

/* An operand's format is told as it was to the request; several formats are told by content. */
static const char *common_format(void) {
    const hm_request *r = &hm_shown.request;
    for (size_t i = 1; i < r->artifacts; i++)
        if (r->artifact[i].format != r->artifact[0].format) return NULL;
    return r->artifact[0].format == HM_LOGGED_CMS         ? "cms"
           : r->artifact[0].format == HM_LOGGED_CATALOGUE ? "catalogue"
           : r->artifact[0].format == HM_LOGGED_PE        ? "pe"
                                                          : NULL;
}

/* What is said of a release in its manifest is for the approver to judge; that the files are its payloads is computed.
 */
static hm_err compare_payloads(const hm_options *files, hm_connection *office, hm_bytes hash) {
    if (files->operand_count != hm_shown.release.components)
        return hm_misuse("the release is of %zu components, and %zu files are named (--digest-only looks at none)",
                         hm_shown.release.components, files->operand_count);
    return hm_compare_payloads(files, office, &hm_shown, hash);
}

static hm_err compare(const hm_options *options, hm_connection *office) {
    char product[HM_STATED_PRODUCT_MAX + 1], release[HM_REQUEST_RELEASE_MAX + 1];
    uint8_t hash[HM_SHA256_LEN];
    hm_options files = *options;
    files.operands++;
    files.operand_count--;
    files.given_count = 0; /* they are compared already */
    hm_sha256(hm_buf_bytes(&hm_shown.body), hash);
    if (hm_shown.release.components) return compare_payloads(&files, office, HM_ARRAY(hash));
    hm_text_copy(product, sizeof product, hm_shown.request.product);
    hm_text_copy(release, sizeof release, hm_shown.request.release);
    files.product = product;
    files.release = release;
    if (hm_shown.request.publish) return hm_compare_publication(&files, office, HM_ARRAY(hash));
    if (files.operand_count != hm_shown.request.artifacts)
        return hm_misuse("the request is of %zu files, and %zu are named (--digest-only looks at none)",
                         hm_shown.request.artifacts, files.operand_count);
    files.format = common_format();
    HM_TRY(hm_begin_request(office, HM_ARRAY(hash)));
    return hm_sign_files(&files, office, NULL, true);
}

static hm_err look(const hm_options *options, hm_connection *office) {
    HM_TRY(hm_fetch_request(office, meant.number));
    if (!options->json) {
        HM_TRY(hm_print_request());
        HM_TRY(hm_print_requested());
    }
    if (meant.decision == HM_DECISION_APPROVE)
        HM_TRY(hm_documents_compare(options, &hm_shown.request.documents, &meant.documents_checked));
    return meant.checked ? compare(options, office) : HM_OK;
}

static hm_err sign_decision(const char *path) {
    HM_KEY_FILE *key = NULL;
    uint8_t signature_hash[HM_SHA256_LEN];
    HM_TRY(hm_officer_key(path, &key));
    hm_signer signer = hm_key_file_signer(key);
    return hm_cose_sign(meant.decision == HM_DECISION_APPROVE ? HM_COSE_APPROVAL : HM_COSE_REJECTION,
                        hm_buf_bytes(&hm_shown.body), NULL, &signer, &meant.signature, signature_hash);
}

static hm_err send_decision(const hm_options *options, hm_connection *office) {
    static const char *const done[] = {"", "approved", "rejected", "cancelled"};
    hm_message question = {.type = HM_MSG_REQUEST_DECIDE}, answer;
    uint8_t hash[HM_SHA256_LEN];
    /* Only now, when the core is there: its module finds OpenSSL as it wants it (crypto/process.h). */
    if (meant.key) HM_TRY(sign_decision(meant.key));
    hm_sha256(hm_buf_bytes(&hm_shown.body), hash);
    question.field[HM_REQUEST_DECIDE_REQUEST].bytes = HM_ARRAY(hash);
    question.field[HM_REQUEST_DECIDE_DECISION].number = (uint64_t)meant.decision;
    question.field[HM_REQUEST_DECIDE_SIGNATURE].bytes = hm_buf_bytes(&meant.signature);
    question.field[HM_REQUEST_DECIDE_CHECKED].number = meant.checked;
    question.field[HM_REQUEST_DECIDE_DOCUMENTS_CHECKED].number = meant.documents_checked;
    HM_TRY(ask(office, &question, HM_MSG_DONE, &answer));
    printf(options->json ? "{\"request\":%llu,\"state\":\"%s\"}\n" : "request %llu: %s\n", meant.number,
           done[meant.decision]);
    return HM_OK;
}

static hm_err decide(const hm_options *options, hm_decision decision) {
    size_t keys = 0;
    for (size_t i = 0; i < options->given_count; i++) {
        if (strcmp(options->given[i].name, "--key") != 0) continue;
        meant.key = options->given[i].value;
        keys++;
    }
    HM_TRY(number_of(options->operands[0], &meant.number));
    meant.decision = decision;
    meant.checked = decision == HM_DECISION_APPROVE && !options->digest_only;
    if (decision != HM_DECISION_CANCEL && keys != 1)
        return hm_misuse("one --key FILE: that of the approver who decides");
    HM_TRY(hm_with_office(options, look));
    hm_err err = hm_with_office(options, send_decision);
    hm_buf_clear(&meant.signature);
    return err;
}

hm_err hm_command_approve(const hm_options *options) {
    if (options->digest_only && options->operand_count > 1)
        return hm_misuse("--digest-only looks at no file, and %s is named", options->operands[1]);
    if (!options->digest_only && options->operand_count < 2)
        return hm_misuse("which files? their digests are computed anew (--digest-only approves without looking)");
    return decide(options, HM_DECISION_APPROVE);
}
hm_err hm_command_reject(const hm_options *options) { return decide(options, HM_DECISION_REJECT); }
hm_err hm_command_cancel(const hm_options *options) { return decide(options, HM_DECISION_CANCEL); }

/* ---- sign --wait ---- */

hm_err hm_wait_for_approvals(const hm_options *options) {
    bool is_signed = false;
    HM_TRY(hm_wait_foresee(options));
    if (hm_is_native(options)) HM_TRY(hm_native_is_signed(options, &is_signed));
    if (is_signed) return HM_OK; /* which to sign it again says */
    HM_TRY(hm_with_office(options, request));
    return needed ? hm_wait_for_request(options, made) : HM_OK;
}
