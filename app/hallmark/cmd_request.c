/* request, approve, reject, cancel, status: signatures that need approval.
 *
 * What is requested goes the way of what is signed, up to the core's answer: the same parser computes the same digests.
 * So do an approver's files, which the core compares with the request; only then is the approval signed. */
#include "commands.h"
#include "office_access.h"
#include "officer.h"

#include <base/json.h>
#include <base/readable.h>
#include <pki/cose.h>
#include <policy/request.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static hm_err ask(hm_connection *office, const hm_message *question, hm_message_type wanted, hm_message *answer) {
    HM_TRY(hm_ask(office, question, answer));
    return answer->type == wanted ? HM_OK : hm_could_not("the core answered something else");
}

static hm_err begin(hm_connection *office, hm_bytes request) {
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

static hm_err request(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_REQUEST_CLOSE}, answer;
    HM_TRY(begin(office, HM_NO_BYTES));
    HM_TRY(hm_sign_files(options, office, NULL, true));
    HM_TRY(hm_ask(office, &question, &answer));
    needed = answer.type == HM_MSG_REQUEST_MADE;
    if (!needed) return HM_OK;
    made = answer.field[HM_REQUEST_MADE_INDEX].number;
    return print_made(options, &answer);
}

hm_err hm_command_request(const hm_options *options) {
    if (!options->product) return hm_misuse("which product? (--product NAME; hallmark product list shows them)");
    HM_TRY(hm_with_office(options, request));
    return needed ? HM_OK : hm_refuse("the policy wants no approval for this (hallmark sign signs it)");
}

/* ---- what there is ---- */

/* One request as the office tells it. About 25 KiB, and views; one process looks at one at a time. */
typedef struct {
    unsigned long long index;
    hm_buf body;
    hm_request request;
    char state[24], closer[HM_PRINCIPAL_NAME_MAX + 1], approvers[4097], awaits[HM_SENTENCE_MAX];
    uint64_t signatures;
} shown_request;
static shown_request shown;

static void copy_text(char *to, size_t size, hm_bytes text) {
    snprintf(to, size, "%.*s", (int)text.len, (const char *)text.data);
}

static hm_err take(const hm_message *answer) {
    shown.body.len = 0;
    HM_TRY(hm_put(&shown.body, answer->field[HM_REQUEST_BODY].bytes));
    HM_TRY(hm_request_get(hm_buf_bytes(&shown.body), &shown.request));
    shown.index = answer->field[HM_REQUEST_INDEX].number;
    shown.signatures = answer->field[HM_REQUEST_SIGNATURES].number;
    copy_text(shown.state, sizeof shown.state, answer->field[HM_REQUEST_STATE].bytes);
    copy_text(shown.closer, sizeof shown.closer, answer->field[HM_REQUEST_CLOSER].bytes);
    copy_text(shown.approvers, sizeof shown.approvers, answer->field[HM_REQUEST_APPROVERS].bytes);
    copy_text(shown.awaits, sizeof shown.awaits, answer->field[HM_REQUEST_AWAITS].bytes);
    return HM_OK;
}

static hm_err each(hm_connection *office, hm_err (*visit)(void *context), void *context) {
    hm_message question = {.type = HM_MSG_REQUEST_LIST}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    for (;;) {
        bool more;
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_REQUEST, &more));
        if (!more) return HM_OK;
        HM_TRY(take(&answer));
        HM_TRY(visit(context));
        HM_TRY(hm_listen(office, &answer));
    }
}

static bool is_open(void) { return strcmp(shown.state, "open") == 0; }

static hm_err print_line(void) {
    const hm_request *r = &shown.request;
    char until[16];
    HM_BUF release = HM_BUF_EMPTY;
    HM_TRY(hm_put_readable(&release, r->release));
    hm_officer_put_date(r->expires, until);
    printf("%llu: %s%s%s: %.*s %.*s, %zu %s, asked by %.*s until %s", shown.index, shown.state,
           shown.closer[0] ? " by " : "", shown.closer, (int)r->product.len, (const char *)r->product.data,
           (int)release.len, (const char *)release.data, r->artifacts, r->artifacts == 1 ? "file" : "files",
           (int)r->requester.len, (const char *)r->requester.data, until);
    printf(shown.approvers[0] ? ", approved by %s" : ", not approved yet", shown.approvers);
    printf(shown.signatures ? ", %llu signed\n" : "\n", (unsigned long long)shown.signatures);
    if (is_open()) printf("  %s\n", shown.awaits[0] ? shown.awaits : "approved: hallmark sign signs it");
    return HM_OK;
}

