#include "incident.h"

#include <base/json.h>
#include <tlog/leaf.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of more names than that a report is not read. */
enum { NAMES_MAX = 5000 };

/* An intent whose outcome is still to come. */
struct hm_incident_pending {
    uint64_t index;
    bool meant, approved, in_doubt;
    hm_buf details;
};

void hm_incident_clear(hm_incident *i) {
    for (size_t k = 0; k < i->pendings; k++) hm_buf_clear(&i->pending[k].details);
    hm_buf_clear(&i->since_salt);
    hm_buf_clear(&i->since_details);
    free(i->pending);
    free(i->line);
    free(i->releases.of);
    free(i->people.of);
    free(i->days.of);
    free(i->certificate);
    free(i->act);
    free(i->stated);
    free(i->approval);
    hm_incident_clear_requests(i);
    *i = (hm_incident){.rehearsal = false};
}

hm_err hm_incident_grow(void *items, size_t size, size_t count, size_t *room) {
    void **array = items;
    if (count < *room) return HM_OK;
    size_t larger = *room ? 2 * *room : 16;
    void *moved = reallocarray(*array, larger, size);
    if (!moved) return hm_no_memory();
    *array = moved;
    *room = larger;
    return HM_OK;
}

void hm_incident_copy(char *to, size_t size, hm_bytes text) {
    size_t len = text.len < size - 1 ? text.len : size - 1;
    if (len) memcpy(to, text.data, len);
    to[len] = 0;
}

static hm_err count_in(hm_incident_table *table, const char *name, const hm_incident_line *line) {
    size_t k = table->count;
    while (k && strcmp(table->of[k - 1].name, name) != 0) k--; /* the newest is asked for most */
    if (!k) {
        if (table->count == NAMES_MAX) return table->more = true, HM_OK;
        HM_TRY(hm_incident_grow(&table->of, sizeof *table->of, table->count, &table->room));
        table->of[table->count] = (hm_incident_count){.first = line->time};
        snprintf(table->of[table->count].name, sizeof table->of[0].name, "%s", name);
        k = ++table->count;
    }
    hm_incident_count *c = &table->of[k - 1];
    c->signatures++;
    c->in_doubt += line->in_doubt;
    c->last = line->time;
    return HM_OK;
}

static hm_err count_day(hm_incident *i, const hm_incident_line *line) {
    char day[16];
    struct tm tm;
    time_t time = line->time;
    if (!gmtime_r(&time, &tm) || !strftime(day, sizeof day, "%Y-%m-%d", &tm)) return HM_OK;
    return count_in(&i->days, day, line);
}

/* ---- whose it is ---- */

static bool is_meant(const hm_incident *i, hm_bytes details) {
    return i->is_principal ? hm_incident_is_his(i, details)
                           : hm_bytes_equal(hm_json_text_of(details, "key"), hm_text(i->subject));
}

hm_err hm_incident_note_certificate(hm_incident *i, hm_bytes sha256) {
    if (sha256.len != HM_SHA256_LEN) return HM_OK;
    for (size_t k = 0; k < i->certificates; k++)
        if (memcmp(i->certificate[k].sha256, sha256.data, HM_SHA256_LEN) == 0) return HM_OK;
    HM_TRY(hm_incident_grow(&i->certificate, sizeof *i->certificate, i->certificates, &i->certificates_room));
    hm_incident_certificate *c = &i->certificate[i->certificates++];
    *c = (hm_incident_certificate){.not_after = 0};
    memcpy(c->sha256, sha256.data, HM_SHA256_LEN);
    return HM_OK;
}

static hm_err note_certificate(hm_incident *i, hm_bytes hex) {
    HM_BUF sha256 = HM_BUF_EMPTY;
    return hm_failed(hm_hex_decode(hex, &sha256)) ? HM_OK : hm_incident_note_certificate(i, hm_buf_bytes(&sha256));
}

void hm_incident_note_time(hm_incident *i, hm_bytes details) {
    uint64_t time;
    if (hm_failed(hm_decimal_decode(hm_json_text_of(details, "time"), &time)) || time > INT64_MAX) return;
    if ((int64_t)time > i->latest) i->latest = (int64_t)time;
}

/* What an office elsewhere says of an entry is what the leaf holds, or it is none of the log's. */
static hm_err check_details(const hm_message *entry, const hm_leaf *leaf) {
    hm_bytes salt = entry->field[HM_LOG_ENTRY_SALT].bytes, details = entry->field[HM_LOG_ENTRY_DETAILS].bytes;
    uint8_t hash[HM_SHA256_LEN];
    if (!salt.len && !details.len) return HM_OK; /* erased */
    if (salt.len == HM_SALT_LEN) hm_leaf_details_hash(salt.data, details, hash);
    return salt.len == HM_SALT_LEN && memcmp(hash, leaf->details_hash, sizeof hash) == 0
               ? HM_OK
               : hm_refuse("entry %llu: its details are not those that the log holds: the office lies, or was changed",
                           (unsigned long long)entry->field[HM_LOG_ENTRY_INDEX].number);
}

