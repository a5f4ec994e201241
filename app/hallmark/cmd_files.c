/* sign, verify, inspect, log check FILE, log prove: what looks into files. */
#include "cmd_native.h"
#include "commands.h"
#include "documents.h"
#include "office_access.h"
#include "front.h"
#include "keys.h"
#include "native_plan.h"
#include "parse_check.h"
#include "parse_sign.h"
#include "pending.h"
#include "revocation_files.h"

#include <client/remote.h>
#include <base/file.h>
#include <base/io.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A trust list or bundle begins with a CBOR tag, which is no character of PEM. */
enum { RELEASE_MAX = 64, ROLE_SIGNING = 4, FIRST_TAG = 0xc0, TSA_TRUST_MAX = 1 << 20 };

/* From here on the session belongs to a parser: what it may ask of the core is fixed before there is one. */
static hm_err narrow(hm_connection *office, const char *product, const char *release, uint32_t formats,
                     size_t signatures, size_t proofs, hm_bytes documents) {
    hm_message question = {.type = HM_MSG_NARROW}, answer;
    question.field[HM_NARROW_PRODUCT].bytes = hm_text(product);
    question.field[HM_NARROW_RELEASE].bytes = hm_text(release);
    question.field[HM_NARROW_FORMATS].number = formats;
    question.field[HM_NARROW_SIGNATURES].number = signatures;
    question.field[HM_NARROW_PROOFS].number = proofs;
    question.field[HM_NARROW_DOCUMENTS].bytes = documents;
    return hm_ask(office, &question, &answer);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two operands whose outputs would have the same name: one of them would be lost. */
static hm_err check_names(const char **names, size_t count) {
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0) return hm_misuse("two outputs would both be written for %s", names[i]);
    return HM_OK;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void free_names(const char **names, size_t count) {
    for (size_t i = 0; i < count; i++) free((void *)(uintptr_t)names[i]);
    free(names);
}

/* Each operand's real path, or, when the outputs go to one folder, its last part. */
static hm_err check_apart(const hm_options *options, bool one_folder) {
    const char **names = calloc(options->operand_count, sizeof *names);
    if (!names) return hm_no_memory();
    for (size_t i = 0; i < options->operand_count; i++) {
        const char *operand = options->operands[i];
        char *resolved = one_folder ? NULL : realpath(operand, NULL);
        names[i] = resolved ? resolved : strdup(one_folder ? last_part(operand) : operand);
        if (!names[i]) {
            free_names(names, i);
            return hm_no_memory();
        }
    }
    hm_err err = check_names(names, options->operand_count);
    free_names(names, options->operand_count);
    return err;
}

/* Where do outputs go, and does none fall on another? */
static hm_err check_output(const hm_options *options, bool writes) {
    struct stat st;
    bool folder = options->output && stat(options->output, &st) == 0 && S_ISDIR(st.st_mode);
    if (options->output && options->operand_count > 1 && !folder)
        return hm_misuse("-o %s: with several files this must be a folder that exists", options->output);
    if (options->signature && options->operand_count > 1) return hm_misuse("--signature goes with one file only");
    if (options->proof && options->operand_count > 1) return hm_misuse("--proof goes with one file only");
    return writes && options->operand_count > 1 ? check_apart(options, folder) : HM_OK;
}

/* The format that was asked for, or those that a file's content can tell of. */
static uint32_t formats_to_sign(const hm_options *options) {
    const hm_format *format = options->format ? hm_format_by_name(options->format) : NULL;
    return format ? 1u << format->id : 1u << HM_FORMAT_CMS | 1u << HM_FORMAT_CATALOGUE | 1u << HM_FORMAT_PE;
}

/* WHICH is the parsing process's choice. */
static hm_err stamp(const void *context, size_t which, hm_bytes request, hm_buf *response) {
    const hm_stamp_orders *stamps = context;
    if (which >= stamps->count) return hm_could_not("the parsing process asked for a timestamp that there is not");
    return hm_stamp_fetch(stamps->authority[which], request, response);
}

static hm_err read_stamps(const hm_options *options, hm_buf *tsa_trust, hm_buf *words, hm_stamp_orders *stamps) {
    HM_TRY(hm_stamp_wanted(options, words, stamps));
    if (!options->tsa_trust) return HM_OK;
    if (!stamps->count) return hm_misuse("--tsa-trust goes with --timestamp");
    HM_TRY(hm_file_read(AT_FDCWD, options->tsa_trust, TSA_TRUST_MAX, tsa_trust));
    stamps->roots = hm_buf_bytes(tsa_trust);
    return HM_OK;
}

hm_err hm_sign_files(const hm_options *options, hm_connection *office, char *page, bool noted) {
    HM_BUF documents = HM_BUF_EMPTY;
    HM_TRY(hm_documents_narrow(options, &documents));
    HM_TRY(narrow(office, options->product, options->release ? options->release : "", formats_to_sign(options),
                  options->operand_count, 0, hm_buf_bytes(&documents)));
    HM_BUF trust = HM_BUF_EMPTY;
    HM_STRING *directory = NULL;
    HM_TRY(hm_office_directory(options, &directory));
    hm_options own = *options;
    own.trust = NULL;
    HM_TRY(hm_read_trust(&own, &trust));
    HM_BUF tsa_trust = HM_BUF_EMPTY, words = HM_BUF_EMPTY;
    hm_stamp_orders stamps = {.office_roots = hm_buf_bytes(&trust)};
    if (!noted) HM_TRY(read_stamps(options, &tsa_trust, &words, &stamps));
    hm_sign_orders orders = {.format = options->format,
                             .product = options->product,
                             .release = options->release ? options->release : "",
                             .replace = options->replace,
                             .noted = noted,
                             .elsewhere = options->output != NULL,
                             .distrust = hm_remote_is(directory),
                             .trust = hm_buf_bytes(&trust),
                             .now = time(NULL),
                             .stamps = stamps};
    hm_front front = {.options = options,
                      .parser = hm_parse_sign,
                      .context = &orders,
                      .core_fd = office->fd,
                      .parsers = 1,
                      .done = noted ? "noted" : "signed",
                      .signing = true,
                      .stamp = stamp,
                      .stamp_context = &stamps,
                      .stamps = stamps.count * options->operand_count,
                      .outputs = noted ? 0 : 1u << HM_PART_CONTENT | 1u << HM_PART_SIGNATURE | 1u << HM_PART_CATALOGUE,
                      .office = directory,
                      .pending = page};
    return hm_front_run(&front);
}

bool hm_is_native(const hm_options *options) {
    return options->format && strcmp(options->format, hm_format_native.name) == 0;
}

hm_err hm_command_sign(const hm_options *options) {
    if (!options->product) return hm_misuse("which product? (--product NAME; hallmark product list shows them)");
    if (options->release && strlen(options->release) > RELEASE_MAX)
        return hm_misuse("--release: a version has at most %d characters", RELEASE_MAX);
    if (hm_is_native(options)) return hm_sign_native(options);
    HM_TRY(hm_refuse_native_options(options));
    HM_TRY(check_output(options, true));
    if (options->wait) HM_TRY(hm_wait_for_approvals(options));
    hm_connection office = HM_CONNECTION_NONE;
    char *page;
    HM_TRY(hm_connect_with_pending(options, &office, &page));
    return hm_close_office(options, &office, hm_sign_files(options, &office, page, false));
}

static size_t processors(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 1 ? (size_t)n : 1;
}

static hm_err fill_orders(const hm_options *options, hm_buf *trust, hm_check_orders *orders) {
    HM_TRY(hm_read_trust(options, trust));
    *orders = (hm_check_orders){.format = options->format,
                                .product = options->product,
                                .trust = hm_buf_bytes(trust),
                                .trust_name = options->trust,
                                .require_log = options->require_log,
                                .now = time(NULL)};
    if (!trust->len || trust->data[0] < FIRST_TAG)
        return hm_log_key_of_trust(hm_buf_bytes(trust), &orders->log_key, &orders->has_log_key);
    orders->list = true;
    if (options->tsa_trust) return hm_misuse("--tsa-trust: a trust list knows no timestamps");
    return options->require_log ? hm_misuse("--require-log: a trust list says itself whose signatures need receipts")
                                : HM_OK;
}

/* Which office may lie in the way; none is no fault where none is needed. */
static char *possible_office(const hm_options *options) {
    char *directory = NULL;
    return hm_failed(hm_office_directory(options, &directory)) ? NULL : directory;
}

static bool is_envelope(const char *operand) {
    size_t len = strlen(operand);
    return len > 5 && strcmp(operand + len - 5, ".cose") == 0;
}

static size_t envelopes(const hm_options *options) {
    size_t count = 0;
    for (size_t i = 0; i < options->operand_count; i++) count += is_envelope(options->operands[i]);
    return count;
}

/* FILE.cose PAYLOAD...: one envelope, first, and what is behind it belongs to it. */
static bool is_gathered(const hm_options *options) {
    if (options->operand_count < 2) return false;
    return hm_is_native(options) ? envelopes(options) < 2
                                 : envelopes(options) == 1 && is_envelope(options->operands[0]);
}

static hm_check_orders meant; /* hm_with_office takes no context */

static hm_err take_class(const hm_options *options, hm_connection *office) {
    uint32_t ignored;
    meant.has_class = true;
    return hm_ask_product(office, options->product, meant.vendor, meant.class_id, &ignored);
}

/* Which device is asked what it makes of it? */
static hm_err take_device(const hm_options *options, hm_check_orders *orders) {
    static uint8_t device[HM_MANIFEST_DEVICE];
    const char *id = hm_given_value(options, "--device");
    if (id && !orders->list) return hm_misuse("--device goes with a trust list (--trust LIST)");
    if (id) HM_TRY(hm_device_id(id, device, &orders->device));
    if (!orders->list || !options->product) return HM_OK;
    meant = *orders;
    HM_TRY(hm_with_office(options, take_class));
    *orders = meant;
    return HM_OK;
}

/* The parsing process cannot look beside what is no envelope. */
static hm_err look_beside(const hm_options *options, bool **found) {
    *found = calloc(options->operand_count + 1, sizeof **found);
    if (!*found) return hm_no_memory();
    for (size_t i = 0; i < options->operand_count; i++) {
        char path[PATH_MAX];
        struct stat st;
        bool fits = snprintf(path, sizeof path, "%s.cose", options->operands[i]) < PATH_MAX;
        (*found)[i] = fits && stat(path, &st) == 0 && S_ISREG(st.st_mode);
    }
    return HM_OK;
}

hm_err hm_command_verify(const hm_options *options) {
    HM_BUF revocations = HM_BUF_EMPTY;
    HM_STRING *directory = possible_office(options);
    HM_TRY(check_output(options, false));
    HM_BUF trust = HM_BUF_EMPTY, tsa_trust = HM_BUF_EMPTY;
    hm_check_orders orders;
    HM_TRY(fill_orders(options, &trust, &orders));
    if (options->tsa_trust) HM_TRY(hm_file_read(AT_FDCWD, options->tsa_trust, TSA_TRUST_MAX, &tsa_trust));
    orders.tsa_trust = hm_buf_bytes(&tsa_trust);
    HM_TRY(hm_revocation_files(options, orders.list, &revocations));
    orders.crls = hm_buf_bytes(&revocations);
    orders.crl_required = options->crl_required;
    HM_TRY(take_device(options, &orders));
    bool *beside; /* as long as the command */
    HM_TRY(look_beside(options, &beside));
    orders.envelope_beside = beside;
    orders.payloads = !options->envelope_only;
    orders.gather = is_gathered(options) ? options->operand_count : 0;
    if (orders.gather && options->envelope_only)
        return hm_misuse("--envelope-only does not go with payloads (%s)", options->operands[1]);
    hm_front front = {.options = options,
                      .parser = hm_parse_verify,
                      .context = &orders,
                      .core_fd = -1,
                      .parsers = orders.gather ? 1 : processors(),
                      .done = "verified",
                      .gather = orders.gather != 0,
                      .siblings = envelopes(options) || hm_is_native(options),
                      .office = directory};
    return hm_front_run(&front);
}

hm_err hm_command_inspect(const hm_options *options) {
    HM_STRING *directory = possible_office(options);
    HM_TRY(check_output(options, false));
    hm_check_orders orders = {.format = options->format, .now = time(NULL)};
    hm_front front = {.options = options,
                      .parser = hm_parse_inspect,
                      .context = &orders,
                      .core_fd = -1,
                      .parsers = 1,
                      .done = "inspected",
                      .office = directory};
    return hm_front_run(&front);
}

static hm_buf signing_keys; /* hm_each_key takes no context */

static hm_err keep_key(const hm_options *options, const hm_message *key) {
    hm_bytes spki = key->field[HM_KEY_SPKI].bytes;
    (void)options;
    if (key->field[HM_KEY_ROLE].number != ROLE_SIGNING) return HM_OK;
    HM_TRY(hm_put_u16be(&signing_keys, (uint16_t)spki.len));
    return hm_put(&signing_keys, spki);
}

static hm_err run_against_log(const hm_options *options, hm_connection *office, char *page, bool write_proofs) {
    HM_BUF trust = HM_BUF_EMPTY;
    hm_check_orders orders;
    HM_STRING *directory = NULL;
    HM_TRY(hm_office_directory(options, &directory));
    signing_keys.len = 0;
    HM_TRY(hm_each_key(options, office, NULL, keep_key));
    HM_TRY(narrow(office, "", "", 0, 0, options->operand_count * HM_SIGNERS_MAX, HM_NO_BYTES));
    hm_options own = *options;
    own.trust = NULL;
    HM_TRY(fill_orders(&own, &trust, &orders));
    orders.write_proof = write_proofs;
    orders.keys = hm_buf_bytes(&signing_keys);
    hm_front front = {.options = options,
                      .parser = hm_parse_logged,
                      .context = &orders,
                      .core_fd = office->fd,
                      .parsers = 1,
                      .done = "logged",
                      .outputs = write_proofs ? 1u << HM_PART_PROOF : 0,
                      .office = directory,
                      .pending = page};
    return hm_front_run(&front);
}

hm_err hm_check_files_against_log(const hm_options *options, bool write_proofs) {
    HM_TRY(check_output(options, write_proofs));
    hm_connection office = HM_CONNECTION_NONE;
    char *page;
    HM_TRY(hm_connect_with_pending(options, &office, &page));
    return hm_close_office(options, &office, run_against_log(options, &office, page, write_proofs));
}

hm_err hm_command_log_prove(const hm_options *options) { return hm_check_files_against_log(options, true); }
