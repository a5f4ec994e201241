/* The manifest's reader, field by field: each case is a whole manifest in which one field is another. */
#include "signature_test.h"

#include <hallmark/verify.h>

#define UUID                                                                                                           \
    "50"                                                                                                               \
    "00112233445566778899aabbccddeeff"
#define KID_A                                                                                                          \
    "5820"                                                                                                             \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KID_B                                                                                                          \
    "5820"                                                                                                             \
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA256                                                                                                         \
    "5820"                                                                                                             \
    "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define TEXT_65                                                                                                        \
    "7841"                                                                                                             \
    "6161616161616161616161616161616161616161616161616161616161616161"                                                 \
    "61616161616161616161616161616161616161616161616161616161616161616161"
#define TEXT_33                                                                                                        \
    "7821"                                                                                                             \
    "616161616161616161616161616161616161616161616161616161616161616161"
/* Fields 0 to 5, which every component has; the map's head says whether there are more. */
#define COMPONENT_FIELDS(id, kind, size, digest, version, security)                                                    \
    "00" id "01" kind "02" size "03" digest "04" version "05" security
#define COMPONENT_OF(id, kind, size, digest, version, security)                                                        \
    "a6" COMPONENT_FIELDS(id, kind, size, digest, version, security)
#define COMPONENT_AND(further) "a7" COMPONENT_FIELDS("646d61696e", "07", "01", "822f" SHA256, "6131", "00") further
#define COMPONENT COMPONENT_OF("646d61696e", "01", "1864", "822f" SHA256, "6131", "03")
#define OTHER COMPONENT_OF("6162", "06", "01", "822f" SHA256, "6131", "00")

/* Fields 0 to 11 and the notes behind them; NULL: not there. */
enum { FIELDS = 13 };
static const char *const plain[FIELDS] = {"0001", "01" UUID, "02" UUID,    "03" UUID,       "0463312e30",
                                          "050a", "0601",    "0781" KID_A, "0881" COMPONENT};
static const hmv_digest *const digests[] = {&hmv_digest_sha256, &hmv_digest_sha384, NULL};

static hmv_reason read_with(size_t field, const char *changed, hmv_release *release, octets *keep) {
    char hex[4096];
    size_t count = 0;
    hex[0] = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        const char *one = i == field ? changed : plain[i];
        if (one != NULL && one[0] != 0) count++, strncat(hex, one, sizeof hex - strlen(hex) - 1);
    }
    octets body = from_hex(hex);
    *keep = (octets){malloc(body.size + 1), body.size + 1};
    keep->data[0] = (uint8_t)(0xa0 + count);
    memcpy(&keep->data[1], body.data, body.size);
    free(body.data);
    return hmv_manifest_read(digests, (hmv_bytes){keep->data, keep->size}, release);
}

static void reads_what_a_manifest_says(void **state) {
    (void)state;
    hmv_release is;
    octets keep;
    assert_int_equal(read_with(FIELDS, NULL, &is, &keep), HMV_ACCEPTED);
    assert_true(is.sequence == 10 && is.purpose == HMV_PURPOSE_PRODUCTION && is.signers == 1 && is.components == 1);
    assert_int_equal(is.publisher.size, HMV_UUID_SIZE);
    assert_memory_equal(is.version.data, "1.0", 3);
    assert_memory_equal(is.component[0].id.data, "main", 4);
    assert_true(is.component[0].size == 100 && is.component[0].security_version == 3 && is.component[0].kind == 1);
    assert_ptr_equal(is.component[0].digest_algorithm, &hmv_digest_sha256);
    assert_int_equal(is.component[0].digest.data[0], 0xcc);
    assert_true(is.exception.size == 0 && is.dependencies.size == 0 && is.minimum_list == 0);
    free(keep.data);
}

