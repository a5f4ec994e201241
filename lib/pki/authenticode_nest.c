/* A further Authenticode signature put into one that is there. */
#include <pki/signed.h>

#include "oid.h"
#include "signed_parsed.h"
#include "unsigned_attributes.h"

hm_err hm_authenticode_nest(hm_bytes outer, hm_bytes nested, hm_buf *der) {
    HM_SIGNED *parsed_outer = NULL;
    HM_SIGNED *parsed_nested = NULL;
    HM_TRY(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, outer, &parsed_outer));
    HM_TRY(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, nested, &parsed_nested));
    if (parsed_nested->signer_count != 1) return hm_refuse("a signature to nest holds nested ones itself");
    if (parsed_outer->signer_count == HM_SIGNERS_MAX)
        return hm_refuse("it holds %d signatures already", HM_SIGNERS_MAX);
    const hm_unsigned_edit edit = {.type = hm_oid_spc_nested, .value = nested};
    return hm_unsigned_put(outer, &edit, der);
}
