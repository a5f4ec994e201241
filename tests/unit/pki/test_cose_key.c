#include "pki_fixture.h"

#include <pki/cose.h>

static hm_bytes hex(const char *text, hm_buf *storage) {
    storage->len = 0;
    HM_MUST(hm_hex_decode(hm_text(text), storage));
    return hm_buf_bytes(storage);
}

#define ASSERT_HEX(bytes_, text_)                                                                                      \
    do {                                                                                                               \
        HM_BUF expected = HM_BUF_EMPTY;                                                                                \
        hm_bytes want = hex(text_, &expected), have = (bytes_);                                                        \
        assert_int_equal(have.len, want.len);                                                                          \
        assert_memory_equal(have.data, want.data, want.len);                                                           \
    } while (0)

/* The key of RFC 9679 section 6. */
#define EXAMPLE_X "65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"
#define EXAMPLE_Y "1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"
#define EXAMPLE_KID "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"

static void example_spki(hm_buf *spki) {
    HM_BUF point = HM_BUF_EMPTY;
    HM_MUST(hm_spki_from_ec_point(HM_KEY_ES256, hex("04" EXAMPLE_X EXAMPLE_Y, &point), spki));
}

static void kid_is_the_thumbprint_of_rfc_9679s_example(void **state) {
    (void)state;
    HM_BUF spki = HM_BUF_EMPTY;
    uint8_t kid[HM_KID_LEN];
    example_spki(&spki);
    HM_MUST(hm_cose_kid(hm_buf_bytes(&spki), kid));
    ASSERT_HEX(HM_ARRAY(kid), EXAMPLE_KID);
}

static void writes_an_ec_key_as_the_trust_list_wants_it(void **state) {
    (void)state;
    HM_BUF spki = HM_BUF_EMPTY, cbor = HM_BUF_EMPTY;
    example_spki(&spki);
    HM_MUST(hm_cose_key_put(hm_buf_bytes(&spki), &cbor));
    ASSERT_HEX(hm_buf_bytes(&cbor), "a6"
                                    "0102"
                                    "025820" EXAMPLE_KID "0328"
                                    "2001"
                                    "215820" EXAMPLE_X "225820" EXAMPLE_Y);
}

static void reads_back_a_key_of_every_algorithm(void **state) {
    (void)state;
    for (unsigned a = 1; a <= HM_KEY_ALGORITHMS; a++) {
        SOFTWARE_SIGNER *signer = software_signer_new((hm_key_algorithm)a);
        HM_BUF cbor = HM_BUF_EMPTY, spki = HM_BUF_EMPTY;
        hm_bytes own = software_signer_of(signer)->spki;
        uint8_t kid[HM_KID_LEN];
        HM_MUST(hm_cose_key_put(own, &cbor));
        HM_MUST(hm_cose_kid(own, kid));
        hm_reader reader = hm_reader_of(hm_buf_bytes(&cbor));
        hm_cose_key key;
        HM_MUST(hm_cose_key_get(&reader, &key));
        HM_MUST(hm_read_end(&reader));
        assert_int_equal(key.algorithm, hm_cose_algorithm_of((hm_key_algorithm)a));
        assert_memory_equal(key.kid, kid, sizeof kid);
        HM_MUST(hm_cose_key_spki(&key, &spki));
        assert_true(hm_bytes_equal(hm_buf_bytes(&spki), own));
    }
}

static void reads_back_an_lms_key(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY, spki = HM_BUF_EMPTY;
    uint8_t public_key[60] = {0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 4};
    HM_MUST(hm_cose_key_put_lms(HM_ARRAY(public_key), &cbor));
    hm_reader reader = hm_reader_of(hm_buf_bytes(&cbor));
    hm_cose_key key;
    HM_MUST(hm_cose_key_get(&reader, &key));
    assert_int_equal(key.algorithm, HM_COSE_HSS_LMS);
    assert_true(hm_bytes_equal(key.a, HM_ARRAY(public_key)));
    assert_refused(hm_cose_key_spki(&key, &spki), "no form in X.509");
    assert_refused(hm_cose_key_put_lms(HM_BYTES(public_key, 59), &cbor), "52 or 60 bytes");
}