static void takes_every_form_that_the_format_has(void **state) {
    (void)state;
    static const struct {
        size_t field;
        const char *hex;
    } good[] = {
        {5, "051bffffffffffffffff"},
        {6, "0602"},
        {7, "0782" KID_A KID_B},
        {8, "0882" COMPONENT OTHER},
        {8, "0881a7" COMPONENT_FIELDS("646d61696e", "07", "1bffffffffffffffff", "822f" SHA256, "6131", "00") "066162"},
        {8, "0881" COMPONENT_AND("206162")},
        {9, "0981"
            "84" UUID "6161"
            "00"
            "00"},
        {10, "0a1bffffffffffffffff"},
        {11, "0b4101"},
        {12, "2000"},
        {12, "3903e76161"},
        {12, "204101"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        hmv_release is;
        octets keep;
        hmv_reason reason = read_with(good[i].field, good[i].hex, &is, &keep);
        if (reason != HMV_ACCEPTED) fail_msg("%s: %s", good[i].hex, hmv_reason_text(reason));
        free(keep.data);
    }
}

static const struct {
    size_t field;
    const char *hex;
    hmv_reason reason;
} bad[] = {{0, "", HMV_MALFORMED},
           {0, "0002", HMV_UNKNOWN_VERSION},
           {0, "0000", HMV_UNKNOWN_VERSION},
           {0, "006131", HMV_MALFORMED},
           {1, "", HMV_MALFORMED},
           {1, "014f00112233445566778899aabbccddee", HMV_MALFORMED},
           {1,
            "0170"
            "30303030303030303030303030303030",
            HMV_MALFORMED},
           {2, "", HMV_MALFORMED},
           {2, "0240", HMV_MALFORMED},
           {3, "", HMV_MALFORMED},
           {3, "03f6", HMV_MALFORMED},
           {4, "", HMV_MALFORMED},
           {4, "0460", HMV_MALFORMED},
           {4, "04" TEXT_65, HMV_TOO_LARGE},
           {4, "04610a", HMV_MALFORMED},
           {5, "", HMV_MALFORMED},
           {5, "0520", HMV_MALFORMED},
           {5, "05180a", HMV_MALFORMED},
           {5, "05f90000", HMV_MALFORMED},
           {6, "", HMV_MALFORMED},
           {6, "0600", HMV_MALFORMED},
           {6, "0603", HMV_MALFORMED},
           {7, "", HMV_MALFORMED},
           {7, "0780", HMV_MALFORMED},
           {7, "0785" KID_A KID_B KID_A KID_A KID_A, HMV_TOO_LARGE},
           {7, "0782" KID_A KID_A, HMV_TWICE},
           {7, "0783" KID_A KID_B KID_A, HMV_TWICE},
           {7, "07814100", HMV_MALFORMED},
           {7, "07" KID_A, HMV_MALFORMED},
           {8, "", HMV_MALFORMED},
           {8, "0880", HMV_MALFORMED},
           {8, "0882" COMPONENT COMPONENT, HMV_TWICE},
           {8, "0889" COMPONENT COMPONENT COMPONENT COMPONENT COMPONENT COMPONENT COMPONENT COMPONENT COMPONENT,
            HMV_TOO_LARGE},
           {8, "0881" COMPONENT_OF("60", "01", "01", "822f" SHA256, "6131", "03"), HMV_MALFORMED},
           {8, "0881" COMPONENT_OF(TEXT_33, "01", "01", "822f" SHA256, "6131", "03"), HMV_TOO_LARGE},
           {8, "0881" COMPONENT_OF("6161", "00", "01", "822f" SHA256, "6131", "03"), HMV_MALFORMED},
           {8, "0881" COMPONENT_OF("6161", "08", "01", "822f" SHA256, "6131", "03"), HMV_MALFORMED},
           {8, "0881" COMPONENT_OF("6161", "01", "00", "822f" SHA256, "6131", "03"), HMV_MALFORMED},
           {8, "0881" COMPONENT_OF("6161", "01", "20", "822f" SHA256, "6131", "03"), HMV_MALFORMED},
           {8, "0881" COMPONENT_OF("6161", "01", "01", "8230" SHA256, "6131", "03"), HMV_UNKNOWN_ALGORITHM},
           {8, "0881" COMPONENT_OF("6161", "01", "01", "82382b" SHA256, "6131", "03"),
            HMV_UNKNOWN_ALGORITHM}, /* not in the table */
           {8, "0881" COMPONENT_OF("6161", "01", "01", "82382a" SHA256, "6131", "03"), HMV_MALFORMED}, /* of 32 bytes */
           {8, "0881" COMPONENT_OF("6161", "01", "01", "822f40", "6131", "03"), HMV_MALFORMED},
           {8, "0881" COMPONENT_OF("6161", "01", "01", "812f", "6131", "03"), HMV_MALFORMED},
           {8, "0881" COMPONENT_OF("6161", "01", "01", "832f" SHA256 "00", "6131", "03"), HMV_MALFORMED},
           {8, "0881" COMPONENT_OF("6161", "01", "01", SHA256, "6131", "03"), HMV_MALFORMED},
           {8, "0881" COMPONENT_OF("6161", "01", "01", "822f" SHA256, "60", "03"), HMV_MALFORMED},
           {8, "0881" COMPONENT_OF("6161", "01", "01", "822f" SHA256, "6131", "20"), HMV_MALFORMED},
           {8, "0881" COMPONENT_AND("0660"), HMV_MALFORMED},
           {8, "0881" COMPONENT_AND("0700"), HMV_UNKNOWN_CRITICAL},
           {8, "0881" COMPONENT_AND("2080"), HMV_MALFORMED},
           {9, "0980", HMV_MALFORMED},
           {9, "098183" UUID "616100", HMV_MALFORMED},
           {9,
            "098184" UUID "416100"
            "00",
            HMV_MALFORMED},
           {9,
            "098184" UUID "616100"
            "20",
            HMV_MALFORMED},
           {9,
            "098185" UUID "61610000"
            "00",
            HMV_MALFORMED},
           {10, "0a20", HMV_MALFORMED},
           {11, "0b40", HMV_MALFORMED},
           {11, "0b6161", HMV_MALFORMED},
           {11,
            "0b5821"
            "000000000000000000000000000000000000000000000000000000000000000000",
            HMV_TOO_LARGE},
           {12, "0c00", HMV_UNKNOWN_CRITICAL},
           {12, "1903e800", HMV_UNKNOWN_CRITICAL},
           {12, "20f5", HMV_MALFORMED},
           {12, "2020", HMV_MALFORMED},
           {12, "616100", HMV_MALFORMED},
           {12, "0500", HMV_MALFORMED}};

static void refuses_fields_that_are_missing_unknown_or_out_of_bounds(void **state) {
    (void)state;
    static const hmv_release zero;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hmv_release is;
        octets keep;
        memset(&is, 0x5a, sizeof is);
        hmv_reason reason = read_with(bad[i].field, bad[i].hex, &is, &keep);
        if (reason != bad[i].reason)
            fail_msg("field %zu %s: %u, not %u", bad[i].field, bad[i].hex, reason, bad[i].reason);
        assert_memory_equal(&is, &zero, sizeof is);
        free(keep.data);
    }
}