static hm_err print_artifacts(void) {
    for (size_t i = 0; i < shown.request.artifacts; i++) {
        const hm_artifact *a = &shown.request.artifact[i];
        HM_BUF line = HM_BUF_EMPTY;
        HM_TRY(hm_put_hex(&line, a->plain));
        HM_TRY(hm_put_format(&line, "  %llu bytes, %s  ", (unsigned long long)a->size,
                             hm_key_algorithm_name(a->algorithm)));
        HM_TRY(hm_put_readable(&line, a->name));
        printf("  %.*s\n", (int)line.len, (const char *)line.data);
    }
    return HM_OK;
}

static hm_err print_json(void) {
    const hm_request *r = &shown.request;
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_number(&json, "request", (int64_t)shown.index);
    hm_json_string(&json, "state", shown.state);
    hm_json_text(&json, "product", r->product);
    hm_json_text(&json, "release", r->release);
    hm_json_text(&json, "requester", r->requester);
    hm_json_number(&json, "expires", r->expires);
    hm_json_string(&json, "approvers", shown.approvers);
    hm_json_number(&json, "signed", (int64_t)shown.signatures);
    hm_json_string(&json, "awaits", shown.awaits);
    hm_json_array(&json, "artifacts");
    for (size_t i = 0; i < r->artifacts; i++) {
        hm_json_object(&json, NULL);
        hm_json_text(&json, "name", r->artifact[i].name);
        hm_json_number(&json, "size", (int64_t)r->artifact[i].size);
        hm_json_hex(&json, "sha256", r->artifact[i].plain);
        hm_json_close_object(&json);
    }
    hm_json_close_array(&json);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

typedef struct {
    const hm_options *options;
    unsigned long long wanted; /* ULLONG_MAX: all */
    bool found;
} status_listing;

static hm_err show(void *context) {
    status_listing *listing = context;
    bool named = listing->options->operand_count;
    if (named && shown.index != listing->wanted) return HM_OK;
    listing->found = true;
    if (listing->options->json) return print_json();
    HM_TRY(print_line());
    return named ? print_artifacts() : HM_OK;
}

static hm_err number_of(const char *word, unsigned long long *number) {
    uint64_t value;
    if (hm_failed(hm_decimal_decode(hm_text(word), &value)))
        return hm_misuse("%s: a request is named by its number (hallmark status lists them)", word);
    *number = value;
    return HM_OK;
}

static hm_err none(unsigned long long number) {
    return hm_refuse("there is no request %llu (hallmark status lists them)", number);
}

static hm_err status(const hm_options *options, hm_connection *office) {
    status_listing listing = {.options = options};
    if (options->operand_count) HM_TRY(number_of(options->operands[0], &listing.wanted));
    HM_TRY(each(office, show, &listing));
    if (options->operand_count && !listing.found) return none(listing.wanted);
    if (!listing.found && !options->json) printf("no requests (hallmark request makes one)\n");
    return HM_OK;
}

hm_err hm_command_status(const hm_options *options) { return hm_with_office(options, status); }

/* ---- approve, reject, cancel ---- */

/* What hm_with_office's work has to know; it takes no context. */
static struct {
    unsigned long long number;
    hm_decision decision;
    bool checked;
    const char *key; /* NULL: none is needed */
    hm_buf signature;
} meant;

/* SHOWN becomes the request that is meant. */
static hm_err fetch(hm_connection *office) {
    hm_message question = {.type = HM_MSG_REQUEST_LIST}, answer;
    bool found = false;
    HM_TRY(hm_ask(office, &question, &answer));
    for (;;) {
        bool more;
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_REQUEST, &more));
        if (!more) return found ? HM_OK : none(meant.number);
        if (answer.field[HM_REQUEST_INDEX].number == meant.number) {
            HM_TRY(take(&answer));
            found = true;
        }
        HM_TRY(hm_listen(office, &answer));
    }
}

/* An operand's format is told as it was to the request; several formats are told by content. */
static const char *common_format(void) {
    const hm_request *r = &shown.request;
    for (size_t i = 1; i < r->artifacts; i++)
        if (r->artifact[i].format != r->artifact[0].format) return NULL;
    return r->artifact[0].format == HM_LOGGED_CMS         ? "cms"
           : r->artifact[0].format == HM_LOGGED_CATALOGUE ? "catalogue"
           : r->artifact[0].format == HM_LOGGED_PE        ? "pe"
                                                          : NULL;
}

