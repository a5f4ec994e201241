/* The timestamping authority: settings, tokens.
 *
 * A token's serial number is the number of its intent in the log and eight random bytes: no two entries of one log have
 * one number, and if the office ever were put back to an earlier state, which it notices and refuses, the random bytes
 * would still differ. Its time is never before that of the token before it, whose intent says it: both are read and
 * written in one transaction. */
#include "tsa.h"

#include <base/secret.h>
#include <pki/timestamp_make.h>

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

enum { SERIAL_RANDOM = 8, SERIAL_LEN = 8 + SERIAL_RANDOM, BACKWARDS_MAX = 1000 /* milliseconds */ };

/* What is kept for as long as the process runs. */
typedef struct hm_tsa {
    hm_signing_key key;
    hm_clock clock;
    char source[HM_TIME_SOURCE_MAX + 1]; /* that CLOCK is by */
    int64_t minute;                      /* of the strangers' tokens */
    unsigned strangers;
} hm_tsa;

static hm_err of_office(hm_office *office, hm_tsa **tsa) {
    if (!office->tsa) office->tsa = calloc(1, sizeof *office->tsa);
    *tsa = office->tsa;
    return *tsa ? HM_OK : hm_no_memory();
}

void hm_tsa_forget_key(hm_office *office) {
    if (!office->tsa) return;
    hm_buf_clear(&office->tsa->key.material);
    office->tsa->key = (hm_signing_key){.ready = false};
}

void hm_tsa_forget(hm_office *office) {
    hm_tsa_forget_key(office);
    free(office->tsa);
    office->tsa = NULL;
}

static hm_err ready_key(hm_office *office, hm_signing_key **key) {
    hm_tsa *tsa;
    HM_TRY(of_office(office, &tsa));
    *key = &tsa->key;
    if (!tsa->key.ready) HM_TRY(hm_ceremony_tsa_key(office, false, &tsa->key));
    return tsa->key.ready ? HM_OK : hm_refuse("the authority has no certificate (hallmark tsa enable makes it)");
}

hm_err hm_tsa_certificate(hm_office *office, hm_buf *der) {
    hm_signing_key *key;
    HM_TRY(ready_key(office, &key));
    return hm_put(der, key->chain.cert[0]);
}

/* ---- what is stated of it ---- */

static bool is_statement(const hm_leaf *leaf) {
    return leaf->type == HM_LEAF_CEREMONY && leaf->format == HM_LOGGED_TIMESTAMP && !leaf->has_product;
}

static bool is_stamp(const hm_leaf *leaf) {
    return leaf->type == HM_LEAF_INTENT && leaf->format == HM_LOGGED_TIMESTAMP && !leaf->has_product;
}

static hm_err number_of(const hm_entry_row *entry, const char *member, uint64_t *value) {
    return hm_in(hm_decimal_decode(hm_json_text_of(entry->details, member), value), "entry %llu: \"%s\"",
                 (unsigned long long)entry->index, member);
}

static hm_err take_settings(void *context, const hm_entry_row *entry) {
    hm_tsa_settings *settings = context;
    hm_leaf leaf;
    bool erased;
    uint64_t since;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    HM_TRY(hm_audit_details(&leaf, entry, &erased));
    if (erased || !is_statement(&leaf))
        return hm_refuse("what was stated of the timestamping authority, entry %llu, cannot be read any more (hallmark "
                         "tsa enable states it anew)",
                         (unsigned long long)entry->index);
    HM_TRY(number_of(entry, "time", &since));
    settings->since = (int64_t)since;
    settings->index = entry->index;
    hm_bytes source = hm_json_text_of(entry->details, "source");
    settings->enabled = source.len != 0;
    if (!settings->enabled) return HM_OK;
    if (source.len > HM_TIME_SOURCE_MAX) return hm_refuse("that is no time source");
    memcpy(settings->source, source.data, source.len);
    return number_of(entry, "max_offset", &settings->max_offset);
}

hm_err hm_tsa_stated(hm_office *office, hm_tsa_settings *settings) {
    memset(settings, 0, sizeof *settings);
    return hm_store_last_tagged(office->store, HM_TSA_TAG, take_settings, settings);
}

static hm_err log_statement(hm_office *office, hm_bytes source, uint64_t max_offset) {
    HM_BUF details = HM_BUF_EMPTY;
    uint64_t index;
    hm_json json = hm_log_act(office, source.len ? "timestamping enabled" : "timestamping disabled", &details);
    if (source.len) hm_json_number(&json, "max_offset", (int64_t)max_offset);
    if (source.len) hm_json_text(&json, "source", source);
    hm_json_number(&json, "time", hm_now());
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {
        .type = HM_LEAF_CEREMONY, .format = HM_LOGGED_TIMESTAMP, .details = hm_buf_bytes(&details), .tag = HM_TSA_TAG};
    return hm_log_now(office, &record, &index);
}

