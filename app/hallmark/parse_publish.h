/* publish: which files they are, and by which signature the log has them; the parser's side. */
#ifndef HM_APP_PARSE_PUBLISH_H
#define HM_APP_PARSE_PUBLISH_H

#include "parse_check.h"

/* What is in a release already: each name once, with the content that it has now. */
typedef struct hm_published_files {
    size_t count;
    struct hm_published_file {
        char name[256];
        uint8_t sha256[HM_SHA256_LEN];
        uint64_t entry;
    } * file;
} hm_published_files;

/* ORDERS: an hm_check_orders with TRUST and PRODUCT; with PUBLISHED, no core is asked, and "unchanged" is said of what
 * is all there. The core's session is for publishing, or compares. */
HM_MUST_USE hm_err hm_parse_publish(hm_parser *parser, void *orders);

#endif
