/* The core's language as JSON, by its table (core/wire.h): a message is an object with a member for each field, named
 * as the field with '_' for '-'. Numbers are numbers (from 2^53 on strings of digits), but for those that stand for
 * words ("es256", "cms", "approve": the same words as on the command line), which are strings or, where several may be
 * chosen, arrays of them. Bytes are hex where the table gives them at most 64, and otherwise base64. "tag" is no
 * member: answers come in the order of their questions. */
#ifndef HM_CLIENT_WIRE_JSON_H
#define HM_CLIENT_WIRE_JSON_H

#include <base/json.h>
#include <core/wire.h>

#include <jansson.h>

/* Fill MESSAGE, of TYPE, from the members of OBJECT: absent ones are 0 or empty, if the table allows that and they
 * do not stand for words. What is taken is removed from OBJECT, so that what is left is nothing the question knows.
 * Views last as long as STORAGE. Wrong members are misuse. */
HM_MUST_USE hm_err hm_wire_from_json(json_t *object, hm_message_type type, hm_message *message, hm_buf *storage);
/* The JSON Schema of the members that a message of TYPE has, put into PROPERTIES by name; the names of those that must
 * be there are appended to REQUIRED. */
void hm_wire_schema(hm_message_type type, json_t *properties, json_t *required);
/* Members of MESSAGE, put into OBJECT. */
HM_MUST_USE hm_err hm_wire_to_json(const hm_message *message, json_t *object);
/* VALUE as text, as a member KEY or, NULL, as an item or the whole: several times as fast as Jansson's own. There are
 * no fractions in it, and names of members are plain. */
void hm_wire_json_put(const json_t *value, const char *key, hm_json *out);

#endif
