#include "pe.h"

/* [PE] "The Attribute Certificate Table": dwLength, wRevision, wCertificateType, bCertificate. */
enum {
    ENTRY_HEADER_LEN = 8,
    REVISION_2_0 = 0x0200,
    TYPE_PKCS_SIGNED_DATA = 0x0002,
    DER_SEQUENCE = 0x30,
    DER_LONG_FORM = 0x80,
    DER_LENGTH_OCTETS_MAX = 4
};

/* X.690 §8.1.3.5 with the minimal form that §10.1 asks for. */
static hm_err read_long_length(hm_reader *reader, unsigned octets, size_t *len) {
    if (octets == 0) return hm_refuse("its length is indefinite (BER, not DER)");
    if (octets > DER_LENGTH_OCTETS_MAX) return hm_refuse("its length has %u octets", octets);
    uint64_t value = 0;
    for (unsigned i = 0; i < octets; i++) {
        uint8_t octet;
        HM_TRY(hm_read_u8(reader, &octet));
        value = value << 8 | octet;
    }
    if (value < DER_LONG_FORM || value >> (8 * (octets - 1)) == 0)
        return hm_refuse("its length is not in the shortest form (BER, not DER)");
    *len = value;
    return HM_OK;
}

/* The SEQUENCE at the beginning of BYTES, and what is behind it. */
static hm_err split_sequence(hm_bytes bytes, hm_bytes *sequence, hm_bytes *rest) {
    hm_reader reader = hm_reader_of(bytes);
    uint8_t tag, first;
    HM_TRY(hm_read_u8(&reader, &tag));
    if (tag != DER_SEQUENCE) return hm_refuse("does not begin with a SEQUENCE (tag 0x%02x)", tag);
    HM_TRY(hm_read_u8(&reader, &first));
    size_t len = first;
    if (first >= DER_LONG_FORM) HM_TRY(read_long_length(&reader, first - DER_LONG_FORM, &len));
    HM_TRY(hm_read_skip(&reader, len));
    *rest = reader.rest;
    return hm_bytes_part(bytes, 0, bytes.len - reader.rest.len, sequence);
}

/* Padding is at most what alignment needs, and zero: more, or other, would be a hiding place that no signature covers.
 */
static hm_err check_padding(hm_bytes padding) {
    if (padding.len >= HM_PE_ALIGNMENT)
        return hm_refuse("%zu bytes follow the signature, covered by nothing", padding.len);
    for (size_t i = 0; i < padding.len; i++)
        if (padding.data[i]) return hm_refuse("the padding behind the signature is not zero");
    return HM_OK;
}

/* dwLength may count the padding (signtool, osslsigncode) or not (the words of [PE]); the next entry is aligned either
 * way. */
static hm_err read_entry(hm_reader *reader, hm_bytes *signature) {
    uint32_t len;
    uint16_t revision, type;
    HM_TRY(hm_read_u32le(reader, &len));
    HM_TRY(hm_read_u16le(reader, &revision));
    HM_TRY(hm_read_u16le(reader, &type));
    if (len <= ENTRY_HEADER_LEN) return hm_refuse("is empty (dwLength %u)", len);
    if (revision != REVISION_2_0) return hm_refuse("has revision 0x%04x, not 2.0", revision);
    /* Other types (bare X.509, EFI GUIDs) are not skipped: no signature covers them and no tool of the field makes
     * them. */
    if (type != TYPE_PKCS_SIGNED_DATA) return hm_refuse("has type 0x%04x, which is not PKCS#7 SignedData", type);
    hm_bytes body, behind, padding;
    HM_TRY(hm_read_bytes(reader, len - ENTRY_HEADER_LEN, &body));
    HM_TRY(hm_read_bytes(reader, hm_pe_aligned(len) - len, &behind));
    HM_TRY(split_sequence(body, signature, &padding));
    HM_TRY(check_padding(padding));
    return check_padding(behind);
}

hm_err hm_pe_certificates_parse(hm_bytes table, hm_pe_certificates *certificates) {
    certificates->count = 0;
    hm_reader reader = hm_reader_of(table);
    while (reader.rest.len) {
        if (certificates->count == HM_PE_SIGNATURES_MAX)
            return hm_refuse("certificate table has more than %u entries", HM_PE_SIGNATURES_MAX);
        hm_err err = read_entry(&reader, &certificates->signature[certificates->count]);
        HM_TRY(hm_in(err, "certificate table entry %zu", certificates->count + 1));
        certificates->count++;
    }
    return HM_OK;
}

hm_err hm_pe_put_certificate(hm_buf *table, hm_bytes signature) {
    hm_bytes sequence, rest;
    HM_TRY(hm_in(split_sequence(signature, &sequence, &rest), "signature"));
    if (rest.len) return hm_refuse("%zu bytes follow the signature", rest.len);
    uint64_t len = hm_pe_aligned(ENTRY_HEADER_LEN + (uint64_t)signature.len);
    if (len > HM_PE_TABLE_MAX) return hm_refuse("signature of %zu bytes is too large", signature.len);
    HM_TRY(hm_put_u32le(table, (uint32_t)len));
    HM_TRY(hm_put_u16le(table, REVISION_2_0));
    HM_TRY(hm_put_u16le(table, TYPE_PKCS_SIGNED_DATA));
    HM_TRY(hm_put(table, signature));
    return hm_put_zeros(table, len - ENTRY_HEADER_LEN - signature.len);
}
