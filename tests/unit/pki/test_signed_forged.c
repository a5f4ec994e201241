/* Structures that no honest writer makes: each is correct, and really signed, but for one thing. */
#include "pki_fixture.h"

#include "algorithm_id.h"
#include "oid.h"
#include "signed_content.h"

#include <pki/der.h>

/* What may be odd. Elements are whole; an empty one stands for the honest one. */
typedef struct {
    hm_structure structure;
    uint8_t version, signer_version; /* 0: 1 */
    bool no_attributes, no_signers, twice;
    hm_bytes type, listed_digests, content, identifier, digest_algorithm, attributes, signature_algorithm, signature,
        unsigned_attributes, behind_signer, behind, certificates;
    const char *image; /* Authenticode: the text whose digest stands inside; NULL: "content" */
} forgery;

static const hm_bytes nothing = {NULL, 0};

/* Attribute { type, SET { value } }. */
static void put_attribute(hm_buf *der, hm_bytes type, hm_bytes value) {
    hm_attribute_marks marks;
    HM_MUST(hm_attribute_open(der, type, &marks));
    HM_MUST(hm_put(der, value));
    HM_MUST(hm_attribute_close(der, marks));
}

static void put_oid_attribute(hm_buf *der, hm_bytes type, hm_bytes oid) {
    HM_BUF value = HM_BUF_EMPTY;
    HM_MUST(hm_der_put(&value, HM_DER_OID, oid));
    put_attribute(der, type, hm_buf_bytes(&value));
}

static void put_digest_attribute(hm_buf *der, hm_bytes digest) {
    HM_BUF value = HM_BUF_EMPTY;
    HM_MUST(hm_der_put(&value, HM_DER_OCTET_STRING, digest));
    put_attribute(der, hm_oid_message_digest, hm_buf_bytes(&value));
}

static bool is_cms(const forgery *f) { return f->structure != HM_STRUCTURE_AUTHENTICODE_PE; }

static void put_content_info(const forgery *f, hm_buf *der, hm_digest *message_digest) {
    hm_digest image = digest_of_text(HM_SHA256, f->image ? f->image : "content");
    HM_BUF honest = HM_BUF_EMPTY;
    size_t mark;
    *message_digest = image;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_der_put(der, HM_DER_OID, f->type.len ? f->type : is_cms(f) ? hm_oid_data : hm_oid_spc_indirect_data));
    if (!is_cms(f)) HM_MUST(hm_spc_put_content(&honest, &image, message_digest));
    HM_MUST(hm_put(der, f->content.len ? f->content : hm_buf_bytes(&honest)));
    HM_MUST(hm_der_close(der, mark));
}

static void put_honest_attributes(const forgery *f, const hm_digest *message_digest, hm_buf *der) {
    put_oid_attribute(der, hm_oid_content_type, is_cms(f) ? hm_oid_data : hm_oid_spc_indirect_data);
    put_digest_attribute(der, hm_digest_bytes(message_digest));
    HM_MUST(hm_der_sort(der, 0));
}

static void put_identifier(const forgery *f, const test_office *office, hm_buf *der) {
    hm_cert_parts parts;
    size_t mark;
    if (f->identifier.len) {
        HM_MUST(hm_put(der, f->identifier));
        return;
    }
    HM_MUST(hm_cert_cut(hm_buf_bytes(&office->leaf), &parts));
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_put(der, parts.issuer));
    HM_MUST(hm_put(der, parts.serial));
    HM_MUST(hm_der_close(der, mark));
}

static void sign(const forgery *f, const test_office *office, hm_bytes attributes, hm_buf *signature) {
    const hm_signer *signer = software_signer_of(office->leaf_key);
    HM_BUF message = HM_BUF_EMPTY;
    if (f->no_attributes)
        HM_MUST(hm_put_text(&message, "content"));
    else
        HM_MUST(hm_der_put(&message, HM_DER_SET, attributes));
    HM_MUST(signer->sign(signer->key, hm_key_scheme(signer->algorithm), hm_buf_bytes(&message), signature));
}

