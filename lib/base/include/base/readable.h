/* Names for people's eyes: what an attacker may choose must neither move a terminal's cursor nor pass for another name.
 */
#ifndef HM_BASE_READABLE_H
#define HM_BASE_READABLE_H

#include <base/bytes.h>

/* Append NAME as UTF-8: control characters, characters that change the direction of text, backslashes and bytes that
 * are not UTF-8 become \xNN, each byte. */
HM_MUST_USE hm_err hm_put_readable(hm_buf *text, hm_bytes name);
/* Would hm_put_readable append NAME as it is? */
bool hm_is_readable(hm_bytes name);

/* Replace the control characters in TEXT but for line ends, and the characters that change the direction of text, by
 * question marks, one for each byte: for whole lines that another process composed. Whoever composes a line puts what
 * others chose into it with hm_put_readable: here a line end is one. */
void hm_make_harmless(hm_buf *text);

#endif
