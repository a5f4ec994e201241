/* The DER writer: known answers from X.690, RFC 5280 and OpenSSL. */
#include "pki_fixture.h"

#include <openssl/objects.h>
#include <pki/der.h>

static void assert_hex(const hm_buf *der, const char *expected) {
    HM_BUF hex = HM_BUF_EMPTY;
    const char *text;
    HM_MUST(hm_put_hex(&hex, hm_buf_bytes(der)));
    HM_MUST(hm_buf_string(&hex, &text));
    assert_string_equal(text, expected);
}

static void assert_oid(const char *dotted, const char *expected) {
    HM_BUF der = HM_BUF_EMPTY;
    HM_MUST(hm_der_put_oid(&der, dotted));
    assert_hex(&der, expected);
}

static void object_identifiers_have_known_encodings(void **state) {
    (void)state;
    assert_oid("2.999.3", "0603883703"); /* X.690 section 8.19.5 */
    assert_oid("1.2.840.113549", "06062a864886f70d");
    assert_oid("0.0", "060100");
    assert_oid("0.39", "060127");
    assert_oid("1.0", "060128");
    assert_oid("1.39", "06014f");
    assert_oid("2.0", "060150");
    assert_oid("2.47", "06017f");
    assert_oid("2.48", "06028100");
    assert_oid("2.5.4.3", "0603550403");
    assert_oid("1.3.6.1.4.1.311.2.1.4", "060a2b060104018237020104");
    /* X.667's example UUID, f81d4fae-7dec-11d0-a765-00a0c91e6bf6. */
    assert_oid("2.25.329800735698586629295641978511506172918", "06146983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776");
}

static void object_identifiers_take_numbers_of_any_length_as_openssl_does(void **state) {
    (void)state;
    const char *const oids[] = {"2.25.340282366920938463463374607431768211455.1",
                                "2.25.0.2",
                                "2.25.1.1",
                                "2.340282366920938463463374607431768211455",
                                "1.2.99999999999999999999999999999999999999999999999999999999999999999999.7",
                                "1.3.18446744073709551615.18446744073709551616"};
    for (size_t i = 0; i < sizeof oids / sizeof oids[0]; i++) {
        HM_BUF der = HM_BUF_EMPTY;
        ASN1_OBJECT *object = OBJ_txt2obj(oids[i], 1);
        assert_non_null(object);
        unsigned char *octets = NULL;
        int len = i2d_ASN1_OBJECT(object, &octets);
        HM_MUST(hm_der_put_oid(&der, oids[i]));
        assert_int_equal(der.len, len);
        assert_memory_equal(der.data, octets, der.len);
        OPENSSL_free(octets);
        ASN1_OBJECT_free(object);
    }
}

static void refuses_text_that_is_no_object_identifier(void **state) {
    (void)state;
    const char *const wrong[] = {"",     ".",      "1",    "3.1",    "1.40", "0.40",   "0.100",
                                 "1.2.", ".1.2",   "1..2", "1.2.a",  "1.2 ", "1.2.-3", "01.2",
                                 "1.02", "1.2.00", "10.1", "1.2.+3", "1.",   "1.2\n",  "1.2.3."};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        HM_BUF der = HM_BUF_EMPTY;
        if (!hm_failed(hm_der_put_oid(&der, wrong[i]))) fail_msg("\"%s\" was taken", wrong[i]);
        assert_int_equal(der.len, 0);
    }
}

static void assert_uint(uint64_t value, const char *expected) {
    HM_BUF der = HM_BUF_EMPTY;
    HM_MUST(hm_der_put_uint(&der, value));
    assert_hex(&der, expected);
}

static void integers_are_minimal_and_positive(void **state) {
    (void)state;
    assert_uint(0, "020100");
    assert_uint(1, "020101");
    assert_uint(127, "02017f");
    assert_uint(128, "02020080");
    assert_uint(255, "020200ff");
    assert_uint(256, "02020100");
    assert_uint(0x8000, "0203008000");
    assert_uint(UINT64_MAX, "020900ffffffffffffffff");
}

