#include "base_test.h"

#include <base/cbor.h>

static hm_bytes hex(const char *text, hm_buf *storage) {
    storage->len = 0;
    assert_done(hm_hex_decode(hm_text(text), storage));
    return hm_buf_bytes(storage);
}

static void assert_cbor(const hm_buf *cbor, const char *expected) {
    HM_BUF want = HM_BUF_EMPTY;
    hm_bytes bytes = hex(expected, &want);
    assert_int_equal(cbor->len, bytes.len);
    assert_memory_equal(cbor->data, bytes.data, bytes.len);
}

/* RFC 8949 appendix A. */
static void writes_and_reads_the_integers_of_rfc_8949(void **state) {
    (void)state;
    static const struct {
        int64_t value;
        const char *cbor;
    } cases[] = {
        {0, "00"},
        {23, "17"},
        {24, "1818"},
        {100, "1864"},
        {1000, "1903e8"},
        {1000000, "1a000f4240"},
        {1000000000000, "1b000000e8d4a51000"},
        {INT64_MAX, "1b7fffffffffffffff"},
        {-1, "20"},
        {-10, "29"},
        {-100, "3863"},
        {-1000, "3903e7"},
        {-70001, "3a00011170"},
        {INT64_MIN, "3b7fffffffffffffff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        HM_BUF cbor = HM_BUF_EMPTY;
        assert_done(hm_cbor_put_int(&cbor, cases[i].value));
        assert_cbor(&cbor, cases[i].cbor);
        hm_reader reader = hm_reader_of(hm_buf_bytes(&cbor));
        int64_t value;
        assert_done(hm_cbor_get_int(&reader, &value));
        assert_true(value == cases[i].value);
        assert_done(hm_read_end(&reader));
    }
}

static void writes_what_else_rfc_8949_shows(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY;
    assert_done(hm_cbor_put_uint(&cbor, UINT64_MAX));
    assert_done(hm_cbor_put_bytes(&cbor, LITERAL("\1\2\3\4")));
    assert_done(hm_cbor_put_text(&cbor, LITERAL("IETF")));
    assert_done(hm_cbor_put_array(&cbor, 0));
    assert_done(hm_cbor_put_map(&cbor, 2));
    assert_done(hm_cbor_put_tag(&cbor, 55799));
    assert_done(hm_cbor_put_null(&cbor));
    assert_done(hm_cbor_put_bool(&cbor, true));
    assert_done(hm_cbor_put_bool(&cbor, false));
    assert_cbor(&cbor, "1bffffffffffffffff"
                       "4401020304"
                       "6449455446"
                       "80"
                       "a2"
                       "d9d9f7"
                       "f6"
                       "f5"
                       "f4");
}

static void reads_back_each_kind(void **state) {
    (void)state;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_reader reader = hm_reader_of(hex("d862"
                                        "82"
                                        "a1"
                                        "0a"
                                        "43414243"
                                        "63414243"
                                        "f6"
                                        "f5",
                                        &storage));
    uint64_t count;
    int64_t number;
    hm_bytes string;
    bool yes;
    assert_int_equal(hm_cbor_next(&reader), HM_CBOR_TAG);
    assert_done(hm_cbor_get_tag(&reader, &count));
    assert_int_equal(count, 98);
    assert_done(hm_cbor_get_array(&reader, &count));
    assert_int_equal(count, 2);
    assert_done(hm_cbor_get_map(&reader, &count));
    assert_int_equal(count, 1);
    assert_done(hm_cbor_get_int(&reader, &number));
    assert_int_equal(number, 10);
    assert_done(hm_cbor_get_bytes(&reader, &string));
    assert_bytes(string, "ABC");
    assert_done(hm_cbor_get_text(&reader, &string));
    assert_bytes(string, "ABC");
    assert_done(hm_cbor_get_null(&reader, &yes));
    assert_true(yes);
    assert_done(hm_cbor_get_null(&reader, &yes));
    assert_false(yes);
    assert_done(hm_cbor_get_bool(&reader, &yes));
    assert_true(yes);
    assert_int_equal(hm_cbor_next(&reader), HM_CBOR_END);
}

static hm_err take_item(const char *cbor) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_reader reader = hm_reader_of(hex(cbor, &storage));
    hm_bytes item;
    HM_TRY(hm_cbor_get_item(&reader, &item));
    return hm_read_end(&reader);
}

