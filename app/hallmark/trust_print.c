#include "trust_print.h"

#include <crypto/digest.h>
#include <crypto/uuid.h>

#include <stdlib.h>

/* Names in a list are printable ASCII, so nothing in them moves a cursor. */

hm_err hm_put_list_key(const hm_list_key *key, const char *behind, hm_buf *text) {
    HM_TRY(hm_put_text(text, "    "));
    HM_TRY(hm_put_hex(text, HM_ARRAY(key->kid)));
    return hm_put_format(text, "  %s%s\n", hm_list_key_name(key), behind);
}

hm_err hm_put_publisher(const hm_list_publisher *p, hm_buf *text) {
    char uuid[HM_UUID_TEXT];
    hm_uuid_text(p->uuid, uuid);
    HM_TRY(hm_put_format(text, "  publisher %s%s, %s\n    signs ", p->name, p->retired ? " (RETIRED)" : "", uuid));
    HM_TRY(hm_list_kinds_put(p->kinds, text));
    HM_TRY(hm_put_text(text, " for "));
    HM_TRY(hm_list_purposes_put(p->purposes, text));
    HM_TRY(hm_put_format(text, "; %llu of %zu keys must sign%s\n", (unsigned long long)p->threshold, p->keys,
                         p->receipts ? ", with receipts" : ""));
    for (size_t i = 0; i < p->keys; i++) HM_TRY(hm_put_list_key(&p->key[i], "", text));
    for (size_t i = 0; i < p->classes; i++) {
        hm_uuid_text(p->class_id[i], uuid);
        HM_TRY(hm_put_format(text, "    class %s\n", uuid));
    }
    return HM_OK;
}

void hm_json_uuid(hm_json *json, const char *key, const uint8_t octets[static HM_LIST_UUID_LEN]) {
    char uuid[HM_UUID_TEXT];
    hm_uuid_text(octets, uuid);
    hm_json_string(json, key, uuid);
}

void hm_json_list_key(hm_json *json, const hm_list_key *key) {
    hm_json_string(json, "algorithm", hm_list_key_name(key));
    hm_json_hex(json, "kid", HM_ARRAY(key->kid));
}

static hm_err json_words(hm_json *json, const char *key, uint64_t set, hm_err (*put)(uint64_t, hm_buf *)) {
    HM_BUF words = HM_BUF_EMPTY;
    HM_TRY(put(set, &words));
    hm_json_text(json, key, hm_buf_bytes(&words));
    return HM_OK;
}

hm_err hm_json_publisher(hm_json *json, const char *name, const hm_list_publisher *p) {
    hm_json_object(json, name);
    hm_json_uuid(json, "uuid", p->uuid);
    hm_json_string(json, "name", p->name);
    hm_json_bool(json, "retired", p->retired);
    HM_TRY(json_words(json, "kinds", p->kinds, hm_list_kinds_put));
    HM_TRY(json_words(json, "purposes", p->purposes, hm_list_purposes_put));
    hm_json_array(json, "classes");
    for (size_t i = 0; i < p->classes; i++) hm_json_uuid(json, NULL, p->class_id[i]);
    hm_json_close_array(json);
    hm_json_array(json, "keys");
    for (size_t i = 0; i < p->keys; i++) {
        hm_json_object(json, NULL);
        hm_json_list_key(json, &p->key[i]);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
    hm_json_number(json, "threshold", (int64_t)p->threshold);
    hm_json_bool(json, "receipts", p->receipts);
    hm_json_close_object(json);
    return HM_OK;
}

hm_err hm_put_log(const hm_list_log *log, hm_buf *text) {
    char uuid[HM_UUID_TEXT];
    hm_uuid_text(log->office, uuid);
    HM_TRY(hm_put_format(text, "  log of office %s\n", uuid));
    return hm_put_list_key(&log->key, "", text);
}

void hm_json_log(hm_json *json, const char *name, const hm_list_log *log) {
    hm_json_object(json, name);
    hm_json_uuid(json, "office", log->office);
    hm_json_list_key(json, &log->key);
    hm_json_close_object(json);
}

/* The small files. */

static hm_err tell_publisher(const hm_publisher_file *file, hm_buf *text, hm_json *json) {
    if (!json) HM_TRY(hm_put_publisher(&file->publisher, text));
    if (json) HM_TRY(hm_json_publisher(json, "publisher", &file->publisher));
    for (size_t i = 0; i < file->logs; i++) {
        if (!json) HM_TRY(hm_put_log(&file->log[i], text));
        if (json) hm_json_log(json, "log", &file->log[i]);
    }
    return HM_OK;
}

static hm_err tell_key(const hm_list_key *key, hm_buf *text, hm_json *json) {
    if (!json) return hm_put_list_key(key, "", text);
    hm_json_object(json, "key");
    hm_json_list_key(json, key);
    hm_json_close_object(json);
    return HM_OK;
}

/* What people compare by another way than the one that the file took. */
static hm_err tell_head(const char *name, const char *kind, hm_bytes file, hm_buf *text, hm_json *json) {
    uint8_t digest[HM_SHA256_LEN];
    hm_sha256(file, digest);
    if (json) {
        hm_json_string(json, "file_of", kind);
        hm_json_hex(json, "sha256", HM_ARRAY(digest));
        return HM_OK;
    }
    HM_TRY(hm_put_format(text, "%s: the file of a %s\n  SHA-256 ", name, kind));
    HM_TRY(hm_put_hex(text, HM_ARRAY(digest)));
    return hm_put_text(text, "\n");
}

static hm_err show_publisher(const char *name, hm_bytes bytes, hm_buf *text, hm_json *json) {
    hm_publisher_file *file = calloc(1, sizeof *file);
    if (!file) return hm_no_memory();
    hm_err err = hm_publisher_file_read(bytes, file);
    if (!hm_failed(err)) err = tell_head(name, "publisher", bytes, text, json);
    if (!hm_failed(err)) err = tell_publisher(file, text, json);
    free(file);
    return err;
}

hm_err hm_trust_show_part(const char *name, hm_bytes file, hm_buf *text, hm_json *json) {
    hm_list_key root;
    hm_list_log log;
    if (!hm_failed(hm_root_file_read(file, &root))) {
        HM_TRY(tell_head(name, "root", file, text, json));
        return tell_key(&root, text, json);
    }
    if (hm_failed(hm_log_file_read(file, &log))) return show_publisher(name, file, text, json);
    HM_TRY(tell_head(name, "log", file, text, json));
    if (!json) return hm_put_log(&log, text);
    hm_json_log(json, "log", &log);
    return HM_OK;
}
