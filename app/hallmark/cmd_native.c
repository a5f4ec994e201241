/* sign --format native. */
#include "cmd_native.h"

#include "commands.h"
#include "documents.h"
#include "front.h"
#include "office_access.h"
#include "parse_native.h"
#include "pending.h"

#include <base/file.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A trust list or bundle begins with a CBOR tag, which is no character of PEM. */
enum { FIRST_TAG = 0xc0 };

static hm_err check_options(const hm_options *options) {
    if (options->cosign && options->given_count)
        return hm_misuse("%s does not go with --cosign: the manifest is written already", options->given[0].name);
    if (options->cosign && options->release)
        return hm_misuse("--release does not go with --cosign: the manifest says which one it is");
    if (options->cosign && !options->operand_count)
        return hm_misuse("--cosign needs an envelope, and behind it payloads that do not lie beside it (hallmark sign "
                         "--help)");
    if (options->cosign && options->envelope_only && options->operand_count > 1)
        return hm_misuse("--envelope-only does not go with payloads (%s)", options->operands[1]);
    if (!options->cosign && options->trust) return hm_misuse("--trust is for --cosign");
    if (!options->cosign && options->envelope_only) return hm_misuse("--envelope-only is for --cosign");
    return HM_OK;
}

hm_err hm_ask_product(hm_connection *office, const char *product, uint8_t vendor[static HM_UUID_LEN],
                      uint8_t class_id[static HM_UUID_LEN], uint32_t *algorithms) {
    hm_message question = {.type = HM_MSG_PRODUCT_LIST}, answer;
    question.field[HM_PRODUCT_LIST_NAME].bytes = hm_text(product);
    HM_TRY(hm_ask(office, &question, &answer));
    if (answer.type != HM_MSG_PRODUCT) return hm_could_not("core language: an answer to something else");
    memcpy(vendor, answer.field[HM_PRODUCT_VENDOR].bytes.data, HM_UUID_LEN);
    memcpy(class_id, answer.field[HM_PRODUCT_CLASS].bytes.data, HM_UUID_LEN);
    *algorithms = (uint32_t)answer.field[HM_PRODUCT_ALGORITHMS].number;
    return hm_listen(office, &answer); /* the end of the list */
}

/* What the office says of the product is for the manifest, so it is asked before the session is a parser's. */
/* The core would say that no verifier's algorithm is the product's, whose algorithms the user may not know. */
static hm_err check_algorithms(const hm_options *options, uint32_t product) {
    HM_BUF have = HM_BUF_EMPTY;
    unsigned a = 1;
    while (a <= HM_KEY_ALGORITHMS && !((options->algorithms & ~product) >> a & 1)) a++;
    if (options->cosign || a > HM_KEY_ALGORITHMS) return HM_OK;
    for (unsigned i = 1; i <= HM_KEY_ALGORITHMS; i++)
        if (product >> i & 1)
            HM_TRY(hm_put_format(&have, "%s%s", have.len ? ", " : "", hm_key_algorithm_name((hm_key_algorithm)i)));
    return hm_refuse("--algorithm %s: %s signs with %.*s (a product's algorithms are fixed by hallmark product add "
                     "--algorithm)",
                     hm_key_algorithm_name((hm_key_algorithm)a), options->product, (int)have.len,
                     (const char *)have.data);
}

static hm_err take_product(const hm_options *options, hm_connection *office, hm_native_orders *orders) {
    hm_manifest *manifest = &orders->plan.manifest;
    HM_TRY(hm_ask_product(office, options->product, manifest->vendor, manifest->class_id, &orders->product_algorithms));
    HM_TRY(check_algorithms(options, orders->product_algorithms));
    memcpy(manifest->publisher, office->uuid, sizeof manifest->publisher);
    manifest->purpose = office->development ? HM_PURPOSE_DEVELOPMENT : HM_PURPOSE_PRODUCTION;
    return HM_OK;
}

/* A description is the parser's to read: what it may say of security versions leaves most of their range for later. */
static uint64_t highest_security_version(const hm_native_plan *plan) {
    uint64_t highest = plan->described ? UINT32_MAX : 0;
    for (size_t i = 0; i < plan->manifest.components; i++)
        if (plan->manifest.component[i].security_version > highest)
            highest = plan->manifest.component[i].security_version;
    return highest;
}

/* One for each algorithm that was asked for. */
static uint64_t signatures(const hm_options *options) {
    uint64_t count = 0;
    for (uint32_t rest = options->cosign ? 0 : options->algorithms; rest; rest &= rest - 1) count++;
    return count ? count : 1;
}

