/* init, product, key, cert, trust: the office's own affairs. */
#include "commands.h"
#include "late.h"

#include <base/file.h>
#include <base/json.h>
#include <crypto/algorithm.h>
#include <crypto/uuid.h>
#include <pki/cert.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TRUST_MAX = 1 << 20, CHAIN_FILE_MAX = 1 << 19 };

/* On the way out of a fault: the sentence to be told is the first one. */
static void disconnect(hm_connection *connection) {
    if (connection->fd < 0) return;
    hm_fault fault = hm_fault_keep((hm_err){HM_REFUSED});
    (void)!hm_failed(hm_disconnect(connection));
    (void)!hm_failed(hm_fault_raise(&fault));
}
#define CONNECTION __attribute__((cleanup(disconnect))) hm_connection

hm_err hm_connect_to_office(const hm_options *options, hm_connection *connection) {
    /* The core keeps using the string; it lives as long as the process. */
    char *directory;
    HM_TRY(hm_office_directory(options, &directory));
    hm_err err = hm_connect(directory, NULL, NULL, connection);
    free(directory);
    return err;
}

hm_err hm_close_office(const hm_options *options, hm_connection *office, hm_err err) {
    hm_fault fault = hm_fault_keep(err);
    hm_err ended = hm_disconnect(office);
    if (office->unpublished) hm_publish_later(options);
    return hm_failed(err) ? hm_fault_raise(&fault) : ended;
}

hm_err hm_put_result(const hm_options *options, hm_bytes text) {
    if (options->output) return hm_file_write(AT_FDCWD, options->output, text, 0644);
    fwrite(text.data, 1, text.len, stdout);
    return HM_OK;
}

hm_err hm_log_key_of_trust(hm_bytes pem, hm_note_key *key, bool *found) {
    hm_reader reader = hm_reader_of(pem);
    static const char label[] = "hallmark-log-key: ";
    *found = false;
    for (hm_bytes line, start, vkey; reader.rest.len;) {
        if (hm_failed(hm_read_line(&reader, &line))) return HM_OK;
        if (line.len < sizeof label - 1 || hm_failed(hm_bytes_part(line, 0, sizeof label - 1, &start))) continue;
        if (!hm_bytes_equal(start, hm_text(label))) continue;
        HM_TRY(hm_bytes_part(line, sizeof label - 1, line.len - (sizeof label - 1), &vkey));
        *found = true;
        return hm_in(hm_note_key_parse(vkey, key), "the trust file's log key");
    }
    return HM_OK;
}

