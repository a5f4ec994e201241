/* Signed attributes that no honest writer makes. */
#include "forgery.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, make_shared, clear_shared);
}
