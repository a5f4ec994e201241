#include "gather.h"
#include "parse_trust.h"
#include "trust_file.h"

#include <base/cbor.h>
#include <crypto/uuid.h>
#include <pki/trust_edit.h>

#include <stdlib.h>
#include <string.h>

enum { SIGNATURE_ROOM = 120 }; /* bytes of a COSE_Signature by a root, ES256 */

/* What the options that stand behind others are about. */
typedef struct {
    hm_trust_list *list;
    const hm_trust_edit *edit;
    hm_list_publisher *publisher;
    bool revoking;
    size_t revoked; /* its place: the list of them may move */
    hm_buf *notes;  /* lines for whoever signs */
} editing;

static hm_bytes file_of(const editing *e) { return hm_buf_bytes(&e->edit->file); }

static hm_err number_of(const editing *e, uint64_t *number) {
    return hm_failed(hm_decimal_decode(hm_text(e->edit->value), number)) ? hm_misuse("this is not a number") : HM_OK;
}

/* The publisher that was named last; the list's only one needs no name. */
static hm_err find_its_publisher(editing *e) {
    if (!e->publisher && e->list->publishers == 1) e->publisher = &e->list->publisher[0];
    return e->publisher ? HM_OK : hm_misuse("of which publisher? (--publisher NAME before it)");
}

static bool is_array(hm_bytes file) { return hm_cbor_next(&(hm_reader){file}) == HM_CBOR_ARRAY; }

/* What `trust key` writes, or the bare key, as others make it. */
static hm_err read_root(hm_bytes file, hm_list_key *key) {
    return is_array(file) ? hm_root_file_read(file, key) : hm_list_key_read(file, key);
}

static hm_err add_root(editing *e) {
    hm_list_key key;
    HM_TRY(read_root(file_of(e), &key));
    return hm_list_add_root(e->list, &key);
}

static hm_err remove_root(editing *e) { return hm_list_remove_root(e->list, e->edit->value); }

static hm_err set_threshold(editing *e) {
    uint64_t threshold;
    HM_TRY(number_of(e, &threshold));
    return hm_list_set_threshold(e->list, threshold);
}

static hm_err add_publisher(editing *e) {
    hm_publisher_file *file = calloc(1, sizeof *file);
    if (!file) return hm_no_memory();
    hm_err err = hm_publisher_file_read(file_of(e), file);
    if (!hm_failed(err)) err = hm_list_add_publisher(e->list, file, &e->publisher);
    free(file);
    return err;
}

static hm_err name_publisher(editing *e) { return hm_list_find_publisher(e->list, e->edit->value, &e->publisher); }

static hm_err retire_publisher(editing *e) {
    HM_TRY(hm_list_find_publisher(e->list, e->edit->value, &e->publisher));
    return hm_list_retire(e->publisher);
}

static hm_err allow_kind(editing *e) { return hm_list_kinds_read(e->edit->value, &e->publisher->kinds); }

static hm_err set_purposes(editing *e) { return hm_list_purposes_read(e->edit->value, &e->publisher->purposes); }

static hm_err set_publisher_threshold(editing *e) { return number_of(e, &e->publisher->threshold); }

static hm_err require_receipts(editing *e) {
    bool yes = strcmp(e->edit->value, "yes") == 0;
    if (!yes && strcmp(e->edit->value, "no") != 0) return hm_misuse("this is yes or no");
    e->publisher->receipts = yes;
    return HM_OK;
}

static hm_err add_class(editing *e) { return hm_list_add_class(e->publisher, e->edit->value); }

static hm_err remove_class(editing *e) { return hm_list_remove_class(e->publisher, e->edit->value); }

/* Into a copy, so that half of them is never there. */
static hm_err add_keys_of(editing *e, hm_list_publisher *publisher, const hm_list_publisher *office) {
    char uuid[HM_UUID_TEXT];
    hm_list_publisher larger = *publisher;
    for (size_t i = 0; i < office->keys; i++) HM_TRY(hm_list_add_key(e->list, &larger, &office->key[i]));
    *publisher = larger;
    hm_uuid_text(office->uuid, uuid);
    return hm_put_format(e->notes, "%s%s has %zu key%s more, of %s, %s\n", e->notes->len ? "  " : "", publisher->name,
                         office->keys, office->keys == 1 ? "" : "s", office->name, uuid);
}