hm_err hm_read_trust(const hm_options *options, hm_buf *pem) {
    if (options->trust) return hm_file_read(AT_FDCWD, options->trust, TRUST_MAX, pem);
    HM_STRING *directory = NULL;
    HM_TRY(hm_office_directory(options, &directory));
    HM_BUF path = HM_BUF_EMPTY;
    const char *string;
    HM_TRY(hm_put_format(&path, "%s/trust.pem", directory));
    HM_TRY(hm_buf_string(&path, &string));
    if (access(string, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return hm_misuse("whom to trust? (give --trust FILE with root certificates; there is no office in %s)", directory);
    return hm_file_read(AT_FDCWD, string, TRUST_MAX, pem);
}

/* init */

static hm_err plan_directory(const hm_options *options, char **directory) {
    hm_options with_operand = *options;
    if (options->operand_count) with_operand.office = options->operands[0];
    return hm_office_directory(&with_operand, directory);
}

static void print_made(const hm_office_plan *plan, const hm_connection *office) {
    printf("Office of %s made in %s\n", office->organization, plan->directory);
    if (office->development)
        printf("DEVELOPMENT: the keys are kept by software, so its certificates are for development only; for production "
               "make an office with --token 'pkcs11:...' of an HSM.\n");
    printf("Next: hallmark product add NAME, then hallmark sign --product NAME FILE...\n");
}

hm_err hm_command_init(const hm_options *options) {
    HM_STRING *directory = NULL, *pin_file = NULL;
    HM_TRY(plan_directory(options, &directory));
    hm_office_plan plan = {
        .directory = directory,
        .organization = options->organization ? options->organization : "Example Organization",
        .token = options->token ? options->token : "softhsm",
    };
    if (strcmp(plan.token, "softhsm") != 0 && strncmp(plan.token, "pkcs11:", 7) != 0)
        return hm_misuse("--token %s: there are softhsm and pkcs11:URI (file and tpm come with later releases)", plan.token);
    if (options->pin_file) {
        pin_file = realpath(options->pin_file, NULL);
        if (!pin_file) return hm_could_not("%s: %s", options->pin_file, strerror(errno));
        plan.pin_path = pin_file;
    }
    HM_TRY(hm_office_create(&plan));
    CONNECTION office = HM_CONNECTION_NONE;
    HM_TRY(hm_connect(directory, NULL, NULL, &office));
    if (options->json)
        printf("{\"office\":\"%s\",\"development\":%s}\n", directory, office.development ? "true" : "false");
    else
        print_made(&plan, &office);
    return hm_close_office(options, &office, HM_OK);
}

/* product */

static hm_err listen_until_done(hm_connection *office, hm_message *answer, hm_message_type wanted, bool *more) {
    *more = answer->type == wanted;
    if (*more || answer->type == HM_MSG_DONE) return HM_OK;
    (void)office;
    return hm_could_not("core language: an answer to something else");
}

static void put_algorithms(uint64_t algorithms, const char *between, hm_buf *text) {
    bool first = true;
    for (unsigned a = 1; a <= HM_KEY_ALGORITHMS; a++) {
        if (!(algorithms >> a & 1)) continue;
        (void)!hm_failed(hm_put_format(text, "%s%s", first ? "" : between, hm_key_algorithm_name((hm_key_algorithm)a)));
        first = false;
    }
}

static void print_product(const hm_options *options, const hm_message *product) {
    HM_BUF algorithms = HM_BUF_EMPTY;
    char class[HM_UUID_TEXT], vendor[HM_UUID_TEXT];
    hm_bytes name = product->field[HM_PRODUCT_NAME].bytes;
    hm_uuid_text(product->field[HM_PRODUCT_CLASS].bytes.data, class);
    hm_uuid_text(product->field[HM_PRODUCT_VENDOR].bytes.data, vendor);
    put_algorithms(product->field[HM_PRODUCT_ALGORITHMS].number, options->json ? "\",\"" : ", ", &algorithms);
    printf(options->json ? "{\"product\":\"%.*s\",\"class\":\"%s\",\"vendor\":\"%s\",\"algorithms\":[\"%.*s\"]}\n"
                         : "%.*s\n  class %s\n  vendor %s\n  signs with %.*s\n",
           (int)name.len, (const char *)name.data, class, vendor, (int)algorithms.len, (const char *)algorithms.data);
}

static hm_err list_products(const hm_options *options, hm_connection *office, const char *name) {
    hm_message question = {.type = HM_MSG_PRODUCT_LIST}, answer;
    question.field[HM_PRODUCT_LIST_NAME].bytes = hm_text(name);
    HM_TRY(hm_ask(office, &question, &answer));
    for (bool more = true, any = false;;) {
        HM_TRY(listen_until_done(office, &answer, HM_MSG_PRODUCT, &more));
        if (!more && !any && !options->json) printf("no products yet (hallmark product add NAME)\n");
        if (!more) return HM_OK;
        any = true;
        print_product(options, &answer);
        HM_TRY(hm_listen(office, &answer));
    }
}

hm_err hm_command_product_list(const hm_options *options) {
    CONNECTION office;
    HM_TRY(hm_connect_to_office(options, &office));
    HM_TRY(list_products(options, &office, ""));
    return hm_close_office(options, &office, HM_OK);
}

hm_err hm_command_product_add(const hm_options *options) {
    CONNECTION office;
    HM_TRY(hm_connect_to_office(options, &office));
    hm_message question = {.type = HM_MSG_PRODUCT_ADD}, answer;
    uint32_t algorithms = options->algorithms ? options->algorithms : 1u << HM_KEY_ES256 | 1u << HM_KEY_RSA3072;
    question.field[HM_PRODUCT_ADD_NAME].bytes = hm_text(options->operands[0]);
    question.field[HM_PRODUCT_ADD_ALGORITHMS].number = algorithms;
    HM_TRY(hm_ask(&office, &question, &answer));
    HM_TRY(list_products(options, &office, options->operands[0]));
    return hm_close_office(options, &office, HM_OK);
}

/* key, cert */

typedef hm_err (*key_visit)(const hm_options *options, const hm_message *key);

static hm_err each_key(const hm_options *options, hm_connection *office, const char *product, key_visit visit) {
    hm_message question = {.type = HM_MSG_KEY_LIST}, answer;
    question.field[HM_KEY_LIST_PRODUCT].bytes = hm_text(product ? product : "");
    HM_TRY(hm_ask(office, &question, &answer));
    for (bool more = true;;) {
        HM_TRY(listen_until_done(office, &answer, HM_MSG_KEY, &more));
        if (!more) return HM_OK;
        HM_TRY(visit(options, &answer));
        HM_TRY(hm_listen(office, &answer));
    }
}

static const char *role_name(uint64_t role) {
    static const char *const names[] = {"?", "root CA", "log", "product CA", "signing"};
    return role < sizeof names / sizeof names[0] ? names[role] : "?";
}

static hm_err print_key(const hm_options *options, const hm_message *key) {
    hm_bytes product = key->field[HM_KEY_PRODUCT].bytes;
    const char *algorithm = hm_key_algorithm_name((hm_key_algorithm)key->field[HM_KEY_ALGORITHM].number);
    const char *role = role_name(key->field[HM_KEY_ROLE].number);
    HM_BUF id = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&id, key->field[HM_KEY_TOKEN_ID].bytes));
    printf(options->json ? "{\"key\":\"%.*s\",\"algorithm\":\"%s\",\"role\":\"%s\",\"product\":\"%.*s\"}\n"
                         : "%.*s  %-8s %-10s %.*s\n",
           (int)id.len, (const char *)id.data, algorithm ? algorithm : "?", role, (int)product.len,
           (const char *)product.data);
    return HM_OK;
}

