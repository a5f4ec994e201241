/* Structures that no honest writer makes: each is correct, and really signed, but for one thing. */
#include "forgery.h"

static const hm_bytes nothing = {NULL, 0};

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
    HM_MUST(verify_spc(hm_oid_spc_individual, hm_oid_sha256, 32)); /* seen in Debian's fwupdx64.efi.signed */
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