static void put_signer(const forgery *f, const test_office *office, const hm_digest *message_digest, hm_buf *der) {
    HM_BUF attributes = HM_BUF_EMPTY;
    HM_BUF signature = HM_BUF_EMPTY;
    size_t mark;
    if (f->attributes.len)
        HM_MUST(hm_put(&attributes, f->attributes));
    else
        put_honest_attributes(f, message_digest, &attributes);
    sign(f, office, hm_buf_bytes(&attributes), &signature);
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_der_put_uint(der, f->signer_version ? f->signer_version : 1));
    put_identifier(f, office, der);
    if (f->digest_algorithm.len)
        HM_MUST(hm_put(der, f->digest_algorithm));
    else
        HM_MUST(hm_put_digest_algorithm(der, HM_SHA256));
    if (!f->no_attributes) HM_MUST(hm_der_put(der, HM_DER_CONTEXT_CONSTRUCTED, hm_buf_bytes(&attributes)));
    if (f->signature_algorithm.len)
        HM_MUST(hm_put(der, f->signature_algorithm));
    else
        HM_MUST(hm_put_signer_algorithm(der, hm_key_scheme(software_signer_of(office->leaf_key)->algorithm)));
    HM_MUST(hm_der_put(der, HM_DER_OCTET_STRING, f->signature.len ? f->signature : hm_buf_bytes(&signature)));
    HM_MUST(hm_put(der, f->unsigned_attributes));
    HM_MUST(hm_put(der, f->behind_signer));
    HM_MUST(hm_der_close(der, mark));
}

static void put_certificates(const forgery *f, const test_office *office, hm_buf *der) {
    size_t mark;
    HM_MUST(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED, &mark));
    HM_MUST(hm_put(der, hm_buf_bytes(&office->leaf)));
    HM_MUST(hm_put(der, hm_buf_bytes(&office->ca)));
    HM_MUST(hm_put(der, f->certificates));
    HM_MUST(hm_der_close(der, mark));
}

static void put_signed_data(const forgery *f, const test_office *office, hm_buf *der) {
    hm_digest message_digest;
    size_t signed_data, set;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &signed_data));
    HM_MUST(hm_der_put_uint(der, f->version ? f->version : 1));
    HM_MUST(hm_der_open(der, HM_DER_SET, &set));
    if (f->listed_digests.data)
        HM_MUST(hm_put(der, f->listed_digests));
    else
        HM_MUST(hm_put_digest_algorithm(der, HM_SHA256));
    HM_MUST(hm_der_close(der, set));
    put_content_info(f, der, &message_digest);
    put_certificates(f, office, der);
    HM_MUST(hm_der_open(der, HM_DER_SET, &set));
    if (!f->no_signers) put_signer(f, office, &message_digest, der);
    if (f->twice) put_signer(f, office, &message_digest, der);
    HM_MUST(hm_der_close(der, set));
    HM_MUST(hm_der_close(der, signed_data));
}

static void forge(const forgery *f, const test_office *office, hm_buf *der) {
    size_t content_info, tagged;
    HM_MUST(hm_der_open(der, HM_DER_SEQUENCE, &content_info));
    HM_MUST(hm_der_put(der, HM_DER_OID, hm_oid_signed_data));
    HM_MUST(hm_der_open(der, HM_DER_CONTEXT_CONSTRUCTED, &tagged));
    put_signed_data(f, office, der);
    HM_MUST(hm_der_close(der, tagged));
    HM_MUST(hm_der_close(der, content_info));
    HM_MUST(hm_put(der, f->behind));
}

static hm_err verify_structure(const forgery *f, const test_office *office, hm_bytes der) {
    HM_SIGNED *parsed = NULL;
    hm_verdict verdict;
    hm_verify_rules rules = office_rules(office);
    HM_TRY(hm_signed_parse(is_cms(f) ? HM_STRUCTURE_CMS : HM_STRUCTURE_AUTHENTICODE_PE, der, &parsed));
    hm_digest content =
        digest_of_text(hm_signed_at(parsed, 0)->known ? hm_signed_at(parsed, 0)->digest : HM_SHA256, "content");
    return hm_signed_verify(parsed, 0, &content, &rules, &verdict);
}

static test_office shared; /* one office for all tests: they only read it */

static hm_err verify(const forgery *f) {
    HM_BUF der = HM_BUF_EMPTY;
    forge(f, &shared, &der);
    return verify_structure(f, &shared, hm_buf_bytes(&der));
}

static int make_shared(void **state) {
    (void)state;
    office_make(&shared, HM_KEY_ES256);
    return 0;
}

static int clear_shared(void **state) {
    (void)state;
    office_clear(&shared);
    return 0;
}

static const forgery cms = {.structure = HM_STRUCTURE_CMS}, spc = {.structure = HM_STRUCTURE_AUTHENTICODE_PE};

/* The forger forges nothing: otherwise the tests below would pass for a wrong reason. */
static void the_honest_structures_verify(void **state) {
    (void)state;
    HM_MUST(verify(&cms));
    HM_MUST(verify(&spc));
}

static void refuses_versions_that_do_not_fit(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        forgery f = i ? spc : cms;
        const uint8_t versions[] = {2, 3, 4, 5, 9};
        for (size_t n = 0; n < sizeof versions; n++) {
            f.version = versions[n];
            assert_refused(verify(&f), "version");
        }
        f.version = 1;
        f.signer_version = 2;
        assert_refused(verify(&f), "SignerInfo version 2");
        f.signer_version = 3; /* names issuer and serial number nevertheless */
        assert_refused(verify(&f), "key identifier");
    }
}