hm_err hm_incident_note_since(hm_incident *i, const hm_message *entry) {
    hm_bytes details = entry->field[HM_LOG_ENTRY_DETAILS].bytes;
    hm_leaf leaf;
    uint64_t time;
    HM_TRY(hm_leaf_get(entry->field[HM_LOG_ENTRY_LEAF].bytes, &leaf));
    HM_TRY(check_details(entry, &leaf));
    if (hm_failed(hm_decimal_decode(hm_json_text_of(details, "time"), &time)) || time > INT64_MAX ||
        (int64_t)time < i->since)
        return hm_refuse("the office names an entry of another time than was asked for: it lies, or was changed");
    i->since_met = true;
    i->since_index = entry->field[HM_LOG_ENTRY_INDEX].number;
    HM_TRY(hm_put(&i->since_salt, entry->field[HM_LOG_ENTRY_SALT].bytes));
    return hm_put(&i->since_details, details);
}

bool hm_incident_is_late(const hm_incident *i, uint64_t index) {
    return i->latest >= i->since || (i->since_met && index >= i->since_index);
}

hm_err hm_incident_disclose(const hm_message *entry, FILE *disclosed) {
    hm_bytes details = entry->field[HM_LOG_ENTRY_DETAILS].bytes;
    HM_BUF hex = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&hex, entry->field[HM_LOG_ENTRY_SALT].bytes));
    fprintf(disclosed, "{\"index\":%llu,\"salt\":\"%.*s\",\"details\":%.*s}\n",
            (unsigned long long)entry->field[HM_LOG_ENTRY_INDEX].number, (int)hex.len, (const char *)hex.data,
            details.len ? (int)details.len : 4, details.len ? (const char *)details.data : "null");
    return HM_OK;
}

static hm_err take_intent(hm_incident *i, uint64_t index, hm_bytes details) {
    HM_TRY(hm_incident_grow(&i->pending, sizeof *i->pending, i->pendings, &i->pendings_room));
    struct hm_incident_pending *p = &i->pending[i->pendings++];
    *p = (struct hm_incident_pending){
        .index = index, .meant = is_meant(i, details), .in_doubt = hm_incident_is_late(i, index)};
    /* What others asked for is in doubt by when it was approved. */
    if (!p->meant && i->is_principal) p->meant = p->approved = hm_incident_is_approved(i, details, &p->in_doubt);
    if (!p->meant) return HM_OK;
    if (!i->is_principal) HM_TRY(note_certificate(i, hm_json_text_of(details, "certificate")));
    return hm_put(&p->details, details);
}

/* ---- a signature ---- */

void hm_incident_put_member(FILE *list, hm_bytes details, const char *name) {
    hm_bytes value = hm_json_text_of(details, name);
    if (value.len) fprintf(list, ",\"%s\":\"%.*s\"", name, (int)value.len, (const char *)value.data);
}

static hm_err put_line(const hm_incident_line *line, const hm_leaf *outcome, bool approved, hm_bytes details,
                       FILE *list) {
    static const char *const members[] = {"product",   "release",   "name",  "plain",   "content",     "key",
                                          "algorithm", "principal", "actor", "request", "certificate", "purpose"};
    HM_BUF signature = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&signature, HM_BYTES(outcome->digest, outcome->digest_len)));
    fprintf(list, "{\"in_doubt\":%s,\"time\":%lld,\"intent\":%llu,\"outcome\":%llu,\"format\":%u",
            line->in_doubt ? "true" : "false", (long long)line->time, (unsigned long long)line->intent,
            (unsigned long long)line->outcome, (unsigned)outcome->format);
    for (size_t m = 0; m < sizeof members / sizeof members[0]; m++) hm_incident_put_member(list, details, members[m]);
    if (approved) fprintf(list, ",\"approved\":true");
    fprintf(list, ",\"signature\":\"%.*s\"}\n", (int)signature.len, (const char *)signature.data);
    return HM_OK;
}

static hm_err keep_line(hm_incident *i, const hm_incident_line *line) {
    if (!line->in_doubt || i->shown == HM_INCIDENT_SHOWN) return HM_OK;
    if (!i->line) i->line = calloc(HM_INCIDENT_SHOWN, sizeof *i->line);
    if (!i->line) return hm_no_memory();
    i->line[i->shown++] = *line;
    return HM_OK;
}

static hm_err take_signature(hm_incident *i, const struct hm_incident_pending *p, uint64_t index, const hm_leaf *leaf,
                             FILE *list) {
    hm_bytes details = hm_buf_bytes(&p->details), who = hm_json_text_of(details, "principal");
    hm_incident_line line = {.intent = p->index, .outcome = index};
    uint64_t time = 0;
    (void)!hm_failed(hm_decimal_decode(hm_json_text_of(details, "time"), &time));
    line.time = (int64_t)time;
    line.in_doubt = p->in_doubt;
    hm_incident_copy(line.name, sizeof line.name, hm_json_text_of(details, "name"));
    hm_incident_copy(line.release, sizeof line.release, hm_json_text_of(details, "release"));
    hm_incident_copy(line.digest, sizeof line.digest, hm_json_text_of(details, "plain"));
    hm_incident_copy(line.who, sizeof line.who, who.len ? who : hm_json_text_of(details, "actor"));
    if (!line.name[0]) i->of_the_office++;
    if (!line.name[0]) hm_incident_copy(line.name, sizeof line.name, hm_json_text_of(details, "purpose"));
    i->signatures++;
    i->in_doubt += line.in_doubt;
    i->approved += p->approved;
    HM_TRY(count_in(&i->releases, line.release, &line));
    HM_TRY(count_in(&i->people, line.who, &line));
    HM_TRY(count_day(i, &line));
    HM_TRY(keep_line(i, &line));
    return put_line(&line, leaf, p->approved, details, list);
}