static hm_err print_certificate(const hm_options *options, const hm_message *key) {
    hm_bytes der = key->field[HM_KEY_CERTIFICATE].bytes;
    if (!der.len) return HM_OK;
    hm_cert_info info;
    HM_TRY(hm_cert_describe(der, &info));
    long long days = (info.not_after - (int64_t)time(NULL)) / 86400;
    if (options->json) {
        HM_BUF text = HM_BUF_EMPTY;
        hm_json json = hm_json_plain(&text);
        hm_json_object(&json, NULL);
        hm_json_string(&json, "subject", info.subject);
        hm_json_string(&json, "issuer", info.issuer);
        hm_json_string(&json, "serial", info.serial);
        hm_json_string(&json, "key", info.key);
        hm_json_string(&json, "role", role_name(key->field[HM_KEY_ROLE].number));
        hm_json_bool(&json, "imported", key->field[HM_KEY_IMPORTED].number != 0);
        hm_json_number(&json, "not_before", info.not_before);
        hm_json_number(&json, "not_after", info.not_after);
        hm_json_bool(&json, "development", info.development);
        hm_json_hex(&json, "sha256", HM_ARRAY(info.sha256));
        hm_json_close_object(&json);
        HM_TRY(hm_json_end(&json));
        printf("%.*s\n", (int)text.len, (const char *)text.data);
        return HM_OK;
    }
    printf("%s\n  %s, %s, serial %s, %lld days left%s%s\n", info.subject, role_name(key->field[HM_KEY_ROLE].number), info.key,
           info.serial, days, info.development ? ", development" : "",
           key->field[HM_KEY_IMPORTED].number ? ", brought in" : "");
    return HM_OK;
}

static hm_err list_keys(const hm_options *options, key_visit visit) {
    CONNECTION office;
    HM_TRY(hm_connect_to_office(options, &office));
    HM_TRY(each_key(options, &office, options->product, visit));
    return hm_close_office(options, &office, HM_OK);
}

hm_err hm_command_key_list(const hm_options *options) { return list_keys(options, print_key); }
hm_err hm_command_cert_list(const hm_options *options) { return list_keys(options, print_certificate); }

hm_err hm_command_product_show(const hm_options *options) {
    CONNECTION office;
    HM_TRY(hm_connect_to_office(options, &office));
    HM_TRY(list_products(options, &office, options->operands[0]));
    HM_TRY(each_key(options, &office, options->operands[0], print_key));
    return hm_close_office(options, &office, HM_OK);
}

/* --product and exactly one --algorithm (es256 unless given). */
static hm_err one_key(const hm_options *options, hm_bytes *product, uint64_t *algorithm) {
    if (!options->product) return hm_misuse("which product? (--product NAME)");
    *product = hm_text(options->product);
    uint32_t chosen = options->algorithms ? options->algorithms : 1u << HM_KEY_ES256;
    if (chosen & (chosen - 1)) return hm_misuse("one --algorithm at a time here");
    for (*algorithm = 1; !(chosen >> *algorithm & 1);) ++*algorithm;
    return HM_OK;
}

