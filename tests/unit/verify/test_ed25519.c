/* Ed25519: published signatures, Wycheproof's attacks, OpenSSL's verdicts, and the corners where implementations
 * disagree. */
#include "wycheproof_test.h"

#include <openssl/evp.h>

enum { SIZE = 32 };

/* RFC 8032 section 7.1: key, message, signature. Test 1024 is among Wycheproof's. */
static const char *const published[][3] = {
    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

/* L, 2L ... 15L fit into 32 octets: S and each S + kL are the same number to who forgets to look. */
static const char order[] = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/* The eight points whose order divides 8, as RFC 8032 encodes them. */
static const char *const small_points[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
};
enum { SMALL_POINTS = sizeof small_points / sizeof *small_points };

static signature_case published_case(size_t i) {
    return (signature_case){
        .a = from_hex(published[i][0]), .message = from_hex(published[i][1]), .signature = from_hex(published[i][2])};
}

static void rfc_8032_is_good_and_each_octet_of_it_matters(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        signature_case is = published_case(i);
        assert_good(&hmv_ed25519, &is);
        assert_flips_are_bad(&hmv_ed25519, &is, &is.a, 0, 1);
        assert_flips_are_bad(&hmv_ed25519, &is, &is.message, 0, 1);
        assert_flips_are_bad(&hmv_ed25519, &is, &is.signature, 0, 1);
        assert_sizes_are_bad(&hmv_ed25519, &is, &is.a);
        assert_sizes_are_bad(&hmv_ed25519, &is, &is.signature);
        case_clear(&is);
    }
}

static void a_key_with_a_second_part_is_bad(void **state) {
    (void)state;
    signature_case is = published_case(2);
    is.b = from_hex("00");
    assert_bad(&hmv_ed25519, &is);
    case_clear(&is);
}

/* Little-endian; what does not fit is lost. */
static void add_order(uint8_t s[SIZE]) {
    octets l = from_hex(order);
    unsigned carry = 0;
    for (size_t i = 0; i < SIZE; i++, carry >>= 8) s[i] = (uint8_t)(carry += s[i] + l.data[i]);
    free(l.data);
}

static void s_increased_by_multiples_of_l_is_bad(void **state) {
    (void)state;
    signature_case is = published_case(2);
    for (int k = 1; k <= 14; k++) {
        add_order(&is.signature.data[SIZE]);
        assert_bad(&hmv_ed25519, &is);
    }
    case_clear(&is);
}

/* A and R the neutral element: S B = R + h A holds for S = 0, and S = L would be as good. */
static void the_neutral_key_signs_with_s_0_but_not_with_l(void **state) {
    (void)state;
    signature_case is = {.a = from_hex(small_points[0]), .signature = {calloc(2, SIZE), 2 * SIZE}};
    is.signature.data[0] = 1;
    assert_good(&hmv_ed25519, &is);
    add_order(&is.signature.data[SIZE]);
    assert_bad(&hmv_ed25519, &is);
    is.signature.data[SIZE]--; /* L - 1 is a scalar, and not the right one */
    assert_bad(&hmv_ed25519, &is);
    case_clear(&is);
}

/* p + y for y below 19 names the same y in 255 bits: one of these keys is the neutral element again, which would sign
 * anything as above. */
static void keys_over_p_are_bad(void **state) {
    (void)state;
    signature_case is = {.a = {malloc(SIZE), SIZE}, .signature = {calloc(2, SIZE), 2 * SIZE}};
    for (unsigned r = 0; r < SMALL_POINTS; r++) {
        octets point = from_hex(small_points[r]);
        memcpy(is.signature.data, point.data, SIZE);
        free(point.data);
        for (unsigned y = 0; y < 19; y++)
            for (unsigned sign = 0; sign < 2; sign++) {
                memset(is.a.data, 0xFF, SIZE);
                is.a.data[0] = (uint8_t)(0xED + y);
                is.a.data[SIZE - 1] = (uint8_t)(0x7F | sign << 7);
                assert_bad(&hmv_ed25519, &is);
            }
    }
    case_clear(&is);
}

