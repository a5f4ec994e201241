/* cert list, revoke, crl, renew: how certificates go on, and end. */
#include "commands.h"
#include "keys.h"
#include "office_access.h"
#include "officer.h"
#include "output_check.h"

#include <base/json.h>
#include <crypto/algorithm.h>
#include <pki/crl.h>
#include <policy/key_state.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY = 86400, DAYS_MOST = 3660, CAB_DAYS = 460, PREFIX_LEAST = 8, ROLE_SIGNING = 4 };

/* ---- what is on record ---- */

typedef struct {
    char product[65], role[17], serial[49], subject[513];
    char key[33]; /* its id, hexadecimal; "": nobody says */
    uint8_t sha256[32];
    int64_t not_after, revoked, invalidity;
    uint64_t marks, reason;
} recorded;
static recorded *record; /* as long as the command */
static size_t records;

static void take_text(char *to, size_t size, hm_bytes from) {
    snprintf(to, size, "%.*s", (int)from.len, (const char *)from.data);
}

static hm_err keep(const hm_message *cert) {
    HM_BUF key = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&key, cert->field[HM_CERT_KEY].bytes));
    recorded *larger = reallocarray(record, records + 1, sizeof *larger);
    if (!larger) return hm_no_memory();
    record = larger;
    recorded *r = &larger[records++];
    *r = (recorded){.not_after = (int64_t)cert->field[HM_CERT_NOT_AFTER].number,
                    .revoked = (int64_t)cert->field[HM_CERT_REVOKED].number,
                    .invalidity = (int64_t)cert->field[HM_CERT_INVALIDITY].number,
                    .marks = cert->field[HM_CERT_MARKS].number,
                    .reason = cert->field[HM_CERT_REASON].number};
    take_text(r->product, sizeof r->product, cert->field[HM_CERT_PRODUCT].bytes);
    take_text(r->role, sizeof r->role, cert->field[HM_CERT_ROLE].bytes);
    take_text(r->serial, sizeof r->serial, cert->field[HM_CERT_SERIAL].bytes);
    take_text(r->subject, sizeof r->subject, cert->field[HM_CERT_SUBJECT].bytes);
    take_text(r->key, sizeof r->key, hm_buf_bytes(&key));
    memcpy(r->sha256, cert->field[HM_CERT_CERTIFICATE].bytes.data, sizeof r->sha256);
    return HM_OK;
}

static hm_err fetch(hm_connection *office, const char *product) {
    hm_message question = {.type = HM_MSG_CERT_LIST}, answer;
    question.field[HM_CERT_LIST_PRODUCT].bytes = hm_text(product ? product : "");
    records = 0;
    HM_TRY(hm_ask(office, &question, &answer));
    for (bool more = true;;) {
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_CERT, &more));
        if (!more) return HM_OK;
        HM_TRY(keep(&answer));
        HM_TRY(hm_listen(office, &answer));
    }
}

static const recorded *find(const uint8_t sha256[static 32]) {
    for (size_t i = 0; i < records; i++)
        if (memcmp(record[i].sha256, sha256, sizeof record[i].sha256) == 0) return &record[i];
    return NULL;
}

/* ---- list ---- */

static const char *reason_of(const recorded *r) {
    const char *word = hm_crl_reason_word(r->reason);
    return word ? word : "unknown reason";
}

static void revocation_json(hm_json *json, const recorded *r) {
    hm_json_bool(json, "revoked", r && r->revoked);
    if (!r || !r->revoked) return;
    hm_json_number(json, "revoked_at", r->revoked);
    hm_json_string(json, "revoked_reason", reason_of(r));
    if (r->invalidity) hm_json_number(json, "invalid_since", r->invalidity);
}

static void print_revocation(const recorded *r) {
    char date[16], since[16];
    if (!r || !r->revoked) return;
    hm_officer_put_date(r->revoked, date);
    hm_officer_put_date(r->invalidity, since);
    printf("  REVOKED on %s: %s%s%s\n", date, reason_of(r), r->invalidity ? ", bad since " : "",
           r->invalidity ? since : "");
}

