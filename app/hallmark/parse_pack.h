/* pack and unpack, as the parsing process does them: payloads stream through it, whatever their size. */
#ifndef HM_APP_PARSE_PACK_H
#define HM_APP_PARSE_PACK_H

#include "parser.h"

#include <pki/cert.h>

typedef struct {
    size_t operands;
    const char *output;
    bool keep_chain;
} hm_pack_orders;
HM_MUST_USE hm_err hm_parse_pack(hm_parser *parser, void *orders);

typedef struct {
    hm_bytes trust;         /* PEM roots, or a trust list, or a bundle of them */
    const char *trust_name; /* what the user called it */
    const char *product;    /* with roots: whose certificates; NULL: any product's */
    bool has_class;         /* with a list: the devices that are meant; otherwise those that the release names */
    uint8_t vendor[HM_UUID_LEN], class_id[HM_UUID_LEN];
    hm_bytes device; /* with a list: the id of the device, for downgrade exceptions; empty: none */
    hm_bytes crls;   /* with roots: files of revocation lists (revocation_files.h) */
    bool crl_required;
    const char *folder; /* for the sentence */
    int64_t now;
} hm_unpack_orders;
HM_MUST_USE hm_err hm_parse_unpack(hm_parser *parser, void *orders);

#endif
