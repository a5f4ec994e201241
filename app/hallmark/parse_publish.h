/* publish: which files they are, and by which signature the log has them; the parser's side. */
#ifndef HM_APP_PARSE_PUBLISH_H
#define HM_APP_PARSE_PUBLISH_H

#include "parse_check.h"

/* ORDERS: an hm_check_orders with TRUST and PRODUCT. The core's session is for publishing, or compares. */
HM_MUST_USE hm_err hm_parse_publish(hm_parser *parser, void *orders);

#endif
