#include "fixture.h"

#include <tlog/leaf.h>

/* clang-format off */
/* Written out by hand from the format in docs/log.md. */
#define OFFICE "50" "000102030405060708090a0b0c0d0e0f"
#define PRODUCT "50" "101112131415161718191a1b1c1d1e1f"
#define DIGEST "5820" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DETAILS "5820" "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define INTENT "88" "01" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f6"
#define OUTCOME "88" "01" "02" OFFICE PRODUCT "03" DIGEST DETAILS "1903e8"
#define CEREMONY "88" "01" "04" OFFICE "f6" "00" "f6" DETAILS "f6"
/* clang-format on */

static hm_err get_hex(const char *hex, hm_leaf *leaf) {
    HM_BUF cbor = HM_BUF_EMPTY;
    assert_ok(hm_hex_decode(hm_text(hex), &cbor));
    return hm_leaf_get(hm_buf_bytes(&cbor), leaf);
}

static void assert_is(const hm_leaf *leaf, const char *hex) {
    HM_BUF cbor = HM_BUF_EMPTY, text = HM_BUF_EMPTY;
    assert_ok(hm_leaf_put(leaf, &cbor));
    assert_ok(hm_put_hex(&text, hm_buf_bytes(&cbor)));
    assert_true(hm_bytes_equal(hm_buf_bytes(&text), hm_text(hex)));
    assert_true(cbor.len <= HM_LEAF_MAX);
}

static hm_leaf intent_leaf(void) {
    hm_leaf leaf = {.type = HM_LEAF_INTENT, .has_product = true, .format = 3, .digest_len = 32};
    for (unsigned i = 0; i < 16; i++) {
        leaf.office[i] = (uint8_t)i;
        leaf.product_class[i] = (uint8_t)(16 + i);
    }
    memset(leaf.digest, 0xaa, 32);
    memset(leaf.details_hash, 0xbb, 32);
    return leaf;
}

static void writes_the_documented_bytes(void **state) {
    (void)state;
    hm_leaf leaf = intent_leaf();
    assert_is(&leaf, INTENT);
    leaf.type = HM_LEAF_OUTCOME;
    leaf.has_intent = true;
    leaf.intent = 1000;
    assert_is(&leaf, OUTCOME);
    leaf = (hm_leaf){.type = HM_LEAF_CEREMONY};
    for (unsigned i = 0; i < 16; i++) leaf.office[i] = (uint8_t)i;
    memset(leaf.details_hash, 0xbb, 32);
    assert_is(&leaf, CEREMONY);
}

static void reads_what_it_writes(void **state) {
    (void)state;
    static const char *const good[] = {INTENT, OUTCOME, CEREMONY};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        hm_leaf leaf;
        assert_ok(get_hex(good[i], &leaf));
        assert_is(&leaf, good[i]);
    }
}

static void the_largest_leaf_fits(void **state) {
    (void)state;
    hm_leaf leaf = intent_leaf(), again;
    HM_BUF cbor = HM_BUF_EMPTY;
    leaf.type = HM_LEAF_FAILURE;
    leaf.format = UINT32_MAX;
    leaf.digest_len = 64;
    leaf.has_intent = true;
    leaf.intent = UINT64_MAX;
    assert_ok(hm_leaf_put(&leaf, &cbor));
    assert_int_equal(cbor.len, 151);
    assert_ok(hm_leaf_get(hm_buf_bytes(&cbor), &again));
    assert_memory_equal(&leaf, &again, sizeof leaf);
}

static void details_are_hashed_behind_their_salt(void **state) {
    (void)state;
    uint8_t salt[HM_SALT_LEN], hash[HM_SHA256_LEN];
    memset(salt, 0, sizeof salt);
    hm_leaf_details_hash(salt, hm_text("{\"who\":\"alice\"}"), hash);
    /* (head -c 32 /dev/zero; printf '{"who":"alice"}') | sha256sum */
    hm_merkle_hash known = hash_of_hex("c1fb03a31d4925fee5e7b9b8ed6e15b04df7a2b6419fb77b736a718791ab2273");
    assert_memory_equal(hash, known.byte, sizeof hash);
}

