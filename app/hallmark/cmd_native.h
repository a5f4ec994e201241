/* sign --format native, which the command sign hands over to. */
#ifndef HM_APP_CMD_NATIVE_H
#define HM_APP_CMD_NATIVE_H

#include "options.h"

#include "request_list.h"

#include <client/office.h>
#include <pki/cert.h>

/* What the office says of PRODUCT. */
HM_MUST_USE hm_err hm_ask_product(hm_connection *office, const char *product, uint8_t vendor[static HM_UUID_LEN],
                                  uint8_t class_id[static HM_UUID_LEN], uint32_t *algorithms);
bool hm_is_native(const hm_options *options);
HM_MUST_USE hm_err hm_sign_native(const hm_options *options);
/* The operands, signed; or NOTED for a request. PAGE of hm_connect_with_pending, NULL when nothing is written. */
HM_MUST_USE hm_err hm_native_files(const hm_options *options, hm_connection *office, char *page, bool noted);
/* Is this very release, but for a sequence number that nobody chose, in its envelope already, signed by these keys? */
HM_MUST_USE hm_err hm_native_is_signed(const hm_options *options, bool *is_signed);
/* Are the operands the payloads of the request that is shown, whose hash is HASH? */
HM_MUST_USE hm_err hm_compare_payloads(const hm_options *options, hm_connection *office,
                                       const hm_shown_request *request, hm_bytes hash);
/* A fault if options were given that only the native format has, or no file. */
HM_MUST_USE hm_err hm_refuse_native_options(const hm_options *options);

#endif
