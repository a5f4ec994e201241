#include "parse_crls.h"

hm_err hm_parse_crls(hm_bytes files, hm_crls **crls) {
    hm_reader reader = hm_reader_of(files);
    HM_TRY(hm_crls_new(crls));
    for (size_t i = 1; reader.rest.len; i++) {
        uint32_t len;
        hm_bytes file;
        HM_TRY(hm_read_u32be(&reader, &len));
        HM_TRY(hm_read_bytes(&reader, len, &file));
        HM_TRY(hm_in(hm_crls_add(*crls, file), "file %zu of revocation lists", i));
    }
    return HM_OK;
}
