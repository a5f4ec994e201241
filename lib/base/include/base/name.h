/* Names that people give and type: of products, principals, groups. */
#ifndef HM_BASE_NAME_H
#define HM_BASE_NAME_H

#include <base/bytes.h>

/* 1 to MOST letters (ASCII), digits, '.', '_' and '-', a letter or digit first: safe in a file's name, a certificate,
 * a line of text, and without two spellings. WHAT stands in the fault: "a product's name". */
HM_MUST_USE hm_err hm_name_check(hm_bytes name, size_t most, const char *what);

#endif
