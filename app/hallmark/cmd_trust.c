/* trust key, publisher, update, show, bundle; log key: what devices trust. */
#include "commands.h"
#include "front.h"
#include "keys.h"
#include "office_access.h"
#include "output_check.h"
#include "parse_trust.h"
#include "pending.h"
#include "trust_file.h"

#include <base/file.h>
#include <crypto/algorithm.h>
#include <crypto/uuid.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys. What the core says is believed, and parsed here. */

static hm_err ask_for_key(hm_connection *office, hm_message_type type, hm_list_key *key) {
    hm_message question = {.type = type}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    return hm_list_key_read(answer.field[HM_BYTES_CONTENT].bytes, key);
}

static hm_err put_file(const hm_options *options, hm_bytes content) {
    return options->output ? hm_file_write(AT_FDCWD, options->output, content, 0644) : HM_OK;
}

static hm_err print_kid(const hm_options *options, const char *what, hm_bytes kid) {
    HM_BUF hex = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&hex, kid));
    printf(options->json ? "{\"kid\":\"%.*s\",\"algorithm\":\"ESP256\"}\n" : "%.*s  %s\n", (int)hex.len,
           (const char *)hex.data, what);
    return HM_OK;
}

static hm_err show_root_key(const hm_options *options, hm_connection *office) {
    hm_list_key key;
    HM_BUF file = HM_BUF_EMPTY;
    HM_TRY(ask_for_key(office, HM_MSG_TRUST_KEY, &key));
    HM_TRY(hm_root_file_put(&key, &file));
    HM_TRY(put_file(options, hm_buf_bytes(&file)));
    return print_kid(options, "root of the trust list", HM_ARRAY(key.kid));
}

hm_err hm_command_trust_key(const hm_options *options) {
    HM_TRY(hm_output_check_operands(options));
    return hm_with_office(options, show_root_key);
}

/* A publisher's file. */

typedef struct {
    hm_publisher_file file;
    uint64_t algorithms; /* of the product */
    uint32_t wanted;     /* of --algorithm */
} publisher_making;

/* One at a time: hm_each_key takes no context. */
static publisher_making making;

static hm_err take_spki(hm_bytes spki, hm_list_key *key) {
    HM_BUF cose = HM_BUF_EMPTY;
    HM_TRY(hm_cose_key_put(spki, &cose));
    return hm_list_key_read(hm_buf_bytes(&cose), key);
}

enum { ROLE_SIGNING = 4 };

static hm_err take_key(const hm_options *options, const hm_message *key) {
    (void)options;
    hm_list_publisher *p = &making.file.publisher;
    uint64_t role = key->field[HM_KEY_ROLE].number, algorithm = key->field[HM_KEY_ALGORITHM].number;
    uint64_t state = key->field[HM_KEY_STATE].number;
    if (role != ROLE_SIGNING || !(making.wanted >> algorithm & 1)) return HM_OK;
    /* What a key signed that was stopped later stays good; what somebody else may have signed is not. */
    if (state == HM_KEY_COMPROMISED || state == HM_KEY_PRE_ACTIVATION) return HM_OK;
    if (p->keys == HM_LIST_KEYS_MAX)
        return hm_refuse("the product has more keys than the %d that a publisher has in a trust list",
                         HM_LIST_KEYS_MAX);
    return take_spki(key->field[HM_KEY_SPKI].bytes, &p->key[p->keys++]);
}

static hm_err take_log_key(hm_connection *office, hm_list_log *log) {
    memcpy(log->office, office->uuid, sizeof log->office);
    return ask_for_key(office, HM_MSG_LOG_KEY, &log->key);
}

static hm_err take_product(hm_connection *office, const char *name) {
    hm_message question = {.type = HM_MSG_PRODUCT_LIST}, answer;
    hm_list_publisher *p = &making.file.publisher;
    question.field[HM_PRODUCT_LIST_NAME].bytes = hm_text(name);
    HM_TRY(hm_ask(office, &question, &answer));
    if (answer.type != HM_MSG_PRODUCT) return hm_could_not("core language: an answer to something else");
    memcpy(p->class_id[0], answer.field[HM_PRODUCT_CLASS].bytes.data, HM_LIST_UUID_LEN);
    p->classes = 1;
    making.algorithms = answer.field[HM_PRODUCT_ALGORITHMS].number;
    return hm_listen(office, &answer);
}

/* What native releases are signed with unless told otherwise: the smallest that every device has. */
static uint32_t preferred(uint64_t algorithms) {
    static const hm_key_algorithm order[] = {HM_KEY_ES256, HM_KEY_ED25519, HM_KEY_ES384, HM_KEY_RSA3072,
                                             HM_KEY_RSA4096};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (algorithms >> order[i] & 1) return 1u << order[i];
    return 0;
}

