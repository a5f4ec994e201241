/* TSTInfo (RFC 3161 section 2.4.2), what a timestamping authority signs. Private to lib/pki. */
#ifndef HM_PKI_TST_INFO_H
#define HM_PKI_TST_INFO_H

#include "algorithm_id.h"

/* Views into the DER it was read from. */
typedef struct {
    hm_bytes policy; /* content octets of the OID */
    hm_algorithm_id imprint_algorithm;
    hm_bytes imprint;
    hm_bytes serial; /* content octets of the INTEGER */
    int64_t time;    /* Unix seconds, without the fraction */
    uint32_t microseconds;
    uint64_t accuracy; /* microseconds; 0: not stated */
    hm_bytes nonce;    /* content octets of the INTEGER; empty: none */
    hm_bytes tsa;      /* a GeneralName, whole element; empty: none */
} hm_tst_info;

/* Strict DER, version 1, a serial number of at most 20 octets. A critical extension is refused: none is known. */
HM_MUST_USE hm_err hm_tst_info_read(hm_bytes der, hm_tst_info *info);

#endif
