#include "officer.h"

#include "office_access.h"

#include <base/json.h>
#include <core/statement_envelope.h>
#include <crypto/key_file.h>
#include <pki/cose.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

typedef struct {
    hm_key_file *file[HM_STATEMENT_SIGNERS_MAX];
    hm_signer signer[HM_STATEMENT_SIGNERS_MAX];
    size_t count;
} signing;

static void signing_clear(signing *o) {
    for (size_t i = 0; i < o->count; i++) hm_key_file_free(&o->file[i]);
}
#define SIGNING __attribute__((cleanup(signing_clear))) signing

/* Who takes FILE.pub for FILE is not helped by what is wrong with its mode. */
hm_err hm_officer_key(const char *path, hm_key_file **key) {
    size_t len = strlen(path);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return hm_could_not("this process can be traced: %s", strerror(errno));
    hm_err err = hm_key_file_open(path, key);
    return hm_failed(err) && len > 4 && strcmp(path + len - 4, ".pub") == 0
               ? hm_misuse("--key %s: to sign takes the private key, and .pub names a public one", path)
               : err;
}

static hm_err open_keys(const hm_options *options, signing *o) {
    for (size_t i = 0; i < options->given_count; i++) {
        if (strcmp(options->given[i].name, "--key") != 0) continue;
        if (o->count == HM_STATEMENT_SIGNERS_MAX)
            return hm_misuse("at most %d officers sign a statement", HM_STATEMENT_SIGNERS_MAX);
        HM_TRY(hm_officer_key(options->given[i].value, &o->file[o->count]));
        o->signer[o->count] = hm_key_file_signer(o->file[o->count]);
        o->count++;
    }
    return HM_OK;
}

static hm_err check_governed(const hm_options *options, const signing *o, bool governed) {
    if (options->rehearse) return HM_OK;
    if (governed) return o->count ? HM_OK : hm_misuse("--key FILE is missing: the key of an officer, who states this");
    return o->count ? hm_misuse("--key FILE: this office has no founders, so nobody's key says more than who owns it")
                    : HM_OK;
}

static hm_err find_place(const hm_options *options, hm_connection *office, const signing *officers,
                         hm_statement *statement) {
    hm_message question = {.type = HM_MSG_STATEMENT_NEXT}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    if (answer.type != HM_MSG_STATEMENT_PLACE) return hm_could_not("the core answered something else");
    bool governed = answer.field[HM_STATEMENT_PLACE_GOVERNED].number != 0;
    if (!governed && statement->act != HM_ACT_KEY && statement->act != HM_ACT_POLICY)
        return hm_refuse("this office has no founders, so who owns it may do everything, and there is nobody to give "
                         "roles to (hallmark init --founder makes one that has)");
    HM_TRY(check_governed(options, officers, governed));
    statement->number = answer.field[HM_STATEMENT_PLACE_NUMBER].number;
    memcpy(statement->previous, answer.field[HM_STATEMENT_PLACE_PREVIOUS].bytes.data, sizeof statement->previous);
    memcpy(statement->office, office->uuid, sizeof statement->office);
    return HM_OK;
}

static hm_err send_statement(hm_connection *office, hm_bytes envelope) {
    hm_message question = {.type = HM_MSG_STATEMENT_ADD}, answer;
    question.field[HM_STATEMENT_ADD_ENVELOPE].bytes = envelope;
    return hm_ask(office, &question, &answer);
}

