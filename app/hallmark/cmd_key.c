/* key, cert: what the office holds and who certified it. */
#include "commands.h"
#include "keys.h"
#include "office_access.h"
#include "output_check.h"

#include <base/file.h>
#include <crypto/algorithm.h>
#include <pki/cert.h>

#include <fcntl.h>
#include <stdio.h>

enum { CHAIN_FILE_MAX = 1 << 19, ROLE_SIGNING = 4 };

static hm_buf exported; /* what cert export looks for, if it found it */

hm_err hm_each_key(const hm_options *options, hm_connection *office, const char *product, hm_key_show show) {
    hm_message question = {.type = HM_MSG_KEY_LIST}, answer;
    question.field[HM_KEY_LIST_PRODUCT].bytes = hm_text(product ? product : "");
    HM_TRY(hm_ask(office, &question, &answer));
    for (bool more = true;;) {
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_KEY, &more));
        if (!more) return HM_OK;
        HM_TRY(show(options, &answer));
        HM_TRY(hm_listen(office, &answer));
    }
}

static hm_err list_keys(const hm_options *options, hm_connection *office) {
    return hm_list_keys(options, office, options->product);
}

hm_err hm_command_key_list(const hm_options *options) { return hm_with_office(options, list_keys); }

hm_err hm_one_key(const hm_options *options, hm_bytes *product, uint64_t *algorithm) {
    if (!options->product) return hm_misuse("which product? (--product NAME)");
    *product = hm_text(options->product);
    uint32_t chosen = options->algorithms ? options->algorithms : 1u << HM_KEY_ES256;
    if (chosen & (chosen - 1)) return hm_misuse("one --algorithm at a time here");
    for (*algorithm = 1; !(chosen >> *algorithm & 1);) ++*algorithm;
    return HM_OK;
}

static bool next; /* hm_with_office takes no context */

static hm_err generate_key(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_KEY_GENERATE}, answer;
    question.field[HM_KEY_GENERATE_NEXT].number = next;
    if (options->release) question.field[HM_KEY_GENERATE_RELEASE].bytes = hm_text(options->release);
    HM_TRY(hm_one_key(options, &question.field[HM_KEY_GENERATE_PRODUCT].bytes,
                      &question.field[HM_KEY_GENERATE_ALGORITHM].number));
    HM_TRY(hm_ask(office, &question, &answer));
    return list_keys(options, office);
}

static hm_err import_key(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_KEY_IMPORT}, answer;
    HM_BUF id = HM_BUF_EMPTY;
    HM_TRY(hm_one_key(options, &question.field[HM_KEY_IMPORT_PRODUCT].bytes,
                      &question.field[HM_KEY_IMPORT_ALGORITHM].number));
    if (hm_failed(hm_hex_decode(hm_text(options->operands[0]), &id)) || !id.len)
        return hm_misuse("%s: is no id of a key in the token (CKA_ID, in hexadecimal digits)", options->operands[0]);
    question.field[HM_KEY_IMPORT_WAS].bytes = hm_buf_bytes(&id);
    HM_TRY(hm_ask(office, &question, &answer));
    return list_keys(options, office);
}

static hm_err request_certificate(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_CERT_REQUEST}, answer;
    HM_TRY(hm_one_key(options, &question.field[HM_CERT_REQUEST_PRODUCT].bytes,
                      &question.field[HM_CERT_REQUEST_ALGORITHM].number));
    HM_TRY(hm_ask(office, &question, &answer));
    HM_BUF pem = HM_BUF_EMPTY;
    HM_TRY(hm_pem_put(&pem, "CERTIFICATE REQUEST", answer.field[HM_BYTES_CONTENT].bytes));
    return hm_put_result(options, hm_buf_bytes(&pem));
}

static hm_err import_certificate(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_CERT_IMPORT}, answer;
    HM_TRY(hm_one_key(options, &question.field[HM_CERT_IMPORT_PRODUCT].bytes,
                      &question.field[HM_CERT_IMPORT_ALGORITHM].number));
    HM_BUF pem = HM_BUF_EMPTY, der = HM_BUF_EMPTY;
    hm_chain chain;
    HM_TRY(hm_file_read(AT_FDCWD, options->operands[0], CHAIN_FILE_MAX, &pem));
    HM_TRY(hm_in(hm_chain_from_pem(hm_buf_bytes(&pem), &der, &chain), "%s", options->operands[0]));
    question.field[HM_CERT_IMPORT_CHAIN].bytes = hm_buf_bytes(&der);
    HM_TRY(hm_ask(office, &question, &answer));
    if (office->development)
        fprintf(
            stderr,
            "hallmark: note: this key is kept by software, and a certificate from elsewhere does not say so: what is "
            "signed with it verifies without DEVELOPMENT\n");
    return hm_list_certificates(options, office);
}

/* The signing certificate of one algorithm, and its chain. */
static hm_err put_chain(const hm_message *key, hm_buf *pem) {
    hm_chain above;
    HM_TRY(hm_pem_put(pem, "CERTIFICATE", key->field[HM_KEY_CERTIFICATE].bytes));
    HM_TRY(hm_chain_from_der(key->field[HM_KEY_CHAIN].bytes, &above));
    for (size_t i = 0; i < above.count; i++) HM_TRY(hm_pem_put(pem, "CERTIFICATE", above.cert[i]));
    return HM_OK;
}

static hm_err export_if_wanted(const hm_options *options, const hm_message *key) {
    hm_bytes product;
    uint64_t algorithm;
    HM_TRY(hm_one_key(options, &product, &algorithm));
    if (key->field[HM_KEY_ROLE].number != ROLE_SIGNING || key->field[HM_KEY_ALGORITHM].number != algorithm)
        return HM_OK;
    if (!key->field[HM_KEY_CERTIFICATE].bytes.len || key->field[HM_KEY_STATE].number != HM_KEY_ACTIVE) return HM_OK;
    if (options->release && !hm_bytes_equal(key->field[HM_KEY_RELEASE].bytes, hm_text(options->release))) return HM_OK;
    exported.len = 0; /* the last one is the newest, which signs */
    return put_chain(key, &exported);
}

static hm_err export_certificate(const hm_options *options, hm_connection *office) {
    hm_bytes product;
    uint64_t algorithm;
    HM_TRY(hm_one_key(options, &product, &algorithm));
    HM_TRY(hm_each_key(options, office, options->product, export_if_wanted));
    if (exported.len) return hm_put_result(options, hm_buf_bytes(&exported));
    const char *release = options->release ? options->release : "";
    return hm_refuse("%s%s%s has no %s signing certificate yet (hallmark key generate makes one)", options->product,
                     release[0] ? " " : "", release, hm_key_algorithm_name((hm_key_algorithm)algorithm));
}

hm_err hm_command_key_generate(const hm_options *options) { return hm_with_office(options, generate_key); }
hm_err hm_command_key_rotate(const hm_options *options) {
    next = true;
    return hm_with_office(options, generate_key);
}

hm_err hm_command_key_import(const hm_options *options) { return hm_with_office(options, import_key); }

hm_err hm_command_cert_request(const hm_options *options) {
    HM_TRY(hm_output_check_operands(options));
    return hm_with_office(options, request_certificate);
}

hm_err hm_command_cert_import(const hm_options *options) { return hm_with_office(options, import_certificate); }

hm_err hm_command_cert_export(const hm_options *options) {
    HM_TRY(hm_output_check_operands(options));
    return hm_with_office(options, export_certificate);
}
