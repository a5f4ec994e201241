#include "trust_judge.h"

#include <base/cbor.h>

hm_err hm_trust_judge(hm_bytes payload) {
    hm_reader reader = hm_reader_of(payload);
    hm_bytes item;
    HM_TRY(hm_in(hm_cbor_get_item(&reader, &item), "trust list"));
    return hm_in(hm_read_end(&reader), "trust list");
}
