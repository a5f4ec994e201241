/* Officers' statements: kept as entries of the log, read back in their order, judged by lib/policy.
 *
 * Who edits the database must gain nothing. So nothing of what it says of people is believed by itself: the ids of the
 * keys in the token name the charter (key_id.c); each statement follows from the charter by officers' signatures; and
 * how many there are stands in the checkpoint that the log's key, as the token has it, has signed. */
#include "office.h"

#include <core/statement_envelope.h>
#include <pki/cose.h>
#include <policy/policy.h>

#include <stdio.h>
#include <string.h>

/* Two lines of the checkpoint begin with them: how many statements there are, with SHA-256 of the last one; and the
 * time of signing, before which what comes behind them was not made. */
static const char head_word[] = "statements", time_word[] = "time";

/* ---- in the log ---- */

static hm_err envelope_of(const hm_entry_row *entry, hm_buf *envelope) {
    hm_bytes text;
    bool found;
    hm_json_member(entry->details, "statement", &text, &found);
    if (!found) return hm_refuse("the details of a statement were changed");
    return hm_base64_decode(text, envelope);
}

typedef struct {
    hm_office *office;
    uint64_t end;
    uint64_t vouched; /* so many statements stand in a checkpoint ... */
    uint8_t vouched_last[HM_SHA256_LEN];
    int64_t vouched_time; /* ... which was signed then */
    bool verify_all;
} replay;

/* Behind those that a checkpoint vouches for come new ones, whatever time the database gives them: who was an officer
 * until last year states nothing in its name. */
static hm_err check_vouched(const replay *r) {
    uint8_t last[HM_SHA256_LEN];
    if (hm_registry_size(r->office->registry) != r->vouched) return HM_OK;
    hm_registry_last(r->office->registry, last);
    if (memcmp(last, r->vouched_last, sizeof last) != 0)
        return hm_refuse("it is not the statement that the checkpoint names: the database was changed");
    hm_registry_between(r->office->registry, r->vouched_time, hm_now());
    return HM_OK;
}

/* The leaf is what the log commits to: it must be of this statement and of these details. */
static hm_err check_leaf(const hm_office *office, const hm_entry_row *entry) {
    uint8_t last[HM_SHA256_LEN];
    hm_leaf leaf;
    bool erased;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    HM_TRY(hm_audit_details(&leaf, entry, &erased));
    hm_registry_last(office->registry, last);
    return !erased && hm_audit_is_statement(&leaf) &&
                   hm_bytes_equal(HM_BYTES(leaf.digest, leaf.digest_len), HM_ARRAY(last))
               ? HM_OK
               : hm_refuse("its leaf is not that of its statement: the database was changed");
}

static hm_err replay_statement(const replay *r, const hm_entry_row *entry) {
    HM_BUF envelope = HM_BUF_EMPTY;
    bool verify = r->verify_all || hm_registry_size(r->office->registry) >= r->vouched;
    HM_TRY(envelope_of(entry, &envelope));
    HM_TRY(hm_statement_envelope_take(r->office->registry, hm_buf_bytes(&envelope), verify, 0));
    HM_TRY(check_leaf(r->office, entry));
    return check_vouched(r);
}

static hm_err replay_entry(void *context, const hm_entry_row *entry) {
    replay *r = context;
    if (entry->index >= r->end) return HM_OK;
    HM_TRY(hm_in(replay_statement(r, entry), "entry %llu", (unsigned long long)entry->index));
    r->office->statements_next = entry->index + 1;
    return HM_OK;
}

/* Take what stands in the log below END and was not taken yet. */
static hm_err replay_all(replay *r) {
    hm_office *office = r->office;
    hm_err err =
        hm_store_entries_tagged_from(office->store, HM_STATEMENTS_TAG, office->statements_next, replay_entry, r);
    /* A registry that took what does not belong to it is none to go on with. */
    if (hm_failed(err)) hm_registry_free(&office->registry);
    HM_TRY(err);
    uint64_t size = hm_registry_size(office->registry);
    if (size >= r->vouched) return HM_OK;
    hm_registry_free(&office->registry);
    return hm_refuse("the checkpoint names %llu statements, and the database has %llu: it was changed",
                     (unsigned long long)r->vouched, (unsigned long long)size);
}

