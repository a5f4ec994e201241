/* A trust list read into the model, and written again. */
#include <pki/trust_list.h>

#include "trust_judge.h"

#include <base/cbor.h>

#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1, FIELDS = 7, PUBLISHER_FIELDS = 9, ACTIVE = 1, RETIRED = 2 };

hm_err hm_trust_list_new(hm_trust_list **list) {
    *list = calloc(1, sizeof **list);
    return *list ? HM_OK : hm_no_memory();
}

void hm_trust_list_free(hm_trust_list **list) {
    free(*list);
    *list = NULL;
}

/* Reading. The bytes have been found to be a list: what is checked here is that they fit the model. */

static hm_err expect_field(hm_reader *reader, uint64_t wanted) {
    uint64_t key;
    HM_TRY(hm_cbor_get_uint(reader, &key));
    return key == wanted ? HM_OK : hm_refuse("a trust list lacks field %llu", (unsigned long long)wanted);
}

static hm_err get_count(hm_reader *reader, size_t most, size_t *count) {
    uint64_t value;
    HM_TRY(hm_cbor_get_array(reader, &value));
    if (value > most)
        return hm_refuse("a trust list has %llu of what there can be %zu", (unsigned long long)value, most);
    *count = (size_t)value;
    return HM_OK;
}

static hm_err expect_array(hm_reader *reader, size_t wanted) {
    uint64_t count;
    HM_TRY(hm_cbor_get_array(reader, &count));
    return count == wanted ? HM_OK
                           : hm_refuse("an array has %llu items instead of %zu", (unsigned long long)count, wanted);
}

static hm_err get_fixed(hm_reader *reader, void *to, size_t len) {
    hm_bytes bytes;
    HM_TRY(hm_cbor_get_bytes(reader, &bytes));
    if (bytes.len != len) return hm_refuse("a field has %zu bytes instead of %zu", bytes.len, len);
    memcpy(to, bytes.data, len);
    return HM_OK;
}

static hm_err get_words(hm_reader *reader, char *to, size_t most) {
    hm_bytes text;
    HM_TRY(hm_cbor_get_text(reader, &text));
    if (!text.len || text.len > most) return hm_refuse("a text has %zu bytes instead of 1 to %zu", text.len, most);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) return hm_refuse("a text has characters that are not ASCII");
    memcpy(to, text.data, text.len);
    to[text.len] = 0;
    return HM_OK;
}

static hm_err get_keys(hm_reader *reader, size_t most, hm_list_key *keys, size_t *count) {
    HM_TRY(get_count(reader, most, count));
    for (size_t i = 0; i < *count; i++) HM_TRY(hm_list_key_get(reader, &keys[i]));
    return HM_OK;
}

static hm_err get_roots(hm_reader *reader, hm_trust_list *list) {
    HM_TRY(expect_array(reader, 2));
    HM_TRY(hm_cbor_get_uint(reader, &list->threshold));
    return get_keys(reader, HM_LIST_ROOTS_MAX, list->root, &list->roots);
}

static hm_err get_state(hm_reader *reader, bool *retired) {
    uint64_t state;
    HM_TRY(hm_cbor_get_uint(reader, &state));
    *retired = state == RETIRED;
    return state == ACTIVE || *retired ? HM_OK : hm_refuse("a publisher's state is neither active nor retired");
}

static hm_err get_classes(hm_reader *reader, hm_list_publisher *publisher) {
    HM_TRY(get_count(reader, HM_LIST_CLASSES_MAX, &publisher->classes));
    for (size_t i = 0; i < publisher->classes; i++)
        HM_TRY(get_fixed(reader, publisher->class_id[i], sizeof publisher->class_id[i]));
    return HM_OK;
}