static void refuses_every_other_encoding_of_the_same_leaf(void **state) {
    (void)state;
    /* clang-format off */
    static const char *const bad[] = {
        "9f" "01" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f6" "ff",     /* array of indefinite length */
        "9808" "01" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f6",        /* its length in a byte more */
        "88" "1801" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f6",        /* the version, the type, the format */
        "88" "01" "190001" OFFICE PRODUCT "03" DIGEST DETAILS "f6",
        "88" "01" "01" OFFICE PRODUCT "1a00000003" DIGEST DETAILS "f6",
        "88" "01" "01" OFFICE PRODUCT "1b0000000000000003" DIGEST DETAILS "f6",
        "88" "01" "02" OFFICE PRODUCT "03" DIGEST DETAILS "1a000003e8",  /* the intent's index */
        "88" "01" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f7",          /* undefined for null */
        "88" "01" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f816",
        "c188" "01" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f6",        /* a tag */
        "88" "01" "01" "5810000102030405060708090a0b0c0d0e0f" PRODUCT "03" DIGEST DETAILS "f6",
        "88" "01" "01" "5f" OFFICE "ff" PRODUCT "03" DIGEST DETAILS "f6", /* a string in pieces */
        "88" "01" "01" "70000102030405060708090a0b0c0d0e0f" PRODUCT "03" DIGEST DETAILS "f6", /* text for bytes */
        "88" "01" "01" OFFICE PRODUCT "23" DIGEST DETAILS "f6",          /* a negative format */
        "88" "01" "01" OFFICE PRODUCT "1c" DIGEST DETAILS "f6",          /* a reserved length */
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hm_leaf leaf;
        assert_refused(get_hex(bad[i], &leaf), "the log entry");
        assert_int_equal(leaf.type, 0);
    }
}