/* What ended an intent: its outcome, or that there was none. */
static hm_err take_end(hm_incident *i, uint64_t index, const hm_leaf *leaf, FILE *list) {
    for (size_t k = i->pendings; k-- > 0;) {
        struct hm_incident_pending *p = &i->pending[k];
        if (p->index != leaf->intent) continue;
        hm_err err = p->meant && leaf->type == HM_LEAF_OUTCOME ? take_signature(i, p, index, leaf, list) : HM_OK;
        hm_buf_clear(&p->details);
        *p = i->pending[--i->pendings];
        return err;
    }
    return HM_OK;
}

/* A line of the lists is one of theirs: what the log's writer makes has no character that would end it. */
static hm_err check_one_line(hm_bytes details, uint64_t index) {
    for (size_t k = 0; k < details.len; k++)
        if (details.data[k] < ' ')
            return hm_refuse("entry %llu: its details are not as an office writes them", (unsigned long long)index);
    return HM_OK;
}

static bool is_birth(const hm_incident *i, hm_bytes details) {
    return hm_bytes_equal(hm_json_text_of(details, "act"), hm_text(i->imported ? "key imported" : "key generated")) &&
           hm_bytes_equal(hm_json_text_of(details, "key"), hm_text(i->subject)) &&
           hm_bytes_equal(hm_json_text_of(details, "role"), hm_text(i->role));
}

/* Of a key the entry of its making is read, too: the product is the right one. Its leaf has the public key's digest,
 * which a copy's, of a rehearsal, is not. */
static hm_err take_birth(hm_incident *i, const hm_message *entry, const hm_leaf *leaf, FILE *disclosed) {
    hm_bytes details = entry->field[HM_LOG_ENTRY_DETAILS].bytes;
    bool same = i->rehearsal || hm_bytes_equal(HM_BYTES(leaf->digest, leaf->digest_len), HM_ARRAY(i->spki_sha256));
    if (i->born || leaf->type != HM_LEAF_CEREMONY || !same || (details.len && !is_birth(i, details))) return HM_OK;
    i->born = details.len || !i->rehearsal;
    i->born_erased = !details.len;
    hm_incident_note_time(i, details);
    return details.len ? hm_incident_disclose(entry, disclosed) : HM_OK;
}

/* Of a principal every entry counts that is no signature's end. */
hm_err hm_incident_take(hm_incident *i, const hm_message *entry, const hm_incident_files *files) {
    uint64_t index = entry->field[HM_LOG_ENTRY_INDEX].number;
    hm_bytes details = entry->field[HM_LOG_ENTRY_DETAILS].bytes;
    hm_leaf leaf;
    HM_TRY(hm_leaf_get(entry->field[HM_LOG_ENTRY_LEAF].bytes, &leaf));
    HM_TRY(check_one_line(details, index));
    HM_TRY(check_details(entry, &leaf));
    if (leaf.has_intent) return take_end(i, index, &leaf, files->list);
    if (leaf.type != HM_LEAF_INTENT && !i->is_principal) return take_birth(i, entry, &leaf, files->disclosed);
    HM_TRY(hm_incident_disclose(entry, files->disclosed));
    if (!details.len && !i->erased++) i->erased_first = index;
    hm_incident_note_time(i, details);
    return leaf.type == HM_LEAF_INTENT ? take_intent(i, index, details)
                                       : hm_incident_take_act(i, index, leaf.type, details, files->acts);
}

/* The search has found these entries by what their leaves say, and does not ask whose they are. */
static void doubt_erased(hm_incident *i) {
    if (i->complete)
        snprintf(i->why, sizeof i->why,
                 "the details of %llu entries that may be meant were erased, the first of them entry %llu",
                 (unsigned long long)i->erased, (unsigned long long)i->erased_first);
    i->complete = false;
}

hm_err hm_incident_end(hm_incident *i) {
    for (size_t k = 0; k < i->pendings; k++) i->unfinished += i->pending[k].meant;
    if (i->erased) doubt_erased(i);
    if (i->complete && !i->is_principal && !i->born) {
        i->complete = false;
        snprintf(
            i->why, sizeof i->why,
            "the log does not say of %s that this key was made: what the office says of it was changed (hallmark log check)",
            i->product[0] ? i->product : "the office");
    }
    if (i->complete && i->stated_found != i->stated_count) {
        i->complete = false;
        snprintf(i->why, sizeof i->why,
                 "statements that %s signed are not in the entries that the office names for them", i->subject);
    }
    return HM_OK;
}