static void takes_a_whole_item_and_no_more(void **state) {
    (void)state;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_reader reader = hm_reader_of(hex("a2016161208201f6"
                                        "05",
                                        &storage));
    hm_bytes item;
    assert_done(hm_cbor_get_item(&reader, &item));
    assert_int_equal(item.len, 8);
    assert_int_equal(reader.rest.len, 1);
}

static void refuses_every_other_encoding(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "1817",
        "190018",
        "1a00000100",
        "1b00000000ffffffff", /* not the shortest */
        "5f4101ff",
        "7f6161ff",
        "9f01ff",
        "bf0102ff", /* indefinite */
        "1c",
        "1f",
        "fc",
        "f7",
        "f97c00",
        "f818", /* reserved, undefined, float, simple */
        "42aa",
        "6261",
        "8201",
        "a101",
        "c1", /* cut off */
        "5bffffffffffffffff",
        "9bffffffffffffffff",
        "bbffffffffffffffff", /* longer than anything */
        "a201010102",
        "a202010101",
        "a220010001", /* keys twice, out of order */
        "0101",       /* something behind */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_refused(take_item(bad[i]));
}

static void refuses_nesting_that_has_no_end(void **state) {
    (void)state;
    char deep[64] = "";
    for (int i = 0; i < HM_CBOR_DEPTH; i++) strcat(deep, "81");
    strcat(deep, "00");
    assert_done(take_item(deep));
    memmove(deep + 2, deep, strlen(deep) + 1);
    assert_refused(take_item(deep));
}

static void refuses_another_type_than_was_asked_for(void **state) {
    (void)state;
    HM_BUF storage = HM_BUF_EMPTY;
    uint64_t number;
    int64_t integer;
    hm_bytes string;
    bool yes;
    hm_reader text = hm_reader_of(hex("6161", &storage)), again = text;
    assert_refused(hm_cbor_get_bytes(&again, &string));
    assert_refused(hm_cbor_get_uint(&again, &number));
    assert_refused(hm_cbor_get_int(&again, &integer));
    assert_refused(hm_cbor_get_array(&again, &number));
    assert_refused(hm_cbor_get_map(&again, &number));
    assert_refused(hm_cbor_get_tag(&again, &number));
    assert_refused(hm_cbor_get_bool(&again, &yes));
    hm_reader bytes = hm_reader_of(hex("4161", &storage));
    assert_refused(hm_cbor_get_text(&bytes, &string));
    hm_reader negative = hm_reader_of(hex("20", &storage));
    assert_refused(hm_cbor_get_uint(&negative, &number));
    hm_reader large = hm_reader_of(hex("1b8000000000000000", &storage));
    assert_refused(hm_cbor_get_int(&large, &integer));
    hm_reader small = hm_reader_of(hex("3b8000000000000000", &storage));
    assert_refused(hm_cbor_get_int(&small, &integer));
}

static void refuses_map_keys_twice_or_out_of_order(void **state) {
    (void)state;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_bytes previous = HM_NO_BYTES;
    int64_t key;
    hm_reader reader = hm_reader_of(hex("00"
                                        "04"
                                        "20"
                                        "20",
                                        &storage));
    assert_done(hm_cbor_get_key(&reader, &previous, &key));
    assert_done(hm_cbor_get_key(&reader, &previous, &key));
    assert_int_equal(key, 4);
    assert_done(hm_cbor_get_key(&reader, &previous, &key));
    assert_int_equal(key, -1);
    assert_refused(hm_cbor_get_key(&reader, &previous, &key));
    hm_reader backwards = hm_reader_of(hex("20"
                                           "04",
                                           &storage));
    previous = HM_NO_BYTES;
    assert_done(hm_cbor_get_key(&backwards, &previous, &key));
    assert_refused(hm_cbor_get_key(&backwards, &previous, &key));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads_the_integers_of_rfc_8949),
        cmocka_unit_test(writes_what_else_rfc_8949_shows),
        cmocka_unit_test(reads_back_each_kind),
        cmocka_unit_test(takes_a_whole_item_and_no_more),
        cmocka_unit_test(refuses_every_other_encoding),
        cmocka_unit_test(refuses_nesting_that_has_no_end),
        cmocka_unit_test(refuses_another_type_than_was_asked_for),
        cmocka_unit_test(refuses_map_keys_twice_or_out_of_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
