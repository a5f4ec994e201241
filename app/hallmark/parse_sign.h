/* Signing, as the parsing process does it: digest and copy, ask the core, embed. */
#ifndef HM_APP_PARSE_SIGN_H
#define HM_APP_PARSE_SIGN_H

#include "stamping.h"

typedef struct {
    const char *format, *product, *release;
    bool replace;
    bool noted;     /* nothing is signed: the core notes what would be, for a request, or compares it with one */
    bool elsewhere; /* -o: what is unchanged is still wanted there */
    bool distrust;  /* what the office answers is checked before it becomes part of a file: it is one elsewhere */
    hm_bytes trust; /* the office's own root, PEM: to know its signatures again */
    int64_t now;
    hm_stamp_orders stamps; /* none: nothing is timestamped */
} hm_sign_orders;

HM_MUST_USE hm_err hm_parse_sign(hm_parser *parser, void *orders);

#endif
