/* Revocation lists that the front has read (revocation_files.h), parsed behind the sandbox. */
#ifndef HM_APP_PARSE_CRLS_H
#define HM_APP_PARSE_CRLS_H

#include <pki/crl.h>

/* FILES: u32 BE length and content of each. Nobody's list is left out because it cannot be read: who gave it relies on
 * it. */
HM_MUST_USE hm_err hm_parse_crls(hm_bytes files, hm_crls **crls);

#endif
