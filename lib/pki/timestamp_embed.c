/* A timestamp's token put beside the signature that it is about. */
#include <pki/timestamp.h>

#include "oid.h"
#include "signed_parsed.h"
#include "signer_parse.h"
#include "unsigned_attributes.h"

static hm_err check_form(hm_bytes token) {
    HM_SIGNED *parsed = NULL;
    return hm_in(hm_signed_parse_token(token, &parsed), "timestamp");
}

/* Nested signature number AT with TOKEN, put back in its place. */
static hm_err embed_nested(const hm_signed *parsed, hm_bytes outer, size_t at, hm_bytes token, hm_buf *der) {
    HM_BUF nested = HM_BUF_EMPTY;
    const hm_unsigned_edit inner = {.type = hm_oid_spc_timestamp, .value = token};
    HM_TRY(hm_unsigned_put(parsed->signer[at + 1].structure, &inner, &nested));
    const hm_unsigned_edit edit = {
        .type = hm_oid_spc_nested, .value = hm_buf_bytes(&nested), .instead = true, .at = at};
    return hm_unsigned_put(outer, &edit, der);
}

hm_err hm_timestamp_embed(hm_structure structure, hm_bytes outer, size_t index, hm_bytes token, hm_buf *der) {
    HM_SIGNED *parsed = NULL;
    bool authenticode = structure == HM_STRUCTURE_AUTHENTICODE_PE;
    if (!authenticode && structure != HM_STRUCTURE_CMS) return hm_misuse("this structure carries no timestamps");
    HM_TRY(hm_signed_parse(structure, outer, &parsed));
    if (index >= parsed->signer_count) return hm_misuse("there is no signature %zu", index + 1);
    HM_TRY(check_form(token));
    if (authenticode && index) return embed_nested(parsed, outer, index - 1, token, der);
    const hm_unsigned_edit edit = {
        .signer = index, .type = authenticode ? hm_oid_spc_timestamp : hm_oid_timestamp_token, .value = token};
    return hm_unsigned_put(outer, &edit, der);
}