static bool signs(const hm_message *key) { return key->field[HM_KEY_SIGNS].number != 0; }

static const char *state_of(const hm_message *key) {
    const char *word = hm_key_state_name((unsigned)key->field[HM_KEY_STATE].number);
    return word ? word : "?";
}

/* What its key has now is current only while that may sign with it. */
static const char *standing(const hm_message *key, const recorded *r) {
    uint64_t state = key->field[HM_KEY_STATE].number;
    if (state && state != HM_KEY_ACTIVE) return state_of(key);
    return r && r->revoked ? "revoked" : "current";
}

static hm_err print_json(const hm_message *key, const hm_cert_info *info, const recorded *r) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "subject", info->subject);
    hm_json_string(&json, "issuer", info->issuer);
    hm_json_string(&json, "serial", info->serial);
    hm_json_string(&json, "key", info->key);
    hm_json_string(&json, "role", hm_key_role_word(key->field[HM_KEY_ROLE].number));
    hm_json_bool(&json, "imported", (key->field[HM_KEY_MARKS].number & HM_KEY_CHAIN_IMPORTED) != 0);
    hm_json_number(&json, "not_before", info->not_before);
    hm_json_number(&json, "not_after", info->not_after);
    hm_json_bool(&json, "development", info->development);
    hm_json_hex(&json, "sha256", HM_ARRAY(info->sha256));
    hm_json_bool(&json, "current", true);
    revocation_json(&json, r);
    hm_json_hex(&json, "key_id", key->field[HM_KEY_TOKEN_ID].bytes);
    hm_json_string(&json, "key_state", state_of(key));
    if (key->field[HM_KEY_ROLE].number == ROLE_SIGNING) hm_json_bool(&json, "signs", signs(key));
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static void print_days(int64_t not_after) {
    long long days = (not_after - (int64_t)time(NULL)) / DAY;
    if (not_after <= (int64_t)time(NULL))
        printf("EXPIRED");
    else
        printf("%lld days left", days);
}

static hm_err print_certificate(const hm_options *options, const hm_message *key) {
    hm_bytes der = key->field[HM_KEY_CERTIFICATE].bytes;
    hm_cert_info info;
    if (!der.len) return HM_OK;
    HM_TRY(hm_cert_describe(der, &info));
    const recorded *r = find(info.sha256);
    if (options->json) return print_json(key, &info, r);
    printf("%s\n  %s, %s, serial %s, ", info.subject, hm_key_role_word(key->field[HM_KEY_ROLE].number), info.key,
           info.serial);
    print_days(info.not_after);
    bool brought_in = key->field[HM_KEY_MARKS].number & HM_KEY_CHAIN_IMPORTED;
    HM_BUF id = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&id, key->field[HM_KEY_TOKEN_ID].bytes));
    printf("%s%s\n  key %.*s, %s%s\n", info.development ? ", development" : "", brought_in ? ", brought in" : "",
           (int)id.len, (const char *)id.data, standing(key, r), signs(key) ? ", signs" : "");
    print_revocation(r);
    return HM_OK;
}

static hm_err print_replaced_json(const recorded *r) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "subject", r->subject);
    hm_json_string(&json, "serial", r->serial);
    hm_json_string(&json, "role", r->role);
    hm_json_bool(&json, "imported", (r->marks & HM_CERT_IMPORTED) != 0);
    hm_json_number(&json, "not_after", r->not_after);
    hm_json_hex(&json, "sha256", HM_ARRAY(r->sha256));
    hm_json_bool(&json, "current", false);
    revocation_json(&json, r);
    if (r->key[0]) hm_json_string(&json, "key_id", r->key);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