/* Whatever the database says, a token in software is for development (P2). */
static bool is_development(const hm_office *office) {
    hm_token_info token;
    hm_token_describe(office->token, &token);
    return office->row.development || token.software;
}

hm_err hm_tsa_state(hm_office *office, hm_bytes source, uint64_t max_offset) {
    hm_time_source read;
    hm_tsa *tsa;
    HM_TRY(of_office(office, &tsa));
    if (!source.len) return log_statement(office, source, 0);
    HM_TRY(hm_time_source_read(source, max_offset, &read));
    HM_TRY(hm_office_token(office));
    if (read.kind == HM_TIME_UNCHECKED && !is_development(office))
        return hm_refuse("a clock that nobody checks is for offices of development (kernel, or sntp:ADDRESS)");
    hm_tsa_forget_key(office);
    HM_TRY(hm_ceremony_tsa_key(office, true, &tsa->key));
    return log_statement(office, source, max_offset);
}

hm_err hm_tsa_check_clock(hm_office *office, const hm_tsa_settings *settings) {
    hm_time_source source;
    hm_tsa *tsa;
    HM_TRY(of_office(office, &tsa));
    HM_TRY(hm_time_source_read(hm_text(settings->source), settings->max_offset, &source));
    if (strcmp(tsa->source, settings->source) != 0) tsa->clock = (hm_clock){.answered = false};
    memcpy(tsa->source, settings->source, sizeof tsa->source);
    return hm_clock_check(&source, &tsa->clock);
}

/* ---- a token ---- */

typedef struct {
    hm_office *office;
    hm_signing_key *key;
    hm_tsa_settings settings;
    hm_timestamp_query query;
    hm_tsa_failure failure; /* of what is refused next */
    hm_buf policy;
    int64_t milliseconds;
    uint8_t serial[SERIAL_LEN];
    size_t serial_at; /* where it begins: numbers have no leading zeros */
    uint64_t intent;
} stamping;

static void stamping_clear(stamping *s) { hm_buf_clear(&s->policy); }
#define STAMPING __attribute__((cleanup(stamping_clear))) stamping

static hm_bytes serial_of(const stamping *s) {
    return HM_BYTES(s->serial + s->serial_at, sizeof s->serial - s->serial_at);
}

/* Once in a minute: whoever asks must not fill the log. */
static hm_err log_refused_clock(hm_office *office, hm_err err) {
    hm_fault fault = hm_fault_keep(err);
    if (hm_refusals_in_minute(office, "timestamp", 1)) HM_TRY(hm_log_refused_act(office, "timestamp", fault.sentence));
    return hm_fault_raise(&fault);
}

static hm_err check_enabled(stamping *s) {
    s->failure = HM_TSA_TIME_NOT_AVAILABLE;
    HM_TRY(hm_tsa_stated(s->office, &s->settings));
    return s->settings.enabled ? HM_OK : hm_refuse("this office has no timestamping authority (hallmark tsa enable)");
}

static hm_err check_clock(stamping *s) {
    s->failure = HM_TSA_TIME_NOT_AVAILABLE;
    hm_err err = hm_tsa_check_clock(s->office, &s->settings);
    return err.class == HM_REFUSED ? log_refused_clock(s->office, err) : err;
}

static hm_err check_request(stamping *s, hm_bytes request) {
    HM_TRY(hm_timestamp_query_read(request, &s->query, &s->failure));
    HM_TRY(hm_tsa_policy(s->office->row.uuid, &s->policy));
    s->failure = HM_TSA_UNACCEPTED_POLICY;
    return !s->query.policy.len || hm_bytes_equal(s->query.policy, hm_buf_bytes(&s->policy))
               ? HM_OK
               : hm_refuse("this authority has another policy");
}

static hm_err check_key(stamping *s) {
    s->failure = HM_TSA_SYSTEM_FAILURE;
    HM_TRY(ready_key(s->office, &s->key));
    return s->key->not_after < hm_now() ? hm_refuse("the authority's certificate has expired") : HM_OK;
}

/* What an intent says of its time, in milliseconds. */
static hm_err time_of_stamp(const hm_entry_row *entry, int64_t *milliseconds) {
    uint64_t seconds, rest;
    HM_TRY(number_of(entry, "time", &seconds));
    HM_TRY(number_of(entry, "milliseconds", &rest));
    *milliseconds = (int64_t)(seconds * 1000 + rest);
    return HM_OK;
}