static hm_err get_publisher(hm_reader *reader, hm_list_publisher *p) {
    uint64_t pairs;
    HM_TRY(hm_cbor_get_map(reader, &pairs));
    if (pairs != PUBLISHER_FIELDS) return hm_refuse("a publisher has %llu fields", (unsigned long long)pairs);
    HM_TRY(expect_field(reader, 0));
    HM_TRY(get_fixed(reader, p->uuid, sizeof p->uuid));
    HM_TRY(expect_field(reader, 1));
    HM_TRY(get_words(reader, p->name, HM_LIST_TEXT_MAX));
    HM_TRY(expect_field(reader, 2));
    HM_TRY(get_state(reader, &p->retired));
    HM_TRY(expect_field(reader, 3));
    HM_TRY(get_classes(reader, p));
    HM_TRY(expect_field(reader, 4));
    HM_TRY(hm_cbor_get_uint(reader, &p->kinds));
    HM_TRY(expect_field(reader, 5));
    HM_TRY(hm_cbor_get_uint(reader, &p->purposes));
    HM_TRY(expect_field(reader, 6));
    HM_TRY(get_keys(reader, HM_LIST_KEYS_MAX, p->key, &p->keys));
    HM_TRY(expect_field(reader, 7));
    HM_TRY(hm_cbor_get_uint(reader, &p->threshold));
    HM_TRY(expect_field(reader, 8));
    return hm_cbor_get_bool(reader, &p->receipts);
}

static hm_err get_publishers(hm_reader *reader, hm_trust_list *list) {
    HM_TRY(get_count(reader, HM_LIST_PUBLISHERS_MAX, &list->publishers));
    for (size_t i = 0; i < list->publishers; i++) HM_TRY(get_publisher(reader, &list->publisher[i]));
    return HM_OK;
}

static hm_err get_revoked_key(hm_reader *reader, hm_trust_list *list, hm_list_revoked *revoked) {
    HM_TRY(expect_array(reader, 2));
    HM_TRY(get_fixed(reader, revoked->kid, sizeof revoked->kid));
    HM_TRY(get_count(reader, HM_LIST_GOOD_MAX - list->good, &revoked->good));
    revoked->first_good = list->good;
    for (size_t i = 0; i < revoked->good; i++, list->good++)
        HM_TRY(get_fixed(reader, list->digest[list->good], HM_LIST_DIGEST_LEN));
    return HM_OK;
}

static hm_err get_revoked(hm_reader *reader, hm_trust_list *list) {
    HM_TRY(get_count(reader, HM_LIST_REVOKED_MAX, &list->revoked));
    for (size_t i = 0; i < list->revoked; i++) HM_TRY(get_revoked_key(reader, list, &list->revoked_key[i]));
    return HM_OK;
}

static hm_err get_minimums(hm_reader *reader, hm_trust_list *list) {
    HM_TRY(get_count(reader, HM_LIST_MINIMUMS_MAX, &list->minimums));
    for (size_t i = 0; i < list->minimums; i++) {
        hm_list_minimum *minimum = &list->minimum[i];
        HM_TRY(expect_array(reader, 3));
        HM_TRY(get_fixed(reader, minimum->publisher, sizeof minimum->publisher));
        HM_TRY(get_words(reader, minimum->component, HM_LIST_ID_MAX));
        HM_TRY(hm_cbor_get_uint(reader, &minimum->security_version));
    }
    return HM_OK;
}

static hm_err get_log(hm_reader *reader, hm_list_log *log) {
    HM_TRY(expect_array(reader, 2));
    HM_TRY(get_fixed(reader, log->office, sizeof log->office));
    return hm_list_key_get(reader, &log->key);
}

static hm_err get_logs(hm_reader *reader, hm_trust_list *list) {
    HM_TRY(get_count(reader, HM_LIST_LOGS_MAX, &list->logs));
    for (size_t i = 0; i < list->logs; i++) HM_TRY(get_log(reader, &list->log[i]));
    return HM_OK;
}

/* Negative keys come behind the others in the order of encodings, so the notes are all that is left. */
static hm_err keep_notes(hm_reader *reader, uint64_t pairs, hm_trust_list *list) {
    if (reader->rest.len > sizeof list->note) return hm_refuse("a trust list is too large");
    list->notes = (size_t)pairs - FIELDS;
    list->notes_len = reader->rest.len;
    if (list->notes_len) memcpy(list->note, reader->rest.data, list->notes_len);
    return HM_OK;
}

typedef hm_err (*field_reader)(hm_reader *reader, hm_trust_list *list);