/* The same in a session that has read them before: others may have come meanwhile. */
static hm_err catch_up(hm_office *office, uint64_t end) {
    replay r = {.office = office, .end = end};
    int version = end == UINT64_MAX ? hm_store_version(office->store) : 0;
    hm_registry_between(office->registry, 0, hm_now());
    if (version && version == office->registry_version) return HM_OK;
    office->registry_version = 0;
    HM_TRY(replay_all(&r));
    office->registry_version = version;
    return HM_OK;
}

static hm_err take_charter(void *context, const hm_entry_row *entry) {
    hm_office *office = context;
    HM_BUF envelope = HM_BUF_EMPTY;
    static hm_cose_envelope read;
    hm_statement charter;
    if (office->stated) return HM_OK;
    HM_TRY(hm_in(envelope_of(entry, &envelope), "entry %llu", (unsigned long long)entry->index));
    HM_TRY(hm_in(hm_cose_draft_get(hm_buf_bytes(&envelope), &read), "the charter"));
    HM_TRY(hm_in(hm_statement_get(read.payload, &charter), "the charter"));
    hm_sha256(read.payload, office->charter);
    office->stated = true;
    office->governed = charter.founders != 0;
    return HM_OK;
}

hm_err hm_statements_find(hm_office *office) {
    return hm_store_entries_tagged(office->store, HM_STATEMENTS_TAG, take_charter, office);
}

/* ---- the checkpoint's line ---- */

/* Of a note, or its text: a line behind origin, size and root. */
bool hm_statements_named(hm_bytes text) {
    hm_reader reader = hm_reader_of(text);
    hm_bytes line;
    for (int i = 0; i < 4; i++)
        if (hm_failed(hm_read_line(&reader, &line))) return false;
    return line.len != 0;
}

/* Where none is found none was ever published: otherwise the database would let go every key that was stopped. */
static hm_err check_never_stated(hm_office *office) {
    HM_BUF edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    hm_note_key key;
    hm_bytes text;
    HM_TRY(hm_store_get_head(office->store, &edge, &note));
    if (!note.len) return HM_OK;
    HM_TRY(hm_log_key(office, &key));
    HM_TRY(hm_in(hm_note_open(hm_buf_bytes(&note), &key, &text), "the database's own checkpoint"));
    return hm_statements_named(text)
               ? hm_refuse("the checkpoint names statements, and the database has none: it was changed")
               : HM_OK;
}

/* In an office without founders the first statement may come while others have it open. */
static hm_err find_later(hm_office *office) {
    int version = hm_store_version(office->store);
    if (office->stated || (version && version == office->registry_version)) return HM_OK;
    HM_TRY(hm_statements_find(office));
    if (!office->stated) HM_TRY(check_never_stated(office));
    office->registry_version = office->stated ? 0 : version;
    return HM_OK;
}

/* What stands before the next space, or the end. */
static hm_bytes take_word(hm_bytes *line) {
    const uint8_t *space = line->len ? memchr(line->data, ' ', line->len) : NULL;
    size_t len = space ? (size_t)(space - line->data) : line->len;
    hm_bytes word = HM_BYTES(line->data, len);
    *line = space ? HM_BYTES(space + 1, line->len - len - 1) : HM_NO_BYTES;
    return word;
}

static hm_err read_line(hm_bytes line, replay *r) {
    HM_BUF hash = HM_BUF_EMPTY;
    if (!hm_bytes_equal(take_word(&line), hm_text(head_word)))
        return hm_refuse("the line behind its root is none of ours");
    HM_TRY(hm_decimal_decode(take_word(&line), &r->vouched));
    HM_TRY(hm_base64_decode(line, &hash));
    if (hash.len != sizeof r->vouched_last) return hm_refuse("its statements' hash has the wrong length");
    memcpy(r->vouched_last, hash.data, hash.len);
    return r->vouched ? HM_OK : hm_refuse("it names no statements");
}

static hm_err read_time(hm_bytes line, replay *r) {
    uint64_t time;
    if (!hm_bytes_equal(take_word(&line), hm_text(time_word))) return hm_refuse("it names no time");
    HM_TRY(hm_decimal_decode(line, &time));
    r->vouched_time = time < INT64_MAX ? (int64_t)time : INT64_MAX;
    return HM_OK;
}

/* A governed office's checkpoints all have the line: a database without it holds one of before, or of elsewhere. */
static hm_err read_head(hm_bytes text, replay *r) {
    hm_reader reader = hm_reader_of(text);
    hm_bytes line;
    for (int i = 0; i < 4; i++)
        if (hm_failed(hm_read_line(&reader, &line))) return hm_refuse("it names no statements");
    HM_TRY(read_line(line, r));
    if (hm_failed(hm_read_line(&reader, &line))) return hm_refuse("it names no time");
    return read_time(line, r);
}