static hm_err read_key(const char *cbor) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_reader reader = hm_reader_of(hex(cbor, &storage));
    hm_cose_key key;
    return hm_cose_key_get(&reader, &key);
}

#define KEY_START                                                                                                      \
    "a6"                                                                                                               \
    "0102"                                                                                                             \
    "025820" EXAMPLE_KID

static void refuses_a_key_that_is_not_as_written(void **state) {
    (void)state;
    HM_MUST(read_key(KEY_START "0328"
                               "2001"
                               "215820" EXAMPLE_X "225820" EXAMPLE_Y));
    /* another kid than the thumbprint */
    assert_refused(read_key("a6"
                            "0102"
                            "025820" EXAMPLE_X "0328"
                            "2001"
                            "215820" EXAMPLE_X "225820" EXAMPLE_Y),
                   "thumbprint");
    /* ESP384 with P-256, and with its own curve but short coordinates */
    assert_refused(read_key(KEY_START "033832"
                                      "2001"
                                      "215820" EXAMPLE_X "225820" EXAMPLE_Y),
                   "curve");
    assert_refused(read_key(KEY_START "033832"
                                      "2002"
                                      "215820" EXAMPLE_X "225820" EXAMPLE_Y),
                   "coordinate");
    /* an algorithm that is unknown, or of another key type */
    assert_refused(read_key(KEY_START "0326"
                                      "2001"
                                      "215820" EXAMPLE_X "225820" EXAMPLE_Y),
                   "algorithm -7");
    assert_refused(read_key("a6"
                            "0101"
                            "025820" EXAMPLE_KID "0328"
                            "2001"
                            "215820" EXAMPLE_X "225820" EXAMPLE_Y),
                   "key type 1");
    /* one parameter too many, one out of order, a compressed point */
    assert_refused(read_key("a7"
                            "0102"
                            "025820" EXAMPLE_KID "0328"
                            "2001"
                            "215820" EXAMPLE_X "225820" EXAMPLE_Y "2300"),
                   "7 parameters");
    assert_refused(read_key(KEY_START "0328"
                                      "215820" EXAMPLE_X "2001"
                                      "225820" EXAMPLE_Y),
                   "belongs");
    assert_refused(read_key(KEY_START "0328"
                                      "2001"
                                      "215820" EXAMPLE_X "22f5"),
                   "byte string");
    /* Ed25519 of 31 bytes; RSA with a leading zero */
    assert_refused(read_key("a5"
                            "0101"
                            "025820" EXAMPLE_KID "0332"
                            "2006"
                            "21581f"
                            "65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c0855"),
                   "coordinate");
    assert_refused(read_key("a5"
                            "0103"
                            "025820" EXAMPLE_KID "03390100"
                            "20420001"
                            "2143010001"),
                   "begins with zero");
}

static void refuses_a_public_key_that_is_none(void **state) {
    (void)state;
    uint8_t kid[HM_KID_LEN];
    HM_BUF cbor = HM_BUF_EMPTY;
    assert_refused(hm_cose_kid(HM_NO_BYTES, kid), "public key");
    assert_refused(hm_cose_key_put(hm_text("no key"), &cbor), "public key");
    assert_int_equal(cbor.len, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kid_is_the_thumbprint_of_rfc_9679s_example),
        cmocka_unit_test(writes_an_ec_key_as_the_trust_list_wants_it),
        cmocka_unit_test(reads_back_a_key_of_every_algorithm),
        cmocka_unit_test(reads_back_an_lms_key),
        cmocka_unit_test(refuses_a_key_that_is_not_as_written),
        cmocka_unit_test(refuses_a_public_key_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