/* x = 0 has no negative (RFC 8032 section 5.1.3, step 4). */
static void keys_with_x_0_and_its_sign_set_are_bad(void **state) {
    (void)state;
    signature_case is = {.a = from_hex(small_points[0]), .signature = {calloc(2, SIZE), 2 * SIZE}};
    is.signature.data[0] = 1;
    assert_good(&hmv_ed25519, &is);
    is.a.data[SIZE - 1] = 0x80;
    assert_bad(&hmv_ed25519, &is);
    is.signature.data[SIZE - 1] = 0;
    free(is.a.data);
    is.a = from_hex(small_points[1]);
    is.a.data[SIZE - 1] |= 0x80;
    is.message = octets_of("0", 1);
    for (char c = '0'; c <= '9'; c++) { /* h even would make it the neutral element */
        is.message.data[0] = (uint8_t)c;
        assert_bad(&hmv_ed25519, &is);
    }
    case_clear(&is);
}

static bool ed25519_key(json_t *group, signature_case *is) {
    is->a = wycheproof_octets(json_object_get(group, "publicKey"), "pk");
    return true;
}

static void wycheproof_is_as_published(void **state) {
    (void)state;
    const wycheproof_rules rules = {&hmv_ed25519, ed25519_key, NULL};
    wycheproof_file("ed25519_test.json", &rules);
}

/* From here on OpenSSL has the last word. */

static bool openssl_says_good(const signature_case *is) {
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, is->a.data, is->a.size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
    int good = EVP_DigestVerify(context, is->signature.data, is->signature.size, is->message.data, is->message.size);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good == 1;
}

/* Encodings of keys that RFC 8032 does not decode, and OpenSSL 3 does. */
static bool is_odd_key(const uint8_t key[SIZE]) {
    bool all_ones = (key[SIZE - 1] & 0x7F) == 0x7F;
    for (size_t i = 1; i < SIZE - 1; i++) all_ones = all_ones && key[i] == 0xFF;
    bool one = key[0] == 1 && (key[SIZE - 1] & 0x7F) == 0;
    for (size_t i = 1; i < SIZE - 1; i++) one = one && key[i] == 0;
    bool minus_one = all_ones && key[0] == 0xEC;
    return (all_ones && key[0] >= 0xED) || ((one || minus_one) && key[SIZE - 1] >= 0x80);
}

static bool compare(const signature_case *is, const char *what) {
    hmv_verdict expected = openssl_says_good(is) && !is_odd_key(is->a.data) ? HMV_GOOD : HMV_BAD;
    if (ask(&hmv_ed25519, is) != expected) fail_msg("%s: OpenSSL says %s", what, expected == HMV_GOOD ? "good" : "bad");
    return expected == HMV_GOOD;
}

/* Every pair of a key and an R of small order, S 0, over some messages: good where h A + R is neutral. */
static void openssl_agrees_about_points_of_small_order(void **state) {
    (void)state;
    unsigned good = 0;
    for (unsigned i = 0; i < SMALL_POINTS * SMALL_POINTS; i++) {
        signature_case is = {.a = from_hex(small_points[i % SMALL_POINTS]),
                             .message = octets_of("0", 1),
                             .signature = {calloc(2, SIZE), 2 * SIZE}};
        octets r = from_hex(small_points[i / SMALL_POINTS]);
        memcpy(is.signature.data, r.data, SIZE);
        for (char c = '0'; c <= '9'; c++) {
            is.message.data[0] = (uint8_t)c;
            good += compare(&is, "small order");
        }
        free(r.data);
        case_clear(&is);
    }
    assert_in_range(good, 20, 400);
}