static void refuses_fields_that_are_missing_unknown_or_of_another_size(void **state) {
    (void)state;
    /* clang-format off */
    static const struct {
        const char *hex, *words;
    } bad[] = {
        {"", "early"},
        {"87" "01" "01" OFFICE PRODUCT "03" DIGEST DETAILS, "8 fields"},
        {"89" "01" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f6" "f6", "8 fields"},
        {"88" "02" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f6", "version 2"},
        {"88" "00" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f6", "version 0"},
        {"88" "01" "00" OFFICE PRODUCT "03" DIGEST DETAILS "f6", "type 0"},
        {"88" "01" "08" OFFICE PRODUCT "03" DIGEST DETAILS "f6", "type 8"},
        {"88" "01" "1b0000000100000001" OFFICE PRODUCT "03" DIGEST DETAILS "f6", "too large"},
        {"88" "01" "01" "4f000102030405060708090a0b0c0d0e" PRODUCT "03" DIGEST DETAILS "f6", "16 bytes"},
        {"88" "01" "01" "f6" PRODUCT "03" DIGEST DETAILS "f6", "byte string"},
        {"88" "01" "01" OFFICE "40" "03" DIGEST DETAILS "f6", "16 bytes"},
        {"88" "01" "01" OFFICE PRODUCT "1b0000000100000000" DIGEST DETAILS "f6", "too large"},
        {"88" "01" "01" OFFICE PRODUCT "03" "40" DETAILS "f6", "0 bytes"},
        {"88" "01" "04" OFFICE PRODUCT "03" "41aa" DETAILS "f6", "1 bytes"},
        {"88" "01" "01" OFFICE PRODUCT "03" DIGEST "f6" "f6", "byte string"},
        {"88" "01" "01" OFFICE PRODUCT "03" DIGEST DETAILS "f6" "00", "too many"},
        {"88" "01" "01" OFFICE PRODUCT "03" "5bffffffffffffffff" DETAILS "f6", "early"},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hm_leaf leaf;
        assert_refused(get_hex(bad[i].hex, &leaf), bad[i].words);
        assert_int_equal(leaf.type, 0);
    }
}

static void refuses_leaves_that_do_not_fit_their_type(void **state) {
    (void)state;
    /* clang-format off */
    static const struct {
        const char *hex, *words;
    } bad[] = {
        {"88" "01" "01" OFFICE PRODUCT "03" DIGEST DETAILS "00", "refers to an intent"}, /* an intent of an intent */
        {"88" "01" "02" OFFICE PRODUCT "03" DIGEST DETAILS "f6", "does not refer to an intent"},
        {"88" "01" "03" OFFICE PRODUCT "03" DIGEST DETAILS "00", "refers to an intent"},
        {"88" "01" "04" OFFICE PRODUCT "03" DIGEST DETAILS "00", "refers to an intent"},
        {"88" "01" "05" OFFICE PRODUCT "03" "f6" DETAILS "f6", "does not refer to an intent"},
        {"88" "01" "01" OFFICE PRODUCT "03" "f6" DETAILS "f6", "names no digest"},
        {"88" "01" "02" OFFICE PRODUCT "03" "f6" DETAILS "00", "SHA-256 of a signature"},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        hm_leaf leaf;
        assert_refused(get_hex(bad[i].hex, &leaf), bad[i].words);
    }
}

static void refuses_to_write_leaves_that_it_would_not_read(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY;
    hm_leaf leaf = intent_leaf();
    leaf.type = 0;
    assert_refused(hm_leaf_put(&leaf, &cbor), "unknown type 0");
    leaf.type = 8;
    assert_refused(hm_leaf_put(&leaf, &cbor), "unknown type 8");
    leaf.type = HM_LEAF_REQUEST;
    leaf.digest_len = 48;
    assert_refused(hm_leaf_put(&leaf, &cbor), "does not name the SHA-256 of a request");
    leaf.digest_len = 32;
    leaf.type = HM_LEAF_OUTCOME;
    assert_refused(hm_leaf_put(&leaf, &cbor), "does not refer");
    leaf.has_intent = true;
    leaf.digest_len = 48;
    assert_refused(hm_leaf_put(&leaf, &cbor), "SHA-256 of a signature");
    leaf.digest_len = 65;
    assert_refused(hm_leaf_put(&leaf, &cbor), "65 bytes");
    assert_int_equal(cbor.len, 0);
}

static void every_prefix_is_refused_and_every_bit_counts(void **state) {
    (void)state;
    HM_BUF cbor = HM_BUF_EMPTY;
    assert_ok(hm_hex_decode(hm_text(OUTCOME), &cbor));
    hm_leaf leaf;
    for (size_t len = 0; len < cbor.len; len++) assert_refused(hm_leaf_get(HM_BYTES(cbor.data, len), &leaf), "");
    for (size_t i = 0; i < cbor.len * 8; i++) {
        cbor.data[i / 8] ^= (uint8_t)(1u << i % 8);
        /* A change that is still a leaf is another leaf: written again it is the changed bytes, nothing else. */
        if (!hm_failed(hm_leaf_get(hm_buf_bytes(&cbor), &leaf))) {
            HM_BUF again = HM_BUF_EMPTY;
            assert_ok(hm_leaf_put(&leaf, &again));
            assert_true(hm_bytes_equal(hm_buf_bytes(&cbor), hm_buf_bytes(&again)));
        }
        cbor.data[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_documented_bytes),
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(the_largest_leaf_fits),
        cmocka_unit_test(details_are_hashed_behind_their_salt),
        cmocka_unit_test(refuses_every_other_encoding_of_the_same_leaf),
        cmocka_unit_test(refuses_fields_that_are_missing_unknown_or_of_another_size),
        cmocka_unit_test(refuses_leaves_that_do_not_fit_their_type),
        cmocka_unit_test(refuses_to_write_leaves_that_it_would_not_read),
        cmocka_unit_test(every_prefix_is_refused_and_every_bit_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
