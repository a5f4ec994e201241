#include "trust_judge.h"

#include <hallmark/verify.h>

hm_err hm_trust_judge(hm_bytes payload) {
    hmv_trust list;
    hmv_reason reason = hmv_trust_read((hmv_bytes){payload.data, payload.len}, &list);
    return HMV_IS_ACCEPTED(reason) ? HM_OK : hm_refuse("trust list: %s", hmv_reason_text(reason));
}
