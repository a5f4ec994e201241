/* A further Authenticode signature put into one that is there, octet for octet.
 *
 * The path to the place is a chain of elements, each of which grows; everything beside the path is copied as it stands:
 *
 *   ContentInfo > [0] > SignedData > signerInfos > SignerInfo > [1] unsignedAttrs > Attribute > SET OF values */
#include <pki/signed.h>

#include "oid.h"
#include "signed_parsed.h"
#include "signer_parse.h"

/* Copy elements from READER to DER up to the last one, whose content READER is then about. */
static hm_err copy_and_enter_last(hm_reader *reader, hm_buf *der, size_t *mark) {
    hm_tlv tlv;
    HM_TRY(hm_tlv_read(reader, &tlv));
    while (reader->rest.len) {
        HM_TRY(hm_put(der, tlv.whole));
        HM_TRY(hm_tlv_read(reader, &tlv));
    }
    *reader = hm_reader_of(tlv.content);
    return hm_der_open(der, tlv.tag, mark);
}

/* Attribute { TYPE, SET { values so far, NESTED } }. */
static hm_err put_nested_attribute(hm_buf *der, hm_bytes values, hm_bytes nested) {
    hm_attribute_marks marks;
    HM_TRY(hm_attribute_open(der, hm_oid_spc_nested, &marks));
    HM_TRY(hm_put(der, values));
    HM_TRY(hm_put(der, nested));
    return hm_attribute_close(der, marks);
}

/* The unsigned attributes as they are, NESTED behind the last value of the first attribute for it. */
static hm_err put_attributes(hm_buf *der, hm_reader attributes, hm_bytes nested) {
    bool placed = false;
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 1, &mark));
    while (attributes.rest.len) {
        hm_reader at = attributes, values;
        hm_bytes type;
        hm_tlv attribute;
        HM_TRY(hm_tlv_read(&attributes, &attribute));
        HM_TRY(hm_attribute_read(&at, &type, &values));
        bool here = !placed && hm_bytes_equal(type, hm_oid_spc_nested);
        placed |= here;
        HM_TRY(here ? put_nested_attribute(der, values.rest, nested) : hm_put(der, attribute.whole));
    }
    if (!placed) HM_TRY(put_nested_attribute(der, HM_NO_BYTES, nested));
    return hm_der_close(der, mark);
}

/* SignerInfo: everything up to the signature, then the attributes. */
static hm_err put_signer_info(hm_buf *der, hm_reader signer_info, hm_bytes nested) {
    hm_reader attributes = hm_reader_of(HM_NO_BYTES);
    while (signer_info.rest.len && !hm_tlv_follows(&signer_info, HM_DER_CONTEXT_CONSTRUCTED + 1)) {
        hm_tlv field;
        HM_TRY(hm_tlv_read(&signer_info, &field));
        HM_TRY(hm_put(der, field.whole));
    }
    if (signer_info.rest.len)
        HM_TRY(hm_tlv_enter(&signer_info, HM_DER_CONTEXT_CONSTRUCTED + 1, "unsigned attributes", &attributes));
    return put_attributes(der, attributes, nested);
}

enum { LEVELS = 5 }; /* ContentInfo to SignerInfo: each is the last element of the one above */

static hm_err put_outer(hm_buf *der, hm_bytes outer, hm_bytes nested) {
    hm_reader reader = hm_reader_of(outer);
    size_t mark[LEVELS];
    for (size_t i = 0; i < LEVELS; i++) HM_TRY(copy_and_enter_last(&reader, der, &mark[i]));
    HM_TRY(put_signer_info(der, reader, nested));
    for (size_t i = LEVELS; i > 0; i--) HM_TRY(hm_der_close(der, mark[i - 1]));
    return HM_OK;
}

hm_err hm_authenticode_nest(hm_bytes outer, hm_bytes nested, hm_buf *der) {
    HM_SIGNED *parsed_outer = NULL;
    HM_SIGNED *parsed_nested = NULL;
    HM_BUF built = HM_BUF_EMPTY;
    HM_TRY(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, outer, &parsed_outer));
    HM_TRY(hm_signed_parse(HM_STRUCTURE_AUTHENTICODE_PE, nested, &parsed_nested));
    if (parsed_nested->signer_count != 1) return hm_refuse("a signature to nest holds nested ones itself");
    if (parsed_outer->signer_count == HM_SIGNERS_MAX)
        return hm_refuse("it holds %d signatures already", HM_SIGNERS_MAX);
    HM_TRY(put_outer(&built, outer, nested));
    return hm_put(der, hm_buf_bytes(&built));
}
