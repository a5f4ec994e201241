/* init, trust export: the office itself. */
#include "commands.h"
#include "office_access.h"
#include "officer.h"
#include "output_check.h"

#include <base/json.h>
#include <crypto/process.h>
#include <crypto/public_key.h>
#include <pki/cert.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

static const char NOBODY[] = "Example Organization"; /* good enough to try things out */

static hm_err plan_directory(const hm_options *options, char **directory) {
    hm_options with_operand = *options;
    if (options->operand_count) with_operand.office = options->operands[0];
    return hm_office_directory(&with_operand, directory);
}

/* The office's own word, not the command line's: what the log now holds. */
static hm_err print_founders(hm_connection *office) {
    HM_REGISTRY *registry = NULL;
    hm_principal founder;
    HM_TRY(hm_officer_registry(office, &registry));
    unsigned long long quorum = hm_registry_quorum(registry);
    printf("Founders:");
    for (size_t i = 0; hm_registry_principal(registry, i, &founder); i++)
        printf("%s %.*s", i ? "," : "", (int)founder.name.len, (const char *)founder.name.data);
    printf("; what gives anybody something takes %llu %s, and that stays so.\n", quorum,
           quorum == 1 ? "officer's signature" : "officers' signatures");
    if (quorum == 1)
        printf("ONE ALONE can give any role to anybody else: an office of two founders or more asks for two.\n");
    return HM_OK;
}

static hm_err put_founders(hm_connection *office, hm_json *json) {
    HM_REGISTRY *registry = NULL;
    hm_principal founder;
    HM_TRY(hm_officer_registry(office, &registry));
    hm_json_array(json, "founders");
    for (size_t i = 0; hm_registry_principal(registry, i, &founder); i++) hm_json_text(json, NULL, founder.name);
    hm_json_close_array(json);
    hm_json_number(json, "quorum", (int64_t)hm_registry_quorum(registry));
    return HM_OK;
}

static hm_err print_made(const hm_options *options, hm_connection *office) {
    HM_STRING *directory = NULL;
    HM_TRY(plan_directory(options, &directory));
    if (options->json) {
        HM_BUF text = HM_BUF_EMPTY;
        hm_json json = hm_json_plain(&text);
        hm_json_object(&json, NULL);
        hm_json_string(&json, "office", directory);
        hm_json_bool(&json, "development", office->development);
        if (options->given_count) HM_TRY(put_founders(office, &json));
        hm_json_close_object(&json);
        HM_TRY(hm_json_end(&json));
        printf("%.*s\n", (int)text.len, (const char *)text.data);
        return HM_OK;
    }
    printf("Office of %s made in %s\n", office->organization, directory);
    if (strcmp(office->organization, NOBODY) == 0)
        printf("Its certificates name %s; --org NAME of \"hallmark init\" gives them yours, and nothing can later.\n",
               NOBODY);
    if (office->development)
        printf(
            "DEVELOPMENT: the keys are kept by software, so its certificates are for development only; for production "
            "make an office with --token 'pkcs11:...' of an HSM.\n");
    if (options->given_count) HM_TRY(print_founders(office));
    const char *office_variable = getenv("HALLMARK_OFFICE");
    if (!office_variable || strcmp(office_variable, directory) != 0)
        printf("Next: export HALLMARK_OFFICE=%s\n", directory);
    printf(
        options->given_count
            ? "Next, each with --key FILE of so many founders: hallmark principal add NAME --unix-user USER, hallmark "
              "grant add NAME ROLE, hallmark policy edit FILE --product NAME\n"
            : "Next: hallmark product add NAME, then hallmark sign --product NAME FILE...\n");
    return HM_OK;
}

static hm_err fill_plan(const hm_options *options, const char *directory, char **pin_file, hm_office_plan *plan) {
    *plan = (hm_office_plan){
        .directory = directory,
        .organization = options->organization ? options->organization : NOBODY,
        .token = options->token ? options->token : "softhsm",
    };
    if (strcmp(plan->token, "softhsm") != 0 && strncmp(plan->token, "pkcs11:", 7) != 0)
        return hm_misuse("--token %s: there are softhsm and pkcs11:URI (file and tpm come with later releases)",
                         plan->token);
    bool software = strcmp(plan->token, "softhsm") == 0;
    if (software && options->pin_file)
        return hm_misuse("--pin-file goes with --token pkcs11:...; softhsm gets a PIN of its own");
    if (!software && !options->organization)
        return hm_misuse("--org NAME is missing: the certificates of keys in an HSM are meant to last");
    if (!options->pin_file) return HM_OK;
    *pin_file = realpath(options->pin_file, NULL);
    if (!*pin_file) return hm_could_not("%s: %s", options->pin_file, strerror(errno));
    plan->pin_path = *pin_file;
    return HM_OK;
}

/* The founders' public keys, which the charter's views point into. */
typedef struct {
    hm_statement charter;
    hm_buf spki[HM_FOUNDERS_MAX];
} founding;

