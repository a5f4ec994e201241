/* SignedData (RFC 5652 section 5.1; PKCS#7 1.5 for Authenticode), parsed once into hm_signed.
 *
 * Every element is read by the strict reader, so there is one encoding of each structure; what stands in unsigned
 * attributes is skipped as it is, except for nested signatures. */
#include "signed_parsed.h"

#include "cert_memory.h"
#include "oid.h"
#include "signer_parse.h"

#include <stdlib.h>

/* Views of the parts of one SignedData. */
typedef struct {
    uint32_t version;
    hm_reader digest_algorithms, certificates, signer_infos;
    hm_bytes content_type;
    hm_reader content;
} signed_data;

/* ContentInfo, and the fields of SignedData inside it. */
static hm_err cut(hm_bytes der, signed_data *parts) {
    hm_tlv whole, type, skipped;
    hm_reader tagged, body, content;
    HM_TRY(hm_tlv_only(der, HM_DER_SEQUENCE, "ContentInfo", &whole));
    hm_reader content_info = hm_reader_of(whole.content);
    HM_TRY(hm_tlv_expect(&content_info, HM_DER_OID, "type of the structure", &type));
    if (!hm_bytes_equal(type.content, hm_oid_signed_data)) return hm_refuse("it is not SignedData");
    HM_TRY(hm_tlv_enter(&content_info, HM_DER_CONTEXT_CONSTRUCTED + 0, "SignedData", &tagged));
    HM_TRY(hm_in(hm_read_end(&content_info), "ContentInfo"));
    HM_TRY(hm_tlv_enter(&tagged, HM_DER_SEQUENCE, "SignedData", &body));
    HM_TRY(hm_in(hm_read_end(&tagged), "SignedData"));
    HM_TRY(hm_tlv_read_small(&body, "version", &parts->version));
    HM_TRY(hm_tlv_enter(&body, HM_DER_SET, "digest algorithms", &parts->digest_algorithms));
    HM_TRY(hm_tlv_enter(&body, HM_DER_SEQUENCE, "content", &content));
    HM_TRY(hm_tlv_expect(&content, HM_DER_OID, "type of the content", &type));
    parts->content_type = type.content;
    parts->content = content;
    parts->certificates = hm_reader_of(HM_NO_BYTES);
    if (hm_tlv_follows(&body, HM_DER_CONTEXT_CONSTRUCTED + 0))
        HM_TRY(hm_tlv_enter(&body, HM_DER_CONTEXT_CONSTRUCTED + 0, "certificates", &parts->certificates));
    /* Revocation lists of the signer's choice prove nothing. */
    if (hm_tlv_follows(&body, HM_DER_CONTEXT_CONSTRUCTED + 1)) HM_TRY(hm_in(hm_tlv_read(&body, &skipped), "CRLs"));
    HM_TRY(hm_tlv_enter(&body, HM_DER_SET, "signers", &parts->signer_infos));
    return hm_in(hm_read_end(&body), "SignedData");
}

hm_err hm_signed_take_certificate(hm_signed *parsed, hm_bytes der, size_t *at) {
    for (*at = 0; *at < parsed->certificate_count; ++*at)
        if (hm_bytes_equal(parsed->certificate[*at].der, der)) return HM_OK;
    if (parsed->certificate_count == HM_CERTIFICATES_MAX)
        return hm_refuse("it holds more than %d certificates", HM_CERTIFICATES_MAX);
    hm_parsed_certificate *certificate = &parsed->certificate[parsed->certificate_count];
    certificate->der = der;
    HM_TRY(hm_cert_cut(der, &certificate->parts));
    HM_TRY(hm_cert_recall(der, &certificate->x509, &certificate->info));
    parsed->certificate_count++;
    return sk_X509_push(parsed->views, certificate->x509) > 0 ? HM_OK : hm_no_memory();
}

/* Only X.509 certificates: the other choices of CertificateSet (RFC 5652 section 10.2.3) are obsolete or attribute
 * certificates. Their order is the writer's; Authenticode's writers do not sort them. */
static hm_err take_certificates(hm_signed *parsed, hm_reader certificates) {
    while (certificates.rest.len) {
        hm_tlv certificate;
        size_t ignored;
        HM_TRY(hm_tlv_expect(&certificates, HM_DER_SEQUENCE, "a certificate", &certificate));
        HM_TRY(hm_signed_take_certificate(parsed, certificate.whole, &ignored));
    }
    return HM_OK;
}

static hm_err check_cms_content(const signed_data *parts) {
    if (!hm_bytes_equal(parts->content_type, hm_oid_data)) return hm_refuse("it signs something else than plain data");
    if (parts->content.rest.len) return hm_refuse("it carries its content inside (a detached signature is expected)");
    return HM_OK;
}

