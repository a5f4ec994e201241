/* sign --format native, which the command sign hands over to. */
#ifndef HM_APP_CMD_NATIVE_H
#define HM_APP_CMD_NATIVE_H

#include "options.h"

#include <client/office.h>
#include <pki/cert.h>

/* What the office says of PRODUCT. */
HM_MUST_USE hm_err hm_ask_product(hm_connection *office, const char *product, uint8_t vendor[static HM_UUID_LEN],
                                  uint8_t class_id[static HM_UUID_LEN], uint32_t *algorithms);
HM_MUST_USE hm_err hm_sign_native(const hm_options *options);
/* A fault if options were given that only the native format has, or no file. */
HM_MUST_USE hm_err hm_refuse_native_options(const hm_options *options);

#endif
