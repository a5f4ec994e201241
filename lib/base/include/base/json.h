/* A writer of canonical JSON (RFC 8785): no white space, keys in order, integers only.
 *
 * The caller adds members in the order of their names; hm_json_end reports a member out of order or given twice as a
 * fault, so what is hashed is canonical by construction. */
#ifndef HM_BASE_JSON_H
#define HM_BASE_JSON_H

#include <base/bytes.h>

enum { HM_JSON_DEPTH = 8 };

typedef struct {
    hm_buf *out;
    unsigned depth;
    bool canonical; /* false: members stand in the order given, for people */
    bool empty[HM_JSON_DEPTH];
    size_t key_at[HM_JSON_DEPTH]; /* where the last key stands in OUT */
    size_t key_len[HM_JSON_DEPTH];
    hm_err err; /* the first fault; later calls do nothing */
} hm_json;

hm_json hm_json_canonical(hm_buf *out);
hm_json hm_json_plain(hm_buf *out);
/* KEY is NULL inside arrays and for the outermost value. */
void hm_json_object(hm_json *json, const char *key);
void hm_json_array(hm_json *json, const char *key);
void hm_json_close_object(hm_json *json);
void hm_json_close_array(hm_json *json);
/* TEXT is UTF-8; bytes that are not become U+FFFD. */
void hm_json_text(hm_json *json, const char *key, hm_bytes text);
void hm_json_string(hm_json *json, const char *key, const char *text);
void hm_json_number(hm_json *json, const char *key, int64_t number);
void hm_json_bool(hm_json *json, const char *key, bool value);
void hm_json_hex(hm_json *json, const char *key, hm_bytes bytes);
HM_MUST_USE hm_err hm_json_end(hm_json *json);

/* The value of member KEY of the outermost object in TEXT, as it stands there (strings without their quotes, still
 * escaped): for JSON that this writer made, to show it. *FOUND false if there is none or TEXT is something else. */
void hm_json_member(hm_bytes text, const char *key, hm_bytes *value, bool *found);
/* The same where what is missing is as good as empty. */
hm_bytes hm_json_text_of(hm_bytes text, const char *key);
/* Every member of that object, as hm_json_member would give it, in the order in which they stand. */
void hm_json_members(hm_bytes text, void (*visit)(void *context, hm_bytes name, hm_bytes value), void *context);

#endif