typedef struct {
    const hm_tsa_settings *settings;
    int64_t milliseconds;
    uint64_t index;
} last_stamp;

/* Of one whose details were erased the time is not known; that of what was stated after it will do. */
static hm_err take_last(void *context, const hm_entry_row *entry) {
    last_stamp *last = context;
    hm_leaf leaf;
    bool erased;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    HM_TRY(hm_audit_details(&leaf, entry, &erased));
    last->index = entry->index;
    last->milliseconds = last->settings->since * 1000;
    if (erased && entry->index > last->settings->index)
        return hm_refuse("the details of entry %llu were erased, and with them the time of the last timestamp "
                         "(hallmark tsa enable begins anew)",
                         (unsigned long long)entry->index);
    return erased ? HM_OK : time_of_stamp(entry, &last->milliseconds);
}

/* Now, or the time of the token before it if the clock was put back a little. */
static hm_err take_time(stamping *s) {
    last_stamp last = {.settings = &s->settings};
    s->failure = HM_TSA_TIME_NOT_AVAILABLE;
    HM_TRY(hm_store_last_tagged(s->office->store, HM_STAMPS_TAG, take_last, &last));
    s->milliseconds = hm_now_milliseconds();
    if (s->milliseconds >= last.milliseconds) return HM_OK;
    if (last.milliseconds - s->milliseconds > BACKWARDS_MAX)
        return hm_refuse("the clock is behind the last timestamp, entry %llu, by %lld ms",
                         (unsigned long long)last.index, (long long)(last.milliseconds - s->milliseconds));
    s->milliseconds = last.milliseconds;
    return HM_OK;
}

static hm_err make_serial(stamping *s, uint64_t entry) {
    for (size_t i = 0; i < 8; i++) s->serial[i] = (uint8_t)(entry >> (56 - 8 * i));
    while (!s->serial[s->serial_at] && s->serial_at < 8) s->serial_at++;
    do HM_TRY(hm_random(s->serial + 8, SERIAL_RANDOM));
    while (s->serial_at == 8 && !s->serial[8]);
    return HM_OK;
}

static hm_err describe(const stamping *s, hm_buf *details) {
    hm_json json = hm_json_canonical(details);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "actor", s->office->session->actor);
    hm_json_string(&json, "algorithm", hm_digest_name(s->query.imprint.algorithm));
    hm_json_hex(&json, "certificate", HM_ARRAY(s->key->certificate_sha256));
    hm_json_hex(&json, "content", hm_digest_bytes(&s->query.imprint));
    hm_json_hex(&json, "key", HM_ARRAY(s->key->token_id));
    hm_json_number(&json, "milliseconds", s->milliseconds % 1000);
    if (s->office->session->principal[0]) hm_json_string(&json, "principal", s->office->session->principal);
    hm_json_string(&json, "purpose", "timestamp");
    hm_json_hex(&json, "serial", serial_of(s));
    hm_json_number(&json, "time", s->milliseconds / 1000);
    hm_json_string(&json, "token", s->office->token_name);
    hm_json_close_object(&json);
    return hm_json_end(&json);
}

/* In the transaction that reads the time before: two that stamp at once do it one after the other. */
static hm_err append_intent(stamping *s) {
    HM_BUF details = HM_BUF_EMPTY;
    uint64_t next;
    HM_TRY(take_time(s));
    s->failure = HM_TSA_SYSTEM_FAILURE;
    HM_TRY(hm_key_may_sign(s->office, s->key->token_id));
    HM_TRY(hm_store_log_size(s->office->store, &next));
    HM_TRY(make_serial(s, next));
    HM_TRY(describe(s, &details));
    hm_record record = {.type = HM_LEAF_INTENT,
                        .format = HM_LOGGED_TIMESTAMP,
                        .digest = hm_digest_bytes(&s->query.imprint),
                        .details = hm_buf_bytes(&details),
                        .tag = HM_STAMPS_TAG};
    HM_TRY(hm_log_append(s->office, &record, &s->intent));
    return s->intent == next ? HM_OK : hm_could_not("the log numbers its entries otherwise");
}

static hm_err log_intent(stamping *s) {
    HM_TRY(hm_store_begin(s->office->store));
    hm_err err = append_intent(s);
    if (!hm_failed(err)) return hm_store_commit(s->office->store);
    hm_store_rollback(s->office->store);
    return err;
}