static hm_err print_statement(const hm_options *options, const hm_statement *statement) {
    HM_BUF line = HM_BUF_EMPTY, text = HM_BUF_EMPTY;
    HM_TRY(hm_statement_describe(statement, &line));
    if (!options->json) {
        printf("%.*s\n", (int)line.len, (const char *)line.data);
        return HM_OK;
    }
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_number(&json, "statement", (int64_t)statement->number);
    hm_json_text(&json, "what", hm_buf_bytes(&line));
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static hm_err check_signers(const hm_registry *registry, const hm_options *options, const signing *officers) {
    for (size_t i = 0, at = 0; i < options->given_count && at < officers->count; i++) {
        uint8_t kid[HM_KID_LEN];
        size_t number;
        hm_bytes spki;
        if (strcmp(options->given[i].name, "--key") != 0) continue;
        HM_TRY(hm_cose_kid(officers->signer[at++].spki, kid));
        if (hm_failed(hm_statement_signer(registry, HM_ARRAY(kid), &number, &spki)))
            return hm_refuse("%s: this key is no principal's of this office (hallmark principal list)",
                             options->given[i].value);
    }
    return HM_OK;
}

/* Of several keys the core does not say which one it does not know. */
static hm_err name_stranger(const hm_options *options, hm_connection *office, const signing *officers, hm_err err) {
    HM_REGISTRY *registry = NULL;
    hm_fault fault = hm_fault_keep(err);
    if (err.class == HM_REFUSED && !hm_failed(hm_officer_registry(office, &registry)))
        HM_TRY(check_signers(registry, options, officers));
    return hm_fault_raise(&fault);
}

hm_err hm_officer_state(const hm_options *options, hm_connection *office, hm_statement *statement) {
    SIGNING officers = {.count = 0};
    HM_BUF cbor = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY;
    /* A statement that officers have signed would be as good in the office. */
    if (!options->rehearse) HM_TRY(open_keys(options, &officers));
    HM_TRY(find_place(options, office, &officers, statement));
    statement->time = time(NULL);
    HM_TRY(hm_statement_put(statement, &cbor));
    HM_TRY(hm_statement_envelope_put(hm_buf_bytes(&cbor), officers.signer, officers.count, &envelope));
    hm_err err = send_statement(office, hm_buf_bytes(&envelope));
    if (hm_failed(err)) return name_stranger(options, office, &officers, err);
    return print_statement(options, statement);
}

hm_err hm_officer_statements(hm_connection *office, hm_registry **registry) {
    return hm_officer_each_statement(office, registry, NULL, NULL);
}

hm_err hm_officer_each_statement(hm_connection *office, hm_registry **registry, hm_officer_visit visit, void *context) {
    hm_message question = {.type = HM_MSG_STATEMENT_LIST}, answer;
    HM_TRY(hm_registry_new(office->uuid, registry));
    HM_TRY(hm_ask(office, &question, &answer));
    for (;;) {
        bool more;
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_STATEMENT, &more));
        if (!more) break;
        uint64_t index = answer.field[HM_STATEMENT_INDEX].number;
        hm_bytes envelope = answer.field[HM_STATEMENT_ENVELOPE].bytes;
        if (visit) HM_TRY(visit(context, *registry, index, envelope));
        HM_TRY(
            hm_in(hm_statement_envelope_take(*registry, envelope, true, 0), "entry %llu", (unsigned long long)index));
        HM_TRY(hm_listen(office, &answer));
    }
    return HM_OK;
}

hm_err hm_officer_registry(hm_connection *office, hm_registry **registry) {
    HM_TRY(hm_officer_statements(office, registry));
    return hm_registry_quorum(*registry) ? HM_OK
                                         : hm_refuse("this office has no founders: who owns it may do everything");
}

hm_err hm_officer_product(hm_connection *office, const char *name) {
    hm_message question = {.type = HM_MSG_PRODUCT_LIST}, answer;
    question.field[HM_PRODUCT_LIST_NAME].bytes = hm_text(name);
    HM_TRY(hm_ask(office, &question, &answer));
    for (bool more;;) {
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_PRODUCT, &more));
        if (!more) return HM_OK;
        HM_TRY(hm_listen(office, &answer));
    }
}

hm_err hm_officer_date(const char *text, int64_t *seconds) {
    struct tm tm = {0}, again;
    const char *end = strlen(text) == 10 ? strptime(text, "%Y-%m-%d", &tm) : NULL;
    time_t when = end && !*end ? timegm(&tm) : -1;
    char same[16];
    if (when < 0 || !gmtime_r(&when, &again)) return hm_misuse("%s: a date is written 2027-01-31", text);
    hm_officer_put_date(when, same);
    if (strcmp(same, text) != 0) return hm_misuse("%s: the calendar has no such day", text);
    *seconds = when;
    return HM_OK;
}

hm_err hm_officer_time(const char *text, int64_t now, int64_t *seconds) {
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    struct tm tm = {0};
    uint64_t count;
    size_t len = strlen(text);
    const char *end = len == 17   ? strptime(text, "%Y-%m-%dT%H:%MZ", &tm)
                      : len == 20 ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm)
                                  : NULL;
    if (end && !*end) return *seconds = timegm(&tm), HM_OK;
    for (size_t i = 0; len > 1 && i < sizeof units / sizeof units[0]; i++) {
        if (text[len - 1] != units[i].unit || hm_failed(hm_decimal_decode(HM_BYTES(text, len - 1), &count))) continue;
        if (count <= INT32_MAX) return *seconds = now + (int64_t)count * units[i].seconds, HM_OK;
    }
    return hm_misuse("%s: a time is written 3d, 8h, 45m, 90s, 2027-01-31T18:00Z or 2027-01-31T18:00:00Z", text);
}

hm_err hm_officer_past(const char *text, int64_t *seconds) {
    static const int64_t durations_end = INT64_C(10) * 366 * 86400; /* nobody means 1979 */
    bool date = strlen(text) == 10 && text[4] == '-';
    HM_TRY(date ? hm_officer_date(text, seconds) : hm_officer_time(text, 0, seconds));
    if (!date && *seconds < durations_end) *seconds = time(NULL) - *seconds;
    return HM_OK;
}

void hm_officer_put_date(int64_t seconds, char text[static 16]) {
    struct tm tm = {0};
    time_t when = (time_t)seconds;
    gmtime_r(&when, &tm);
    strftime(text, 16, "%Y-%m-%d", &tm);
}