hm_err hm_statements_put_head(hm_office *office, uint64_t size, hm_buf *text) {
    uint8_t last[HM_SHA256_LEN];
    HM_TRY(find_later(office));
    if (!office->stated) return HM_OK;
    HM_TRY(office->registry ? catch_up(office, size) : hm_statements_load(office));
    hm_registry_last(office->registry, last);
    HM_TRY(hm_put_format(text, "%s %llu ", head_word, (unsigned long long)hm_registry_size(office->registry)));
    HM_TRY(hm_put_base64(text, HM_ARRAY(last)));
    return hm_put_format(text, "\n%s %lld\n", time_word, (long long)hm_now());
}

/* ---- loading ---- */

static hm_err load(hm_office *office, const hm_note_key *log_key, bool verify_all) {
    HM_BUF edge = HM_BUF_EMPTY, note = HM_BUF_EMPTY;
    hm_bytes text;
    replay r = {.office = office, .end = UINT64_MAX, .verify_all = verify_all};
    HM_TRY(hm_store_get_head(office->store, &edge, &note));
    HM_TRY(hm_in(hm_note_open(hm_buf_bytes(&note), log_key, &text), "the database's own checkpoint"));
    /* Founders state something before there is a checkpoint; who is alone in an office may do so long after. */
    if (office->governed || hm_statements_named(text))
        HM_TRY(hm_in(read_head(text, &r), "the database's own checkpoint"));
    HM_TRY(hm_registry_new(office->row.uuid, &office->registry));
    if (office->rehearsal) hm_registry_rehearse(office->registry);
    office->registry_version = 0;
    office->statements_next = 0;
    return replay_all(&r);
}

hm_err hm_statements_load(hm_office *office) {
    hm_note_key key;
    HM_TRY(find_later(office));
    if (!office->stated) return HM_OK;
    if (office->registry) return catch_up(office, UINT64_MAX);
    HM_TRY(hm_office_token(office));
    HM_TRY(hm_log_key(office, &key));
    return load(office, &key, false);
}

hm_err hm_statements_audit(hm_office *office) {
    hm_note_key key;
    if (!office->stated) return HM_OK;
    HM_TRY(hm_log_key(office, &key));
    hm_registry_free(&office->registry);
    HM_TRY(load(office, &key, true));
    hm_registry_free(&office->registry);
    return HM_OK;
}

/* ---- adding ---- */

static hm_err append(hm_office *office, hm_bytes envelope, const hm_statement *s) {
    HM_BUF details = HM_BUF_EMPTY, base64 = HM_BUF_EMPTY, line = HM_BUF_EMPTY;
    uint8_t last[HM_SHA256_LEN];
    hm_registry_last(office->registry, last);
    HM_TRY(hm_put_base64(&base64, envelope));
    HM_TRY(hm_statement_describe(s, &line));
    hm_json json = hm_log_act(office, "statement", &details);
    hm_json_text(&json, "statement", hm_buf_bytes(&base64));
    hm_json_number(&json, "time", hm_now());
    hm_json_text(&json, "what", hm_buf_bytes(&line));
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_CEREMONY,
                        .format = HM_LOGGED_STATEMENT,
                        .digest = HM_ARRAY(last),
                        .details = hm_buf_bytes(&details),
                        .tag = HM_STATEMENTS_TAG};
    uint64_t index;
    HM_TRY(hm_log_append(office, &record, &index));
    office->statements_next = index + 1;
    return HM_OK;
}

static hm_err put_charter(const hm_office *office, const hm_statement *founders, hm_statement *charter, hm_buf *cbor) {
    *charter = *founders;
    charter->act = HM_ACT_CHARTER;
    charter->time = office->row.created;
    memcpy(charter->office, office->row.uuid, sizeof charter->office);
    return hm_statement_put(charter, cbor);
}

static const hm_statement no_founders = {.founders = 0};