static void founding_clear(founding *f) {
    for (size_t i = 0; i < HM_FOUNDERS_MAX; i++) hm_buf_clear(&f->spki[i]);
}
#define FOUNDING __attribute__((cleanup(founding_clear))) founding

/* NAME=FILE */
static hm_err add_founder(const char *value, founding *f) {
    hm_founder *founder = &f->charter.founder[f->charter.founders];
    hm_buf *spki = &f->spki[f->charter.founders];
    const char *equals = strchr(value, '=');
    if (!equals || !equals[1]) return hm_misuse("--founder %s: NAME=FILE, where FILE is a public key", value);
    if (f->charter.founders == HM_FOUNDERS_MAX) return hm_misuse("there are at most %d founders", HM_FOUNDERS_MAX);
    founder->name = HM_BYTES(value, (size_t)(equals - value));
    HM_TRY(hm_public_key_read(equals + 1, spki));
    founder->spki = hm_buf_bytes(spki);
    f->charter.founders++;
    return HM_OK;
}

static hm_err take_quorum(const char *quorum, hm_statement *charter) {
    /* Two see more than one; one alone has nobody to ask. */
    charter->quorum = charter->founders > 1 ? 2 : 1;
    if (!quorum) return HM_OK;
    if (hm_failed(hm_decimal_decode(hm_text(quorum), &charter->quorum)) || !charter->quorum ||
        charter->quorum > charter->founders)
        return hm_misuse("--quorum %s: it is a number from 1 to %zu, which is how many founders there are", quorum,
                         charter->founders);
    return HM_OK;
}

static hm_err fill_founders(const hm_options *options, founding *f, hm_office_plan *plan) {
    const char *quorum = NULL;
    if (!options->given_count) return HM_OK;
    /* This process makes the office, and with it loads the token's module. */
    HM_TRY(hm_crypto_begin_with_modules());
    for (size_t i = 0; i < options->given_count; i++) {
        if (strcmp(options->given[i].name, "--founder") == 0)
            HM_TRY(add_founder(options->given[i].value, f));
        else
            quorum = options->given[i].value;
    }
    if (!f->charter.founders) return quorum ? hm_misuse("--quorum is of founders (--founder NAME=FILE)") : HM_OK;
    plan->founders = &f->charter;
    return take_quorum(quorum, &f->charter);
}

hm_err hm_command_init(const hm_options *options) {
    HM_STRING *directory = NULL, *pin_file = NULL;
    hm_office_plan plan;
    HM_TRY(plan_directory(options, &directory));
    FOUNDING f = {.charter = {.founders = 0}};
    HM_TRY(fill_plan(options, directory, &pin_file, &plan));
    HM_TRY(fill_founders(options, &f, &plan));
    /* It takes a second; half an office is worth less than the wait. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    /* The token's PINs are made in this process: nobody traces it, and no core dump holds them. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return hm_could_not("this process can be traced: %s", strerror(errno));
    HM_TRY(hm_office_create(&plan));
    hm_options made = *options;
    made.office = directory;
    return hm_with_office(&made, print_made);
}

static hm_err tell_trust_json(const char *output, const hm_cert_info *root, const char *log) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "output", output);
    hm_json_string(&json, "subject", root->subject);
    hm_json_hex(&json, "sha256", HM_ARRAY(root->sha256));
    hm_json_number(&json, "not_after", root->not_after);
    hm_json_string(&json, "log", log);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

/* What went to the standard output says this itself. The digest is what is compared over the telephone. */
static hm_err tell_trust(const hm_options *options, hm_bytes pem) {
    HM_BUF der = HM_BUF_EMPTY, hex = HM_BUF_EMPTY;
    hm_chain chain;
    hm_cert_info root;
    hm_note_key log = {.type = 0};
    bool found;
    char until[16];
    if (!options->output) return HM_OK;
    HM_TRY(hm_chain_from_pem(pem, &der, &chain));
    if (chain.count != 1) return hm_could_not("the office's trust has %zu certificates", chain.count);
    HM_TRY(hm_cert_describe(chain.cert[0], &root));
    HM_TRY(hm_log_key_of_trust(pem, &log, &found));
    if (options->json) return tell_trust_json(options->output, &root, log.name);
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(root.sha256)));
    hm_officer_put_date(root.not_after, until);
    printf("%s: %s, until %s, SHA-256 %.*s; key of the log %s\n", options->output, root.subject, until, (int)hex.len,
           (const char *)hex.data, log.name);
    return HM_OK;
}

static hm_err export_trust(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_TRUST}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    HM_TRY(hm_put_result(options, answer.field[HM_BYTES_CONTENT].bytes));
    return tell_trust(options, answer.field[HM_BYTES_CONTENT].bytes);
}

hm_err hm_command_trust_export(const hm_options *options) {
    HM_TRY(hm_output_check_operands(options));
    return hm_with_office(options, export_trust);
}
