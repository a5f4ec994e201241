/* SHA-512 and SHA-384: published answers, and OpenSSL's for every size around the blocks. */
#include "signature_test.h"

#include <openssl/evp.h>

typedef struct known {
    const char *message, *digest;
} known;

/* FIPS 180-4's examples, and NIST's CAVP short messages. */
static const known sha512_answers[] = {
    {"",
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
    {"616263",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {"61626364656667686263646566676869636465666768696a6465666768696a6b65666768696a6b6c666768696a6b6c6d6768696a6b6c6d6e68696a6b6c6d6e6f696a6b6c6d6e6f706a6b6c6d6e6f70716b6c6d6e6f7071726c6d6e6f707172736d6e6f70717273746e6f707172737475",
     "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
    {"21",
     "3831a6a6155e509dee59a7f451eb35324d8f8f2df6e3708894740f98fdee23889f4de5adb0c5010dfb555cda77c8ab5dc902094c52de3278f35a75ebc25f093a"},
};

/* FIPS 180-4's examples, and NIST's CAVP short messages. */
static const known sha384_answers[] = {
    {"", "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"},
    {"616263", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
    {"61626364656667686263646566676869636465666768696a6465666768696a6b65666768696a6b6c666768696a6b6c6d6768696a6b6c6d6e68696a6b6c6d6e6f696a6b6c6d6e6f706a6b6c6d6e6f70716b6c6d6e6f7071726c6d6e6f707172736d6e6f70717273746e6f707172737475",
     "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039"},
    {"c5", "b52b72da75d0666379e20f9b4a79c33a329a01f06a2fb7865c9062a28c1de860ba432edfd86b4cb1cb8a75b46076e3b1"},
};

typedef struct variant {
    void (*init)(hmv_sha512 *hash);
    size_t size;
    const char *name;
    const known *answers;
    size_t count;
    const char *million; /* of 1,000,000 letters a */
} variant;

static variant variants[] = {
    {hmv_sha512_init, 64, "SHA512", sha512_answers, sizeof sha512_answers / sizeof *sha512_answers,
     "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"},
    {hmv_sha384_init, 48, "SHA384", sha384_answers, sizeof sha384_answers / sizeof *sha384_answers,
     "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985"},
};

/* Taken in pieces of at most PIECE octets; what is behind the digest stays as it was. */
static void check(const variant *is, const uint8_t *message, size_t size, size_t piece, const uint8_t *expected) {
    hmv_sha512 hash;
    uint8_t digest[HMV_DIGEST_MAX + 4];
    memset(digest, 0xa5, sizeof digest);
    is->init(&hash);
    for (size_t at = 0; at < size; at += piece)
        hmv_sha512_update(&hash, &message[at], size - at < piece ? size - at : piece);
    hmv_sha512_final(&hash, digest, is->size);
    assert_memory_equal(digest, expected, is->size);
    for (size_t i = is->size; i < sizeof digest; i++) assert_int_equal(digest[i], 0xa5);
}

static void check_hex(const variant *is, const uint8_t *message, size_t size, size_t piece, const char *expected) {
    octets answer = from_hex(expected);
    assert_int_equal(answer.size, is->size);
    check(is, message, size, piece, answer.data);
    free(answer.data);
}

static void published_messages_have_their_digests(void **state) {
    const variant *is = *state;
    for (size_t i = 0; i < is->count; i++) {
        octets message = from_hex(is->answers[i].message);
        check_hex(is, message.data, message.size, 1, is->answers[i].digest);
        check_hex(is, message.data, message.size, 1000, is->answers[i].digest);
        free(message.data);
    }
}

static void a_million_letters_have_their_digest_however_they_come(void **state) {
    enum { MILLION = 1000000 };
    const variant *is = *state;
    uint8_t *message = malloc(MILLION);
    memset(message, 'a', MILLION);
    check_hex(is, message, MILLION, MILLION, is->million);
    check_hex(is, message, MILLION, 997, is->million);
    free(message);
}

/* Each in a heap block of its size, so that a sanitizer sees an octet read too many. */
static void every_size_up_to_four_blocks_has_openssls_digest(void **state) {
    const variant *is = *state;
    srand(test_seed());
    for (size_t size = 0; size <= 4 * sizeof((hmv_sha512 *)NULL)->block + 1; size++) {
        uint8_t expected[EVP_MAX_MD_SIZE], *message = malloc(size + (size == 0));
        for (size_t i = 0; i < size; i++) message[i] = (uint8_t)rand();
        assert_int_equal(EVP_Digest(message, size, expected, NULL, EVP_get_digestbyname(is->name), NULL), 1);
        check(is, message, size, size + 1, expected);
        check(is, message, size, 1 + (size_t)rand() % 150, expected);
        free(message);
    }
}

static void a_digest_differs_when_any_bit_of_the_message_does(void **state) {
    const variant *is = *state;
    uint8_t message[131] = {0}, expected[EVP_MAX_MD_SIZE];
    for (size_t bit = 0; bit < 8 * sizeof message; bit++) {
        hmv_sha512 hash;
        uint8_t digest[HMV_DIGEST_MAX];
        EVP_Digest(message, sizeof message, expected, NULL, EVP_get_digestbyname(is->name), NULL);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        is->init(&hash);
        hmv_sha512_update(&hash, message, sizeof message);
        hmv_sha512_final(&hash, digest, is->size);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_memory_not_equal(digest, expected, is->size);
    }
}

/* The length field counts bits, also where they need more than 32 of its own: after 2^32 octets, of which none is open,
 * the last block is known, and its digest is the state that follows on it. */
static void lengths_over_four_gigabits_are_counted(void **state) {
    const variant *is = *state;
    hmv_sha512 hash, after;
    uint8_t digest[HMV_DIGEST_MAX], block[sizeof hash.block] = {0x80};
    block[sizeof block - 5] = 8; /* 2^35 */
    is->init(&hash);
    is->init(&after);
    hash.length = (uint64_t)1 << 32;
    hmv_sha512_final(&hash, digest, is->size);
    hmv_sha512_update(&after, block, sizeof block);
    for (size_t i = 0, word = sizeof *after.state; i < is->size; i++)
        assert_int_equal(digest[i], (uint8_t)(after.state[i / word] >> 8 * (word - 1 - i % word)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(published_messages_have_their_digests, &variants[0]),
        cmocka_unit_test_prestate(a_million_letters_have_their_digest_however_they_come, &variants[0]),
        cmocka_unit_test_prestate(every_size_up_to_four_blocks_has_openssls_digest, &variants[0]),
        cmocka_unit_test_prestate(a_digest_differs_when_any_bit_of_the_message_does, &variants[0]),
        cmocka_unit_test_prestate(lengths_over_four_gigabits_are_counted, &variants[0]),
        cmocka_unit_test_prestate(published_messages_have_their_digests, &variants[1]),
        cmocka_unit_test_prestate(a_million_letters_have_their_digest_however_they_come, &variants[1]),
        cmocka_unit_test_prestate(every_size_up_to_four_blocks_has_openssls_digest, &variants[1]),
        cmocka_unit_test_prestate(a_digest_differs_when_any_bit_of_the_message_does, &variants[1]),
        cmocka_unit_test_prestate(lengths_over_four_gigabits_are_counted, &variants[1]),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
