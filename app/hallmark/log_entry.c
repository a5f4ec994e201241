#include "log_entry.h"

#include <base/json.h>
#include <base/readable.h>
#include <tlog/leaf.h>

#include <stdio.h>
#include <time.h>

const char *hm_leaf_type_name(hm_leaf_type type) {
    switch (type) {
    case HM_LEAF_INTENT:
        return "intent";
    case HM_LEAF_OUTCOME:
        return "outcome";
    case HM_LEAF_REFUSAL:
        return "refusal";
    case HM_LEAF_CEREMONY:
        return "ceremony";
    case HM_LEAF_FAILURE:
        return "failure";
    case HM_LEAF_REQUEST:
        return "request";
    case HM_LEAF_PUBLICATION:
        return "publication";
    }
    return "?";
}

static hm_err print_entry_json(const hm_message *entry, const hm_leaf *leaf) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_number(&json, "index", (int64_t)entry->field[HM_LOG_ENTRY_INDEX].number);
    hm_json_string(&json, "type", hm_leaf_type_name(leaf->type));
    if (leaf->has_intent) hm_json_number(&json, "intent", (int64_t)leaf->intent);
    hm_json_hex(&json, "digest", HM_BYTES(leaf->digest, leaf->digest_len));
    hm_json_hex(&json, "leaf", entry->field[HM_LOG_ENTRY_LEAF].bytes);
    hm_json_hex(&json, "salt", entry->field[HM_LOG_ENTRY_SALT].bytes);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_bytes details = entry->field[HM_LOG_ENTRY_DETAILS].bytes;
    /* The details are canonical JSON already: they become a member as they are. */
    printf("%.*s,\"details\":%.*s}\n", (int)text.len - 1, (const char *)text.data, details.len ? (int)details.len : 4,
           details.len ? (const char *)details.data : "null");
    return HM_OK;
}

/* One of the details, before it TEXT; nothing if it is not there or empty. */
static hm_err put_detail(hm_buf *line, const char *text, hm_bytes details, const char *key) {
    hm_bytes value;
    bool found;
    hm_json_member(details, key, &value, &found);
    if (!found || !value.len) return HM_OK;
    HM_TRY(hm_put_text(line, text));
    return hm_put_readable(line, value);
}

static hm_err put_time(hm_buf *line, hm_bytes details) {
    hm_bytes value;
    bool found;
    uint64_t seconds;
    char text[24] = "(details erased)   ";
    struct tm utc;
    hm_json_member(details, "time", &value, &found);
    if (found && !hm_failed(hm_decimal_decode(value, &seconds)) && gmtime_r(&(time_t){(time_t)seconds}, &utc))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &utc);
    return hm_put_format(line, "%s", text);
}

/* What was asked for, of whom, by whom. */
static hm_err put_request(hm_buf *line, hm_bytes details) {
    HM_TRY(put_detail(line, "  ", details, "act"));
    HM_TRY(put_detail(line, "  sign ", details, "name"));
    HM_TRY(put_detail(line, "  sign ", details, "purpose"));
    HM_TRY(put_detail(line, " for ", details, "product"));
    HM_TRY(put_detail(line, " ", details, "release"));
    HM_TRY(put_detail(line, ", ", details, "algorithm"));
    HM_TRY(put_detail(line, ", decided by ", details, "who"));
    HM_TRY(put_detail(line, ", by ", details, "actor"));
    return put_detail(line, ": ", details, "reason");
}

/* Who handed it in is not who stated it: officers did, with their keys. */
static hm_err put_statement(hm_buf *line, hm_bytes details) {
    HM_TRY(put_detail(line, "  statement: ", details, "what"));
    return put_detail(line, ", handed in by ", details, "actor");
}

/* Of which certificate, or of which key: a certificate's entry names its key, too, and says enough by its number. */
static hm_err put_which(hm_buf *line, hm_bytes details) {
    if (!hm_json_text_of(details, "serial").len) return put_detail(line, ", key ", details, "key");
    HM_TRY(put_detail(line, ", serial ", details, "serial"));
    return put_detail(line, ", ", details, "why");
}

static hm_err put_ceremony(hm_buf *line, hm_bytes details) {
    hm_bytes what;
    bool stated;
    hm_json_member(details, "what", &what, &stated);
    if (stated) return put_statement(line, details);
    HM_TRY(put_detail(line, "  ", details, "act"));
    HM_TRY(put_detail(line, ": ", details, "subject"));
    HM_TRY(put_detail(line, ", clock by ", details, "source"));
    HM_TRY(put_detail(line, ": ", details, "organization"));
    HM_TRY(put_detail(line, ": ", details, "role"));
    HM_TRY(put_detail(line, " ", details, "algorithm"));
    HM_TRY(put_detail(line, ", product ", details, "product"));
    HM_TRY(put_which(line, details));
    return put_detail(line, ", by ", details, "actor");
}

static hm_err put_result(hm_buf *line, const hm_leaf *leaf, hm_bytes details) {
    HM_TRY(hm_put_format(line, "  of intent %llu", (unsigned long long)leaf->intent));
    if (leaf->type == HM_LEAF_FAILURE) return put_detail(line, ": ", details, "reason");
    HM_TRY(hm_put_text(line, ", signature "));
    HM_TRY(hm_put_hex(line, HM_BYTES(leaf->digest, 8)));
    return hm_put_text(line, "…");
}

hm_err hm_print_log_entry(const hm_options *options, const hm_message *entry) {
    hm_leaf leaf;
    HM_BUF line = HM_BUF_EMPTY;
    unsigned long long index = entry->field[HM_LOG_ENTRY_INDEX].number;
    hm_bytes details = entry->field[HM_LOG_ENTRY_DETAILS].bytes;
    HM_TRY(hm_in(hm_leaf_get(entry->field[HM_LOG_ENTRY_LEAF].bytes, &leaf), "entry %llu", index));
    if (options->json) return print_entry_json(entry, &leaf);
    HM_TRY(hm_put_format(&line, "%6llu  ", index));
    HM_TRY(put_time(&line, details));
    HM_TRY(hm_put_format(&line, "  %-8s", hm_leaf_type_name(leaf.type)));
    if (leaf.has_intent)
        HM_TRY(put_result(&line, &leaf, details));
    else if (leaf.type == HM_LEAF_CEREMONY)
        HM_TRY(put_ceremony(&line, details));
    else
        HM_TRY(put_request(&line, details));
    printf("%.*s\n", (int)line.len, (const char *)line.data);
    return HM_OK;
}
