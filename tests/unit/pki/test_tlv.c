/* The strict reader of DER, and the table of object identifiers. */
#include "pki_fixture.h"

#include "oid.h"
#include "tlv.h"

#define BYTES_OF(...) HM_BYTES(((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__}))

static hm_err read_all(hm_bytes der) {
    hm_reader reader = hm_reader_of(der);
    hm_tlv tlv;
    HM_TRY(hm_tlv_read(&reader, &tlv));
    return hm_read_end(&reader);
}

static void reads_an_element_and_its_exact_bytes(void **state) {
    (void)state;
    hm_reader reader = hm_reader_of(BYTES_OF(0x30, 3, 2, 1, 5, 4, 0));
    hm_tlv tlv;
    HM_MUST(hm_tlv_read(&reader, &tlv));
    assert_int_equal(tlv.tag, 0x30);
    assert_int_equal(tlv.content.len, 3);
    assert_int_equal(tlv.whole.len, 5);
    assert_int_equal(reader.rest.len, 2);
}

static void a_fault_leaves_the_reader_where_it_was(void **state) {
    (void)state;
    hm_reader reader = hm_reader_of(BYTES_OF(0x30, 3, 2, 1));
    hm_tlv tlv;
    assert_refused(hm_tlv_read(&reader, &tlv), "early");
    assert_int_equal(reader.rest.len, 4);
    assert_refused(hm_tlv_expect(&reader, 0x31, "set", &tlv), "set is missing");
    assert_int_equal(reader.rest.len, 4);
}

static void refuses_lengths_that_are_not_der(void **state) {
    (void)state;
    assert_refused(read_all(BYTES_OF(0x30, 0x80, 0, 0)), "indefinite");
    assert_refused(read_all(BYTES_OF(0x04, 0x81, 1, 0)), "minimal");
    assert_refused(read_all(BYTES_OF(0x04, 0x81, 0x7f)), "minimal");
    assert_refused(read_all(BYTES_OF(0x04, 0x82, 0, 0x80)), "minimal");
    assert_refused(read_all(BYTES_OF(0x04, 0x84, 0, 0, 1, 0)), "minimal");
    assert_refused(read_all(BYTES_OF(0x04, 0x85, 1, 0, 0, 0, 0)), "too large");
    assert_refused(read_all(BYTES_OF(0x04, 0xff)), "too large");
    assert_refused(read_all(BYTES_OF(0x04, 0x84, 0xff, 0xff, 0xff, 0xff)), "early");
}

static void refuses_elements_that_are_cut_off(void **state) {
    (void)state;
    assert_refused(read_all(HM_NO_BYTES), "early");
    assert_refused(read_all(BYTES_OF(0x30)), "early");
    assert_refused(read_all(BYTES_OF(0x30, 0x82, 1)), "early");
    assert_refused(read_all(BYTES_OF(0x30, 2, 0)), "early");
}

static void refuses_tags_of_several_octets(void **state) {
    (void)state;
    assert_refused(read_all(BYTES_OF(0x1f, 0x81, 1, 0)), "several octets");
    assert_refused(read_all(BYTES_OF(0xbf, 1, 0)), "several octets");
}

static void refuses_bytes_behind_the_only_element(void **state) {
    (void)state;
    hm_tlv tlv;
    HM_MUST(hm_tlv_only(BYTES_OF(0x30, 0), 0x30, "it", &tlv));
    assert_refused(hm_tlv_only(BYTES_OF(0x30, 0, 0), 0x30, "it", &tlv), "too many");
    assert_refused(hm_tlv_only(BYTES_OF(0x31, 0), 0x30, "it", &tlv), "it is missing");
}

static void small_integers_have_limits(void **state) {
    (void)state;
    static const struct {
        uint8_t octets[7];
        size_t len;
        const char *because;
    } wrong[] = {
        {{2, 1, 0xff}, 3, "out of range"}, {{2, 5, 1, 0, 0, 0, 0}, 7, "out of range"}, {{2, 0}, 2, "empty"},
        {{2, 2, 0, 1}, 4, "minimal"},      {{2, 2, 0xff, 0x80}, 4, "minimal"},         {{3, 1, 0}, 3, "wrong type"}};
    uint32_t value;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        hm_reader reader = hm_reader_of(HM_BYTES(wrong[i].octets, wrong[i].len));
        assert_refused(hm_tlv_read_small(&reader, "number", &value), wrong[i].because);
    }
    hm_reader reader = hm_reader_of(BYTES_OF(2, 4, 0x7f, 0xff, 0xff, 0xff));
    HM_MUST(hm_tlv_read_small(&reader, "number", &value));
    assert_int_equal(value, 0x7fffffff);
}

