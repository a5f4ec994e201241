/* Authenticode's own structures (Microsoft, "Windows Authenticode Portable Executable Signature Format", version 1.0).
 */
#include "signed_content.h"

#include "oid.h"

/* SpcPeImageData: no flags, and the file [0] { [2] { [0] "<<<Obsolete>>>" in UTF-16BE } }, a constant that the document
 * prescribes. */
static const uint8_t pe_image_data[] = {0x30, 0x25, 0x03, 0x01, 0x00, 0xa0, 0x20, 0xa2, 0x1e, 0x80, 0x1c, 0x00, 0x3c,
                                        0x00, 0x3c, 0x00, 0x3c, 0x00, 0x4f, 0x00, 0x62, 0x00, 0x73, 0x00, 0x6f, 0x00,
                                        0x6c, 0x00, 0x65, 0x00, 0x74, 0x00, 0x65, 0x00, 0x3e, 0x00, 0x3e, 0x00, 0x3e};

/* SpcAttributeTypeAndOptionalValue: what kind of file it is. */
static hm_err put_file_kind(hm_buf *der) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_der_put(der, HM_DER_OID, hm_oid_spc_pe_image_data));
    HM_TRY(hm_put(der, HM_ARRAY(pe_image_data)));
    return hm_der_close(der, mark);
}

static hm_err put_digest_info(hm_buf *der, const hm_digest *image) {
    size_t mark;
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_TRY(hm_put_digest_algorithm(der, image->algorithm));
    HM_TRY(hm_der_put(der, HM_DER_OCTET_STRING, hm_digest_bytes(image)));
    return hm_der_close(der, mark);
}

hm_err hm_spc_put_content(hm_buf *der, const hm_digest *image, hm_digest *message_digest) {
    HM_BUF indirect_data = HM_BUF_EMPTY;
    size_t tagged;
    HM_TRY(put_file_kind(&indirect_data));
    HM_TRY(put_digest_info(&indirect_data, image));
    hm_digest_of(image->algorithm, hm_buf_bytes(&indirect_data), message_digest);
    HM_TRY(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED + 0, &tagged));
    HM_TRY(hm_der_put(der, HM_DER_SEQUENCE, hm_buf_bytes(&indirect_data)));
    return hm_der_close(der, tagged);
}

hm_err hm_spc_put_attributes(hm_buf *der) {
    hm_attribute_marks marks;
    size_t purposes;
    HM_TRY(hm_attribute_open(der, hm_oid_spc_opus_info, &marks));
    HM_TRY(hm_der_put(der, HM_DER_SEQUENCE, HM_NO_BYTES));
    HM_TRY(hm_attribute_close(der, marks));
    HM_TRY(hm_attribute_open(der, hm_oid_spc_statement_type, &marks));
    HM_TRY(hm_der_open(der, HM_DER_SEQUENCE, &purposes));
    HM_TRY(hm_der_put(der, HM_DER_OID, hm_oid_spc_individual));
    HM_TRY(hm_der_close(der, purposes));
    return hm_attribute_close(der, marks);
}

static hm_err read_file_kind(hm_reader *indirect_data) {
    hm_reader kind;
    hm_tlv type;
    HM_TRY(hm_tlv_enter(indirect_data, HM_DER_SEQUENCE, "kind of file", &kind));
    HM_TRY(hm_tlv_expect(&kind, HM_DER_OID, "kind of file", &type));
    /* Its value describes the file and repeats nothing that matters; the signature covers it. Debian's fwupd was signed
     * by a tool that writes the statement type here, which names no other kind of file, and firmware does not look. */
    if (!hm_bytes_equal(type.content, hm_oid_spc_pe_image_data) && !hm_bytes_equal(type.content, hm_oid_spc_individual))
        return hm_refuse("it signs another kind of file than a PE image");
    return HM_OK;
}

hm_err hm_spc_read_content(hm_bytes indirect_data, hm_algorithm_id *algorithm, hm_bytes *image_digest) {
    hm_tlv whole, digest;
    hm_reader digest_info;
    HM_TRY(hm_tlv_only(indirect_data, HM_DER_SEQUENCE, "SpcIndirectDataContent", &whole));
    HM_TRY(hm_tlv_check(indirect_data));
    hm_reader inside = hm_reader_of(whole.content);
    HM_TRY(read_file_kind(&inside));
    HM_TRY(hm_tlv_enter(&inside, HM_DER_SEQUENCE, "digest of the image", &digest_info));
    HM_TRY(hm_in(hm_read_end(&inside), "SpcIndirectDataContent"));
    HM_TRY(hm_read_algorithm_id(&digest_info, "digest algorithm of the image", algorithm));
    HM_TRY(hm_tlv_expect(&digest_info, HM_DER_OCTET_STRING, "digest of the image", &digest));
    *image_digest = digest.content;
    return hm_in(hm_read_end(&digest_info), "digest of the image");
}