hm_err hm_command_key_generate(const hm_options *options) {
    hm_message question = {.type = HM_MSG_KEY_GENERATE}, answer;
    HM_TRY(one_key(options, &question.field[HM_KEY_GENERATE_PRODUCT].bytes,
                   &question.field[HM_KEY_GENERATE_ALGORITHM].number));
    CONNECTION office;
    HM_TRY(hm_connect_to_office(options, &office));
    HM_TRY(hm_ask(&office, &question, &answer));
    HM_TRY(each_key(options, &office, options->product, print_key));
    return hm_close_office(options, &office, HM_OK);
}

hm_err hm_command_cert_request(const hm_options *options) {
    hm_message question = {.type = HM_MSG_CERT_REQUEST}, answer;
    HM_TRY(one_key(options, &question.field[HM_CERT_REQUEST_PRODUCT].bytes,
                   &question.field[HM_CERT_REQUEST_ALGORITHM].number));
    CONNECTION office;
    HM_TRY(hm_connect_to_office(options, &office));
    HM_TRY(hm_ask(&office, &question, &answer));
    HM_BUF pem = HM_BUF_EMPTY;
    HM_TRY(hm_pem_put(&pem, "CERTIFICATE REQUEST", answer.field[HM_BYTES_CONTENT].bytes));
    HM_TRY(hm_put_result(options, hm_buf_bytes(&pem)));
    return hm_close_office(options, &office, HM_OK);
}

hm_err hm_command_cert_import(const hm_options *options) {
    hm_message question = {.type = HM_MSG_CERT_IMPORT}, answer;
    HM_TRY(one_key(options, &question.field[HM_CERT_IMPORT_PRODUCT].bytes,
                   &question.field[HM_CERT_IMPORT_ALGORITHM].number));
    CONNECTION office;
    HM_TRY(hm_connect_to_office(options, &office));
    HM_BUF pem = HM_BUF_EMPTY, der = HM_BUF_EMPTY;
    hm_chain chain;
    HM_TRY(hm_file_read(AT_FDCWD, options->operands[0], CHAIN_FILE_MAX, &pem));
    HM_TRY(hm_in(hm_chain_from_pem(hm_buf_bytes(&pem), &der, &chain), "%s", options->operands[0]));
    question.field[HM_CERT_IMPORT_CHAIN].bytes = hm_buf_bytes(&der);
    HM_TRY(hm_ask(&office, &question, &answer));
    if (office.development)
        fprintf(stderr, "hallmark: note: this key is kept by software, and a certificate from elsewhere does not say so: what is "
                        "signed with it verifies without DEVELOPMENT\n");
    HM_TRY(each_key(options, &office, options->product, print_certificate));
    return hm_close_office(options, &office, HM_OK);
}

typedef struct {
    uint64_t algorithm;
    hm_buf pem;
    bool found;
} export_search;
static export_search exported;

static hm_err export_key(const hm_options *options, const hm_message *key) {
    (void)options;
    if (role_name(key->field[HM_KEY_ROLE].number) != role_name(4) ||
        key->field[HM_KEY_ALGORITHM].number != exported.algorithm || !key->field[HM_KEY_CERTIFICATE].bytes.len)
        return HM_OK;
    exported.found = true;
    HM_TRY(hm_pem_put(&exported.pem, "CERTIFICATE", key->field[HM_KEY_CERTIFICATE].bytes));
    hm_bytes chain = key->field[HM_KEY_CHAIN].bytes;
    return chain.len ? hm_pem_put(&exported.pem, "CERTIFICATE", chain) : HM_OK;
}

hm_err hm_command_cert_export(const hm_options *options) {
    hm_bytes product;
    HM_TRY(one_key(options, &product, &exported.algorithm));
    CONNECTION office;
    HM_TRY(hm_connect_to_office(options, &office));
    HM_TRY(each_key(options, &office, options->product, export_key));
    if (!exported.found)
        return hm_refuse("%s has no %s signing certificate yet (hallmark key generate makes one)", options->product,
                         hm_key_algorithm_name((hm_key_algorithm)exported.algorithm));
    HM_TRY(hm_put_result(options, hm_buf_bytes(&exported.pem)));
    hm_buf_clear(&exported.pem);
    return hm_close_office(options, &office, HM_OK);
}

/* trust */

hm_err hm_command_trust_export(const hm_options *options) {
    CONNECTION office;
    HM_TRY(hm_connect_to_office(options, &office));
    hm_message question = {.type = HM_MSG_TRUST}, answer;
    HM_TRY(hm_ask(&office, &question, &answer));
    HM_TRY(hm_put_result(options, answer.field[HM_BYTES_CONTENT].bytes));
    return hm_close_office(options, &office, HM_OK);
}
