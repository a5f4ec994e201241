/* JSON from strangers, read strictly. Private. */
#ifndef HM_IDENTITY_JSON_H
#define HM_IDENTITY_JSON_H

#include <base/bytes.h>

#include <jansson.h>

/* TEXT is exactly one object: UTF-8, no member twice at any depth, no zero character, nothing behind it. ROOT is the
 * caller's, NULL on a fault. */
HM_MUST_USE hm_err hm_json_load(hm_bytes text, json_t **root);
void hm_json_release(json_t **root);
#define HM_JSON_ROOT __attribute__((cleanup(hm_json_release))) json_t

/* Member NAME is a text: a view of it. *THERE false if there is no such member; a refusal if it is something else. */
HM_MUST_USE hm_err hm_json_get_text(const json_t *object, const char *name, hm_bytes *text, bool *there);
/* The same for whole seconds since 1970, from 1 to the end of the year 9999. */
HM_MUST_USE hm_err hm_json_get_time(const json_t *object, const char *name, int64_t *time, bool *there);

#endif