/* Its key has another one now; what was signed with it carries it still. */
static hm_err print_replaced(const hm_options *options, const recorded *r) {
    if (r->marks & HM_CERT_CURRENT) return HM_OK;
    if (options->json) return print_replaced_json(r);
    printf("%s\n  %s, serial %s, ", r->subject, r->role, r->serial);
    print_days(r->not_after);
    printf("%s\n  ", r->marks & HM_CERT_IMPORTED ? ", brought in" : "");
    if (r->key[0]) printf("key %s, ", r->key);
    printf("replaced\n");
    print_revocation(r);
    return HM_OK;
}

hm_err hm_list_certificates(const hm_options *options, hm_connection *office) {
    HM_TRY(fetch(office, options->product));
    HM_TRY(hm_each_key(options, office, options->product, print_certificate));
    for (size_t i = 0; i < records; i++) HM_TRY(print_replaced(options, &record[i]));
    return HM_OK;
}

hm_err hm_command_cert_list(const hm_options *options) { return hm_with_office(options, hm_list_certificates); }

/* ---- revoke ---- */

static bool begins(const recorded *r, hm_bytes wanted, const char *word) {
    return strncmp(r->serial, word, strlen(word)) == 0 ||
           (wanted.len <= sizeof r->sha256 && hm_bytes_equal(HM_BYTES(r->sha256, wanted.len), wanted));
}

/* As OpenSSL prints them, too. */
static void lower(const char *word, char *digits, size_t size) {
    snprintf(digits, size, "%s", word);
    for (char *at = digits; *at; at++)
        if (*at >= 'A' && *at <= 'F') *at = (char)(*at - 'A' + 'a');
}

static hm_err choose(const char *word, const recorded **chosen) {
    HM_BUF bytes = HM_BUF_EMPTY;
    size_t found = 0, len = strlen(word);
    char digits[129];
    lower(word, digits, sizeof digits);
    if (len < PREFIX_LEAST || len >= sizeof digits ||
        hm_failed(hm_hex_decode(HM_BYTES(digits, len & ~(size_t)1), &bytes)))
        return hm_misuse("%s: a certificate is named by its serial number or its SHA-256, or the first %d digits of "
                         "one of them at least (hallmark cert list)",
                         word, PREFIX_LEAST);
    for (size_t i = 0; i < records; i++) {
        if (!begins(&record[i], hm_buf_bytes(&bytes), digits)) continue;
        *chosen = &record[i];
        found++;
    }
    if (!found) return hm_refuse("there is no certificate %s (hallmark cert list)", word);
    return found == 1 ? HM_OK : hm_misuse("%s: %zu certificates begin so (give more digits)", word, found);
}

static hm_err take_reason(const hm_options *options, uint64_t *number) {
    hm_crl_reason reason;
    if (!options->reason)
        return hm_misuse("why? (--reason superseded, cessation-of-operation, affiliation-changed, privilege-withdrawn "
                         "or unspecified)");
    if (!hm_crl_reason_of_word(options->reason, &reason))
        return hm_misuse("--reason %s: there are superseded, cessation-of-operation, affiliation-changed, "
                         "privilege-withdrawn and unspecified",
                         options->reason);
    *number = (uint64_t)reason;
    return HM_OK;
}

static hm_err revoke(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_CERT_REVOKE}, answer;
    const recorded *chosen = NULL;
    int64_t since = 0;
    HM_TRY(take_reason(options, &question.field[HM_CERT_REVOKE_REASON].number));
    if (options->since) HM_TRY(hm_take_since(options->since, &since));
    HM_TRY(fetch(office, NULL));
    HM_TRY(choose(options->operands[0], &chosen));
    question.field[HM_CERT_REVOKE_CERTIFICATE].bytes = HM_ARRAY(chosen->sha256);
    question.field[HM_CERT_REVOKE_INVALIDITY].number = (uint64_t)since;
    HM_TRY(hm_ask(office, &question, &answer));
    if (options->json)
        printf("{\"revoked\":\"%s\",\"reason\":\"%s\"}\n", chosen->serial, options->reason);
    else
        printf("revoked: %s, serial %s: %s\n", chosen->subject, chosen->serial, options->reason);
    return HM_OK;
}