static hm_err make_keys(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_KEY_GENERATE}, answer;
    making.wanted = options->algorithms ? options->algorithms : preferred(making.algorithms);
    for (unsigned a = 1; a <= HM_KEY_ALGORITHMS; a++) {
        if (!(making.wanted >> a & 1)) continue;
        question.field[HM_KEY_GENERATE_PRODUCT].bytes = hm_text(options->product);
        question.field[HM_KEY_GENERATE_ALGORITHM].number = a;
        HM_TRY(hm_ask(office, &question, &answer));
    }
    return hm_each_key(options, office, options->product, take_key);
}

/* Everything but what has power over trust itself and over the boot chain, unless the custodians say so. */
enum { USUAL_KINDS = 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6, PRODUCTION = 1, DEVELOPMENT = 2 };

static void describe_publisher(const hm_connection *office) {
    hm_list_publisher *p = &making.file.publisher;
    memcpy(p->uuid, office->uuid, sizeof p->uuid);
    size_t len = 0;
    for (const char *c = office->organization; *c && len < HM_LIST_TEXT_MAX; c++)
        p->name[len++] = *c >= 0x20 && *c < 0x7f ? *c : '?';
    p->kinds = USUAL_KINDS;
    p->purposes = office->development ? DEVELOPMENT : PRODUCTION;
    p->threshold = 1;
    p->receipts = true;
    making.file.logs = 1;
}

static hm_err print_publisher(const hm_options *options, hm_bytes file) {
    const hm_list_publisher *p = &making.file.publisher;
    uint8_t digest[HM_SHA256_LEN];
    char uuid[HM_UUID_TEXT];
    HM_BUF hex = HM_BUF_EMPTY;
    hm_sha256(file, digest);
    hm_uuid_text(p->uuid, uuid);
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(digest)));
    if (options->json) {
        printf("{\"publisher\":\"%s\",\"keys\":%zu,\"sha256\":\"%.*s\"}\n", uuid, p->keys, (int)hex.len,
               (const char *)hex.data);
        return HM_OK;
    }
    printf("%s: %s, publisher %s, %zu key%s%s\n  SHA-256 %.*s (compare it with what reaches the custodians)\n",
           options->output, p->name, uuid, p->keys, p->keys == 1 ? "" : "s", p->receipts ? ", and the log's" : "",
           (int)hex.len, (const char *)hex.data);
    return HM_OK;
}

static hm_err make_publisher(const hm_options *options, hm_connection *office) {
    HM_BUF file = HM_BUF_EMPTY;
    memset(&making, 0, sizeof making);
    HM_TRY(take_product(office, options->product));
    HM_TRY(make_keys(options, office));
    HM_TRY(take_log_key(office, &making.file.log[0]));
    describe_publisher(office);
    HM_TRY(hm_publisher_file_put(&making.file, &file));
    HM_TRY(put_file(options, hm_buf_bytes(&file)));
    return print_publisher(options, hm_buf_bytes(&file));
}

hm_err hm_command_trust_publisher(const hm_options *options) {
    if (!options->product) return hm_misuse("which product? (--product NAME)");
    if (!options->output) return hm_misuse("where to? (-o FILE)");
    HM_TRY(hm_output_check_operands(options));
    return hm_with_office(options, make_publisher);
}

static hm_err show_log_key(const hm_options *options, hm_connection *office) {
    HM_BUF file = HM_BUF_EMPTY;
    hm_list_log log;
    HM_TRY(take_log_key(office, &log));
    HM_TRY(hm_log_file_put(&log, &file));
    HM_TRY(put_file(options, hm_buf_bytes(&file)));
    return print_kid(options, "receipts of the log", HM_ARRAY(log.key.kid));
}

hm_err hm_command_log_key(const hm_options *options) {
    HM_TRY(hm_output_check_operands(options));
    return hm_with_office(options, show_log_key);
}

/* Lists. Their bytes are read here and looked at in the parser. */

static void orders_free(hm_trust_orders **orders) {
    if (!*orders) return;
    for (size_t i = 0; i < (*orders)->edits; i++) hm_buf_clear(&(*orders)->edit[i].file);
    hm_buf_clear(&(*orders)->old);
    free(*orders);
}
#define ORDERS __attribute__((cleanup(orders_free))) hm_trust_orders

static bool names_file(const hm_given *given) {
    static const char *const with_file[] = {"--add-root", "--add-publisher", "--add-key", "--add-log"};
    for (size_t i = 0; i < sizeof with_file / sizeof with_file[0]; i++)
        if (strcmp(given->name, with_file[i]) == 0) return true;
    if (strcmp(given->name, "--keep") != 0) return false;
    size_t digits = strspn(given->value, "0123456789abcdef");
    return digits != 2 * HM_SHA256_LEN || given->value[digits];
}

static hm_err read_edits(const hm_options *options, hm_trust_orders *orders) {
    for (; orders->edits < options->given_count; orders->edits++) {
        const hm_given *given = &options->given[orders->edits];
        hm_trust_edit *edit = &orders->edit[orders->edits];
        *edit = (hm_trust_edit){given->name, given->value, names_file(given), HM_BUF_EMPTY};
        if (edit->has_file) HM_TRY(hm_file_read(AT_FDCWD, given->value, HM_LIST_MAX, &edit->file));
    }
    return HM_OK;
}