static hm_err compare(const hm_options *options, hm_connection *office) {
    char product[HM_STATED_PRODUCT_MAX + 1], release[HM_REQUEST_RELEASE_MAX + 1];
    uint8_t hash[HM_SHA256_LEN];
    hm_options files = *options;
    files.operands++;
    files.operand_count--;
    if (files.operand_count != shown.request.artifacts)
        return hm_misuse("the request is of %zu files, and %zu are named (--digest-only looks at none)",
                         shown.request.artifacts, files.operand_count);
    copy_text(product, sizeof product, shown.request.product);
    copy_text(release, sizeof release, shown.request.release);
    files.product = product;
    files.release = release;
    files.format = common_format();
    hm_sha256(hm_buf_bytes(&shown.body), hash);
    HM_TRY(begin(office, HM_ARRAY(hash)));
    return hm_sign_files(&files, office, NULL, true);
}

static hm_err look(const hm_options *options, hm_connection *office) {
    HM_TRY(fetch(office));
    if (!options->json) {
        HM_TRY(print_line());
        HM_TRY(print_artifacts());
    }
    return meant.checked ? compare(options, office) : HM_OK;
}

static hm_err sign_decision(const char *path) {
    HM_KEY_FILE *key = NULL;
    uint8_t signature_hash[HM_SHA256_LEN];
    HM_TRY(hm_officer_key(path, &key));
    hm_signer signer = hm_key_file_signer(key);
    return hm_cose_sign(meant.decision == HM_DECISION_APPROVE ? HM_COSE_APPROVAL : HM_COSE_REJECTION,
                        hm_buf_bytes(&shown.body), NULL, &signer, &meant.signature, signature_hash);
}

static hm_err send_decision(const hm_options *options, hm_connection *office) {
    static const char *const done[] = {"", "approved", "rejected", "cancelled"};
    hm_message question = {.type = HM_MSG_REQUEST_DECIDE}, answer;
    uint8_t hash[HM_SHA256_LEN];
    /* Only now, when the core is there: its module finds OpenSSL as it wants it (crypto/process.h). */
    if (meant.key) HM_TRY(sign_decision(meant.key));
    hm_sha256(hm_buf_bytes(&shown.body), hash);
    question.field[HM_REQUEST_DECIDE_REQUEST].bytes = HM_ARRAY(hash);
    question.field[HM_REQUEST_DECIDE_DECISION].number = (uint64_t)meant.decision;
    question.field[HM_REQUEST_DECIDE_SIGNATURE].bytes = hm_buf_bytes(&meant.signature);
    question.field[HM_REQUEST_DECIDE_CHECKED].number = meant.checked;
    HM_TRY(ask(office, &question, HM_MSG_DONE, &answer));
    printf(options->json ? "{\"request\":%llu,\"state\":\"%s\"}\n" : "request %llu: %s\n", meant.number,
           done[meant.decision]);
    return HM_OK;
}

static hm_err decide(const hm_options *options, hm_decision decision) {
    meant.key = options->given_count ? options->given[0].value : NULL;
    HM_TRY(number_of(options->operands[0], &meant.number));
    meant.decision = decision;
    meant.checked = decision == HM_DECISION_APPROVE && !options->digest_only;
    if (decision != HM_DECISION_CANCEL && options->given_count != 1)
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

enum { LOOK_EVERY = 2 }; /* seconds */

static hm_err take_state(const hm_options *options, hm_connection *office) {
    (void)options;
    return fetch(office);
}

/* Until nothing is missing any more. What will not come about is told. */
static hm_err wait_for_approvals(const hm_options *options) {
    for (;; sleep(LOOK_EVERY)) {
        HM_TRY(hm_with_office(options, take_state));
        if (is_open() && !shown.awaits[0]) return HM_OK;
        if (strcmp(shown.state, "done") == 0) return HM_OK;
        if (!is_open())
            return hm_raise_again(HM_DENIED, shown.closer[0] ? "the request was rejected (hallmark status)"
                                             : strcmp(shown.state, "expired") == 0
                                                 ? "nobody approved in time: the request has expired"
                                                 : "the request was cancelled");
    }
}

hm_err hm_wait_for_approvals(const hm_options *options) {
    HM_TRY(hm_with_office(options, request));
    if (!needed) return HM_OK;
    meant.number = made;
    fflush(stdout);
    return wait_for_approvals(options);
}
