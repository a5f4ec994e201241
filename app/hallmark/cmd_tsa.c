/* tsa enable, disable, show, reply: the office's own timestamping authority. */
#include "commands.h"
#include "office_access.h"
#include "output_check.h"

#include <base/file.h>
#include <base/json.h>
#include <pki/timestamp_make.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAX_OFFSET = 1000 };

/* "1s", "250ms" */
static hm_err take_offset(const char *text, uint64_t *milliseconds) {
    size_t digits = strspn(text, "0123456789");
    const char *unit = text + digits;
    bool whole = !hm_failed(hm_decimal_decode(HM_BYTES(text, digits), milliseconds)) && *milliseconds <= UINT32_MAX;
    if (!whole || !*milliseconds || (strcmp(unit, "s") != 0 && strcmp(unit, "ms") != 0))
        return hm_misuse("--max-offset %s: is no time like 1s or 250ms", text);
    if (strcmp(unit, "s") == 0) *milliseconds *= 1000;
    return *milliseconds <= 60000 ? HM_OK : hm_misuse("--max-offset %s: is more than a minute", text);
}

/* A clock that is not kept may be mended later: who enables it should know. */
static hm_err tell_whether_it_stamps(hm_connection *office) {
    hm_message question = {.type = HM_MSG_TSA_SHOW}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    hm_bytes why = answer.field[HM_TSA_CLOCK].bytes;
    if (why.len) fprintf(stderr, "hallmark: note: it does not stamp yet: %.*s\n", (int)why.len, (const char *)why.data);
    return HM_OK;
}

static hm_err enable(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_TSA_SET}, answer;
    uint64_t offset = MAX_OFFSET;
    if (!options->time_source)
        return hm_misuse("by which clock? (--time-source kernel, sntp:ADDRESS:PORT, or in an office of development "
                         "none)");
    if (options->max_offset) HM_TRY(take_offset(options->max_offset, &offset));
    question.field[HM_TSA_SET_SOURCE].bytes = hm_text(options->time_source);
    question.field[HM_TSA_SET_MAX_OFFSET].number = offset;
    HM_TRY(hm_ask(office, &question, &answer));
    if (strcmp(options->time_source, "none") == 0)
        fprintf(stderr, "hallmark: note: nobody checks this office's clock: its timestamps are for development\n");
    return tell_whether_it_stamps(office);
}

static hm_err disable(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_TSA_SET}, answer;
    (void)options;
    return hm_ask(office, &question, &answer);
}

static hm_err show_json(const hm_message *tsa) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_bytes certificate = tsa->field[HM_TSA_CERTIFICATE].bytes, clock = tsa->field[HM_TSA_CLOCK].bytes;
    uint8_t hash[HM_SHA256_LEN];
    bool enabled = tsa->field[HM_TSA_SOURCE].bytes.len != 0;
    hm_sha256(certificate, hash);
    hm_json_object(&json, NULL);
    hm_json_bool(&json, "enabled", enabled);
    if (enabled) {
        hm_json_text(&json, "time_source", tsa->field[HM_TSA_SOURCE].bytes);
        hm_json_number(&json, "max_offset_ms", (int64_t)tsa->field[HM_TSA_MAX_OFFSET].number);
        hm_json_number(&json, "since", (int64_t)tsa->field[HM_TSA_SINCE].number);
        hm_json_bool(&json, "stamps", !clock.len);
        if (clock.len) hm_json_text(&json, "why_not", clock);
        hm_json_hex(&json, "certificate_sha256", HM_ARRAY(hash));
    }
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static hm_err show_text(const hm_message *tsa) {
    hm_bytes source = tsa->field[HM_TSA_SOURCE].bytes, clock = tsa->field[HM_TSA_CLOCK].bytes;
    hm_cert_info certificate;
    char day[16] = "?";
    struct tm utc;
    HM_TRY(hm_cert_describe(tsa->field[HM_TSA_CERTIFICATE].bytes, &certificate));
    if (gmtime_r(&(time_t){(time_t)certificate.not_after}, &utc)) strftime(day, sizeof day, "%Y-%m-%d", &utc);
    printf("time source: %.*s, and the clock may be off by %llu ms\n", (int)source.len, (const char *)source.data,
           (unsigned long long)tsa->field[HM_TSA_MAX_OFFSET].number);
    printf("certificate: %s, until %s\n", certificate.subject, day);
    if (clock.len)
        printf("stamps:      no: %.*s\n", (int)clock.len, (const char *)clock.data);
    else
        printf("stamps:      yes\n");
    return HM_OK;
}

static hm_err show(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_TSA_SHOW}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    if (options->json) return show_json(&answer);
    if (answer.field[HM_TSA_SOURCE].bytes.len) return show_text(&answer);
    printf("this office has no timestamping authority (hallmark tsa enable)\n");
    return HM_OK;
}

/* Who asked is told why there is none, too: the response is written, and the status says that it is no token. */
static hm_err reply(const hm_options *options, hm_connection *office) {
    hm_message question = {.type = HM_MSG_TIMESTAMP}, answer;
    HM_BUF request = HM_BUF_EMPTY;
    HM_TRY(hm_file_read(AT_FDCWD, options->operands[0], HM_TSA_REQUEST_MAX, &request));
    if (!request.len) return hm_refuse("%s: is empty, and no timestamp request", options->operands[0]);
    question.field[HM_TIMESTAMP_REQUEST].bytes = hm_buf_bytes(&request);
    HM_TRY(hm_ask(office, &question, &answer));
    hm_bytes response = answer.field[HM_BYTES_CONTENT].bytes;
    HM_TRY(hm_file_write(AT_FDCWD, options->output, response, 0644));
    return hm_in(hm_timestamp_granted(response), "%s", options->operands[0]);
}

hm_err hm_command_tsa_enable(const hm_options *options) { return hm_with_office(options, enable); }
hm_err hm_command_tsa_disable(const hm_options *options) { return hm_with_office(options, disable); }
hm_err hm_command_tsa_show(const hm_options *options) { return hm_with_office(options, show); }

hm_err hm_command_tsa_reply(const hm_options *options) {
    if (!options->output) return hm_misuse("where to? (-o RESPONSE)");
    HM_TRY(hm_output_check_operands(options));
    return hm_with_office(options, reply);
}