static hm_err read_orders(const hm_options *options, hm_trust_orders **orders) {
    *orders = calloc(1, sizeof **orders);
    if (!*orders) return hm_no_memory();
    (*orders)->operands = options->operand_count;
    (*orders)->output = options->output;
    (*orders)->fresh = options->new_list;
    (*orders)->has_old = options->old_list != NULL;
    (*orders)->old_name = options->old_list;
    if (options->old_list) HM_TRY(hm_file_read(AT_FDCWD, options->old_list, HM_LIST_MAX, &(*orders)->old));
    return read_edits(options, *orders);
}

/* The list is a new file, and not one of those that it is made of. */
static hm_err check_output(const hm_options *options) {
    const char *file[HM_GIVEN_MAX];
    size_t files = 0;
    for (size_t i = 0; i < options->given_count; i++)
        if (names_file(&options->given[i])) file[files++] = options->given[i].value;
    HM_TRY(hm_output_check_operands(options));
    return hm_output_check(options, file, files);
}

/* Without an office none can be in the way. */
static hm_err run(const hm_options *options, hm_parser_run parser, const char *done, bool writes) {
    ORDERS *orders = NULL;
    HM_STRING *directory = NULL;
    HM_TRY(read_orders(options, &orders));
    if (hm_failed(hm_office_directory(options, &directory))) directory = NULL;
    hm_front front = {.options = options,
                      .parser = parser,
                      .context = orders,
                      .core_fd = -1,
                      .parsers = 1,
                      .done = done,
                      .gather = writes,
                      .outputs = writes ? 1u << HM_PART_CONTENT : 0,
                      .office = directory};
    return hm_front_run(&front);
}

/* The core is told which file, and against which old list, before there is a parser: of whatever the parser asks it to
 * sign, it signs that. */
static hm_err narrow_to_list(const hm_options *options, const hm_trust_orders *orders, hm_connection *office) {
    HM_BUF list = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN], old[HM_SHA256_LEN];
    hm_message question = {.type = HM_MSG_NARROW_LIST}, answer;
    HM_TRY(hm_file_read(AT_FDCWD, options->operands[0], HM_LIST_MAX, &list));
    hm_sha256(hm_buf_bytes(&list), hash);
    hm_sha256(hm_buf_bytes(&orders->old), old);
    question.field[HM_NARROW_LIST_FILE].bytes = HM_ARRAY(hash);
    question.field[HM_NARROW_LIST_OLD].bytes = HM_ARRAY(old);
    return hm_ask(office, &question, &answer);
}

static hm_err sign_list(const hm_options *options, hm_connection *office, char *pending) {
    ORDERS *orders = NULL;
    HM_STRING *directory = NULL;
    HM_TRY(read_orders(options, &orders));
    HM_TRY(hm_office_directory(options, &directory));
    HM_TRY(narrow_to_list(options, orders, office));
    hm_front front = {.options = options,
                      .parser = hm_parse_trust_sign,
                      .context = orders,
                      .core_fd = office->fd,
                      .parsers = 1,
                      .done = "signed",
                      .signing = true,
                      .outputs = 1u << HM_PART_CONTENT,
                      .office = directory,
                      .pending = pending};
    return hm_front_run(&front);
}

static hm_err command_sign(const hm_options *options) {
    if (options->new_list || options->given_count || options->replace)
        return hm_misuse("--sign signs a list as it is (edit it first, then sign it)");
    if (options->operand_count > 1) return hm_misuse("--sign signs one list at a time");
    hm_connection office = HM_CONNECTION_NONE;
    char *pending;
    HM_TRY(hm_connect_with_pending(options, &office, &pending));
    return hm_close_office(options, &office, sign_list(options, &office, pending));
}

hm_err hm_command_trust_update(const hm_options *options) {
    if (options->sign_list) return command_sign(options);
    if (!options->output) return hm_misuse("where to? (-o NEW, or --sign to sign the list)");
    if (options->old_list) return hm_misuse("--old goes with --sign");
    if (!options->new_list && options->operand_count > 1)
        return hm_misuse("one list is updated at a time (--new makes the first one from several roots' keys)");
    if (!options->new_list && !options->given_count)
        return hm_misuse("nothing to change (hallmark trust update --help lists what can be)");
    HM_TRY(check_output(options));
    return run(options, hm_parse_trust_update, "made", true);
}

hm_err hm_command_trust_show(const hm_options *options) { return run(options, hm_parse_trust_show, "shown", false); }

hm_err hm_command_trust_bundle(const hm_options *options) {
    if (!options->output) return hm_misuse("where to? (-o FILE)");
    HM_TRY(hm_output_check_operands(options));
    return run(options, hm_parse_trust_bundle, "bundled", true);
}