static EVP_PKEY *new_key(octets *public) {
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    *public = (octets){malloc(SIZE), SIZE};
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, public->data, &public->size), 1);
    return key;
}

static octets sign(EVP_PKEY *key, const octets *message) {
    octets signature = {malloc(2 * SIZE), 2 * SIZE};
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, signature.data, &signature.size, message->data, message->size), 1);
    EVP_MD_CTX_free(context);
    return signature;
}

static void fill(uint8_t *to, size_t size) {
    for (size_t i = 0; i < size; i++) to[i] = (uint8_t)rand();
}

static void flip(const octets *part) {
    if (part->size > 0) part->data[(size_t)rand() % part->size] ^= (uint8_t)(1u << rand() % 8);
}

static void put_small_point(uint8_t *to) {
    octets point = from_hex(small_points[rand() % SMALL_POINTS]);
    memcpy(to, point.data, SIZE);
    free(point.data);
}

/* One change, of which most spoil the signature and some may not. */
static void change(signature_case *is) {
    uint8_t *r = is->signature.data, *s = &r[SIZE], kept[SIZE];
    switch (rand() % 12) {
    case 0:
        flip(&is->message);
        break;
    case 1:
        flip(&is->signature);
        break;
    case 2:
        flip(&is->a);
        break;
    case 3:
        add_order(s);
        break;
    case 4:
        memset(rand() % 2 ? r : s, 0, SIZE);
        break;
    case 5:
        memset(rand() % 2 ? r : s, 0xFF, SIZE);
        break;
    case 6:
        memcpy(kept, r, SIZE), memcpy(r, s, SIZE), memcpy(s, kept, SIZE);
        break;
    case 7:
        put_small_point(rand() % 2 ? r : is->a.data);
        break;
    case 8:
        fill(is->a.data, SIZE);
        break;
    case 9:
        r[SIZE - 1] ^= 0x80;
        break;
    case 10:
        memset(is->a.data, 0xFF, SIZE), is->a.data[0] = (uint8_t)(0xE0 + rand() % 32);
        break;
    default:
        fill(s, SIZE), s[SIZE - 1] &= 0x1F;
        break;
    }
}

static void openssl_agrees(void **state) {
    (void)state;
    srand(test_seed());
    const unsigned count = whole_sweeps() ? 100000 : 2500;
    unsigned good = 0;
    for (unsigned i = 0; i < count; i++) {
        uint8_t message[200];
        size_t size = (size_t)rand() % sizeof message;
        fill(message, size);
        signature_case is = {.message = octets_of(message, size)};
        EVP_PKEY *key = new_key(&is.a);
        is.signature = sign(key, &is.message);
        assert_good(&hmv_ed25519, &is);
        change(&is);
        good += compare(&is, "changed");
        EVP_PKEY_free(key);
        case_clear(&is);
    }
    print_message("%u signatures, %u mutations, %u of them good\n", count, count, good);
}

static void the_identifiers_are_those_of_rfc_9864(void **state) {
    (void)state;
    assert_int_equal(hmv_ed25519.id, -19);
    assert_int_equal(hmv_ed25519.alias, -8);
    assert_int_equal(hmv_ed25519.key_type, 1);
    assert_int_equal(hmv_ed25519.curve, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_8032_is_good_and_each_octet_of_it_matters),
        cmocka_unit_test(a_key_with_a_second_part_is_bad),
        cmocka_unit_test(s_increased_by_multiples_of_l_is_bad),
        cmocka_unit_test(the_neutral_key_signs_with_s_0_but_not_with_l),
        cmocka_unit_test(keys_over_p_are_bad),
        cmocka_unit_test(keys_with_x_0_and_its_sign_set_are_bad),
        cmocka_unit_test(wycheproof_is_as_published),
        cmocka_unit_test(openssl_agrees_about_points_of_small_order),
        cmocka_unit_test(openssl_agrees),
        cmocka_unit_test(the_identifiers_are_those_of_rfc_9864),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
