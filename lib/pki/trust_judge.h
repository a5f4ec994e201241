/* What a device would say of the payload of a trust list, unsigned as it is. */
#ifndef HM_PKI_TRUST_JUDGE_H
#define HM_PKI_TRUST_JUDGE_H

#include <base/bytes.h>

HM_MUST_USE hm_err hm_trust_judge(hm_bytes payload);

#endif
