#include "signer_parse.h"

#include "oid.h"

#include <openssl/x509v3.h>
#include <stdio.h>

enum { SIGNED_ATTRIBUTES_MAX = 32 };

hm_err hm_attribute_read(hm_reader *attributes, hm_bytes *type, hm_reader *values) {
    hm_reader attribute;
    hm_tlv type_tlv;
    HM_TRY(hm_tlv_enter(attributes, HM_DER_SEQUENCE, "attribute", &attribute));
    HM_TRY(hm_tlv_expect(&attribute, HM_DER_OID, "attribute's type", &type_tlv));
    HM_TRY(hm_tlv_enter(&attribute, HM_DER_SET, "attribute's values", values));
    *type = type_tlv.content;
    return hm_in(hm_read_end(&attribute), "attribute");
}

/* The signed attributes that mean something to us. */
typedef struct {
    hm_bytes content_type, message_digest, signing_time, signing_certificate, signing_certificate_v1; /* whole values */
} known_attributes;

static hm_bytes *slot_of(known_attributes *known, hm_bytes type) {
    if (hm_bytes_equal(type, hm_oid_content_type)) return &known->content_type;
    if (hm_bytes_equal(type, hm_oid_message_digest)) return &known->message_digest;
    if (hm_bytes_equal(type, hm_oid_signing_time)) return &known->signing_time;
    if (hm_bytes_equal(type, hm_oid_signing_certificate_v2)) return &known->signing_certificate;
    if (hm_bytes_equal(type, hm_oid_signing_certificate)) return &known->signing_certificate_v1;
    return NULL;
}

/* RFC 5652 sections 11.1 to 11.3: exactly one value. */
static hm_err take_value(hm_reader values, hm_bytes *slot) {
    hm_tlv value;
    HM_TRY(hm_tlv_read(&values, &value));
    if (values.rest.len) return hm_refuse("an attribute that has one value has several");
    *slot = value.whole;
    return HM_OK;
}

static hm_err check_new(const hm_bytes *types, size_t count, hm_bytes type) {
    if (count == SIGNED_ATTRIBUTES_MAX) return hm_refuse("more than %d signed attributes", SIGNED_ATTRIBUTES_MAX);
    for (size_t i = 0; i < count; i++)
        if (hm_bytes_equal(types[i], type)) return hm_refuse("a signed attribute is there twice");
    return HM_OK;
}

/* The signature is over the DER of the SET OF (RFC 5652 section 5.4). We hash the octets as they stand, so they must be
 * that DER: checked at every depth, and in ascending order. */
static hm_err read_attributes(hm_bytes attributes, known_attributes *known) {
    hm_reader reader = hm_reader_of(attributes);
    hm_bytes types[SIGNED_ATTRIBUTES_MAX], before = HM_NO_BYTES;
    HM_TRY(hm_tlv_check(attributes));
    for (size_t count = 0; reader.rest.len; count++) {
        hm_reader at = reader, values;
        hm_tlv attribute;
        HM_TRY(hm_tlv_read(&reader, &attribute));
        if (hm_bytes_compare(before, attribute.whole) > 0) return hm_refuse("not DER: they are not in order");
        before = attribute.whole;
        hm_bytes type;
        HM_TRY(hm_attribute_read(&at, &type, &values));
        HM_TRY(check_new(types, count, type));
        types[count] = type;
        hm_bytes *slot = slot_of(known, type);
        if (slot) HM_TRY(take_value(values, slot));
    }
    return HM_OK;
}

static hm_err check_content_type(const known_attributes *known, hm_bytes content_type) {
    hm_tlv type;
    HM_TRY(hm_tlv_only(known->content_type, HM_DER_OID, "content type", &type));
    if (hm_bytes_equal(type.content, content_type)) return HM_OK;
    return hm_refuse("the content type is not that of the content"); /* RFC 5652 section 11.1 */
}

static hm_err take_attributes(hm_bytes content_type, hm_parsed_signer *signer) {
    known_attributes known = {HM_NO_BYTES, HM_NO_BYTES, HM_NO_BYTES, HM_NO_BYTES, HM_NO_BYTES};
    hm_tlv digest;
    HM_TRY(read_attributes(signer->attributes, &known));
    HM_TRY(check_content_type(&known, content_type));
    HM_TRY(hm_tlv_only(known.message_digest, HM_DER_OCTET_STRING, "message digest", &digest));
    signer->message_digest = digest.content;
    signer->signing_certificate = known.signing_certificate;
    signer->signing_certificate_v1 = known.signing_certificate_v1;
    signer->info.has_signing_time = known.signing_time.len != 0;
    if (!known.signing_time.len) return HM_OK;
    return hm_attribute_read_signing_time(known.signing_time, &signer->info.signing_time);
}

/* sid: IssuerAndSerialNumber in version 1, [0] SubjectKeyIdentifier in version 3. */
static hm_err read_identifier(hm_reader *reader, uint32_t version, hm_parsed_signer *signer) {
    hm_tlv key_id, issuer, serial;
    hm_reader inside;
    if (version == 3) {
        HM_TRY(hm_tlv_expect(reader, HM_DER_CONTEXT + 0, "signer's key identifier", &key_id));
        signer->key_id = key_id.content;
        return key_id.content.len ? HM_OK : hm_refuse("signer's key identifier is empty");
    }
    if (version != 1) return hm_refuse("SignerInfo version %u is not understood", version);
    HM_TRY(hm_tlv_enter(reader, HM_DER_SEQUENCE, "signer's issuer and serial number", &inside));
    HM_TRY(hm_tlv_expect(&inside, HM_DER_SEQUENCE, "signer's issuer", &issuer));
    HM_TRY(hm_tlv_expect(&inside, HM_DER_INTEGER, "signer's serial number", &serial));
    signer->issuer = issuer.whole;
    signer->serial = serial.whole;
    return hm_in(hm_read_end(&inside), "signer's issuer and serial number");
}