hm_err hm_trust_list_read(hm_bytes payload, hm_trust_list *list) {
    static const field_reader fields[] = {get_roots, get_publishers, get_revoked, get_minimums, get_logs};
    hm_reader reader = hm_reader_of(payload);
    uint64_t pairs, format;
    HM_TRY(hm_trust_judge(payload));
    memset(list, 0, sizeof *list);
    HM_TRY(hm_cbor_get_map(&reader, &pairs));
    HM_TRY(expect_field(&reader, 0));
    HM_TRY(hm_cbor_get_uint(&reader, &format));
    if (format != FORMAT_VERSION || pairs < FIELDS) return hm_refuse("a trust list of another format");
    HM_TRY(expect_field(&reader, 1));
    HM_TRY(hm_cbor_get_uint(&reader, &list->version));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        HM_TRY(expect_field(&reader, 2 + i));
        HM_TRY(fields[i](&reader, list));
    }
    return keep_notes(&reader, pairs, list);
}

/* Writing. */

static hm_err put_keys(const hm_list_key *keys, size_t count, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, count));
    for (size_t i = 0; i < count; i++) HM_TRY(hm_put(cbor, HM_BYTES(keys[i].cose, keys[i].len)));
    return HM_OK;
}

hm_err hm_list_roots_put(const hm_trust_list *list, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, 2));
    HM_TRY(hm_cbor_put_uint(cbor, list->threshold));
    return put_keys(list->root, list->roots, cbor);
}

static hm_err put_publisher(const hm_list_publisher *p, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_map(cbor, PUBLISHER_FIELDS));
    HM_TRY(hm_cbor_put_uint(cbor, 0));
    HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(p->uuid)));
    HM_TRY(hm_cbor_put_uint(cbor, 1));
    HM_TRY(hm_cbor_put_text(cbor, hm_text(p->name)));
    HM_TRY(hm_cbor_put_uint(cbor, 2));
    HM_TRY(hm_cbor_put_uint(cbor, p->retired ? RETIRED : ACTIVE));
    HM_TRY(hm_cbor_put_uint(cbor, 3));
    HM_TRY(hm_cbor_put_array(cbor, p->classes));
    for (size_t i = 0; i < p->classes; i++) HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(p->class_id[i])));
    HM_TRY(hm_cbor_put_uint(cbor, 4));
    HM_TRY(hm_cbor_put_uint(cbor, p->kinds));
    HM_TRY(hm_cbor_put_uint(cbor, 5));
    HM_TRY(hm_cbor_put_uint(cbor, p->purposes));
    HM_TRY(hm_cbor_put_uint(cbor, 6));
    HM_TRY(put_keys(p->key, p->keys, cbor));
    HM_TRY(hm_cbor_put_uint(cbor, 7));
    HM_TRY(hm_cbor_put_uint(cbor, p->threshold));
    HM_TRY(hm_cbor_put_uint(cbor, 8));
    return hm_cbor_put_bool(cbor, p->receipts);
}

static hm_err put_publishers(const hm_trust_list *list, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, list->publishers));
    for (size_t i = 0; i < list->publishers; i++) HM_TRY(put_publisher(&list->publisher[i], cbor));
    return HM_OK;
}

static hm_err put_revoked(const hm_trust_list *list, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, list->revoked));
    for (size_t i = 0; i < list->revoked; i++) {
        const hm_list_revoked *revoked = &list->revoked_key[i];
        HM_TRY(hm_cbor_put_array(cbor, 2));
        HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(revoked->kid)));
        HM_TRY(hm_cbor_put_array(cbor, revoked->good));
        for (size_t k = 0; k < revoked->good; k++)
            HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(list->digest[revoked->first_good + k])));
    }
    return HM_OK;
}

static hm_err put_minimums(const hm_trust_list *list, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, list->minimums));
    for (size_t i = 0; i < list->minimums; i++) {
        HM_TRY(hm_cbor_put_array(cbor, 3));
        HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(list->minimum[i].publisher)));
        HM_TRY(hm_cbor_put_text(cbor, hm_text(list->minimum[i].component)));
        HM_TRY(hm_cbor_put_uint(cbor, list->minimum[i].security_version));
    }
    return HM_OK;
}

static hm_err put_log(const hm_list_log *log, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, 2));
    HM_TRY(hm_cbor_put_bytes(cbor, HM_ARRAY(log->office)));
    return hm_put(cbor, HM_BYTES(log->key.cose, log->key.len));
}

static hm_err put_logs(const hm_list_log *logs, size_t count, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, count));
    for (size_t i = 0; i < count; i++) HM_TRY(put_log(&logs[i], cbor));
    return HM_OK;
}

