/* product add, list, show. */
#include "commands.h"
#include "keys.h"
#include "office_access.h"

#include <crypto/algorithm.h>
#include <crypto/uuid.h>

#include <stdio.h>

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
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_PRODUCT, &more));
        if (!more && !any && !options->json) printf("no products yet (hallmark product add NAME)\n");
        if (!more) return HM_OK;
        any = true;
        print_product(options, &answer);
        HM_TRY(hm_listen(office, &answer));
    }
}

static hm_err list_all(const hm_options *options, hm_connection *office) { return list_products(options, office, ""); }

static hm_err show_one(const hm_options *options, hm_connection *office) {
    HM_TRY(list_products(options, office, options->operands[0]));
    return hm_list_keys(options, office, options->operands[0]);
}

static hm_err add_one(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_PRODUCT_ADD}, answer;
    uint32_t algorithms = options->algorithms ? options->algorithms : 1u << HM_KEY_ES256 | 1u << HM_KEY_RSA3072;
    question.field[HM_PRODUCT_ADD_NAME].bytes = hm_text(options->operands[0]);
    question.field[HM_PRODUCT_ADD_ALGORITHMS].number = algorithms;
    HM_TRY(hm_ask(office, &question, &answer));
    return list_products(options, office, options->operands[0]);
}

hm_err hm_command_product_list(const hm_options *options) { return hm_with_office(options, list_all); }
hm_err hm_command_product_show(const hm_options *options) { return hm_with_office(options, show_one); }
hm_err hm_command_product_add(const hm_options *options) { return hm_with_office(options, add_one); }