static void an_authenticode_signer_is_not_named_by_key_identifier(void **state) {
    (void)state;
    static const uint8_t id[] = {0x80, 2, 1, 2};
    forgery f = spc;
    f.signer_version = 3;
    f.identifier = HM_ARRAY(id);
    assert_refused(verify(&f), "issuer and serial number");
}

static void refuses_an_empty_key_identifier(void **state) {
    (void)state;
    static const uint8_t id[] = {0x80, 0};
    forgery f = cms;
    f.version = f.signer_version = 3;
    f.identifier = HM_ARRAY(id);
    assert_refused(verify(&f), "identifier is empty");
}

static void an_unknown_key_identifier_names_no_certificate(void **state) {
    (void)state;
    static const uint8_t id[] = {0x80, 1, 7};
    forgery f = cms;
    f.version = f.signer_version = 3;
    f.identifier = HM_ARRAY(id);
    assert_refused(verify(&f), "nor among those that are trusted");
}

static void refuses_structures_without_signers(void **state) {
    (void)state;
    forgery f = cms;
    f.no_signers = true;
    assert_refused(verify(&f), "no signature");
    f = spc;
    f.no_signers = true;
    assert_refused(verify(&f), "SignerInfo");
}

static void authenticode_has_exactly_one_signer(void **state) {
    (void)state;
    forgery f = spc;
    f.twice = true;
    assert_refused(verify(&f), "exactly one signer");
    f = cms;
    f.twice = true;
    HM_MUST(verify(&f));
}

static void refuses_bytes_behind_the_end(void **state) {
    (void)state;
    static const uint8_t zeros[] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        forgery f = i ? spc : cms;
        f.behind = HM_ARRAY(zeros);
        assert_refused(verify(&f), "too many");
        f.behind = nothing;
        f.behind_signer = HM_ARRAY(zeros);
        assert_refused(verify(&f), "too many");
    }
}

static void refuses_content_that_is_not_expected(void **state) {
    (void)state;
    static const uint8_t octets[] = {0xa0, 9, 4, 7, 'c', 'o', 'n', 't', 'e', 'n', 't'};
    static const uint8_t empty[] = {0xa0, 2, 4, 0};
    forgery f = cms;
    f.content = HM_ARRAY(octets);
    assert_refused(verify(&f), "content inside");
    f.content = HM_ARRAY(empty);
    assert_refused(verify(&f), "content inside");
    f = spc;
    f.content = HM_ARRAY(octets);
    assert_refused(verify(&f), "SpcIndirectDataContent");
    f = cms;
    f.type = hm_oid_spc_indirect_data;
    assert_refused(verify(&f), "plain data");
}

static void refuses_digests_that_are_not_listed(void **state) {
    (void)state;
    HM_BUF sha512 = HM_BUF_EMPTY;
    forgery f = cms;
    HM_MUST(hm_put_digest_algorithm(&sha512, HM_SHA512));
    f.listed_digests = hm_buf_bytes(&sha512);
    assert_refused(verify(&f), "not among those it lists");
    f.listed_digests = HM_BYTES("", 0);
    assert_refused(verify(&f), "not among those it lists");
}