/* A second office's keys, out of the file in which it says who it is. Its classes, kinds and log do not come along. */
static hm_err add_office(editing *e) {
    hm_list_key root;
    if (!hm_failed(hm_root_file_read(file_of(e), &root)))
        return hm_misuse("this is a custodian's root key, and a root signs lists and nothing else");
    hm_publisher_file *file = calloc(1, sizeof *file);
    if (!file) return hm_no_memory();
    hm_err err = hm_publisher_file_read(file_of(e), file);
    if (!hm_failed(err)) err = add_keys_of(e, e->publisher, &file->publisher);
    free(file);
    return err;
}

static hm_err add_key(editing *e) {
    hm_list_key key;
    if (is_array(file_of(e))) return add_office(e);
    HM_TRY(hm_list_key_read(file_of(e), &key));
    return hm_list_add_key(e->list, e->publisher, &key);
}

static hm_err remove_key(editing *e) { return hm_list_remove_key(e->publisher, e->edit->value); }

static hm_err revoke_key(editing *e) {
    hm_list_revoked *revoked;
    HM_TRY(hm_list_revoke(e->list, e->edit->value, &revoked));
    e->revoking = true;
    e->revoked = (size_t)(revoked - e->list->revoked_key);
    return HM_OK;
}

/* The manifest of an envelope that this key signed, or the manifest's digest. */
static hm_err digest_to_keep(const editing *e, uint8_t digest[static HM_SHA256_LEN]) {
    HM_BUF bytes = HM_BUF_EMPTY;
    hm_cose_envelope envelope;
    const uint8_t *kid = e->list->revoked_key[e->revoked].kid;
    if (!e->edit->has_file) {
        HM_TRY(hm_hex_decode(hm_text(e->edit->value), &bytes));
        memcpy(digest, bytes.data, HM_SHA256_LEN);
        return HM_OK;
    }
    HM_TRY(hm_cose_envelope_get(file_of(e), &envelope));
    hm_sha256(envelope.payload, digest);
    for (size_t i = 0; i < envelope.signatures; i++)
        if (hm_bytes_equal(envelope.signature[i].kid, HM_BYTES(kid, HM_KID_LEN))) return HM_OK;
    return hm_misuse("the revoked key did not sign this release");
}

static hm_err keep(editing *e) {
    uint8_t digest[HM_SHA256_LEN];
    if (!e->revoking) return hm_misuse("although which key is revoked? (--revoke-key KID before it)");
    HM_TRY(digest_to_keep(e, digest));
    return hm_list_keep(e->list, &e->list->revoked_key[e->revoked], digest);
}

static hm_err set_minimum(editing *e) { return hm_list_set_minimum(e->list, e->edit->value); }

static hm_err add_log(editing *e) {
    hm_list_log log;
    HM_TRY(hm_log_file_read(file_of(e), &log));
    return hm_list_add_log(e->list, &log);
}

static hm_err remove_log(editing *e) { return hm_list_remove_log(e->list, e->edit->value); }

static const struct {
    const char *name;
    hm_err (*apply)(editing *e);
    enum { OF_LIST, OF_PUBLISHER } of; /* a publisher must be known by then */
} operations[] = {
    {"--add-root", add_root, OF_LIST},
    {"--remove-root", remove_root, OF_LIST},
    {"--threshold", set_threshold, OF_LIST},
    {"--add-publisher", add_publisher, OF_LIST},
    {"--publisher", name_publisher, OF_LIST},
    {"--retire-publisher", retire_publisher, OF_LIST},
    {"--allow-kind", allow_kind, OF_PUBLISHER},
    {"--purposes", set_purposes, OF_PUBLISHER},
    {"--publisher-threshold", set_publisher_threshold, OF_PUBLISHER},
    {"--require-receipts", require_receipts, OF_PUBLISHER},
    {"--add-class", add_class, OF_PUBLISHER},
    {"--remove-class", remove_class, OF_PUBLISHER},
    {"--add-key", add_key, OF_PUBLISHER},
    {"--remove-key", remove_key, OF_PUBLISHER},
    {"--revoke-key", revoke_key, OF_LIST},
    {"--keep", keep, OF_LIST},
    {"--minimum", set_minimum, OF_LIST},
    {"--add-log", add_log, OF_LIST},
    {"--remove-log", remove_log, OF_LIST},
};

static hm_err apply_one(editing *e) {
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (strcmp(operations[i].name, e->edit->name) != 0) continue;
        if (operations[i].of == OF_PUBLISHER) HM_TRY(find_its_publisher(e));
        return operations[i].apply(e);
    }
    return hm_misuse("trust update does not take it");
}

static hm_err apply_all(const hm_trust_orders *orders, hm_trust_list *list, hm_buf *notes) {
    editing e = {.list = list, .notes = notes};
    for (size_t i = 0; i < orders->edits; i++) {
        e.edit = &orders->edit[i];
        HM_TRY(hm_in(apply_one(&e), "%s %s", e.edit->name, e.edit->value));
    }
    return hm_trust_list_check(list);
}

