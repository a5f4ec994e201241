/* Private to lib/tlog: UTF-8 (RFC 3629). */
#ifndef HM_TLOG_UTF8_H
#define HM_TLOG_UTF8_H

#include <base/bytes.h>

/* The next code point; a refusal if the bytes are not well-formed UTF-8 (overlong, surrogate, cut off). */
HM_MUST_USE hm_err hm_tlog_read_utf8(hm_reader *reader, uint32_t *code_point);

/* What Unicode calls white space (property White_Space). */
bool hm_tlog_is_space(uint32_t code_point);

#endif
