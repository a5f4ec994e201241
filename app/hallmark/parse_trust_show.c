#include "gather.h"
#include "parse_trust.h"
#include "trust_device.h"
#include "trust_file.h"
#include "trust_print.h"

#include <base/cbor.h>
#include <pki/notes.h>
#include <pki/trust_compare.h>

#include <string.h>

/* For people. Names in a list are printable ASCII, so nothing in them moves a cursor; notes may be anything. */

static hm_err put_roots(const hm_list_file *file, const hm_tally *tally, hm_buf *text) {
    static const char *const standings[] = {", has not signed", ", signed", ", its signature is WRONG"};
    HM_TRY(hm_put_format(text, "  roots: %llu of %zu must sign, %zu signed\n", (unsigned long long)tally->threshold,
                         file->list->roots, tally->good));
    for (size_t i = 0; i < file->list->roots; i++)
        HM_TRY(hm_put_list_key(&file->list->root[i], standings[tally->root[i]], text));
    size_t others = file->envelope.signatures - tally->good - tally->wrong;
    if (others) HM_TRY(hm_put_format(text, "    and %zu signature%s by others\n", others, others == 1 ? "" : "s"));
    HM_TRY(hm_put_text(text, "  SHA-256 of the root set: "));
    HM_TRY(hm_put_hex(text, HM_ARRAY(file->root_set)));
    return hm_put_text(text, "\n");
}

static hm_err put_revoked(const hm_trust_list *list, const hm_list_revoked *revoked, hm_buf *text) {
    HM_TRY(hm_put_text(text, "  revoked key "));
    HM_TRY(hm_put_hex(text, HM_ARRAY(revoked->kid)));
    HM_TRY(hm_put_text(text, revoked->good ? ", but these manifests stay good:\n" : "\n"));
    for (size_t i = 0; i < revoked->good; i++) {
        HM_TRY(hm_put_text(text, "    "));
        HM_TRY(hm_put_hex(text, HM_ARRAY(list->digest[revoked->first_good + i])));
        HM_TRY(hm_put_text(text, "\n"));
    }
    return HM_OK;
}

static const char *publisher_name(const hm_trust_list *list, const uint8_t uuid[static HM_LIST_UUID_LEN]) {
    for (size_t i = 0; i < list->publishers; i++)
        if (memcmp(list->publisher[i].uuid, uuid, HM_LIST_UUID_LEN) == 0) return list->publisher[i].name;
    return "(unknown publisher)";
}

static hm_notes notes_of(const hm_trust_list *list) {
    return hm_notes_of_pairs(HM_BYTES(list->note, list->notes_len), list->notes);
}

static hm_err put_notes(const hm_trust_list *list, hm_buf *text) {
    hm_notes notes = notes_of(list);
    for (bool more = true;;) {
        hm_note note;
        HM_TRY(hm_notes_next(&notes, &note, &more));
        if (!more) return HM_OK;
        HM_TRY(hm_put_format(text, "  note %lld, which devices skip: ", (long long)note.key));
        HM_TRY(hm_note_put(&note, text));
        HM_TRY(hm_put_text(text, "\n"));
    }
}

static hm_err put_rest(const hm_trust_list *list, hm_buf *text) {
    for (size_t i = 0; i < list->revoked; i++) HM_TRY(put_revoked(list, &list->revoked_key[i], text));
    for (size_t i = 0; i < list->minimums; i++)
        HM_TRY(hm_put_format(text, "  least security version of %s/%s: %llu\n",
                             publisher_name(list, list->minimum[i].publisher), list->minimum[i].component,
                             (unsigned long long)list->minimum[i].security_version));
    for (size_t i = 0; i < list->logs; i++) HM_TRY(hm_put_log(&list->log[i], text));
    return put_notes(list, text);
}

static const char *state_of(const hm_list_file *file, const hm_tally *tally) {
    if (tally->wrong) return "WRONG signatures";
    if (hm_tally_is_enough(tally)) return "signed";
    return file->envelope.signatures ? "not enough signatures" : "unsigned";
}

/* ALONE: it is not held against another, whose roots may have to sign it too. */
static hm_err describe(const char *name, const hm_list_file *file, const hm_tally *tally, bool alone, hm_buf *text) {
    bool follows = alone && file->list->version > 1 && hm_tally_is_enough(tally);
    HM_TRY(hm_put_format(text, "%s: trust list %llu, %s%s\n", name, (unsigned long long)file->list->version,
                         state_of(file, tally),
                         follows ? ": complete as a first list; give --old LIST if it follows another" : ""));
    HM_TRY(put_roots(file, tally, text));
    for (size_t i = 0; i < file->list->publishers; i++) HM_TRY(hm_put_publisher(&file->list->publisher[i], text));
    return put_rest(file->list, text);
}

