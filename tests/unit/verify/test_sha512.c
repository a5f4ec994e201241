/* SHA-512 and SHA-384: published answers, and OpenSSL's for every size around the blocks. */
#include "digest_tests.h"

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

static digest_case cases[] = {
    {&hmv_digest_sha512, "SHA512", sizeof((hmv_sha512 *)NULL)->block, sha512_answers,
     sizeof sha512_answers / sizeof *sha512_answers,
     "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"},
    {&hmv_digest_sha384, "SHA384", sizeof((hmv_sha512 *)NULL)->block, sha384_answers,
     sizeof sha384_answers / sizeof *sha384_answers,
     "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985"},
};

/* The length field counts bits, also where they need more than 32 of its own: after 2^32 octets, of which none is open,
 * the last block is known, and its digest is the state that follows on it. */
static void lengths_over_four_gigabits_are_counted(void **state) {
    const digest_case *is = *state;
    hmv_hash hash, after;
    uint8_t digest[HMV_DIGEST_MAX], block[sizeof hash.sha512.block] = {0x80};
    block[sizeof block - 5] = 8; /* 2^35 */
    is->digest->init(&hash);
    is->digest->init(&after);
    hash.sha512.length = (uint64_t)1 << 32;
    is->digest->final(&hash, digest);
    is->digest->update(&after, block, sizeof block);
    for (size_t i = 0, word = sizeof *after.sha512.state; i < is->digest->size; i++)
        assert_int_equal(digest[i], (uint8_t)(after.sha512.state[i / word] >> 8 * (word - 1 - i % word)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(published_messages_have_their_digests, &cases[0]),
        cmocka_unit_test_prestate(a_million_letters_have_their_digest_however_they_come, &cases[0]),
        cmocka_unit_test_prestate(every_size_up_to_four_blocks_has_openssls_digest, &cases[0]),
        cmocka_unit_test_prestate(a_digest_differs_when_any_bit_of_the_message_does, &cases[0]),
        cmocka_unit_test_prestate(lengths_over_four_gigabits_are_counted, &cases[0]),
        cmocka_unit_test_prestate(published_messages_have_their_digests, &cases[1]),
        cmocka_unit_test_prestate(a_million_letters_have_their_digest_however_they_come, &cases[1]),
        cmocka_unit_test_prestate(every_size_up_to_four_blocks_has_openssls_digest, &cases[1]),
        cmocka_unit_test_prestate(a_digest_differs_when_any_bit_of_the_message_does, &cases[1]),
        cmocka_unit_test_prestate(lengths_over_four_gigabits_are_counted, &cases[1]),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