hm_err hm_command_cert_revoke(const hm_options *options) { return hm_with_office(options, revoke); }

/* ---- crl ---- */

static hm_err days_of(const hm_options *options, uint64_t *days) {
    *days = 0;
    if (!options->days) return HM_OK;
    if (hm_failed(hm_decimal_decode(hm_text(options->days), days)) || !*days || *days > DAYS_MOST)
        return hm_misuse("--days %s: a number from 1 to %d", options->days, DAYS_MOST);
    return HM_OK;
}

static hm_err tell_crl_json(const char *output, const hm_crl_info *info) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "output", output);
    hm_json_string(&json, "issuer", info->issuer);
    hm_json_string(&json, "number", info->number);
    hm_json_number(&json, "revoked", (int64_t)info->count);
    hm_json_number(&json, "this_update", info->this_update);
    hm_json_number(&json, "next_update", info->next_update);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

/* What went to the standard output says this itself. */
static hm_err tell_crl(const hm_options *options, hm_bytes der) {
    hm_crl_info info;
    char next[16];
    if (!options->output) return HM_OK;
    HM_TRY(hm_crl_describe(der, &info));
    if (options->json) return tell_crl_json(options->output, &info);
    hm_officer_put_date(info.next_update, next);
    printf("%s: revocation list %s of %s, %zu revoked, next by %s\n", options->output, info.number, info.issuer,
           info.count, next);
    return HM_OK;
}

static hm_err write_crl(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_CRL}, answer;
    HM_BUF pem = HM_BUF_EMPTY;
    question.field[HM_CRL_PRODUCT].bytes = hm_text(options->product ? options->product : "");
    question.field[HM_CRL_RENEW].number = options->renew || options->days;
    HM_TRY(days_of(options, &question.field[HM_CRL_DAYS_FIELD].number));
    HM_TRY(hm_ask(office, &question, &answer));
    hm_bytes der = answer.field[HM_BYTES_CONTENT].bytes;
    if (!options->der) HM_TRY(hm_pem_put(&pem, "X509 CRL", der));
    HM_TRY(hm_put_result(options, options->der ? der : hm_buf_bytes(&pem)));
    return tell_crl(options, der);
}

hm_err hm_command_cert_crl(const hm_options *options) {
    HM_TRY(hm_output_check_operands(options));
    return hm_with_office(options, write_crl);
}

/* ---- renew ---- */

/* CA/Browser Forum, Baseline Requirements for Code Signing, sections 6.1.5 and 6.3.2. */
static hm_err apply_profile(const hm_options *options, uint64_t algorithm, uint64_t *days) {
    if (!options->profile) return HM_OK;
    if (strcmp(options->profile, "cab-code-signing") != 0)
        return hm_misuse("--profile %s: there is cab-code-signing", options->profile);
    if (algorithm == HM_KEY_ED25519)
        return hm_misuse("--profile cab-code-signing: keys are RSA from 3072 bits, or ECDSA");
    if (*days > CAB_DAYS) return hm_misuse("--profile cab-code-signing: %d days at most", CAB_DAYS);
    if (!*days) *days = CAB_DAYS;
    return HM_OK;
}

static hm_err renew(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_CERT_RENEW}, answer;
    uint64_t algorithm, *days = &question.field[HM_CERT_RENEW_DAYS].number;
    HM_TRY(hm_one_key(options, &question.field[HM_CERT_RENEW_PRODUCT].bytes, &algorithm));
    question.field[HM_CERT_RENEW_ALGORITHM].number = algorithm;
    if (options->release) question.field[HM_CERT_RENEW_RELEASE].bytes = hm_text(options->release);
    HM_TRY(days_of(options, days));
    HM_TRY(apply_profile(options, algorithm, days));
    HM_TRY(hm_ask(office, &question, &answer));
    return hm_list_certificates(options, office);
}

hm_err hm_command_cert_renew(const hm_options *options) { return hm_with_office(options, renew); }
