/* What differs between two texts, line by line. */
#ifndef HM_APP_LINE_DIFF_H
#define HM_APP_LINE_DIFF_H

#include <base/bytes.h>

/* Append to DIFF what `diff -U0` prints behind its two head lines: "@@ -3 +3,2 @@" before each place that differs, the
 * lines that go with a '-', those that come with a '+'. Behind the second @@ stands the last line above that begins
 * with the word HEADING. Nothing is appended if the texts are equal. A last line without its end counts as one with it.
 * Texts of thousands of lines that differ almost everywhere are told as one place. */
HM_MUST_USE hm_err hm_line_diff(hm_bytes from, hm_bytes to, const char *heading, hm_buf *diff);

#endif