hm_err hm_statements_found(hm_office *office, const hm_statement *founders) {
    HM_BUF payload = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY;
    hm_statement charter;
    HM_TRY(put_charter(office, founders, &charter, &payload));
    HM_TRY(hm_cose_draft_put(hm_buf_bytes(&payload), NULL, 0, &envelope));
    HM_TRY(hm_registry_new(office->row.uuid, &office->registry));
    /* One without founders is of the office's first day, whenever it is needed first. */
    int64_t now = charter.founders ? hm_now() : 0;
    HM_TRY(hm_statement_envelope_take(office->registry, hm_buf_bytes(&envelope), true, now));
    hm_registry_last(office->registry, office->charter);
    office->stated = true;
    office->governed = charter.founders != 0;
    return append(office, hm_buf_bytes(&envelope), &charter);
}

hm_err hm_statements_place(hm_office *office, uint64_t *number, uint8_t previous[static HM_SHA256_LEN]) {
    HM_BUF payload = HM_BUF_EMPTY;
    hm_statement charter;
    HM_TRY(hm_statements_load(office));
    if (office->stated) {
        *number = hm_registry_size(office->registry);
        hm_registry_last(office->registry, previous);
        return HM_OK;
    }
    HM_TRY(put_charter(office, &no_founders, &charter, &payload));
    *number = 1;
    hm_sha256(hm_buf_bytes(&payload), previous);
    return HM_OK;
}

static hm_err check_policy(const hm_office *office, hm_bytes text) {
    static hm_policy policy; /* one core per process; too large for a stack */
    HM_TRY(hm_in(hm_policy_read(text, &policy), "the policy"));
    return office->governed || !(policy.rules || policy.groups)
               ? HM_OK
               : hm_refuse("this office has no founders, so there is nobody whom rules could hold: a policy may say "
                           "how long its keys serve, and no more");
}

/* What the registry does not look at: is there such a product, is the text a policy? */
static hm_err check_matter(hm_office *office, const hm_statement *s) {
    hm_product product;
    if (s->act == HM_ACT_KEY) return hm_key_state_check(office, s);
    if (s->product.len && (s->until || s->policy.len)) HM_TRY(hm_product_find(office, s->product, &product));
    return s->policy.len ? check_policy(office, s->policy) : HM_OK;
}

static hm_err add_in_transaction(hm_office *office, hm_bytes envelope, bool *taken) {
    static hm_cose_envelope read;
    hm_statement s;
    HM_TRY(hm_statements_load(office)); /* what others added meanwhile */
    *taken = !office->stated;
    if (!office->stated) HM_TRY(hm_statements_found(office, &no_founders));
    HM_TRY(hm_cose_draft_get(envelope, &read));
    HM_TRY(hm_statement_get(read.payload, &s));
    HM_TRY(check_matter(office, &s));
    HM_TRY(hm_statement_envelope_take(office->registry, envelope, true, hm_now()));
    *taken = true;
    return append(office, envelope, &s);
}

/* The registry has what the log has not. */
static void forget(hm_office *office) {
    hm_registry_free(&office->registry);
    office->statements_next = 0;
    office->registry_version = 0;
    office->stated = office->governed; /* founders were there before */
}

hm_err hm_statements_add(hm_office *office, hm_bytes envelope) {
    /* What was left to be done; a token that cannot do it now holds up no statement. */
    (void)!hm_failed(hm_keys_destroy(office));
    HM_TRY(hm_statements_load(office));
    HM_TRY(hm_store_begin(office->store));
    bool taken = false;
    hm_err err = add_in_transaction(office, envelope, &taken);
    if (!hm_failed(err)) err = hm_store_commit(office->store);
    if (!hm_failed(err)) HM_TRY(hm_log_publish(office, NULL));
    /* A crash before it leaves what the next statement finds. */
    if (!hm_failed(err)) return hm_in(hm_keys_destroy(office), "the statement is on record, but");
    hm_fault fault = hm_fault_keep(err);
    hm_store_rollback(office->store);
    if (taken) forget(office);
    return hm_fault_raise(&fault);
}

typedef struct {
    hm_err (*visit)(void *context, uint64_t index, hm_bytes envelope);
    void *context;
} listing;

static hm_err list_one(void *context, const hm_entry_row *entry) {
    const listing *l = context;
    HM_BUF envelope = HM_BUF_EMPTY;
    HM_TRY(envelope_of(entry, &envelope));
    return l->visit(l->context, entry->index, hm_buf_bytes(&envelope));
}

hm_err hm_statements_list(hm_office *office, hm_err (*visit)(void *context, uint64_t index, hm_bytes envelope),
                          void *context) {
    listing l = {visit, context};
    return hm_store_entries_tagged(office->store, HM_STATEMENTS_TAG, list_one, &l);
}