static hm_err add_operand_root(const hm_job *job, hm_trust_list *list) {
    HM_BUF bytes = HM_BUF_EMPTY;
    hm_list_key key;
    HM_TRY(hm_job_read(job, HM_LIST_MAX, &bytes));
    HM_TRY(read_root(hm_buf_bytes(&bytes), &key));
    return hm_list_add_root(list, &key);
}

/* The list to begin with: one without anything but roots, or the one in the file. */
static hm_err begin(const hm_trust_orders *orders, const hm_gathered *gathered, hm_trust_list *list) {
    HM_BUF bytes = HM_BUF_EMPTY;
    HM_LIST_FILE file = {.list = NULL};
    if (orders->fresh) {
        for (size_t i = 0; i < gathered->count; i++)
            HM_TRY(hm_in(add_operand_root(&gathered->job[i], list), "%s", gathered->job[i].shown));
        return HM_OK;
    }
    HM_TRY(hm_job_read(&gathered->job[0], HM_LIST_MAX, &bytes));
    HM_TRY(hm_list_file_open(hm_buf_bytes(&bytes), &file));
    if (file.list->version == UINT64_MAX) return hm_refuse("there is no version after its own");
    *list = *file.list;
    return HM_OK;
}

static hm_err put_members(const hm_trust_orders *orders, const hm_trust_list *list, hm_bytes notes, hm_buf *text) {
    hm_json json = hm_json_plain(text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "output", orders->output);
    hm_json_number(&json, "version", (int64_t)list->version);
    hm_json_number(&json, "signatures", 0);
    hm_json_number(&json, "threshold", (int64_t)list->threshold);
    if (notes.len) hm_json_text(&json, "notes", notes);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    return hm_json_inside(text);
}

static hm_err put_lines(const hm_job *job, const hm_trust_orders *orders, const hm_trust_list *list, hm_bytes notes,
                        hm_buf *text) {
    HM_TRY(hm_put_format(text, "%s: trust list %llu, made ", orders->output, (unsigned long long)list->version));
    HM_TRY(orders->fresh ? hm_put_format(text, "of %zu root%s", list->roots, list->roots == 1 ? "" : "s")
                         : hm_put_format(text, "from %s", job->shown));
    HM_TRY(hm_put_format(text, ": 0 of %llu root signatures (sign it with hallmark trust update %s --sign)\n",
                         (unsigned long long)list->threshold, orders->output));
    if (notes.len) HM_TRY(hm_put_text(text, "  "));
    return hm_put(text, notes);
}

static hm_err say_what_is_missing(hm_parser *parser, const hm_job *job, const hm_trust_orders *orders,
                                  const hm_trust_list *list, hm_bytes notes) {
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(parser->json ? put_members(orders, list, notes, &text) : put_lines(job, orders, list, notes, &text));
    hm_parser_report(parser, job, &text);
    return HM_OK;
}

/* Devices take an envelope of so many bytes, signatures and all: one by each of these roots, and by as many that leave.
 */
static hm_err check_room(const hm_trust_list *list, hm_bytes envelope) {
    size_t with_signatures = envelope.len + 2 * list->roots * SIGNATURE_ROOM;
    return with_signatures <= HM_LIST_MAX
               ? HM_OK
               : hm_refuse("the list is too large: signed it would have up to %zu bytes, and devices take %d",
                           with_signatures, HM_LIST_MAX);
}

static hm_err make(hm_parser *parser, const void *context, const hm_gathered *gathered) {
    const hm_trust_orders *orders = context;
    HM_TRUST_LIST *list = NULL;
    HM_BUF payload = HM_BUF_EMPTY, envelope = HM_BUF_EMPTY, notes = HM_BUF_EMPTY;
    HM_TRY(hm_trust_list_new(&list));
    HM_TRY(begin(orders, gathered, list));
    HM_TRY(apply_all(orders, list, &notes));
    list->version++;
    HM_TRY(hm_trust_list_put(list, &payload));
    HM_TRY(hm_cose_draft_put(hm_buf_bytes(&payload), NULL, 0, &envelope));
    HM_TRY(check_room(list, hm_buf_bytes(&envelope)));
    HM_TRY(hm_job_write(parser, &gathered->job[0], hm_buf_bytes(&envelope)));
    return say_what_is_missing(parser, &gathered->job[0], orders, list, hm_buf_bytes(&notes));
}

hm_err hm_parse_trust_update(hm_parser *parser, void *context) {
    const hm_trust_orders *orders = context;
    return hm_gather_do(parser, orders->operands, make, orders);
}
