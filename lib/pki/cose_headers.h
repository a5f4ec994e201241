/* Shared by the files of COSE only. Private to lib/pki. */
#ifndef HM_PKI_COSE_HEADERS_H
#define HM_PKI_COSE_HEADERS_H

#include <pki/cose.h>

/* The COSE_Signature that comes next. */
HM_MUST_USE hm_err hm_cose_read_signature(hm_reader *reader, hm_cose_signature *signature);
/* How an algorithm's signatures are checked; 0 for those that are not checked here. */
hm_scheme hm_cose_scheme(int64_t algorithm);
/* Does VALUE, in COSE's form, by the key in SPKI cover MESSAGE? */
HM_MUST_USE hm_err hm_cose_verify_value(int64_t algorithm, hm_bytes message, hm_bytes value, hm_bytes spki);

#endif