/* The one [0] EXPLICIT SpcIndirectDataContent. */
static hm_err cut_spc_content(signed_data *parts, hm_tlv *indirect_data) {
    hm_reader tagged;
    if (!hm_bytes_equal(parts->content_type, hm_oid_spc_indirect_data))
        return hm_refuse("it is not an Authenticode signature");
    HM_TRY(hm_tlv_enter(&parts->content, HM_DER_CONTEXT_CONSTRUCTED + 0, "SpcIndirectDataContent", &tagged));
    HM_TRY(hm_in(hm_read_end(&parts->content), "content"));
    HM_TRY(hm_tlv_expect(&tagged, HM_DER_SEQUENCE, "SpcIndirectDataContent", indirect_data));
    return hm_in(hm_read_end(&tagged), "content");
}

/* RFC 5652 section 5.1: each signer's digest is named in front, so that one pass over the content suffices. */
static hm_err check_digest_listed(hm_reader digest_algorithms, const hm_parsed_signer *signer) {
    char why[96];
    bool listed = !signer->info.known;
    while (digest_algorithms.rest.len) {
        hm_algorithm_id id;
        hm_digest_algorithm digest;
        HM_TRY(hm_read_algorithm_id(&digest_algorithms, "digest algorithm", &id));
        if (hm_digest_of_id(&id, &digest, why, sizeof why) && digest == signer->info.digest) listed = true;
    }
    return listed ? HM_OK : hm_refuse("a signer's digest algorithm is not among those it lists");
}

static void name_certificate(const hm_signed *parsed, hm_parsed_signer *signer) {
    for (size_t i = 0; i < parsed->certificate_count && !signer->certificate; i++) {
        const hm_parsed_certificate *certificate = &parsed->certificate[i];
        if (hm_signer_is(signer, certificate->parts.issuer, certificate->parts.serial, certificate->x509))
            signer->certificate = certificate;
    }
    signer->info.has_certificate = signer->certificate != NULL;
    if (signer->certificate) signer->info.certificate = signer->certificate->info;
}

static hm_err next_signer(hm_signed *parsed, hm_parsed_signer **signer) {
    if (parsed->signer_count == HM_SIGNERS_MAX) return hm_refuse("it holds more than %d signatures", HM_SIGNERS_MAX);
    *signer = &parsed->signer[parsed->signer_count++];
    return HM_OK;
}

/* The version follows from the rest (RFC 5652 section 5.1): 3 as soon as a signer is named by its key identifier, or
 * what is inside is no plain data. PKCS#7, which Authenticode keeps to, has no such rule. */
static hm_err check_version(const signed_data *parts, bool is_3) {
    uint32_t expected = is_3 ? 3 : 1;
    if (parts->version == expected) return HM_OK;
    return hm_refuse("SignedData version %u is not understood where %u belongs", parts->version, expected);
}

static hm_err take_cms_signers(hm_signed *parsed, signed_data *parts) {
    bool by_key_id = false;
    HM_TRY(check_cms_content(parts));
    HM_TRY(take_certificates(parsed, parts->certificates));
    while (parts->signer_infos.rest.len) {
        hm_parsed_signer *signer;
        hm_reader unsigned_attributes;
        HM_TRY(next_signer(parsed, &signer));
        HM_TRY(hm_signer_parse(&parts->signer_infos, hm_oid_data, signer, &unsigned_attributes));
        HM_TRY(hm_signer_find_timestamp(unsigned_attributes, hm_oid_timestamp_token, signer));
        HM_TRY(check_digest_listed(parts->digest_algorithms, signer));
        name_certificate(parsed, signer);
        by_key_id |= signer->key_id.len != 0;
    }
    return check_version(parts, by_key_id);
}

static hm_err parse_cms(hm_signed *parsed, hm_bytes der) {
    signed_data parts;
    HM_TRY(cut(der, &parts));
    return take_cms_signers(parsed, &parts);
}

/* [0] EXPLICIT OCTET STRING, whose content is the DER of a TSTInfo (RFC 3161 section 2.4.2). */
static hm_err cut_token_content(signed_data *parts, hm_bytes *tst_info) {
    hm_reader tagged;
    hm_tlv octets;
    if (!hm_bytes_equal(parts->content_type, hm_oid_tst_info)) return hm_refuse("it signs something else than a time");
    HM_TRY(hm_tlv_enter(&parts->content, HM_DER_CONTEXT_CONSTRUCTED + 0, "TSTInfo", &tagged));
    HM_TRY(hm_in(hm_read_end(&parts->content), "content"));
    HM_TRY(hm_tlv_expect(&tagged, HM_DER_OCTET_STRING, "TSTInfo", &octets));
    *tst_info = octets.content;
    return hm_in(hm_read_end(&tagged), "content");
}

static hm_err parse_token(hm_signed *parsed, hm_bytes der) {
    signed_data parts;
    hm_parsed_signer *signer;
    hm_reader ignored;
    HM_TRY(cut(der, &parts));
    HM_TRY(cut_token_content(&parts, &parsed->payload));
    HM_TRY(take_certificates(parsed, parts.certificates));
    HM_TRY(next_signer(parsed, &signer));
    HM_TRY(hm_signer_parse(&parts.signer_infos, hm_oid_tst_info, signer, &ignored));
    if (parts.signer_infos.rest.len) return hm_refuse("a timestamp has exactly one signer");
    HM_TRY(check_digest_listed(parts.digest_algorithms, signer));
    name_certificate(parsed, signer);
    return check_version(&parts, true);
}