static hm_err put_all_logs(const hm_trust_list *list, hm_buf *cbor) { return put_logs(list->log, list->logs, cbor); }

static hm_err put_fields(const hm_trust_list *list, hm_buf *cbor) {
    static hm_err (*const fields[])(const hm_trust_list *, hm_buf *) = {hm_list_roots_put, put_publishers, put_revoked,
                                                                        put_minimums, put_all_logs};
    HM_TRY(hm_cbor_put_map(cbor, FIELDS + list->notes));
    HM_TRY(hm_cbor_put_uint(cbor, 0));
    HM_TRY(hm_cbor_put_uint(cbor, FORMAT_VERSION));
    HM_TRY(hm_cbor_put_uint(cbor, 1));
    HM_TRY(hm_cbor_put_uint(cbor, list->version));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        HM_TRY(hm_cbor_put_uint(cbor, 2 + i));
        HM_TRY(fields[i](list, cbor));
    }
    return hm_put(cbor, HM_BYTES(list->note, list->notes_len));
}

hm_err hm_trust_list_put(const hm_trust_list *list, hm_buf *payload) {
    HM_BUF cbor = HM_BUF_EMPTY;
    HM_TRY(put_fields(list, &cbor));
    HM_TRY(hm_trust_judge(hm_buf_bytes(&cbor)));
    return hm_put(payload, hm_buf_bytes(&cbor));
}

/* The small files that go with it. */

static const char publisher_label[] = "hallmark publisher 1", log_label[] = "hallmark log 1",
                  root_label[] = "hallmark root 1";

static hm_err expect_label(hm_reader *reader, size_t items, const char *label, const char *maker) {
    hm_bytes text;
    if (hm_failed(expect_array(reader, items)) || hm_failed(hm_cbor_get_text(reader, &text)) ||
        !hm_bytes_equal(text, hm_text(label)))
        return hm_refuse("is not what %s writes", maker);
    return HM_OK;
}

hm_err hm_publisher_file_read(hm_bytes bytes, hm_publisher_file *file) {
    hm_reader reader = hm_reader_of(bytes);
    memset(file, 0, sizeof *file);
    HM_TRY(expect_label(&reader, 3, publisher_label, "hallmark trust publisher"));
    HM_TRY(get_publisher(&reader, &file->publisher));
    HM_TRY(get_count(&reader, sizeof file->log / sizeof file->log[0], &file->logs));
    for (size_t i = 0; i < file->logs; i++) HM_TRY(get_log(&reader, &file->log[i]));
    return hm_read_end(&reader);
}

hm_err hm_publisher_file_put(const hm_publisher_file *file, hm_buf *bytes) {
    HM_TRY(hm_cbor_put_array(bytes, 3));
    HM_TRY(hm_cbor_put_text(bytes, hm_text(publisher_label)));
    HM_TRY(put_publisher(&file->publisher, bytes));
    return put_logs(file->log, file->logs, bytes);
}

hm_err hm_log_file_read(hm_bytes bytes, hm_list_log *log) {
    hm_reader reader = hm_reader_of(bytes);
    memset(log, 0, sizeof *log);
    HM_TRY(expect_label(&reader, 2, log_label, "hallmark log key"));
    HM_TRY(get_log(&reader, log));
    return hm_read_end(&reader);
}

hm_err hm_log_file_put(const hm_list_log *log, hm_buf *bytes) {
    HM_TRY(hm_cbor_put_array(bytes, 2));
    HM_TRY(hm_cbor_put_text(bytes, hm_text(log_label)));
    return put_log(log, bytes);
}

hm_err hm_root_file_read(hm_bytes bytes, hm_list_key *key) {
    hm_reader reader = hm_reader_of(bytes);
    HM_TRY(expect_label(&reader, 2, root_label, "hallmark trust key"));
    HM_TRY(hm_list_key_get(&reader, key));
    return hm_read_end(&reader);
}

hm_err hm_root_file_put(const hm_list_key *key, hm_buf *bytes) {
    HM_TRY(hm_cbor_put_array(bytes, 2));
    HM_TRY(hm_cbor_put_text(bytes, hm_text(root_label)));
    return hm_put(bytes, HM_BYTES(key->cose, key->len));
}