/* SignerInfo says SHA-512 although everything else is SHA-256: the length of the message digest gives it away. */
static void refuses_a_digest_of_the_wrong_length(void **state) {
    (void)state;
    HM_BUF sha512 = HM_BUF_EMPTY;
    HM_BUF sha512_signature = HM_BUF_EMPTY;
    HM_MUST(hm_put_digest_algorithm(&sha512, HM_SHA512));
    size_t mark;
    HM_MUST(hm_der_open(&sha512_signature, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_der_put(&sha512_signature, HM_DER_OID, hm_oid_ecdsa_sha512));
    HM_MUST(hm_der_close(&sha512_signature, mark));
    for (size_t i = 0; i < 2; i++) {
        forgery f = i ? spc : cms;
        f.listed_digests = f.digest_algorithm = hm_buf_bytes(&sha512);
        f.signature_algorithm = hm_buf_bytes(&sha512_signature);
        assert_refused(verify(&f), "the message digest has 32 bytes, sha512 has 64");
    }
}

/* An attribute set of its own: content type TYPE, digest DIGEST; sorted unless told otherwise. */
static void put_attributes(hm_buf *der, hm_bytes type, hm_bytes digest) {
    put_oid_attribute(der, hm_oid_content_type, type);
    put_digest_attribute(der, digest);
    HM_MUST(hm_der_sort(der, 0));
}

static hm_err verify_attributes(const forgery *base, const hm_buf *attributes) {
    forgery f = *base;
    f.attributes = hm_buf_bytes(attributes);
    return verify(&f);
}

static void refuses_digest_attributes_cut_short(void **state) {
    (void)state;
    hm_digest digest = digest_of_text(HM_SHA256, "content");
    for (size_t len = 0; len < digest.len; len++) {
        HM_BUF attributes = HM_BUF_EMPTY;
        put_attributes(&attributes, hm_oid_data, HM_BYTES(digest.value, len));
        assert_refused(verify_attributes(&cms, &attributes), "bytes, sha256 has 32");
    }
}

static void refuses_another_content_type_than_the_content_has(void **state) {
    (void)state;
    hm_digest digest = digest_of_text(HM_SHA256, "content");
    for (size_t i = 0; i < 2; i++) {
        HM_BUF attributes = HM_BUF_EMPTY;
        put_attributes(&attributes, i ? hm_oid_data : hm_oid_spc_indirect_data, hm_digest_bytes(&digest));
        assert_refused(verify_attributes(i ? &spc : &cms, &attributes), "content type is not that of the content");
    }
}

static void refuses_attributes_without_content_type_or_digest(void **state) {
    (void)state;
    HM_BUF type_only = HM_BUF_EMPTY;
    HM_BUF digest_only = HM_BUF_EMPTY;
    hm_digest digest = digest_of_text(HM_SHA256, "content");
    put_oid_attribute(&type_only, hm_oid_content_type, hm_oid_data);
    put_digest_attribute(&digest_only, hm_digest_bytes(&digest));
    assert_refused(verify_attributes(&cms, &type_only), "message digest is missing");
    assert_refused(verify_attributes(&cms, &digest_only), "content type is missing");
    static const uint8_t none[] = {0xa0, 0};
    /* An empty set is there, but holds nothing. */
    forgery f = cms;
    f.no_attributes = true;
    f.digest_algorithm = nothing;
    HM_BUF both = HM_BUF_EMPTY;
    HM_MUST(hm_put_digest_algorithm(&both, HM_SHA256));
    HM_MUST(hm_put(&both, HM_ARRAY(none)));
    f.digest_algorithm = hm_buf_bytes(&both);
    assert_refused(verify(&f), "content type is missing");
}

static void refuses_attributes_that_are_there_twice(void **state) {
    (void)state;
    hm_digest right = digest_of_text(HM_SHA256, "content"), wrong = digest_of_text(HM_SHA256, "other");
    for (size_t i = 0; i < 3; i++) {
        HM_BUF attributes = HM_BUF_EMPTY;
        put_oid_attribute(&attributes, hm_oid_content_type, hm_oid_data);
        if (i == 2) put_oid_attribute(&attributes, hm_oid_content_type, hm_oid_data);
        put_digest_attribute(&attributes, hm_digest_bytes(&right));
        if (i < 2) put_digest_attribute(&attributes, hm_digest_bytes(i ? &right : &wrong));
        HM_MUST(hm_der_sort(&attributes, 0));
        assert_refused(verify_attributes(&cms, &attributes), "there twice");
    }
}

static void refuses_attributes_with_several_values_or_none(void **state) {
    (void)state;
    hm_digest right = digest_of_text(HM_SHA256, "content"), wrong = digest_of_text(HM_SHA256, "other");
    for (size_t values = 0; values < 3; values++) {
        HM_BUF attributes = HM_BUF_EMPTY;
        HM_BUF set = HM_BUF_EMPTY;
        put_oid_attribute(&attributes, hm_oid_content_type, hm_oid_data);
        if (values > 0) HM_MUST(hm_der_put(&set, HM_DER_OCTET_STRING, hm_digest_bytes(&right)));
        if (values > 1) HM_MUST(hm_der_put(&set, HM_DER_OCTET_STRING, hm_digest_bytes(&wrong)));
        put_attribute(&attributes, hm_oid_message_digest, hm_buf_bytes(&set));
        HM_MUST(hm_der_sort(&attributes, 0));
        if (values == 1)
            HM_MUST(verify_attributes(&cms, &attributes));
        else
            assert_refused(verify_attributes(&cms, &attributes), values ? "has several" : "early");
    }
}

static void refuses_attributes_that_are_not_sorted(void **state) {
    (void)state;
    HM_BUF attributes = HM_BUF_EMPTY;
    hm_digest digest = digest_of_text(HM_SHA256, "content");
    put_digest_attribute(&attributes, hm_digest_bytes(&digest));
    put_oid_attribute(&attributes, hm_oid_content_type, hm_oid_data);
    assert_refused(verify_attributes(&cms, &attributes), "not in order");
}

static void refuses_attributes_that_are_not_der_inside(void **state) {
    (void)state;
    HM_BUF attributes = HM_BUF_EMPTY;
    static const uint8_t odd_boolean[] = {1, 1, 1};
    hm_digest digest = digest_of_text(HM_SHA256, "content");
    put_oid_attribute(&attributes, hm_oid_content_type, hm_oid_data);
    put_digest_attribute(&attributes, hm_digest_bytes(&digest));
    put_attribute(&attributes, hm_oid_extension_request, HM_ARRAY(odd_boolean));
    HM_MUST(hm_der_sort(&attributes, 0));
    assert_refused(verify_attributes(&cms, &attributes), "boolean");
}

static void refuses_too_many_attributes(void **state) {
    (void)state;
    HM_BUF attributes = HM_BUF_EMPTY;
    hm_digest digest = digest_of_text(HM_SHA256, "content");
    put_oid_attribute(&attributes, hm_oid_content_type, hm_oid_data);
    put_digest_attribute(&attributes, hm_digest_bytes(&digest));
    for (uint8_t i = 0; i < 31; i++) put_oid_attribute(&attributes, HM_BYTES(((uint8_t[]){0x2a, i}), 2), hm_oid_data);
    HM_MUST(hm_der_sort(&attributes, 0));
    assert_refused(verify_attributes(&cms, &attributes), "more than 32");
}

static hm_err verify_signing_time(uint8_t tag, const char *text) {
    HM_BUF attributes = HM_BUF_EMPTY;
    HM_BUF time = HM_BUF_EMPTY;
    hm_digest digest = digest_of_text(HM_SHA256, "content");
    HM_MUST(hm_der_put(&time, tag, hm_text(text)));
    put_oid_attribute(&attributes, hm_oid_content_type, hm_oid_data);
    put_digest_attribute(&attributes, hm_digest_bytes(&digest));
    put_attribute(&attributes, hm_oid_signing_time, hm_buf_bytes(&time));
    HM_MUST(hm_der_sort(&attributes, 0));
    return verify_attributes(&cms, &attributes);
}

static void refuses_signing_times_that_are_no_dates(void **state) {
    (void)state;
    HM_MUST(verify_signing_time(HM_DER_UTC_TIME, "260921141320Z"));
    HM_MUST(verify_signing_time(HM_DER_UTC_TIME, "240229000000Z"));
    HM_MUST(verify_signing_time(HM_DER_GENERALIZED_TIME, "20500921141320Z"));
    const char *const wrong[] = {"",
                                 "2609211413Z",
                                 "260921141320",
                                 "260921141320+0000",
                                 "26092114132 Z",
                                 "261321141320Z",
                                 "260931141320Z",
                                 "250229000000Z",
                                 "260921241320Z",
                                 "260921146020Z",
                                 "260921141360Z",
                                 "260921141320ZZ",
                                 "20260921141320Z",
                                 "2609211413.0Z",
                                 "26092a141320Z"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_refused(verify_signing_time(HM_DER_UTC_TIME, wrong[i]), "signing time");
    assert_refused(verify_signing_time(HM_DER_GENERALIZED_TIME, "20260921141320.5Z"), "signing time");
    assert_refused(verify_signing_time(HM_DER_OCTET_STRING, "260921141320Z"), "signing time");
}

static hm_err verify_signing_certificate(hm_bytes certificate) {
    HM_BUF attributes = HM_BUF_EMPTY;
    hm_cert_parts parts;
    hm_digest digest = digest_of_text(HM_SHA256, "content");
    HM_MUST(hm_cert_cut(certificate, &parts));
    put_oid_attribute(&attributes, hm_oid_content_type, hm_oid_data);
    put_digest_attribute(&attributes, hm_digest_bytes(&digest));
    HM_MUST(hm_attribute_put_signing_certificate(&attributes, certificate, &parts));
    HM_MUST(hm_der_sort(&attributes, 0));
    return verify_attributes(&cms, &attributes);
}

/* RFC 5035 section 1: another certificate for the same key must not take the signed one's place. */
static void refuses_another_certificate_than_was_signed(void **state) {
    (void)state;
    HM_MUST(verify_signing_certificate(hm_buf_bytes(&shared.leaf)));
    assert_refused(verify_signing_certificate(hm_buf_bytes(&shared.ca)), "made for another certificate");
    HM_BUF again = HM_BUF_EMPTY;
    hm_cert_request request = office_request(HM_CERT_SIGNING, shared.leaf_key);
    HM_MUST(hm_cert_issue(&request, hm_buf_bytes(&shared.ca), software_signer_of(shared.ca_key), &again));
    assert_refused(verify_signing_certificate(hm_buf_bytes(&again)), "made for another certificate");
}

static void refuses_authenticode_without_attributes(void **state) {
    (void)state;
    forgery f = spc;
    f.no_attributes = true;
    assert_refused(verify(&f), "no signed attributes");
}

/* The digest of the image exchanged, the attributes left as they were signed. */
static void refuses_another_image_digest_under_the_same_attributes(void **state) {
    (void)state;
    HM_BUF attributes = HM_BUF_EMPTY;
    HM_BUF content = HM_BUF_EMPTY;
    hm_digest other = digest_of_text(HM_SHA256, "other"), message_digest;
    HM_MUST(hm_spc_put_content(&content, &other, &message_digest));
    put_attributes(&attributes, hm_oid_spc_indirect_data, hm_digest_bytes(&message_digest));
    forgery f = spc; /* over "content" */
    f.attributes = hm_buf_bytes(&attributes);
    assert_refused(verify(&f), "belong to other content");
    f = spc;
    f.image = "other";
    assert_refused(verify(&f), "not what was signed");
}

/* SpcIndirectDataContent of the shape { { TYPE, NULL }, { { DIGEST_OID }, digest of LEN bytes } }. */
static hm_err verify_spc(hm_bytes type, hm_bytes digest_oid, size_t len) {
    HM_BUF content = HM_BUF_EMPTY;
    HM_BUF attributes = HM_BUF_EMPTY;
    hm_digest image = digest_of_text(HM_SHA256, "content"), message_digest;
    size_t tagged, whole, mark, inner;
    HM_MUST(hm_der_open(&content, HM_DER_CONTEXT_CONSTRUCTED, &tagged));
    HM_MUST(hm_der_open(&content, HM_DER_SEQUENCE, &whole));
    HM_MUST(hm_der_open(&content, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_der_put(&content, HM_DER_OID, type));
    HM_MUST(hm_der_close(&content, mark));
    HM_MUST(hm_der_open(&content, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_der_open(&content, HM_DER_SEQUENCE, &inner));
    HM_MUST(hm_der_put(&content, HM_DER_OID, digest_oid));
    HM_MUST(hm_der_close(&content, inner));
    HM_MUST(hm_der_put(&content, HM_DER_OCTET_STRING, HM_BYTES(image.value, len)));
    HM_MUST(hm_der_close(&content, mark));
    hm_digest_of(HM_SHA256, HM_BYTES(&content.data[whole + 1], content.len - whole - 1), &message_digest);
    HM_MUST(hm_der_close(&content, whole));
    HM_MUST(hm_der_close(&content, tagged));
    put_attributes(&attributes, hm_oid_spc_indirect_data, hm_digest_bytes(&message_digest));
    forgery f = spc;
    f.content = hm_buf_bytes(&content);
    f.attributes = hm_buf_bytes(&attributes);
    return verify(&f);
}

static void refuses_image_digests_of_another_kind_algorithm_or_length(void **state) {
    (void)state;
    static const uint8_t sip_info[] = {0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 0x1e};
    HM_MUST(verify_spc(hm_oid_spc_pe_image_data, hm_oid_sha256, 32));
    assert_refused(verify_spc(HM_ARRAY(sip_info), hm_oid_sha256, 32), "another kind of file");
    assert_refused(verify_spc(hm_oid_spc_pe_image_data, hm_oid_sha384, 32), "not that of the signature");
    assert_refused(verify_spc(hm_oid_spc_pe_image_data, hm_oid_sha1, 20), "not that of the signature");
    for (size_t len = 0; len < 32; len++)
        assert_refused(verify_spc(hm_oid_spc_pe_image_data, hm_oid_sha256, len), "digest has");
}

static hm_err verify_signature_algorithm(hm_bytes oid, hm_bytes parameters) {
    HM_BUF id = HM_BUF_EMPTY;
    size_t mark;
    HM_MUST(hm_der_open(&id, HM_DER_SEQUENCE, &mark));
    HM_MUST(hm_der_put(&id, HM_DER_OID, oid));
    HM_MUST(hm_put(&id, parameters));
    HM_MUST(hm_der_close(&id, mark));
    forgery f = cms;
    f.signature_algorithm = hm_buf_bytes(&id);
    return verify(&f);
}

static void refuses_signature_algorithms_that_do_not_fit(void **state) {
    (void)state;
    static const uint8_t null[] = {5, 0}, zero[] = {2, 1, 0};
    HM_MUST(verify_signature_algorithm(hm_oid_ecdsa_sha256, nothing));
    assert_refused(verify_signature_algorithm(hm_oid_ecdsa_sha256, HM_ARRAY(null)), "odd parameters");
    assert_refused(verify_signature_algorithm(hm_oid_rsa, HM_ARRAY(zero)), "odd parameters");
    assert_refused(verify_signature_algorithm(hm_oid_ecdsa_sha384, nothing), "does not fit its digest");
    assert_refused(verify_signature_algorithm(hm_oid_rsa_sha512, HM_ARRAY(null)), "does not fit its digest");
    assert_refused(verify_signature_algorithm(hm_oid_ed25519, nothing), "does not fit its digest");
    assert_refused(verify_signature_algorithm(hm_oid_rsa, HM_ARRAY(null)), "key is not of the signature's scheme");
    assert_refused(verify_signature_algorithm(hm_oid_rsa_pss, nothing), "RSA-PSS parameters");
    assert_refused(verify_signature_algorithm(hm_oid_sha256, nothing), "signature algorithm 2.16.840.1.101.3.4.2.1");
}

static void ed25519_without_attributes_is_not_verifiable_from_a_digest(void **state) {
    (void)state;
    HM_BUF sha512 = HM_BUF_EMPTY;
    HM_BUF ed25519 = HM_BUF_EMPTY;
    HM_MUST(hm_put_digest_algorithm(&sha512, HM_SHA512));
    HM_MUST(hm_put_signer_algorithm(&ed25519, HM_SCHEME_ED25519));
    forgery f = cms;
    f.no_attributes = true;
    f.listed_digests = f.digest_algorithm = hm_buf_bytes(&sha512);
    f.signature_algorithm = hm_buf_bytes(&ed25519);
    assert_refused(verify(&f), "Ed25519 without signed attributes");
}

static void refuses_signatures_by_another_key_and_empty_ones(void **state) {
    (void)state;
    HM_BUF wrong = HM_BUF_EMPTY;
    const hm_signer *other = software_signer_of(shared.ca_key);
    HM_MUST(other->sign(other->key, HM_SCHEME_ECDSA_SHA256, hm_text("content"), &wrong));
    forgery f = cms;
    f.signature = hm_buf_bytes(&wrong);
    assert_refused(verify(&f), "does not fit");
    f.signature = HM_BYTES("", 1);
    assert_int_equal(verify(&f).class, HM_REFUSED);
}

static void refuses_a_signature_of_an_office_without_attributes(void **state) {
    (void)state;
    forgery f = cms;
    f.no_attributes = true;
    assert_refused(verify(&f), "were taken away");
}

static void refuses_certificates_of_other_kinds_and_too_many(void **state) {
    (void)state;
    static const uint8_t attribute_certificate[] = {0xa2, 0};
    HM_BUF many = HM_BUF_EMPTY;
    forgery f = cms;
    f.certificates = HM_ARRAY(attribute_certificate);
    assert_refused(verify(&f), "certificate");
    for (size_t i = 0; i < 63; i++) {
        hm_cert_request request = office_request(HM_CERT_ROOT, shared.root_key);
        HM_MUST(hm_cert_issue(&request, HM_NO_BYTES, software_signer_of(shared.root_key), &many));
    }
    f.certificates = hm_buf_bytes(&many);
    assert_refused(verify(&f), "more than 64 certificates");
}

/* The same certificate over and over is one. */
static void certificates_given_twice_count_once(void **state) {
    (void)state;
    HM_BUF same = HM_BUF_EMPTY;
    forgery f = cms;
    for (size_t i = 0; i < 70; i++) HM_MUST(hm_put(&same, hm_buf_bytes(&shared.leaf)));
    f.certificates = hm_buf_bytes(&same);
    HM_MUST(verify(&f));
}

static void refuses_nested_signatures_that_nest(void **state) {
    (void)state;
    HM_BUF innermost = HM_BUF_EMPTY;
    HM_BUF attributes = HM_BUF_EMPTY;
    HM_BUF middle = HM_BUF_EMPTY;
    HM_BUF outer_attributes = HM_BUF_EMPTY;
    HM_BUF list = HM_BUF_EMPTY;
    HM_BUF outer_list = HM_BUF_EMPTY;
    forgery f = spc;
    forge(&f, &shared, &innermost);
    put_attribute(&attributes, hm_oid_spc_nested, hm_buf_bytes(&innermost));
    HM_MUST(hm_der_put(&list, HM_DER_CONTEXT_CONSTRUCTED + 1, hm_buf_bytes(&attributes)));
    f.unsigned_attributes = hm_buf_bytes(&list);
    HM_MUST(verify(&f));
    forge(&f, &shared, &middle);
    put_attribute(&outer_attributes, hm_oid_spc_nested, hm_buf_bytes(&middle));
    HM_MUST(hm_der_put(&outer_list, HM_DER_CONTEXT_CONSTRUCTED + 1, hm_buf_bytes(&outer_attributes)));
    f.unsigned_attributes = hm_buf_bytes(&outer_list);
    assert_refused(verify(&f), "nested signature: it holds further signatures itself");
}

static hm_err parse_with_unsigned(const forgery *base, hm_bytes type, hm_bytes value, bool *has_timestamp) {
    HM_BUF attributes = HM_BUF_EMPTY;
    HM_BUF list = HM_BUF_EMPTY;
    HM_BUF der = HM_BUF_EMPTY;
    HM_SIGNED *parsed = NULL;
    forgery f = *base;
    put_attribute(&attributes, type, value);
    HM_MUST(hm_der_put(&list, HM_DER_CONTEXT_CONSTRUCTED + 1, hm_buf_bytes(&attributes)));
    f.unsigned_attributes = hm_buf_bytes(&list);
    forge(&f, &shared, &der);
    HM_TRY(hm_signed_parse(f.structure, hm_buf_bytes(&der), &parsed));
    *has_timestamp = hm_signed_at(parsed, 0)->has_timestamp;
    return verify_structure(&f, &shared, hm_buf_bytes(&der));
}

static void timestamps_are_noticed_where_each_structure_has_them(void **state) {
    (void)state;
    static const uint8_t token[] = {0x30, 0};
    bool has_timestamp;
    HM_MUST(parse_with_unsigned(&cms, hm_oid_timestamp_token, HM_ARRAY(token), &has_timestamp));
    assert_true(has_timestamp);
    HM_MUST(parse_with_unsigned(&cms, hm_oid_spc_timestamp, HM_ARRAY(token), &has_timestamp));
    assert_false(has_timestamp);
    HM_MUST(parse_with_unsigned(&spc, hm_oid_spc_timestamp, HM_ARRAY(token), &has_timestamp));
    assert_true(has_timestamp);
    HM_MUST(parse_with_unsigned(&spc, hm_oid_signing_time, HM_ARRAY(token), &has_timestamp));
    assert_false(has_timestamp);
}

static void refuses_a_nested_signature_that_is_none(void **state) {
    (void)state;
    static const uint8_t empty[] = {0x30, 0};
    bool has_timestamp;
    assert_refused(parse_with_unsigned(&spc, hm_oid_spc_nested, HM_ARRAY(empty), &has_timestamp), "nested signature");
    /* In CMS the attribute means nothing. */
    HM_MUST(parse_with_unsigned(&cms, hm_oid_spc_nested, HM_ARRAY(empty), &has_timestamp));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_honest_structures_verify),
        cmocka_unit_test(refuses_versions_that_do_not_fit),
        cmocka_unit_test(an_authenticode_signer_is_not_named_by_key_identifier),
        cmocka_unit_test(refuses_an_empty_key_identifier),
        cmocka_unit_test(an_unknown_key_identifier_names_no_certificate),
        cmocka_unit_test(refuses_structures_without_signers),
        cmocka_unit_test(authenticode_has_exactly_one_signer),
        cmocka_unit_test(refuses_bytes_behind_the_end),
        cmocka_unit_test(refuses_content_that_is_not_expected),
        cmocka_unit_test(refuses_digests_that_are_not_listed),
        cmocka_unit_test(refuses_a_digest_of_the_wrong_length),
        cmocka_unit_test(refuses_digest_attributes_cut_short),
        cmocka_unit_test(refuses_another_content_type_than_the_content_has),
        cmocka_unit_test(refuses_attributes_without_content_type_or_digest),
        cmocka_unit_test(refuses_attributes_that_are_there_twice),
        cmocka_unit_test(refuses_attributes_with_several_values_or_none),
        cmocka_unit_test(refuses_attributes_that_are_not_sorted),
        cmocka_unit_test(refuses_attributes_that_are_not_der_inside),
        cmocka_unit_test(refuses_too_many_attributes),
        cmocka_unit_test(refuses_signing_times_that_are_no_dates),
        cmocka_unit_test(refuses_another_certificate_than_was_signed),
        cmocka_unit_test(refuses_authenticode_without_attributes),
        cmocka_unit_test(refuses_another_image_digest_under_the_same_attributes),
        cmocka_unit_test(refuses_image_digests_of_another_kind_algorithm_or_length),
        cmocka_unit_test(refuses_signature_algorithms_that_do_not_fit),
        cmocka_unit_test(ed25519_without_attributes_is_not_verifiable_from_a_digest),
        cmocka_unit_test(refuses_signatures_by_another_key_and_empty_ones),
        cmocka_unit_test(refuses_a_signature_of_an_office_without_attributes),
        cmocka_unit_test(refuses_certificates_of_other_kinds_and_too_many),
        cmocka_unit_test(certificates_given_twice_count_once),
        cmocka_unit_test(refuses_nested_signatures_that_nest),
        cmocka_unit_test(timestamps_are_noticed_where_each_structure_has_them),
        cmocka_unit_test(refuses_a_nested_signature_that_is_none),
    };
    return cmocka_run_group_tests(tests, make_shared, clear_shared);
}
