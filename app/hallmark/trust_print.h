/* Parts of trust lists in words and in JSON, and the small files that go with a list: publishers', roots' and logs'. */
#ifndef HM_APP_TRUST_PRINT_H
#define HM_APP_TRUST_PRINT_H

#include <base/json.h>
#include <pki/trust_list.h>

/* Lines, indented; BEHIND stands behind the key. */
HM_MUST_USE hm_err hm_put_list_key(const hm_list_key *key, const char *behind, hm_buf *text);
HM_MUST_USE hm_err hm_put_publisher(const hm_list_publisher *publisher, hm_buf *text);
HM_MUST_USE hm_err hm_put_log(const hm_list_log *log, hm_buf *text);

/* Members. */
void hm_json_uuid(hm_json *json, const char *key, const uint8_t octets[static HM_LIST_UUID_LEN]);
void hm_json_list_key(hm_json *json, const hm_list_key *key);
/* Objects; NAME is NULL in an array. */
HM_MUST_USE hm_err hm_json_publisher(hm_json *json, const char *name, const hm_list_publisher *publisher);
void hm_json_log(hm_json *json, const char *name, const hm_list_log *log);

/* What FILE holds, a publisher's, a root's or a log's: lines appended to TEXT, or if JSON is not NULL members of its
 * open object. NAME is the file's, for people. A refusal if it is none of them. */
HM_MUST_USE hm_err hm_trust_show_part(const char *name, hm_bytes file, hm_buf *text, hm_json *json);

#endif