static void every_prefix_and_every_further_byte_is_refused(void **state) {
    (void)state;
    hmv_release is;
    octets keep, longer;
    assert_int_equal(read_with(FIELDS, NULL, &is, &keep), HMV_ACCEPTED);
    for (size_t size = 0; size < keep.size; size++) {
        octets cut = octets_of(keep.data, size);
        assert_int_not_equal(hmv_manifest_read(digests, (hmv_bytes){cut.data, size}, &is), HMV_ACCEPTED);
        free(cut.data);
    }
    longer = (octets){malloc(keep.size + 1), keep.size + 1};
    memcpy(longer.data, keep.data, keep.size);
    for (unsigned octet = 0; octet < 256; octet++) {
        longer.data[keep.size] = (uint8_t)octet;
        assert_int_equal(hmv_manifest_read(digests, (hmv_bytes){longer.data, longer.size}, &is), HMV_MALFORMED);
    }
    free(longer.data), free(keep.data);
}

static void a_manifest_has_a_largest_size(void **state) {
    (void)state;
    static uint8_t large[HMV_ENVELOPE_MAX + 1];
    hmv_release is;
    assert_int_equal(hmv_manifest_read(digests, (hmv_bytes){large, sizeof large}, &is), HMV_TOO_LARGE);
}

static void every_reason_has_a_sentence_of_its_own(void **state) {
    (void)state;
    size_t sentences = 0;
    for (hmv_reason a = 0; a < 80; a++) {
        const char *text = hmv_reason_text(a);
        if (strcmp(text, "unknown reason") == 0) continue;
        sentences++;
        assert_true(strlen(text) > 10);
        for (hmv_reason b = 0; b < a; b++) assert_string_not_equal(text, hmv_reason_text(b));
    }
    assert_int_equal(sentences, 40);
    assert_string_equal(hmv_reason_text(HMV_ACCEPTED), "accepted");
    assert_string_equal(hmv_reason_text(0xFFFFFFFFu), "unknown reason");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_a_manifest_says),
        cmocka_unit_test(takes_every_form_that_the_format_has),
        cmocka_unit_test(refuses_fields_that_are_missing_unknown_or_out_of_bounds),
        cmocka_unit_test(every_prefix_and_every_further_byte_is_refused),
        cmocka_unit_test(a_manifest_has_a_largest_size),
        cmocka_unit_test(every_reason_has_a_sentence_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
