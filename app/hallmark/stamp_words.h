/* A timestamp in words, and as JSON: what it says, and what it is worth. */
#ifndef HM_APP_STAMP_WORDS_H
#define HM_APP_STAMP_WORDS_H

#include <base/json.h>
#include <pki/timestamp.h>

/* Appends nothing if there is none; else a clause that begins with a comma or semicolon. COUNTS: certificates were
 * judged at its time. */
HM_MUST_USE hm_err hm_stamp_clause(const hm_stamp *stamp, bool counts, hm_buf *text);
/* The clause for who has just got one; nothing if there is none. */
HM_MUST_USE hm_err hm_stamp_got(const hm_stamp *stamp, hm_buf *text);
/* Lines for inspect, which judges no authority. */
HM_MUST_USE hm_err hm_stamp_lines(const hm_stamp *stamp, hm_buf *text);
/* A member "timestamp", an object; nothing if there is none. */
void hm_stamp_json(hm_json *json, const hm_stamp *stamp);

#endif