static void checks_der_at_every_depth(void **state) {
    (void)state;
    HM_MUST(hm_tlv_check(BYTES_OF(0x30, 0x0c, 1, 1, 0xff, 5, 0, 0x31, 5, 0xa0, 3, 2, 1, 0)));
    assert_refused(hm_tlv_check(BYTES_OF(0x30, 0x0b, 1, 1, 0xff, 5, 0, 0x31, 4, 0xa0, 2, 2, 0)), "empty");
    assert_refused(hm_tlv_check(BYTES_OF(0x30, 3, 1, 1, 1)), "boolean");
    assert_refused(hm_tlv_check(BYTES_OF(0x30, 2, 1, 0)), "boolean");
    assert_refused(hm_tlv_check(BYTES_OF(0x30, 3, 5, 1, 0)), "null");
    assert_refused(hm_tlv_check(BYTES_OF(0x31, 4, 2, 2, 0, 1)), "minimal");
    assert_refused(hm_tlv_check(BYTES_OF(0xa0, 4, 2, 2, 0xff, 0xff)), "minimal");
    assert_refused(hm_tlv_check(BYTES_OF(0x24, 3, 4, 1, 1)), "in parts");
    assert_refused(hm_tlv_check(BYTES_OF(0x30, 4, 0x30, 0x80, 0, 0)), "indefinite");
    assert_refused(hm_tlv_check(BYTES_OF(0x30, 2, 4, 1)), "early");
}

static void nesting_is_bounded(void **state) {
    (void)state;
    uint8_t deep[2 * (HM_TLV_DEPTH + 2)];
    for (size_t i = 0; i < sizeof deep; i += 2) {
        deep[i] = 0x30;
        deep[i + 1] = (uint8_t)(sizeof deep - i - 2);
    }
    assert_refused(hm_tlv_check(HM_ARRAY(deep)), "deeper");
    HM_MUST(hm_tlv_check(HM_BYTES(&deep[4], sizeof deep - 4)));
}

