/* Keys as the core lists them, shared by the commands that show them. */
#ifndef HM_APP_KEYS_H
#define HM_APP_KEYS_H

#include "options.h"

#include <client/office.h>

/* KEY is an HM_MSG_KEY. */
typedef hm_err (*hm_key_show)(const hm_options *options, const hm_message *key);
/* Every key of PRODUCT; of the whole office if it is NULL. */
HM_MUST_USE hm_err hm_each_key(const hm_options *options, hm_connection *office, const char *product, hm_key_show show);
/* key_list.c: they are printed, each with how often it has signed of the times that its policy lets it. */
HM_MUST_USE hm_err hm_list_keys(const hm_options *options, hm_connection *office, const char *product);
const char *hm_key_role_word(uint64_t role);
/* On standard error: which key signs now that this one is stopped, if there is one. */
HM_MUST_USE hm_err hm_key_tell_successor(const hm_options *options, hm_connection *office, const uint8_t id[static 16],
                                         bool *there);
/* --product and exactly one --algorithm (es256 unless given). */
HM_MUST_USE hm_err hm_one_key(const hm_options *options, hm_bytes *product, uint64_t *algorithm);

/* cmd_cert.c: the certificates of --product, or of all. */
HM_MUST_USE hm_err hm_list_certificates(const hm_options *options, hm_connection *office);

#endif
