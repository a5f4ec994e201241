/* A policy's text as lines, words and lists. Faults here do not name the line: policy_read.c does, for all. */
#ifndef HM_POLICY_WORDS_H
#define HM_POLICY_WORDS_H

#include <base/closest.h>
#include <policy/policy.h>

/* How much of a word a fault shows: "%.*s" with HM_POLICY_SHOWN(word). */
#define HM_POLICY_SHOWN(word) ((word).len < 40 ? (int)(word).len : 40), (const char *)(word).data

/* Check LINE's characters; *CODE is what stands before a comment. */
HM_MUST_USE hm_err hm_policy_line_check(hm_bytes line, hm_bytes *code);

/* Take the next word off REST: what spaces end, or one of ',' and '=', which are words themselves. Empty: there is
 * none. */
hm_bytes hm_policy_word(hm_bytes *rest);
bool hm_policy_word_is(hm_bytes word, const char *text);
/* Take exactly the word TEXT; a fault that says it is missing otherwise. */
HM_MUST_USE hm_err hm_policy_take(hm_bytes *rest, const char *text);
HM_MUST_USE hm_err hm_policy_take_number(hm_bytes *rest, uint32_t most, uint32_t *number);
/* Take a word that is in TABLE, which has COUNT names and may have holes (NULL). WHAT ("format") stands in the fault.
 */
HM_MUST_USE hm_err hm_policy_take_named(hm_bytes *rest, const char *const *table, size_t count, const char *what,
                                        size_t *index);
HM_MUST_USE hm_err hm_policy_take_end(hm_bytes rest);
/* A name of a person, group or rule. */
HM_MUST_USE hm_err hm_policy_take_name(hm_bytes *rest, const char *what, hm_bytes *name);
/* The address of a file: http or https, ASCII, up to HM_POLICY_URL_MAX. */
HM_MUST_USE hm_err hm_policy_take_url(hm_bytes *rest, hm_bytes *url);
/* After an item of a list: *MORE if a comma follows; a fault if something else does. */
HM_MUST_USE hm_err hm_policy_take_comma(hm_bytes *rest, bool *more);

#endif