/* A faulty signature can betray a key: none leaves unverified. */
static hm_err sign_verified(void *context, hm_scheme scheme, hm_bytes message, hm_buf *signature) {
    const hm_signer *token = context;
    HM_BUF fresh = HM_BUF_EMPTY;
    HM_TRY(token->sign(token->key, scheme, message, &fresh));
    bool good;
    HM_TRY(hm_decided(hm_verify(token->spki, scheme, message, hm_buf_bytes(&fresh)), &good));
    if (!good) return hm_could_not("the token gave a signature that does not fit its key");
    return hm_put(signature, hm_buf_bytes(&fresh));
}

static hm_err make_token(const stamping *s, hm_buf *token) {
    HM_BUF fresh = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    hm_signer of_token = hm_key_signer(s->key->key);
    hm_signer signer = {sign_verified, &of_token, of_token.algorithm, of_token.spki};
    bool checked = strcmp(s->settings.source, "none") != 0; /* otherwise nobody knows how wrong the time is */
    hm_timestamp_plan plan = {.query = &s->query,
                              .policy = hm_buf_bytes(&s->policy),
                              .serial = serial_of(s),
                              .milliseconds = s->milliseconds,
                              .accuracy = checked ? (unsigned)(s->settings.max_offset + 999) / 1000 : 0,
                              .chain = &s->key->chain};
    hm_err err = hm_timestamp_make(&plan, &signer, &fresh, hash);
    hm_fault fault = hm_fault_keep(err);
    hm_record outcome = {.format = HM_LOGGED_TIMESTAMP, .digest = HM_ARRAY(hash), .intent = s->intent};
    HM_TRY(hm_log_result(s->office, &outcome, err));
    return hm_failed(err) ? hm_fault_raise(&fault) : hm_put(token, hm_buf_bytes(&fresh));
}

static hm_err stamp(stamping *s, hm_bytes request, hm_buf *token) {
    HM_TRY(check_enabled(s));
    HM_TRY(check_request(s, request));
    HM_TRY(check_clock(s));
    HM_TRY(check_key(s));
    HM_TRY(log_intent(s));
    return make_token(s, token);
}

hm_err hm_tsa_reply(hm_office *office, hm_bytes request, hm_buf *reply) {
    STAMPING s = {.office = office};
    HM_BUF token = HM_BUF_EMPTY;
    hm_err err = stamp(&s, request, &token);
    if (!hm_failed(err)) return hm_timestamp_grant(hm_buf_bytes(&token), reply);
    /* What the office cannot do is its own affair, and no stranger's. */
    bool told = err.class == HM_REFUSED || office->session->who != HM_WHO_NOBODY;
    if (err.class != HM_REFUSED) s.failure = HM_TSA_SYSTEM_FAILURE;
    hm_fault fault = hm_fault_keep(err);
    return hm_timestamp_reject(s.failure, told ? fault.sentence : "the authority cannot sign at this moment", reply);
}

hm_err hm_tsa_admit_stranger(hm_office *office) {
    hm_tsa *tsa;
    int64_t minute = hm_now() / 60;
    HM_TRY(of_office(office, &tsa));
    if (tsa->minute != minute) tsa->strangers = 0;
    tsa->minute = minute;
    return tsa->strangers++ < office->strangers_stamps
               ? HM_OK
               : hm_could_not("there were too many timestamps in this minute (each is on record)");
}

/* ---- what must hold of the log ---- */

bool hm_tsa_is_found(const hm_leaf *leaf, uint64_t tag) {
    return is_stamp(leaf) == (tag == HM_STAMPS_TAG) && is_statement(leaf) == (tag == HM_TSA_TAG);
}

hm_err hm_tsa_audit(const hm_leaf *leaf, const hm_entry_row *entry, int64_t *last) {
    int64_t milliseconds;
    HM_BUF number = HM_BUF_EMPTY;
    if (!is_stamp(leaf) || !entry->details.len) return HM_OK;
    HM_TRY(time_of_stamp(entry, &milliseconds));
    if (milliseconds < *last)
        return hm_refuse("entry %llu is a timestamp of an earlier time than the one before it",
                         (unsigned long long)entry->index);
    *last = milliseconds;
    hm_bytes serial = hm_json_text_of(entry->details, "serial");
    size_t random = 2 * SERIAL_RANDOM;
    HM_TRY(hm_put_format(&number, "%llx", (unsigned long long)entry->index));
    while (serial.len > number.len + random && serial.data[0] == '0')
        serial = HM_BYTES(serial.data + 1, serial.len - 1);
    return serial.len == number.len + random && memcmp(serial.data, number.data, number.len) == 0
               ? HM_OK
               : hm_refuse("entry %llu is a timestamp with another entry's serial number",
                           (unsigned long long)entry->index);
}