static void unsigned_integers_lose_leading_zeros_and_gain_a_sign_octet(void **state) {
    (void)state;
    static const struct {
        uint8_t octets[4];
        size_t len;
        const char *expected;
    } cases[] = {{{0}, 0, "020100"},           {{0, 0, 0}, 3, "020100"},
                 {{0, 0, 0x7f}, 3, "02017f"},  {{0, 0, 0x80}, 3, "02020080"},
                 {{0xff, 1}, 2, "020300ff01"}, {{1, 0, 0, 0}, 4, "020401000000"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        HM_BUF der = HM_BUF_EMPTY;
        HM_MUST(hm_der_put_unsigned(&der, HM_BYTES(cases[i].octets, cases[i].len)));
        assert_hex(&der, cases[i].expected);
    }
}

static void assert_time(int64_t seconds, uint8_t tag, const char *expected) {
    HM_BUF der = HM_BUF_EMPTY;
    HM_MUST(hm_der_put_time(&der, seconds));
    assert_int_equal(der.data[0], tag);
    assert_int_equal(der.data[1], strlen(expected));
    assert_int_equal(der.len, strlen(expected) + 2);
    assert_memory_equal(&der.data[2], expected, strlen(expected));
}

/* RFC 5280 section 4.1.2.5. */
static void times_are_utc_time_to_2049_and_generalized_from_2050(void **state) {
    (void)state;
    assert_time(0, HM_DER_UTC_TIME, "700101000000Z");
    assert_time(951782400, HM_DER_UTC_TIME, "000229000000Z");
    assert_time(2524607999, HM_DER_UTC_TIME, "491231235959Z");
    assert_time(2524608000, HM_DER_GENERALIZED_TIME, "20500101000000Z");
    assert_time(-631152000, HM_DER_UTC_TIME, "500101000000Z");
    assert_time(253402300799, HM_DER_GENERALIZED_TIME, "99991231235959Z");
}

static void refuses_times_that_cannot_be_written(void **state) {
    (void)state;
    const int64_t wrong[] = {-631152001, 253402300800, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        HM_BUF der = HM_BUF_EMPTY;
        assert_refused(hm_der_put_time(&der, wrong[i]), "1950");
    }
}

static void assert_length(size_t len, const char *header) {
    HM_BUF der = HM_BUF_EMPTY;
    HM_BUF content = HM_BUF_EMPTY;
    HM_MUST(hm_put_zeros(&content, len));
    HM_MUST(hm_der_put(&der, HM_DER_OCTET_STRING, hm_buf_bytes(&content)));
    assert_int_equal(der.len, len + strlen(header) / 2);
    hm_buf start = {der.data, strlen(header) / 2, 0};
    assert_hex(&start, header);
}

static void lengths_are_minimal(void **state) {
    (void)state;
    assert_length(0, "0400");
    assert_length(1, "0401");
    assert_length(127, "047f");
    assert_length(128, "048180");
    assert_length(255, "0481ff");
    assert_length(256, "04820100");
    assert_length(65535, "0482ffff");
    assert_length(65536, "0483010000");
}

static void elements_nest_whatever_their_lengths(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    HM_BUF zeros = HM_BUF_EMPTY;
    size_t outer, inner;
    HM_MUST(hm_put_zeros(&zeros, 200));
    HM_MUST(hm_der_open(&der, HM_DER_SEQUENCE, &outer));
    HM_MUST(hm_der_open(&der, HM_DER_CONTEXT_CONSTRUCTED + 3, &inner));
    HM_MUST(hm_der_put(&der, HM_DER_OCTET_STRING, hm_buf_bytes(&zeros)));
    HM_MUST(hm_der_close(&der, inner));
    HM_MUST(hm_der_put(&der, HM_DER_NULL, HM_NO_BYTES));
    HM_MUST(hm_der_close(&der, outer));
    assert_int_equal(der.len, 211);
    hm_buf start = {der.data, 9, 0}, end = {&der.data[209], 2, 0};
    assert_hex(&start, "3081d0a381cb0481c8");
    assert_hex(&end, "0500");
}

static void refuses_to_close_what_is_not_open(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    assert_fault(hm_der_close(&der, 0), HM_MISUSED, "not open");
    HM_MUST(hm_put_u8(&der, 0x30));
    assert_fault(hm_der_close(&der, 1), HM_MISUSED, "not open");
}

static void sorts_elements_and_leaves_what_stands_before(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    static const uint8_t unsorted[] = {0xff, 0x30, 2, 5, 0, 2, 1, 9, 2, 1, 3, 0x30, 0, 2, 2, 1, 1, 2, 1, 3};
    HM_MUST(hm_put(&der, HM_ARRAY(unsorted)));
    HM_MUST(hm_der_sort(&der, 1));
    assert_hex(&der, "ff0201030201030201090202010130003002"
                     "0500");
}

static void sorting_refuses_what_is_not_a_row_of_elements(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    static const uint8_t cut_off[] = {2, 1, 9, 2, 5, 1};
    HM_MUST(hm_put(&der, HM_ARRAY(cut_off)));
    assert_refused(hm_der_sort(&der, 0), "early");
    assert_int_equal(der.len, sizeof cut_off);
    assert_refused(hm_der_sort(&der, sizeof cut_off + 1), "outside");
}

static void sorting_has_a_limit(void **state) {
    (void)state;
    HM_BUF der = HM_BUF_EMPTY;
    for (size_t i = 0; i < HM_DER_SORT_MAX; i++) HM_MUST(hm_der_put_uint(&der, 127 - i));
    HM_MUST(hm_der_sort(&der, 0));
    assert_int_equal(der.data[2], 128 - HM_DER_SORT_MAX);
    HM_MUST(hm_der_put_uint(&der, 0));
    assert_fault(hm_der_sort(&der, 0), HM_MISUSED, "more than 64");
    assert_int_equal(der.len, 3 * (HM_DER_SORT_MAX + 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(object_identifiers_have_known_encodings),
        cmocka_unit_test(object_identifiers_take_numbers_of_any_length_as_openssl_does),
        cmocka_unit_test(refuses_text_that_is_no_object_identifier),
        cmocka_unit_test(integers_are_minimal_and_positive),
        cmocka_unit_test(unsigned_integers_lose_leading_zeros_and_gain_a_sign_octet),
        cmocka_unit_test(times_are_utc_time_to_2049_and_generalized_from_2050),
        cmocka_unit_test(refuses_times_that_cannot_be_written),
        cmocka_unit_test(lengths_are_minimal),
        cmocka_unit_test(elements_nest_whatever_their_lengths),
        cmocka_unit_test(refuses_to_close_what_is_not_open),
        cmocka_unit_test(sorts_elements_and_leaves_what_stands_before),
        cmocka_unit_test(sorting_refuses_what_is_not_a_row_of_elements),
        cmocka_unit_test(sorting_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