/* For machines. */

static void json_roots(hm_json *json, const hm_list_file *file, const hm_tally *tally) {
    static const char *const standings[] = {"none", "good", "wrong"};
    hm_json_number(json, "threshold", (int64_t)tally->threshold);
    hm_json_number(json, "signatures", (int64_t)tally->good);
    hm_json_bool(json, "enough", hm_tally_is_enough(tally));
    hm_json_hex(json, "root_set_sha256", HM_ARRAY(file->root_set));
    hm_json_array(json, "roots");
    for (size_t i = 0; i < file->list->roots; i++) {
        hm_json_object(json, NULL);
        hm_json_list_key(json, &file->list->root[i]);
        hm_json_string(json, "signature", standings[tally->root[i]]);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
}

static void json_revoked(hm_json *json, const hm_trust_list *list) {
    hm_json_array(json, "revoked");
    for (size_t i = 0; i < list->revoked; i++) {
        const hm_list_revoked *revoked = &list->revoked_key[i];
        hm_json_object(json, NULL);
        hm_json_hex(json, "kid", HM_ARRAY(revoked->kid));
        hm_json_array(json, "good");
        for (size_t k = 0; k < revoked->good; k++)
            hm_json_hex(json, NULL, HM_ARRAY(list->digest[revoked->first_good + k]));
        hm_json_close_array(json);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
}

static void json_minimums_and_logs(hm_json *json, const hm_trust_list *list) {
    hm_json_array(json, "minimums");
    for (size_t i = 0; i < list->minimums; i++) {
        hm_json_object(json, NULL);
        hm_json_uuid(json, "publisher", list->minimum[i].publisher);
        hm_json_string(json, "component", list->minimum[i].component);
        hm_json_number(json, "security_version", (int64_t)list->minimum[i].security_version);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
    hm_json_array(json, "logs");
    for (size_t i = 0; i < list->logs; i++) hm_json_log(json, NULL, &list->log[i]);
    hm_json_close_array(json);
}

/* Members of the list's object, which the caller opens and closes. */
static hm_err json_list(hm_json *json, const hm_list_file *file, const hm_tally *tally) {
    hm_json_number(json, "version", (int64_t)file->list->version);
    json_roots(json, file, tally);
    hm_json_array(json, "publishers");
    for (size_t i = 0; i < file->list->publishers; i++)
        HM_TRY(hm_json_publisher(json, NULL, &file->list->publisher[i]));
    hm_json_close_array(json);
    json_revoked(json, file->list);
    json_minimums_and_logs(json, file->list);
    return hm_notes_json(notes_of(file->list), json);
}

/* Against the list that a device holds. */

typedef struct {
    hm_buf *text;
    hm_json *json; /* or NULL */
} differences;

static hm_err put_difference(void *context, const char *sentence) {
    differences *d = context;
    if (!d->json) return hm_put_format(d->text, "    %s\n", sentence);
    hm_json_string(d->json, NULL, sentence);
    return HM_OK;
}

/* One list held against the one before it: what changes, and what a device says. */
static hm_err compare(const hm_list_file *before, const hm_list_file *file, hm_reason_text why, differences *d) {
    unsigned long long version = before->list->version;
    if (why.already && !d->json) return hm_put_format(d->text, "  is the one in force\n");
    if (d->json) hm_json_bool(d->json, "in_force", why.already);
    if (!d->json) {
        HM_TRY(hm_put_format(d->text, "  a device with list %llu %s: %s\n", version,
                             why.accepted ? "takes it" : "does NOT take it", why.sentence));
        HM_TRY(hm_put_format(d->text, "  what differs from list %llu:\n", version));
    }
    if (d->json) {
        hm_json_bool(d->json, "accepted", why.accepted);
        hm_json_string(d->json, "verdict", why.sentence);
        hm_json_array(d->json, "differences");
    }
    HM_TRY(hm_trust_list_compare(before->list, file->list, put_difference, d));
    if (d->json) hm_json_close_array(d->json);
    return HM_OK;
}

static hm_err show_list(const char *name, const hm_list_file *file, bool alone, hm_buf *text, hm_json *json) {
    hm_tally tally;
    HM_TRY(hm_list_tally(file, file->list, &tally));
    return json ? json_list(json, file, &tally) : describe(name, file, &tally, alone, text);
}

/* Each list of the file; behind --old, what a device would say of one after another. */
typedef struct {
    const hm_trust_orders *orders;
    const hm_job *job;
    hm_list_file held; /* --old, then the last list that was taken */
    hm_device_list device;
    hm_buf *text;
    hm_json *json;
    hm_fault refusal; /* the last list's */
} showing;

static hm_err offer(showing *s, const hm_list_file *file) {
    hm_reason_text why;
    differences d = {s->text, s->json};
    HM_TRY(hm_device_offer(&s->device, file->bytes, &why));
    HM_TRY(compare(&s->held, file, why, &d));
    s->refusal.class = HM_DONE;
    if (why.accepted || why.already) return HM_OK;
    s->refusal = hm_fault_keep(hm_refuse("a device with list %llu does not take list %llu: %s",
                                         (unsigned long long)s->held.list->version,
                                         (unsigned long long)file->list->version, why.sentence));
    return HM_OK;
}

static hm_err show_one(showing *s, hm_bytes bytes) {
    hm_list_file file;
    hm_err err = hm_list_file_open(bytes, &file);
    if (s->json) hm_json_object(s->json, NULL);
    if (!hm_failed(err)) err = show_list(s->job->shown, &file, !s->orders->has_old, s->text, s->json);
    if (!hm_failed(err) && s->orders->has_old) err = offer(s, &file);
    if (s->json) hm_json_close_object(s->json);
    bool taken = !hm_failed(err) && s->orders->has_old && s->refusal.class == HM_DONE;
    hm_list_file *dropped = taken ? &s->held : &file;
    hm_list_file_clear(dropped);
    if (taken) s->held = file;
    return err;
}

static hm_err hold_old(showing *s) {
    if (!s->orders->has_old) return HM_OK;
    HM_TRY(hm_in(hm_list_file_open(hm_buf_bytes(&s->orders->old), &s->held), "the old list"));
    HM_TRY(hm_in(hm_list_check_signed(&s->held), "the old list, %s", s->orders->old_name));
    return hm_in(hm_device_hold(&s->device, s->held.bytes, s->held.root_set), "the old list");
}

static hm_err show_lists(showing *s, const hm_list_files *files) {
    if (s->json) hm_json_array(s->json, "lists");
    for (size_t i = 0; i < files->count; i++) {
        hm_err err = show_one(s, files->list[i]);
        HM_TRY(files->bundle ? hm_in(err, "list %zu of %zu", i + 1, files->count) : err);
    }
    if (s->json) hm_json_close_array(s->json);
    return HM_OK;
}

static hm_err show_content(showing *s, hm_bytes content) {
    hm_list_files files;
    if (hm_cbor_next(&(hm_reader){content}) == HM_CBOR_ARRAY)
        return s->orders->has_old ? hm_misuse("is no list that could follow on --old")
                                  : hm_trust_show_part(s->job->shown, content, s->text, s->json);
    HM_TRY(hold_old(s));
    HM_TRY(hm_list_files_of(content, &files));
    return show_lists(s, &files);
}

static hm_err show_all(hm_parser *parser, showing *s) {
    HM_BUF content = HM_BUF_EMPTY;
    HM_TRY(hm_job_read(s->job, HM_BUNDLE_MAX, &content));
    if (s->json) hm_json_object(s->json, NULL);
    HM_TRY(show_content(s, hm_buf_bytes(&content)));
    if (s->json) {
        hm_json_close_object(s->json);
        HM_TRY(hm_json_end(s->json));
        HM_TRY(hm_json_inside(s->text));
    }
    hm_parser_print(parser, s->job, s->json ? HM_STREAM_MEMBERS : HM_STREAM_OUT, hm_buf_bytes(s->text));
    return hm_fault_raise(&s->refusal);
}

hm_err hm_trust_show_job(hm_parser *parser, const hm_trust_orders *orders, const hm_job *job) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    showing s = {.orders = orders, .job = job, .text = &text, .json = parser->json ? &json : NULL};
    hm_err err = show_all(parser, &s);
    hm_list_file_clear(&s.held);
    return err;
}

hm_err hm_parse_trust_show(hm_parser *parser, void *context) {
    for (;;) {
        hm_job job;
        bool more;
        HM_TRY(hm_parser_next(parser, &job, &more));
        if (!more) return HM_OK;
        hm_err err = job.folder ? hm_misuse("is a folder") : hm_source_of_file(job.fd, &job.content);
        if (!hm_failed(err)) err = hm_trust_show_job(parser, context, &job);
        HM_TRY(hm_parser_finish(parser, &job, err, false));
    }
}