/* Authenticode has exactly one signer in each structure. */
static hm_err take_spc_signer(hm_signed *parsed, signed_data *parts, hm_reader *unsigned_attributes) {
    hm_parsed_signer *signer;
    hm_tlv indirect_data;
    HM_TRY(cut_spc_content(parts, &indirect_data));
    HM_TRY(take_certificates(parsed, parts->certificates));
    HM_TRY(next_signer(parsed, &signer));
    HM_TRY(hm_signer_parse(&parts->signer_infos, hm_oid_spc_indirect_data, signer, unsigned_attributes));
    if (parts->signer_infos.rest.len) return hm_refuse("an Authenticode signature has exactly one signer");
    if (signer->key_id.len) return hm_refuse("an Authenticode signer is named by issuer and serial number");
    HM_TRY(hm_signer_take_indirect_data(signer, indirect_data.whole, indirect_data.content));
    HM_TRY(hm_signer_find_timestamp(*unsigned_attributes, hm_oid_spc_timestamp, signer));
    HM_TRY(check_digest_listed(parts->digest_algorithms, signer));
    name_certificate(parsed, signer);
    return check_version(parts, false);
}

/* A nested signature holds no further ones: Windows looks for none there. */
static hm_err parse_nested(hm_signed *parsed, hm_bytes der) {
    signed_data parts;
    hm_reader attributes, values;
    HM_TRY(cut(der, &parts));
    HM_TRY(take_spc_signer(parsed, &parts, &attributes));
    parsed->signer[parsed->signer_count - 1].structure = der;
    while (attributes.rest.len) {
        hm_bytes type;
        HM_TRY(hm_attribute_read(&attributes, &type, &values));
        if (hm_bytes_equal(type, hm_oid_spc_nested)) return hm_refuse("it holds further signatures itself");
    }
    return HM_OK;
}

static hm_err parse_authenticode(hm_signed *parsed, hm_bytes der) {
    signed_data parts;
    hm_reader attributes, values;
    HM_TRY(cut(der, &parts));
    HM_TRY(take_spc_signer(parsed, &parts, &attributes));
    while (attributes.rest.len) {
        hm_bytes type;
        HM_TRY(hm_attribute_read(&attributes, &type, &values));
        while (hm_bytes_equal(type, hm_oid_spc_nested) && values.rest.len) {
            hm_tlv nested;
            HM_TRY(hm_tlv_expect(&values, HM_DER_SEQUENCE, "nested signature", &nested));
            HM_TRY(hm_in(parse_nested(parsed, nested.whole), "nested signature"));
        }
    }
    return HM_OK;
}

typedef hm_err (*parse_function)(hm_signed *parsed, hm_bytes der);

static const struct {
    const char *name;
    parse_function parse;
} structures[] = {
    [HM_STRUCTURE_CMS] = {"CMS signature", parse_cms},
    [HM_STRUCTURE_AUTHENTICODE_PE] = {"Authenticode signature", parse_authenticode},
    [HM_STRUCTURE_COSE] = {"COSE signature", hm_signed_take_envelope},
};

static hm_err parse_as(parse_function function, hm_signed *parsed, hm_bytes der) {
    HM_TRY(hm_put(&parsed->der, der));
    parsed->views = sk_X509_new_null();
    if (!parsed->views) return hm_no_memory();
    HM_TRY(function(parsed, hm_buf_bytes(&parsed->der)));
    return parsed->signer_count ? HM_OK : hm_refuse("it holds no signature");
}

static hm_err parse(parse_function function, hm_structure structure, hm_bytes der, hm_signed **parsed) {
    HM_SIGNED *made = calloc(1, sizeof *made);
    if (!made) return hm_no_memory();
    made->structure = structure;
    HM_TRY(parse_as(function, made, der));
    *parsed = made;
    made = NULL;
    return HM_OK;
}

hm_err hm_signed_parse(hm_structure structure, hm_bytes der, hm_signed **parsed) {
    *parsed = NULL;
    if (structure < HM_STRUCTURE_CMS || structure > HM_STRUCTURE_COSE)
        return hm_misuse("unknown signed structure %d", (int)structure);
    return hm_in(parse(structures[structure].parse, structure, der, parsed), "%s", structures[structure].name);
}

/* Once read it is a CMS structure, whose content lies inside instead of outside. */
hm_err hm_signed_parse_token(hm_bytes der, hm_signed **parsed) {
    *parsed = NULL;
    return parse(parse_token, HM_STRUCTURE_CMS, der, parsed);
}

void hm_signed_free(hm_signed **parsed) {
    if (!*parsed) return;
    for (size_t i = 0; i < (*parsed)->certificate_count; i++) X509_free((*parsed)->certificate[i].x509);
    sk_X509_free((*parsed)->views);
    hm_buf_clear(&(*parsed)->der);
    free(*parsed);
    *parsed = NULL;
}

size_t hm_signed_count(const hm_signed *parsed) { return parsed->signer_count; }

const hm_signer_info *hm_signed_at(const hm_signed *parsed, size_t index) {
    return index < parsed->signer_count ? &parsed->signer[index].info : NULL;
}