/* The session is for what the command line says; a co-signer's, for the manifest in the envelope that was named. */
static hm_err narrow(const hm_options *options, hm_connection *office, const hm_native_plan *plan) {
    HM_BUF envelope = HM_BUF_EMPTY, documents = HM_BUF_EMPTY;
    hm_message question = {.type = HM_MSG_NARROW}, answer;
    HM_TRY(hm_documents_narrow(options, &documents));
    if (options->cosign) HM_TRY(hm_file_read(AT_FDCWD, options->operands[0], HM_COSE_ENVELOPE_MAX, &envelope));
    question.field[HM_NARROW_PRODUCT].bytes = hm_text(options->product);
    question.field[HM_NARROW_RELEASE].bytes = hm_text(options->cosign ? "" : options->release);
    question.field[HM_NARROW_FORMATS].number = 1u << HM_FORMAT_NATIVE;
    question.field[HM_NARROW_SIGNATURES].number = signatures(options);
    question.field[HM_NARROW_SEQUENCE].number = plan->has_sequence ? plan->manifest.sequence : 0;
    question.field[HM_NARROW_SECURITY_VERSION].number = highest_security_version(plan);
    question.field[HM_NARROW_COSIGN].bytes = hm_buf_bytes(&envelope);
    question.field[HM_NARROW_DOCUMENTS].bytes = hm_buf_bytes(&documents);
    return hm_ask(office, &question, &answer);
}

struct requests_of {
    const hm_options *options;
    hm_native_orders *orders;
};

/* The open request of this release by whose manifest a parser knows it again. */
static hm_err keep_requested(void *context) {
    struct requests_of *of = context;
    const hm_request *request = &hm_shown.request;
    hm_native_orders *orders = of->orders;
    if (!hm_shown_is_open() || !hm_shown.release.components ||
        !hm_bytes_equal(request->product, hm_text(of->options->product)) ||
        !hm_bytes_equal(request->release, hm_text(of->options->release)))
        return HM_OK;
    hm_requested_manifest *kept = &orders->requested[orders->requests++ % HM_REQUESTED_MAX];
    kept->sequence = hm_shown.release.sequence;
    hm_sha256(request->manifest, kept->hash);
    return HM_OK;
}

/* Its sequence number was fixed when it was requested. */
static hm_err take_requested(const hm_options *options, hm_connection *office, hm_native_orders *orders) {
    struct requests_of of = {options, orders};
    orders->requests = 0;
    return options->cosign ? HM_OK : hm_each_request(office, keep_requested, &of);
}

static hm_err run(const hm_options *options, hm_connection *office, char *page, hm_native_orders *orders, bool *same) {
    HM_STRING *directory = NULL;
    hm_options files = *options;
    if (!options->cosign) {
        files.operands = orders->plan.operand;
        files.operand_count = orders->plan.operands;
    }
    HM_TRY(hm_office_directory(options, &directory));
    HM_TRY(take_product(options, office, orders));
    HM_TRY(take_requested(options, office, orders));
    if (orders->noted) HM_TRY(hm_begin_request(office, HM_NO_BYTES));
    HM_TRY(narrow(options, office, &orders->plan));
    hm_front front = {.options = &files,
                      .parser = options->cosign ? hm_parse_cosign : hm_parse_native,
                      .context = orders,
                      .core_fd = office->fd,
                      .parsers = 1,
                      .done = options->cosign ? "co-signed"
                              : orders->noted ? "noted"
                                              : "signed",
                      .signing = true,
                      .gather = true,
                      .siblings = options->cosign || orders->plan.described,
                      .suffix = ".cose",
                      .outputs = orders->noted     ? 0
                                 : options->cosign ? 1u << HM_PART_CONTENT
                                                   : 1u << HM_PART_SIGNATURE,
                      .office = directory,
                      .pending = page,
                      .same = same};
    return hm_front_run(&front);
}

/* Not a root certificate: whose certificates these are is the other office's affair, whose keys a list says. */
static hm_err take_list(const hm_options *options, hm_buf *trust) {
    if (!options->trust) return HM_OK;
    HM_TRY(hm_read_trust(options, trust));
    return trust->len && trust->data[0] >= FIRST_TAG
               ? HM_OK
               : hm_misuse("--trust %s: is no trust list, which co-signing asks for signers' keys", options->trust);
}

/* -o, a name in the folder -o, or FILE.cose. */
static hm_err name_output(const hm_options *options, hm_native_orders *orders) {
    static char name[4096];
    struct stat st;
    const char *first = orders->plan.operand[0], *slash = strrchr(first, '/');
    bool folder = options->output && stat(options->output, &st) == 0 && S_ISDIR(st.st_mode);
    if (folder)
        snprintf(name, sizeof name, "%s/%s.cose", options->output, slash ? slash + 1 : first);
    else
        snprintf(name, sizeof name, "%s%s", options->output ? options->output : first, options->output ? "" : ".cose");
    orders->output = name;
    for (size_t i = 0; i < orders->plan.operands && options->output && !folder; i++) {
        struct stat each;
        if (stat(options->output, &st) == 0 && stat(orders->plan.operand[i], &each) == 0 && st.st_dev == each.st_dev &&
            st.st_ino == each.st_ino)
            return hm_misuse("-o %s: is one of the files that are signed", options->output);
    }
    return HM_OK;
}