/* The fields in their order. */
static hm_err read_fields(hm_reader reader, hm_parsed_signer *signer, hm_algorithm_id *digest,
                          hm_algorithm_id *signature, hm_reader *unsigned_attributes) {
    uint32_t version;
    hm_tlv attributes, octets;
    HM_TRY(hm_tlv_read_small(&reader, "signer's version", &version));
    HM_TRY(read_identifier(&reader, version, signer));
    HM_TRY(hm_read_algorithm_id(&reader, "signer's digest algorithm", digest));
    signer->has_attributes = hm_tlv_follows(&reader, HM_DER_CONTEXT_CONSTRUCTED + 0);
    if (signer->has_attributes) {
        HM_TRY(hm_tlv_expect(&reader, HM_DER_CONTEXT_CONSTRUCTED + 0, "signed attributes", &attributes));
        signer->attributes = attributes.content;
    }
    HM_TRY(hm_read_algorithm_id(&reader, "signer's signature algorithm", signature));
    HM_TRY(hm_tlv_expect(&reader, HM_DER_OCTET_STRING, "signature", &octets));
    signer->signature = octets.content;
    *unsigned_attributes = hm_reader_of(HM_NO_BYTES);
    if (hm_tlv_follows(&reader, HM_DER_CONTEXT_CONSTRUCTED + 1))
        HM_TRY(hm_tlv_enter(&reader, HM_DER_CONTEXT_CONSTRUCTED + 1, "unsigned attributes", unsigned_attributes));
    return hm_in(hm_read_end(&reader), "SignerInfo");
}

static void name_algorithms(const hm_algorithm_id *digest, const hm_algorithm_id *signature, hm_signer_info *info) {
    info->known = hm_digest_of_id(digest, &info->digest, info->why, sizeof info->why) &&
                  hm_scheme_of_ids(signature, info->digest, &info->scheme, info->why, sizeof info->why);
}

hm_err hm_signer_parse(hm_reader *signer_infos, hm_bytes content_type, hm_parsed_signer *signer,
                       hm_reader *unsigned_attributes) {
    hm_reader inside;
    hm_algorithm_id digest, signature;
    hm_signer_info *info = &signer->info;
    HM_TRY(hm_tlv_enter(signer_infos, HM_DER_SEQUENCE, "SignerInfo", &inside));
    HM_TRY(read_fields(inside, signer, &digest, &signature, unsigned_attributes));
    hm_sha256(signer->signature, info->signature_hash);
    name_algorithms(&digest, &signature, info);
    if (signer->has_attributes) HM_TRY(hm_in(take_attributes(content_type, signer), "signed attributes"));
    /* RFC 5652 section 5.3. */
    else if (!hm_bytes_equal(content_type, hm_oid_data))
        return hm_refuse("it has no signed attributes");
    info->has_signed_attributes = signer->has_attributes;
    if (info->known && signer->has_attributes && signer->message_digest.len != hm_digest_len(info->digest))
        return hm_refuse("the message digest has %zu bytes, %s has %zu", signer->message_digest.len,
                         hm_digest_name(info->digest), hm_digest_len(info->digest));
    if (info->known && !signer->has_attributes && info->scheme == HM_SCHEME_ED25519) {
        info->known = false;
        snprintf(info->why, sizeof info->why, "Ed25519 without signed attributes cannot be checked from a digest");
    }
    return HM_OK;
}

hm_err hm_signer_take_indirect_data(hm_parsed_signer *signer, hm_bytes whole, hm_bytes content) {
    hm_signer_info *info = &signer->info;
    hm_algorithm_id id;
    hm_digest_algorithm digest = 0;
    char why[sizeof info->why];
    HM_TRY(hm_spc_read_content(whole, &id, &signer->image_digest));
    signer->indirect_data = content;
    if (!info->known) return HM_OK;
    if (!hm_digest_of_id(&id, &digest, why, sizeof why) || digest != info->digest) {
        info->known = false;
        snprintf(info->why, sizeof info->why, "the image's digest algorithm is not that of the signature");
        return HM_OK;
    }
    if (signer->image_digest.len == hm_digest_len(digest)) return HM_OK;
    return hm_refuse("the image's digest has %zu bytes, %s has %zu", signer->image_digest.len, hm_digest_name(digest),
                     hm_digest_len(digest));
}

hm_err hm_signer_find_timestamp(hm_reader unsigned_attributes, hm_bytes type, hm_parsed_signer *signer) {
    while (unsigned_attributes.rest.len) {
        hm_bytes found;
        hm_reader values;
        HM_TRY(hm_in(hm_attribute_read(&unsigned_attributes, &found, &values), "unsigned attributes"));
        if (!hm_bytes_equal(found, type)) continue;
        signer->info.has_timestamp = true;
        if (signer->stamps < HM_STAMPS_MAX) signer->stamp[signer->stamps++] = values.rest;
    }
    return HM_OK;
}

bool hm_signer_is(const hm_parsed_signer *signer, hm_bytes issuer, hm_bytes serial, X509 *x509) {
    if (!signer->key_id.len) return hm_bytes_equal(signer->issuer, issuer) && hm_bytes_equal(signer->serial, serial);
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(x509);
    if (!id) return false;
    return hm_bytes_equal(signer->key_id, HM_BYTES(ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)));
}
