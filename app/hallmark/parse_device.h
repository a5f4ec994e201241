/* verify --trust LIST: what a device that holds the list would say of an envelope. */
#ifndef HM_APP_PARSE_DEVICE_H
#define HM_APP_PARSE_DEVICE_H

#include "parse_checked.h"

/* Take in the trust list or bundle of ORDERS, once. A refusal if no device could hold it. */
HM_MUST_USE hm_err hm_parse_hold(const hm_check_orders *orders);
/* The decision of libhallmark-verify for a device of the envelope's own vendor and class, or of the product that was
 * named, which has nothing installed yet and whatever the release needs beside it; then its payloads. */
HM_MUST_USE hm_err hm_parse_judge(hm_parser *parser, const hm_check_orders *orders, const hm_verify_rules *rules,
                                  hm_checked *c);

#endif