static hm_err native_files(const hm_options *options, hm_connection *office, char *page, bool noted, bool *same) {
    HM_BUF trust = HM_BUF_EMPTY;
    static hm_native_orders orders; /* views of itself: it stays where it is */
    HM_TRY(check_options(options));
    if (!options->cosign) HM_TRY(hm_native_plan_make(options, time(NULL), &orders.plan));
    if (!options->cosign) HM_TRY(name_output(options, &orders));
    orders.algorithms = options->algorithms;
    orders.extras = (hm_native_extras){.receipt = !options->no_receipt, .chain = !options->no_chain};
    orders.replace = options->replace;
    orders.noted = noted;
    orders.look = same != NULL;
    HM_TRY(take_list(options, &trust));
    orders.terms = (hm_cosign_terms){
        .trust_name = options->trust, .trust = hm_buf_bytes(&trust), .payloads = !options->envelope_only};
    orders.operands = options->operand_count;
    return run(options, office, page, &orders, same);
}

hm_err hm_native_files(const hm_options *options, hm_connection *office, char *page, bool noted) {
    return native_files(options, office, page, noted, NULL);
}

static bool same[HM_MANIFEST_COMPONENTS + 1]; /* by operand; only the first has something to say */

static hm_err look(const hm_options *options, hm_connection *office) {
    return native_files(options, office, NULL, true, same);
}

hm_err hm_native_is_signed(const hm_options *options, bool *is_signed) {
    HM_TRY(hm_with_office(options, look));
    *is_signed = same[0];
    return HM_OK;
}

hm_err hm_sign_native(const hm_options *options) {
    hm_connection office = HM_CONNECTION_NONE;
    char *page;
    HM_TRY(check_options(options));
    if (hm_given_value(options, "--timestamp") || options->tsa_trust)
        return hm_misuse("--timestamp: an update's envelope carries none, since devices have no clock");
    if (options->wait && options->cosign) return hm_misuse("--wait: a co-signature cannot be requested");
    if (options->wait) HM_TRY(hm_wait_for_approvals(options));
    HM_TRY(hm_connect_with_pending(options, &office, &page));
    return hm_close_office(options, &office, hm_native_files(options, &office, page, false));
}

/* The session compares with one manifest. */
static hm_err narrow_to_request(hm_connection *office, const hm_shown_request *request) {
    hm_message question = {.type = HM_MSG_NARROW}, answer;
    question.field[HM_NARROW_PRODUCT].bytes = request->request.product;
    question.field[HM_NARROW_RELEASE].bytes = request->request.release;
    question.field[HM_NARROW_FORMATS].number = 1u << HM_FORMAT_NATIVE;
    question.field[HM_NARROW_SIGNATURES].number = request->request.artifacts;
    question.field[HM_NARROW_SEQUENCE].number = request->release.sequence;
    for (size_t i = 0; i < request->release.components; i++)
        if (request->release.component[i].security_version > question.field[HM_NARROW_SECURITY_VERSION].number)
            question.field[HM_NARROW_SECURITY_VERSION].number = request->release.component[i].security_version;
    return hm_ask(office, &question, &answer);
}

hm_err hm_compare_payloads(const hm_options *options, hm_connection *office, const hm_shown_request *request,
                           hm_bytes hash) {
    HM_STRING *directory = NULL;
    hm_compare_orders orders = {.manifest = request->request.manifest,
                                .operands = options->operand_count,
                                .name = request->request.artifact[0].name};
    for (size_t i = 0; i < request->request.artifacts && i < HM_MANIFEST_SIGNERS; i++)
        orders.algorithm[orders.algorithms++] = request->request.artifact[i].algorithm;
    HM_TRY(hm_office_directory(options, &directory));
    HM_TRY(hm_begin_request(office, hash));
    HM_TRY(narrow_to_request(office, request));
    hm_front front = {.options = options,
                      .parser = hm_parse_compare,
                      .context = &orders,
                      .core_fd = office->fd,
                      .parsers = 1,
                      .done = "noted",
                      .signing = true,
                      .gather = true,
                      .office = directory};
    return hm_front_run(&front);
}

/* The first that is given and not for every format. */
static const char *given_for_native(const hm_options *options) {
    for (size_t i = 0; i < options->given_count; i++)
        if (!hm_is_document_option(options->given[i].name) && strcmp(options->given[i].name, "--timestamp") != 0)
            return options->given[i].name;
    return NULL;
}

hm_err hm_refuse_native_options(const hm_options *options) {
    const char *given = given_for_native(options);
    const char *name = given                    ? given
                       : options->cosign        ? "--cosign"
                       : options->no_receipt    ? "--no-receipt"
                       : options->no_chain      ? "--no-chain"
                       : options->trust         ? "--trust"
                       : options->envelope_only ? "--envelope-only"
                       : options->algorithms    ? "--algorithm"
                                                : NULL;
    if (name) return hm_misuse("%s is for --format native", name);
    return options->operand_count ? HM_OK : hm_misuse("sign needs FILE... (hallmark sign --help)");
}
