/* key, cert: what the office holds and who certified it. */
#include "commands.h"
#include "keys.h"
#include "office_access.h"
#include "output_check.h"

#include <base/file.h>
#include <base/json.h>
#include <crypto/algorithm.h>
#include <policy/key_state.h>
#include <pki/cert.h>
#include <pki/cose.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

const char *hm_key_role_word(uint64_t role) {
    static const char *const names[] = {"?",       "root CA", "log",        "product CA",
                                        "signing", "receipt", "trust root", "timestamping"};
    return role < sizeof names / sizeof names[0] ? names[role] : "?";
}

hm_err hm_print_key(const hm_options *options, const hm_message *key) {
    hm_bytes product = key->field[HM_KEY_PRODUCT].bytes;
    const char *algorithm = hm_key_algorithm_name((hm_key_algorithm)key->field[HM_KEY_ALGORITHM].number);
    const char *role = hm_key_role_word(key->field[HM_KEY_ROLE].number);
    const char *state = hm_key_state_name((unsigned)key->field[HM_KEY_STATE].number);
    HM_BUF id = HM_BUF_EMPTY, named = HM_BUF_EMPTY;
    uint8_t kid[HM_KID_LEN];
    HM_TRY(hm_put_hex(&id, key->field[HM_KEY_TOKEN_ID].bytes));
    HM_TRY(hm_cose_kid(key->field[HM_KEY_SPKI].bytes, kid));
    HM_TRY(hm_put_hex(&named, HM_ARRAY(kid)));
    hm_bytes release = key->field[HM_KEY_RELEASE].bytes;
    bool signs = key->field[HM_KEY_SIGNS].number != 0;
    bool imported = key->field[HM_KEY_MARKS].number & HM_KEY_IMPORTED;
    if (!options->json) {
        printf("%.*s  %-8s %-10s %.*s%s%.*s  %s%s%s\n  kid %.*s\n", (int)id.len, (const char *)id.data,
               algorithm ? algorithm : "?", role, (int)product.len, (const char *)product.data, release.len ? " " : "",
               (int)release.len, (const char *)release.data, state ? state : "?", signs ? "  signs" : "",
               imported ? "  imported" : "", (int)named.len, (const char *)named.data);
        return HM_OK;
    }
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_hex(&json, "key", key->field[HM_KEY_TOKEN_ID].bytes);
    hm_json_string(&json, "algorithm", algorithm ? algorithm : "?");
    hm_json_string(&json, "role", role);
    hm_json_text(&json, "product", product);
    if (release.len) hm_json_text(&json, "release", release);
    hm_json_string(&json, "state", state ? state : "?");
    if (key->field[HM_KEY_ROLE].number == ROLE_SIGNING) hm_json_bool(&json, "signs", signs);
    hm_json_string(&json, "origin", imported ? "imported" : "token");
    hm_json_hex(&json, "kid", HM_ARRAY(kid));
    hm_json_number(&json, "created", (int64_t)key->field[HM_KEY_CREATED].number);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static hm_err list_keys(const hm_options *options, hm_connection *office) {
    return hm_each_key(options, office, options->product, hm_print_key);
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
    exported.len = 0; /* the last one is the newest, which signs */
    return put_chain(key, &exported);
}

static hm_err export_certificate(const hm_options *options, hm_connection *office) {
    hm_bytes product;
    uint64_t algorithm;
    HM_TRY(hm_one_key(options, &product, &algorithm));
    HM_TRY(hm_each_key(options, office, options->product, export_if_wanted));
    if (exported.len) return hm_put_result(options, hm_buf_bytes(&exported));
    return hm_refuse("%s has no %s signing certificate yet (hallmark key generate makes one)", options->product,
                     hm_key_algorithm_name((hm_key_algorithm)algorithm));
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