#define NAMED(name, dotted)                                                                                            \
    { &hm_oid_##name, dotted }
static const struct {
    const hm_bytes *oid;
    const char *dotted;
} oids[] = {
    NAMED(data, "1.2.840.113549.1.7.1"),
    NAMED(signed_data, "1.2.840.113549.1.7.2"),
    NAMED(content_type, "1.2.840.113549.1.9.3"),
    NAMED(message_digest, "1.2.840.113549.1.9.4"),
    NAMED(signing_time, "1.2.840.113549.1.9.5"),
    NAMED(signing_certificate_v2, "1.2.840.113549.1.9.16.2.47"),
    NAMED(timestamp_token, "1.2.840.113549.1.9.16.2.14"),
    NAMED(spc_indirect_data, "1.3.6.1.4.1.311.2.1.4"),
    NAMED(spc_pe_image_data, "1.3.6.1.4.1.311.2.1.15"),
    NAMED(spc_opus_info, "1.3.6.1.4.1.311.2.1.12"),
    NAMED(spc_statement_type, "1.3.6.1.4.1.311.2.1.11"),
    NAMED(spc_individual, "1.3.6.1.4.1.311.2.1.21"),
    NAMED(spc_nested, "1.3.6.1.4.1.311.2.4.1"),
    NAMED(spc_timestamp, "1.3.6.1.4.1.311.3.3.1"),
    NAMED(sha256, "2.16.840.1.101.3.4.2.1"),
    NAMED(sha384, "2.16.840.1.101.3.4.2.2"),
    NAMED(sha512, "2.16.840.1.101.3.4.2.3"),
    NAMED(sha1, "1.3.14.3.2.26"),
    NAMED(md5, "1.2.840.113549.2.5"),
    NAMED(rsa, "1.2.840.113549.1.1.1"),
    NAMED(rsa_sha256, "1.2.840.113549.1.1.11"),
    NAMED(rsa_sha384, "1.2.840.113549.1.1.12"),
    NAMED(rsa_sha512, "1.2.840.113549.1.1.13"),
    NAMED(rsa_pss, "1.2.840.113549.1.1.10"),
    NAMED(ecdsa_sha256, "1.2.840.10045.4.3.2"),
    NAMED(ecdsa_sha384, "1.2.840.10045.4.3.3"),
    NAMED(ecdsa_sha512, "1.2.840.10045.4.3.4"),
    NAMED(ed25519, "1.3.101.112"),
    NAMED(common_name, "2.5.4.3"),
    NAMED(organization, "2.5.4.10"),
    NAMED(organizational_unit, "2.5.4.11"),
    NAMED(subject_key_id, "2.5.29.14"),
    NAMED(authority_key_id, "2.5.29.35"),
    NAMED(key_usage, "2.5.29.15"),
    NAMED(extended_key_usage, "2.5.29.37"),
    NAMED(basic_constraints, "2.5.29.19"),
    NAMED(name_constraints, "2.5.29.30"),
    NAMED(certificate_policies, "2.5.29.32"),
    NAMED(code_signing, "1.3.6.1.5.5.7.3.3"),
    NAMED(extension_request, "1.2.840.113549.1.9.14"),
};

static void object_identifiers_are_what_their_names_say(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof oids / sizeof oids[0]; i++) {
        HM_BUF written = HM_BUF_EMPTY;
        hm_tlv tlv;
        char text[64];
        HM_MUST(hm_der_put_oid(&written, oids[i].dotted));
        HM_MUST(hm_tlv_only(hm_buf_bytes(&written), HM_DER_OID, "it", &tlv));
        assert_true(hm_bytes_equal(tlv.content, *oids[i].oid));
        hm_oid_text(*oids[i].oid, text, sizeof text);
        assert_string_equal(text, oids[i].dotted);
    }
}

static void text_of_an_office_s_policy_is_whole(void **state) {
    (void)state;
    static const char *const policies[] = {"2.25.329800735698586629295641978511506172918.3",
                                           "2.25.340282366920938463463374607431768211455.1", "2.25.0.2"};
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        HM_BUF written = HM_BUF_EMPTY;
        hm_tlv tlv;
        char text[64];
        HM_MUST(hm_der_put_oid(&written, policies[i]));
        HM_MUST(hm_tlv_only(hm_buf_bytes(&written), HM_DER_OID, "it", &tlv));
        hm_oid_text(tlv.content, text, sizeof text);
        assert_string_equal(text, policies[i]);
    }
}

static void text_of_odd_object_identifiers_stays_in_bounds(void **state) {
    (void)state;
    char text[8];
    hm_oid_text(HM_NO_BYTES, text, sizeof text);
    assert_string_equal(text, "?");
    hm_oid_text(BYTES_OF(0x80, 0x80), text, sizeof text);
    assert_string_equal(text, "?");
    hm_oid_text(BYTES_OF(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d), text, sizeof text);
    assert_string_equal(text, "1.2.840");
    hm_oid_text(BYTES_OF(0x88, 0x37, 3), text, sizeof text);
    assert_string_equal(text, "2.999.3");
    uint8_t endless[21];
    memset(endless, 0xff, sizeof endless);
    endless[20] = 0x7f;
    hm_oid_text(HM_ARRAY(endless), text, sizeof text);
    assert_string_equal(text, "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_an_element_and_its_exact_bytes),
        cmocka_unit_test(a_fault_leaves_the_reader_where_it_was),
        cmocka_unit_test(refuses_lengths_that_are_not_der),
        cmocka_unit_test(refuses_elements_that_are_cut_off),
        cmocka_unit_test(refuses_tags_of_several_octets),
        cmocka_unit_test(refuses_bytes_behind_the_only_element),
        cmocka_unit_test(small_integers_have_limits),
        cmocka_unit_test(checks_der_at_every_depth),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(object_identifiers_are_what_their_names_say),
        cmocka_unit_test(text_of_an_office_s_policy_is_whole),
        cmocka_unit_test(text_of_odd_object_identifiers_stays_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
